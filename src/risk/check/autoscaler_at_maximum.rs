use serde_json::json;

use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::patch::spec;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Autoscaler, Target, Workload};
use crate::text::percent_said;
use crate::units::{Bytes, Cpu, count_from, len_f64};

/// A HorizontalPodAutoscaler that would add replicas and may not.
pub(super) struct AutoscalerAtMaximum;

/// How far its metric must be above the target: what an autoscaler itself tolerates.
const ABOVE: f64 = 1.1;
/// From here on half as many replicas again are missing.
const FAR_ABOVE: f64 = 1.5;
/// Minutes that it must have lasted.
const MINUTES: u32 = 15;

impl Check for AutoscalerAtMaximum {
    fn name(&self) -> &'static str {
        "autoscaler_at_maximum"
    }

    fn summary(&self) -> &'static str {
        "autoscalers at their maximum while their metric is above its target"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            let Some(scaler) = &workload.autoscaler else {
                return Sought::fine();
            };
            let Some(current) = scaler.current_replicas else {
                return Sought::unknown("autoscaler", "whose present replicas are not known", "");
            };
            if current < scaler.max_replicas || scaler.max_replicas <= scaler.min_replicas {
                return Sought::fine();
            }
            let pools = seen.pools.iter().filter(|it| it.profile.workload == index);
            let pools: Vec<&Pool<'_>> = pools.collect();
            let Some(factors) = factors(seen, scaler, &pools) else {
                return Sought::unknown(
                    "autoscaler",
                    "at its maximum, whose metric kcost does not know",
                    "",
                );
            };
            match held_since(seen, &factors, scaler.max_replicas) {
                Some(held) => self.risk(seen, (index, workload), scaler, &held),
                None => Sought::fine(),
            }
        })
    }
}

/// What both held: as many pods as there may be, and the metric above its target.
struct Held {
    /// The slot that it began in.
    since: u32,
    /// Metric ÷ target of the last minutes.
    factor: f64,
}

impl AutoscalerAtMaximum {
    fn risk(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        scaler: &Autoscaler,
        held: &Held,
    ) -> Sought {
        let factor = held.factor;
        let max = scaler.max_replicas;
        let wanted = count_from((f64::from(max) * factor).ceil());
        let made_by = scaler.made_by.as_ref();
        let action = match made_by {
            Some(made_by) => Action::new(format!("raise the maximum of {made_by} to {wanted}")),
            None => Action::new(format!(
                "raise its maximum to {wanted}, if the nodes have room"
            ))
            .with(Some(spec(
                ("autoscaling/v2", "HorizontalPodAutoscaler"),
                &workload.id.namespace,
                &scaler.name,
                &json!({ "maxReplicas": wanted }),
            ))),
        };
        let base = seen.risk(self.name(), index);
        let text = format!(
            "autoscaler `{}` is at its maximum of {max}, with its metric {} above the target",
            scaler.name,
            percent_said(factor - 1.0)
        );
        let slots = usize::try_from(seen.grid.len.saturating_sub(held.since)).unwrap_or(0);
        let lasts = lasting(len_f64(slots) * seen.grid.step.as_days());
        Sought::risk(Risk {
            severity: if factor >= FAR_ABOVE {
                Severity::High
            } else {
                Severity::Medium
            },
            since: Some(seen.grid.time(held.since)),
            text: format!("{text}, for {lasts}"),
            evidence: vec![
                Evidence::text("autoscaler", scaler.name.clone()),
                Evidence::number("max_replicas", f64::from(max)),
                Evidence::number("metric_to_target_ratio", factor),
            ],
            action,
            ..base
        })
    }
}

/// Pods, and metric ÷ target, of one slot.
#[derive(Clone, Copy)]
struct Factor {
    pods: u32,
    ratio: f64,
}

