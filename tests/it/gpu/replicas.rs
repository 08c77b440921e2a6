//! Fewer replicas are advised only of what has such, and with what says how many there are.

use serde_json::{Value, json};

use super::{Pod, csv, node, objects, row, run, workload};

/// Two days of little work; of a server with one request at a time.
fn rows(serves: bool) -> Vec<(f64, [String; 13])> {
    let mut figures = vec![
        ("gpu_utilization", 0.2),
        ("gpu_sm_active", 0.05),
        ("gpu_dram_active", 0.06),
        ("gpu_power_watts", 150.0),
        ("gpu_memory_bytes", 20e9),
    ];
    if serves {
        figures.extend([
            ("requests_running", 1.0),
            ("requests_waiting", 0.0),
            ("kv_cache_ratio", 0.03),
        ]);
    }
    vec![row(1.0, &figures); 576]
}

fn pods(owner: (&'static str, &'static str), names: &[&str], serves: bool) -> Vec<Pod> {
    let pod = |name: &&str| Pod {
        owner: Some(owner),
        ..Pod::new(name, rows(serves))
    };
    names.iter().map(pod).collect()
}

/// What is said of fewer replicas, of the workload of this name.
fn fewer(pods: &[Pod], name: &str, change: impl Fn(&mut Vec<Value>)) -> Option<String> {
    let mut list = objects(
        pods,
        &node("n0", "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu", 16),
    );
    change(list["items"].as_array_mut().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let report = run(folder.path(), &list, &csv(pods, 300), &[]);
    let report = report.ended(0).json();
    let mut advice = workload(&report, name)["advice"].as_array().unwrap().iter();
    let found = advice.find(|it| it["action"] == "fewer_replicas")?;
    Some(found["text"].as_str().unwrap().to_owned())
}

#[test]
fn only_pods_that_are_alike_may_be_fewer() {
    let names = ["a-0", "a-1", "a-2", "a-3"];
    let said = |api, kind, serves| fewer(&pods((api, kind), &names, serves), "a", |_| ());
    for (api, kind, serves) in [
        ("apps/v1", "DaemonSet", true),
        ("apps/v1", "StatefulSet", false),
        ("ray.io/v1", "RayCluster", false),
    ] {
        assert_eq!(said(api, kind, serves), None, "{kind}");
    }
    for (api, kind, serves) in [
        ("apps/v1", "Deployment", false),
        ("apps/v1", "StatefulSet", true),
    ] {
        let said = said(api, kind, serves).unwrap();
        assert!(said.starts_with("run 1 of 4 replicas: "), "{said}");
    }
}

#[test]
fn of_groups_of_pods_there_may_be_fewer_groups() {
    const API: &str = "leaderworkerset.x-k8s.io/v1";
    let names = ["llm-0", "llm-0-1", "llm-1", "llm-1-1", "llm-2", "llm-2-1"];
    let pods = pods((API, "LeaderWorkerSet"), &names, true);
    let said = fewer(&pods, "llm", |items| {
        for pod in items.iter_mut().filter(|it| it["kind"] == "Pod") {
            pod["metadata"]["ownerReferences"][0]["name"] = json!("llm");
        }
    });
    let said = said.unwrap();
    assert!(said.starts_with("run 1 of 3 groups: "), "{said}");
}

#[test]
fn what_an_autoscaler_says_of_replicas_is_told() {
    let pods = pods(
        ("apps/v1", "Deployment"),
        &["chat-0", "chat-1", "chat-2"],
        true,
    );
    let said = |least: u32| {
        let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"namespace": "ml", "name": "busy"},
            "spec": {"minReplicas": least, "maxReplicas": 9,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"},
                "metrics": [{"type": "Resource", "resource": {"name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 60}}}]}});
        fewer(&pods, "chat", |items| items.push(scaler.clone())).unwrap()
    };
    let held = said(3);
    assert!(
        held.ends_with("; its HPA `busy` keeps at least 3: lower that to 1"),
        "{held}"
    );
    let free = said(1);
    assert!(
        free.ends_with("; its HPA `busy` says how many there are: raise its target"),
        "{free}"
    );
}

#[test]
fn a_budget_that_so_few_replicas_do_not_bear_is_told() {
    let names = ["chat-0", "chat-1", "chat-2", "chat-3"];
    let pods = pods(("apps/v1", "Deployment"), &names, true);
    let said = |wanted: u32| {
        let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"namespace": "ml", "name": "keep"},
            "spec": {"minAvailable": wanted, "selector": {"matchLabels": {"app": "chat"}}},
            "status": {"disruptionsAllowed": 4 - wanted, "currentHealthy": 4,
                "desiredHealthy": wanted, "expectedPods": 4}});
        let text = fewer(&pods, "chat", |items| {
            for pod in items.iter_mut().filter(|it| it["kind"] == "Pod") {
                pod["metadata"]["labels"] = json!({"app": "chat"});
            }
            items.push(budget.clone());
        });
        text.unwrap()
    };
    let told = said(3);
    assert!(
        told.ends_with(
            "; its PodDisruptionBudget `keep` wants 3 of them well: lower that as well, or none can \
             be moved"
        ),
        "{told}"
    );
    let free = said(0);
    assert!(!free.contains("PodDisruptionBudget"), "{free}");
}

#[test]
fn slices_are_not_for_pods_that_talk_to_each_other() {
    const RUN: (&str, &str) = ("kubeflow.org/v1", "PyTorchJob");
    let slices = |owner: (&'static str, &'static str), names: &[&str]| {
        let node = node("n0", "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu", 16);
        let report = super::told(&pods(owner, names, false), &node, 300, &[]);
        let advice = workload(&report, "a")["advice"].as_array().unwrap().clone();
        let found = advice.iter().find(|it| it["action"] == "mig_slice")?;
        let text = found["text"].as_str().unwrap().to_owned();
        Some((text, found["risk"].as_str().unwrap().to_owned()))
    };
    assert_eq!(slices(RUN, &["a-0", "a-1"]), None);
    // One rank talks to nobody.
    assert_eq!(slices(RUN, &["a-0"]).unwrap().1, "medium");
    // Pods of a Job may each have work of their own.
    let (text, risk) = slices(("batch/v1", "Job"), &["a-0", "a-1"]).unwrap();
    assert!(
        text.contains("unless its pods talk to each other"),
        "{text}"
    );
    assert_eq!(risk, "high");
    let (text, risk) = slices(("apps/v1", "Deployment"), &["a-0", "a-1"]).unwrap();
    assert!(!text.contains("talk to each other"), "{text}");
    // One of both is enough, and what memory it takes for both nobody has seen.
    assert!(text.contains("each that is left needs"), "{text}");
    assert_eq!(risk, "high");
}

/// Replicas of a server that are used so much of the time.
fn replicas(count: usize, used: f64) -> Value {
    let figures = [
        ("gpu_utilization", 0.5),
        ("gpu_sm_active", used),
        ("gpu_dram_active", 0.05),
        ("gpu_power_watts", 180.0),
        ("gpu_memory_bytes", 9e9),
        ("requests_running", 2.0),
        ("requests_waiting", 0.0),
        ("kv_cache_ratio", 0.03),
    ];
    let pod = |at| Pod {
        owner: Some(("apps/v1", "Deployment")),
        ..Pod::new(&format!("chat-{at}"), vec![row(1.0, &figures); 576])
    };
    let pods: Vec<Pod> = (0..count).map(pod).collect();
    let node = node("n0", "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu", 16);
    let report = super::told(&pods, &node, 300, &[]);
    workload(&report, "chat").clone()
}

/// The text of what is advised of this sort, and what it saves.
fn advised(it: &Value, action: &str) -> Option<(String, f64)> {
    let mut all = it["advice"].as_array().unwrap().iter();
    let found = all.find(|it| it["action"] == action)?;
    let saved = found["monthly_savings"].as_str();
    let saved = saved.map_or(0.0, |it| it.parse().unwrap());
    Some((found["text"].as_str().unwrap().to_owned(), saved))
}

#[test]
fn a_slice_is_for_what_the_replicas_that_are_left_do() {
    // One of five has two fifths of a device to do, for which a slice of three sevenths is too small.
    let it = replicas(5, 0.08);
    let (text, fewer) = advised(&it, "fewer_replicas").unwrap();
    assert!(text.starts_with("run 1 of 5 replicas: "), "{text}");
    let (text, slice) = advised(&it, "mig_slice").unwrap_or_else(|| panic!("{it:#}"));
    assert!(
        text.contains("has what each that is left needs: 40% of the compute"),
        "{text}"
    );
    let cost: f64 = it["monthly_cost"].as_str().unwrap().parse().unwrap();
    let left = cost - fewer;
    assert!((fewer / cost - 0.8).abs() < 0.001, "{it:#}");
    // Four sevenths, or half of the memory, stay at least.
    assert!(slice > 0.0 && slice < 0.5 * left, "{slice} of {left}");
    // One alone has less to do.
    let alone = replicas(1, 0.08);
    assert_eq!(advised(&alone, "fewer_replicas"), None);
    let (text, _) = advised(&alone, "mig_slice").unwrap();
    assert!(text.contains("has what it needs: 8"), "{text}");
    // What is left of six has no slice that is large enough.
    let full = replicas(6, 0.19);
    let (text, _) = advised(&full, "fewer_replicas").unwrap();
    assert!(text.starts_with("run 2 of 6 replicas: "), "{text}");
    assert_eq!(advised(&full, "mig_slice"), None, "{full:#}");
}
