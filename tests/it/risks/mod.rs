//! What is about to break: every check fires, just does not, and says what it cannot know.

use jiff::Timestamp;
use kcost::cohort::Cohorts;
use kcost::finding::Severity;
use kcost::profile::profile;
use kcost::recommend::{Options, recommend};
use kcost::risk::{Choice, Risk, Risks, Seen, find};
use kcost::snapshot::{Snapshot, Termination};

mod anomalies;
mod cluster;
mod cpu;
mod events;
mod kinds;
mod measure;
mod measure_anomalies;
mod memory;
mod noise;
mod replay;
mod report;
mod rules;
mod seconds;
mod states;
mod supplies;
mod wild;

/// Everything that is found in a snapshot.
fn risks(snapshot: &Snapshot) -> Risks {
    let profiles = profile(snapshot);
    let cohorts = Cohorts::none(profiles.len());
    let advised = recommend(snapshot, &profiles, &cohorts, &Options::default());
    find(&Seen::of(snapshot, &profiles, &cohorts, &advised))
}

/// What one check finds, past and present.
fn found(snapshot: &Snapshot, check: &'static str) -> Vec<Risk> {
    let choice = Choice {
        checks: vec![check],
        all: true,
        ..Choice::default()
    };
    risks(snapshot)
        .chosen(&choice)
        .into_iter()
        .cloned()
        .collect()
}

/// The one risk that a check finds.
#[track_caller]
fn only(snapshot: &Snapshot, check: &'static str) -> Risk {
    let mut found = found(snapshot, check);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[track_caller]
fn none(snapshot: &Snapshot, check: &'static str) {
    assert_eq!(found(snapshot, check), []);
}

/// What a check says that it cannot know.
fn unknown(snapshot: &Snapshot, check: &str) -> Vec<String> {
    let gaps = risks(snapshot).gaps.into_iter();
    let of = gaps.filter(|gap| gap.subject == check);
    of.map(|gap| gap.text).collect()
}

/// A number of the evidence.
#[track_caller]
fn fact(risk: &Risk, name: &str) -> f64 {
    let found = risk.evidence.iter().find(|it| it.name == name);
    match found.map(|it| &it.fact) {
        Some(kcost::risk::Fact::Number(number)) => *number,
        other => panic!("{name}: {other:?}"),
    }
}

/// A kill of a pod's only container, so many hours before the end of the window.
fn killed(snapshot: &Snapshot, pod: &str, hours: f64) -> Termination {
    ended(snapshot, pod, "OOMKilled", hours)
}

fn ended(snapshot: &Snapshot, pod: &str, reason: &str, hours: f64) -> Termination {
    let seconds = jiff::SignedDuration::from_secs_f64(hours * 3600.0);
    Termination {
        pod: pod.to_owned(),
        reason: reason.to_owned(),
        exit_code: 137,
        started: None,
        finished: Some(snapshot.usage.grid.end() - seconds),
    }
}

fn severity(risk: &Risk) -> Severity {
    risk.severity
}

/// Days from the end of the window.
fn days_until(snapshot: &Snapshot, at: Timestamp) -> f64 {
    at.duration_since(snapshot.usage.grid.end()).as_secs_f64() / 86_400.0
}
