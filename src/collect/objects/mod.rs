//! Kubernetes objects as lean records, before they are related to each other.
//!
//! A [`Record`] consumes a typed object and keeps only what kcost uses, so that
//! pages of a list can be dropped as they arrive. No environment value, no
//! annotation but those that kcost knows and no `managedFields` outlive it, beside the name
//! of the tool that wrote the object.

mod amounts;
mod api;
mod attempts;
mod checkpoints;
mod claims;
mod cluster;
mod controllers;
mod custom;
mod event;
mod fraction;
mod gang;
mod heap;
mod keeper;
mod meta;
mod namespace;
mod placed;
mod placement;
mod pod;
mod queue;
mod scaling;
mod select;
mod slices;
mod state;
mod storage;
mod zone;

use std::collections::BTreeMap;

use super::reach::Candidate;
use crate::snapshot::{Cluster, Event, Gap};

pub(super) use amounts::{Amounts, MOST_CONTAINERS};
pub(super) use api::{group, group_today, is_ignored_group, owns_pods, runs_to_completion};
pub(super) use attempts::{Loss, Tries};
pub(super) use claims::{ClaimRecord, DeviceRequest, ResourceClaim, ResourceClaimTemplate};
pub use cluster::budget_of;
pub(super) use controllers::{Controller, Placed, Present, Renewal};
pub(super) use fraction::{Fraction, Size};
pub use keeper::keeper_of;
pub(super) use meta::{Key, Meta, Owner};
pub(super) use pod::{ContainerRecord, PodClaim, PodRecord, Template};
pub(super) use queue::{KEPT, KUEUE, queue_of};
pub(super) use scaling::{AutoscalerRecord, ManagerRecord, renew as renew_autoscaler, unreadable};
pub(super) use slices::{ResourceSlice, SliceRecord};

/// What was listed, with everything dropped that kcost does not use.
#[derive(Debug, Default)]
pub struct Objects {
    /// Nodes, limit ranges, quotas, claims, services, budgets.
    pub cluster: Cluster,
    /// Kinds that kcost does not know, and how many of each there were.
    pub skipped: BTreeMap<String, usize>,
    /// What single objects say that cannot be understood.
    pub gaps: Vec<Gap>,
    /// Services that look like a Prometheus.
    pub(super) candidates: Vec<Candidate>,
    pub(super) pods: Vec<PodRecord>,
    /// Whatever can own pods, the unknown kinds included.
    pub(super) controllers: Vec<Controller>,
    pub(super) autoscalers: Vec<AutoscalerRecord>,
    pub(super) managers: Vec<ManagerRecord>,
    /// Claims of devices, and templates of them.
    pub(super) claims: Vec<ClaimRecord>,
    /// Accelerators that drivers publish for claims.
    pub(super) slices: Vec<SliceRecord>,
    /// Warnings, with the namespace of what they are about.
    pub(super) events: Vec<(String, Event)>,
    /// By name, what a node can be chosen by.
    pub(super) node_labels: BTreeMap<String, Vec<(String, String)>>,
    /// By name of a node, volumes that each driver can attach to it.
    pub(super) volume_limits: BTreeMap<String, BTreeMap<String, u32>>,
}

/// A Kubernetes type that can be recorded.
pub trait Record: Sized {
    /// Keeps what is needed of `self` and drops the rest.
    fn record(self, objects: &mut Objects);
}

impl Objects {
    /// Whether nothing was recorded that could be analyzed.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.controllers.is_empty() && self.cluster.nodes.is_empty()
    }

    /// Whether a pod, or a template of pods, claims devices.
    pub(super) fn claims_devices(&self) -> bool {
        let templates = self.controllers.iter().flat_map(|it| &it.templates);
        let templates = templates.map(|placed| &placed.template);
        let mut all = self.pods.iter().map(|pod| &pod.spec).chain(templates);
        all.any(|template| !template.claims.is_empty())
    }

    pub fn pod_count(&self) -> usize {
        self.pods.len()
    }

    /// Takes over everything that `other` holds.
    pub fn merge(&mut self, other: Self) {
        let cluster = other.cluster;
        self.cluster.nodes.extend(cluster.nodes);
        self.cluster.limit_ranges.extend(cluster.limit_ranges);
        self.cluster.quotas.extend(cluster.quotas);
        self.cluster.volume_claims.extend(cluster.volume_claims);
        self.cluster.services.extend(cluster.services);
        self.cluster
            .disruption_budgets
            .extend(cluster.disruption_budgets);
        self.cluster.volumes.extend(cluster.volumes);
        self.cluster.storage_classes.extend(cluster.storage_classes);
        self.cluster.in_part |= cluster.in_part;
        self.cluster.has_events |= cluster.has_events;
        for (kind, count) in other.skipped {
            *self.skipped.entry(kind).or_default() += count;
        }
        self.gaps.extend(other.gaps);
        self.candidates.extend(other.candidates);
        self.pods.extend(other.pods);
        self.controllers.extend(other.controllers);
        self.autoscalers.extend(other.autoscalers);
        self.managers.extend(other.managers);
        self.claims.extend(other.claims);
        self.slices.extend(other.slices);
        self.events.extend(other.events);
        self.node_labels.extend(other.node_labels);
        self.volume_limits.extend(other.volume_limits);
    }

    /// Notes amounts of one object that cannot be.
    fn note(&mut self, kind: &str, meta: &Meta, amounts: Amounts) {
        if let Some(problem) = amounts.crowded() {
            let gap = Gap::new("truncated", meta.subject(kind), problem);
            self.gaps
                .push(gap.hint("find out what creates such objects"));
        }
        if let Some(problem) = amounts.into_problem() {
            let gap = Gap::new("bad-quantity", meta.subject(kind), problem);
            self.gaps
                .push(gap.hint("the amount counts as not set; fix it in the object"));
        }
    }
}
