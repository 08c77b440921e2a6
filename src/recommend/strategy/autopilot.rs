//! The moving-window recommender of Google's Autopilot.

use super::histogram::{Histogram, decay};
use super::{Draft, Look, Looking, Strategy};
use crate::recommend::{Advice, Confidence, Goal, Method, Methods, Pool, Reason, Sizing};
use crate::snapshot::{Grid, Series};
use crate::units::{Bytes, Cpu, Span};

/// Percentiles of work served, over decayed histograms of 5-minute samples.
///
/// Bucket weight is count × value, so the 95th percentile is the size below
/// which 95% of the work was done. Half-lives 12 h for CPU, 48 h for memory.
/// CPU request: serving workloads P95, batch the weighted mean. Memory request
/// and limit by the tolerance of OOM kills, which the goal stands for:
/// `reliability` the peak, `balanced` P98, `savings` the larger of P60 and half
/// the peak. A margin of 15%, 10% for the large, then the largest advice of the last hour.
///
/// The paper gives the margin as 10 to 15%, "less for large"; where it changes
/// (2 cores, 8 GiB) and that it changes at once is ours, as is the bucket ratio
/// of 1.05 (the paper says about 400 buckets and not how wide).
///
/// Source: Rzadca et al., Autopilot: workload autoscaling at Google, EuroSys 2020, 3.2.
pub(super) struct Autopilot;

const CPU_HALF_LIFE: Span = Span::from_secs(12 * 3_600);
const MEMORY_HALF_LIFE: Span = Span::from_secs(48 * 3_600);
const MARGIN: f64 = 1.15;
const MARGIN_LARGE: f64 = 1.10;
const LARGE_CPU: f64 = 2.0;
const LARGE_MEMORY: f64 = 8.0 * 1024.0 * 1024.0 * 1024.0;

/// The statistic of a window that becomes the size.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Statistic {
    /// The weighted mean.
    Mean,
    /// A percentile of work served.
    Work(f64),
    Peak,
    /// The larger of P60 of work served and half the peak.
    Between,
}

impl Statistic {
    fn name(self) -> String {
        match self {
            Self::Mean => "the weighted mean".to_owned(),
            Self::Work(share) => format!("P{:.0} of work served", share * 100.0),
            Self::Peak => "the peak".to_owned(),
            Self::Between => "the larger of P60 of work served and half the peak".to_owned(),
        }
    }
}

impl Statistic {
    /// Only a percentile of use is a quantile: of work served it is another one.
    fn method(self, margin: f64) -> Method {
        let quantile = match self {
            Self::Peak => Some(1.0),
            Self::Mean | Self::Work(_) | Self::Between => None,
        };
        Method {
            quantile,
            multiplier: Some(margin),
            ..Method::default()
        }
    }
}

impl Strategy for Autopilot {
    fn name(&self) -> &'static str {
        "autopilot"
    }

    fn summary(&self) -> &'static str {
        "Google Autopilot's moving window: percentiles of work served, decayed, and 10 to 15%"
    }

    fn goal_changes(&self) -> Option<&'static str> {
        Some("the memory percentile")
    }

    fn is_peer(&self) -> bool {
        true
    }

    fn look(&self, pool: &Pool<'_>, case: &Looking<'_>) -> Look {
        let goal = case.options.of(pool.workload).options.goal;
        advise(pool, case.grid, goal).into()
    }
}

