//! What of objects decides about a plan, from files to the table.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::common::Kcost;

fn node(name: &str, zone: &str) -> Value {
    let amounts = json!({"cpu": "4", "memory": "16Gi", "pods": "58"});
    json!({"apiVersion": "v1", "kind": "Node",
           "metadata": {"name": name, "labels": {
               "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
               "kubernetes.io/arch": "amd64",
               "node.kubernetes.io/instance-type": "m5.xlarge",
               "eks.amazonaws.com/nodegroup": "gen",
               "topology.kubernetes.io/region": "us-east-1",
               "topology.kubernetes.io/zone": zone}},
           "spec": {"providerID": format!("aws:///{zone}/i-{name}")},
           "status": {"capacity": amounts, "allocatable": amounts,
                      "conditions": [{"type": "Ready", "status": "True"}]}})
}

/// A pod of a ReplicaSet that asks for half a core and a GiB.
fn pod(name: &str, node: &str, spec: &Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name},
                     "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                                          "name": name, "uid": name, "controller": true}]},
        "spec": {"nodeName": node, "containers": [{"name": "app", "image": "i", "resources":
                    {"requests": {"cpu": "500m", "memory": "1Gi"}}}]},
        "status": {"phase": "Running"}});
    for (key, value) in spec.as_object().unwrap() {
        pod["spec"][key] = value.clone();
    }
    pod
}

/// That its node is left alone.
fn pinned(mut pod: Value) -> Value {
    pod["metadata"]["annotations"] = json!({"karpenter.sh/do-not-disrupt": "true"});
    pod
}

fn volume(labels: &Value) -> [Value; 2] {
    [
        json!({"apiVersion": "v1", "kind": "PersistentVolume",
               "metadata": {"name": "pv", "labels": labels},
               "spec": {"capacity": {"storage": "10Gi"}, "storageClassName": "gp3",
                        "claimRef": {"namespace": "shop", "name": "data"},
                        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "v"}},
               "status": {"phase": "Bound"}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
               "metadata": {"namespace": "shop", "name": "data"},
               "spec": {"volumeName": "pv", "storageClassName": "gp3",
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": "10Gi"}}},
               "status": {"phase": "Bound"}}),
    ]
}

fn mounting(name: &str, node: &str) -> Value {
    let volumes = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
    pod(name, node, &json!({"volumes": volumes}))
}

/// `kcost nodes` of these objects.
fn report(items: &[Value], args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(folder.path().join("objects.json"), list.to_string()).unwrap();
    let mut rows = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for pod in items.iter().filter(|it| it["kind"] == "Pod") {
        let name = pod["metadata"]["name"].as_str().unwrap();
        for at in 0..200 {
            let time = 1_763_000_000 + 3600 * at;
            writeln!(rows, "shop,{name},app,{time},0.4,900000000").unwrap();
        }
    }
    std::fs::write(folder.path().join("usage.csv"), rows).unwrap();
    let base = ["nodes", "--objects", "objects.json", "--usage", "usage.csv"];
    let run = Kcost::new().inside(folder.path()).args(base).args(args);
    run.args(["-o", "json"]).run().ended(0).json()
}

/// Names of the nodes that go at today's requests.
fn drained(report: &Value) -> Vec<&str> {
    let nodes = report["nodes"].as_array().unwrap().iter();
    let gone = nodes.filter(|it| !it["today"]["drain_order"].is_null());
    gone.map(|it| it["name"].as_str().unwrap()).collect()
}

fn stays<'a>(report: &'a Value, node: &str) -> &'a str {
    let mut nodes = report["nodes"].as_array().unwrap().iter();
    let node = nodes.find(|it| it["name"] == node).unwrap();
    node["today"]["stays"]["text"].as_str().unwrap()
}

#[test]
fn labels_of_a_volume_bind_it_to_its_zones() {
    let of = |labels: &Value| {
        let mut items = vec![
            node("n0", "us-east-1a"),
            node("n1", "us-east-1b"),
            mounting("a", "n0"),
            pinned(pod("b", "n1", &json!({}))),
        ];
        items.extend(volume(labels));
        report(&items, &[])
    };
    for labels in [
        json!({"topology.kubernetes.io/zone": "us-east-1a"}),
        json!({"failure-domain.beta.kubernetes.io/zone": "us-east-1a"}),
        json!({"topology.kubernetes.io/zone": "us-east-1a__us-east-1c"}),
        json!({"topology.kubernetes.io/region": "us-west-2"}),
    ] {
        let report = of(&labels);
        assert_eq!(drained(&report), [""; 0], "{labels}");
        assert!(stays(&report, "n0").contains("selectors, tolerations or volumes"));
    }
    for labels in [
        json!({}),
        json!({"topology.kubernetes.io/zone": "us-east-1a__us-east-1b"}),
        json!({"topology.kubernetes.io/region": "us-east-1"}),
    ] {
        assert_eq!(drained(&of(&labels)), ["n0"], "{labels}");
    }
}

#[test]
fn a_node_that_does_not_say_where_it_is_takes_any_volume() {
    let mut silent = node("n1", "");
    let labels = silent["metadata"]["labels"].as_object_mut().unwrap();
    labels.retain(|key, _| !key.starts_with("topology"));
    let mut items = vec![
        node("n0", "us-east-1a"),
        silent,
        mounting("a", "n0"),
        pinned(pod("b", "n1", &json!({}))),
    ];
    items.extend(volume(
        &json!({"topology.kubernetes.io/zone": "us-east-1a"}),
    ));
    assert_eq!(drained(&report(&items, &[])), ["n0"]);
}

