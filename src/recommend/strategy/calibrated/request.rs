//! Memory requests: as low as the joint use of what shares a node allows.

use super::MemorySize;
use super::joint::{Joint, Overflow};
use super::pods::Level;
use super::shared::Shared;
use crate::pack::Kind;
use crate::recommend::NodeRisk;
use crate::recommend::rounding::round_memory;
use crate::units::{Bytes, Ratio, len_f64};

/// Bounds of the common factor on all requests of a kind of nodes, and how many
/// values between them are told apart.
const SMALLEST: f64 = 0.8;
const LARGEST: f64 = 4.0;
const STEPS: usize = 80;
/// Of these, how many are passed over at first.
const STRIDE: usize = 7;
/// The factor where no node is known: what a cluster of mixed pods needs on
/// nodes of 16 to 64 GiB, from replays of a public trace (GWA-T-12).
const UNKNOWN: f64 = 1.2;
/// The node that is assumed then, in bytes: a small one, which is the careful choice.
const UNKNOWN_NODE: f64 = 16.0 * 1024.0 * 1024.0 * 1024.0;

/// What is advised for the memory request of one container, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Request {
    /// Bytes.
    pub(super) size: f64,
    pub(super) level: Level,
    /// The node that it is sized for, in bytes; `None` where none is known.
    pub(super) node: Option<f64>,
    /// Share of that node that its peak fills, 0 to 1.
    pub(super) filled: f64,
    pub(super) factor: f64,
    /// Whether it is the 95th percentile, because the rest comes to less.
    pub(super) usual: bool,
    /// Whether it is as large as the limit.
    pub(super) tied: bool,
    /// Chance that a node of this kind overflows.
    pub(super) overflow: Option<f64>,
}

/// The largest and the least size, and whether it is as large as the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    /// Bytes.
    pub(super) limit: f64,
    pub(super) least: f64,
    pub(super) tied: bool,
}

/// Requests for all pools, in their order; `None` where there is no bound
/// because nothing is known of the container's memory.
pub(super) fn size(
    shared: &Shared,
    bounds: &[Option<Bound>],
    promise: f64,
) -> Vec<Option<Request>> {
    let mut requests: Vec<Option<Request>> = vec![None; bounds.len()];
    if let Some(joint) = shared.joint() {
        for kind in &joint.kinds {
            let (factor, overflow) = choose(joint, kind, bounds, promise);
            let node = kind.largest();
            for pool in pools_of(joint, kind) {
                let Some(bound) = bounds[pool] else { continue };
                let found = Request {
                    node: Some(node),
                    overflow: Some(overflow.together),
                    ..Request::of(joint.pods.level(pool), bound, factor, node)
                };
                // A workload on several kinds of nodes has one size: the larger.
                let smaller = requests[pool].is_none_or(|known| known.size < found.size);
                if smaller {
                    requests[pool] = Some(found);
                }
            }
        }
    }
    for (pool, (request, bound)) in requests.iter_mut().zip(bounds).enumerate() {
        if let (None, Some(bound)) = (&request, bound) {
            let level = shared.pods().level(pool);
            *request = Some(Request::of(level, *bound, UNKNOWN, UNKNOWN_NODE));
        }
    }
    requests
}

/// What may happen to nodes within the horizon, at these sizes for each pool; `None`
/// where no node is known.
pub(super) fn overflow(shared: &Shared, sizes: &[MemorySize]) -> Option<NodeRisk> {
    let joint = shared.joint()?;
    let held: Vec<Held> = sizes.iter().map(Held::of).collect();
    let kinds = joint.kinds.iter();
    let found = kinds.map(|kind| joint.overflow(kind, &at_moments(joint, kind, &held)));
    let found: Vec<Overflow> = found.collect();
    let nodes: f64 = found.iter().map(|kind| kind.nodes).sum();
    let mean = |part: fn(&Overflow) -> f64| {
        let sum: f64 = found.iter().map(|kind| kind.nodes * part(kind)).sum();
        Ratio::new(sum / nodes)
    };
    (nodes > 0.0).then(|| NodeRisk {
        overflow: mean(Overflow::any),
        alone: mean(|kind| kind.alone),
        surge: mean(|kind| kind.surge),
        fill_a_node: joint.fill_a_node(),
    })
}

/// What a pool's pods ask of a node.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    /// Bytes.
    request: f64,
    /// Whether that is all they may use: they are killed before they fill a node.
    reserved: bool,
}

impl Held {
    fn of(size: &MemorySize) -> Self {
        Self {
            request: size.request.to_f64(),
            reserved: size.limit.is_some_and(|limit| limit <= size.request),
        }
    }
}

/// The request of a pool now, and what it would have been at a moment: as much
/// smaller as its base was.
fn at_moments<'a>(
    joint: &'a Joint,
    kind: &Kind,
    held: &'a [Held],
) -> impl Fn(usize, Option<usize>) -> f64 + Sync + 'a {
    let node = kind.largest();
    move |pool, moment| {
        let Held { request, reserved } = held[pool];
        match moment {
            Some(moment) if !reserved => {
                let base = |level: Level| shape(level, node).max(1.0);
                request * base(joint.pods.level_at(moment, pool)) / base(joint.pods.level(pool))
            }
            _ => request,
        }
    }
}

