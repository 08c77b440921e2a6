//! Patches that follow from what a check found.

use serde_json::{Value, json};

use super::Patch;
use crate::snapshot::{Container, PatchTarget, Workload};
use crate::units::{Bytes, Cpu};

/// Which amount of a container is set.
pub(super) enum Amount {
    MemoryLimit(Bytes),
    CpuLimit(Cpu),
    CpuRequest(Cpu),
}

/// Sets one amount in the pod template; `None` where that cannot be changed there.
pub(super) fn container(
    workload: &Workload,
    container: &Container,
    amount: &Amount,
) -> Option<Patch> {
    let target = workload.patch.as_ref().filter(|_| container.in_template)?;
    let resources = match amount {
        Amount::MemoryLimit(size) => json!({"limits": {"memory": size.to_string()}}),
        Amount::CpuLimit(size) => json!({"limits": {"cpu": size.to_string()}}),
        Amount::CpuRequest(size) => json!({"requests": {"cpu": size.to_string()}}),
    };
    let spec = json!({container.kind.list(): [{"name": container.name, "resources": resources}]});
    // A merge by name is known of built-in kinds alone: elsewhere the list would be replaced.
    let built_in = target.api_version == "apps/v1" || target.api_version == "batch/v1";
    built_in.then(|| of(workload, target, spec))
}

fn of(workload: &Workload, target: &PatchTarget, spec: Value) -> Patch {
    Patch {
        api_version: target.api_version.clone(),
        kind: target.kind.clone(),
        namespace: workload.id.namespace.clone(),
        name: target.name.clone(),
        body: target.around(spec),
    }
}

/// Sets fields of the spec of another object.
pub(super) fn spec(
    (api_version, kind): (&str, &str),
    namespace: &str,
    name: &str,
    spec: &Value,
) -> Patch {
    Patch {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        body: json!({ "spec": spec }),
    }
}
