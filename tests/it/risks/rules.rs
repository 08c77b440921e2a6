//! Alert rules: well formed, of every kind, and with their history.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::SignedDuration;
use kcost::risk::{self, Ahead, Alert};
use kcost::snapshot::{Snapshot, Spell, VolumeClaim, VolumeUse};
use kcost::units::{Bytes, Span};
use serde_json::{Value, json};

use super::measure::look;
use crate::common::{Kcost, bundle_of, demo, needs, repository, skipped};
use crate::demo::DEMO;
use crate::made::{container, workload};
use crate::played::{MIB, cluster, play};

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
    let run = demo(&["risks", "-o", "prometheus-rules"]);
    let text = run.ended(0).stdout;
    let object: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(object["kind"], "PrometheusRule");
    let rules = object["spec"]["groups"][0]["rules"]
        .as_array()
        .unwrap()
        .clone();
    let mut instead = BTreeSet::new();
    let mut replayed = 0;
    for rule in &rules {
        let notes = &rule["annotations"];
        let history = notes["history"].as_str().unwrap();
        replayed += usize::from(history.starts_with("would "));
        let named = notes["instead_of"].as_str().unwrap_or_default();
        instead.extend(named.split(", ").map(str::to_owned));
        if let Some(check) = rule["labels"]["check"].as_str() {
            assert!(risk::names().contains(&check), "{check}");
        }
    }
    assert!(replayed >= 6, "{replayed}");
    let missing: Vec<&&str> = MIXIN.iter().filter(|it| !instead.contains(**it)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let Some(promtool) = needs("promtool") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    let run = demo(&["risks", "-o", "prometheus-rule-file"]);
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

/// What the rules are beside those in use today: never more alarms than these, and the
/// README tells the same.
#[test]
fn the_demo_compares_each_rule_with_those_in_use_today() {
    let alerts = look(&DEMO, risk::alerts);
    for name in SHOWN {
        let with = |alert: &&Alert| alert.rivals.iter().any(|it| it.name == name);
        let alert = alerts.iter().find(with).unwrap();
        let rival = alert.rivals.iter().find(|it| it.name == name).unwrap();
        let (own, other) = (alert.fired.as_ref().unwrap(), rival.fired.as_ref().unwrap());
        assert!(
            own.len() <= other.len(),
            "{name}: {} of {}",
            own.len(),
            other.len()
        );
    }
    let run = demo(&["risks", "-o", "prometheus-rule-file"]);
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let table: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("| `Kcost"))
        .collect();
    assert_eq!(table, rows(&run.ended(0).stdout));
}

/// A row a rule of which anything can be compared.
fn rows(text: &str) -> Vec<String> {
    let rules: Value = serde_yaml::from_str(text).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap().clone();
    let told = rules.iter().filter_map(|rule| {
        let compared = rule["annotations"]["compared"].as_str()?;
        let known = compared.contains("this one");
        known.then(|| format!("| `{}` | {compared} |", rule["alert"].as_str().unwrap()))
    });
    told.collect()
}

fn named<'a>(alerts: &'a [Alert], name: &str) -> &'a Alert {
    alerts.iter().find(|it| it.name == name).unwrap()
}

/// How long before events a rule fired, and the alert that it takes the place of.
fn ahead(alert: &Alert) -> (usize, Ahead, Ahead) {
    let real = alert.real.as_ref().unwrap();
    let rival = alert.rivals[0].fired.as_ref().unwrap();
    let own = alert.fired.as_ref().unwrap();
    (real.events.len(), real.ahead(own), real.ahead(rival))
}

/// A cluster with a volume whose share in use, hour by hour, is told.
fn filling(share: impl Fn(i64) -> f64) -> Snapshot {
    let mut snapshot = cluster(14);
    let start = snapshot.usage.grid.start;
    let uses = (0..14 * 24).map(|hour| VolumeUse {
        at: start + SignedDuration::from_hours(hour),
        used: Some(Bytes::from_f64(share(hour).min(1.0) * 1e9)),
        inodes_used: None,
    });
    snapshot.cluster.volume_claims.push(VolumeClaim {
        namespace: "shop".to_owned(),
        name: "data".to_owned(),
        capacity: Some(Bytes::from_f64(1e9)),
        history: uses.collect(),
        ..VolumeClaim::default()
    });
    snapshot
}

#[test]
fn what_truly_happened_tells_who_warned_earlier() {
    // Full after 300 hours: a line of a week shows it sooner than one of six hours that
    // waits until 15 % are left.
    let slow = filling(|hour| f64::from(i32::try_from(hour).unwrap()) / 300.0);
    look(&slow, |seen| {
        let alerts = risk::alerts(seen);
        let (events, own, mixin) = ahead(named(&alerts, "KcostVolumeFilling"));
        assert_eq!((events, own.warned, mixin.warned), (1, 1, 1));
        let (own, mixin) = (own.median.unwrap(), mixin.median.unwrap());
        assert!(own >= Span::from_secs(80 * 3_600), "{own:?}");
        assert!(mixin <= Span::from_secs(45 * 3_600), "{mixin:?}");
    });
    // All at once: nobody warns, and what is never full is no event.
    let sudden = filling(|hour| if hour >= 200 { 1.0 } else { 0.2 });
    look(&sudden, |seen| {
        let (events, own, mixin) = ahead(named(&risk::alerts(seen), "KcostVolumeFilling"));
        assert_eq!(
            (events, own.median, mixin.warned),
            (1, Some(Span::default()), 1)
        );
    });
    look(&filling(|_| 0.2), |seen| {
        let (events, own, _) = ahead(named(&risk::alerts(seen), "KcostVolumeFilling"));
        assert_eq!((events, own.warned), (0, 0));
    });
}

