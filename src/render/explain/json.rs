//! The explanation as JSON, schema `kcost.explain/v1`. Keys are only ever added.

use std::io;

use serde::Serialize;

use crate::explain::{ContainerStory, Curve, Explanation};
use crate::recommend::{self, Advice};
use crate::render::events::{Growing, Odd};
use crate::render::forecast;
use crate::render::gpu;
use crate::render::json;
use crate::render::json_v1::{DataQuality, Heap, Method, data_quality, heap};
use crate::render::risks;
use crate::schedule::Peak;
use crate::units::{Bytes, Cpu, Currency};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    /// Other parts of its owner, in full; what is told of GPUs is of all parts.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    others: &'a [String],
    replicas: u32,
    state: &'static str,
    severity: &'static str,
    confidence: &'static str,
    data_quality: DataQuality<'a>,
    currency: Currency,
    monthly_cost: String,
    monthly_savings: String,
    cohort: Option<Group<'a>>,
    containers: Vec<Container<'a>>,
    risks: Vec<risks::Shape<'a>>,
    /// What it is part of, in words.
    incidents: Vec<&'a str>,
    /// What comes again of its CPU.
    seasons: Vec<forecast::Shape>,
    /// A peak that is known to come and that the advised size alone does not hold, in words.
    known_peak: Option<String>,
    /// Null where it has no accelerators.
    gpu: Option<gpu::Workload<'a>>,
}

#[derive(Serialize)]
struct Group<'a> {
    name: &'a str,
    description: &'a str,
    alike: &'a [String],
}

#[derive(Serialize)]
struct Container<'a> {
    name: &'a str,
    r#type: &'static str,
    cpu_request_cores: Field,
    cpu_limit_cores: Field,
    memory_request_bytes: Field,
    memory_limit_bytes: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    heap: Option<Heap<'a>>,
    steps: Vec<Step<'a>>,
    cpu_cores: Option<Distribution>,
    memory_bytes: Option<Distribution>,
    /// Mean CPU in cores, from Monday 00:00 UTC; null where unknown.
    cpu_cores_by_hour_of_week: Vec<Option<f64>>,
    quality: Quality,
    risk_now: RiskNow,
    risk: Option<Risk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    growth: Option<Growing>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    odd_pods: Vec<Odd<'a>>,
}

#[derive(Serialize)]
struct Field {
    current: Option<f64>,
    recommended: Option<f64>,
    advice: &'static str,
    #[serde(flatten)]
    method: Method,
}

#[derive(Serialize)]
struct Step<'a> {
    code: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Distribution {
    mean: f64,
    p50: f64,
    p90: f64,
    p95: f64,
    p98: f64,
    p99: f64,
    max: f64,
    over_time: Vec<Stretch>,
}

#[derive(Serialize)]
struct Stretch {
    start: String,
    mean: f64,
    peak: f64,
}

#[derive(Serialize)]
struct Quality {
    samples: u64,
    pods: u32,
    span_seconds: u32,
    coverage_ratio: f64,
    gaps: u32,
    longest_gap_seconds: u32,
}

/// Measured over the window, with today's sizes.
#[derive(Serialize)]
struct RiskNow {
    cpu_time_over_request: Option<f64>,
    memory_time_over_limit: Option<f64>,
}

#[derive(Serialize)]
struct Risk {
    horizon_days: f64,
    memory_over_limit: Option<f64>,
    cpu_time_over_request: Option<f64>,
}

/// Writes the explanation for a program.
pub fn explanation_json(story: &Explanation<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let id = &story.workload.id;
    let report = Report {
        schema: "kcost.explain/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        template: id.template.as_deref(),
        others: &story.others,
        replicas: story.workload.replicas,
        state: story.advice.state.name(),
        severity: story.bill.severity.name(),
        confidence: story.advice.confidence.name(),
        data_quality: data_quality(&story.advice.data_quality),
        currency: story.currency,
        monthly_cost: story.bill.current.to_string(),
        monthly_savings: story.bill.savings().to_string(),
        cohort: story.cohort.map(|cohort| Group {
            name: &cohort.name,
            description: &cohort.description,
            alike: &story.alike,
        }),
        containers: story.containers.iter().map(container).collect(),
        risks: story.risks.iter().map(|it| risks::shape(it)).collect(),
        incidents: story.incidents.iter().map(|it| &*it.text).collect(),
        seasons: story.seasons.iter().map(forecast::season).collect(),
        known_peak: story.peak.map(Peak::text),
        gpu: story.gpu.map(|it| gpu::workload(story.snapshot, it)),
    };
    json::write(&report, out)
}

