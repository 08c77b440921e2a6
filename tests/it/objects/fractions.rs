//! Parts of devices that KAI Scheduler and `HAMi` give out.

use std::fmt::Write as _;

use kcost::collect::Resolved;
use kcost::snapshot::Resources;

use super::{dump, file, read};

/// A node with what its labels or annotations say, and so many of `nvidia.com/gpu`.
fn node(name: &str, metadata: &str, gpus: u32) -> String {
    format!(
        "---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}, {metadata}}}\n\
         status: {{allocatable: {{cpu: '32', nvidia.com/gpu: '{gpus}'}}, \
         capacity: {{cpu: '32', nvidia.com/gpu: '{gpus}'}}}}\n"
    )
}

fn pod(namespace: &str, name: &str, annotations: &str, gpu: &str, node: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, \
         annotations: {{{annotations}}}}}\nspec:\n  nodeName: {node}\n  containers:\n  \
         - {{name: proxy, resources: {{requests: {{cpu: 10m}}}}}}\n  \
         - {{name: model, resources: {{requests: {{{gpu}}}, limits: {{{gpu}}}}}}}\n\
         status: {{phase: Running}}\n"
    )
}

/// GPUs of the pod of this name, and of its containers.
fn gpus(resolved: &Resolved, name: &str) -> (f64, Vec<f64>) {
    let mut workloads = resolved.workloads.iter();
    let workload = workloads.find(|it| it.id.name == name).unwrap();
    let containers = workload.containers.iter();
    let containers = containers.map(|container| container.requests.gpus());
    (workload.pods[0].requests.gpus(), containers.collect())
}

#[test]
fn a_fraction_in_annotations_is_a_part_of_a_device() {
    let label = "labels: {nvidia.com/gpu.memory: '40000'}";
    let text = [
        node("big", label, 8),
        pod("ml", "half", "gpu-fraction: '0.5'", "", "big"),
        pod(
            "ml",
            "two",
            "gpu-fraction: '0.25', gpu-fraction-num-devices: '2', \
             gpu-fraction-container-name: model",
            "",
            "big",
        ),
        pod("ml", "memory", "gpu-memory: '10000'", "", "big"),
        pod(
            "ml",
            "whole",
            "gpu-fraction: '0.5'",
            "nvidia.com/gpu: '1'",
            "big",
        ),
        pod(
            "kai-resource-reservation",
            "holder",
            "",
            "nvidia.com/gpu: '1'",
            "big",
        ),
    ]
    .concat();
    let resolved = dump(&text);
    assert_eq!(gpus(&resolved, "half"), (0.5, vec![0.5, 0.0]));
    assert_eq!(gpus(&resolved, "two"), (0.5, vec![0.0, 0.5]));
    assert_eq!(gpus(&resolved, "memory"), (0.25, vec![0.25, 0.0]));
    // Refused by the scheduler, so it runs by another.
    assert_eq!(gpus(&resolved, "whole"), (1.0, vec![0.0, 1.0]));
    // It holds for others what they are counted with.
    assert_eq!(gpus(&resolved, "holder"), (0.0, vec![0.0, 0.0]));
    let half = resolved.workloads.iter().find(|it| it.id.name == "half");
    assert!((half.unwrap().pods[0].requests.cpu.unwrap().get() - 0.01).abs() < 1e-9);
}

#[test]
fn a_template_that_has_no_pods_yet_has_its_fraction() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: ml}\n\
         spec:\n  replicas: 2\n  selector: {}\n  template:\n    \
         metadata: {annotations: {gpu-fraction: '0.2'}}\n    \
         spec: {containers: [{name: app}]}\n";
    let resolved = dump(text);
    let asked = resolved.workloads[0].containers[0].requests.gpus();
    assert!((asked - 0.2).abs() < 1e-12, "{asked}");
}

#[test]
fn memory_of_an_unknown_device_is_a_named_gap() {
    let text = node("plain", "labels: {}", 8)
        + &pod("ml", "memory", "gpu-memory: '10000'", "", "plain")
        + &pod(
            "ml",
            "slice",
            "",
            "nvidia.com/gpu: '1', nvidia.com/gpumem: '10000'",
            "plain",
        );
    let file = file(&text);
    let (resolved, gaps) = read(&[file.path().to_owned()]);
    assert_eq!(gpus(&resolved, "memory"), (0.0, vec![0.0, 0.0]));
    assert_eq!(gpus(&resolved, "slice"), (1.0, vec![0.0, 1.0]));
    assert_eq!(
        gaps[0].text,
        "parts of devices cannot be counted for ml/memory, ml/slice"
    );
    assert!(
        gaps[0]
            .hint
            .as_deref()
            .unwrap()
            .contains("nvidia.com/gpu.memory")
    );
}

#[test]
fn devices_that_are_divided_are_counted_as_they_are() {
    let mut register = String::new();
    for device in ["a", "b"] {
        write!(
            register,
            "GPU-{device},10,40000,100,NVIDIA-NVIDIA L40S,0,true:"
        )
        .unwrap();
    }
    let annotation = format!("annotations: {{hami.io/node-nvidia-register: '{register}'}}");
    let asks = |more: &str| format!("nvidia.com/gpu: '1'{more}");
    let text = [
        node("divided", &annotation, 20),
        pod(
            "ml",
            "memory",
            "",
            &asks(", nvidia.com/gpumem: '10000'"),
            "divided",
        ),
        pod(
            "ml",
            "cores",
            "",
            &asks(", nvidia.com/gpumem: '10000', nvidia.com/gpucores: '60'"),
            "divided",
        ),
        pod(
            "ml",
            "percent",
            "",
            &asks(", nvidia.com/gpumem-percentage: '30'"),
            "divided",
        ),
        pod("ml", "whole", "", &asks(""), "divided"),
    ]
    .concat();
    let resolved = dump(&text);
    let node = &resolved.cluster.nodes[0];
    let devices = [&node.allocatable, &node.capacity].map(Resources::gpus);
    assert!(
        devices.iter().all(|it| (it - 2.0).abs() < 1e-9),
        "{devices:?}"
    );
    assert_eq!(node.gpu_product.as_deref(), Some("NVIDIA-NVIDIA L40S"));
    assert_eq!(node.accelerator.count, Some(2));
    assert_eq!(gpus(&resolved, "memory"), (0.25, vec![0.0, 0.25]));
    assert_eq!(gpus(&resolved, "cores"), (0.6, vec![0.0, 0.6]));
    assert_eq!(gpus(&resolved, "percent"), (0.3, vec![0.0, 0.3]));
    // All of the memory is taken where none is named.
    assert_eq!(gpus(&resolved, "whole"), (1.0, vec![0.0, 1.0]));
}
