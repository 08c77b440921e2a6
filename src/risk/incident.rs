//! Anomalies that belong together: where they began, and with what.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::words::lasting;
use super::{Fact, Risk, Risks, Subject};
use crate::finding::Severity;
use crate::snapshot::Snapshot;
use crate::text::count;
use crate::trend::tail;
use crate::units::len_f64;

/// The check whose findings are joined.
const JOINED: &str = "anomaly";
/// Starts within this belong together, or within a step where samples are farther apart.
const TOGETHER: SignedDuration = SignedDuration::from_mins(20);
/// What began so long before may be what began it.
const CAUSE: SignedDuration = SignedDuration::from_mins(30);
/// The evidence of an anomaly that says how many seconds its samples are apart.
pub(super) const SAMPLES_APART: &str = "samples_apart_seconds";
/// How likely so many starts may be by chance.
const CHANCE: f64 = 0.01;

/// Anomalies of one namespace or one node that began at the same time.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Indices into what was chosen, the first to start in front.
    pub findings: Vec<usize>,
    pub severity: Severity,
    pub since: Timestamp,
    /// `None` while one of them goes on.
    pub until: Option<Timestamp>,
    /// Workloads in it.
    pub workloads: usize,
    /// The workload that it began with; where that cannot be told, one of them.
    pub first: Subject,
    /// How long before the next workload; `None` where samples are too far apart to tell
    /// which was first.
    pub lead: Option<SignedDuration>,
    /// What it is, one sentence without a period.
    pub text: String,
    /// What else happened as it began, where that is known.
    pub hint: Option<String>,
}

/// One anomaly among those that were chosen.
struct Start<'a> {
    place: usize,
    risk: &'a Risk,
    since: Timestamp,
    /// It began within so long up to then: from one sample to the next.
    within: SignedDuration,
    nodes: BTreeSet<&'a str>,
}

impl Risks {
    /// What belongs together of those that were chosen, what needs someone first in front.
    pub fn incidents(&self, snapshot: &Snapshot, chosen: &[&Risk]) -> Vec<Incident> {
        let mut starts = starts(snapshot, chosen);
        starts.sort_by_key(|it| (it.since, it.place));
        let step = i64::from(snapshot.usage.grid.step.as_secs());
        let near = TOGETHER.max(SignedDuration::from_secs(step));
        let mut incidents = Vec::new();
        while !starts.is_empty() {
            let (group, rest) = first_group(starts, near);
            if group.len() > 1 && self.is_no_chance(snapshot, &group, near) {
                incidents.push(self.told(snapshot, &group));
            }
            starts = rest;
        }
        incidents.sort_by_key(|it| {
            let over = it.until.unwrap_or(Timestamp::MAX);
            std::cmp::Reverse((over, it.severity, it.findings.len(), it.since))
        });
        incidents
    }

    /// Those that go on and that a workload is part of.
    pub fn incidents_of(&self, snapshot: &Snapshot, workload: usize) -> Vec<Incident> {
        let now = self.now();
        let mut incidents = self.incidents(snapshot, &now);
        incidents.retain(|it| {
            let mut findings = it.findings.iter();
            findings.any(|place| now[*place].workload == Some(workload))
        });
        incidents
    }

