//! Kinds that not every cluster has: Rollouts of Argo, DeploymentConfigs.

use serde_json::{Value, json};

use super::{World, outcomes};
use crate::standin::{Goes, ROLLOUTS, Store};

const CONFIGS: &str = "apps.openshift.io/v1";

/// The Deployment `api` as an object of another kind, with its pods.
fn turned(mut store: Store, kind: (&str, &str, &str), change: impl Fn(&mut Value)) -> Store {
    let (api_version, plural, name) = kind;
    let all = store.objects("apps/v1", "deployments").into_iter();
    let mut object = all
        .clone()
        .find(|it| it["metadata"]["name"] == "api")
        .unwrap();
    object["kind"] = name.into();
    object["apiVersion"] = api_version.into();
    change(&mut object);
    let sets = store.objects("apps/v1", "replicasets").into_iter();
    let mut set = sets
        .clone()
        .find(|it| it["metadata"]["name"] == "api-1")
        .unwrap();
    let owner = &mut set["metadata"]["ownerReferences"][0];
    owner["kind"] = name.into();
    owner["apiVersion"] = api_version.into();
    owner["uid"] = object["metadata"]["uid"].clone();
    store.replace("apps/v1", "replicasets", &set);
    store
        .kind(api_version, plural, name, true)
        .with(api_version, plural, &object)
}

fn rollouts(change: impl Fn(&mut Value)) -> World {
    let mut world = World::with(|store| {
        let store = turned(store, (ROLLOUTS, "rollouts", "Rollout"), |it| {
            it["status"]["observedGeneration"] = "1".into();
            it["status"]["phase"] = "Healthy".into();
            change(it);
        });
        store.gone("apps/v1", "deployments", "api")
    });
    world.kinds = vec![(ROLLOUTS, "rollouts")];
    world
}

fn one(world: &World, api_version: &str, plural: &str) -> Value {
    world.standin.objects(api_version, plural)[0].clone()
}

fn outcome(report: &Value, name: &str) -> String {
    let all = outcomes(report);
    let found = all.into_iter().find(|it| it.0 == name);
    found.map_or_else(String::new, |it| it.1)
}

#[test]
fn a_rollout_is_changed_followed_and_taken_back() {
    let world = rollouts(|_| {});
    let before = one(&world, ROLLOUTS, "rollouts")["spec"].clone();
    world.standin.writing(|it| {
        it.goes.insert("api".to_owned(), Goes::After(4));
    });
    let report = world.apply(&["--yes", "-o", "json", "api"]).ended(0).json();
    assert_eq!(outcome(&report, "api"), "applied", "{report}");
    let after = one(&world, ROLLOUTS, "rollouts");
    assert_ne!(after["spec"], before);
    // An apply would own, and replace, the whole list of containers.
    assert_eq!(after["metadata"]["managedFields"][0]["operation"], "Update");
    let looks = world.standin.asked().into_iter();
    let looks = looks.filter(|it| it.verb == "GET" && it.path.ends_with("/rollouts/api"));
    assert!(looks.count() > 5);
    world.rollback(&[&world.last_run(), "--yes"]).ended(0);
    assert_eq!(one(&world, ROLLOUTS, "rollouts")["spec"], before);
}

#[test]
fn a_rollout_that_degrades_goes_back() {
    let world = rollouts(|_| {});
    let before = one(&world, ROLLOUTS, "rollouts")["spec"].clone();
    world.standin.writing(|it| {
        it.goes.insert("api".to_owned(), Goes::Stuck);
    });
    let report = world.apply(&["--yes", "-o", "json", "api"]).ended(1).json();
    assert_eq!(outcome(&report, "api"), "rolled_back", "{report}");
    let why = report["changes"][0]["why"]["text"].as_str().unwrap();
    assert!(why.contains("timed out progressing"), "{why}");
    assert_eq!(one(&world, ROLLOUTS, "rollouts")["spec"], before);
}

#[test]
fn a_rollout_that_stops_for_somebody_is_not_begun() {
    let steps = json!([{"setWeight": 20}, {"pause": {}}]);
    let world = rollouts(|it| it["spec"]["strategy"] = json!({"canary": {"steps": steps}}));
    let report = world
        .apply(&["--dry-run", "-o", "json", "api"])
        .ended(0)
        .json();
    assert_eq!(report["skipped"][0]["why"]["code"], "held", "{report}");
    let text = report["skipped"][0]["why"]["text"].as_str().unwrap();
    assert!(text.contains("until somebody promotes it"), "{text}");
}

