//! Which cluster a kubeconfig means, and how to reach it; read as client-go reads it.

use std::env;
use std::path::{Path, PathBuf};

use http::{HeaderValue, Uri};
use kube::Config;
use kube::config::{AuthInfo, Cluster, Context, ExecAuthCluster, Kubeconfig, KubeconfigError};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::error::KubernetesError;
use super::plugin::Plugin;
use super::proxy;
use crate::collect::shown::{self, Parts};
use crate::collect::{misfit, tls};

/// Longer URLs are none: each request adds its path.
const LONGEST_URL: usize = 4_000;

/// A cluster, and how to reach it.
pub(super) struct Configured {
    /// The context, or `in-cluster`.
    pub(super) name: String,
    /// What the kubeconfig calls the cluster: the context and the cluster's entry.
    pub(super) names: Vec<String>,
    pub(super) config: Config,
    pub(super) plugin: Option<Plugin>,
    pub(super) in_cluster: bool,
}

/// The cluster of the context that is wanted, else of the current one, else the
/// one that this pod is in.
pub(super) fn configure(
    file: Option<&Path>,
    wanted: Option<&str>,
) -> Result<Configured, KubernetesError> {
    let kubeconfig = read(file)?;
    let known: Vec<String> = kubeconfig.contexts.iter().map(|c| c.name.clone()).collect();
    let Some(context) = wanted.or(kubeconfig.current_context.as_deref()) else {
        return service_account(known);
    };
    if known.is_empty() {
        return Err(unconfigured());
    }
    let Some(found) = find(&kubeconfig, context) else {
        return Err(KubernetesError::NoContext {
            context: context.to_owned(),
            known,
        });
    };
    let cluster = cluster(&kubeconfig, context, found)?;
    let user = user(&kubeconfig, found);
    let plugin = user.exec.as_ref().map(Plugin::of);
    Ok(Configured {
        name: context.to_owned(),
        names: vec![context.to_owned(), found.cluster.clone()],
        config: config(cluster, user)?,
        plugin,
        in_cluster: false,
    })
}

/// What a kubeconfig calls the cluster that is meant; nothing where that cannot be told.
pub(in crate::collect) fn names(file: Option<&Path>, wanted: Option<&str>) -> Vec<String> {
    let Ok(kubeconfig) = read(file) else {
        return Vec::new();
    };
    let context = wanted.or(kubeconfig.current_context.as_deref());
    let context = context.and_then(|name| Some((name, find(&kubeconfig, name)?)));
    context.map_or_else(Vec::new, |(name, found)| {
        vec![name.to_owned(), found.cluster.clone()]
    })
}

/// Without a context of its own a pod's service account, as client-go does.
fn service_account(known: Vec<String>) -> Result<Configured, KubernetesError> {
    match Config::incluster() {
        Ok(config) => Ok(Configured {
            name: "in-cluster".to_owned(),
            names: Vec::new(),
            config,
            plugin: None,
            in_cluster: true,
        }),
        Err(error) if env::var_os("KUBERNETES_SERVICE_HOST").is_some() => {
            Err(KubernetesError::from_in_cluster(&error))
        }
        Err(_) if known.is_empty() => Err(unconfigured()),
        Err(_) => Err(KubernetesError::NoCurrentContext { known }),
    }
}

fn find<'a>(kubeconfig: &'a Kubeconfig, context: &str) -> Option<&'a Context> {
    let mut contexts = kubeconfig.contexts.iter();
    let named = contexts.find(|named| named.name == context)?;
    named.context.as_ref()
}

fn cluster<'a>(
    kubeconfig: &'a Kubeconfig,
    context: &str,
    found: &Context,
) -> Result<&'a Cluster, KubernetesError> {
    let mut clusters = kubeconfig.clusters.iter();
    let named = clusters.find(|named| named.name == found.cluster);
    let cluster = named.and_then(|named| named.cluster.as_ref());
    cluster.ok_or_else(|| KubernetesError::NoCluster {
        context: context.to_owned(),
        cluster: found.cluster.clone(),
    })
}

/// A user that is not there is nobody in particular, as for client-go.
fn user(kubeconfig: &Kubeconfig, found: &Context) -> AuthInfo {
    let mut users = kubeconfig.auth_infos.iter();
    let named = users.find(|named| Some(&named.name) == found.user.as_ref());
    named
        .and_then(|named| named.auth_info.clone())
        .unwrap_or_default()
}

