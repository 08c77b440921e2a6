//! The bill, and whose it is.

use std::fmt::Write as _;

use kcost::costs::{By, Costs, Loose, Owner, Sharing, Spread, costs};
use kcost::price::{Book, Sheet};
use kcost::recommend::State;
use kcost::snapshot::{CapacityType, Placement, Service, Snapshot, Volume, VolumeClaim};
use kcost::units::{Bytes, Money};
use proptest::prelude::*;
use serde_json::Value;

use crate::common::{Kcost, demo, demo_week};
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
        ..Service::default()
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
    let groups = costs.by(&By::Namespace, &Sharing::default(), &snapshot);
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
            let groups = costs.by(&by, &Sharing::default(), snapshot);
            let cents: Money = groups.iter().map(|it| it.cents).sum();
            prop_assert_eq!(cents, costs.total().to_cents());
            let shared = ["team-0".parse().unwrap()];
            for spread in [Spread::ByCost, Spread::Evenly] {
                if matches!(by, By::Node | By::Pool) {
                    continue;
                }
                // Spreading moves money, and makes and loses none.
                let groups = costs.by(&by, &Sharing::new(&shared, spread), snapshot);
                prop_assert_eq!(groups.iter().map(|it| it.cents).sum::<Money>(), cents);
                prop_assert!(groups.iter().all(|it| it.name != "team-0"));
            }
            prop_assert!(groups.iter().all(|it| it.cents >= Money::ZERO));
            prop_assert!(groups.iter().all(|it| it.cents == it.cost.total()));
            let sum = costs.sum(&Sharing::default(), snapshot);
            let nodes: Money = groups.iter().map(|it| it.cost.cpu + it.cost.memory + it.cost.gpu).sum();
            prop_assert_eq!(nodes, sum.nodes);
            prop_assert_eq!(sum.requested + sum.idle + sum.system, sum.nodes);
            prop_assert_eq!(sum.total, costs.total().to_cents());
        }
    }
}

/// With two claims, of which a pod mounts one, and volumes in every phase.
fn stored() -> Snapshot {
    let mut snapshot = one();
    let gib = |gib: f64| Bytes::from_f64(gib * 1_073_741_824.0);
    let claim = |name: &str, class: &str| VolumeClaim {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        storage_class: Some(class.to_owned()),
        requested: gib(100.0),
        phase: "Bound".to_owned(),
        ..VolumeClaim::default()
    };
    snapshot.cluster.nodes[0].provider = Some("aws".to_owned());
    snapshot.cluster.volume_claims = vec![claim("data", "gp3"), claim("old", "gp2")];
    let volume = |name: &str, phase: &str| Volume {
        name: name.to_owned(),
        storage_class: Some("gp3".to_owned()),
        capacity: gib(200.0),
        phase: phase.to_owned(),
        claim: Some(("shop".to_owned(), "gone".to_owned())),
        ..Volume::default()
    };
    snapshot.cluster.volumes = vec![
        volume("pv-kept", "Released"),
        volume("pv-new", "Available"),
        volume("pv-stuck", "Failed"),
        volume("pv-data", "Bound"),
    ];
    snapshot.cluster.volume_claims[0].volume = Some("pv-data".to_owned());
    let app = &mut snapshot.workloads[0];
    app.placement = Some(Placement::default());
    app.pods[0].volume_claims = vec!["data".to_owned()];
    app.pods[0].labels = vec![("app".to_owned(), "api".to_owned())];
    snapshot
}

