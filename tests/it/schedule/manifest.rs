//! Schedules as objects: what KEDA, Kubernetes and kubectl take.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use serde_json::{Value, json};

use super::{Made, bundle, bundle_on, friday};
use crate::common::{Kcost, needs};
use crate::standin::{Setup, Store};

const HOUR: i64 = 3_600;

/// What is printed for the steep peak of a Friday, on nodes of so many cores.
fn printed(form: &str, cores: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.8, 7.2);
    let made = Made {
        start: 300,
        cores: &sale,
        ..Made::default()
    };
    let bundle = bundle_on(folder.path(), &[made], cores);
    let args = ["schedule", "--snapshot", &bundle, "-o", form];
    let zone = ["--time-zone", "Europe/Berlin"];
    Kcost::new()
        .args(args.iter().chain(&zone))
        .run()
        .ended(0)
        .stdout
}

fn objects(text: &str) -> Vec<Value> {
    let documents = text.split("---\n").skip(1);
    documents
        .map(|it| serde_yaml::from_str(it).unwrap())
        .collect()
}

/// Whether Kubernetes knows every field: what it does not is lost on the way.
fn is_known(object: &Value) -> bool {
    fn again<T: serde::de::DeserializeOwned + serde::Serialize>(object: &Value) -> Value {
        let read: T = serde_json::from_value(object.clone()).unwrap();
        serde_json::to_value(read).unwrap()
    }
    let read = match object["kind"].as_str().unwrap() {
        "HorizontalPodAutoscaler" => again::<HorizontalPodAutoscaler>(object),
        "CronJob" => again::<CronJob>(object),
        "ServiceAccount" => again::<ServiceAccount>(object),
        "Role" => again::<Role>(object),
        "RoleBinding" => again::<RoleBinding>(object),
        "Deployment" => again::<Deployment>(object),
        "PriorityClass" => again::<PriorityClass>(object),
        _ => return is_scaled_object(object),
    };
    read == *object
}

/// The schema of `keda.sh/v1alpha1` ScaledObject, as far as it is used here, with what its
/// webhook and the cron scaler refuse.
fn is_scaled_object(object: &Value) -> bool {
    let keys = |value: &Value, known: &[&str]| {
        let fields = value.as_object().unwrap();
        fields.keys().all(|key| known.contains(&key.as_str()))
    };
    let spec = &object["spec"];
    let known = [
        "scaleTargetRef",
        "minReplicaCount",
        "maxReplicaCount",
        "triggers",
        "advanced",
    ];
    let counts = spec["minReplicaCount"].as_u64() <= spec["maxReplicaCount"].as_u64();
    let named = spec["scaleTargetRef"]["name"].is_string();
    let triggers = spec["triggers"].as_array().unwrap();
    let mut names: Vec<&str> = triggers
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    let all = names.len();
    names.dedup();
    let trigger = |it: &Value| {
        let metadata = &it["metadata"];
        let texts = metadata.as_object().unwrap().values().all(Value::is_string);
        let right = match it["type"].as_str().unwrap() {
            "cpu" => keys(metadata, &["value"]) && it["metricType"] == "Utilization",
            "cron" => {
                let replicas = metadata["desiredReplicas"].as_str().unwrap();
                let fields = |key: &str| metadata[key].as_str().unwrap().split(' ').count();
                keys(metadata, &["timezone", "start", "end", "desiredReplicas"])
                    && replicas.parse::<u32>().unwrap() >= 1
                    && fields("start") == 5
                    && fields("end") == 5
                    && metadata["start"] != metadata["end"]
                    && jiff::tz::TimeZone::get(metadata["timezone"].as_str().unwrap()).is_ok()
            }
            _ => false,
        };
        right && texts && keys(it, &["type", "name", "metadata", "metricType"])
    };
    // Only CPU scales nothing to or from 0.
    let wakes = spec["minReplicaCount"] != 0 || triggers.iter().any(|it| it["type"] == "cron");
    object["apiVersion"] == "keda.sh/v1alpha1"
        && object["metadata"]["name"].as_str().unwrap().len() <= 54
        && keys(spec, &known)
        && counts
        && named
        && names.len() == all
        && !triggers.is_empty()
        && triggers.iter().all(trigger)
        && wakes
}

