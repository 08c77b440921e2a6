//! Pods with devices go only to devices like those that they have.

use kcost::snapshot::{Accelerator, Node, Snapshot, Workload};

use super::{app, drained, nodes, stay, why, with};

/// What is on a node: its product and type, and how its devices are shared.
#[derive(Clone, Copy, Default)]
struct Kind {
    product: Option<&'static str>,
    machine: Option<&'static str>,
    replicas: Option<u32>,
    sharing: Option<&'static str>,
    partition: Option<&'static str>,
    gpus: f64,
}

const H100: Kind = Kind {
    product: Some("NVIDIA-H100-80GB-HBM3"),
    machine: Some("p5.4xlarge"),
    replicas: None,
    sharing: None,
    partition: None,
    gpus: 4.0,
};

fn give(node: &mut Node, kind: Kind) {
    node.gpu_product = kind.product.map(str::to_owned);
    node.instance_type = kind.machine.map(str::to_owned);
    node.accelerator = Accelerator {
        replicas: kind.replicas,
        sharing: kind.sharing.map(str::to_owned),
        partition: kind.partition.map(str::to_owned),
        ..Accelerator::default()
    };
    for amounts in [&mut node.allocatable, &mut node.capacity] {
        let extended = &mut amounts.extended;
        extended.insert("nvidia.com/gpu".to_owned(), kind.gpus);
    }
}

fn holds(mut app: Workload) -> Workload {
    for pod in &mut app.pods {
        let extended = &mut pod.requests.extended;
        extended.insert("nvidia.com/gpu".to_owned(), 1.0);
    }
    app
}

/// One pod with a device on each of two nodes.
fn pair(kinds: [Kind; 2]) -> Snapshot {
    let apps = vec![
        holds(app("a", &[0], 100, 100)),
        holds(app("b", &[1], 100, 100)),
    ];
    let mut snapshot = with(nodes(2), apps);
    for (node, kind) in snapshot.cluster.nodes.iter_mut().zip(kinds) {
        give(node, kind);
    }
    snapshot
}

#[test]
fn the_same_product_shared_alike_takes_a_pod() {
    assert_eq!(drained(&pair([H100, H100])).len(), 1);
    let shared = Kind {
        replicas: Some(2),
        sharing: Some("mps"),
        ..H100
    };
    assert_eq!(drained(&pair([shared, shared])).len(), 1);
    // Of one machine in one pool it matters not how its product is written.
    let lower = Kind {
        product: Some("nvidia-h100-80gb-hbm3"),
        ..H100
    };
    assert_eq!(drained(&pair([H100, lower])).len(), 1);
}

#[test]
fn another_product_or_another_way_of_sharing_takes_none() {
    for other in [
        Kind {
            product: Some("NVIDIA-H200"),
            ..H100
        },
        Kind {
            replicas: Some(4),
            sharing: Some("time-slicing"),
            ..H100
        },
        Kind {
            partition: Some("3g.40gb"),
            ..H100
        },
        // Without its product the type of the machine tells, and its devices.
        Kind {
            product: None,
            machine: Some("g5.12xlarge"),
            ..H100
        },
        Kind {
            product: None,
            gpus: 8.0,
            ..H100
        },
        Kind {
            product: None,
            machine: None,
            ..H100
        },
    ] {
        let snapshot = pair([H100, other]);
        assert!(drained(&snapshot).is_empty());
        assert_eq!(stay(&snapshot, 0).code(), "devices");
        let text = why(&snapshot, 0);
        assert!(
            text.contains(
                "has devices, and those of 1 node are not known to be of the same product"
            ),
            "{text}"
        );
    }
    let mps = |sharing| Kind {
        replicas: Some(4),
        sharing: Some(sharing),
        ..H100
    };
    assert!(drained(&pair([mps("mps"), mps("time-slicing")])).is_empty());
}

#[test]
fn a_machine_of_the_same_type_takes_a_pod_where_no_product_is_told() {
    let silent = Kind {
        product: None,
        ..H100
    };
    assert_eq!(drained(&pair([silent, silent])).len(), 1);
    assert_eq!(drained(&pair([H100, silent])).len(), 1);
    let nameless = Kind {
        machine: None,
        ..silent
    };
    assert!(drained(&pair([nameless, nameless])).is_empty());
}

#[test]
fn pods_without_devices_go_wherever_there_is_room() {
    let mut snapshot = pair([
        H100,
        Kind {
            product: Some("Tesla-T4"),
            ..H100
        },
    ]);
    snapshot.workloads[0].pods[0].requests.extended.clear();
    assert_eq!(drained(&snapshot), ["n0"]);
}