#[test]
fn volumes_that_nobody_uses_are_named_with_their_money() {
    let snapshot = stored();
    let costs = costs(&snapshot, &[], &Book::default());
    let storage = costs.storage(&snapshot);
    let loose = storage
        .loose
        .iter()
        .map(|it| (&*it.name, it.why, it.cost.to_string()));
    let expected = [
        ("pv-kept", Loose::Released, "16.00"),
        ("pv-new", Loose::Unbound, "16.00"),
        ("pv-stuck", Loose::Failed, "16.00"),
        ("old", Loose::Unmounted, "10.00"),
    ];
    let expected = expected.map(|(name, why, cost)| (name, why, cost.to_owned()));
    assert_eq!(loose.collect::<Vec<_>>(), expected);
    // What is in use costs what its volume can hold, not what was asked for.
    let classes = storage.classes.iter().map(|it| {
        let name = it.name.as_deref().unwrap();
        format!("{name} {} {} {}", it.volumes, it.cost, it.loose)
    });
    assert_eq!(
        classes.collect::<Vec<_>>(),
        ["gp3 4 64.00 48.00", "gp2 1 10.00 10.00"]
    );
    assert_eq!(
        costs
            .sum(&Sharing::default(), &snapshot)
            .storage
            .to_string(),
        "74.00"
    );
    let groups = costs.by(&By::Namespace, &Sharing::default(), &snapshot);
    let nobody = groups.iter().find(|it| it.name == "__unmounted__").unwrap();
    assert_eq!(nobody.cents.to_string(), "48.00");
    // Where it was not read what pods mount, nothing is said to be unmounted.
    let mut unread = snapshot.clone();
    unread.workloads[0].placement = None;
    let storage = costs.storage(&unread);
    assert!(!storage.mounts_known);
    assert!(storage.loose.iter().all(|it| it.why != Loose::Unmounted));
}

