use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use serde_json::Value;

use super::{Amounts, Key, ManagerRecord, Meta, Objects, horizontal, text};
use crate::collect::misfit;
use crate::snapshot::{Autoscaler, AutoscalerMetric, Manager, Target, Trigger};

/// Replicas where a ScaledObject names none.
const MIN_REPLICAS: u64 = 0;
const MAX_REPLICAS: u64 = 100;

/// Records a ScaledObject of keda.sh, and the HorizontalPodAutoscaler that it
/// makes. Source: https://keda.sh/docs/latest/reference/scaledobject-spec/ and
/// https://keda.sh/docs/latest/scalers/cpu/
pub(in crate::collect::objects) fn scaled_object(
    meta: &Meta,
    paused: bool,
    object: &Value,
    objects: &mut Objects,
) {
    let Some(name) = text(object, "/spec/scaleTargetRef/name") else {
        return;
    };
    let kind = text(object, "/spec/scaleTargetRef/kind").unwrap_or("Deployment");
    let api_version = text(object, "/spec/scaleTargetRef/apiVersion").unwrap_or("apps/v1");
    let mut amounts = Amounts::default();
    objects.managers.push(ManagerRecord {
        target: Key::new(&meta.namespace, api_version, kind, name),
        manager: Manager {
            kind: "ScaledObject".to_owned(),
            name: meta.name.clone(),
            mode: mode(paused, object).to_owned(),
            resources: vec!["replicas".to_owned()],
            container: None,
            except: Vec::new(),
            triggers: triggers(object).iter().map(trigger).collect(),
        },
        autoscaler: (!paused).then(|| autoscaler(meta, object, &mut amounts)),
    });
    objects.note("ScaledObject", meta, amounts);
}

fn mode(paused: bool, object: &Value) -> &'static str {
    let formula = text(object, "/spec/advanced/scalingModifiers/formula");
    match formula.map(str::trim) {
        _ if paused => "Paused",
        None | Some("") => "Scale",
        Some(_) => "Formula",
    }
}

fn autoscaler(meta: &Meta, object: &Value, amounts: &mut Amounts) -> Autoscaler {
    let count = |path: &str, default: u64| {
        let number = object.pointer(path).and_then(Value::as_u64);
        u32::try_from(number.unwrap_or(default)).unwrap_or(u32::MAX)
    };
    let triggers = triggers(object);
    let mut metrics = Vec::new();
    let mut unread_of: Vec<String> = Vec::new();
    for trigger in triggers {
        let of_use = text(trigger, "/type").filter(|name| matches!(*name, "cpu" | "memory"));
        match (metric(trigger, amounts), of_use) {
            (Some(metric), _) => metrics.push(metric),
            (None, Some(name)) if unread_of.iter().all(|known| known != name) => {
                unread_of.push(name.to_owned());
            }
            (None, _) => {}
        }
    }
    let name = text(object, "/spec/advanced/horizontalPodAutoscalerConfig/name");
    let behavior = object.pointer("/spec/advanced/horizontalPodAutoscalerConfig/behavior");
    let behavior = behavior.and_then(|it| misfit::value(it).ok());
    let idle = object.pointer("/spec/idleReplicaCount");
    let idle = idle.and_then(Value::as_u64);
    Autoscaler {
        conditions: Vec::new(),
        idle_replicas: idle.map(|it| u32::try_from(it).unwrap_or(u32::MAX)),
        others: Vec::new(),
        keeper: meta.keeper.clone(),
        name: name.map_or_else(|| format!("keda-hpa-{}", meta.name), str::to_owned),
        min_replicas: count("/spec/minReplicaCount", MIN_REPLICAS),
        max_replicas: count("/spec/maxReplicaCount", MAX_REPLICAS),
        current_replicas: None,
        unread: triggers.len() - metrics.len(),
        unread_of,
        made_by: None,
        behavior: behavior.map(|it| horizontal::behavior(it, amounts)),
        metrics,
    }
}

fn triggers(object: &Value) -> &[Value] {
    let triggers = object.pointer("/spec/triggers").and_then(Value::as_array);
    triggers.map_or(&[][..], Vec::as_slice)
}

/// What a schedule has to know of a trigger: settings of those that may name servers and
/// accounts are left out.
fn trigger(object: &Value) -> Trigger {
    let kind = text(object, "/type").unwrap_or_default();
    let known = matches!(kind, "cron" | "cpu");
    let metadata = object.pointer("/metadata").filter(|_| known);
    let metadata = metadata.and_then(Value::as_object).into_iter().flatten();
    let metadata =
        metadata.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Trigger {
        kind: kind.to_owned(),
        name: text(object, "/name").map(str::to_owned),
        metadata: metadata.collect(),
    }
}

/// A trigger on CPU or memory; others have no target in terms of what is requested.
fn metric(trigger: &Value, amounts: &mut Amounts) -> Option<AutoscalerMetric> {
    let name = text(trigger, "/type").filter(|name| matches!(*name, "cpu" | "memory"))?;
    let value = text(trigger, "/metadata/value")?;
    // Before KEDA 2.7 the type stood among the metadata.
    let kind = text(trigger, "/metricType").or_else(|| text(trigger, "/metadata/type"))?;
    let container = text(trigger, "/metadata/containerName").map(str::to_owned);
    let target = if kind == "Utilization" {
        Target::Utilization(value.parse().ok()?)
    } else {
        let value = amounts.quantity(name, &Text(value.to_owned()))?;
        Target::AverageValue(value.to_f64())
    };
    Some(AutoscalerMetric {
        kind: if container.is_some() {
            "ContainerResource"
        } else {
            "Resource"
        }
        .to_owned(),
        name: name.to_owned(),
        container,
        target,
        spec: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::snapshot::{Change, SelectPolicy};

    #[test]
    fn how_fast_it_scales_is_read() {
        let behavior = json!({"scaleUp": {"policies":
            [{"type": "Pods", "value": 1, "periodSeconds": 300}]}});
        let object = json!({"spec": {
            "scaleTargetRef": {"name": "api"}, "triggers": [],
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}},
        }});
        let meta = Meta::new(k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta::default());
        let read = autoscaler(&meta, &object, &mut Amounts::default());
        let up = read.behavior.unwrap().up;
        assert_eq!(up.select, SelectPolicy::Max);
        assert_eq!(up.policies[0].change, Change::Pods(1));
        assert_eq!(up.policies[0].period_seconds, 300);
    }
}
