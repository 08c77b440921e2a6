//! A live cluster into a snapshot: objects from the API server, usage from
//! Prometheus where one is named or found, else one sample from the metrics API.

use jiff::Timestamp;

use super::kubernetes::{self, ClusterOptions, Connection};
use super::prometheus::{self, Engine, Owners, Plan, PrometheusOptions, Signals};
use super::reach::{self, Looked, ServiceName};
use super::together::Together;
use super::{Aside, Objects, Scope, UsageBuilder, metrics_api, resolve_with_ended};
use crate::error::Error;
use crate::progress::Progress;
use crate::snapshot::{Gap, Snapshot, Source, SourceKind};

/// What to read of a live cluster.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    pub cluster: ClusterOptions,
    pub usage: UsageFrom,
    pub scope: Scope,
}

/// Where usage is read from.
#[derive(Debug, Clone)]
pub enum UsageFrom {
    /// One sample of the metrics API.
    MetricsApi,
    /// The URL in the options.
    Url(PrometheusOptions),
    /// A service of the cluster.
    Service(ServiceName, PrometheusOptions),
    /// The best service that is found, else the metrics API.
    Search(PrometheusOptions),
}

/// Timeouts that a Prometheus which nobody named may take without data.
const UNASKED: u32 = 2;

/// Usage, and what came with it.
struct Used {
    usage: UsageBuilder,
    owners: Owners,
    signals: Signals,
    source: Source,
    gaps: Vec<Gap>,
    /// Services, where they were listed to look for a Prometheus.
    objects: Objects,
}

/// Reads the cluster: objects and usage side by side.
///
/// # Errors
///
/// When the cluster cannot be reached or its pods cannot be listed, or when a
/// Prometheus is named and brings nothing. Everything else becomes a gap.
pub async fn collect(options: &LiveOptions, progress: &dyn Progress) -> Result<Snapshot, Error> {
    let (connection, objects, gaps, used) = Box::pin(read_both(options, progress)).await?;
    Ok(assemble(&connection, objects, gaps, used))
}

/// The same, where of usage so many bytes are held at once: what is more waits in a temporary
/// file, and is not in the snapshot.
///
/// # Errors
///
/// As [`collect`].
pub async fn collect_aside(
    options: &LiveOptions,
    held: u64,
    progress: &dyn Progress,
) -> Result<(Snapshot, Option<Aside>), Error> {
    let options = LiveOptions {
        usage: options.usage.holding(held),
        ..options.clone()
    };
    let (connection, objects, gaps, used) = Box::pin(read_both(&options, progress)).await?;
    let (together, usage) = together(&connection, objects, gaps, used);
    let (snapshot, aside) = together.with_aside(usage);
    Ok((tidy(snapshot), aside))
}

impl UsageFrom {
    fn holding(&self, held: u64) -> Self {
        let holding = |options: &PrometheusOptions| PrometheusOptions {
            held: Some(held),
            ..options.clone()
        };
        match self {
            Self::MetricsApi => Self::MetricsApi,
            Self::Url(options) => Self::Url(holding(options)),
            Self::Service(name, options) => Self::Service(name.clone(), holding(options)),
            Self::Search(options) => Self::Search(holding(options)),
        }
    }
}

async fn read_both(
    options: &LiveOptions,
    progress: &dyn Progress,
) -> Result<(Connection, Objects, Vec<Gap>, Used), Error> {
    let connection = kubernetes::connect(&options.cluster, progress).await?;
    let objects = async {
        let listed = match options.usage {
            UsageFrom::Search(_) => {
                kubernetes::list_but_services(&connection, &options.scope, progress).await
            }
            _ => kubernetes::list(&connection, &options.scope, progress).await,
        };
        listed.map_err(Error::from)
    };
    let usage = usage(&connection, options, progress);
    let ((objects, gaps), used) = tokio::try_join!(objects, usage)?;
    Ok((connection, objects, gaps, used))
}

/// Relates what was read of the cluster to what was read of usage, which stands beside it.
fn together(
    connection: &Connection,
    mut objects: Objects,
    mut gaps: Vec<Gap>,
    mut used: Used,
) -> (Together, UsageBuilder) {
    objects.merge(used.objects);
    name(&mut objects, connection);
    let mut resolved = resolve_with_ended(objects);
    used.owners.teach(&mut resolved.pods);
    used.signals.merge(&mut used.usage, &mut resolved);
    gaps.append(&mut resolved.gaps);
    gaps.extend(used.gaps);
    let cluster = Source {
        kind: SourceKind::Kubernetes,
        detail: connection.name.clone(),
    };
    let together = Together {
        resolved,
        sources: vec![cluster, used.source],
        gaps,
        taken_at: Timestamp::now(),
    };
    (together, used.usage)
}

