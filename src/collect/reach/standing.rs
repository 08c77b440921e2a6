//! Who may create services in a namespace, as far as its name tells.

/// The lower, the fewer may create services there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// The user says that it can be trusted.
    Trusted,
    /// Of the cluster itself: its administrators, and those of its provider.
    System,
    /// Of those who watch it.
    Monitoring,
    /// Any team, or a stranger.
    Anyone,
}

/// What Kubernetes and its providers keep for themselves.
/// Sources: the documentation of namespaces of Kubernetes (`kube-`), OpenShift, GKE
/// and Rancher.
const SYSTEM: [&str; 5] = ["kube-", "openshift-", "gke-", "gmp-", "cattle-"];

/// What the charts and guides of the products call the namespace that they are in.
const MONITORING: [&str; 14] = [
    "cortex",
    "kube-prometheus-stack",
    "metrics",
    "mimir",
    "monitoring",
    "monitoring-system",
    "o11y",
    "observability",
    "prometheus",
    "prometheus-operator",
    "telemetry",
    "thanos",
    "victoria-metrics",
    "vm",
];

impl Standing {
    /// Of this namespace, where the user trusts `trusted`.
    pub(super) fn of(namespace: &str, trusted: &[String]) -> Self {
        if trusted.iter().any(|name| name == namespace) {
            Self::Trusted
        } else if SYSTEM.iter().any(|start| namespace.starts_with(start)) {
            Self::System
        } else if MONITORING.contains(&namespace) {
            Self::Monitoring
        } else {
            Self::Anyone
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_stand_by_who_may_create_there() {
        let trusted = ["shop".to_owned()];
        let mut names = [
            "default",
            "team-a",
            "monitoring",
            "kube-system",
            "shop",
            "my-monitoring",
        ];
        names.sort_by_key(|name| Standing::of(name, &trusted));
        assert_eq!(
            names,
            [
                "shop",
                "kube-system",
                "monitoring",
                "default",
                "team-a",
                "my-monitoring"
            ]
        );
        assert_eq!(Standing::of("shop", &[]), Standing::Anyone);
    }
}
