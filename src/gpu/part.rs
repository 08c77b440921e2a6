//! What single pods of a workload do with their devices: one that does nothing, or that
//! hangs, hides in the mean of all.

use jiff::Timestamp;

use super::card::Card;
use super::each::Each;
use super::seen::Seen;
use crate::units::{Span, len_f64};

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
    /// What memory and tensor units did, the larger of both.
    pub moved: Option<f64>,
    pub watts: Option<f64>,
    /// Share of the samples in which anything was done at all.
    pub did: Option<f64>,
    pub samples: usize,
    /// From the first sample to the last.
    pub watched: Span,
    /// What is told of each of its devices; `None` where only their mean is.
    pub each: Option<Each>,
    /// Since when something ran all the time up to the end and did nothing, and how long.
    pub hung: Option<(Timestamp, Span)>,
    /// Since when nothing was done up to the end, and how long, where that is longer than it
    /// ever was before.
    pub ended: Option<(Timestamp, Span)>,
}

/// What of a part nothing comes of, and for how long by now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lost<'a> {
    pub part: &'a Part,
    pub devices: f64,
    pub span: Span,
}

impl Lost<'_> {
    /// Whether nothing ever came of it, as far as it was seen; not where only a mean hints
    /// at it.
    pub(super) fn never_worked(&self) -> bool {
        let part = self.part;
        let is_told = part.each.is_some() || self.devices >= part.devices;
        let each = part.each.as_ref().filter(|it| it.is_partly_used());
        is_told
            && each.is_none_or(|it| it.unused.iter().all(|it| !it.worked))
            && part.ended.is_none()
            && part.hung.is_none()
    }
}

/// What a device did over some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doing {
    /// Share of the time that anything ran.
    pub busy: f64,
    /// The larger of multiprocessors and memory.
    pub full: Option<f64>,
    /// The larger of memory and tensor units.
    pub moved: Option<f64>,
    /// Power above its floor ÷ what it can draw above it.
    pub power: Option<f64>,
}

impl Doing {
    /// Whether something runs all the time and does nothing, at the power of doing nothing.
    pub fn hangs(&self) -> bool {
        if self.busy < ALWAYS {
            return false;
        }
        let moves_nothing = self.moved.is_some_and(|it| it <= NOTHING);
        match (self.full, self.power) {
            // A kernel that only waits may hold every multiprocessor, and draws no power.
            (Some(full), Some(power)) => power <= SPINS_POWER && (full <= SPINS || moves_nothing),
            (Some(full), None) => full <= STANDS,
            (None, Some(power)) => power <= STANDS || moves_nothing && power <= SPINS,
            (None, None) => false,
        }
    }
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
/// What fills more of a device than this is work.
const FULL_OF_WORK: f64 = 0.2;

impl Part {
    fn is_known(&self) -> bool {
        self.samples >= FEWEST && self.watched >= LONG
    }

    /// Whether nothing at all was done, or nothing any more.
    pub(super) fn is_unused(&self) -> bool {
        self.ended.is_some() || self.is_known() && self.did.is_some_and(|it| it <= NOTHING)
    }

    /// Whether something runs all the time and does nothing, at the power of doing nothing.
    pub(super) fn hangs(&self, card: Option<&Card>) -> bool {
        let power = self.watts.zip(card);
        let all = self.busy.map(|busy| Doing {
            busy,
            full: self.full,
            moved: self.moved,
            power: power.map(|(watts, card)| card.fullness_at(watts)),
        });
        self.hung.is_some() || self.is_known() && all.is_some_and(|it| it.hangs())
    }

    /// Whether it does something that may come to something.
    pub(super) fn computes(&self, card: Option<&Card>) -> bool {
        self.did.is_some_and(|it| it > NOTHING) && !self.hangs(card) && self.ended.is_none()
    }

    /// How long nothing has come of it.
    pub(super) fn lost_for(&self) -> Span {
        let since = self.hung.or(self.ended);
        since.map_or(self.watched, |(_, span)| span)
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

    /// What of it nothing comes of.
    fn lost(&self, card: Option<&Card>) -> Option<Lost<'_>> {
        let (devices, span) = if self.is_lost(card) {
            (self.devices, self.lost_for())
        } else if let Some(each) = &self.each {
            let shortest = each.unused.iter().map(|it| it.span).min()?;
            (len_f64(each.unused.len()), shortest)
        } else {
            (self.silent()?, self.lost_for())
        };
        Some(Lost {
            part: self,
            devices,
            span,
        })
    }

    /// Whether nothing comes of it, one way or the other.
    pub(super) fn is_lost(&self, card: Option<&Card>) -> bool {
        self.is_unused() || self.hangs(card)
    }
}

impl Seen {
    /// How long none of its devices did anything, up to the end, where they did before.
    pub(super) fn ended(&self) -> Option<(Timestamp, Span)> {
        let all: Option<Vec<_>> = self.parts.iter().map(|it| it.ended).collect();
        all?.into_iter().max()
    }

    /// Since when all of them hang.
    pub(super) fn hung(&self) -> Option<Timestamp> {
        let hung = self.parts.iter().filter_map(|it| it.hung);
        hung.map(|(since, _)| since).max()
    }

    /// Whether it computed something before it hung.
    pub(super) fn worked(&self) -> bool {
        let longest = self.parts.iter().filter_map(|it| it.hung);
        let longest = longest.map(|(_, span)| span).max();
        longest.is_some_and(|it| 2 * u64::from(it.as_secs()) < u64::from(self.watched.as_secs()))
            || self.full.is_some_and(|it| it.p99 > FULL_OF_WORK)
    }

    /// Whether some hang, and none of the others does anything.
    pub(super) fn hangs(&self, card: Option<&Card>) -> bool {
        self.parts.iter().any(|it| it.hangs(card)) && self.parts.iter().all(|it| it.is_lost(card))
    }

    /// Of which nothing comes while others work.
    pub(super) fn lost(&self, card: Option<&Card>) -> Vec<Lost<'_>> {
        if self.parts.iter().all(|it| it.is_lost(card)) {
            return Vec::new();
        }
        let parts = self.parts.iter();
        parts.filter_map(|it| it.lost(card)).collect()
    }

    /// Whether single devices of some container are not told apart.
    pub(super) fn is_blurred(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|it| it.devices > 1.0 && it.each.is_none())
    }
}
