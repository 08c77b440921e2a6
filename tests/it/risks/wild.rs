//! Series that are wild by nature: heavy tails, bursts, switches, walks and counts. Each seed
//! is another one of its kind, with a scale, a rate and a length of its own.

use kcost::units::{count_from, len_f64};

use super::noise::Random;

const DAY: f64 = 86_400.0;
const HOUR: f64 = 3_600.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wild {
    /// Independent, with a lognormal tail, that of a power, or Student's.
    Lognormal,
    Pareto,
    Student,
    /// The same with a rhythm of days and weeks, or with a memory.
    LognormalWeekly,
    LognormalRed,
    /// Calm and restless hours by turns.
    Restless,
    /// By a Poisson process: a few a day, with heights of a heavy tail, on a daily rhythm,
    /// many that overlap, and one to fifteen a month.
    Bursts,
    HeavyBursts,
    DailyBursts,
    Overlapping,
    SeldomBursts,
    /// On and off, as work comes, and by a clock that is not exact.
    OnOff,
    Batch,
    /// One of a few levels, for hours or days.
    Regimes,
    /// A walk that comes back, and one of the logarithm.
    Wander,
    WanderLog,
    /// Counts of many and of few events, and of events in clusters.
    Counts,
    SeldomCounts,
    Clusters,
    /// Up, and down at once: a heap, a buffer.
    Saw,
}

pub(super) static ALL: &[Wild] = &[
    Wild::Lognormal,
    Wild::Pareto,
    Wild::Student,
    Wild::LognormalWeekly,
    Wild::LognormalRed,
    Wild::Restless,
    Wild::Bursts,
    Wild::HeavyBursts,
    Wild::DailyBursts,
    Wild::Overlapping,
    Wild::SeldomBursts,
    Wild::OnOff,
    Wild::Batch,
    Wild::Regimes,
    Wild::Wander,
    Wild::WanderLog,
    Wild::Counts,
    Wild::SeldomCounts,
    Wild::Clusters,
    Wild::Saw,
];

/// What a series is made of, one value a `step` of seconds.
struct Maker {
    random: Random,
    step: f64,
    slots: usize,
}

pub(super) fn series(kind: Wild, seed: u64, step: i64, days: i64) -> Vec<f64> {
    let place = ALL.iter().position(|it| *it == kind).unwrap();
    let mut maker = Maker {
        random: Random::new(seed * 7_919 + u64::try_from(place).unwrap() * 104_729 + 13),
        step: f64::from(i32::try_from(step).unwrap()),
        slots: usize::try_from(days * 86_400 / step).unwrap(),
    };
    let slots = maker.slots;
    let values = match kind {
        Wild::Lognormal => maker.lognormal(0.3, 1.5),
        Wild::Pareto => maker.pareto(),
        Wild::Student => maker.student(),
        Wild::LognormalWeekly => {
            let noise = maker.lognormal(0.2, 1.0);
            let wave = |slot: usize| maker.wave(slot) * maker.weekend(slot);
            noise
                .iter()
                .enumerate()
                .map(|(slot, it)| it * wave(slot))
                .collect()
        }
        Wild::LognormalRed => {
            let size = maker.between(0.3, 1.3);
            let lasts = maker.across(600.0, 6.0 * HOUR);
            maker
                .walk(lasts)
                .iter()
                .map(|it| (size * it).exp())
                .collect()
        }
        Wild::Restless => maker.restless(),
        Wild::Bursts | Wild::HeavyBursts | Wild::DailyBursts => {
            let rate = maker.across(0.3, 20.0);
            maker.bursts(kind, rate)
        }
        Wild::Overlapping => {
            let rate = maker.across(8.0, 200.0);
            maker.bursts(kind, rate)
        }
        Wild::SeldomBursts => {
            let rate = maker.across(1.0 / 30.0, 0.5);
            maker.bursts(kind, rate)
        }
        Wild::OnOff => maker.on_off(),
        Wild::Batch => maker.batch(),
        Wild::Regimes => maker.regimes(),
        Wild::Wander | Wild::WanderLog => {
            let size = maker.between(0.1, 0.5);
            let lasts = maker.across(0.1 * DAY, 5.0 * DAY);
            let walk = maker.walk(lasts).into_iter();
            let values = walk.map(|it| match kind {
                Wild::Wander => 1.0 + 0.6 * size * it,
                _ => (2.0 * size * it).exp(),
            });
            values
                .map(|it| it * (1.0 + 0.03 * maker.random.normal()))
                .collect()
        }
        Wild::Counts => {
            let mean = maker.across(0.3, 30.0);
            (0..slots).map(|_| 0.01 * maker.count(mean)).collect()
        }
        Wild::SeldomCounts => {
            let mean = maker.across(0.3, 30.0) * maker.step / DAY;
            (0..slots).map(|_| 0.1 * maker.count(mean)).collect()
        }
        Wild::Clusters => {
            let (mean, shape) = (maker.across(0.1, 10.0), maker.between(0.3, 2.3));
            let next = |_| {
                let own = mean * maker.waits().powf(1.0 / shape);
                0.01 * maker.count(own)
            };
            (0..slots).map(next).collect()
        }
        Wild::Saw => maker.saw(),
    };
    values.into_iter().map(|it: f64| it.max(0.0)).collect()
}

