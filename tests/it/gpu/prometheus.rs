//! Exporters of accelerators, from a real Prometheus into states.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Value, json};

use super::measure::{TOTAL, check_states, number, phases};
use super::{END, node, workload};
use crate::common::{Kcost, skipped};
use crate::prometheus::openmetrics::until_now;
use crate::prometheus::server::{Server, prometheus};
use crate::standin::{Setup, Standin, Store};

const MIB: f64 = 1_048_576.0;
pub(super) const HOURS: i64 = 6;

/// Samples by metric, as each must stand together.
#[derive(Default)]
pub(super) struct Text(BTreeMap<String, String>);

impl Text {
    /// What a series is at each point of time: `every` seconds apart, by their number.
    pub(super) fn series(
        &mut self,
        name: &str,
        labels: &str,
        every: i64,
        value: impl Fn(usize) -> f64,
    ) {
        let lines = self.0.entry(name.to_owned()).or_default();
        for (place, back) in (0..HOURS * 3_600 / every).rev().enumerate() {
            let time = END - back * every - 7;
            let _ = writeln!(lines, "{name}{{{labels}}} {} {time}", value(place));
        }
    }

    /// A series that is there for some of its points alone, of one every 30 s.
    pub(super) fn while_in(&mut self, name: &str, labels: &str, points: Range<usize>, value: f64) {
        let lines = self.0.entry(name.to_owned()).or_default();
        for (place, back) in (0..HOURS * 120).rev().enumerate() {
            if points.contains(&place) {
                let time = END - back * 30 - 7;
                let _ = writeln!(lines, "{name}{{{labels}}} {value} {time}");
            }
        }
    }

    /// CPU of a pod, without which nothing is read.
    pub(super) fn pod(&mut self, pod: &str) {
        let labels = format!(
            "namespace=\"ml\",pod=\"{pod}\",container=\"main\",job=\"kubelet\",metrics_path=\"/metrics/cadvisor\""
        );
        let every = 60;
        let seconds = move |place: usize| kcost::units::len_f64(place) * 60.0;
        self.series("container_cpu_usage_seconds_total", &labels, every, seconds);
        self.series("container_memory_working_set_bytes", &labels, every, |_| {
            1e9
        });
    }

    pub(super) fn whole(self) -> String {
        let mut text: String = self.0.into_values().collect();
        text.push_str("# EOF\n");
        text
    }
}

/// A pod with one of a resource, on a node.
fn pod(name: &str, resource: &str, node: &str) -> Value {
    let amounts = json!({"cpu": "4", "memory": "16Gi", resource: "1"});
    json!({
        "metadata": {"namespace": "ml", "name": name, "uid": name},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "x",
            "resources": {"requests": amounts, "limits": {resource: "1"}}}]},
        "status": {"phase": "Running"},
    })
}

pub(super) fn report(server: &Server, store: Store, args: &[&str]) -> (Value, Standin) {
    let standin = Setup::new(store).start();
    let folder = tempfile::tempdir().unwrap();
    let run = Kcost::new().args(["gpus", "-o", "json", "--window", "6h", "--step", "5m"]);
    let run = run
        .arg("--kubeconfig")
        .arg(standin.kubeconfig(folder.path()));
    let run = run.args(["--prometheus-url", &server.url]).args(args).run();
    (run.ended(0).json(), standin)
}

/// The names that DCGM has, before 4.6 and since.
const NAMES: [[&str; 8]; 2] = [
    [
        "DCGM_FI_DEV_GPU_UTIL",
        "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
        "DCGM_FI_PROF_SM_ACTIVE",
        "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
        "DCGM_FI_PROF_DRAM_ACTIVE",
        "DCGM_FI_DEV_POWER_USAGE",
        "DCGM_FI_DEV_FB_USED",
        "DCGM_FI_DEV_FB_FREE",
    ],
    [
        "DCGM_FI_DEV_GPU_UTIL_RATIO",
        "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO",
        "DCGM_FI_PROF_SM_UTIL_RATIO",
        "DCGM_FI_PROF_TENSOR_UTIL_RATIO",
        "DCGM_FI_PROF_DRAM_UTIL_RATIO",
        "DCGM_FI_DEV_BOARD_POWER_WATTS",
        "DCGM_FI_DEV_FB_USED",
        "DCGM_FI_DEV_FB_FREE",
    ],
];

