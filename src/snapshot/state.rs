//! What objects say of how they are: conditions, waiting, probes, restarts, evictions,
//! events.
//!
//! Reasons alone, which are words of a list in Kubernetes; messages may hold anything.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an object says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// `Ready`, `MemoryPressure`, `ScalingActive`, …
    pub kind: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the message of a `ReplicaFailure` names, in one word, as that of an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// When it became so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Condition {
    /// Whether it is this one, and so.
    pub fn is(&self, kind: &str, status: &str) -> bool {
        self.kind == kind && self.status == status
    }
}

/// A stretch of time in which a node said something bad of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// `MemoryPressure`, `DiskPressure`, `PIDPressure`, or `Ready` where it was not.
    pub kind: String,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// A container of a pod that waits instead of running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub pod: String,
    /// `CrashLoopBackOff`, `ImagePullBackOff`, `CreateContainerConfigError`, …
    pub reason: String,
}

/// How the kubelet asks a container whether it is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub kind: ProbeKind,
    pub initial_delay_seconds: u32,
    pub period_seconds: u32,
    pub timeout_seconds: u32,
    pub failure_threshold: u32,
}

/// What follows when a probe fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// The container is killed.
    Liveness,
    /// It is killed, until it has succeeded once.
    Startup,
    /// It gets no traffic.
    Readiness,
}

impl Probe {
    /// Seconds without an answer until it acts, once it has begun.
    pub fn patience_seconds(&self) -> u32 {
        self.period_seconds.saturating_mul(self.failure_threshold)
    }
}

/// Restarts of a container of a pod within a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restarts {
    pub pod: String,
    /// The end of the stretch, which is an hour long or less.
    pub until: Timestamp,
    pub count: u32,
}

/// A warning that a component left of an object in the last hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What it is about: `Pod`, `ReplicaSet`, `StatefulSet`, `Job`, …
    pub kind: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// `FailedScheduling`, `FailedCreate`, `Unhealthy`, `Evicted`, …
    pub reason: String,
    /// What its message names, in one word: `quota`, `webhook`, `liveness`, `memory`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How often it came.
    pub count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

impl Event {
    /// Whether it is this one, for this cause.
    pub fn is(&self, reason: &str, cause: &str) -> bool {
        self.reason == reason && self.cause.as_deref() == Some(cause)
    }
}

/// A pod that the kubelet or the scheduler has put out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eviction {
    pub pod: String,
    /// `Evicted`, `Preempting`, …
    pub reason: String,
    /// What the node was short of: `memory`, `ephemeral-storage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}
