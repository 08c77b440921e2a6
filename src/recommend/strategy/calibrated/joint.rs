//! The risk that pods together fill a node, from the series themselves.
//!
//! Peaks of different pods rarely coincide, but some do: nightly jobs, replicas
//! of one service, a Monday morning. Nothing is assumed about that here. At many
//! moments of the past, the pods are packed at random by the requests that they
//! would have had, and the memory that each set then used, moment by moment, is
//! added up.

use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, ParallelIterator,
};

use super::pods::Pods;
use super::sums::{Sums, largest};
use super::tail::prior_risk;
use crate::pack::{self, Kind, NODE_FULL, Orders, Packed};
use crate::snapshot::Node;
use crate::units::len_f64;

/// Nodes over a horizon that the prior counts for: one node over a fortnight. It
/// decides for a few nodes, where "none seen" says little, and hardly matters from
/// ten nodes on.
const PRIOR_NODES: f64 = 2.0;

/// All pods and the kinds of nodes that they share.
#[derive(Debug)]
pub(super) struct Joint {
    pub(super) pods: Pods,
    /// Largest number of nodes first.
    pub(super) kinds: Vec<Kind>,
    /// What bounds the use of any pods together.
    sums: Sums,
    /// For each horizon of the window and pod, its own largest use.
    peaks: Vec<Vec<f32>>,
    /// The same for what followed each moment.
    peaks_ahead: Vec<Vec<f32>>,
}

/// How likely a node of one kind overflows within the horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Overflow {
    /// By pods that each fit alone: what smaller requests bring about. Of few nodes,
    /// "none so far" says little, so it is at least what their headroom says.
    pub(super) together: f64,
    /// The same, as it was seen and nothing beside.
    pub(super) seen: f64,
    /// By one pod alone, which no request prevents.
    pub(super) alone: f64,
    /// The share of nodes in the worst stretch that was replayed.
    pub(super) surge: f64,
    /// Nodes that the pods need, on average.
    pub(super) nodes: f64,
}

/// All pods on nodes by the sizes of the whole window, and what happened there.
struct Again {
    tally: Tally,
    packed: Orders,
    /// The nodes of each order.
    placed: Vec<Vec<Packed>>,
}

/// What happened on nodes over stretches of time.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    together: f64,
    alone: f64,
    seen: f64,
}

impl Joint {
    /// The pods alone without a node whose memory is known, or without pods.
    pub(super) fn of(pods: Pods, nodes: &[Node]) -> Result<Self, Box<Pods>> {
        let kinds = pack::kinds(&placed(&pods), nodes);
        if kinds.is_empty() {
            return Err(Box::new(pods));
        }
        let sums = Sums::of(&pods.items);
        let peaks = |range: &Range<usize>| -> Vec<f32> {
            let each = (0..pods.items.len()).into_par_iter();
            each.map(|pod| sums.peak(&pods.items, pod, range)).collect()
        };
        let replays = &pods.replays;
        Ok(Self {
            peaks: replays.horizons.iter().map(peaks).collect(),
            peaks_ahead: replays.all.iter().map(|it| peaks(&it.ahead)).collect(),
            sums,
            kinds,
            pods,
        })
    }

    /// The chance that a node of a kind overflows, where `size` gives the memory
    /// request of each pool, drawn from the whole window or from what was known
    /// at a moment. The orders of pods are the same for all sizes, so that they compare.
    pub(super) fn overflow(
        &self,
        kind: &Kind,
        size: &(impl Fn(usize, Option<usize>) -> f64 + Sync),
    ) -> Overflow {
        let again = self.again(kind, size);
        self.told(&again, &self.ahead(kind, size))
    }

    /// The same; `None` as soon as more than `most` of it was seen, which takes less to find
    /// than all else.
    pub(super) fn overflow_within(
        &self,
        kind: &Kind,
        size: &(impl Fn(usize, Option<usize>) -> f64 + Sync),
        most: f64,
    ) -> Option<Overflow> {
        let again = self.again(kind, size);
        if self.longer(again.tally.together()) > most {
            return None;
        }
        let ahead = self.ahead(kind, size);
        (self.seen(&again, &ahead) <= most).then(|| self.told(&again, &ahead))
    }

    /// The whole window, by sizes that were drawn from it: what came back.
    fn again(&self, kind: &Kind, size: &impl Fn(usize, Option<usize>) -> f64) -> Again {
        let mut tally = Tally::default();
        let (mut packed, mut placed) = (Orders::default(), Vec::new());
        while packed.go_on() {
            let nodes = packed.pack(kind, |item| self.request(item, size, None));
            for (range, peaks) in self.pods.replays.horizons.iter().zip(&self.peaks) {
                tally.watch(self, &nodes, range, peaks);
            }
            placed.push(nodes);
        }
        Again {
            tally,
            packed,
            placed,
        }
    }

    /// What followed each moment, by sizes that knew nothing of it.
    fn ahead(
        &self,
        kind: &Kind,
        size: &(impl Fn(usize, Option<usize>) -> f64 + Sync),
    ) -> Vec<Tally> {
        let moments = self.pods.replays.all.par_iter();
        let moments = moments.zip(&self.peaks_ahead).enumerate();
        let tallies = moments.map(|(moment, (replay, peaks))| {
            let mut ahead = Tally::default();
            let mut packed = Orders::default();
            while packed.go_on() {
                let placed = packed.pack(kind, |item| self.request(item, size, Some(moment)));
                ahead.watch(self, &placed, &replay.ahead, peaks);
            }
            ahead
        });
        tallies.collect()
    }

    /// Of a horizon that is longer than what is replayed.
    fn longer(&self, chance: f64) -> f64 {
        (chance * self.pods.replays.longer).min(1.0)
    }

