//! Rows of single devices, into figures of their containers and what each did.

use std::collections::BTreeMap;
use std::io;

use super::grid::{Doubled, Rule, in_slots};
use super::samples::{Raw, Recall};
use crate::collect::devices::OfContainers;
use crate::collect::{Column, UsageBuilder};
use crate::snapshot::Metric;

/// Values of several devices in one slot.
#[derive(Default, Clone, Copy)]
struct Several {
    sum: f64,
    count: f64,
    largest: f64,
}

impl Several {
    /// Of shares and clocks the mean over devices, of errors the largest, of all else the
    /// sum: as [`Metric`] says it of each.
    fn of_all(self, metric: Metric) -> f64 {
        match metric {
            Metric::GpuXid => self.largest,
            Metric::GpuMemoryBytes | Metric::GpuMemoryTotalBytes | Metric::GpuPowerWatts => {
                self.sum
            }
            _ => self.sum / self.count.max(1.0),
        }
    }
}

/// Puts devices together on the series of their containers, and keeps what each did; beside
/// it what rows of them are doubled.
pub(super) fn place(
    all: Vec<Raw>,
    recall: &Recall,
    rule: &Rule,
    builder: &mut UsageBuilder,
) -> io::Result<(OfContainers, Doubled)> {
    let (mut found, mut doubled) = (OfContainers::new(), Doubled::default());
    let mut containers: BTreeMap<[String; 3], Vec<Raw>> = BTreeMap::new();
    for raw in all {
        let key = [&*raw.namespace, &raw.pod, raw.device().0].map(str::to_owned);
        containers.entry(key).or_default().push(raw);
    }
    for (names, devices) in containers {
        let devices = devices.into_iter().map(|raw| raw.whole(recall));
        let devices: Vec<Raw> = devices.collect::<io::Result<_>>()?;
        let [namespace, pod, container] = &names;
        let series = builder.open(namespace, pod, container);
        let mut slots: BTreeMap<(Metric, u32), Several> = BTreeMap::new();
        let courses = found.entry(names.clone()).or_default();
        for raw in &devices {
            let (_, id) = raw.device();
            let (values, unlike) = values(raw, rule, builder, series);
            doubled.add(unlike, raw);
            for (metric, slot, value) in values {
                let held = slots.entry((metric, slot)).or_default();
                held.sum += value;
                held.count += 1.0;
                held.largest = held.largest.max(value);
                let point = usize::try_from(slot).unwrap_or(0);
                courses.put(id, metric, point, value);
            }
            if id.bytes().all(|byte| byte.is_ascii_digit()) {
                courses.call(id, id);
            }
        }
        for ((metric, slot), several) in slots {
            builder.set(series, Column::More(metric), slot, several.of_all(metric));
        }
    }
    Ok((found, doubled))
}

/// What a device did, slot by slot, and how many of its rows are doubled; what cannot be true
/// is told to the builder.
fn values(
    raw: &Raw,
    rule: &Rule,
    builder: &mut UsageBuilder,
    series: usize,
) -> (Vec<(Metric, u32, f64)>, u64) {
    let times: Vec<i64> = raw.rows.times.iter().collect();
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|row| times[*row]);
    let (mut all, mut placed, mut doubled) = (Vec::new(), Vec::new(), 0);
    for (column, values) in &raw.rows.columns {
        let Column::More(metric) = *column else {
            continue;
        };
        let rows = order
            .iter()
            .map(|row| (times[*row], values.get(*row).copied()));
        let refuse = |slot: u32, value: f32| builder.set(series, *column, slot, f64::from(value));
        let unlike = in_slots(*column, rows, rule, &mut placed, refuse);
        doubled = doubled.max(unlike);
        for (slot, value) in &placed {
            match column.stored(*value) {
                Some(value) => all.push((metric, *slot, f64::from(value))),
                None => builder.set(series, *column, *slot, *value),
            }
        }
    }
    (all, doubled)
}
