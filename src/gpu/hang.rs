//! What runs for ever and does nothing: a hang.
//!
//! Both what `kcost gpus` says of a workload and the risk of it come from here.

use jiff::Timestamp;

use super::card::Card;
use super::part::NOTHING;
use crate::snapshot::{BARELY, DeviceStand, NONE};
use crate::text::percent;
use crate::units::Span;

/// Up to its newest sample something runs on a device and does next to nothing: it hangs, or
/// tiny kernels run for ever.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hang {
    pub since: Timestamp,
    pub span: Span,
    /// Whether no small load looks like it.
    pub plain: bool,
    /// Whether it did work before that nothing but work looks like.
    pub worked: bool,
    /// Share of the time that something runs.
    pub busy: f64,
}

/// How long it must have been so, and in so many samples.
const LONG: Span = Span::HOUR;
const OFTEN: u32 = 5;
/// Something runs for at least this share of the time where it hangs: a kernel that waits
/// for ever.
const ALWAYS: f64 = 0.90;
/// What that may do of multiprocessors and memory, and of power above the floor: two tiny
/// programs that together run all the time use 0.11, and 0.036 of the power of an H200.
const SPINS: f64 = 0.05;
const SPINS_POWER: f64 = 0.03;
/// The same of multiprocessors where no power confirms it, or nothing before it.
const STANDS: f64 = 0.01;
/// Multiprocessors that no load holds at the power of doing nothing.
const HOLDS_ALL: f64 = 0.5;
/// What fills more of a device than this is work.
const FULL_OF_WORK: f64 = 0.2;
/// Power above the least that a device ever drew, of what it drew above that when it worked;
/// what it drew then is so many times the least, and where nothing else tells, so many.
const OF_OWN: f64 = 0.10;
const WORKED: f64 = 1.5;
const WORKED_HARD: f64 = 2.5;
/// The power of small cards that hold a context is this share above their floor at most.
const SMALL_CARD: f64 = 0.30;

impl Hang {
    /// Of a device whose newest sample is this one, so far from the one before.
    pub fn of(
        stand: &DeviceStand,
        (until, every): (Timestamp, Span),
        card: Option<&Card>,
    ) -> Option<Self> {
        let seconds = until.as_second() - stand.since.as_second();
        let span = Span::from_secs(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX));
        let lasts = span.as_secs() + every.as_secs() >= LONG.as_secs();
        let doing = Doing::of_stand(stand, card);
        (lasts && stand.samples >= OFTEN && doing.hangs(true)).then(|| Self {
            since: stand.since,
            span,
            plain: doing.hangs(false),
            worked: stand.before_ratio.is_some_and(|it| it > FULL_OF_WORK),
            busy: stand.busy_ratio,
        })
    }

    /// `all the time`, `50% of the time`.
    pub fn often(&self) -> String {
        if self.busy >= ALWAYS {
            return "all the time".to_owned();
        }
        format!("{} of the time", percent(self.busy))
    }

    /// Whether it hangs: small loads that did no more before look like what may be one.
    pub fn is_sure(&self) -> bool {
        self.plain || self.worked
    }
}

/// What a device did over some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Doing {
    /// Share of the time that anything ran.
    pub(super) busy: f64,
    /// The larger of multiprocessors and memory.
    pub(super) full: Option<f64>,
    /// The larger of memory and tensor units.
    pub(super) moved: Option<f64>,
    /// Power above its floor ÷ what it can draw above it.
    pub(super) power: Option<f64>,
    /// Power above the least of its own ÷ what it drew above that when it worked, and how many
    /// times the least that was.
    pub(super) own: Option<(f64, f64)>,
    /// Whether it is so in every sample: a mean may hide a little work.
    pub(super) throughout: bool,
}

impl Doing {
    fn of_stand(stand: &DeviceStand, card: Option<&Card>) -> Self {
        let watts = stand.power_watts;
        let own = watts.zip(stand.least_watts.zip(stand.worked_watts));
        Self {
            busy: stand.busy_ratio,
            full: stand.full_ratio,
            moved: stand.moved_ratio,
            power: watts.zip(card).map(|(it, card)| card.fullness_at(it)),
            own: own
                .filter(|(_, (least, worked))| *least > 0.0 && *worked >= WORKED * least)
                .map(|(now, (least, worked))| ((now - least) / (worked - least), worked / least)),
            throughout: true,
        }
    }

