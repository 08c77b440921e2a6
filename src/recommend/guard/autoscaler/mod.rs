mod reach;
mod unread;

use super::{Case, Field, Guard, Plan, Planned};
use crate::recommend::{Advice, AutoscalerAdvice, Load, TargetChange};
use crate::snapshot::{AutoscalerMetric, Target};
use crate::units::{Bytes, Cpu, Ratio, count_from};

/// The load at which an autoscaler scales stays what it is.
///
/// A utilization is a share of the request, so a target moves with it: new =
/// old × old request ÷ new request, in whole percent. Outside 50 to 90 % it
/// becomes an average value, which no later request moves: repeated runs
/// never ratchet. Where the target cannot be moved, the request is kept, and a
/// limit is never cut to where use could not reach it.
///
/// Source of the bounds: StormForge's documentation of HPA settings.
pub(super) struct ScalePoint;

const BOUNDS: std::ops::RangeInclusive<f64> = 50.0..=90.0;

impl Guard for ScalePoint {
    fn name(&self) -> &'static str {
        "autoscaler"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("its autoscaler")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            unread::keep(plan);
            keep_unmovable(plan);
            reach::keep(plan);
        }
    }
}

/// Targets go with the sizes that all other guards have left.
pub(super) struct Targets;

impl Guard for Targets {
    fn name(&self) -> &'static str {
        "autoscaler_targets"
    }

    fn cause(&self) -> Option<&'static str> {
        None
    }

    fn apply(&self, case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            let load = case.scheduled.get(&plan.index);
            plan.autoscaler = advise(plan, load);
            let why = match load {
                Some(_) => "as its schedule was played with",
                None => "so that it scales at the same load",
            };
            explain(plan, why);
        }
    }
}

/// The targets that go with the plan; `None` where none moves. Where a schedule was played with
/// a share of CPU, that is the target.
fn advise(plan: &Plan<'_>, scheduled: Option<&Load>) -> Option<AutoscalerAdvice> {
    let autoscaler = plan.workload.autoscaler.as_ref()?;
    let mut metrics = autoscaler.metrics.clone();
    let mut changes = Vec::new();
    for (index, metric) in metrics.iter_mut().enumerate() {
        let before = metric.target;
        let played = scheduled.filter(|_| metric.name == "cpu" && metric.is_resource());
        let after = match played {
            Some(load) => load.target.and_then(|share| held(share, load.cpu, before)),
            None => moved(plan, metric),
        };
        if let Some(after) = after
            && after != before
        {
            metric.target = after;
            changes.push(TargetChange {
                metric: index,
                before,
                after,
            });
        }
    }
    (!changes.is_empty()).then(|| AutoscalerAdvice {
        name: autoscaler.name.clone(),
        metrics,
        changes,
    })
}

/// A share of a request as a target of the same kind as before.
fn held(share: f64, request: Cpu, before: Target) -> Option<Target> {
    if !matches!(before, Target::AverageValue(_)) {
        let percent = u32::try_from(count_from(share * 100.0)).ok()?;
        return Some(Target::Utilization(percent));
    }
    let cores = Cpu::cores((share * request.get() * 1e6).round() / 1e6);
    let cores = cores.round_up_to(Cpu::millicores(1)).get();
    Some(Target::AverageValue(cores))
}

/// Where the target goes; `None` where it stays or cannot be said.
fn moved(plan: &Plan<'_>, metric: &AutoscalerMetric) -> Option<Target> {
    let percent = metric.share()?;
    let (before, after) = requests(plan, metric)?;
    if (before - after).abs() <= 1e-9 * before || after <= 0.0 {
        return None;
    }
    let wanted = percent * before / after;
    if BOUNDS.contains(&wanted.round()) {
        let wanted = u32::try_from(count_from(wanted)).ok()?;
        return Some(Target::Utilization(wanted));
    }
    let point = percent / 100.0 * before;
    Some(Target::AverageValue(if metric.name == "cpu" {
        Cpu::cores(point).round_up_to(Cpu::millicores(1)).get()
    } else {
        Bytes::from_f64(point).to_f64()
    }))
}

/// The request that the metric is a share of, now and after; `None` where a
/// container has none, which an autoscaler cannot compute with, or where the
/// pod as a whole has one, which advice does not touch.
fn requests(plan: &Plan<'_>, metric: &AutoscalerMetric) -> Option<(f64, f64)> {
    let is_cpu = metric.name == "cpu";
    let pod = &plan.workload.pod_requests;
    if metric.kind == "Resource"
        && (if is_cpu {
            pod.cpu.is_some()
        } else {
            pod.memory.is_some()
        })
    {
        return None;
    }
    let (mut before, mut after) = (0.0, 0.0);
    for planned in counted(plan, metric) {
        let (now, then) = (planned.now(), planned.after());
        if is_cpu {
            before += now.cpu_request?.get();
            after += then.cpu_request?.get();
        } else {
            before += now.memory_request?.to_f64();
            after += then.memory_request?.to_f64();
        }
    }
    Some((before, after))
}

