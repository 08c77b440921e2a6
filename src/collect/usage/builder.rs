use std::io;
use std::ops::Range;

use super::aside::Aside;
use super::building::Building;
use super::column::Column;
use super::handles::Handles;
use super::left_out::{LeftOut, Strange};
use super::spill::Spill;
use crate::collect::PodIndex;
use crate::snapshot::{Gap, Grid, Series, Usage};

/// Collects samples of containers, in any order, on a grid.
///
/// Costs four bytes a metric and slot, between the first and the last slot that
/// has a sample, and less for metrics of which few slots are known. Opening a series hashes its
/// names, setting a slot does not.
#[derive(Debug)]
pub struct UsageBuilder {
    grid: Grid,
    handles: Handles,
    series: Vec<Building>,
    /// Bytes of samples that are held, and how many may be: what is more waits in a file.
    held: usize,
    most: usize,
    spill: Option<Spill>,
    /// Why no more is put there.
    unwritten: Option<io::Error>,
}

/// Usage under its workloads: all of it, or with samples that wait in a file.
#[derive(Debug)]
pub enum Placed {
    Here(Usage),
    Aside(Aside),
}

impl UsageBuilder {
    pub fn new(grid: Grid) -> Self {
        Self::holding(grid, None)
    }

    /// The same, with samples beyond so many bytes in a temporary file. Where that cannot be
    /// written, all stay in memory.
    pub fn holding(grid: Grid, most: Option<u64>) -> Self {
        let most = most.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
        Self {
            grid,
            handles: Handles::default(),
            series: Vec::new(),
            held: 0,
            most,
            spill: None,
            unwritten: None,
        }
    }

    /// Why samples stay in memory that should wait in a file.
    pub fn unwritten(&self) -> Option<&io::Error> {
        self.unwritten.as_ref()
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
            self.series.push(Building::new(namespace, pod, container));
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
            Some(value) => {
                let more = building.set(column, slot, value, self.grid.len);
                self.took(more);
            }
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
        let growing = match column {
            Column::CpuCores => &mut building.cpu,
            Column::MemoryBytes => &mut building.memory,
            Column::More(_) => {
                for (slot, value) in values {
                    self.set(series, column, *slot, *value);
                }
                return;
            }
        };
        let before = growing.bytes();
        let refused = growing.fill(values, grid, |it| column.stored(it));
        let more = growing.bytes().saturating_sub(before);
        building.refused = building.refused.saturating_add(refused);
        self.took(more);
    }

    /// So many bytes more are held.
    fn took(&mut self, bytes: usize) {
        self.held = self.held.saturating_add(bytes);
        if self.held > self.most {
            self.set_aside();
        }
    }

    /// Puts what is held into the file, but for metrics of which few slots are known.
    fn set_aside(&mut self) {
        if let Err(error) = self.spill_all() {
            (self.most, self.unwritten) = (usize::MAX, Some(error));
        }
        self.held = self.series.iter().map(Building::bytes).sum();
        // What stays is not to be looked through for every sample.
        self.most = self.most.max(self.held.saturating_mul(2));
    }

    /// Adds what another has of the same grid; of series that both have, the larger values.
    pub fn join(&mut self, other: Self) {
        let more = other.series.iter().map(Building::bytes).sum();
        for building in other.series {
            let names = [&building.namespace, &building.pod, &building.container];
            let (handle, new) = self.handles.of(names.map(String::as_str));
            if new {
                self.series.push(building);
            } else {
                self.series[handle].join(building, self.grid.len);
            }
        }
        self.took(more);
    }

    fn spill_all(&mut self) -> io::Result<()> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => none.insert(Spill::new()?),
        };
        let mut series = self.series.iter_mut();
        series.try_for_each(|it| it.set_aside(spill))
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
            Some(value) => building.raise_cpu(slots, value),
            None => building.refused = building.refused.saturating_add(1),
        }
    }

    /// Sorts series under their workloads. Pods of no known workload become a gap, and what
    /// cannot be read again from the file another.
    ///
    /// Series of containers that the workload does not have are kept: see
    /// [`drop_unknown_containers`](super::drop_unknown_containers).
    pub fn finish(self, pods: &PodIndex) -> (Usage, Vec<Gap>) {
        let (placed, mut gaps) = self.finish_aside(pods);
        match placed {
            Placed::Here(usage) => (usage, gaps),
            Placed::Aside(aside) => {
                let (usage, lost) = aside.all();
                gaps.extend(lost);
                (usage, gaps)
            }
        }
    }

    /// The same, where samples in the file stay there.
    pub fn finish_aside(self, pods: &PodIndex) -> (Placed, Vec<Gap>) {
        self.place(|namespace, pod| pods.workload(namespace, pod))
    }

    fn place(self, owner: impl Fn(&str, &str) -> Option<u32>) -> (Placed, Vec<Gap>) {
        let mut unknown = LeftOut::default();
        let mut strange = Strange::default();
        let mut owned = Vec::with_capacity(self.series.len());
        for building in self.series {
            let name = building.name();
            strange.add(&name, building.strange());
            match owner(&building.namespace, &building.pod) {
                Some(workload) => owned.push((workload, building)),
                None => unknown.add(name, 1),
            }
        }
        owned.sort_by(|a, b| order(a).cmp(&order(b)));
        let (placed, without_cpu) = if let Some(mut spill) = self.spill {
            // What is still held goes to the rest, but for what there is no room for.
            let rest = owned.iter_mut().map(|(_, it)| it.set_aside(&mut spill));
            let _ = rest.collect::<io::Result<()>>();
            let aside = Aside::new(self.grid, spill, owned);
            let without_cpu = aside.without_cpu();
            (Placed::Aside(aside), without_cpu)
        } else {
            let (usage, without_cpu) = in_memory(self.grid, owned);
            (Placed::Here(usage), without_cpu)
        };
        let mut gaps: Vec<Gap> = unknown.unowned_pods().into_iter().collect();
        gaps.extend(strange.gaps());
        gaps.extend(without_cpu);
        (placed, gaps)
    }
}

