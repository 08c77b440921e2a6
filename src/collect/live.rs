//! A live cluster into a snapshot: objects from the API server, usage from
//! Prometheus where one is named, else one sample from the metrics API.

use jiff::Timestamp;

use super::kubernetes::{self, ClusterOptions, Connection};
use super::prometheus::{self, Owners, PrometheusOptions};
use super::{Scope, UsageBuilder, metrics_api, resolve};
use crate::error::Error;
use crate::progress::Progress;
use crate::snapshot::{Gap, Snapshot, Source, SourceKind};

/// What to read of a live cluster.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    pub cluster: ClusterOptions,
    pub prometheus: Option<PrometheusOptions>,
    pub scope: Scope,
}

/// Reads the cluster: objects and usage side by side.
///
/// # Errors
///
/// When the cluster cannot be reached or its pods cannot be listed, or when a
/// Prometheus is named and brings nothing. Everything else becomes a gap.
pub async fn collect(options: &LiveOptions, progress: &dyn Progress) -> Result<Snapshot, Error> {
    let connection = kubernetes::connect(&options.cluster, progress).await?;
    let objects = async {
        let listed = kubernetes::list(&connection, &options.scope, progress).await;
        listed.map_err(Error::from)
    };
    let usage = usage(&connection, options, progress);
    let ((mut objects, mut gaps), (usage, owners, source, usage_gaps)) =
        tokio::try_join!(objects, usage)?;
    objects.cluster.name.clone_from(&connection.name);
    objects
        .cluster
        .server_version
        .clone_from(&connection.server_version);
    let mut resolved = resolve(objects);
    owners.teach(&mut resolved.pods);
    let (usage, unmatched) = usage.finish(&resolved.pods);
    gaps.extend(resolved.gaps);
    gaps.extend(usage_gaps);
    gaps.extend(unmatched);
    gaps.sort();
    gaps.dedup();
    let cluster = Source {
        kind: SourceKind::Kubernetes,
        detail: connection.name,
    };
    Ok(Snapshot {
        taken_at: Timestamp::now(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: resolved.cluster,
        sources: vec![cluster, source],
        workloads: resolved.workloads,
        usage,
        gaps,
    })
}

async fn usage(
    connection: &Connection,
    options: &LiveOptions,
    progress: &dyn Progress,
) -> Result<(UsageBuilder, Owners, Source, Vec<Gap>), Error> {
    if let Some(prometheus) = &options.prometheus {
        let (usage, mut gaps) = prometheus::usage(prometheus, &options.scope, progress).await?;
        let (owners, more) = prometheus::owners(prometheus, &options.scope, progress).await?;
        gaps.extend(more);
        let source = Source {
            kind: SourceKind::Prometheus,
            detail: prometheus.url.clone(),
        };
        return Ok((usage, owners, source, gaps));
    }
    let (usage, gaps) = metrics_api::sample(connection, &options.scope, progress).await;
    let source = Source {
        kind: SourceKind::MetricsApi,
        detail: connection.name.clone(),
    };
    Ok((usage, Owners::default(), source, gaps))
}
