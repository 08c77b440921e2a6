//! From kubeconfig or a service account to a client that has been answered once.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use http::header::USER_AGENT;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::Deserialize;

use super::error::KubernetesError;
use super::proxy;
use super::request::{self, Failure};
use super::{ClusterOptions, Connection};
use crate::progress::Progress;

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
    let Configured {
        name,
        mut config,
        in_cluster,
    } = configure(options).await?;
    config.connect_timeout = Some(options.timeout);
    config.default_retry = false;
    config.headers.push((USER_AGENT, AGENT));
    if options.as_user.is_some() {
        config.auth_info.impersonate.clone_from(&options.as_user);
    }
    if !options.as_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(options.as_groups.clone());
    }
    let url = config
        .cluster_url
        .to_string()
        .trim_end_matches('/')
        .to_owned();
    let client = Client::try_from(config).map_err(KubernetesError::from_client)?;
    let mut connection = Connection {
        client,
        name,
        url,
        server_version: None,
        groups: None,
        in_cluster,
        timeout: options.timeout,
    };
    connection.server_version = version(&connection, progress).await?;
    connection.groups = groups(&connection, progress).await;
    Ok(connection)
}

/// The name of the cluster, and how to reach it.
struct Configured {
    name: String,
    config: Config,
    in_cluster: bool,
}

async fn configure(options: &ClusterOptions) -> Result<Configured, KubernetesError> {
    let kubeconfig = kubeconfig(options.kubeconfig.as_deref())?;
    let known: Vec<String> = kubeconfig.contexts.iter().map(|c| c.name.clone()).collect();
    let current = kubeconfig
        .current_context
        .clone()
        .filter(|name| !name.is_empty());
    let Some(context) = options.context.clone().or(current) else {
        return service_account(known);
    };
    if known.is_empty() {
        return Err(unconfigured());
    }
    if !known.contains(&context) {
        return Err(KubernetesError::NoContext { context, known });
    }
    let own_proxy = own_proxy(&kubeconfig, &context);
    let choice = KubeConfigOptions {
        context: Some(context.clone()),
        ..KubeConfigOptions::default()
    };
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &choice)
        .await
        .map_err(|error| KubernetesError::from_kubeconfig(&error))?;
    if !own_proxy {
        config.proxy_url = proxy::from_environment(&config.cluster_url)?;
    }
    Ok(Configured {
        name: context,
        config,
        in_cluster: false,
    })
}

/// Without a context of its own a pod's service account, as client-go does.
fn service_account(known: Vec<String>) -> Result<Configured, KubernetesError> {
    match Config::incluster() {
        Ok(config) => Ok(Configured {
            name: "in-cluster".to_owned(),
            config,
            in_cluster: true,
        }),
        Err(error) if env::var_os("KUBERNETES_SERVICE_HOST").is_some() => {
            Err(KubernetesError::from_in_cluster(&error))
        }
        Err(_) if known.is_empty() => Err(unconfigured()),
        Err(_) => Err(KubernetesError::NoCurrentContext { known }),
    }
}

/// The file that is named, else the files of `KUBECONFIG` merged, else
/// `~/.kube/config`; empty where there is none.
///
/// Of `KUBECONFIG`, files that do not exist are passed over, as kubectl does.
pub(super) fn kubeconfig(file: Option<&Path>) -> Result<Kubeconfig, KubernetesError> {
    if let Some(file) = file {
        if !file.exists() {
            return Err(KubernetesError::no_file(&[file.to_owned()]));
        }
        return Kubeconfig::read_from(file)
            .map_err(|error| KubernetesError::from_kubeconfig(&error));
    }
    let paths = named_paths().unwrap_or_else(|| {
        let home = env::home_dir().map(|home| home.join(".kube").join("config"));
        home.into_iter().collect()
    });
    let existing = paths.iter().filter(|path| path.is_file());
    existing
        .map(Kubeconfig::read_from)
        .try_fold(Kubeconfig::default(), |merged, next| merged.merge(next?))
        .map_err(|error| KubernetesError::from_kubeconfig(&error))
}

/// The files that `KUBECONFIG` names.
fn named_paths() -> Option<Vec<PathBuf>> {
    let value = env::var_os("KUBECONFIG").filter(|value| !value.is_empty())?;
    Some(env::split_paths(&value).collect())
}

/// Why there is no context at all.
pub(super) fn unconfigured() -> KubernetesError {
    match named_paths() {
        Some(paths) if !paths.iter().any(|path| path.is_file()) => KubernetesError::no_file(&paths),
        _ => KubernetesError::NoConfig,
    }
}

/// Whether the cluster of this context names a proxy, which then needs no environment.
fn own_proxy(kubeconfig: &Kubeconfig, context: &str) -> bool {
    let contexts = kubeconfig.contexts.iter();
    let named = contexts
        .filter(|c| c.name == context)
        .find_map(|c| c.context.as_ref());
    let cluster = named.map(|context| context.cluster.as_str());
    kubeconfig
        .clusters
        .iter()
        .filter(|candidate| Some(candidate.name.as_str()) == cluster)
        .filter_map(|candidate| candidate.cluster.as_ref())
        .any(|cluster| {
            cluster
                .proxy_url
                .as_ref()
                .is_some_and(|url| !url.is_empty())
        })
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
        Err(failure) if failure.code() == Some(401) => Err(KubernetesError::from_failure(
            connection,
            "the version",
            failure,
        )),
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
