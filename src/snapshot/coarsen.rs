//! Usage on wider slots than it was read in.

use super::{Grid, Series, Usage, Values};
use crate::units::{Span, single};

impl Usage {
    /// Puts samples into slots of `step`, which begin at multiples of it as near as
    /// the samples allow. Of the samples that meet in a slot, of memory the largest
    /// stays, of everything else the mean. The first and the last slot may hold fewer
    /// than the others.
    ///
    /// `false`, and nothing changes, unless `step` is a whole multiple of the present one.
    #[must_use]
    pub fn coarsen(&mut self, step: Span) -> bool {
        let fine = self.grid.step.as_secs().max(1);
        if self.grid.len == 0 || step == self.grid.step {
            return true;
        }
        if !step.as_secs().is_multiple_of(fine) || step < self.grid.step {
            return false;
        }
        let rule = Rule::of(&self.grid, step);
        self.grid = rule.grid(&self.grid);
        for series in &mut self.series {
            rule.apply(series);
        }
        true
    }
}

/// How slots meet.
struct Rule {
    step: Span,
    /// Slots that become one.
    together: u32,
    /// Slots of the first one that lie before the start of the grid.
    before: u32,
}

impl Rule {
    fn of(grid: &Grid, step: Span) -> Self {
        let fine = grid.step.as_secs().max(1);
        let past = grid
            .start
            .as_second()
            .rem_euclid(i64::from(step.as_secs().max(1)));
        Self {
            step,
            together: step.as_secs() / fine,
            before: u32::try_from(past).unwrap_or(0) / fine,
        }
    }

    fn grid(&self, grid: &Grid) -> Grid {
        let back = i64::from(self.before) * i64::from(grid.step.as_secs());
        let seconds = grid.start.as_second() - back;
        Grid {
            start: jiff::Timestamp::from_second(seconds).unwrap_or(grid.start),
            step: self.step,
            len: (grid.len + self.before).div_ceil(self.together),
        }
    }

    fn apply(&self, series: &mut Series) {
        let first = series.first + self.before;
        series.first = first / self.together;
        // Slots of the series' first one that lie before it.
        let empty = usize::try_from(first % self.together).unwrap_or(0);
        let wide = |values: &[f32], meet: fn(&[f32]) -> f32| self.wide(values, empty, meet);
        series.cpu_cores = wide(&series.cpu_cores, mean);
        series.memory_bytes = wide(&series.memory_bytes, largest);
        for (metric, values) in &mut series.more {
            let meet = if metric.is_peak() { largest } else { mean };
            *values = Values::from(wide(&values.every(), meet));
        }
    }

    fn wide(&self, values: &[f32], empty: usize, meet: fn(&[f32]) -> f32) -> Vec<f32> {
        let together = usize::try_from(self.together).unwrap_or(usize::MAX);
        let (head, rest) = values.split_at((together - empty).min(values.len()));
        let slots = std::iter::once(head).chain(rest.chunks(together));
        slots.filter(|slot| !slot.is_empty()).map(meet).collect()
    }
}

/// Of what is known; `NaN` of nothing.
fn mean(values: &[f32]) -> f32 {
    let known = values.iter().filter(|value| !value.is_nan());
    let (sum, count) = known.fold((0.0, 0.0), |(sum, count), value| {
        (sum + f64::from(*value), count + 1.0)
    });
    single(sum / count)
}

/// Of what is known; `NaN` of nothing.
fn largest(values: &[f32]) -> f32 {
    // `max` takes the number where the other side is NaN.
    values.iter().copied().fold(f32::NAN, f32::max)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::snapshot::Metric;

    const N: f32 = f32::NAN;

    /// Every minute from 00:02 on.
    fn usage() -> Usage {
        let of = |values: [f32; 7]| values.to_vec();
        let gpu = |values| Values::from(of(values));
        Usage {
            grid: Grid {
                start: Timestamp::from_second(120).unwrap(),
                step: Span::from_secs(60),
                len: 10,
            },
            series: vec![Series {
                workload: 0,
                pod: "a".to_owned(),
                container: "app".to_owned(),
                first: 1,
                cpu_cores: of([1.0, 3.0, 2.0, N, 4.0, N, N]),
                memory_bytes: of([9.0, 5.0, 7.0, N, 8.0, N, N]),
                more: BTreeMap::from([
                    (Metric::GpuMemoryBytes, gpu([1.0, 3.0, N, N, N, N, N])),
                    (Metric::GpuUtilization, gpu([0.25, 0.75, N, N, N, N, 1.0])),
                ]),
            }],
        }
    }

    #[test]
    fn of_memory_the_largest_stays_and_of_everything_else_the_mean() {
        let mut usage = usage();
        assert!(usage.coarsen(Span::from_secs(300)));
        assert_eq!(usage.grid.start, Timestamp::UNIX_EPOCH);
        assert_eq!((usage.grid.step, usage.grid.len), (Span::from_secs(300), 3));
        let series = &usage.series[0];
        assert_eq!(series.first, 0);
        assert_eq!(series.cpu_cores, [2.0, 3.0]);
        assert_eq!(series.memory_bytes, [9.0, 8.0]);
        let more: Vec<String> = series.more.values().map(|v| format!("{v:?}")).collect();
        assert_eq!(more, ["[0.5, 1.0]", "[3.0, NaN]"]);
    }

    #[test]
    fn a_slot_without_samples_stays_empty() {
        let mut usage = usage();
        usage.series[0].first = 3;
        assert!(usage.coarsen(Span::from_secs(120)));
        let series = &usage.series[0];
        assert_eq!((series.first, usage.grid.start.as_second()), (1, 120));
        assert_eq!(format!("{:?}", series.cpu_cores), "[1.0, 2.5, 4.0, NaN]");
    }

    #[test]
    fn what_is_no_multiple_changes_nothing() {
        for seconds in [30, 90, 59] {
            let mut usage = usage();
            assert!(!usage.coarsen(Span::from_secs(seconds)));
            assert_eq!(usage.grid.step, Span::from_secs(60));
        }
        let mut same = usage();
        assert!(same.coarsen(Span::from_secs(60)));
        assert_eq!(same.grid, usage().grid);
    }

    #[test]
    fn a_step_longer_than_everything_is_one_slot() {
        let mut usage = usage();
        assert!(usage.coarsen(Span::DAY));
        assert_eq!(usage.grid.len, 1);
        assert_eq!(usage.series[0].cpu_cores, [2.5]);
    }
}
