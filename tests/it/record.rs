//! Recording the metrics API: what is on disk at any moment is whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use kcost::snapshot::{self, Snapshot};
use serde_json::json;

use crate::common::{Kcost, Seen, needs};
use crate::standin::{Fault, Setup, Standin, Store};

const METRICS: &str = "metrics.k8s.io/v1beta1";
const READING: &str = "/apis/metrics.k8s.io/v1beta1/pods";

/// A folder with a kubeconfig, and a recording in it.
struct Place {
    folder: tempfile::TempDir,
    config: PathBuf,
    bundle: PathBuf,
}

impl Place {
    fn new(standin: &Standin) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            config: standin.kubeconfig(folder.path()),
            bundle: folder.path().join("r.kcost"),
            folder,
        }
    }

    /// `kcost snapshot --record`, to its end.
    fn record(&self, length: &str, more: &[&str]) -> Seen {
        let mut seen = Kcost::new()
            .env("KUBECONFIG", &self.config)
            .args(["snapshot", "--record", length, "--every", "1s", "-q", "-o"])
            .arg(&self.bundle)
            .args(more)
            .run();
        let bundle = self.bundle.to_string_lossy();
        seen.stderr = seen.stderr.replace(&*bundle, "r.kcost");
        seen
    }

    /// The same, running.
    fn start(&self, length: &str, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_kcost"))
            .env("KUBECONFIG", &self.config)
            .args(["snapshot", "--record", length, "--every", "1s", "-q", "-o"])
            .arg(&self.bundle)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn read(&self) -> Snapshot {
        snapshot::read(&self.bundle).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.bundle.join("recording.log")
    }

    /// Files beside the recording that are not ours.
    fn left_over(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.retain(|name| name != "kubeconfig" && name != "r.kcost");
        names
    }
}

/// A Deployment's pod, and how much it uses.
fn shop(store: Store, pod: &str) -> Store {
    let spec = json!({"containers": [{"name": "app", "image": "i"}]});
    let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-5d4",
        "uid": "r", "controller": true}]);
    let meta = json!({"name": pod, "namespace": "shop", "uid": pod, "ownerReferences": owner,
        "creationTimestamp": "2026-01-01T00:00:00Z"});
    store
        .with(
            "v1",
            "pods",
            &json!({"metadata": meta, "spec": spec, "status": {"phase": "Running"}}),
        )
        .with(METRICS, "pods", &usage(pod))
}

fn usage(pod: &str) -> serde_json::Value {
    json!({"metadata": {"name": pod, "namespace": "shop"},
        "timestamp": "2026-11-23T19:22:34Z", "window": "15s",
        "containers": [{"name": "app", "usage": {"cpu": "5m", "memory": "64Mi"}}]})
}

/// A Deployment with one pod.
fn small() -> Store {
    let template = json!({"metadata": {"labels": {"app": "api"}},
        "spec": {"containers": [{"name": "app", "image": "i"}]}});
    let spec =
        json!({"replicas": 1, "selector": {"matchLabels": {"app": "api"}}, "template": template});
    let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api",
        "uid": "d", "controller": true}]);
    let store = Store::empty()
        .with(
            "apps/v1",
            "deployments",
            &json!({"metadata": {"name": "api", "namespace": "shop", "uid": "d"}, "spec": spec}),
        )
        .with(
            "apps/v1",
            "replicasets",
            &json!({"metadata": {"name": "api-5d4", "namespace": "shop", "uid": "r",
                "ownerReferences": owner}, "spec": spec}),
        );
    shop(store, "api-5d4-aaaaa")
}

fn codes(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.gaps.iter().map(|gap| gap.code.as_str()).collect()
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came");
        thread::sleep(Duration::from_millis(20));
    }
}

fn lines(path: &Path) -> usize {
    fs::read(path).map_or(0, |log| log.split(|byte| *byte == b'\n').count() - 1)
}

