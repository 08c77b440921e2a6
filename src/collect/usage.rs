//! Samples into series on one grid.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Range;

use super::PodIndex;
use crate::snapshot::{Gap, Grid, Metric, Series, Usage, Workload};
use crate::units::single;

/// How many names a gap gives as examples.
const EXAMPLES: usize = 3;

/// A metric of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    CpuCores,
    MemoryBytes,
    More(Metric),
}

impl Column {
    /// The name of its column in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuCores => "cpu_cores",
            Self::MemoryBytes => "memory_bytes",
            Self::More(metric) => metric.column(),
        }
    }

    /// What no container can exceed: a larger value is a fault of its source.
    ///
    /// Far above the largest machines on sale in 2026 (1,920 vCPUs, 32 TiB, 16
    /// accelerators), so that it only catches counters taken for rates and the
    /// like. Ratios may be a little above 1, as Prometheus extrapolates.
    fn limit(self) -> f64 {
        match self {
            Self::CpuCores => 1e5,
            Self::MemoryBytes | Self::More(Metric::GpuMemoryBytes) => 1e15,
            Self::More(metric) if is_share(metric) => 1.05,
            Self::More(Metric::GpuUtilization) => 1e3,
            Self::More(_) => 1e13,
        }
    }

    /// As it is stored; `None` for what cannot be true.
    pub(super) fn stored(self, value: f64) -> Option<f32> {
        if !(0.0..=self.limit()).contains(&value) {
            return None;
        }
        Some(single(match self {
            Self::MemoryBytes | Self::More(Metric::GpuMemoryBytes) => value.round(),
            Self::More(metric) if is_share(metric) => value.min(1.0),
            _ => value,
        }))
    }
}

/// Whether it is a share of time or of periods.
fn is_share(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::CpuThrottledRatio | Metric::CpuWaitingRatio | Metric::MemoryWaitingRatio
    )
}

/// Collects samples of containers, in any order, on a grid.
///
/// Costs four bytes a metric and slot, between the first and the last slot that
/// has a sample. Opening a series hashes its names, setting a slot does not.
#[derive(Debug)]
pub struct UsageBuilder {
    grid: Grid,
    handles: HashMap<String, usize>,
    series: Vec<Building>,
    /// Reused by `open`, so that a known series costs no allocation.
    key: String,
}

/// The samples of one container of one pod, while they come in.
#[derive(Debug)]
struct Building {
    namespace: String,
    pod: String,
    container: String,
    cpu: Values,
    memory: Values,
    more: Vec<(Metric, Values)>,
    /// Values that cannot be true.
    refused: u32,
}

/// One metric over the slots that have samples.
#[derive(Debug, Default)]
struct Values {
    first: u32,
    slots: VecDeque<f32>,
}

impl UsageBuilder {
    pub fn new(grid: Grid) -> Self {
        Self {
            grid,
            handles: HashMap::new(),
            series: Vec::new(),
            key: String::new(),
        }
    }

    /// The grid that slots count on.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The series of this container; the same handle for the same names.
    pub fn open(&mut self, namespace: &str, pod: &str, container: &str) -> usize {
        self.key.clear();
        for part in [namespace, "\0", pod, "\0", container] {
            self.key.push_str(part);
        }
        if let Some(handle) = self.handles.get(&self.key) {
            return *handle;
        }
        let handle = self.series.len();
        self.handles.insert(self.key.clone(), handle);
        self.series.push(Building {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            cpu: Values::default(),
            memory: Values::default(),
            more: Vec::new(),
            refused: 0,
        });
        handle
    }

    /// Puts a value into a slot. Where one is there already, the larger stays,
    /// so that a series scraped twice never doubles.
    ///
    /// NaN, infinite, negative and absurdly large values are left out and
    /// become a gap; NaN is an ordinary missing sample for the metrics that are
    /// ratios of rates. Slots outside the grid and unknown handles are ignored.
    pub fn set(&mut self, series: usize, column: Column, slot: u32, value: f64) {
        let Some(building) = self.series.get_mut(series) else {
            return;
        };
        if slot >= self.grid.len {
            return;
        }
        match column.stored(value) {
            Some(value) => building.values(column).set(slot, value, self.grid.len),
            None if value.is_nan() && matches!(column, Column::More(_)) => {}
            None => building.refused = building.refused.saturating_add(1),
        }
    }

    /// Lifts the largest value within these slots to `value`, where that is larger.
    /// Nothing where none is known.
    pub fn raise(&mut self, series: usize, column: Column, slots: Range<u32>, value: f64) {
        let Some(building) = self.series.get_mut(series) else {
            return;
        };
        match column.stored(value) {
            Some(value) => building.values(column).raise(slots, value),
            None => building.refused = building.refused.saturating_add(1),
        }
    }

    /// Sorts series under their workloads. Pods of no known workload become a gap.
    ///
    /// Series of containers that the workload does not have are kept: see
    /// [`drop_unknown_containers`].
    pub fn finish(self, pods: &PodIndex) -> (Usage, Vec<Gap>) {
        self.place(|namespace, pod| pods.workload(namespace, pod))
    }

