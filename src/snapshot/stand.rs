//! Up to its newest sample, the time in which something ran on a device and nothing came of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::units::{count_from, len_f64};

/// One sample of a device, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DeviceSample {
    /// Seconds.
    pub at: i64,
    /// Share of the time that anything ran, 0 to 1.
    pub busy: Option<f64>,
    /// The largest of what its compute and its memory did; `None` where compute is not told.
    pub full: Option<f64>,
    /// The larger of what its memory and its tensor units did.
    pub moved: Option<f64>,
    pub watts: Option<f64>,
}

/// A stretch up to the newest sample in which something ran nearly all the time on a device and
/// moved nothing, the mean of it: a hang, where power says so too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DeviceStand {
    pub since: Timestamp,
    pub samples: u32,
    pub busy_ratio: f64,
    pub full_ratio: Option<f64>,
    pub moved_ratio: Option<f64>,
    pub power_watts: Option<f64>,
    /// The most that its compute or its memory did before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_ratio: Option<f64>,
    /// What it drew before while it worked, the 90th percentile, and the least that it ever
    /// drew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worked_watts: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_watts: Option<f64>,
}

/// A sample in which anything ran for this share of the time is busy; in such a stretch this
/// share of them is, and no more than so many in a row are not: utilisation is not steady.
const BUSY: f64 = 0.80;
const MOSTLY: f64 = 0.80;
const IN_A_ROW: usize = 2;
/// What moves no more than this does nothing; compute of kernels that only wait.
const MOVES: f64 = 0.01;
const SPINS: f64 = 0.05;
/// What draws so many times its newest power, and so much of what it ever drew above that,
/// does more than now.
const MORE_POWER: f64 = 1.1;
const MORE_OF_ALL: f64 = 0.15;
const HOUR: i64 = 3_600;
/// Units that do no more than this in a sample do nothing, however often something runs there:
/// one block on one multiprocessor for a fifth of the time is 0.0015 of an H200.
pub const NONE: f64 = 0.001;
/// In a sample above this something runs; where units tell that nothing is done, this share of
/// the time is enough.
const RUNS: f64 = 0.02;
pub const BARELY: f64 = 0.10;

/// The stretch, of samples in their order; `None` where the newest ones are of a device that
/// works, or on which nothing runs.
pub fn stand(samples: &[DeviceSample]) -> Option<DeviceStand> {
    let told: Vec<&DeviceSample> = samples.iter().filter(|it| it.busy.is_some()).collect();
    let newest = told.last()?.at;
    let recent = samples.iter().filter(|it| it.at > newest - HOUR);
    let recent = mean(recent.filter_map(|it| it.watts));
    let all: Vec<f64> = samples.iter().filter_map(|it| it.watts).collect();
    let most = rank(all.clone(), 0.95);
    let draws = recent
        .zip(most)
        .map(|(now, most)| (now * MORE_POWER).max(now + MORE_OF_ALL * (most - now)));
    let rests = |it: &DeviceSample| {
        let full = it.full.is_none_or(|it| it <= SPINS);
        let moves_nothing = it.moved.is_some_and(|it| it <= MOVES);
        let draws_more = it.watts.zip(draws).is_some_and(|(now, most)| now > most);
        (full || moves_nothing) && !draws_more
    };
    let resting = || told.iter().rev().copied().take_while(|it| rests(it));
    let begins = [busy_since(resting()), nothing_since(resting(), newest)];
    let since = begins.into_iter().flatten().min()?;
    let count = told.iter().filter(|it| it.at >= since).count();
    let of = |of: fn(&DeviceSample) -> Option<f64>| {
        let own = told.iter().filter(|it| it.at >= since);
        mean(own.filter_map(|it| of(it)))
    };
    let before = || samples.iter().filter(|it| it.at < since);
    let does = before().flat_map(|it| [it.full, it.moved]).flatten();
    Some(DeviceStand {
        since: Timestamp::from_second(since).ok()?,
        samples: u32::try_from(count).unwrap_or(u32::MAX),
        busy_ratio: of(|it| it.busy)?,
        full_ratio: of(|it| it.full),
        moved_ratio: of(|it| it.moved),
        power_watts: of(|it| it.watts),
        before_ratio: does.reduce(f64::max),
        worked_watts: rank(before().filter_map(|it| it.watts).collect(), 0.9),
        least_watts: rank(all, 0.01),
    })
}

/// From when on something runs nearly all the time, of samples from the newest back.
fn busy_since<'a>(samples: impl Iterator<Item = &'a DeviceSample>) -> Option<i64> {
    let (mut count, mut busy, mut in_a_row) = (0_usize, 0_usize, 0_usize);
    let mut begins = None;
    for it in samples {
        count += 1;
        if it.busy.is_some_and(|it| it >= BUSY) {
            (busy, in_a_row) = (busy + 1, 0);
            if len_f64(busy) >= MOSTLY * len_f64(count) {
                begins = Some(it.at);
            }
        } else {
            in_a_row += 1;
            if in_a_row > IN_A_ROW {
                break;
            }
        }
    }
    begins
}

