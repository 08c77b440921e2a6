use std::ops::Range;

use super::column::Column;
use super::growing::{Growing, length};
use super::handles::Handles;
use super::left_out::LeftOut;
use crate::collect::PodIndex;
use crate::snapshot::{Gap, Grid, Metric, Series, Usage, Values};

/// Collects samples of containers, in any order, on a grid.
///
/// Costs four bytes a metric and slot, between the first and the last slot that
/// has a sample, and less for metrics of which few slots are known. Opening a series hashes its names, setting a slot does not.
#[derive(Debug)]
pub struct UsageBuilder {
    grid: Grid,
    handles: Handles,
    series: Vec<Building>,
}

/// The samples of one container of one pod, while they come in.
#[derive(Debug)]
struct Building {
    namespace: String,
    pod: String,
    container: String,
    cpu: Growing,
    memory: Growing,
    /// Over the whole grid.
    more: Vec<(Metric, Values)>,
    /// Values that cannot be true.
    refused: u32,
    /// Shares that are none: below 0, or above 1.
    no_shares: u32,
    /// Values of a time that is not on the grid.
    outside: u32,
}

impl UsageBuilder {
    pub fn new(grid: Grid) -> Self {
        Self {
            grid,
            handles: Handles::default(),
            series: Vec::new(),
        }
    }

    /// The grid that slots count on.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Series that were opened.
    pub fn opened(&self) -> usize {
        self.series.len()
    }

    /// The series of this container; the same handle for the same names.
    pub fn open(&mut self, namespace: &str, pod: &str, container: &str) -> usize {
        let (handle, new) = self.handles.of([namespace, pod, container]);
        if new {
            self.series.push(Building {
                namespace: namespace.to_owned(),
                pod: pod.to_owned(),
                container: container.to_owned(),
                cpu: Growing::default(),
                memory: Growing::default(),
                more: Vec::new(),
                refused: 0,
                no_shares: 0,
                outside: 0,
            });
        }
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
            Some(value) => building.set(column, slot, value, self.grid.len),
            None if value.is_nan() && matches!(column, Column::More(_)) => {}
            None if value.is_finite() && column.is_share() => {
                building.no_shares = building.no_shares.saturating_add(1);
            }
            None => building.refused = building.refused.saturating_add(1),
        }
    }

    /// [`Self::set`] of values in the order of their slots, of which each has one.
    pub fn fill(&mut self, series: usize, column: Column, values: &[(u32, f64)]) {
        let Some(building) = self.series.get_mut(series) else {
            return;
        };
        let grid = self.grid.len;
        let values = &values[..values.partition_point(|(slot, _)| *slot < grid)];
        let refused = match column {
            Column::CpuCores => building.cpu.fill(values, grid, |it| column.stored(it)),
            Column::MemoryBytes => building.memory.fill(values, grid, |it| column.stored(it)),
            Column::More(_) => {
                for (slot, value) in values {
                    self.set(series, column, *slot, *value);
                }
                return;
            }
        };
        building.refused = building.refused.saturating_add(refused);
    }

    /// Adds what another has of the same grid; of series that both have, the larger values.
    pub fn join(&mut self, other: Self) {
        for building in other.series {
            let names = [&building.namespace, &building.pod, &building.container];
            let (handle, new) = self.handles.of(names.map(String::as_str));
            if new {
                self.series.push(building);
            } else {
                self.series[handle].join(building, self.grid.len);
            }
        }
    }

    /// Counts values of a time outside the grid, where none was asked for: they become a gap.
    pub fn outside(&mut self, series: usize, values: u32) {
        if let Some(building) = self.series.get_mut(series) {
            building.outside = building.outside.saturating_add(values);
        }
    }

    /// Lifts the largest CPU use within these slots to `value`, where that is
    /// larger. Nothing where none is known.
    pub fn raise_cpu(&mut self, series: usize, slots: Range<u32>, value: f64) {
        let Some(building) = self.series.get_mut(series) else {
            return;
        };
        match Column::CpuCores.stored(value) {
            Some(value) => building.cpu.raise(slots, value),
            None => building.refused = building.refused.saturating_add(1),
        }
    }

    /// Sorts series under their workloads. Pods of no known workload become a gap.
    ///
    /// Series of containers that the workload does not have are kept: see
    /// [`drop_unknown_containers`](super::drop_unknown_containers).
    pub fn finish(self, pods: &PodIndex) -> (Usage, Vec<Gap>) {
        self.place(|namespace, pod| pods.workload(namespace, pod))
    }

    fn place(self, owner: impl Fn(&str, &str) -> Option<u32>) -> (Usage, Vec<Gap>) {
        let mut unknown = LeftOut::default();
        let mut refused = LeftOut::default();
        let mut no_shares = LeftOut::default();
        let mut outside = LeftOut::default();
        let mut without_cpu = LeftOut::default();
        let mut has_cpu = false;
        let mut series = Vec::with_capacity(self.series.len());
        for building in self.series {
            let name = || format!("{}/{}", building.namespace, building.pod);
            if building.refused > 0 {
                refused.add(name(), u64::from(building.refused));
            }
            if building.no_shares > 0 {
                no_shares.add(name(), u64::from(building.no_shares));
            }
            if building.outside > 0 {
                outside.add(name(), u64::from(building.outside));
            }
            match owner(&building.namespace, &building.pod) {
                Some(workload) => {
                    let name = name();
                    let Some(one) = building.into_series(workload) else {
                        continue;
                    };
                    has_cpu |= one.cpu_cores.iter().any(|value| !value.is_nan());
                    if one.lacks_cpu(&self.grid) {
                        without_cpu.add(name, 1);
                    }
                    series.push(one);
                }
                None => unknown.add(name(), 1),
            }
        }
        series.sort_by(|a, b| order(a).cmp(&order(b)));
        let usage = Usage {
            grid: self.grid,
            series,
        };
        let gaps = [
            unknown.unowned_pods(),
            refused.refused_values(),
            no_shares.no_shares(),
            outside.outside_window(),
            without_cpu.without_cpu().filter(|_| has_cpu),
        ];
        (usage, gaps.into_iter().flatten().collect())
    }
}