/// A Rollout that takes its template from the Deployment `api`, which has no pods.
fn borrowed() -> World {
    let mut world = World::with(|store| {
        let mut store = turned(store, (ROLLOUTS, "rollouts", "Rollout"), |it| {
            it["metadata"]["uid"] = "api-rollout".into();
            it["spec"].as_object_mut().unwrap().remove("template");
            it["spec"]["workloadRef"] =
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"});
            it["status"]["observedGeneration"] = "1".into();
            it["status"]["workloadObservedGeneration"] = "1".into();
            it["status"]["phase"] = "Healthy".into();
        });
        let lender = store.objects("apps/v1", "deployments").into_iter();
        let mut lender = lender
            .clone()
            .find(|it| it["metadata"]["name"] == "api")
            .unwrap();
        lender["spec"]["replicas"] = 0.into();
        lender["status"] = json!({"observedGeneration": 9});
        store.replace("apps/v1", "deployments", &lender);
        store
    });
    world.kinds = vec![(ROLLOUTS, "rollouts")];
    world
}

#[test]
fn what_lends_its_template_is_changed_and_what_takes_it_is_followed() {
    let world = borrowed();
    let before = world.resources("Deployment", "api");
    let report = world.apply(&["--yes", "-o", "json", "api"]).ended(0).json();
    assert_eq!(outcome(&report, "api"), "applied", "{report}");
    assert_ne!(world.resources("Deployment", "api"), before);
    assert!(
        world.taken()[0].ends_with("/deployments/api"),
        "{:?}",
        world.taken()
    );
    assert_eq!(
        one(&world, ROLLOUTS, "rollouts")["status"]["workloadObservedGeneration"],
        "2"
    );

    // A Deployment without pods is ready at once; the Rollout is not.
    let world = borrowed();
    world.standin.writing(|it| {
        it.goes.insert("api".to_owned(), Goes::Stuck);
    });
    let report = world.apply(&["--yes", "-o", "json", "api"]).ended(1).json();
    assert_eq!(outcome(&report, "api"), "rolled_back", "{report}");
    assert_eq!(world.resources("Deployment", "api"), before);
}

fn configs(triggers: &Value) -> World {
    let mut world = World::with(|store| {
        let store = turned(
            store,
            (CONFIGS, "deploymentconfigs", "DeploymentConfig"),
            |it| {
                it["spec"]["selector"] = json!({"app": "api"});
                it["spec"]["triggers"] = triggers.clone();
            },
        );
        store.gone("apps/v1", "deployments", "api")
    });
    world.kinds = vec![(CONFIGS, "deploymentconfigs")];
    world
}

#[test]
fn a_deployment_config_is_changed_where_a_change_rolls_out() {
    let world = configs(&json!([{"type": "ConfigChange"}]));
    let before = one(&world, CONFIGS, "deploymentconfigs")["spec"].clone();
    let report = world.apply(&["--yes", "-o", "json", "api"]).ended(0).json();
    assert_eq!(outcome(&report, "api"), "applied", "{report}");
    assert_ne!(one(&world, CONFIGS, "deploymentconfigs")["spec"], before);
    world.rollback(&[&world.last_run(), "--yes"]).ended(0);
    assert_eq!(one(&world, CONFIGS, "deploymentconfigs")["spec"], before);

    let world = configs(&json!([{"type": "ImageChange"}]));
    let report = world
        .apply(&["--dry-run", "-o", "json", "api"])
        .ended(0)
        .json();
    assert_eq!(report["skipped"][0]["why"]["code"], "held", "{report}");
}

const PROMETHEUS: (&str, &str, &str) = ("monitoring.coreos.com/v1", "prometheuses", "Prometheus");
const KAFKA: (&str, &str, &str) = ("kafka.strimzi.io/v1beta2", "kafkas", "Kafka");

