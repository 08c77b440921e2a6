//! What comes in between: windows that close, freezes, autoscalers and budgets that are newer
//! than the usage, and workloads that are scaled to nothing.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::governed::{changed, skipped};
use super::{World, outcomes, usage_until};
use crate::standin::{Fault, Setup, Store};

fn outcome(report: &Value, name: &str) -> String {
    let all = outcomes(report);
    let found = all.into_iter().find(|it| it.0 == name);
    found.unwrap().1
}

fn frozen(store: Store, name: &str) -> Store {
    changed(store, "deployments", name, |it| {
        it["metadata"]["annotations"] = json!({"kcost.dev/freeze": "true"});
        // Whoever changes an object changes its version.
        it["metadata"]["resourceVersion"] = "77".into();
    })
}

#[test]
fn what_is_left_when_the_window_closes_waits_for_the_next_one() {
    let world = World::new();
    let before = world.specs();
    let bundle = world.bundle("then.kcost");
    // Windows close on the minute.
    while Timestamp::now().as_second() % 60 < 40 || Timestamp::now().as_second() % 60 > 50 {
        sleep(Duration::from_millis(500));
    }
    let now = Timestamp::now();
    let clock = |at: Timestamp| at.strftime("%H:%M").to_string();
    let window = format!("{}-{}", clock(now), clock(now + 1.minute()));
    let run = |watch: &str, window: &[&str], output: &str| {
        let kcost = world.command("apply").arg("--snapshot").arg(&bundle);
        let kcost = kcost.args(["--max-cut", "100%", "--yes", "--wave", "1"]);
        kcost.args(["--watch", watch, "-o", output]).args(window)
    };
    let seen = run("21s", &["--maintenance-window", &window], "text")
        .run()
        .ended(0);
    let out = &seen.stdout;
    assert!(out.contains("shop/Deployment/web: applied, well"), "{out}");
    assert!(
        out.contains("shop/Deployment/api: left alone: no maintenance window is open; the next"),
        "{out}"
    );
    assert!(out.contains("applied 1 of 4 changes"), "{out}");
    assert!(
        out.contains("partly: 3 changes wait for a run within the next maintenance window"),
        "{out}"
    );
    assert_eq!(world.taken().len(), 1);
    let specs = world.specs();
    assert_ne!(specs[1], before[1]);
    assert_eq!((&specs[0], &specs[2..]), (&before[0], &before[2..]));
    assert_eq!(world.runs()[0]["ended"], "stopped");
    // The next run takes them up.
    let report = run("1s", &[], "json").run().ended(0).json();
    assert_eq!(report["objects"], 3);
    assert_eq!(world.wanted(), [Value::Null; 0]);
}

#[test]
fn a_freeze_that_comes_during_the_run_is_heeded() {
    // While another one is written, and between the last look and the write itself.
    for number in [1, 2, 3] {
        let world = World::new();
        let api = world.resources("Deployment", "api");
        world.standin.writing(|it| {
            it.touch = Some((number, Box::new(|store| frozen(store, "api"))));
        });
        let report = world
            .apply(&["--yes", "-o", "json", "--wave", "1"])
            .ended(0)
            .json();
        assert_eq!(outcome(&report, "api"), "left_alone", "{number}: {report}");
        assert_eq!(outcome(&report, "web"), "applied");
        assert_eq!(outcome(&report, "db"), "applied");
        assert_eq!(world.resources("Deployment", "api"), api);
        assert_eq!(world.runs()[0]["ended"], "done");
    }
    let world = World::new();
    world.standin.writing(|it| {
        let namespace = json!({"metadata": {"name": "shop", "labels": {"kcost.dev/freeze": ""}}});
        it.touch = Some((
            1,
            Box::new(move |mut store| {
                store.replace("v1", "namespaces", &namespace);
                store
            }),
        ));
    });
    let seen = world.apply(&["--yes", "--wave", "1"]).ended(0);
    let said = "left alone: its namespace has `kcost.dev/freeze`";
    assert_eq!(seen.stdout.matches(said).count(), 3, "{}", seen.stdout);
    assert_eq!(world.taken().len(), 1);
    // What is there goes back all the same.
    let run = world.last_run();
    world.rollback(&[&run, "--yes"]).ended(0);
}

