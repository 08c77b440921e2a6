//! Records into workloads: every pod finds its top controller, and the template
//! that it was made from.

mod alike;
mod borrowed;
mod chain;
mod daemons;
mod devices;
mod events;
mod fractions;
mod index;
mod named;
mod offered;
mod part;
mod queues;
mod role;
mod tries;
mod whole;
mod workload;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Objects;
use super::objects::{
    AutoscalerRecord, Controller, Key, ManagerRecord, PodRecord, is_ignored_group,
    runs_to_completion,
};
use crate::snapshot::{Autoscaler, Cluster, Gap, Manager, Workload, WorkloadId};
use chain::{Chain, Way};
pub use index::{Mapped, MappedBy, PodIndex};
use named::Named;
use part::Part;

/// Objects, related to each other.
#[derive(Debug)]
pub struct Resolved {
    pub cluster: Cluster,
    /// Sorted by id.
    pub workloads: Vec<Workload>,
    /// Those of them of which only pods that have ended are left: without any
    /// usage they are none.
    pub ended: BTreeSet<WorkloadId>,
    pub pods: PodIndex,
    pub gaps: Vec<Gap>,
}

/// All that belongs to one owner.
#[derive(Default)]
struct Group {
    /// As references to it say it.
    api_version: String,
    /// The owner, where it is known; several where they are runs of the same.
    tops: Vec<Controller>,
    /// Controllers below it.
    below: Vec<Member<Controller>>,
    /// Finished pods included.
    pods: Vec<Member<PodRecord>>,
    autoscaler: Option<Autoscaler>,
    managers: Vec<Manager>,
    /// Whether it stands for several owners that are of the same sort.
    merged: bool,
    /// Whether those are runs, which come to an end.
    runs: bool,
}

/// A pod or controller, and how it comes to its group.
struct Member<T> {
    is: T,
    /// The highest controller below the top, or below the first pod on the way.
    maker: Option<Key>,
    through_pod: bool,
}

impl Group {
    /// Whether what is left of it are runs that have ended: of what will run again or comes to
    /// an end by its kind, or of what says so itself.
    fn has_run(&self, key: &Key) -> bool {
        let again = self.merged
            || alike::is_schedule(&key.kind)
            || runs_to_completion(&key.group, &key.kind);
        let mut over = self.tops.iter().filter(|top| top.over);
        (again && self.pods.iter().any(|it| it.is.is_finished()))
            || over.any(|top| !top.templates.is_empty())
    }

    /// Whether it is a workload: it has pods that are not finished, or a template
    /// for pods of its own.
    fn is_workload(&self) -> bool {
        let own = |c: &Controller| c.known && !c.templates.is_empty();
        let below = |c: &Controller| own(c) && is_ignored_group(&c.key().group);
        self.pods.iter().any(|it| !it.is.is_finished())
            || self.tops.iter().any(own)
            || self.below.iter().any(|it| below(&it.is))
    }
}

/// Relates pods to controllers, and containers to what their pods really have.
pub fn resolve(objects: Objects) -> Resolved {
    resolved(objects, false)
}

/// The same with workloads of which only pods that have ended are left; see
/// [`Resolved::ended`].
pub fn resolve_with_ended(objects: Objects) -> Resolved {
    resolved(objects, true)
}

fn resolved(mut objects: Objects, with_ended: bool) -> Resolved {
    objects.dedup();
    daemons::count_nodes(&mut objects);
    queues::give(&mut objects.controllers, &objects.pods);
    borrowed::lend(&mut objects.controllers);
    let has_pods = !objects.pods.is_empty();
    let named = Named::of(&mut objects);
    let Objects {
        mut cluster,
        mut gaps,
        mut pods,
        mut controllers,
        autoscalers,
        managers,
        claims,
        slices,
        events,
        ..
    } = objects;
    offered::add(&mut cluster.nodes, &slices, &claims);
    gaps.extend(devices::count(&mut pods, &mut controllers, claims));
    gaps.extend(fractions::count(
        &mut pods,
        &mut controllers,
        &mut cluster.nodes,
    ));
    sort(&mut cluster);
    let chain = Chain::new(&controllers, &pods);
    let homes = Homes::new(&chain, &pods, &autoscalers, &managers);
    drop(chain);
    let mut groups = group(&homes, pods, controllers);
    add_scaling(&mut groups, homes, autoscalers, managers);
    borrowed::give_back(&mut groups);
    let mut groups = alike::merge(groups);
    groups.retain(|key, group| group.is_workload() || (with_ended && group.has_run(key)));
    let mut sorted: Vec<(Key, Group)> = groups.into_iter().collect();
    sorted.sort_by(|(a, _), (b, _)| id(a).cmp(&id(b)));
    let mut index = PodIndex::default();
    let mut workloads = Vec::with_capacity(sorted.len());
    let mut ended = BTreeSet::new();
    for (key, group) in sorted {
        let has_ended = !group.is_workload();
        for part in Part::all(&key, group, has_pods) {
            let position = u32::try_from(workloads.len()).unwrap_or(u32::MAX);
            part.remember(&mut index, position);
            let workload = workload::build(part, &cluster.limit_ranges, &named);
            if has_ended {
                ended.insert(workload.id.clone());
            }
            workloads.push(workload);
        }
    }
    events::give(events, &index, &mut workloads);
    Resolved {
        cluster,
        workloads,
        ended,
        pods: index,
        gaps,
    }
}

