//! The HorizontalPodAutoscaler that goes with new requests.

use serde_yaml::{Mapping, Value};

use super::map;
use crate::recommend::AutoscalerAdvice;
use crate::snapshot::{AutoscalerMetric, Target};
use crate::units::{Bytes, Cpu, Quantity};

/// The document; `None` where a metric cannot be written. Its metrics are one
/// list to the API, so all are in it.
pub(super) fn document(namespace: &str, advice: &AutoscalerAdvice) -> Option<Mapping> {
    let metrics: Option<Vec<Value>> = advice.metrics.iter().map(metric).collect();
    Some(map([
        ("apiVersion", "autoscaling/v2".into()),
        ("kind", "HorizontalPodAutoscaler".into()),
        (
            "metadata",
            map([
                ("name", advice.name.as_str().into()),
                ("namespace", namespace.into()),
            ])
            .into(),
        ),
        ("spec", map([("metrics", Value::Sequence(metrics?))]).into()),
    ]))
}

fn metric(metric: &AutoscalerMetric) -> Option<Value> {
    if let Some(spec) = &metric.spec {
        return serde_yaml::to_value(spec).ok();
    }
    let mut source = map([("name", metric.name.as_str().into())]);
    let field = match &metric.container {
        Some(container) => {
            source.insert("container".into(), container.as_str().into());
            "containerResource"
        }
        None => "resource",
    };
    source.insert("target".into(), target(metric)?.into());
    Some(
        map([
            ("type", metric.kind.as_str().into()),
            (field, source.into()),
        ])
        .into(),
    )
}

fn target(metric: &AutoscalerMetric) -> Option<Mapping> {
    let amount = |value: f64| match metric.name.as_str() {
        "cpu" => Some(Cpu::cores(value).to_string()),
        "memory" => Some(Bytes::from_f64(value).to_string()),
        _ => {
            let text = format!("{value}");
            text.parse::<Quantity>().ok().map(|it| it.to_string())
        }
    };
    Some(match metric.target {
        Target::Utilization(percent) => map([
            ("type", "Utilization".into()),
            ("averageUtilization", percent.into()),
        ]),
        Target::AverageValue(value) => map([
            ("type", "AverageValue".into()),
            ("averageValue", amount(value)?.into()),
        ]),
        Target::Value(value) => map([("type", "Value".into()), ("value", amount(value)?.into())]),
    })
}