/// The smallest factor that keeps the promise on a kind of nodes.
///
/// Doubt about what was never seen goes no further than to reserve what all pods
/// used at most, as if all did so at once.
fn choose(joint: &Joint, kind: &Kind, bounds: &[Option<Bound>], promise: f64) -> (f64, Overflow) {
    let node = kind.largest();
    let sized = |pool: usize, step: usize| {
        let bound = bounds[pool]?;
        let level = joint.pods.level(pool);
        Some(Request::of(level, bound, factor(step), node))
    };
    let held = |step: usize| -> Vec<Held> {
        let held = bounds.iter().enumerate().map(|(pool, bound)| Held {
            request: sized(pool, step).map_or(0.0, |request| request.size),
            reserved: bound.is_some_and(|bound| bound.tied),
        });
        held.collect()
    };
    let of_all = |amount: &dyn Fn(usize) -> f64| -> f64 {
        let pods = kind.pods.iter().map(|pod| &joint.pods.items[*pod]);
        pods.flat_map(|item| item.parts.iter())
            .map(|pool| amount(*pool))
            .sum()
    };
    let peaks = of_all(&|pool| joint.pods.level(pool).peak);
    let reserves_peaks =
        |step: usize| of_all(&|pool| sized(pool, step).map_or(0.0, |it| it.size)) >= peaks;
    let enough = (0..STEPS)
        .find(|step| reserves_peaks(*step))
        .unwrap_or(STEPS - 1);
    let keeps = |step: usize| {
        let held = held(step);
        let overflow = joint.overflow_within(kind, &at_moments(joint, kind, &held), promise)?;
        (overflow.together <= promise || step >= enough).then_some(overflow)
    };
    // More room moves pods between nodes, so more of it may once in a while keep
    // the promise less: from the cheapest on, and not from the middle.
    let mut steps = (0..STEPS).step_by(STRIDE);
    let kept = steps.find_map(|step| Some((step, keeps(step)?)));
    let (mut high, mut found) = kept.map_or((STEPS - 1, None), |(step, it)| (step, Some(it)));
    let mut low = (high + 1).saturating_sub(STRIDE);
    while low < high {
        let middle = usize::midpoint(low, high);
        if let Some(overflow) = keeps(middle) {
            (high, found) = (middle, Some(overflow));
        } else {
            low = middle + 1;
        }
    }
    let found = found.unwrap_or_else(|| {
        let held = held(low);
        joint.overflow(kind, &at_moments(joint, kind, &held))
    });
    (factor(low), found)
}

impl Request {
    fn of(level: Level, bound: Bound, factor: f64, node: f64) -> Self {
        let joint = factor * shape(level, node);
        let sized = if bound.tied {
            bound.limit
        } else {
            // Below its usual use, a pod would be the first that a full node evicts.
            joint.max(level.p95).max(bound.least).min(bound.limit)
        };
        // Rounded here already, so that the room that rounding adds is counted on;
        // with a limit it is rounded where the limit is.
        let rounded = if bound.tied {
            sized
        } else {
            round_memory(Bytes::from_f64(sized)).to_f64()
        };
        Self {
            size: rounded.min(node),
            level,
            node: None,
            filled: filled(level, node),
            factor,
            usual: !bound.tied && joint < level.p95,
            tied: bound.tied,
            overflow: None,
        }
    }
}

/// The 99th percentile, moved toward the peak by the share of a node that the
/// peak fills. Many small pods average out; one that fills a node cannot.
fn shape(level: Level, node: f64) -> f64 {
    level.p99 + filled(level, node) * (level.peak - level.p99)
}

fn filled(level: Level, node: f64) -> f64 {
    (level.peak / node.max(1.0)).clamp(0.0, 1.0)
}

fn factor(step: usize) -> f64 {
    SMALLEST * (LARGEST / SMALLEST).powf(len_f64(step) / len_f64(STEPS - 1))
}

/// Pools with pods on a kind of nodes, each once.
fn pools_of(joint: &Joint, kind: &Kind) -> Vec<usize> {
    let pods = kind.pods.iter().chain(kind.everywhere.iter().flatten());
    let mut pools: Vec<usize> = pods
        .flat_map(|pod| joint.pods.items[*pod].parts.iter().copied())
        .collect();
    pools.sort_unstable();
    pools.dedup();
    pools
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1024.0 * 1024.0;
    const LEVEL: Level = Level {
        p95: 96.0 * MIB,
        p99: 100.0 * MIB,
        peak: 200.0 * MIB,
    };

    #[test]
    fn what_fills_a_node_is_sized_by_its_peak() {
        assert!((shape(LEVEL, 200.0 * MIB) - 200.0 * MIB).abs() < 1.0);
        assert!((shape(LEVEL, 1e15) - 100.0 * MIB).abs() < 100.0);
    }

    #[test]
    fn a_request_stays_between_usual_use_and_the_limit() {
        let bound = Bound {
            limit: 160.0 * MIB,
            least: 0.0,
            tied: false,
        };
        assert!((Request::of(LEVEL, bound, 0.5, 1e15).size - 96.0 * MIB).abs() < 1.0);
        assert!((Request::of(LEVEL, bound, 3.0, 1e15).size - 160.0 * MIB).abs() < 1.0);
        let tied = Bound {
            tied: true,
            ..bound
        };
        assert!((Request::of(LEVEL, tied, 1.0, 1e15).size - 160.0 * MIB).abs() < 1.0);
    }
}
