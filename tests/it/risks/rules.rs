//! Alert rules: well formed, of every kind, and with their history.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use kcost::risk;
use serde_json::{Value, json};

use crate::common::{Kcost, needs};

/// Alerts of the kubernetes-mixin that people have today.
const MIXIN: [&str; 36] = [
    "KubePodCrashLooping",
    "KubePodNotReady",
    "KubeDeploymentReplicasMismatch",
    "KubeStatefulSetReplicasMismatch",
    "KubeDeploymentRolloutStuck",
    "KubeContainerWaiting",
    "KubeDaemonSetRolloutStuck",
    "KubeDaemonSetNotScheduled",
    "KubeDaemonSetMisScheduled",
    "KubeJobNotCompleted",
    "KubeJobFailed",
    "KubeHpaReplicasMismatch",
    "KubeHpaMaxedOut",
    "KubePdbNotEnoughHealthyPods",
    "KubeCPUOvercommit",
    "KubeMemoryOvercommit",
    "KubeCPUQuotaOvercommit",
    "KubeMemoryQuotaOvercommit",
    "KubeQuotaAlmostFull",
    "KubeQuotaFullyUsed",
    "KubeQuotaExceeded",
    "CPUThrottlingHigh",
    "KubePersistentVolumeFillingUp",
    "KubePersistentVolumeInodesFillingUp",
    "KubePersistentVolumeErrors",
    "KubeNodeNotReady",
    "KubeNodePressure",
    "KubeNodeUnreachable",
    "KubeNodeReadinessFlapping",
    "KubeNodeEviction",
    "KubeletTooManyPods",
    "KubeletPlegDurationHigh",
    "KubeletPodStartUpLatencyHigh",
    "KubeletDown",
    "KubeClientCertificateExpiration",
    "KubeletClientCertificateExpiration",
];

/// Those whose history the demo holds.
const SHOWN: [&str; 6] = [
    "CPUThrottlingHigh",
    "KubeHpaMaxedOut",
    "KubePersistentVolumeFillingUp",
    "KubeNodePressure",
    "KubeNodeNotReady",
    "KubeNodeEviction",
];

