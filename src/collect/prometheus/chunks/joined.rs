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
pub(super) struct Column {
    first: u32,
    length: usize,
    sums: Vec<f32>,
}

impl Column {
    pub(super) fn add(&mut self, slot: u32, value: f64) {
        if self.sums.is_empty() {
            self.sums = vec![f32::NAN; self.length];
        }
        let at = usize::try_from(slot - self.first).ok();
        if let Some(sum) = at.and_then(|at| self.sums.get_mut(at)) {
            *sum = if sum.is_nan() { 0.0 } else { *sum } + single(value);
        }
    }

    fn get(&self, at: usize) -> Option<f64> {
        let sum = self.sums.get(at).copied().map(f64::from);
        sum.filter(|sum| !sum.is_nan())
    }
}

impl Joined {
    pub(super) fn new(slots: &Range<u32>) -> Self {
        Self {
            slots: slots.clone(),
            all: BTreeMap::new(),
        }
    }

    /// One of the columns of what has these labels.
    pub(super) fn column(&mut self, labels: Labels, column: usize) -> &mut Column {
        let empty = || Column {
            first: self.slots.start,
            length: self.slots.len(),
            sums: Vec::new(),
        };
        let columns = self.all.entry(labels);
        &mut columns.or_insert_with(|| [empty(), empty()])[column.min(1)]
    }

    /// What the columns come to: of a ratio the second by the first where both are
    /// known, else the first, and the second where there is no first.
    pub(super) fn tell(
        self,
        way: &Way,
        mut each: impl FnMut(&Labels, &mut dyn Iterator<Item = (u32, f64)>),
    ) {
        let value = |[first, second]: &[Column; 2], at: usize| match way {
            Way::Ratio => Some(second.get(at)? / first.get(at)?),
            _ => first.get(at).or_else(|| second.get(at)),
        };
        for (labels, columns) in &self.all {
            let slots = self.slots.clone().enumerate();
            let mut values = slots.filter_map(|(at, slot)| Some((slot, value(columns, at)?)));
            each(labels, &mut values);
        }
    }
}
