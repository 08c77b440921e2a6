//! Off hours, batch work at idle hours, and the zone of a workload.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{MONDAY, Made, bundle, told};
use crate::common::{Kcost, bundle_of};

const HOUR: i64 = 3_600;

/// Busy on working days from eight to six, and only waiting at all other times.
fn office(second: i64) -> f64 {
    let (day, time) = ((second / 86_400) % 7, second % 86_400);
    let wave = f64::from(i32::try_from(second % 7_919).unwrap()) / 7_919.0;
    if day < 5 && (8 * HOUR..18 * HOUR).contains(&time) {
        0.5 + 0.3 * wave
    } else {
        0.004 + 0.002 * wave
    }
}

fn office_bundle(folder: &Path) -> String {
    let always = |second: i64| office(second) + 0.2;
    let named = |name, cores| Made {
        name,
        cores,
        ..Made::default()
    };
    bundle(
        folder,
        &[
            named("desk", &office),
            named("open", &always as &dyn Fn(i64) -> f64),
        ],
    )
}

fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    let workloads = report["workloads"].as_array().unwrap();
    workloads.iter().find(|it| it["name"] == name).unwrap()
}

#[test]
fn nights_and_weekends_in_which_nobody_asks_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = office_bundle(folder.path());
    let report = told(&bundle, &[]);
    let sleep = &of(&report, "desk")["sleep"];
    let windows = sleep["windows"].as_array().unwrap();
    let plain: Vec<(String, &str, &str)> = windows
        .iter()
        .map(|it| {
            let days = it["days"].as_array().unwrap();
            let days: Vec<&str> = days.iter().map(|it| it.as_str().unwrap()).collect();
            (
                days.join(" "),
                it["start"].as_str().unwrap(),
                it["end"].as_str().unwrap(),
            )
        })
        .collect();
    // A quarter after the last use, and half an hour before the first: a node may have to come.
    assert_eq!(
        plain,
        [
            ("mon tue wed thu".to_owned(), "18:15", "07:30"),
            ("fri".to_owned(), "18:15", "07:30"),
        ]
    );
    assert_eq!(windows[1]["duration_seconds"], 61 * 3_600 + 900);
    assert_eq!(sleep["sign"], "cpu");
    let hours = sleep["hours_per_week"].as_f64().unwrap();
    assert!((hours - (4.0 * 13.25 + 61.25)).abs() < 0.01, "{hours}");
    assert!(sleep["monthly_freed"].is_string());
    assert!(of(&report, "open")["sleep"].is_null());
    // The only node holds the other workload too, so that none can go.
    assert_eq!(report["off_hours"]["workloads"], 1);
    let table = Kcost::new()
        .args(["schedule", "--snapshot", &bundle])
        .env("COLUMNS", "80")
        .run()
        .ended(0)
        .stdout;
    assert!(
        table.contains("Off hours") && table.contains("shop/desk"),
        "{table}"
    );
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
}

#[test]
fn sleep_is_written_only_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = office_bundle(folder.path());
    let printed = |more: &[&str]| {
        let args = ["schedule", "--snapshot", &bundle, "desk"];
        Kcost::new()
            .args(args.iter().chain(more))
            .run()
            .ended(0)
            .stdout
    };
    let plain = printed(&["-o", "keda"]);
    assert!(plain.contains("--sleep writes it") && !plain.contains("minReplicaCount: 0"));
    let keda = printed(&["-o", "keda", "--sleep"]);
    let documents: Vec<Value> = keda
        .split("---\n")
        .skip(1)
        .map(|it| serde_yaml::from_str(it).unwrap())
        .collect();
    let [object] = &documents[..] else {
        panic!("{keda}")
    };
    assert_eq!(object["kind"], "ScaledObject");
    assert_eq!(object["spec"]["minReplicaCount"], 0);
    let triggers = object["spec"]["triggers"].as_array().unwrap();
    let awake = triggers
        .iter()
        .find(|it| it["name"] == "kcost-awake-1")
        .unwrap();
    assert_eq!(awake["metadata"]["start"], "30 7 * * 1-5");
    assert_eq!(awake["metadata"]["end"], "15 18 * * 1-5");
    let jobs = printed(&["-o", "cronjobs", "--sleep"]);
    assert!(
        jobs.contains("name: desk-sleep-1") && jobs.contains("name: desk-wake-2"),
        "{jobs}"
    );
    assert!(jobs.contains("deployments/scale"), "{jobs}");
}

