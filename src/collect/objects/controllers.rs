use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::{PodTemplateSpec, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::event::cause;
use super::queue::queued;
use super::state;
use super::{Amounts, Key, Meta, Objects, Record, Template, Tries};
use crate::snapshot::{Condition, PatchTarget, Queued};

/// The way from the root of a controller to its pod spec.
const TEMPLATE: &[&str] = &["spec", "template", "spec"];
const JOB_TEMPLATE: &[&str] = &["spec", "jobTemplate", "spec", "template", "spec"];

/// Anything that can own pods.
#[derive(Debug, Default)]
pub(crate) struct Controller {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) meta: Meta,
    /// How many pods it wants now; `None` where it does not say.
    pub(crate) replicas: Option<u32>,
    /// How many there are, where its status says so.
    pub(crate) present: Option<Present>,
    pub(crate) schedule: Option<String>,
    /// The time zone of a CronJob, where it names one.
    pub(crate) schedule_zone: Option<String>,
    /// Every pod template found in it; a built-in kind has one.
    pub(crate) templates: Vec<Placed>,
    /// The controller whose template it takes, where it has none of its own.
    pub(crate) template_of: Option<Key>,
    /// Where the template that it took can be changed.
    pub(crate) patch_at: Option<PatchTarget>,
    /// Whether its templates can be patched where they were found.
    pub(crate) patchable: bool,
    /// Whether a workload is worth naming although no pod of it was seen.
    pub(crate) known: bool,
    /// Whether it is a run that has come to its end.
    pub(crate) over: bool,
    /// What it says of the attempts of its run.
    pub(crate) tries: Tries,
    pub(crate) renewal: Renewal,
    /// The queue that holds it back, and its pods; templates may count their own.
    pub(crate) queued: Option<Queued>,
    /// What it says of itself.
    pub(crate) conditions: Vec<Condition>,
}

/// What becomes of running pods when the template changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Renewal {
    #[default]
    Replaced,
    /// They stay as they are until somebody deletes them.
    Kept,
}

/// A pod template, and where in its controller it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placed {
    /// Fields from the root to the pod spec.
    pub(crate) path: Vec<String>,
    /// What tells it from other templates of the controller.
    pub(crate) name: Option<String>,
    /// How many pods are wanted of it, where it says so itself.
    pub(crate) replicas: Option<u32>,
    pub(crate) template: Template,
}

/// Pods that there are, as a status says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Present {
    pub(crate) pods: u32,
    /// Whether a controller has written it: manifests come with empty ones.
    pub(crate) sure: bool,
}

/// The pods of a status, and what only a controller writes beside them.
macro_rules! present {
    ($status:expr, $pods:ident) => {
        $status.map(|status| {
            let pods = count(Option::from(status.$pods).unwrap_or(0));
            let signed = status.observed_generation.is_some() || status.conditions.is_some();
            let sure = signed || pods > 0;
            Present { pods, sure }
        })
    };
}

impl Controller {
    pub(crate) fn key(&self) -> Key {
        let Self {
            api_version, kind, ..
        } = self;
        Key::new(&self.meta.namespace, api_version, kind, &self.meta.name)
    }

    fn new(api_version: &str, kind: &str, metadata: ObjectMeta) -> Self {
        Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            meta: Meta::new(metadata),
            patchable: true,
            known: true,
            ..Self::default()
        }
    }

    fn replicas(mut self, replicas: Option<i32>) -> Self {
        self.replicas = Some(count(replicas.unwrap_or(1)));
        self
    }

    fn present(mut self, present: Option<Present>) -> Self {
        self.present = present;
        self
    }

    fn keeping(mut self, kept: bool) -> Self {
        if kept {
            self.renewal = Renewal::Kept;
        }
        self
    }

    /// Keeps the template, unless another controller made this one and wants no
    /// pods of it any more: old ReplicaSets and Jobs are many.
    fn record(mut self, path: &[&str], template: Option<PodTemplateSpec>, objects: &mut Objects) {
        let superseded = self.meta.controller.is_some() && self.replicas == Some(0);
        if let Some(template) = template.filter(|_| !superseded) {
            let mut amounts = Amounts::default();
            self.templates = vec![Placed {
                path: path.iter().map(ToString::to_string).collect(),
                template: Template::new(template, &mut amounts),
                ..Placed::default()
            }];
            objects.note(&self.kind, &self.meta, amounts);
        }
        objects.controllers.push(self);
    }
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// The conditions of what makes pods, with what its message says forbids them.
macro_rules! replica_conditions {
    ($status:expr) => {{
        let conditions = $status.as_ref().and_then(|it| it.conditions.as_ref());
        let conditions = conditions.into_iter().flatten().filter_map(|it| {
            let since = it.last_transition_time.as_ref().map(|time| time.0);
            let (kind, status) = (it.type_.as_deref()?, it.status.as_deref()?);
            let reason = it.reason.as_deref();
            let message = it.message.as_deref().unwrap_or_default();
            Some(Condition {
                cause: cause(reason.unwrap_or_default(), message),
                ..state::condition((kind, status, reason, since))?
            })
        });
        conditions.take(state::most()).collect()
    }};
}

