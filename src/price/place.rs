//! How many pods of a workload are paid for, and on which nodes.

use std::collections::HashMap;

use super::effective::{self, Amount};
use super::{Book, Homes, NodePrice, Rates};
use crate::profile::Profile;
use crate::recommend::{State, WorkloadAdvice};
use crate::snapshot::{Cluster, Node, Resources, Snapshot, Sold, Workload};
use crate::units::{float, len_f64};

/// Some pods that request the same at the same rates.
pub(super) struct Place {
    /// Pods that are paid for; of a job the mean number of pods over the window.
    pub(super) pods: f64,
    /// Pods that hold the requests now.
    pub(super) present: f64,
    pub(super) requests: Amount,
    /// Whether the pods are of an older template, which the advice is not about.
    pub(super) outdated: bool,
    pub(super) gpus: f64,
    pub(super) rates: Rates,
    /// Where pods are paid for by sizes of their own.
    pub(super) sold: Option<Sold>,
}

impl Place {
    /// What one of the pods requests once the advice is followed, which takes a
    /// pod from `before` to `after`. Of what cannot be judged nothing changes.
    pub(super) fn after(&self, before: Amount, after: Amount, advice: &WorkloadAdvice) -> Amount {
        let renewed = self.outdated && advice.state != State::Unknown;
        self.requests.moved(before, after, renewed)
    }

    /// What is paid for of a pod that requests this much.
    pub(super) fn paid(&self, requests: Amount) -> Amount {
        self.sold.map_or(requests, |sold| {
            let (cpu, memory) = sold.size(requests.cpu, requests.memory);
            Amount { cpu, memory }
        })
    }
}

/// Finds the nodes that pods are on, and what those cost.
pub(super) struct Places<'a> {
    homes: Homes<'a>,
    prices: &'a [NodePrice],
    book: &'a Book,
    nodes: HashMap<&'a str, (&'a Node, Rates)>,
    /// Of pods on no known node.
    elsewhere: Rates,
}

impl<'a> Places<'a> {
    pub(super) fn new(cluster: &'a Cluster, prices: &'a [NodePrice], book: &'a Book) -> Self {
        let nodes = cluster.nodes.iter().zip(prices);
        Self {
            homes: Homes::new(cluster),
            prices,
            book,
            nodes: nodes
                .map(|(node, price)| (node.name.as_str(), (node, price.rates.clone())))
                .collect(),
            elsewhere: book.rates(None),
        }
    }

    /// Where the pods of the workload are. Pods that exist count, and are paid for once they
    /// have a node; where none is known, those that its controller says there are, else those
    /// that should be, on no known node. A job is paid for while it runs, so its pods count
    /// by their share of the window, and one between two runs holds nothing; with devices they cost
    /// what they do where they run or ran.
    pub(super) fn of(
        &self,
        snapshot: &Snapshot,
        advice: &WorkloadAdvice,
        profiles: &[Profile],
        workload: &Workload,
    ) -> Vec<Place> {
        if workload.is_batch() {
            let present = len_f64(workload.pods.len());
            let node = workload.pods.iter().find_map(|pod| pod.node.as_deref());
            let pods = workload.pods.iter();
            let running = pods.filter(|pod| !snapshot.cluster.waits(pod)).count();
            let pods = mean_pods(snapshot, advice, profiles).unwrap_or(len_f64(running));
            let place = self.template(workload, present, node);
            let home = self.homes.of(workload);
            return vec![Place {
                pods,
                rates: home.map_or_else(
                    || place.rates.clone(),
                    |it| it.rates(self.prices, self.book),
                ),
                ..place
            }];
        }
        if workload.pods.is_empty() {
            // What waits in a queue holds nothing.
            let held = workload.queued.is_none();
            let pods = workload.present.unwrap_or(workload.replicas);
            let pods = if held { pods } else { 0 };
            return vec![self.template(workload, f64::from(pods), None)];
        }
        let pods = workload.pods.iter();
        pods.map(|pod| Place {
            pods: f64::from(u8::from(!snapshot.cluster.waits(pod))),
            present: 1.0,
            requests: Amount::of(&pod.requests),
            outdated: pod.outdated,
            gpus: pod.requests.gpus(),
            rates: self.rates(pod.node.as_deref()),
            sold: self.sold(pod.node.as_deref()),
        })
        .collect()
    }

    fn template(&self, workload: &Workload, pods: f64, node: Option<&str>) -> Place {
        let requests = workload.containers.iter().map(|it| &it.requests);
        Place {
            pods,
            present: pods,
            requests: effective::now(workload),
            outdated: false,
            gpus: requests.map(Resources::gpus).sum(),
            rates: self.rates(node),
            sold: self.sold(node),
        }
    }

    /// Where workloads with devices run or ran.
    pub(super) fn homes(&self) -> &Homes<'a> {
        &self.homes
    }

    fn sold(&self, node: Option<&str>) -> Option<Sold> {
        let name = node?;
        Sold::on(self.nodes.get(name).map(|(node, _)| *node), name)
    }

    fn rates(&self, node: Option<&str>) -> Rates {
        let node = node.and_then(|name| self.nodes.get(name));
        node.map_or(&self.elsewhere, |(_, rates)| rates).clone()
    }
}

/// Mean number of pods over the window, from the samples of the container that has the
/// most; `None` without usage.
fn mean_pods(snapshot: &Snapshot, advice: &WorkloadAdvice, profiles: &[Profile]) -> Option<f64> {
    let containers = advice.containers.iter();
    let known = containers.filter_map(|container| profiles.get(container.profile));
    let samples = known.map(|profile| profile.quality.samples);
    let (most, slots) = (samples.max()?, snapshot.usage.grid.len);
    (slots > 0 && most > 0).then(|| float(most) / f64::from(slots))
}
