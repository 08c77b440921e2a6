//! The bill in columns of FOCUS, held against what its specification asks.

use std::fs;

use serde_json::{Value, json};

use crate::common::Kcost;

fn node(name: &str, kind: &str, labels: &Value) -> Value {
    let mut all = json!({
        "kubernetes.io/hostname": name, "node.kubernetes.io/instance-type": kind,
        "topology.kubernetes.io/region": "us-east-1", "topology.kubernetes.io/zone": "us-east-1a"});
    for (key, value) in labels.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": all},
           "spec": {"providerID": format!("aws:///us-east-1a/i-{name}")},
           "status": {"capacity": {"cpu": "4", "memory": "16Gi", "pods": "20"},
                      "allocatable": {"cpu": "3900m", "memory": "15Gi", "pods": "20"},
                      "conditions": [{"type": "Ready", "status": "True"}]}})
}

fn pod(namespace: &str, name: &str, on: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
           "metadata": {"namespace": namespace, "name": name, "labels": {"team": name}},
           "spec": {"nodeName": on, "containers": [{"name": "app", "image": "i", "resources":
                        {"requests": {"cpu": "700m", "memory": "3Gi"}}}]},
           "status": {"phase": "Running"}})
}

/// Nodes that a list has, on spot too, and one of no list; a volume and a load balancer.
fn objects() -> Value {
    let spot =
        json!({"eks.amazonaws.com/capacityType": "SPOT", "eks.amazonaws.com/nodegroup": "s"});
    json!({"apiVersion": "v1", "kind": "List", "items": [
        node("n0", "m6i.xlarge", &json!({})),
        node("n1", "m6i.xlarge", &spot),
        node("n2", "my.custom", &json!({})),
        pod("shop", "web", "n0"), pod("pay", "api", "n1"), pod("pay", "db", "n2"),
        pod("kube-system", "dns", "n2"),
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
         "metadata": {"namespace": "pay", "name": "data"},
         "spec": {"storageClassName": "gp3", "resources": {"requests": {"storage": "100Gi"}}},
         "status": {"phase": "Bound"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "lb"},
         "spec": {"type": "LoadBalancer", "selector": {"team": "web"}, "ports": [{"port": 80}]}},
    ]})
}

type Row = std::collections::BTreeMap<String, String>;

fn rows(sheet: &str, args: &[&str]) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("objects.json", &objects().to_string());
    put("prices.yaml", sheet);
    let base = [
        "costs",
        "--objects",
        "objects.json",
        "--prices",
        "prices.yaml",
    ];
    let run = Kcost::new().inside(folder.path()).args(base).args(args);
    let text = run.args(["-o", "focus"]).run().ended(0).stdout;
    let mut table = csv::Reader::from_reader(text.as_bytes());
    table.deserialize().map(Result::unwrap).collect()
}

fn cents(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap()
}

fn sum(rows: &[Row], column: &str) -> i64 {
    rows.iter().map(|it| cents(&it[column])).sum()
}

const PLAIN: &str = "currency: USD\n";
const CUT: &str = "discounts:\n- {provider: aws, percent: 10}\n";
const BOTH: &str = "discounts:\n- {provider: aws, percent: 10}\ncommitments:\n\
    - {provider: aws, covered_percent: 60, discount_percent: 40}\n";
const GROUPS: [&[&str]; 7] = [
    &["--by", "namespace"],
    &["--by", "workload"],
    &["--by", "node"],
    &["--by", "pool"],
    &["--by", "label:team"],
    &["--spread", "by-cost"],
    &["--spread", "evenly", "--by", "workload"],
];

#[test]
fn what_a_list_asks_does_not_depend_on_discounts_or_groups() {
    let list = sum(&rows(PLAIN, GROUPS[0]), "ListCost");
    let contracted = sum(&rows(CUT, GROUPS[0]), "ContractedCost");
    for args in GROUPS {
        for sheet in [PLAIN, CUT, BOTH] {
            let rows = rows(sheet, args);
            assert_eq!(sum(&rows, "ListCost"), list, "{args:?} {sheet}");
            assert_eq!(sum(&rows, "BilledCost"), sum(&rows, "EffectiveCost"));
        }
        // A commitment is no part of a contract for a price.
        let paid = rows(BOTH, args);
        assert_eq!(sum(&paid, "ContractedCost"), contracted, "{args:?}");
        assert!(sum(&paid, "BilledCost") < contracted && contracted < list);
    }
    for row in rows(PLAIN, GROUPS[0]) {
        if row["PricingCategory"] != "Dynamic" {
            assert_eq!(row["ListCost"], row["BilledCost"], "{row:?}");
        }
        assert_eq!(row["ContractedCost"], row["BilledCost"], "{row:?}");
    }
    // Without commitments nothing is committed.
    let ways = |sheet| {
        let rows = rows(sheet, GROUPS[0]);
        rows.iter()
            .filter(|it| it["PricingCategory"] == "Committed")
            .count()
    };
    assert!(ways(CUT) == 0 && ways(BOTH) > 0);
}

#[test]
fn a_row_of_usage_has_a_quantity_and_a_resource_has_a_type() {
    for args in GROUPS {
        for row in rows(BOTH, args) {
            assert_eq!(row["ChargeCategory"], "Usage");
            for column in ["PricingQuantity", "ConsumedQuantity"] {
                assert!(row[column].parse::<f64>().unwrap() > 0.0, "{row:?}");
            }
            for column in ["PricingUnit", "ConsumedUnit"] {
                assert!(!row[column].is_empty(), "{row:?}");
            }
            let [id, name, kind] =
                ["ResourceId", "ResourceName", "ResourceType"].map(|it| &row[it]);
            assert_eq!(id.is_empty(), kind.is_empty(), "{row:?}");
            assert_eq!(id.is_empty(), name.is_empty(), "{row:?}");
            assert!(!id.starts_with("__"), "{row:?}");
        }
    }
    let of = |args: &[&str], what: &str| {
        let rows = rows(PLAIN, args);
        let row = rows
            .iter()
            .find(|it| it["ChargeDescription"].starts_with(what))
            .unwrap();
        let quantity: f64 = row["PricingQuantity"].parse().unwrap();
        (quantity, row["PricingUnit"].clone())
    };
    let (size, unit) = of(GROUPS[0], "volumes");
    assert!((size - 100.0).abs() < 1e-6 && unit == "GiB-Months");
    let (hours, unit) = of(GROUPS[0], "load balancers");
    assert!((hours - 730.0).abs() < 1e-6 && unit == "Hours");
    // Parts of a month of what is there for all, which are all of it together.
    let shared = rows(PLAIN, GROUPS[5]);
    let shared = shared.iter().filter(|it| it["PricingUnit"] == "Months");
    let parts: f64 = shared
        .map(|it| it["PricingQuantity"].parse::<f64>().unwrap())
        .sum();
    assert!((parts - 1.0).abs() < 1e-3, "{parts}");
}
