//! What comes: seasons that are proven, forecasts that beat rules of thumb, bands that hold.

use std::fmt::Write as _;
use std::path::Path;

use kcost::forecast::Hours;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;

use crate::common::{Kcost, bundle_of};

mod calendar;
mod capacity;
mod measure;
mod once;
mod outlook;
mod report;
mod seasons;

/// The hour of a Monday 00:00 UTC, counted from 1970-01-01.
const MONDAY: i64 = 489_312;

/// A series from a Monday on, by the hour.
fn hours(days: i64, value: impl FnMut(i64) -> f64) -> Hours {
    Hours {
        first: MONDAY,
        values: (0..days * 24).map(value).collect(),
    }
}

/// Standard normal numbers, the same in every run.
struct Noise(Xoshiro256PlusPlus);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    fn next(&mut self) -> f64 {
        let (one, other): (f64, f64) = (self.0.r#gen(), self.0.r#gen());
        (-2.0 * one.max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * other).cos()
    }
}

/// Up by day and down by night.
fn by_day(hour: i64) -> f64 {
    let phase = f64::from(i32::try_from(hour.rem_euclid(24)).unwrap());
    (phase / 24.0 * std::f64::consts::TAU).sin()
}

/// A bundle of Deployments of one pod each, by their usage in a CSV without memory:
/// seconds from a Monday on, and cores.
fn bundle(folder: &Path, workloads: &[(&str, Vec<(i64, f64)>)]) -> String {
    let mut objects = Vec::new();
    let mut csv = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for (name, samples) in workloads {
        let labels = serde_json::json!({"app": name});
        let spec = serde_json::json!({"containers": [{"name": "app", "image": "a"}]});
        objects.push(serde_json::json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": "shop", "name": name, "uid": format!("d-{name}")},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec}},
        }));
        objects.push(serde_json::json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"namespace": "shop", "name": format!("{name}-5d"), "uid": format!("r-{name}"),
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name,
                    "uid": format!("d-{name}"), "controller": true}]},
        }));
        objects.push(serde_json::json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "shop", "name": format!("{name}-5d-x"), "labels": labels,
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                    "name": format!("{name}-5d"), "uid": format!("r-{name}"), "controller": true}]},
            "spec": spec, "status": {"phase": "Running"},
        }));
        for (second, cores) in samples {
            let time = MONDAY * 3_600 + second;
            writeln!(csv, "shop,{name}-5d-x,app,{time},{cores:.6},").unwrap();
        }
    }
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let bundle = bundle_of(folder, "b.kcost", &list, &csv);
    bundle.to_string_lossy().into_owned()
}

/// Samples every so many seconds.
fn samples(days: i64, step: i64, value: impl Fn(i64) -> f64) -> Vec<(i64, f64)> {
    let seconds = (0..days * 86_400).step_by(usize::try_from(step).unwrap());
    seconds.map(|second| (second, value(second))).collect()
}

/// What `forecast -o json` says.
fn told(bundle: &str, more: &[&str]) -> Value {
    let args = ["forecast", "--snapshot", bundle, "-o", "json"];
    Kcost::new()
        .args(args.iter().chain(more))
        .run()
        .ended(0)
        .json()
}
