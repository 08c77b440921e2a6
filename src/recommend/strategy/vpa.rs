//! The rule of the Vertical Pod Autoscaler's recommender.

use super::histogram::{Histogram, decay};
use super::{Draft, Look, Looking, Strategy};
use crate::recommend::rounding::{round_cpu, round_memory};
use crate::recommend::{Advice, Confidence, Method, Methods, Pool, Reason, Sizing};
use crate::snapshot::{ContainerKind, Grid, Series};
use crate::units::{Bytes, Cpu, Span, float, len_f64};

/// The recommender's target with its defaults, over the last 8 days.
///
/// CPU: the 90th percentile of a histogram of all samples, decayed with a
/// half-life of 24 h; memory: the same of one peak a day for each pod, OOM
/// kills included as `max(used + 100 MiB, used × 1.2)`. Then 15% on top, and
/// floors of 25m and 250Mi a pod, shared by its containers. Limits keep their
/// ratio to the request.
///
/// Buckets of an almost empty weight are not dropped, unlike `epsilon` there:
/// it concerns less than a thousandth of one sample.
///
/// Source: kubernetes/autoscaler 1.7.1, `pkg/recommender/model/
/// aggregations_config.go`, `logic/estimator.go`, `logic/recommender.go`.
pub(super) struct Vpa;

const TARGET: f64 = 0.9;
const LOWER: f64 = 0.5;
const UPPER: f64 = 0.95;
const SAFETY_MARGIN: f64 = 1.15;
const HALF_LIFE: Span = Span::DAY;
/// Constant since VPA 1.4.0.
const CPU_WEIGHT: f64 = 0.1;
const HISTORY: Span = Span::days(8);
const MIN_CPU: f64 = 0.025;
const MIN_MEMORY: f64 = 250.0 * 1024.0 * 1024.0;
const OOM_BUMP_RATIO: f64 = 1.2;
const OOM_MIN_BUMP: f64 = 100.0 * 1024.0 * 1024.0;
const SAMPLES_A_DAY: f64 = 24.0 * 60.0;

impl Strategy for Vpa {
    fn name(&self) -> &'static str {
        "vpa"
    }

    fn summary(&self) -> &'static str {
        "the Vertical Pod Autoscaler's rule: decayed P90 and 15%, limits in proportion"
    }

    fn is_peer(&self) -> bool {
        true
    }

    fn look(&self, pool: &Pool<'_>, case: &Looking<'_>) -> Look {
        advise(pool, case.grid).into()
    }
}

/// Lower bound, target and upper bound of one resource.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    lower: f64,
    target: f64,
    upper: f64,
}

fn advise(pool: &Pool<'_>, grid: &Grid) -> Draft {
    let containers = pool.workload.containers.iter();
    // Init containers and native sidecars are none of its business.
    let apps = containers.filter(|container| container.kind == ContainerKind::App);
    let containers = len_f64(apps.count().max(1));
    let confidence = confidence(pool, grid);
    let cpu = bounds(&cpu_histogram(pool, grid), confidence, MIN_CPU / containers);
    let memory = bounds(
        &memory_histogram(pool, grid),
        confidence,
        MIN_MEMORY / containers,
    );
    let mut reasons = Vec::new();
    if let Some(cpu) = cpu {
        let [lower, target, upper] =
            [cpu.lower, cpu.target, cpu.upper].map(|value| Cpu::cores(value).to_string());
        let text = format!("CPU request {target}: decayed P90 and 15%, bounds {lower} to {upper}");
        reasons.push(Reason::new("percentile", text));
    }
    if let Some(memory) = memory {
        let [lower, target, upper] =
            [memory.lower, memory.target, memory.upper].map(|value| Bytes::from_f64(value).human());
        let text = format!(
            "memory request {target}: decayed P90 of daily peaks and 15%, bounds {lower} to {upper}"
        );
        reasons.push(Reason::new("percentile", text));
    }
    if reasons.is_empty() {
        reasons.push(Reason::new("no_usage", "no sample of CPU or memory"));
    }
    // Limits follow the requests.
    let target = Method::quantile(TARGET).times(SAFETY_MARGIN);
    Draft {
        sizing: sizing(pool, cpu, memory),
        risk: None,
        methods: Methods {
            cpu_request: target,
            memory_request: target,
            ..Methods::default()
        },
        confidence: Confidence::High,
        reasons,
    }
}

fn sizing(pool: &Pool<'_>, cpu: Option<Bounds>, memory: Option<Bounds>) -> Sizing {
    let (requests, limits) = (&pool.container.requests, &pool.container.limits);
    let cpu = cpu.map(|bounds| Cpu::cores(bounds.target));
    let memory = memory.map(|bounds| Bytes::from_f64(bounds.target));
    // Where only a limit is set, Kubernetes takes it as the request too.
    // In proportion to the request as it will be written, so that following it twice
    // changes nothing.
    let cpu_limit = cpu.zip(limits.cpu).map(|(target, limit)| {
        let request = requests.cpu.unwrap_or(limit).get();
        round_cpu(target).scale(if request > 0.0 {
            limit.get() / request
        } else {
            1.0
        })
    });
    let memory_limit = memory.zip(limits.memory).map(|(target, limit)| {
        let request = requests.memory.unwrap_or(limit).to_f64();
        round_memory(target).scale(if request > 0.0 {
            limit.to_f64() / request
        } else {
            1.0
        })
    });
    Sizing {
        cpu_request: cpu.map_or(Advice::Keep, Advice::Set),
        cpu_limit: cpu_limit.map_or(Advice::Keep, Advice::Set),
        memory_request: memory.map_or(Advice::Keep, Advice::Set),
        memory_limit: memory_limit.map_or(Advice::Keep, Advice::Set),
    }
}

