//! Whether days look alike.

use super::chance::chance_of;
use super::days::Days;
use super::throws::throws;
use super::{DAY, Kind, Season};
use crate::units::{Span, len_f64};

/// Days without which chance can never be ruled out: with fewer, all signs are too often
/// the same.
const LEAST: usize = 8;

/// Two days whose product is so much of the sum of all are more alike than what adding them up
/// in another order may differ by.
const CLEARLY: f64 = 1e-6;

/// Signs are thrown for so many draws at a time, which a processor adds up together.
const AT_ONCE: usize = 8;

/// Draws that chance is told by at the most, in steps of [`AT_ONCE`].
const DRAWS: usize = 1000;

/// Days that follow each other must be alike by this share of what all days are.
const FOLLOWS: f64 = 0.5;

/// Parts of a day that come again by themselves, in hours, the shortest first.
const PARTS: [usize; 6] = [2, 3, 4, 6, 8, 12];

/// A part of a day is told where it explains so much of what the day does.
const AS_WELL: f64 = 0.9;

/// The season of days; `None` with too few of them.
pub(super) fn season(days: &Days) -> Option<Season> {
    let count = days.days.len();
    if count < LEAST {
        return None;
    }
    // Of each pair of days how alike they are: signs change nothing else.
    let alike: Vec<Vec<f64>> = (1..count)
        .map(|at| (0..at).map(|other| dot(days, at, other)).collect())
        .collect();
    if !follows(days, &alike) {
        return None;
    }
    // Where all days are alike, any two signs that differ make less of them.
    let least = alike
        .iter()
        .flatten()
        .copied()
        .fold(f64::INFINITY, f64::min);
    let [seen] = sums(&alike, &vec![[1.0]; count]);
    let all_alike = least > CLEARLY * seen;
    let throws = throws(DRAWS * count);
    let mut draws = throws.chunks_exact(AT_ONCE * count);
    let mut signs = vec![[1.0; AT_ONCE]; count];
    let p_value = chance_of(seen, || {
        let draws = draws.next().unwrap_or_default().chunks_exact(count);
        let differs = |draw: &[bool]| draw.iter().any(|throw| *throw != draw[0]);
        if all_alike && draws.clone().all(differs) {
            return [f64::NEG_INFINITY; AT_ONCE];
        }
        for (place, draw) in draws.enumerate() {
            for (signs, throw) in signs.iter_mut().zip(draw) {
                signs[place] = if *throw { 1.0 } else { -1.0 };
            }
        }
        sums(&alike, &signs)
    });
    let shape = shape(days);
    Some(Season {
        kind: Kind::Daily,
        period: period(&shape),
        strength: strength(days, &shape),
        p_value,
    })
}

/// What pairs of days, each below the diagonal, add up to with their signs, 1 or -1, of some
/// draws.
fn sums<const N: usize>(alike: &[Vec<f64>], signs: &[[f64; N]]) -> [f64; N] {
    let mut sums = [0.0; N];
    for (row, own) in alike.iter().zip(&signs[1..]) {
        let mut of_row = [0.0; N];
        for (it, signs) in row.iter().zip(signs) {
            for (sum, sign) in of_row.iter_mut().zip(signs) {
                *sum += it * sign;
            }
        }
        for ((sum, own), of_row) in sums.iter_mut().zip(own).zip(of_row) {
            *sum += own * of_row;
        }
    }
    sums
}

/// Whether days that follow each other are about as alike as all are: where every other day,
/// or every fifth, is like this one, what comes again is no day.
fn follows(days: &Days, alike: &[Vec<f64>]) -> bool {
    let all = alike.iter().flatten();
    let count = len_f64(all.clone().count().max(1));
    let usual = all.sum::<f64>() / count;
    let pairs = days.days.windows(2).zip(alike);
    let next = pairs.filter(|(pair, _)| pair[1].number == pair[0].number + 1);
    let next: Vec<f64> = next.filter_map(|(_, row)| row.last().copied()).collect();
    let count = len_f64(next.len().max(1));
    let mean = next.iter().sum::<f64>() / count;
    let apart: f64 = next.iter().map(|it| (it - mean).powi(2)).sum();
    mean + (apart / count / count).sqrt() >= FOLLOWS * usual
}

fn dot(days: &Days, one: usize, other: usize) -> f64 {
    let both = days.days[one].shape.iter().zip(&days.days[other].shape);
    both.map(|(one, other)| one * other).sum()
}

/// The mean day.
fn shape(days: &Days) -> [f64; DAY] {
    std::array::from_fn(|hour| {
        let all = days.days.iter().map(|day| day.shape[hour]);
        all.sum::<f64>() / len_f64(days.days.len())
    })
}

/// Share of the variance that the mean day explains, corrected for its own freedom.
fn strength(days: &Days, shape: &[f64; DAY]) -> f64 {
    let (mut left, mut all) = (0.0, 0.0);
    for day in &days.days {
        for (value, usual) in day.shape.iter().zip(shape) {
            left += (value - usual).powi(2);
            all += value.powi(2);
        }
    }
    let count = len_f64(days.days.len());
    if all <= 0.0 {
        return 0.0;
    }
    (1.0 - left / all * count / (count - 1.0)).clamp(0.0, 1.0)
}

/// The shortest part of a day that explains it as well as the day does.
fn period(shape: &[f64; DAY]) -> Span {
    let all: f64 = shape.iter().map(|it| it * it).sum();
    let explains = |part: &&usize| {
        let part = **part;
        let times = len_f64(DAY / part);
        let of_phase = |phase: usize| {
            let mean = shape.iter().skip(phase).step_by(part).sum::<f64>() / times;
            times * mean * mean
        };
        (0..part).map(of_phase).sum::<f64>() >= AS_WELL * all
    };
    let hours = PARTS.iter().find(explains).copied().unwrap_or(DAY);
    Span::from_secs(u32::try_from(hours).map_or(0, |hours| hours * 3_600))
}
