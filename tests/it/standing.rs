//! Records beside each other: what may be compared, what a difference is made of, when a promise is
//! judged, and what became of what was applied.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::{Kcost, bundle_of};

const START: i64 = 1_760_000_000;

/// Slots of half an hour.
const DAY: i64 = 48;

/// One Deployment.
#[derive(Clone, Copy)]
struct Workload {
    name: &'static str,
    pods: usize,
    cpu: &'static str,
    /// A second container beside `app`.
    sidecar: bool,
    /// Whether anything of its use is known.
    seen: bool,
}

const fn workload(name: &'static str) -> Workload {
    Workload {
        name,
        pods: 2,
        cpu: "1",
        sidecar: false,
        seen: true,
    }
}

fn spec(it: &Workload) -> Value {
    let container = |name: &str, cpu: &str| {
        json!({"name": name, "image": "i", "resources": {
            "requests": {"cpu": cpu, "memory": "1Gi"}, "limits": {"memory": "1Gi"}}})
    };
    let mut all = vec![container("app", it.cpu)];
    if it.sidecar {
        all.push(container("side", "500m"));
    }
    json!({"containers": all})
}

fn objects(workloads: &[Workload], nodes: usize) -> Value {
    let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let mut items: Vec<Value> = (0..nodes)
        .map(|number| {
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{number}")},
                "status": {"allocatable": {"cpu": "32", "memory": "128Gi", "pods": "110"}}})
        })
        .collect();
    for it in workloads {
        let name = it.name;
        let labels = json!({"app": name});
        items.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop", "uid": name},
            "spec": {"replicas": it.pods, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec(it)}}}));
        items.push(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("{name}-1"), "namespace": "shop", "uid": format!("{name}-r"),
                "ownerReferences": owner("Deployment", name, name)},
            "spec": {"replicas": it.pods, "selector": {"matchLabels": labels}}}));
        for pod in 0..it.pods {
            let mut spec = spec(it);
            spec["nodeName"] = "n0".into();
            items.push(json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("{name}-1-{pod}"), "namespace": "shop",
                    "uid": format!("{name}{pod}"),
                    "ownerReferences": owner("ReplicaSet", &format!("{name}-1"), &format!("{name}-r"))},
                "spec": spec, "status": {"phase": "Running"}}));
        }
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// So many days; from day 14 on the first pod of `burst` takes 3 GB for one slot.
fn usage(workloads: &[Workload], days: i64, burst: &str) -> String {
    let mut text = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for slot in 0..days * DAY {
        let at = START + 1800 * slot;
        for it in workloads.iter().filter(|it| it.seen) {
            for pod in 0..it.pods {
                let high = it.name == burst && pod == 0 && slot == 14 * DAY + 20;
                let memory = if high {
                    3_000_000_000
                } else {
                    200_000_000 + 2_000_000 * (slot % 11)
                };
                let cpu = 0.1 + 0.01 * f64::from(u32::try_from(slot % 7).unwrap());
                let name = it.name;
                writeln!(text, "shop,{name}-1-{pod},app,{at},{cpu},{memory}").unwrap();
                if it.sidecar {
                    writeln!(text, "shop,{name}-1-{pod},side,{at},{cpu},{memory}").unwrap();
                }
            }
        }
    }
    text
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bundle(
        &self,
        name: &str,
        (workloads, nodes): (&[Workload], usize),
        days: i64,
        burst: &str,
    ) -> PathBuf {
        let objects = objects(workloads, nodes);
        bundle_of(
            self.folder.path(),
            name,
            &objects,
            &usage(workloads, days, burst),
        )
    }

    fn runs(&self) -> PathBuf {
        self.path("runs")
    }

    fn analyze(&self, bundle: &Path, more: &[&str]) -> String {
        let kcost = Kcost::new().args(["analyze", "--snapshot"]).arg(bundle);
        kcost
            .arg("--history")
            .arg(self.runs())
            .args(more)
            .run()
            .ended(0)
            .stderr
    }

    fn history(&self, more: &[&str]) -> crate::common::Seen {
        Kcost::new()
            .arg("history")
            .arg(self.runs())
            .args(more)
            .run()
            .ended(0)
    }

    fn records(&self) -> Vec<Value> {
        self.history(&["-o", "json"]).json()["records"]
            .as_array()
            .unwrap()
            .clone()
    }

    fn verify(&self, bundle: &Path, more: &[&str]) -> crate::common::Seen {
        let kcost = Kcost::new().arg("verify").arg(self.runs());
        kcost
            .arg("--snapshot")
            .arg(bundle)
            .args(more)
            .run()
            .ended(0)
    }
}

fn diff(before: &Path, after: &Path, more: &[&str]) -> crate::common::Seen {
    Kcost::new()
        .arg("diff")
        .arg(before)
        .arg(after)
        .args(more)
        .run()
        .ended(0)
}

