//! `metrics.k8s.io`: one sample of each container, for clusters without Prometheus.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::at_most::AtMost;
use super::kubernetes::{Connection, Failure, Rule};
use super::kubernetes::{forbidden, get, list_path, once, unreadable};
use super::{Column, Scope, UsageBuilder};
use crate::collect::misfit;
use crate::progress::Progress;
use crate::snapshot::{Gap, Grid};
use crate::text::quote;
use crate::units::{Quantity, Span};

const GROUP: &str = "metrics.k8s.io";
/// Used where the server does not say which version it prefers.
const VERSION: &str = "v1beta1";
/// The length of the one slot. Both known servers average over 15 to 60 s.
const STEP: Span = Span::from_secs(60);

/// A `PodMetricsList`, as far as it is used.
#[derive(Deserialize)]
struct List<'a> {
    // `null` is how Go writes an empty list.
    #[serde(borrow)]
    items: Option<AtMost<&'a RawValue, MOST>>,
}

/// Containers of a cluster, at most: more than three times the pods that Kubernetes
/// is made for.
const MOST: usize = 500_000;

/// What a pod used, as the server says it.
#[derive(Deserialize)]
pub(crate) struct PodMetrics {
    pub(crate) metadata: Meta,
    /// The end of what the values are about.
    pub(crate) timestamp: Option<Timestamp>,
    /// How long that is, as Go writes it: `14.717s`.
    pub(crate) window: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(crate) containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize)]
