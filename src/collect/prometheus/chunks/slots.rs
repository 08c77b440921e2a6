//! From the samples of a series to a value a slot, as `PromQL` has it.

use std::ops::Range;

use super::super::promql::Look;
use crate::snapshot::Grid;

/// The bits of a value that says that a series has ended
/// (Prometheus' `model/value/value.go`).
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// Whether a value says that its series has ended.
pub(super) fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE
}

/// Samples of one series, in the order of time.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Milliseconds since 1970, and the value.
    all: Vec<(i64, f64)>,
    /// They came out of order.
    mixed: bool,
}

/// Where values are wanted, and how far each looks back.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) grid: &'a Grid,
    pub(super) slots: &'a Range<u32>,
    pub(super) look: Look,
    /// Whether the sample at the very start is seen, as in Prometheus 2.
    pub(super) closed: bool,
}

impl Samples {
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.mixed = false;
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn push(&mut self, time: i64, value: f64) {
        if is_stale(value) {
            return;
        }
        self.mixed |= self.all.last().is_some_and(|(last, _)| *last >= time);
        self.all.push((time, value));
    }

    /// Blocks that overlap, and replicas that both answer, give samples twice.
    fn sort(&mut self) {
        if std::mem::take(&mut self.mixed) {
            self.all.sort_by_key(|(time, _)| *time);
            self.all.dedup_by_key(|(time, _)| *time);
        }
    }

    /// The largest sample that each slot sees, as `max_over_time` has it.
    pub(super) fn largest(&mut self, view: View, mut each: impl FnMut(u32, f64)) {
        self.sort();
        self.windows(view, |slot, samples, _| {
            let largest = samples.iter().map(|(_, value)| *value).reduce(f64::max);
            largest.inspect(|value| each(slot, *value)).is_some()
        });
    }

    /// By how much a counter rises in a second, as `rate` has it: each window by itself, so
    /// that a sample that cannot be spoils those that see it and no other.
    pub(super) fn rates(&mut self, view: View, mut each: impl FnMut(u32, f64)) {
        self.sort();
        self.windows(view, |slot, samples, window| {
            if samples.len() < 2 {
                return false;
            }
            each(slot, rate(samples, rise(samples), window));
            true
        });
    }

    fn windows(&self, view: View, mut each: impl FnMut(u32, &[(i64, f64)], Window) -> bool) {
        let all = &self.all;
        windows(all, view, |slot, samples, window| {
            each(slot, &all[samples], window)
        });
    }
}

/// A stretch of time: what is after its start, up to its end. Milliseconds.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: i64,
    end: i64,
}

/// The samples that each slot sees: near its end, else within the farther stretch.
/// `each` says whether it had a use for them.
fn windows(
    all: &[(i64, f64)],
    view: View,
    mut each: impl FnMut(u32, Range<usize>, Window) -> bool,
) {
    let View {
        grid,
        slots,
        look,
        closed,
    } = view;
    let (mut near, mut far, mut end) = (0, 0, 0);
    let start = grid.start.as_second().saturating_mul(1_000);
    let step = i64::from(grid.step.as_secs()) * 1_000;
    for slot in slots.clone() {
        let until = start + (i64::from(slot) + 1) * step;
        while all.get(end).is_some_and(|(time, _)| *time <= until) {
            end += 1;
        }
        let mut seen = |from: &mut usize, back: u32| {
            let start = until - i64::from(back) * 1_000;
            let behind = |time: i64| time > start || (closed && time == start);
            while *from < end && !behind(all[*from].0) {
                *from += 1;
            }
            each(slot, *from..end, Window { start, end: until })
        };
        if !seen(&mut near, look.back)
            && let Some(back) = look.far
        {
            seen(&mut far, back);
        }
    }
}

