//! Pods that should be there and are not.

use std::collections::BTreeMap;

use crate::collect::Objects;
use crate::collect::objects::{Controller, Template};
use crate::snapshot::{Gap, Node, Workload};

/// How many examples the gap names.
const NAMED: usize = 3;

/// Effects of taints that keep pods off a node.
const REPELS: [&str; 2] = [":NoSchedule", ":NoExecute"];

/// Taints that every pod of a DaemonSet stands.
///
/// Source: <https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/>.
const ALWAYS_TOLERATED: &str = "node.kubernetes.io/";

/// Gives DaemonSets that do not say how many pods they want one for each node
/// that would take it.
pub(super) fn count_nodes(objects: &mut Objects) {
    let (nodes, labels) = (&objects.cluster.nodes, &objects.node_labels);
    for controller in &mut objects.controllers {
        if controller.replicas.is_none() && is_daemon_set(controller) {
            let template = controller.templates.first().map(|it| &it.template);
            let takes = |node: &&Node| template.is_some_and(|it| takes(node, labels, it));
            let count = nodes.iter().filter(takes).count();
            controller.replicas = u32::try_from(count).ok();
        }
    }
}

fn is_daemon_set(controller: &Controller) -> bool {
    let key = controller.key();
    key.group == "apps" && key.kind == "DaemonSet"
}

fn takes(
    node: &Node,
    labels: &BTreeMap<String, Vec<(String, String)>>,
    template: &Template,
) -> bool {
    let none = Vec::new();
    let labels = labels.get(&node.name).unwrap_or(&none);
    let fits = template
        .node_selector
        .iter()
        .all(|label| labels.contains(label));
    let stands = |taint: &String| {
        let key = taint.split(['=', ':']).next().unwrap_or_default();
        let tolerated = |own: &String| own.is_empty() || own == key;
        let repels = REPELS.iter().any(|effect| taint.ends_with(effect));
        !repels || key.starts_with(ALWAYS_TOLERATED) || template.tolerations.iter().any(tolerated)
    };
    fits && node.taints.iter().all(stands)
}

/// Says which workloads have fewer pods than they should, where the API server
/// does not make them.
pub(super) fn gap(workloads: &[Workload]) -> Option<Gap> {
    let short: Vec<String> = workloads
        .iter()
        .filter(|workload| !workload.is_batch())
        .filter_map(|workload| {
            let there = workload.present?;
            let all = workload.replicas;
            (there < all).then(|| format!("{} ({there} of {all})", workload.id))
        })
        .collect();
    if short.is_empty() {
        return None;
    }
    let examples = short
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    let more = match short.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let noun = if short.len() == 1 {
        "workload"
    } else {
        "workloads"
    };
    let text = format!(
        "pods of {} {noun} are missing and not billed: {examples}{more}",
        short.len()
    );
    let hint = "`kubectl get events -A --field-selector reason=FailedCreate` says why: a quota, a \
        webhook or a missing account";
    Some(Gap::new("missing-pods", "replicas", text).hint(hint))
}