#[test]
fn load_balancers_without_a_pod_are_named() {
    let mut snapshot = stored();
    let service = |name: &str, app: Option<&str>| Service {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        service_type: "LoadBalancer".to_owned(),
        selector: app
            .map(|it| ("app".to_owned(), it.to_owned()))
            .into_iter()
            .collect(),
        ..Service::default()
    };
    snapshot.cluster.services = vec![
        service("by-hand", None),
        service("web", Some("api")),
        service("old", Some("gone")),
    ];
    let costs = costs(&snapshot, &[], &Book::default());
    let found = costs.balancers(&snapshot);
    let found = found.iter().map(|it| (&*it.name, it.has_pods));
    let expected = [("old", Some(false)), ("by-hand", None), ("web", Some(true))];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_there_for_all_is_paid_by_the_others() {
    let mut snapshot = one();
    for (namespace, cpu) in [("pay", 2000), ("kube-system", 500)] {
        let mut other = workload(
            "Deployment",
            namespace,
            1,
            vec![container("app", cpu, 1024)],
        );
        namespace.clone_into(&mut other.id.namespace);
        snapshot.workloads.push(other);
    }
    let costs = costs(&snapshot, &[], &Book::default());
    let shared = ["kube-*".parse().unwrap()];
    let of = |spread: Spread, name: &str| {
        let groups = costs.by(&By::Namespace, &Sharing::new(&shared, spread), &snapshot);
        groups.into_iter().find(|it| it.name == name)
    };
    assert!(of(Spread::None, "kube-system").is_some());
    assert!(of(Spread::ByCost, "kube-system").is_none());
    assert!(of(Spread::ByCost, "__system__").is_none());
    let part = |spread: Spread, name: &str| of(spread, name).unwrap().cost.shared.to_f64();
    assert!(part(Spread::ByCost, "pay") > part(Spread::ByCost, "shop"));
    assert!((part(Spread::Evenly, "pay") - part(Spread::Evenly, "shop")).abs() < 0.011);
    let sum = costs.sum(&Sharing::new(&shared, Spread::None), &snapshot);
    let whole = of(Spread::None, "kube-system").unwrap().cents + sum.system;
    let spread = part(Spread::ByCost, "pay") + part(Spread::ByCost, "shop");
    assert!((whole.to_f64() - spread).abs() < 0.03, "{whole} {spread}");
    assert!(of(Spread::ByCost, "__idle__").unwrap().cost.shared == Money::ZERO);
}

#[test]
fn the_window_counts_pods_as_they_were() {
    use kcost::profile::profile;
    use kcost::snapshot::{Grid, Series};
    let mut snapshot = one();
    snapshot.usage.grid = Grid {
        len: 240,
        step: kcost::units::Span::from_secs(3600),
        ..Grid::default()
    };
    // Of ten days one pod ran for five, and another for one.
    snapshot.usage.series = [("api-0", 120), ("api-1", 24)]
        .map(|(pod, samples)| Series {
            workload: 0,
            pod: pod.to_owned(),
            container: "app".to_owned(),
            first: 0,
            cpu_cores: vec![0.5; samples],
            memory_bytes: vec![1e8; samples],
            more: std::collections::BTreeMap::new(),
        })
        .to_vec();
    let profiles = profile(&snapshot);
    let costs = costs(&snapshot, &profiles, &Book::default());
    let monthly = total(&costs, |it| matches!(it, Owner::Workload(_))).to_f64();
    let over = costs.window[0].unwrap().to_f64();
    let expected = monthly * (144.0 / 240.0) * (240.0 / 730.0);
    assert!((over - expected).abs() < 1e-3, "{over} {expected}");
    snapshot.usage.series.clear();
    let blind = kcost::costs::costs(&snapshot, &[], &Book::default());
    assert_eq!(blind.window, [None]);
}

fn cents(text: &Value) -> i64 {
    let text = text.as_str().unwrap().replace('.', "");
    text.parse().unwrap()
}

#[test]
fn every_format_of_the_demo_sums_up_to_the_same_bill() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("demo.kcost");
    let day = ["snapshot", "--demo", "--window", "1d", "-o"];
    Kcost::new().args(day).arg(&bundle).run().ended(0);
    for by in ["namespace", "workload", "pool", "node", "label:team"] {
        let of = |format: &str| {
            let args = ["costs", "--by", by, "-o", format, "--snapshot"];
            Kcost::new().args(args).arg(&bundle).run()
        };
        let json = of("json");
        assert_eq!(json.exit, 0, "{}", json.stderr);
        let report: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(report["schema"], "kcost.costs/v1");
        let bill = &report["bill"];
        let total = cents(&bill["total"]);
        let lines = [
            "requested",
            "shared",
            "idle",
            "system",
            "storage",
            "load_balancers",
        ];
        let sum: i64 = lines.iter().map(|it| cents(&bill[it])).sum();
        assert_eq!(sum, total);
        let classes = report["storage"]["classes"].as_array().unwrap();
        let stored: i64 = classes.iter().map(|it| cents(&it["monthly_cost"])).sum();
        assert_eq!(stored, cents(&bill["storage"]));
        let allocations = report["allocations"].as_array().unwrap();
        for one in allocations {
            let keys = [
                "cpuCost",
                "ramCost",
                "gpuCost",
                "pvCost",
                "loadBalancerCost",
                "sharedCost",
            ];
            let parts: i64 = keys.iter().map(|it| cents(&one[it])).sum();
            assert_eq!(parts, cents(&one["totalCost"]), "{one}");
        }
        let sum: i64 = allocations.iter().map(|it| cents(&it["totalCost"])).sum();
        assert_eq!(sum, total);
        for (format, column) in [("csv", "monthly_cost"), ("focus", "BilledCost")] {
            let seen = of(format);
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
    let seen = demo(&["costs"]);
    insta::assert_snapshot!(seen.stdout);
}

#[test]
fn what_cannot_be_grouped_by_is_refused() {
    let seen = Kcost::new().args(["costs", "--demo", "--by", "team"]).run();
    assert_eq!(seen.exit, 2);
    assert!(seen.stderr.contains("label:KEY"), "{}", seen.stderr);
    let spread = ["costs", "--demo", "--by", "pool", "--spread", "evenly"];
    Kcost::new().args(spread).run().ended(2);
}

#[test]
fn spreading_is_told_in_every_format() {
    let run = |format: &str| demo_week(&["costs", "--spread", "by-cost", "-o", format]).ended(0);
    let report = run("json").json();
    assert_eq!(report["spread"], "by-cost");
    let all = report["allocations"].as_array().unwrap();
    let sum: i64 = all.iter().map(|it| cents(&it["totalCost"])).sum();
    assert_eq!(sum, cents(&report["bill"]["total"]));
    assert!(all.iter().any(|it| cents(&it["sharedCost"]) > 0));
    assert!(all.iter().all(|it| it["name"] != "kube-system"));
    assert!(run("table").transcript().contains("SHARED"));
    assert!(run("focus").stdout.contains("shared costs of shop"));
    assert!(
        run("csv")
            .stdout
            .lines()
            .next()
            .unwrap()
            .contains("shared_cost")
    );
}
