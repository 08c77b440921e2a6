//! Some of the workloads together: a namespace, a team.

use super::waste::Sums;
use super::{Bill, Total, Waste};
use crate::units::{Bytes, Cpu, Money, known};

/// What some workloads cost a month, and what the advice does to it: sums of what each does,
/// in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Part {
    pub current: Money,
    pub recommended: Money,
    /// Of what is freed that which leaves the bill at once.
    pub freed_of_sold: Money,
    pub cpu: Total<Cpu>,
    pub memory: Total<Bytes>,
    pub waste: Waste,
}

impl Part {
    /// The value of the requests given back, in hundredths as they are shown; workloads that
    /// need more are taken off, so that it is below zero where they need more than that.
    pub fn freed(&self) -> Money {
        self.current - self.recommended
    }
}

impl Bill {
    /// These workloads, by their index, together. Parts of the bill that have no workload
    /// in common add up.
    pub fn part(&self, which: impl IntoIterator<Item = usize>) -> Part {
        let mut part = Part::default();
        let mut wasted = Sums::default();
        let each = which.into_iter().filter_map(|at| self.workloads.get(at));
        for own in each {
            part.current += own.current;
            part.recommended += own.recommended;
            part.freed_of_sold += own.freed_of_sold;
            part.cpu = part.cpu.plus(&own.cpu, Cpu::plus);
            part.memory = part.memory.plus(&own.memory, Bytes::plus);
            wasted = wasted.plus(own.wasted);
        }
        part.waste = wasted.waste();
        part
    }
}

impl<T: Copy> Total<T> {
    fn plus(&self, other: &Self, plus: fn(T, T) -> T) -> Self {
        Self {
            requested: plus(self.requested, other.requested),
            used_mean: known(self.used_mean, other.used_mean, plus),
            recommended: plus(self.recommended, other.recommended),
        }
    }
}
