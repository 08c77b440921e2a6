//! The bill, and whose it is.

use std::fmt::Write as _;

use kcost::costs::{By, Costs, Owner, costs};
use kcost::price::{Book, Sheet};
use kcost::recommend::State;
use kcost::snapshot::{CapacityType, Service, Snapshot, VolumeClaim};
use kcost::units::{Bytes, Money};
use proptest::prelude::*;
use serde_json::Value;

use crate::common::Kcost;
use crate::made::{Made, container, node, resources, set, workload};

fn priced(text: &str) -> Book {
    Book::with_sheet(Sheet::parse("prices.csv", text).unwrap())
}

/// A cluster of one node of 4 cores and 16 GiB, of which 1 core and 4 GiB are requested.
fn one() -> Snapshot {
    let mut made = Made::empty();
    let mut only = node("n0", CapacityType::OnDemand);
    only.allocatable = resources(3900, 15_000);
    made.snapshot.cluster.nodes = vec![only];
    let app = workload("Deployment", "api", 1, vec![container("app", 1000, 4096)]);
    made.add(app, State::RightSized, &[set(1000, 4096, 4096)]);
    made.snapshot
}

fn total(costs: &Costs, owner: impl Fn(Owner) -> bool) -> Money {
    costs.of(owner).total()
}

#[test]
fn a_node_costs_its_price_whatever_is_on_it() {
    let book = priced("instance_type,price\nm5.xlarge,0.192\n");
    let costs = costs(&one(), &[], &book);
    assert_eq!(costs.total().to_string(), "140.16");
    let requested = costs.of(|it| matches!(it, Owner::Workload(_)));
    let idle = costs.of(|it| it == Owner::Idle);
    let system = costs.of(|it| it == Owner::System);
    assert_eq!(
        requested.total() + idle.total() + system.total(),
        costs.total()
    );
    // A quarter of each is requested, and 2.5 % of CPU is kept back.
    let cpu = requested.cpu + idle.cpu + system.cpu;
    assert!((requested.cpu.to_f64() / cpu.to_f64() - 0.25).abs() < 1e-6);
    assert!((system.cpu.to_f64() / cpu.to_f64() - 0.025).abs() < 1e-6);
    assert!((requested.memory.to_f64() / (costs.total() - cpu).to_f64() - 0.25).abs() < 1e-6);
}

#[test]
fn a_pod_that_waits_for_a_node_costs_nothing_yet() {
    let mut snapshot = one();
    snapshot.workloads[0].pods[0].node = None;
    let costs = costs(&snapshot, &[], &Book::default());
    assert_eq!(
        total(&costs, |it| matches!(it, Owner::Workload(_))),
        Money::ZERO
    );
    assert_eq!(costs.unplaced, 0);
}

#[test]
fn without_nodes_pods_cost_what_they_request_and_it_is_said() {
    let mut snapshot = one();
    snapshot.cluster.nodes.clear();
    let costs = costs(&snapshot, &[], &Book::default());
    assert_eq!(costs.unplaced, 1);
    let expected = (0.031_611 + 4.0 * 0.004_237) * 730.0;
    assert!((costs.total().to_f64() - expected).abs() < 1e-4);
    assert_eq!(total(&costs, |it| it == Owner::Idle), Money::ZERO);
}

#[test]
fn devices_are_what_a_node_with_devices_is_rented_for() {
    let mut snapshot = one();
    let gpu = &mut snapshot.cluster.nodes[0];
    gpu.capacity
        .extended
        .insert("nvidia.com/gpu".to_owned(), 1.0);
    gpu.allocatable = gpu.capacity.clone();
    let book = priced("instance_type,price\nm5.xlarge,2\n");
    let costs = costs(&snapshot, &[], &book);
    let idle = costs.of(|it| it == Owner::Idle);
    // CPU and memory at the default rates, the GPU the rest.
    let beside = (4.0 * 0.031_611 + 16.0 * 0.004_237) * 730.0;
    assert!(
        (idle.gpu.to_f64() - (1460.0 - beside)).abs() < 1e-3,
        "{idle:?}"
    );
    assert_eq!(costs.total().to_string(), "1460.00");
}

#[test]
fn volumes_and_load_balancers_are_on_the_bill() {
    let mut snapshot = one();
    snapshot.cluster.nodes[0].provider = Some("aws".to_owned());
    let claim = |name: &str, phase: &str| VolumeClaim {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        storage_class: Some("gp3".to_owned()),
        requested: Bytes::from_f64(100.0 * 1_073_741_824.0),
        phase: phase.to_owned(),
        ..VolumeClaim::default()
    };
    snapshot.cluster.volume_claims = vec![claim("data", "Bound"), claim("new", "Pending")];
    let service = |name: &str, kind: &str| Service {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        service_type: kind.to_owned(),
        selector: Vec::new(),
    };
    snapshot.cluster.services = vec![service("api", "ClusterIP"), service("web", "LoadBalancer")];
    let costs = costs(&snapshot, &[], &Book::default());
    let volumes = total(&costs, |it| matches!(it, Owner::Volume(_)));
    assert_eq!(volumes.to_string(), "8.00");
    let balancers = total(&costs, |it| matches!(it, Owner::LoadBalancer(_)));
    assert_eq!(balancers.to_string(), "16.43");
}

