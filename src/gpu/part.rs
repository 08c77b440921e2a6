//! What single pods of a workload do with their devices: one that does nothing, or that
//! hangs, hides in the mean of all.

use jiff::Timestamp;

use super::card::Card;
use super::hang::{Doing, Hang};
use super::seen::{Fullness, Level, Levels, Seen, Signs, fullness, traces};
use crate::snapshot::{Grid, Pod};
use crate::units::Span;

/// What one device did, where each of its container is told of alone, else the mean of all
/// devices of a container of a pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    pub pod: String,
    pub container: String,
    pub devices: f64,
    pub of: Of,
    /// What its device is, where that is known of it alone.
    pub card: Option<&'static Card>,
    /// Means, of one device.
    pub busy: Option<f64>,
    /// The most that it was in any sample.
    pub most_busy: Option<f64>,
    pub full: Option<f64>,
    /// What memory and tensor units did, the larger of both.
    pub moved: Option<f64>,
    pub watts: Option<f64>,
    /// What it did in its last hour; `None` where that is not told.
    pub newest: Option<f64>,
    /// Share of the samples in which anything was done at all.
    pub did: Option<f64>,
    pub samples: usize,
    /// From the first sample to the last.
    pub watched: Span,
    /// Samples ÷ those that there could be.
    pub coverage: f64,
    /// How long its pod has been there; `None` where that is not known.
    pub lived: Option<Span>,
    /// Where something ran all the time up to the end and did next to nothing.
    pub hung: Option<Hang>,
    /// Since when nothing was done up to the end, and how long, where it did something before.
    pub resting: Option<(Timestamp, Span)>,
    /// The same where that is longer than it ever was before.
    pub ended: Option<(Timestamp, Span)>,
    /// Since when it is at work without a break, where it did nothing before; what is told is
    /// of the time since then.
    pub begun: Option<Timestamp>,
    /// When it was told of last.
    pub until: Option<Timestamp>,
    pub levels: Levels,
    pub(super) life: Life,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Of {
    /// All devices of its container, of which the mean is told.
    #[default]
    All,
    /// One of them: by what names it everywhere, and as people know it, `GPU 3`.
    Device { id: String, name: String },
    /// Those of them that nothing is told of.
    Untold,
}

/// When a part was there, in slots of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Life {
    /// When its pod began, in seconds.
    pub(super) created: Option<i64>,
    /// From when on anything is told of its container, its first sample, and its end.
    pub(super) opened: u32,
    pub(super) first: u32,
    pub(super) end: u32,
    /// Slots of which anything is known.
    pub(super) known: f64,
    /// Devices.
    pub(super) devices: f64,
}

impl Life {
    /// Slots in which it could be known, where exporters tell from a slot on.
    pub(super) fn could(&self, epoch: u32, grid: &Grid) -> f64 {
        let began = self.created.map_or(self.opened, |at| {
            let back = at - grid.start.as_second();
            let slot = back.div_euclid(i64::from(grid.step.as_secs().max(1)));
            u32::try_from(slot.max(0)).unwrap_or(u32::MAX)
        });
        let from = began.max(epoch).min(self.first);
        f64::from(self.end.saturating_sub(from).max(1))
    }
}

/// When a pod got its devices, in seconds: it may have waited for a node.
pub(super) fn began(pod: &Pod) -> Option<i64> {
    let placed = pod.conditions.iter();
    let mut placed = placed.filter(|it| it.is("PodScheduled", "True"));
    let placed = placed.find_map(|it| it.since).map(Timestamp::as_second);
    Some(pod.created?.as_second().max(placed.unwrap_or(i64::MIN)))
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
        let is_told = part.is_device() || self.devices >= part.devices;
        is_told && part.ended.is_none() && !part.did_hang() && !self.does_some()
    }

    /// Whether it does a little all the time, below what counts as work.
    pub(super) fn does_some(&self) -> bool {
        let own = &self.part.levels;
        traces([own.busy, own.sm, own.dram, own.tensor]).is_some() && self.part.ended.is_none()
    }
}

