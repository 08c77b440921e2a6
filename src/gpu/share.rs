//! What rate programs keep that share one device by time slicing.
//!
//! Each program is a customer that thinks, on the CPU, and is served, by the device. Alone
//! it is served for the share of the time in which anything of it runs, *u*, and thinks for
//! the rest. Beside others its service takes longer by what it loses to them:
//!
//! ```text
//! R_i = u_i + θ × Σ_j (u_i × q_j)^α      q_j = R_j ÷ (1 − u_j + R_j)      rate_i = 1 ÷ (1 − u_i + R_i)
//! θ = max(min(1, Σ f ÷ σ)², min(1, Σ u)⁴)
//! ```
//!
//! *q* is how often the other one is in service, which is Schweitzer's approximation of a
//! closed queueing network. With θ = 1 the device is shared in equal slices of time: two
//! that never think keep one half each. Kernels that fill little of the device (*f*, the
//! larger of multiprocessors and memory) hand it over in less time than their programs
//! think anyway, so below σ together they hardly meet, as long as the time of the device
//! is not sold out: without MPS the kernels of one program alone run at a time, however
//! little they fill. From Σ u = 1 on programs wait for each other in any case, so that what
//! they keep is never more than there is: Σ u × rate ≤ 1. Programs that think lose their
//! place each time they come back, which α < 1 is for. More of *u* or *f* in any program
//! leaves less to each.
//!
//! α and σ are the least squares of the rates of 16 pairs of 12 programs, measured on one
//! H200 without MPS: neural networks that train and answer, at batch 1 and more, matrix
//! products, copies. Left out pair by pair, 26 of 32 rates are within 0.10 of what was
//! measured, and nothing that kept less than 0.85 was said to keep 0.90. Of busy programs
//! that fill little no pair was measured; for those the bound speaks.

/// What there is to know of one program alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Share of the time that anything of it runs, 0 to 1.
    pub busy: f64,
    /// How full the device is, 0 to 1: the larger of multiprocessors and memory.
    pub full: f64,
}

/// The share of its rate alone that a program keeps, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    pub value: f64,
    /// Nine of ten are between.
    pub low: f64,
    pub high: f64,
}

/// From here on it is said that programs fit together.
pub const FITS: f64 = 0.90;

/// The numbers of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    pub alpha: f64,
    pub sigma: f64,
}

/// Of all 16 pairs.
pub const FITTED: Model = Model {
    alpha: 0.8,
    sigma: 0.24,
};
/// The worst that was seen of a pair: what programs that both think may lose.
pub(super) const WORST: Model = Model {
    alpha: 0.5,
    sigma: 0.20,
};
/// The best.
pub(super) const BEST: Model = Model {
    alpha: 1.0,
    sigma: 0.50,
};
/// Rates of the same program differ by as much from run to run.
pub(super) const NOISE: f64 = 0.06;

/// Rounds until the shares of time stand still, at most, and how still that is.
const ROUNDS: usize = 200;
const STILL: f64 = 1e-9;

impl Model {
    /// What each of these keeps, 0 to 1.
    pub fn rates(&self, loads: &[Load]) -> Vec<f64> {
        let busy: Vec<f64> = loads.iter().map(|it| it.busy.clamp(0.0, 1.0)).collect();
        let meet = self.meet(loads);
        let mut served = busy.clone();
        let mut lost = vec![0.0; busy.len()];
        for _ in 0..ROUNDS {
            for (place, own) in busy.iter().enumerate() {
                let others = served.iter().enumerate().filter(|(it, _)| *it != place);
                let met = others.map(|(_, served)| (own * served).powf(self.alpha));
                lost[place] = meet * met.sum::<f64>();
            }
            let mut moved: f64 = 0.0;
            for ((served, lost), own) in served.iter_mut().zip(&lost).zip(&busy) {
                let now = (own + lost) / (1.0 + lost);
                moved = moved.max((now - *served).abs());
                *served = now;
            }
            if moved < STILL {
                break;
            }
        }
        lost.iter().map(|lost| 1.0 / (1.0 + lost)).collect()
    }

    /// How often programs wait where they meet, 0 to 1.
    fn meet(&self, loads: &[Load]) -> f64 {
        let full: f64 = loads.iter().map(|it| it.full.clamp(0.0, 1.0)).sum();
        let busy: f64 = loads.iter().map(|it| it.busy.clamp(0.0, 1.0)).sum();
        let by_full = (full / self.sigma).min(1.0).powi(2);
        by_full.max(busy.min(1.0).powi(4))
    }
}

