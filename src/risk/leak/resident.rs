//! Whether what processes hold themselves rises, or the cache of files that the kernel
//! gives back when memory is short.

use super::blocks::bounds;
use super::{Leak, Memory};
use crate::snapshot::{Metric, Series};
use crate::trend::Slopes;
use crate::units::len_f64;

/// Share of the rise that must be of the resident set.
const OWN: f64 = 0.5;
/// Stretches that the time of a leak is cut into.
const STRETCHES: usize = 12;

/// What rises without the processes is a cache that fills. Where the resident set is not
/// known, it may be one.
pub(super) fn held(series: &Series, leak: Leak) -> Memory {
    match rise(series, &leak) {
        None => Memory::Leak(leak),
        Some(a_day) if a_day < OWN * leak.course.per_day => Memory::Filling,
        Some(_) => Memory::Leak(Leak {
            resident: true,
            ..leak
        }),
    }
}

/// How much the floor of the resident set rises a day in the time of the leak, in bytes.
fn rise(series: &Series, leak: &Leak) -> Option<f64> {
    let resident = series.more.get(&Metric::MemoryRssBytes)?.every();
    let from = usize::try_from(leak.since.saturating_sub(series.first)).ok()?;
    let values = resident.get(from..)?;
    let size = (values.len() / STRETCHES).max(1);
    let (floors, _) = bounds(values, size);
    let known = floors.iter().filter(|it| it.is_finite()).count();
    let stretches = len_f64(values.len()) / len_f64(size);
    let slope = Slopes::of(&floors).filter(|_| 2 * known > floors.len())?;
    Some(slope.middle() * stretches / leak.course.days.max(1.0))
}
