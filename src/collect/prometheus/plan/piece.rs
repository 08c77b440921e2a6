//! One range query of usage, and what becomes of it when it is too much.

use std::ops::Range;

use super::super::promql::Endings;
use super::super::reading::Reading;
use crate::snapshot::Grid;

/// One range query.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Piece {
    pub(in super::super) reading: Reading,
    pub(in super::super) namespaces: Vec<String>,
    pub(in super::super) endings: Endings,
    pub(in super::super) slots: Range<u32>,
    /// Series that were counted at a time.
    pub(in super::super) series: u64,
    /// Samples that the server is expected to touch.
    pub(in super::super) cost: u64,
    /// How often it has been halved.
    pub(in super::super) halved: u8,
    /// Whether it is read as it is stored, and not as points.
    pub(in super::super) in_chunks: bool,
}

impl Piece {
    pub(super) fn new(
        reading: Reading,
        namespaces: Vec<String>,
        slots: Range<u32>,
        (series, cost): (u64, u64),
    ) -> Self {
        Self {
            reading,
            namespaces,
            endings: Endings::all(),
            slots,
            series,
            cost: cost.max(1),
            halved: 0,
            in_chunks: false,
        }
    }

    /// Two halves: of the namespaces, else of the time while it is more than
    /// half a day, else of the pods, else of the time. `None` where it is as
    /// small as can be.
    pub(in super::super) fn halves(&self, per_day: u32) -> Option<[Self; 2]> {
        let length = self.slots.end - self.slots.start;
        let mut halves = [self.clone(), self.clone()];
        if self.namespaces.len() > 1 {
            let (left, right) = self.namespaces.split_at(self.namespaces.len() / 2);
            halves[0].namespaces = left.to_vec();
            halves[1].namespaces = right.to_vec();
        } else if length > 1 && (length > per_day / 2 || self.endings.len() == 1) {
            let middle = self.slots.start + length / 2;
            halves[0].slots.end = middle;
            halves[1].slots.start = middle;
        } else if self.endings.len() > 1 {
            for (half, endings) in halves.iter_mut().zip(self.endings.split(2)) {
                half.endings = endings;
            }
        } else {
            return None;
        }
        halves[0].cost = self.cost / 2;
        halves[1].cost = self.cost - halves[0].cost;
        for half in &mut halves {
            half.halved += 1;
        }
        Some(halves)
    }

    /// Parts of at most so many slots, in the order of time; `None` where it is no
    /// longer. Parts of days or more are whole days, as peaks of days need it.
    pub(in super::super) fn shorter(&self, longest: u32, per_day: u32) -> Option<Vec<Self>> {
        let length = self.slots.end - self.slots.start;
        let longest = match longest / per_day.max(1) {
            0 => longest.max(1),
            days => days * per_day,
        };
        if length <= longest {
            return None;
        }
        let starts = self.slots.clone().step_by(usize::try_from(longest).ok()?);
        let part = |start: u32| {
            let slots = start..(start + longest).min(self.slots.end);
            let share = u64::from(slots.end - slots.start) * self.cost / u64::from(length);
            Self {
                slots,
                cost: share.max(1),
                ..self.clone()
            }
        };
        Some(starts.map(part).collect())
    }

    /// As a gap or a trace names it: `CPU usage of shop from … to …`.
    pub(in super::super) fn text(&self, grid: &Grid) -> String {
        let pods = if self.endings.is_all() {
            String::new()
        } else {
            format!(", {},", self.endings.text())
        };
        format!(
            "{} of {}{pods} from {} to {}",
            self.reading.label(),
            names(&self.namespaces),
            grid.time(self.slots.start),
            grid.time(self.slots.end)
        )
    }
}

/// The first few names, and how many more.
pub(in super::super) fn names(all: &[String]) -> String {
    const SHOWN: usize = 4;
    if all.len() <= SHOWN {
        return all.join(", ");
    }
    format!(
        "{} and {} more",
        all[..SHOWN - 1].join(", "),
        all.len() + 1 - SHOWN
    )
}
