//! The largest CPU use of each container, where only some points are drawn.

use std::collections::HashMap;
use std::ops::Range;

use crate::collect::UsageBuilder;

/// The largest value of each series, and the slots that it is in.
#[derive(Debug, Default)]
pub(super) struct Peaks(HashMap<usize, (Range<u32>, f64)>);

impl Peaks {
    pub(super) fn add(&mut self, series: usize, slots: Range<u32>, value: f64) {
        let held = self
            .0
            .entry(series)
            .or_insert_with(|| (slots.clone(), value));
        if value > held.1 {
            *held = (slots, value);
        }
    }

    /// Puts each where the largest of the drawn points is: one slot a container,
    /// so that no quantile but the last moves.
    pub(super) fn place(self, usage: &mut UsageBuilder) {
        for (series, (slots, value)) in self.0 {
            usage.raise_cpu(series, slots, value);
        }
    }
}
