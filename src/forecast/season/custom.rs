//! Whether a period that somebody named comes again, beyond what days and weeks do.

use rand::Rng;

use super::chance::{chance, numbers};
use super::{Hours, Kind, Season, WEEK};
use crate::trend::median;
use crate::units::{Span, len_f64};

/// Cycles without which chance can never be ruled out.
const LEAST: usize = 8;

/// Hours of a cycle of which this share must be known.
const KNOWN: f64 = 0.75;

/// A cycle moves at most so many times as much as they usually do.
const MOST: f64 = 3.0;

/// The season of a period of so many hours; `None` with too few of them.
pub(super) fn season(local: &Hours, period: usize) -> Option<Season> {
    if period < 2 || local.values.len() < LEAST * period {
        return None;
    }
    let rest = beside_week(local);
    let cycles: Vec<Vec<f64>> = rest.rchunks_exact(period).filter_map(shape).collect();
    let cycles = tamed(cycles);
    if cycles.len() < LEAST {
        return None;
    }
    let alike: Vec<Vec<f64>> = (1..cycles.len())
        .map(|at| (0..at).map(|it| dot(&cycles[at], &cycles[it])).collect())
        .collect();
    let sum = |signs: &[bool]| -> f64 {
        let rows = alike.iter().zip(1..);
        rows.map(|(row, at)| {
            let pairs = row.iter().zip(signs);
            let signed = pairs.map(|(it, sign)| if *sign == signs[at] { *it } else { -it });
            signed.sum::<f64>()
        })
        .sum()
    };
    let mut numbers = numbers();
    let mut signs = vec![true; cycles.len()];
    let p_value = chance(sum(&signs), || {
        signs.fill_with(|| numbers.r#gen());
        sum(&signs)
    });
    let seconds = u32::try_from(period).ok()?.checked_mul(3_600)?;
    Some(Season {
        kind: Kind::Custom,
        period: Span::from_secs(seconds),
        strength: strength(&cycles, period),
        p_value,
    })
}

/// Every hour beside the mean of its hour of the week: what days and weeks explain is no
/// other period.
fn beside_week(local: &Hours) -> Vec<f64> {
    let phase = |place: usize| {
        let hour = local.first + i64::try_from(place).unwrap_or(0);
        usize::try_from(hour.rem_euclid(i64::try_from(WEEK).unwrap_or(168))).unwrap_or(0)
    };
    let mut sums = vec![(0.0, 0.0); WEEK];
    for (place, value) in local.values.iter().enumerate() {
        if value.is_finite() {
            let sum = &mut sums[phase(place)];
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    let values = local.values.iter().enumerate();
    values
        .map(|(place, value)| {
            let (sum, count) = sums[phase(place)];
            value - sum / count
        })
        .collect()
}

/// A cycle beside its own line; `None` where too little of it is known.
fn shape(cycle: &[f64]) -> Option<Vec<f64>> {
    let known: Vec<(f64, f64)> = cycle
        .iter()
        .enumerate()
        .filter(|(_, it)| it.is_finite())
        .map(|(at, it)| (len_f64(at), *it))
        .collect();
    let count = len_f64(known.len());
    if count < KNOWN * len_f64(cycle.len()) {
        return None;
    }
    let middle = known.iter().map(|it| it.0).sum::<f64>() / count;
    let mean = known.iter().map(|it| it.1).sum::<f64>() / count;
    let both: f64 = known.iter().map(|it| (it.0 - middle) * (it.1 - mean)).sum();
    let own: f64 = known.iter().map(|it| (it.0 - middle).powi(2)).sum();
    let slope = if own > 0.0 { both / own } else { 0.0 };
    let line = |at: usize| mean + slope * (len_f64(at) - middle);
    let values = cycle.iter().enumerate();
    Some(
        values
            .map(|(at, it)| if it.is_finite() { it - line(at) } else { 0.0 })
            .collect(),
    )
}

/// Takes from cycles that move far more than others what is too much.
fn tamed(mut cycles: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let size = |cycle: &[f64]| dot(cycle, cycle).sqrt();
    let sizes: Vec<f64> = cycles.iter().map(|it| size(it)).collect();
    let usual = median(&sizes);
    for (cycle, size) in cycles.iter_mut().zip(sizes) {
        if usual > 0.0 && size > MOST * usual {
            for value in cycle.iter_mut() {
                *value *= MOST * usual / size;
            }
        }
    }
    cycles
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Share of the variance that the mean cycle explains, corrected for its own freedom.
fn strength(cycles: &[Vec<f64>], period: usize) -> f64 {
    let count = len_f64(cycles.len());
    let mean = |at: usize| cycles.iter().map(|it| it[at]).sum::<f64>() / count;
    let mean: Vec<f64> = (0..period).map(mean).collect();
    let (mut left, mut all) = (0.0, 0.0);
    for cycle in cycles {
        for (value, usual) in cycle.iter().zip(&mean) {
            left += (value - usual).powi(2);
            all += value.powi(2);
        }
    }
    if all <= 0.0 {
        return 0.0;
    }
    (1.0 - left / all * count / (count - 1.0)).clamp(0.0, 1.0)
}
