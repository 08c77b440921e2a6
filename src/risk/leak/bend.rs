//! Where the slope of something changed last.

use crate::trend::median;
use crate::units::{count_from, len_f64};

/// Values a day.
pub(super) const A_DAY: usize = 4;
/// Share of what a line leaves unexplained, squared, that one with a bend may leave.
const EXPLAINS: f64 = 0.5;
/// Share of the steeper slope that another must differ by.
const CHANGES: f64 = 0.5;
/// Bends that are looked for, each in what follows the one before.
const MOST: usize = 4;

/// A change of slope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bend {
    /// The place of the value that it is at.
    pub(super) at: usize,
    /// Change from one value to the next.
    pub(super) before: f64,
    pub(super) after: f64,
}

impl Bend {
    /// Whether the slopes are apart by as much as is worth a word.
    fn is_change(&self) -> bool {
        let steepest = self.before.abs().max(self.after.abs());
        (self.after - self.before).abs() > CHANGES * steepest
    }

    /// Whether what rose comes to rest there.
    pub(super) fn is_rest(&self) -> bool {
        self.before > 0.0 && self.after < super::COMES_TO_REST * self.before
    }
}

/// The last bend of values of quarters of days, oldest first and without their daily cycle,
/// which leaves a day at least on either side of it.
pub(super) fn last(values: &[f64]) -> Option<Bend> {
    let (mut from, mut found) = (0, None);
    for _ in 0..MOST {
        let Some(bend) = one(&values[from..]) else {
            break;
        };
        from += bend.at;
        found = Some(Bend { at: from, ..bend });
    }
    found
}

/// The bend that explains most: a line that is broken there, by least squares.
fn one(values: &[f64]) -> Option<Bend> {
    let finite = values.iter().enumerate().filter(|(_, it)| it.is_finite());
    let (at, values): (Vec<f64>, Vec<f64>) = finite.map(|(at, it)| (len_f64(at), *it)).unzip();
    let places = A_DAY..(values.len() + 1).saturating_sub(A_DAY);
    let line = Line::of(&at, &values);
    let all: f64 = line.left.iter().map(|it| it * it).sum();
    let bends = places.map(|place| {
        // What rises from the bend on, as far as the line cannot follow it.
        let rises: Vec<f64> = at.iter().map(|it| (it - at[place]).max(0.0)).collect();
        let rises = Line::of(&at, &rises);
        let own: f64 = rises.left.iter().map(|it| it * it).sum();
        let along = rises.left.iter().zip(&line.left).map(|(a, b)| a * b);
        let along: f64 = along.sum();
        let more = along / own.max(f64::MIN_POSITIVE);
        let before = line.slope - more * rises.slope;
        (along * more, place, before, before + more)
    });
    let (explained, place, before, after) = bends.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let bend = Bend {
        at: usize::try_from(count_from(at[place])).ok()?,
        before,
        after,
    };
    (all - explained < EXPLAINS * all && bend.is_change()).then_some(bend)
}

/// A least-squares line, and what it leaves.
struct Line {
    slope: f64,
    left: Vec<f64>,
}

impl Line {
    fn of(x: &[f64], y: &[f64]) -> Self {
        let n = len_f64(x.len()).max(1.0);
        let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let xx: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
        let both = || x.iter().zip(y);
        let xy: f64 = both().map(|(x, y)| (x - mx) * (y - my)).sum();
        let slope = if xx > 0.0 { xy / xx } else { 0.0 };
        let left = both().map(|(x, y)| y - my - slope * (x - mx));
        Self {
            slope,
            left: left.collect(),
        }
    }
}

/// Values of quarters of days without what comes and goes with the day: less the usual
/// distance of each quarter from the day around it.
pub(super) fn without_cycle(values: &[f64]) -> Vec<f64> {
    let around = |at: usize| -> f64 {
        let Some(day) = at.checked_sub(2).and_then(|from| values.get(from..=at + 2)) else {
            return f64::NAN;
        };
        // A day has four quarters: of five, the outer ones count half.
        (day[0] / 2.0 + day[1] + day[2] + day[3] + day[4] / 2.0) / 4.0
    };
    let away: Vec<f64> = (0..values.len())
        .map(|at| values[at] - around(at))
        .collect();
    let usual = |quarter: usize| {
        let own = away.iter().skip(quarter).step_by(A_DAY).copied();
        median(&own.collect::<Vec<_>>())
    };
    let cycle: Vec<f64> = (0..A_DAY).map(usual).collect();
    if cycle.iter().any(|it| !it.is_finite()) {
        return values.to_vec();
    }
    let mean = cycle.iter().sum::<f64>() / len_f64(A_DAY);
    let values = values.iter().enumerate();
    values
        .map(|(at, it)| it - (cycle[at % A_DAY] - mean))
        .collect()
}
