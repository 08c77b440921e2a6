//! What changes while it records: pods, workloads, and the metrics API itself.

use std::fs;

use serde_json::json;

use super::{METRICS, Place, READING, codes, lines, shop, small, usage, wait_for};
use crate::standin::{Fault, Setup, Store};

#[test]
fn pods_come_and_go() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut child = place.start("8s", &["--refresh", "2s"]);
    wait_for(|| lines(&place.log()) >= 3);
    standin.change(|store| {
        let store =
            store
                .gone("v1", "pods", "api-5d4-aaaaa")
                .gone(METRICS, "pods", "api-5d4-aaaaa");
        shop(store, "api-5d4-bbbbb")
    });
    assert!(child.wait().unwrap().success());
    let read = place.read();
    assert_eq!(codes(&read), Vec::<&str>::new());
    let pods: Vec<&str> = read.usage.series.iter().map(|s| s.pod.as_str()).collect();
    assert_eq!(pods, ["api-5d4-aaaaa", "api-5d4-bbbbb"]);
    assert_eq!(read.workloads[0].pods.len(), 1);
    assert!(read.usage.samples() >= 6, "{}", read.usage.samples());
}

#[test]
fn workloads_that_are_deleted_take_their_usage_with_them() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("2s", &[]).ended(0);
    standin.change(|_| {
        let lone = json!({"metadata": {"name": "lone", "namespace": "shop", "uid": "l"},
            "spec": {"containers": [{"name": "app", "image": "i"}]}, "status": {"phase": "Running"}});
        Store::empty()
            .with("v1", "pods", &lone)
            .with(METRICS, "pods", &usage("lone"))
    });
    place.record("3s", &[]).ended(0);
    let read = place.read();
    assert!(
        codes(&read).contains(&"recording-deleted"),
        "{:?}",
        read.gaps
    );
    assert_eq!(read.workloads[0].id.name, "lone");
    assert_eq!(read.usage.series.len(), 1);
}

#[test]
fn hiccups_of_the_metrics_api_are_gaps_and_recording_goes_on() {
    let fault = Fault::Passing {
        status: 503,
        times: 4,
        retry_after: None,
    };
    let standin = Setup::new(small()).ticking().fault(READING, fault).start();
    let place = Place::new(&standin);
    place.record("5s", &[]).ended(0);
    let read = place.read();
    assert_eq!(codes(&read), ["recording-missed"]);
    assert!(read.gaps[0].text.contains("503"), "{}", read.gaps[0].text);
    assert!(read.usage.samples() >= 2, "{}", read.usage.samples());
}

#[test]
fn objects_that_cannot_be_read_again_stay_as_they_were() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("2s", &[]).ended(0);
    standin.change(|store| store.without("apps/v1", "deployments"));
    let faulty = Setup::new(small())
        .ticking()
        .fault("/apis/apps/v1/deployments", Fault::Forbidden)
        .start();
    fs::copy(Place::new(&faulty).config, &place.config).unwrap();
    place.record("4s", &[]).ended(0);
    let read = place.read();
    assert!(
        codes(&read).contains(&"recording-outdated"),
        "{:?}",
        read.gaps
    );
    assert_eq!(read.workloads[0].id.kind, "Deployment");
    assert_eq!(read.usage.series.len(), 1);
    assert!(read.usage.samples() >= 3);
}

#[test]
fn the_same_sample_again_is_one_sample() {
    // A metrics server that is stuck: always the same timestamp.
    let standin = Setup::new(small()).start();
    let place = Place::new(&standin);
    place.record("4s", &[]).ended(0);
    let log = fs::read_to_string(place.bundle.join("snapshot.json")).unwrap();
    assert!(log.contains("recording-skewed"), "{log}");
    assert_eq!(place.read().usage.series.len(), 1);
    // Fifteen seconds of window before the one reading.
    let samples = place.read().usage.samples();
    assert!((14..=17).contains(&samples), "{samples}");
}

#[test]
fn without_a_metrics_api_there_is_nothing_to_record() {
    let standin = Setup::new(small().without(METRICS, "pods")).start();
    let place = Place::new(&standin);
    insta::assert_snapshot!(place.record("5s", &[]).ended(1).transcript(), @"
    exit: 1
    --- stdout
    --- stderr
    error: the cluster has no metrics API to record

    hint: install metrics-server, or name a Prometheus with `--prometheus-url URL`
    ");
    assert!(!place.bundle.exists());
    // The group is there, and what serves it is not.
    let standin = Setup::new(small())
        .fault(READING, Fault::Status(404))
        .start();
    let place = Place::new(&standin);
    let seen = place.record("5s", &[]).ended(1);
    assert!(seen.stderr.contains("no metrics API"), "{}", seen.stderr);
    let forbidden = Setup::new(small()).fault(READING, Fault::Forbidden).start();
    let place = Place::new(&forbidden);
    insta::assert_snapshot!(place.record("5s", &[]).ended(1).transcript(), @r#"
    exit: 1
    --- stdout
    --- stderr
    error: the metrics API may not be read: the server answered 403: pods.metrics.k8s.io is forbidden: User "viewer" cannot list resource "pods" in API group "metrics.k8s.io" at the cluster scope

    hint: allow it with the rule {"apiGroups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["list"]}
    "#);
    assert_eq!(place.left_over(), Vec::<String>::new());
    assert!(!place.bundle.exists());
}
