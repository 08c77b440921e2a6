//! The plainest rule: what was used at most.

use super::{Draft, Look, Looking, Strategy};
use crate::recommend::{Advice, Confidence, Method, Methods, Pool, Reason, Sizing, samples};
use crate::units::{Bytes, Cpu};

/// Requests, and the memory limit, at the largest use of any pod in the window.
///
/// The CPU limit is left alone. A yardstick: the peak of 14 days is passed in
/// the next 7 with a chance of 7 ÷ (14 + 7) where days are exchangeable.
pub(super) struct Peak;

impl Strategy for Peak {
    fn name(&self) -> &'static str {
        "peak"
    }

    fn summary(&self) -> &'static str {
        "the largest use in the window, without a margin"
    }

    fn is_peer(&self) -> bool {
        true
    }

    fn look(&self, pool: &Pool<'_>, _case: &Looking<'_>) -> Look {
        advise(pool).into()
    }
}

fn advise(pool: &Pool<'_>) -> Draft {
    let series = || pool.series.iter();
    let cpu = samples::largest(series().flat_map(|s| samples::known(&s.cpu_cores)));
    let memory = samples::largest(series().flat_map(|s| samples::known(&s.memory_bytes)));
    let cpu = cpu.map(Cpu::cores);
    let memory = memory.map(Bytes::from_f64);
    let mut reasons = Vec::new();
    if let Some(cpu) = cpu {
        reasons.push(Reason::new("peak", format!("largest CPU use {cpu}")));
    }
    if let Some(memory) = memory {
        let text = format!("largest memory use {}", memory.human());
        reasons.push(Reason::new("peak", text));
    }
    if reasons.is_empty() {
        reasons.push(Reason::new("no_usage", "no sample of CPU or memory"));
    }
    let cpu = cpu.map_or(Advice::Keep, Advice::Set);
    let memory = memory.map_or(Advice::Keep, Advice::Set);
    let largest = Method::quantile(1.0);
    Draft {
        sizing: Sizing {
            cpu_request: cpu,
            cpu_limit: Advice::Keep,
            memory_request: memory,
            memory_limit: memory,
        },
        risk: None,
        methods: Methods {
            cpu_request: largest,
            cpu_limit: Method::default(),
            memory_request: largest,
            memory_limit: largest,
        },
        confidence: Confidence::High,
        reasons,
    }
}