impl Maker {
    fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.random.even()
    }

    /// As often between 1 and 10 as between 10 and 100.
    fn across(&mut self, least: f64, most: f64) -> f64 {
        self.between(least.ln(), most.ln()).exp()
    }

    /// Exponential, with the mean 1.
    fn waits(&mut self) -> f64 {
        -self.random.even().ln()
    }

    /// Of a Poisson distribution.
    fn count(&mut self, mean: f64) -> f64 {
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.random.normal()).round().max(0.0);
        }
        let (mut left, mut count) = (self.random.even(), 0.0);
        while left > (-mean).exp() {
            left *= self.random.even();
            count += 1.0;
        }
        count
    }

    /// Whether something that lasts so many seconds ends within a step.
    fn ends(&mut self, lasts: f64) -> bool {
        self.random.even() < self.step / lasts
    }

    fn wave(&self, slot: usize) -> f64 {
        1.0 + 0.5 * (std::f64::consts::TAU * len_f64(slot) * self.step / DAY).sin()
    }

    fn weekend(&self, slot: usize) -> f64 {
        // The first day is a Thursday.
        let day = count_from((len_f64(slot) * self.step / DAY).floor()) % 7;
        if matches!(day, 2 | 3) { 0.4 } else { 1.0 }
    }

    fn lognormal(&mut self, least: f64, most: f64) -> Vec<f64> {
        let size = self.between(least, most);
        let next = |_| (size * self.random.normal()).exp();
        (0..self.slots).map(next).collect()
    }

    fn pareto(&mut self) -> Vec<f64> {
        let power = self.between(1.3, 4.0);
        let next = |_| self.random.even().powf(-1.0 / power);
        (0..self.slots).map(next).collect()
    }

    fn student(&mut self) -> Vec<f64> {
        let freedom = count_from(self.between(2.5, 5.5));
        let freedom = u32::try_from(freedom).unwrap();
        let next = |_| {
            let squares: f64 = (0..freedom).map(|_| self.random.normal().powi(2)).sum();
            1.0 + 0.1 * self.random.normal() / (squares / f64::from(freedom)).sqrt()
        };
        (0..self.slots).map(next).collect()
    }

    /// A walk that comes back to 0 within so many seconds, of spread 1 (Ornstein-Uhlenbeck).
    fn walk(&mut self, lasts: f64) -> Vec<f64> {
        let keeps = (-self.step / lasts).exp();
        let mut at = self.random.normal();
        let next = |_| {
            at = keeps * at + (1.0 - keeps * keeps).sqrt() * self.random.normal();
            at
        };
        (0..self.slots).map(next).collect()
    }

    /// Whose spread follows its own last change (GARCH 1,1).
    fn restless(&mut self) -> Vec<f64> {
        let follows = self.between(0.1, 0.3);
        let (mut spread, mut last) = (0.01, 0.0);
        let next = |_| {
            spread = 0.000_3 + follows * last * last + (0.97 - follows) * spread;
            last = f64::sqrt(spread) * self.random.normal();
            1.0 + last
        };
        (0..self.slots).map(next).collect()
    }

    fn bursts(&mut self, kind: Wild, a_day: f64) -> Vec<f64> {
        let lasts = self.across(300.0, 3.0 * HOUR);
        let (shape, power) = (self.random.even(), self.between(1.5, 3.5));
        let adds = self.random.even() < 0.5;
        let (base, noise) = (self.between(0.02, 0.3), self.between(0.02, 0.1));
        let mut values = vec![0.0; self.slots];
        let end = len_f64(self.slots) * self.step;
        let mut at = self.waits() * DAY / a_day;
        while at < end {
            let until = (at + lasts * self.waits()).min(end);
            let height = match kind {
                Wild::HeavyBursts => self.random.even().powf(-1.0 / power),
                _ if shape < 0.33 => 1.0,
                _ if shape < 0.67 => self.between(0.5, 1.5),
                _ => self.waits(),
            };
            self.burst(&mut values, (at, until), height, adds);
            at += self.waits() * DAY / a_day;
        }
        for (slot, value) in values.iter_mut().enumerate() {
            let wave = if kind == Wild::DailyBursts {
                self.wave(slot)
            } else {
                1.0
            };
            *value += base * wave * (1.0 + noise * self.random.normal());
        }
        values
    }

    /// From one second to another, on top of what is there or beside it.
    fn burst(&self, values: &mut [f64], (from, until): (f64, f64), height: f64, adds: bool) {
        let mut slot = usize::try_from(count_from((from / self.step).floor())).unwrap();
        while slot < values.len() && len_f64(slot) * self.step < until {
            let (begins, ends) = (len_f64(slot) * self.step, len_f64(slot + 1) * self.step);
            let own = height * (until.min(ends) - from.max(begins)) / self.step;
            values[slot] = if adds {
                values[slot] + own
            } else {
                values[slot].max(own)
            };
            slot += 1;
        }
    }

    fn on_off(&mut self) -> Vec<f64> {
        let slots = self.slots;
        let (on, off) = (
            self.across(900.0, 12.0 * HOUR),
            self.across(1_800.0, 2.0 * DAY),
        );
        let mut is_on = self.random.even() < on / (on + off);
        let base = self.between(0.01, 0.1);
        let next = |_| {
            is_on ^= self.ends(if is_on { on } else { off });
            let level = if is_on { 1.0 } else { base };
            level * (1.0 + 0.05 * self.random.normal())
        };
        (0..slots).map(next).collect()
    }

    fn batch(&mut self) -> Vec<f64> {
        let every = [1.0, 2.0, 4.0, 6.0, 24.0, 48.0];
        let every =
            HOUR * every[usize::try_from(count_from(self.between(-0.5, 5.49).max(0.0))).unwrap()];
        let late = if self.random.even() < 0.5 { 0.0 } else { 0.3 };
        let mut values = vec![0.05; self.slots];
        let mut due = every * self.random.even();
        while due < len_f64(self.slots) * self.step {
            let at = (due + late * every * self.random.even()).max(0.0);
            let lasts = 0.1 * every * (0.3 * self.random.normal()).exp();
            self.burst(&mut values, (at, at + lasts), 1.0, false);
            due += every;
        }
        let wild = values.into_iter();
        wild.map(|it| it * (1.0 + 0.05 * self.random.normal()))
            .collect()
    }

    fn regimes(&mut self) -> Vec<f64> {
        let slots = self.slots;
        let stays = self.across(0.25 * DAY, 6.0 * DAY);
        let many = 2 + count_from(self.between(0.0, 2.0));
        let levels: Vec<f64> = (0..many).map(|_| self.between(0.2, 2.0)).collect();
        let (mut level, noise) = (levels[0], self.between(0.03, 0.13));
        let next = |_| {
            if self.ends(stays) {
                let last = len_f64(levels.len() - 1);
                level = levels[usize::try_from(count_from(self.between(0.0, last))).unwrap()];
            }
            level * (1.0 + noise * self.random.normal())
        };
        (0..slots).map(next).collect()
    }

    fn saw(&mut self) -> Vec<f64> {
        let lasts = self.across(HOUR, 3.0 * DAY);
        let (mut at, mut own) = (0.0, lasts);
        let next = |_| {
            at += self.step / own;
            if at > 1.0 {
                at = 0.0;
                own = lasts * (0.3 * self.random.normal()).exp();
            }
            0.5 + at + 0.02 * self.random.normal()
        };
        (0..self.slots).map(next).collect()
    }
}
