//! Alert rules, as a PrometheusRule of the Prometheus operator or as a file of Prometheus.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use crate::render::emit;
use crate::risk::Alert;
use crate::snapshot::Snapshot;
use crate::text::{count, escape};
use crate::units::Span;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrometheusRule {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
struct Metadata {
    name: &'static str,
    labels: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
struct Spec {
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    name: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    alert: &'static str,
    expr: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#for: Option<String>,
    labels: BTreeMap<&'static str, &'static str>,
    annotations: BTreeMap<&'static str, String>,
}

/// What alert rules are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulesFor {
    /// An object that the Prometheus operator takes.
    Operator,
    /// A file that Prometheus and promtool read.
    Prometheus,
}

/// The rules, each with how often it would have fired in the window.
pub fn alert_rules(
    snapshot: &Snapshot,
    alerts: &[Alert],
    form: RulesFor,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let window = snapshot.usage.grid.span();
    writeln!(
        out,
        "# Alert rules for cluster {}, tuned by {} of its history up to {}.",
        escape(&snapshot.cluster.name),
        window.human(),
        snapshot.taken_at
    )?;
    writeln!(
        out,
        "# `history` says how often each would have fired, `compared` what is in use today."
    )?;
    let spec = Spec {
        groups: vec![Group {
            name: "kcost-risks",
            rules: alerts.iter().map(|alert| rule(alert, window)).collect(),
        }],
    };
    let text = match form {
        RulesFor::Prometheus => emit::document(&spec)?,
        RulesFor::Operator => emit::document(&PrometheusRule {
            api_version: "monitoring.coreos.com/v1",
            kind: "PrometheusRule",
            metadata: Metadata {
                name: "kcost-risks",
                labels: BTreeMap::from([("app.kubernetes.io/name", "kcost")]),
            },
            spec,
        })?,
    };
    // Into memory first: the writer's own errors, such as a closed pipe, would be lost.
    out.write_all(text.as_bytes())
}

fn rule(alert: &Alert, window: Span) -> Rule {
    let mut annotations = BTreeMap::from([
        ("summary", alert.summary.clone()),
        ("history", history(alert, window)),
    ]);
    if !alert.instead_of.is_empty() {
        annotations.insert("instead_of", alert.instead_of.join(", "));
    }
    if let Some(compared) = compared(alert) {
        annotations.insert("compared", compared);
    }
    let mut labels = BTreeMap::from([("severity", alert.severity)]);
    if let Some(check) = alert.check {
        labels.insert("check", check);
    }
    Rule {
        alert: alert.name,
        expr: alert.expr.clone(),
        r#for: (alert.hold > Span::default()).then(|| alert.hold.to_string()),
        labels,
        annotations,
    }
}

/// `KubeHpaMaxedOut would have fired 5 times, this one more rarely`, of those of which the
/// history tells.
fn compared(alert: &Alert) -> Option<String> {
    let own = alert.fired?;
    let told = alert.rivals.iter().filter_map(|rival| {
        let fired = rival.fired?;
        let verdict = match own.cmp(&fired) {
            Ordering::Less => "more rarely",
            Ordering::Equal => "as often",
            Ordering::Greater => "more often",
        };
        Some(format!(
            "{} would have fired {}, this one {verdict}",
            rival.name,
            count(fired, "time")
        ))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// `would have fired 3 times in 14d`.
fn history(alert: &Alert, window: Span) -> String {
    match alert.fired {
        Some(0) => format!("would not have fired in {}", window.human()),
        Some(times) => format!(
            "would have fired {} in {}",
            count(times, "time"),
            window.human()
        ),
        None => "unknown: the snapshot does not hold the history of what it looks at".to_owned(),
    }
}
