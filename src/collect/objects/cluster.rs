use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    LimitRange, LimitRangeItem, Node, PersistentVolumeClaim, ResourceQuota, Service, Taint,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use serde_json::Value;

use super::state::conditions;
use super::{Amounts, Meta, Objects, Record, fraction, placement, zone};
use crate::collect::misfit;
use crate::collect::reach::Candidate;
use crate::snapshot;
use crate::snapshot::{
    Accelerator, CapacityType, PRODUCT_LABELS, PodSelector, QuotaScope, Resources, SPOT_LABELS,
    TYPE_LABELS, annotation,
};
use crate::units::Bytes;

/// Labels that name a node's pool, those of clouds before those of provisioners.
const POOL_LABELS: [&str; 10] = [
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "alpha.eksctl.io/nodegroup-name",
    "agentpool",
    "doks.digitalocean.com/node-pool",
    "oke.oraclecloud.com/pool.name",
    "kops.k8s.io/instancegroup",
];

impl Record for Node {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let said = [&self.metadata.annotations, &self.metadata.labels];
        let prices = annotation::prices(said.into_iter().flatten().flatten());
        let divided = fraction::divided(self.metadata.annotations.as_ref());
        let meta = Meta::new(self.metadata);
        let spec = self.spec.unwrap_or_default();
        let status = self.status.unwrap_or_default();
        let mut allocatable = amounts.map(status.allocatable);
        let mut capacity = amounts.map(status.capacity);
        let mut accelerator = accelerator(&meta.labels);
        let mut gpu_product = PRODUCT_LABELS
            .into_iter()
            .find_map(|it| find(&meta.labels, it));
        if let Some(divided) = divided {
            divided.whole(&mut allocatable);
            divided.whole(&mut capacity);
            accelerator.memory = divided.memory.or(accelerator.memory);
            accelerator.count = accelerator.count.or(Some(divided.devices));
            gpu_product = gpu_product.or(divided.product);
        }
        let label = |key: &str| find(&meta.labels, key);
        let zone = label("topology.kubernetes.io/zone")
            .or_else(|| label("failure-domain.beta.kubernetes.io/zone"));
        let mut taints: Vec<String> = spec.taints.into_iter().flatten().map(taint).collect();
        taints.sort_unstable();
        objects.cluster.nodes.push(snapshot::Node {
            name: meta.name.clone(),
            instance_type: TYPE_LABELS.into_iter().find_map(label),
            region: label("topology.kubernetes.io/region")
                .or_else(|| label("failure-domain.beta.kubernetes.io/region"))
                .or_else(|| zone::region(zone.as_deref(), spec.provider_id.as_deref())),
            zone,
            capacity_type: capacity_type(&meta.labels),
            pool: POOL_LABELS.into_iter().find_map(label),
            provider: spec.provider_id.as_deref().and_then(provider),
            architecture: label("kubernetes.io/arch"),
            gpu_product,
            accelerator,
            allocatable,
            capacity,
            ready: status
                .conditions
                .iter()
                .flatten()
                .any(|condition| condition.type_ == "Ready" && condition.status == "True"),
            unschedulable: spec.unschedulable.unwrap_or(false),
            created: meta.created,
            taints,
            // Those that matter are known once all pods are.
            labels: Vec::new(),
            annotations: meta.eviction.clone(),
            prices,
            volume_limits: BTreeMap::new(),
            conditions: conditions!(&status.conditions),
            spells: None,
        });
        objects.note("Node", &meta, amounts);
        objects.node_labels.insert(meta.name, meta.labels);
    }
}

/// What labels of the device plugins, clouds and provisioners say of accelerators.
fn accelerator(labels: &[(String, String)]) -> Accelerator {
    let first = |keys: &[&str]| keys.iter().find_map(|key| find(labels, key));
    let number = |keys: &[&str]| first(keys)?.trim().parse::<u32>().ok();
    let mebibytes = number(&[
        "nvidia.com/gpu.memory",
        "karpenter.k8s.aws/instance-gpu-memory",
    ]);
    let vram = || quantity(&first(&["amd.com/gpu.vram", "beta.amd.com/gpu.vram"])?);
    let product = find(labels, "nvidia.com/gpu.product");
    let single = product.and_then(|it| it.split_once("-MIG-").map(|(_, it)| it.to_owned()));
    Accelerator {
        memory: mebibytes.map(|it| Bytes::mib(u64::from(it))).or_else(vram),
        count: number(&[
            "nvidia.com/gpu.count",
            "cloud.google.com/gke-accelerator-count",
            "karpenter.k8s.aws/instance-gpu-count",
            "karpenter.k8s.aws/instance-accelerator-count",
            "karpenter.azure.com/sku-gpu-count",
            "gpu.intel.com/device.count",
        ]),
        replicas: number(&[
            "nvidia.com/gpu.replicas",
            "cloud.google.com/gke-max-shared-clients-per-gpu",
        ]),
        sharing: first(&[
            "nvidia.com/gpu.sharing-strategy",
            "cloud.google.com/gke-gpu-sharing-strategy",
        ]),
        partition: single.or_else(|| find(labels, "cloud.google.com/gke-gpu-partition-size")),
        unused_claims: Vec::new(),
    }
}