/// The containers that a metric is about.
fn counted<'p, 'a>(
    plan: &'p Plan<'a>,
    metric: &'p AutoscalerMetric,
) -> impl Iterator<Item = &'p Planned<'a>> {
    super::running(plan).filter(move |planned| match &metric.container {
        Some(name) => *name == planned.pool.container.name,
        None => true,
    })
}

/// Keeps the requests under a target that something else owns or that cannot be computed.
fn keep_unmovable(plan: &mut Plan<'_>) {
    let Some(autoscaler) = plan.workload.autoscaler.as_ref() else {
        return;
    };
    let mut managers = plan.workload.managers.iter();
    let manager = managers.find(|manager| manager.scales());
    let owner = manager.map(|manager| format!("{} `{}`", manager.kind, manager.name));
    let owner = owner.or_else(|| autoscaler.made_by.clone());
    for metric in &autoscaler.metrics {
        if metric.share().is_none() {
            continue;
        }
        let why = match &owner {
            Some(owner) => format!("{owner} owns its autoscaler"),
            None if plan.workload.id.template.is_some() => format!(
                "autoscaler `{}` scales pods of several templates, so its target cannot be moved",
                autoscaler.name
            ),
            None if !autoscaler.is_whole() => format!(
                "autoscaler `{}` has metrics that could not be read, so its target cannot be moved",
                autoscaler.name
            ),
            None if requests(plan, metric).is_none() && !has_pod_request(plan, metric) => format!(
                "autoscaler `{}` holds a share of a request that a container lacks",
                autoscaler.name
            ),
            None => continue,
        };
        keep(plan, metric, &why);
        if owner.is_none() {
            tell_begin(plan, metric, &autoscaler.name);
        }
    }
}

/// An autoscaler that could not work, for want of a request, does once it is there.
fn tell_begin(plan: &mut Plan<'_>, metric: &AutoscalerMetric, name: &str) {
    let (request, what) = match metric.name.as_str() {
        "cpu" => (Field::CpuRequest, "CPU"),
        _ => (Field::MemoryRequest, "memory"),
    };
    let text = format!(
        "autoscaler `{name}` cannot work while a container requests no {what}: with this request \
         it may begin to scale"
    );
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let about = metric.container.as_ref();
        let counts = about.is_none_or(|name| *name == planned.pool.container.name);
        let first = request.of(planned.now()).is_none() && request.of(planned.after()).is_some();
        if counts && first {
            planned.say("autoscaler", text.clone());
        }
    }
}

fn has_pod_request(plan: &Plan<'_>, metric: &AutoscalerMetric) -> bool {
    let pod = &plan.workload.pod_requests;
    metric.kind == "Resource"
        && if metric.name == "cpu" {
            pod.cpu.is_some()
        } else {
            pod.memory.is_some()
        }
}

fn keep(plan: &mut Plan<'_>, metric: &AutoscalerMetric, why: &str) {
    let (request, limit) = if metric.name == "cpu" {
        (Field::CpuRequest, Field::CpuLimit)
    } else {
        (Field::MemoryRequest, Field::MemoryLimit)
    };
    let guaranteed = super::qos::is_guaranteed(plan.workload);
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let wanted = metric.container.as_ref();
        if wanted.is_some_and(|name| *name != planned.pool.container.name) {
            continue;
        }
        let (now, before) = (planned.now(), planned.sizing);
        if request.of(now).is_none() || request.advised(before) == Advice::Keep {
            continue;
        }
        request.keep(&mut planned.sizing);
        if guaranteed {
            limit.keep(&mut planned.sizing);
        }
        planned.kept(before, "autoscaler", why);
        super::order::put_in_order(planned);
    }
}

fn explain(plan: &mut Plan<'_>, why: &str) {
    let Some(advice) = &plan.autoscaler else {
        return;
    };
    let texts: Vec<(Option<String>, String)> = advice
        .changes
        .iter()
        .map(|change| {
            let metric = &advice.metrics[change.metric];
            let text = format!(
                "autoscaler `{}` target {} {} to {}, {why}",
                advice.name,
                metric.name,
                shown(metric, change.before),
                shown(metric, change.after)
            );
            (metric.container.clone(), text)
        })
        .collect();
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        for (container, text) in &texts {
            let about = container.as_ref();
            if about.is_none_or(|name| *name == planned.pool.container.name) {
                planned.say("autoscaler", text.clone());
            }
        }
    }
}

fn shown(metric: &AutoscalerMetric, target: Target) -> String {
    match target {
        Target::Utilization(percent) => Ratio::new(f64::from(percent) / 100.0).to_string(),
        Target::AverageValue(value) | Target::Value(value) if metric.name == "cpu" => {
            Cpu::cores(value).to_string()
        }
        Target::AverageValue(value) | Target::Value(value) => Bytes::from_f64(value).human(),
    }
}