#[test]
fn known_loads_get_their_states_from_dcgm() {
    let Some(phases) = phases() else {
        return skipped("KCOST_TEST_DATA names no folder with loads of GPUs");
    };
    for (names, hidden) in NAMES.iter().zip([false, true]) {
        let mut text = Text::default();
        let mut store = Store::empty().with(
            "v1",
            "nodes",
            &node("n0", "NVIDIA-H200", "nvidia.com/gpu", 12),
        );
        let alone = phases
            .iter()
            .filter(|it| !it.0.contains('+') && it.0 != "empty" && it.0 != "between");
        for (place, (name, samples)) in alone.enumerate() {
            store = store.with("v1", "pods", &pod(name, "nvidia.com/gpu", "n0"));
            text.pod(name);
            // Where labels of the target are not honoured, the exporter names itself.
            let who = if hidden {
                format!(
                    "namespace=\"monitoring\",pod=\"dcgm-x\",container=\"exporter\",exported_namespace=\"ml\",exported_pod=\"{name}\",exported_container=\"main\",hostname=\"n0\""
                )
            } else {
                format!("namespace=\"ml\",pod=\"{name}\",container=\"main\",Hostname=\"n0\"")
            };
            let labels =
                format!("{who},gpu=\"{place}\",UUID=\"GPU-{place}\",modelName=\"NVIDIA H200\"");
            let of = |key: &str, unit: f64| {
                let values = samples.iter().map(|it| number(it, key) * unit);
                values.collect::<Vec<f64>>()
            };
            let columns = [
                of("gpu_util", 1.0),
                of("gr_engine", 0.01),
                of("sm_active", 0.01),
                of("tensor", 0.01),
                of("dram", 0.01),
                of("power_w", 1.0),
                of("fb_used", 1.0 / MIB),
                of("fb_used", 1.0 / MIB)
                    .iter()
                    .map(|it| TOTAL / MIB - it)
                    .collect(),
            ];
            for (metric, values) in names.iter().zip(columns) {
                text.series(metric, &labels, 30, |place| values[place % values.len()]);
            }
        }
        let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
            return;
        };
        let (report, _standin) = report(&server, store, &[]);
        check_states(&report);
        let it = workload(&report, "train");
        assert_eq!(it["use"]["full_from"], "profiling");
        let total = it["use"]["memory_total_bytes"]["mean"].as_f64().unwrap();
        assert!((total - TOTAL).abs() < 2.0 * MIB, "{total}");
    }
}

#[test]
fn a_real_scrape_is_read() {
    let file = std::env::var_os("KCOST_TEST_DATA").map(std::path::PathBuf::from);
    let Some(scrape) = file.and_then(|it| std::fs::read_to_string(it.join("dcgm_t4.prom")).ok())
    else {
        return skipped("KCOST_TEST_DATA names no folder with a scrape");
    };
    let mut text = Text::default();
    text.pod("busy");
    for line in scrape.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap();
        let labels = labels.trim_end_matches('}');
        // The one series that names a pod gets a pod that there is.
        let labels = labels
            .replace("ray-worker", "main")
            .replace("ray-llm", "ml")
            .replace("ray-1111111", "busy");
        let value: f64 = value.parse().unwrap();
        text.series(name, &labels, 30, |_| value);
    }
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let store = Store::empty()
        .with("v1", "nodes", &node("n0", "Tesla-T4", "nvidia.com/gpu", 2))
        .with("v1", "pods", &pod("busy", "nvidia.com/gpu", "n0"));
    let (report, _standin) = report(&server, store, &[]);
    let it = workload(&report, "busy");
    assert_eq!(it["use"]["dram_active_ratio"]["mean"], 0.000_003);
    assert_eq!(
        (&it["state"], &it["use"]["sm_active_ratio"]),
        (&json!("idle"), &Value::Null)
    );
    assert_eq!(report["summary"]["unrequested_gpus"], 1.0);
}

