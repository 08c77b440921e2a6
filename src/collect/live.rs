//! A live cluster into a snapshot: objects from the API server, usage from
//! Prometheus where one is named, else one sample from the metrics API.

use super::Scope;
use super::kubernetes::ClusterOptions;
use super::prometheus::PrometheusOptions;
use crate::error::Error;
use crate::progress::Progress;
use crate::snapshot::Snapshot;

/// What to read of a live cluster.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    pub cluster: ClusterOptions,
    pub prometheus: Option<PrometheusOptions>,
    pub scope: Scope,
}

/// Reads the cluster.
pub async fn collect(_options: &LiveOptions, _progress: &dyn Progress) -> Result<Snapshot, Error> {
    todo!()
}
