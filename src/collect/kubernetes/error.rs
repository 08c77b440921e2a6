//! Why a cluster could not be read at all, and what to do about it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::client::AuthError;
use kube::config::{InClusterError, KubeconfigError};

use super::Connection;
use super::gaps::Missed;
use super::plugin::Plugin;
use super::request::Failure;
use super::words;
use crate::collect::cause::Cause;
use crate::collect::tls::{self, TlsError};

/// Why a cluster could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KubernetesError {
    #[error("no Kubernetes cluster is configured")]
    NoConfig,
    #[error("there is no kubeconfig at {paths}")]
    NoFile { paths: String },
    #[error("the service account of this pod cannot be used")]
    InCluster(#[source] Text),
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[source] Text),
    #[error("the kubeconfig sets no current context")]
    NoCurrentContext { known: Vec<String> },
    #[error("the kubeconfig has no context `{context}`")]
    NoContext { context: String, known: Vec<String> },
    #[error(
        "the context `{context}` names the cluster `{cluster}`, which the kubeconfig does not have"
    )]
    NoCluster { context: String, cluster: String },
    #[error("the server `{server}` of the kubeconfig is not a URL")]
    BadServer { server: String },
    #[error("`{setting}` is not the URL of a proxy")]
    BadProxy { setting: &'static str },
    #[error("`{setting}` names a proxy of the scheme `{scheme}`, which is not supported")]
    OtherProxy {
        setting: &'static str,
        scheme: String,
    },
    #[error("the kubeconfig gives no credentials")]
    Credentials {
        hint: Option<String>,
        #[source]
        source: Text,
    },
    #[error("failed to reach the cluster at {url}{}", words::through(.proxy.as_deref()))]
    Unreachable {
        url: String,
        proxy: Option<String>,
        #[source]
        cause: Cause,
    },
    #[error("no answer from the cluster at {url} within {} s", after.as_secs_f64())]
    Late { url: String, after: Duration },
    #[error("the cluster at {url} does not accept the credentials of `{context}`")]
    Unauthorized {
        url: String,
        context: String,
        #[source]
        source: Text,
    },
    #[error("you are not allowed to act as another user")]
    Impersonation {
        rule: String,
        #[source]
        source: Text,
    },
    #[error("you are not allowed to list {what}")]
    Forbidden {
        what: String,
        rule: String,
        /// What else may not be listed.
        others: Vec<String>,
        cluster_wide: bool,
        #[source]
        source: Text,
    },
    #[error("what answers at {url} is not a Kubernetes API server")]
    Redirected {
        url: String,
        #[source]
        source: Text,
    },
    #[error("failed to read {what} from the cluster at {url}")]
    Failed {
        url: String,
        what: String,
        #[source]
        source: Text,
    },
}

/// What a server or a library said, shown as the cause.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Text(String);

