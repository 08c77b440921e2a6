//! What is not applied, and why.

use serde_json::{Value, json};

use super::World;
use crate::standin::{Fault, Setup, Store};

/// Why each workload was left out.
pub fn skipped(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["skipped"].as_array().unwrap().iter();
    let all = all.map(|it| (text(&it["name"]), text(&it["why"]["code"])));
    all.collect()
}

/// The objects of a kind, changed.
pub fn changed(mut store: Store, plural: &str, name: &str, change: impl Fn(&mut Value)) -> Store {
    let all = store.objects("apps/v1", plural).into_iter();
    let mut object = all
        .clone()
        .find(|it| it["metadata"]["name"] == name)
        .unwrap();
    change(&mut object);
    store.replace("apps/v1", plural, &object);
    store
}

fn codes(world: &World, args: &[&str]) -> Vec<(String, String)> {
    let report = world.apply(&[&["--dry-run", "-o", "json"], args].concat());
    skipped(&report.json())
}

fn one(name: &str, code: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), code.to_owned())]
}

#[test]
fn owners_say_what_is_left_alone() {
    let frozen = World::with(|store| {
        changed(store, "deployments", "api", |it| {
            it["metadata"]["annotations"] = json!({"kcost.dev/freeze": "true"});
        })
    });
    assert_eq!(codes(&frozen, &[]), one("api", "frozen"));

    let operated = World::with(|store| {
        changed(store, "statefulsets", "db", |it| {
            it["metadata"]["annotations"] =
                json!({"argocd.argoproj.io/tracking-id": "shop:apps/StatefulSet:shop/db"});
        })
    });
    assert_eq!(codes(&operated, &[]), one("db", "kept_by"));
    assert_eq!(codes(&operated, &["--live-only"]), []);

    let paused = World::with(|store| {
        changed(store, "deployments", "api", |it| {
            it["spec"]["paused"] = true.into();
        })
    });
    assert_eq!(codes(&paused, &[]), one("api", "paused"));
}

#[test]
fn a_frozen_or_protected_namespace_is_left_alone() {
    let world = World::new();
    let all = codes(&world, &["--protect", "sh*"]);
    assert!(
        all.len() == 4 && all.iter().all(|it| it.1 == "protected"),
        "{all:?}"
    );
    assert_eq!(
        codes(&world, &["--protect", "sh*", "--unprotect", "shop"]),
        []
    );
    world.standin.change(|mut store| {
        let namespace = json!({"metadata": {"name": "shop", "labels": {"kcost.dev/freeze": ""}}});
        store.replace("v1", "namespaces", &namespace);
        store
    });
    let all = codes(&world, &[]);
    assert!(
        all.len() == 4 && all.iter().all(|it| it.1 == "frozen"),
        "{all:?}"
    );
}

#[test]
fn rules_bound_a_run() {
    let world = World::new();
    let all = codes(&world, &["--max-changes", "3"]);
    assert!(all.len() == 1 && all[0].1 == "max_changes", "{all:?}");
    let never = [
        "--maintenance-window",
        "Mon 00:00-00:01",
        "--maintenance-window",
        "Thu 00:00-00:01",
    ];
    let all = codes(&world, &never);
    assert!(
        all.len() == 4 && all.iter().all(|it| it.1 == "maintenance_window"),
        "{all:?}"
    );
    assert_eq!(codes(&world, &["--maintenance-window", "00:00-24:00"]), []);
    let seen = world.apply(&["--dry-run", "--max-age", "1m"]).ended(2);
    assert!(
        seen.stderr.contains("older than `--max-age 1m`"),
        "{}",
        seen.stderr
    );
    let cut = world
        .command("apply")
        .arg("--snapshot")
        .arg(world.bundle("now.kcost"));
    let report = cut
        .args(["--dry-run", "-o", "json", "api"])
        .run()
        .ended(0)
        .json();
    let fields = report["changes"][0]["containers"][0]["fields"]
        .as_array()
        .unwrap();
    for field in fields {
        let (before, after) = (
            field["before"].as_f64().unwrap(),
            field["after"].as_f64().unwrap(),
        );
        assert!(after >= 0.69 * before, "{field}");
    }
}

#[test]
fn files_and_other_clusters_are_not_written_to() {
    let world = World::new();
    world
        .command("apply")
        .args(["--demo", "--yes"])
        .run()
        .ended(2);
    let bundle = world.bundle("now.kcost");
    let text = world
        .standin
        .kubeconfig_text("token")
        .replace("name: standin\n  context", "name: other\n  context");
    let text = text.replace("current-context: standin", "current-context: other");
    let text = text
        .replace("name: standin\n  cluster", "name: another\n  cluster")
        .replace("cluster: standin,", "cluster: another,");
    let run = |args: &[&str]| {
        let kcost = world
            .command("apply")
            .with_kubeconfig(&text)
            .arg("--snapshot")
            .arg(&bundle);
        kcost
            .args(["--dry-run", "--max-cut", "100%"])
            .args(args)
            .run()
    };
    let seen = run(&[]).ended(2);
    assert!(
        seen.stderr
            .contains("the bundle is of the cluster `standin`"),
        "{}",
        seen.stderr
    );
    run(&["--context", "other"]).ended(0);
}

