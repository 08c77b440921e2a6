use std::collections::BTreeSet;

use serde_json::json;

use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::patch::spec;
use crate::risk::seen::selects;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Service, Workload};

/// One pod, or one node, that others depend on.
pub(super) struct SingleReplica;

/// Namespaces of the cluster itself, where one of a kind is how it is meant.
const OF_THE_CLUSTER: &str = "kube-";

impl Check for SingleReplica {
    fn name(&self) -> &'static str {
        "single_replica"
    }

    fn summary(&self) -> &'static str {
        "services behind which there is one pod, or one node, alone"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            let namespace = workload.id.namespace.as_str();
            let served = matches!(workload.id.kind.as_str(), "Deployment" | "StatefulSet");
            if !served || namespace.starts_with(OF_THE_CLUSTER) {
                return Sought::fine();
            }
            let mut services = seen.snapshot.cluster.services.iter();
            let behind =
                |it: &&Service| it.namespace == namespace && selects(&it.selector, workload);
            match services.find(behind) {
                Some(service) => self.behind(seen, index, workload, service),
                None => Sought::fine(),
            }
        })
    }
}

impl SingleReplica {
    fn behind(
        &self,
        seen: &Seen<'_>,
        index: usize,
        workload: &Workload,
        service: &Service,
    ) -> Sought {
        let nodes: BTreeSet<&str> = workload
            .pods
            .iter()
            .filter_map(|pod| pod.node.as_deref())
            .collect();
        let nodes_to_choose = seen.snapshot.cluster.nodes.iter();
        let others = nodes_to_choose
            .filter(|node| node.ready && !node.unschedulable)
            .count()
            > 1;
        let scales = workload.autoscaler.is_some();
        let (text, action) = match workload.pods.len() {
            1 if workload.replicas == 1 && !scales => (
                format!("one pod alone is behind service `{}`", service.name),
                second(workload),
            ),
            2.. if nodes.len() == 1 && others => (
                format!(
                    "all {} pods behind service `{}` are on one node",
                    workload.pods.len(),
                    service.name
                ),
                Action::new(
                    "spread them: `topologySpreadConstraints` over `kubernetes.io/hostname`",
                ),
            ),
            _ => return Sought::fine(),
        };
        Sought::risk(Risk {
            severity: Severity::Low,
            confidence: Confidence::High,
            text: format!("{text}: a drain, a crash or a lost node takes it down"),
            evidence: vec![
                Evidence::text("service", service.name.clone()),
                Evidence::number("replicas", f64::from(workload.replicas)),
            ],
            action,
            ..seen.risk(self.name(), index)
        })
    }
}

/// A second replica, where it can be had by a number alone: what keeps state has to
/// know of others.
fn second(workload: &Workload) -> Action {
    // Another device is dear, and whether anybody asks for the first is told elsewhere.
    if workload.pods.iter().any(|it| it.requests.gpus() > 0.0) {
        return Action::new(
            "run a second replica, with devices of its own, if it must always answer: `gpus` says \
             whether it is used at all",
        );
    }
    let target = workload.patch.as_ref();
    let simple = target.filter(|it| it.kind == "Deployment" && it.api_version == "apps/v1");
    match simple {
        Some(target) => Action::new("run two replicas").with(Some(spec(
            (&target.api_version, &target.kind),
            &workload.id.namespace,
            &target.name,
            &json!({ "replicas": 2 }),
        ))),
        None => Action::new("run a second replica, if it can have one"),
    }
}
