use std::ops::Range;

use super::times::Times;
use crate::collect::Column;

/// Samples of one container of one pod.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Unix seconds, in any order.
    pub(super) times: Times,
    /// Values of the metrics that occur; shorter than `times` where the last
    /// ones are missing, `NaN` where others are.
    pub(super) columns: Vec<(Column, Vec<f32>)>,
}

impl Rows {
    /// One row; a `NaN` is a missing sample.
    pub(super) fn add(&mut self, time: i64, values: impl Iterator<Item = (Column, f32)>) {
        let row = self.times.len();
        self.times.push(time);
        for (column, value) in values.filter(|(_, value)| !value.is_nan()) {
            let samples = self.column(column);
            samples.resize(row, f32::NAN);
            samples.push(value);
        }
    }

    /// The rows of another part behind its own.
    pub(super) fn join(&mut self, other: Self) {
        let rows = self.times.len();
        if rows == 0 {
            *self = other;
            return;
        }
        self.times.extend(&other.times);
        for (column, values) in other.columns {
            let held = self.column(column);
            held.resize(rows, f32::NAN);
            held.extend(values);
        }
    }

    /// Drops what is of other times.
    pub(super) fn keep(&mut self, times: &Range<i64>) {
        let all = std::mem::take(&mut self.times);
        let kept: Vec<bool> = all.iter().map(|time| times.contains(&time)).collect();
        for (_, values) in &mut self.columns {
            let mut kept = kept.iter();
            values.retain(|_| kept.next() == Some(&true));
        }
        for time in all.iter().filter(|time| times.contains(time)) {
            self.times.push(time);
        }
    }

    fn column(&mut self, column: Column) -> &mut Vec<f32> {
        let held = self.columns.iter().position(|(known, _)| *known == column);
        let place = held.unwrap_or_else(|| {
            self.columns.push((column, Vec::new()));
            self.columns.len() - 1
        });
        &mut self.columns[place].1
    }
}
