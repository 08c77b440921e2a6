//! How sizes like these would have done, had they been chosen earlier.

use crate::recommend::guard::Planned;
use crate::recommend::samples;
use crate::snapshot::{Grid, Series};
use crate::trend::count;
use crate::units::{Bytes, Span, count_from, float, len_f64, single};

/// Shares of the window at which a size is chosen again.
const MOMENTS: [f64; 4] = [0.5, 0.625, 0.75, 0.875];
/// Samples above this share of a size are few, and a size like it is mostly among them.
const NEAR: f32 = 0.5;
/// Samples that there must be before a moment, and after it.
const FEWEST: usize = 12;

/// What the window says of the sizes that the guards left: at each of some moments
/// the size is chosen again by the same rule from what was before, and held against
/// what followed. Nothing is looked at before it is asked for.
pub(super) struct Hindsight<'a> {
    series: &'a [&'a Series],
    grid: &'a Grid,
    horizon: Span,
    cpu_request: Option<f32>,
    memory_limit: Option<f32>,
}

impl<'a> Hindsight<'a> {
    pub(super) fn of(planned: &'a Planned<'_>, grid: &'a Grid, horizon: Span) -> Self {
        let after = planned.after();
        Self {
            series: &planned.pool.series,
            grid,
            horizon,
            cpu_request: after.cpu_request.map(|request| single(request.get())),
            memory_limit: after.memory_limit.map(|limit| single(Bytes::to_f64(limit))),
        }
    }

    /// Mean share of time above the CPU request; `None` where no moment has samples
    /// on both sides.
    pub(super) fn cpu_time_over(&self) -> Option<f64> {
        let used = Samples::of(self.series, |series| &series.cpu_cores);
        used.time_over(self.cpu_request?, self.grid, self.horizon)
    }

    /// The largest share of time above the CPU request on any day of the window; `None`
    /// where no day has samples.
    pub(super) fn cpu_worst_day(&self) -> Option<f64> {
        let used = Samples::of(self.series, |series| &series.cpu_cores);
        used.worst_day(self.cpu_request?, self.grid)
    }

    /// Share of the moments after which memory passed its limit; `None` where no moment has
    /// samples on both sides.
    pub(super) fn memory_over(&self) -> Option<f64> {
        let used = Samples::of(self.series, |series| &series.memory_bytes);
        used.peaks_over(self.memory_limit?, self.grid, self.horizon)
    }
}

/// Samples of one metric of all pods: the first slot and the values from there on.
struct Samples<'a>(Vec<(u32, &'a [f32])>);

impl<'a> Samples<'a> {
    fn of(series: &[&'a Series], column: impl Fn(&'a Series) -> &'a Vec<f32>) -> Self {
        let of = |series: &&'a Series| (series.first, column(series).as_slice());
        Self(series.iter().map(of).collect())
    }

    /// What is known of these slots.
    fn between(&self, from: f64, to: f64) -> Part<'a> {
        let parts = self.0.iter().map(|(first, values)| {
            let place = |slot: f64| {
                let slots = count_from(slot - f64::from(*first));
                usize::try_from(slots).map_or(values.len(), |slots| slots.min(values.len()))
            };
            &values[place(from)..place(to)]
        });
        Part::of(parts.collect())
    }

    /// Mean share of time above a request like this one, chosen at each moment.
    fn time_over(&self, request: f32, grid: &Grid, horizon: Span) -> Option<f64> {
        let all = self.between(0.0, f64::INFINITY);
        let peak = all.peak().filter(|peak| *peak > 0.0)?;
        let above = if peak > request {
            all.above(request)
        } else {
            0
        };
        let share = len_f64(above) / len_f64(all.count);
        let beyond = request / peak;
        let mut large = Large::new(request * NEAR);
        self.mean(grid, horizon, |moment, before, after| {
            let size = if above == 0 {
                before.peak()? * beyond
            } else {
                large.reach(self, moment);
                before.level(share, &mut large.values)?
            };
            let above = if peak > size { after.above(size) } else { 0 };
            Some(len_f64(above) / len_f64(after.count))
        })
    }

    /// The largest share of samples above `request` on any day.
    fn worst_day(&self, request: f32, grid: &Grid) -> Option<f64> {
        let day = float(u64::from(Span::DAY.as_secs())) / float(u64::from(grid.step.as_secs()));
        let days = count_from((float(u64::from(grid.len)) / day).ceil());
        let shares = (0..days).filter_map(|nth| {
            let part = self.between(float(nth) * day, float(nth + 1) * day);
            (part.count >= FEWEST).then(|| len_f64(part.above(request)) / len_f64(part.count))
        });
        shares.reduce(f64::max)
    }

    /// Share of moments after which the peak passes a limit like this one, as far
    /// above all that was seen.
    fn peaks_over(&self, limit: f32, grid: &Grid, horizon: Span) -> Option<f64> {
        let all = self.between(0.0, f64::INFINITY);
        let beyond = limit / all.peak().filter(|peak| *peak > 0.0)?;
        self.mean(grid, horizon, |_, before, after| {
            let size = before.peak()? * beyond;
            Some(f64::from(u8::from(after.peak()? > size)))
        })
    }

    /// The mean over the moments, the earliest first, of what `error` says of the samples before
    /// and after.
    fn mean(
        &self,
        grid: &Grid,
        horizon: Span,
        mut error: impl FnMut(f64, &Part<'a>, &Part<'a>) -> Option<f64>,
    ) -> Option<f64> {
        let length = float(u64::from(grid.len));
        let horizon = float(u64::from(horizon.as_secs())) / float(u64::from(grid.step.as_secs()));
        let errors = MOMENTS.iter().filter_map(|moment| {
            let (from, to) = (moment * length, moment * length + horizon);
            let (before, after) = (self.between(0.0, from), self.between(from, to));
            let enough = before.count >= FEWEST && after.count >= FEWEST;
            enough.then(|| error(from, &before, &after)).flatten()
        });
        let (sum, count) = errors.fold((0.0, 0.0), |(sum, count), it| (sum + it, count + 1.0));
        (count > 0.0).then(|| sum / count)
    }
}