/// `192G` of AMD's labels, which mean binary units.
fn quantity(text: &str) -> Option<Bytes> {
    let (number, unit) = text.split_at(text.find(|it: char| !it.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    match unit.chars().next()? {
        'G' => Some(Bytes::gib(number)),
        'M' => Some(Bytes::mib(number)),
        _ => None,
    }
}

fn find(labels: &[(String, String)], key: &str) -> Option<String> {
    snapshot::label(labels, key).map(str::to_owned)
}

fn capacity_type(labels: &[(String, String)]) -> CapacityType {
    let mut known = CapacityType::Unknown;
    for (key, spot) in SPOT_LABELS {
        if let Some(value) = find(labels, key) {
            if spot.contains(&value.as_str()) {
                return CapacityType::Spot;
            }
            known = CapacityType::OnDemand;
        }
    }
    known
}

/// `aws` of `aws:///eu-west-1a/i-0abc`.
fn provider(id: &str) -> Option<String> {
    let (scheme, _rest) = id.split_once("://")?;
    (!scheme.is_empty()).then(|| scheme.to_owned())
}

/// `key=value:effect`.
fn taint(taint: Taint) -> String {
    match taint.value.filter(|value| !value.is_empty()) {
        Some(value) => format!("{}={value}:{}", taint.key, taint.effect),
        None => format!("{}:{}", taint.key, taint.effect),
    }
}

impl Record for LimitRange {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let meta = Meta::new(self.metadata);
        let items = self.spec.map(|spec| spec.limits).unwrap_or_default();
        for item in items {
            if matches!(item.type_.as_str(), "Container" | "Pod") {
                let item = limit_range(&meta, item, &mut amounts);
                objects.cluster.limit_ranges.push(item);
            }
        }
        objects.note("LimitRange", &meta, amounts);
    }
}

fn limit_range(meta: &Meta, item: LimitRangeItem, amounts: &mut Amounts) -> snapshot::LimitRange {
    let ratios = item.max_limit_request_ratio.unwrap_or_default();
    let mut ratio = |name: &str| {
        let text = ratios.get(name)?;
        amounts.quantity(name, text).map(|ratio| ratio.to_f64())
    };
    snapshot::LimitRange {
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        applies_to: item.type_,
        max_ratio_cpu: ratio("cpu"),
        max_ratio_memory: ratio("memory"),
        min: amounts.map(item.min),
        max: amounts.map(item.max),
        default_request: amounts.map(item.default_request),
        default_limit: amounts.map(item.default),
    }
}

impl Record for ResourceQuota {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let meta = Meta::new(self.metadata);
        let status = self.status.unwrap_or_default();
        let spec = self.spec.unwrap_or_default();
        let selected = spec
            .scope_selector
            .and_then(|selector| selector.match_expressions);
        let named = spec.scopes.into_iter().flatten().map(|name| QuotaScope {
            name,
            operator: "Exists".to_owned(),
            values: Vec::new(),
        });
        let selected = selected.into_iter().flatten().map(|scope| QuotaScope {
            name: scope.scope_name,
            operator: scope.operator,
            values: scope.values.unwrap_or_default(),
        });
        let hard = spec.hard.or(status.hard);
        let (hard_requests, hard_limits) = requests_and_limits(hard, &mut amounts);
        let (used_requests, used_limits) = requests_and_limits(status.used, &mut amounts);
        objects.cluster.quotas.push(snapshot::Quota {
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            scopes: named.chain(selected).collect(),
            hard_requests,
            hard_limits,
            used_requests,
            used_limits,
        });
        objects.note("ResourceQuota", &meta, amounts);
    }
}

