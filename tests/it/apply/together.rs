//! What has to change at once: targets of autoscalers, heaps, and pods in their places.

use serde_json::{Value, json};

use super::World;
use super::governed::changed;
use super::interrupted::killed;
use crate::standin::{Moment, Store};

/// A JVM with far more heap than it uses, and an autoscaler on its CPU.
fn scaled(store: Store) -> Store {
    let heap = |spec: &mut Value| {
        spec["containers"][0]["env"] = json!([
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}},
            {"name": "JAVA_TOOL_OPTIONS", "value": "-XX:+UseG1GC -Xms256m -Xmx3g"},
        ]);
    };
    let mut store = changed(store, "deployments", "api", |it| {
        heap(&mut it["spec"]["template"]["spec"]);
        let resources = &mut it["spec"]["template"]["spec"]["containers"][0]["resources"];
        resources["requests"]["cpu"] = "400m".into();
    });
    for mut pod in store.objects("v1", "pods") {
        if pod["metadata"]["labels"]["app"] == "api" {
            heap(&mut pod["spec"]);
            pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "400m".into();
            store.replace("v1", "pods", &pod);
        }
    }
    let autoscaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "api", "namespace": "shop", "uid": "h"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
            "minReplicas": 2, "maxReplicas": 9,
            "metrics": [
                {"type": "Resource", "resource": {"name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 30}}},
                {"type": "External", "external": {"metric": {"name": "queue"},
                    "target": {"type": "AverageValue", "averageValue": "30"}}},
            ],
        },
    });
    store.with("autoscaling/v2", "horizontalpodautoscalers", &autoscaler)
}

fn target(world: &World) -> Value {
    let all = world
        .standin
        .objects("autoscaling/v2", "horizontalpodautoscalers");
    all[0]["spec"]["metrics"][0]["resource"]["target"].clone()
}

fn thirty() -> Value {
    json!({"type": "Utilization", "averageUtilization": 30})
}

fn heap(world: &World) -> String {
    let api = world.object("Deployment", "api");
    let env = &api["spec"]["template"]["spec"]["containers"][0]["env"];
    env[1]["value"].as_str().unwrap().to_owned()
}

#[test]
fn targets_and_heaps_travel_with_the_requests_that_need_them() {
    let world = World::with(scaled);
    let before = world.specs();
    let seen = world.apply(&["--yes", "api"]).ended(0);
    assert!(
        seen.stdout.contains("autoscaler api: cpu 30% → "),
        "{}",
        seen.stdout
    );
    // Use is a share of the request: where that falls, the target rises before.
    let taken = world.taken();
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert!(
        taken[0].ends_with("/horizontalpodautoscalers/api"),
        "{taken:?}"
    );
    assert_ne!(target(&world), thirty());
    assert!(
        heap(&world).starts_with("-XX:+UseG1GC -Xms"),
        "{}",
        heap(&world)
    );
    assert!(!heap(&world).contains("-Xmx3g"), "{}", heap(&world));
    let run = world.last_run();
    world.rollback(&[&run, "--yes"]).ended(0);
    assert_eq!((world.specs(), target(&world)), (before, thirty()));
}

