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
/// Samples of the last quarter of an hour that count, and as many at least.
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
            match above(seen, scaler, &pools) {
                Some(factor) if factor > ABOVE => {
                    self.risk(seen, (index, workload), scaler, factor)
                }
                Some(_) => Sought::fine(),
                None => Sought::unknown(
                    "autoscaler",
                    "at its maximum, whose metric kcost does not know",
                    "",
                ),
            }
        })
    }
}

impl AutoscalerAtMaximum {
    fn risk(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        scaler: &Autoscaler,
        factor: f64,
    ) -> Sought {
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
        let since = pinned_since(seen, workload, index, max);
        let text = format!(
            "autoscaler `{}` is at its maximum of {max}, with its metric {} above the target",
            scaler.name,
            percent_said(factor - 1.0)
        );
        let lasts = since.map(|slot| {
            len_f64(usize::try_from(seen.grid.len.saturating_sub(slot)).unwrap_or(0))
                * seen.grid.step.as_days()
        });
        Sought::risk(Risk {
            severity: if factor >= FAR_ABOVE {
                Severity::High
            } else {
                Severity::Medium
            },
            since: since.map(|slot| seen.grid.time(slot)),
            text: match lasts {
                Some(days) => format!("{text}, for {}", lasting(days)),
                None => text,
            },
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

/// Metric ÷ target of the last minutes, the largest of the metrics that can be known here:
/// use of CPU and memory, as a share of requests or as an amount.
fn above(seen: &Seen<'_>, scaler: &Autoscaler, pools: &[&Pool<'_>]) -> Option<f64> {
    let known = scaler.metrics.iter().filter_map(|metric| {
        let is_cpu = match (metric.kind.as_str(), metric.name.as_str()) {
            ("Resource" | "ContainerResource", "cpu") => true,
            ("Resource" | "ContainerResource", "memory") => false,
            _ => return None,
        };
        let counted = pools.iter().filter(|pool| {
            let name = metric.container.as_ref();
            name.is_none_or(|name| *name == pool.container.name)
        });
        let (mut used, mut asked, mut pods) = (0.0, 0.0, 0.0_f64);
        for pool in counted {
            let (sum, running) = recent(seen, pool, is_cpu);
            let request = if is_cpu {
                pool.container.requests.cpu.map(Cpu::get)
            } else {
                pool.container.requests.memory.map(Bytes::to_f64)
            };
            used += sum;
            asked += request.unwrap_or(0.0) * running;
            pods = pods.max(running);
        }
        let factor = match metric.target {
            Target::Utilization(percent) => used / (asked * f64::from(percent) / 100.0),
            Target::AverageValue(value) => used / (value * pods),
            Target::Value(_) => f64::NAN,
        };
        factor.is_finite().then_some(factor)
    });
    known.reduce(f64::max)
}

/// Use of all pods together in the last minutes, and how many pods that are.
fn recent(seen: &Seen<'_>, pool: &Pool<'_>, is_cpu: bool) -> (f64, f64) {
    let slots = (MINUTES * 60).div_ceil(seen.grid.step.as_secs().max(1));
    let from = seen.grid.len.saturating_sub(slots.max(1));
    let (mut sum, mut pods) = (0.0, 0.0);
    for series in &pool.series {
        let values = if is_cpu {
            &series.cpu_cores
        } else {
            &series.memory_bytes
        };
        let skip = usize::try_from(from.saturating_sub(series.first)).unwrap_or(usize::MAX);
        let known = values.iter().skip(skip).filter(|it| it.is_finite());
        let (total, count) = known.fold((0.0, 0), |(total, count), it| {
            (total + f64::from(*it), count + 1)
        });
        if count > 0 {
            sum += total / len_f64(count);
            pods += 1.0;
        }
    }
    (sum, pods)
}

/// The slot since which there have been as many pods as there may be.
fn pinned_since(seen: &Seen<'_>, workload: &Workload, index: usize, max: u32) -> Option<u32> {
    let first = workload
        .containers
        .iter()
        .find(|it| it.kind.name() == "app")?;
    let mut pods = vec![0_u32; usize::try_from(seen.grid.len).ok()?];
    for series in seen.pods_of(index, &first.name) {
        let from = usize::try_from(series.first).ok()?;
        let slots = pods.get_mut(from..).unwrap_or_default().iter_mut();
        for (slot, used) in slots.zip(&series.cpu_cores) {
            *slot += u32::from(used.is_finite());
        }
    }
    let below = pods.iter().rposition(|count| *count < max);
    let since = u32::try_from(below.map_or(0, |at| at + 1)).ok()?;
    (since < seen.grid.len).then_some(since)
}
