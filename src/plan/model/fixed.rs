//! Pods that cannot be moved, whatever room there is.

use std::collections::HashMap;

use jiff::Timestamp;

use super::volume::Bound;
use crate::plan::Autoscaler;
use crate::plan::stay::{FOR_A_TIME, Fixed, is_young};
use crate::snapshot::{DisruptionBudget, Pod, Snapshot, Workload, label};

/// Annotations that forbid, and the values that do.
const FORBID: [(&str, &str); 4] = [
    ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
    ("karpenter.sh/do-not-disrupt", "true"),
    ("karpenter.sh/do-not-evict", "true"),
    ("descheduler.alpha.kubernetes.io/evict", "false"),
];
/// Lets Cluster Autoscaler evict a pod whatever it keeps.
const SAFE: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";

/// What is asked of every pod.
pub(super) struct Fixing<'a> {
    budgets: HashMap<&'a str, Vec<&'a DisruptionBudget>>,
    now: Timestamp,
    autoscaler: Autoscaler,
}

impl<'a> Fixing<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, autoscaler: Autoscaler) -> Self {
        let mut budgets: HashMap<&str, Vec<&DisruptionBudget>> = HashMap::new();
        for budget in &snapshot.cluster.disruption_budgets {
            budgets.entry(&budget.namespace).or_default().push(budget);
        }
        Self {
            budgets,
            now: snapshot.taken_at,
            autoscaler,
        }
    }

    /// Why a pod cannot be moved: what its owners forbid before what they forgot.
    pub(super) fn of(&self, workload: &Workload, pod: &Pod, volumes: &Bound) -> Option<Fixed> {
        self.annotation(pod)
            .or_else(|| self.budget(&workload.id.namespace, pod))
            .or_else(|| self.bare(workload, pod))
            .or_else(|| self.left_alone(workload, pod))
            .or_else(|| volumes.shared.clone().map(Fixed::SharedVolume))
            .or_else(|| volumes.unknown.clone().map(Fixed::UnknownVolume))
            .or_else(|| (!workload.claims.is_empty()).then_some(Fixed::Devices))
            .or_else(|| is_unclear(workload, pod).then_some(Fixed::Namespaces))
    }

    fn bare(&self, workload: &Workload, pod: &Pod) -> Option<Fixed> {
        let keeps = self.autoscaler.keeps_bare_pods();
        (keeps && (pod.bare || workload.id.kind == "Pod")).then_some(Fixed::Bare)
    }

    /// What Cluster Autoscaler does not touch unless it is told to.
    fn left_alone(&self, workload: &Workload, pod: &Pod) -> Option<Fixed> {
        if label(&pod.eviction, SAFE) == Some("true") {
            return None;
        }
        let local = workload.placement(pod).is_some_and(|it| it.local_storage);
        if local && self.autoscaler.keeps_local_storage() {
            return Some(Fixed::LocalStorage);
        }
        let namespace = workload.id.namespace.as_str();
        let budgets = self.budgets.get(namespace).into_iter().flatten();
        let counted = { budgets }.any(|it| it.counts(namespace, &pod.labels));
        let system = namespace == "kube-system" && !counted;
        (system && self.autoscaler.keeps_system_pods()).then_some(Fixed::SystemPod)
    }

    fn annotation(&self, pod: &Pod) -> Option<Fixed> {
        let found = pod.eviction.iter().find(|(key, value)| {
            let forbids = FORBID.iter().any(|(own, no)| own == key && no == value);
            forbids || (key == FOR_A_TIME && is_young(pod.created, value, self.now))
        });
        found.map(|(key, value)| Fixed::Annotation(key.clone(), value.clone()))
    }

    /// A budget that lets no pod go. Where two count the same pod, Kubernetes refuses to
    /// evict it at all.
    fn budget(&self, namespace: &str, pod: &Pod) -> Option<Fixed> {
        let budgets = self.budgets.get(namespace)?;
        let mut own = budgets
            .iter()
            .filter(|it| it.counts(namespace, &pod.labels));
        let first = own.next()?;
        if own.next().is_some() {
            return Some(Fixed::TwoBudgets);
        }
        (first.disruptions_allowed <= 0).then(|| Fixed::Budget(first.name.clone()))
    }
}

/// Whether it must be beside pods of namespaces that were not read.
fn is_unclear(workload: &Workload, pod: &Pod) -> bool {
    let placement = workload.placement(pod);
    placement.is_some_and(|it| it.affinity.iter().any(|term| term.unclear))
}
