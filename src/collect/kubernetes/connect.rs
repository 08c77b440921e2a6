//! From kubeconfig or a service account to a client that has been answered once.

use std::collections::BTreeMap;

use http::HeaderValue;
use http::header::USER_AGENT;
use kube::Config;
use serde::Deserialize;

use super::error::KubernetesError;
use super::kubeconfig::{self, Configured};
use super::proxy;
use super::request::{self, Failure};
use super::{ClusterOptions, Connection};
use crate::collect::{Deadline, client, shown};
use crate::progress::Progress;
use crate::vitals::Tls;

/// What kcost calls itself in the server's logs.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("kcost/", env!("CARGO_PKG_VERSION")));

/// Connects, and asks the server for its version and its API groups.
///
/// # Errors
///
/// When no cluster is configured, the credentials cannot be made or are not
/// accepted, or the server cannot be reached. A server that does not tell its
/// version is no error.
pub async fn connect(
    options: &ClusterOptions,
    progress: &dyn Progress,
) -> Result<Connection, KubernetesError> {
    let _task = progress.task("connecting to the cluster", None);
    let deadline = Deadline::new(options.timeout);
    let Configured {
        name,
        names,
        mut config,
        plugin,
        in_cluster,
    } = kubeconfig::configure(options.kubeconfig.as_deref(), options.context.as_deref())?;
    // What waits for the connection has a deadline of its own; this is for the command.
    config.connect_timeout = Some(options.sign_in.unwrap_or(options.timeout));
    config.headers.push((USER_AGENT, AGENT));
    if options.as_user.is_some() {
        config.auth_info.impersonate.clone_from(&options.as_user);
    }
    if !options.as_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(options.as_groups.clone());
    }
    let url = shown::url(&config.cluster_url.to_string());
    let made = client::client(&config);
    let client = made.map_err(|error| KubernetesError::from_client(error, plugin.as_ref()))?;
    let mut connection = Connection {
        client,
        name,
        names,
        url,
        proxy: config.proxy_url.as_ref().map(proxy::shown),
        plugin,
        server_version: None,
        groups: None,
        tls: tls(&config),
        in_cluster,
        timeout: options.timeout,
        deadline,
    };
    connection.server_version = version(&connection, progress).await?;
    connection.groups = groups(&connection, progress).await;
    Ok(connection)
}

fn tls(config: &Config) -> Tls {
    match config.cluster_url.scheme_str() {
        Some("https") if config.accept_invalid_certs => Tls::Unverified,
        Some("https") => Tls::Verified,
        _ => Tls::Plain,
    }
}

/// The version as the server says it; `None` where it answers anything else.
async fn version(
    connection: &Connection,
    progress: &dyn Progress,
) -> Result<Option<String>, KubernetesError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    match request::once(connection, "/version", progress).await {
        Ok(body) => {
            let version = serde_json::from_slice::<Version>(&body);
            Ok(version.ok().map(|version| version.git_version))
        }
        Err(failure) if failure.code() == Some(401) || failure.is_impersonation() => Err(
            KubernetesError::from_failure(connection, "the version", failure),
        ),
        Err(Failure::Status(_) | Failure::Garbled(_)) => Ok(None),
        Err(failure) => Err(KubernetesError::from_failure(
            connection,
            "the version",
            failure,
        )),
    }
}

/// API groups and their preferred versions.
async fn groups(
    connection: &Connection,
    progress: &dyn Progress,
) -> Option<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Group {
        name: String,
        preferred_version: Preferred,
    }
    #[derive(Deserialize)]
    struct Preferred {
        version: String,
    }
    #[derive(Deserialize)]
    struct Groups {
        groups: Vec<Group>,
    }
    let body = request::get(connection, "/apis", progress).await.ok()?;
    let list: Groups = serde_json::from_slice(&body).ok()?;
    let named = |group: Group| (group.name, group.preferred_version.version);
    Some(list.groups.into_iter().map(named).collect())
}