/// Below so many samples, so much time, and this share of the samples that there could be,
/// nothing is said of one.
const FEWEST: usize = 5;
const LONG: Span = Span::HOUR;
pub(super) const KNOWN: f64 = 0.8;
/// A life that is shorter tells nothing of the next.
pub(super) const LIFE: Span = Span::from_secs(6 * 3_600);
/// Of a device that does nothing, at the 99th percentile of everything that is done: DCGM has
/// a noise floor.
pub(super) const NOTHING: f64 = 0.01;
/// Devices stop with one that hangs where they do so within this of it.
const WITH_IT: i64 = 3_600;
/// So many devices of which one mean is told show by it which of them run: at most half of
/// them may not, and what runs does so all the time.
const FEW: f64 = 4.0;
const STEADY: f64 = 0.97;
const ABOVE: f64 = 0.01;
/// Next to nothing: the mean of how full a device is, its 95th percentile and its last hour, at
/// most; and that of the fullest beside it, at least, also as so many times as much.
const LITTLE: (f64, f64) = (0.05, 0.10);
const MUCH: (f64, f64) = (0.20, 5.0);

impl Part {
    /// Whether enough of it is told to say anything of it alone.
    pub(super) fn is_known(&self) -> bool {
        self.samples >= FEWEST && self.watched >= LONG && self.coverage >= KNOWN
    }

    pub(super) fn is_device(&self) -> bool {
        matches!(self.of, Of::Device { .. })
    }

    fn did_hang(&self) -> bool {
        self.hung.is_some_and(|it| it.is_sure())
    }

    /// How full it is, and by what that is known.
    pub(super) fn fullness(&self, card: Option<&Card>) -> Option<(Level, Fullness)> {
        let own = &self.levels;
        let card = self.card.or(card);
        let signs = Signs {
            full: own.full,
            watts: own.watts,
            busy: own.busy,
            dram: own.dram,
        };
        fullness(&signs, card)
    }

    /// Whether nothing at all was done, or nothing any more, as far as it was seen.
    pub(super) fn rests(&self) -> bool {
        let never = self.did.is_some_and(|it| it <= 0.0);
        self.is_known() && (self.ended.is_some() || never)
    }

    /// The same of what has been there long enough to be judged.
    pub(super) fn is_unused(&self) -> bool {
        self.rests() && self.lived.is_none_or(|it| it >= LIFE)
    }

    /// What it did in all of the time.
    fn doing(&self, card: Option<&Card>) -> Option<Doing> {
        let power = self.watts.zip(self.card.or(card));
        Some(Doing {
            busy: self.busy?,
            full: self.full,
            moved: self.moved,
            power: power.map(|(watts, card)| card.fullness_at(watts)),
            own: None,
            throughout: false,
        })
    }

    /// Whether something runs all the time and does nothing, at the power of doing nothing.
    pub(super) fn hangs(&self, card: Option<&Card>) -> bool {
        self.is_known() && (self.did_hang() || self.surely_hangs(card))
    }

    /// The same where no small load looks like it.
    pub(super) fn surely_hangs(&self, card: Option<&Card>) -> bool {
        let all = || self.doing(card).is_some_and(|it| it.hangs(false));
        self.is_known() && (self.hung.is_some_and(|it| it.plain) || all())
    }

    /// Whether something runs all the time and does next to nothing: it hangs, or tiny kernels
    /// run for ever.
    pub(super) fn spins(&self, card: Option<&Card>) -> bool {
        let all = || self.doing(card).is_some_and(|it| it.hangs(true));
        self.is_known() && (self.hung.is_some() || all())
    }

    /// Whether it does something that may come to something.
    pub(super) fn computes(&self, card: Option<&Card>) -> bool {
        self.did.is_some_and(|it| it > 0.0) && !self.spins(card) && self.ended.is_none()
    }

    /// Whether it stopped when others began to hang, or before.
    fn stopped_with(&self, hung: Option<Timestamp>) -> bool {
        let rests = self.resting.filter(|_| self.is_known());
        rests.is_some_and(|(since, _)| {
            hung.is_none_or(|it| since.as_second() <= it.as_second() + WITH_IT)
        })
    }

    /// How long nothing has come of it.
    pub(super) fn lost_for(&self) -> Span {
        let hung = self.hung.filter(Hang::is_sure).map(|it| it.span);
        let ended = self.ended.map(|(_, span)| span);
        hung.or(ended).unwrap_or(self.watched)
    }

