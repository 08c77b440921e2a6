//! What an accountant looks for: one meaning of a word, figures that sum, and nothing that is
//! billed by a rule of something else.

use std::fs;
use std::path::{Path, PathBuf};

use kcost::snapshot::Sold;
use kcost::units::{Bytes, Cpu};
use serde_json::{Value, json};

use crate::common::{Kcost, Seen, demo, demo_week};

/// A node of 4 cores and 16 GiB with more labels.
fn node(name: &str, labels: &Value) -> Value {
    let mut all = json!({
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "m6i.xlarge",
        "topology.kubernetes.io/region": "us-east-1", "topology.kubernetes.io/zone": "us-east-1a",
        "eks.amazonaws.com/nodegroup": "web"});
    for (key, value) in labels.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": all},
           "spec": {"providerID": format!("aws:///us-east-1a/i-{name}")},
           "status": {"capacity": {"cpu": "4", "memory": "16Gi", "pods": "20"},
                      "allocatable": {"cpu": "3900m", "memory": "15Gi", "pods": "20"},
                      "conditions": [{"type": "Ready", "status": "True"}]}})
}

/// A Deployment with one pod on a node, or one that waits.
fn app(namespace: &str, name: &str, on: Option<&str>, cpu: &str, more: &Value) -> Vec<Value> {
    let owner = |kind: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": format!("{kind}-{namespace}-{name}"), "controller": true}]);
    let containers = json!([{"name": "app", "image": "i", "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}]);
    let mut spec = json!({"containers": containers});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    let (labels, set) = (json!({"app": name}), format!("{name}-1"));
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let mut own = spec.clone();
    if let Some(node) = on {
        own["nodeName"] = json!(node);
    }
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
               "metadata": {"namespace": namespace, "name": name, "uid": format!("Deployment-{namespace}-{name}")},
               "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
               "metadata": {"namespace": namespace, "name": set, "uid": format!("ReplicaSet-{namespace}-{set}"),
                            "ownerReferences": owner("Deployment", name)},
               "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}}),
        json!({"apiVersion": "v1", "kind": "Pod",
               "metadata": {"namespace": namespace, "name": format!("{set}-x"), "labels": labels,
                            "ownerReferences": owner("ReplicaSet", &set)},
               "spec": own, "status": {"phase": if on.is_some() { "Running" } else { "Pending" }}}),
    ]
}

fn file(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// A command on these objects, which ends well.
fn run(objects: &[Value], args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let objects = file(folder.path(), "objects.json", list.to_string());
    let (command, rest) = args.split_first().unwrap();
    let with = Kcost::new().arg(command).arg("--objects").arg(objects);
    with.args(rest).run().ended(0)
}

/// The same, with a sheet of prices.
fn priced(objects: &[Value], sheet: &str, args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let sheet = file(folder.path(), "prices.yaml", sheet);
    let mut all = args.to_vec();
    all.extend(["--prices", sheet.to_str().unwrap()]);
    run(objects, &all)
}

fn cents(value: &Value) -> i64 {
    let text = value.as_str().unwrap().replace('.', "");
    text.parse().unwrap()
}

fn two(first: &Value, second: &Value) -> Vec<Value> {
    vec![node("n0", first), node("n1", second)]
}

#[test]
fn freed_is_one_figure_wherever_it_is_told() {
    let found = demo_week(&["analyze", "-o", "json", "--by", "namespace"]);
    let found = found.ended(0).json();
    let summary = &found["summary"];
    let freed = cents(&summary["monthly_cost"]["freed"]);
    assert_eq!(freed, cents(&summary["bill"]["net_freed"]));
    let both = |key: &str| cents(&summary["monthly_cost"][key]);
    assert_eq!(freed, both("current") - both("recommended"));
    let groups = found["groups"]["groups"].as_array().unwrap();
    let sum: i64 = groups
        .iter()
        .map(|it| cents(&it["monthly_cost"]["freed"]))
        .sum();
    assert_eq!(freed, sum);
}

#[test]
fn a_commitment_covers_no_spot_and_what_it_does_not_cover_is_told() {
    let spot = json!({"eks.amazonaws.com/capacityType": "SPOT"});
    let sheet = "commitments:\n- {provider: aws, covered_percent: 100, discount_percent: 50}\n";
    let objects = two(&json!({}), &spot);
    let nodes = priced(&objects, sheet, &["nodes", "-o", "json"]).json();
    let [first, second] = [0, 1].map(|at| nodes["nodes"][at].clone());
    assert_eq!(first["monthly_cost"], "70.08");
    assert_eq!(first["monthly_leaves"], "0.00");
    assert_eq!(second["monthly_cost"], second["monthly_leaves"]);
    // An hour of m6i.xlarge is 0.192, half of which is paid: 9.904 are left of 10.
    let sheet = "commitments:\n- {provider: aws, committed_hourly: 10, discount_percent: 50}\n";
    let costs = priced(&objects, sheet, &["costs", "-o", "json"]).json();
    assert_eq!(costs["bill"]["unused_commitments"], "7229.92");
    let text = priced(&objects, sheet, &["costs"]).stdout;
    assert!(text.contains("$7,229.92"), "{text}");
    let sheet =
        "commitments:\n- {instance_type: m6i.xlarge, covered_nodes: 4, discount_percent: 50}\n";
    let costs = priced(&objects, sheet, &["costs", "-o", "json"]).json();
    assert_eq!(costs["bill"]["unused_commitments"], "210.24");
}

#[test]
fn what_others_request_is_not_idle_where_one_namespace_is_read() {
    let mut objects = two(&json!({}), &json!({}));
    objects.extend(app("shop", "web", Some("n0"), "2", &json!({})));
    objects.extend(app("pay", "api", Some("n1"), "2", &json!({})));
    let part = run(&objects, &["costs", "-o", "json", "-n", "shop"]).json();
    assert_eq!(part["bill"]["idle"], Value::Null);
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("all.kcost");
    let bundle = bundle.to_str().unwrap();
    run(&objects, &["snapshot", "-o", bundle]);
    let same = Kcost::new().args(["costs", "--snapshot", bundle, "-o", "json", "-n", "shop"]);
    let same = same.run().ended(0).json();
    assert_eq!(part["bill"], same["bill"]);
    let none = Kcost::new().args(["costs", "--snapshot", bundle, "-n", "nope"]);
    assert_ne!(none.run().exit, 0);
    let analyzed = run(&objects, &["analyze", "-o", "json", "-n", "shop"]).json();
    assert_eq!(analyzed["summary"]["bill"], Value::Null);
}

/// Nodes that can go, by name.
fn drained(objects: &[Value]) -> Vec<String> {
    let found = run(objects, &["nodes", "-o", "json", "--reserve", "0%"]).json();
    let nodes = found["nodes"].as_array().unwrap().iter();
    let gone = nodes.filter(|it| !it["today"]["drain_order"].is_null());
    gone.map(|it| it["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn pods_stay_with_the_system_and_architecture_that_they_run_on() {
    for other in [
        json!({"kubernetes.io/arch": "arm64", "node.kubernetes.io/instance-type": "m7g.xlarge"}),
        json!({"kubernetes.io/os": "windows"}),
    ] {
        let mut objects = two(&json!({}), &other);
        objects.extend(app("shop", "web", Some("n0"), "1", &json!({})));
        objects.extend(app("shop", "api", Some("n1"), "1", &json!({})));
        assert_eq!(drained(&objects), [""; 0], "{other}");
        let key = other.as_object().unwrap().keys().next().unwrap();
        let any = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchExpressions": [{"key": key, "operator": "Exists"}]}]}}}});
        objects.extend(app("shop", "any", Some("n1"), "1", &any));
        objects.retain(|it| !it["metadata"]["name"].as_str().unwrap().starts_with("api"));
        assert_eq!(drained(&objects), ["n1"], "{other}");
    }
}

#[test]
fn a_node_with_windows_is_said_to_lack_its_licence() {
    let objects = two(&json!({}), &json!({"kubernetes.io/os": "windows"}));
    let costs = run(&objects, &["costs", "-o", "json"]).json();
    let [linux, windows] = [0, 1].map(|at| costs["nodes"][at].clone());
    assert_eq!(linux["price_basis"], "quoted");
    assert_eq!(windows["price_basis"], "estimated");
    let origin = windows["price_origin"].as_str().unwrap();
    assert!(origin.contains("licence of Windows"), "{origin}");
}

#[test]
fn a_fleet_keeps_architectures_apart_and_the_fewest_nodes_of_a_pool() {
    let arm =
        json!({"kubernetes.io/arch": "arm64", "node.kubernetes.io/instance-type": "m7g.xlarge"});
    let mut objects = two(&json!({}), &arm);
    objects.push(node("n2", &json!({})));
    objects.push(node("n3", &json!({})));
    for (name, on) in [("a", "n0"), ("b", "n1"), ("c", "n2"), ("d", "n3")] {
        objects.extend(app("shop", name, Some(on), "300m", &json!({})));
    }
    let found = run(&objects, &["nodes", "--fleet", "-o", "json"]).json();
    let pools = found["fleet"]["pools"].as_array().unwrap();
    let kinds: Vec<&str> = pools
        .iter()
        .map(|it| it["architecture"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["amd64", "arm64"]);
    let of = |found: &Value| -> u64 {
        let pools = found["fleet"]["pools"].as_array().unwrap().iter();
        let types = pools.filter(|it| it["architecture"] == "amd64");
        let types = types.flat_map(|it| it["mix"]["types"].as_array().unwrap().clone());
        types.map(|it| it["count"].as_u64().unwrap()).sum()
    };
    assert_eq!(of(&found), 1);
    let args = ["nodes", "--fleet", "-o", "json", "--pool-min", "web=4"];
    assert_eq!(of(&run(&objects, &args).json()), 3);
}

#[test]
fn a_pod_that_waits_is_no_pod_of_the_node_that_it_would_come_to() {
    let mut objects = two(&json!({}), &json!({}));
    objects.extend(app("shop", "web", Some("n0"), "1", &json!({})));
    objects.extend(app("shop", "api", Some("n1"), "100m", &json!({})));
    objects.extend(app("shop", "new", None, "100m", &json!({})));
    let found = run(&objects, &["nodes", "-o", "json"]).json();
    let today = &found["summary"]["today"];
    assert_eq!(today["nodes_drained"], 1);
    assert_eq!(today["pods_moved"], 1);
    let first = &today["moves_first"][0];
    assert_eq!(
        (first["pod"].as_str(), &first["from"]),
        (Some("new-1-x"), &Value::Null)
    );
    let moves = found["nodes"].as_array().unwrap().iter();
    let moves: Vec<Value> = moves
        .flat_map(|it| it["today"]["moves"].as_array().unwrap().clone())
        .collect();
    assert!(moves.iter().all(|it| it["pod"] != "new-1-x"), "{moves:?}");
}

#[test]
fn volumes_that_are_made_with_a_pod_count_among_those_of_a_node() {
    let volume = json!({"volumes": [{"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}}]});
    let mut objects = two(&json!({}), &json!({}));
    for (name, on) in [("a", "n0"), ("b", "n1")] {
        objects.extend(app("shop", name, Some(on), "100m", &volume));
        let claim = format!("{name}-1-x-e");
        objects.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"namespace": "shop", "name": claim},
            "spec": {"volumeName": name, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Bound"}}));
        objects.push(json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {"capacity": {"storage": "1Gi"}, "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": name},
                     "claimRef": {"namespace": "shop", "name": claim}},
            "status": {"phase": "Bound"}}));
    }
    assert_eq!(drained(&objects).len(), 1);
    for name in ["n0", "n1"] {
        objects.push(json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": name},
            "spec": {"drivers": [{"name": "ebs.csi.aws.com", "nodeID": name, "allocatable": {"count": 1}}]}}));
    }
    assert_eq!(drained(&objects), [""; 0]);
}

#[test]
fn disks_of_nodes_cost_nothing_more_and_servers_what_nobody_knows() {
    let mut objects = vec![node("n0", &json!({}))];
    for (name, class, source) in [
        ("disk", "local", json!({"local": {"path": "/mnt"}})),
        ("host", "", json!({"hostPath": {"path": "/mnt"}})),
        ("share", "nfs", json!({"nfs": {"path": "/", "server": "x"}})),
        (
            "cloud",
            "",
            json!({"csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "v"}}),
        ),
    ] {
        let mut spec = json!({"capacity": {"storage": "500Gi"}, "storageClassName": class});
        for (key, value) in source.as_object().unwrap() {
            spec[key] = value.clone();
        }
        objects.push(
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
                            "spec": spec, "status": {"phase": "Available"}}),
        );
    }
    let found = run(&objects, &["costs", "-o", "json"]).json();
    assert_eq!(found["bill"]["storage"], "40.00");
    assert_eq!(found["unpriced_volumes"], 1);
    let text = run(&objects, &["costs"]).stdout;
    assert!(text.contains("volume cloud (500Gi of no class)"), "{text}");
    let sheet = "storage: {nfs: 0.1}\n";
    let found = priced(&objects, sheet, &["costs", "-o", "json"]).json();
    assert_eq!(found["bill"]["storage"], "90.00");
}

#[test]
fn what_is_committed_is_counted_once_over_all_clusters() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = |name: &str, nodes: [&str; 2]| {
        let mut objects: Vec<Value> = nodes.iter().map(|it| node(it, &json!({}))).collect();
        objects.extend(app("shop", name, Some(nodes[0]), "1", &json!({})));
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let objects = file(folder.path(), &format!("{name}.json"), list.to_string());
        let path = folder.path().join(format!("{name}.kcost"));
        let made = Kcost::new().args(["snapshot", "-q", "--objects"]);
        made.arg(objects).arg("-o").arg(&path).run().ended(0);
        path
    };
    let [one, two] = [bundle("one", ["n0", "n1"]), bundle("two", ["n2", "n3"])];
    let text = "commitments:\n- {provider: aws, covered_nodes: 2, discount_percent: 50}\n";
    let sheet = file(folder.path(), "prices.yaml", text);
    let command = Kcost::new().args(["analyze", "--strategy", "krr", "-o", "json", "--snapshot"]);
    let command = command.arg(one).arg("--snapshot").arg(two);
    let report = command.arg("--prices").arg(sheet).run().ended(0).json();
    let clusters = report["clusters"].as_array().unwrap();
    let totals = clusters.iter().map(|it| &it["summary"]["bill"]["total"]);
    // Two of four nodes at half of 140.16: each cluster has one of them.
    assert_eq!(totals.collect::<Vec<_>>(), ["210.24", "210.24"]);
}

#[test]
fn disks_cost_what_their_class_makes_and_a_guess_is_said_to_be_one() {
    let mut objects = vec![node("n0", &json!({}))];
    for (class, disks) in [("fast", "io2"), ("odd", "weird"), ("gp2", "")] {
        if !disks.is_empty() {
            objects.push(
                json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
                "metadata": {"name": class}, "provisioner": "ebs.csi.aws.com",
                "parameters": {"type": disks, "secret": "hush"}}),
            );
        }
        objects.push(
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": class},
            "spec": {"capacity": {"storage": "100Gi"}, "storageClassName": class,
                     "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "v"}},
            "status": {"phase": "Available"}}),
        );
    }
    let found = run(&objects, &["costs", "-o", "json"]).json();
    let classes = found["storage"]["classes"].as_array().unwrap();
    let of = |name: &str| {
        classes
            .iter()
            .find(|it| it["storage_class"] == name)
            .unwrap()
    };
    assert_eq!(of("fast")["gib_monthly_cost"], "0.125");
    assert_eq!(of("fast")["price_basis"], "quoted");
    assert_eq!(of("odd")["gib_monthly_cost"], "0.08");
    assert_eq!(of("odd")["price_basis"], "estimated");
    assert_eq!(of("gp2")["monthly_cost"], "10.00");
    let text = run(&objects, &["costs", "-v"]).stdout;
    assert!(
        text.contains("the price of 2 storage classes is a guess"),
        "{text}"
    );
    assert!(
        text.contains("fast: $0.125 a GiB a month; io2, price pages of 2026"),
        "{text}"
    );
    let sheet = "storage: {nope: 0.1, fast: 0.2}\n";
    let told = priced(&objects, sheet, &["costs", "-o", "json"]).json();
    let told = told["prices"].as_str().unwrap();
    assert!(
        told.ends_with("no volume here has a storage class `nope` of the sheet"),
        "{told}"
    );
}

#[test]
fn load_balancers_are_paid_by_the_rule_where_the_cloud_does() {
    let service = |name: &str, ports: usize, class: Option<&str>| {
        let ports: Vec<Value> = (0..ports)
            .map(|at| json!({"name": format!("p{at}"), "port": 80 + at}))
            .collect();
        let mut spec = json!({"type": "LoadBalancer", "selector": {"app": "x"}, "ports": ports});
        if let Some(class) = class {
            spec["loadBalancerClass"] = json!(class);
        }
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": name}, "spec": spec})
    };
    let mut services: Vec<Value> = (0..6)
        .map(|at| service(&format!("s{at}"), 1, None))
        .collect();
    services.push(service("many", 3, None));
    services.push(service("own", 1, Some("tailscale")));
    for (id, hourly, many) in [
        // Each of seven 0.0225.
        ("aws:///us-east-1a/i-n0", 0.1575, 1.0 / 7.0),
        // Seven rules: one for each address and protocol.
        ("gce://p/us-central1-a/n0", 0.045, 1.0 / 7.0),
        // Nine: one for each port.
        ("azure:///subscriptions/s/n0", 0.065, 3.0 / 9.0),
    ] {
        let mut own = node("n0", &json!({}));
        own["spec"]["providerID"] = json!(id);
        let objects: Vec<Value> = [own].into_iter().chain(services.clone()).collect();
        let found = run(&objects, &["costs", "-o", "json"]).json();
        let amount = |it: &Value| it.as_str().unwrap().parse::<f64>().unwrap();
        assert!(
            (amount(&found["bill"]["load_balancers"]) - hourly * 730.0).abs() < 0.006,
            "{id}"
        );
        let all = found["load_balancers"].as_array().unwrap();
        assert_eq!(all.len(), 7, "{id}");
        let one = all.iter().find(|it| it["name"] == "many").unwrap();
        assert!(
            // Rounded so that all of them sum up.
            (amount(&one["monthly_cost"]) - hourly * 730.0 * many).abs() < 0.01,
            "{id}: {one}"
        );
        assert!(
            one["price_origin"]
                .as_str()
                .unwrap()
                .contains("price pages of 2026"),
            "{one}"
        );
    }
}

#[test]
fn nodes_and_costs_say_the_same_to_the_hundredth() {
    let json = |command: &str| demo(&[command, "-o", "json"]).ended(0).json();
    let (nodes, costs, analyzed) = (json("nodes"), json("costs"), json("analyze"));
    let bill = cents(&costs["bill"]["nodes"]);
    assert_eq!(bill, cents(&nodes["summary"]["monthly_cost"]));
    let rows = nodes["nodes"].as_array().unwrap();
    assert_eq!(
        bill,
        rows.iter()
            .map(|it| cents(&it["monthly_cost"]))
            .sum::<i64>()
    );
    let gone = rows
        .iter()
        .filter(|it| !it["advised"]["drain_order"].is_null());
    let gone: i64 = gone.map(|it| cents(&it["monthly_leaves"])).sum();
    assert_eq!(gone, cents(&nodes["summary"]["advised"]["monthly_saved"]));
    let lines = &analyzed["summary"]["bill"];
    for (mine, theirs) in [
        ("volumes", "storage"),
        ("load_balancers", "load_balancers"),
        ("system", "system"),
        ("total", "total"),
    ] {
        assert_eq!(lines[mine], costs["bill"][theirs], "{mine}");
    }
}

#[test]
fn a_group_costs_what_it_costs_to_the_hundredth() {
    let mut objects = two(&json!({}), &json!({}));
    objects.extend(app("shop", "web", Some("n0"), "1100m", &json!({})));
    let sheet = "prices:\n- {instance_type: m6i.xlarge, price: 0.4}\n";
    let found = priced(&objects, sheet, &["costs", "--by", "node", "-o", "json"]).json();
    let all = found["allocations"].as_array().unwrap();
    assert!(all.iter().all(|it| it["totalCost"] == "292.00"), "{all:?}");
}

#[test]
fn a_zone_counts_while_its_nodes_are_drained() {
    let other = json!({"topology.kubernetes.io/zone": "us-east-1b"});
    let mut objects = two(&json!({}), &other);
    let spread = |name: &str| {
        json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": name}}}]})
    };
    let mut more = app("shop", "web", Some("n0"), "100m", &spread("web"));
    let mut second = more[2].clone();
    second["metadata"]["name"] = json!("web-1-y");
    second["spec"]["nodeName"] = json!("n1");
    more.push(second);
    objects.extend(more);
    assert_eq!(drained(&objects), [""; 0]);
}

#[test]
fn pods_of_fargate_and_autopilot_are_paid_for_by_their_size() {
    let fargate = json!({"eks.amazonaws.com/compute-type": "fargate"});
    let mut objects = vec![node("fargate-ip-1", &fargate)];
    objects.extend(app("shop", "web", Some("fargate-ip-1"), "500m", &json!({})));
    let costs = run(&objects, &["costs", "-o", "json"]).json();
    let nodes = run(&objects, &["nodes", "-o", "json"]).json();
    assert_eq!(costs["bill"]["idle"], "0.00");
    assert_eq!(costs["bill"]["nodes"], nodes["summary"]["monthly_cost"]);
    let price = run(
        &objects,
        &["prices", "--node", "fargate-ip-1", "-o", "json"],
    )
    .json();
    let monthly = &price["prices"][0]["monthly_cost"];
    assert_eq!(&costs["bill"]["nodes"], monthly, "{price}");
    // What it asks is in no list, and is said to be none of it.
    let told = costs["prices"].as_str().unwrap();
    assert!(told.contains("pods on 1 node of Fargate cost"), "{told}");
    assert_ne!(costs["nodes"][0]["price_basis"], "quoted");
    let row = "prices:\n- {instance_type: fargate, core: 0.04, gib: 0.004}\n";
    let own = priced(&objects, row, &["costs", "-o", "json"]).json();
    // Half a core and 2 GiB: 0.028 an hour.
    assert_eq!(own["bill"]["nodes"], "20.44");
    assert!(!own["prices"].as_str().unwrap().contains("Fargate"));
    let mut auto = node("gk3-x-1", &json!({}));
    auto["spec"]["providerID"] = json!("gce://p/us-central1-a/gk3-x-1");
    let mut objects = vec![auto];
    objects.extend(app("shop", "web", Some("gk3-x-1"), "500m", &json!({})));
    let costs = run(&objects, &["costs", "-o", "json"]).json();
    assert_eq!(costs["bill"]["idle"], "0.00");
    assert_eq!(costs["bill"]["requested"], costs["bill"]["total"]);
}

#[test]
fn autopilot_sells_what_is_requested_within_its_ratio() {
    let size = |cpu: u64, mib: u64| {
        let (cpu, memory) = Sold::Autopilot.size(Cpu::millicores(cpu), Bytes::mib(mib));
        (cpu.to_string(), memory.human())
    };
    let is = |cpu: &str, memory: &str| (cpu.to_owned(), memory.to_owned());
    assert_eq!(size(500, 1_024), is("500m", "1Gi"));
    assert_eq!(size(1_010, 100), is("1050m", "1.05Gi"));
    assert_eq!(size(100, 6_656), is("1", "6.5Gi"));
}

#[test]
fn focus_says_how_nodes_are_bought_and_what_a_list_asks() {
    let spot = json!({"eks.amazonaws.com/capacityType": "SPOT"});
    let mut objects = two(&json!({}), &spot);
    objects.extend(app("shop", "web", Some("n0"), "1", &json!({})));
    objects.extend(app("pay", "api", Some("n1"), "1", &json!({})));
    let sheet = "commitments:\n- {provider: aws, covered_percent: 50, discount_percent: 50}\n";
    let text = priced(&objects, sheet, &["costs", "-o", "focus"]).stdout;
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let head = table.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|it| it == name).unwrap();
    let mut sums = std::collections::BTreeMap::<String, [i64; 2]>::new();
    let mut core_hours = std::collections::BTreeMap::<String, f64>::new();
    for row in table.records() {
        let row = row.unwrap();
        if &row[at("ConsumedUnit")] == "Core-Hours" {
            let hours = core_hours.entry(row[at("PricingCategory")].to_owned());
            *hours.or_default() += row[at("ConsumedQuantity")].parse::<f64>().unwrap();
        }
        let sum = sums
            .entry(row[at("PricingCategory")].to_owned())
            .or_default();
        for (sum, name) in sum.iter_mut().zip(["BilledCost", "ListCost"]) {
            *sum += row[at(name)].replace('.', "").parse::<i64>().unwrap();
        }
    }
    // 0.192 an hour, half of it committed at half the price; the list asks as much of spot.
    let near = |name: &str, place: usize, expected: i64| {
        let found = sums[name][place];
        assert!((found - expected).abs() <= 6, "{name}: {sums:?}");
    };
    near("Standard", 0, 7008);
    near("Standard", 1, 7008);
    near("Committed", 0, 3504);
    near("Committed", 1, 7008);
    near("Dynamic", 1, 14016);
    assert!(sums["Dynamic"][0] < 14016);
    // Four cores each, whatever is paid for them: half of the first are committed.
    for (name, cores) in [("Standard", 2.0), ("Committed", 2.0), ("Dynamic", 4.0)] {
        let found = core_hours[name] / 730.0;
        assert!((found - cores).abs() < 1e-3, "{name}: {core_hours:?}");
    }
}

