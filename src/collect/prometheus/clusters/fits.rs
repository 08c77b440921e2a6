//! Which of several clusters is called as the kubeconfig calls its own.

/// Names that many clusters have, and that say nothing.
const ANYBODYS: [&str; 6] = [
    "default",
    "kubernetes",
    "cluster",
    "cluster.local",
    "local",
    "in-cluster",
];

/// The one value that is a name of the cluster, or stands in one: `prod` for
/// `arn:aws:eks:eu-west-1:1:cluster/prod`. None where two fit, or none does.
pub(in crate::collect::prometheus) fn fitting<'a>(
    values: &'a [String],
    names: &[String],
) -> Option<&'a str> {
    let whole: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let inner: Vec<String> = whole.iter().flat_map(|name| parts(name)).collect();
    let mut ways = [whole, inner].into_iter();
    ways.find_map(|names| {
        let fits = |value: &&String| {
            let value = value.to_lowercase();
            !ANYBODYS.contains(&value.as_str()) && names.contains(&value)
        };
        let mut fitting = values.iter().filter(fits);
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first.as_str())
    })
}

/// The name of the cluster in what providers and tools make of it.
fn parts(name: &str) -> Vec<String> {
    let mut parts = Vec::new();
    // EKS: `arn:aws:eks:REGION:ACCOUNT:cluster/NAME`.
    if let Some((_, inner)) = name.rsplit_once(":cluster/") {
        parts.push(inner);
    }
    // GKE: `gke_PROJECT_ZONE_NAME`.
    if name.starts_with("gke_") {
        parts.extend(name.splitn(4, '_').nth(3));
    }
    // OpenShift: `NAMESPACE/HOST:PORT/USER`.
    if let [_, host, _] = name.split('/').collect::<Vec<_>>()[..] {
        parts.push(host);
        parts.extend(host.split(':').next());
    }
    // kubeadm: `USER@CLUSTER`; eksctl: `USER@NAME.REGION.eksctl.io`.
    let at = name.rsplit_once('@').map_or(name, |(_, inner)| inner);
    parts.push(at);
    if let Some(inner) = at.strip_suffix(".eksctl.io") {
        parts.extend(inner.split('.').next());
    }
    // kind and k3d put their own name before, AKS `-admin` behind.
    parts.extend(at.strip_prefix("kind-"));
    parts.extend(at.strip_prefix("k3d-"));
    parts.extend(at.strip_suffix("-admin"));
    parts.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit<'a>(values: &'a [String], name: &str) -> Option<&'a str> {
        fitting(values, &[name.to_owned()])
    }

    #[test]
    fn a_cluster_is_found_by_what_tools_call_it() {
        let values = ["prod", "staging", "crc"].map(str::to_owned);
        for name in [
            "prod",
            "PROD",
            "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
            "me@prod.eu-west-1.eksctl.io",
            "gke_project-1_europe-west1-b_prod",
            "kind-prod",
            "k3d-prod",
            "prod-admin",
            "kubernetes-admin@prod",
            "shop/prod:6443/me",
        ] {
            assert_eq!(fit(&values, name), Some("prod"), "{name}");
        }
        for other in ["production", "my-prod", "prod-eu", "", "eu/prod"] {
            assert_eq!(fit(&values, other), None, "{other}");
        }
    }

    #[test]
    fn a_name_that_anybody_has_or_that_two_have_is_none() {
        let values = ["default", "kubernetes", "a", "A"].map(str::to_owned);
        for name in ["default", "kubernetes-admin@kubernetes", "a"] {
            assert_eq!(fit(&values, name), None, "{name}");
        }
    }
}