/// The pods of `db` as an operator makes them of a resource of its own.
fn operated(
    kind: (&'static str, &'static str, &'static str),
    container: &str,
    spec: &Value,
) -> World {
    let (api_version, plural, name) = kind;
    let owner = json!([{"apiVersion": api_version, "kind": name, "name": "db", "uid": "db-cr", "controller": true}]);
    let mut world = World::with(|mut store| {
        for mut pod in store.objects("v1", "pods") {
            if pod["metadata"]["labels"]["app"] == "db" {
                pod["spec"]["containers"][0]["name"] = container.into();
                pod["status"]["containerStatuses"][0]["name"] = container.into();
                pod["metadata"]["labels"] = json!({"app": "db", "strimzi.io/cluster": "db",
                    "app.kubernetes.io/managed-by": "prometheus-operator", "app.kubernetes.io/instance": "db"});
                if name == "Kafka" {
                    pod["metadata"]["ownerReferences"] = owner.clone();
                }
                store.replace("v1", "pods", &pod);
            }
        }
        let mut set = store.objects("apps/v1", "statefulsets")[0].clone();
        set["metadata"]["ownerReferences"] = owner.clone();
        set["spec"]["template"]["spec"]["containers"][0]["name"] = container.into();
        store.replace("apps/v1", "statefulsets", &set);
        if name == "Kafka" {
            store = store.gone("apps/v1", "statefulsets", "db");
        }
        let condition =
            |kind: &str| json!({"type": kind, "status": "True", "observedGeneration": 1});
        let object = json!({
            "apiVersion": api_version, "kind": name,
            "metadata": {"name": "db", "namespace": "shop", "uid": "db-cr", "generation": 1, "resourceVersion": "7"},
            "spec": spec,
            "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
                "conditions": [condition("Reconciled"), condition("Ready")]},
        });
        let store = store.kind(api_version, plural, name, true);
        store.with(api_version, plural, &object)
    });
    world.kinds = vec![(api_version, plural)];
    let usage = std::fs::read_to_string(world.path("usage.csv")).unwrap();
    let usage = ["db-0", "db-1"].iter().fold(usage, |usage, pod| {
        usage.replace(&format!("{pod},app,"), &format!("{pod},{container},"))
    });
    std::fs::write(world.path("usage.csv"), usage).unwrap();
    world
}

#[test]
fn a_resource_that_is_the_source_of_sizes_is_changed_itself() {
    let sizes = json!({"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "4Gi"}});
    let prometheus = json!({"replicas": 2, "resources": sizes});
    let kafka = json!({"kafka": {"replicas": 2, "resources": sizes}, "zookeeper": {"replicas": 3}});
    for (kind, container, spec, at) in [
        (PROMETHEUS, "prometheus", prometheus, "/resources"),
        (KAFKA, "kafka", kafka, "/kafka/resources"),
    ] {
        let world = operated(kind, container, &spec);
        let report = world.apply(&["--yes", "-o", "json", "db"]).ended(0).json();
        assert_eq!(outcome(&report, "db"), "applied", "{report}");
        let mut after = one(&world, kind.0, kind.1)["spec"].clone();
        assert_ne!(after.pointer(at).unwrap()["requests"]["cpu"], "2");
        // Nothing else of it.
        *after.pointer_mut(at).unwrap() = sizes.clone();
        assert_eq!(after, spec);
        assert_eq!(world.taken().len(), 1, "{:?}", world.taken());
        world.rollback(&[&world.last_run(), "--yes"]).ended(0);
        assert_eq!(one(&world, kind.0, kind.1)["spec"], spec);

        let world = operated(kind, container, &spec);
        world.standin.writing(|it| {
            it.goes.insert("db".to_owned(), Goes::Killed);
        });
        let report = world.apply(&["--yes", "-o", "json", "db"]).ended(1).json();
        assert_eq!(outcome(&report, "db"), "rolled_back", "{report}");
        let why = report["changes"][0]["why"]["text"].as_str().unwrap();
        assert!(why.contains("OOMKilled"), "{why}");
        assert_eq!(one(&world, kind.0, kind.1)["spec"], spec);
    }
}

#[test]
fn a_tree_holds_the_resource_and_is_changed_there() {
    let sizes = json!({"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "4Gi"}});
    let world = operated(
        PROMETHEUS,
        "prometheus",
        &json!({"replicas": 2, "resources": sizes}),
    );
    let bundle = world.bundle("tree.kcost");
    let tree = world.path("tree");
    std::fs::create_dir(&tree).unwrap();
    let text = "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: db, namespace: shop}\nspec:\n  replicas: 2 # two\n  resources:\n    requests: {cpu: 2, memory: 4Gi} # much\n    limits: {memory: 4Gi}\n";
    std::fs::write(tree.join("prometheus.yaml"), text).unwrap();
    let seen = world
        .command("patch")
        .arg("--snapshot")
        .arg(bundle)
        .arg("db")
        .arg("--into")
        .arg(&tree);
    let seen = seen.run().ended(0);
    assert!(
        seen.stdout.contains("changed 1 file for 1 of 1 workload"),
        "{}",
        seen.stdout
    );
    let edited = std::fs::read_to_string(tree.join("prometheus.yaml")).unwrap();
    assert!(
        edited.contains("} # much\n") && !edited.contains("4Gi"),
        "{edited}"
    );
}
