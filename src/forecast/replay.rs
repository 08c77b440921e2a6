//! Forecasts of the past against what came, beside the rules of thumb.

use rayon::prelude::*;

use super::cycles::{Center, Cycles, Usual};
use super::outlook::{Outlook, without_seasons};
use super::past::{Past, repeated, yesterday};
use super::report::gathered;
use super::{Clock, DAY, Hours, Metric, WEEK};
use crate::progress::Progress;
use crate::snapshot::{Snapshot, Supply};
use crate::trend::median;

/// Moments of each horizon, a day apart.
pub const MOMENTS: usize = 7;

/// Moments of the first horizon, so many hours apart: each hour of the day once, as what can
/// be said of the next hour depends on which it is.
pub const NEXT: usize = 24;
const NEXT_EVERY: usize = 7;

/// Hours ahead that are judged.
pub const HORIZONS: [usize; 3] = [1, DAY, WEEK];

/// The rules of thumb, in the order of [`Judged::naive`].
pub const NAIVE: [&str; 4] = [
    "same hour yesterday",
    "same hour last week",
    "hour of the week, mean of three",
    "last hour",
];

/// How forecasts of one series did, so many hours ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Hours ahead.
    pub horizon: usize,
    /// Moments that were judged, at most [`MOMENTS`], or [`NEXT`] of the first horizon.
    pub moments: usize,
    /// Median over the moments of Σ|error| ÷ Σ|value| (WAPE).
    pub error: f64,
    /// The same of each rule of thumb.
    pub naive: [f64; NAIVE.len()],
    /// Hours that lay within the bands, and all.
    pub inside: (usize, usize),
}

impl Judged {
    /// The error of the best rule of thumb.
    pub fn best_naive(&self) -> f64 {
        self.naive.into_iter().fold(f64::INFINITY, f64::min)
    }
}

/// How forecasts of one metric of a workload did.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Index into the snapshot's workloads.
    pub workload: usize,
    pub metric: Metric,
    /// The nearest horizon first.
    pub judged: Vec<Judged>,
}

/// Replays what moves of every workload that is asked for, one `bool` for each, in their
/// order; what never moves is no test, and what is too short has no moment.
///
/// # Errors
///
/// Where usage could not be read.
pub fn replay_from<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    asked: &[bool],
    clock: &Clock,
    progress: &dyn Progress,
) -> Result<Vec<Replayed>, S::Error> {
    let works = gathered(snapshot, usage, asked, progress)?;
    let task = progress.task("replaying forecasts", u64::try_from(works.len()).ok());
    let replayed = works.par_iter().map(|(workload, work)| {
        let of = |metric: Metric| {
            let hours = metric.of(work)?;
            let judged = if moves(hours) {
                replay(hours, clock)
            } else {
                Vec::new()
            };
            (!judged.is_empty()).then_some(Replayed {
                workload: *workload,
                metric,
                judged,
            })
        };
        let replayed: Vec<Replayed> = Metric::ALL.into_iter().filter_map(of).collect();
        task.advance(1);
        replayed
    });
    let replayed: Vec<Vec<Replayed>> = replayed.collect();
    Ok(replayed.into_iter().flatten().collect())
}

/// Whether a series has more than one value.
fn moves(hours: &Hours) -> bool {
    let mut known = hours.values.iter().filter(|it| it.is_finite());
    let first = known.next();
    first.is_some_and(|first| known.any(|it| it.total_cmp(first).is_ne()))
}

/// Judges forecasts of the newest days of a series by what came: one entry for each of
/// [`HORIZONS`] for which there is a moment with two days before it.
pub fn replay(hours: &Hours, clock: &Clock) -> Vec<Judged> {
    let len = hours.values.len();
    let moments = MOMENTS + WEEK / DAY - 1;
    let play = |moments: usize, every: usize, most: usize| -> Vec<(usize, Option<Played>)> {
        let known = (1..=moments).map_while(|turn| len.checked_sub(turn * every));
        let played = known.map(|known| (known, Played::at(hours, known, most, clock)));
        played.collect()
    };
    let days = play(moments, DAY, WEEK);
    let next = play(NEXT, NEXT_EVERY, 1);
    let judged = HORIZONS.into_iter().filter_map(|horizon| match horizon {
        1 => judge(hours, horizon, NEXT, &next),
        _ => judge(hours, horizon, MOMENTS, &days),
    });
    judged.collect()
}

/// What is said at one moment.
struct Played {
    outlook: Outlook,
    naive: [Vec<f64>; NAIVE.len()],
}

impl Played {
    fn at(hours: &Hours, known: usize, most: usize, clock: &Clock) -> Option<Self> {
        let ahead = (hours.values.len() - known).min(most);
        let before = Hours {
            first: hours.first,
            values: hours.values[..known].to_vec(),
        };
        let next = hours.first + i64::try_from(known).unwrap_or(0);
        let outlook = without_seasons(&before, next, ahead, clock)?;
        Some(Self {
            outlook,
            naive: naive(&before, ahead),
        })
    }
}

/// What the rules of thumb say; where one knows nothing, what the one before it says.
fn naive(before: &Hours, ahead: usize) -> [Vec<f64>; NAIVE.len()] {
    let cycles = Cycles::new(&before.values, before.first);
    let past = Past::new(&cycles, before.values.len());
    let day = yesterday(&past);
    let week = past.usual(Usual::Cycle(WEEK, 4, Center::Newest), WEEK);
    let week = repeated(&week, &repeated(day, day, WEEK), WEEK);
    let mean = past.usual(Usual::Cycle(WEEK, 3, Center::Mean), WEEK);
    let last = past.last().unwrap_or(f64::NAN);
    [
        repeated(day, day, ahead),
        repeated(&week, &week, ahead),
        repeated(&mean, &week, ahead),
        vec![last; ahead],
    ]
}

fn judge(
    hours: &Hours,
    horizon: usize,
    moments: usize,
    played: &[(usize, Option<Played>)],
) -> Option<Judged> {
    let whole = played
        .iter()
        .filter(|(known, _)| known + horizon <= hours.values.len());
    let (mut own, mut naive) = (Vec::new(), [const { Vec::new() }; NAIVE.len()]);
    let mut inside = (0, 0);
    for (known, played) in whole.take(moments) {
        let Some(played) = played else { continue };
        let came = &hours.values[*known..known + horizon];
        let said: Vec<f64> = played.outlook.points.iter().map(|it| it.value).collect();
        let Some(error) = wape(&said, came) else {
            continue;
        };
        own.push(error);
        for (errors, said) in naive.iter_mut().zip(&played.naive) {
            errors.extend(wape(said, came));
        }
        for (point, came) in played.outlook.points.iter().zip(came) {
            if came.is_finite() {
                inside.0 += usize::from(point.low <= *came && *came <= point.high);
                inside.1 += 1;
            }
        }
    }
    (!own.is_empty()).then(|| Judged {
        horizon,
        moments: own.len(),
        error: median(&own),
        naive: naive.map(|errors| median(&errors)),
        inside,
    })
}

/// `None` where nothing came, or nothing above 0.
fn wape(said: &[f64], came: &[f64]) -> Option<f64> {
    let known = said.iter().zip(came).filter(|(_, came)| came.is_finite());
    let (off, all) = known.fold((0.0, 0.0), |(off, all), (said, came)| {
        (off + (said - came).abs(), all + came.abs())
    });
    (all > 0.0).then(|| off / all)
}
