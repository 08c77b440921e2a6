use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{LimitRange, Quota, Resources, Workload};

/// A workload whose pods are not even created.
pub(super) struct ReplicasMissing;

impl Check for ReplicasMissing {
    fn name(&self) -> &'static str {
        "replicas_missing"
    }

    fn summary(&self) -> &'static str {
        "workloads whose pods cannot be created, and what forbids it"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            let Some((present, wanted)) = workload.missing() else {
                return Sought::fine();
            };
            let cause = Cause::of(seen, workload);
            Sought::risk(Risk {
                severity: if present == 0 {
                    Severity::Critical
                } else {
                    Severity::Medium
                },
                confidence: match cause {
                    Cause::Unknown => Confidence::Medium,
                    _ => Confidence::High,
                },
                text: format!("{present} of {wanted} pods exist{}", cause.text()),
                evidence: vec![
                    Evidence::number("pods", f64::from(present)),
                    Evidence::number("replicas", f64::from(wanted)),
                ],
                action: cause.action(workload),
                ..seen.risk(self.name(), index)
            })
        })
    }
}

/// What warnings name, what that means, and what to do.
type Said = (&'static str, &'static str, &'static str);

const SAID: [Said; 5] = [
    (
        "webhook",
        "an admission webhook refuses them, or does not answer",
        "see whether the webhook's own pods run, or what it forbids",
    ),
    (
        "pod_security",
        "the namespace's Pod Security level does not allow them",
        "give the template the security context that the level asks for",
    ),
    (
        "service_account",
        "their service account does not exist",
        "create the service account that the template names",
    ),
    (
        "quota",
        "a quota of the namespace has no room for more",
        "raise the quota, or request less",
    ),
    (
        "limit_range",
        "a LimitRange of the namespace does not allow their sizes",
        "bring the sizes of its containers within the LimitRange",
    ),
];

/// What the newest warning says of pods that could not be created, or what the workload
/// itself does.
fn said(workload: &Workload) -> Option<&'static Said> {
    let events = workload.events.iter().rev();
    let told = events.filter(|it| it.reason == "FailedCreate");
    let fails = workload.conditions.iter();
    let fails = fails.filter(|it| it.is("ReplicaFailure", "True"));
    let causes = told.map(|it| &it.cause).chain(fails.map(|it| &it.cause));
    let mut causes = causes.filter_map(|it| it.as_deref());
    causes.find_map(|cause| SAID.iter().find(|said| said.0 == cause))
}

/// What forbids them.
enum Cause<'a> {
    Quota(&'a Quota),
    /// A LimitRange, and the container that it does not let in.
    Range(&'a LimitRange, &'a str),
    /// What a warning names.
    Said(&'a Said),
    Unknown,
}

impl<'a> Cause<'a> {
    fn of(seen: &Seen<'a>, workload: &'a Workload) -> Self {
        let cluster = &seen.snapshot.cluster;
        let here = |namespace: &str| namespace == workload.id.namespace;
        let mut ranges = cluster.limit_ranges.iter().filter(|it| here(&it.namespace));
        let broken = ranges.find_map(|range| {
            let mut containers = workload.containers.iter();
            let container = containers.find(|it| {
                range.applies_to == "Container"
                    && (exceeds(&it.limits, &range.max)
                        || exceeds(&it.requests, &range.max)
                        || exceeds(&range.min, &it.requests))
            })?;
            Some(Self::Range(range, &container.name))
        });
        let mut quotas = cluster.quotas.iter().filter(|it| here(&it.namespace));
        let full = quotas.find(|it| it.scopes.is_empty() && is_full(it, workload));
        let computed = broken.or(full.map(Self::Quota));
        let told = || said(workload).map(Self::Said);
        computed.or_else(told).unwrap_or(Self::Unknown)
    }

    fn text(&self) -> String {
        match self {
            Self::Quota(quota) => format!(": quota `{}` has no room for more", quota.name),
            Self::Range(range, container) => format!(
                ": LimitRange `{}` does not allow container `{container}`",
                range.name
            ),
            Self::Said((_, means, _)) => format!(": {means}"),
            Self::Unknown => String::new(),
        }
    }

    fn action(&self, workload: &Workload) -> Action {
        let id = &workload.id;
        Action::new(match self {
            Self::Quota(quota) => format!("raise quota `{}`, or request less", quota.name),
            Self::Range(range, container) => format!(
                "bring the sizes of container `{container}` within LimitRange `{}`",
                range.name
            ),
            Self::Said((.., action)) => (*action).to_owned(),
            Self::Unknown => format!(
                "see what forbids them: `kubectl -n {} get events --field-selector \
                 reason=FailedCreate`",
                id.namespace
            ),
        })
    }
}

/// Whether an amount of `what` is above that of `bound`.
fn exceeds(what: &Resources, bound: &Resources) -> bool {
    let cpu = what.cpu.zip(bound.cpu).is_some_and(|(a, b)| a > b);
    let memory = what.memory.zip(bound.memory).is_some_and(|(a, b)| a > b);
    cpu || memory
}

/// Whether what is left of a quota is less than one pod of the workload.
fn is_full(quota: &Quota, workload: &Workload) -> bool {
    let stay = workload
        .containers
        .iter()
        .filter(|it| it.kind.name() != "init");
    let (requests, limits) = stay.fold(
        (Resources::default(), Resources::default()),
        |(requests, limits), it| (requests.plus(&it.requests), limits.plus(&it.limits)),
    );
    let over = |used: &Resources, more: &Resources, hard: &Resources| {
        let both = used.plus(more);
        let pods = used.extended.get("pods").zip(hard.extended.get("pods"));
        exceeds(&both, hard) || pods.is_some_and(|(used, hard)| used + 1.0 > *hard)
    };
    over(&quota.used_requests, &requests, &quota.hard_requests)
        || over(&quota.used_limits, &limits, &quota.hard_limits)
}