    /// Whether so many starts at once are more than the usual number explains: in a large
    /// namespace something always begins.
    fn is_no_chance(&self, snapshot: &Snapshot, group: &[Start<'_>], near: SignedDuration) -> bool {
        let inside: BTreeSet<Option<&str>> = group.iter().map(|it| namespace(it.risk)).collect();
        let all = self.found.iter().filter(|it| it.check == JOINED);
        let all = all.filter(|it| inside.contains(&namespace(it))).count();
        let others = len_f64(all.saturating_sub(group.len()));
        let window = snapshot.usage.grid.span().as_days().max(1.0);
        let expected = others * 2.0 * near.as_secs_f64() / 86_400.0 / window;
        let more = u32::try_from(group.len() - 1).unwrap_or(u32::MAX);
        tail(more, expected) < CHANCE
    }

    fn told(&self, snapshot: &Snapshot, group: &[Start<'_>]) -> Incident {
        let first = &group[0];
        let workloads: BTreeSet<&Subject> = group.iter().map(|it| &it.risk.subject).collect();
        let mut others = group.iter();
        let second = others.find(|it| it.risk.subject != first.risk.subject);
        let lead = second.and_then(|it| lead(first, it));
        let ahead = match (lead, second) {
            (Some(lead), Some(next)) => format!(
                ", first {}, {} before the {}",
                short_name(&first.risk.subject),
                said(lead, next.within),
                if workloads.len() > 2 {
                    "others"
                } else {
                    "other"
                }
            ),
            (None, Some(_)) => tied(group),
            (_, None) => format!(", of {}", short_name(&first.risk.subject)),
        };
        let until: Option<Vec<Timestamp>> = group.iter().map(|it| it.risk.until).collect();
        let worst = group.iter().map(|it| it.risk.severity).max();
        Incident {
            findings: group.iter().map(|it| it.place).collect(),
            severity: worst.unwrap_or(Severity::Low),
            since: first.since,
            until: until.and_then(|all| all.into_iter().max()),
            workloads: workloads.len(),
            first: first.risk.subject.clone(),
            lead,
            text: format!(
                "{}, {} {}{ahead}",
                first.since.strftime("%Y-%m-%d %H:%M"),
                count(workloads.len(), "workload"),
                place_of(group),
            ),
            hint: self.hint(snapshot, group),
        }
    }

    /// What else began then: a rollout in these namespaces, or another finding about them.
    fn hint(&self, snapshot: &Snapshot, group: &[Start<'_>]) -> Option<String> {
        let since = group[0].since;
        let before = |time: Timestamp| {
            let ago = since.duration_since(time);
            (-TOGETHER..=CAUSE).contains(&ago)
        };
        let inside: BTreeSet<Option<&str>> = group.iter().map(|it| namespace(it.risk)).collect();
        let rollouts = snapshot.workloads.iter().filter(|it| {
            inside.contains(&Some(it.id.namespace.as_str()))
                && it.template_changed.is_some_and(before)
        });
        let nodes: BTreeSet<&str> = group
            .iter()
            .flat_map(|it| it.nodes.iter().copied())
            .collect();
        let others = self.found.iter().filter(|it| {
            let about = match &it.subject.namespace {
                Some(namespace) => inside.contains(&Some(namespace.as_str())),
                None => nodes.contains(it.subject.name.as_str()),
            };
            it.check != JOINED && about && it.since.is_some_and(before)
        });
        let mut hints = rollouts
            .map(|it| {
                format!(
                    "a new version of {}/{} was rolled out",
                    it.id.namespace, it.id.name
                )
            })
            .chain(others.map(|it| format!("{}: {}", short_name(&it.subject), it.text)));
        hints.next()
    }
}

/// The anomalies of those that were chosen.
fn starts<'a>(snapshot: &'a Snapshot, chosen: &[&'a Risk]) -> Vec<Start<'a>> {
    let anomalies = chosen
        .iter()
        .enumerate()
        .filter(|(_, it)| it.check == JOINED);
    anomalies
        .filter_map(|(place, risk)| {
            let workload = snapshot.workloads.get(risk.workload?)?;
            let nodes = workload.pods.iter().filter_map(|pod| pod.node.as_deref());
            Some(Start {
                place,
                risk,
                since: risk.since?,
                within: within(risk),
                nodes: nodes.collect(),
            })
        })
        .collect()
}

/// How long the samples of an anomaly are apart.
fn within(risk: &Risk) -> SignedDuration {
    let mut evidence = risk.evidence.iter();
    let apart = evidence.find_map(|it| match &it.fact {
        Fact::Number(seconds) if it.name == SAMPLES_APART => Some(*seconds),
        _ => None,
    });
    SignedDuration::from_secs_f64(apart.unwrap_or_default())
}

/// How long one began before another. What began between two samples is seen at the second,
/// so that what is seen less than that apart may have begun the other way round.
fn lead(first: &Start<'_>, next: &Start<'_>) -> Option<SignedDuration> {
    let lead = next.since.duration_since(first.since);
    (lead.is_positive() && lead >= next.within).then_some(lead)
}

/// A lead of one sample is known to be one, and not how long it is.
fn said(lead: SignedDuration, within: SignedDuration) -> String {
    if lead > within {
        lasting(days(lead))
    } else {
        format!("less than {}", lasting(days(lead + within)))
    }
}

/// Of what began as early as the samples can tell.
fn tied(group: &[Start<'_>]) -> String {
    /// More names are read by nobody.
    const NAMES: usize = 3;
    let first = &group[0];
    let early = group.iter().filter(|it| lead(first, it).is_none());
    let (names, within): (BTreeSet<String>, Vec<SignedDuration>) = early
        .map(|it| (short_name(&it.risk.subject), it.within))
        .unzip();
    let names = if names.len() > NAMES {
        format!("one of {}", names.len())
    } else {
        names.into_iter().collect::<Vec<_>>().join(" or ")
    };
    let within = within.into_iter().max().unwrap_or_default();
    format!(
        ", {names} first: samples {} apart do not tell which",
        lasting(days(within))
    )
}

fn days(span: SignedDuration) -> f64 {
    span.as_secs_f64() / 86_400.0
}

/// The first to start with all that began near it and is related, by way of others too;
/// and what is left. In the order of time.
fn first_group(starts: Vec<Start<'_>>, near: SignedDuration) -> (Vec<Start<'_>>, Vec<Start<'_>>) {
    let since = starts[0].since;
    let (mut open, mut rest): (Vec<Start<'_>>, Vec<Start<'_>>) = starts
        .into_iter()
        .partition(|it| it.since.duration_since(since) <= near);
    let mut group = vec![open.remove(0)];
    let mut at = 0;
    while at < group.len() {
        let (related, others): (Vec<Start<'_>>, Vec<Start<'_>>) =
            open.into_iter().partition(|it| are_related(&group[at], it));
        group.extend(related);
        open = others;
        at += 1;
    }
    rest.extend(open);
    rest.sort_by_key(|it| (it.since, it.place));
    group.sort_by_key(|it| (it.since, it.place));
    (group, rest)
}

fn are_related(a: &Start<'_>, b: &Start<'_>) -> bool {
    namespace(a.risk) == namespace(b.risk) || !a.nodes.is_disjoint(&b.nodes)
}

fn namespace(risk: &Risk) -> Option<&str> {
    risk.subject.namespace.as_deref()
}

/// `of namespace pay`, `on node n0`, `of 3 namespaces`.
fn place_of(group: &[Start<'_>]) -> String {
    let inside: BTreeSet<&str> = group.iter().filter_map(|it| namespace(it.risk)).collect();
    if let (1, Some(namespace)) = (inside.len(), inside.first()) {
        return format!("of namespace {namespace}");
    }
    let mut nodes = group[0].nodes.iter();
    match nodes.find(|node| group.iter().all(|it| it.nodes.contains(*node))) {
        Some(node) => format!("on node {node}"),
        None => format!("of {}", count(inside.len(), "namespace")),
    }
}

fn short_name(subject: &Subject) -> String {
    match &subject.namespace {
        Some(namespace) => format!("{namespace}/{}", subject.name),
        None => format!("{} {}", subject.kind.to_lowercase(), subject.name),
    }
}
