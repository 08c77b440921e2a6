//! What stores of metrics call their services, in the order of preference.
//!
//! Stores for the long term come before single servers, because they go back
//! further; of one product, what answers queries for all comes first.
//! Sources: the manifests and charts of VictoriaMetrics, Thanos, Mimir, Cortex,
//! the Prometheus operator, kube-prometheus-stack, Rancher and OpenShift.

use std::collections::BTreeMap;

/// One way to label a service.
pub(super) struct Known {
    pub(super) product: &'static str,
    /// All must be there.
    pub(super) labels: &'static [(&'static str, &'static str)],
    /// Below it the Prometheus API begins.
    pub(super) path: &'static str,
    /// Whether requests must name a tenant.
    pub(super) tenant: bool,
}

const NAME: &str = "app.kubernetes.io/name";
const COMPONENT: &str = "app.kubernetes.io/component";

/// The tenant that a VictoriaMetrics cluster uses unless told otherwise.
const SELECT: &str = "/select/0/prometheus";

pub(super) static ALL: &[Known] = &[
    Known::at("VictoriaMetrics", &[(NAME, "vmselect")], SELECT),
    Known::at("VictoriaMetrics", &[(COMPONENT, "vmselect")], SELECT),
    Known::at("VictoriaMetrics", &[("app", "vmselect")], SELECT),
    Known::new("VictoriaMetrics", &[(NAME, "vmsingle")]),
    Known::new("VictoriaMetrics", &[(NAME, "victoria-metrics-single")]),
    Known::new("Thanos", &[(NAME, "thanos"), (COMPONENT, "query")]),
    Known::new("Thanos", &[(NAME, "thanos-query")]),
    Known::new("Thanos", &[("app", "thanos-query")]),
    Known::new("Thanos", &[("app", "thanos-querier")]),
    Known::new("Thanos", &[(NAME, "thanos"), (COMPONENT, "query-frontend")]),
    Known::new("Thanos", &[(NAME, "thanos-query-frontend")]),
    Known::tenant("Mimir", &[(NAME, "mimir"), (COMPONENT, "query-frontend")]),
    Known::tenant("Cortex", &[(NAME, "cortex"), (COMPONENT, "query-frontend")]),
    Known::new("Prometheus", &[("app", "kube-prometheus-stack-prometheus")]),
    Known::new("Prometheus", &[("app", "prometheus-operator-prometheus")]),
    Known::new("Prometheus", &[("app", "rancher-monitoring-prometheus")]),
    Known::new(
        "Prometheus",
        &[(NAME, "prometheus"), (COMPONENT, "prometheus")],
    ),
    Known::new("Prometheus", &[(NAME, "prometheus"), (COMPONENT, "server")]),
    Known::new(
        "Prometheus",
        &[(NAME, "kube-prometheus"), (COMPONENT, "prometheus")],
    ),
    Known::new(
        "Prometheus",
        &[("app", "prometheus"), ("component", "server")],
    ),
    Known::new("Prometheus", &[("app", "prometheus-server")]),
    Known::new("Prometheus", &[("app", "prometheus-prometheus")]),
    Known::new("Prometheus", &[("app", "stack-prometheus")]),
    Known::new("Prometheus", &[("operated-prometheus", "true")]),
    // Manifests of one's own say no more than this.
    Known::new("Prometheus", &[(NAME, "prometheus")]),
    Known::new("Prometheus", &[("app", "prometheus")]),
    Known::new("Prometheus", &[("k8s-app", "prometheus")]),
];

/// Labels that say which part of a product a service is; an exporter, an operator
/// and Alertmanager carry the name of the product too.
const PARTS: [&str; 2] = [COMPONENT, "component"];

/// Parts of a product that answer queries.
const ANSWERING: [&str; 6] = [
    "prometheus",
    "server",
    "query",
    "query-frontend",
    "query-layer",
    "vmselect",
];

impl Known {
    const fn at(
        product: &'static str,
        labels: &'static [(&'static str, &'static str)],
        path: &'static str,
    ) -> Self {
        Self {
            product,
            labels,
            path,
            tenant: false,
        }
    }

    const fn new(product: &'static str, labels: &'static [(&'static str, &'static str)]) -> Self {
        Self::at(product, labels, "")
    }

    /// Whether nothing but the name of the product is asked for.
    fn is_bare(&self) -> bool {
        matches!(self.labels, [(_, "prometheus")])
    }

    const fn tenant(
        product: &'static str,
        labels: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self {
            product,
            labels,
            path: "/prometheus",
            tenant: true,
        }
    }
}

/// The first of [`ALL`] that these labels fit, and its rank.
pub(super) fn find(labels: &BTreeMap<String, String>) -> Option<(usize, &'static Known)> {
    let fits = |(key, value): &(&str, &str)| labels.get(*key).is_some_and(|v| v == value);
    let is_other = |part: &&str| {
        let said = labels.get(*part);
        said.is_some_and(|said| !ANSWERING.contains(&said.as_str()))
    };
    let other = PARTS.iter().any(is_other);
    ALL.iter()
        .enumerate()
        // One label alone may be of any part of a product.
        .filter(|(_, known)| !(other && known.is_bare()))
        .find(|(_, known)| known.labels.iter().all(fits))
}

/// All products, for people.
pub(super) fn products() -> String {
    let mut names: Vec<&str> = ALL.iter().map(|known| known.product).collect();
    names.dedup();
    match names.split_last() {
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_and_exporters_are_no_stores() {
        let labels = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        for other in [
            "alloy",
            "grafana-agent",
            "alertmanager",
            "kube-state-metrics",
            "prometheus-node-exporter",
            "vmagent",
        ] {
            assert!(find(&labels(&[(NAME, other)])).is_none(), "{other}");
        }
        for part in ["alertmanager", "node-exporter", "pushgateway", "operator"] {
            for (name, component) in [("app", "component"), (NAME, COMPONENT)] {
                let other = labels(&[(name, "prometheus"), (component, part)]);
                assert!(find(&other).is_none(), "{part}");
            }
        }
        let querier = labels(&[(NAME, "thanos-query"), (COMPONENT, "query-layer")]);
        assert_eq!(find(&querier).unwrap().1.product, "Thanos");
    }

    #[test]
    fn the_name_alone_is_enough_and_comes_last() {
        let labels = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let stack = find(&labels(&[("app", "kube-prometheus-stack-prometheus")])).unwrap();
        for bare in ["app", NAME, "k8s-app"] {
            let (rank, known) = find(&labels(&[(bare, "prometheus")])).unwrap();
            assert_eq!(known.product, "Prometheus");
            assert!(rank > stack.0);
        }
        let server = labels(&[("app", "prometheus"), ("component", "prometheus")]);
        assert!(find(&server).is_some());
    }

    #[test]
    fn products_are_named_once() {
        assert_eq!(
            products(),
            "VictoriaMetrics, Thanos, Mimir, Cortex or Prometheus"
        );
    }
}