/// What is said of a sheet that is refused.
fn refused(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let sheet = file(folder.path(), name, text);
    let seen = Kcost::new()
        .args(["costs", "--demo", "--prices"])
        .arg(sheet);
    seen.run().ended(2).stderr
}

#[test]
fn nonsense_in_a_sheet_is_refused_with_its_line() {
    let line = refused(
        "p.csv",
        "instance_type,price\r\nm6i.xlarge,0.3\r\nm6i.large,abc\r\n",
    );
    assert!(line.contains("p.csv:3:2"), "{line}");
    let both = refused("p.csv", "instance_type,price,core\nm6i.xlarge,0.3,0.1\n");
    assert!(both.contains("p.csv:2:1"), "{both}");
    refused(
        "p.yaml",
        "prices:\n- {pool: a, price: 0.3, core: 0.1, gib: 0.1}\n",
    );
    refused(
        "p.yaml",
        "commitments:\n- {provider: aws, covered_percent: 50, covered_nodes: 1, discount_percent: 20}\n",
    );
    refused(
        "p.yaml",
        "commitments:\n- {capacity_type: spot, covered_percent: 50, discount_percent: 20}\n",
    );
    let discount = "discounts:\n- {provider: awss, percent: 10}\n";
    let told = priced(&two(&json!({}), &json!({})), discount, &["costs"]).stdout;
    assert!(told.contains("1 discount of the"), "{told}");
}

