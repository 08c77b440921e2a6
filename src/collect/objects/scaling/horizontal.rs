use k8s_openapi::api::autoscaling::v1;
use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, MetricSpec, MetricTarget};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use serde_json::Value;

use super::{Amounts, AutoscalerRecord, Key, Meta, Objects, Record, text};
use crate::snapshot::{Autoscaler, AutoscalerMetric, Target};

/// Where the older version keeps the metrics that it has no field for.
const MORE_METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";

impl Record for HorizontalPodAutoscaler {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let meta = Meta::new(self.metadata);
        let spec = self.spec;
        let target = spec.scale_target_ref;
        let given = spec.metrics.unwrap_or_default();
        let all = given.len();
        let metrics: Vec<AutoscalerMetric> = given
            .into_iter()
            .filter_map(|spec| metric(spec, &mut amounts))
            .collect();
        let autoscaler = Autoscaler {
            name: meta.name.clone(),
            min_replicas: spec.min_replicas.map_or(1, count),
            max_replicas: count(spec.max_replicas),
            current_replicas: self.status.and_then(|it| it.current_replicas).map(count),
            unread: all - metrics.len(),
            metrics,
        };
        let api_version = target.api_version.as_deref();
        objects.autoscalers.push(AutoscalerRecord {
            target: scaled(&meta, api_version, &target.kind, &target.name),
            autoscaler,
        });
        objects.note("HorizontalPodAutoscaler", &meta, amounts);
    }
}

/// The older version, which knows a target for CPU alone and keeps all others in
/// an annotation.
impl Record for v1::HorizontalPodAutoscaler {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let annotations = self.metadata.annotations.as_ref();
        let more = annotations.and_then(|all| all.get(MORE_METRICS));
        let more: Vec<Value> = more.map_or_else(Vec::new, |text| {
            // What is no list counts as one metric that cannot be read.
            serde_json::from_str(text).unwrap_or_else(|_| vec![Value::Null])
        });
        let mut metrics: Vec<AutoscalerMetric> = more
            .iter()
            .filter_map(|metric| older_metric(metric, &mut amounts))
            .collect();
        let unread = more.len() - metrics.len();
        let meta = Meta::new(self.metadata);
        let spec = self.spec;
        let target = spec.scale_target_ref;
        if let Some(percent) = spec.target_cpu_utilization_percentage {
            let target = Target::Utilization(count(percent));
            metrics.push(resource("cpu", None, target));
        }
        let autoscaler = Autoscaler {
            name: meta.name.clone(),
            min_replicas: spec.min_replicas.map_or(1, count),
            max_replicas: count(spec.max_replicas),
            current_replicas: self.status.map(|status| count(status.current_replicas)),
            metrics,
            unread,
        };
        let api_version = target.api_version.as_deref();
        objects.autoscalers.push(AutoscalerRecord {
            target: scaled(&meta, api_version, &target.kind, &target.name),
            autoscaler,
        });
        objects.note("HorizontalPodAutoscaler", &meta, amounts);
    }
}

/// What an autoscaler scales.
fn scaled(meta: &Meta, api_version: Option<&str>, kind: &str, name: &str) -> Key {
    let api_version = api_version.unwrap_or("apps/v1");
    Key::new(&meta.namespace, api_version, kind, name)
}

/// Replicas; the API server admits none below zero.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn metric(spec: MetricSpec, amounts: &mut Amounts) -> Option<AutoscalerMetric> {
    if let Some(source) = spec.resource {
        let target = held(&source.name, source.target, amounts)?;
        return Some(resource(&source.name, None, target));
    }
    if let Some(source) = spec.container_resource {
        let target = held(&source.name, source.target, amounts)?;
        return Some(resource(&source.name, Some(source.container), target));
    }
    let whole = serde_json::to_value(&spec).ok()?;
    let (name, target) = if let Some(source) = spec.pods {
        (source.metric.name, source.target)
    } else if let Some(source) = spec.object {
        (source.metric.name, source.target)
    } else {
        let source = spec.external?;
        (source.metric.name, source.target)
    };
    let target = held(&name, target, amounts)?;
    Some(AutoscalerMetric {
        kind: spec.type_,
        name,
        container: None,
        target,
        spec: Some(whole),
    })
}

fn resource(name: &str, container: Option<String>, target: Target) -> AutoscalerMetric {
    let kind = if container.is_some() {
        "ContainerResource"
    } else {
        "Resource"
    };
    AutoscalerMetric {
        kind: kind.to_owned(),
        name: name.to_owned(),
        container,
        target,
        spec: None,
    }
}

fn held(name: &str, target: MetricTarget, amounts: &mut Amounts) -> Option<Target> {
    if let Some(percent) = target.average_utilization {
        return u32::try_from(percent).ok().map(Target::Utilization);
    }
    if let Some(text) = target.average_value {
        let value = amounts.quantity(name, &text)?;
        return Some(Target::AverageValue(value.to_f64()));
    }
    let value = amounts.quantity(name, &target.value?)?;
    Some(Target::Value(value.to_f64()))
}

/// A metric as `autoscaling/v2beta1` wrote it; only those of resources are known.
fn older_metric(metric: &Value, amounts: &mut Amounts) -> Option<AutoscalerMetric> {
    let (source, container) = if let Some(source) = metric.get("resource") {
        (source, None)
    } else {
        let source = metric.get("containerResource")?;
        (source, Some(text(source, "/container")?.to_owned()))
    };
    let name = text(source, "/name")?;
    let percent = source
        .get("targetAverageUtilization")
        .and_then(Value::as_u64);
    let target = if let Some(percent) = percent {
        Target::Utilization(u32::try_from(percent).ok()?)
    } else {
        let value = Text(text(source, "/targetAverageValue")?.to_owned());
        Target::AverageValue(amounts.quantity(name, &value)?.to_f64())
    };
    Some(resource(name, container, target))
}
