use k8s_openapi::api::autoscaling::v1;
use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior,
    MetricSpec, MetricTarget,
};
use serde_json::Value;

use super::older::renewed;
use super::{Amounts, AutoscalerRecord, Key, Meta, Objects, Record, group, text};
use crate::collect::misfit;
use crate::collect::objects::state::conditions;
use crate::snapshot::{
    Autoscaler, AutoscalerMetric, Behavior, Change, Condition, Gap, ScalingPolicy, ScalingRules,
    SelectPolicy, Target,
};

/// Where the oldest version keeps the metrics that it has no field for.
const MORE_METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";

/// What an autoscaler holds CPU at, in percent, that names no metric.
///
/// Source: `DefaultCPUUtilization` of kubernetes `pkg/apis/autoscaling/v2/defaults.go`.
const DEFAULT_CPU: u32 = 80;

/// Requests that a metric may be a share of of which nothing is known.
const SHARED: [&str; 2] = ["cpu", "memory"];

impl Record for HorizontalPodAutoscaler {
    fn record(self, objects: &mut Objects) {
        let mut metrics = Metrics::default();
        let meta = Meta::new(self.metadata);
        let spec = self.spec;
        let target = spec.scale_target_ref;
        for given in spec.metrics.unwrap_or_default() {
            metrics.add(given);
        }
        let conditions = self.status.as_ref().and_then(|it| it.conditions.as_ref());
        metrics.conditions = conditions!(conditions);
        metrics.behavior = spec.behavior.map(|it| behavior(it, &mut metrics.amounts));
        let current = self.status.and_then(|it| it.current_replicas);
        let target = scaled(
            &meta,
            target.api_version.as_deref(),
            &target.kind,
            &target.name,
        );
        let replicas = (spec.min_replicas, spec.max_replicas, current);
        metrics.tell(objects, &meta, target, replicas);
    }
}

/// The oldest version, which knows a target for CPU alone and keeps all others in
/// an annotation.
impl Record for v1::HorizontalPodAutoscaler {
    fn record(self, objects: &mut Objects) {
        let mut metrics = Metrics::default();
        let annotations = self.metadata.annotations.as_ref();
        let more = annotations.and_then(|all| all.get(MORE_METRICS));
        let more: Vec<Value> = more.map_or_else(Vec::new, |text| {
            // What is no list counts as one metric that cannot be read.
            serde_json::from_str(text).unwrap_or_else(|_| vec![Value::Null])
        });
        for metric in more {
            metrics.add_older(metric);
        }
        let meta = Meta::new(self.metadata);
        let spec = self.spec;
        let target = spec.scale_target_ref;
        if let Some(percent) = spec.target_cpu_utilization_percentage {
            let target = Target::Utilization(count(percent));
            metrics.read.push(resource("cpu", None, target));
        }
        let current = self.status.map(|status| status.current_replicas);
        let target = scaled(
            &meta,
            target.api_version.as_deref(),
            &target.kind,
            &target.name,
        );
        let replicas = (spec.min_replicas, spec.max_replicas, current);
        metrics.tell(objects, &meta, target, replicas);
    }
}

/// Records that something scales a workload of which nothing else can be read.
///
/// Nothing where it does not say what it scales, in `spec.scaleTargetRef`.
pub(in crate::collect) fn unreadable(meta: &Meta, object: &Value, objects: &mut Objects) {
    let field = |name: &str| text(object, &format!("/spec/scaleTargetRef/{name}"));
    let (Some(kind), Some(name)) = (field("kind"), field("name")) else {
        return;
    };
    let replicas = |path: &str| {
        let number = object.pointer(path).and_then(Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok())
    };
    objects.autoscalers.push(AutoscalerRecord {
        target: scaled(meta, field("apiVersion"), kind, name),
        autoscaler: Autoscaler {
            name: meta.name.clone(),
            min_replicas: replicas("/spec/minReplicas").unwrap_or(1),
            max_replicas: replicas("/spec/maxReplicas").unwrap_or(u32::MAX),
            current_replicas: None,
            metrics: Vec::new(),
            unread: 1,
            unread_of: SHARED.map(str::to_owned).to_vec(),
            made_by: made_by(meta),
            behavior: None,
            conditions: Vec::new(),
            idle_replicas: None,
            others: Vec::new(),
            keeper: meta.keeper.clone(),
        },
    });
}

/// Says of the newest autoscaler that not all of it could be read.
fn tell_unread(objects: &mut Objects, meta: &Meta) {
    let newest = objects.autoscalers.last().map(|record| &record.autoscaler);
    let Some(autoscaler) = newest.filter(|autoscaler| autoscaler.unread > 0) else {
        return;
    };
    let text = match autoscaler.unread_of.join(" and ") {
        of if of.is_empty() => "a metric of it could not be read".to_owned(),
        of => format!("a metric of it could not be read, and {of} requests stay as they are"),
    };
    let gap = Gap::new(
        "unread-metric",
        meta.subject("HorizontalPodAutoscaler"),
        text,
    );
    objects
        .gaps
        .push(gap.hint("export it as `autoscaling/v2`, with the type and target of each metric"));
}

