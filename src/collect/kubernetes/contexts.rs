//! The clusters that a kubeconfig knows.

use std::path::Path;

use kube::config::Kubeconfig;

use super::error::KubernetesError;
use super::kubeconfig::{self, unconfigured};

/// One context for each cluster of the kubeconfig, in its order.
///
/// Of several contexts of one cluster the current one is taken, else the first,
/// so that no cluster counts twice.
///
/// # Errors
///
/// When there is no context at all, or the kubeconfig cannot be read.
pub fn contexts(file: Option<&Path>) -> Result<Vec<String>, KubernetesError> {
    let chosen = one_a_cluster(&kubeconfig::read(file)?);
    if chosen.is_empty() {
        return Err(unconfigured());
    }
    Ok(chosen)
}

fn one_a_cluster(kubeconfig: &Kubeconfig) -> Vec<String> {
    let current = kubeconfig.current_context.as_deref();
    let mut chosen: Vec<(&str, &str)> = Vec::new();
    for named in &kubeconfig.contexts {
        let Some(context) = &named.context else {
            continue;
        };
        let cluster = context.cluster.as_str();
        match chosen.iter_mut().find(|(_, known)| *known == cluster) {
            Some((name, _)) if Some(named.name.as_str()) == current => *name = &named.name,
            Some(_) => {}
            None => chosen.push((&named.name, cluster)),
        }
    }
    chosen
        .into_iter()
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_counts_once() {
        let yaml = "
current-context: b-admin
contexts:
- {name: a, context: {cluster: one, user: x}}
- {name: b, context: {cluster: two, user: x}}
- {name: b-admin, context: {cluster: two, user: y}}
- {name: b-other, context: {cluster: two, user: z}}
";
        let kubeconfig: Kubeconfig = Kubeconfig::from_yaml(yaml).unwrap();
        assert_eq!(one_a_cluster(&kubeconfig), ["a", "b-admin"]);
    }
}