impl Record for Deployment {
    fn record(self, objects: &mut Objects) {
        let spec = self.spec;
        let conditions = replica_conditions!(self.status);
        let present = present!(self.status, replicas);
        let mut deployment = Controller::new("apps/v1", "Deployment", self.metadata)
            .replicas(spec.replicas)
            .present(present);
        deployment.conditions = conditions;
        deployment.record(TEMPLATE, Some(spec.template), objects);
    }
}

impl Record for ReplicaSet {
    fn record(self, objects: &mut Objects) {
        let spec = self.spec;
        let conditions = replica_conditions!(self.status);
        let present = present!(self.status, replicas);
        let mut set = Controller::new("apps/v1", "ReplicaSet", self.metadata)
            .replicas(spec.replicas)
            .present(present)
            .keeping(true);
        set.conditions = conditions;
        set.record(TEMPLATE, spec.template, objects);
    }
}

impl Record for ReplicationController {
    fn record(self, objects: &mut Objects) {
        let spec = self.spec.unwrap_or_default();
        let present = present!(self.status, replicas);
        Controller::new("v1", "ReplicationController", self.metadata)
            .replicas(spec.replicas)
            .present(present)
            .keeping(true)
            .record(TEMPLATE, spec.template, objects);
    }
}

impl Record for StatefulSet {
    fn record(self, objects: &mut Objects) {
        let spec = self.spec;
        let present = present!(self.status, replicas);
        let strategy = spec.update_strategy.and_then(|it| it.type_);
        Controller::new("apps/v1", "StatefulSet", self.metadata)
            .replicas(spec.replicas)
            .present(present)
            .keeping(strategy.as_deref() == Some("OnDelete"))
            .record(TEMPLATE, Some(spec.template), objects);
    }
}

impl Record for DaemonSet {
    fn record(self, objects: &mut Objects) {
        let spec = self.spec;
        let wanted = self.status.as_ref().map(|it| it.desired_number_scheduled);
        let present = present!(self.status, current_number_scheduled);
        let mut controller = Controller::new("apps/v1", "DaemonSet", self.metadata);
        // Without a status, as many as there are nodes for it.
        let is_said = |wanted: &u32| *wanted > 0 || present.is_some_and(|it| it.sure);
        controller.replicas = wanted.map(count).filter(is_said);
        controller.present = present.filter(|it| it.sure);
        let strategy = spec.update_strategy.and_then(|it| it.type_);
        controller = controller.keeping(strategy.as_deref() == Some("OnDelete"));
        controller.record(TEMPLATE, Some(spec.template), objects);
    }
}

impl Record for Job {
    fn record(self, objects: &mut Objects) {
        let spec = self.spec.unwrap_or_default();
        let status = self.status.unwrap_or_default();
        let over = is_over(&spec, &status);
        let waits = !over && spec.suspend == Some(true);
        let idle = over || waits;
        let parallelism = if idle { Some(0) } else { spec.parallelism };
        let mut job = Controller::new("batch/v1", "Job", self.metadata).replicas(parallelism);
        let pods = count(spec.parallelism.unwrap_or(1));
        job.queued = queued(&job.meta, pods).filter(|_| waits);
        job.tries = Tries::of_job(&spec, &status, over);
        // The pod template of a Job is immutable.
        job.patchable = false;
        job.record(TEMPLATE, Some(spec.template), objects);
    }
}

/// Whether a Job has come to its end. Conditions come a little after the last
/// pod has ended, and some dumps are without them.
fn is_over(spec: &JobSpec, status: &JobStatus) -> bool {
    let told = status.conditions.iter().flatten().any(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    });
    // Without a number the first pod that succeeds is the end of it.
    let wanted = spec.completions.unwrap_or(1);
    let done = status.succeeded.unwrap_or(0) >= wanted && status.active.unwrap_or(0) == 0;
    told || status.completion_time.is_some() || done
}

impl Record for CronJob {
    fn record(self, objects: &mut Objects) {
        let spec = self.spec;
        let job = spec.job_template.spec.unwrap_or_default();
        let parallelism = if spec.suspend == Some(true) {
            Some(0)
        } else {
            job.parallelism
        };
        let mut controller =
            Controller::new("batch/v1", "CronJob", self.metadata).replicas(parallelism);
        controller.schedule = Some(spec.schedule);
        controller.schedule_zone = spec.time_zone;
        controller.record(JOB_TEMPLATE, Some(job.template), objects);
    }
}
