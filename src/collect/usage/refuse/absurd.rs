//! Values that no measurement gives, wherever usage was read from.

use std::ops::RangeInclusive;

use crate::collect::Column;
use crate::snapshot::{Metric, Series, Values};

/// Takes out what is infinite, negative or absurdly large, and says how many: what was
/// read from files and servers has no such value, a bundle may have any.
pub(super) fn take_out(series: &mut Series) -> u64 {
    let mut refused = 0;
    for (column, values) in [
        (Column::CpuCores, &mut series.cpu_cores),
        (Column::MemoryBytes, &mut series.memory_bytes),
    ] {
        let bounds = column.bounds();
        for value in values.iter_mut().filter(|it| is_absurd(&bounds, **it)) {
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
    let bounds = Column::More(metric).bounds();
    let is_bad = |value: &&f32| is_absurd(&bounds, **value);
    let refused = values.known().iter().filter(is_bad).count();
    if refused > 0 {
        let every = values.every().into_owned();
        let kept = every.into_iter().map(|value| {
            if is_absurd(&bounds, value) {
                f32::NAN
            } else {
                value
            }
        });
        *values = Values::from(kept.collect::<Vec<f32>>());
    }
    u64::try_from(refused).unwrap_or(u64::MAX)
}

fn is_absurd(bounds: &RangeInclusive<f64>, value: f32) -> bool {
    !value.is_nan() && !bounds.contains(&f64::from(value))
}
