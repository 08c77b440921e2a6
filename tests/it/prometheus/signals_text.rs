//! A small cluster with every signal: its objects, and its metrics as
//! OpenMetrics text. Every rate and level is constant.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::standin::Store;

pub const DAYS: u32 = 4;

const SECONDS: i64 = DAYS as i64 * 86_400;
const INTERVAL: i64 = 300;

/// Seconds before the end at which a pod that is gone was killed.
pub const GONE_AT: i64 = 40 * 3_600 + 1_234;
/// The end of the hour in which only cAdvisor saw a kill.
pub const LOST_BY: i64 = 20 * 3_600;
/// A kill that the API server knows too.
pub const HERE_AT: i64 = 10 * 3_600 + 17;

/// A Deployment of the namespace `shop`: container, what it asks for, its pods.
struct App {
    name: &'static str,
    containers: &'static [&'static str],
    gpus: u32,
    /// The last letters of the names of its pods.
    pods: &'static [&'static str],
    /// Millicores that it uses.
    uses: u32,
}

const fn app(name: &'static str, gpus: u32, pods: &'static [&'static str], uses: u32) -> App {
    App {
        name,
        containers: &["model"],
        gpus,
        pods,
        uses,
    }
}

const APPS: [App; 7] = [
    App {
        containers: &["app", "proxy"],
        ..app("api", 0, &["x2x2x"], 200)
    },
    app("infer", 2, &["g2g2g"], 200),
    app("train", 1, &["g4g4g"], 200),
    app("sliced", 2, &["g5g5g"], 200),
    app("shared", 1, &["s2s2s", "s4s4s"], 1),
    app("asleep", 1, &["z2z2z"], 1),
    App {
        containers: &["exporter"],
        ..app("dcgm", 0, &["e2e2e"], 50)
    },
];

/// Pods of `api` that are gone.
const GONE: [&str; 2] = ["g9g9g", "l8l8l"];

fn pod(app: &str, end: &str) -> String {
    format!("{app}-6dfdf5796f-{end}")
}

fn stamp(second: i64) -> String {
    jiff::Timestamp::from_second(second).unwrap().to_string()
}

/// The objects, as they are at this time.
pub fn store(end: i64) -> Store {
    let mut store = Store::empty();
    let created = stamp(end - 30 * 86_400);
    for app in &APPS {
        let containers: Vec<Value> = app
            .containers
            .iter()
            .map(|name| {
                let mut both = json!({"memory": "256Mi"});
                if app.gpus > 0 {
                    both["nvidia.com/gpu"] = json!(app.gpus.to_string());
                }
                let mut requests = both.clone();
                requests["cpu"] = json!("1");
                json!({"name": name, "resources": {"requests": requests, "limits": both}})
            })
            .collect();
        let labels = json!({"app": app.name});
        let spec = json!({
            "replicas": app.pods.len(),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        });
        let meta = |name: &str, owner: Option<(&str, &str)>| {
            let owners = owner.map(|(kind, name)| {
                json!([{"apiVersion": "apps/v1", "kind": kind, "name": name,
                        "uid": name, "controller": true}])
            });
            json!({"name": name, "namespace": "shop", "uid": name, "labels": labels,
                   "creationTimestamp": created, "ownerReferences": owners})
        };
        let set = format!("{}-6dfdf5796f", app.name);
        let deployment = json!({"metadata": meta(app.name, None), "spec": spec});
        let replica_set =
            json!({"metadata": meta(&set, Some(("Deployment", app.name))), "spec": spec});
        store = store.with("apps/v1", "deployments", &deployment).with(
            "apps/v1",
            "replicasets",
            &replica_set,
        );
        for end_of_name in app.pods {
            let name = pod(app.name, end_of_name);
            let mut statuses = Vec::new();
            if app.name == "api" {
                statuses.push(json!({
                    "name": "app", "restartCount": 1, "ready": true, "image": "x", "imageID": "x",
                    "lastState": {"terminated": {
                        "reason": "OOMKilled", "exitCode": 137, "finishedAt": stamp(end - HERE_AT)
                    }},
                }));
            }
            let object = json!({
                "metadata": meta(&name, Some(("ReplicaSet", &set))),
                "spec": {"nodeName": "n0", "containers": spec["template"]["spec"]["containers"]},
                "status": {"phase": "Running", "containerStatuses": statuses},
            });
            store = store.with("v1", "pods", &object);
        }
    }
    let claim = json!({
        "metadata": {"name": "data", "namespace": "shop"},
        "spec": {"resources": {"requests": {"storage": "10Gi"}}},
        "status": {"phase": "Bound"},
    });
    store.with("v1", "persistentvolumeclaims", &claim)
}

struct Writer {
    text: String,
    end: i64,
}

impl Writer {
    /// A series from `from` to `to` seconds before the end, by what it is at a
    /// number of seconds since the start of the window.
    fn series(
        &mut self,
        name: &str,
        labels: &str,
        (from, to): (i64, i64),
        value: impl Fn(i64) -> f64,
    ) {
        for scrape in 0..SECONDS / INTERVAL {
            let time = self.end - SECONDS + scrape * INTERVAL + 7;
            if (to..=from).contains(&(self.end - time)) {
                let value = value(time - self.end + SECONDS);
                let _ = writeln!(self.text, "{name}{{{labels}}} {value:.3} {time}");
            }
        }
    }

    fn always(&mut self, name: &str, labels: &str, value: impl Fn(i64) -> f64) {
        self.series(name, labels, (SECONDS, 0), value);
    }

    /// A counter that rises so much a second.
    fn counter(&mut self, name: &str, labels: &str, rate: f64) {
        self.always(name, labels, |time| seconds(time) * rate);
    }

    fn gauge(&mut self, name: &str, labels: &str, value: f64) {
        self.always(name, labels, |_| value);
    }

    /// DCGM's two accounts of a device, where it has them, and its memory.
    fn device(&mut self, labels: &str, engine: Option<f64>, busy: Option<f64>, mebibytes: f64) {
        if let Some(engine) = engine {
            self.gauge("DCGM_FI_PROF_GR_ENGINE_ACTIVE", labels, engine);
        }
        if let Some(busy) = busy {
            self.gauge("DCGM_FI_DEV_GPU_UTIL", labels, busy);
        }
        self.gauge("DCGM_FI_DEV_FB_USED", labels, mebibytes);
    }
}

#[expect(clippy::cast_precision_loss, reason = "test data is small")]
fn seconds(time: i64) -> f64 {
    time as f64
}

/// All metrics of the days that end at this time.
pub fn text(end: i64) -> String {
    let mut writer = Writer {
        text: String::new(),
        end,
    };
    for app in &APPS {
        for name in app.pods {
            usage(&mut writer, app, &pod(app.name, name), app.containers);
        }
    }
    // What `kubectl debug` adds.
    usage(&mut writer, &APPS[0], &pod("api", "x2x2x"), &["debugger"]);
    for name in GONE {
        usage(&mut writer, &APPS[0], &pod("api", name), &["app"]);
    }
    around(&mut writer);
    devices(&mut writer);
    ends(&mut writer);
    writer.text.push_str("# EOF\n");
    writer.text
}

fn usage(writer: &mut Writer, app: &App, pod: &str, containers: &[&str]) {
    for container in containers {
        let labels = format!(
            "namespace=\"shop\",pod=\"{pod}\",container=\"{container}\",job=\"kubelet\",metrics_path=\"/metrics/cadvisor\""
        );
        let rate = f64::from(app.uses) / 1_000.0;
        writer.counter("container_cpu_usage_seconds_total", &labels, rate);
        let bytes = 200.0 * 1_048_576.0;
        writer.gauge("container_memory_working_set_bytes", &labels, bytes);
    }
}

/// Network, pressure, the most memory, and a volume.
fn around(writer: &mut Writer) {
    let api = pod("api", "x2x2x");
    for job in ["kubelet", "kubelet-again"] {
        for (interface, received, sent) in [
            ("eth0", 100.0, 25.0),
            ("eth1", 50.0, 25.0),
            ("lo", 9e6, 9e6),
        ] {
            let labels =
                format!("namespace=\"shop\",pod=\"{api}\",interface=\"{interface}\",job=\"{job}\"");
            writer.counter("container_network_receive_bytes_total", &labels, received);
            writer.counter("container_network_transmit_bytes_total", &labels, sent);
            // Of the packets of one interface one in forty-one is dropped.
            let (packets, dropped) = if interface == "eth0" {
                (10.0, 0.25)
            } else {
                (0.0, 0.0)
            };
            writer.counter("container_network_receive_packets_total", &labels, packets);
            writer.counter("container_network_transmit_packets_total", &labels, 0.0);
            writer.counter(
                "container_network_receive_packets_dropped_total",
                &labels,
                dropped,
            );
        }
        let labels = format!("namespace=\"shop\",pod=\"{api}\",container=\"app\",job=\"{job}\"");
        writer.counter("container_pressure_cpu_waiting_seconds_total", &labels, 0.3);
        writer.counter(
            "container_pressure_memory_waiting_seconds_total",
            &labels,
            0.01,
        );
        writer.gauge("container_memory_rss", &labels, 96.0 * 1_048_576.0);
        writer.gauge(
            "container_memory_max_usage_bytes",
            &labels,
            255.0 * 1_048_576.0,
        );
    }
    let gib = f64::from(1 << 30);
    let labels =
        "namespace=\"kube-system\",exported_namespace=\"shop\",persistentvolumeclaim=\"data\"";
    writer.always("kubelet_volume_stats_used_bytes", labels, |time| {
        gib * (4.0 + 3.0 * seconds((time + INTERVAL).min(SECONDS)) / seconds(SECONDS)).round()
    });
    writer.gauge("kubelet_volume_stats_capacity_bytes", labels, 10.0 * gib);
}

fn devices(writer: &mut Writer) {
    let exporter = pod("dcgm", "e2e2e");
    let own =
        format!("namespace=\"shop\",pod=\"{exporter}\",container=\"exporter\",Hostname=\"n0\"");
    let exported = |app: &str, name: &str| {
        let pod = pod(app, name);
        format!(
            "{own},exported_namespace=\"shop\",exported_pod=\"{pod}\",exported_container=\"model\""
        )
    };
    let infer = exported("infer", "g2g2g");
    writer.device(
        &format!("{infer},UUID=\"GPU-a\""),
        Some(0.5),
        Some(90.0),
        1_000.0,
    );
    writer.device(
        &format!("{infer},UUID=\"GPU-b\""),
        None,
        Some(30.0),
        2_000.0,
    );
    let train = pod("train", "g4g4g");
    let old = format!("pod_namespace=\"shop\",pod_name=\"{train}\",container_name=\"model\"");
    writer.device(&format!("{old},UUID=\"GPU-c\""), None, Some(25.0), 512.0);
    let sliced = exported("sliced", "g5g5g");
    writer.device(
        &format!("{sliced},UUID=\"GPU-d\""),
        None,
        Some(99.0),
        9_999.0,
    );
    for (slice, engine, mebibytes) in [(1, 0.2, 100.0), (2, 0.4, 200.0)] {
        let labels =
            format!("{sliced},UUID=\"GPU-d\",GPU_I_PROFILE=\"1g.5gb\",GPU_I_ID=\"{slice}\"");
        writer.device(&labels, Some(engine), None, mebibytes);
    }
    for name in ["s2s2s", "s4s4s"] {
        let labels = exported("shared", name);
        writer.device(
            &format!("{labels},UUID=\"GPU-e\",vgpu=\"{name}\""),
            Some(0.0),
            None,
            800.0,
        );
    }
    let asleep = exported("asleep", "z2z2z");
    writer.device(
        &format!("{asleep},UUID=\"GPU-f\""),
        Some(0.0),
        Some(0.0),
        0.0,
    );
    // A device that no pod has.
    writer.device(&format!("{own},UUID=\"GPU-g\""), Some(0.7), Some(70.0), 1.0);
}

/// Three kills, each told in another way; one of them in all of them.
fn ends(writer: &mut Writer) {
    let labels = |name: &str, job: &str| {
        let pod = pod("api", name);
        format!("namespace=\"shop\",pod=\"{pod}\",container=\"app\",job=\"{job}\"")
    };
    // Here now: the API server, kube-state-metrics and cAdvisor know.
    let here = labels("x2x2x", "ksm");
    told(writer, &here, HERE_AT, 0);
    let scraped = labels("x2x2x", "kubelet");
    writer.series(
        "container_oom_events_total",
        &scraped,
        (HERE_AT - 60, 0),
        |_| 1.0,
    );
    // Gone: kube-state-metrics knew.
    let gone = labels("g9g9g", "ksm");
    told(writer, &gone, GONE_AT, GONE_AT - 7_200);
    writer.series(
        "kube_pod_container_status_restarts_total",
        &gone,
        (SECONDS, GONE_AT - 7_200),
        |time| if SECONDS - time > GONE_AT { 1.0 } else { 3.0 },
    );
    // Gone: only cAdvisor saw it, shortly before `LOST_BY`.
    let lost = labels("l8l8l", "kubelet");
    writer.always("container_oom_events_total", &lost, |time| {
        if SECONDS - time > LOST_BY + 600 {
            0.0
        } else {
            1.0
        }
    });
}

/// What kube-state-metrics says of a kill, until `to` seconds before the end.
fn told(writer: &mut Writer, labels: &str, at: i64, to: i64) {
    let second = seconds(writer.end - at);
    writer.series(
        "kube_pod_container_status_last_terminated_reason",
        &format!("{labels},reason=\"OOMKilled\""),
        (at, to),
        |_| 1.0,
    );
    writer.series(
        "kube_pod_container_status_last_terminated_timestamp",
        labels,
        (at, to),
        |_| second,
    );
}
