//! Memory in kilobytes where bytes are meant: what runs is too busy for so little.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::{Place, Pool};
use crate::snapshot::Container;
use crate::units::Bytes;

/// What no program stays below that keeps [`BUSY`] cores busy and asks for
/// [`ASKED`] times as much: a proxy in C has 4 to 8 MiB. Ours.
const LITTLE: f64 = 8.0 * 1024.0 * 1024.0;
const BUSY: f64 = 0.05;
const ASKED: f64 = 16.0;
/// What half of the programs that do anything stay below nowhere: agents and proxies
/// of a bare cluster have 10 to 50 MiB. Ours.
const LITTLE_TOGETHER: f64 = 4.0 * 1024.0 * 1024.0;
/// Cores from which on a program does anything.
const ACTIVE: f64 = 0.005;
/// Fewer programs tell nothing.
const FEWEST: usize = 3;

/// One container that is busy with next to no memory, and asks for far more.
pub(super) fn too_small(container: &Container, pool: &Pool) -> Option<Fault> {
    let (reached, busy) = (pool.memory.largest, pool.cpu.mean());
    let asked = container.requests.memory.max(container.limits.memory)?;
    let odd = pool.memory.kept > 0
        && reached < LITTLE
        && busy >= BUSY
        && Bytes::to_f64(asked) >= ASKED * reached;
    odd.then_some(Fault::TooSmall { reached, busy })
}

/// All containers of a source in which those that do anything have next to nothing.
pub(super) fn all_too_small(
    pools: &BTreeMap<Place, Pool>,
    refused: &BTreeMap<Place, Fault>,
) -> Vec<Place> {
    let known = |place: &Place| match refused.get(place) {
        Some(fault) => fault.is_too_small(),
        None => true,
    };
    let counted = pools
        .iter()
        .filter(|(place, pool)| known(place) && pool.memory.kept > 0);
    let active = counted
        .clone()
        .filter(|(_, pool)| pool.cpu.mean() >= ACTIVE);
    let mut largest: Vec<f64> = active.map(|(_, pool)| pool.memory.largest).collect();
    largest.sort_by(f64::total_cmp);
    let median = largest.get(largest.len() / 2);
    if largest.len() < FEWEST || median.is_none_or(|median| *median >= LITTLE_TOGETHER) {
        return Vec::new();
    }
    counted.map(|(place, _)| *place).collect()
}
