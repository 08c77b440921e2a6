//! Risks for programs, schema `kcost.risks/v1`. Keys are only ever added.

use std::io;

use serde::Serialize;
use serde_json::Value;

use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::risk::{Action, Fact, Incident, Patch, Risk};
use crate::snapshot::{self, Snapshot};
use crate::units::{Currency, count_from};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Window,
    currency: Currency,
    findings: Vec<Shape<'a>>,
    /// Findings that belong together, by their index.
    incidents: Vec<Joined>,
    gaps: Vec<Gap<'a>>,
}

/// One incident.
#[derive(Serialize)]
pub(in crate::render) struct Joined {
    findings: Vec<usize>,
    severity: &'static str,
    since: String,
    /// Null while it goes on.
    until: Option<String>,
    workloads: usize,
    /// The workload that it began with; where `lead_seconds` is null, one of them.
    first: First,
    /// How long before the next workload; null where samples do not tell which was first.
    lead_seconds: Option<i64>,
    text: String,
    /// Null where nothing else is known to have happened.
    hint: Option<String>,
}

#[derive(Serialize)]
struct First {
    namespace: Option<String>,
    kind: String,
    name: String,
}

/// One risk.
#[derive(Serialize)]
pub(in crate::render) struct Shape<'a> {
    check: &'static str,
    /// Null for what belongs to the cluster.
    namespace: Option<&'a str>,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    container: Option<&'a str>,
    severity: &'static str,
    confidence: &'static str,
    since: Option<String>,
    /// Null while it goes on.
    until: Option<String>,
    impact_at: Option<String>,
    impact_earliest_at: Option<String>,
    impact_latest_at: Option<String>,
    probability: Option<f64>,
    probability_within_seconds: Option<u32>,
    text: &'a str,
    evidence: serde_json::Map<String, Value>,
    action: Todo<'a>,
}

#[derive(Serialize)]
struct Todo<'a> {
    text: &'a str,
    patch: Option<Change<'a>>,
}

/// A strategic merge patch, and what it is of.
#[derive(Serialize)]
struct Change<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    patch: &'a Value,
}

/// What was chosen of the risks as JSON.
pub fn risks_json(
    snapshot: &Snapshot,
    currency: Currency,
    (chosen, incidents, gaps): (&[&Risk], &[Incident], &[&snapshot::Gap]),
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let known = snapshot.gaps.iter().chain(gaps.iter().copied());
    let report = Report {
        schema: "kcost.risks/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        currency,
        findings: chosen.iter().map(|risk| shape(risk)).collect(),
        incidents: incidents.iter().map(joined).collect(),
        gaps: known.map(gap).collect(),
    };
    json::write(&report, out)
}

pub(in crate::render) fn joined(incident: &Incident) -> Joined {
    let first = &incident.first;
    Joined {
        findings: incident.findings.clone(),
        severity: incident.severity.name(),
        since: incident.since.to_string(),
        until: incident.until.map(|it| it.to_string()),
        workloads: incident.workloads,
        first: First {
            namespace: first.namespace.clone(),
            kind: first.kind.clone(),
            name: first.name.clone(),
        },
        lead_seconds: incident.lead.map(|it| it.as_secs()),
        text: incident.text.clone(),
        hint: incident.hint.clone(),
    }
}

pub(in crate::render) fn shape(risk: &Risk) -> Shape<'_> {
    let subject = &risk.subject;
    let impact = risk.impact.as_ref();
    let latest = impact.and_then(|it| it.latest);
    Shape {
        check: risk.check,
        namespace: subject.namespace.as_deref(),
        kind: &subject.kind,
        name: &subject.name,
        template: subject.template.as_deref(),
        container: risk.container.as_deref(),
        severity: risk.severity.name(),
        confidence: risk.confidence.name(),
        since: risk.since.map(|it| it.to_string()),
        until: risk.until.map(|it| it.to_string()),
        impact_at: impact.map(|it| it.at.to_string()),
        impact_earliest_at: impact.map(|it| it.earliest.to_string()),
        impact_latest_at: latest.map(|it| it.to_string()),
        probability: risk.chance.map(|it| rounded(it.probability)),
        probability_within_seconds: risk.chance.map(|it| it.within.as_secs()),
        text: &risk.text,
        evidence: risk
            .evidence
            .iter()
            .map(|it| (it.name.to_owned(), fact(&it.fact)))
            .collect(),
        action: todo_of(&risk.action),
    }
}

fn fact(fact: &Fact) -> Value {
    match fact {
        Fact::Number(number) => numeral(*number),
        Fact::Text(text) => Value::from(text.as_str()),
        Fact::Time(time) => Value::from(time.to_string()),
    }
}

/// Counts and bytes without a point.
fn numeral(number: f64) -> Value {
    /// What a double holds exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract().abs() < f64::EPSILON && (0.0..EXACT).contains(&number) {
        Value::from(count_from(number))
    } else {
        Value::from(rounded(number))
    }
}

fn todo_of(action: &Action) -> Todo<'_> {
    Todo {
        text: &action.text,
        patch: action.patch.as_ref().map(change),
    }
}

fn change(patch: &Patch) -> Change<'_> {
    Change {
        api_version: &patch.api_version,
        kind: &patch.kind,
        namespace: &patch.namespace,
        name: &patch.name,
        patch: &patch.body,
    }
}
