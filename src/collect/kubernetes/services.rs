//! Services of the whole cluster, because a Prometheus is seldom where the workloads are.

use k8s_openapi::api::core::v1::Service;
use serde::Deserialize;

use super::error::KubernetesError;
use super::gaps;
use super::kinds;
use super::list::{self, Lists};
use super::request::{self, Failure};
use super::{Connection, list_path};
use crate::collect::at_most::AtMost;
use crate::collect::misfit;
use crate::collect::{Objects, Scope};
use crate::progress::Progress;
use crate::snapshot::Gap;

/// Services in scope, and the candidates among all of them.
///
/// Where the cluster as a whole may not be listed, only the namespaces in scope.
///
/// # Errors
///
/// When the credentials are not accepted.
pub(in crate::collect) async fn services(
    connection: &Connection,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Objects, Vec<Gap>), KubernetesError> {
    let task = progress.task("looking for Prometheus", None);
    let read = async |scope: &Scope, namespaces: Option<&[&str]>| -> Lists {
        let kinds = kinds::ALL.iter().filter(|kind| kind.is_services());
        let jobs = list::jobs(kinds, namespaces);
        list::lists(connection, scope, jobs, &*task, progress).await
    };
    let mut lists = read(&Scope::default(), None).await;
    let forbidden = lists
        .missed
        .iter()
        .any(|miss| miss.failure.code() == Some(403));
    if forbidden && let Some(namespaces) = scope.exact_namespaces() {
        lists = read(scope, Some(&namespaces)).await;
    }
    if let Some(fatal) = gaps::take_fatal(&mut lists.missed, true) {
        return Err(KubernetesError::from_missed(
            connection,
            fatal,
            &lists.missed,
        ));
    }
    let mut objects = lists.objects;
    let services = &mut objects.cluster.services;
    services.retain(|service| scope.namespace(&service.namespace));
    let mut all = lists.gaps;
    all.extend(gaps::explain(lists.missed));
    Ok((objects, all))
}

/// One service by name, with a list of one: what may list may not always get.
pub(in crate::collect) async fn service(
    connection: &Connection,
    namespace: &str,
    name: &str,
    progress: &dyn Progress,
) -> Result<Option<Service>, Failure> {
    #[derive(Deserialize)]
    struct List {
        items: Option<AtMost<Service, 1_000>>,
    }
    let path = list_path("", "v1", "services", Some(namespace));
    let field = request::encode(&format!("metadata.name={name}"));
    let path = format!("{path}?fieldSelector={field}");
    let body = request::get(connection, &path, progress).await?;
    let list: List =
        serde_json::from_slice(&body).map_err(|error| Failure::Garbled(misfit::problem(&error)))?;
    let items = list.items.map_or_else(Vec::new, |AtMost(items)| items);
    Ok(items.into_iter().next())
}
