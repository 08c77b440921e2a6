use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerStatus, Pod, PodSpec, PodStatus, PodTemplateSpec,
};

use super::state::{self, conditions};
use super::{
    Amounts, Fraction, MOST_CONTAINERS, Meta, Objects, Record, checkpoints, fraction, gang, heap,
    placement,
};
use crate::snapshot::{
    Condition, ContainerKind, Eviction, Heap, Placement, Probe, Resources, Termination,
};

/// A pod, finished or not.
#[derive(Debug)]
pub(crate) struct PodRecord {
    pub(crate) meta: Meta,
    /// Started by a kubelet from a file; the API server only mirrors it.
    pub(crate) mirror: bool,
    pub(crate) node: Option<String>,
    pub(crate) phase: String,
    pub(crate) qos: Option<String>,
    /// As it runs: what status says goes before what spec asks for.
    pub(crate) spec: Template,
    /// What the scheduler counts.
    pub(crate) requests: Resources,
    pub(crate) endings: Vec<(String, Termination)>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) eviction: Option<Eviction>,
    /// Claims of the volumes that it mounts, sorted.
    pub(crate) volume_claims: Vec<String>,
    /// Those that are made and deleted with it.
    pub(crate) own_claims: Vec<String>,
    /// Devices of claims that other pods use as well.
    pub(crate) shared_devices: Option<u32>,
}

/// What a pod is made of, from a template or from the pod itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    /// Labels of the pods, for selectors; empty for a pod itself.
    pub(crate) labels: Vec<(String, String)>,
    /// Init containers first, in order.
    pub(crate) containers: Vec<ContainerRecord>,
    pub(crate) requests: Resources,
    pub(crate) limits: Resources,
    pub(crate) overhead: Resources,
    pub(crate) priority_class: Option<String>,
    pub(crate) has_deadline: bool,
    pub(crate) claims: Vec<PodClaim>,
    /// Whether its containers are never started again (`restartPolicy: Never`).
    pub(crate) runs_once: bool,
    pub(crate) host_network: bool,
    /// Where it may run.
    pub(crate) placement: Placement,
    /// A part of a device that no resource says.
    pub(crate) fraction: Option<Fraction>,
}

/// A claim of devices that a pod has.
#[derive(Debug, Clone, Default)]
pub(crate) struct PodClaim {
    /// What containers of the pod call it.
    pub(crate) name: String,
    /// The claim, where it is known.
    pub(crate) claim: Option<String>,
    /// What the claim is made from, where the pod has one of its own.
    pub(crate) template: Option<String>,
}

/// A claim of its pod that a container uses, or one request of it.
#[derive(Debug, Clone)]
pub(crate) struct ClaimUse {
    claim: String,
    request: Option<String>,
}

impl PodClaim {
    /// The claim, where other pods may have it too.
    pub(crate) fn shared(&self) -> Option<&str> {
        self.claim.as_deref().filter(|_| self.template.is_none())
    }

    /// What a person knows it by.
    pub(crate) fn known_as(&self) -> &str {
        let known = self.template.as_ref().or(self.claim.as_ref());
        known.unwrap_or(&self.name)
    }
}

