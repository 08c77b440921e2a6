use std::collections::BTreeMap;

use crate::snapshot::Grid;
use crate::units::len_f64;

const HOUR: u32 = 3_600;
const QUARTER: u32 = 900;
const DAY: i64 = 86_400;

/// A series by blocks of an hour, or of the distance of its samples where that is longer,
/// counted back from the end of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::risk) struct Hours {
    /// The slot that the first block begins with.
    pub(super) first: usize,
    /// Slots a block.
    pub(super) slots: usize,
    /// Slots from one sample of this series to the next: a grid may be finer.
    pub(super) native: usize,
    /// Whole slots in a quarter of an hour.
    pub(super) quarter: usize,
    /// Blocks a day.
    pub(super) per_day: usize,
    /// Of each block; `NaN` where too little of it is known.
    pub(super) mean: Vec<f64>,
    /// The largest and the smallest quarter of an hour in it, where it has several.
    pub(super) ends: Option<(Vec<f64>, Vec<f64>)>,
    /// Place in the day, and whether that is of a weekend.
    pub(super) phase: Vec<usize>,
    pub(super) weekend: Vec<bool>,
}

impl Hours {
    /// `None` where less than a day is known.
    pub(in crate::risk) fn of(values: &[f64], grid: &Grid) -> Option<Self> {
        let native = native(values)?;
        let step = grid.step.as_secs().max(1);
        let slots_in = |seconds: u32| usize::try_from(seconds.div_ceil(step)).unwrap_or(1).max(1);
        let slots = slots_in(HOUR).max(native);
        let part = slots_in(QUARTER).max(native).min(slots);
        let per_day = slots_in(86_400) / slots;
        if per_day == 0 || values.len() < slots * per_day {
            return None;
        }
        let first = values.len() % slots;
        let blocks = values[first..].chunks_exact(slots);
        let mut mean = Vec::with_capacity(blocks.len());
        let several = slots / part > 1;
        let (mut high, mut low) = (Vec::new(), Vec::new());
        for block in blocks {
            let (whole, most, least) = of_block(block, part, native);
            mean.push(whole);
            if several {
                high.push(most);
                low.push(least);
            }
        }
        let (mut phase, mut weekend) = (Vec::new(), Vec::new());
        let begin = grid.time(u32::try_from(first).unwrap_or(u32::MAX));
        let length = i64::try_from(slots).unwrap_or(1) * i64::from(grid.step.as_secs());
        let (mut day, mut second) = (
            begin.as_second().div_euclid(DAY),
            begin.as_second().rem_euclid(DAY),
        );
        for _ in &mean {
            let of_day = usize::try_from(second).unwrap_or(0);
            phase.push((of_day * per_day / 86_400).min(per_day - 1));
            // 1970-01-01 was a Thursday.
            weekend.push((day + 3).rem_euclid(7) >= 5);
            second += length;
            if second >= DAY {
                (day, second) = (day + 1, second - DAY);
            }
        }
        Some(Self {
            first,
            slots,
            native,
            quarter: usize::try_from(QUARTER / step).unwrap_or(1),
            per_day,
            mean,
            ends: several.then_some((high, low)),
            phase,
            weekend,
        })
    }

    /// The blocks from the first that is known to the last.
    fn span(&self) -> &[f64] {
        let known = |it: &f64| it.is_finite();
        let from = self.mean.iter().position(known).unwrap_or(0);
        let until = self.mean.iter().rposition(known).map_or(0, |at| at + 1);
        self.mean.get(from..until).unwrap_or_default()
    }

    pub(super) fn days_known(&self) -> f64 {
        let known = self.mean.iter().filter(|it| it.is_finite()).count();
        len_f64(known) / len_f64(self.per_day)
    }

    pub(super) fn share_known(&self) -> f64 {
        let span = self.span();
        let known = span.iter().filter(|it| it.is_finite()).count();
        len_f64(known) / len_f64(span.len()).max(1.0)
    }
}

/// Mean of a block, and of its parts the largest and the smallest. A part counts where
/// half of its samples are known.
fn of_block(block: &[f64], part: usize, native: usize) -> (f64, f64, f64) {
    let (mut sum, mut count) = (0.0, 0_u32);
    let (mut most, mut least) = (f64::NAN, f64::NAN);
    let of_whole = (part / native).max(1);
    for samples in block.chunks(part) {
        let (mut own, mut known) = (0.0, 0_u32);
        for value in samples {
            // Nothing is added where nothing is known: no branch to be guessed.
            own += if value.is_finite() { *value } else { 0.0 };
            known += u32::from(value.is_finite());
        }
        // All but the last of them are whole: nothing is divided for these.
        let expected = if samples.len() == part {
            of_whole
        } else {
            (samples.len() / native).max(1)
        };
        if known == 0 || 2.0 * f64::from(known) < len_f64(expected) {
            continue;
        }
        let mean = own / f64::from(known);
        most = most.max(mean);
        least = least.min(mean);
        sum += own;
        count += known;
    }
    let mean = if count > 0 {
        sum / f64::from(count)
    } else {
        f64::NAN
    };
    (mean, most, least)
}

/// The most frequent distance between samples, in slots; `None` with fewer than two.
fn native(values: &[f64]) -> Option<usize> {
    let known = values.iter().filter(|it| it.is_finite()).count();
    let mut beside = 0_u64;
    for pair in values.windows(2) {
        beside += u64::from(pair[0].is_finite() & pair[1].is_finite());
    }
    let beside = usize::try_from(beside).unwrap_or(usize::MAX);
    if known < 2 {
        return None;
    }
    if 2 * beside >= known - 1 {
        return Some(1);
    }
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let places = values.iter().enumerate();
    let places = places.filter(|(_, it)| it.is_finite()).map(|(at, _)| at);
    let places: Vec<usize> = places.collect();
    for pair in places.windows(2) {
        *counts.entry(pair[1] - pair[0]).or_default() += 1;
    }
    // Of equals the shortest.
    let most = counts.iter().rev().max_by_key(|(_, times)| **times);
    most.map(|(distance, _)| *distance)
}