/// From when on something runs again and again and units tell that nothing is done at all, of
/// samples from the newest back: how often it runs says nothing then. Where nothing runs for
/// an hour it has ended, or had not begun.
fn nothing_since<'a>(samples: impl Iterator<Item = &'a DeviceSample>, newest: i64) -> Option<i64> {
    let (mut count, mut sum, mut ran) = (0_usize, 0.0, newest);
    let mut begins = None;
    for it in samples {
        let (Some(busy), Some(full), Some(moved)) = (it.busy, it.full, it.moved) else {
            continue;
        };
        if full.max(moved) > NONE || ran - it.at > HOUR {
            break;
        }
        count += 1;
        sum += busy;
        if busy > RUNS {
            ran = it.at;
            if sum >= BARELY * len_f64(count) {
                begins = Some(it.at);
            }
        }
    }
    begins
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / len_f64(values.len()))
}

/// The value that this share of them is at or below.
fn rank(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let place = share * len_f64(values.len().checked_sub(1)?);
    values
        .get(usize::try_from(count_from(place.round())).ok()?)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: i64 = 600;

    /// Ten minutes each: what works, then a kernel that waits.
    fn course(len: i64, from: i64, busy: impl Fn(i64) -> f64) -> Vec<DeviceSample> {
        let one = |at: i64| {
            let waits = at >= from;
            let does = Some(if waits { 0.0 } else { 0.6 });
            DeviceSample {
                at: at * STEP,
                busy: Some(if waits { busy(at) } else { 0.95 }),
                full: does,
                moved: does,
                watts: Some(if waits { 125.0 } else { 460.0 }),
            }
        };
        (0..len).map(one).collect()
    }

    #[test]
    fn utilisation_that_is_not_steady_stands_from_its_begin_on() {
        // Now and then a sample is lower, of any height.
        for low in [0.0, 0.6, 0.89] {
            let busy = |at: i64| if at % 7 == 3 { low } else { 0.97 };
            let found = stand(&course(200, 140, busy)).unwrap();
            assert_eq!(found.since.as_second(), 140 * STEP, "{low}");
            assert_eq!(found.samples, 60);
            assert_eq!(found.worked_watts, Some(460.0));
            assert_eq!(found.before_ratio, Some(0.6));
        }
        // What runs every other time and does a little, and what has ended, does not.
        let mut little = course(200, 140, |at| if at % 2 == 0 { 0.0 } else { 1.0 });
        for it in &mut little[140..] {
            it.full = Some(0.004);
        }
        assert_eq!(stand(&little).map(|it| it.samples > 5), Some(false));
        assert_eq!(
            stand(&course(200, 140, |at| if at < 190 { 1.0 } else { 0.0 })),
            None
        );
    }

    #[test]
    fn where_units_tell_that_nothing_is_done_it_matters_little_how_often_something_runs() {
        // A fifth of the time, by turns, and with pauses.
        let courses: [fn(i64) -> f64; 3] = [
            |at| if at % 3 == 0 { 0.1 } else { 0.25 },
            |at| if at % 2 == 0 { 1.0 } else { 0.0 },
            |at| if at % 5 < 2 { 0.7 } else { 0.0 },
        ];
        for busy in courses {
            let found = stand(&course(200, 140, busy)).unwrap();
            assert_eq!(found.since.as_second(), 140 * STEP);
            assert_eq!(found.samples, 60);
        }
        // A blip now and then is none.
        let rare = |at: i64| if at % 6 == 0 { 0.2 } else { 0.0 };
        assert!(stand(&course(200, 140, rare)).is_none_or(|it| it.samples <= 5));
    }

    #[test]
    fn it_begins_where_something_was_done_last() {
        let mut all = course(200, 140, |_| 1.0);
        all[170].moved = Some(0.2);
        all[170].full = Some(0.3);
        let found = stand(&all).unwrap();
        assert_eq!(found.since.as_second(), 171 * STEP);
        all[170] = all[169];
        all[180].watts = Some(300.0);
        assert_eq!(stand(&all).unwrap().since.as_second(), 181 * STEP);
        // Nothing ran before it began.
        let mut idle = course(200, 100, |_| 1.0);
        for it in &mut idle[..100] {
            it.busy = Some(0.0);
            it.watts = Some(120.0);
            (it.full, it.moved) = (Some(0.0), Some(0.0));
        }
        assert_eq!(stand(&idle).unwrap().since.as_second(), 100 * STEP);
    }
}