    fn place(self, owner: impl Fn(&str, &str) -> Option<u32>) -> (Usage, Vec<Gap>) {
        let mut unknown = Named::default();
        let mut refused = Named::default();
        let mut series = Vec::with_capacity(self.series.len());
        for building in self.series {
            let name = || format!("{}/{}", building.namespace, building.pod);
            if building.refused > 0 {
                refused.add(name(), u64::from(building.refused));
            }
            match owner(&building.namespace, &building.pod) {
                Some(workload) => series.extend(building.into_series(workload)),
                None => unknown.add(name(), 1),
            }
        }
        series.sort_by(|a, b| order(a).cmp(&order(b)));
        let usage = Usage {
            grid: self.grid,
            series,
        };
        let gaps = [unknown.unowned_pods(), refused.refused_values()];
        (usage, gaps.into_iter().flatten().collect())
    }
}

fn order(series: &Series) -> (u32, &str, &str) {
    (series.workload, &series.pod, &series.container)
}

/// Drops series of containers that their workload does not have, with a gap.
///
/// They are debug containers, the pod's own sandbox, or containers of an older
/// template: there is nothing to advise on, and a node's joint use must not
/// count them as someone's.
pub fn drop_unknown_containers(usage: &mut Usage, workloads: &[Workload]) -> Option<Gap> {
    let mut dropped = Named::default();
    usage.series.retain(|series| {
        let place = usize::try_from(series.workload).unwrap_or(usize::MAX);
        let Some(workload) = workloads.get(place) else {
            return false;
        };
        let known = workload
            .containers
            .iter()
            .any(|container| container.name == series.container);
        if !known {
            dropped.add(format!("{} in {}", series.container, workload.id), 1);
        }
        known
    });
    dropped.unknown_containers()
}

impl Building {
    fn values(&mut self, column: Column) -> &mut Values {
        let metric = match column {
            Column::CpuCores => return &mut self.cpu,
            Column::MemoryBytes => return &mut self.memory,
            Column::More(metric) => metric,
        };
        let found = self.more.iter().position(|(known, _)| *known == metric);
        let place = found.unwrap_or_else(|| {
            self.more.push((metric, Values::default()));
            self.more.len() - 1
        });
        &mut self.more[place].1
    }

    /// All columns over the same slots; `None` without a sample.
    fn into_series(self, workload: u32) -> Option<Series> {
        let all = || {
            let more = self.more.iter().map(|(_, values)| values);
            [&self.cpu, &self.memory]
                .into_iter()
                .chain(more)
                .filter(|values| !values.slots.is_empty())
        };
        let first = all().map(|values| values.first).min()?;
        let end = all().map(Values::end).max()?;
        Some(Series {
            workload,
            pod: self.pod,
            container: self.container,
            first,
            cpu_cores: self.cpu.into_column(first, end),
            memory_bytes: self.memory.into_column(first, end),
            more: self
                .more
                .into_iter()
                .map(|(metric, values)| (metric, values.into_column(first, end)))
                .collect(),
        })
    }
}

impl Values {
    /// The slot after the last.
    fn end(&self) -> u32 {
        self.first
            .saturating_add(u32::try_from(self.slots.len()).unwrap_or(u32::MAX))
    }

