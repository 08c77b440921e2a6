//! Records of runs in the cluster, changes that no pod has yet, and clusters that only look alike.

use std::fs;

use serde_json::{Value, json};

use super::governed::changed;
use super::interrupted::killed;
use super::{World, usage_until};
use crate::standin::{Fault, Moment, Setup, Store};

const SHELF: &str = "configmap:kcost/kcost-history";

fn with_config_maps() -> World {
    World::with(|store| store.kind("v1", "configmaps", "ConfigMap", true))
}

/// Analyzes a bundle of now.
fn analyzed(world: &World, name: &str) {
    let bundle = world.bundle(name);
    let analyze = world.command("analyze").arg("--snapshot").arg(bundle);
    analyze.args(["--history", SHELF]).run().ended(0);
}

fn records(world: &World) -> Vec<Value> {
    let history = world.command("history").args([SHELF, "-o", "json"]);
    let report = history.run().ended(0).json();
    report["records"].as_array().unwrap().clone()
}

#[test]
fn records_are_kept_in_a_config_map_with_what_was_applied() {
    let world = with_config_maps();
    let none = world.command("history").arg(SHELF).run().ended(3);
    assert!(none.stderr.contains("holds no record"), "{}", none.stderr);
    analyzed(&world, "a.kcost");
    assert_eq!(records(&world).len(), 1);
    // The same again is the same record.
    analyzed(&world, "a.kcost");
    assert_eq!(records(&world).len(), 1);
    world.apply(&["--yes", "--history", SHELF]).ended(0);
    analyzed(&world, "b.kcost");
    let all = records(&world);
    // With other sizes, and what was applied, nothing is lost.
    assert_eq!(all.len(), 3, "{all:?}");
    let written: Vec<&Value> = all
        .iter()
        .map(|it| &it["applied"])
        .filter(|it| !it.is_null())
        .collect();
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["run"], world.last_run().as_str());
    assert_eq!(written[0]["workloads"].as_array().unwrap().len(), 4);
    let seen = world.command("history").arg(SHELF).run().ended(0);
    assert!(
        seen.stdout.contains("APPLIED") && seen.stdout.contains("4 of 4"),
        "{}",
        seen.stdout
    );
    let map = &world.standin.objects("v1", "configmaps")[0];
    assert_eq!(map["binaryData"].as_object().unwrap().len(), 3);
    let bundle = world.bundle("c.kcost");
    let verify = world
        .command("verify")
        .arg(SHELF)
        .arg("--snapshot")
        .arg(bundle);
    // There is nothing after it yet, which is read from there.
    assert!(verify.run().ended(3).stderr.contains("no usage after"));
}

#[test]
fn what_was_rolled_back_is_told_by_history_and_verify() {
    let world = World::new();
    let runs = world.path("runs");
    let folder = runs.to_str().unwrap();
    let seen = world.apply(&["--yes", "--history", folder]).ended(0);
    assert!(seen.stdout.contains("applied 4 of 4"), "{}", seen.stdout);
    let history = |more: &[&str]| {
        let kcost = world.command("history").arg(&runs).args(more);
        kcost.run().ended(0)
    };
    assert!(history(&[]).stdout.contains("4 of 4"));
    let run = world.last_run();
    world.rollback(&[&run, "--yes"]).ended(0);
    let text = history(&[]).stdout;
    assert!(text.contains("4 of 4, rolled back"), "{text}");
    let applied = history(&["-o", "json"]).json()["records"][0]["applied"].clone();
    assert_eq!(
        (&applied["changed"], &applied["rolled_back"]),
        (&json!(4), &json!(4))
    );
    // Where the log is not at hand, only what the run told is known.
    let none =
        history(&["--log", "/nowhere", "-o", "json"]).json()["records"][0]["applied"].clone();
    assert_eq!(none["rolled_back"], Value::Null);

    fs::write(world.path("usage.csv"), usage_until(8 * 86_400)).unwrap();
    let later = world.bundle("later.kcost");
    let verify = |more: &[&str]| {
        let kcost = world
            .command("verify")
            .arg(&runs)
            .arg("--snapshot")
            .arg(&later);
        kcost.args(more).run().ended(0)
    };
    let report = verify(&["-o", "json"]).json();
    assert_eq!(
        (&report["summary"]["undone"], &report["summary"]["applied"]),
        (&json!(4), &json!(0))
    );
    assert_eq!(report["workloads"][0]["applied"], "undone_since");
    let text = verify(&[]).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("4 applied by kcost and undone since"),
        "{text}"
    );
}

#[test]
fn a_run_that_is_killed_is_in_the_history() {
    let world = World::new();
    let runs = world.path("runs");
    let folder = runs.to_str().unwrap();
    killed(&world, 2, Moment::Before, &["--history", folder]);
    let history = |more: &[&str]| {
        let kcost = world.command("history").arg(&runs).args(more);
        kcost.run().ended(0)
    };
    let text = history(&[]).stdout;
    assert!(text.contains("1 of 4, interrupted"), "{text}");
    let none = history(&["--log", "/nowhere"]).stdout;
    assert!(none.contains("begun, of 4"), "{none}");
    // Who looks it up writes it down.
    world.apply(&["--yes", "--history", folder]).ended(0);
    let none = history(&["--log", "/nowhere"]).stdout;
    assert!(none.contains("1 of 4") && !none.contains("begun"), "{none}");
    assert!(none.contains("3 of 3"), "{none}");
}