#[test]
fn a_zone_of_the_file_of_settings_is_that_of_the_workload() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = office_bundle(folder.path());
    let config = folder.path().join("ours.yaml");
    let text = "workloads:\n- match: {name: desk}\n  time-zone: Asia/Tokyo\n";
    fs::write(&config, text).unwrap();
    let report = told(&bundle, &["--config", config.to_str().unwrap()]);
    assert_eq!(report["time_zone"], "UTC");
    let desk = of(&report, "desk");
    assert_eq!(desk["time_zone"], "Asia/Tokyo");
    // Six in the evening there is nine hours later.
    assert_eq!(desk["sleep"]["windows"][0]["start"], "03:15");
    assert_eq!(of(&report, "open")["time_zone"], "UTC");
    fs::write(&config, "time-zone: Moon/Base\n").unwrap();
    let args = ["schedule", "--demo", "--config", config.to_str().unwrap()];
    let run = Kcost::new().args(args).run().ended(2);
    assert!(
        run.stderr.contains("no time zone") || run.stderr.contains("not a time zone"),
        "{}",
        run.stderr
    );
}

/// A CronJob that runs for an hour a day beside what is busy by day.
fn batch_bundle(folder: &Path, schedule: &str, hour: i64) -> String {
    let amounts = json!({"cpu": "16", "memory": "64Gi", "pods": "110"});
    let labels = json!({"app": "api"});
    let container = json!({"name": "app", "image": "a",
        "resources": {"requests": {"cpu": "4", "memory": "128Mi"}}});
    let spec = json!({"containers": [container], "nodeName": "n"});
    let mut objects = json!([
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
            "status": {"allocatable": amounts, "capacity": amounts,
                "conditions": [{"type": "Ready", "status": "True"}]}},
        {"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"namespace": "shop", "name": "api", "uid": "api"},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}},
        {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "shop", "name": "api-0", "labels": labels,
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "api",
                    "uid": "api", "controller": true}]},
            "spec": spec, "status": {"phase": "Running"}},
        {"apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"namespace": "shop", "name": "report", "uid": "report"},
            "spec": {"schedule": schedule, "timeZone": "Etc/UTC",
                "jobTemplate": {"spec": {"parallelism": 1, "template": {"spec": {
                    "restartPolicy": "Never", "containers": [container]}}}}}},
    ]);
    let mut csv = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for second in (0..21 * 86_400_i64).step_by(600) {
        let (day, time) = (second / 86_400, second % 86_400);
        let busy = (9 * HOUR..19 * HOUR).contains(&time);
        let cores =
            if busy { 7.0 } else { 1.0 } + 0.05 * f64::from(i32::try_from(day % 3).unwrap());
        let at = MONDAY + second;
        writeln!(csv, "shop,api-0,app,{at},{cores},104857600").unwrap();
        if (hour * HOUR..(hour + 1) * HOUR).contains(&time) {
            // A Job is called after the minute for which it was due.
            let due = (MONDAY + day * 86_400 + hour * HOUR) / 60;
            if time % HOUR == 0 {
                objects.as_array_mut().unwrap().push(json!({
                    "apiVersion": "batch/v1", "kind": "Job",
                    "metadata": {"namespace": "shop", "name": format!("report-{due}"),
                        "uid": format!("j-{due}"), "ownerReferences": [{"apiVersion": "batch/v1",
                            "kind": "CronJob", "name": "report", "uid": "report",
                            "controller": true}]},
                    "spec": {"parallelism": 1, "template": {"spec": {
                        "restartPolicy": "Never", "containers": [container]}}},
                }));
            }
            writeln!(csv, "shop,report-{due}-x7k2d,app,{at},3.5,104857600").unwrap();
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let bundle = bundle_of(folder, "b.kcost", &list, &csv);
    bundle.to_string_lossy().into_owned()
}

#[test]
fn batch_work_in_busy_hours_is_moved_to_idle_ones() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = batch_bundle(folder.path(), "15 14 * * *", 14);
    let report = told(&bundle, &[]);
    let [it] = &report["moves"].as_array().unwrap()[..] else {
        panic!("{}", report["moves"])
    };
    assert_eq!(it["name"], "report");
    assert_eq!(it["schedule"], "15 14 * * *");
    let to = it["schedule_advised"].as_str().unwrap();
    let hour: i64 = to.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(!(9..19).contains(&hour) && to.starts_with("15 "), "{to}");
    assert!(it["others_ratio_advised"].as_f64() < it["others_ratio"].as_f64());
    assert_eq!(
        (&it["days_seen"], &it["days_known"]),
        (&json!(21), &json!(21))
    );
    let text = Kcost::new()
        .args(["schedule", "--snapshot", &bundle, "-o", "cronjobs"])
        .run()
        .ended(0)
        .stdout;
    let patch = format!(
        "kubectl patch cronjob report -n shop --type=merge -p '{{\"spec\":{{\"schedule\":\"{to}\"}}}}'"
    );
    assert!(text.contains(&patch), "{text}");
}

