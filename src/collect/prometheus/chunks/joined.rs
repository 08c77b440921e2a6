//! Values that several series make together.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::answer::Labels;
use super::reader::Way;
use crate::units::single;

/// By the labels that series share, two columns of sums.
#[derive(Debug)]
pub(super) struct Joined {
    slots: Range<u32>,
    all: BTreeMap<Labels, [Column; 2]>,
}

/// Sums by slot, from the first slot on; `NaN` where there is none. Empty without any.
#[derive(Debug, Clone, Default)]
struct Column {
    first: u32,
    length: usize,
    sums: Vec<f32>,
}

impl Column {
    fn add(&mut self, values: &[(u32, f64)]) {
        if self.sums.is_empty() {
            self.sums = vec![f32::NAN; self.length];
        }
        for (slot, value) in values {
            let at = usize::try_from(slot - self.first).ok();
            if let Some(sum) = at.and_then(|at| self.sums.get_mut(at)) {
                *sum = if sum.is_nan() { 0.0 } else { *sum } + single(*value);
            }
        }
    }

    fn get(&self, at: usize) -> Option<f64> {
        let sum = self.sums.get(at).copied().map(f64::from);
        sum.filter(|sum| !sum.is_nan())
    }

    fn of(&self, slot: u32) -> Option<f64> {
        self.get(usize::try_from(slot.checked_sub(self.first)?).ok()?)
    }
}

impl Joined {
    pub(super) fn new(slots: &Range<u32>) -> Self {
        Self {
            slots: slots.clone(),
            all: BTreeMap::new(),
        }
    }

    /// Adds to one of the columns of what has these labels.
    pub(super) fn add(&mut self, labels: Labels, column: usize, values: &[(u32, f64)]) {
        let empty = || Column {
            first: self.slots.start,
            length: self.slots.len(),
            sums: Vec::new(),
        };
        let columns = self.all.entry(labels);
        columns.or_insert_with(|| [empty(), empty()])[column.min(1)].add(values);
    }

    /// Divides by the first column of what has these labels, which is done with then.
    /// Whether there is one: servers answer requests in their order, so that mostly
    /// the first is there when the second comes.
    pub(super) fn divide(&mut self, labels: &Labels, values: &mut Vec<(u32, f64)>) -> bool {
        let Some([first, _]) = self.all.remove(labels) else {
            return false;
        };
        values.retain_mut(|(slot, value)| {
            let by = first.of(*slot);
            by.inspect(|by| *value /= by).is_some()
        });
        true
    }

    /// What the columns come to: of a ratio the second by the first where both are known,
    /// else the first.
    pub(super) fn tell(self, way: &Way, mut each: impl FnMut(&Labels, &[(u32, f64)])) {
        let value = |[first, second]: &[Column; 2], at: usize| match way {
            Way::Ratio => Some(second.get(at)? / first.get(at)?),
            _ => first.get(at),
        };
        let mut values = Vec::new();
        for (labels, columns) in self.all {
            values.clear();
            let slots = self.slots.clone().enumerate();
            values.extend(slots.filter_map(|(at, slot)| Some((slot, value(&columns, at)?))));
            each(&labels, &values);
        }
    }
}
