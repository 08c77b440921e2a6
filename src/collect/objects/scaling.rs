use k8s_openapi::api::autoscaling::v1;
use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, MetricSpec, MetricTarget};
use serde_json::Value;

use super::{Amounts, Key, Meta, Objects, Record};
use crate::snapshot::{Autoscaler, AutoscalerMetric, Manager, Target};

/// A HorizontalPodAutoscaler and what it scales.
#[derive(Debug)]
pub(crate) struct AutoscalerRecord {
    pub(crate) target: Key,
    pub(crate) autoscaler: Autoscaler,
}

/// A VerticalPodAutoscaler or ScaledObject and what it manages.
#[derive(Debug)]
pub(crate) struct ManagerRecord {
    pub(crate) target: Key,
    pub(crate) manager: Manager,
}

impl Record for HorizontalPodAutoscaler {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let meta = Meta::new(self.metadata);
        let spec = self.spec;
        let target = spec.scale_target_ref;
        let api_version = target.api_version.as_deref().unwrap_or("apps/v1");
        let count = |number: i32| u32::try_from(number).unwrap_or(0);
        let status = self.status.unwrap_or_default();
        let metrics = spec.metrics.into_iter().flatten();
        objects.autoscalers.push(AutoscalerRecord {
            target: Key::new(&meta.namespace, api_version, &target.kind, &target.name),
            autoscaler: Autoscaler {
                name: meta.name.clone(),
                min_replicas: spec.min_replicas.map_or(1, count),
                max_replicas: count(spec.max_replicas),
                current_replicas: status.current_replicas.map(count),
                metrics: metrics
                    .filter_map(|spec| metric(spec, &mut amounts))
                    .collect(),
            },
        });
        objects.note("HorizontalPodAutoscaler", &meta, amounts);
    }
}

/// The older version, which knows a target for CPU alone.
impl Record for v1::HorizontalPodAutoscaler {
    fn record(self, objects: &mut Objects) {
        let meta = Meta::new(self.metadata);
        let spec = self.spec;
        let target = spec.scale_target_ref;
        let api_version = target.api_version.as_deref().unwrap_or("apps/v1");
        let count = |number: i32| u32::try_from(number).unwrap_or(0);
        let cpu = spec.target_cpu_utilization_percentage.map(count);
        objects.autoscalers.push(AutoscalerRecord {
            target: Key::new(&meta.namespace, api_version, &target.kind, &target.name),
            autoscaler: Autoscaler {
                name: meta.name,
                min_replicas: spec.min_replicas.map_or(1, count),
                max_replicas: count(spec.max_replicas),
                current_replicas: self.status.map(|status| count(status.current_replicas)),
                metrics: cpu
                    .map(|percent| AutoscalerMetric {
                        kind: "Resource".to_owned(),
                        name: "cpu".to_owned(),
                        container: None,
                        target: Target::Utilization(percent),
                    })
                    .into_iter()
                    .collect(),
            },
        });
    }
}

fn metric(spec: MetricSpec, amounts: &mut Amounts) -> Option<AutoscalerMetric> {
    let (name, container, target) = if let Some(source) = spec.resource {
        (source.name, None, source.target)
    } else if let Some(source) = spec.container_resource {
        (source.name, Some(source.container), source.target)
    } else if let Some(source) = spec.pods {
        (source.metric.name, None, source.target)
    } else if let Some(source) = spec.object {
        (source.metric.name, None, source.target)
    } else {
        let source = spec.external?;
        (source.metric.name, None, source.target)
    };
    let target = held(&name, target, amounts)?;
    Some(AutoscalerMetric {
        kind: spec.type_,
        name,
        container,
        target,
    })
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

fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}

/// Records a VerticalPodAutoscaler of autoscaling.k8s.io.
pub(super) fn vertical(meta: &Meta, object: &Value, objects: &mut Objects) {
    let (Some(kind), Some(name)) = (
        text(object, "/spec/targetRef/kind"),
        text(object, "/spec/targetRef/name"),
    ) else {
        return;
    };
    let api_version = text(object, "/spec/targetRef/apiVersion").unwrap_or("apps/v1");
    let mode = text(object, "/spec/updatePolicy/updateMode").unwrap_or("Auto");
    let policies = object.pointer("/spec/resourcePolicy/containerPolicies");
    let policies = policies
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let named = |policy: &&Value| text(policy, "/containerName") != Some("*");
    let manager = |policy: Option<&Value>, container: Option<&str>| {
        let off = policy.and_then(|policy| text(policy, "/mode")) == Some("Off");
        Manager {
            kind: "VerticalPodAutoscaler".to_owned(),
            name: meta.name.clone(),
            mode: if off { "Off" } else { mode }.to_owned(),
            resources: controlled(policy),
            container: container.map(str::to_owned),
            except: Vec::new(),
        }
    };
    let mut managers: Vec<Manager> = policies
        .iter()
        .filter(named)
        .map(|policy| manager(Some(policy), text(policy, "/containerName")))
        .collect();
    let mut rest = manager(policies.iter().find(|policy| !named(policy)), None);
    rest.except = managers
        .iter()
        .filter_map(|m| m.container.clone())
        .collect();
    managers.push(rest);
    let target = Key::new(&meta.namespace, api_version, kind, name);
    objects
        .managers
        .extend(managers.into_iter().map(|manager| ManagerRecord {
            target: target.clone(),
            manager,
        }));
}

/// The resources that a container policy of a VerticalPodAutoscaler names; CPU
/// and memory unless it says otherwise.
fn controlled(policy: Option<&Value>) -> Vec<String> {
    let named = policy
        .and_then(|policy| policy.get("controlledResources"))
        .and_then(Value::as_array);
    match named {
        Some(names) => {
            let names = names.iter().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        }
        None => vec!["cpu".to_owned(), "memory".to_owned()],
    }
}

/// Records a ScaledObject of keda.sh. Source: https://keda.sh/docs/latest/reference/scaledobject-spec/
pub(super) fn scaled_object(meta: &Meta, paused: bool, object: &Value, objects: &mut Objects) {
    let Some(name) = text(object, "/spec/scaleTargetRef/name") else {
        return;
    };
    let kind = text(object, "/spec/scaleTargetRef/kind").unwrap_or("Deployment");
    let api_version = text(object, "/spec/scaleTargetRef/apiVersion").unwrap_or("apps/v1");
    objects.managers.push(ManagerRecord {
        target: Key::new(&meta.namespace, api_version, kind, name),
        manager: Manager {
            kind: "ScaledObject".to_owned(),
            name: meta.name.clone(),
            mode: if paused { "Paused" } else { "Scale" }.to_owned(),
            resources: vec!["replicas".to_owned()],
            container: None,
            except: Vec::new(),
        },
    });
}
