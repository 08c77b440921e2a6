//! Namespaces that are asked for and hold nothing.

use std::collections::BTreeSet;

use crate::collect::Scope;
use crate::snapshot::{Gap, Snapshot};
use crate::text::most_like;

/// A gap for each namespace that is named and has no workload.
pub(super) fn empty_namespaces(scope: &Scope, snapshot: &Snapshot) -> Vec<Gap> {
    let workloads = snapshot.workloads.iter();
    let known: BTreeSet<&str> = workloads.map(|it| it.id.namespace.as_str()).collect();
    let named = scope.exact_namespaces().unwrap_or_default();
    let empty = named.into_iter().filter(|name| !known.contains(name));
    empty
        .map(|name| {
            let text = format!("there are no workloads in the namespace `{name}`");
            let gap = Gap::new("empty-namespace", format!("namespace {name}"), text);
            gap.hint(other_namespace(name, &known))
        })
        .collect()
}

/// The namespace that was meant, else how to find it.
fn other_namespace(name: &str, known: &BTreeSet<&str>) -> String {
    const NAMED: usize = 8;
    let alike = known.iter().copied().filter(|it| *it != name);
    match most_like(name, alike) {
        Some((likeness, it)) if likeness > 0.8 => format!("did you mean `{it}`?"),
        Some(_) if known.len() <= NAMED => {
            let known: Vec<&str> = known.iter().copied().collect();
            format!("there are {}", known.join(", "))
        }
        _ => "list them with `kubectl get namespaces`".to_owned(),
    }
}