fn autoscaler(percent: u32) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "newcomer", "namespace": "shop", "uid": "h"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
            "minReplicas": 2, "maxReplicas": 9,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": percent}}}],
        },
    })
}

#[test]
fn an_autoscaler_that_the_advice_did_not_know_stops_the_change() {
    let world = World::new();
    let bundle = world.bundle("then.kcost");
    let hpas = ("autoscaling/v2", "horizontalpodautoscalers");
    world
        .standin
        .change(|store| store.with(hpas.0, hpas.1, &autoscaler(20)));
    let report = world
        .apply_of(&bundle, &["--yes", "-o", "json"])
        .ended(0)
        .json();
    assert_eq!(
        skipped(&report),
        [("api".to_owned(), "autoscaler".to_owned())]
    );
    let why = report["skipped"][0]["why"]["text"].as_str().unwrap();
    assert!(
        why.contains("`newcomer`, which holds CPU at 20% of the request, was not there"),
        "{why}"
    );
    // Known by the bundle, and moved since.
    let world = World::with(|store| store.with(hpas.0, hpas.1, &autoscaler(60)));
    let bundle = world.bundle("then.kcost");
    assert_eq!(
        skipped(
            &world
                .apply_of(&bundle, &["--dry-run", "-o", "json"])
                .ended(0)
                .json()
        ),
        []
    );
    world.standin.change(|mut store| {
        store.replace(hpas.0, hpas.1, &autoscaler(20));
        store
    });
    let report = world
        .apply_of(&bundle, &["--dry-run", "-o", "json"])
        .ended(0)
        .json();
    assert_eq!(skipped(&report), [("api".to_owned(), "changed".to_owned())]);
    // A second one beside it, by memory.
    let mut second = autoscaler(70);
    second["metadata"]["name"] = "second".into();
    second["spec"]["metrics"][0]["resource"]["name"] = "memory".into();
    world.standin.change(|mut store| {
        store.replace(hpas.0, hpas.1, &autoscaler(60));
        store.with(hpas.0, hpas.1, &second)
    });
    let report = world
        .apply_of(&bundle, &["--dry-run", "-o", "json"])
        .ended(0)
        .json();
    assert_eq!(
        skipped(&report),
        [("api".to_owned(), "autoscaler".to_owned())]
    );
}

#[test]
fn what_sets_sizes_by_itself_and_came_since_stops_the_change() {
    let vpa = |mode: &str| {
        json!({
            "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
            "metadata": {"name": "sizer", "namespace": "shop", "uid": "v"},
            "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
                "updatePolicy": {"updateMode": mode}},
        })
    };
    let kind = ("autoscaling.k8s.io/v1", "verticalpodautoscalers");
    let world = World::with(|store| {
        let store = store.kind(kind.0, kind.1, "VerticalPodAutoscaler", true);
        store.with(kind.0, kind.1, &vpa("Off"))
    });
    let bundle = world.bundle("then.kcost");
    let left = || {
        let seen = world.apply_of(&bundle, &["--dry-run", "-o", "json"]);
        skipped(&seen.ended(0).json())
    };
    assert_eq!(left(), []);
    world.standin.change(|mut store| {
        store.replace(kind.0, kind.1, &vpa("Auto"));
        store
    });
    assert_eq!(left(), [("api".to_owned(), "autoscaler".to_owned())]);
}

/// A budget of all pods of the namespace.
fn budget() -> Value {
    json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "all", "namespace": "shop", "uid": "b"},
        "spec": {"maxUnavailable": 1, "selector": {}},
        "status": {"disruptionsAllowed": 1, "currentHealthy": 7, "desiredHealthy": 6, "expectedPods": 7}})
}

#[test]
fn a_disruption_budget_of_now_is_heeded_and_what_may_not_be_listed_is_told() {
    let world = World::new();
    let bundle = world.bundle("then.kcost");
    let waves = |world: &World| {
        let args = ["--dry-run", "-o", "json", "--wave", "100%"];
        let seen = world.apply_of(&bundle, &args).ended(0);
        (seen.json()["waves"].clone(), seen.stderr)
    };
    assert_eq!(waves(&world).0, 2);
    world
        .standin
        .change(|store| store.with("policy/v1", "poddisruptionbudgets", &budget()));
    assert_eq!(waves(&world).0, 4);

    let path = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets";
    let mut store = Store::empty();
    for (api_version, plural, object) in super::objects() {
        store = store.with(api_version, &plural, &object);
    }
    let store = store.with("policy/v1", "poddisruptionbudgets", &budget());
    let world = World::on(Setup::new(store).fault(path, Fault::Forbidden));
    let (waves, said) = waves(&world);
    assert_eq!(waves, 2);
    assert!(
        said.contains("what came since the usage ended is not known: not allowed to list poddisruptionbudgets in shop"),
        "{said}"
    );
    assert!(
        said.contains("`kcost rbac --apply` prints the role"),
        "{said}"
    );
}

