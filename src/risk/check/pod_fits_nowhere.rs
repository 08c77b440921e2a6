use std::cell::LazyCell;

use super::hangs;
use crate::finding::Severity;
use crate::pack::Room;
use crate::recommend::Confidence;
use crate::risk::seen::at_most;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Event, Pod, Resources, Workload};
use crate::units::{Bytes, Cpu, days_between, len_f64};

/// Pods that wait for a node that does not exist.
pub(super) struct PodFitsNowhere;

impl Check for PodFitsNowhere {
    fn name(&self) -> &'static str {
        "pod_fits_nowhere"
    }

    fn summary(&self) -> &'static str {
        "pending pods that no node can hold, even when it is empty"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        let cluster = &seen.snapshot.cluster;
        // Of all nodes and pods, so only where any pod waits.
        let room = LazyCell::new(|| Room::of(&cluster.nodes, &seen.snapshot.workloads));
        seen.each_workload(|index, workload| {
            let waits = |pod: &&Pod| hangs(seen, pod) && pod.node.is_none();
            let waiting: Vec<&Pod> = workload.pods.iter().filter(waits).collect();
            let Some(pod) = waiting.first() else {
                return Sought::fine();
            };
            if cluster.nodes.is_empty() {
                return Sought::unknown(
                    "workload",
                    "with pods that wait for a node, where no nodes are known",
                    "allow `list` on nodes, or add them to `--objects`",
                );
            }
            self.of(seen, (index, workload), &waiting, Fit::of(&room, pod))
        })
    }
}

/// Where a pod could go.
#[derive(Clone, Copy)]
enum Fit {
    /// On no node, however empty.
    Never,
    /// On an empty one, and none has the devices now: those are what is short.
    NoDevices,
    /// On an empty one, and none has the room now.
    NotNow,
    /// Its requests fit: something else keeps it off.
    Now,
}

impl Fit {
    fn of(room: &Room, pod: &Pod) -> Self {
        if !room.holds_empty(&pod.requests) {
            Self::Never
        } else if room.holds_now(&pod.requests) {
            Self::Now
        } else if pod.requests.gpus() > 0.0 && room.holds_now(&without_devices(&pod.requests)) {
            Self::NoDevices
        } else {
            Self::NotNow
        }
    }
}

/// CPU and memory alone.
fn without_devices(requests: &Resources) -> Resources {
    Resources {
        cpu: requests.cpu,
        memory: requests.memory,
        ..Resources::default()
    }
}

impl PodFitsNowhere {
    fn of(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        waiting: &[&Pod],
        fit: Fit,
    ) -> Sought {
        let asks = asks(waiting[0]);
        let since = waiting.iter().filter_map(|pod| pod.created).min();
        let passed = since.map_or(0.0, |since| days_between(since, seen.snapshot.taken_at));
        let (severity, text, action) = match fit {
            Fit::Never => (
                Severity::High,
                format!("asks for {asks}, which no node has even when it is empty"),
                "request less, or add a node type that is large enough",
            ),
            Fit::NoDevices => (
                Severity::Medium,
                format!("asks for {asks}, and no node has such devices left"),
                "free devices that others hold and do not use, as `gpus` says, or add a node with some",
            ),
            Fit::NotNow => (
                Severity::Medium,
                format!("asks for {asks}, which no node has left"),
                "add a node, or cut requests by what is advised",
            ),
            Fit::Now => {
                let (keeps, action) = keeps_off(workload);
                (
                    Severity::Medium,
                    format!("asks for {asks}, which would fit: {keeps} keeps it off"),
                    action,
                )
            }
        };
        let base = seen.risk(self.name(), index);
        let all = waiting.len() >= workload.pods.len().max(1);
        Sought::risk(Risk {
            severity: if all && severity == Severity::High {
                Severity::Critical
            } else {
                severity
            },
            confidence: match fit {
                Fit::Never => base.confidence,
                _ => at_most(base.confidence, Confidence::Medium),
            },
            since,
            text: format!(
                "{} of {} pods {} for a node since {}; each {text}",
                waiting.len(),
                workload.pods.len(),
                if waiting.len() == 1 { "waits" } else { "wait" },
                lasting(passed)
            ),
            evidence: vec![
                Evidence::number("pods_waiting", len_f64(waiting.len())),
                Evidence::number(
                    "cpu_request_cores",
                    waiting[0].requests.cpu.map_or(0.0, Cpu::get),
                ),
                Evidence::number(
                    "memory_request_bytes",
                    waiting[0].requests.memory.map_or(0.0, Bytes::to_f64),
                ),
            ],
            action: Action::new(action),
            ..base
        })
    }
}

/// What keeps a pod off nodes with room, as far as the scheduler's warnings tell; and what
/// to do.
fn keeps_off(workload: &Workload) -> (&'static str, &'static str) {
    let of = |event: &&Event| event.reason == "FailedScheduling";
    let newest = workload.events.iter().rev().find(of);
    match newest.and_then(|it| it.cause.as_deref()) {
        Some("taint") => (
            "a taint that it does not tolerate",
            "give it a toleration, or nodes without the taint",
        ),
        Some("affinity") => (
            "an affinity or a node selector",
            "see which nodes have the labels that it asks for",
        ),
        Some("volume") => (
            "a volume, which is bound elsewhere or not at all,",
            "see its claim: `kubectl describe pvc`, and the volume's zone",
        ),
        Some("spread") => (
            "a topology spread constraint",
            "let it run where it can: `whenUnsatisfiable: ScheduleAnyway`",
        ),
        Some("port") => (
            "a port of the node that is taken",
            "take away its `hostPort`, or add a node",
        ),
        _ => (
            "a taint, an affinity or a volume",
            "read the scheduler's message: `kubectl describe pod`",
        ),
    }
}

/// `8 CPU, 64Gi`.
fn asks(pod: &Pod) -> String {
    let requests = &pod.requests;
    let cpu = requests.cpu.map(|it| format!("{it} CPU"));
    let memory = requests.memory.map(Bytes::human);
    let more = requests
        .extended
        .iter()
        .map(|(name, it)| format!("{it} {name}"));
    let all: Vec<String> = cpu.into_iter().chain(memory).chain(more).collect();
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join(", ")
    }
}
