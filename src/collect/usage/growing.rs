use std::collections::VecDeque;
use std::io;
use std::ops::Range;

use super::spill::{Spill, Stretch};

/// One metric over the slots that have samples.
#[derive(Debug, Default)]
pub(super) struct Growing {
    first: u32,
    slots: VecDeque<f32>,
}

impl Growing {
    /// The slot after the last.
    fn end(&self) -> u32 {
        self.first
            .saturating_add(u32::try_from(self.slots.len()).unwrap_or(u32::MAX))
    }

    /// From the first slot with a sample to the last; empty where there is none.
    pub(super) fn bounds(&self) -> Range<usize> {
        let first = length(self.first);
        first..first + self.slots.len()
    }

    /// Takes values in the order of their slots, as `stored` has them; how many it has
    /// not.
    pub(super) fn fill(
        &mut self,
        values: &[(u32, f64)],
        grid: u32,
        stored: impl Fn(f64) -> Option<f32>,
    ) -> u32 {
        let mut refused = 0;
        if let ([(first, _), ..], [.., (last, _)]) = (values, values)
            && self.slots.is_empty()
        {
            self.slots.reserve_exact(length(last - first + 1));
        }
        for (slot, value) in values {
            match stored(*value) {
                Some(value) if *slot == self.end() && !self.slots.is_empty() => {
                    self.reserve(*slot - self.first + 1, grid);
                    self.slots.push_back(value);
                }
                Some(value) => self.set(*slot, value, grid),
                None => refused += 1,
            }
        }
        refused
    }

    /// `grid` is the number of slots that there can be.
    pub(super) fn set(&mut self, slot: u32, value: f32, grid: u32) {
        if self.slots.is_empty() {
            self.first = slot;
        }
        if slot < self.first {
            self.reserve(self.end() - slot, grid);
            for _ in slot..self.first {
                self.slots.push_front(f32::NAN);
            }
            self.first = slot;
        } else if slot >= self.end() {
            let needed = slot - self.first + 1;
            self.reserve(needed, grid);
            self.slots.resize(length(needed), f32::NAN);
        }
        let held = &mut self.slots[length(slot - self.first)];
        // `max` takes the number where the other side is NaN.
        *held = held.max(value);
    }

    /// Slots with a value, in order.
    pub(super) fn known(&self) -> Vec<(u32, f32)> {
        let all = (self.first..).zip(self.slots.iter().copied());
        all.filter(|(_, value)| !value.is_nan()).collect()
    }

    pub(super) fn raise(&mut self, slots: Range<u32>, value: f32) {
        let from = length(slots.start.saturating_sub(self.first));
        let until = length(slots.end.saturating_sub(self.first)).min(self.slots.len());
        let held = self.slots.range_mut(from.min(until)..until);
        raise_largest(held, value);
    }

    /// Doubles as a vector does, but never beyond the grid.
    fn reserve(&mut self, needed: u32, grid: u32) {
        let (needed, held) = (length(needed), self.slots.capacity());
        if needed > held {
            let target = needed.max((held * 2).max(16).min(length(grid)));
            self.slots.reserve_exact(target - self.slots.len());
        }
    }

    /// What is held.
    pub(super) fn bytes(&self) -> usize {
        self.slots.len() * size_of::<f32>()
    }

    /// [`Self::set`], and how many bytes more are held then.
    pub(super) fn put(&mut self, slot: u32, value: f32, grid: u32) -> usize {
        let before = self.bytes();
        self.set(slot, value, grid);
        self.bytes().saturating_sub(before)
    }

    /// The first slot, and the values from there on.
    pub(super) fn values(&self) -> (u32, impl Iterator<Item = f32>) {
        (self.first, self.slots.iter().copied())
    }

    /// Puts what is held into a file; `None` where that is nothing.
    pub(super) fn set_aside(&mut self, spill: &mut Spill) -> io::Result<Option<Stretch>> {
        if self.slots.is_empty() {
            return Ok(None);
        }
        let stretch = spill.put(self.first, self.slots.make_contiguous())?;
        self.slots = VecDeque::new();
        Ok(Some(stretch))
    }

    pub(super) fn into_column(self, bounds: &Range<usize>) -> Vec<f32> {
        let len = bounds.len();
        if self.slots.is_empty() {
            return vec![f32::NAN; len];
        }
        let before = length(self.first) - bounds.start;
        if before == 0 {
            let mut column = Vec::from(self.slots);
            column.resize(len, f32::NAN);
            column.shrink_to_fit();
            return column;
        }
        let mut column = vec![f32::NAN; before];
        column.reserve_exact(len - before);
        column.extend(self.slots);
        column.resize(len, f32::NAN);
        column
    }
}

/// Lifts the largest value that is known to this one, where that is larger.
pub(super) fn raise_largest<'a>(values: impl Iterator<Item = &'a mut f32>, value: f32) {
    let known = values.filter(|it| !it.is_nan());
    if let Some(largest) = known.max_by(|a, b| a.total_cmp(b)) {
        *largest = largest.max(value);
    }
}

pub(super) fn length(slots: u32) -> usize {
    usize::try_from(slots).unwrap_or(usize::MAX)
}