#[test]
fn a_scaled_object_is_what_keda_takes_with_its_evidence() {
    let text = printed("keda", "64");
    let objects = objects(&text);
    let [scaled] = &objects[..] else {
        panic!("{text}")
    };
    assert!(is_known(scaled), "{text}");
    let triggers = scaled["spec"]["triggers"].as_array().unwrap();
    let cron = triggers.iter().find(|it| it["type"] == "cron").unwrap();
    // From 20:00 to 22:00 UTC, five minutes of start-up and one to be seen before it.
    let metadata = &cron["metadata"];
    assert_eq!(metadata["timezone"], "Europe/Berlin");
    assert_eq!(metadata["start"], "50 20 * * 5");
    assert_eq!(metadata["end"], "0 23 * * 5");
    for words in [
        "Fri 21:",
        "4 of 4 weeks",
        "chance to be short",
        "Europe/Berlin",
        "--requests=cpu=",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn cron_jobs_may_change_one_object_and_no_more() {
    let text = printed("cronjobs", "64");
    let objects = objects(&text);
    assert!(objects.iter().all(is_known), "{text}");
    let of =
        |kind: &str| -> Vec<&Value> { objects.iter().filter(|it| it["kind"] == kind).collect() };
    let [role] = &of("Role")[..] else {
        panic!("{text}")
    };
    let rules = role["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 1, "{role}");
    assert_eq!(rules[0]["verbs"], serde_json::json!(["get", "patch"]));
    assert_eq!(rules[0]["resourceNames"], serde_json::json!(["api"]));
    let jobs = of("CronJob");
    let times: Vec<&str> = jobs
        .iter()
        .map(|it| it["spec"]["schedule"].as_str().unwrap())
        .collect();
    assert_eq!(times, ["50 20 * * 5", "0 23 * * 5"]);
    assert!(
        jobs.iter()
            .all(|it| it["spec"]["timeZone"] == "Europe/Berlin")
    );
    // The second brings back what was there before.
    let last = jobs[1].to_string();
    assert!(last.contains("eplicas") && last.contains(":2}}"), "{last}");
}

#[test]
fn placeholders_ask_for_nodes_where_the_pool_has_no_room() {
    for (form, kind) in [("keda", "ScaledObject"), ("cronjobs", "CronJob")] {
        let text = printed(form, "4");
        let objects = objects(&text);
        assert!(objects.iter().all(is_known), "{text}");
        let class = objects
            .iter()
            .find(|it| it["kind"] == "PriorityClass")
            .unwrap();
        assert_eq!(class["value"], -10);
        let held = objects
            .iter()
            .find(|it| it["kind"] == "Deployment")
            .unwrap();
        assert_eq!(held["metadata"]["name"], "api-placeholder");
        assert_eq!(held["spec"]["replicas"], 0);
        let pods = &held["spec"]["template"]["spec"];
        assert_eq!(pods["priorityClassName"], "kcost-placeholder");
        assert!(
            objects.iter().filter(|it| it["kind"] == kind).count() >= 2,
            "{text}"
        );
    }
    assert!(!printed("keda", "64").contains("placeholder"));
}

#[test]
fn a_real_kubectl_takes_all_of_it() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let kinds = [
        ("keda.sh/v1alpha1", "scaledobjects", "ScaledObject", true),
        ("apps/v1", "deployments", "Deployment", true),
        ("batch/v1", "cronjobs", "CronJob", true),
        (
            "autoscaling/v2",
            "horizontalpodautoscalers",
            "HorizontalPodAutoscaler",
            true,
        ),
        ("v1", "serviceaccounts", "ServiceAccount", true),
        ("rbac.authorization.k8s.io/v1", "roles", "Role", true),
        (
            "rbac.authorization.k8s.io/v1",
            "rolebindings",
            "RoleBinding",
            true,
        ),
        (
            "scheduling.k8s.io/v1",
            "priorityclasses",
            "PriorityClass",
            false,
        ),
    ];
    let store = kinds.iter().fold(Store::empty(), |store, kind| {
        store.kind(kind.0, kind.1, kind.2, kind.3)
    });
    let standin = Setup::new(store).start();
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    for form in ["keda", "cronjobs"] {
        let text = printed(form, "4");
        let file = folder.path().join("objects.yaml");
        std::fs::write(&file, &text).unwrap();
        let read = Kcost::program(&kubectl)
            .env("KUBECONFIG", &config)
            .args([
                "apply",
                "--dry-run=client",
                "--validate=false",
                "-o",
                "name",
                "-f",
            ])
            .arg(&file)
            .run()
            .ended(0);
        assert_eq!(
            read.stdout.lines().count(),
            objects(&text).len(),
            "{}",
            read.stdout
        );
    }
}

#[test]
fn what_is_left_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_on(folder.path(), &[Made::default()], "64");
    let args = ["schedule", "--snapshot", &bundle, "-o", "keda"];
    let text = Kcost::new().args(args).run().ended(0).stdout;
    assert_eq!(text, "# Nothing is to be scaled.\n");
}

/// Names of the objects of a kind that are written for these.
fn names_of(made: &[Made<'_>], form: &str, kind: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path(), made);
    let args = ["schedule", "--snapshot", &bundle, "-o", form];
    let text = Kcost::new().args(args).run().ended(0).stdout;
    let documents = text.split("---\n").skip(1);
    let documents = documents.map(|it| serde_yaml::from_str::<Value>(it).unwrap());
    let own = documents.filter(|it| it["kind"] == kind);
    own.map(|it| it["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn no_object_takes_the_place_of_another_workloads() {
    let sale = friday(20 * 3_600, 22 * 3_600, 0.3, 4.3);
    let named = |name: &'static str| Made {
        name,
        start: 900,
        cores: &sale,
        ..Made::default()
    };
    let long = [
        named("checkout-promotions-service-for-the-friday-evening-rush-a"),
        named("checkout-promotions-service-for-the-friday-evening-rush-b"),
    ];
    for (form, kind) in [
        ("keda", "ScaledObject"),
        ("cronjobs", "Role"),
        ("cronjobs", "CronJob"),
    ] {
        let mut names = names_of(&long, form, kind);
        let all = names.len();
        assert!(all >= 2, "{names:?}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
    }
    // One that is called as the workload is, and scales another.
    let other = Made {
        beside: vec![json!({
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "metadata": {"namespace": "shop", "name": "api"},
            "spec": {"scaleTargetRef": {"name": "other"}, "minReplicaCount": 2,
                "maxReplicaCount": 4, "triggers": [{"type": "cpu",
                    "metricType": "Utilization", "metadata": {"value": "80"}}]},
        })],
        ..Made {
            name: "other",
            ..Made::default()
        }
    };
    let names = names_of(&[named("api"), other], "keda", "ScaledObject");
    assert_eq!(names, ["api-deployment"]);
}

#[test]
fn what_came_once_has_no_window() {
    let sale = friday(20 * 3_600, 22 * 3_600, 0.3, 4.3);
    let once = |second: i64| {
        let (day, hour) = (second / 86_400, second % 86_400 / 3_600);
        if day == 8 && (12..16).contains(&hour) {
            9.3
        } else {
            sale(second)
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let made = Made {
        start: 900,
        cores: &once,
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let args = ["schedule", "--snapshot", &bundle, "-o", "keda"];
    let text = Kcost::new().args(args).run().ended(0).stdout;
    let starts: Vec<&str> = text.lines().filter(|it| it.contains("start:")).collect();
    assert!(!starts.is_empty(), "{text}");
    assert!(starts.iter().all(|it| it.ends_with("* * 5'")), "{text}");
}
