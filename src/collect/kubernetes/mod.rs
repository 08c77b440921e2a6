//! A live cluster: connects, and lists what kcost needs in pages, several kinds at a time.

use super::{Objects, Scope};
use crate::progress::Progress;
use crate::snapshot::Gap;

/// How to reach the cluster.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// A context of the kubeconfig; else the current one, else in-cluster credentials.
    pub context: Option<String>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`.
    pub as_groups: Vec<String>,
    /// Longest wait for one answer.
    pub timeout: std::time::Duration,
}

/// A connection to one API server.
#[derive(Clone)]
pub struct Connection {
    pub client: kube::Client,
    /// The context, the cluster's name or the server's URL.
    pub name: String,
    /// `v1.35.1`.
    pub server_version: Option<String>,
}

/// Why a cluster could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KubernetesError {
    #[error("no Kubernetes cluster is configured")]
    NoConfig(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl KubernetesError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        None
    }
}

/// Connects, and asks the server for its version.
pub async fn connect(_options: &ClusterOptions) -> Result<Connection, KubernetesError> {
    todo!()
}

/// Lists every kind that kcost uses. A kind that may not be listed becomes a gap;
/// it is an error when pods cannot be listed anywhere.
pub async fn list(
    _connection: &Connection,
    _scope: &Scope,
    _progress: &dyn Progress,
) -> Result<(Objects, Vec<Gap>), KubernetesError> {
    todo!()
}