#[test]
fn batch_work_in_idle_hours_stays() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = batch_bundle(folder.path(), "0 2 * * *", 2);
    let report = told(&bundle, &[]);
    assert_eq!(report["moves"], json!([]));
}

#[test]
fn a_bundle_keeps_how_fast_an_autoscaler_scales() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = office_bundle(folder.path());
    let objects = folder.path().join("objects.json");
    let mut list: Value = serde_json::from_str(&fs::read_to_string(&objects).unwrap()).unwrap();
    list["items"].as_array_mut().unwrap().push(json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": "shop", "name": "desk"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "desk"},
            "minReplicas": 2, "maxReplicas": 6,
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 77,
                "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}}},
    }));
    fs::write(&objects, list.to_string()).unwrap();
    let again = folder.path().join("c.kcost");
    Kcost::new()
        .args(["snapshot", "--objects"])
        .arg(&objects)
        .arg("--usage")
        .arg(folder.path().join("usage.csv"))
        .arg("-o")
        .arg(&again)
        .run()
        .ended(0);
    let kept = |folder: &Path| {
        let files = fs::read_dir(folder).unwrap();
        let text = files.filter_map(|it| fs::read(it.unwrap().path()).ok());
        let mut text = text.map(|it| String::from_utf8_lossy(&it).into_owned());
        text.any(|it| {
            it.contains("\"stabilization_seconds\":77")
                || it.contains("\"stabilization_seconds\": 77")
        })
    };
    assert!(kept(&again) && !kept(Path::new(&bundle)));
    // What is written for it goes on as fast.
    let keda = Kcost::new()
        .args(["schedule", "desk", "-o", "keda", "--sleep", "--snapshot"])
        .arg(&again)
        .run()
        .ended(0)
        .stdout;
    assert!(keda.contains("stabilizationWindowSeconds: 77"), "{keda}");
    // And by what it did: the API's own target where it names none.
    assert!(
        keda.contains("type: cpu") && keda.contains("value: '80'"),
        "{keda}"
    );
}

#[test]
fn an_event_of_the_calendar_has_its_replicas() {
    let folder = tempfile::tempdir().unwrap();
    let sale = super::friday(20 * HOUR, 22 * HOUR, 0.8, 7.2);
    let made = Made {
        start: 300,
        cores: &sale,
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let calendar = folder.path().join("days.yaml");
    // The past ends with Sunday 2025-11-23.
    let text = "events:\n- {name: Black Friday, from: 2025-11-28T20:00, until: 2025-11-28T22:00, times: 2}\n";
    fs::write(&calendar, text).unwrap();
    let more = ["--calendar", calendar.to_str().unwrap()];
    let report = told(&bundle, &more);
    let api = of(&report, "api");
    let [event] = &api["events"].as_array().unwrap()[..] else {
        panic!("{api}")
    };
    let usual = api["windows"][0]["replicas"].as_u64().unwrap();
    let replicas = event["replicas"].as_u64().unwrap();
    assert!(
        (2 * usual - 2..=2 * usual + 2).contains(&replicas),
        "{replicas} {usual}"
    );
    assert!(api["replicas"]["max"].as_u64().unwrap() >= replicas);
    let keda = Kcost::new()
        .args(["schedule", "--snapshot", &bundle, "-o", "keda"])
        .args(more)
        .run()
        .ended(0)
        .stdout;
    assert!(keda.contains("start: '50 19 28 11 *'"), "{keda}");
    assert!(keda.contains("end: '0 22 28 11 *'"), "{keda}");
}