#[test]
fn what_is_scaled_to_nothing_frees_nothing_and_restarts_nothing() {
    let world = World::new();
    let bundle = world.bundle("then.kcost");
    let scaled = |replicas: u32| {
        world.standin.change(move |store| {
            changed(store, "deployments", "api", move |it| {
                it["spec"]["replicas"] = replicas.into();
                it["status"] = json!({"observedGeneration": 1});
            })
        });
    };
    let money = |report: &Value| -> f64 {
        let change = &report["changes"][0];
        change["monthly_savings"].as_str().unwrap().parse().unwrap()
    };
    let dry = ["--dry-run", "-o", "json", "api"];
    let then = world.apply_of(&bundle, &dry).ended(0).json();
    assert!(money(&then) > 1.0, "{then}");
    scaled(1);
    let half = world.apply_of(&bundle, &dry).ended(0).json();
    assert!((money(&half) - money(&then) / 2.0).abs() < 0.011, "{half}");
    assert_eq!(
        (&half["restarts"], &half["changes"][0]["replicas"]),
        (&json!(1), &json!(1))
    );
    scaled(0);
    let none = world.apply_of(&bundle, &dry).ended(0).json();
    assert!(money(&none).abs() < 0.001, "{none}");
    assert_eq!(none["restarts"], 0);
    let seen = world.apply_of(&bundle, &["--yes", "api"]).ended(0);
    for said in [
        "no pod runs: it had 2 replicas when it was measured, and is scaled to 0 now",
        "1 change in 1 wave, 0 pods restart; no change a month",
        "shop/Deployment/api: applied to its template: no pod runs now",
        "applied 1 of 1 change, no change a month",
    ] {
        assert!(seen.stdout.contains(said), "{said}: {}", seen.stdout);
    }
}

#[test]
fn what_gets_more_comes_first_where_not_all_fits() {
    let world = World::new();
    let bundle = world.bundle("then.kcost");
    let names = |args: &[&str]| -> Vec<String> {
        let args = [&["--dry-run", "-o", "json"], args].concat();
        let report = world.apply_of(&bundle, &args).ended(0).json();
        outcomes(&report).into_iter().map(|it| it.0).collect()
    };
    assert_eq!(names(&["--max-changes", "1"]), ["web"]);
    assert_eq!(names(&["--top", "1"]), ["web"]);
    // The report, its patches and the change set select the same.
    let by = |command: &[&str]| {
        let kcost = world.command(command[0]).arg("--snapshot").arg(&bundle);
        kcost.args(&command[1..]).run().ended(0)
    };
    let report = by(&["analyze", "-o", "json", "--top", "2"]).json();
    let listed: Vec<&str> = report["workloads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(listed, names(&["--top", "2"]));
    let table = by(&["analyze", "--top", "2"]).stdout;
    let patch = by(&["analyze", "-o", "patch", "--top", "2"]).stdout;
    let made = by(&["patch", "--top", "2"]).stdout;
    for name in listed {
        assert!(table.contains(&format!("shop/{name}")), "{name}: {table}");
        for text in [&patch, &made] {
            assert!(
                text.contains(&format!("  name: {name}\n")),
                "{name}: {text}"
            );
        }
    }
    assert_eq!(made.matches("\nkind: ").count(), 2, "{made}");
}

#[test]
fn usage_of_times_to_come_is_refused() {
    let world = World::new();
    fs::write(world.path("usage.csv"), usage_until(86_400)).unwrap();
    let seen = world.apply(&["--yes"]).ended(2);
    assert!(
        seen.stderr.contains("nobody can have measured that"),
        "{}",
        seen.stderr
    );
    assert!(world.taken().is_empty());
}
