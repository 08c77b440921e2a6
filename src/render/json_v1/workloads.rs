//! The workloads of the report.

use super::{days, rounded, shape};
use crate::pipeline::Analysis;
use crate::profile::{Profile, Waiting};
use crate::recommend::{AutoscalerAdvice, ContainerAdvice, DataQuality, Method, Risk};
use crate::render::events::{Growing, Odd};
use crate::render::pick::{Field, Part, Row};
use crate::render::whole::Whole;
use crate::snapshot::{AutoscalerMetric, Container, HeapPlace, Target};
use crate::units::{Bytes, Cpu};

pub(super) fn workload<'a>(whole: &Whole<'a>, analysis: &'a Analysis<'a>) -> shape::Workload<'a> {
    let id = whole.id();
    let rows = whole.rows.iter();
    let split = whole.rows.len() > 1;
    shape::Workload {
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        api_version: &whole.rows[0].workload.api_version,
        replicas: whole.replicas(),
        pods: whole.pods(),
        cohort: whole.cohort(),
        state: whole.state().name(),
        severity: whole.severity().name(),
        confidence: whole.confidence().name(),
        data_quality: data_quality(whole.data_quality()),
        headline: rows
            .clone()
            .find_map(|row| row.advice.headline.as_ref())
            .map(|headline| shape::Reason {
                code: headline.code,
                text: &headline.text,
            }),
        monthly_cost: whole.current().to_string(),
        monthly_savings: whole.savings().to_string(),
        templates: rows.clone().filter(|_| split).map(template).collect(),
        containers: rows
            .clone()
            .flat_map(|row| containers(row, analysis))
            .collect(),
        pod: rows.clone().filter_map(pod).collect(),
        autoscaler: rows
            .clone()
            .find_map(|row| row.advice.autoscaler.as_ref())
            .map(autoscaler),
    }
}

/// One number, and its parts.
pub(in crate::render) fn data_quality(quality: &DataQuality) -> shape::DataQuality<'_> {
    shape::DataQuality {
        score: quality.score,
        coverage: rounded(quality.coverage.get()),
        history_days: days(quality.history),
        age_days: quality.age.map(days),
        gaps: quality.gaps,
        longest_gap_seconds: quality.longest_gap.as_secs(),
        doubts: quality
            .doubts
            .iter()
            .map(|doubt| shape::Reason {
                code: doubt.code,
                text: &doubt.text,
            })
            .collect(),
        allows: quality.allows.name(),
    }
}

/// One template of a workload that has several.
fn template<'a>(row: &Row<'a>) -> shape::Template<'a> {
    shape::Template {
        name: row.workload.id.template.as_deref(),
        replicas: row.workload.replicas,
        pods: row.workload.pods.len(),
        cohort: row.cohort,
        state: row.advice.state.name(),
        severity: row.bill.severity.name(),
        confidence: row.advice.confidence.name(),
        monthly_cost: row.bill.current.to_string(),
        monthly_savings: row.bill.savings().to_string(),
    }
}

fn containers<'a>(row: &Row<'a>, analysis: &'a Analysis<'a>) -> Vec<shape::Container<'a>> {
    let template = row.workload.id.template.as_deref();
    row.parts(analysis)
        .iter()
        .map(|part| container(part, template))
        .collect()
}

/// The sizes of the pod as a whole, where it has some.
fn pod<'a>(row: &Row<'a>) -> Option<shape::Pod<'a>> {
    let (fields, advice) = row.pod()?;
    let reasons = advice.reasons.iter();
    // It is what its containers add up to.
    let none = Method::default();
    Some(shape::Pod {
        template: row.workload.id.template.as_deref(),
        cpu_request_cores: cores(&fields.cpu_request, none),
        cpu_limit_cores: cores(&fields.cpu_limit, none),
        memory_request_bytes: bytes(&fields.memory_request, none),
        memory_limit_bytes: bytes(&fields.memory_limit, none),
        reasons: reasons
            .map(|reason| shape::Reason {
                code: reason.code,
                text: &reason.text,
            })
            .collect(),
    })
}

fn autoscaler(advice: &AutoscalerAdvice) -> shape::Autoscaler<'_> {
    let changes = advice.changes.iter().map(|change| {
        let metric = &advice.metrics[change.metric];
        shape::TargetChange {
            metric: &metric.name,
            container: metric.container.as_deref(),
            current: target(metric, change.before),
            recommended: target(metric, change.after),
        }
    });
    shape::Autoscaler {
        name: &advice.name,
        changes: changes.collect(),
    }
}

fn target(metric: &AutoscalerMetric, target: Target) -> shape::Target {
    let (percent, value) = match target {
        Target::Utilization(percent) => (Some(percent), None),
        Target::AverageValue(value) | Target::Value(value) => (None, Some(value)),
    };
    let is_cpu = metric.name == "cpu";
    shape::Target {
        utilization_percent: percent,
        average_cpu_cores: value.filter(|_| is_cpu).map(rounded),
        average_memory_bytes: value
            .filter(|_| !is_cpu)
            .map(|value| Bytes::from_f64(value).0),
    }
}