#[test]
fn a_full_memory_is_told_by_a_leak_and_a_lost_node_by_nobody() {
    let mut snapshot = cluster(14);
    let mut leaky = workload("Deployment", "leaky", 1, vec![container("app", 100, 128)]);
    leaky.containers[0].limits.memory = Some(Bytes::from_f64(600.0 * MIB));
    play(&mut snapshot, leaky, |_, slot| {
        let used = 100.0 + f64::from(slot);
        (0.1, used.min(600.0) * MIB)
    });
    let start = snapshot.usage.grid.start;
    let spell = |minutes: i64| Spell {
        kind: "Ready".to_owned(),
        from: start,
        until: start + SignedDuration::from_mins(minutes),
    };
    snapshot.cluster.nodes.push(kcost::snapshot::Node {
        name: "n0".to_owned(),
        spells: Some(vec![spell(4), spell(40)]),
        ..kcost::snapshot::Node::default()
    });
    look(&snapshot, |seen| {
        let alerts = risk::alerts(seen);
        let leak = named(&alerts, "KcostMemoryLeak");
        let real = leak.real.as_ref().unwrap();
        let told = real.ahead(leak.fired.as_ref().unwrap());
        assert_eq!((real.events.len(), told.warned), (1, 1));
        assert!(told.median.unwrap() >= Span::days(2), "{told:?}");
        let (events, own, mixin) = ahead(named(&alerts, "KcostNodeNotReady"));
        assert_eq!((events, own.warned, mixin.warned), (1, 0, 0));
        // No history, no event and no comparison.
        assert_eq!(named(&alerts, "KcostVolumeFilling").real, None);
        assert_eq!(named(&alerts, "KcostQuotaNearlyUsed").real, None);
    });
}

/// The same of a month of 60 real machines, each with the memory that it was given.
#[test]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn the_rules_on_a_real_trace() {
    let Some(folder) = std::env::var_os("KCOST_TEST_DATA") else {
        return skipped("KCOST_TEST_DATA names no folder with real traces");
    };
    let file = |name: &str| {
        let path = Path::new(&folder).join(format!("bitbrains_rnd_2013-07_60vm{name}.csv.gz"));
        csv::Reader::from_reader(flate2::read::MultiGzDecoder::new(
            fs::File::open(path).unwrap(),
        ))
    };
    let mut usage = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for row in file("").records() {
        let row = row.unwrap();
        let bytes = row[3]
            .parse::<f64>()
            .map_or(String::new(), |kib| (kib * 1024.0).to_string());
        let (name, time, cores) = (&row[0], &row[1], &row[2]);
        let _ = writeln!(usage, "trace,{name}-1-a,app,{time},{cores},{bytes}");
    }
    let mut given: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in file(".capacity").records() {
        let row = row.unwrap();
        let own = given.entry(row[0].to_owned()).or_default();
        let (cores, kib): (f64, f64) = (row[2].parse().unwrap(), row[4].parse().unwrap());
        *own = (own.0.max(cores), own.1.max(kib));
    }
    let machines = given
        .iter()
        .flat_map(|(name, (cores, kib))| machine(name, *cores, *kib));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": machines.collect::<Vec<_>>()});
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of(folder.path(), "trace.kcost", &list, &usage);
    let run = Kcost::new()
        .args(["risks", "-o", "prometheus-rule-file", "--snapshot"])
        .arg(&bundle)
        .run();
    let told = rows(&run.ended(0).stdout);
    eprintln!("{}", told.join("\n"));
    assert!(!told.is_empty());
}

/// A Deployment of one pod, with its owners.
fn machine(name: &str, cores: f64, kib: f64) -> [Value; 3] {
    let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let memory = format!("{kib:.0}Ki");
    let sizes = json!({"requests": {"cpu": cores.to_string(), "memory": memory}, "limits": {"memory": memory}});
    let spec = json!({"containers": [{"name": "app", "image": "trace", "resources": sizes}]});
    let (labels, made) = (json!({"app": name}), "2013-01-01T00:00:00Z");
    let meta = |name: &str, uid: &str, owners: Value| {
        json!({"name": name, "namespace": "trace", "uid": uid, "labels": labels,
               "creationTimestamp": made, "ownerReferences": owners})
    };
    let (set, pod) = (format!("{name}-1"), format!("{name}-1-a"));
    let (d, r) = (format!("d-{name}"), format!("r-{name}"));
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(name, &d, json!([])),
               "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
               "status": {"replicas": 1, "readyReplicas": 1}}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
               "metadata": meta(&set, &r, owner("Deployment", name, &d)),
               "spec": {"replicas": 1, "selector": {"matchLabels": labels}}}),
        json!({"apiVersion": "v1", "kind": "Pod",
               "metadata": meta(&pod, &format!("p-{name}"), owner("ReplicaSet", &set, &r)),
               "spec": spec, "status": {"phase": "Running"}}),
    ]
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
    let run = demo(&["risks", "-o", "prometheus-rule-file"]);
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