#[test]
fn an_owner_that_is_no_controller_starts_nothing_anew() {
    let mut bare = pod("a", "n0", &json!({}));
    bare["metadata"]["ownerReferences"] = json!([{"apiVersion": "example.com/v1",
        "kind": "Foo", "name": "f", "uid": "f", "controller": false}]);
    let pinned = pinned(pod("b", "n1", &json!({})));
    let items = [
        node("n0", "us-east-1a"),
        node("n1", "us-east-1a"),
        bare,
        pinned,
    ];
    let by_hand = report(&items, &[]);
    assert_eq!(drained(&by_hand), [""; 0]);
    assert!(stays(&by_hand, "n0").contains("has no controller"));
    let moved = report(&items, &["--autoscaler", "karpenter"]);
    assert_eq!(drained(&moved), ["n0"]);
    let mut owned = items.clone();
    owned[2]["metadata"]["ownerReferences"][0]["controller"] = true.into();
    assert_eq!(drained(&report(&owned, &[])), ["n0"]);
}

#[test]
fn a_node_may_be_left_alone_for_a_time() {
    let of = |span: &str, created: Option<&str>| {
        let mut young = node("n0", "us-east-1a");
        young["metadata"]["annotations"] = json!({"karpenter.sh/do-not-disrupt": span});
        young["metadata"]["creationTimestamp"] = created.into();
        let kept = pinned(pod("b", "n1", &json!({})));
        let items = [
            young,
            node("n1", "us-east-1a"),
            pod("a", "n0", &json!({})),
            kept,
        ];
        report(&items, &[])
    };
    // Usage ends on 2025-11-21.
    for (span, created) in [
        ("48h", Some("2025-11-20T12:00:00Z")),
        ("30m", None),
        ("true", Some("2025-01-01T00:00:00Z")),
    ] {
        let report = of(span, created);
        assert_eq!(drained(&report), [""; 0], "{span}");
        let words = format!("`karpenter.sh/do-not-disrupt: {span}`");
        assert!(stays(&report, "n0").contains(&words));
    }
    for span in ["48h", "false"] {
        assert_eq!(drained(&of(span, Some("2025-11-01T00:00:00Z"))), ["n0"]);
    }
}

#[test]
fn files_that_may_be_lost_keep_no_node() {
    let volumes = json!({"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "run",
        "emptyDir": {"medium": "Memory"}}]});
    let of = |named: &str| {
        let mut local = pod("a", "n0", &volumes);
        local["metadata"]["annotations"] =
            json!({"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": named});
        let kept = pinned(pod("b", "n1", &json!({})));
        let items = [
            node("n0", "us-east-1a"),
            node("n1", "us-east-1a"),
            local,
            kept,
        ];
        report(&items, &["--autoscaler", "cluster-autoscaler"])
    };
    assert_eq!(drained(&of("other,tmp")), ["n0"]);
    let report = of("other");
    assert_eq!(drained(&report), [""; 0]);
    assert!(stays(&report, "n0").contains("keeps files on its node"));
}

/// The mix of the one pool, or the code of why there is none.
fn mix(report: &Value) -> Result<Vec<&str>, &str> {
    let pool = &report["fleet"]["pools"][0];
    match pool["mix"]["types"].as_array() {
        Some(types) => Ok(types
            .iter()
            .map(|it| it["instance_type"].as_str().unwrap())
            .collect()),
        None => Err(pool["unknown"]["code"].as_str().unwrap()),
    }
}

#[test]
fn a_fleet_keeps_to_machines_that_its_pods_may_run_on() {
    const TYPE: &str = "node.kubernetes.io/instance-type";
    let of = |a: &Value, b: &Value| {
        let items = [
            node("n0", "us-east-1a"),
            node("n1", "us-east-1a"),
            pod("a", "n0", a),
            pod("b", "n1", b),
        ];
        report(&items, &["--fleet"])
    };
    let named = |names: &[&str]| {
        let terms = json!([{"matchExpressions": [
            {"key": TYPE, "operator": "In", "values": names}]}]);
        json!({"affinity": {"nodeAffinity":
            {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}})
    };
    let free = of(&json!({}), &json!({}));
    assert!(!mix(&free).unwrap().contains(&"m5.large"));
    let all = named(&["m5.xlarge", "m5.large"]);
    assert_eq!(mix(&of(&all, &all)), Ok(vec!["m5.large"]));
    // One is enough for both.
    assert_eq!(mix(&of(&all, &json!({}))), Ok(vec!["m5.large"]));
    let apart = of(&named(&["m5.large"]), &named(&["m6i.large"]));
    let mut types = mix(&apart).unwrap();
    types.sort_unstable();
    assert_eq!(types, ["m5.large", "m6i.large"]);
    assert_eq!(
        mix(&of(&named(&["none.such"]), &json!({}))),
        Err("placement")
    );
    // What was given to one node by hand, no new one has.
    let mut by_hand = node("n0", "us-east-1a");
    by_hand["metadata"]["labels"]["disk"] = "ssd".into();
    let ssd = json!({"nodeSelector": {"disk": "ssd"}});
    let mut items = [
        by_hand,
        node("n1", "us-east-1a"),
        pod("a", "n0", &ssd),
        pod("b", "n1", &json!({})),
    ];
    assert_eq!(mix(&report(&items, &["--fleet"])), Err("placement"));
    items[1]["metadata"]["labels"]["disk"] = "ssd".into();
    assert!(mix(&report(&items, &["--fleet"])).is_ok());
}
