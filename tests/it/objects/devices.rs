//! Devices that pods claim, counted as extended resources.

use kcost::snapshot::Workload;

use super::{dump, file, only, pod, read};

/// A pod whose containers use these claims.
fn claiming(name: &str, claims: &str, first: &str, second: &str, status: &str) -> String {
    let spec = format!(
        "
spec:
  resourceClaims: [{claims}]
  containers:
  - name: first
    resources: {{requests: {{cpu: 100m}}, claims: [{first}]}}
  - name: second
    resources: {{claims: [{second}]}}
status: {{phase: Running{status}}}
"
    );
    pod(name, None, &spec)
}

fn template(requests: &str) -> String {
    format!(
        "---\napiVersion: resource.k8s.io/v1\nkind: ResourceClaimTemplate\n\
         metadata: {{name: gpus, namespace: shop}}\nspec: {{spec: {{devices: {{requests: [{requests}]}}}}}}\n"
    )
}

fn claim(name: &str, version: &str, requests: &str, devices: &str) -> String {
    format!(
        "---\napiVersion: resource.k8s.io/{version}\nkind: ResourceClaim\n\
         metadata: {{name: {name}, namespace: shop}}\nspec: {{devices: {{requests: [{requests}]}}}}\n\
         status: {{allocation: {{devices: {{results: [{devices}]}}}}}}\n"
    )
}

/// GPUs of the first pod, and of each container.
fn gpus(workload: &Workload) -> (f64, Vec<f64>) {
    let containers = workload.containers.iter();
    let containers = containers.map(|container| container.requests.gpus());
    (workload.pods[0].requests.gpus(), containers.collect())
}

const TWO: &str = "{name: gpu, exactly: {deviceClassName: gpu.nvidia.com, count: 2}}";

#[test]
fn containers_that_share_a_claim_do_not_count_it_twice() {
    let claims = "{name: mine, resourceClaimTemplateName: gpus}";
    let mine = "{name: mine}";
    let text = claiming("web", claims, mine, mine, "") + &template(TWO);
    let workload = only(dump(&text));
    assert_eq!(gpus(&workload), (2.0, vec![2.0, 0.0]));
    assert_eq!(workload.claims, ["gpus"]);
    // Beside CPU, which is as it was.
    assert!((workload.pods[0].requests.cpu.unwrap().get() - 0.1).abs() < 1e-9);
}

#[test]
fn a_container_may_use_one_request_of_a_claim() {
    let requests = format!("{TWO}, {{name: slice, exactly: {{deviceClassName: mig.nvidia.com}}}}");
    let claims = "{name: mine, resourceClaimTemplateName: gpus}";
    let (slice, gpu) = ("{name: mine, request: slice}", "{name: mine, request: gpu}");
    let text = claiming("web", claims, slice, gpu, "") + &template(&requests);
    assert_eq!(gpus(&only(dump(&text))), (3.0, vec![1.0, 2.0]));
    let network = TWO.replace("gpu.nvidia.com", "rdma");
    let text = claiming("web", claims, gpu, "", "") + &template(&network);
    let workload = only(dump(&text));
    assert_eq!(gpus(&workload), (0.0, vec![0.0, 0.0]));
    let extended = workload.pods[0].requests.extended.keys();
    assert_eq!(
        extended.collect::<Vec<_>>(),
        ["deviceclass.resource.kubernetes.io/rdma"]
    );
}

#[test]
fn what_a_pod_has_got_goes_before_what_its_template_asks_for() {
    let all = "{name: gpu, exactly: {deviceClassName: gpu.nvidia.com, allocationMode: All}}";
    let claims = "{name: mine, resourceClaimTemplateName: gpus}";
    let status = ", resourceClaimStatuses: [{name: mine, resourceClaimName: web-mine-x}]";
    let device = "{request: gpu, driver: gpu.nvidia.com, pool: n, device: d}";
    let devices = [device; 4].join(", ");
    let text = claiming("web", claims, "{name: mine}", "", status) + &template(all);
    let got = claim("web-mine-x", "v1", all, &devices);
    assert_eq!(
        gpus(&only(dump(&(text.clone() + &got)))),
        (4.0, vec![4.0, 0.0])
    );

    let file = file(&text);
    let (resolved, gaps) = read(&[file.path().to_owned()]);
    assert_eq!(gpus(&only(resolved)), (0.0, vec![0.0, 0.0]));
    assert_eq!(
        gaps[0].text,
        "devices that are claimed cannot be counted for shop/web"
    );
}

#[test]
fn a_claim_that_pods_share_counts_in_parts() {
    let old = "{name: gpu, deviceClassName: gpu.nvidia.com}";
    let mine = "{name: mine, resourceClaimName: one}";
    let pods = ["a", "b"].map(|name| claiming(name, mine, "{name: mine}", "", ""));
    let text = pods.concat() + &claim("one", "v1beta1", old, "{request: gpu}");
    let resolved = dump(&text);
    assert_eq!(resolved.workloads.len(), 2);
    for workload in &resolved.workloads {
        assert_eq!(gpus(workload), (0.5, vec![0.5, 0.0]));
    }
}

#[test]
fn a_deployment_without_pods_asks_for_what_its_template_says() {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\n\
         spec:\n  replicas: 3\n  selector: {{}}\n  template:\n    spec:\n      \
         resourceClaims: [{{name: mine, resourceClaimTemplateName: gpus}}]\n      \
         containers: [{{name: app, resources: {{claims: [{{name: mine}}]}}}}]\n{}",
        template(TWO)
    );
    let workload = only(dump(&text));
    assert_eq!(
        (workload.replicas, workload.containers[0].requests.gpus()),
        (3, 2.0)
    );
}