pub(crate) struct Meta {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

#[derive(Deserialize)]
pub(crate) struct ContainerMetrics {
    pub(crate) name: String,
    #[serde(default, deserialize_with = "or_empty")]
    pub(crate) usage: UsageQuantities,
}

/// `null` is how Go writes what is empty.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Deserialize, Default)]
pub(crate) struct UsageQuantities {
    pub(crate) cpu: Option<String>,
    pub(crate) memory: Option<String>,
}

/// One sample of every container in scope.
///
/// Never an error: without the metrics API everything but usage is still known,
/// and a gap says so. Memory is the working set; CPU is the average over the
/// server's own window.
pub async fn sample(
    connection: &Connection,
    scope: &Scope,
    progress: &dyn Progress,
) -> (UsageBuilder, Vec<Gap>) {
    let none = || UsageBuilder::new(Grid::default());
    if !is_served(connection) {
        return (none(), vec![absent()]);
    }
    let _task = progress.task("reading current usage", None);
    let (pods, failures) = pods(connection, scope, progress).await;
    let mut gaps: Vec<Gap> = failures.iter().map(|it| missed(connection, it)).collect();
    gaps.sort();
    gaps.dedup();
    if pods.is_empty() {
        if gaps.is_empty() {
            gaps.push(empty());
        }
        return (none(), gaps);
    }
    let (usage, odd) = build(&pods);
    gaps.extend(odd);
    gaps.push(single(pods.len()));
    (usage, gaps)
}

/// Whether the cluster has a metrics API; taken as present where it does not say.
pub(crate) fn is_served(connection: &Connection) -> bool {
    connection.serves(GROUP)
}

/// Whether what stands behind it answers, without reading any usage.
pub(super) async fn answers(
    connection: &Connection,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let groups = connection.groups.as_ref();
    let version = groups.and_then(|groups| groups.get(GROUP));
    let version = version.map_or(VERSION, String::as_str);
    let path = format!("/apis/{GROUP}/{version}");
    once(connection, &path, progress).await.map(drop)
}

/// The rule that reading it takes.
pub(crate) fn rule() -> Rule {
    Rule::list(GROUP, "pods")
}

/// What the pods in scope use now, and what could not be read of it.
pub(crate) async fn pods(
    connection: &Connection,
    scope: &Scope,
    progress: &dyn Progress,
) -> (Vec<PodMetrics>, Vec<Failure>) {
    let mut pods = Vec::new();
    let mut failures = Vec::new();
    for path in paths(connection, scope) {
        match read(connection, &path, progress).await {
            Ok(items) => pods.extend(items),
            Err(failure) => failures.push(failure),
        }
    }
    pods.retain(|pod: &PodMetrics| scope.namespace(&pod.metadata.namespace));
    (pods, failures)
}

fn paths(connection: &Connection, scope: &Scope) -> Vec<String> {
    let path = |namespace| list_path(GROUP, version(connection), "pods", namespace);
    match scope.exact_namespaces() {
        Some(names) => names.into_iter().map(|name| path(Some(name))).collect(),
        None => vec![path(None)],
    }
}

/// The version that the server prefers.
fn version(connection: &Connection) -> &str {
    let groups = connection.groups.as_ref();
    let preferred = groups.and_then(|groups| groups.get(GROUP));
    preferred.map_or(VERSION, String::as_str)
}

async fn read(
    connection: &Connection,
    path: &str,
    progress: &dyn Progress,
) -> Result<Vec<PodMetrics>, Failure> {
    let body = get(connection, path, progress).await?;
    let garbled = |error: serde_json::Error| Failure::Garbled(misfit::problem(&error));
    let list: List = serde_json::from_slice(&body).map_err(garbled)?;
    let AtMost(items) = list.items.unwrap_or(AtMost(Vec::new()));
    let mut pods = Vec::with_capacity(items.len());
    let mut containers = 0;
    for item in items {
        let pod: PodMetrics = serde_json::from_str(item.get()).map_err(garbled)?;
        containers += pod.containers.len();
        if containers > MOST {
            let problem = format!("it has more than {MOST} containers");
            return Err(Failure::Garbled(problem));
        }
        pods.push(pod);
    }
    Ok(pods)
}

/// All samples in one slot, which starts at the oldest of them.
fn build(pods: &[PodMetrics]) -> (UsageBuilder, Option<Gap>) {
    let times = || pods.iter().filter_map(|pod| pod.timestamp);
    let newest = times().max().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut usage = UsageBuilder::new(Grid {
        start: newest,
        step: STEP,
        len: 1,
    });
    let mut odd = Vec::new();
    for pod in pods {
        let Meta { name, namespace } = &pod.metadata;
        for container in &pod.containers {
            let series = usage.open(namespace, name, &container.name);
            let values = [
                (Column::CpuCores, &container.usage.cpu),
                (Column::MemoryBytes, &container.usage.memory),
            ];
            for (column, text) in values {
                match text.as_deref().map(str::parse::<Quantity>) {
                    Some(Ok(quantity)) => usage.set(series, column, 0, quantity.to_f64()),
                    Some(Err(error)) => odd.push(error.to_string()),
                    None => {}
                }
            }
        }
    }
    let gap = odd.first().map(|first| {
        let text = format!(
            "values that cannot be read: {}; the first: {first}",
            odd.len()
        );
        Gap::new("unreadable", "current usage", text)
    });
    (usage, gap)
}

const HISTORY: &str = "name a Prometheus with `--prometheus-url URL`, or record a history: \
                       `kcost snapshot --record 7d -o NAME.kcost`";
/// Where there is nothing to record either.
const PROMETHEUS: &str = "name a Prometheus with `--prometheus-url URL`, or see whether \
                          metrics-server is there: `kubectl get apiservice v1beta1.metrics.k8s.io`";

/// What one sample cannot tell.
fn single(pods: usize) -> Gap {
    let text = format!(
        "usage is one sample of {pods} pods from the metrics API, and advice needs days of history"
    );
    Gap::new("no-history", "usage", text).hint(HISTORY)
}

fn absent() -> Gap {
    let text = "the cluster has no metrics API (metrics-server), and no Prometheus is named";
    Gap::new("no-usage", "usage", text).hint(PROMETHEUS)
}

fn empty() -> Gap {
    let text = "the metrics API knows no pods yet";
    Gap::new("no-usage", "usage", text).hint(HISTORY)
}

fn missed(connection: &Connection, failure: &Failure) -> Gap {
    let subject = "current usage".to_owned();
    match failure.code() {
        Some(403) => forbidden(subject, &rule(), failure),
        Some(404) => absent(),
        Some(500..) => down(connection, failure),
        _ => unreadable(subject, failure),
    }
}

/// The API server passes requests on to metrics-server, and nobody answers there.
fn down(connection: &Connection, failure: &Failure) -> Gap {
    let text = format!("the metrics API (metrics-server) does not answer: {failure}");
    Gap::new("unreadable", "current usage", text).hint(format!(
        "see why with `kubectl get apiservice {}`, or name a Prometheus with \
         `--prometheus-url URL`",
        quote(&format!("{}.{GROUP}", version(connection)))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_quantity_becomes_a_gap_and_leaves_the_others() {
        let json = r#"[{"metadata": {"name": "a", "namespace": "shop"},
            "timestamp": "2026-11-23T19:22:34Z",
            "containers": [{"name": "app", "usage": {"cpu": "5123456n", "memory": "lots"}}]}]"#;
        let pods: Vec<PodMetrics> = serde_json::from_str(json).unwrap();
        let (_, gap) = build(&pods);
        assert!(
            gap.unwrap()
                .text
                .contains("`lots` is not a Kubernetes quantity")
        );
    }
}
