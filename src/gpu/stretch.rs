use jiff::Timestamp;

use crate::snapshot::Grid;
use crate::units::Span;

/// Below so many samples it may be chance.
const OFTEN: u32 = 5;

/// A stretch of samples that are all so, up to the newest.
#[derive(Default)]
pub(super) struct Stretch {
    since: Option<u32>,
    last: u32,
    samples: u32,
}

impl Stretch {
    pub(super) fn add(&mut self, slot: u32, is_so: bool) {
        if !is_so {
            *self = Self::default();
            return;
        }
        self.since = self.since.or(Some(slot));
        self.last = slot;
        self.samples += 1;
    }

    pub(super) fn slots(&self) -> u32 {
        self.since.map_or(0, |since| self.last - since + 1)
    }

    /// Since when, and how long, where that is at least so long and was seen often enough.
    pub(super) fn lasts(&self, least: Span, grid: &Grid) -> Option<(Timestamp, Span)> {
        let span = Span::from_secs(self.slots().saturating_mul(grid.step.as_secs()));
        let since = self
            .since
            .filter(|_| span >= least && self.samples >= OFTEN)?;
        Some((grid.time(since), span))
    }
}
