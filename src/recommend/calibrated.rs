//! Sizes that keep a promised risk, from how peaks followed on peaks before.

use super::event::{self, Events};
use super::samples;
use super::{Advice, Confidence, Draft, Options, Pool, Reason, Seen, Sizing, Strategy};
use crate::snapshot::Grid;
use crate::units::{Bytes, Cpu, Span};

/// CPU request at P98; memory request at the largest use; memory limit at that
/// times the margin which, over all containers and past days, would have been
/// passed within the horizon no more often than promised.
pub(super) struct Calibrated;

/// The margin where the window holds too few replays. Ours: on traces of
/// virtual machines twice the peak of a fortnight is passed in 2 to 3 % of weeks.
const PRIOR_MARGIN: f64 = 2.0;
const CPU_PERCENTILE: f64 = 0.98;
/// Days that a replay sees before it is judged.
const PAST_DAYS: usize = 3;

impl Strategy for Calibrated {
    fn name(&self) -> &'static str {
        "calibrated"
    }

    fn summary(&self) -> &'static str {
        "as low as the promised risks allow, from how usage went on in the past"
    }

    fn advise(&self, seen: &Seen<'_>, options: &Options) -> Vec<Draft> {
        let horizon = options.targets.horizon;
        let grid = &seen.snapshot.usage.grid;
        let scores = samples::sorted(
            seen.pools
                .iter()
                .flat_map(|pool| replays(pool, horizon))
                .collect(),
        );
        let margin = |pool: &Pool<'_>| {
            let risk = options.of(pool.workload).options.targets.memory_over_limit;
            let measured = samples::conformal(&scores, risk);
            measured.map_or(PRIOR_MARGIN, |margin| margin.max(1.0))
        };
        seen.pools
            .iter()
            .map(|pool| advise(pool, grid, margin(pool), horizon))
            .collect()
    }
}

/// For each past day, the largest use within the horizon after it ÷ before it.
fn replays(pool: &Pool<'_>, horizon: Span) -> Vec<f64> {
    let Some(memory) = &pool.profile.memory else {
        return Vec::new();
    };
    let days = usize::try_from(horizon.as_secs() / Span::DAY.as_secs()).unwrap_or(1);
    let peaks = &memory.daily_peaks;
    (PAST_DAYS..peaks.len().saturating_sub(days.max(1) - 1))
        .filter_map(|origin| {
            let before = samples::largest(peaks[..origin].iter().copied())?;
            let after = samples::largest(peaks[origin..origin + days.max(1)].iter().copied())?;
            (before > 0.0).then(|| after / before)
        })
        .collect()
}

fn advise(pool: &Pool<'_>, grid: &Grid, margin: f64, horizon: Span) -> Draft {
    let events = Events::of(pool, grid, horizon);
    let mut reasons = Vec::new();
    let cpu_samples = match &events.start_up {
        Some(_) => event::steady_cpu(pool, grid),
        None => samples::sorted_cpu(pool),
    };
    let cpu = samples::quantile(&cpu_samples, CPU_PERCENTILE).map(Cpu::cores);
    if let Some(cpu) = cpu {
        let text = format!("CPU request {cpu}: 98 % of samples are below it");
        reasons.push(Reason::new("percentile", text));
    }
    let peak = pool.profile.memory.as_ref().map(|memory| memory.max);
    if let Some(peak) = peak {
        let text = format!(
            "memory request {}: largest use; limit {margin:.2} times that, for the next {:.0} days",
            peak.human(),
            horizon.as_days()
        );
        reasons.push(Reason::new("peak", text));
    }
    if reasons.is_empty() {
        reasons.push(Reason::new("no_usage", "no sample of CPU or memory"));
    }
    reasons.extend(events.reasons());
    let floor = events.memory_floor().unwrap_or(Bytes::ZERO);
    let limit = peak.map(|peak| peak.scale(margin).max(floor));
    let censored = events.is_memory_censored();
    // The request is for the many pods, the limit for all.
    let usual = events.odd.as_ref().map(|odd| odd.usual).or(peak);
    let request = usual.map(|peak| if censored { peak.max(floor) } else { peak });
    Draft {
        sizing: Sizing {
            cpu_request: cpu.map_or(Advice::Keep, Advice::Set),
            cpu_limit: events.cpu_limit_floor().map_or(Advice::Keep, Advice::Set),
            memory_request: request.map_or(Advice::Keep, Advice::Set),
            memory_limit: limit.map_or(Advice::Keep, Advice::Set),
        },
        risk: None,
        confidence: Confidence::Medium,
        reasons,
    }
}
