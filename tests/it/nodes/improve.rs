//! Nodes that go are those that are worth most together, not those that went first.

use kcost::plan::plan;
use kcost::price::{Book, NodePrice, Sheet};
use kcost::snapshot::Snapshot;
use kcost::units::Money;
use rand::Rng;

use super::generated::random;
use super::{app, names, nodes, planned, ruled, tight, with};
use crate::made::resources;

/// Cores of a node, and what each of its pods takes, in thousandths.
type Machine<'a> = (u64, &'a [u64]);

/// These machines, with groups of so many among which alone pods may move.
fn cluster(machines: &[Machine<'_>], group: usize) -> Snapshot {
    let mut made = nodes(machines.len());
    let mut apps = Vec::new();
    for (at, (cores, pods)) in machines.iter().enumerate() {
        let node = &mut made.cluster.nodes[at];
        let most = node.allocatable.extended.clone();
        for amounts in [&mut node.allocatable, &mut node.capacity] {
            *amounts = resources(*cores, cores * 4);
            amounts.extended = most.clone();
        }
        let label = ("group".to_owned(), (at / group).to_string());
        node.labels.push(label.clone());
        for (pod, cpu) in pods.iter().enumerate() {
            let name = format!("w{at}-{pod}");
            let made = ruled(app(&name, &[at], *cpu, 64), |it| {
                it.node_selector = vec![label.clone()];
            });
            apps.push(made);
        }
    }
    with(made, apps)
}

/// The base has room for the pods of one of the others. The cheap one is emptied more easily.
const ONE_OF_TWO: [Machine<'static>; 3] =
    [(4000, &[1900]), (4000, &[700, 700, 700]), (2000, &[700])];

fn price(snapshot: &Snapshot, node: usize) -> Money {
    let book = Book::named("default").unwrap();
    book.prices(&snapshot.cluster.nodes)[node].leaves()
}

#[test]
fn a_dear_node_goes_in_the_place_of_a_cheap_one() {
    let snapshot = cluster(&ONE_OF_TWO, 3);
    let plan = planned(&snapshot, &tight());
    assert_eq!(plan.today.saved, price(&snapshot, 0));
    assert_eq!(names(&snapshot, &plan.today), ["n0"]);
}

#[test]
fn among_many_nodes_too() {
    let many: Vec<Machine<'_>> = ONE_OF_TWO.into_iter().cycle().take(18).collect();
    let snapshot = cluster(&many, 3);
    let plan = planned(&snapshot, &tight());
    let six: Money = (0..6).map(|_| price(&snapshot, 0)).sum();
    assert_eq!(plan.today.saved, six);
}

#[test]
fn few_nodes_are_planned_as_well_as_possible() {
    for seed in 0..60 {
        let mut random = random(seed);
        let machines: Vec<(u64, Vec<u64>)> = (0..random.gen_range(3..7))
            .map(|_| {
                let cores = [2000, 4000, 8000][random.gen_range(0..3)];
                let pods = 0..random.gen_range(1..4);
                let pods = pods.map(|_| random.gen_range(100..cores / 3));
                (cores, pods.collect())
            })
            .collect();
        let machines: Vec<Machine<'_>> = machines.iter().map(|it| (it.0, &*it.1)).collect();
        let snapshot = cluster(&machines, machines.len());
        let saved = planned(&snapshot, &tight()).today.saved;
        let all = 0..1_u32 << machines.len();
        let best = all.filter(|set| can_go(&machines, *set)).map(|set| {
            let gone = (0..machines.len()).filter(|at| set >> at & 1 == 1);
            gone.map(|at| price(&snapshot, at)).sum::<Money>()
        });
        assert_eq!(Some(saved), best.max(), "seed {seed}: {machines:?}");
    }
}

/// Whether the others have room for all pods of these machines, by trying every way.
fn can_go(machines: &[Machine<'_>], set: u32) -> bool {
    let gone = |at: usize| set >> at & 1 == 1;
    let each = machines.iter().enumerate();
    let rest = each.clone().filter(|(at, _)| !gone(*at));
    let mut room: Vec<u64> = rest
        .map(|(_, (cores, pods))| cores - pods.iter().sum::<u64>())
        .collect();
    let moving = each.filter(|(at, _)| gone(*at));
    let moving: Vec<u64> = moving.flat_map(|(_, (_, pods))| pods.to_vec()).collect();
    fit(&mut room, &moving)
}

fn fit(room: &mut Vec<u64>, pods: &[u64]) -> bool {
    let Some((pod, rest)) = pods.split_first() else {
        return true;
    };
    (0..room.len()).any(|at| {
        if room[at] < *pod {
            return false;
        }
        room[at] -= pod;
        let fits = fit(room, rest);
        room[at] += pod;
        fits
    })
}

/// What the bill and what is committed and unused are, a month.
fn paid(book: &Book, snapshot: &Snapshot, gone: &[usize]) -> Money {
    let left = snapshot.cluster.nodes.iter().enumerate();
    let left = left.filter(|(at, _)| !gone.contains(at));
    let left: Vec<_> = left.map(|(_, node)| node.clone()).collect();
    let nodes: Money = book.prices(&left).iter().map(|it| it.monthly).sum();
    nodes + book.unused(&left).hourly.monthly()
}

#[test]
fn what_is_committed_to_leaves_the_bill_last() {
    let mut snapshot = with(nodes(3), vec![app("a", &[0, 1, 2], 500, 64)]);
    for node in &mut snapshot.cluster.nodes {
        node.region = Some("us-east-1".to_owned());
        node.provider = Some("aws".to_owned());
    }
    let sheets = [
        (
            "instance_type: m5.xlarge, covered_nodes: 2, discount_percent: 40",
            "140.16",
        ),
        (
            "provider: aws, committed_hourly: 0.2, discount_percent: 27",
            "220.48",
        ),
        (
            "provider: aws, committed_hourly: 9, discount_percent: 27",
            "0",
        ),
    ];
    for (sheet, expected) in sheets {
        let text = format!("commitments:\n- {{{sheet}}}\n");
        let book = Book::with_sheet(Sheet::parse("mine.yaml", &text).unwrap());
        let prices: Vec<NodePrice> = book.prices(&snapshot.cluster.nodes);
        let packed = plan(&snapshot, &prices, None, None, &tight())
            .unwrap()
            .today;
        assert_eq!(packed.saved, expected.parse().unwrap(), "{sheet}");
        let each: Money = packed.drains.iter().map(|it| it.saved).sum();
        assert_eq!(each, packed.saved);
        // The bill says the same, as long as there is a node that tells what one costs.
        let gone: Vec<usize> = packed.drains.iter().map(|it| it.node).collect();
        assert_eq!(gone.len(), 2);
        let less = paid(&book, &snapshot, &[]) - paid(&book, &snapshot, &gone);
        assert!(
            (less - packed.saved).to_f64().abs() < 0.02,
            "{sheet}: {less}"
        );
    }
}