#[test]
fn the_more_exact_pattern_counts() {
    let sheet =
        "prices:\n- {instance_type: \"*\", price: 0.4}\n- {instance_type: \"m6i.*\", price: 0.5}\n";
    let found = priced(
        &two(&json!({}), &json!({})),
        sheet,
        &["costs", "-o", "json"],
    )
    .json();
    assert_eq!(found["nodes"][0]["hourly_cost"], "0.50");
}

#[test]
fn the_sheet_of_the_help_can_be_read() {
    let help = Kcost::new()
        .args(["prices", "--help"])
        .run()
        .ended(0)
        .stdout;
    let lines = help
        .lines()
        .skip_while(|it| !it.contains("instance_type,region"));
    let lines: Vec<&str> = lines
        .take_while(|it| !it.contains("YAML"))
        .map(str::trim)
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let sheet = file(folder.path(), "help.csv", lines.join("\n"));
    let seen = Kcost::new()
        .args(["costs", "--demo", "--window", "1d", "--prices"])
        .arg(sheet);
    seen.run().ended(0);
}

#[test]
fn prices_that_nodes_say_unreadably_are_counted() {
    let mut objects = two(&json!({}), &json!({}));
    for (at, said) in ["0.5", "$0.5"].into_iter().enumerate() {
        objects[at]["metadata"]["annotations"] = json!({"x.io/hourly-price": said});
    }
    let text = run(&objects, &["costs", "--node-price", "x.io/hourly-price"]).stdout;
    assert!(text.contains("1 node without a plain number"), "{text}");
}

