//! Events as machine output has them.

use serde::Serialize;

use crate::recommend::ContainerAdvice;

/// Memory that only rises, of a replica.
#[derive(Serialize)]
pub(super) struct Growing {
    memory_bytes_per_day: u64,
    memory_bytes: u64,
    memory_bytes_at_horizon: u64,
    horizon_days: f64,
    /// Until it reaches the limit that it has now; null without one.
    days_to_memory_limit: Option<f64>,
}

/// A pod that uses far more than most.
#[derive(Serialize)]
pub(super) struct Odd<'a> {
    pod: &'a str,
    /// Null where it no longer runs.
    node: Option<&'a str>,
    /// Null where memory is as that of the others.
    memory_peak_bytes: Option<u64>,
    /// Null where CPU is as that of the others.
    cpu_p95_cores: Option<f64>,
}

impl Growing {
    pub(super) fn of(advice: &ContainerAdvice) -> Option<Self> {
        let growth = advice.growth.as_ref()?;
        Some(Self {
            memory_bytes_per_day: growth.per_day.0,
            memory_bytes: growth.now.0,
            memory_bytes_at_horizon: growth.at_horizon.0,
            horizon_days: growth.horizon.as_days(),
            days_to_memory_limit: growth.days_to_limit().map(tenths),
        })
    }
}

impl<'a> Odd<'a> {
    pub(super) fn of(advice: &'a ContainerAdvice) -> Vec<Self> {
        let pods = advice.odd_pods.iter().map(|pod| Self {
            pod: &pod.pod,
            node: pod.node.as_deref(),
            memory_peak_bytes: pod.memory_peak.map(|memory| memory.0),
            cpu_p95_cores: pod.cpu_p95.map(|cpu| (cpu.get() * 1e6).round() / 1e6),
        });
        pods.collect()
    }
}

fn tenths(days: f64) -> f64 {
    (days * 10.0).round() / 10.0
}