#[test]
fn rules_are_taken_by_prometheus_and_say_how_often_they_would_have_fired() {
    let run = Kcost::new()
        .args(["risks", "--demo", "-o", "prometheus-rules"])
        .run();
    let text = run.ended(0).stdout;
    let object: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(object["kind"], "PrometheusRule");
    let rules = object["spec"]["groups"][0]["rules"]
        .as_array()
        .unwrap()
        .clone();
    let mut instead = BTreeSet::new();
    let mut replayed = 0;
    let mut compared = Vec::new();
    for rule in &rules {
        let notes = &rule["annotations"];
        let history = notes["history"].as_str().unwrap();
        replayed += usize::from(history.starts_with("would "));
        let named = notes["instead_of"].as_str().unwrap_or_default();
        instead.extend(named.split(", ").map(str::to_owned));
        if let Some(told) = notes["compared"].as_str() {
            compared.extend(told.split("; ").map(str::to_owned));
        }
        if let Some(check) = rule["labels"]["check"].as_str() {
            assert!(risk::names().contains(&check), "{check}");
        }
    }
    assert!(replayed >= 6, "{replayed}");
    // What the demo shows of what is in use today: never more alarms than that.
    for name in SHOWN {
        let mut own = compared.iter().filter(|it| it.starts_with(name));
        let told = own.next().unwrap_or_else(|| panic!("{name}: {compared:?}"));
        assert!(!told.ends_with("more often"), "{told}");
    }
    let missing: Vec<&&str> = MIXIN.iter().filter(|it| !instead.contains(**it)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let Some(promtool) = needs("promtool") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    let run = Kcost::new()
        .args(["risks", "--demo", "-o", "prometheus-rule-file"])
        .run();
    let text = run.ended(0).stdout;
    let plain: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(plain, object["spec"]);
    std::fs::write(&file, text).unwrap();
    let (said, passed) = promtool_says(&promtool, &["check", "rules"], &file);
    assert!(passed, "{said}");
    assert!(
        said.contains(&format!("{} rules found", rules.len())),
        "{said}"
    );
}

fn promtool_says(promtool: &Path, command: &[&str], file: &Path) -> (String, bool) {
    let output = Command::new(promtool)
        .args(command)
        .arg(file)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (said, output.status.success())
}

/// A label that tells apart what a rule holds for, the series that there are, and for which
/// of them it holds.
type Case = (&'static str, &'static str, String, Vec<&'static str>);

fn pods() -> String {
    let pod = |name: &str, phase: &str, unready: u8| {
        format!(
            "kube_pod_status_phase{{namespace=\"a\",pod=\"{name}\",phase=\"{phase}\"}} 1\n\
             kube_pod_status_ready{{namespace=\"a\",pod=\"{name}\",condition=\"false\"}} {unready}\n"
        )
    };
    [
        pod("waits", "Pending", 1),
        pod("unwell", "Running", 1),
        pod("well", "Running", 0),
        pod("done", "Succeeded", 1),
        pod("gated", "Pending", 1),
        pod("job", "Pending", 1),
        "kube_pod_status_reason{namespace=\"a\",pod=\"gated\",reason=\"SchedulingGated\"} 1\n\
         kube_pod_owner{namespace=\"a\",pod=\"job\",owner_kind=\"Job\"} 1\n"
            .to_owned(),
    ]
    .concat()
}

fn autoscaler(name: &str, wanted: u8) -> String {
    let of = format!("{{namespace=\"a\",horizontalpodautoscaler=\"{name}\"}}");
    let all = [
        ("status_desired_replicas", wanted),
        ("status_current_replicas", 3),
        ("spec_min_replicas", 2),
        ("spec_max_replicas", 9),
    ];
    let line =
        |(what, value): (&str, u8)| format!("kube_horizontalpodautoscaler_{what}{of} {value}\n");
    all.map(line).concat()
}

fn nodes_and_quotas() -> String {
    "kube_resourcequota{namespace=\"a\",type=\"hard\",resource=\"requests.cpu\"} 8\n\
     kube_resourcequota{namespace=\"b\",type=\"hard\",resource=\"cpu\"} 10\n\
     kube_resourcequota{namespace=\"b\",type=\"hard\",resource=\"memory\"} 10\n\
     kube_node_status_allocatable{node=\"n\",resource=\"cpu\"} 8\n\
     kube_node_status_allocatable{node=\"m\",resource=\"cpu\"} 4\n\
     kube_node_status_allocatable{node=\"n\",resource=\"memory\"} 8\n\
     kube_node_status_allocatable{node=\"m\",resource=\"memory\"} 4\n\
     kube_pod_container_resource_requests{namespace=\"a\",pod=\"x\",container=\"c\",resource=\"cpu\"} 5\n\
     kube_pod_container_resource_requests{namespace=\"a\",pod=\"x\",container=\"c\",resource=\"memory\"} 3\n\
     kube_pod_container_resource_requests{namespace=\"a\",pod=\"y\",container=\"c\",resource=\"memory\"} 3\n\
     kube_pod_status_phase{namespace=\"a\",pod=\"x\",phase=\"Running\"} 1\n\
     kube_pod_status_phase{namespace=\"a\",pod=\"y\",phase=\"Succeeded\"} 1\n"
        .to_owned()
}

fn cases() -> Vec<(&'static str, Case)> {
    let certificate = "certmanager_certificate_expiration_timestamp_seconds";
    vec![
        (
            "KcostPodNotReady",
            ("pod", "ready or waiting", pods(), vec!["unwell", "waits"]),
        ),
        (
            "KcostQuotasOvercommitted",
            ("resource", "18 of 12 cores", nodes_and_quotas(), vec![]),
        ),
        (
            "KcostQuotasOvercommitted",
            (
                "resource",
                "20 of 12 cores",
                nodes_and_quotas()
                    + "kube_resourcequota{namespace=\"c\",type=\"hard\",resource=\"cpu\"} 2\n",
                vec!["cpu"],
            ),
        ),
        (
            "KcostNoRoomForLargestNode",
            (
                "resource",
                "5 of 4 cores, 3 of 4 bytes",
                nodes_and_quotas(),
                vec!["cpu"],
            ),
        ),
        (
            "KcostPodsEvicted",
            (
                "pod",
                "what is left of a pod",
                "kube_pod_status_reason{namespace=\"a\",pod=\"old\",reason=\"Evicted\"} 1\n"
                    .to_owned(),
                vec![],
            ),
        ),
        (
            "KcostCertificateExpires",
            (
                "name",
                "issued and not",
                format!(
                    "{certificate}{{namespace=\"a\",name=\"soon\"}} 90000\n\
                     {certificate}{{namespace=\"a\",name=\"unissued\"}} 0\n\
                     {certificate}{{namespace=\"a\",name=\"later\"}} 9000000\n"
                ),
                vec!["soon"],
            ),
        ),
        (
            "KcostAutoscalerBehind",
            (
                "horizontalpodautoscaler",
                "one that gets what it wants, one that does not",
                autoscaler("gets", 3) + &autoscaler("lacks", 5),
                vec!["lacks"],
            ),
        ),
    ]
}

/// What holds for some series, asked of Prometheus' own engine.
#[test]
fn rules_hold_where_they_should_and_nowhere_else() {
    let Some(promtool) = needs("promtool") else {
        return;
    };
    let run = Kcost::new()
        .args(["risks", "--demo", "-o", "prometheus-rule-file"])
        .run();
    let rules: Value = serde_yaml::from_str(&run.ended(0).stdout).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap().clone();
    let expr = |name: &str| {
        let rule = rules.iter().find(|it| it["alert"] == name).unwrap();
        rule["expr"].as_str().unwrap().to_owned()
    };
    let tests = cases()
        .into_iter()
        .map(|(alert, (label, told, series, holds))| {
            let series: Vec<Value> = series
                .lines()
                .map(|line| {
                    let (name, value) = line.rsplit_once(' ').unwrap();
                    json!({"series": name, "values": format!("{value}x120")})
                })
                .collect();
            let samples: Vec<Value> = holds
                .iter()
                .map(|it| json!({"labels": format!("{{{label}=\"{it}\"}}"), "value": 1}))
                .collect();
            json!({
                "name": format!("{alert}: {told}"),
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [{
                    "expr": format!("group by ({label}) ({})", expr(alert)),
                    "eval_time": "90m",
                    "exp_samples": samples,
                }],
            })
        });
    let test =
        json!({"rule_files": [], "evaluation_interval": "1m", "tests": tests.collect::<Vec<_>>()});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.yaml");
    std::fs::write(&file, test.to_string()).unwrap();
    let (said, passed) = promtool_says(&promtool, &["test", "rules"], &file);
    assert!(passed, "{said}");
}
