//! Values that no measurement gives, wherever usage was read from.

use rayon::prelude::{IntoParallelRefMutIterator, ParallelIterator};

use crate::collect::Column;
use crate::collect::usage::left_out::LeftOut;
use crate::snapshot::{Metric, Series, Snapshot, Usage, Values};

/// Takes out what is infinite, negative or absurdly large, and adds it to what is left
/// out: what was read from files and servers has no such value, a bundle may have any.
pub(super) fn refuse(snapshot: &Snapshot, usage: &mut Usage, left_out: &mut LeftOut) {
    let refused: Vec<u64> = usage.series.par_iter_mut().map(sift).collect();
    for (series, refused) in usage.series.iter().zip(refused) {
        let place = usize::try_from(series.workload).unwrap_or(usize::MAX);
        let workload = snapshot.workloads.get(place);
        if let Some(workload) = workload.filter(|_| refused > 0) {
            left_out.add(format!("{}/{}", workload.id.namespace, series.pod), refused);
        }
    }
}

fn sift(series: &mut Series) -> u64 {
    let mut refused = 0;
    for (column, values) in [
        (Column::CpuCores, &mut series.cpu_cores),
        (Column::MemoryBytes, &mut series.memory_bytes),
    ] {
        for value in values.iter_mut().filter(|value| is_absurd(column, **value)) {
            refused += 1;
            *value = f32::NAN;
        }
    }
    for (metric, values) in &mut series.more {
        refused += sift_more(*metric, values);
    }
    refused
}

fn sift_more(metric: Metric, values: &mut Values) -> u64 {
    let column = Column::More(metric);
    let is_bad = |value: &&f32| is_absurd(column, **value);
    let refused = values.known().iter().filter(is_bad).count();
    if refused > 0 {
        let every = values.every().into_owned();
        let kept = every.into_iter().map(|value| {
            if is_absurd(column, value) {
                f32::NAN
            } else {
                value
            }
        });
        *values = Values::from(kept.collect::<Vec<f32>>());
    }
    u64::try_from(refused).unwrap_or(u64::MAX)
}

fn is_absurd(column: Column, value: f32) -> bool {
    !value.is_nan() && !column.can_be(f64::from(value))
}