#[test]
fn a_recording_becomes_a_whole_bundle() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("5s", &[]).ended(0);
    let read = place.read();
    assert_eq!(codes(&read), Vec::<&str>::new());
    assert_eq!(read.workloads.len(), 1);
    assert_eq!(read.usage.grid.step.as_secs(), 1);
    let samples = read.usage.samples();
    assert!((4..=6).contains(&samples), "{samples}");
    assert_eq!(read.usage.series[0].memory_bytes[..1], [67_108_864.0]);
    assert!(
        read.usage.series[0]
            .cpu_cores
            .iter()
            .all(|cpu| *cpu >= 0.1 || cpu.is_nan())
    );
    // Everything is in the tables, and the log is short again.
    assert_eq!(lines(&place.log()), 2);
    assert_eq!(place.left_over(), Vec::<String>::new());
    let kept = fs::read_to_string(place.bundle.join("snapshot.json")).unwrap();
    assert!(
        !kept.contains("recording.log"),
        "the log grows, and is listed by no sum"
    );
}

#[test]
fn what_was_recorded_survives_kill_9_at_any_moment() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut before = 0;
    // From before anything is written to in the middle of new tables.
    for (round, wait) in [30, 120, 700, 1_450, 2_050, 1_233, 2_611]
        .into_iter()
        .enumerate()
    {
        let mut child = place.start("1h", &["--refresh", "1s"]);
        thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        if !place.bundle.exists() {
            assert_eq!(before, 0, "round {round}");
            continue;
        }
        let read = place.read();
        let samples = read.usage.samples();
        assert!(samples >= before, "{samples} of {before} in round {round}");
        before = samples;
        let analyzed = Kcost::new()
            .args(["analyze", "-o", "json", "--snapshot"])
            .arg(&place.bundle)
            .run()
            .ended(0);
        assert_eq!(analyzed.json()["workloads"][0]["state"], "unknown");
    }
    assert!(before >= 4, "{before}");
    let longer = format!("{}s", before + 4);
    place.record(&longer, &["--refresh", "2s"]).ended(0);
    let read = place.read();
    assert!(read.usage.samples() > before);
    assert_eq!(place.left_over(), Vec::<String>::new());
}

#[test]
fn every_round_is_on_disk_before_the_next() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut child = place.start("1h", &[]);
    wait_for(|| lines(&place.log()) >= 4);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(place.read().usage.samples() >= 2);
    // The tables alone are whole too: what is not in them is in the log.
    fs::remove_file(place.log()).unwrap();
    assert_eq!(place.read().usage.samples(), 0);
}

#[test]
fn a_torn_line_costs_that_line_alone() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut child = place.start("1h", &[]);
    wait_for(|| lines(&place.log()) >= 6);
    child.kill().unwrap();
    child.wait().unwrap();
    let log = fs::read(place.log()).unwrap();
    let before = place.read();
    assert_eq!(codes(&before), Vec::<&str>::new());
    for cut in [1, 2, 30] {
        fs::write(place.log(), &log[..log.len() - cut]).unwrap();
        let torn = place.read();
        assert_eq!(codes(&torn), ["recording-torn"]);
        assert_eq!(torn.usage.samples(), before.usage.samples() - 1, "{cut}");
    }
    let middle = log.len() / 2;
    let mut bent = log.clone();
    bent[middle] ^= 1;
    fs::write(place.log(), &bent).unwrap();
    assert_eq!(codes(&place.read()), ["recording-torn"]);
    // Going on keeps saying so, and starts a log that is whole.
    place.record("1s", &[]).ended(0);
    assert!(codes(&place.read()).contains(&"recording-torn"));
}

#[test]
fn a_recording_goes_on_until_it_is_long_enough() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("2s", &[]).ended(0);
    let first = place.read();
    let again = place.record("2s", &["-v"]);
    assert_eq!(again.exit, 2, "-q and -v exclude each other");
    let asked = standin.asked().len();
    place.record("2s", &[]).ended(0);
    assert_eq!(standin.asked().len(), asked, "there is nothing left to ask");
    assert_eq!(place.read(), first);
    thread::sleep(Duration::from_secs(3));
    place.record("4s", &[]).ended(0);
    let longer = place.read();
    assert!(longer.usage.samples() > first.usage.samples());
    assert_eq!(longer.usage.grid.start, first.usage.grid.start);
    assert_eq!(codes(&longer), ["recording-paused"]);
}

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

