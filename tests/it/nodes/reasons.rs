//! Which pod keeps a node, and why.

use kcost::snapshot::{NodeTerm, Operator, PodSelector, Requirement, Spread};

use super::{app, drained, nodes, ruled, why, with};

fn need(key: &str, operator: Operator, values: &[&str]) -> Vec<NodeTerm> {
    vec![NodeTerm(vec![Requirement {
        key: key.to_owned(),
        operator,
        values: values.iter().map(|&it| it.to_owned()).collect(),
    }])]
}

fn label(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn a_node_stays_for_a_pod_that_could_never_go_before_one_whose_places_went() {
    // All but the one with the device can go, and all pods but one could have gone anywhere.
    let mut device = app("b", &[1], 100, 100);
    device.pods[0]
        .requests
        .extended
        .insert("nvidia.com/gpu".to_owned(), 1.0);
    let mut waits = app("c", &[0], 3000, 100);
    waits.pods[0].node = None;
    let mut snapshot = with(
        nodes(3),
        vec![
            app("a", &[0], 100, 100),
            device,
            waits,
            app("d", &[2], 100, 100),
        ],
    );
    let one = &mut snapshot.cluster.nodes[1].allocatable.extended;
    one.insert("nvidia.com/gpu".to_owned(), 1.0);
    assert_eq!(drained(&snapshot).len(), 2);
    let text = why(&snapshot, 1);
    assert!(text.starts_with("b-0 finds no room"), "{text}");
    assert!(text.contains("lacks 1 nvidia.com/gpu"), "{text}");
}

#[test]
fn places_that_were_drained_are_no_rule_against_a_pod() {
    let mut snapshot = with(
        nodes(4),
        vec![
            ruled(app("w", &[0], 100, 100), |it| {
                it.node_terms = Some(need("num", Operator::Gt, &["2"]));
            }),
            ruled(app("v", &[3], 100, 100), |it| {
                it.node_terms = Some(need("num", Operator::DoesNotExist, &[]));
            }),
            ruled(app("u", &[2], 100, 100), |it| {
                it.node_terms = Some(need("num", Operator::NotIn, &["5", "3"]));
            }),
        ],
    );
    for (node, num) in [(0, "5"), (1, "3"), (2, "x")] {
        snapshot.cluster.nodes[node].labels.push(label("num", num));
    }
    assert_eq!(drained(&snapshot), ["n1", "n2"]);
    // `n1` would take it.
    assert!(why(&snapshot, 0).starts_with("w-0 needs this node, as the others"));
    // Not for the pod that the plan moved there.
    assert!(why(&snapshot, 3).starts_with("v-0 may run on no other node"));
}

#[test]
fn a_zone_that_a_pod_can_never_come_to_goes_with_its_nodes() {
    let spread = |any_node| {
        let mut app = ruled(app("w", &[0, 1, 3], 100, 100), |it| {
            it.node_selector = vec![label("pool", "x")];
            it.spread = vec![Spread {
                selector: Some(PodSelector {
                    labels: vec![label("app", "w")],
                    ..PodSelector::default()
                }),
                topology_key: "topology.kubernetes.io/zone".to_owned(),
                max_skew: 1,
                any_node,
                ..Spread::default()
            }];
        });
        app.replicas = 3;
        let mut snapshot = with(nodes(4), vec![app]);
        for node in [0, 1, 3] {
            snapshot.cluster.nodes[node].labels.push(label("pool", "x"));
        }
        snapshot
    };
    // Zones are a, b, c, a: that of `n2` has no node for it.
    for any_node in [true, false] {
        let snapshot = spread(any_node);
        let gone = drained(&snapshot);
        assert_eq!(gone.len(), 2, "{gone:?}");
        assert_eq!(gone[0], "n2");
    }
    // One that it could come to counts on: it is wanted.
    let mut snapshot = spread(false);
    snapshot.cluster.nodes[2].labels.push(label("pool", "x"));
    assert_eq!(drained(&snapshot), ["n2"]);
}