fn amount(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn the_rows_of_a_difference_make_up_all_of_it() {
    let place = Place::new();
    let before = ["still", "more", "wider", "narrower", "unseen", "gone"].map(workload);
    let mut after = before.to_vec();
    after.pop();
    after[1].pods = 4;
    after[2].sidecar = true;
    after[4].seen = false;
    after.push(workload("new"));
    let mut before = before.to_vec();
    before[3].sidecar = true;
    let a = place.bundle("a.kcost", (&before, 1), 14, "");
    let b = place.bundle("b.kcost", (&after, 1), 14, "");
    let report = diff(&a, &b, &["-o", "json"]).json();
    let changes = report["changes"].as_array().unwrap();
    let of = |name: &str| changes.iter().find(|it| it["name"] == name).unwrap();
    let more = of("more");
    assert_eq!(
        (&more["replicas_before"], &more["replicas_after"]),
        (&json!(2), &json!(4))
    );
    assert!(amount(&more["monthly_cost_change"]) > 1.0, "{more}");
    assert_eq!(of("wider")["containers_added"], json!(["side"]));
    assert_eq!(of("narrower")["containers_removed"], json!(["side"]));
    assert_eq!(of("unseen")["state_after"], "unknown");
    assert_eq!(of("unseen")["course"], "changed");
    assert!(changes.iter().all(|it| it["name"] != "still"));
    let sum: f64 = changes
        .iter()
        .map(|it| amount(&it["monthly_cost_change"]))
        .sum();
    let (was, is) = (
        amount(&report["before"]["current"]),
        amount(&report["after"]["current"]),
    );
    assert!((sum - (is - was)).abs() < 0.001, "{sum} {was} {is}");
    assert!((amount(&report["monthly_cost_change"]) - sum).abs() < 0.001);
    assert_eq!(report["monthly_cost_change_rest"], "0.00");
    let text = diff(&a, &b, &[]).stdout;
    for said in ["replicas 2 → 4", "side: new", "side: gone", "→ unknown"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn answers_to_other_questions_stand_apart() {
    let place = Place::new();
    let all = ["a", "b"].map(workload);
    let then = place.bundle("then.kcost", (&all, 1), 14, "");
    let now = place.bundle("now.kcost", (&all, 1), 15, "");
    place.analyze(&then, &[]);
    place.analyze(&then, &["--max-oom-risk", "0.2"]);
    place.analyze(&then, &["--largest-step", "0.3"]);
    place.analyze(&then, &[]);
    let records = place.records();
    let settings: Vec<&Value> = records.iter().map(|it| &it["settings"]).collect();
    assert_eq!(
        settings,
        [
            &json!([]),
            &json!(["largest-step 30%"]),
            &json!(["max-oom-risk 20%"])
        ]
    );
    let table = place.history(&[]).stdout;
    for said in [
        "ASKED FOR",
        "max-oom-risk 20%",
        "largest-step 30%",
        "defaults",
    ] {
        assert!(table.contains(said), "{said}: {table}");
    }
    // Each has its own course: what bounded cuts leave is no waste that came back.
    let full = place.records()[0]["waste_ratio"].as_f64().unwrap();
    assert!(
        full > records[1]["waste_ratio"].as_f64().unwrap() + 0.1,
        "{records:?}"
    );
    let trend = place.analyze(&now, &[]);
    let line = trend.lines().find(|it| it.contains("trend: ")).unwrap();
    let shown = format!("{:.0}%", 100.0 * full);
    assert!(
        line.contains(&format!("{shown} on ")) && line.contains("(2 runs)"),
        "{line}"
    );
    let files: Vec<PathBuf> = fs::read_dir(place.runs())
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    let with = |text: &str| {
        let has = |it: &&PathBuf| fs::read_to_string(it).unwrap().contains(text);
        files.iter().find(has).unwrap()
    };
    let seen = diff(with("max-oom-risk"), with("largest-step"), &[]);
    assert!(
        seen.stderr.contains("two questions were asked"),
        "{}",
        seen.stderr
    );
    let same = diff(&then, &now, &[]);
    assert!(!same.stderr.contains("two questions"), "{}", same.stderr);
}

#[test]
fn a_run_that_could_judge_nothing_knows_no_waste() {
    let place = Place::new();
    let all = [
        Workload {
            seen: false,
            ..workload("a")
        },
        workload("b"),
    ];
    let then = place.bundle("then.kcost", (&all[..1], 1), 14, "");
    // Of nothing that runs any use is known.
    let usage = usage(&[workload("other")], 14, "");
    let blind = bundle_of(
        place.folder.path(),
        "blind.kcost",
        &objects(&all[..1], 1),
        &usage,
    );
    drop(then);
    place.analyze(&blind, &[]);
    let record = &place.records()[0];
    assert_eq!(record["waste_ratio"], Value::Null, "{record}");
    let table = place.history(&[]).stdout;
    assert!(table.matches("unknown").count() >= 2, "{table}");
    let now = place.bundle("now.kcost", (&all[1..], 1), 15, "");
    assert!(!place.analyze(&now, &[]).contains("trend"));
}

#[test]
fn a_promise_is_judged_once_its_time_is_over() {
    let place = Place::new();
    let all: Vec<Workload> = ["a", "b", "c", "d", "e", "f", "g", "h"]
        .map(workload)
        .to_vec();
    let then = place.bundle("then.kcost", (&all, 1), 14, "");
    place.analyze(&then, &[]);
    for (days, judged) in [(16, 0), (19, 0), (21, 8)] {
        let now = place.bundle(&format!("{days}.kcost"), (&all, 1), days, "a");
        let seen = place.verify(&now, &["-o", "json"]).json();
        let summary = &seen["summary"];
        assert_eq!(summary["judged"], judged, "{days}: {summary}");
        assert_eq!(summary["unjudged"], 8 - judged);
        assert_eq!(summary["unjudged_over_limit"], i32::from(judged == 0));
        assert_eq!(summary["memory_over_limit"], i32::from(judged == 8));
        assert_eq!(summary["probability"].is_null(), judged == 0);
        let broken = seen["workloads"].as_array().unwrap().iter();
        assert_eq!(broken.filter(|it| it["promise"] == "broken").count(), 1);
        let text = place.verify(&now, &[]).stdout;
        assert!(!text.contains("more than chance explains"), "{text}");
        let said = "the time of 8 promises is not over";
        assert_eq!(
            text.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .contains(said),
            judged == 0,
            "{text}"
        );
    }
    // Of a part of the time only what broke would be seen.
    let now = place.bundle("21.kcost", (&all, 1), 21, "a");
    let part = place.verify(&now, &["--window", "3d", "-o", "json"]).json();
    assert_eq!(part["summary"]["judged"], 0, "{}", part["summary"]);
}

#[test]
fn nodes_of_then_stand_beside_those_of_now() {
    let place = Place::new();
    let all = ["a", "b"].map(workload);
    let then = place.bundle("then.kcost", (&all, 3), 14, "");
    let now = place.bundle("now.kcost", (&all, 2), 21, "");
    place.analyze(&then, &[]);
    assert_eq!(place.records()[0]["nodes"]["count"], 3);
    let summary = place.verify(&now, &["-o", "json"]).json()["summary"].clone();
    assert_eq!(
        (&summary["nodes_before"], &summary["nodes_after"]),
        (&json!(3), &json!(2))
    );
    let (was, is) = (
        amount(&summary["nodes_monthly_cost_before"]),
        amount(&summary["nodes_monthly_cost_after"]),
    );
    assert!((is - was * 2.0 / 3.0).abs() < 0.02, "{summary}");
    assert!(summary["monthly_banked_promised"].is_string(), "{summary}");
    let text = place.verify(&now, &[]).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("nodes: 3 at $") && text.contains("left the bill, for whatever reason"),
        "{text}"
    );
}

#[test]
fn a_damaged_record_is_named_and_left_out() {
    let place = Place::new();
    let all = ["a", "b"].map(workload);
    let then = place.bundle("then.kcost", (&all, 1), 14, "");
    let now = place.bundle("now.kcost", (&all, 1), 21, "");
    place.analyze(&then, &[]);
    let path = fs::read_dir(place.runs())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let kept = "/workloads/0/containers/0/promise";
    for (way, value, said) in [
        (
            format!("{kept}/memory_over_limit"),
            json!(31.5),
            "a share of 31.5 is none",
        ),
        (
            format!("{kept}/cpu_time_over_request"),
            json!(-0.5),
            "a share of -0.5 is none",
        ),
        (format!("{kept}/horizon_days"), json!(0), "for 0 days"),
        (
            "/monthly/freed".to_owned(),
            json!("much"),
            "`much` is no amount",
        ),
    ] {
        let mut damaged = whole.clone();
        *damaged.pointer_mut(&way).unwrap() = value;
        let other = path.with_file_name("damaged.json");
        fs::write(&other, damaged.to_string()).unwrap();
        let seen = place.history(&[]);
        assert!(
            seen.stderr.contains("damaged.json") && seen.stderr.contains(said),
            "{}",
            seen.stderr
        );
        assert_eq!(seen.stdout.lines().count(), 2);
        let kcost = Kcost::new()
            .arg("verify")
            .arg(&other)
            .arg("--snapshot")
            .arg(&now);
        assert!(kcost.run().ended(2).stderr.contains(said));
        assert!(
            place
                .verify(&now, &[])
                .stdout
                .contains("of 2 workloads outgrew")
        );
    }
}
