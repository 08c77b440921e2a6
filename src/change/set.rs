use std::borrow::Cow;

use super::edit::{Edit, Heap, edits};
use super::{custom, qos};
use crate::recommend::{AutoscalerAdvice, ContainerAdvice, WorkloadAdvice};
use crate::snapshot::{Container, PatchTarget, Workload};

/// What changes of one workload, all of it together.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    pub workload: &'a Workload,
    pub advice: &'a WorkloadAdvice,
    /// The object that holds the pod template.
    pub target: Cow<'a, PatchTarget>,
    pub way: Way,
    /// Sizes of the pod as a whole.
    pub pod: Vec<Edit>,
    /// Containers of the template that change, in its order.
    pub containers: Vec<Changed<'a>>,
    /// Containers that are not in the template: something injects them.
    pub injected: Vec<Changed<'a>>,
    /// The autoscaler whose targets move with the requests.
    pub autoscaler: Option<&'a AutoscalerAdvice>,
    /// Whether its pods would get another quality-of-service class.
    pub moves_qos: bool,
}

/// What changes of one container.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed<'a> {
    pub container: &'a Container,
    pub advice: &'a ContainerAdvice,
    /// Its place in that list of the pod template.
    pub place: usize,
    pub edits: Vec<Edit>,
    pub heap: Option<Heap>,
    /// Fields from the root of the object to its resources, where they stand in no pod
    /// template.
    pub home: Option<&'static [&'static str]>,
}

/// What cannot be placed in an object, and why, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Unplaced<'a> {
    pub workload: &'a Workload,
    pub advice: &'a WorkloadAdvice,
    pub containers: Vec<Changed<'a>>,
    /// Of each container where its kind takes resources from, where that is known.
    pub homes: Vec<Option<&'static [&'static str]>>,
    pub why: String,
}

impl<'a> Unplaced<'a> {
    /// What changes of it in the custom resource itself, and what is left without a place:
    /// containers whose resources the kind takes from a field of its own.
    pub fn homed(self) -> (Option<Change<'a>>, Option<Self>) {
        let each = self.containers.into_iter().zip(self.homes);
        let (mut placed, mut left) = (Vec::new(), Vec::new());
        for (changed, home) in each {
            match home.filter(|_| changed.heap.is_none() && !changed.edits.is_empty()) {
                Some(home) => placed.push(Changed {
                    home: Some(home),
                    ..changed
                }),
                None => left.push((changed, home)),
            }
        }
        let id = &self.workload.id;
        let change = (!placed.is_empty()).then(|| Change {
            workload: self.workload,
            advice: self.advice,
            target: Cow::Owned(PatchTarget {
                api_version: self.workload.api_version.clone(),
                kind: id.kind.clone(),
                name: id.name.clone(),
                pod_spec: Vec::new(),
            }),
            // A field of the resource itself is a mapping that merges.
            way: Way::ByName,
            moves_qos: qos::moves(self.workload, &[], &placed),
            pod: Vec::new(),
            containers: placed,
            injected: Vec::new(),
            autoscaler: None,
        });
        let nothing = left.is_empty();
        let (containers, homes): (Vec<Changed<'a>>, Vec<_>) = left.into_iter().unzip();
        // Of the others it is known.
        let why = if change.is_some() {
            let names: Vec<&str> = containers.iter().map(|it| &*it.container.name).collect();
            let (kind, names) = (&id.kind, names.join(", "));
            format!("kcost does not know where a {kind} takes the sizes of {names} from")
        } else {
            self.why
        };
        let rest = Self {
            workload: self.workload,
            advice: self.advice,
            containers,
            homes,
            why,
        };
        let whole = change.is_some() && nothing;
        (change, (!whole).then_some(rest))
    }
}

/// How an object takes a change of one container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Lists of containers merge by name, as in all built-in kinds.
    ByName,
    /// A custom resource may replace the whole list: only a JSON patch is sure.
    ByPlace,
}

/// Groups whose kinds merge containers by name: the built-in ones, and those of OpenShift's
/// own API server.
const MERGED: [&str; 4] = ["apps/", "batch/", "v1", "apps.openshift.io/"];

impl Way {
    fn of(target: &PatchTarget) -> Self {
        if MERGED
            .iter()
            .any(|group| target.api_version.starts_with(group))
        {
            Self::ByName
        } else {
            Self::ByPlace
        }
    }
}