/// The same of each slot of the window, with the largest of the metrics that can be known
/// here: use of CPU and memory, as a share of requests or as an amount. `None` where the
/// last minutes tell of none.
fn factors(seen: &Seen<'_>, scaler: &Autoscaler, pools: &[&Pool<'_>]) -> Option<Vec<Factor>> {
    let none = Factor {
        pods: 0,
        ratio: f64::NAN,
    };
    let mut all = vec![none; usize::try_from(seen.grid.len).ok()?];
    for metric in &scaler.metrics {
        let is_cpu = match (metric.kind.as_str(), metric.name.as_str()) {
            ("Resource" | "ContainerResource", "cpu") => true,
            ("Resource" | "ContainerResource", "memory") => false,
            _ => continue,
        };
        let counted = pools.iter().filter(|pool| {
            let name = metric.container.as_ref();
            name.is_none_or(|name| *name == pool.container.name)
        });
        let mut sums = vec![Sum::default(); all.len()];
        for pool in counted {
            Sum::add(&mut sums, pool, is_cpu);
        }
        for (slot, sum) in all.iter_mut().zip(&sums) {
            let ratio = match metric.target {
                Target::Utilization(percent) => sum.used / (sum.asked * f64::from(percent) / 100.0),
                Target::AverageValue(value) => sum.used / (value * f64::from(sum.known)),
                Target::Value(_) => f64::NAN,
            };
            slot.pods = slot.pods.max(sum.pods);
            slot.ratio = slot
                .ratio
                .max(if ratio.is_finite() { ratio } else { f64::NAN });
        }
    }
    let last = all.iter().rev().take(last_minutes(seen));
    let known = last.filter(|it| it.ratio.is_finite()).count();
    (known > 0).then_some(all)
}

/// What is used and asked for in one slot, how many pods there are, and of how many it is
/// known.
#[derive(Clone, Copy, Default)]
struct Sum {
    used: f64,
    asked: f64,
    pods: u32,
    known: u32,
}

impl Sum {
    fn add(sums: &mut [Self], pool: &Pool<'_>, is_cpu: bool) {
        let request = if is_cpu {
            pool.container.requests.cpu.map(Cpu::get)
        } else {
            pool.container.requests.memory.map(Bytes::to_f64)
        };
        let mut pods = vec![(0_u32, 0_u32); sums.len()];
        for series in &pool.series {
            let values = if is_cpu {
                &series.cpu_cores
            } else {
                &series.memory_bytes
            };
            let from = usize::try_from(series.first).unwrap_or(usize::MAX);
            for (at, value) in (from..sums.len()).zip(values) {
                // One that was not measured once is there all the same.
                pods[at].0 += 1;
                if value.is_finite() {
                    sums[at].used += f64::from(*value);
                    sums[at].asked += request.unwrap_or(0.0);
                    pods[at].1 += 1;
                }
            }
        }
        for (sum, (pods, known)) in sums.iter_mut().zip(pods) {
            sum.pods = sum.pods.max(pods);
            sum.known = sum.known.max(known);
        }
    }
}

/// Since when there have been as many pods as there may be and too much for them, if that
/// held all through the last minutes; a dip that is shorter does not end it.
fn held_since(seen: &Seen<'_>, factors: &[Factor], max: u32) -> Option<Held> {
    let least = last_minutes(seen);
    let holds = |it: &Factor| it.pods >= max && it.ratio > ABOVE;
    // The last slot may not be over for all of them.
    let factors = match factors {
        [all @ .., before, last] if last.pods < before.pods => &factors[..=all.len()],
        _ => factors,
    };
    let last = factors
        .len()
        .checked_sub(least)
        .map(|from| &factors[from..])?;
    if !last.iter().all(holds) {
        return None;
    }
    let (mut since, mut dip) = (factors.len(), 0);
    for (at, factor) in factors.iter().enumerate().rev() {
        if holds(factor) {
            (since, dip) = (at, 0);
        } else {
            dip += 1;
        }
        if dip >= least.max(2) {
            break;
        }
    }
    let mean = last.iter().map(|it| it.ratio).sum::<f64>() / len_f64(last.len());
    Some(Held {
        since: u32::try_from(since).ok()?,
        factor: mean,
    })
}

/// Slots of the last quarter of an hour.
fn last_minutes(seen: &Seen<'_>) -> usize {
    let slots = (MINUTES * 60).div_ceil(seen.grid.step.as_secs().max(1));
    usize::try_from(slots.max(1)).unwrap_or(1)
}
