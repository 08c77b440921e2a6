//! Samples with their own times, before there is a grid.

use std::io;
use std::ops::Range;

use super::rows::Rows;
use super::waiting::{Stretch, Waiting};
use crate::collect::usage::Handles;

/// What a series takes in memory beside its names and samples, in bytes.
const SERIES: usize = 512;

/// What is put into the file of each series at once, on average, in bytes: of less it would
/// take most to say where it is.
const LEAST: usize = 1_024;

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
    /// Of each series the one whose rows came after its own at last: where all are at one time
    /// after the other, they come in one order.
    next: Vec<usize>,
    /// What series take without their samples, bytes.
    names: usize,
    /// Bytes of samples that are held, about, and how many may be: what is more waits in a
    /// file.
    held: usize,
    most: usize,
    /// Of each series, on average.
    least: usize,
    waiting: Waiting,
}

/// The samples of one container of one pod.
pub(super) struct Raw {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    /// What is held.
    pub(super) rows: Rows,
    /// What waits in the file.
    pub(super) aside: Vec<Stretch>,
}

impl Samples {
    /// None yet, for one of some readers; samples of all of them beyond so many bytes will wait
    /// in the file.
    pub(super) fn holding(most: usize, readers: usize, waiting: &Waiting) -> Self {
        let most = most / readers;
        Self {
            most,
            least: most.min(LEAST / readers),
            waiting: waiting.clone(),
            ..Self::default()
        }
    }

    /// What all of it takes in memory, about.
    pub(super) fn bytes(&self) -> u64 {
        let devices = self.devices.as_ref().map_or(0, |it| it.bytes());
        u64::try_from(self.names + self.held).unwrap_or(u64::MAX) + devices
    }

    /// Counts samples that were added, in bytes; where too many are held, they go to the file.
    pub(super) fn took(&mut self, bytes: usize) {
        self.held = self.held.saturating_add(bytes);
        let least = self.count().saturating_mul(self.least);
        if self.held > self.most.max(least) {
            self.set_aside();
        }
    }

    /// Series, those of devices too.
    fn count(&self) -> usize {
        let devices = self.devices.as_ref().map_or(0, |it| it.count());
        self.series.len() + devices
    }

    fn set_aside(&mut self) {
        let devices = self.devices.iter_mut().flat_map(|it| &mut it.series);
        if self.waiting.put(self.series.iter_mut().chain(devices)) {
            self.held = 0;
        } else {
            self.most = usize::MAX;
        }
    }

    /// Adds what another reader has read.
    pub(super) fn join(&mut self, other: Self) {
        let held = other.held;
        self.merge(other);
        self.took(held);
    }

    fn merge(&mut self, other: Self) {
        self.beside = self.beside.max(other.beside);
        if let Some(devices) = other.devices {
            self.devices.get_or_insert_default().merge(*devices);
        }
        for raw in other.series {
            let names = [&raw.namespace, &raw.pod, &raw.container];
            let at = self.find(names.map(String::as_str));
            let own = &mut self.series[at];
            own.rows.join(raw.rows);
            own.aside.extend(raw.aside);
        }
    }

    /// The series of this container.
    pub(super) fn open(&mut self, names: [&str; 3]) -> &mut Rows {
        let [namespace, pod, container] = names;
        let same =
            |raw: &Raw| raw.container == container && raw.pod == pod && raw.namespace == namespace;
        if !self.series.get(self.last).is_some_and(same) {
            let next = self.next.get(self.last).copied();
            let found = next.filter(|it| self.series.get(*it).is_some_and(same));
            let found = found.unwrap_or_else(|| self.find(names));
            if let Some(next) = self.next.get_mut(self.last) {
                *next = found;
            }
            self.last = found;
        }
        &mut self.series[self.last].rows
    }

    /// The series of one device of this container.
    pub(super) fn device(
        &mut self,
        [namespace, pod, container]: [&str; 3],
        device: &str,
    ) -> &mut Rows {
        let devices = self.devices.get_or_insert_default();
        devices.open([namespace, pod, &format!("{container}{BEHIND}{device}")])
    }

    fn find(&mut self, names: [&str; 3]) -> usize {
        let [namespace, pod, container] = names;
        let (handle, new) = self.handles.of(names);
        if new {
            self.names += SERIES + 2 * (namespace.len() + pod.len() + container.len());
            self.series.push(Raw {
                namespace: namespace.to_owned(),
                pod: pod.to_owned(),
                container: container.to_owned(),
                rows: Rows::default(),
                aside: Vec::new(),
            });
            self.next.push(0);
        }
        handle
    }
}

/// What no name holds.
const BEHIND: char = '\0';

/// Where rows that wait are, and which times are wanted.
#[derive(Debug, Default)]
pub(super) struct Recall {
    pub(super) waiting: Waiting,
    /// Where not all are.
    pub(super) times: Option<Range<i64>>,
}

impl Raw {
    /// The container and the device that it is of.
    pub(super) fn device(&self) -> (&str, &str) {
        self.container
            .split_once(BEHIND)
            .unwrap_or((&self.container, ""))
    }

    /// All its times, in their order.
    pub(super) fn times(&self, recall: &Recall) -> io::Result<Vec<i64>> {
        let aside = recall.waiting.times(&self.aside)?;
        let all = aside.iter().chain(self.rows.times.iter());
        let wanted = |time: &i64| recall.times.as_ref().is_none_or(|it| it.contains(time));
        let mut times: Vec<i64> = all.filter(wanted).collect();
        times.sort_unstable();
        Ok(times)
    }

    /// With all its rows in memory.
    pub(super) fn whole(mut self, recall: &Recall) -> io::Result<Self> {
        let mut rows = recall.waiting.rows(&self.aside)?;
        rows.join(self.rows);
        if let Some(times) = &recall.times {
            rows.keep(times);
        }
        (self.rows, self.aside) = (rows, Vec::new());
        Ok(self)
    }
}
