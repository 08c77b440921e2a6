//! How much of the CPU work lies above a request.
//!
//! Time says little of short bursts: six cores for two hours a week are one hundredth
//! of the time, and nearly all of the work. A promise on work keeps requests from
//! falling off a cliff where a burst gets a little shorter.

use super::sorted::Sorted;

/// One sample in so many is a spike and no burst: a few minutes of a fortnight.
const SPIKES: usize = 1000;

/// The busiest samples of a window, and the work of all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    /// Cores, descending; the rest of the samples is below them.
    busiest: Vec<f32>,
    /// So many of them are too few to be a burst.
    spikes: usize,
    /// Core-slots of all samples.
    total: f64,
}

impl Work {
    pub(super) fn of(stretches: &[Sorted]) -> Self {
        let each = stretches.iter().map(|it| it.upper().iter().rev());
        let mut busiest: Vec<f32> = each.flatten().copied().collect();
        // Each stretch is in order: a stable sort only has to merge them.
        busiest.sort_by(|a, b| b.total_cmp(a));
        let samples: usize = stretches.iter().map(Sorted::count).sum();
        let spikes = samples
            .div_ceil(SPIKES)
            .min(busiest.len().saturating_sub(1));
        Self {
            busiest,
            spikes,
            total: stretches.iter().map(Sorted::sum).sum(),
        }
    }

    /// The least request that leaves no more than this share of the work above it; not
    /// below the busiest samples that are known. Single spikes count as what comes next.
    pub(super) fn level(&self, share: f64) -> f64 {
        let allowed = share * self.total;
        let Some(highest) = self.busiest.get(self.spikes).copied() else {
            return 0.0;
        };
        let (mut sum, mut count) = (0.0, 0.0);
        for pair in self.busiest.windows(2) {
            let [used, next] = [pair[0], pair[1]].map(|it| f64::from(it.min(highest)));
            sum += used;
            count += 1.0;
            if sum - count * next >= allowed {
                return (sum - allowed) / count;
            }
        }
        self.busiest.last().map_or(0.0, |used| f64::from(*used))
    }

    /// The share of the work above a request.
    pub(super) fn above(&self, request: f64) -> f64 {
        let used = self.busiest.iter().map(|used| f64::from(*used));
        let above = used.take_while(|used| *used > request);
        let above: f64 = above.map(|used| used - request).sum();
        if self.total > 0.0 {
            above / self.total
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sorted::Ordered;
    use super::*;

    fn bursting(cores: f32, slots: usize) -> Work {
        let mut samples = vec![0.012_f32; 4032];
        samples[..slots].fill(cores);
        let whole = 0..samples.len();
        let all = Ordered::of(&samples.into_iter().enumerate().collect::<Vec<_>>());
        Work::of(&[all.within(&whole, 0.8).expect("samples")])
    }

    #[test]
    fn the_level_leaves_just_the_share_above_it() {
        for share in [0.3, 0.1, 0.02] {
            for slots in [10, 48, 160, 600] {
                let work = bursting(4.0, slots);
                let level = work.level(share);
                assert!(work.above(level) <= share + 1e-3, "{share} {slots}");
                let less = work.above(level * 0.9);
                assert!(less > share || level < 0.02, "{share} {slots}: {less}");
            }
        }
    }

    #[test]
    fn a_burst_that_is_a_little_shorter_is_sized_a_little_lower() {
        let levels: Vec<f64> = (1..400)
            .map(|slots| bursting(6.0, slots).level(0.1))
            .collect();
        for pair in levels[40..].windows(2) {
            assert!(pair[1] / pair[0] < 1.1, "{pair:?}");
        }
        // Two hours a week.
        assert!(levels[47] > 4.5, "{}", levels[47]);
    }

    #[test]
    fn a_spike_asks_for_nothing() {
        assert!(bursting(20.0, 4).level(0.1) < 0.02);
    }

    #[test]
    fn even_use_asks_for_itself_and_none_for_nothing() {
        assert!((bursting(0.012, 10).level(0.0) - 0.012).abs() < 1e-6);
        assert!(Work::default().level(0.1) == 0.0);
        assert!(Work::default().above(0.1) == 0.0);
    }
}