/// Percentile, margin, confidence, floor: in this order.
fn bounds(histogram: &Histogram, confidence: f64, floor: f64) -> Option<Bounds> {
    if histogram.is_empty() {
        return None;
    }
    let at = |share| histogram.percentile(share) * SAFETY_MARGIN;
    let (lower, upper) = factors(confidence);
    Some(Bounds {
        lower: (at(LOWER) * lower).max(floor),
        target: at(TARGET).max(floor),
        upper: (at(UPPER) * upper).max(floor),
    })
}

/// What the bounds are multiplied by: `(1 + 0.001 ÷ c)^−2` and `1 + 1 ÷ c`.
fn factors(confidence: f64) -> (f64, f64) {
    let confidence = confidence.max(1e-6);
    ((1.0 + 0.001 / confidence).powi(-2), 1.0 + 1.0 / confidence)
}

/// Days of history, or as many as samples a minute apart would make, if fewer.
fn confidence(pool: &Pool<'_>, grid: &Grid) -> f64 {
    let step_minutes = f64::from(grid.step.as_secs()) / 60.0;
    let quality = &pool.profile.quality;
    // A slot of five minutes stands for the five samples that VPA takes in it.
    let samples = float(quality.samples) * step_minutes.max(1.0);
    let days = quality.span.as_days().min(HISTORY.as_days());
    days.min(samples / SAMPLES_A_DAY)
}

/// The newest 8 days of a series: the slot and value of each sample.
fn recent<'s>(
    series: &'s Series,
    values: &'s [f32],
    grid: &Grid,
) -> impl Iterator<Item = (u32, f64)> + 's {
    let slots = HISTORY.as_secs() / grid.step.as_secs().max(1);
    let from = grid.len.saturating_sub(slots);
    (series.first..)
        .zip(values)
        .filter(move |(slot, value)| *slot >= from && value.is_finite())
        .map(|(slot, value)| (slot, f64::from(*value)))
}

fn age(grid: &Grid, slot: u32) -> f64 {
    f64::from(grid.len.saturating_sub(slot)) * f64::from(grid.step.as_secs())
}

fn cpu_histogram(pool: &Pool<'_>, grid: &Grid) -> Histogram {
    let mut histogram = Histogram::new(0.01, 1.05, 1000.0);
    for series in &pool.series {
        for (slot, value) in recent(series, &series.cpu_cores, grid) {
            histogram.add(value, CPU_WEIGHT * decay(age(grid, slot), HALF_LIFE));
        }
    }
    histogram
}

/// One peak for each pod and 24 h from its first sample.
fn memory_histogram(pool: &Pool<'_>, grid: &Grid) -> Histogram {
    let mut histogram = Histogram::new(1e7, 1.05, 1e12);
    for series in &pool.series {
        for (end, peak) in daily_peaks(pool, series, grid) {
            histogram.add(peak, decay(age(grid, end), HALF_LIFE));
        }
    }
    histogram
}

/// The end and the peak of each window of 24 h, OOM kills included.
fn daily_peaks(pool: &Pool<'_>, series: &Series, grid: &Grid) -> Vec<(u32, f64)> {
    let per_day = grid.per_day();
    let mut windows: Vec<(u32, f64)> = Vec::new();
    for (slot, value) in recent(series, &series.memory_bytes, grid) {
        match windows.last_mut() {
            Some((end, peak)) if slot < *end => *peak = peak.max(value),
            last => {
                let before = last.map_or(slot, |(end, _)| *end);
                let days = (slot - before) / per_day + 1;
                windows.push((before + days * per_day, value));
            }
        }
    }
    for killed in kills(pool, series, grid) {
        if let Some((_, peak)) = windows
            .iter_mut()
            .find(|(end, _)| killed < *end && killed + per_day >= *end)
        {
            let request = pool.container.ran_requests().memory;
            let request = request.map_or(0.0, Bytes::to_f64);
            let used = request.max(*peak);
            *peak = (used + OOM_MIN_BUMP).max(used * OOM_BUMP_RATIO);
        }
    }
    windows
}

/// The slots in which this pod's container was killed for its memory.
fn kills<'k>(
    pool: &'k Pool<'_>,
    series: &'k Series,
    grid: &'k Grid,
) -> impl Iterator<Item = u32> + 'k {
    pool.container
        .terminations
        .iter()
        .filter(|end| end.pod == series.pod && end.reason == "OOMKilled")
        .filter_map(|end| grid.slot(end.finished?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `logic/estimator.go` and `logic/recommender.go`.
    #[test]
    fn bounds_widen_where_history_is_thin() {
        let upper = |days: f64| factors(days).1;
        assert!((upper(0.5) - 3.0).abs() < 1e-9);
        assert!((upper(1.0) - 2.0).abs() < 1e-9);
        assert!((upper(7.0) - 1.142_857).abs() < 1e-6);
        let lower = |minutes: f64| factors(minutes / 1440.0).0;
        assert!((lower(5.0) - 0.6).abs() < 0.01);
        assert!((lower(30.0) - 0.9).abs() < 0.015);
        assert!((lower(60.0) - 0.95).abs() < 0.005);
    }
}
