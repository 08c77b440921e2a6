//! The pods that share nodes, each with its memory over time.
//!
//! A workload's pods come and go; what shares nodes at any time is as many as it
//! runs now. Pods that followed each other are therefore put end to end, and the
//! fullest of these chains stand for the pods of today.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::replays::Replays;
use super::sorted::Ordered;
use crate::recommend::{Pool, Seen};
use crate::snapshot::{ContainerKind, Series, Workload};
use crate::units::{Bytes, Span};

/// Cells that are held at once, over all pods: 64 MiB. Beyond it, neighbouring
/// slots become one cell with the larger value.
const CELLS: usize = 16 << 20;
/// How many slots may become one.
const FACTORS: [usize; 6] = [1, 2, 3, 6, 12, 24];

/// How much memory one replica of a container used, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Level {
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) peak: f64,
}

/// A pod that shares a node with others.
#[derive(Debug)]
pub(super) struct Item {
    /// Index into the workloads.
    pub(super) workload: usize,
    /// The node that it is on now.
    pub(super) node: Option<String>,
    /// Its containers, as indices into the pools.
    pub(super) parts: Vec<usize>,
    /// Its containers together, in bytes; 0 where it did not run.
    pub(super) used: Vec<f32>,
    /// Requested by what is not advised on: overhead, containers without usage.
    pub(super) other: f64,
    /// Whether every node runs one of them.
    pub(super) everywhere: bool,
}

/// All pods, and how much each container used.
#[derive(Debug)]
pub(super) struct Pods {
    pub(super) items: Vec<Item>,
    /// For each pool, in the whole window.
    pub(super) levels: Vec<Level>,
    /// For each moment and pool, in what was known then.
    pub(super) known: Vec<Vec<Level>>,
    pub(super) replays: Replays,
}

/// The pods of one chain, in order.
type Chain<'a> = Vec<&'a str>;

/// What one workload adds.
struct Added {
    items: Vec<Item>,
    /// For each of its pools, in the whole window and in what was known at each moment.
    levels: Vec<(usize, Level, Vec<Level>)>,
}

impl Pods {
    pub(super) fn of(seen: &Seen<'_>, horizon: Span) -> Self {
        let grid = &seen.snapshot.usage.grid;
        let running: usize = seen.snapshot.workloads.iter().map(count).sum();
        let slots = usize::try_from(grid.len).unwrap_or(0);
        let fits = |factor: &usize| running * slots.div_ceil(*factor) <= CELLS;
        let factor = FACTORS.into_iter().find(fits).unwrap_or(FACTORS[5]);
        let replays = Replays::new(grid, factor, horizon);
        let levels: Vec<Level> = seen.pools.iter().map(profiled).collect();
        let mut pods = Self {
            items: Vec::new(),
            known: vec![levels.clone(); replays.all.len()],
            levels,
            replays,
        };
        let workloads = by_workload(seen);
        let added: Vec<Added> = workloads
            .par_iter()
            .map(|(pools, workload)| pods.added(seen, *workload, pools, factor))
            .collect();
        for added in added {
            pods.items.extend(added.items);
            for (pool, level, known) in added.levels {
                pods.levels[pool] = level;
                for (of_moment, level) in pods.known.iter_mut().zip(known) {
                    of_moment[pool] = level;
                }
            }
        }
        pods
    }

    /// The pods of one workload.
    fn added(
        &self,
        seen: &Seen<'_>,
        workload: usize,
        pools: &Range<usize>,
        factor: usize,
    ) -> Added {
        let owner = &seen.snapshot.workloads[workload];
        let chains = chains(pools.clone().flat_map(|pool| &seen.pools[pool].series));
        let mut added = Added {
            items: Vec::new(),
            levels: Vec::new(),
        };
        if chains.is_empty() {
            return added;
        }
        let slots = usize::try_from(seen.snapshot.usage.grid.len).unwrap_or(0);
        let cells = slots.div_ceil(factor);
        for replica in 0..count(owner) {
            let pod = owner.pods.get(replica);
            added.items.push(Item {
                workload,
                node: pod.and_then(|pod| pod.node.clone()),
                parts: pools.clone().collect(),
                used: vec![0.0; cells],
                other: other(owner, seen, pools),
                everywhere: owner.id.kind == "DaemonSet",
            });
        }
        for pool in pools.clone() {
            let replicas: Vec<Vec<f32>> = (0..count(owner))
                .map(|replica| {
                    let chain = &chains[replica % chains.len()];
                    lay(&seen.pools[pool].series, chain, cells, factor)
                })
                .collect();
            let (level, known) = self.measure(pool, &replicas, cells);
            added.levels.push((pool, level, known));
            for (item, used) in added.items.iter_mut().zip(&replicas) {
                for (sum, used) in item.used.iter_mut().zip(used) {
                    *sum += if used.is_nan() { 0.0 } else { *used };
                }
            }
        }
        added
    }