fn order(series: &Series) -> (u32, &str, &str) {
    (series.workload, &series.pod, &series.container)
}

impl Building {
    fn set(&mut self, column: Column, slot: u32, value: f32, grid: u32) {
        let metric = match column {
            Column::CpuCores => return self.cpu.set(slot, value, grid),
            Column::MemoryBytes => return self.memory.set(slot, value, grid),
            Column::More(metric) => metric,
        };
        let found = self.more.iter().position(|(known, _)| *known == metric);
        let place = found.unwrap_or_else(|| {
            self.more.push((metric, Values::unknown(length(grid))));
            self.more.len() - 1
        });
        self.more[place].1.raise(length(slot), value);
    }

    fn join(&mut self, other: Self, grid: u32) {
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

    /// All columns over the same slots; `None` without a sample.
    fn into_series(self, workload: u32) -> Option<Series> {
        let more = self.more.iter().map(|(_, values)| values.bounds());
        let usage = [self.cpu.bounds(), self.memory.bounds()];
        let all = usage.into_iter().chain(more);
        let all = all.filter(|bounds| !bounds.is_empty());
        let bounds = all.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))?;
        Some(Series {
            workload,
            pod: self.pod,
            container: self.container,
            first: u32::try_from(bounds.start).unwrap_or(u32::MAX),
            cpu_cores: self.cpu.into_column(&bounds),
            memory_bytes: self.memory.into_column(&bounds),
            more: self
                .more
                .into_iter()
                .map(|(metric, values)| (metric, values.part(bounds.clone())))
                .collect(),
        })
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
    fn many_values_at_once_are_those_of_one_at_a_time() {
        let values = [
            (3, 1.5),
            (4, 2.5),
            (5, -1.0),
            (9, 0.5),
            (12, 7.0),
            (300, 1.0),
        ];
        let parts = [&values[..], &[(1, 3.0), (4, 1.0)], &[], &[(99, 2.0)]];
        let metrics = [
            Column::CpuCores,
            Column::MemoryBytes,
            Column::More(Metric::CpuThrottledRatio),
        ];
        let (mut one, mut many) = (builder(), builder());
        for (part, column) in parts
            .iter()
            .flat_map(|it| metrics.map(|column| (it, column)))
        {
            let series = one.open("shop", "a", "app");
            for (slot, value) in *part {
                one.set(series, column, *slot, *value);
            }
            let series = many.open("shop", "a", "app");
            many.fill(series, column, part);
        }
        let (one, many) = (one.place(owner), many.place(owner));
        assert_eq!(format!("{one:?}"), format!("{many:?}"));
        assert_eq!(many.0.series[0].len(), 99);
    }

    #[test]
    fn the_largest_value_of_some_slots_is_lifted() {
        let mut usage = builder();
        let series = usage.open("shop", "a", "app");
        for (slot, value) in [(3, 9.0), (5, 1.0), (6, 2.0), (8, 9.0)] {
            usage.set(series, Column::CpuCores, slot, value);
        }
        usage.raise_cpu(series, 4..8, 3.0);
        usage.raise_cpu(series, 0..4, 3.0);
        usage.raise_cpu(series, 20..30, 3.0);
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
