//! Values that no measurement gives, wherever usage was read from.

use std::ops::RangeInclusive;

use crate::collect::Column;
use crate::snapshot::{Metric, Series, Values};
use crate::trend::{largest, smallest};
use crate::units::single;

/// Takes out what is infinite, negative or absurdly large, and says how many: what was
/// read from files and servers has no such value, a bundle may have any.
pub(super) fn take_out(series: &mut Series) -> u64 {
    let mut refused = 0;
    for (column, values) in [
        (Column::CpuCores, &mut series.cpu_cores),
        (Column::MemoryBytes, &mut series.memory_bytes),
    ] {
        let bounds = column.bounds();
        if is_well_within(&bounds, values) {
            continue;
        }
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
    if is_well_within(&bounds, values.known()) {
        return 0;
    }
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

/// Whether no value is anywhere near what is absurd, as is nearly always so: told of many
/// values by one comparison each.
fn is_well_within(bounds: &RangeInclusive<f64>, values: &[f32]) -> bool {
    /// Of the bound: more than what rounding it takes.
    const NEAR: f64 = 0.999;
    let (least, most) = (single(*bounds.start()), single(bounds.end() * NEAR));
    smallest(values, least) >= least && largest(values, most) <= most
}

fn is_absurd(bounds: &RangeInclusive<f64>, value: f32) -> bool {
    !value.is_nan() && !bounds.contains(&f64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_within_has_nothing_absurd() {
        for column in [Column::CpuCores, Column::MemoryBytes] {
            let bounds = column.bounds();
            let end = single(*bounds.end());
            for odd in [
                0.0,
                -0.0,
                -1e-9,
                end,
                end * 0.9,
                end * 1.1,
                f32::INFINITY,
                f32::NAN,
            ] {
                let mut values = vec![1.0_f32; 700];
                values[650] = odd;
                values[3] = f32::NAN;
                let absurd = values.iter().any(|it| is_absurd(&bounds, *it));
                let fine = is_well_within(&bounds, &values);
                assert!(!(fine && absurd), "{odd}");
                assert!(fine || absurd || odd >= end * 0.99, "{odd}");
            }
        }
    }
}
