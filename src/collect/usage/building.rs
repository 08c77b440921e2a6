use std::collections::BTreeSet;
use std::io;
use std::ops::Range;

use super::column::Column;
use super::growing::{Growing, length, raise_largest};
use super::spill::{Spill, Stretch};
use crate::snapshot::{Metric, Series, Values};

/// The samples of one container of one pod, while they come in.
#[derive(Debug)]
pub(super) struct Building {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    pub(super) cpu: Growing,
    pub(super) memory: Growing,
    /// Over the whole grid.
    more: Vec<(Metric, Values)>,
    /// Stretches that wait in a file; where there are several of a slot, the larger counts.
    aside: Vec<(Column, Stretch)>,
    /// The largest CPU use in these slots, once the file is read.
    raised: Vec<(Range<u32>, f32)>,
    /// Values that cannot be true.
    pub(super) refused: u32,
    /// Shares that are none: below 0, or above 1.
    pub(super) no_shares: u32,
    /// Values of a time that is not on the grid.
    pub(super) outside: u32,
}

impl Building {
    pub(super) fn new(namespace: &str, pod: &str, container: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            cpu: Growing::default(),
            memory: Growing::default(),
            more: Vec::new(),
            aside: Vec::new(),
            raised: Vec::new(),
            refused: 0,
            no_shares: 0,
            outside: 0,
        }
    }

    /// As gaps have it.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.namespace, self.pod)
    }

    /// Values that were left out: what cannot be, no shares, and outside the window.
    pub(super) fn strange(&self) -> [u32; 3] {
        [self.refused, self.no_shares, self.outside]
    }

    /// What is held of samples.
    pub(super) fn bytes(&self) -> usize {
        let more = self.more.iter().map(|(_, values)| values.bytes());
        self.cpu.bytes() + self.memory.bytes() + more.sum::<usize>()
    }

    /// Says how many bytes more are held then.
    pub(super) fn set(&mut self, column: Column, slot: u32, value: f32, grid: u32) -> usize {
        let metric = match column {
            Column::CpuCores => return self.cpu.put(slot, value, grid),
            Column::MemoryBytes => return self.memory.put(slot, value, grid),
            Column::More(metric) => metric,
        };
        let found = self.more.iter().position(|(known, _)| *known == metric);
        let place = found.unwrap_or_else(|| {
            self.more.push((metric, Values::unknown(length(grid))));
            self.more.len() - 1
        });
        let values = &mut self.more[place].1;
        let before = values.bytes();
        values.raise(length(slot), value);
        values.bytes().saturating_sub(before)
    }

    pub(super) fn raise_cpu(&mut self, slots: Range<u32>, value: f32) {
        if self
            .aside
            .iter()
            .any(|(column, _)| *column == Column::CpuCores)
        {
            self.raised.push((slots, value));
        } else {
            self.cpu.raise(slots, value);
        }
    }

    /// Adds what another has that has nothing set aside.
    pub(super) fn join(&mut self, other: Self, grid: u32) {
        self.refused = self.refused.saturating_add(other.refused);
        self.no_shares = self.no_shares.saturating_add(other.no_shares);
        self.outside = self.outside.saturating_add(other.outside);
        for (column, values) in [
            (Column::CpuCores, other.cpu.known()),
            (Column::MemoryBytes, other.memory.known()),
        ] {
            for (slot, value) in values {
                self.set(column, slot, value, grid);
            }
        }
        for (metric, values) in other.more {
            for (slot, value) in values.pairs() {
                let slot = u32::try_from(slot).unwrap_or(u32::MAX);
                self.set(Column::More(metric), slot, value, grid);
            }
        }
    }

    /// Puts what is held into a file, but for metrics of which few slots are known.
    pub(super) fn set_aside(&mut self, spill: &mut Spill) -> io::Result<()> {
        for (column, growing) in [
            (Column::CpuCores, &mut self.cpu),
            (Column::MemoryBytes, &mut self.memory),
        ] {
            let put = growing.set_aside(spill)?;
            self.aside.extend(put.map(|stretch| (column, stretch)));
        }
        for (metric, values) in &mut self.more {
            let Some(every) = values.dense() else {
                continue;
            };
            let bounds = values.bounds();
            let stretch = spill.put(number(bounds.start), &every[bounds])?;
            self.aside.push((Column::More(*metric), stretch));
            *values = Values::unknown(values.len());
        }
        Ok(())
    }

    /// The slots that columns are over; `None` without a sample.
    pub(super) fn bounds(&self) -> Option<Range<usize>> {
        let more = self.more.iter().map(|(_, values)| values.bounds());
        let aside = self.aside.iter().map(|(_, stretch)| stretch.slots());
        let usage = [self.cpu.bounds(), self.memory.bounds()];
        let all = usage.into_iter().chain(more).chain(aside);
        let all = all.filter(|bounds| !bounds.is_empty());
        all.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
    }

    /// All columns over the same slots; `None` without a sample. Nothing is set aside.
    pub(super) fn into_series(self, workload: u32) -> Option<Series> {
        let bounds = self.bounds()?;
        Some(Series {
            workload,
            pod: self.pod,
            container: self.container,
            first: number(bounds.start),
            cpu_cores: self.cpu.into_column(&bounds),
            memory_bytes: self.memory.into_column(&bounds),
            more: self
                .more
                .into_iter()
                .map(|(metric, values)| (metric, values.part(bounds.clone())))
                .collect(),
        })
    }

    /// The same with what is in the file, again and again.
    pub(super) fn series(
        &self,
        workload: u32,
        bounds: &Range<usize>,
        spill: &mut Spill,
    ) -> io::Result<Series> {
        let mut cpu_cores = self.column(Column::CpuCores, bounds, spill)?;
        lay(self.cpu.values(), bounds, &mut cpu_cores);
        for (slots, value) in &self.raised {
            let place = |slot: u32| length(slot).saturating_sub(bounds.start).min(bounds.len());
            let slots = &mut cpu_cores[place(slots.start)..place(slots.end)];
            raise_largest(slots.iter_mut(), *value);
        }
        let mut memory_bytes = self.column(Column::MemoryBytes, bounds, spill)?;
        lay(self.memory.values(), bounds, &mut memory_bytes);
        let more = self.metrics().into_iter().map(|metric| {
            let mut column = self.column(Column::More(metric), bounds, spill)?;
            let held = self.more.iter().find(|(known, _)| *known == metric);
            for (slot, value) in held.iter().flat_map(|(_, values)| values.pairs()) {
                let known = &mut column[slot - bounds.start];
                *known = known.max(value);
            }
            Ok((metric, Values::from(column)))
        });
        Ok(Series {
            workload,
            pod: self.pod.clone(),
            container: self.container.clone(),
            first: number(bounds.start),
            cpu_cores,
            memory_bytes,
            more: more.collect::<io::Result<_>>()?,
        })
    }

    /// Metrics beside CPU and memory of which anything is known.
    pub(super) fn metrics(&self) -> BTreeSet<Metric> {
        let aside = self.aside.iter().filter_map(|(column, _)| match column {
            Column::More(metric) => Some(*metric),
            _ => None,
        });
        self.more
            .iter()
            .map(|(metric, _)| *metric)
            .chain(aside)
            .collect()
    }

    /// What the file has of a column.
    fn column(
        &self,
        column: Column,
        bounds: &Range<usize>,
        spill: &mut Spill,
    ) -> io::Result<Vec<f32>> {
        let mut values = vec![f32::NAN; bounds.len()];
        let mut before = false;
        for (_, stretch) in self.aside.iter().filter(|(own, _)| *own == column) {
            let slots = stretch.slots();
            let slots = slots.start - bounds.start..slots.end - bounds.start;
            if !std::mem::replace(&mut before, true) {
                spill.get(stretch, &mut values[slots])?;
                continue;
            }
            let mut more = vec![f32::NAN; slots.len()];
            spill.get(stretch, &mut more)?;
            for (value, more) in values[slots].iter_mut().zip(more) {
                *value = value.max(more);
            }
        }
        Ok(values)
    }

    /// Slots with memory, and those of them without CPU, where the file has one stretch of
    /// each without a hole and nothing else is held: else it takes the samples to tell.
    pub(super) fn without_cpu(&self) -> Option<(usize, usize)> {
        let only = |column: Column, held: &Growing| {
            let mut own = self.aside.iter().filter(|(it, _)| *it == column);
            let stretch = own.next().map(|(_, stretch)| *stretch)?;
            let alone = own.next().is_none() && held.bytes() == 0 && stretch.is_whole;
            alone.then(|| stretch.slots())
        };
        let cpu = only(Column::CpuCores, &self.cpu)?;
        let memory = only(Column::MemoryBytes, &self.memory)?;
        let both = cpu
            .end
            .min(memory.end)
            .saturating_sub(cpu.start.max(memory.start));
        Some((memory.len(), memory.len() - both))
    }

    /// Whether any CPU is known.
    pub(super) fn has_cpu(&self) -> bool {
        let mut aside = self.aside.iter();
        self.cpu.bytes() > 0 || aside.any(|(column, _)| *column == Column::CpuCores)
    }
}

/// Puts values from a slot on into a column over some slots; the larger stay.
fn lay(
    (first, values): (u32, impl Iterator<Item = f32>),
    bounds: &Range<usize>,
    column: &mut [f32],
) {
    // Of none, where they begin says nothing.
    let from = length(first).saturating_sub(bounds.start).min(column.len());
    for (known, value) in column[from..].iter_mut().zip(values) {
        *known = known.max(value);
    }
}

fn number(slot: usize) -> u32 {
    u32::try_from(slot).unwrap_or(u32::MAX)
}