/// What exporters of other vendors tell, each in its own way.
fn vendors(text: &mut Text) {
    let plain = |name: &str| format!("namespace=\"ml\",pod=\"{name}\",container=\"main\"");
    let mut put = |metric: &str, labels: String, value: f64| {
        text.series(metric, &labels, 30, move |_| value);
    };
    let amd = format!(
        "{},gpu_id=\"0\",serial_number=\"s\",gpu_partition_id=\"0\",gpu_compute_partition_type=\"spx\"",
        plain("amd")
    );
    put("gpu_gfx_activity", amd.clone(), 40.0);
    put("gpu_umc_activity", amd.clone(), 20.0);
    put("gpu_used_vram", amd.clone(), 1_024.0);
    put("gpu_total_vram", amd.clone(), 2_048.0);
    put("gpu_package_power", amd, 300.0);
    let intel = format!("{},uuid=\"i\"", plain("intel"));
    put(
        "xpum_engine_group_ratio",
        format!("{intel},type=\"compute\""),
        30.0,
    );
    put(
        "xpum_engine_group_ratio",
        format!("{intel},type=\"copy\""),
        90.0,
    );
    put("xpum_eu_active_ratio", intel.clone(), 25.0);
    put("xpum_memory_used_bytes", intel, 5e9);
    for core in 0..2 {
        let neuron = format!("{},neuroncore=\"{core}\",instance=\"n\"", plain("neuron"));
        put(
            "neuroncore_utilization_ratio",
            neuron,
            0.2 + 0.2 * f64::from(core),
        );
    }
    let memory = format!("{},instance=\"n\",memory_location=", plain("neuron"));
    put(
        "neuron_runtime_memory_used_bytes",
        format!("{memory}\"neuron_device\""),
        7e9,
    );
    put(
        "neuron_runtime_memory_used_bytes",
        format!("{memory}\"host\""),
        9e9,
    );
    let tpu = format!("{},accelerator_id=\"t0\",make=\"cloud-tpu\"", plain("tpu"));
    put("duty_cycle", tpu.clone(), 70.0);
    put("tensorcore_utilization", tpu.clone(), 35.0);
    put("memory_bandwidth_utilization", tpu.clone(), 15.0);
    put("memory_used", tpu.clone(), 3e9);
    put("memory_total", tpu, 16e9);
    // Of another program, which has nothing to do with devices.
    put(
        "memory_used",
        "namespace=\"ml\",pod=\"amd\",container=\"main\"".to_owned(),
        1.0,
    );
    let hami = "podnamespace=\"ml\",podname=\"hami\",ctrname=\"main\",deviceuuid=\"h\"";
    put(
        "hami_container_device_utilization_ratio",
        hami.to_owned(),
        45.0,
    );
    put("hami_vgpu_memory_used_bytes", hami.to_owned(), 2e9);
    put("hami_vgpu_memory_limit_bytes", hami.to_owned(), 4e9);
}

