//! The cheapest mix of machine types.

use kcost::plan::{Options, Unmixed, fleet};
use kcost::price::{Book, Sheet};
use kcost::recommend::{Sizing, State};
use kcost::snapshot::{Snapshot, Workload};
use kcost::units::Money;
use serde_json::Value;

use super::generated::large;
use super::{app, nodes, ruled};
use crate::common::{demo, demo_week};
use crate::made::Made;

/// On machines of AWS in Ireland, without advice.
fn made(mut snapshot: Snapshot) -> Made {
    let mut made = Made::empty();
    for node in &mut snapshot.cluster.nodes {
        node.region = Some("eu-west-1".to_owned());
        node.provider = Some("aws".to_owned());
        node.architecture = Some("amd64".to_owned());
        node.pool = Some("general".to_owned());
        node.instance_type = Some("m6i.4xlarge".to_owned());
    }
    let workloads: Vec<Workload> = std::mem::take(&mut snapshot.workloads);
    made.snapshot = snapshot;
    for workload in workloads {
        made.add(workload, State::RightSized, &[Sizing::KEEP]);
    }
    made
}

fn chosen(made: &Made) -> kcost::plan::Pool {
    let book = Book::default();
    let found = fleet(
        &made.snapshot,
        &book,
        &book.prices(&made.snapshot.cluster.nodes),
        &made.advised,
        &Options::default(),
    )
    .unwrap();
    assert_eq!(found.pools.len(), 1);
    found.pools.into_iter().next().unwrap()
}

#[test]
fn a_mix_is_near_to_what_nothing_can_be_cheaper_than() {
    for (count, percent) in [(10, 130.0), (60, 118.0)] {
        let pool = chosen(&made(large(count, 0.6, 1)));
        let mix = pool.mix.unwrap();
        assert!(mix.least > Money::ZERO && mix.cost >= mix.least);
        let beyond = mix.cost.to_f64() / mix.least.to_f64() * 100.0;
        assert!(
            beyond <= percent,
            "{count} nodes: {beyond} %, {:?}",
            mix.picks
        );
        assert!(mix.cost < pool.cost);
        assert!(mix.picks.len() <= 3);
        let sum: f64 = mix
            .picks
            .iter()
            .map(|it| it.each.to_f64() * f64::from(u32::try_from(it.count).unwrap()))
            .sum();
        assert!((sum - mix.cost.to_f64()).abs() < 0.01);
    }
}

#[test]
fn pods_that_must_be_apart_take_as_many_nodes() {
    let mut snapshot = nodes(4);
    snapshot.workloads = vec![ruled(app("a", &[0, 1, 2, 3], 100, 100), |it| {
        it.anti_affinity = vec![kcost::snapshot::PodTerm {
            selector: Some(kcost::snapshot::PodSelector {
                labels: vec![("app".to_owned(), "a".to_owned())],
                ..kcost::snapshot::PodSelector::default()
            }),
            topology_key: "kubernetes.io/hostname".to_owned(),
            ..kcost::snapshot::PodTerm::default()
        }];
    })];
    let mix = chosen(&made(snapshot)).mix.unwrap();
    let nodes: usize = mix.picks.iter().map(|it| it.count).sum();
    assert_eq!(nodes, 4);
}

#[test]
fn pods_with_gpus_get_machines_of_the_same_model_and_number() {
    let mut snapshot = nodes(3);
    snapshot.workloads = vec![app("a", &[0, 1, 2], 500, 1024)];
    for pod in &mut snapshot.workloads[0].pods {
        let gpus = &mut pod.requests.extended;
        gpus.insert("nvidia.com/gpu".to_owned(), 1.0);
    }
    let mut made = made(snapshot);
    for node in &mut made.snapshot.cluster.nodes {
        node.instance_type = Some("g5.4xlarge".to_owned());
        for amounts in [&mut node.allocatable, &mut node.capacity] {
            let gpus = &mut amounts.extended;
            gpus.insert("nvidia.com/gpu".to_owned(), 1.0);
        }
    }
    let mix = chosen(&made).mix.unwrap();
    let picks: Vec<(&str, usize)> = mix
        .picks
        .iter()
        .map(|it| (it.instance_type, it.count))
        .collect();
    assert_eq!(picks, [("g5.xlarge", 3)]);
    // One GPU a machine, so three machines: the bound knows that.
    assert_eq!(mix.cost, mix.least);
    made.snapshot.cluster.nodes[0].accelerator.replicas = Some(4);
    assert_eq!(chosen(&made).mix, Err(Unmixed::Devices));
}

#[test]
fn spot_is_bought_where_that_is_allowed() {
    let made = made(large(10, 0.6, 1));
    let book = Book::default();
    let cost = |options: &Options| {
        let found = fleet(
            &made.snapshot,
            &book,
            &book.prices(&made.snapshot.cluster.nodes),
            &made.advised,
            options,
        )
        .unwrap();
        let pool = found.pools.into_iter().next().unwrap();
        (pool.spot, pool.mix.unwrap().cost)
    };
    let (spot, dear) = cost(&Options::default());
    assert!(!spot);
    let allowed = Options {
        spot_pools: vec!["general".to_owned()],
        ..Options::default()
    };
    let (spot, cheap) = cost(&allowed);
    assert!(spot && cheap < dear);
}

