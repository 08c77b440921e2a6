//! What rate programs keep that share one device by time slicing.
//!
//! Each program is a customer that thinks, on the CPU, and is served, by the device. Alone
//! it is served for the share of the time in which anything of it runs, *u*, and thinks for
//! the rest. Beside others its service takes longer by what it meets there:
//!
//! ```text
//! R_i = u_i × (1 + Σ_j θ_ij × q_j)      q_j = R_j ÷ (1 − u_j + R_j)      rate_i = 1 ÷ (1 − u_i + R_i)
//! θ_ij = min(1, (Σ f ÷ σ)²) × (1 + β × (1 − u_i) × (1 − u_j))
//! ```
//!
//! *q* is how often the other one is in service, which is Schweitzer's approximation of a
//! closed queueing network. With θ = 1 the device is shared in equal slices of time: two
//! that never think keep one half each. Kernels that fill little of the device (*f*, the
//! larger of multiprocessors and memory) hand it over in less time than their programs
//! think anyway, so below σ together they hardly meet. Programs that both think lose their
//! place each time they come back, which β is for. Two that never think lose none.
//!
//! β and σ are the least squares of the rates of 16 pairs of 12 programs, measured on one
//! H200 without MPS: neural networks that train and answer, at batch 1 and more, matrix
//! products, copies. Left out pair by pair, 26 of 32 rates are within 0.10 of what was
//! measured, and nothing that kept less than 0.85 was said to keep 0.90.

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
    pub beta: f64,
    pub sigma: f64,
}

/// Of all 16 pairs.
pub const FITTED: Model = Model {
    beta: 1.5,
    sigma: 0.24,
};
/// The worst that was seen of a pair: what programs that both think may lose.
const WORST: Model = Model {
    beta: 5.0,
    sigma: 0.20,
};
/// The best.
const BEST: Model = Model {
    beta: 0.0,
    sigma: 0.50,
};
/// Rates of the same program differ by as much from run to run.
const NOISE: f64 = 0.04;

/// Rounds until the shares of time stand still.
const ROUNDS: usize = 200;

impl Model {
    /// What each of these keeps, 0 to 1.
    pub fn rates(&self, loads: &[Load]) -> Vec<f64> {
        let busy = |load: &Load| load.busy.clamp(0.0, 1.0);
        let full: f64 = loads.iter().map(|it| it.full.clamp(0.0, 1.0)).sum();
        let meet = (full / self.sigma).powi(2).min(1.0);
        let mut served: Vec<f64> = loads.iter().map(busy).collect();
        let mut residence = served.clone();
        for _ in 0..ROUNDS {
            for (place, load) in loads.iter().enumerate() {
                let own = busy(load);
                let others = loads.iter().zip(&served).enumerate();
                let met = others.filter(|(other, _)| *other != place);
                let met = met.map(|(_, (other, served))| {
                    meet * (1.0 + self.beta * (1.0 - own) * (1.0 - busy(other))) * served
                });
                residence[place] = own * (1.0 + met.sum::<f64>());
            }
            for ((served, residence), load) in served.iter_mut().zip(&residence).zip(loads) {
                let cycle = 1.0 - busy(load) + residence;
                *served = if cycle > 0.0 { residence / cycle } else { 0.0 };
            }
        }
        let each = residence.iter().zip(loads);
        each.map(|(residence, load)| 1.0 / (1.0 - busy(load) + residence))
            .collect()
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
