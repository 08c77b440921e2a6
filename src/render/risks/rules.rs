//! Alert rules, as a PrometheusRule of the Prometheus operator or as a file of Prometheus.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use crate::render::emit;
use crate::risk::{Alert, Real, Rival, Stretch};
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
        "# `history` says how often each would have fired; `compared` what alerts of \
         kubernetes-mixin\n# would have done, and how long before what truly happened (the median) \
         each would have fired."
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

/// `KubeHpaMaxedOut 10 times (4 false), this one 2 times; before 1 real event (…):
/// KubeHpaMaxedOut 5h, this one 3h`, of what the history tells. `None` where there is nothing to compare.
fn compared(alert: &Alert) -> Option<String> {
    let known: Vec<(&str, &[Stretch])> = match &alert.fired {
        Some(_) => alert.rivals.iter().filter_map(of_rival).collect(),
        None => Vec::new(),
    };
    let all = alert.rivals.iter().map(|it| it.name);
    let unknown: Vec<&str> = all
        .filter(|name| !known.iter().any(|it| it.0 == *name))
        .collect();
    let mut told = Vec::new();
    if let Some(own) = &alert.fired
        && (alert.real.is_some() || !known.is_empty())
    {
        let each = [&known[..], &[("this one", own)]].concat();
        told.push(how_often(&each, alert.real.as_ref()));
        told.extend(alert.real.as_ref().map(|real| how_early(&each, real)));
    }
    if !unknown.is_empty() {
        told.push(format!(
            "{} cannot be compared: the snapshot does not hold what it looks at",
            unknown.join(", ")
        ));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

fn of_rival(rival: &Rival) -> Option<(&str, &[Stretch])> {
    Some((rival.name, rival.fired.as_deref()?))
}

fn how_often(each: &[(&str, &[Stretch])], real: Option<&Real>) -> String {
    let told = each.iter().map(|(name, fired)| {
        let wrong = real.map_or(0, |real| real.false_alarms(fired));
        let of_no_event = if wrong > 0 {
            format!(" ({wrong} false)")
        } else {
            String::new()
        };
        format!("{name} {}{of_no_event}", count(fired.len(), "time"))
    });
    told.collect::<Vec<_>>().join(", ")
}

fn how_early(each: &[(&str, &[Stretch])], real: &Real) -> String {
    let events = real.events.len();
    if events == 0 {
        return format!("no event in the window ({})", real.what);
    }
    let told = each.iter().map(|(name, fired)| {
        let ahead = real.ahead(fired);
        let lead = match ahead.median {
            None => "not at all".to_owned(),
            Some(lead) if lead == Span::default() => "as it happens".to_owned(),
            Some(lead) => lead.human(),
        };
        let some = ahead.warned > 0 && ahead.warned < events;
        let of = if some {
            format!(" ({} of {events})", ahead.warned)
        } else {
            String::new()
        };
        format!("{name} {lead}{of}")
    });
    format!(
        "before {} ({}): {}",
        count(events, "real event"),
        real.what,
        told.collect::<Vec<_>>().join(", ")
    )
}

/// `would have fired 3 times in 14d`.
fn history(alert: &Alert, window: Span) -> String {
    match alert.fired.as_ref().map(Vec::len) {
        Some(0) => format!("would not have fired in {}", window.human()),
        Some(times) => format!(
            "would have fired {} in {}",
            count(times, "time"),
            window.human()
        ),
        None => "unknown: the snapshot does not hold the history of what it looks at".to_owned(),
    }
}
