//! The risk that pods together fill a node, from the series themselves.
//!
//! Peaks of different pods rarely coincide, but some do: nightly jobs, replicas
//! of one service, a Monday morning. Nothing is assumed about that here. The
//! pods are packed at random by their requests, and the memory that each set
//! used, moment by moment, is added up.

use std::collections::BTreeMap;
use std::ops::Range;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::packing::{Packed, Pool};
use super::pods::Pods;
use crate::snapshot::Node;
use crate::units::len_f64;

/// A node overflows at this share of its allocatable memory: there the kubelet
/// is about to evict, and what no pod accounts for needs room too.
pub(super) const FULL: f64 = 0.97;
/// Weight of stretches that the sizes were not drawn from, beside the whole
/// window, which they were. See the README for what each weight would cost and keep.
const UNSEEN: f64 = 0.1;
/// Nodes that are packed before a chance is believed.
const NODES: usize = 320;
/// Bounds of how often all pods are packed for that.
const PACKINGS: Range<usize> = 2..41;

/// All pods and the kinds of nodes that they share.
#[derive(Debug)]
pub(super) struct Joint {
    pub(super) pods: Pods,
    /// Largest number of nodes first.
    pub(super) kinds: Vec<Pool>,
    /// For each pod and horizon, its own largest use.
    peaks: Vec<Vec<f32>>,
    /// The same for each stretch.
    stretch_peaks: Vec<Vec<f32>>,
}

/// How likely a node of one kind overflows within the horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Overflow {
    /// By pods that each fit alone: what smaller requests bring about.
    pub(super) together: f64,
    /// In any way, and never quite nothing: what was not seen in so many nodes.
    pub(super) any: f64,
    /// Nodes that the pods need, on average.
    pub(super) nodes: f64,
}

/// What happened on nodes over stretches of time.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    together: f64,
    alone: f64,
    seen: f64,
}

impl Joint {
    /// `None` without a node whose memory is known, or without pods.
    pub(super) fn of(pods: Pods, nodes: &[Node]) -> Option<Self> {
        let kinds = kinds(&pods, nodes);
        if kinds.is_empty() {
            return None;
        }
        let peaks = |ranges: &[Range<usize>]| -> Vec<Vec<f32>> {
            let of_pod = |used: &[f32]| -> Vec<f32> {
                let largest =
                    |range: &Range<usize>| used[range.clone()].iter().copied().fold(0.0, f32::max);
                ranges.iter().map(largest).collect()
            };
            pods.items.iter().map(|item| of_pod(&item.used)).collect()
        };
        Some(Self {
            peaks: peaks(&pods.folds.horizons),
            stretch_peaks: peaks(&pods.folds.stretches),
            kinds,
            pods,
        })
    }

    /// The chance that a node of a kind overflows, where `size` gives the memory
    /// request of each pool, drawn from the whole window or from what is left
    /// without a stretch. The same seed gives the same orders of pods.
    pub(super) fn overflow(
        &self,
        kind: &Pool,
        size: &impl Fn(usize, Option<usize>) -> f64,
        seed: u64,
    ) -> Overflow {
        let folds = &self.pods.folds;
        let mut known = Tally::default();
        let mut unseen = Tally::default();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut packings = PACKINGS.start;
        let mut nodes = 0;
        let mut packed = 0;
        while packed < packings {
            let placed = kind.pack(|item| self.request(item, size, None), &mut random);
            nodes += placed.len();
            packed += 1;
            packings = NODES
                .div_ceil((nodes / packed).max(1))
                .clamp(PACKINGS.start, PACKINGS.end - 1);
            known.watch(self, &placed, &folds.horizons, &self.peaks, None);
            for stretch in 0..folds.stretches.len() {
                let placed = kind.pack(|item| self.request(item, size, Some(stretch)), &mut random);
                unseen.watch(
                    self,
                    &placed,
                    &folds.stretches,
                    &self.stretch_peaks,
                    Some(stretch),
                );
            }
        }
        let blend = |known: f64, unseen: f64| {
            let known = (known * folds.longer).min(1.0);
            let unseen = (unseen * folds.correction).min(1.0);
            known + (unseen - known) * UNSEEN
        };
        Overflow {
            together: blend(known.share(known.together), unseen.share(unseen.together)),
            any: blend(known.careful(), unseen.careful()),
            nodes: len_f64(nodes) / len_f64(packed),
        }
    }

