//! The pods that share nodes, each with its memory over time.
//!
//! A workload's pods come and go; what shares nodes at any time is as many as it
//! runs now. Pods that followed each other are therefore put end to end, and the
//! fullest of these chains stand for the pods of today.

use std::collections::BTreeMap;
use std::iter;
use std::ops::Range;

use super::pieces::Column;
use super::replays::Replays;
use super::sorted::Ordered;
use super::sought::Sought;
use crate::pack;
use crate::recommend::Pool;
use crate::snapshot::{ContainerKind, Series, Snapshot, Workload};
use crate::units::{Bytes, Span};

/// Cells that are held at once, over all pods: 16 MiB. Beyond it, neighbouring
/// slots become one cell with the larger value.
const CELLS: usize = 4 << 20;
/// How many slots may become one.
const FACTORS: [usize; 6] = [1, 2, 3, 6, 12, 24];

/// Nothing below this quantile of a stretch is asked for: a little less than [`Level::p95`].
const LEAST: f64 = 0.94;

/// How much memory one replica of a container used, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Level {
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) peak: f64,
}

/// How much one container used, in the whole window and in what was known at each moment.
#[derive(Debug, Clone)]
struct Levels {
    all: Level,
    /// Empty where no pod of it was seen, or no node: then the whole window speaks.
    known: Vec<Level>,
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
    /// For each pool.
    levels: Vec<Levels>,
    pub(super) replays: Replays,
}

/// The pods of one chain, in order.
type Chain<'a> = Vec<&'a str>;

/// What one workload adds.
#[derive(Debug)]
pub(in crate::recommend) struct Added {
    items: Vec<Item>,
    /// For each of its pools.
    levels: Vec<Levels>,
}

impl Pods {
    /// Of all workloads, in their order.
    pub(super) fn of(added: Vec<Added>, replays: Replays) -> Self {
        let (mut items, mut levels) = (Vec::new(), Vec::new());
        for added in added {
            items.extend(added.items);
            levels.extend(added.levels);
        }
        Self {
            items,
            levels,
            replays,
        }
    }

    /// How much a pool used in the whole window.
    pub(super) fn level(&self, pool: usize) -> Level {
        self.levels[pool].all
    }

    /// How much it had used at a moment.
    pub(super) fn level_at(&self, moment: usize, pool: usize) -> Level {
        let levels = &self.levels[pool];
        levels.known.get(moment).copied().unwrap_or(levels.all)
    }
}

/// How pods are laid out: the same for all workloads.
#[derive(Debug, Clone)]
pub(in crate::recommend) struct Layout {
    /// Slots of a cell.
    factor: usize,
    cells: usize,
    /// Whether any node is known that they share: else their own levels are all that counts.
    shared: bool,
    pub(super) replays: Replays,
}

impl Layout {
    pub(in crate::recommend) fn of(snapshot: &Snapshot, horizon: Span) -> Self {
        let grid = &snapshot.usage.grid;
        let running: usize = snapshot.workloads.iter().map(count).sum();
        let slots = usize::try_from(grid.len).unwrap_or(0);
        let fits = |factor: &usize| running * slots.div_ceil(*factor) <= CELLS;
        let factor = FACTORS.into_iter().find(fits).unwrap_or(FACTORS[5]);
        Self {
            factor,
            cells: slots.div_ceil(factor),
            shared: pack::any_node(&snapshot.cluster.nodes),
            replays: Replays::new(grid, factor, horizon),
        }
    }

