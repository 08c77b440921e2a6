//! Records into workloads: every pod finds its top controller.

mod chain;
mod devices;
mod index;
mod workload;

use std::collections::{BTreeMap, HashMap};

use super::Objects;
use super::objects::{AutoscalerRecord, Controller, Key, ManagerRecord, PodRecord};
use crate::snapshot::{Autoscaler, Cluster, Gap, Manager, Workload};
use chain::{Chain, Top};
pub use index::{Mapped, MappedBy, PodIndex};

/// Objects, related to each other.
#[derive(Debug)]
pub struct Resolved {
    pub cluster: Cluster,
    /// Sorted by id.
    pub workloads: Vec<Workload>,
    pub pods: PodIndex,
    pub gaps: Vec<Gap>,
}

/// All that belongs to one workload.
#[derive(Default)]
struct Group {
    /// As references to it say it.
    api_version: String,
    /// The top controller first, where it is known, then those below it.
    controllers: Vec<Controller>,
    /// Finished pods included.
    pods: Vec<PodRecord>,
    autoscaler: Option<Autoscaler>,
    managers: Vec<Manager>,
}

impl Group {
    /// Whether it is a workload: it has pods, or a template for them.
    fn is_workload(&self) -> bool {
        let has_template = |c: &Controller| c.known && !c.templates.is_empty();
        !self.pods.is_empty() || self.controllers.iter().any(has_template)
    }
}

/// Relates pods to controllers, and containers to what their pods really have.
pub fn resolve(mut objects: Objects) -> Resolved {
    objects.dedup();
    let Objects {
        mut cluster,
        mut gaps,
        mut pods,
        mut controllers,
        autoscalers,
        managers,
        claims,
        ..
    } = objects;
    gaps.extend(devices::count(&mut pods, &mut controllers, claims));
    sort(&mut cluster);
    let chain = Chain::new(&controllers);
    let homes = Homes::new(&chain, &autoscalers, &managers);
    let mut groups = group(&chain, pods);
    drop(chain);
    add_controllers(&mut groups, &homes, controllers);
    add_scaling(&mut groups, homes, autoscalers, managers);
    groups.retain(|_, group| group.is_workload());

    let mut sorted: Vec<(Key, Group)> = groups.into_iter().collect();
    sorted.sort_by(|(a, _), (b, _)| id(a).cmp(&id(b)));
    let mut index = PodIndex::default();
    let mut workloads = Vec::with_capacity(sorted.len());
    for (position, (key, group)) in (0_u32..).zip(sorted) {
        remember(&mut index, &key, &group, position);
        workloads.push(workload::build(key, group, &cluster.limit_ranges));
    }
    Resolved {
        cluster,
        workloads,
        pods: index,
        gaps,
    }
}

fn id(key: &Key) -> (&str, &str, &str, &str) {
    (&key.namespace, &key.kind, &key.name, &key.group)
}

/// The top controller of every controller, and of what scaling objects target.
struct Homes {
    controllers: Vec<Top>,
    targets: HashMap<Key, Key>,
}

impl Homes {
    fn new(chain: &Chain, scaled: &[AutoscalerRecord], managed: &[ManagerRecord]) -> Self {
        let scaled = scaled.iter().map(|record| &record.target);
        let managed = managed.iter().map(|record| &record.target);
        let targets = scaled
            .chain(managed)
            .map(|target| (target.clone(), chain.top_of(target.clone(), "").key))
            .collect();
        Self {
            controllers: chain.tops(),
            targets,
        }
    }
}

fn group(chain: &Chain, pods: Vec<PodRecord>) -> BTreeMap<Key, Group> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for pod in pods {
        let top = chain.top(&pod);
        let group = groups.entry(top.key).or_default();
        group.api_version = top.api_version;
        group.pods.push(pod);
    }
    groups
}

fn add_controllers(groups: &mut BTreeMap<Key, Group>, homes: &Homes, controllers: Vec<Controller>) {
    for (controller, top) in controllers.into_iter().zip(&homes.controllers) {
        let group = groups.entry(top.key.clone()).or_default();
        group.api_version.clone_from(&top.api_version);
        if controller.key() == top.key {
            group.controllers.insert(0, controller);
        } else {
            group.controllers.push(controller);
        }
    }
}

fn add_scaling(
    groups: &mut BTreeMap<Key, Group>,
    homes: Homes,
    mut autoscalers: Vec<AutoscalerRecord>,
    managers: Vec<ManagerRecord>,
) {
    let targets = homes.targets;
    autoscalers.sort_by(|a, b| b.autoscaler.name.cmp(&a.autoscaler.name));
    for record in autoscalers {
        let home = targets.get(&record.target);
        if let Some(group) = home.and_then(|key| groups.get_mut(key)) {
            group.autoscaler = Some(record.autoscaler);
        }
    }
    for record in managers {
        let home = targets.get(&record.target);
        if let Some(group) = home.and_then(|key| groups.get_mut(key)) {
            group.managers.push(record.manager);
            if group.autoscaler.is_none() {
                group.autoscaler = record.autoscaler;
            }
        }
    }
}

fn remember(index: &mut PodIndex, key: &Key, group: &Group, position: u32) {
    let namespace = &key.namespace;
    index.add_controller(namespace, &key.kind, &key.name, position);
    for controller in &group.controllers {
        let Controller { kind, meta, .. } = controller;
        if (kind, &meta.name) != (&key.kind, &key.name) {
            index.add_controller(namespace, kind, &meta.name, position);
        }
    }
    for pod in &group.pods {
        index.add_pod(namespace, &pod.meta.name, position);
    }
}

fn sort(cluster: &mut Cluster) {
    cluster.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    cluster.nodes.dedup_by(|a, b| a.name == b.name);
    macro_rules! by_name {
        ($($list:ident),*) => {$(
            cluster.$list.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
            cluster.$list.dedup();
        )*};
    }
    by_name!(limit_ranges, quotas, volume_claims);
    by_name!(services, disruption_budgets);
}