/// A slice, two that share a device, and one of which nothing is told.
fn shared(text: &mut Text) {
    let plain = |name: &str| format!("namespace=\"ml\",pod=\"{name}\",container=\"main\"");
    let mut put = |metric: &str, labels: String, value: f64| {
        text.series(metric, &labels, 30, move |_| value);
    };
    let slice = format!(
        "{},UUID=\"m\",GPU_I_ID=\"1\",GPU_I_PROFILE=\"1g.10gb\"",
        plain("sliced")
    );
    put("DCGM_FI_PROF_GR_ENGINE_ACTIVE", slice.clone(), 0.3);
    put("DCGM_FI_PROF_SM_ACTIVE", slice.clone(), 0.25);
    put("DCGM_FI_DEV_GPU_UTIL", slice.clone(), 0.0);
    // Of the whole card, whatever the label says.
    put("DCGM_FI_DEV_POWER_USAGE", slice, 600.0);
    for (name, util, used) in [("first", 10.0, 1_000.0), ("second", 60.0, 5_000.0)] {
        let vgpu = format!("{},UUID=\"v\",vgpu=\"{name}\"", plain(name));
        put("DCGM_FI_DEV_GPU_UTIL", vgpu.clone(), util);
        put("DCGM_FI_DEV_FB_USED", vgpu.clone(), used);
        put("DCGM_FI_PROF_SM_ACTIVE", vgpu, 0.5);
    }
    let blank = format!("{},UUID=\"b\"", plain("blank"));
    put(
        "DCGM_FI_PROF_SM_ACTIVE",
        blank.clone(),
        140_737_488_355_328.0,
    );
    put("DCGM_FI_DEV_POWER_USAGE", blank.clone(), 2_147_483_632.0);
    put("DCGM_FI_DEV_GPU_UTIL", blank, 2_147_483_632.0);
}

/// What is read of each: means of one device.
const FOUND: [(&str, &str, Option<f64>); 27] = [
    ("amd", "busy_ratio", Some(0.4)),
    ("amd", "dram_active_ratio", Some(0.2)),
    ("amd", "memory_peak_bytes", Some(1_024.0 * MIB)),
    ("amd", "memory_total_bytes", Some(2_048.0 * MIB)),
    ("amd", "power_watts", Some(300.0)),
    ("intel", "busy_ratio", Some(0.3)),
    ("intel", "sm_active_ratio", Some(0.25)),
    ("intel", "memory_peak_bytes", Some(5e9)),
    ("neuron", "busy_ratio", Some(0.3)),
    ("neuron", "memory_peak_bytes", Some(7e9)),
    ("tpu", "busy_ratio", Some(0.7)),
    ("tpu", "tensor_active_ratio", Some(0.35)),
    ("tpu", "dram_active_ratio", Some(0.15)),
    ("tpu", "memory_peak_bytes", Some(3e9)),
    ("tpu", "memory_total_bytes", Some(16e9)),
    ("hami", "busy_ratio", Some(0.45)),
    ("hami", "memory_total_bytes", Some(4e9)),
    ("sliced", "busy_ratio", Some(0.3)),
    ("sliced", "sm_active_ratio", Some(0.25)),
    ("sliced", "power_watts", None),
    // Who shares a device is told apart by processes, and by nothing else.
    ("first", "busy_ratio", Some(0.1)),
    ("second", "busy_ratio", Some(0.6)),
    ("second", "memory_peak_bytes", Some(5_000.0 * MIB)),
    ("first", "sm_active_ratio", None),
    ("blank", "sm_active_ratio", None),
    ("blank", "power_watts", None),
    ("blank", "busy_ratio", None),
];

#[test]
fn exporters_of_every_vendor_are_read() {
    let mut text = Text::default();
    let mut store = Store::empty();
    let asked = [
        ("amd", "amd.com/gpu"),
        ("intel", "gpu.intel.com/i915"),
        ("neuron", "aws.amazon.com/neuroncore"),
        ("tpu", "google.com/tpu"),
        ("hami", "nvidia.com/gpu"),
        ("sliced", "nvidia.com/mig-1g.10gb"),
        ("first", "nvidia.com/gpu"),
        ("second", "nvidia.com/gpu"),
        ("blank", "nvidia.com/gpu"),
    ];
    for (name, resource) in asked {
        let on = format!("n-{name}");
        store = store.with("v1", "nodes", &node(&on, "", resource, 4)).with(
            "v1",
            "pods",
            &pod(name, resource, &on),
        );
        text.pod(name);
    }
    vendors(&mut text);
    shared(&mut text);
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    let found = |name: &str, figure: &str| {
        let value = &workload(&report, name)["use"][figure]["mean"];
        value.as_f64().map(|it| (it * 1_000.0).round() / 1_000.0)
    };
    for (name, figure, value) in FOUND {
        assert_eq!(found(name, figure), value, "{name} {figure}");
    }
}