fn container<'a>(part: &Part<'a>, template: Option<&'a str>) -> shape::Container<'a> {
    let methods = part.advice.methods;
    shape::Container {
        name: &part.container.name,
        template,
        kind: part.container.kind.name(),
        cpu_request_cores: cores(&part.cpu_request(), methods.cpu_request),
        cpu_limit_cores: cores(&part.cpu_limit(), methods.cpu_limit),
        memory_request_bytes: bytes(&part.memory_request(), methods.memory_request),
        memory_limit_bytes: bytes(&part.memory_limit(), methods.memory_limit),
        heap: heap(part.container, part.advice),
        cpu_used_cores: part.profile.and_then(cpu_used),
        memory_used_bytes: part.profile.and_then(memory_used),
        memory_high_water_bytes: part.container.memory_high_water.map(|bytes| bytes.0),
        gpu: part.profile.and_then(gpu),
        pressure: part.profile.and_then(pressure),
        network_bytes_per_second: part
            .profile
            .and_then(|profile| profile.network_bytes_per_second.map(rounded)),
        samples: part.profile.map_or(0, |profile| profile.quality.samples),
        risk: part.advice.risk.map(risk),
        growth: Growing::of(part.advice),
        odd_pods: Odd::of(part.advice),
        why: part
            .advice
            .whys
            .iter()
            .map(|why| shape::Why {
                field: why.field.key(),
                text: &why.text,
            })
            .collect(),
        reasons: part
            .advice
            .reasons
            .iter()
            .map(|reason| shape::Reason {
                code: reason.code,
                text: &reason.text,
            })
            .collect(),
    }
}

pub(in crate::render) fn heap<'a>(
    container: &'a Container,
    advice: &'a ContainerAdvice,
) -> Option<shape::Heap<'a>> {
    let set = container.heap.as_ref()?;
    let advice = advice.heap.as_ref();
    let change = advice.and_then(|advice| advice.change.as_ref());
    let now = set.under(container.limits.memory);
    Some(shape::Heap {
        setting: set.setting,
        env: match &set.place {
            Some(HeapPlace::Variable { name, .. } | HeapPlace::Reference { name }) => Some(name),
            _ => None,
        },
        percent_of_limit: set.percent.map(rounded),
        before_bytes: now.map(|bytes| bytes.0),
        after_bytes: advice
            .map_or(now, |advice| advice.after)
            .map(|bytes| bytes.0),
        advice: if change.is_some() { "set" } else { "keep" },
        env_value: change.map(|change| change.value.as_str()),
    })
}

fn cores(field: &Field<Cpu>, method: Method) -> shape::Field<f64> {
    shape::Field {
        current: field.now.map(|cpu| rounded(cpu.get())),
        recommended: field.advice.value().map(|cpu| rounded(cpu.get())),
        advice: field.advice.name(),
        method: shape::Method::of(method, field.advice),
    }
}

fn bytes(field: &Field<Bytes>, method: Method) -> shape::Field<u64> {
    shape::Field {
        current: field.now.map(|memory| memory.0),
        recommended: field.advice.value().map(|memory| memory.0),
        advice: field.advice.name(),
        method: shape::Method::of(method, field.advice),
    }
}

fn cpu_used(profile: &Profile) -> Option<shape::Used<f64>> {
    let used = profile.cpu.as_ref()?;
    Some(shape::Used {
        mean: rounded(used.mean.get()),
        p50: rounded(used.p50.get()),
        p95: rounded(used.p95.get()),
        p99: rounded(used.p99.get()),
        max: rounded(used.max.get()),
    })
}

fn memory_used(profile: &Profile) -> Option<shape::Used<u64>> {
    let used = profile.memory.as_ref()?;
    Some(shape::Used {
        mean: used.mean.0,
        p50: used.p50.0,
        p95: used.p95.0,
        p99: used.p99.0,
        max: used.max.0,
    })
}

fn gpu(profile: &Profile) -> Option<shape::Gpu> {
    let gpu = profile.gpu.as_ref()?;
    Some(shape::Gpu {
        mean_utilization_ratio: rounded(gpu.mean_utilization.get()),
        p95_utilization_ratio: rounded(gpu.p95_utilization.get()),
        max_memory_bytes: gpu.max_memory.map(|bytes| bytes.0),
    })
}

fn pressure(profile: &Profile) -> Option<shape::Pressure> {
    let pressure = profile.pressure.as_ref()?;
    let waiting = |waiting: Waiting| shape::Waiting {
        mean: rounded(waiting.mean.get()),
        p95: rounded(waiting.p95.get()),
    };
    Some(shape::Pressure {
        cpu_waiting_ratio: pressure.cpu.map(waiting),
        memory_waiting_ratio: pressure.memory.map(waiting),
    })
}

fn risk(risk: Risk) -> shape::Risk {
    shape::Risk {
        horizon_days: days(risk.horizon),
        memory_over_limit: risk.memory_over_limit.map(rounded),
        cpu_time_over_request: risk.cpu_time_over_request.map(rounded),
        cpu_work_over_request: risk.cpu_work_over_request.map(rounded),
        memory_over_limit_replayed: other(risk.memory_over_limit, risk.replayed.memory_over_limit),
        cpu_time_over_request_replayed: other(
            risk.cpu_time_over_request,
            risk.replayed.cpu_time_over_request,
        ),
    }
}

/// What replays alone say, where earlier runs taught otherwise.
fn other(told: Option<f64>, replayed: Option<f64>) -> Option<f64> {
    replayed
        .map(rounded)
        .filter(|it| told.map(rounded) != Some(*it))
}