/// The samples of some slots, pod by pod; `NaN` where one is missing.
struct Part<'a> {
    values: Vec<&'a [f32]>,
    /// How many are there.
    count: usize,
}

impl<'a> Part<'a> {
    fn of(values: Vec<&'a [f32]>) -> Self {
        let part = Self { values, count: 0 };
        let count = part.matching(|value| !value.is_nan());
        Self { count, ..part }
    }

    fn matching(&self, wanted: impl Fn(f32) -> bool) -> usize {
        let each = self.values.iter().map(|values| count(values, &wanted));
        each.sum()
    }

    /// How many are larger than `size`.
    fn above(&self, size: f32) -> usize {
        self.matching(|value| value > size)
    }

    fn peak(&self) -> Option<f32> {
        let values = self.values.iter();
        let known = values.filter_map(|values| samples::peak(values));
        known.reduce(f32::max)
    }

    /// The size that this share of samples is above. `large` are the largest of them, in any
    /// order, which it changes; where they are too few it takes all.
    fn level(&self, share: f64, large: &mut [f32]) -> Option<f32> {
        let above = usize::try_from(count_from(share * len_f64(self.count))).ok()?;
        let above = above.min(self.count.checked_sub(1)?);
        let size = |values: &mut [f32]| {
            let place = values.len() - 1 - above;
            *values.select_nth_unstable_by(place, f32::total_cmp).1
        };
        Some(if large.len() > above {
            size(large)
        } else {
            size(&mut self.from(f32::NEG_INFINITY))
        })
    }

    /// The samples that are no smaller than this.
    fn from(&self, least: f32) -> Vec<f32> {
        let mut values = self.values.concat();
        // Each is written down, and kept by not being written over: no branch to be guessed.
        let mut kept = 0;
        for at in 0..values.len() {
            values[kept] = values[at];
            kept += usize::from(values[at] >= least);
        }
        values.truncate(kept);
        values
    }
}

/// The samples up to some slot that are no smaller than something: those of a later slot are
/// these and a few more.
struct Large {
    least: f32,
    until: f64,
    values: Vec<f32>,
}

impl Large {
    /// Of no slot yet.
    fn new(least: f32) -> Self {
        Self {
            least,
            until: 0.0,
            values: Vec::new(),
        }
    }

    fn reach(&mut self, samples: &Samples<'_>, slot: f64) {
        let more = samples.between(self.until, slot);
        self.values.extend(more.from(self.least));
        self.until = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid {
            start: jiff::Timestamp::UNIX_EPOCH,
            step: Span::from_secs(3_600),
            len: 14 * 24,
        }
    }

    fn over(use_of: impl Fn(u32) -> f32, request: f32) -> f64 {
        let values: Vec<f32> = (0..14 * 24).map(use_of).collect();
        let samples = Samples(vec![(0, &values)]);
        samples.time_over(request, &grid(), Span::WEEK).unwrap()
    }

    #[test]
    fn what_repeats_is_foreseen_and_what_rises_is_not() {
        let daily = |slot: u32| if slot % 24 == 20 { 1.0 } else { 0.2 };
        assert!(over(daily, 0.5) < 0.06);
        assert!(over(daily, 1.0) < 1e-9);
        let rising = |slot: u32| single(f64::from(slot));
        assert!(over(rising, 335.0) > 0.9);
    }

    #[test]
    fn levels_of_the_large_are_those_of_all() {
        let value = |at: usize| single(len_f64(at * at % 101));
        let (one, mut other): (Vec<f32>, Vec<f32>) =
            (0..300).map(|at| (value(at), value(at + 7))).unzip();
        other[40] = f32::NAN;
        let samples = Samples(vec![(0, &one), (90, &other)]);
        for least in [0.0, 60.0, 99.0, 500.0] {
            let mut large = Large::new(least);
            for slot in [20.0, 95.5, 200.0, 380.0] {
                large.reach(&samples, slot);
                let before = samples.between(0.0, slot);
                for share in [0.0, 0.01, 0.2, 1.0] {
                    let exact = before.level(share, &mut []);
                    assert_eq!(before.level(share, &mut large.values), exact);
                }
            }
        }
    }

    #[test]
    fn a_single_busy_day_is_found() {
        let values: Vec<f32> = (0..14 * 24)
            .map(|slot| if (96..108).contains(&slot) { 1.0 } else { 0.1 })
            .collect();
        let samples = Samples(vec![(0, &values)]);
        assert_eq!(samples.worst_day(0.5, &grid()), Some(0.5));
        assert_eq!(samples.worst_day(1.0, &grid()), Some(0.0));
    }

    #[test]
    fn a_limit_that_each_new_peak_passes_is_passed_after_every_moment() {
        let values: Vec<f32> = (0_u16..14 * 24).map(f32::from).collect();
        let samples = Samples(vec![(0, &values)]);
        assert_eq!(samples.peaks_over(340.0, &grid(), Span::WEEK), Some(1.0));
        assert_eq!(samples.peaks_over(900.0, &grid(), Span::WEEK), Some(0.0));
    }
}