fn assemble(connection: &Connection, objects: Objects, gaps: Vec<Gap>, used: Used) -> Snapshot {
    let (together, usage) = together(connection, objects, gaps, used);
    tidy(together.with(usage))
}

/// With each gap once, in order: several questions end alike.
fn tidy(mut snapshot: Snapshot) -> Snapshot {
    snapshot.gaps.sort();
    snapshot.gaps.dedup();
    snapshot
}

/// What is read of a cluster that answers, when its Prometheus was found already: that of
/// the options, which is called `detail`, else one sample of the metrics API.
///
/// # Errors
///
/// When pods cannot be listed. What cannot be read of usage is a gap.
pub(super) async fn read(
    connection: &Connection,
    store: Option<(&PrometheusOptions, &str)>,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Snapshot, Error> {
    let objects = async {
        let listed = kubernetes::list(connection, scope, progress).await;
        listed.map_err(Error::from)
    };
    let usage = async {
        let Some((prometheus, detail)) = store else {
            return Ok(sample(connection, scope, progress).await);
        };
        match query(prometheus, detail, scope, progress).await {
            Ok(used) => Ok(used),
            Err(error) => {
                let mut used = sample(connection, scope, progress).await;
                used.gaps.push(reach::unread(detail, &error));
                Ok(used)
            }
        }
    };
    let ((objects, gaps), used) = tokio::try_join!(objects, usage)?;
    Ok(assemble(connection, objects, gaps, used))
}

/// What Prometheus would be asked for; it is only asked to count.
///
/// A Prometheus that is named by its URL is planned for without the cluster.
///
/// # Errors
///
/// When there is no Prometheus, it cannot be asked, or it has no usage in scope.
pub async fn plan(options: &LiveOptions, progress: &dyn Progress) -> Result<Plan, Error> {
    let scope = &options.scope;
    let found = match &options.usage {
        UsageFrom::MetricsApi => return Err(no_prometheus(&[])),
        UsageFrom::Url(prometheus) => {
            let ClusterOptions {
                kubeconfig,
                context,
                ..
            } = &options.cluster;
            let names = kubernetes::names(kubeconfig.as_deref(), context.as_deref());
            called(prometheus, &names)
        }
        UsageFrom::Service(name, prometheus) => {
            let connection = kubernetes::connect(&options.cluster, progress).await?;
            let prometheus = within(prometheus, &connection);
            let found = reach::named(&connection, name, &prometheus, progress).await?;
            found.options
        }
        UsageFrom::Search(prometheus) => {
            let connection = kubernetes::connect(&options.cluster, progress).await?;
            let prometheus = within(prometheus, &connection);
            let looked = reach::look(&connection, &prometheus, scope, progress).await?;
            let found = looked.found.ok_or_else(|| no_prometheus(&looked.gaps))?;
            found.options
        }
    };
    let plan = prometheus::plan(&found, scope, progress).await?;
    plan.ok_or_else(|| Error::Empty {
        reason: "Prometheus has no usage for any container in scope".to_owned(),
        hint: "check `--namespace`, `--prometheus-label` and `--window`; other names of metrics \
               or labels belong into `prometheus-names` of kcost.yaml"
            .to_owned(),
    })
}

/// How the Prometheus is asked that usage of a cluster would be read from; `None` where
/// there is none.
///
/// # Errors
///
/// When the named one is not there, or no way leads to it.
pub async fn store(
    from: &UsageFrom,
    connection: &Connection,
    progress: &dyn Progress,
) -> Result<Option<PrometheusOptions>, Error> {
    let names = &connection.names;
    match from {
        UsageFrom::MetricsApi => Ok(None),
        UsageFrom::Url(prometheus) => Ok(Some(called(prometheus, names))),
        UsageFrom::Service(name, prometheus) => {
            let prometheus = called(prometheus, names);
            let found = reach::named(connection, name, &prometheus, progress).await?;
            Ok(Some(found.options))
        }
        UsageFrom::Search(prometheus) => {
            let prometheus = called(prometheus, names);
            let looked = reach::look(connection, &prometheus, &Scope::default(), progress).await?;
            Ok(looked.found.map(|it| it.options))
        }
    }
}

fn no_prometheus(gaps: &[Gap]) -> Error {
    let seen: Vec<&str> = gaps.iter().map(|gap| gap.text.as_str()).collect();
    let reason = if seen.is_empty() {
        "no Prometheus to plan for".to_owned()
    } else {
        format!("no Prometheus to plan for ({})", seen.join("; "))
    };
    let hint = "name it with `--prometheus-url URL` or `--prometheus-service NAMESPACE/NAME:PORT`";
    Error::Empty {
        reason,
        hint: hint.to_owned(),
    }
}

/// Says of which cluster objects are.
pub(crate) fn name(objects: &mut Objects, connection: &Connection) {
    let cluster = &mut objects.cluster;
    cluster.name.clone_from(&connection.name);
    cluster
        .server_version
        .clone_from(&connection.server_version);
}

async fn usage(
    connection: &Connection,
    options: &LiveOptions,
    progress: &dyn Progress,
) -> Result<Used, Error> {
    let scope = &options.scope;
    match &options.usage {
        UsageFrom::MetricsApi => Ok(sample(connection, scope, progress).await),
        UsageFrom::Url(prometheus) => {
            let prometheus = within(prometheus, connection);
            query(&prometheus, &prometheus.url, scope, progress).await
        }
        UsageFrom::Service(name, prometheus) => {
            let prometheus = within(prometheus, connection);
            let found = reach::named(connection, name, &prometheus, progress).await?;
            query(&found.options, &found.detail, scope, progress).await
        }
        UsageFrom::Search(prometheus) => {
            let prometheus = within(prometheus, connection);
            search(connection, &prometheus, scope, progress).await
        }
    }
}

/// With what the kubeconfig calls the cluster, for stores that hold several.
pub(super) fn called(prometheus: &PrometheusOptions, names: &[String]) -> PrometheusOptions {
    PrometheusOptions {
        cluster: names.to_vec(),
        ..prometheus.clone()
    }
}

/// The same, as a part of the run that the connection is of.
pub(super) fn within(prometheus: &PrometheusOptions, connection: &Connection) -> PrometheusOptions {
    PrometheusOptions {
        deadline: Some(connection.deadline.clone()),
        ..called(prometheus, &connection.names)
    }
}

async fn query(
    prometheus: &PrometheusOptions,
    detail: &str,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Used, Error> {
    let asked = prometheus::everything(prometheus, scope, progress);
    let (taken, owners, signals) = asked.await?;
    let mut detail = detail.to_owned();
    if let Some(cluster) = taken.cluster {
        detail = format!("{detail}, only `{cluster}` as the kubeconfig calls the cluster");
    }
    if taken.engine == Engine::Pushdown {
        detail.push_str(", engine pushdown");
    }
    Ok(Used {
        usage: taken.usage,
        owners,
        signals,
        gaps: taken.gaps,
        source: Source {
            kind: SourceKind::Prometheus,
            detail,
        },
        objects: Objects::default(),
    })
}

async fn sample(connection: &Connection, scope: &Scope, progress: &dyn Progress) -> Used {
    let (usage, gaps) = metrics_api::sample(connection, scope, progress).await;
    Used {
        usage,
        owners: Owners::default(),
        signals: Signals::default(),
        gaps,
        source: Source {
            kind: SourceKind::MetricsApi,
            detail: connection.name.clone(),
        },
        objects: Objects::default(),
    }
}

async fn search(
    connection: &Connection,
    prometheus: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Used, Error> {
    let Looked {
        found,
        objects,
        mut gaps,
    } = reach::look(connection, prometheus, scope, progress).await?;
    let queried = match found {
        Some(found) => {
            // Nobody asked for this one, so it may fail, and leaves time for another way.
            let part = connection.deadline.part(connection.timeout * UNASKED);
            let options = PrometheusOptions {
                deadline: Some(part),
                ..found.options.clone()
            };
            match query(&options, &found.detail, scope, progress).await {
                Ok(used) => Some(used),
                Err(error) => {
                    gaps.push(reach::failed(&found, &error));
                    None
                }
            }
        }
        None => None,
    };
    let mut used = match queried {
        Some(used) => used,
        None => sample(connection, scope, progress).await,
    };
    used.objects = objects;
    used.gaps.extend(gaps);
    Ok(used)
}
