//! Profiles and cohorts into sizes, with a reason for each and the risk it takes.
//!
//! A [`Strategy`] proposes; the guards of [`guard`] correct; `judge` gives each
//! workload its state, severity and confidence.

use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::snapshot::{AutoscalerMetric, Container, HeapSize, Series, Snapshot, Target, Workload};
use crate::units::{Bytes, Cpu, Ratio, Span};

mod advise;
mod annotations;
mod autopilot;
mod calibrated;
mod event;
mod goal;
pub mod guard;
mod histogram;
mod history;
mod judge;
mod krr;
mod options;
mod peak;
mod plain;
mod policy;
mod samples;
mod vpa;

pub use advise::recommend;
pub use event::{Growth, OddPod};
pub use goal::{Goal, Targets};
pub use options::{CpuLimits, Effective, Options};
pub use plain::{Headline, Why};
pub use policy::{Policy, Rule, RuleError};

/// A node is full at this share of its allocatable memory: there the kubelet is
/// about to evict, and what no pod accounts for needs room too. Advice promises
/// by it, and what happened is judged by it.
pub const NODE_FULL: f64 = 0.97;

/// What is said about one field of one container.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice<T> {
    /// Set the field to this value.
    Set(T),
    /// Remove the field.
    Unset,
    /// Leave the field as it is; a reason says why.
    Keep,
}

/// Why a number is what it is, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A stable identifier in snake_case: `percentile`, `oom_killed`.
    pub code: &'static str,
    /// One sentence without a period, with the numbers.
    pub text: String,
}

impl Reason {
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// The four fields of a container's resources that kcost advises on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizing {
    pub cpu_request: Advice<Cpu>,
    pub cpu_limit: Advice<Cpu>,
    pub memory_request: Advice<Bytes>,
    pub memory_limit: Advice<Bytes>,
}

impl Sizing {
    /// Nothing changes.
    pub const KEEP: Self = Self {
        cpu_request: Advice::Keep,
        cpu_limit: Advice::Keep,
        memory_request: Advice::Keep,
        memory_limit: Advice::Keep,
    };
}

/// What may go wrong with a size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Risk {
    /// Over which time.
    pub horizon: Span,
    /// Probability that any replica's working set exceeds the memory limit
    /// within the horizon; `None` where it cannot be said.
    pub memory_over_limit: Option<f64>,
    /// Share of time that a replica's CPU use is above its request; `None`
    /// where it cannot be said.
    pub cpu_time_over_request: Option<f64>,
    /// Share of the CPU work of the window that was above the request: short bursts
    /// are little time and much work; `None` where it cannot be said.
    pub cpu_work_over_request: Option<f64>,
}

/// What a strategy proposes for one container.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub sizing: Sizing,
    pub risk: Option<Risk>,
    pub confidence: Confidence,
    /// In the order in which they apply. Never empty.
    pub reasons: Vec<Reason>,
}

/// Everything known of one container of one workload.
#[derive(Debug, Clone)]
pub struct Pool<'a> {
    pub workload: &'a Workload,
    pub container: &'a Container,
    pub profile: &'a Profile,
    /// Usage of each pod.
    pub series: Vec<&'a Series>,
    /// Its group, see [`Cohorts::groups`].
    pub cohort: Option<usize>,
}

/// What a strategy sees.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    pub snapshot: &'a Snapshot,
    pub cohorts: &'a Cohorts,
    /// One for each profile, in the same order.
    pub pools: Vec<Pool<'a>>,
}

/// One way of turning usage into sizes.
///
/// Implement it in a new file of this folder, add the value to [`ALL`], and add
/// a test file of the same name. Nothing else needs to know.
pub trait Strategy: Sync {
    /// The `--strategy` value and the `strategy` field in JSON. Never renamed.
    fn name(&self) -> &'static str;
    /// One line for the help.
    fn summary(&self) -> &'static str;
    /// Whether it heeds the goal and the risks that the user names.
    fn heeds_goal(&self) -> bool {
        false
    }
    /// Whether it stands for another tool's rule, whose sizes are what that tool
    /// would set: to compare with it they are taken as they are, see [`Options::guards`].
    fn is_peer(&self) -> bool {
        false
    }
    /// One draft for each pool, in the same order. A pure function of its arguments.
    fn advise(&self, seen: &Seen<'_>, options: &Options) -> Vec<Draft>;
}

/// Every strategy, in the order shown to users; the first is the default.
pub static ALL: &[&dyn Strategy] = &[
    &calibrated::Calibrated,
    &krr::Krr,
    &vpa::Vpa,
    &autopilot::Autopilot,
    &peak::Peak,
];

/// The names of [`ALL`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|strategy| strategy.name()).collect()
}