impl Change<'_> {
    /// All amounts that change in the pod template.
    pub fn edits(&self) -> impl Iterator<Item = &Edit> {
        let containers = self.containers.iter().flat_map(|it| &it.edits);
        self.pod.iter().chain(containers)
    }

    /// Whether anything gets more.
    pub fn rises(&self) -> bool {
        self.edits().any(Edit::rises)
    }

    /// Whether a form that cannot take anything away leaves something undone.
    pub fn removes(&self) -> bool {
        self.edits().any(|edit| edit.after.is_none())
    }

    /// Whether its pods are of the class `Guaranteed`, and stay so.
    pub fn is_guaranteed(&self) -> bool {
        !self.moves_qos && qos::is_guaranteed(self.workload)
    }

    /// Pods that are made anew; 0 where the running ones stay as they are.
    pub fn restarts(&self) -> usize {
        if self.workload.is_batch() || self.workload.on_delete {
            0
        } else {
            self.workload.pods.len()
        }
    }
}

/// The changes that follow from the advice, in its order, and what has no place.
pub fn changes<'a>(
    workloads: &'a [Workload],
    advice: impl IntoIterator<Item = &'a WorkloadAdvice>,
) -> (Vec<Change<'a>>, Vec<Unplaced<'a>>) {
    let (mut placed, mut unplaced) = (Vec::new(), Vec::new());
    for advice in advice {
        let Some(workload) = workloads.get(advice.workload) else {
            continue;
        };
        match change(workload, advice) {
            None => {}
            Some(Ok(change)) => placed.push(change),
            Some(Err(without)) => unplaced.push(without),
        }
    }
    (placed, unplaced)
}

/// What changes of one workload; `None` where nothing does.
pub fn change<'a>(
    workload: &'a Workload,
    advice: &'a WorkloadAdvice,
) -> Option<Result<Change<'a>, Unplaced<'a>>> {
    let pod = pod(workload, advice);
    let (containers, injected): (Vec<Changed<'_>>, Vec<Changed<'_>>) = changed(workload, advice)
        .into_iter()
        .partition(|it| it.container.in_template);
    if pod.is_empty() && containers.is_empty() && injected.is_empty() {
        return None;
    }
    let Some(target) = &workload.patch else {
        let containers: Vec<Changed<'_>> = containers.into_iter().chain(injected).collect();
        let (api_version, kind) = (&workload.api_version, &workload.id.kind);
        let home = |it: &Changed<'_>| custom::path(api_version, kind, &it.container.name);
        return Some(Err(Unplaced {
            workload,
            advice,
            homes: containers.iter().map(home).collect(),
            containers,
            why: why(workload),
        }));
    };
    Some(Ok(Change {
        workload,
        advice,
        way: Way::of(target),
        target: Cow::Borrowed(target),
        moves_qos: qos::moves(workload, &pod, &containers),
        pod,
        containers,
        injected,
        autoscaler: advice.autoscaler.as_ref(),
    }))
}

fn pod(workload: &Workload, advice: &WorkloadAdvice) -> Vec<Edit> {
    let sizes = (&workload.pod_requests, &workload.pod_limits);
    let pod = advice.pod.as_ref();
    pod.map_or_else(Vec::new, |pod| edits(&pod.sizing, sizes, sizes))
}

/// Containers with anything to change.
fn changed<'a>(workload: &'a Workload, advice: &'a WorkloadAdvice) -> Vec<Changed<'a>> {
    let mut changed = Vec::new();
    for advised in &advice.containers {
        let Some(container) = workload.containers.get(advised.container) else {
            continue;
        };
        let list = container.kind.list();
        let before = workload.containers.iter().take(advised.container);
        let place = before.filter(|it| it.in_template && it.kind.list() == list);
        let edits = edits(
            &advised.sizing,
            (&container.requests, &container.limits),
            (container.declared_requests(), container.declared_limits()),
        );
        let heap = advised.heap.as_ref().and_then(|it| it.change.as_ref());
        let heap = heap.map(Heap::of);
        if !edits.is_empty() || heap.is_some() {
            changed.push(Changed {
                container,
                advice: advised,
                place: place.count(),
                edits,
                heap,
                home: None,
            });
        }
    }
    changed
}

/// Why there is no object to change.
fn why(workload: &Workload) -> String {
    let kind = workload.id.kind.as_str();
    match kind {
        "Job" => "the pod template of a Job never changes: create the Job anew with these sizes, \
                  in what creates it"
            .to_owned(),
        "Pod" => "a pod of no controller: resize it in place, or create it anew with these sizes"
            .to_owned(),
        "Node" => "a static pod: change its manifest on the node".to_owned(),
        _ => format!("kcost does not know where a {kind} takes the sizes of its pods from"),
    }
}