#[test]
fn a_request_and_the_target_that_is_a_share_of_it_go_back_together() {
    let moved = |world: &World| {
        (
            world.resources("Deployment", "api")["requests"]["cpu"].clone(),
            target(world),
        )
    };
    // Somebody has set the request since.
    let world = World::with(scaled);
    let memory = world.resources("Deployment", "api")["requests"]["memory"].clone();
    world.apply(&["--yes", "api"]).ended(0);
    let run = world.last_run();
    let (_, applied) = moved(&world);
    world.standin.change(|store| {
        changed(store, "deployments", "api", |it| {
            it["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] =
                "300m".into();
        })
    });
    let dry = world.rollback(&[&run, "--dry-run"]).ended(1);
    let said = "the target is a share of a request that stays as it is";
    assert!(dry.stdout.contains(said), "{}", dry.stdout);
    let seen = world
        .rollback(&[&run, "--yes", "-o", "json"])
        .ended(1)
        .json();
    assert_eq!(moved(&world), (json!("300m"), applied));
    assert!(seen.to_string().contains("\"together\""), "{seen}");
    // What does not belong to it goes back.
    assert_eq!(
        world.resources("Deployment", "api")["requests"]["memory"],
        memory
    );

    // Somebody has set the target since.
    let world = World::with(scaled);
    world.apply(&["--yes", "api"]).ended(0);
    let run = world.last_run();
    let (request, _) = moved(&world);
    let eighty = json!({"type": "Utilization", "averageUtilization": 80});
    let set = eighty.clone();
    world.standin.change(move |mut store| {
        let mut all = store.objects("autoscaling/v2", "horizontalpodautoscalers");
        all[0]["spec"]["metrics"][0]["resource"]["target"] = set;
        store.replace("autoscaling/v2", "horizontalpodautoscalers", &all[0]);
        store
    });
    let seen = world.rollback(&[&run, "--yes"]).ended(1);
    assert_eq!(moved(&world), (request, eighty));
    let said = "the target of its autoscaler, which is a share of the request, stays as it is";
    assert!(seen.stdout.contains(said), "{}", seen.stdout);

    // Somebody sets the request while it goes back.
    let world = World::with(scaled);
    world.apply(&["--yes", "api"]).ended(0);
    let run = world.last_run();
    let (_, applied) = moved(&world);
    world.standin.writing(|it| {
        let set = |store| {
            changed(store, "deployments", "api", |it| {
                it["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] =
                    "300m".into();
                it["metadata"]["resourceVersion"] = "5000000".into();
            })
        };
        it.hold(99, Moment::Before);
        it.touch = Some((1, Box::new(set)));
    });
    world.rollback(&[&run, "--yes"]).ended(1);
    assert_eq!(moved(&world), (json!("300m"), applied));

    // The autoscaler is gone: the request stands alone, and goes back.
    let world = World::with(scaled);
    world.apply(&["--yes", "api"]).ended(0);
    let run = world.last_run();
    world
        .standin
        .change(|store| store.gone("autoscaling/v2", "horizontalpodautoscalers", "api"));
    world.rollback(&[&run, "--yes"]).ended(1);
    assert_eq!(
        world.resources("Deployment", "api")["requests"]["cpu"],
        "400m"
    );
}

#[test]
fn what_was_done_by_half_is_taken_back_before_anything_is_advised_anew() {
    for (number, moment) in [(1, Moment::After), (2, Moment::Before), (2, Moment::After)] {
        let world = World::with(scaled);
        let before = world.specs();
        killed(&world, number, moment, &["api"]);
        let whole = (number, moment) == (2, Moment::After);
        let run = world.last_run();
        if whole {
            world.rollback(&[&run, "--yes"]).ended(0);
        } else {
            // Sizes are looked at again: nothing may be half done by then.
            let seen = world.apply(&["--dry-run", "api"]).ended(0);
            assert!(
                seen.stderr.contains("was interrupted, and may"),
                "{}",
                seen.stderr
            );
            world
                .apply(&["--yes", "--max-changes", "1", "web"])
                .ended(0);
            let runs = world.runs();
            assert_eq!(runs[0]["objects_changed"], 0, "{runs:?}");
            assert_eq!(target(&world), thirty());
            world.apply(&["--yes", "api"]).ended(0);
            assert_ne!(target(&world), thirty());
            for run in world.runs().iter().rev() {
                world
                    .rollback(&[run["run"].as_str().unwrap(), "--yes"])
                    .ended(0);
            }
        }
        assert_eq!((world.specs(), target(&world)), (before, thirty()));
    }
}

#[test]
fn pods_that_stay_are_resized_in_their_places() {
    let on_delete = |store| {
        changed(store, "daemonsets", "agent", |it| {
            it["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        })
    };
    let world = World::with(on_delete);
    let resources = |world: &World| {
        let pods = world.standin.objects("v1", "pods").into_iter();
        let mut pods = pods.filter(|it| it["metadata"]["name"] == "agent-0");
        pods.next().unwrap()["spec"]["containers"][0]["resources"].clone()
    };
    let before = resources(&world);
    world.apply(&["--yes", "agent"]).ended(0);
    let taken = world.taken();
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert!(taken[1].ends_with("/pods/agent-0/resize"), "{taken:?}");
    assert_eq!(resources(&world), world.resources("DaemonSet", "agent"));
    assert_ne!(resources(&world), before);
    let run = world.last_run();
    world.rollback(&[&run, "--yes"]).ended(0);
    assert_eq!(resources(&world), before);
    assert_eq!(world.resources("DaemonSet", "agent"), before);

    // A change that needs a restart waits for one.
    world.standin.change(|mut store| {
        let pods = store.objects("v1", "pods").into_iter();
        let mut pod = pods
            .clone()
            .find(|it| it["metadata"]["name"] == "agent-0")
            .unwrap();
        pod["spec"]["containers"][0]["resizePolicy"] =
            json!([{"resourceName": "memory", "restartPolicy": "RestartContainer"}]);
        store.replace("v1", "pods", &pod);
        store
    });
    world.apply(&["--yes", "agent"]).ended(0);
    assert_eq!(resources(&world), before);
    assert_ne!(world.resources("DaemonSet", "agent"), before);
}
