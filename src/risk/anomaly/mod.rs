//! Where the use of a workload leaves its own usual course.
//!
//! Everything is looked at by the hour ([`Hours`]), which is what a person asks about and
//! what makes ten thousand containers cheap. What is usual is the level of the day before
//! and, where there is one, the rhythm of the day or of the week ([`Usual`]). How far from
//! it is too far is told by the largest peaks of it ([`tail::Tail`]): a stray must be rarer
//! than once in two months of this series, so that what often bursts may burst. What came
//! on other days as well, at the same hour of another week, or twice in the day before, is
//! a habit and no stray.

mod hours;
mod kind;
mod refine;
mod rhythm;
mod run;
mod stay;
mod stray;
mod tail;
mod usual;
mod work;

use crate::snapshot::Grid;

pub(super) use hours::Hours;
pub(super) use kind::Kind;
use refine::bounds;
use stay::stayed;
use stray::{Sort, Stray, strays};
use usual::Usual;
pub(super) use work::{Signal, Work, were_replaced};

/// Days with samples that tell what is usual at all.
pub(super) const DAYS: f64 = 5.0;

/// Share of hours that must be known.
const WHOLE: f64 = 0.5;

/// One stretch of time in which a series was not what it usually is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Anomaly {
    pub(super) kind: Kind,
    /// The first slot, and the one after the last.
    pub(super) since: usize,
    pub(super) until: usize,
    /// Slots from one sample to the next: it began within so many up to the first.
    pub(super) apart: usize,
    /// Whether it was there at the end of the window.
    pub(super) goes_on: bool,
    /// What was to be expected where it was farthest from that, and what was seen.
    pub(super) expected: f64,
    pub(super) seen: f64,
    /// How many times its usual spread that is.
    pub(super) spreads: f64,
    /// How far it is beyond what is rare enough, for an order: 0 is just so.
    pub(super) beyond: f64,
    /// Days in which the like comes once, by the tail of what is usual.
    pub(super) once_in_days: f64,
}

/// What there is to say of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Course {
    /// Fewer days than tell what is usual.
    Thin,
    /// Too many holes.
    Holes,
    /// In the order of time; those of a habit are left out.
    Known(Vec<Anomaly>),
}

/// Looks through a series on the grid; what is not finite is not known.
pub(super) fn look(values: &[f64], grid: &Grid) -> Course {
    let Some(hours) = Hours::of(values, grid) else {
        return Course::Thin;
    };
    if hours.days_known() < DAYS {
        return Course::Thin;
    }
    if hours.share_known() < WHOLE {
        return Course::Holes;
    }
    let nothing = vec![false; hours.mean.len()];
    let usual = Usual::of(&hours, &nothing);
    let found = all(&hours, &usual, &nothing);
    if found.is_empty() {
        return Course::Known(Vec::new());
    }
    // What strayed taught what is usual: once more without it.
    let mut apart = nothing;
    for stray in found.iter().filter(|it| is_short(it, &hours)) {
        apart[stray.first..=stray.last].fill(true);
    }
    let usual = Usual::of(&hours, &apart);
    let found = all(&hours, &usual, &apart).into_iter();
    let found = found.map(|stray| stayed(stray, &hours, &usual));
    Course::Known(found.map(|it| told(&it, &hours, &usual, values)).collect())
}

fn all(hours: &Hours, usual: &Usual, apart: &[bool]) -> Vec<Stray> {
    rhythm::told(strays(hours, usual, apart), rhythm::lost(hours, usual))
}

/// Whether it teaches less than what is left: of a lost rhythm that may be days.
fn is_short(stray: &Stray, hours: &Hours) -> bool {
    let blocks = stray.last - stray.first;
    match stray.sort {
        Sort::Rhythm => 3 * blocks < hours.mean.len(),
        _ => blocks < hours.per_day,
    }
}

fn told(stray: &Stray, hours: &Hours, usual: &Usual, values: &[f64]) -> Anomaly {
    let (since, until) = bounds(stray, hours, usual, values);
    Anomaly {
        kind: Kind::of(stray, hours, until - since),
        since,
        until,
        apart: hours.native,
        goes_on: goes_on(stray, until, hours, values),
        expected: stray.expected,
        seen: stray.seen,
        spreads: stray.spreads,
        beyond: stray.beyond,
        once_in_days: stray.once_in_days,
    }
}

/// Whether the last samples are still of it, but for those of less than a quarter of an hour:
/// one that is back may be noise, and more of them are the end.
fn goes_on(stray: &Stray, until: usize, hours: &Hours, values: &[f64]) -> bool {
    let known = values.iter().rposition(|it| it.is_finite());
    let end = known.map_or(0, |at| at + hours.native).min(values.len());
    let is_now = end + hours.native.max(hours.slots) >= values.len();
    let back = end.saturating_sub(until);
    stray.last + 1 == hours.mean.len() && is_now && back < hours.quarter.max(1)
}