fn id(key: &Key) -> (&str, &str, &str, &str) {
    (&key.namespace, &key.kind, &key.name, &key.group)
}

/// The way of every pod and controller to its top, and the tops of what scaling
/// objects target.
struct Homes {
    pods: Vec<Way>,
    controllers: Vec<Way>,
    targets: HashMap<Key, Key>,
}

impl Homes {
    fn new(
        chain: &Chain,
        pods: &[PodRecord],
        scaled: &[AutoscalerRecord],
        managed: &[ManagerRecord],
    ) -> Self {
        let scaled = scaled.iter().map(|record| &record.target);
        let managed = managed.iter().map(|record| &record.target);
        let targets = scaled
            .chain(managed)
            .map(|target| (target.clone(), chain.top_of(target.clone())))
            .collect();
        Self {
            pods: pods.iter().map(|pod| chain.pod(pod)).collect(),
            controllers: chain.controllers(),
            targets,
        }
    }
}

fn group(
    homes: &Homes,
    pods: Vec<PodRecord>,
    controllers: Vec<Controller>,
) -> BTreeMap<Key, Group> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for (pod, way) in pods.into_iter().zip(&homes.pods) {
        let group = groups.entry(way.top.key.clone()).or_default();
        group.api_version.clone_from(&way.top.api_version);
        group.pods.push(way.member(pod));
    }
    for (controller, way) in controllers.into_iter().zip(&homes.controllers) {
        let group = groups.entry(way.top.key.clone()).or_default();
        group.api_version.clone_from(&way.top.api_version);
        if controller.key() == way.top.key {
            group.tops.push(controller);
        } else {
            group.below.push(way.member(controller));
        }
    }
    groups
}

impl Way {
    fn member<T>(&self, is: T) -> Member<T> {
        Member {
            is,
            maker: self.maker.clone(),
            through_pod: self.through_pod,
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
            let other = group.autoscaler.take();
            group.autoscaler = Some(match other {
                Some(other) => record.autoscaler.beside(&other),
                None => record.autoscaler,
            });
        }
    }
    for record in managers {
        let home = targets.get(&record.target);
        if let Some(group) = home.and_then(|key| groups.get_mut(key)) {
            group.managers.push(record.manager);
            group.autoscaler = match (group.autoscaler.take(), record.autoscaler) {
                (Some(own), Some(said)) => Some(own.of(said)),
                (own, said) => own.or(said),
            };
        }
    }
}

/// Sorts by name and keeps the first of what stands twice: overlapping dumps of
/// different moments differ in their status alone.
fn sort(cluster: &mut Cluster) {
    cluster.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    cluster.nodes.dedup_by(|a, b| a.name == b.name);
    cluster.volumes.sort_by(|a, b| a.name.cmp(&b.name));
    cluster.volumes.dedup_by(|a, b| a.name == b.name);
    let classes = &mut cluster.storage_classes;
    classes.sort_by(|a, b| a.name.cmp(&b.name));
    classes.dedup_by(|a, b| a.name == b.name);
    macro_rules! by_name {
        ($($list:ident),*) => {$(
            cluster.$list.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
            cluster.$list.dedup_by(|a, b| (&a.namespace, &a.name) == (&b.namespace, &b.name));
        )*};
    }
    by_name!(quotas, volume_claims, services, disruption_budgets);
    // One LimitRange has a limit for each type.
    let ranges = &mut cluster.limit_ranges;
    ranges.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    ranges.dedup();
}