#[test]
fn a_reader_that_leaves_is_no_failure_and_flags_that_do_nothing_are_refused() {
    for format in ["csv", "focus"] {
        assert_eq!(
            Kcost::new()
                .args(["costs", "--demo", "--window", "1d", "-o", format])
                .cut_off(),
            0
        );
    }
    assert_eq!(
        Kcost::new()
            .args(["nodes", "--demo", "--window", "1d", "-o", "csv"])
            .cut_off(),
        0
    );
    let refused = |args: &[&str]| Kcost::new().args(args).run().ended(2);
    refused(&["prices", "--region", "eu-west-1"]);
    refused(&["nodes", "--demo", "--spot-pool", "general"]);
    let azure = Kcost::new().args(["prices", "standard_d4s_v3", "--region", "eastus"]);
    assert!(azure.run().ended(0).stdout.contains("Standard_D4s_v3"));
}

#[test]
fn one_amount_is_the_same_wherever_it_is_told() {
    let of = |command: &str| demo(&[command, "-o", "json"]).ended(0).json();
    let (costs, gpus, analysis) = (of("costs"), of("gpus"), of("analyze"));
    let groups = costs["allocations"].as_array().unwrap();
    let gpu = |it: &Value| cents(&it["gpuCost"]);
    let idle = groups.iter().find(|it| it["name"] == "__idle__").unwrap();
    assert_eq!(gpu(idle), cents(&costs["gpus"]["unrequested_monthly_cost"]));
    let summary = &gpus["summary"];
    assert_eq!(gpu(idle), cents(&summary["unrequested_monthly_cost"]));
    let held: i64 = groups.iter().map(gpu).sum::<i64>() - gpu(idle);
    assert_eq!(held, cents(&costs["gpus"]["monthly_cost"]));
    let nodes = gpus["idle_nodes"].as_array().unwrap();
    let nodes: i64 = nodes.iter().map(|it| cents(&it["monthly_cost"])).sum();
    assert_eq!(nodes, gpu(idle));
    let bill = &costs["bill"];
    assert_eq!(
        bill["total"], analysis["summary"]["bill"]["total"],
        "of both"
    );
    let balancers = costs["load_balancers"].as_array().unwrap();
    let balancers: i64 = balancers.iter().map(|it| cents(&it["monthly_cost"])).sum();
    assert_eq!(balancers, cents(&bill["load_balancers"]));
}

#[test]
fn idle_is_one_figure_where_no_job_comes_and_goes() {
    let mut objects = two(&json!({}), &json!({}));
    for at in 0..7 {
        let on = format!("n{}", at % 2);
        objects.extend(app(
            "shop",
            &format!("web{at}"),
            Some(&on),
            "137m",
            &json!({}),
        ));
    }
    let sheet = "discounts:\n- {provider: aws, percent: 13.7}\n";
    let costs = priced(&objects, sheet, &["costs", "-o", "json"]).json();
    let analysis = priced(&objects, sheet, &["analyze", "-o", "json"]).json();
    assert_eq!(costs["bill"]["idle"], analysis["summary"]["bill"]["idle"]);
}
