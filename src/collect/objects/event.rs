//! Warnings that components left of objects, in the words of a list alone: a message may
//! hold anything.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{self as core, ObjectReference};
use k8s_openapi::api::events::v1 as events;

use super::state::word;
use super::{Meta, Objects, Record};
use crate::snapshot::Event;

/// Warnings that are kept of a cluster: the API server forgets them after an hour.
const MOST: usize = 20_000;

impl Record for core::Event {
    fn record(self, objects: &mut Objects) {
        let series = self.series.as_ref();
        let counted = series.and_then(|it| it.count).or(self.count);
        let last = series.and_then(|it| it.last_observed_time.as_ref().map(|time| time.0));
        let last = last.or(self.last_timestamp.as_ref().map(|time| time.0));
        let began = self.event_time.as_ref().map(|time| time.0);
        let first = self.first_timestamp.as_ref().map(|time| time.0).or(began);
        let said = Said {
            kind: self.type_.as_deref(),
            reason: self.reason.as_deref(),
            message: self.message.as_deref(),
            times: (first, last.or(first)),
            count: counted,
        };
        said.record(&Meta::new(self.metadata), &self.involved_object, objects);
    }
}

/// The same in the group that has it today; `kubectl` prints the other.
impl Record for events::Event {
    fn record(self, objects: &mut Objects) {
        let first = self.event_time.as_ref().map(|time| time.0);
        let first = first.or(self.deprecated_first_timestamp.as_ref().map(|time| time.0));
        let series = self.series.as_ref();
        let last = series.map(|it| it.last_observed_time.0);
        let last = last.or(self.deprecated_last_timestamp.as_ref().map(|time| time.0));
        let said = Said {
            kind: self.type_.as_deref(),
            reason: self.reason.as_deref(),
            message: self.note.as_deref(),
            times: (first, last.or(first)),
            count: series.map(|it| it.count).or(self.deprecated_count),
        };
        let about = self.regarding.unwrap_or_default();
        said.record(&Meta::new(self.metadata), &about, objects);
    }
}

/// What an event of either group says.
struct Said<'a> {
    kind: Option<&'a str>,
    reason: Option<&'a str>,
    message: Option<&'a str>,
    times: (Option<Timestamp>, Option<Timestamp>),
    count: Option<i32>,
}

impl Said<'_> {
    fn record(self, meta: &Meta, about: &ObjectReference, objects: &mut Objects) {
        objects.cluster.has_events = true;
        let event = self.warning(about);
        if let Some(event) = event.filter(|_| objects.events.len() < MOST) {
            let own = about.namespace.clone().filter(|it| !it.is_empty());
            let namespace = own.unwrap_or_else(|| meta.namespace.clone());
            objects.events.push((namespace, event));
        }
    }

    fn warning(&self, about: &ObjectReference) -> Option<Event> {
        let reason = self.reason.and_then(word)?;
        let cause = cause(&reason, self.message.unwrap_or_default());
        let (first, last) = self.times;
        let field = about.field_path.as_deref().unwrap_or_default();
        let container = field
            .split_once('{')
            .map(|(_, name)| name.trim_end_matches('}'));
        (self.kind == Some("Warning")).then_some(Event {
            kind: word(about.kind.as_deref()?)?,
            name: word(about.name.as_deref()?)?,
            container: container.and_then(word),
            reason,
            cause,
            count: self
                .count
                .and_then(|it| u32::try_from(it).ok())
                .unwrap_or(1)
                .max(1),
            first,
            last,
        })
    }
}

/// What messages of a reason may have in them, and what that means.
///
/// Sources: kube-scheduler's `FitError`, the kubelet's eviction and image managers and
/// prober, the admission plugins of quotas and limits, the attach-detach controller.
const CAUSES: [(&str, &str, &str); 20] = [
    ("FailedScheduling", "untolerated taint", "taint"),
    (
        "FailedScheduling",
        "volume node affinity conflict",
        "volume",
    ),
    (
        "FailedScheduling",
        "unbound immediate PersistentVolumeClaims",
        "volume",
    ),
    ("FailedScheduling", "node affinity", "affinity"),
    ("FailedScheduling", "anti-affinity", "affinity"),
    ("FailedScheduling", "topology spread constraints", "spread"),
    ("FailedScheduling", "free ports", "port"),
    ("FailedCreate", "exceeded quota", "quota"),
    ("FailedCreate", "failed quota", "quota"),
    ("FailedCreate", "usage per Container", "limit_range"),
    ("FailedCreate", "usage per Pod", "limit_range"),
    ("FailedCreate", "webhook", "webhook"),
    ("FailedCreate", "violates PodSecurity", "pod_security"),
    ("FailedCreate", "service account", "service_account"),
    ("Unhealthy", "Liveness probe", "liveness"),
    ("Unhealthy", "Readiness probe", "readiness"),
    ("Unhealthy", "Startup probe", "startup"),
    ("Failed", "pull", "pull"),
    ("FailedAttachVolume", "Multi-Attach", "multi_attach"),
    ("FailedMount", "not found", "missing"),
];

pub(super) fn cause(reason: &str, message: &str) -> Option<String> {
    // What is short is named by these two.
    let after = |mark: &str| {
        let (_, rest) = message.split_once(mark)?;
        word(rest.split([',', '.', ' ', ';']).next()?)
    };
    let short = match reason {
        "FailedScheduling" => after("Insufficient "),
        "Evicted" => after("low on resource: "),
        _ => None,
    };
    let mut causes = CAUSES.iter();
    let found = causes.find(|(of, part, _)| *of == reason && message.contains(part));
    short.or(found.map(|(.., means)| (*means).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_a_word_and_never_the_message() {
        let of = |reason: &str, message: &str| cause(reason, message);
        let said = |word: &str| Some(word.to_owned());
        let message =
            "0/12 nodes are available: 3 Insufficient cpu, 9 node(s) had untolerated taint";
        assert_eq!(of("FailedScheduling", message), said("cpu"));
        let message =
            "Error creating: pods \"a\" is forbidden: exceeded quota: team, requested: cpu=1";
        assert_eq!(of("FailedCreate", message), said("quota"));
        let message = "Readiness probe failed: Get \"http://10.0.0.1/?token=hush\": EOF";
        assert_eq!(of("Unhealthy", message), said("readiness"));
        let message = "The node was low on resource: ephemeral-storage. Container a was using 1Gi";
        assert_eq!(of("Evicted", message), said("ephemeral-storage"));
        assert_eq!(of("BackOff", "anything at all"), None);
    }
}
