//! What wrote an object, as far as its labels, annotations and field managers tell.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};

use crate::collect::misfit;
use crate::snapshot::{Keeper, Tool};

/// Of Argo CD 2.x and later, `APP:GROUP/KIND:NAMESPACE/NAME`.
const ARGO_TRACKING: &str = "argocd.argoproj.io/tracking-id";
const ARGO_INSTANCE: &str = "argocd.argoproj.io/instance";
const FLUX_KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/name";
const FLUX_HELM: &str = "helm.toolkit.fluxcd.io/name";
const HELM_RELEASE: &str = "meta.helm.sh/release-name";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The tool that would write it back goes before the one that only wrote it.
pub(super) fn of(metadata: &ObjectMeta) -> Option<Keeper> {
    let read = |map: &Option<std::collections::BTreeMap<String, String>>, key: &str| {
        map.as_ref().and_then(|it| it.get(key)).cloned()
    };
    let label = |key| read(&metadata.labels, key);
    let annotation = |key| read(&metadata.annotations, key);
    let written = |manager: &str, operation: Option<&str>| {
        let mut entries = metadata.managed_fields.iter().flatten();
        entries.any(|it| is_of(it, manager, operation))
    };
    let kept = |tool, name: Option<String>| Some(Keeper { tool, name });

    let tracked = annotation(ARGO_TRACKING);
    let app = tracked.and_then(|id| Some(id.split_once(':')?.0.to_owned()));
    if let Some(app) = app.or_else(|| label(ARGO_INSTANCE)) {
        return kept(Tool::ArgoCd, Some(app));
    }
    if written("argocd-controller", None) {
        return kept(Tool::ArgoCd, None);
    }
    if let Some(name) = label(FLUX_KUSTOMIZE) {
        return kept(Tool::FluxKustomize, Some(name));
    }
    if let Some(name) = label(FLUX_HELM) {
        return kept(Tool::FluxHelm, Some(name));
    }
    let release = annotation(HELM_RELEASE);
    let by_label = label(MANAGED_BY).is_some_and(|it| it == "Helm");
    if release.is_some() || by_label || written("helm", None) {
        return kept(Tool::Helm, release);
    }
    if annotation(LAST_APPLIED).is_some() || written("kubectl-client-side-apply", None) {
        return kept(Tool::KubectlApply, None);
    }
    if written("kubectl", Some("Apply")) {
        return kept(Tool::KubectlServerSide, None);
    }
    None
}

/// The same of the `metadata` of an object as the API has it.
pub fn keeper_of(metadata: &serde_json::Value) -> Option<Keeper> {
    of(&misfit::value::<ObjectMeta>(metadata).ok()?)
}

/// Fields of a status or a scale are not what a manifest holds.
fn is_of(entry: &ManagedFieldsEntry, manager: &str, operation: Option<&str>) -> bool {
    entry.subresource.as_deref().unwrap_or_default().is_empty()
        && entry.manager.as_deref() == Some(manager)
        && operation.is_none_or(|it| entry.operation.as_deref() == Some(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(json: serde_json::Value) -> Option<String> {
        let metadata = serde_json::from_value(json).expect("metadata");
        of(&metadata).map(|it| it.to_string())
    }

    #[test]
    fn what_writes_back_is_told_before_what_only_wrote() {
        use serde_json::json;
        let helm = json!({"app.kubernetes.io/managed-by": "Helm"});
        let argo = json!({
            "labels": helm,
            "annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/api"}
        });
        let told = keeper(argo);
        assert_eq!(told.as_deref(), Some("Argo CD application `shop`"));
        let flux = json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}});
        assert_eq!(keeper(flux).as_deref(), Some("Flux Kustomization `apps`"));
        let release = json!({
            "labels": helm, "annotations": {"meta.helm.sh/release-name": "redis"}
        });
        assert_eq!(keeper(release).as_deref(), Some("Helm release `redis`"));
        let applied = json!({"managedFields": [
            {"manager": "kubectl-client-side-apply", "operation": "Update"}
        ]});
        assert_eq!(keeper(applied).as_deref(), Some("kubectl apply"));
    }

    #[test]
    fn hands_and_controllers_keep_nothing() {
        use serde_json::json;
        let scaled = json!({"managedFields": [
            {"manager": "kubectl-edit", "operation": "Update"},
            {"manager": "helm", "operation": "Update", "subresource": "status"}
        ]});
        assert_eq!(keeper(scaled), None);
        assert_eq!(keeper(json!({"labels": {"app": "x"}})), None);
    }
}
