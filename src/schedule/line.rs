//! CPU as an autoscaler looks at it: between the middles of slots, so many times in each.

use super::history::History;
use super::hpa::SYNC;
use crate::units::float;

/// Metrics that an autoscaler sees are so many looks old: what a kubelet and the metrics
/// server take together is 30 to 90 seconds.
pub(super) const OLD: usize = 3;

/// Seconds from one look to the next, as a step.
const EACH: usize = SYNC as usize;

/// What all pods of a workload used together, on a line between the middles of slots.
pub(super) struct Line {
    cores: Vec<f32>,
    /// Seconds of a slot.
    step: i64,
    /// How far each look is from the middle of its slot, as a share of it.
    shares: Vec<f64>,
    within: Vec<Within>,
}

/// The least and the most at the looks in one slot; not finite where some of it is not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Within {
    /// Of what is used.
    pub(super) used: (f64, f64),
    /// Of what an autoscaler sees: see [`OLD`].
    pub(super) seen: (f64, f64),
}

impl Line {
    pub(super) fn of(history: &History) -> Self {
        let step = i64::from(history.grid.step.as_secs().max(1));
        let offsets = (0..step).step_by(EACH);
        let share = |offset: i64| (seconds(offset) + f64::from(SYNC) / 2.0) / seconds(step) - 0.5;
        let mut line = Self {
            cores: history.cores.clone(),
            step,
            shares: offsets.map(share).collect(),
            within: Vec::new(),
        };
        let bend = line.shares.partition_point(|it| *it < 0.0);
        let slots = 0..line.cores.len();
        line.within = slots.map(|slot| line.all_of(slot, bend)).collect();
        line
    }

    /// The looks in a slot, and how many seconds after its begin each is.
    pub(super) fn offsets(&self) -> impl Iterator<Item = (usize, i64)> + use<> {
        (0..self.looks()).zip((0..).step_by(EACH))
    }

    /// Seconds after its begin of the last of them.
    pub(super) fn last(&self) -> i64 {
        (self.step - 1) / i64::from(SYNC) * i64::from(SYNC)
    }

    /// Seconds from a look to the next, or to the end of the slot.
    pub(super) fn seconds(&self, offset: i64) -> f64 {
        seconds(self.step - offset).min(f64::from(SYNC))
    }

    pub(super) fn seconds_of_slot(&self) -> f64 {
        seconds(self.step)
    }

    /// Looks in a slot.
    pub(super) fn looks(&self) -> usize {
        self.shares.len()
    }

    /// Cores at a look in a slot.
    pub(super) fn at(&self, slot: usize, look: usize) -> f64 {
        let cores = |slot: usize| self.cores.get(slot).map_or(f64::NAN, |it| f64::from(*it));
        let own = cores(slot);
        let share = self.shares[look];
        let beside = if share < 0.0 {
            slot.checked_sub(1).map_or(f64::NAN, cores)
        } else {
            cores(slot + 1)
        };
        if own.is_finite() && beside.is_finite() {
            own + (beside - own) * share.abs()
        } else {
            own
        }
    }

    /// What an autoscaler sees at a look, which may be of the slot before.
    pub(super) fn seen(&self, slot: usize, look: usize) -> f64 {
        match look.checked_sub(OLD) {
            Some(before) => self.at(slot, before),
            None if slot == 0 || self.looks() < OLD => f64::NAN,
            None => self.at(slot - 1, self.looks() + look - OLD),
        }
    }

    /// What lies in one slot.
    pub(super) fn within(&self, slot: usize) -> Within {
        self.within[slot]
    }

    /// `bend` is the first look from the middle of a slot on.
    fn all_of(&self, slot: usize, bend: usize) -> Within {
        let looks = self.looks();
        let before = (0..OLD.min(looks)).map(|look| self.seen(slot, look));
        let own = (looks > OLD).then(|| self.between(slot, looks - 1 - OLD, bend));
        let seen = range(before.map(|it| (it, it)).chain(own));
        Within {
            used: self.between(slot, looks - 1, bend),
            seen,
        }
    }

    /// The least and the most from the first look to another: on a line that is at its ends, and
    /// in the middle there may be a bend.
    fn between(&self, slot: usize, until: usize, bend: usize) -> (f64, f64) {
        let around = [bend.wrapping_sub(1), bend].into_iter();
        let looks = [0, until]
            .into_iter()
            .chain(around.filter(|it| *it < until));
        range(looks.map(|look| self.at(slot, look)).map(|it| (it, it)))
    }
}

/// Of all ranges together; not finite where one of them is not.
fn range(all: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    all.fold((f64::INFINITY, f64::NEG_INFINITY), |all, it| {
        let least = all.0 <= it.0 || all.0.is_nan();
        let most = all.1 >= it.1 || all.1.is_nan();
        (
            if least { all.0 } else { it.0 },
            if most { all.1 } else { it.1 },
        )
    })
}

fn seconds(value: i64) -> f64 {
    float(u64::try_from(value).unwrap_or(0))
}
