//! Usage of pods that come and go, and of several templates: whose it is, and
//! what it costs.

use std::fmt::Write as _;
use std::fs;

use kcost::pipeline;
use kcost::price::Bill;
use kcost::progress::Silent;
use kcost::snapshot::Snapshot;

use super::{Files, HEADER, START};
use crate::made::settings;

/// What a core and a GiB cost a month on demand: 730 hours at the default rates.
const CORE: f64 = 0.031_611 * 730.0;
const GIB: f64 = 0.004_237 * 730.0;

/// A pod of 2 cores and 1 GiB that ends by itself.
fn task(name: &str, phase: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\n\
         spec: {{restartPolicy: Never, containers: [{{name: base, image: x, resources: {{requests: {{cpu: '2', memory: 1Gi}}}}}}]}}\n\
         status: {{phase: {phase}}}\n"
    )
}

/// Samples of a container from one slot of five minutes to another.
fn samples(pod: &str, container: &str, slots: std::ops::Range<i64>, cores: f64) -> String {
    let mut rows = String::new();
    for slot in slots {
        let time = START + slot * 300;
        writeln!(rows, "shop,{pod},{container},{time},{cores},1000000").unwrap();
    }
    rows
}

fn files(objects: &str, rows: &str) -> Files {
    let files = Files::new().with("usage.csv", format!("{HEADER}{rows}"));
    fs::write(&files.options.objects[0], objects).unwrap();
    files
}

fn bill(taken: &Snapshot) -> Bill {
    pipeline::analyze(taken, &settings(), &Silent).bill
}

fn ids(taken: &Snapshot) -> Vec<String> {
    taken.workloads.iter().map(|it| it.id.to_string()).collect()
}

#[test]
fn pods_that_come_and_go_cost_the_time_that_they_run() {
    // A hundred slots, in half of which there was a pod.
    let mut rows = String::new();
    for (run, name) in (0_i64..).zip(["a1b2c3d4", "b2c3d4e5", "c3d4e5f6", "d4e5f6a7", "e5f6a7b8"]) {
        rows += &samples(
            &format!("load-{name}"),
            "base",
            run * 20..run * 20 + 10,
            1.0,
        );
    }
    rows += &samples("clock-0", "app", 99..100, 0.1);
    // All but the last are gone; the last but one has ended.
    let objects = [
        task("load-e5f6a7b8", "Running"),
        task("load-d4e5f6a7", "Succeeded"),
    ]
    .concat();
    let taken = files(&objects, &rows).import().unwrap();
    assert_eq!(ids(&taken), ["shop/Pod/load"]);
    let first = bill(&taken).current;
    let cost = first.to_f64();
    assert!((cost - 0.5 * (2.0 * CORE + GIB)).abs() < 0.01, "{cost}");
    // So it is where only one is left, and where none runs at this time.
    for objects in [
        task("load-e5f6a7b8", "Running"),
        objects.replace("Running", "Succeeded"),
    ] {
        let taken = files(&objects, &rows).import().unwrap();
        assert_eq!(taken.workloads.len(), 1, "{:?}", ids(&taken));
        assert_eq!(bill(&taken).current, first);
    }
    // Without usage, what has ended is nothing.
    let rows = samples("clock-0", "app", 0..100, 0.1);
    let taken = files(&objects.replace("Running", "Succeeded"), &rows)
        .import()
        .unwrap();
    assert_eq!(ids(&taken), [""; 0]);
}

#[test]
fn usage_goes_to_the_template_of_its_pod_and_a_bundle_keeps_both_apart() {
    let replica = |role: &str, replicas: u32, cores: u32| {
        format!(
            "{role}: {{replicas: {replicas}, template: {{spec: {{containers: [{{name: torch, image: x, resources: {{requests: {{cpu: '{cores}', memory: 1Gi}}}}}}]}}}}}}"
        )
    };
    let objects = format!(
        "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nmetadata: {{name: train, namespace: shop}}\n\
         spec: {{pytorchReplicaSpecs: {{{}, {}}}}}\n",
        replica("Master", 1, 1),
        replica("Worker", 2, 8)
    );
    let rows = [
        samples("train-master-0", "torch", 0..100, 0.1),
        samples("train-worker-0", "torch", 0..100, 7.0),
        samples("train-worker-1", "torch", 0..100, 7.0),
    ]
    .concat();
    let files = files(&objects, &rows);
    let taken = files.taken();
    assert_eq!(
        ids(&taken),
        [
            "shop/PyTorchJob/train/Master",
            "shop/PyTorchJob/train/Worker"
        ]
    );
    let settings = settings();
    let analysis = pipeline::analyze(&taken, &settings, &Silent);
    let means: Vec<f64> = analysis
        .profiles
        .iter()
        .map(|it| it.cpu.as_ref().unwrap().mean.get())
        .collect();
    assert!(
        (means[0] - 0.1).abs() < 1e-6 && (means[1] - 7.0).abs() < 1e-6,
        "{means:?}"
    );
    // A master and two workers, all the time.
    let cost = analysis.bill.current.to_f64();
    assert!((cost - 17.0 * CORE - 3.0 * GIB).abs() < 0.01, "{cost}");
}
