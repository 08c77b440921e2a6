//! Hours of the week in which nobody asks anything of a workload, so that it may run no
//! replica then.

use super::alike::Alike;
use super::calendar::{Days, span_of};
use super::days::weekday;
use super::history::{History, place};
use super::{DAY, QUARTER, WEEK};
use crate::forecast::Clock;
use crate::snapshot::Workload;
use crate::units::len_f64;

/// What a container uses at most, in cores, where it only waits. As for workloads that are
/// idle all the time.
const WAITS: f64 = 0.01;

/// Bytes a second of a pod: probes and scrapes of metrics are about half of it.
const PROBES: f64 = 1_024.0;

/// Requests a second of all pods below which nobody asks: less than one in ten minutes.
const NOBODY: f64 = 1.0 / 600.0;

/// Days of each kind that must have been alike, without one on which it was asked.
const LEAST_DAYS: usize = 4;

/// A sleep lasts at least so many quarters of an hour, and all of a week so many hours.
const SHORTEST: usize = 3 * 4;
const WORTH_HOURS: f64 = 20.0;

/// Quarters that are left around what was asked.
const MARGIN: usize = 1;

/// Namespaces whose workloads others need at all times.
const NEVER: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// When a workload may run no replica.
#[derive(Debug, Clone, PartialEq)]
pub struct Sleep {
    /// The earliest of the week first.
    pub naps: Vec<Nap>,
    /// Of a week.
    pub hours: f64,
    /// What it is known by.
    pub by: Sign,
    /// Days that this rests on.
    pub days: usize,
    /// Of the quarters of a local week, from Monday 00:00.
    pub asleep: Vec<bool>,
}

/// A stretch of some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nap {
    /// The days it begins on.
    pub days: Days,
    /// Minutes after midnight that it begins at, and after the same midnight that it ends at.
    pub start: u32,
    pub end: u32,
    /// Days of those kinds that are known: on all of them nothing was asked.
    pub seen: usize,
}

/// What says that nobody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// No request came.
    Requests,
    /// Its network carries no more than probes, and its CPU waits.
    Network,
    /// Its CPU does nothing but wait.
    Cpu,
}

impl Sign {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Network => "network",
            Self::Cpu => "cpu",
        }
    }

    /// For people: `no request came`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Requests => "no request came",
            Self::Network => "its network carried no more than probes",
            Self::Cpu => "its CPU did nothing but wait",
        }
    }
}

/// One local day: of each quarter whether nothing was asked; `None` where that is not known.
struct Idle {
    weekday: usize,
    quarters: Vec<Option<bool>>,
}

/// When a workload may sleep; `lead` are the minutes that it takes to be there again.
pub(super) fn sleep(
    history: &History,
    workload: &Workload,
    clock: &Clock,
    alike: Alike,
    lead: u32,
) -> Option<Sleep> {
    if NEVER.contains(&workload.id.namespace.as_str()) {
        return None;
    }
    let by = history.sign();
    let days = idle_days(history, clock, by);
    let mut asleep = vec![false; WEEK];
    for weekday in 0..7 {
        let class = alike.class(weekday);
        let own: Vec<&Idle> = days
            .iter()
            .filter(|it| alike.class(it.weekday) == class)
            .collect();
        for quarter in 0..DAY {
            let known = own.iter().filter_map(|day| day.quarters[quarter]);
            let (all, idle) =
                known.fold((0, 0), |(all, idle), it| (all + 1, idle + usize::from(it)));
            asleep[weekday * DAY + quarter] = all >= LEAST_DAYS && idle == all;
        }
    }
    let others = |quarter: usize| {
        let known = days.iter().filter_map(|day| day.quarters[quarter % DAY]);
        let (all, idle) = known.fold((0, 0), |(all, idle), it| (all + 1, idle + usize::from(it)));
        all >= LEAST_DAYS && idle == all
    };
    close(&mut asleep, others);
    // What never is asked anything is no case for a schedule.
    if asleep.iter().all(|it| *it) {
        return None;
    }
    let early = place(lead.div_ceil(QUARTER)) + MARGIN;
    let naps = stretches(&asleep)
        .into_iter()
        .map(|(from, until)| (from + MARGIN, until.saturating_sub(early)))
        .filter(|(from, until)| until.saturating_sub(*from) >= SHORTEST);
    let naps: Vec<(usize, usize)> = naps.collect();
    let quarters: usize = naps.iter().map(|(from, until)| until - from).sum();
    let hours = len_f64(quarters) / 4.0;
    let mut asleep = vec![false; WEEK];
    for (from, until) in &naps {
        for at in *from..*until {
            asleep[at % WEEK] = true;
        }
    }
    let seen = |weekday: usize| {
        let class = alike.class(weekday);
        days.iter()
            .filter(|it| alike.class(it.weekday) == class)
            .count()
    };
    (hours >= WORTH_HOURS).then(|| Sleep {
        naps: joined(&naps, seen),
        hours,
        by,
        days: days.len(),
        asleep,
    })
}

/// Closes what is shorter than a sleep between two, where nothing is asked on any day at that
/// hour: of some day too few are known then, as where history begins after midnight.
fn close(asleep: &mut [bool], nothing: impl Fn(usize) -> bool) {
    let len = asleep.len();
    let awake: Vec<bool> = asleep.iter().map(|it| !it).collect();
    for (from, until) in stretches(&awake) {
        let is_hole = until - from < SHORTEST && (from..until).all(|it| nothing(it % len));
        if is_hole {
            (from..until).for_each(|it| asleep[it % len] = true);
        }
    }
}