    /// Devices of several that seem never to be used: how often anything runs, the mean over
    /// all, stands still where only the others can have brought it.
    fn silent(&self) -> Option<f64> {
        let (busy, most) = (self.busy?, self.most_busy?);
        let all = self.devices.round();
        if self.of != Of::All || !self.is_known() || !(2.0..=FEW).contains(&all) {
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
    /// How long none of its devices did anything, up to the end, where they did before, or
    /// others that it had before them.
    pub(super) fn ended(&self) -> Option<(Timestamp, Span)> {
        if self.parts.is_empty() || !self.parts.iter().all(Part::rests) {
            return None;
        }
        let ended = self.parts.iter().filter_map(|it| it.ended).max();
        ended.max(self.past.last.filter(|it| it.1 >= LIFE))
    }

    /// Since when all that it has is at work without a break, where it did nothing before.
    pub(super) fn begun(&self) -> Option<Timestamp> {
        let all: Option<Vec<_>> = self.parts.iter().map(|it| it.begun).collect();
        all?.into_iter().max()
    }

    /// Since when all of them hang.
    pub(super) fn hung(&self) -> Option<Timestamp> {
        let hung = self.parts.iter().filter_map(|it| it.hung);
        hung.map(|it| it.since).max()
    }

    /// How often something runs on those that hang, where it does so least.
    pub(super) fn hung_often(&self) -> String {
        let hung = self.parts.iter().filter_map(|it| it.hung);
        let least = hung.min_by(|a, b| a.busy.total_cmp(&b.busy));
        least.map_or_else(|| "all the time".to_owned(), |it| it.often())
    }

    /// Whether it computed something before it hung.
    pub(super) fn worked(&self) -> bool {
        let hung = || self.parts.iter().filter_map(|it| it.hung);
        let longest = hung().map(|it| it.span).max();
        longest.is_some_and(|it| 2 * u64::from(it.as_secs()) < u64::from(self.watched.as_secs()))
            || hung().any(|it| it.worked)
    }

    /// Whether some hang, and none of the others does anything any more. What spins beside one
    /// that does nothing waits for it.
    pub(super) fn hangs(&self, card: Option<&Card>) -> bool {
        let spinning = || self.parts.iter().filter(|it| it.spins(card));
        let begun = spinning().filter_map(|it| it.hung.map(|it| it.since));
        let begun = begun.max();
        let stopped = |it: &Part| it.is_unused() || it.stopped_with(begun);
        let some = self.parts.iter().any(|it| it.hangs(card))
            || spinning().count() > 0 && self.parts.iter().any(stopped);
        some && self.parts.iter().all(|it| it.spins(card) || stopped(it))
    }

    /// Of which nothing comes while others work.
    pub(super) fn lost(&self, card: Option<&Card>) -> Vec<Lost<'_>> {
        let none_works = self.hangs(card) || self.parts.iter().all(|it| it.is_lost(card));
        if self.beyond.is_some() || none_works {
            return Vec::new();
        }
        let parts = self.parts.iter();
        let told = parts.filter(|it| it.hangs(card) || self.is_told(it));
        told.filter_map(|it| it.lost(card)).collect()
    }

    /// Whether all devices of the container of a part are known: of others it may be the
    /// part that works.
    fn is_told(&self, part: &Part) -> bool {
        let own = self.parts.iter();
        let mut own = own.filter(|it| it.pod == part.pod && it.container == part.container);
        own.all(Part::is_known)
    }

    /// Whether single devices of some container are not told apart.
    pub(super) fn is_blurred(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|it| it.devices > 1.0 && it.of == Of::All)
    }

    /// Whether every device is told of alone.
    pub(super) fn is_told_apart(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(Part::is_device)
    }

    /// Whether of some devices too little is known to say anything.
    pub(super) fn is_partly_told(&self) -> bool {
        let told = self.parts.iter().any(Part::is_device);
        told && !self.parts.iter().all(Part::is_known)
    }

    /// Devices that do next to nothing beside others that do much.
    pub(super) fn slack(&self, card: Option<&Card>) -> Vec<&Part> {
        let working = self.parts.iter();
        let working = working.filter(|it| it.is_known() && !it.is_lost(card));
        let each: Vec<(&Part, Level)> = working
            .filter_map(|it| Some((it, it.fullness(card)?.0)))
            .collect();
        let most = each.iter().map(|it| it.1.mean).fold(0.0, f64::max);
        let does_little = |(part, full): &&(&Part, Level)| {
            let newest = part.newest.unwrap_or(full.p95);
            part.is_device()
                && full.mean <= LITTLE.0
                && full.p95.max(newest) <= LITTLE.1
                && full.mean * MUCH.1 <= most
        };
        if most < MUCH.0 {
            return Vec::new();
        }
        each.iter().filter(does_little).map(|it| it.0).collect()
    }
}