    /// `grid` is the number of slots that there can be.
    fn set(&mut self, slot: u32, value: f32, grid: u32) {
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

    fn raise(&mut self, slots: Range<u32>, value: f32) {
        let from = length(slots.start.saturating_sub(self.first));
        let until = length(slots.end.saturating_sub(self.first)).min(self.slots.len());
        let held = self.slots.range_mut(from.min(until)..until);
        let known = held.filter(|held| !held.is_nan());
        if let Some(largest) = known.max_by(|a, b| a.total_cmp(b)) {
            *largest = largest.max(value);
        }
    }

    /// Doubles as a vector does, but never beyond the grid.
    fn reserve(&mut self, needed: u32, grid: u32) {
        let (needed, held) = (length(needed), self.slots.capacity());
        if needed > held {
            let target = needed.max((held * 2).max(16).min(length(grid)));
            self.slots.reserve_exact(target - self.slots.len());
        }
    }

    fn into_column(self, first: u32, end: u32) -> Vec<f32> {
        let len = length(end - first);
        if self.slots.is_empty() {
            return vec![f32::NAN; len];
        }
        let before = length(self.first - first);
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

fn length(slots: u32) -> usize {
    usize::try_from(slots).unwrap_or(usize::MAX)
}

/// Names to mention in a gap, and how many things they stand for.
#[derive(Default)]
struct Named {
    names: BTreeSet<String>,
    count: u64,
}

impl Named {
    fn add(&mut self, name: String, count: u64) {
        self.names.insert(name);
        self.count += count;
    }

    fn unowned_pods(&self) -> Option<Gap> {
        let pods = self.names.len();
        self.gap("unowned-pods", "usage", |examples| {
            let noun = if pods == 1 { "pod" } else { "pods" };
            format!("usage of {pods} {noun} belongs to no known workload and is left out: {examples}")
        })
        .map(|gap| gap.hint("take objects and usage from the same cluster and time; ReplicaSets and Jobs tell whose a pod was"))
    }

    fn refused_values(&self) -> Option<Gap> {
        let count = self.count;
        self.gap("impossible-values", "usage", |examples| {
            let noun = if count == 1 {
                "sample is"
            } else {
                "samples are"
            };
            format!(
                "{count} {noun} not a number, negative or absurdly large and left out: {examples}"
            )
        })
    }

    fn unknown_containers(&self) -> Option<Gap> {
        let count = self.count;
        self.gap("unknown-containers", "usage", |examples| {
            let noun = if count == 1 { "series is" } else { "series are" };
            format!("{count} {noun} of containers that their workload does not have, and left out: {examples}")
        })
    }

    fn gap(&self, code: &str, subject: &str, text: impl Fn(&str) -> String) -> Option<Gap> {
        if self.names.is_empty() {
            return None;
        }
        let shown: Vec<&str> = self
            .names
            .iter()
            .take(EXAMPLES)
            .map(String::as_str)
            .collect();
        let rest = self.names.len() - shown.len();
        let mut examples = shown.join(", ");
        if rest > 0 {
            examples = format!("{examples} and {rest} more");
        }
        Some(Gap::new(code, subject, text(&examples)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> UsageBuilder {
        UsageBuilder::new(Grid {
            len: 100,
            ..Grid::default()
        })
    }

    fn owner(_: &str, pod: &str) -> Option<u32> {
        match pod {
            "a" => Some(1),
            "b" => Some(0),
            _ => None,
        }
    }

    #[test]
    fn columns_cover_the_same_slots_in_whatever_order_samples_come() {
        let mut usage = builder();
        let series = usage.open("shop", "a", "app");
        usage.set(series, Column::CpuCores, 7, 0.5);
        usage.set(series, Column::CpuCores, 5, 0.25);
        usage.set(series, Column::MemoryBytes, 9, 10.4);
        usage.set(series, Column::MemoryBytes, 200, 1.0);
        let (usage, gaps) = usage.place(owner);
        let series = &usage.series[0];
        assert_eq!((series.first, series.len(), gaps.len()), (5, 5, 0));
        assert_eq!(
            format!("{:?}", series.cpu_cores),
            "[0.25, NaN, 0.5, NaN, NaN]"
        );
        assert_eq!(
            format!("{:?}", series.memory_bytes),
            "[NaN, NaN, NaN, NaN, 10.0]"
        );
    }

    #[test]
    fn the_larger_of_two_samples_stays() {
        let mut usage = builder();
        for value in [1.0, 3.0, 2.0] {
            let series = usage.open("shop", "a", "app");
            usage.set(series, Column::CpuCores, 1, value);
        }
        let (usage, _) = usage.place(owner);
        assert_eq!((usage.series.len(), usage.series[0].cpu_cores[0]), (1, 3.0));
    }

    #[test]
    fn the_largest_value_of_some_slots_is_lifted() {
        let mut usage = builder();
        let series = usage.open("shop", "a", "app");
        for (slot, value) in [(3, 9.0), (5, 1.0), (6, 2.0), (8, 9.0)] {
            usage.set(series, Column::CpuCores, slot, value);
        }
        usage.raise(series, Column::CpuCores, 4..8, 3.0);
        usage.raise(series, Column::CpuCores, 0..4, 3.0);
        usage.raise(series, Column::CpuCores, 20..30, 3.0);
        let (usage, _) = usage.place(owner);
        assert_eq!(
            format!("{:?}", usage.series[0].cpu_cores),
            "[9.0, NaN, 1.0, 3.0, NaN, 9.0]"
        );
    }

    #[test]
    fn what_cannot_be_true_is_left_out_and_named() {
        let mut usage = builder();
        let series = usage.open("shop", "a", "app");
        for value in [f64::NAN, f64::INFINITY, -1.0, 1e30] {
            usage.set(series, Column::CpuCores, 1, value);
        }
        usage.set(series, Column::More(Metric::CpuThrottledRatio), 1, f64::NAN);
        usage.set(series, Column::MemoryBytes, 1, 5.0);
        let (usage, gaps) = usage.place(owner);
        assert!(usage.series[0].cpu_cores[0].is_nan());
        assert_eq!(
            gaps[0].text,
            "4 samples are not a number, negative or absurdly large and left out: shop/a"
        );
    }

    #[test]
    fn series_stand_under_their_workloads_and_strangers_become_a_gap() {
        let mut usage = builder();
        for (pod, container) in [("a", "x"), ("b", "y"), ("b", "x"), ("gone", "x")] {
            let series = usage.open("shop", pod, container);
            usage.set(series, Column::CpuCores, 1, 1.0);
        }
        let (usage, gaps) = usage.place(owner);
        let order: Vec<_> = usage.series.iter().map(order).collect();
        assert_eq!(order, [(0, "b", "x"), (0, "b", "y"), (1, "a", "x")]);
        assert_eq!(gaps[0].code, "unowned-pods");
        assert_eq!(
            gaps[0].text,
            "usage of 1 pod belongs to no known workload and is left out: shop/gone"
        );
    }
}