/// By how much a counter rises over samples: one that is smaller than the one before has
/// started from 0 again.
fn rise(samples: &[(i64, f64)]) -> f64 {
    let (Some((_, first)), Some((_, last))) = (samples.first(), samples.last()) else {
        return f64::NAN;
    };
    let pairs = samples.windows(2).map(|pair| (pair[0].1, pair[1].1));
    let lost = pairs.filter(|(before, after)| after < before);
    last - first + lost.map(|(before, _)| before).sum::<f64>()
}

/// The rate of two samples or more, of which a counter has risen by `rise`.
///
/// As `extrapolatedRate` of Prometheus' `promql/functions.go`: what is seen is taken
/// on to the ends of the window where samples begin and end near them, else by half of
/// what they are apart, and never to before the counter was 0.
#[expect(clippy::cast_precision_loss, reason = "times of a window are small")]
fn rate(samples: &[(i64, f64)], rise: f64, window: Window) -> f64 {
    let (Some((first, value)), Some((last, _))) = (samples.first(), samples.last()) else {
        return f64::NAN;
    };
    let seconds = |milliseconds: i64| milliseconds as f64 / 1e3;
    let sampled = seconds(last - first);
    let apart = sampled / (samples.len() - 1) as f64;
    let near = |gap: f64| if gap >= apart * 1.1 { apart / 2.0 } else { gap };
    let mut before = near(seconds(first - window.start));
    if rise > 0.0 && *value >= 0.0 {
        before = before.min(sampled * (value / rise));
    }
    let after = near(seconds(window.end - last));
    let factor = (sampled + before + after) / sampled;
    rise * factor / seconds(window.end - window.start)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::units::Span;

    fn grid(step: u32) -> Grid {
        Grid {
            start: Timestamp::UNIX_EPOCH,
            step: Span::from_secs(step),
            len: 10,
        }
    }

    fn samples(all: &[(i64, f64)]) -> Samples {
        let mut samples = Samples::default();
        for (time, value) in all {
            samples.push(time * 1_000, *value);
        }
        samples
    }

    /// What a method gives of slots that are 100 s long.
    fn seen(
        all: &[(i64, f64)],
        look: Look,
        method: impl Fn(&mut Samples, View, &mut dyn FnMut(u32, f64)),
    ) -> Vec<(u32, f64)> {
        let (grid, slots) = (&grid(100), &(0..4));
        let mut seen = Vec::new();
        let view = View {
            grid,
            slots,
            look,
            closed: false,
        };
        method(&mut samples(all), view, &mut |slot, value| {
            seen.push((slot, value));
        });
        seen
    }

    fn rates(all: &[(i64, f64)], look: Look) -> Vec<(u32, f64)> {
        seen(all, look, |samples, view, each| samples.rates(view, each))
    }

    fn largest(all: &[(i64, f64)], look: Look) -> Vec<(u32, f64)> {
        seen(all, look, |samples, view, each| samples.largest(view, each))
    }

    /// As `promql` itself computes them: `rate(x[100s])` at 100, 200, …
    #[test]
    fn a_rate_is_taken_on_to_the_ends_of_its_window() {
        let even: Vec<(i64, f64)> = (0..=20_i32)
            .map(|at| (i64::from(at) * 20, 1e3 + 10.0 * f64::from(at)))
            .collect();
        for (_, value) in rates(&even, Look::of(100)) {
            assert!((value - 0.5).abs() < 1e-9, "{value}");
        }
        // Two samples in the middle: half of what they are apart on either side.
        let few = [(140, 1e3), (160, 1e3 + 10.0)];
        assert_eq!(rates(&few, Look::of(100)), [(1, 10.0 * 2.0 / 100.0)]);
        // A counter that starts is not taken on to before it was 0.
        let young = [(140, 0.0), (160, 10.0), (180, 20.0)];
        assert_eq!(rates(&young, Look::of(100)), [(1, 20.0 * 1.5 / 100.0)]);
    }

    #[test]
    fn a_counter_that_starts_again_goes_on_rising() {
        let reset = [
            (110, 50.0),
            (130, 60.0),
            (150, 4.0),
            (170, 8.0),
            (190, 12.0),
        ];
        let seen = rates(&reset, Look::of(100));
        assert!((seen[0].1 - (10.0 + 4.0 + 4.0 + 4.0) / 80.0).abs() < 1e-9);
    }

    /// `rate(x[100s])` of Prometheus gives the same: a sample that is no number says nothing
    /// of the ones around it, and one that is too large is taken for a restart.
    #[test]
    fn a_sample_that_cannot_be_spoils_only_the_slots_that_see_it() {
        let even = |odd: f64| {
            let value = |at: i32| {
                if at == 6 {
                    odd
                } else {
                    1e3 + 10.0 * f64::from(at)
                }
            };
            let all = (0..20).map(|at| (i64::from(at) * 20 + 10, value(at)));
            let seen = rates(&all.collect::<Vec<_>>(), Look::of(100));
            assert_eq!(seen.len(), 4);
            for slot in [0, 2, 3] {
                assert!((seen[slot].1 - 0.5).abs() < 1e-9, "{seen:?}");
            }
            seen[1].1
        };
        assert!((even(f64::NAN) - 0.5).abs() < 1e-9);
        assert!(even(1e22) > 1e19 && even(1e300) > 1e297);
        assert!(!even(f64::INFINITY).is_finite());
        // At the end of a window there is no saying by how much it rose.
        let first = [(110, f64::NAN), (130, 1e3), (150, 1e3 + 10.0)];
        assert!(rates(&first, Look::of(100))[0].1.is_nan());
    }

    #[test]
    fn one_sample_has_no_rate_unless_a_farther_look_finds_another() {
        let slow = [(50, 0.0), (150, 50.0), (250, 100.0)];
        assert_eq!(rates(&slow, Look::of(100)), []);
        let look = Look {
            far: Some(250),
            ..Look::of(100)
        };
        let seen: Vec<u32> = rates(&slow, look).iter().map(|(slot, _)| *slot).collect();
        assert_eq!(seen, [1, 2]);
    }

    #[test]
    fn the_largest_sample_of_a_slot_stays_and_a_marker_of_the_end_is_none() {
        let all = [
            (100, 1.0),
            (101, 5.0),
            (150, 3.0),
            (200, 2.0),
            (250, f64::from_bits(STALE)),
        ];
        let expected = [(0, 1.0), (1, 5.0)];
        assert_eq!(largest(&all, Look::of(100)), expected);
        let look = Look {
            far: Some(200),
            ..Look::of(100)
        };
        assert_eq!(largest(&all, look)[2..], [(2, 5.0)]);
    }

    /// As `max_over_time` and `rate` of Prometheus 2 and of 3 have it.
    #[test]
    fn the_sample_at_the_start_of_a_range_is_seen_where_the_server_sees_it() {
        let all = [(100, 9.0), (150, 3.0), (200, 4.0)];
        let (grid, slots) = (&grid(100), &(1..2));
        let seen = |closed: bool| {
            let view = View {
                grid,
                slots,
                look: Look::of(100),
                closed,
            };
            let (mut largest, mut rate) = (Vec::new(), Vec::new());
            samples(&all).largest(view, |_, value| largest.push(value));
            samples(&all).rates(view, |_, value| rate.push(value));
            (largest, rate)
        };
        // From 100 to 200 it starts again and rises by 3 + 1; from 150 by 1, which is
        // taken on to the start.
        assert_eq!(seen(true), (vec![9.0], vec![4.0 / 100.0]));
        assert_eq!(seen(false), (vec![4.0], vec![1.0 * 2.0 / 100.0]));
    }

    #[test]
    fn samples_that_come_twice_and_out_of_order_count_once() {
        let mixed = [
            (160, 10.0),
            (180, 20.0),
            (140, 0.0),
            (160, 10.0),
            (180, 20.0),
        ];
        assert_eq!(rates(&mixed, Look::of(100)), [(1, 20.0 * 1.5 / 100.0)]);
    }
}
