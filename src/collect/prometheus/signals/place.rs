//! Whom a series speaks of.

use super::super::answer::Labels;
use super::super::promql::Words;

/// A container of a pod; without a name, the pod as a whole. Without a pod, a node, in the
/// place of the container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
}

impl Place {
    /// Of the labels of an exporter that speaks of pods other than its own.
    ///
    /// Where a scrape does not honour labels (`honor_labels: false`), the plain
    /// ones name the exporter and `exported_…` those it speaks of; old
    /// DCGM exporters say `pod_name`, `pod_namespace`, `container_name`, `HAMi` says
    /// `podname` and OpenTelemetry `k8s_pod_name`.
    pub(super) fn of(labels: &Labels, words: Words) -> Self {
        let plain = ["namespace", "pod", "container"];
        let own = plain.map(|label| words.name(label));
        let exported = ["exported_namespace", "exported_pod", "exported_container"];
        let old = ["pod_namespace", "pod_name", "container_name"];
        let renamed = if own[1] == plain[1] { old } else { own };
        let named = |names: &[&str; 3]| !labels.get(names[1]).is_empty();
        let others = [
            ["podnamespace", "podname", "ctrname"],
            ["k8s_namespace_name", "k8s_pod_name", "k8s_container_name"],
        ];
        let [hami, telemetry] = others;
        let families = [exported, renamed, old, hami, telemetry, own, plain];
        let family = families.into_iter().find(named).unwrap_or(plain);
        let namespaces = [family[0], own[0], old[0], "namespace_name", plain[0]];
        let namespaces = namespaces.map(|label| labels.get(label));
        let namespace = namespaces.into_iter().find(|name| !name.is_empty());
        Self {
            namespace: namespace.unwrap_or_default().to_owned(),
            pod: labels.get(family[1]).to_owned(),
            container: labels.get(family[2]).to_owned(),
        }
    }
}

impl Place {
    /// What a node has, whoever uses it.
    pub(super) fn on(node: &str) -> Self {
        Self {
            container: node.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn is_node(&self) -> bool {
        self.pod.is_empty() && self.namespace.is_empty() && !self.container.is_empty()
    }
}

/// A name for the series without some labels: those that split what belongs together.
pub(super) fn identity(labels: &Labels, without: &[&str]) -> String {
    let mut pairs: Vec<(&str, &str)> = labels
        .iter()
        .filter(|(label, _)| !without.contains(label))
        .collect();
    pairs.sort_unstable();
    let mut text = String::new();
    for (label, value) in pairs {
        text.push_str(label);
        text.push('\0');
        text.push_str(value);
        text.push('\0');
    }
    text
}