#[test]
fn what_is_committed_stays_paid_and_costs_nothing_more() {
    let made = made(large(10, 0.6, 1));
    let chosen = |sheet: &str| {
        let book = Book::with_sheet(Sheet::parse("s.yaml", sheet).unwrap());
        let prices = book.prices(&made.snapshot.cluster.nodes);
        let options = Options::default();
        let found = fleet(&made.snapshot, &book, &prices, &made.advised, &options).unwrap();
        found.pools.into_iter().next().unwrap()
    };
    let of = |covered: &str| {
        let row = "{instance_type: m6i.4xlarge, discount_percent: 40, ";
        chosen(&format!("commitments:\n- {row}{covered}}}\n"))
    };
    let free = chosen("currency: USD\n").mix.unwrap();
    // All that there is is paid for anyway.
    for covered in ["covered_nodes: 10", "covered_percent: 100"] {
        assert_eq!(of(covered).mix, Err(Unmixed::NoneCheaper), "{covered}");
    }
    // Of a few nodes that are committed, the others go first.
    let few = of("covered_nodes: 2");
    let mix = few.mix.unwrap();
    let committed = mix
        .picks
        .iter()
        .find(|it| it.instance_type == "m6i.4xlarge");
    assert!(committed.is_some_and(|it| it.count >= 2), "{:?}", mix.picks);
    let each = committed.unwrap().each;
    let paid = each.scale(1.2);
    assert!(mix.cost < few.cost && mix.least <= mix.cost);
    assert!(mix.least > paid, "{} of {paid}", mix.least);
    // A commitment to what no machine here is changes nothing.
    let other = "commitments: [{instance_type: r5.large, discount_percent: 40, covered_nodes: 2}]";
    assert_eq!(chosen(other).mix.unwrap().cost, free.cost);
}

#[test]
fn machines_of_any_size_are_offered() {
    let mut snapshot = nodes(1);
    snapshot.workloads = vec![app("a", &[0], 80_000, 100_000)];
    let most = snapshot.cluster.nodes[0].allocatable.extended.clone();
    let node = &mut snapshot.cluster.nodes[0];
    for amounts in [&mut node.allocatable, &mut node.capacity] {
        *amounts = crate::made::resources(128_000, 524_288);
        amounts.extended = most.clone();
    }
    let mut made = made(snapshot);
    made.snapshot.cluster.nodes[0].instance_type = Some("m6i.32xlarge".to_owned());
    let mix = chosen(&made).mix.unwrap();
    let picks: Vec<(f64, usize)> = mix.picks.iter().map(|it| (it.cores, it.count)).collect();
    assert_eq!(picks, [(96.0, 1)]);
}

#[test]
fn older_machines_are_not_offered() {
    // Those of the pool are of the sixth generation.
    for pick in chosen(&made(large(10, 0.6, 1))).mix.unwrap().picks {
        let digits = pick
            .instance_type
            .trim_start_matches(|it: char| it.is_ascii_lowercase());
        let generation = digits.chars().next().and_then(|it| it.to_digit(10));
        assert!(generation >= Some(6), "{}", pick.instance_type);
    }
}

#[test]
fn what_cannot_be_chosen_says_why() {
    let mut snapshot = nodes(2);
    snapshot.workloads = vec![app("a", &[0], 100, 100)];
    let mut unlisted = made(snapshot.clone());
    for node in &mut unlisted.snapshot.cluster.nodes {
        node.region = Some("moon-1".to_owned());
    }
    assert_eq!(chosen(&unlisted).mix, Err(Unmixed::Unlisted));
    // A type of which the list knows no GPU.
    let mut devices = made(snapshot.clone());
    for node in &mut devices.snapshot.cluster.nodes {
        let gpus = &mut node.allocatable.extended;
        gpus.insert("nvidia.com/gpu".to_owned(), 1.0);
    }
    let pod = &mut devices.snapshot.workloads[0].pods[0];
    pod.requests
        .extended
        .insert("nvidia.com/gpu".to_owned(), 1.0);
    assert_eq!(chosen(&devices).mix, Err(Unmixed::Devices));
    snapshot.workloads.clear();
    assert_eq!(chosen(&made(snapshot)).mix, Err(Unmixed::Empty));
}

#[test]
fn the_demo_has_a_mix_in_every_format() {
    let report = demo(&["nodes", "--fleet", "-o", "json"]).ended(0).json();
    let pools = report["fleet"]["pools"].as_array().unwrap();
    let general = pools.iter().find(|it| it["pool"] == "general").unwrap();
    let money = |it: &Value| it.as_str().unwrap().parse::<f64>().unwrap();
    let mix = &general["mix"];
    assert!(money(&mix["monthly_cost"]) >= money(&mix["monthly_cost_at_least"]));
    assert!(money(&mix["monthly_cost"]) < money(&general["monthly_cost"]));
    let gpu = pools.iter().find(|it| it["pool"] == "gpu").unwrap();
    // Nothing dearer than today is advised, and as many devices as are held.
    assert!(money(&gpu["mix"]["monthly_cost"]) < money(&gpu["monthly_cost"]));
    let types = gpu["mix"]["types"].as_array().unwrap();
    let count: u64 = types.iter().map(|it| it["count"].as_u64().unwrap()).sum();
    assert!(count >= 4, "{gpu}");
    let sliced = pools.iter().find(|it| it["pool"] == "gpu-sliced").unwrap();
    assert_eq!(sliced["unknown"]["code"], "devices");
    let text = demo_week(&["nodes", "--fleet"]).ended(0).transcript();
    assert!(text.contains("the cheapest mix of machine types"), "{text}");
    let yaml = demo_week(&["nodes", "-o", "karpenter"]).ended(0).stdout;
    assert!(yaml.contains("karpenter.sh/capacity-type"), "{yaml}");
    assert!(!yaml.contains("name: \"\""), "{yaml}");
    for document in yaml.split("---").skip(1) {
        let read: Value = serde_yaml::from_str(document).unwrap();
        assert_eq!(read["kind"], "NodePool");
        assert!(read["spec"]["template"]["spec"]["requirements"].is_array());
    }
}