#[test]
fn owners_of_fields_are_named_and_not_forced() {
    let owned = |store| {
        changed(store, "deployments", "api", |it| {
            it["metadata"]["managedFields"] = json!([{
                "manager": "helm-like", "operation": "Update", "apiVersion": "apps/v1",
                "time": "2026-08-01T10:00:00Z", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
                    "k:{\"name\":\"app\"}": {"f:resources": {"f:requests": {"f:cpu": {}}}}}}}}},
            }]);
        })
    };
    let world = World::with(owned);
    let before = world.specs();
    let report = world.apply(&["--yes", "-o", "json", "api"]).ended(0).json();
    assert_eq!(skipped(&report), one("api", "owned"));
    let why = report["skipped"][0]["why"]["text"].as_str().unwrap();
    assert!(why.contains("belongs to helm-like"), "{why}");
    assert_eq!(world.specs(), before);

    world.apply(&["--yes", "api", "--force-conflicts"]).ended(0);
    assert_ne!(world.specs(), before);
    // What was taken over is kcost's, so that the next run needs no force.
    let run = world.last_run();
    world.rollback(&[&run, "--yes"]).ended(0);
    assert_eq!(world.specs(), before);
    world.apply(&["--yes", "api"]).ended(0);
    assert_ne!(world.specs(), before);
}

#[test]
fn what_changed_since_is_a_conflict_and_never_overwritten() {
    let world = World::new();
    let bundle = world.bundle("then.kcost");
    let set = |store: Store, cpu: &'static str, version: &'static str| {
        changed(store, "deployments", "api", |it| {
            it["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] =
                cpu.into();
            it["metadata"]["resourceVersion"] = version.into();
        })
    };
    world.standin.change(|store| set(store, "3", "8"));
    let seen = world
        .apply_of(&bundle, &["--yes", "-o", "json", "api"])
        .ended(0);
    assert_eq!(skipped(&seen.json()), one("api", "changed"));
    assert!(world.taken().is_empty());

    // Between the check and the write, too.
    world.standin.change(|store| set(store, "2", "9"));
    world
        .standin
        .writing(|it| it.touch = Some((1, Box::new(move |store| set(store, "5", "10")))));
    let report = world
        .apply_of(&bundle, &["--yes", "-o", "json", "api"])
        .ended(1)
        .json();
    assert_eq!(super::outcomes(&report), one("api", "refused"));
    assert_eq!(world.resources("Deployment", "api")["requests"]["cpu"], "5");

    // What else changes of the object is no conflict.
    world.standin.change(|store| set(store, "2", "11"));
    let scaled = |store| {
        changed(store, "deployments", "api", |it| {
            it["spec"]["minReadySeconds"] = 3.into();
            it["metadata"]["resourceVersion"] = "12".into();
        })
    };
    world
        .standin
        .writing(|it| it.touch = Some((2, Box::new(scaled))));
    let report = world
        .apply_of(&bundle, &["--yes", "-o", "json", "api"])
        .ended(0)
        .json();
    assert_eq!(super::outcomes(&report), one("api", "applied"));
    assert_eq!(
        world.object("Deployment", "api")["spec"]["minReadySeconds"],
        3
    );
}

#[test]
fn a_rollback_leaves_alone_what_somebody_changed_meanwhile() {
    let world = World::new();
    let before = world.specs();
    world.apply(&["--yes", "api", "db"]).ended(0);
    let run = world.last_run();
    world.standin.change(|store| {
        changed(store, "deployments", "api", |it| {
            it["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] =
                "1".into();
            it["metadata"]["managedFields"] = json!([{
                "manager": "kubectl-edit", "operation": "Update", "time": "2026-11-29T11:00:00Z",
                "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
                    "k:{\"name\":\"app\"}": {"f:resources": {"f:requests": {"f:cpu": {}}}}}}}}},
            }]);
        })
    });
    let cpu = "spec.template.spec.containers[app].resources.requests.cpu";
    let by = "by kubectl-edit at 2026-11-29T11:00:00Z";
    let of = |report: &Value| {
        let mut changes = report["changes"].as_array().unwrap().iter();
        changes.find(|it| it["name"] == "api").unwrap().clone()
    };
    // Of each field: what is there now, what it goes back to, and what becomes of it.
    let fields = |change: &Value| -> Vec<(bool, Value, Value, Value)> {
        let fields = change["fields"].as_array().unwrap().iter();
        let told = fields.map(|it| {
            let is_ours = it["why"].is_null();
            (
                is_ours,
                it["before"].clone(),
                it["after"].clone(),
                it["outcome"].clone(),
            )
        });
        told.collect()
    };
    let left = world.resources("Deployment", "api")["limits"]["memory"].clone();
    let stays = (false, json!("1"), json!("2"), json!("refused"));

    let seen = world.rollback(&[&run, "--dry-run"]).ended(1);
    let said = format!("  left alone: {cpu} is `1` now, no longer ");
    assert!(seen.stdout.contains(&said), "{}", seen.stdout);
    assert!(
        !seen.stdout.contains(&format!("{cpu}: 1")),
        "{}",
        seen.stdout
    );
    let told = format!("memory: {} → 4Gi", left.as_str().unwrap());
    assert!(seen.stdout.contains(&told), "{}", seen.stdout);
    let dry = world.rollback(&[&run, "--dry-run", "-o", "json"]);
    let change = of(&dry.ended(1).json());
    let memory = |outcome: Value| (true, left.clone(), json!("4Gi"), outcome);
    assert!(fields(&change).contains(&stays), "{change}");
    assert!(fields(&change).contains(&memory(Value::Null)), "{change}");
    assert!(
        change["why"]["text"].as_str().unwrap().contains(by),
        "{change}"
    );

    let report = world
        .rollback(&[&run, "--yes", "-o", "json"])
        .ended(1)
        .json();
    let outcomes = super::outcomes(&report);
    assert!(
        outcomes.contains(&("api".to_owned(), "partly".to_owned())),
        "{report}"
    );
    assert!(
        outcomes.contains(&("db".to_owned(), "applied".to_owned())),
        "{report}"
    );
    let change = of(&report);
    assert!(fields(&change).contains(&stays), "{change}");
    assert!(
        fields(&change).contains(&memory(json!("applied"))),
        "{change}"
    );
    assert!(
        change["why"]["text"].as_str().unwrap().contains(by),
        "{change}"
    );
    let now = world.resources("Deployment", "api");
    assert_eq!(now["requests"]["cpu"], "1");
    assert_eq!(now["requests"]["memory"], "4Gi");
    assert_eq!(now["limits"]["memory"], "4Gi");
    assert_eq!(world.specs()[2], before[2]);
    let seen = world.rollback(&[&run, "--yes"]).ended(1);
    assert!(
        seen.stdout.contains("/api: not restored\n"),
        "{}",
        seen.stdout
    );
}