#[test]
fn who_may_not_keep_records_is_told_which_role_does() {
    let path = "/api/v1/namespaces/kcost/configmaps*";
    let mut store = Store::empty();
    for (api_version, plural, object) in super::objects() {
        store = store.with(api_version, &plural, &object);
    }
    let store = store.kind("v1", "configmaps", "ConfigMap", true);
    let world = World::on(Setup::new(store).fault(path, Fault::Forbidden));
    let bundle = world.bundle("now.kcost");
    let role = "`kcost rbac --history kcost/kcost-history` prints the role";
    for command in ["analyze", "patch"] {
        let kcost = world.command(command).arg("--snapshot").arg(&bundle);
        let seen = kcost.args(["--history", SHELF]).run().ended(1);
        assert!(seen.stderr.contains(role), "{}", seen.stderr);
    }
    let seen = world.apply(&["--yes", "--history", SHELF]).ended(1);
    assert!(seen.stderr.contains(role), "{}", seen.stderr);
    assert!(world.taken().is_empty());
    let seen = world.command("history").arg(SHELF).run().ended(1);
    assert!(seen.stderr.contains(role), "{}", seen.stderr);
}

#[test]
fn records_in_a_folder_stand_beside_each_other_where_objects_differ() {
    let world = World::new();
    let runs = world.path("runs");
    let keep = |name: &str| {
        let analyze = world
            .command("analyze")
            .arg("--snapshot")
            .arg(world.bundle(name));
        analyze.arg("--history").arg(&runs).run().ended(0);
        fs::read_dir(&runs).unwrap().count()
    };
    assert_eq!(keep("a.kcost"), 1);
    assert_eq!(keep("a.kcost"), 1);
    let apply = world.apply(&["--yes", "--history", runs.to_str().unwrap()]);
    apply.ended(0);
    assert_eq!(keep("b.kcost"), 3);
}

#[test]
fn a_cluster_of_the_same_name_is_another_one() {
    let world = World::new();
    let bundle = world.bundle("now.kcost");
    let other = World::with(|store| {
        let node = store.objects("v1", "nodes").remove(0);
        let mut node = node;
        node["metadata"]["name"] = "m0".into();
        store.gone("v1", "nodes", "n0").with("v1", "nodes", &node)
    });
    let seen = other.apply_of(&bundle, &["--yes"]).ended(2);
    assert!(
        seen.stderr
            .contains("is not the cluster of the bundle: that has the nodes n0, this one m0"),
        "{}",
        seen.stderr
    );
    assert!(other.taken().is_empty());
    // An object that was made anew is another one, too.
    let at = |time: &'static str| {
        move |store: Store| {
            changed(store, "deployments", "api", |it| {
                it["metadata"]["creationTimestamp"] = time.into();
            })
        }
    };
    let world = World::with(at("2026-01-01T00:00:00Z"));
    let bundle = world.bundle("now.kcost");
    let other = World::with(at("2026-02-01T00:00:00Z"));
    let seen = other.apply_of(&bundle, &["--yes"]).ended(0);
    assert!(seen.stdout.contains("it is another one"), "{}", seen.stdout);
    assert!(!other.taken().iter().any(|it| it.ends_with("/api")));
}

#[test]
fn what_no_pod_has_yet_is_told_as_that() {
    let world = World::with(|store| {
        let mut store = changed(store, "daemonsets", "agent", |it| {
            it["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        });
        // What restarts is not resized.
        let restarts = ["cpu", "memory"]
            .map(|it| json!({"resourceName": it, "restartPolicy": "RestartContainer"}));
        let mut pods = store.objects("v1", "pods").into_iter();
        let mut pod = pods.find(|it| it["metadata"]["name"] == "agent-0").unwrap();
        pod["spec"]["containers"][0]["resizePolicy"] = json!(restarts);
        store.replace("v1", "pods", &pod);
        store
    });
    let seen = world.apply(&["--yes"]).ended(0);
    assert!(
        seen.stdout.contains(
            "agent: applied to its template: running pods keep their sizes until they are deleted"
        ),
        "{}",
        seen.stdout
    );
    assert!(
        seen.stdout.contains("once pods are made anew"),
        "{}",
        seen.stdout
    );
}

#[test]
fn a_limit_that_no_pod_can_get_does_not_hold_the_rest_up() {
    let bare = |object: &mut Value, path: &str| {
        let resources = object.pointer_mut(path).unwrap();
        resources.as_object_mut().unwrap().remove("limits");
    };
    let world = World::with(|store| {
        let mut store = changed(store, "daemonsets", "agent", |it| {
            it["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
            bare(it, "/spec/template/spec/containers/0/resources");
        });
        let mut pods = store.objects("v1", "pods").into_iter();
        let mut pod = pods.find(|it| it["metadata"]["name"] == "agent-0").unwrap();
        bare(&mut pod, "/spec/containers/0/resources");
        store.replace("v1", "pods", &pod);
        store
    });
    let seen = world.apply(&["--yes", "-o", "json"]).ended(0).json();
    let changes = seen["changes"].as_array().unwrap();
    let agent = changes.iter().find(|it| it["name"] == "agent").unwrap();
    let fields = agent["containers"][0]["fields"].as_array().unwrap();
    let limit = fields
        .iter()
        .find(|it| it["field"] == "memory_limit_bytes")
        .unwrap();
    assert!(
        limit["before"].is_null() && limit["after"].is_number(),
        "{limit}"
    );
    let pods = world.standin.objects("v1", "pods").into_iter();
    let pod = pods
        .clone()
        .find(|it| it["metadata"]["name"] == "agent-0")
        .unwrap();
    let resources = &pod["spec"]["containers"][0]["resources"];
    assert_ne!(resources["requests"]["cpu"], "1");
    assert_ne!(resources["requests"]["memory"], "2Gi");
    assert!(resources["limits"]["memory"].is_null(), "{resources}");
}