fn container<'a>(story: &ContainerStory<'a>) -> Container<'a> {
    let (now, advice, profile) = (story.container, story.advice, story.profile);
    let cpu_limit = now.limits.cpu.map(Cpu::get);
    let memory_limit = now.limits.memory.map(Bytes::to_f64);
    let cpu_request = now.requests.cpu.map(Cpu::get);
    let memory_request = now.requests.memory.map(Bytes::to_f64);
    let (sizing, methods) = (&advice.sizing, &advice.methods);
    Container {
        name: &now.name,
        r#type: now.kind.name(),
        cpu_request_cores: field(
            cpu_request,
            sizing.cpu_request,
            methods.cpu_request,
            Cpu::get,
        ),
        cpu_limit_cores: field(cpu_limit, sizing.cpu_limit, methods.cpu_limit, Cpu::get),
        memory_request_bytes: field(
            memory_request,
            sizing.memory_request,
            methods.memory_request,
            Bytes::to_f64,
        ),
        memory_limit_bytes: field(
            memory_limit,
            sizing.memory_limit,
            methods.memory_limit,
            Bytes::to_f64,
        ),
        heap: heap(now, advice),
        steps: advice
            .reasons
            .iter()
            .map(|r| Step {
                code: r.code,
                text: &r.text,
            })
            .collect(),
        cpu_cores: profile.cpu.as_ref().map(|cpu| Distribution {
            mean: cpu.mean.get(),
            p50: cpu.p50.get(),
            p90: cpu.p90.get(),
            p95: cpu.p95.get(),
            p98: cpu.p98.get(),
            p99: cpu.p99.get(),
            max: cpu.max.get(),
            over_time: over_time(&story.cpu),
        }),
        memory_bytes: profile.memory.as_ref().map(|memory| Distribution {
            mean: memory.mean.to_f64(),
            p50: memory.p50.to_f64(),
            p90: memory.p90.to_f64(),
            p95: memory.p95.to_f64(),
            p98: memory.p98.to_f64(),
            p99: memory.p99.to_f64(),
            max: memory.max.to_f64(),
            over_time: over_time(&story.memory),
        }),
        cpu_cores_by_hour_of_week: profile.cpu.as_ref().map_or_else(Vec::new, |cpu| {
            cpu.hour_of_week
                .iter()
                .map(|mean| mean.is_finite().then_some(*mean))
                .collect()
        }),
        quality: Quality {
            samples: profile.quality.samples,
            pods: profile.quality.pods,
            span_seconds: profile.quality.span.as_secs(),
            coverage_ratio: profile.quality.coverage.get(),
            gaps: profile.quality.gaps,
            longest_gap_seconds: profile.quality.longest_gap.as_secs(),
        },
        risk_now: RiskNow {
            cpu_time_over_request: cpu_request.and_then(|size| story.cpu.share_above(size)),
            memory_time_over_limit: memory_limit.and_then(|size| story.memory.share_above(size)),
        },
        risk: advice.risk.map(|risk| Risk {
            horizon_days: risk.horizon.as_days(),
            memory_over_limit: risk.memory_over_limit,
            cpu_time_over_request: risk.cpu_time_over_request,
        }),
        growth: Growing::of(advice),
        odd_pods: Odd::of(advice),
    }
}

fn field<T: Copy>(
    current: Option<f64>,
    advice: Advice<T>,
    method: recommend::Method,
    number: fn(T) -> f64,
) -> Field {
    Field {
        current,
        recommended: advice.value().map(number),
        advice: advice.name(),
        method: Method::of(method, advice),
    }
}

fn over_time(curve: &Curve) -> Vec<Stretch> {
    let points = curve.points.iter();
    points
        .map(|point| Stretch {
            start: point.start.to_string(),
            mean: point.mean,
            peak: point.peak,
        })
        .collect()
}
