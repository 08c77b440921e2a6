use std::collections::BTreeMap;

use rand::Rng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Pod;
use crate::snapshot::Node;
use crate::units::Bytes;

/// A node and what is on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// Allocatable memory, in bytes.
    pub size: f64,
    /// Indices into the pods.
    pub pods: Vec<usize>,
}

/// Nodes of one kind, whose pods may move between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// Allocatable memory of each node, in bytes. Never empty.
    pub sizes: Vec<f64>,
    /// Pods that are placed one by one.
    pub pods: Vec<usize>,
    /// For each DaemonSet, its pods here.
    pub everywhere: Vec<Vec<usize>>,
}

impl Kind {
    /// Allocatable memory of the largest node.
    pub fn largest(&self) -> f64 {
        self.sizes.iter().copied().fold(0.0, f64::max)
    }

    /// Places all pods in a random order on as many nodes as they need, of the
    /// sizes that there are.
    ///
    /// A random order stands for every way in which pods may end up beside each
    /// other: after a rollout, on a new node, or when those of a failed or
    /// drained node land on the others.
    pub fn pack(
        &self,
        request: impl Fn(usize) -> f64,
        random: &mut Xoshiro256PlusPlus,
    ) -> Vec<Packed> {
        let mut order = self.pods.clone();
        order.shuffle(random);
        let largest = self.largest();
        let requests: Vec<f64> = order.iter().map(|pod| request(*pod)).collect();
        let smallest = requests.iter().copied().fold(f64::MAX, f64::min);
        let mut nodes: Vec<Packed> = Vec::new();
        // What is left on each of them: apart, as it is looked through for each pod.
        let mut room: Vec<f64> = Vec::new();
        // Nodes before this one are too full for the smallest pod.
        let mut open = 0;
        for (pod, requested) in order.into_iter().zip(requests) {
            let needed = requested.min(largest);
            while open < room.len() && room[open] < smallest {
                open += 1;
            }
            let found = room[open..].iter().position(|left| *left >= needed);
            let node = found.map_or(nodes.len(), |it| open + it);
            if found.is_none() {
                let (left, opened) = self.open(nodes.len(), needed, &request, random);
                room.push(left);
                nodes.push(opened);
            }
            room[node] -= needed;
            nodes[node].pods.push(pod);
        }
        nodes
    }

    /// A new node of a size that there is, with a pod of each DaemonSet, and the room left.
    fn open(
        &self,
        number: usize,
        needed: f64,
        request: &impl Fn(usize) -> f64,
        random: &mut Xoshiro256PlusPlus,
    ) -> (f64, Packed) {
        let drawn = self.sizes[random.gen_range(0..self.sizes.len())];
        let pods: Vec<usize> = self
            .everywhere
            .iter()
            .map(|pods| pods[number % pods.len()])
            .collect();
        let taken: f64 = pods.iter().map(|pod| request(*pod)).sum();
        let size = if drawn - taken >= needed {
            drawn
        } else {
            self.largest()
        };
        (size - taken, Packed { size, pods })
    }
}

/// Allocatable memory of a node, where it is known.
fn memory_of(node: &Node) -> Option<Bytes> {
    node.allocatable.memory.filter(|memory| !memory.is_zero())
}

/// Whether there is a node that pods can be packed onto: the memory of one is known.
pub fn any_node(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| memory_of(node).is_some())
}

/// Nodes by pool and type, with the pods that run on them. Pods move between
/// nodes of one kind only: what keeps them off the others keeps them off still. The kind
/// with the largest number of nodes first; empty where no node has a known memory.
pub fn kinds(pods: &[Pod<'_>], nodes: &[Node]) -> Vec<Kind> {
    let mut sizes: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    let mut of_node: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for node in nodes {
        let kind = (
            node.pool.as_deref().unwrap_or_default(),
            node.instance_type.as_deref().unwrap_or_default(),
        );
        if let Some(memory) = memory_of(node) {
            sizes.entry(kind).or_default().push(memory.to_f64());
            of_node.insert(&node.name, kind);
        }
    }
    let Some(common) = sizes.iter().max_by_key(|(_, sizes)| sizes.len()) else {
        return Vec::new();
    };
    let common = *common.0;
    let mut members: BTreeMap<(&str, &str), Kind> = BTreeMap::new();
    for (index, pod) in pods.iter().enumerate() {
        let home = pod.node.and_then(|node| of_node.get(node));
        let kind = *home.unwrap_or(&common);
        let member = members.entry(kind).or_insert_with(|| Kind {
            sizes: sizes[&kind].clone(),
            pods: Vec::new(),
            everywhere: Vec::new(),
        });
        if !pod.everywhere {
            member.pods.push(index);
            continue;
        }
        let workload = pod.workload;
        let known = member.everywhere.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|first| pods[*first].workload == workload)
        });
        match known {
            Some(group) => group.push(index),
            None => member.everywhere.push(vec![index]),
        }
    }
    let mut kinds: Vec<Kind> = members
        .into_values()
        .filter(|kind| !kind.pods.is_empty())
        .collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.sizes.len()));
    kinds
}

#[cfg(test)]
mod tests {
    use rand_xoshiro::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn no_node_is_requested_beyond_its_size() {
        let kind = Kind {
            sizes: vec![8.0, 16.0],
            pods: (0..40).collect(),
            everywhere: vec![vec![40, 41]],
        };
        let request = |pod: usize| {
            if pod >= 40 {
                1.0
            } else {
                [1.0, 3.0, 5.0][pod % 3]
            }
        };
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let nodes = kind.pack(request, &mut random);
        let placed: usize = nodes.iter().map(|node| node.pods.len() - 1).sum();
        assert_eq!(placed, 40);
        for node in nodes {
            assert!(node.pods.iter().map(|pod| request(*pod)).sum::<f64>() <= node.size);
        }
    }

    #[test]
    fn a_pod_larger_than_any_node_still_has_a_place() {
        let kind = Kind {
            sizes: vec![8.0],
            pods: vec![0, 1],
            everywhere: Vec::new(),
        };
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        assert_eq!(kind.pack(|_| 20.0, &mut random).len(), 2);
    }
}
