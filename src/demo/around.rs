//! The rest of the cluster: rules of namespaces, volumes, services, budgets.

use super::plan::{Kind, Plan};
use super::rules;
use crate::snapshot::{
    Cluster, DisruptionBudget, LimitRange, Node, Quota, Resources, Service, StorageClass,
    VolumeClaim, Workload,
};
use crate::units::{Bytes, Cpu};

/// The namespace whose team has rules: it handles money.
const RULED: &str = "payments";

/// What its volumes are.
pub(super) const CLASS: &str = "gp3";
pub(super) const DRIVER: &str = "ebs.csi.aws.com";

/// The cluster around `workloads`, which exist already.
pub(super) fn cluster(plans: &[Plan], workloads: &[Workload], mut nodes: Vec<Node>) -> Cluster {
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    Cluster {
        name: "demo".to_owned(),
        server_version: Some("v1.35.1".to_owned()),
        limit_ranges: vec![limit_range()],
        quotas: vec![quota(workloads)],
        volume_claims: plans.iter().flat_map(volume_claims).collect(),
        volumes: rules::volumes(plans, workloads, &nodes),
        storage_classes: vec![StorageClass {
            name: CLASS.to_owned(),
            provisioner: DRIVER.to_owned(),
            disks: Some(CLASS.to_owned()),
        }],
        in_part: false,
        has_events: true,
        services: plans.iter().filter_map(service).collect(),
        disruption_budgets: plans.iter().filter_map(disruption_budget).collect(),
        certificates: Vec::new(),
        nodes,
    }
}

fn amount(millicores: u64, memory: Bytes) -> Resources {
    Resources {
        cpu: Some(Cpu::millicores(millicores)),
        memory: Some(memory),
        ..Resources::default()
    }
}

fn limit_range() -> LimitRange {
    LimitRange {
        namespace: RULED.to_owned(),
        name: "container-sizes".to_owned(),
        applies_to: "Container".to_owned(),
        min: amount(50, Bytes::mib(64)),
        max: amount(4000, Bytes::gib(8)),
        default_request: amount(100, Bytes::mib(128)),
        default_limit: amount(1000, Bytes::mib(512)),
        max_ratio_cpu: None,
        max_ratio_memory: Some(8.0),
    }
}

fn quota(workloads: &[Workload]) -> Quota {
    let mut used_requests = amount(0, Bytes::ZERO);
    let mut used_limits = amount(0, Bytes::ZERO);
    for workload in workloads.iter().filter(|one| one.id.namespace == RULED) {
        for pod in &workload.pods {
            used_requests = used_requests.plus(&pod.requests);
            for container in &workload.containers {
                used_limits = used_limits.plus(&container.limits);
            }
        }
    }
    Quota {
        namespace: RULED.to_owned(),
        name: "team-payments".to_owned(),
        scopes: Vec::new(),
        // One more pod of `fraud-scoring` has no room.
        hard_requests: amount(8_500, Bytes::gib(24)),
        hard_limits: Resources {
            memory: Some(Bytes::gib(40)),
            ..Resources::default()
        },
        used_requests,
        used_limits,
    }
}

fn volume_claims(plan: &Plan) -> impl Iterator<Item = VolumeClaim> + '_ {
    let claim = |ordinal: usize, gib: u64| VolumeClaim {
        namespace: plan.namespace.to_owned(),
        name: format!("data-{}-{ordinal}", plan.name),
        storage_class: Some(CLASS.to_owned()),
        requested: Bytes::gib(gib),
        phase: "Bound".to_owned(),
        volume: Some(format!("pvc-{}-{ordinal}", plan.name)),
        ..VolumeClaim::default()
    };
    let gib = plan.volume_gib.filter(|_| plan.kind == Kind::StatefulSet);
    gib.into_iter()
        .flat_map(move |gib| (0..plan.replicas).map(move |ordinal| claim(ordinal, gib)))
}

fn selector(plan: &Plan) -> Vec<(String, String)> {
    vec![(rules::NAME.to_owned(), plan.name.to_owned())]
}

fn service(plan: &Plan) -> Option<Service> {
    Some(Service {
        namespace: plan.namespace.to_owned(),
        name: plan.name.to_owned(),
        service_type: plan.service?.to_owned(),
        selector: selector(plan),
        ..Service::default()
    })
}

fn disruption_budget(plan: &Plan) -> Option<DisruptionBudget> {
    Some(DisruptionBudget {
        namespace: plan.namespace.to_owned(),
        name: plan.name.to_owned(),
        disruptions_allowed: plan.budget?,
        selector: selector(plan),
        ..DisruptionBudget::default()
    })
}
