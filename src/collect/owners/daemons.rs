//! Pods that should be there, where their controller does not say how many.

use std::collections::BTreeMap;

use crate::collect::Objects;
use crate::collect::objects::{Controller, Template};
use crate::snapshot::Node;

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
    let mut taints = node.taints.iter();
    template.placement.selects(&node.name, labels)
        && taints
            .all(|taint| taint.starts_with(ALWAYS_TOLERATED) || template.placement.stands(taint))
}
