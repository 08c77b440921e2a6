//! What is asked of samples, and which of them that takes.

use std::ops::Range;

use crate::units::{count_from, len_f64};

/// What is asked of samples: of each of some stretches those above a quantile. All others need
/// no order. Where no stretch is named, all are asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Sought {
    pub(super) stretches: Vec<Range<usize>>,
    /// The quantile, 0 to 1.
    pub(super) above: f64,
    /// Stretches of which nothing is asked but how much is above what was found in the others.
    pub(super) beside: Vec<Range<usize>>,
}

impl Sought {
    /// The places at which a stretch begins or ends, in order.
    pub(super) fn ends(&self) -> Vec<usize> {
        let all = self.stretches.iter().chain(&self.beside);
        let mut ends: Vec<usize> = all.flat_map(|it| [it.start, it.end]).collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    /// How much lower than what is asked for is the quantile of the window that may have all of
    /// it, where stretches are about alike, and where they are not.
    const LOWER: [f64; 2] = [0.15, 0.4];

    /// What no sample that is asked for is below; `None` where that is not known.
    pub(super) fn least(&self, samples: &[(u16, f32)], all: &Counts) -> Option<f32> {
        let mut some = some(samples);
        let last = some.len().checked_sub(1)?;
        let mut bounds = Self::LOWER.into_iter().map(|lower| {
            let place = rank(last + 1, (self.above - lower).max(0.0));
            *some.select_nth_unstable_by(place, f32::total_cmp).1
        });
        bounds.find(|bound| {
            let upper = Counts::of(samples, &all.ends, |sample| sample >= *bound);
            self.stretches.iter().all(|stretch| {
                let all = all.within(stretch);
                all == 0 || upper.within(stretch) >= all - rank(all, self.above)
            })
        })
    }
}

/// Some of the samples, which tell about what the others are; none of few.
fn some(samples: &[(u16, f32)]) -> Vec<f32> {
    const EACH: usize = 16;
    const FEW: usize = 512;
    let some = samples.iter().step_by(EACH).map(|(_, sample)| *sample);
    if samples.len() < FEW {
        Vec::new()
    } else {
        some.collect()
    }
}

/// How many samples of some sort lie between the places at which stretches begin or end.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    ends: Vec<usize>,
    /// Of each of them how many are before it, and how many there are.
    before: Vec<usize>,
}

impl Counts {
    pub(super) fn of(samples: &[(u16, f32)], ends: &[usize], sort: impl Fn(f32) -> bool) -> Self {
        let mut before = vec![0; ends.len() + 2];
        // Those that follow each other are mostly of one part: what waits for memory is only
        // where they are not.
        for part in samples.chunk_by(|a, b| a.0 == b.0) {
            let mut count = 0_u32;
            for (_, sample) in part {
                count += u32::from(sort(*sample));
            }
            before[usize::from(part[0].0) + 1] += long(count);
        }
        let mut sum = 0;
        for before in &mut before {
            sum += *before;
            *before = sum;
        }
        Self {
            ends: ends.to_vec(),
            before,
        }
    }

    /// Of a stretch whose ends are among them.
    pub(super) fn within(&self, stretch: &Range<usize>) -> usize {
        let before = |place: usize| self.before.get(self.part(place)).copied().unwrap_or(0);
        before(stretch.end).saturating_sub(before(stretch.start))
    }

    /// How many ends are before a place, or at it.
    pub(super) fn part(&self, place: usize) -> usize {
        self.ends.partition_point(|end| *end <= place)
    }
}

/// For each place up to the last end how many ends are before it, or at it.
pub(super) fn parts(ends: &[usize]) -> Vec<u16> {
    let mut parts = Vec::with_capacity(ends.last().map_or(1, |last| last + 1));
    let mut part = 0_u16;
    for end in ends {
        parts.resize(*end, part);
        part = part.saturating_add(1);
    }
    parts.push(part);
    parts
}

/// Those of some samples that are not below a bound.
pub(super) fn no_less(samples: &[(u16, f32)], bound: f32) -> Vec<(u16, f32)> {
    let mut upper = vec![(0, 0.0); samples.len()];
    let mut kept = 0;
    for sample in samples {
        // Each is kept by not being written over: no branch to be guessed.
        upper[kept] = *sample;
        kept += usize::from(sample.1 >= bound);
    }
    upper.truncate(kept);
    upper
}

pub(super) fn long(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The rank of a quantile among so many, the smallest of which is 0.
pub(super) fn rank(count: usize, level: f64) -> usize {
    let rank = count_from((len_f64(count - 1) * level).ceil());
    usize::try_from(rank).unwrap_or(count - 1).min(count - 1)
}