    /// Whether units tell that nothing at all is done: how often something runs says no more.
    fn does_nothing(&self) -> bool {
        let units = self.full.zip(self.moved);
        self.throughout && units.is_some_and(|(full, moved)| full.max(moved) <= NONE)
    }

    /// Whether something runs all the time and does nothing, at the power of doing nothing.
    /// Kernels that wait for others fill a little of a device, as tiny ones that do not: what
    /// `worked` before tells them apart.
    pub(super) fn hangs(&self, worked: bool) -> bool {
        let often = if self.does_nothing() { BARELY } else { ALWAYS };
        if self.busy < often {
            return false;
        }
        let moves_nothing = self.moved.is_some_and(|it| it <= NOTHING);
        // Of small cards a context alone draws much.
        let far = self.power.is_some_and(|it| it > SMALL_CARD);
        let own = self.own.filter(|it| it.0 <= OF_OWN && !far);
        let Some(full) = self.full else {
            let by_card = |most: f64| self.power.is_some_and(|it| it <= most);
            let by_own = |least: f64| own.is_some_and(|it| it.1 >= least);
            return by_card(STANDS)
                || moves_nothing && (by_card(SPINS) || by_own(WORKED))
                || self.moved.is_none() && by_own(WORKED_HARD);
        };
        if self.power.is_none() && self.own.is_none() {
            return full <= STANDS;
        }
        // A kernel that only waits may hold every multiprocessor, and draws no power.
        let plain = full <= STANDS || full >= HOLDS_ALL && moves_nothing;
        let rests = self.power.is_some_and(|it| it <= SPINS_POWER);
        rests && (plain || worked && (full <= SPINS || moves_nothing))
            || own.is_some() && (plain || worked && full <= SPINS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doing(full: Option<f64>, moved: Option<f64>, watts: f64, card: Option<&Card>) -> Doing {
        Doing {
            busy: 0.97,
            full,
            moved,
            power: card.map(|it| it.fullness_at(watts)),
            own: None,
            throughout: true,
        }
    }

    #[test]
    fn power_near_that_of_doing_nothing_tells_a_hang() {
        let h200 = Card::of("NVIDIA H200");
        let hangs = doing(Some(0.0), Some(0.0), 125.0, h200);
        assert!(hangs.hangs(false));
        // How often something runs says nothing where units do, but a mean of them may hide work.
        let seldom = Doing { busy: 0.2, ..hangs };
        assert!(seldom.hangs(false));
        for works in [
            Doing {
                throughout: false,
                ..seldom
            },
            Doing {
                full: Some(0.004),
                ..seldom
            },
            Doing {
                moved: None,
                ..seldom
            },
            Doing {
                power: Some(0.2),
                ..seldom
            },
            Doing {
                busy: 0.05,
                ..seldom
            },
        ] {
            assert!(!works.hangs(true), "{works:?}");
        }
        // Every multiprocessor is held, and nothing is drawn.
        assert!(doing(Some(0.98), Some(0.0), 130.0, h200).hangs(false));
        // Two tiny programs, a memory copy and a small model work.
        for works in [
            doing(Some(0.11), Some(0.004), 141.0, h200),
            doing(Some(0.98), Some(0.88), 471.0, h200),
            doing(Some(0.04), Some(0.003), 131.0, h200),
            doing(None, Some(0.0), 300.0, h200),
        ] {
            assert!(!works.hangs(false), "{works:?}");
        }
    }

    #[test]
    fn what_a_device_drew_before_tells_it_where_its_card_does_not() {
        let t4 = Card::of("Tesla T4");
        for card in [t4, None] {
            let hangs = Doing {
                own: Some((0.03, 2.4)),
                ..doing(Some(0.0), Some(0.0), 28.0, card)
            };
            assert!(hangs.hangs(false), "{hangs:?}");
            let works = Doing {
                full: Some(0.11),
                ..hangs
            };
            assert!(!works.hangs(true));
        }
        // It drew more before, and far more than nothing now.
        let less = Doing {
            own: Some((0.0, 1.6)),
            ..doing(None, Some(0.0), 300.0, Card::of("H100"))
        };
        assert!(!less.hangs(true));
    }
}