/// Stretches of a week that begins again at its end; the end may be beyond it.
fn stretches(asleep: &[bool]) -> Vec<(usize, usize)> {
    let len = asleep.len();
    let Some(awake) = asleep.iter().position(|it| !it) else {
        return Vec::new();
    };
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut from = None;
    for step in 0..=len {
        let at = awake + step;
        match (asleep[at % len], from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                found.push((start % len, at - start + start % len));
                from = None;
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found
}

/// Those that begin and end at the same time of their days are one.
fn joined(naps: &[(usize, usize)], seen: impl Fn(usize) -> usize) -> Vec<Nap> {
    let mut joined: Vec<Nap> = Vec::new();
    for (from, until) in naps {
        let (day, start) = (from / DAY, minutes(from % DAY));
        let end = start + minutes(until - from);
        let same = joined
            .iter_mut()
            .find(|it| (it.start, it.end) == (start, end));
        match same {
            Some(nap) => {
                nap.days = nap.days.with(Days::one(day));
                nap.seen = nap.seen.max(seen(day));
            }
            None => joined.push(Nap {
                days: Days::one(day),
                start,
                end,
                seen: seen(day),
            }),
        }
    }
    joined
}

fn minutes(quarters: usize) -> u32 {
    u32::try_from(quarters).map_or(0, |it| it * QUARTER)
}

impl Nap {
    /// Minutes that it lasts.
    pub fn minutes(&self) -> u32 {
        self.end - self.start
    }

    /// `Mon-Thu 20:15-06:30`, `Fri 20:15 to Mon 06:30`.
    pub fn when(&self) -> String {
        span_of(self.days, self.start, self.end)
    }
}

/// What was asked on each day, quarter by quarter.
fn idle_days(history: &History, clock: &Clock, by: Sign) -> Vec<Idle> {
    let step = i64::from(history.grid.step.as_secs().max(1));
    let mut days: Vec<(i64, Idle)> = Vec::new();
    for slot in (0..history.cores.len()).filter(|it| history.sampled[*it]) {
        let Some(idle) = history.is_idle(slot, by) else {
            continue;
        };
        let begin = history.second(slot);
        for second in (begin..begin + step).step_by(900) {
            let local = clock.local_second(second);
            let number = local.div_euclid(86_400);
            if days.last().is_none_or(|it| it.0 < number) {
                let day = Idle {
                    weekday: weekday(number),
                    quarters: vec![None; DAY],
                };
                days.push((number, day));
            }
            let quarter = usize::try_from(local.rem_euclid(86_400) / 900).unwrap_or(0);
            let day = days.iter_mut().rev().find(|it| it.0 == number);
            if let Some(it) = day.and_then(|it| it.1.quarters.get_mut(quarter)) {
                *it = Some(it.unwrap_or(true) && idle);
            }
        }
    }
    days.into_iter().map(|it| it.1).collect()
}

impl History {
    /// The best that is known of whether anybody asks.
    fn sign(&self) -> Sign {
        let known = |values: &[f32]| values.iter().any(|it| it.is_finite());
        if known(&self.requests) {
            Sign::Requests
        } else if known(&self.network) {
            Sign::Network
        } else {
            Sign::Cpu
        }
    }

    /// Whether nobody asks in a slot; `None` where that is not known.
    fn is_idle(&self, slot: usize, by: Sign) -> Option<bool> {
        let known = |values: &[f32]| values.get(slot).map(|it| f64::from(*it));
        let cores = known(&self.cores).filter(|it| it.is_finite())?;
        let (pods, containers) = (known(&self.pods)?, known(&self.containers)?);
        let waits = cores <= WAITS * containers.max(1.0);
        let asked = |values: &[f32], least: f64| {
            let value = known(values).filter(|it| it.is_finite());
            value.map(|it| it >= least)
        };
        match by {
            Sign::Requests => asked(&self.requests, NOBODY).map(|asked| !asked),
            Sign::Network => {
                Some(waits && asked(&self.network, PROBES * pods.max(1.0)) != Some(true))
            }
            Sign::Cpu => Some(waits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_over_sunday_is_one_stretch() {
        let mut asleep = vec![false; WEEK];
        asleep[..32].fill(true);
        asleep[WEEK - 16..].fill(true);
        asleep[100..140].fill(true);
        assert_eq!(stretches(&asleep), [(100, 140), (WEEK - 16, WEEK + 32)]);
        assert!(stretches(&[true; 8]).is_empty());
    }

    #[test]
    fn a_hole_in_a_night_is_closed_where_nothing_is_asked_then() {
        let night = |hole: std::ops::Range<usize>| {
            let mut asleep = vec![false; WEEK];
            asleep[WEEK - 16..].fill(true);
            asleep[..32].fill(true);
            asleep[hole].fill(false);
            asleep
        };
        let whole = night(0..0);
        let closed = |hole: std::ops::Range<usize>, nothing: &dyn Fn(usize) -> bool| {
            let mut asleep = night(hole);
            close(&mut asleep, nothing);
            asleep
        };
        assert_eq!(closed(4..8, &|_| true), whole);
        assert_eq!(closed(4..8, &|it| it != 5), night(4..8));
        // What is as long as a sleep is no hole.
        assert_eq!(closed(4..16, &|_| true), night(4..16));
    }

    #[test]
    fn nights_that_are_the_same_are_told_as_one() {
        let naps: Vec<(usize, usize)> = (0..5)
            .map(|day| (day * DAY + 80, day * DAY + 124))
            .collect();
        let joined = joined(&naps, |_| 20);
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].when(), "Mon-Fri 20:00-07:00");
    }
}