impl ClaimUse {
    pub(crate) fn wants(&self, claim: &str, request: &str) -> bool {
        self.claim == claim && self.request.as_deref().is_none_or(|it| it == request)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ContainerRecord {
    pub(crate) name: String,
    pub(crate) kind: ContainerKind,
    /// What its spec requests, whatever it has been given since.
    pub(crate) asked: Resources,
    pub(crate) requests: Resources,
    pub(crate) limits: Resources,
    pub(crate) heap: Option<Heap>,
    pub(crate) restarts: u32,
    /// Why it waits, where it does.
    pub(crate) waiting: Option<String>,
    pub(crate) probes: Vec<Probe>,
    pub(crate) claims: Vec<ClaimUse>,
    /// Whether it keeps checkpoints in a bucket.
    pub(crate) checkpoints: bool,
}

impl PodRecord {
    /// Whether it has run to its end and holds nothing any more.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }
}

impl Template {
    pub(super) fn new(template: PodTemplateSpec, amounts: &mut Amounts) -> Self {
        let metadata = template.metadata.unwrap_or_default();
        Self {
            labels: metadata.labels.into_iter().flatten().collect(),
            fraction: fraction::of(metadata.annotations.as_ref()),
            ..Self::from_spec(
                template.spec.unwrap_or_default(),
                metadata.annotations.as_ref(),
                amounts,
            )
        }
    }

    pub(super) fn from_spec(
        mut spec: PodSpec,
        annotations: Option<&BTreeMap<String, String>>,
        amounts: &mut Amounts,
    ) -> Self {
        let placement = placement::of(&mut spec, annotations);
        let (requests, limits) = amounts.requirements(spec.resources);
        let init = spec.init_containers.as_ref().map_or(0, Vec::len);
        amounts.containers(init + spec.containers.len());
        let init = spec.init_containers.into_iter().flatten().map(|container| {
            let sidecar = container.restart_policy.as_deref() == Some("Always");
            let kind = if sidecar {
                ContainerKind::Sidecar
            } else {
                ContainerKind::Init
            };
            (container, kind)
        });
        let apps = spec.containers.into_iter();
        let claims = spec.resource_claims.into_iter().flatten();
        Self {
            labels: Vec::new(),
            containers: init
                .chain(apps.map(|container| (container, ContainerKind::App)))
                .take(MOST_CONTAINERS)
                .map(|(container, kind)| ContainerRecord::new(container, kind, amounts))
                .collect(),
            requests,
            limits,
            overhead: amounts.map(spec.overhead),
            priority_class: spec.priority_class_name,
            has_deadline: spec.active_deadline_seconds.is_some(),
            claims: claims
                .take(MOST_CONTAINERS)
                .map(|claim| PodClaim {
                    name: claim.name,
                    claim: claim.resource_claim_name,
                    template: claim.resource_claim_template_name,
                })
                .collect(),
            runs_once: spec.restart_policy.as_deref() == Some("Never"),
            host_network: spec.host_network.unwrap_or(false),
            placement,
            fraction: None,
        }
    }
}

impl ContainerRecord {
    /// Changes both what it requests and what it is limited to.
    pub(crate) fn change(&mut self, mut how: impl FnMut(&mut Resources)) {
        how(&mut self.requests);
        how(&mut self.limits);
    }

    fn new(container: Container, kind: ContainerKind, amounts: &mut Amounts) -> Self {
        let heap = heap::find(&container);
        let checkpoints = checkpoints::are_kept(&container);
        let probes = state::probes(&container);
        let claims = container.resources.as_ref();
        let claims = claims.and_then(|it| it.claims.clone()).unwrap_or_default();
        let (requests, limits) = amounts.requirements(container.resources);
        Self {
            name: container.name,
            kind,
            asked: requests.clone(),
            requests,
            limits,
            heap,
            restarts: 0,
            waiting: None,
            probes,
            checkpoints,
            claims: claims
                .into_iter()
                .map(|claim| ClaimUse {
                    claim: claim.name,
                    request: claim.request,
                })
                .collect(),
        }
    }
}

/// What the scheduler counts for a pod: the larger of what its init containers
/// and of what its other containers need at once, unless `pod` says it for the
/// pod as a whole, and `overhead` on top.
///
/// An init container runs beside the sidecars that started before it.
///
/// Source: KEP-753 (sidecar containers), KEP-2837 (pod-level resources).
fn effective<'a>(
    containers: impl Iterator<Item = (ContainerKind, &'a Resources)>,
    pod: &Resources,
    overhead: &Resources,
) -> Resources {
    let mut sidecars = Resources::default();
    let mut apps = Resources::default();
    let mut init = Resources::default();
    for (kind, requests) in containers {
        match kind {
            ContainerKind::Sidecar => sidecars = sidecars.plus(requests),
            ContainerKind::Init => init = init.max(&sidecars.plus(requests)),
            ContainerKind::App => apps = apps.plus(requests),
        }
    }
    pod.or(&init.max(&sidecars.plus(&apps))).plus(overhead)
}

impl Record for Pod {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let annotations = self.metadata.annotations.as_ref();
        let mirror = annotations.is_some_and(|it| it.contains_key("kubernetes.io/config.mirror"));
        let fraction = fraction::of(annotations);
        let gang = gang::of(self.metadata.labels.as_ref(), annotations);
        let mut spec = self.spec.unwrap_or_default();
        let node = spec.node_name.take();
        let status = self.status.unwrap_or_default();
        let volume_claims = placement::volume_claims(spec.volumes.as_ref());
        let name = self.metadata.name.as_deref().unwrap_or_default();
        let own_claims = placement::own_claims(name, spec.volumes.as_ref());
        let spec = Template {
            fraction,
            ..Template::from_spec(spec, annotations, &mut amounts)
        };
        let mut meta = Meta::new(self.metadata);
        if meta.controller.is_none() {
            meta.other_owner = meta.other_owner.or(gang);
        }
        let mut pod = PodRecord {
            shared_devices: None,
            volume_claims,
            own_claims,
            spec,
            mirror,
            node,
            phase: status.phase.clone().unwrap_or_else(|| "Unknown".to_owned()),
            qos: status.qos_class.clone(),
            requests: Resources::default(),
            endings: Vec::new(),
            conditions: conditions!(&status.conditions),
            eviction: state::eviction(&meta.name, meta.created, &status),
            meta,
        };
        pod.apply(status, &mut amounts);
        objects.note("Pod", &pod.meta, amounts);
        objects.pods.push(pod);
    }
}

impl PodRecord {
    /// Corrects what spec asks for by what status says is there.
    fn apply(&mut self, status: PodStatus, amounts: &mut Amounts) {
        let infeasible = status.conditions.iter().flatten().any(|condition| {
            condition.type_ == "PodResizePending"
                && condition.reason.as_deref() == Some("Infeasible")
        });
        let generated = status.resource_claim_statuses.into_iter().flatten();
        for generated in generated.take(MOST_CONTAINERS) {
            let mut claims = self.spec.claims.iter_mut();
            if let Some(claim) = claims.find(|it| it.name == generated.name) {
                claim.claim = generated.resource_claim_name;
            }
        }
        let mut reserved: Vec<Resources> = self
            .spec
            .containers
            .iter()
            .map(|container| container.requests.clone())
            .collect();
        let init = status.init_container_statuses.into_iter().flatten();
        let statuses = init.chain(status.container_statuses.into_iter().flatten());
        for status in statuses.take(2 * MOST_CONTAINERS) {
            let found = self.spec.containers.iter_mut().zip(&mut reserved);
            let mut found = found.filter(|(container, _)| container.name == status.name);
            if let Some((container, reserved)) = found.next() {
                let endings = apply(container, reserved, status, infeasible, amounts);
                let named = endings.map(|ending| self.meta.ended(&container.name, ending));
                self.endings.extend(named);
            }
        }
        let mut whole = self.spec.requests.clone();
        if let Some(actual) = status.resources {
            let (requests, limits) = amounts.requirements(Some(actual));
            whole = whole.max(&requests);
            self.spec.requests = requests.or(&self.spec.requests);
            self.spec.limits = limits.or(&self.spec.limits);
        }
        let kinds = self.spec.containers.iter().map(|container| container.kind);
        self.requests = effective(kinds.zip(&reserved), &whole, &self.spec.overhead);
    }
}

/// Sets what a container has now, and what the scheduler counts for it: the
/// largest of desired, allocated and actual, without the desired where the node
/// can never grant it. Gives its ends.
///
/// Source: KEP-1287 (in-place resize).
fn apply(
    container: &mut ContainerRecord,
    reserved: &mut Resources,
    status: ContainerStatus,
    infeasible: bool,
    amounts: &mut Amounts,
) -> impl Iterator<Item = End> + use<> {
    let allocated = amounts.map(status.allocated_resources);
    let (requests, limits) = amounts.requirements(status.resources);
    let granted = allocated.max(&requests);
    *reserved = if infeasible {
        granted.or(reserved)
    } else {
        granted.max(reserved)
    };
    container.requests = requests.or(&container.requests);
    container.limits = limits.or(&container.limits);
    container.restarts = u32::try_from(status.restart_count).unwrap_or(0);
    container.waiting = state::waiting(status.state.as_ref());
    let states = [status.last_state, status.state].into_iter().flatten();
    let ended = states.filter_map(|state| state.terminated);
    ended.map(|end| {
        let times = [end.started_at, end.finished_at].map(|it| it.map(|time| time.0));
        (end.reason, end.exit_code, times)
    })
}

/// Why a container ended, its exit code, and when it had begun and ended.
type End = (Option<String>, i32, [Option<Timestamp>; 2]);

impl Meta {
    fn ended(
        &self,
        container: &str,
        (reason, exit_code, [started, finished]): End,
    ) -> (String, Termination) {
        let termination = Termination {
            pod: self.name.clone(),
            reason: reason.unwrap_or_else(|| "Unknown".to_owned()),
            exit_code,
            started,
            finished,
        };
        (container.to_owned(), termination)
    }
}
