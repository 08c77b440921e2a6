//! What single pods of a workload do with their devices: one that does nothing, or that
//! hangs, hides in the mean of all.

use super::card::Card;
use super::seen::Seen;
use crate::units::Span;

/// What the devices of one container of a pod did, the mean of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    pub pod: String,
    pub container: String,
    pub devices: f64,
    /// Means, of one device.
    pub busy: Option<f64>,
    /// The most that it was in any sample.
    pub most_busy: Option<f64>,
    pub full: Option<f64>,
    pub watts: Option<f64>,
    /// Share of the samples in which anything was done at all.
    pub did: Option<f64>,
    pub samples: usize,
    /// From the first sample to the last.
    pub watched: Span,
}

/// Below so many samples, and so much time, nothing is said of one.
const FEWEST: usize = 5;
const LONG: Span = Span::HOUR;
/// Of a device that does nothing: DCGM has a noise floor.
const NOTHING: f64 = 0.01;
/// Something runs for at least this share of the time where it hangs: a kernel that waits
/// for ever.
const ALWAYS: f64 = 0.95;
/// What that may do of multiprocessors and memory, and of power above the floor: two tiny
/// programs that together run all the time use 0.11, and 0.036 of the power of an H200.
const SPINS: f64 = 0.05;
const SPINS_POWER: f64 = 0.03;
/// The same of multiprocessors where no power confirms it.
const STANDS: f64 = 0.01;
/// So many devices of which one mean is told show by it which of them run: at most half of
/// them may not, and what runs does so all the time.
const FEW: f64 = 4.0;
const STEADY: f64 = 0.97;
const ABOVE: f64 = 0.01;

impl Part {
    fn is_known(&self) -> bool {
        self.samples >= FEWEST && self.watched >= LONG
    }

    /// Whether nothing at all was done.
    pub(super) fn is_unused(&self) -> bool {
        self.is_known() && self.did.is_some_and(|it| it <= NOTHING)
    }

    /// Whether something runs all the time and does nothing, at the power of doing nothing.
    pub(super) fn hangs(&self, card: Option<&Card>) -> bool {
        if !self.is_known() || self.busy.is_none_or(|it| it < ALWAYS) {
            return false;
        }
        let power = self.watts.zip(card);
        let power = power.map(|(watts, card)| card.fullness_at(watts));
        match (self.full, power) {
            (Some(full), Some(power)) => full <= SPINS && power <= SPINS_POWER,
            (Some(full), None) => full <= STANDS,
            (None, Some(power)) => power <= STANDS,
            (None, None) => false,
        }
    }

    /// Devices of several that seem never to be used: how often anything runs, the mean over
    /// all, stands still where only the others can have brought it.
    fn silent(&self) -> Option<f64> {
        let (busy, most) = (self.busy?, self.most_busy?);
        let all = self.devices.round();
        if !self.is_known() || !(2.0..=FEW).contains(&all) {
            return None;
        }
        let run = ((most - ABOVE) * all).ceil().max(1.0);
        let is_still = busy >= STEADY * run / all;
        (is_still && run < all && 2.0 * run >= all).then_some(all - run)
    }

    /// Whether nothing comes of it, one way or the other.
    pub(super) fn is_lost(&self, card: Option<&Card>) -> bool {
        self.is_unused() || self.hangs(card)
    }
}

impl Seen {
    /// Whether some hang, and none of the others does anything.
    pub(super) fn hangs(&self, card: Option<&Card>) -> bool {
        self.parts.iter().any(|it| it.hangs(card)) && self.parts.iter().all(|it| it.is_lost(card))
    }

    /// Of which nothing comes while others work, with the devices of each that this is of.
    pub(super) fn lost(&self, card: Option<&Card>) -> Vec<(&Part, f64)> {
        if self.parts.iter().all(|it| it.is_lost(card)) {
            return Vec::new();
        }
        let of = |part: &Part| {
            if part.is_lost(card) {
                Some(part.devices)
            } else {
                part.silent()
            }
        };
        let parts = self.parts.iter();
        parts.filter_map(|it| Some((it, of(it)?))).collect()
    }
}
