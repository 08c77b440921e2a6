//! Series of use as they are everywhere, made of few lines, always the same.

use kcost::units::count_from;

/// A generator that is good enough for noise (`SplitMix64`).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B)
    }

    /// Between 0 and 1.
    pub(super) fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let top = u32::try_from((z ^ (z >> 31)) >> 32).unwrap();
        (f64::from(top) + 0.5) / 4_294_967_296.0
    }

    /// Of a normal distribution.
    pub(super) fn normal(&mut self) -> f64 {
        let (a, b) = (self.even(), self.even());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    White,
    Red,
    Daily,
    Weekly,
    Growing,
    Bursts,
    Heavy,
    Counted,
    Constant,
}

pub(super) static QUIET: &[Kind] = &[
    Kind::White,
    Kind::Red,
    Kind::Daily,
    Kind::Weekly,
    Kind::Growing,
    Kind::Bursts,
    Kind::Heavy,
    Kind::Counted,
    Kind::Constant,
];

pub(super) fn series(kind: Kind, seed: u64, step: i64, days: i64) -> Vec<f64> {
    let mut random = Random::new(seed);
    let slots = days * 86_400 / step;
    let a_day = f64::from(i32::try_from(86_400 / step).unwrap());
    let (mut red, mut left, mut height) = (0.0, 0, 0.0);
    let keeps = 0.99_f64.powf(288.0 / a_day);
    let bursts = 1.0 + 7.0 * random.even();
    let next = |slot: i64| {
        let day = f64::from(i32::try_from(slot).unwrap()) / a_day;
        let noise = random.normal();
        let wave = (std::f64::consts::TAU * day).sin();
        red = keeps * red + (1.0 - keeps * keeps).sqrt() * noise;
        // The first day is a Thursday.
        let weekend = matches!((slot * step / 86_400) % 7, 2 | 3);
        match kind {
            Kind::White => 1.0 + 0.1 * noise,
            Kind::Red => 1.0 + 0.2 * red,
            Kind::Daily => (1.0 + 0.6 * wave) * (0.12 * noise).exp(),
            Kind::Weekly => (1.0 + 0.5 * wave) * if weekend { 0.4 } else { 1.0 } + 0.05 * noise,
            Kind::Growing => 1.0 + 0.1 * day + 0.2 * wave + 0.05 * noise,
            Kind::Bursts => {
                if left == 0 && random.even() < bursts / a_day {
                    left = 1 + i64::try_from(count_from(random.even() * 2_400.0)).unwrap() / step;
                    height = 0.5 + random.even();
                }
                let burst = if left > 0 { height } else { 0.0 };
                left = (left - 1).max(0);
                0.05 + 0.005 * noise + burst
            }
            Kind::Heavy => (0.5 * noise / random.even().max(0.05).sqrt().min(1.0)).exp(),
            Kind::Counted => 0.01 * (-random.even().ln() * 0.6).floor(),
            Kind::Constant => 0.25,
        }
    };
    (0..slots).map(next).map(|it: f64| it.max(0.0)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Spike,
    Shift,
    Stop,
    LostPeak,
}

impl Change {
    /// Whether it can be seen in it at all.
    pub(super) fn shows_in(self, kind: Kind) -> bool {
        match kind {
            Kind::Bursts | Kind::Heavy | Kind::Counted => false,
            Kind::Daily | Kind::Weekly => true,
            _ => self != Self::LostPeak,
        }
    }
}

pub(super) static CHANGES: &[Change] =
    &[Change::Spike, Change::Shift, Change::Stop, Change::LostPeak];

/// Puts it into the second half, and says which slots it lasts.
pub(super) fn put(
    values: &mut [f64],
    change: Change,
    step: i64,
    random: &mut Random,
) -> (usize, usize) {
    let hour = usize::try_from(3_600 / step).unwrap();
    let place = (0.5 + 0.4 * random.even()) * f64::from(u32::try_from(values.len()).unwrap());
    let at = usize::try_from(count_from(place)).unwrap();
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (middle, low) = (sorted[sorted.len() / 2], sorted[sorted.len() / 5]);
    match change {
        Change::Spike => {
            values[at..at + hour]
                .iter_mut()
                .for_each(|it| *it += 2.0 * middle);
            (at, at + hour)
        }
        Change::Shift => {
            values[at..].iter_mut().for_each(|it| *it *= 2.0);
            (at, values.len() - 1)
        }
        Change::Stop => {
            values[at..at + 2 * hour].fill(0.0);
            (at, at + 2 * hour)
        }
        Change::LostPeak => {
            // A whole day, on a Monday to Thursday, at what it is by night.
            let day = 24 * hour;
            let from = 11 * day;
            for it in &mut values[from..from + day] {
                *it = it.min(low);
            }
            (from, from + day)
        }
    }
}