fn advise(pool: &Pool<'_>, grid: &Grid, goal: Goal) -> Draft {
    let cpu_statistic = if pool.workload.is_batch() {
        Statistic::Mean
    } else {
        Statistic::Work(0.95)
    };
    let memory_statistic = match goal {
        Goal::Reliability => Statistic::Peak,
        Goal::Balanced => Statistic::Work(0.98),
        Goal::Savings => Statistic::Between,
    };
    let cpu_window = Window::new(Histogram::new(0.01, 1.05, 1000.0), CPU_HALF_LIFE);
    let cpu = cpu_window.advice(pool, grid, cpu_of, cpu_statistic);
    let cpu_method = cpu.map(|value| cpu_statistic.method(margin(value, LARGE_CPU)));
    let cpu = cpu.map(|value| Cpu::cores(value * margin(value, LARGE_CPU)));
    let memory_window = Window::new(Histogram::new(1e7, 1.05, 1e12), MEMORY_HALF_LIFE);
    let memory = memory_window.advice(pool, grid, memory_of, memory_statistic);
    let memory_method = memory.map(|value| memory_statistic.method(margin(value, LARGE_MEMORY)));
    let memory = memory.map(|value| Bytes::from_f64(value * margin(value, LARGE_MEMORY)));
    let mut reasons = Vec::new();
    if let Some(cpu) = cpu {
        let text = format!("CPU request {cpu}: {} and a margin", cpu_statistic.name());
        reasons.push(Reason::new("percentile", text));
    }
    if let Some(memory) = memory {
        let (size, name) = (memory.human(), memory_statistic.name());
        reasons.push(Reason::new(
            "percentile",
            format!("memory {size}: {name} and a margin"),
        ));
    }
    if reasons.is_empty() {
        reasons.push(Reason::new("no_usage", "no sample of CPU or memory"));
    }
    let memory = memory.map_or(Advice::Keep, Advice::Set);
    let methods = Methods {
        cpu_request: cpu_method.unwrap_or_default(),
        cpu_limit: Method::default(),
        memory_request: memory_method.unwrap_or_default(),
        memory_limit: memory_method.unwrap_or_default(),
    };
    Draft {
        sizing: Sizing {
            cpu_request: cpu.map_or(Advice::Keep, Advice::Set),
            cpu_limit: Advice::Keep,
            memory_request: memory,
            memory_limit: memory,
        },
        risk: None,
        methods,
        confidence: Confidence::High,
        reasons,
    }
}

fn margin(value: f64, large: f64) -> f64 {
    if value > large { MARGIN_LARGE } else { MARGIN }
}

fn cpu_of(series: &Series) -> &[f32] {
    &series.cpu_cores
}

fn memory_of(series: &Series) -> &[f32] {
    &series.memory_bytes
}

/// The statistics of all samples so far.
struct Window {
    /// Weighted by work.
    work: Histogram,
    half_life: Span,
    weight: f64,
    weighted_sum: f64,
    peak: f64,
}

impl Window {
    fn new(work: Histogram, half_life: Span) -> Self {
        Self {
            work,
            half_life,
            weight: 0.0,
            weighted_sum: 0.0,
            peak: 0.0,
        }
    }

    /// The largest advice of the last hour; `None` without samples. That all
    /// weights are taken at the end of the window scales them alike and changes
    /// no statistic.
    fn advice(
        mut self,
        pool: &Pool<'_>,
        grid: &Grid,
        values: impl Fn(&Series) -> &[f32],
        statistic: Statistic,
    ) -> Option<f64> {
        let last_hour = grid.len.saturating_sub(grid.per_hour());
        self.take(pool, grid, &values, 0..last_hour);
        let mut largest = self.value(statistic);
        for slot in last_hour..grid.len {
            self.take(pool, grid, &values, slot..slot + 1);
            largest = match (largest, self.value(statistic)) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
        }
        largest
    }

    fn take(
        &mut self,
        pool: &Pool<'_>,
        grid: &Grid,
        values: impl Fn(&Series) -> &[f32],
        slots: std::ops::Range<u32>,
    ) {
        for series in &pool.series {
            let all = values(series);
            let place = |slot: u32| {
                usize::try_from(slot.saturating_sub(series.first))
                    .map_or(all.len(), |at| at.min(all.len()))
            };
            for (slot, value) in (slots.start.max(series.first)..)
                .zip(&all[place(slots.start)..place(slots.end)])
                .filter(|(_, value)| value.is_finite())
            {
                let age = f64::from(grid.len - slot.min(grid.len)) * f64::from(grid.step.as_secs());
                self.add(f64::from(*value), decay(age, self.half_life));
            }
        }
    }

    fn add(&mut self, value: f64, weight: f64) {
        self.work.add(value, weight * value);
        self.weight += weight;
        self.weighted_sum += weight * value;
        self.peak = self.peak.max(value);
    }

    fn value(&self, statistic: Statistic) -> Option<f64> {
        if self.weight <= 0.0 {
            return None;
        }
        Some(match statistic {
            Statistic::Mean => self.weighted_sum / self.weight,
            Statistic::Work(share) => self.work.percentile(share),
            Statistic::Peak => self.peak,
            Statistic::Between => self.work.percentile(0.6).max(self.peak / 2.0),
        })
    }
}