impl KubernetesError {
    /// One next step, without a trailing period.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoConfig => "name a kubeconfig in `KUBECONFIG`, or try `--demo`".to_owned(),
            Self::NoFile { .. } => {
                "check `--kubeconfig` and `KUBECONFIG`, or try `--demo`".to_owned()
            }
            Self::InCluster(_) => {
                "check `automountServiceAccountToken` of the pod and its service account".to_owned()
            }
            Self::NoCurrentContext { known } => {
                format!("choose one with `--context`: {}", known.join(", "))
            }
            Self::Kubeconfig(_) => "check it with `kubectl config view`".to_owned(),
            Self::NoContext { context, known } => words::other_context(context, known),
            Self::NoCluster { .. } => {
                "check it with `kubectl config get-clusters`, or name other files in `KUBECONFIG`"
                    .to_owned()
            }
            Self::BadServer { .. } => "write it like `https://kube.example.com:6443`".to_owned(),
            Self::BadProxy { .. } => "write it like `http://proxy.example.com:3128`".to_owned(),
            Self::OtherProxy { setting, scheme } => words::other_proxy(setting, scheme),
            Self::Credentials { hint, .. } => hint.clone().unwrap_or_else(|| {
                "check that the same works in kubectl: `kubectl auth whoami`".to_owned()
            }),
            Self::Unreachable { cause, proxy, .. } => {
                words::unreachable_hint(cause.kind, proxy.is_some())
            }
            Self::Late { .. } => {
                "raise `--timeout`, or check the connection with `kubectl version`".to_owned()
            }
            Self::Unauthorized { .. } => {
                "the token may have expired: sign in again, then check with `kubectl auth whoami`"
                    .to_owned()
            }
            Self::Impersonation { rule, .. } => {
                format!("leave out `--as` and `--as-group`, or allow it with the rule {rule}")
            }
            Self::Forbidden {
                rule,
                others,
                cluster_wide,
                ..
            } => words::forbidden(rule, others, *cluster_wide),
            Self::Redirected { .. } => {
                "name the API server itself as `server` of the kubeconfig, with its path".to_owned()
            }
            Self::Failed { .. } => "run again; `-vv` shows every request".to_owned(),
        };
        Some(hint)
    }

    /// The same for whoever is to write to a cluster, for which nothing can stand in.
    pub fn hint_to_write(&self) -> Option<String> {
        match self {
            Self::NoConfig => Some(
                "name the kubeconfig of the cluster that is written to in `KUBECONFIG`".to_owned(),
            ),
            Self::NoFile { .. } => Some("check `--kubeconfig` and `KUBECONFIG`".to_owned()),
            _ => self.hint(),
        }
    }

    /// From a client that could not be made.
    pub(super) fn from_client(error: TlsError, plugin: Option<&Plugin>) -> Self {
        match error {
            TlsError::Kube(error) => match *error {
                kube::Error::InferKubeconfig(error) => Self::from_kubeconfig(&error),
                kube::Error::Auth(error) => Self::from_auth(&error, plugin),
                error => Self::from_tls(&TlsError::Kube(Box::new(error))),
            },
            TlsError::NoCredential => Self::Credentials {
                hint: None,
                source: Text(format!(
                    "{} printed a credential without a token or a certificate",
                    words::named(plugin)
                )),
            },
            TlsError::Token => Self::bad_token(&words::token_of(plugin)),
            error => Self::from_tls(&error),
        }
    }

    /// From certificates and keys that cannot be used.
    pub(super) fn from_tls(error: &TlsError) -> Self {
        Self::Credentials {
            hint: error.hint().map(str::to_owned),
            source: Text(tls::chain(error)),
        }
    }

    fn from_auth(error: &AuthError, plugin: Option<&Plugin>) -> Self {
        if matches!(error, AuthError::InvalidBearerToken(_)) {
            return Self::bad_token(&words::token_of(plugin));
        }
        let missing = matches!(error, AuthError::AuthExecStart(_));
        Self::Credentials {
            hint: plugin.filter(|_| missing).map(Plugin::install),
            source: Text(words::credentials(error, plugin)),
        }
    }

    pub(super) fn no_file(paths: &[PathBuf]) -> Self {
        let paths = paths.iter().map(|path| path.display().to_string());
        Self::NoFile {
            paths: paths.collect::<Vec<_>>().join(", "),
        }
    }

    /// From a kubeconfig that is none, at a line and a column.
    pub(super) fn misread(file: &Path, place: Option<(u64, u64)>, problem: &str) -> Self {
        let place = place.map(|(line, column)| format!(":{line}:{column}"));
        let place = place.unwrap_or_default();
        Self::Kubeconfig(Text(format!("{}{place}: {problem}", file.display())))
    }

    /// From a token that no header can carry.
    pub(super) fn bad_token(whose: &str) -> Self {
        Self::Credentials {
            hint: Some("sign in again, or write the token in one line".to_owned()),
            source: Text(format!(
                "{whose} holds line breaks or other control characters"
            )),
        }
    }

    pub(super) fn from_kubeconfig(error: &KubeconfigError) -> Self {
        Self::Kubeconfig(Text(error.to_string()))
    }

    /// From a pod whose service account is not as it should be.
    pub(super) fn from_in_cluster(error: &InClusterError) -> Self {
        Self::InCluster(Text(error.to_string()))
    }

    /// From a list without which there is nothing to analyze, and what failed besides.
    pub(super) fn from_missed(connection: &Connection, miss: Missed, others: &[Missed]) -> Self {
        let what = match &miss.namespace {
            Some(namespace) => format!("{} in `{namespace}`", miss.rule.resource),
            None => miss.rule.resource.clone(),
        };
        match miss.failure {
            Failure::Status(status) if status.code == 403 && !status.is_impersonation() => {
                Self::Forbidden {
                    what,
                    others: words::also_forbidden(&miss.rule, others),
                    rule: miss.rule.to_string(),
                    cluster_wide: miss.namespace.is_none(),
                    source: Text(status.message),
                }
            }
            failure => Self::from_failure(connection, &what, failure),
        }
    }

    pub(super) fn from_failure(connection: &Connection, what: &str, failure: Failure) -> Self {
        let url = connection.url.clone();
        match failure {
            Failure::Status(status) if status.code == 401 => Self::Unauthorized {
                url,
                context: connection.name.clone(),
                source: Text(status.message),
            },
            Failure::Status(status) if status.is_impersonation() => Self::Impersonation {
                rule: words::impersonation(&status.message),
                source: Text(status.message),
            },
            Failure::Status(status) if (300..400).contains(&status.code) => Self::Redirected {
                url,
                source: Text(status.message),
            },
            Failure::Late(after) => Self::Late { url, after },
            Failure::Lost(error) => match of_credentials(&error) {
                Some(error) => Self::from_auth(error, connection.plugin.as_ref()),
                None => Self::Unreachable {
                    url,
                    proxy: connection.proxy.clone(),
                    cause: Cause::of(&error),
                },
            },
            Failure::Cut(cause) => Self::Unreachable {
                url,
                proxy: connection.proxy.clone(),
                cause,
            },
            failure => Self::Failed {
                url,
                what: what.to_owned(),
                source: Text(failure.to_string()),
            },
        }
    }
}

/// What kept credentials from being made, wherever in an error it stands.
fn of_credentials(error: &kube::Error) -> Option<&AuthError> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<AuthError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
