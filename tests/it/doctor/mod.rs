//! `kcost doctor`: what is found, what it does to the advice, and how to mend it.

mod cluster;
mod core;
mod offline;
mod store;

use serde_json::Value;

use crate::common::{Kcost, Seen};
use crate::standin::Standin;

/// `kcost doctor` of a stand-in, with its changing port taken out of the words.
fn doctor(standin: &Standin, args: &[&str]) -> Seen {
    let mut seen = Kcost::new()
        .with_kubeconfig(&standin.kubeconfig_text("token"))
        .arg("doctor")
        .args(args)
        .run();
    for text in [&mut seen.stdout, &mut seen.stderr] {
        *text = text.replace(&standin.url(), "[SERVER]");
    }
    seen
}

/// Points of a check: status, text, effect, mend.
fn points(report: &Value, check: &str) -> Vec<[String; 4]> {
    let points = report["points"].as_array().unwrap().iter();
    let mine = points.filter(|point| point["check"] == check);
    let text = |point: &Value, key: &str| point[key].as_str().unwrap_or_default().to_owned();
    mine.map(|point| ["status", "text", "effect", "mend"].map(|key| text(point, key)))
        .collect()
}

/// The one point of a check.
fn point(report: &Value, check: &str) -> [String; 4] {
    let mut found = points(report, check);
    assert_eq!(found.len(), 1, "{check}: {found:?}");
    found.remove(0)
}

fn status(report: &Value, check: &str) -> String {
    let [status, ..] = point(report, check);
    status
}