/// Splits `requests.cpu`, `limits.memory`, `pods` …; a name without prefix means requests.
fn requests_and_limits(
    quota: Option<BTreeMap<String, Text>>,
    amounts: &mut Amounts,
) -> (Resources, Resources) {
    let mut requests = Resources::default();
    let mut limits = Resources::default();
    for (name, text) in quota.into_iter().flatten() {
        if let Some(name) = name.strip_prefix("limits.") {
            amounts.set(&mut limits, name.to_owned(), &text);
        } else {
            let name = name.strip_prefix("requests.").unwrap_or(&name);
            amounts.set(&mut requests, name.to_owned(), &text);
        }
    }
    (requests, limits)
}

/// As the rules of kubernetes-mixin have it.
fn may_be_full(meta: &Meta, access_modes: Option<&[String]>) -> bool {
    let excluded = ("excluded-from-alerts".to_owned(), "true".to_owned());
    let only_read = access_modes
        .is_some_and(|modes| !modes.is_empty() && modes.iter().all(|mode| mode == "ReadOnlyMany"));
    only_read || meta.labels.contains(&excluded)
}

impl Record for PersistentVolumeClaim {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let meta = Meta::new(self.metadata);
        let spec = self.spec.unwrap_or_default();
        let requests = spec.resources.and_then(|all| all.requests);
        let storage = requests.as_ref().and_then(|all| all.get("storage"));
        let requested = storage.and_then(|text| amounts.quantity("storage", text));
        objects.cluster.volume_claims.push(snapshot::VolumeClaim {
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            storage_class: spec.storage_class_name.filter(|it| !it.is_empty()),
            requested: requested
                .map(|quantity| (&quantity).into())
                .unwrap_or_default(),
            phase: self
                .status
                .and_then(|status| status.phase)
                .unwrap_or_else(|| "Unknown".to_owned()),
            single_node: spec
                .access_modes
                .iter()
                .flatten()
                .all(|mode| mode.starts_with("ReadWriteOnce")),
            may_be_full: may_be_full(&meta, spec.access_modes.as_deref()),
            volume: spec.volume_name.filter(|name| !name.is_empty()),
            used: None,
            capacity: None,
            inodes: None,
            history: Vec::new(),
        });
        objects.note("PersistentVolumeClaim", &meta, amounts);
    }
}

impl Record for Service {
    fn record(self, objects: &mut Objects) {
        objects.candidates.extend(Candidate::of(&self));
        let meta = Meta::new(self.metadata);
        let spec = self.spec.unwrap_or_default();
        let ports = spec.ports.unwrap_or_default();
        let protocols = ports
            .iter()
            .map(|it| it.protocol.as_deref().unwrap_or("TCP"));
        let protocols: BTreeSet<&str> = protocols.collect();
        let count = |it: usize| u32::try_from(it).ok();
        objects.cluster.services.push(snapshot::Service {
            namespace: meta.namespace,
            name: meta.name,
            service_type: spec.type_.unwrap_or_else(|| "ClusterIP".to_owned()),
            selector: spec.selector.unwrap_or_default().into_iter().collect(),
            load_balancer_class: spec.load_balancer_class,
            protocols: count(protocols.len()),
            ports: count(ports.len()),
        });
    }
}

impl Record for PodDisruptionBudget {
    fn record(self, objects: &mut Objects) {
        objects.cluster.disruption_budgets.push(budget(self));
    }
}

/// A disruption budget of an object as the API has it; `None` where it is none.
pub fn budget_of(object: &Value) -> Option<snapshot::DisruptionBudget> {
    misfit::value::<PodDisruptionBudget>(object)
        .ok()
        .map(budget)
}

fn budget(object: PodDisruptionBudget) -> snapshot::DisruptionBudget {
    let meta = Meta::new(object.metadata);
    let selector = object.spec.and_then(|spec| spec.selector);
    let selects_nothing = selector.is_none();
    let PodSelector {
        labels,
        expressions,
    } = selector.map(placement::selector).unwrap_or_default();
    let status = object.status;
    let said = |of: fn(&PodDisruptionBudgetStatus) -> Option<i32>| {
        let number = status.as_ref().and_then(of);
        number.and_then(|it| u32::try_from(it).ok())
    };
    snapshot::DisruptionBudget {
        expected: said(|it| it.expected_pods),
        healthy: said(|it| it.current_healthy),
        wanted: said(|it| it.desired_healthy),
        namespace: meta.namespace,
        name: meta.name,
        disruptions_allowed: status
            .as_ref()
            .and_then(|it| it.disruptions_allowed)
            .unwrap_or(0),
        selector: labels,
        expressions,
        selects_nothing,
    }
}
