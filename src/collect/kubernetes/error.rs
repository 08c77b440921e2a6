//! Why a cluster could not be read at all, and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use kube::client::AuthError;
use kube::config::{InClusterError, KubeconfigError};

use super::Connection;
use super::gaps::Missed;
use super::request::{self, Failure};

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
    #[error("`HTTPS_PROXY` is not a URL")]
    BadProxy,
    #[error("the kubeconfig does not lead to credentials")]
    Credentials(#[source] Text),
    #[error("failed to reach the cluster at {url}")]
    Unreachable {
        url: String,
        cause: Cause,
        #[source]
        source: Text,
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
    #[error("{what} may not be listed")]
    Forbidden {
        what: String,
        rule: String,
        cluster_wide: bool,
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

/// What kept a connection from being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The name of the server is unknown.
    Name,
    /// The certificate is not trusted, or the server speaks no TLS.
    Tls,
    /// Nothing listens there, or the way is blocked.
    Connection,
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
            Self::NoContext { context, known } => other_context(context, known),
            Self::BadProxy => "write it like `http://proxy.example.com:3128`".to_owned(),
            Self::Credentials(_) => {
                "check that the same works in kubectl: `kubectl auth whoami`".to_owned()
            }
            Self::Unreachable { cause, .. } => cause.hint().to_owned(),
            Self::Late { .. } => {
                "raise `--timeout`, or check the way with `kubectl version`".to_owned()
            }
            Self::Unauthorized { .. } => {
                "the token may have expired: sign in again, then check with `kubectl auth whoami`"
                    .to_owned()
            }
            Self::Forbidden {
                rule,
                cluster_wide: true,
                ..
            } => format!(
                "name the namespaces that you may read with `-n NAMESPACE`, or allow it with the rule {rule}"
            ),
            Self::Forbidden { rule, .. } => format!("allow it with the rule {rule}"),
            Self::Failed { .. } => "run again; `-vv` shows every request".to_owned(),
        };
        Some(hint)
    }

    /// From a client that could not be made.
    pub(super) fn from_client(error: kube::Error) -> Self {
        match error {
            kube::Error::InferKubeconfig(error) => Self::from_kubeconfig(&error),
            kube::Error::Auth(error) => Self::Credentials(Text(credentials(&error))),
            error => Self::Credentials(Text(error.to_string())),
        }
    }

    pub(super) fn no_file(paths: &[PathBuf]) -> Self {
        let paths = paths.iter().map(|path| path.display().to_string());
        Self::NoFile {
            paths: paths.collect::<Vec<_>>().join(", "),
        }
    }

    pub(super) fn from_kubeconfig(error: &KubeconfigError) -> Self {
        Self::Kubeconfig(Text(error.to_string()))
    }

    /// From a pod whose service account is not as it should be.
    pub(super) fn from_in_cluster(error: &InClusterError) -> Self {
        Self::InCluster(Text(error.to_string()))
    }

    /// From a list without which there is nothing to analyze.
    pub(super) fn from_missed(connection: &Connection, miss: Missed) -> Self {
        let what = match &miss.namespace {
            Some(namespace) => format!("{} in `{namespace}`", miss.rule.resource),
            None => miss.rule.resource.clone(),
        };
        match miss.failure {
            Failure::Status(status) if status.code == 403 => Self::Forbidden {
                what,
                rule: miss.rule.to_string(),
                cluster_wide: miss.namespace.is_none(),
                source: Text(status.message),
            },
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
            Failure::Late(after) => Self::Late { url, after },
            Failure::Lost(kube::Error::Auth(error)) => Self::Credentials(Text(credentials(&error))),
            Failure::Lost(error) => Self::Unreachable {
                url,
                cause: Cause::of(&error),
                source: Text(request::root(&error)),
            },
            failure => Self::Failed {
                url,
                what: what.to_owned(),
                source: Text(failure.to_string()),
            },
        }
    }
}

impl Cause {
    /// Told by the words of the whole chain: the types behind it belong to
    /// libraries that kube uses and does not show.
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut words = String::new();
        let mut next = Some(error);
        while let Some(error) = next {
            words.push_str(&error.to_string().to_lowercase());
            next = error.source();
        }
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        if says(&["dns error", "failed to lookup address"]) {
            Self::Name
        } else if says(&["certificate", "tls", "corrupt message", "fatal alert"]) {
            Self::Tls
        } else {
            Self::Connection
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Name => "check the name in the kubeconfig, your DNS and your VPN",
            Self::Tls => "check `certificate-authority-data` and the address in the kubeconfig",
            Self::Connection => {
                "check that the cluster runs and that your VPN is up: `kubectl version`"
            }
        }
    }
}

/// Why there are no credentials, without what a command printed: that may be a token.
fn credentials(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(error) => {
            format!("the command that the kubeconfig names does not start: {error}")
        }
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said = said.lines().find(|line| !line.trim().is_empty());
            let said = said.map(|line| format!(": {}", line.trim()));
            let status = out.status;
            format!(
                "the command that the kubeconfig names failed with {status}{}",
                said.unwrap_or_default()
            )
        }
        AuthError::AuthExecParse(_) => {
            "the command that the kubeconfig names printed no ExecCredential".to_owned()
        }
        error => error.to_string(),
    }
}

/// The context that was meant, else those that there are.
fn other_context(context: &str, known: &[String]) -> String {
    let alike = known
        .iter()
        .map(|name| (strsim::jaro_winkler(context, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match alike {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "it has no contexts at all".to_owned(),
        None => format!("it has {}", known.join(", ")),
    }
}
