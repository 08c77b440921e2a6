//! What the pods of each node use together.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::snapshot::{Grid, Series, Snapshot, Usage};

/// Share of the memory of present pods that must have been there for a slot to count:
/// before, the node was not what it is.
const SAME: f64 = 0.9;

/// Use of one node by the pods that are on it now, slot by slot of the grid. A lower
/// bound: what is no pod, or was not measured, is not in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeUse {
    /// In cores.
    pub cpu: Vec<f32>,
    /// In bytes.
    pub memory: Vec<f32>,
    /// The slot from which on nearly all of these pods ran.
    pub since: u32,
    /// Workloads with a pod on it.
    pub workloads: Vec<usize>,
}

/// What is used of every node, while usage comes part by part.
pub struct Nodes<'a> {
    snapshot: &'a Snapshot,
    places: BTreeMap<&'a str, usize>,
    uses: Vec<NodeUse>,
    /// For each node, where its series began and what they hold now.
    began: Vec<Vec<(u32, f64)>>,
}

impl<'a> Nodes<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let slots = usize::try_from(snapshot.usage.grid.len).unwrap_or(0);
        let nodes = &snapshot.cluster.nodes;
        let names = nodes.iter().map(|node| node.name.as_str());
        let empty = NodeUse {
            cpu: vec![0.0; slots],
            memory: vec![0.0; slots],
            since: 0,
            workloads: Vec::new(),
        };
        Self {
            snapshot,
            places: names.zip(0..).collect(),
            uses: vec![empty; nodes.len()],
            began: vec![Vec::new(); nodes.len()],
        }
    }

    /// Adds the usage of some workloads.
    pub fn add(&mut self, workloads: Range<usize>, usage: &Usage) {
        if self.places.is_empty() {
            return;
        }
        let all = self.snapshot.workloads.iter().enumerate();
        let at_hand = all.take(workloads.end).skip(workloads.start);
        for (index, workload) in at_hand {
            let pods = workload.pods.iter();
            let node_of: BTreeMap<&str, usize> = pods
                .filter_map(|pod| Some((&*pod.name, *self.places.get(pod.node.as_deref()?)?)))
                .collect();
            for node in node_of.values().copied().collect::<BTreeSet<usize>>() {
                self.uses[node].workloads.push(index);
            }
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            for series in usage.of_workload(number) {
                if let Some(node) = node_of.get(series.pod.as_str()) {
                    self.take(*node, series);
                }
            }
        }
    }

    fn take(&mut self, node: usize, series: &Series) {
        let used = &mut self.uses[node];
        let from = usize::try_from(series.first).unwrap_or(usize::MAX);
        add(&mut used.cpu, from, &series.cpu_cores);
        add(&mut used.memory, from, &series.memory_bytes);
        let last = series.memory_bytes.iter().rev().find(|it| it.is_finite());
        let last = last.map_or(0.0, |it| f64::from(*it));
        self.began[node].push((series.first, last));
    }

    /// One for each node, in their order.
    pub(super) fn used(self) -> Vec<NodeUse> {
        let both = self.uses.into_iter().zip(self.began);
        both.map(|(used, began)| NodeUse {
            since: same_since(began),
            ..used
        })
        .collect()
    }
}

/// The slot from which on nearly all of what is there now was there.
fn same_since(mut began: Vec<(u32, f64)>) -> u32 {
    let all: f64 = began.iter().map(|it| it.1).sum();
    began.sort_unstable_by_key(|it| it.0);
    let (mut there, mut since) = (0.0, 0);
    for (slot, held) in began {
        if there >= SAME * all {
            break;
        }
        there += held;
        since = slot;
    }
    since
}

impl NodeUse {
    /// The largest memory of each day since its pods are what they are, counted back from
    /// the end of the window, oldest first.
    pub fn daily_peaks(&self, grid: &Grid) -> Vec<f64> {
        let day = usize::try_from(grid.per_day()).unwrap_or(1);
        let since = usize::try_from(self.since).unwrap_or(usize::MAX);
        let counted = self.memory.get(since..).unwrap_or_default();
        let most = |day: &[f32]| day.iter().copied().fold(0.0_f32, f32::max);
        let mut peaks: Vec<f64> = counted
            .rchunks_exact(day)
            .map(|day| f64::from(most(day)))
            .collect();
        peaks.reverse();
        peaks
    }
}

fn add(sum: &mut [f32], from: usize, values: &[f32]) {
    let slots = sum.get_mut(from..).unwrap_or_default();
    for (slot, value) in slots.iter_mut().zip(values) {
        // Nothing is added where nothing is known: no branch to be guessed.
        *slot += if value.is_finite() { *value } else { 0.0 };
    }
}
