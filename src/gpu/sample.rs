//! What one sample tells of a device, and what those of one container of a pod come to.

use jiff::Timestamp;

use super::card::Card;
use super::hang::Hang;
use super::part::Part;
use super::stretch::Stretch;
use crate::snapshot::{DeviceSample, Grid, Series, stand, works};
use crate::units::{Span, count_from, single};

/// Above this share of the time a device does something.
pub(super) const ACTIVE: f32 = 0.02;

#[derive(Default)]
pub(super) struct Mean(f64, f64);

impl Mean {
    pub(super) fn add(&mut self, values: &[f32]) {
        for value in values.iter().filter(|value| !value.is_nan()) {
            self.0 += f64::from(*value);
            self.1 += 1.0;
        }
    }

    pub(super) fn get(&self) -> Option<f64> {
        (self.1 > 0.0).then(|| self.0 / self.1)
    }
}

/// What is told of a device in one slot; `NaN` where it is not.
pub(super) struct Sample {
    pub(super) slot: u32,
    pub(super) sm: f32,
    pub(super) dram: f32,
    pub(super) tensor: f32,
    pub(super) busy: f32,
    pub(super) watts: f32,
}

impl Sample {
    /// `max` takes the number where the other side is `NaN`.
    pub(super) fn full(&self) -> f32 {
        if self.sm.is_nan() {
            self.sm
        } else {
            self.sm.max(self.dram)
        }
    }

    /// The same as what devices that are told of alone did; `second` is its time.
    fn of_device(&self, second: i64) -> DeviceSample {
        let known = |value: f32| (!value.is_nan()).then(|| f64::from(value));
        DeviceSample {
            at: second,
            busy: known(self.busy),
            full: known(self.full()),
            moved: known(self.dram.max(self.tensor)),
            watts: known(self.watts),
        }
    }

    /// Whether anything was done.
    pub(super) fn works(&self) -> bool {
        let known = |value: f32| (!value.is_nan()).then(|| f64::from(value));
        works(
            f64::from(self.done()),
            [self.sm, self.tensor, self.dram].map(known),
        )
    }

    /// The most that is done, by any account.
    pub(super) fn done(&self) -> f32 {
        self.full().max(self.dram).max(self.busy)
    }

    /// How full it is, or what power says of that; what hardly ever runs is not full.
    pub(super) fn full_or_power(&self, card: Option<&Card>) -> f32 {
        let full = self.full();
        if !full.is_nan() {
            return full;
        }
        match card.filter(|_| !self.watts.is_nan()) {
            Some(card) => single(card.fullness_at(f64::from(self.watts))).min(self.busy),
            None if self.busy <= ACTIVE => self.busy,
            None => f32::NAN,
        }
    }
}

/// Above and below what a device runs hard and hardly runs.
const HARD: f32 = 0.5;
const HARDLY: f32 = 0.1;
/// How long it must have done nothing at the end of the window, for a rest and for an end.
pub(super) const RESTS: Span = Span::HOUR;
const ENDED: Span = Span::from_secs(6 * 3_600);
/// A rest that is so many times as long as any before is no pause between requests.
const MUCH_LONGER: u32 = 2;

/// Sums of one container of a pod.
#[derive(Default)]
pub(super) struct OfPart {
    busy: Mean,
    full: Mean,
    moved: Mean,
    watts: Mean,
    did: Mean,
    samples: Vec<DeviceSample>,
    rests: Stretch,
    /// The longest rest before the one that may go on.
    rested: u32,
    most_busy: Option<f32>,
    first: Option<u32>,
    last: u32,
    /// Whether it ran hard when it last did either.
    hard: Option<bool>,
    pub(super) turns: usize,
}

impl OfPart {
    pub(super) fn add(&mut self, sample: &Sample, grid: &Grid) {
        let second = grid.time(sample.slot).as_second();
        self.samples.push(sample.of_device(second));
        self.moved.add(&[sample.dram.max(sample.tensor)]);
        self.busy.add(&[sample.busy]);
        if !sample.busy.is_nan() {
            self.most_busy = Some(self.most_busy.unwrap_or(0.0).max(sample.busy));
        }
        self.full.add(&[sample.full()]);
        self.watts.add(&[sample.watts]);
        let done = sample.done();
        if done.is_nan() {
            return;
        }
        let works = sample.works();
        self.did.add(&[f32::from(u8::from(works))]);
        if works {
            self.rested = self.rested.max(self.rests.slots());
        }
        self.rests.add(sample.slot, !works);
        self.first = self.first.or(Some(sample.slot));
        self.last = sample.slot;
        let hard = (done >= HARD).then_some(true);
        let now = hard.or((done <= HARDLY).then_some(false));
        if now.is_some() {
            self.turns += usize::from(self.hard.is_some() && self.hard != now);
            self.hard = now;
        }
    }

    /// The rest that goes on, where it is far longer than any before.
    fn ended(&self, grid: &Grid) -> Option<(Timestamp, Span)> {
        let worked = self.did.get().is_some_and(|it| it > 0.0);
        let is_new = self.rests.slots() > MUCH_LONGER * self.rested;
        self.rests.lasts(ENDED, grid).filter(|_| worked && is_new)
    }

    /// Of all devices of a container, so many, on the grid.
    pub(super) fn part(
        &self,
        series: &Series,
        (devices, card): (f64, Option<&Card>),
        grid: Grid,
    ) -> Part {
        let slots = self.first.map_or(0, |first| self.last - first + 1);
        Part {
            pod: series.pod.clone(),
            container: series.container.clone(),
            devices,
            busy: self.busy.get(),
            most_busy: self.most_busy.map(f64::from),
            full: self.full.get(),
            moved: self.moved.get(),
            watts: self.watts.get(),
            did: self.did.get(),
            coverage: 1.0,
            hung: stand(&self.samples).and_then(|it| {
                let until = grid.time(self.last);
                Hang::of(&it, (until, grid.step), card)
            }),
            resting: self
                .rests
                .lasts(RESTS, &grid)
                .filter(|_| self.did.get().is_some_and(|it| it > 0.0)),
            ended: self.ended(&grid),
            until: self.first.map(|_| grid.time(self.last)),
            samples: usize::try_from(count_from(self.did.1)).unwrap_or(0),
            watched: Span::from_secs(slots.saturating_mul(grid.step.as_secs())),
            ..Part::default()
        }
    }
}