/// The strategy of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Strategy> {
    ALL.iter().copied().find(|strategy| strategy.name() == name)
}

/// What stands to be done about a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Idle,
    OverProvisioned,
    UnderProvisioned,
    RightSized,
    /// Thin, gappy or too new history.
    Unknown,
}

impl State {
    pub const ALL: [Self; 5] = [
        Self::Idle,
        Self::OverProvisioned,
        Self::UnderProvisioned,
        Self::RightSized,
        Self::Unknown,
    ];

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::OverProvisioned => "over_provisioned",
            Self::UnderProvisioned => "under_provisioned",
            Self::RightSized => "right_sized",
            Self::Unknown => "unknown",
        }
    }
}

/// How much it matters, from the money of all replicas and the risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How far a recommendation can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    None,
    Low,
    Medium,
    High,
}

impl Confidence {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What is said about one container.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerAdvice {
    /// Index into the workload's containers.
    pub container: usize,
    /// Index into the profiles.
    pub profile: usize,
    pub sizing: Sizing,
    /// Where a heap setting is known.
    pub heap: Option<HeapAdvice>,
    pub risk: Option<Risk>,
    /// What changes and why, a plain sentence a field.
    pub whys: Vec<Why>,
    /// How each size was found, step by step. Never empty.
    pub reasons: Vec<Reason>,
    /// Where its memory only rises.
    pub growth: Option<Growth>,
    /// The few pods that use far more than the many.
    pub odd_pods: Vec<OddPod>,
}

/// What becomes of a heap that a setting bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct HeapAdvice {
    /// The largest heap now (of Go, all memory); `None` where it is not known.
    pub before: Option<Bytes>,
    /// The same once the advice is followed.
    pub after: Option<Bytes>,
    /// What to set together with the memory limit; `None` where the setting stays.
    pub change: Option<HeapChange>,
}

/// An environment variable of a container that sizes its heap.
#[derive(Debug, Clone, PartialEq)]
pub struct HeapChange {
    pub variable: String,
    /// Its whole new value.
    pub value: String,
    /// The size in it.
    pub size: HeapSize,
}

/// What goes with new requests so that an autoscaler keeps its scale point.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoscalerAdvice {
    /// The HorizontalPodAutoscaler.
    pub name: String,
    /// All its metrics, once the advice is followed, in its own order: a patch
    /// has to name them all.
    pub metrics: Vec<AutoscalerMetric>,
    /// Those that differ. Never empty.
    pub changes: Vec<TargetChange>,
}

/// One metric of an autoscaler whose target moves.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetChange {
    /// Index into [`AutoscalerAdvice::metrics`].
    pub metric: usize,
    pub before: Target,
    pub after: Target,
}

/// What is said about one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadAdvice {
    /// Index into the snapshot's workloads.
    pub workload: usize,
    pub state: State,
    /// What stands out, in at most four words.
    pub headline: Option<Headline>,
    pub confidence: Confidence,
    /// The group of its largest container that has one.
    pub cohort: Option<usize>,
    /// One for each container of the workload, in the same order.
    pub containers: Vec<ContainerAdvice>,
    /// To be changed together with the requests.
    pub autoscaler: Option<AutoscalerAdvice>,
    /// Where the pod has sizes as a whole, which its containers share.
    pub pod: Option<PodAdvice>,
}

/// What is said about the sizes of a pod as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct PodAdvice {
    pub sizing: Sizing,
    pub reasons: Vec<Reason>,
}

/// What is said about the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Advised {
    /// One for each workload of the snapshot, in the same order.
    pub workloads: Vec<WorkloadAdvice>,
    /// `None` where it cannot be said.
    pub node_risk: Option<NodeRisk>,
}

/// What may happen to nodes once the advice is followed.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRisk {
    /// Probability that within the horizon the pods of any one node together use more
    /// than its allocatable memory.
    pub overflow: Ratio,
    /// Of it, by one pod that outgrows the node alone, which no request prevents.
    pub alone: Ratio,
    /// The share of nodes that overflowed in the worst stretch of the window: use
    /// surges in single weeks, and on many nodes at once.
    pub surge: Ratio,
    /// Workloads of which one pod alone has filled a node, as indices, in order.
    pub fill_a_node: Vec<usize>,
}

impl Advised {
    /// See [`NodeRisk::overflow`].
    pub fn node_memory_overflow(&self) -> Option<Ratio> {
        self.node_risk.as_ref().map(|risk| risk.overflow)
    }
}

impl<T: Copy> Advice<T> {
    /// What holds after the advice is followed.
    pub fn after(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Unset => None,
            Self::Keep => current,
        }
    }

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Set(_) => "set",
            Self::Unset => "unset",
            Self::Keep => "keep",
        }
    }

    /// The value to set.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Unset | Self::Keep => None,
        }
    }
}