    /// The pods of one workload, by all of its pools; `first` is the place of the first
    /// of them among all.
    pub(in crate::recommend) fn added(&self, pools: &[Pool<'_>], first: usize) -> Added {
        let mut added = Added {
            items: Vec::new(),
            levels: Vec::new(),
        };
        let chains = chains(pools.iter().flat_map(|pool| &pool.series));
        let Some(any) = pools.first().filter(|_| !chains.is_empty()) else {
            added.levels.extend(pools.iter().map(unseen));
            return added;
        };
        let owner = any.workload;
        let replicas = count(owner);
        for replica in (0..replicas).take_while(|_| self.shared) {
            let pod = owner.pods.get(replica);
            added.items.push(Item {
                workload: any.profile.workload,
                node: pod.and_then(|pod| pod.node.clone()),
                parts: (first..first + pools.len()).collect(),
                used: vec![0.0; self.cells],
                other: other(owner, pools),
                everywhere: owner.id.kind == "DaemonSet",
            });
        }
        for pool in pools {
            let replicas: Vec<Vec<f32>> = (0..replicas)
                .map(|replica| self.lay(&pool.series, &chains[replica % chains.len()]))
                .collect();
            added.levels.push(self.measure(pool, &replicas));
            for (item, used) in added.items.iter_mut().zip(&replicas) {
                for (sum, used) in item.used.iter_mut().zip(used) {
                    *sum += if used.is_nan() { 0.0 } else { *used };
                }
            }
        }
        added
    }

    fn measure(&self, pool: &Pool<'_>, replicas: &[Vec<f32>]) -> Levels {
        if !self.shared {
            let used = replicas.iter().flatten().copied();
            let all = Level::of_all(used.filter(|used| !used.is_nan()).collect());
            return Levels {
                all: all.unwrap_or_else(|| profiled(pool)),
                known: Vec::new(),
            };
        }
        let used: Vec<Column<'_>> = replicas.iter().map(|cells| (0, &cells[..])).collect();
        let known = self.replays.all.iter().map(|replay| replay.known.clone());
        let asked = Sought {
            stretches: iter::once(0..self.cells).chain(known).collect(),
            above: LEAST,
            ..Sought::default()
        };
        let ordered = Ordered::without_sums(&used, &asked);
        let within = |stretch: &Range<usize>| Level::of(&ordered, stretch);
        let all = within(&(0..self.cells)).unwrap_or_else(|| profiled(pool));
        let known = self.replays.all.iter().map(|replay| {
            // A container that did not run before is known from later alone.
            within(&replay.known).unwrap_or(all)
        });
        Levels {
            all,
            known: known.collect(),
        }
    }

    /// One container's working set in a chain of pods; `NaN` where none ran. A gap
    /// within a pod's life holds what was before it.
    fn lay(&self, series: &[&Series], chain: &Chain<'_>) -> Vec<f32> {
        let mut laid = vec![f32::NAN; self.cells];
        for pod in chain {
            for series in series.iter().filter(|series| series.pod == *pod) {
                let first = usize::try_from(series.first).unwrap_or(0);
                let cells = laid.get_mut(first / self.factor..).unwrap_or_default();
                // Of the first cell, slots before the first sample are not there.
                let length = self.factor - first % self.factor;
                let (begin, rest) = series.memory_bytes.split_at(length.min(series.len()));
                let used = iter::once(begin).chain(rest.chunks(self.factor));
                let mut last = f32::NAN;
                for (cell, used) in cells.iter_mut().zip(used) {
                    *cell = cell.max(of_cell(used, last));
                    last = used
                        .iter()
                        .rfind(|it| !it.is_nan())
                        .copied()
                        .unwrap_or(last);
                }
            }
        }
        laid
    }
}

/// The most of some slots, where gaps hold what was before them: at first the `last` before all.
fn of_cell(used: &[f32], last: f32) -> f32 {
    let held = used
        .first()
        .filter(|it| it.is_nan())
        .map_or(f32::NAN, |_| last);
    used.iter().copied().fold(held, f32::max)
}

/// Of a container without a pod.
fn unseen(pool: &Pool<'_>) -> Levels {
    Levels {
        all: profiled(pool),
        known: Vec::new(),
    }
}

impl Level {
    /// Of samples in any order, none of which is `NaN`; `None` without one.
    fn of_all(mut used: Vec<f32>) -> Option<Self> {
        let last = used.len().checked_sub(1)?;
        let mut at = |thousandths: usize| {
            let place = (last * thousandths).div_ceil(1000);
            f64::from(*used.select_nth_unstable_by(place, f32::total_cmp).1)
        };
        Some(Self {
            p95: at(950),
            p99: at(990),
            peak: at(1000),
        })
    }

    /// Of a stretch; `None` without a sample.
    fn of(all: &Ordered, stretch: &Range<usize>) -> Option<Self> {
        let last = all.count(stretch).checked_sub(1)?;
        let from_above = |thousandths: usize| last - (last * thousandths).div_ceil(1000);
        let ranks = [1000, 990, 950].map(from_above);
        let [peak, p99, p95] = all.ranked(stretch, &ranks)[..] else {
            return None;
        };
        Some(Self {
            p95: f64::from(p95),
            p99: f64::from(p99),
            peak: f64::from(peak),
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

/// Requests of a pod that no pool stands for.
fn other(workload: &Workload, pools: &[Pool<'_>]) -> f64 {
    let advised = |name: &str| {
        let mut pools = pools.iter();
        pools.any(|pool| pool.container.name == name && pool.profile.memory.is_some())
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
