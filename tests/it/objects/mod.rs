//! Dumps of objects into workloads: owners, arithmetic, and what is kept.

mod archives;
mod chains;
mod devices;
mod ended;
mod fractions;
mod heaps;
mod inputs;
mod owners;
mod pods;
mod recorded;
mod replicas;
mod runs;
mod scaling;
mod templates;
mod texts;

use std::io::Write;
use std::path::PathBuf;

use kcost::collect::files::read_objects;
use kcost::collect::{Resolved, Scope, resolve};
use kcost::progress::Silent;
use kcost::snapshot::{Gap, Workload};
use kcost::units::Bytes;

/// A dump in a file of its own.
fn file(content: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file
}

fn read(paths: &[PathBuf]) -> (Resolved, Vec<Gap>) {
    let (objects, gaps) = read_objects(paths, &Scope::default(), &Silent).unwrap();
    let mut resolved = resolve(objects);
    let mut all = std::mem::take(&mut resolved.gaps);
    all.extend(gaps);
    (resolved, all)
}

fn dump(content: &str) -> Resolved {
    let file = file(content);
    let (resolved, gaps) = read(&[file.path().to_owned()]);
    assert_eq!(gaps, []);
    resolved
}

fn ids(resolved: &Resolved) -> Vec<String> {
    let workloads = resolved.workloads.iter();
    workloads.map(|workload| workload.id.to_string()).collect()
}

fn only(resolved: Resolved) -> Workload {
    assert_eq!(resolved.workloads.len(), 1, "{:?}", ids(&resolved));
    resolved.workloads.into_iter().next().unwrap()
}

/// A pod of namespace `shop`; `more` are lines below its root.
fn pod(name: &str, owner: Option<(&str, &str, &str)>, more: &str) -> String {
    let owner = owner.map_or(String::new(), |(api_version, kind, name)| {
        format!(
            "\n  ownerReferences:\n  - {{apiVersion: {api_version}, kind: {kind}, name: {name}, \
             uid: u, controller: true}}"
        )
    });
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: shop{owner}\n{more}"
    )
}

const APP: &str = "
spec:
  containers:
  - name: app
    resources: {requests: {cpu: 100m, memory: 128Mi}}
status: {phase: Running}
";

/// The same without asking for the absence of gaps.
fn with_gaps(content: &str) -> (Resolved, Vec<Gap>) {
    let file = file(content);
    read(&[file.path().to_owned()])
}

/// A pod of namespace `shop` with these containers and cores; `more` are fields of its metadata.
fn sized(name: &str, owner: Option<(&str, &str, &str)>, containers: &[(&str, f64)]) -> String {
    let containers: Vec<String> = containers.iter().map(container).collect();
    let spec = format!(
        "spec: {{containers: [{}]}}\nstatus: {{phase: Running}}\n",
        containers.join(", ")
    );
    pod(name, owner, &spec)
}

fn container((name, cores): &(&str, f64)) -> String {
    format!("{{name: {name}, image: x, resources: {{requests: {{cpu: '{cores}', memory: 1Gi}}}}}}")
}

/// Ids, pods and cores of one pod as the scheduler counts them.
fn summary(resolved: &Resolved) -> Vec<(String, usize, f64)> {
    let cores = |workload: &Workload| {
        let cpu = workload.pods.first().and_then(|pod| pod.requests.cpu);
        cpu.unwrap_or_default().get()
    };
    let workloads = resolved.workloads.iter();
    workloads
        .map(|it| (it.id.to_string(), it.pods.len(), cores(it)))
        .collect()
}

fn cpu(workload: &Workload) -> f64 {
    workload.pods[0].requests.cpu.unwrap_or_default().get()
}

fn memory(workload: &Workload) -> Bytes {
    workload.pods[0].requests.memory.unwrap_or_default()
}