fn config(cluster: &Cluster, mut user: AuthInfo) -> Result<Config, KubernetesError> {
    if let Some(exec) = user.exec.as_mut().filter(|exec| exec.provide_cluster_info) {
        let told = ExecAuthCluster::try_from(cluster);
        exec.cluster = Some(told.map_err(|error| KubernetesError::from_kubeconfig(&error))?);
    }
    check_token(&user)?;
    let url = server(cluster, &user)?;
    let authority = tls::authority(cluster);
    let mut config = Config::new(url);
    config.root_cert = authority.map_err(|error| KubernetesError::from_tls(&error))?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.disable_compression = cluster.disable_compression.unwrap_or(false);
    let name = cluster.tls_server_name.clone();
    config.tls_server_name = name.filter(|name| !name.is_empty());
    config.proxy_url = proxy::of(&config.cluster_url, cluster.proxy_url.as_deref())?;
    config.auth_info = user;
    Ok(config)
}

/// A header takes no line breaks; a token with one is two, or none.
fn check_token(user: &AuthInfo) -> Result<(), KubernetesError> {
    let is_used = user.username.is_none() || user.password.is_none();
    let token = user.token.as_ref().filter(|_| is_used);
    let fits = token.is_none_or(|token| HeaderValue::from_str(token.expose_secret()).is_ok());
    if fits {
        Ok(())
    } else {
        Err(KubernetesError::bad_token(
            "the `token` of the user in the kubeconfig",
        ))
    }
}

/// The address of a cluster. Without a scheme it is HTTPS where there is
/// anything about TLS.
fn server(cluster: &Cluster, user: &AuthInfo) -> Result<Uri, KubernetesError> {
    let bad = |server: &str| KubernetesError::BadServer {
        server: match server {
            "" => String::new(),
            server => shown::url(server),
        },
    };
    let text = cluster.server.as_deref().unwrap_or_default().trim();
    if Parts::of(text).is_doubtful() || text.len() > LONGEST_URL {
        return Err(bad(text));
    }
    let secure = cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true)
        || user.client_certificate.is_some()
        || user.client_certificate_data.is_some();
    let whole = match (text.contains("://"), secure) {
        (true, _) => text.to_owned(),
        (false, true) => format!("https://{text}"),
        (false, false) => format!("http://{text}"),
    };
    let uri: Uri = whole.parse().map_err(|_| bad(text))?;
    match uri.host() {
        Some(host) if !host.is_empty() => Ok(uri),
        _ => Err(bad(text)),
    }
}

/// The file that is named, else the files of `KUBECONFIG` merged, else
/// `~/.kube/config`; empty where there is none.
///
/// Of `KUBECONFIG`, files that do not exist are passed over, as kubectl does. An
/// empty current context is none.
pub(super) fn read(file: Option<&Path>) -> Result<Kubeconfig, KubernetesError> {
    if let Some(file) = file {
        if !file.exists() {
            return Err(KubernetesError::no_file(&[file.to_owned()]));
        }
        return one(file);
    }
    let paths = named_paths().unwrap_or_else(|| {
        let home = env::home_dir().map(|home| home.join(".kube").join("config"));
        home.into_iter().collect()
    });
    let mut merged = Kubeconfig::default();
    for path in paths.iter().filter(|path| path.is_file()) {
        let next = merged.merge(one(path)?);
        merged = next.map_err(|error| KubernetesError::from_kubeconfig(&error))?;
    }
    Ok(merged)
}

fn one(file: &Path) -> Result<Kubeconfig, KubernetesError> {
    let read = Kubeconfig::read_from(file);
    let mut kubeconfig = read.map_err(|error| match error {
        KubeconfigError::Parse(error) => {
            let place = error.location().map(|at| (at.line(), at.column()));
            KubernetesError::misread(file, place, &misread(file))
        }
        error => KubernetesError::from_kubeconfig(&error),
    })?;
    let current = kubeconfig.current_context.take();
    kubeconfig.current_context = current.filter(|name| !name.is_empty());
    Ok(kubeconfig)
}

/// What is wrong with the text of a kubeconfig, without a part of it.
fn misread(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let problem = match serde_yaml::from_str::<Value>(&text) {
        Ok(value) => misfit::value::<Kubeconfig>(&value).err(),
        Err(error) => Some(misfit::problem(&error)),
    };
    problem.unwrap_or_else(|| "it is not what a kubeconfig should be".to_owned())
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
