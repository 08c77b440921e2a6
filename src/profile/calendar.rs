//! What day, hour and hour of the week each slot of a grid is in.

use crate::snapshot::Grid;
use crate::units::Span;

/// Computed once for all pools.
pub(super) struct Calendar {
    step: u64,
    slots: u32,
    /// Hour of the week in UTC of each slot, 0 to 167.
    pub(super) hour_of_week: Vec<u8>,
}

impl Calendar {
    pub(super) fn new(grid: &Grid) -> Self {
        let hour = |slot| u8::try_from(grid.hour_of_week(slot)).unwrap_or(0);
        Self {
            step: u64::from(grid.step.as_secs().max(1)),
            slots: grid.len,
            hour_of_week: (0..grid.len).map(hour).collect(),
        }
    }

    /// The day of the grid that a slot begins in, counted from the grid's start.
    pub(super) fn day(&self, slot: u32) -> usize {
        self.unit(slot, Span::DAY)
    }

    /// The hour of the grid that a slot begins in, counted from the grid's start.
    pub(super) fn hour(&self, slot: u32) -> usize {
        self.unit(slot, Span::HOUR)
    }

    pub(super) fn days(&self) -> usize {
        self.count(Span::DAY)
    }

    pub(super) fn hours(&self) -> usize {
        self.count(Span::HOUR)
    }

    /// Hour of the week in which an hour of the grid begins; `None` for an hour
    /// in which no slot begins.
    pub(super) fn week_of_hour(&self, hour: usize) -> Option<usize> {
        let seconds = u64::try_from(hour).ok()? * u64::from(Span::HOUR.as_secs());
        let slot = usize::try_from(seconds.div_ceil(self.step)).ok()?;
        self.hour_of_week.get(slot).map(|hour| usize::from(*hour))
    }

    /// How long the whole grid is, in days.
    pub(super) fn span_days(&self) -> u64 {
        u64::from(self.slots) * self.step / u64::from(Span::DAY.as_secs())
    }

    fn unit(&self, slot: u32, unit: Span) -> usize {
        let number = u64::from(slot) * self.step / u64::from(unit.as_secs());
        usize::try_from(number).unwrap_or(usize::MAX)
    }

    fn count(&self, unit: Span) -> usize {
        self.slots
            .checked_sub(1)
            .map_or(0, |last| self.unit(last, unit) + 1)
    }
}