/// What a driver or an exporter writes where it could not read.
const WRONG: [f64; 5] = [
    140_737_488_355_328.0,
    2_147_483_632.0,
    9_223_372_036_854_775_794.0,
    f64::INFINITY,
    -1.0,
];

#[test]
fn wrong_samples_are_gaps_and_the_good_ones_around_them_stay() {
    let mut text = Text::default();
    let mut store = Store::empty().with(
        "v1",
        "nodes",
        &node("n0", "NVIDIA-H200", "nvidia.com/gpu", 10),
    );
    let every = [2, 5];
    let all = WRONG.iter().flat_map(|wrong| every.map(|it| (*wrong, it)));
    let names: Vec<String> = (0..WRONG.len() * 2).map(|it| format!("p{it}")).collect();
    for (name, (wrong, every)) in names.iter().zip(all) {
        store = store.with("v1", "pods", &pod(name, "nvidia.com/gpu", "n0"));
        text.pod(name);
        let labels = format!(
            "namespace=\"ml\",pod=\"{name}\",container=\"main\",UUID=\"GPU-{name}\",Hostname=\"n0\""
        );
        for (metric, good) in [
            ("DCGM_FI_PROF_SM_ACTIVE", 0.88),
            ("DCGM_FI_DEV_GPU_UTIL", 98.0),
            ("DCGM_FI_DEV_POWER_USAGE", 670.0),
            ("DCGM_FI_DEV_FB_USED", 12_000.0),
        ] {
            text.series(metric, &labels, 60, |place| {
                if place % every == 0 { wrong } else { good }
            });
        }
    }
    let text = until_now(&text.whole()).replace(" inf ", " +Inf ");
    let Some(server) = prometheus(&text, &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    for name in &names {
        let it = workload(&report, name);
        assert!(it["coverage_ratio"].as_f64().unwrap() > 0.95, "{it}");
        for (figure, value) in [
            ("sm_active_ratio", 0.88),
            ("busy_ratio", 0.98),
            ("power_watts", 670.0),
            ("memory_peak_bytes", 12_000.0 * MIB),
        ] {
            let found = it["use"][figure]["mean"].as_f64().unwrap_or(-1.0);
            assert!(
                (found / value - 1.0).abs() < 1e-4,
                "{name} {figure} {found}"
            );
        }
    }
}

#[test]
fn a_pod_that_alone_can_hold_the_one_device_of_its_node_is_the_one() {
    let mut text = Text::default();
    let mut store = Store::empty();
    for (on, devices) in [("n1", 1), ("n2", 2)] {
        let name = format!("on-{on}");
        store = store
            .with(
                "v1",
                "nodes",
                &node(on, "NVIDIA-L4", "nvidia.com/gpu", devices),
            )
            .with("v1", "pods", &pod(&name, "nvidia.com/gpu", on));
        text.pod(&name);
        for device in 0..devices {
            let labels = format!("gpu=\"{device}\",UUID=\"GPU-{on}-{device}\",Hostname=\"{on}\"");
            text.series("DCGM_FI_PROF_SM_ACTIVE", &labels, 30, |_| 0.4);
        }
    }
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    let sm = |name: &str| workload(&report, name)["use"]["sm_active_ratio"]["mean"].clone();
    assert_eq!(sm("on-n1"), 0.4);
    assert_eq!(sm("on-n2"), Value::Null);
    let gaps = report["gaps"].to_string();
    assert!(
        gaps.contains("tells of 3 devices, and not which pods hold them"),
        "{gaps}"
    );
    assert!(gaps.contains("--kubernetes"), "{gaps}");
}

#[test]
fn nothing_is_asked_of_accelerators_where_there_are_none() {
    let mut text = Text::default();
    text.pod("plain");
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let bare = json!({
        "metadata": {"namespace": "ml", "name": "plain", "uid": "plain"},
        "spec": {"containers": [{"name": "main", "image": "x",
            "resources": {"requests": {"cpu": "1"}}}]},
        "status": {"phase": "Running"},
    });
    let store = Store::empty().with("v1", "pods", &bare);
    let (report, _standin) = report(&server, store, &[]);
    assert_eq!(report["workloads"], json!([]));
    // Usage, owners, and one look for what else there is; each of sixty metrics would be
    // a request more.
    let requests = server.requests();
    assert!(requests <= 20, "{requests}");
}

#[test]
fn servers_of_models_tell_of_their_requests() {
    let mut text = Text::default();
    let mut store =
        Store::empty().with("v1", "nodes", &node("n0", "NVIDIA-L4", "nvidia.com/gpu", 4));
    for name in ["vllm", "triton", "sglang", "tgi"] {
        store = store.with("v1", "pods", &pod(name, "nvidia.com/gpu", "n0"));
        text.pod(name);
    }
    let plain = |name: &str| format!("namespace=\"ml\",pod=\"{name}\",container=\"main\"");
    for engine in ["0", "1"] {
        let vllm = format!("{},model_name=\"m\",engine=\"{engine}\"", plain("vllm"));
        text.series("vllm:num_requests_running", &vllm, 60, |_| 3.0);
        text.series("vllm:num_requests_waiting", &vllm, 60, |_| 1.0);
        text.series("vllm:kv_cache_usage_perc", &vllm, 60, |_| 0.4);
        let rises = |by: f64| move |place: usize| kcost::units::len_f64(place) * 60.0 * by;
        text.series("vllm:generation_tokens_total", &vllm, 60, rises(50.0));
        text.series("vllm:prompt_tokens_total", &vllm, 60, rises(25.0));
        text.series(
            "vllm:e2e_request_latency_seconds_sum",
            &vllm,
            60,
            rises(8.0),
        );
        text.series(
            "vllm:e2e_request_latency_seconds_count",
            &vllm,
            60,
            rises(2.0),
        );
    }
    let rises = |by: f64| move |place: usize| kcost::units::len_f64(place) * 60.0 * by;
    let triton = format!("{},model=\"m\",version=\"1\"", plain("triton"));
    text.series("nv_inference_count", &triton, 60, rises(10.0));
    text.series("nv_inference_exec_count", &triton, 60, rises(8.0));
    text.series("nv_inference_pending_request_count", &triton, 60, |_| 0.0);
    text.series("nv_inference_request_success", &triton, 60, rises(10.0));
    text.series("nv_inference_request_duration_us", &triton, 60, rises(5e5));
    text.series("sglang:num_running_reqs", &plain("sglang"), 60, |_| 7.0);
    text.series("sglang:token_usage", &plain("sglang"), 60, |_| 0.9);
    text.series("tgi_batch_current_size", &plain("tgi"), 60, |_| 2.0);
    text.series("tgi_queue_size", &plain("tgi"), 60, |_| 4.0);
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    for (name, figure, value) in [
        ("vllm", "requests_running", 6.0),
        ("vllm", "requests_waiting", 2.0),
        ("vllm", "kv_cache_ratio", 0.4),
        ("vllm", "tokens_per_second", 150.0),
        ("vllm", "request_seconds", 4.0),
        ("triton", "requests_running", 1.25),
        ("triton", "requests_waiting", 0.0),
        ("triton", "request_seconds", 0.05),
        ("sglang", "requests_running", 7.0),
        ("sglang", "kv_cache_ratio", 0.9),
        ("tgi", "requests_running", 2.0),
        ("tgi", "requests_waiting", 4.0),
    ] {
        let found = workload(&report, name)["serving"][figure]["mean"].as_f64();
        let found = found.unwrap_or(-1.0);
        assert!(
            (found - value).abs() <= value * 0.02 + 1e-6,
            "{name} {figure}: {found}"
        );
    }
}

#[test]
fn shares_beside_percent_of_one_metric_are_left_out_or_next_to_nothing() {
    let mut text = Text::default();
    let metric = "DCGM_FI_DEV_GPU_UTIL_RATIO";
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8);
    let mut store = Store::empty().with("v1", "nodes", &node);
    for (name, value) in [("percent", 90.0), ("either", 0.9), ("nothing", 0.0)] {
        let labels = format!(
            "namespace=\"ml\",pod=\"{name}\",container=\"main\",gpu=\"0\",UUID=\"GPU-{name}\""
        );
        text.pod(name);
        text.series(metric, &labels, 30, |_| value);
        let pod = super::objects(&[super::Pod::new(name, Vec::new())], &node);
        store = store.with("v1", "pods", &pod["items"][1]);
    }
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    let busy = |name: &str| workload(&report, name)["use"]["busy_ratio"]["mean"].as_f64();
    assert!((busy("percent").unwrap() - 0.9).abs() < 0.01, "{report:#}");
    assert_eq!(busy("either"), None, "{report:#}");
    assert_eq!(workload(&report, "either")["state"], "unknown");
    assert_eq!(busy("nothing"), Some(0.0));
    let mut gaps = report["gaps"].as_array().unwrap().iter();
    let gap = gaps.find(|it| it["code"] == "share-or-percent");
    let text = gap.unwrap()["text"].as_str().unwrap();
    assert!(
        text.starts_with("1 series of DCGM_FI_DEV_GPU_UTIL_RATIO may be"),
        "{text}"
    );
}