fn order((workload, building): &(u32, Building)) -> (u32, &str, &str) {
    (*workload, &building.pod, &building.container)
}

/// All samples, and of which containers too few are of CPU.
fn in_memory(grid: Grid, owned: Vec<(u32, Building)>) -> (Usage, Option<Gap>) {
    let (mut without_cpu, mut has_cpu) = (LeftOut::default(), false);
    let mut series: Vec<Series> = Vec::with_capacity(owned.len());
    for (workload, building) in owned {
        let name = building.name();
        let Some(one) = building.into_series(workload) else {
            continue;
        };
        has_cpu |= one.cpu_cores.iter().any(|value| !value.is_nan());
        if one.lacks_cpu(&grid) {
            without_cpu.add(name, 1);
        }
        series.push(one);
    }
    let gap = without_cpu.without_cpu().filter(|_| has_cpu);
    (Usage { grid, series }, gap)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::placed::HasSeries as _;
    use super::super::runs::drop_ended;
    use super::*;
    use crate::snapshot::{Metric, Snapshot, Workload};

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

    fn here(builder: UsageBuilder) -> (Usage, Vec<Gap>) {
        match builder.place(owner) {
            (Placed::Here(usage), gaps) => (usage, gaps),
            (Placed::Aside(aside), mut gaps) => {
                let (usage, lost) = aside.all();
                gaps.extend(lost);
                (usage, gaps)
            }
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
        let (usage, gaps) = here(usage);
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
        let (usage, _) = here(usage);
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
        let (one, many) = (here(one), here(many));
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
        let (usage, _) = here(usage);
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
        let (usage, gaps) = here(usage);
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
        let (usage, gaps) = here(usage);
        let order = usage.series.iter();
        let order = order.map(|it| (it.workload, &*it.pod, &*it.container));
        let order: Vec<_> = order.collect();
        assert_eq!(order, [(0, "b", "x"), (0, "b", "y"), (1, "a", "x")]);
        assert_eq!(gaps[0].code, "unowned-pods");
        assert_eq!(
            gaps[0].text,
            "usage of 1 pod belongs to no known workload and is left out: shop/gone"
        );
    }

    /// Whatever is set aside when, the same usage comes back, and the same gaps.
    #[test]
    fn what_waits_in_a_file_comes_back_as_it_was() {
        let columns = [
            Column::CpuCores,
            Column::MemoryBytes,
            Column::More(Metric::CpuThrottledRatio),
        ];
        let fill = |most: Option<u64>| {
            let grid = Grid {
                len: 100,
                ..Grid::default()
            };
            let mut usage = UsageBuilder::holding(grid, most);
            for (turn, pod) in ["a", "b", "gone", "a", "b"].into_iter().enumerate() {
                for (place, column) in columns.into_iter().enumerate() {
                    let series = usage.open("shop", pod, "app");
                    // Some have holes, some overlap what was there, and one has no CPU.
                    let slots = (0..60_u32).map(|it| it + u32::try_from(turn).unwrap() * 9);
                    let slots = slots.filter(|it| it % 7 != 3 && (place > 0 || pod == "a"));
                    let value = |slot: u32| f64::from((slot * 37 + 11) % 64) / 64.0;
                    let values: Vec<(u32, f64)> = slots.map(|it| (it, value(it))).collect();
                    usage.fill(series, column, &values);
                    usage.set(series, column, 97, -1.0);
                }
            }
            let series = usage.open("shop", "a", "app");
            usage.raise_cpu(series, 20..30, 5.0);
            usage
        };
        let whole = here(fill(None));
        assert_eq!(
            (whole.0.series.len(), whole.1.len()),
            (2, 4),
            "{:?}",
            whole.1
        );
        for most in [0, 100, 500, 1_000, 1_500] {
            let builder = fill(Some(most));
            assert!(builder.spill.is_some(), "{most}");
            assert_eq!(
                format!("{:?}", here(builder)),
                format!("{whole:?}"),
                "{most}"
            );
        }
    }

    /// Workload 0 has ended and has no usage: the others take its place, and so do their series.
    #[test]
    fn what_waits_in_a_file_moves_with_its_workload() {
        let mut usage = UsageBuilder::holding(
            Grid {
                len: 100,
                ..Grid::default()
            },
            Some(0),
        );
        for pod in ["a", "b"] {
            let series = usage.open("shop", pod, "app");
            usage.fill(series, Column::CpuCores, &[(1, 1.0), (2, 2.0)]);
        }
        let owner = |_: &str, pod: &str| Some(if pod == "a" { 1 } else { 2 });
        let (Placed::Aside(mut aside), _) = usage.place(owner) else {
            panic!("nothing was set aside");
        };
        let workload = |name: &str| {
            let mut workload = Workload::default();
            workload.id.name = name.to_owned();
            workload
        };
        let workloads: Vec<Workload> = ["gone", "one", "two"].map(workload).into();
        let ended = BTreeSet::from([workloads[0].id.clone()]);
        let mut snapshot = Snapshot {
            workloads,
            ..Snapshot::default()
        };
        drop_ended(&mut snapshot, Some(&mut aside), &ended);
        let names: Vec<_> = aside.names().map(|it| (it.workload, it.pod)).collect();
        assert_eq!(
            (snapshot.workloads.len(), names),
            (2, vec![(0, "a"), (1, "b")])
        );
    }
}