    fn seen(&self, again: &Again, ahead: &[Tally]) -> f64 {
        let ahead = ahead.iter().fold(Tally::default(), Tally::plus);
        self.longer(again.tally.together().max(ahead.together()))
    }

    fn told(&self, again: &Again, ahead: &[Tally]) -> Overflow {
        let seen = self.seen(again, ahead);
        let mut expected = 0.0;
        for placed in &again.placed {
            expected += placed.iter().map(|node| self.expected(node)).sum::<f64>();
        }
        let nodes = again.packed.nodes_each();
        let expected = expected / len_f64(again.packed.nodes().max(1));
        // One less: sizes were chosen so that what was seen fits.
        let counted = (nodes - 1.0).max(0.0) * len_f64(self.pods.replays.horizons.len());
        let all = ahead.iter().fold(Tally::default(), Tally::plus);
        let again = &again.tally;
        let surge = ahead.iter().map(Tally::any).fold(again.any(), f64::max);
        Overflow {
            together: seen.max(expected * PRIOR_NODES / (counted + PRIOR_NODES)),
            seen,
            alone: self.longer(again.alone().max(all.alone())),
            surge: self.longer(surge),
            nodes,
        }
    }

    /// What is to be expected of a node before anything else is seen: the chance that
    /// a history like that of its pods together goes on as far as to fill it.
    ///
    /// On the trace that the prior is from, groups of 3 to 30 machines broke the
    /// records of their sums about as single machines of that spread do.
    fn expected(&self, node: &Packed) -> f64 {
        // One that has overflowed is counted as such.
        let prior = self.prior(&node.pods, node.size * NODE_FULL);
        prior.unwrap_or(0.0)
    }

    /// The same for any pods and what they may use; `None` where they have used more.
    fn prior(&self, pods: &[usize], full: f64) -> Option<f64> {
        let cells = &self.pods.replays.window;
        let mut sum = vec![0.0_f32; cells.len()];
        for pod in pods {
            for (sum, used) in sum.iter_mut().zip(&self.pods.items[*pod].used) {
                *sum += used;
            }
        }
        let days = sum.chunks(self.pods.replays.day);
        let days: Vec<f64> = days.map(|day| f64::from(largest(day))).collect();
        let peak = days.iter().copied().fold(0.0, f64::max);
        let margin = full / peak.max(1.0);
        (margin >= 1.0).then(|| prior_risk(&days, margin, self.pods.replays.due))
    }

    /// The chance that these pods use more than `full` bytes together within the horizon:
    /// 1 where they have, else what the headroom says, which counts the less the more
    /// nodes there were to learn from. See [`Self::overflow`].
    pub(super) fn chance(&self, pods: &[usize], full: f64, nodes: f64) -> f64 {
        let Some(prior) = self.prior(pods, full) else {
            return 1.0;
        };
        let counted = (nodes - 1.0).max(0.0) * len_f64(self.pods.replays.horizons.len());
        prior * PRIOR_NODES / (counted + PRIOR_NODES)
    }

    /// Workloads of which one pod alone fills the largest node of its kind, in order.
    pub(super) fn fill_a_node(&self) -> Vec<usize> {
        let fills = |kind: &Kind, pod: usize| {
            let item = &self.pods.items[pod];
            let peak = item.used.iter().copied().fold(0.0, f32::max);
            (f64::from(peak) > kind.largest() * NODE_FULL).then_some(item.workload)
        };
        let kinds = self.kinds.iter();
        let found =
            kinds.flat_map(|kind| kind.pods.iter().filter_map(move |pod| fills(kind, *pod)));
        let found: BTreeSet<usize> = found.collect();
        found.into_iter().collect()
    }

    /// What the scheduler counts for a pod.
    fn request(
        &self,
        item: usize,
        size: &impl Fn(usize, Option<usize>) -> f64,
        moment: Option<usize>,
    ) -> f64 {
        let item = &self.pods.items[item];
        let parts = item.parts.iter().map(|pool| size(*pool, moment));
        (parts.sum::<f64>() + item.other).max(1.0)
    }
}

impl Overflow {
    /// In any way.
    pub(super) fn any(&self) -> f64 {
        (self.together + self.alone).min(1.0)
    }
}

impl Tally {
    /// Counts the nodes that overflowed in a range, in which each pod had its peak.
    fn watch(&mut self, joint: &Joint, nodes: &[Packed], range: &Range<usize>, peaks: &[f32]) {
        let own = |pod: &usize| f64::from(peaks[*pod]);
        for node in nodes {
            let full = node.size * NODE_FULL;
            self.seen += 1.0;
            if node.pods.iter().any(|pod| own(pod) > full) {
                self.alone += 1.0;
                continue;
            }
            // Most nodes are not full even if all their peaks fell together.
            if node.pods.iter().map(own).sum::<f64>() <= full {
                continue;
            }
            let together = joint.sums.together(&joint.pods.items, &node.pods, range);
            if together.is_above(range, full) {
                self.together += 1.0;
            }
        }
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            together: self.together + other.together,
            alone: self.alone + other.alone,
            seen: self.seen + other.seen,
        }
    }

    fn together(&self) -> f64 {
        self.together / self.seen.max(1.0)
    }

    fn alone(&self) -> f64 {
        self.alone / self.seen.max(1.0)
    }

    fn any(&self) -> f64 {
        self.together() + self.alone()
    }
}

/// Where each pod is now, which says where it may go.
fn placed(pods: &Pods) -> Vec<pack::Pod<'_>> {
    let placed = pods.items.iter().map(|item| pack::Pod {
        workload: item.workload,
        node: item.node.as_deref(),
        everywhere: item.everywhere,
    });
    placed.collect()
}