/// The metrics of an autoscaler, as they are read.
#[derive(Default)]
struct Metrics {
    read: Vec<AutoscalerMetric>,
    unread: usize,
    /// See [`Autoscaler::unread_of`].
    unread_of: Vec<String>,
    amounts: Amounts,
    conditions: Vec<Condition>,
    behavior: Option<Behavior>,
}

impl Metrics {
    fn add(&mut self, spec: MetricSpec) {
        let of = may_share(&spec);
        match metric(spec, &mut self.amounts) {
            Some(metric) => self.read.push(metric),
            None => self.fail(of),
        }
    }

    /// A metric as the versions before `v2beta2` wrote it.
    fn add_older(&mut self, metric: Value) {
        match misfit::value(&renewed(metric)) {
            Ok(spec) => self.add(spec),
            Err(_) => self.fail(SHARED.map(str::to_owned).to_vec()),
        }
    }

    fn fail(&mut self, of: Vec<String>) {
        self.unread += 1;
        for name in of {
            if !self.unread_of.contains(&name) {
                self.unread_of.push(name);
            }
        }
    }

    /// Records what scales `target` by these metrics: between the least and the most
    /// replicas, with as many as there are now.
    fn tell(
        mut self,
        objects: &mut Objects,
        meta: &Meta,
        target: Key,
        (least, most, current): (Option<i32>, i32, Option<i32>),
    ) {
        self.fill();
        let autoscaler = Autoscaler {
            name: meta.name.clone(),
            min_replicas: least.map_or(1, count),
            max_replicas: count(most),
            current_replicas: current.map(count),
            metrics: self.read,
            unread: self.unread,
            unread_of: self.unread_of,
            made_by: made_by(meta),
            behavior: self.behavior,
            conditions: self.conditions,
            idle_replicas: None,
            others: Vec::new(),
            keeper: meta.keeper.clone(),
        };
        objects
            .autoscalers
            .push(AutoscalerRecord { target, autoscaler });
        tell_unread(objects, meta);
        objects.note("HorizontalPodAutoscaler", meta, self.amounts);
    }

    /// What the API server sets where no metric is named.
    fn fill(&mut self) {
        if self.read.is_empty() && self.unread == 0 {
            let target = Target::Utilization(DEFAULT_CPU);
            self.read.push(resource("cpu", None, target));
        }
    }
}

/// How fast it may scale, with what the API server sets where nothing is said.
pub(super) fn behavior(given: HorizontalPodAutoscalerBehavior, amounts: &mut Amounts) -> Behavior {
    let usual = Behavior::default();
    let mut rules = |given: Option<HPAScalingRules>, usual: ScalingRules| match given {
        Some(given) => rules(given, usual, amounts),
        None => usual,
    };
    Behavior {
        up: rules(given.scale_up, usual.up),
        down: rules(given.scale_down, usual.down),
    }
}

fn rules(given: HPAScalingRules, usual: ScalingRules, amounts: &mut Amounts) -> ScalingRules {
    let policy = |it: HPAScalingPolicy| ScalingPolicy {
        change: if it.type_ == "Percent" {
            Change::Percent(count(it.value))
        } else {
            Change::Pods(count(it.value))
        },
        period_seconds: count(it.period_seconds),
    };
    let policies = given.policies.filter(|it| !it.is_empty());
    ScalingRules {
        stabilization_seconds: given
            .stabilization_window_seconds
            .map_or(usual.stabilization_seconds, count),
        select: match given.select_policy.as_deref() {
            Some("Min") => SelectPolicy::Min,
            Some("Disabled") => SelectPolicy::Disabled,
            _ => SelectPolicy::Max,
        },
        policies: policies.map_or(usual.policies, |all| all.into_iter().map(policy).collect()),
        tolerance: given.tolerance.and_then(|it| {
            let quantity = amounts.quantity("tolerance", &it)?;
            Some(quantity.to_f64())
        }),
    }
}

/// The requests that a metric may be a share of, if it cannot be read: that of its
/// resource, none for metrics that are not of use, any for a type that is not known.
fn may_share(spec: &MetricSpec) -> Vec<String> {
    let container = spec.container_resource.as_ref();
    let name = spec.resource.as_ref().map(|source| &source.name);
    let name = name.or(container.map(|source| &source.name));
    match name {
        Some(name) if SHARED.contains(&name.as_str()) => vec![name.clone()],
        Some(name) if !name.is_empty() => Vec::new(),
        None if spec.pods.is_some() || spec.object.is_some() || spec.external.is_some() => {
            Vec::new()
        }
        _ => SHARED.map(str::to_owned).to_vec(),
    }
}

/// The controller of an autoscaler. What it scales may own it too, and leaves it alone.
fn made_by(meta: &Meta) -> Option<String> {
    let owner = meta.controller.as_ref()?;
    let made = group(&owner.api_version) != "apps";
    made.then(|| format!("{} `{}`", owner.kind, owner.name))
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
