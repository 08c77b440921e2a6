//! Accelerators of a container over time, for the checks that are about them.

use std::collections::BTreeMap;

use crate::gpu::Card;
use crate::recommend::Pool;
use crate::risk::Seen;
use crate::snapshot::{DeviceUse, Grid, Metric, Series, tellers};
use crate::units::{Span, count_from, len_f64};

/// What the devices of one pod did, slot by slot; `NaN` where it is not known.
pub(super) struct Devices<'a> {
    pub(super) pod: &'a str,
    pub(super) first: u32,
    /// What is told of each of them, where they are told of one by one.
    pub(super) each: Vec<&'a DeviceUse>,
    /// Devices and slices that it asks for.
    pub(super) units: f64,
    columns: BTreeMap<Metric, Vec<f32>>,
}

impl<'a> Devices<'a> {
    /// Of a pod that is there still, and of whose devices anything is known, although that may
    /// have ended with the agents of its node.
    pub(super) fn of(series: &'a Series, pool: &Pool<'a>, grid: &Grid) -> Option<Self> {
        let columns = series.more.iter().filter(|(it, _)| it.is_of_devices());
        let columns: BTreeMap<Metric, Vec<f32>> = columns
            .map(|(metric, values)| (*metric, values.every().into_owned()))
            .collect();
        let asked = pool.container.requests.gpu_units();
        let units = asked.max(pool.container.limits.gpu_units()).max(1.0);
        let mut pods = pool.workload.pods.iter();
        let pod = pods.find(|it| it.name == series.pod);
        let own = pod.into_iter().flat_map(|it| &it.devices);
        let each: Vec<&DeviceUse> = own.filter(|it| it.container == series.container).collect();
        // Of more than it asks for some are not its own.
        let is_own = len_f64(each.len()) <= units;
        let is_there = series.is_running(grid) || pod.is_some_and(|it| it.node.is_some());
        (is_there && !columns.is_empty()).then_some(Self {
            pod: &series.pod,
            first: series.first,
            each: if is_own { each } else { Vec::new() },
            units,
            columns,
        })
    }

    /// How many devices a sum of this metric is of.
    pub(super) fn summed(&self, metric: Metric) -> f64 {
        tellers(&self.each, metric).unwrap_or(self.units)
    }

    /// `the GPU of trainer-0`, of several `the GPUs of trainer-0`.
    pub(super) fn called(&self) -> String {
        let s = if self.units > 1.0 { "s" } else { "" };
        format!("the GPU{s} of {}", self.pod)
    }

    pub(super) fn at(&self, metric: Metric, place: usize) -> Option<f64> {
        let value = self.columns.get(&metric)?.get(place)?;
        (!value.is_nan()).then(|| f64::from(*value))
    }

    pub(super) fn len(&self) -> usize {
        self.columns.values().map(Vec::len).max().unwrap_or(0)
    }

    /// Places of the newest stretch of this length.
    pub(super) fn newest(&self, grid: &Grid, span: Span) -> std::ops::Range<usize> {
        let slots = span.as_secs() / grid.step.as_secs().max(1);
        let from = grid
            .len
            .saturating_sub(slots.max(1))
            .saturating_sub(self.first);
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.len());
        from..self.len()
    }

    /// What is known of a metric in some places.
    pub(super) fn known(&self, metric: Metric, places: std::ops::Range<usize>) -> Vec<f64> {
        places.filter_map(|place| self.at(metric, place)).collect()
    }
}

/// The pods of a container that run and have devices.
pub(super) fn devices<'a>(pool: &Pool<'a>, grid: &Grid) -> Vec<Devices<'a>> {
    let series = pool.series.iter();
    series
        .filter_map(|it| Devices::of(it, pool, grid))
        .collect()
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / len_f64(values.len()))
}

/// The value that this share of them is below.
pub(super) fn quantile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = len_f64(values.len().checked_sub(1)?);
    let place = count_from((last * share).round());
    values.get(usize::try_from(place).ok()?).copied()
}

/// What the devices of a pod are sold as.
pub(super) fn card(pod: &str, seen: &Seen<'_>, pool: &Pool<'_>) -> Option<&'static Card> {
    let mut pods = pool.workload.pods.iter();
    let node = pods.find(|it| it.name == pod)?.node.as_deref()?;
    let mut nodes = seen.snapshot.cluster.nodes.iter();
    Card::of(nodes.find(|it| it.name == node)?.gpu_product.as_deref()?)
}