/// What each of these programs keeps of its rate beside the others, on one device.
pub fn kept(loads: &[Load]) -> Vec<Kept> {
    let (fitted, worst, best) = (FITTED.rates(loads), WORST.rates(loads), BEST.rates(loads));
    let each = fitted.iter().zip(&worst).zip(&best);
    each.map(|((value, low), high)| Kept {
        value: *value,
        low: (low.min(*value) - NOISE).max(0.0),
        high: (high.max(*value) + NOISE).min(1.0),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::len_f64;

    const fn load(busy: f64, full: f64) -> Load {
        Load { busy, full }
    }

    fn values(loads: &[Load]) -> Vec<f64> {
        kept(loads).iter().map(|it| it.value).collect()
    }

    #[test]
    fn a_program_alone_keeps_everything() {
        assert_eq!(values(&[load(0.4, 0.3)]), [1.0]);
        assert!(kept(&[]).is_empty());
    }

    #[test]
    fn what_never_thinks_shares_in_equal_parts() {
        let full = load(1.0, 1.0);
        for count in [2, 3, 4] {
            let rates = values(&vec![full; count]);
            let part = 1.0 / len_f64(count);
            assert!(rates.iter().all(|it| (it - part).abs() < 1e-6), "{rates:?}");
        }
    }

    #[test]
    fn more_beside_it_leaves_less() {
        let own = load(0.5, 0.4);
        let mut before = 1.0;
        for busy in [0.0, 0.1, 0.3, 0.6, 1.0] {
            let rate = values(&[own, load(busy, busy)])[0];
            assert!(rate <= before + 1e-9, "{busy}: {rate}");
            before = rate;
        }
        assert!(values(&[own, own, own])[0] < values(&[own, own])[0]);
    }

    #[test]
    fn no_more_time_is_kept_than_there_is() {
        // How often it runs and how full it is then, of two; what one device has at most.
        for (a, b) in [
            (load(0.90, 0.05), load(0.35, 0.05)),
            (load(0.60, 0.05), load(0.60, 0.05)),
            (load(0.90, 0.05), load(0.90, 0.05)),
            (load(0.50, 0.05), load(0.50, 0.05)),
        ] {
            let rates = values(&[a, b]);
            assert!(a.busy * rates[0] + b.busy * rates[1] <= 1.0, "{rates:?}");
            assert!(rates.iter().all(|it| *it < FITS), "{rates:?}");
        }
        let steps = || (0..=10_u32).map(|it| f64::from(it) / 10.0);
        for (a, b, c) in
            steps().flat_map(|a| steps().flat_map(move |b| steps().map(move |c| (a, b, c))))
        {
            for model in [FITTED, WORST, BEST] {
                let loads = [load(a, a * c), load(b, 0.02), load(c, b * c)];
                let rates = model.rates(&loads);
                let time = loads.iter().zip(&rates).map(|(it, rate)| it.busy * rate);
                assert!(time.sum::<f64>() <= 1.0 + 1e-9, "{loads:?}: {rates:?}");
            }
        }
    }

    #[test]
    fn more_of_anything_leaves_less_to_each() {
        let steps = || (0..=10_u32).map(|it| f64::from(it) / 10.0);
        for (busy, full) in steps().flat_map(|a| steps().map(move |b| (a, a * b))) {
            for own in [load(0.1, 0.02), load(0.5, 0.05), load(0.8, 0.6)] {
                for model in [FITTED, WORST, BEST] {
                    let rates = |busy: f64, full: f64| model.rates(&[own, load(busy, full)]);
                    let now = rates(busy, full);
                    for more in [rates(busy + 0.05, full), rates(busy, full + 0.05)] {
                        let less = more.iter().zip(&now).all(|(more, now)| *more <= now + 1e-6);
                        assert!(less, "{own:?} beside {busy}, {full}: {now:?}, {more:?}");
                    }
                }
            }
        }
        // Two that run more and fill less than two others.
        let [most, more] = [load(0.50, 0.05), load(0.45, 0.10)].map(|it| values(&[it, it])[0]);
        assert!(most < more, "{most} {more}");
    }

    #[test]
    fn a_value_stands_within_its_bounds() {
        for a in 0..=10_u32 {
            for b in 0..=10_u32 {
                let of = |it: u32| load(f64::from(it) / 10.0, f64::from(it) / 12.0);
                for it in kept(&[of(a), of(b)]) {
                    assert!(0.0 <= it.low && it.low <= it.value);
                    assert!(it.value <= it.high && it.high <= 1.0, "{it:?}");
                }
            }
        }
    }
}
