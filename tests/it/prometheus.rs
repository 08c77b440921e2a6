//! Prometheus and VictoriaMetrics, real ones, and one that misbehaves.

pub mod between;
mod chunks;
mod clusters;
mod credentials;
mod engines;
mod faults;
mod faulty;
pub mod lively;
mod lost;
mod measure;
mod mixed;
pub mod openmetrics;
mod planned;
mod real;
mod renamed;
pub mod server;
mod signals;
mod signals_text;
mod stores;
mod unsound;

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kcost::collect::prometheus::{self, PrometheusError, PrometheusOptions};
use kcost::collect::{Objects, Record as _, Resolved, Scope, UsageBuilder, resolve};
use kcost::progress::Silent;
use kcost::snapshot::{Gap, Series, Usage};
use kcost::units::Span;

/// Options for test data, which ends at [`openmetrics::END`].
fn options(url: &str, window: Span) -> PrometheusOptions {
    let end = Timestamp::from_second(openmetrics::END).unwrap();
    PrometheusOptions {
        back_off: std::time::Duration::from_millis(5),
        ..PrometheusOptions::new(url, window, Span::from_secs(300), end)
    }
}

fn everything() -> Scope {
    Scope::new(&[], None).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn read(options: &PrometheusOptions) -> Result<(UsageBuilder, Vec<Gap>), PrometheusError> {
    let taken = block_on(prometheus::usage(options, &everything(), &Silent))?;
    Ok((taken.usage, taken.gaps))
}

/// Reads, and gives what was read by pod.
fn by_pod(
    options: &PrometheusOptions,
    containers: &[openmetrics::Container],
) -> (BTreeMap<String, Series>, Vec<Gap>) {
    let (builder, mut gaps) = read(options).unwrap();
    let (usage, more) = place(builder, containers);
    gaps.extend(more);
    let series = usage.series.into_iter();
    (
        series.map(|series| (series.pod.clone(), series)).collect(),
        gaps,
    )
}

/// Series under Deployments that are named as the pods want it.
fn place(builder: UsageBuilder, containers: &[openmetrics::Container]) -> (Usage, Vec<Gap>) {
    builder.finish(&resolved(containers).pods)
}

fn resolved(containers: &[openmetrics::Container]) -> Resolved {
    let mut objects = Objects::default();
    for container in containers {
        let deployment = serde_json::json!({
            "metadata": {"namespace": container.namespace, "name": format!("app-{}", container.number)},
            "spec": {
                "selector": {},
                "template": {"spec": {"containers": [{
                    "name": container.name,
                    "resources": {
                        "requests": {"cpu": "1", "memory": "1Gi"},
                        "limits": {"memory": "1Gi"}
                    }
                }]}}
            }
        });
        let deployment: Deployment = serde_json::from_value(deployment).unwrap();
        deployment.record(&mut objects);
    }
    resolve(objects)
}
