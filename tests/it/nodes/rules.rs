//! The scheduler's rules, one by one: a node goes only where its pods may go.

use kcost::plan::{Fixed, Kept, Options, Stay, Unplanned, plan};
use kcost::price::{Book, Sheet};
use kcost::snapshot::{
    DisruptionBudget, HostPort, NodeTerm, Operator, PodSelector, PodTerm, Requirement, Spread,
    Toleration, Volume, VolumeClaim, Workload,
};
use kcost::units::Money;

use super::{app, drained, each_pod, full, names, nodes, planned, ruled, stay, tight, why, with};

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

fn label(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn chosen(name: &str) -> PodSelector {
    PodSelector {
        labels: vec![label("app", name)],
        ..PodSelector::default()
    }
}

fn term(name: &str, topology: &str) -> PodTerm {
    PodTerm {
        selector: Some(chosen(name)),
        topology_key: topology.to_owned(),
        ..PodTerm::default()
    }
}

fn requirement(key: &str, operator: Operator, values: &[&str]) -> Requirement {
    Requirement {
        key: key.to_owned(),
        operator,
        values: values.iter().map(|&it| it.to_owned()).collect(),
    }
}

/// Nothing is drained, and for these words.
fn stays(snapshot: &kcost::snapshot::Snapshot, node: usize, words: &str) {
    let text = why(snapshot, node);
    assert!(text.contains(words), "{text}");
}

#[test]
fn what_fits_on_fewer_nodes_frees_the_others() {
    let small = with(nodes(3), vec![app("a", &[0, 1, 2], 1000, 1024)]);
    let plan = planned(&small, &tight());
    assert_eq!(plan.today.drains.len(), 2);
    assert_eq!(plan.today.least.nodes, 1);
    let saved: Money = plan.today.drains.iter().map(|it| it.saved).sum();
    assert_eq!(plan.today.saved, saved);
    // Each node has 4 cores and 16 GiB at the default rates.
    let each = (4.0 * 0.031_611 + 16.0 * 0.004_237) * 730.0;
    assert!((saved.to_f64() - 2.0 * each).abs() < 0.02, "{saved}");
}

#[test]
fn cpu_memory_and_the_number_of_pods_are_limits() {
    let cpu = with(nodes(2), vec![app("a", &[0, 1], 2100, 1024)]);
    assert_eq!(drained(&cpu), [""; 0]);
    stays(&cpu, 0, "lacks 200m of CPU");
    let memory = with(nodes(2), vec![app("a", &[0, 1], 100, 9_000)]);
    stays(&memory, 0, "of memory");
    let mut pods = with(nodes(2), vec![app("a", &[0, 1], 100, 100)]);
    for node in &mut pods.cluster.nodes {
        node.allocatable.extended.insert("pods".to_owned(), 1.0);
    }
    stays(&pods, 0, "lacks a place for one more pod");
}

#[test]
fn a_reserve_stays_free_where_pods_come_to() {
    let half = with(nodes(2), vec![app("a", &[0, 1], 2000, 1024)]);
    assert_eq!(drained(&half).len(), 1);
    let options = Options {
        reserve: 0.05,
        ..Options::default()
    };
    assert_eq!(planned(&half, &options).today.drains.len(), 0);
}

#[test]
fn a_daemon_goes_with_its_node_and_takes_room_on_every_other() {
    let mut daemon = app("agent", &[0, 1], 500, 512);
    "DaemonSet".clone_into(&mut daemon.id.kind);
    let fits = with(nodes(2), vec![daemon.clone(), app("a", &[0, 1], 1700, 512)]);
    let plan = planned(&fits, &tight());
    assert_eq!(plan.today.drains[0].moves.len(), 1);
    let too_much = with(nodes(2), vec![daemon, app("a", &[0, 1], 1800, 512)]);
    assert_eq!(drained(&too_much), [""; 0]);
}

#[test]
fn node_selectors_and_affinity_are_kept() {
    let mut snapshot = with(
        nodes(2),
        vec![
            ruled(app("a", &[0], 100, 100), |it| {
                it.node_selector = vec![label("disk", "ssd")];
            }),
            full("b", &[1]),
        ],
    );
    snapshot.cluster.nodes[0].labels.push(label("disk", "ssd"));
    snapshot.workloads[1] = app("b", &[1], 100, 100);
    // Its own pods may come, those of the other may not go.
    assert_eq!(drained(&snapshot), ["n1"]);
    stays(&snapshot, 0, "may run on no other node");
    snapshot.cluster.nodes[1].labels.push(label("disk", "ssd"));
    assert_eq!(drained(&snapshot).len(), 1);
    let terms = |operator, values: &[&str]| {
        let term = NodeTerm(vec![requirement("cores", operator, values)]);
        ruled(app("a", &[0], 100, 100), |it| {
            it.node_terms = Some(vec![term]);
        })
    };
    for (node, cores) in [(0, "8"), (1, "4")] {
        snapshot.cluster.nodes[node]
            .labels
            .push(label("cores", cores));
    }
    snapshot.workloads = vec![terms(Operator::Gt, &["4"]), app("b", &[1], 100, 100)];
    assert_eq!(drained(&snapshot), ["n1"]);
    snapshot.workloads[0] = terms(Operator::In, &["4", "8"]);
    assert_eq!(drained(&snapshot).len(), 1);
    // No alternative is none that holds.
    snapshot.workloads[0] = ruled(app("a", &[0], 100, 100), |it| {
        it.node_terms = Some(Vec::new());
    });
    assert_eq!(drained(&snapshot), ["n1"]);
}

#[test]
fn taints_keep_off_what_does_not_stand_them() {
    let mut snapshot = with(
        nodes(2),
        vec![app("a", &[0], 100, 100), app("b", &[1], 100, 100)],
    );
    snapshot.cluster.nodes[1].taints = vec!["gpu=yes:NoSchedule".to_owned()];
    assert_eq!(drained(&snapshot), ["n1"]);
    stays(&snapshot, 0, "tolerations");
    let stands = |value: Option<&str>| Toleration {
        key: Some("gpu".to_owned()),
        value: value.map(str::to_owned),
        effect: None,
    };
    snapshot.workloads[1] = full("b", &[1]);
    snapshot.workloads[0]
        .placement
        .as_mut()
        .unwrap()
        .tolerations = vec![stands(Some("no"))];
    assert_eq!(drained(&snapshot), [""; 0]);
    snapshot.workloads[1] = app("b", &[1], 100, 100);
    snapshot.workloads[0]
        .placement
        .as_mut()
        .unwrap()
        .tolerations = vec![stands(None)];
    assert_eq!(drained(&snapshot).len(), 1);
    // What is only asked for keeps nothing off.
    snapshot.workloads[0]
        .placement
        .as_mut()
        .unwrap()
        .tolerations = Vec::new();
    snapshot.cluster.nodes[1].taints = vec!["gpu=yes:PreferNoSchedule".to_owned()];
    assert_eq!(drained(&snapshot).len(), 1);
}

#[test]
fn nodes_that_take_nothing_can_still_be_emptied() {
    let mut snapshot = with(nodes(2), vec![app("a", &[0, 1], 100, 100)]);
    snapshot.cluster.nodes[1].unschedulable = true;
    assert_eq!(drained(&snapshot), ["n1"]);
    snapshot.cluster.nodes[1].unschedulable = false;
    snapshot.cluster.nodes[1].ready = false;
    assert_eq!(drained(&snapshot), [""; 0]);
    assert_eq!(stay(&snapshot, 1), Stay::Kept(Kept::NotReady));
}

#[test]
fn pods_apart_stay_apart() {
    let apart = |topology: &str| {
        ruled(app("a", &[0, 1, 2], 100, 100), |it| {
            it.anti_affinity = vec![term("a", topology)];
        })
    };
    let hosts = with(nodes(3), vec![apart(HOST)]);
    assert_eq!(drained(&hosts), [""; 0]);
    stays(&hosts, 0, "by anti-affinity");
    // A fourth node in zone `a` takes what the first one has.
    let mut hosts = nodes(4);
    hosts.workloads = vec![apart(HOST)];
    assert_eq!(drained(&hosts).len(), 1);
    let mut zones = nodes(6);
    zones.workloads = vec![apart(ZONE), app("b", &[3, 4, 5], 100, 100)];
    assert_eq!(drained(&zones).len(), 3);
}

#[test]
fn what_is_there_already_keeps_others_off() {
    // The rule is that of `b` alone, and it is about `a`.
    let b = ruled(app("b", &[1], 100, 100), |it| {
        it.anti_affinity = vec![term("a", HOST)];
    });
    let both = with(nodes(2), vec![app("a", &[0], 100, 100), b.clone()]);
    assert_eq!(drained(&both), [""; 0]);
    stays(&both, 0, "by anti-affinity");
    // Another namespace is not meant, unless it says so.
    let mut other = both;
    "other".clone_into(&mut other.workloads[0].id.namespace);
    assert_eq!(drained(&other).len(), 1);
    let named = PodTerm {
        namespaces: vec!["other".to_owned()],
        ..term("a", HOST)
    };
    other.workloads[1].placement.as_mut().unwrap().anti_affinity[0] = named;
    assert_eq!(drained(&other), [""; 0]);
    let all = PodTerm {
        all_namespaces: true,
        ..term("a", HOST)
    };
    other.workloads[1].placement.as_mut().unwrap().anti_affinity[0] = all;
    assert_eq!(drained(&other), [""; 0]);
}

#[test]
fn pods_together_stay_together() {
    let beside = ruled(app("b", &[0], 100, 100), |it| {
        it.affinity = vec![term("a", HOST)];
    });
    // `a` cannot move, so `b` cannot.
    let mut snapshot = with(
        nodes(2),
        vec![app("a", &[0], 100, 100), beside.clone(), full("c", &[1])],
    );
    snapshot.workloads[2] = app("c", &[1], 100, 100);
    snapshot.workloads[0].pods[0].eviction = vec![label(
        "cluster-autoscaler.kubernetes.io/safe-to-evict",
        "false",
    )];
    assert_eq!(drained(&snapshot), ["n1"]);
    // Without the annotation both move together, the one that is meant first.
    let mut free = with(
        nodes(2),
        vec![app("a", &[0], 200, 200), beside, app("c", &[1], 3600, 100)],
    );
    assert_eq!(drained(&free).len(), 1);
    free.workloads[0].pods[0].requests = crate::made::resources(100, 100);
    // One that means itself may be the first of its sort.
    let own = ruled(app("a", &[0, 0], 100, 100), |it| {
        it.affinity = vec![term("a", HOST)];
    });
    let own = with(nodes(2), vec![own, app("c", &[1], 3600, 100)]);
    assert_eq!(drained(&own).len(), 1);
    // One that means others may not.
    let lonely = ruled(app("b", &[0], 100, 100), |it| {
        it.affinity = vec![term("gone", HOST)];
    });
    let lonely = with(nodes(2), vec![lonely, full("c", &[1])]);
    assert_eq!(drained(&lonely), [""; 0]);
}

#[test]
fn a_pod_waits_for_those_beside_which_it_must_be() {
    // The larger one must be beside the smaller one, which no other node has yet.
    let large = ruled(app("x", &[0], 900, 300), |it| {
        it.affinity = vec![term("y", ZONE)];
    });
    let stays_there = each_pod(app("half", &[1], 1500, 2048), |pod| {
        pod.eviction = vec![label(
            "cluster-autoscaler.kubernetes.io/safe-to-evict",
            "false",
        )];
    });
    let mut snapshot = with(
        nodes(3),
        vec![
            large,
            app("y", &[0], 100, 128),
            app("full", &[2], 3500, 12_288),
            stays_there,
        ],
    );
    // Where the fullest node is in another zone, the smaller one must not go there.
    assert_eq!(drained(&snapshot), ["n0"]);
    let zone = snapshot.cluster.nodes[1].labels[1].clone();
    snapshot.cluster.nodes[2].labels[1] = zone;
    assert_eq!(drained(&snapshot), ["n0"]);
    // What hinders where there is room is the affinity.
    snapshot.workloads[1].pods[0].node = Some("n2".to_owned());
    snapshot.workloads[2].pods[0].requests = crate::made::resources(3700, 12_288);
    snapshot.cluster.nodes[2].labels[1].1 = "z".to_owned();
    stays(
        &snapshot,
        0,
        "must be beside pods that are on no other node with room",
    );
}

#[test]
fn spread_is_kept_over_what_is_left() {
    let even = |topology: &str, skew: u32| Spread {
        selector: Some(chosen("a")),
        topology_key: topology.to_owned(),
        max_skew: skew,
        ..Spread::default()
    };
    let spread = |constraint: Spread, on: &[usize]| {
        ruled(app("a", on, 100, 100), |it| it.spread = vec![constraint])
    };
    // Two zones with two nodes each: a zone that is emptied counts until its nodes are deleted.
    let mut zones = nodes(6);
    zones
        .cluster
        .nodes
        .retain(|it| it.zone.as_deref() != Some("c"));
    zones.workloads = vec![spread(even(ZONE, 1), &[0, 1, 3, 4])];
    assert_eq!(drained(&zones).len(), 2, "one of each zone");
    // A node is a domain that is gone with it.
    zones.workloads = vec![spread(even(HOST, 1), &[0, 1, 3, 4])];
    assert_eq!(drained(&zones).len(), 3);
    // With as many domains as it wants it cannot leave one.
    let least = Spread {
        min_domains: Some(2),
        ..even(ZONE, 1)
    };
    zones.workloads = vec![spread(least, &[0, 1, 3, 4])];
    assert_eq!(drained(&zones).len(), 2);
    // An empty node of a third zone asks for pods.
    let mut third = nodes(3);
    third.workloads = vec![spread(even(ZONE, 1), &[0, 0, 1, 1])];
    third.workloads.push(ruled(app("b", &[2], 100, 100), |it| {
        it.node_selector = vec![label(ZONE, "c")];
    }));
    let plan = planned(&third, &tight());
    assert!(!names(&third, &plan.today).contains(&"n2".to_owned()));
    for drain in &plan.today.drains {
        for (_, to) in &drain.moves {
            assert_eq!(*to, 2, "the emptiest zone first");
        }
    }
}

#[test]
fn a_host_port_is_one_pods() {
    let port = |protocol: &str| HostPort {
        port: 80,
        protocol: protocol.to_owned(),
        ip: None,
    };
    let on = |name: &str, node: usize, protocol: &str| {
        ruled(app(name, &[node], 100, 100), |it| {
            it.host_ports = vec![port(protocol)];
        })
    };
    let same = with(nodes(2), vec![on("a", 0, "TCP"), on("b", 1, "TCP")]);
    assert_eq!(drained(&same), [""; 0]);
    stays(&same, 0, "wants a host port that is taken on 1 node");
    let other = with(nodes(2), vec![on("a", 0, "TCP"), on("b", 1, "UDP")]);
    assert_eq!(drained(&other).len(), 1);
}

fn volumes(snapshot: &mut kcost::snapshot::Snapshot, terms: Option<Vec<NodeTerm>>) {
    snapshot.cluster.volume_claims = vec![VolumeClaim {
        namespace: "shop".to_owned(),
        name: "data".to_owned(),
        phase: "Bound".to_owned(),
        volume: Some("pv".to_owned()),
        ..VolumeClaim::default()
    }];
    snapshot.cluster.volumes = vec![Volume {
        name: "pv".to_owned(),
        driver: Some("ebs.csi.aws.com".to_owned()),
        node_terms: terms,
        ..Volume::default()
    }];
}

fn database(on: &[usize]) -> Workload {
    each_pod(app("db", on, 100, 100), |pod| {
        pod.volume_claims = vec!["data".to_owned()];
    })
}

#[test]
fn volumes_tie_pods_to_their_zone() {
    let zone = |zone: &str| vec![NodeTerm(vec![requirement(ZONE, Operator::In, &[zone])])];
    let mut snapshot = with(nodes(2), vec![database(&[0]), app("b", &[1], 100, 100)]);
    volumes(&mut snapshot, Some(zone("a")));
    assert_eq!(drained(&snapshot), ["n1"]);
    // A volume that is not known may be tied to its zone too.
    snapshot.cluster.volumes.clear();
    assert_eq!(drained(&snapshot), ["n1"]);
    snapshot.cluster.nodes[0].zone = None;
    let fixed = vec![Fixed::UnknownVolume("data".to_owned())];
    let Stay::Pods(found) = stay(&snapshot, 0) else {
        panic!("{}", why(&snapshot, 0));
    };
    assert_eq!(
        found.into_iter().map(|(_, it)| it).collect::<Vec<_>>(),
        fixed
    );
    // One that can be used anywhere ties to nothing.
    snapshot.workloads[1] = app("b", &[1], 3000, 100);
    volumes(&mut snapshot, None);
    assert_eq!(drained(&snapshot).len(), 1);
}

#[test]
fn a_node_attaches_so_many_volumes() {
    let mut snapshot = with(nodes(2), vec![database(&[0]), app("b", &[1], 100, 100)]);
    volumes(&mut snapshot, None);
    for node in &mut snapshot.cluster.nodes {
        node.volume_limits.insert("ebs.csi.aws.com".to_owned(), 0);
    }
    assert_eq!(drained(&snapshot), ["n1"]);
    snapshot.workloads[1].pods[0].node = Some("n0".to_owned());
    stays(&snapshot, 0, "lacks 1 volumes of ebs.csi.aws.com");
}

#[test]
fn a_volume_of_one_node_keeps_its_pods_there() {
    let mut snapshot = with(nodes(2), vec![database(&[0, 0]), app("b", &[1], 100, 100)]);
    volumes(&mut snapshot, None);
    assert_eq!(drained(&snapshot).len(), 1);
    snapshot.cluster.volume_claims[0].single_node = true;
    assert_eq!(drained(&snapshot), ["n1"]);
    stays(&snapshot, 0, "shares volume `data`");
}

#[test]
fn devices_are_where_there_are_some() {
    let mut snapshot = with(
        nodes(2),
        vec![app("a", &[0], 100, 100), app("b", &[1], 100, 100)],
    );
    snapshot.workloads[0].pods[0]
        .requests
        .extended
        .insert("nvidia.com/gpu".to_owned(), 1.0);
    snapshot.cluster.nodes[0]
        .allocatable
        .extended
        .insert("nvidia.com/gpu".to_owned(), 1.0);
    assert_eq!(drained(&snapshot), ["n1"]);
    stays(
        &snapshot,
        0,
        "the nearest other node lacks 1 nvidia.com/gpu",
    );
    let claimed = {
        let mut claimed = snapshot.clone();
        claimed.workloads[0].claims = vec!["gpu".to_owned()];
        claimed
    };
    stays(&claimed, 0, "claims devices");
}

#[test]
fn budgets_and_annotations_are_heeded() {
    let mut snapshot = with(
        nodes(2),
        vec![app("a", &[0], 100, 100), app("b", &[1], 100, 100)],
    );
    snapshot.workloads[1] = full("b", &[1]);
    snapshot.workloads[1].pods[0].requests = crate::made::resources(3000, 100);
    let budget = |allowed: i32, expressions: Vec<Requirement>| DisruptionBudget {
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        disruptions_allowed: allowed,
        expressions,
        ..DisruptionBudget::default()
    };
    snapshot.cluster.disruption_budgets = vec![budget(0, Vec::new())];
    assert_eq!(drained(&snapshot), [""; 0]);
    stays(&snapshot, 0, "budget `web` lets no pod go");
    snapshot.cluster.disruption_budgets = vec![budget(1, Vec::new())];
    assert_eq!(drained(&snapshot).len(), 1);
    let others = requirement("app", Operator::NotIn, &["a", "b"]);
    snapshot.cluster.disruption_budgets = vec![budget(0, vec![others])];
    assert_eq!(drained(&snapshot).len(), 1);
    snapshot.cluster.disruption_budgets = vec![budget(1, Vec::new()), budget(1, Vec::new())];
    stays(&snapshot, 0, "two budgets");
    snapshot.cluster.disruption_budgets[0].selects_nothing = true;
    assert_eq!(drained(&snapshot).len(), 1);
    for (key, value) in [
        ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
        ("karpenter.sh/do-not-disrupt", "true"),
        ("karpenter.sh/do-not-evict", "true"),
        ("karpenter.sh/do-not-disrupt", "30m"),
    ] {
        snapshot.workloads[0].pods[0].eviction = vec![label(key, value)];
        assert!(why(&snapshot, 0).contains(key), "{key}");
    }
    // Half an hour after it was made it may go.
    let long_ago = snapshot.taken_at - jiff::SignedDuration::from_hours(1);
    snapshot.workloads[0].pods[0].created = Some(long_ago);
    assert_eq!(drained(&snapshot).len(), 1);
}

#[test]
fn what_nothing_would_start_anew_stays() {
    let mut bare = app("debug", &[0], 100, 100);
    "Pod".clone_into(&mut bare.id.kind);
    let snapshot = with(nodes(2), vec![bare, app("b", &[1], 100, 100)]);
    assert_eq!(drained(&snapshot), ["n1"]);
    stays(&snapshot, 0, "no controller");
}

#[test]
fn some_nodes_stay_whatever_is_on_them() {
    let mut snapshot = with(nodes(3), vec![app("a", &[1, 2], 100, 100)]);
    snapshot.cluster.nodes[0]
        .labels
        .push(label("node-role.kubernetes.io/control-plane", ""));
    snapshot.cluster.nodes[0].taints =
        vec!["node-role.kubernetes.io/control-plane:NoSchedule".to_owned()];
    assert_eq!(drained(&snapshot).len(), 1);
    assert_eq!(stay(&snapshot, 0), Stay::Kept(Kept::ControlPlane));
    let key = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
    for node in 1..3 {
        snapshot.cluster.nodes[node].annotations = vec![label(key, "true")];
    }
    assert_eq!(drained(&snapshot), [""; 0]);
    stays(&snapshot, 1, key);
}

#[test]
fn a_pool_keeps_its_minimum() {
    let mut snapshot = with(nodes(4), vec![app("a", &[0], 100, 100)]);
    for (at, node) in snapshot.cluster.nodes.iter_mut().enumerate() {
        node.pool = Some(if at < 3 { "large" } else { "small" }.to_owned());
    }
    let options = Options {
        pool_minimums: vec![("large".to_owned(), 2), ("small".to_owned(), 1)],
        ..tight()
    };
    let plan = planned(&snapshot, &options);
    assert_eq!(plan.today.drains.len(), 1);
    let minimums = plan.today.stays.iter().flatten();
    let minimums = minimums.filter(|it| matches!(it, Stay::PoolMinimum(_)));
    assert_eq!(minimums.count(), 3);
}

#[test]
fn pods_that_wait_keep_the_room_that_they_will_take() {
    let mut snapshot = with(
        nodes(2),
        vec![app("a", &[0, 1], 1900, 100), app("b", &[0], 1000, 100)],
    );
    assert_eq!(
        drained(&with(nodes(2), vec![app("a", &[0, 1], 1900, 100)])).len(),
        1
    );
    snapshot.workloads[1].pods[0].node = None;
    assert_eq!(drained(&snapshot), [""; 0]);
    snapshot.workloads[1] = app("b", &[0], 9000, 100);
    snapshot.workloads[1].pods[0].node = None;
    let plan = planned(&snapshot, &tight());
    assert_eq!(plan.today.homeless.len(), 1);
}

#[test]
fn what_is_committed_does_not_leave_the_bill() {
    let snapshot = with(nodes(2), vec![app("a", &[0, 1], 100, 100)]);
    let saved = |text: &str| {
        let book = Book::with_sheet(Sheet::parse("prices.yaml", text).unwrap());
        let prices = book.prices(&snapshot.cluster.nodes);
        plan(&snapshot, &prices, None, None, &tight())
            .unwrap()
            .today
            .saved
    };
    let row = "prices:\n- instance_type: m5.xlarge\n  price: 1\n";
    assert_eq!(saved(row).to_string(), "730.00");
    let committed = "commitments:\n- covered_percent: 100\n  discount_percent: 40\n";
    assert_eq!(saved(&format!("{row}{committed}")).to_string(), "0.00");
    // Half of both is one of them, which is covered as long as there is one.
    let half = "commitments:\n- covered_percent: 50\n  discount_percent: 20\n";
    assert_eq!(saved(&format!("{row}{half}")).to_string(), "730.00");
    let most = "commitments:\n- covered_percent: 75\n  discount_percent: 20\n";
    assert_eq!(saved(&format!("{row}{most}")).to_string(), "365.00");
}

#[test]
fn without_what_it_takes_there_is_no_plan() {
    let book = Book::named("default").unwrap();
    let why = |snapshot: &kcost::snapshot::Snapshot| {
        let prices = book.prices(&snapshot.cluster.nodes);
        plan(snapshot, &prices, None, None, &tight()).unwrap_err()
    };
    assert_eq!(why(&with(nodes(0), Vec::new())), Unplanned::NoNodes);
    let mut snapshot = with(nodes(2), vec![app("a", &[0], 100, 100)]);
    snapshot.cluster.in_part = true;
    assert_eq!(why(&snapshot), Unplanned::InPart);
    snapshot.cluster.in_part = false;
    snapshot.workloads[0].placement = None;
    assert_eq!(why(&snapshot), Unplanned::RulesUnread);
}