    /// The levels of one pool, in the whole window and in what was known at each moment.
    fn measure(&self, pool: usize, replicas: &[Vec<f32>], cells: usize) -> (Level, Vec<Level>) {
        let used = replicas
            .iter()
            .flat_map(|cells| cells.iter().copied().enumerate());
        let all = Ordered::of(used.filter(|(_, used)| !used.is_nan()));
        let within = |stretch: &Range<usize>| Level::of(&all, stretch);
        let level = within(&(0..cells)).unwrap_or(self.levels[pool]);
        let known = self.replays.all.iter().map(|replay| {
            // A container that did not run before is known from later alone.
            within(&replay.known).unwrap_or(level)
        });
        (level, known.collect())
    }
}

impl Level {
    /// Of a stretch; `None` without a sample.
    fn of(all: &Ordered, stretch: &Range<usize>) -> Option<Self> {
        let last = all.count(stretch).checked_sub(1)?;
        let from_above = |thousandths: usize| last - (last * thousandths).div_ceil(1000);
        let upper: Vec<f32> = all.largest(stretch).take(from_above(950) + 1).collect();
        let at = |thousandths| upper.get(from_above(thousandths)).copied().map(f64::from);
        Some(Self {
            p95: at(950)?,
            p99: at(990)?,
            peak: at(1000)?,
        })
    }
}

fn profiled(pool: &Pool<'_>) -> Level {
    pool.profile
        .memory
        .as_ref()
        .map_or_else(Level::default, |memory| Level {
            p95: memory.p95.to_f64(),
            p99: memory.p99.to_f64(),
            peak: memory.max.to_f64(),
        })
}

/// Pods that run at the same time.
fn count(workload: &Workload) -> usize {
    if workload.pods.is_empty() {
        usize::try_from(workload.replicas).unwrap_or(0)
    } else {
        workload.pods.len()
    }
}

/// The pools of each workload: they stand together.
fn by_workload(seen: &Seen<'_>) -> Vec<(Range<usize>, usize)> {
    let mut found: Vec<(Range<usize>, usize)> = Vec::new();
    for (index, pool) in seen.pools.iter().enumerate() {
        match found.last_mut() {
            Some((range, workload)) if *workload == pool.profile.workload => range.end = index + 1,
            _ => found.push((index..index + 1, pool.profile.workload)),
        }
    }
    found
}

/// Requests of a pod that no pool stands for.
fn other(workload: &Workload, seen: &Seen<'_>, pools: &Range<usize>) -> f64 {
    let advised = |name: &str| {
        pools.clone().any(|pool| {
            seen.pools[pool].container.name == name && seen.pools[pool].profile.memory.is_some()
        })
    };
    let containers = workload
        .containers
        .iter()
        .filter(|container| container.kind != ContainerKind::Init && !advised(&container.name));
    let requested = containers.filter_map(|container| container.requests.memory);
    let overhead = workload.overhead.memory.into_iter();
    requested.chain(overhead).map(Bytes::to_f64).sum()
}

/// Pods end to end, so that no two of a chain ran at once; the fullest first.
fn chains<'a>(series: impl Iterator<Item = &'a &'a Series>) -> Vec<Chain<'a>> {
    let mut lives: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for series in series {
        let end = series
            .first
            .saturating_add(u32::try_from(series.len()).unwrap_or(u32::MAX));
        let life = lives.entry(&series.pod).or_insert((series.first, end));
        *life = (life.0.min(series.first), life.1.max(end));
    }
    let mut lives: Vec<(&str, (u32, u32))> = lives.into_iter().collect();
    lives.sort_by_key(|(pod, (first, end))| (*first, *end, *pod));
    // Each chain with its end and the slots that it fills.
    let mut chains: Vec<(u32, u32, Chain<'a>)> = Vec::new();
    for (pod, (first, end)) in lives {
        let open = chains.iter_mut().filter(|(until, ..)| *until <= first);
        match open.max_by_key(|(until, ..)| *until) {
            Some(chain) => {
                chain.0 = end;
                chain.1 += end - first;
                chain.2.push(pod);
            }
            None => chains.push((end, end - first, vec![pod])),
        }
    }
    chains.sort_by_key(|(_, filled, _)| std::cmp::Reverse(*filled));
    chains.into_iter().map(|(.., chain)| chain).collect()
}

/// One container's working set in a chain of pods; `NaN` where none ran. A gap
/// within a pod's life holds what was before it.
fn lay(series: &[&Series], chain: &Chain<'_>, cells: usize, factor: usize) -> Vec<f32> {
    let mut laid = vec![f32::NAN; cells];
    for pod in chain {
        for series in series.iter().filter(|series| series.pod == *pod) {
            let first = usize::try_from(series.first).unwrap_or(0);
            let mut last = f32::NAN;
            for (offset, used) in series.memory_bytes.iter().enumerate() {
                if !used.is_nan() {
                    last = *used;
                }
                if let Some(cell) = laid.get_mut((first + offset) / factor) {
                    *cell = cell.max(last);
                }
            }
        }
    }
    laid
}
