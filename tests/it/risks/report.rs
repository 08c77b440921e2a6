//! Order, choice, and what programs read.

use std::collections::BTreeSet;

use kcost::risk::{self, Choice, Risks};
use kcost::units::Span;
use serde_json::Value;

use super::{killed, risks};
use crate::common::{demo, demo_week};
use crate::made::{container, workload};
use crate::played::{MIB, cluster, play};

#[test]
fn every_check_has_a_name_of_its_own_and_says_what_it_does() {
    let names = risk::names();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for check in risk::ALL {
        let name = check.name();
        assert!(
            name.chars().all(|it| it.is_ascii_lowercase() || it == '_'),
            "{name}"
        );
        assert!(!check.summary().is_empty() && !check.summary().ends_with('.'));
    }
}

/// Loops that ended so many hours ago.
fn ended(hours: &[f64]) -> Risks {
    let mut snapshot = cluster(14);
    for (number, ago) in hours.iter().enumerate() {
        let name = format!("app-{number}");
        let one = workload("Deployment", &name, 1, vec![container("app", 100, 256)]);
        play(&mut snapshot, one, |_, _| (0.1, 100.0 * MIB));
        let pod = format!("{name}-0");
        let kills = [2.0, 1.0, 0.0].map(|before| killed(&snapshot, &pod, ago + before));
        snapshot.workloads[number].containers[0].terminations = kills.to_vec();
    }
    risks(&snapshot)
}

#[test]
fn what_is_over_is_told_when_it_is_asked_for() {
    let risks = ended(&[1.0, 40.0, 200.0]);
    let names = |choice: &Choice| {
        let chosen = risks.chosen(choice).into_iter();
        let names = chosen.map(|risk| risk.subject.name.clone());
        names.collect::<Vec<_>>()
    };
    let checks = vec!["oom_loop"];
    let now = Choice {
        checks: checks.clone(),
        ..Choice::default()
    };
    assert_eq!(names(&now), ["app-0"]);
    let since = Some(Span::days(3));
    assert_eq!(
        names(&Choice {
            since,
            ..now.clone()
        }),
        ["app-0", "app-1"]
    );
    assert_eq!(
        names(&Choice { all: true, ..now }),
        ["app-0", "app-1", "app-2"]
    );
}

#[test]
fn json_has_what_programs_were_promised() {
    let report = demo(&["risks", "-o", "json"]).ended(0).json();
    assert_eq!(report["schema"], "kcost.risks/v1");
    for key in [
        "tool_version",
        "taken_at",
        "cluster",
        "window",
        "currency",
        "incidents",
        "gaps",
    ] {
        assert!(report.get(key).is_some(), "{key}");
    }
    let findings = report["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    let keys = [
        "check",
        "namespace",
        "kind",
        "name",
        "container",
        "severity",
        "confidence",
        "since",
        "until",
        "impact_at",
        "probability",
        "evidence",
        "action",
    ];
    for finding in findings {
        for key in keys {
            assert!(finding.get(key).is_some(), "{key}: {finding}");
        }
        assert_eq!(finding["until"], Value::Null);
    }
    let leak = demo_week(&["risks", "--check", "memory-leak", "-o", "json"]).json();
    let leaks = leak["findings"].as_array().unwrap();
    assert!(leaks.iter().all(|it| it["check"] == "memory_leak") && !leaks.is_empty());
}

#[test]
fn people_read_what_needs_them_first() {
    insta::assert_snapshot!(demo(&["risks"]).stdout);
}

#[test]
fn a_gate_holds_the_worst_risk_and_other_reports_tell_of_it() {
    let failed = demo_week(&["analyze", "-o", "json", "--fail-on", "risk>=medium"]);
    let report = failed.ended(10).json();
    let outcome = &report["gates"][0];
    assert_eq!(
        (&outcome["rule"], &outcome["failed"]),
        (&"risk".into(), &true.into())
    );
    let findings = report["findings"].as_array().unwrap();
    let leak = findings
        .iter()
        .find(|it| it["code"] == "memory_leak")
        .unwrap();
    assert_eq!(
        (&leak["namespace"], &leak["name"]),
        (&"shop".into(), &"wishlist".into())
    );
    assert!(!report["risks"]["findings"].as_array().unwrap().is_empty());
    let told = demo(&["explain", "wishlist", "-o", "json"]).json();
    assert_eq!(told["risks"][0]["check"], "memory_leak");
    let told = demo(&["explain", "wishlist"]).stdout;
    assert!(
        told.contains("Risks") && told.contains("memory leaks"),
        "{told}"
    );
}

#[test]
fn risks_hold_their_own_gate() {
    let gated = |args: &[&str]| demo_week(&[&["risks", "--fail-on"], args].concat());
    let failed = gated(&["risk>=low"]).ended(10);
    assert!(failed.stderr.contains("risk>=low"), "{}", failed.stderr);
    assert!(!failed.stdout.is_empty());
    // A gate on something else, or on rules, would be green over nothing.
    let other = gated(&["cost-waste>90%"]).ended(2);
    assert!(
        other.stderr.contains("not judged by `risks`"),
        "{}",
        other.stderr
    );
    let rules = gated(&["risk>=low", "-o", "prometheus-rules"]).ended(2);
    assert!(rules.stderr.contains("judges risks"), "{}", rules.stderr);
}