    /// What the scheduler counts for a pod.
    fn request(
        &self,
        item: usize,
        size: &impl Fn(usize, Option<usize>) -> f64,
        stretch: Option<usize>,
    ) -> f64 {
        let item = &self.pods.items[item];
        let parts = item.parts.iter().map(|pool| size(*pool, stretch));
        (parts.sum::<f64>() + item.other).max(1.0)
    }
}

impl Tally {
    /// Counts the nodes that overflowed in each range, or in one of them.
    fn watch(
        &mut self,
        joint: &Joint,
        nodes: &[Packed],
        ranges: &[Range<usize>],
        peaks: &[Vec<f32>],
        only: Option<usize>,
    ) {
        let mut sum: Vec<f32> = Vec::new();
        for node in nodes {
            let full = node.size * FULL;
            for (index, range) in ranges.iter().enumerate() {
                if only.is_some_and(|only| only != index) {
                    continue;
                }
                self.seen += 1.0;
                let own = |pod: &usize| f64::from(peaks[*pod][index]);
                if node.pods.iter().any(|pod| own(pod) > full) {
                    self.alone += 1.0;
                    continue;
                }
                // Most nodes are not full even if all their peaks fell together.
                if node.pods.iter().map(own).sum::<f64>() <= full {
                    continue;
                }
                sum.clear();
                sum.resize(range.len(), 0.0);
                for pod in &node.pods {
                    let used = &joint.pods.items[*pod].used[range.clone()];
                    for (sum, used) in sum.iter_mut().zip(used) {
                        *sum += used;
                    }
                }
                if sum.iter().any(|used| f64::from(*used) > full) {
                    self.together += 1.0;
                }
            }
        }
    }

    fn share(&self, part: f64) -> f64 {
        part / self.seen.max(1.0)
    }

    /// Half an overflow more than was seen: what never happened so far is not impossible.
    fn careful(&self) -> f64 {
        (self.together + self.alone + 0.5) / (self.seen + 1.0)
    }
}

/// Nodes by pool and type, with the pods that run on them. Pods move between
/// nodes of one kind only: what keeps them off the others keeps them off still.
fn kinds(pods: &Pods, nodes: &[Node]) -> Vec<Pool> {
    let mut sizes: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    let mut of_node: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for node in nodes {
        let kind = (
            node.pool.as_deref().unwrap_or_default(),
            node.instance_type.as_deref().unwrap_or_default(),
        );
        let memory = node.allocatable.memory.filter(|memory| !memory.is_zero());
        if let Some(memory) = memory {
            sizes.entry(kind).or_default().push(memory.to_f64());
            of_node.insert(&node.name, kind);
        }
    }
    let Some(common) = sizes.iter().max_by_key(|(_, sizes)| sizes.len()) else {
        return Vec::new();
    };
    let common = *common.0;
    let mut members: BTreeMap<(&str, &str), Pool> = BTreeMap::new();
    for (index, item) in pods.items.iter().enumerate() {
        let home = item.node.as_deref().and_then(|node| of_node.get(node));
        let kind = *home.unwrap_or(&common);
        let pool = members.entry(kind).or_insert_with(|| Pool {
            sizes: sizes[&kind].clone(),
            pods: Vec::new(),
            everywhere: Vec::new(),
        });
        if !item.everywhere {
            pool.pods.push(index);
            continue;
        }
        let workload = item.workload;
        let known = pool.everywhere.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|first| pods.items[*first].workload == workload)
        });
        match known {
            Some(group) => group.push(index),
            None => pool.everywhere.push(vec![index]),
        }
    }
    let mut kinds: Vec<Pool> = members
        .into_values()
        .filter(|pool| !pool.pods.is_empty())
        .collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.sizes.len()));
    kinds
}