#[test]
fn a_namespace_that_is_asked_for_pays_for_itself_alone() {
    let mut snapshot = one();
    let mut other = snapshot.workloads[0].clone();
    other.id.namespace = "pay".to_owned();
    snapshot.workloads.push(other);
    let mut costs = costs(&snapshot, &[], &Book::default());
    let all = costs.total();
    costs.retain(&[true, false], &snapshot);
    let groups = costs.by(&By::Namespace, &snapshot);
    let names: Vec<&str> = groups.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["shop"]);
    assert!(costs.total() < all);
}

proptest! {
    /// Whatever runs where: nodes cost their price, nothing is lost or made up, and the
    /// hundredths of the lines sum up to those of the bill.
    #[test]
    fn the_parts_sum_up_to_the_bill(
        prices in prop::collection::vec(1u32..5_000_000, 1..6),
        sizes in prop::collection::vec((0u64..9_000, 0u64..40_000, 0usize..7), 0..20),
    ) {
        let mut made = Made::empty();
        let mut sheet = "pool,price\n".to_owned();
        for (at, micros) in prices.iter().enumerate() {
            let mut node = node(&format!("n{at}"), CapacityType::OnDemand);
            node.pool = Some(format!("p{at}"));
            node.allocatable = resources(3_700, 15_000);
            made.snapshot.cluster.nodes.push(node);
            let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
            let _ = writeln!(sheet, "p{at},{whole}.{part:06}");
        }
        for (at, (cpu, memory, node)) in sizes.iter().enumerate() {
            let mut one = workload("Deployment", &format!("w{at}"), 1, vec![container("app", *cpu, *memory)]);
            one.id.namespace = format!("team-{}", at % 3);
            one.pods[0].node = (*node < 6).then(|| format!("n{node}"));
            made.add(one, State::RightSized, &[set(1, 1, 1)]);
        }
        let snapshot = &made.snapshot;
        let costs = costs(snapshot, &[], &priced(&sheet));
        let paid: Money = costs.nodes.iter().map(|it| it.hourly.monthly()).sum();
        let placed: Money = costs.pieces.iter().filter(|it| it.node.is_some()).map(|it| it.cost.total()).sum();
        prop_assert_eq!(placed, paid);
        for by in [By::Namespace, By::Workload, By::Node, By::Pool, By::Label("app".to_owned())] {
            let groups = costs.by(&by, snapshot);
            let exact: Money = groups.iter().map(|it| it.cost.total()).sum();
            prop_assert_eq!(exact, costs.total());
            let cents: Money = groups.iter().map(|it| it.cents).sum();
            prop_assert_eq!(cents, costs.total().to_cents());
            prop_assert!(groups.iter().all(|it| it.cents >= Money::ZERO));
        }
    }
}

fn cents(text: &Value) -> i64 {
    let text = text.as_str().unwrap().replace('.', "");
    text.parse().unwrap()
}

#[test]
fn every_format_of_the_demo_sums_up_to_the_same_bill() {
    for by in ["namespace", "workload", "pool", "node", "label:team"] {
        let json = Kcost::new()
            .args(["costs", "--demo", "--by", by, "-o", "json"])
            .run();
        assert_eq!(json.exit, 0, "{}", json.stderr);
        let report: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(report["schema"], "kcost.costs/v1");
        let bill = &report["bill"];
        let total = cents(&bill["total"]);
        let lines = ["requested", "idle", "system", "storage", "load_balancers"];
        let sum: i64 = lines.iter().map(|it| cents(&bill[it])).sum();
        assert_eq!(sum, total);
        let allocations = report["allocations"].as_array().unwrap();
        let sum: i64 = allocations.iter().map(|it| cents(&it["totalCost"])).sum();
        assert_eq!(sum, total);
        for (format, column) in [("csv", "monthly_cost"), ("focus", "BilledCost")] {
            let seen = Kcost::new()
                .args(["costs", "--demo", "--by", by, "-o", format])
                .run();
            let mut rows = csv::Reader::from_reader(seen.stdout.as_bytes());
            let at = rows.headers().unwrap().iter().position(|it| it == column);
            let at = at.unwrap();
            let amounts = rows
                .records()
                .map(|it| Value::from(it.unwrap()[at].to_owned()));
            assert_eq!(amounts.map(|it| cents(&it)).sum::<i64>(), total, "{format}");
        }
    }
}

#[test]
fn the_bill_of_the_demo_is_what_its_nodes_cost() {
    let seen = Kcost::new().args(["costs", "--demo"]).run();
    insta::assert_snapshot!(seen.stdout);
}

#[test]
fn what_cannot_be_grouped_by_is_refused() {
    let seen = Kcost::new().args(["costs", "--demo", "--by", "team"]).run();
    assert_eq!(seen.exit, 2);
    assert!(seen.stderr.contains("label:KEY"), "{}", seen.stderr);
}