#[test]
fn what_a_server_refuses_is_told_and_the_rest_goes_on() {
    let world = World::new();
    world.standin.writing(|it| {
        it.rejects.insert("api".to_owned(), "no small pods");
    });
    let report = world.apply(&["--yes", "-o", "json"]).ended(1).json();
    assert_eq!(skipped(&report), one("api", "refused"));
    let why = report["skipped"][0]["why"]["text"].as_str().unwrap();
    assert!(why.contains("no small pods"), "{why}");
    assert_eq!(world.taken().len(), 3);
}

#[test]
fn a_role_that_only_reads_applies_nothing() {
    let world = World::new();
    let mut store = Store::empty();
    world.standin.change(|it| {
        store = it.clone();
        it
    });
    let reading = Setup::new(store)
        .fault("/write/deployments", Fault::Forbidden)
        .start();
    let world = World {
        standin: reading,
        folder: world.folder,
        kinds: Vec::new(),
    };
    let seen = world.apply(&["--yes", "api"]).ended(1);
    assert!(
        seen.stdout
            .contains("not allowed to change shop/Deployment/api"),
        "{}",
        seen.transcript()
    );
    assert!(
        seen.stdout.contains("kcost rbac --apply"),
        "{}",
        seen.stdout
    );
    assert!(world.taken().is_empty());
}

#[test]
fn one_budget_guards_one_change_at_a_time() {
    let world = World::with(|store| {
        let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": "all", "namespace": "shop"},
            "spec": {"minAvailable": 1, "selector": {"matchExpressions": [
                {"key": "app", "operator": "In", "values": ["api", "db"]}]}},
            "status": {"disruptionsAllowed": 1}});
        store.with("policy/v1", "poddisruptionbudgets", &budget)
    });
    let report = world
        .apply(&["--dry-run", "-o", "json", "--wave", "100%"])
        .ended(0)
        .json();
    let wave = |name: &str| {
        let all = report["changes"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap()["wave"].clone()
    };
    assert_ne!(wave("api"), wave("db"));
    assert_eq!(wave("agent"), wave("api"));
    assert_eq!(wave("web"), 1);
}

#[test]
fn what_writes_offers_no_demo_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    let world = World::new();
    world.apply(&["--yes", "api"]).ended(0);
    let run = world.last_run();
    let bundle = world.bundle("now.kcost");
    let bundle = bundle.to_str().unwrap();
    for (command, args) in [
        ("apply", &["--yes"][..]),
        ("apply", &["--yes", "--snapshot", bundle]),
        ("rollback", &[&run, "--yes"]),
    ] {
        let seen = world
            .command(command)
            .env("KUBECONFIG", &none)
            .args(args)
            .run()
            .ended(1);
        assert!(
            !seen.stderr.contains("--demo"),
            "{command}: {}",
            seen.stderr
        );
        assert!(
            seen.stderr.contains("KUBECONFIG"),
            "{command}: {}",
            seen.stderr
        );
    }
}