#[test]
fn a_device_that_works_for_no_pod_is_told() {
    let mut text = Text::default();
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8);
    let pod = super::objects(&[super::Pod::new("own", Vec::new())], &node);
    let store = Store::empty()
        .with("v1", "nodes", &node)
        .with("v1", "pods", &pod["items"][1]);
    text.pod("own");
    let own = "namespace=\"ml\",pod=\"own\",container=\"main\",";
    for (number, of, value) in [(0, own, 90.0), (3, "", 95.0), (4, "", 0.0)] {
        let labels = format!("{of}Hostname=\"n0\",gpu=\"{number}\",UUID=\"GPU-{number}\"");
        text.series("DCGM_FI_DEV_GPU_UTIL", &labels, 30, |_| value);
    }
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    let mut gaps = report["gaps"].as_array().unwrap().iter();
    let gap = gaps.find(|it| it["code"] == "gpu-of-nobody");
    let text = gap.unwrap_or_else(|| panic!("{report:#}"))["text"].as_str();
    let told = "n0 has 1 GPU at work that no pod is told to hold: GPU 3";
    assert_eq!(text, Some(told));
}

#[test]
fn tiles_of_one_device_are_put_together() {
    let mut text = Text::default();
    let node = node("n0", "Max-1550", "gpu.intel.com/i915", 8);
    text.pod("tiles");
    for (tile, share) in [("0", 60.0), ("1", 0.0)] {
        let labels = format!(
            "namespace=\"ml\",pod=\"tiles\",container=\"main\",uuid=\"x\",sub_dev=\"{tile}\""
        );
        text.series("xpum_eu_active_ratio", &labels, 30, |_| share);
        text.series("xpum_memory_used_bytes", &labels, 30, |_| 9e9);
    }
    let pod = super::Pod {
        resource: "gpu.intel.com/i915",
        ..super::Pod::new("tiles", Vec::new())
    };
    let pod = super::objects(&[pod], &node);
    let store = Store::empty().with("v1", "nodes", &node);
    let store = store.with("v1", "pods", &pod["items"][1]);
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    let seen = &workload(&report, "tiles")["use"];
    let mean = |key: &str| seen[key]["mean"].as_f64().unwrap();
    assert!((mean("sm_active_ratio") - 0.3).abs() < 0.01, "{seen:#}");
    assert!((mean("memory_peak_bytes") - 18e9).abs() < 1e6, "{seen:#}");
}