#[test]
fn what_is_no_recording_is_not_gone_on_with() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    fs::create_dir(&place.bundle).unwrap();
    fs::write(place.bundle.join("thesis.txt"), "mine").unwrap();
    place.record("2s", &[]).ended(1);
    assert!(place.bundle.join("thesis.txt").exists());
    fs::remove_dir_all(&place.bundle).unwrap();
    let taken = Kcost::new()
        .env("KUBECONFIG", &place.config)
        .args(["snapshot", "-q", "-o"])
        .arg(&place.bundle)
        .run();
    taken.ended(0);
    let before = place.read();
    insta::assert_snapshot!(place.record("2s", &[]).ended(1).transcript(), @"
    exit: 1
    --- stdout
    --- stderr
    error: r.kcost is a snapshot that was taken at once, and no recording to go on with

    hint: choose another `-o`, or move it away
    ");
    assert_eq!(place.read(), before);
}

#[test]
fn two_recordings_do_not_share_a_folder() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut child = place.start("1h", &[]);
    wait_for(|| lines(&place.log()) >= 3);
    insta::assert_snapshot!(place.record("2s", &[]).ended(1).transcript(), @"
    exit: 1
    --- stdout
    --- stderr
    error: another kcost records into r.kcost

    hint: wait for it, or choose another `-o`
    ");
    child.kill().unwrap();
    child.wait().unwrap();
    place.record("2s", &[]).ended(0);
}

#[test]
fn a_disk_that_is_full_ends_it_and_loses_nothing() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("2s", &[]).ended(0);
    let before = place.read();
    // No file may grow beyond this: what a full disk does, without one.
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_kcost"))
        .env("KUBECONFIG", &place.config)
        .args(["snapshot", "--record", "1h", "--every", "1s", "-q", "-o"])
        .arg(&place.bundle)
        .output()
        .unwrap();
    let said = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(1), "{said}");
    assert!(said.contains("failed to write"), "{said}");
    assert!(said.contains("check space and permissions there"), "{said}");
    let after = place.read();
    assert!(after.usage.samples() >= before.usage.samples());
    assert_eq!(place.left_over(), Vec::<String>::new());
}

#[test]
fn ctrl_c_leaves_all_samples() {
    let Some(kill) = needs("kill") else { return };
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut child = place.start("1h", &[]);
    wait_for(|| lines(&place.log()) >= 5);
    let sent = Command::new(kill)
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(place.read().usage.samples() >= 3);
    assert_eq!(place.left_over(), Vec::<String>::new());
}

#[test]
fn a_short_recording_says_how_much_longer_it_has_to_be() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("3s", &[]).ended(0);
    let seen = Kcost::new()
        .args(["analyze", "-o", "json", "--snapshot"])
        .arg(&place.bundle)
        .run()
        .ended(0)
        .json();
    let workload = &seen["workloads"][0];
    assert_eq!(workload["state"], "unknown");
    let reasons = workload["containers"][0]["reasons"].to_string();
    assert!(reasons.contains("record 3.0 days more"), "{reasons}");
}

#[test]
fn senseless_intervals_are_wrong_usage() {
    let seen = Kcost::new()
        .args([
            "snapshot", "--record", "10s", "--every", "30s", "-o", "x.kcost",
        ])
        .run()
        .ended(2);
    assert!(
        seen.stderr.contains("`--every 30s` is longer"),
        "{}",
        seen.stderr
    );
    Kcost::new()
        .args(["snapshot", "--record", "10s", "--demo", "-o", "x.kcost"])
        .run()
        .ended(2);
}

#[test]
fn more_often_than_it_is_measured_is_warned_of() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let seen = Kcost::new()
        .env("KUBECONFIG", &place.config)
        .args(["snapshot", "--record", "1s", "--every", "1s", "-o"])
        .arg(&place.bundle)
        .run()
        .ended(0);
    let said = seen
        .stderr
        .replace(&*place.bundle.to_string_lossy(), "r.kcost");
    insta::assert_snapshot!(said, @"
    warning: metrics-server measures every 15s at most, so `--every 1s` finds nothing new most times
    recording 1s into r.kcost, a sample every 1s; Ctrl-C stops, the same command goes on
    wrote r.kcost: 1 workload, 1 sample
    next: kcost analyze --snapshot r.kcost
    ");
}
