//! Samples with their own times, before there is a grid.

use std::ops::Range;

use super::times::Times;
use crate::collect::Column;
use crate::collect::usage::Handles;

/// What a series takes in memory beside its names and samples, in bytes.
const SERIES: usize = 512;

/// All samples, series by series, in the order of the files.
#[derive(Default)]
pub(super) struct Samples {
    pub(super) series: Vec<Raw>,
    /// The newest time of rows that are out of scope: the window of what is in scope goes on
    /// after its last sample.
    pub(super) beside: Option<i64>,
    /// Of rows that are of one device: those of each, where the container is followed by the
    /// device.
    pub(super) devices: Option<Box<Self>>,
    handles: Handles,
    /// The series of the last row: most files have long runs of one.
    last: usize,
}

/// The samples of one container of one pod.
pub(super) struct Raw {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    /// Unix seconds, in any order.
    pub(super) times: Times,
    /// Values of the metrics that occur; shorter than `times` where the last
    /// ones are missing, `NaN` where others are.
    pub(super) columns: Vec<(Column, Vec<f32>)>,
}

impl Samples {
    pub(super) fn rows(&self) -> usize {
        self.series.iter().map(|raw| raw.times.len()).sum()
    }

    /// What all of it takes in memory, about.
    pub(super) fn bytes(&self) -> u64 {
        let names = |raw: &Raw| 2 * (raw.namespace.len() + raw.pod.len() + raw.container.len());
        let values = |raw: &Raw| raw.times.bytes() + 4 * raw.times.len() * raw.columns.len();
        let series = self.series.iter();
        let bytes: usize = series.map(|raw| SERIES + names(raw) + values(raw)).sum();
        let devices = self.devices.as_ref().map_or(0, |it| it.bytes());
        u64::try_from(bytes).unwrap_or(u64::MAX) + devices
    }

    /// Drops what is of other times.
    pub(super) fn keep(&mut self, times: &Range<i64>) {
        for raw in &mut self.series {
            raw.keep(times);
        }
        if let Some(devices) = &mut self.devices {
            devices.keep(times);
        }
    }

    /// Adds what another reader has read.
    pub(super) fn join(&mut self, other: Self) {
        self.beside = self.beside.max(other.beside);
        if let Some(devices) = other.devices {
            self.devices.get_or_insert_default().join(*devices);
        }
        for raw in other.series {
            let names = [&raw.namespace, &raw.pod, &raw.container];
            let at = self.find(names.map(String::as_str));
            self.series[at].join(raw);
        }
    }

    /// The series of this container.
    pub(super) fn open(&mut self, names: [&str; 3]) -> &mut Raw {
        let [namespace, pod, container] = names;
        let same =
            |raw: &Raw| raw.container == container && raw.pod == pod && raw.namespace == namespace;
        if !self.series.get(self.last).is_some_and(same) {
            self.last = self.find(names);
        }
        &mut self.series[self.last]
    }

    /// The series of one device of this container.
    pub(super) fn device(
        &mut self,
        [namespace, pod, container]: [&str; 3],
        device: &str,
    ) -> &mut Raw {
        let devices = self.devices.get_or_insert_default();
        devices.open([namespace, pod, &format!("{container}{BEHIND}{device}")])
    }

    fn find(&mut self, names: [&str; 3]) -> usize {
        let [namespace, pod, container] = names;
        let (handle, new) = self.handles.of(names);
        if new {
            self.series.push(Raw {
                namespace: namespace.to_owned(),
                pod: pod.to_owned(),
                container: container.to_owned(),
                times: Times::default(),
                columns: Vec::new(),
            });
        }
        handle
    }
}

/// What no name holds.
const BEHIND: char = '\0';

impl Raw {
    /// The container and the device that it is of.
    pub(super) fn device(&self) -> (&str, &str) {
        self.container
            .split_once(BEHIND)
            .unwrap_or((&self.container, ""))
    }

    fn keep(&mut self, times: &Range<i64>) {
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

    /// The rows of another part behind its own.
    fn join(&mut self, other: Self) {
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

    fn column(&mut self, column: Column) -> &mut Vec<f32> {
        let held = self.columns.iter().position(|(known, _)| *known == column);
        let place = held.unwrap_or_else(|| {
            self.columns.push((column, Vec::new()));
            self.columns.len() - 1
        });
        &mut self.columns[place].1
    }
}