#[test]
fn what_exporters_tell_in_other_ways_is_understood() {
    let mut text = Text::default();
    let mut store = Store::empty();
    for (on, devices) in [("n1", 8), ("n2", 8), ("n3", 2)] {
        let node = node(on, "NVIDIA-H200", "nvidia.com/gpu", devices);
        store = store.with("v1", "nodes", &node);
    }
    for (name, on) in [
        ("percent", "n1"),
        ("beside", "n1"),
        ("little", "n1"),
        ("share", "n2"),
        ("faulty", "n2"),
        ("twice", "n2"),
    ] {
        store = store.with("v1", "pods", &pod(name, "nvidia.com/gpu", on));
    }
    let mut whole = pod("whole", "nvidia.com/gpu", "n3");
    for part in ["requests", "limits"] {
        whole["spec"]["containers"][0]["resources"][part]["nvidia.com/gpu"] = json!("2");
    }
    store = store.with("v1", "pods", &whole);
    let of = |name: &str, on: &str| {
        let own = format!("namespace=\"ml\",pod=\"{name}\",container=\"main\"");
        format!("{own},gpu=\"0\",UUID=\"GPU-{name}\",Hostname=\"{on}\"")
    };
    // One exporter prints percent, that of the other node shares.
    let sm = "DCGM_FI_PROF_SM_ACTIVE";
    text.series(sm, &of("percent", "n1"), 30, |_| 60.0);
    let dram = "DCGM_FI_PROF_DRAM_ACTIVE";
    text.series(dram, &of("percent", "n1"), 30, |_| 0.3);
    // On the same node another prints shares, and what runs rarely says nothing of it.
    for (name, busy, full) in [("beside", 95.0, 0.6), ("little", 1.0, 0.5)] {
        text.series("DCGM_FI_DEV_GPU_UTIL", &of(name, "n1"), 30, |_| busy);
        text.series(sm, &of(name, "n1"), 30, |_| full);
    }
    text.series("DCGM_FI_DEV_GPU_UTIL", &of("percent", "n1"), 30, |_| 90.0);
    for name in ["share", "faulty", "twice"] {
        text.series(sm, &of(name, "n2"), 30, |_| 0.6);
    }
    // The device of a pod that names no pod, on a node that one pod has as a whole.
    for device in 0..2 {
        let labels = format!("gpu=\"{device}\",UUID=\"GPU-n3-{device}\",Hostname=\"n3\"");
        text.series(sm, &labels, 30, |_| if device == 0 { 0.7 } else { 0.0 });
    }
    let error = format!("{},xid=\"48\"", of("faulty", "n2"));
    let all = usize::try_from(HOURS * 120).unwrap();
    text.while_in(
        "DCGM_EXP_XID_ERRORS_COUNT",
        &error,
        all - 600..all - 560,
        1.0,
    );
    for job in ["", ",job=\"other\",endpoint=\"http\""] {
        let labels =
            format!("namespace=\"ml\",pod=\"twice\",container=\"main\",model_name=\"m\"{job}");
        text.series("vllm:num_requests_running", &labels, 30, |_| 3.0);
    }
    for name in [
        "percent", "beside", "little", "share", "faulty", "twice", "whole",
    ] {
        text.pod(name);
    }
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    let sm = |name: &str| workload(&report, name)["use"]["sm_active_ratio"]["mean"].clone();
    assert_eq!(
        (sm("percent"), sm("share")),
        (json!(0.6), json!(0.6)),
        "{report:#}"
    );
    assert_eq!((sm("beside"), sm("little")), (json!(0.6), json!(0.005)));
    let dram = &workload(&report, "percent")["use"]["dram_active_ratio"]["mean"];
    assert_eq!(*dram, json!(0.003));
    let running = &workload(&report, "twice")["serving"]["requests_running"]["mean"];
    assert_eq!(*running, 3.0, "{report:#}");
    let whole = workload(&report, "whole");
    assert_eq!(whole["devices"].as_array().unwrap().len(), 2, "{whole:#}");
    assert!(!report["gaps"].to_string().contains("n3 has"), "{report:#}");
}
