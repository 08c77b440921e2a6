//! The rule of KRR's default strategy.

use super::{Draft, Look, Looking, Strategy};
use crate::recommend::{Advice, Confidence, Method, Methods, Pool, Reason, Sizing, samples};
use crate::snapshot::Target;
use crate::trend::quantile;
use crate::units::{Bytes, Cpu, count_from};

/// KRR's `simple` strategy with its defaults.
///
/// CPU request: the largest of the pods' 95th percentiles, no CPU limit; memory
/// request and limit: the largest working set and 15%. Floors of 10m and
/// 100Mi, rounded up to 1m and 1Mi. Nothing from fewer than 100 samples, nor
/// for a resource that an autoscaler holds at a utilization.
///
/// Source: robusta-dev/krr v1.29.0, `robusta_krr/strategies/simple.py`,
/// `core/models/config.py`.
pub(super) struct Krr;

const PERCENTILE: f64 = 0.95;
const MEMORY_BUFFER: f64 = 1.15;
const POINTS_REQUIRED: usize = 100;
const MIN_CPU_MILLICORES: u64 = 10;
const MIN_MEMORY_MIB: u64 = 100;

impl Strategy for Krr {
    fn name(&self) -> &'static str {
        "krr"
    }

    fn summary(&self) -> &'static str {
        "KRR's rule: CPU P95 without a limit, largest memory and 15% as request and limit"
    }

    fn is_peer(&self) -> bool {
        true
    }

    fn look(&self, pool: &Pool<'_>, _case: &Looking<'_>) -> Look {
        advise(pool).into()
    }
}

fn advise(pool: &Pool<'_>) -> Draft {
    let (cpu, cpu_reason) = cpu_request(pool);
    let (memory, memory_reason) = memory(pool);
    let cpu_limit = match cpu {
        Advice::Set(_) => Advice::Unset,
        Advice::Unset | Advice::Keep => Advice::Keep,
    };
    let largest = Method::quantile(1.0).times(MEMORY_BUFFER);
    Draft {
        sizing: Sizing {
            cpu_request: cpu,
            cpu_limit,
            memory_request: memory,
            memory_limit: memory,
        },
        risk: None,
        methods: Methods {
            cpu_request: Method::quantile(PERCENTILE),
            cpu_limit: Method::default(),
            memory_request: largest,
            memory_limit: largest,
        },
        confidence: Confidence::High,
        reasons: vec![cpu_reason, memory_reason],
    }
}

fn cpu_request(pool: &Pool<'_>) -> (Advice<Cpu>, Reason) {
    if is_scaled_on(pool, "cpu") {
        return (Advice::Keep, scaled("CPU"));
    }
    let pods: Vec<Vec<f64>> = pool
        .series
        .iter()
        .map(|s| samples::sorted(samples::known(&s.cpu_cores).collect()))
        .collect();
    let points: usize = pods.iter().map(Vec::len).sum();
    let percentiles = pods.iter().filter_map(|pod| quantile(pod, PERCENTILE));
    match samples::largest(percentiles) {
        Some(p95) if points >= POINTS_REQUIRED => {
            let request = Cpu::cores(p95)
                .max(Cpu::millicores(MIN_CPU_MILLICORES))
                .round_up_to(Cpu::millicores(1));
            let text = format!("CPU request {request}: the largest P95 of any pod");
            (Advice::Set(request), Reason::new("percentile", text))
        }
        _ => (Advice::Keep, too_few("CPU", points)),
    }
}

fn memory(pool: &Pool<'_>) -> (Advice<Bytes>, Reason) {
    if is_scaled_on(pool, "memory") {
        return (Advice::Keep, scaled("memory"));
    }
    let all = || {
        pool.series
            .iter()
            .flat_map(|s| samples::known(&s.memory_bytes))
    };
    let points = all().count();
    match samples::largest(all()) {
        Some(peak) if points >= POINTS_REQUIRED => {
            // To whole bytes first: 15% of a round number is not quite one in binary.
            let size = Bytes(count_from(peak * MEMORY_BUFFER))
                .max(Bytes::mib(MIN_MEMORY_MIB))
                .round_up_to(Bytes::mib(1));
            let peak = Bytes::from_f64(peak).human();
            let text = format!("memory {}: largest use {peak} and 15%", size.human());
            (Advice::Set(size), Reason::new("peak", text))
        }
        _ => (Advice::Keep, too_few("memory", points)),
    }
}

fn is_scaled_on(pool: &Pool<'_>, resource: &str) -> bool {
    pool.workload.autoscaler.as_ref().is_some_and(|autoscaler| {
        autoscaler.metrics.iter().any(|metric| {
            metric.name == resource && matches!(metric.target, Target::Utilization(_))
        })
    })
}

fn scaled(resource: &str) -> Reason {
    let text = format!("{resource} is kept: KRR leaves what an autoscaler holds at a utilization");
    Reason::new("autoscaler", text)
}

fn too_few(resource: &str, points: usize) -> Reason {
    let text = format!("{resource} is kept: {points} samples, KRR needs {POINTS_REQUIRED}");
    Reason::new("not_enough_data", text)
}
