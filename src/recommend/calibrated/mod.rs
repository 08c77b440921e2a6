//! The user names a risk, kcost finds the size that keeps it.
//!
//! Three promises, three sizes. The **memory limit** is the peak and a margin
//! that replays of the past say is exceeded as rarely as promised ([`limit`],
//! [`tail`]). The **memory request** is as low as the joint use of what shares a
//! node allows ([`request`], [`joint`]). The **CPU request** is the level that
//! replays stay above for no more time than promised ([`cpu`]). What a cohort
//! has shown counts for its members, filled up with what all have shown.

use super::event::Events;
use super::goal::{Goal, Targets};
use super::{Advice, Confidence, Draft, Options, Pool, Reason, Risk, Seen, Sizing, Strategy};
use crate::units::{Bytes, Cpu, Ratio, Span};

mod cpu;
mod folds;
mod joint;
mod limit;
mod packing;
mod pods;
mod request;
mod sorted;
mod tail;
mod words;

use cpu::CpuSize;
use limit::Limit;
use request::{Bound, Request};
use words::Tie;

/// Share of the promised risk that a limit spends where it may be larger than
/// the request: such a limit costs nothing, so it need not go to the edge.
const SPENT_WHERE_FREE: f64 = 0.5;
pub(super) struct Calibrated;

impl Strategy for Calibrated {
    fn name(&self) -> &'static str {
        "calibrated"
    }

    fn summary(&self) -> &'static str {
        "sizes that keep a promised risk, from replays of each workload, its cohort and its nodes"
    }

    fn heeds_goal(&self) -> bool {
        true
    }

    fn advise(&self, seen: &Seen<'_>, options: &Options) -> Vec<Draft> {
        let grid = &seen.snapshot.usage.grid;
        let horizon = options.targets.horizon;
        let asked: Vec<Asked> = seen
            .pools
            .iter()
            .map(|pool| Asked {
                targets: options.of(pool.workload).options.targets,
                tie: tie(pool, options),
                events: Events::of(pool, grid, horizon),
            })
            .collect();
        let cpu = cpu::size(seen, &asked, horizon);
        let limits = limit::size(seen, &asked, horizon);
        let bounds: Vec<Option<Bound>> = limits
            .iter()
            .zip(&asked)
            .map(|(limit, asked)| Some(asked.bound(limit.as_ref()?)))
            .collect();
        let requests = request::size(seen, &bounds, options.targets.node_memory_overflow, horizon);
        let sized = seen.pools.iter().enumerate().map(|(index, pool)| {
            let sizes = Sizes {
                cpu: cpu[index],
                limit: limits[index].as_ref(),
                request: requests[index],
                asked: &asked[index],
            };
            sizes.draft(pool, seen)
        });
        sized.collect()
    }
}

/// What is asked of one container's sizes before any statistics.
struct Asked {
    targets: Targets,
    tie: Option<Tie>,
    events: Events,
}

impl Asked {
    /// The risk that a limit may take. One that may be larger than the request
    /// costs nothing, so it need not go to the edge.
    fn limit_risk(&self) -> f64 {
        let spent = if self.tie.is_some() {
            1.0
        } else {
            SPENT_WHERE_FREE
        };
        self.targets.memory_over_limit * spent
    }

    fn bound(&self, limit: &Limit) -> Bound {
        let starved = self.events.is_memory_censored();
        Bound {
            limit: limit.size.to_f64(),
            // What it needs is unknown, so it is at least what it was seen to use.
            least: if starved { limit.peak.to_f64() } else { 0.0 },
            tied: self.tie.is_some(),
        }
    }
}

/// Probability that within the horizon the pods of a node together use more
/// than its allocatable memory, at these memory requests for each pool, however
/// they came about; `None` where no node is known.
pub(super) fn node_memory_overflow(
    seen: &Seen<'_>,
    requests: &[Bytes],
    horizon: Span,
) -> Option<Ratio> {
    request::overflow(seen, requests, horizon)
}

/// Whether the memory request must equal the limit.
fn tie(pool: &Pool<'_>, options: &Options) -> Option<Tie> {
    let pods = &pool.workload.pods;
    let guaranteed = pods
        .iter()
        .any(|pod| pod.qos.as_deref() == Some("Guaranteed"));
    if guaranteed {
        Some(Tie::Guaranteed)
    } else {
        let goal = options.of(pool.workload).options.goal;
        (goal == Goal::Reliability).then_some(Tie::Goal)
    }
}

/// The three sizes of one container.
struct Sizes<'a> {
    cpu: Option<CpuSize>,
    limit: Option<&'a Limit>,
    request: Option<Request>,
    asked: &'a Asked,
}

impl Sizes<'_> {
    fn draft(&self, pool: &Pool<'_>, seen: &Seen<'_>) -> Draft {
        let targets = &self.asked.targets;
        let cohort = pool
            .cohort
            .and_then(|cohort| seen.cohorts.groups.get(cohort));
        let cohort = cohort.map(|cohort| cohort.name.as_str());
        let mut reasons = Vec::new();
        reasons.extend(self.cpu.map(|size| words::cpu(&size, cohort, targets)));
        let tie = self.asked.tie;
        reasons.extend(self.request.map(|size| words::request(&size, tie, targets)));
        reasons.extend(self.limit.map(|limit| words::limit(limit, targets)));
        if reasons.is_empty() {
            reasons.push(Reason::new("no_usage", "no sample of CPU or memory"));
        }
        reasons.extend(self.asked.events.reasons());
        Draft {
            sizing: self.sizing(),
            risk: Some(Risk {
                horizon: targets.horizon,
                memory_over_limit: self.limit.map(|limit| limit.risk),
                cpu_time_over_request: self.cpu.map(|size| size.time_over),
            }),
            confidence: self.confidence(),
            reasons,
        }
    }

    fn sizing(&self) -> Sizing {
        let cpu = self.cpu.map(|size| Cpu::cores(size.request));
        let request = self.request.map(|request| Bytes::from_f64(request.size));
        let limit = self.limit.map(|limit| limit.size);
        let throttled = self.asked.events.cpu_limit_floor();
        Sizing {
            cpu_request: cpu.map_or(Advice::Keep, Advice::Set),
            cpu_limit: throttled.map_or(Advice::Keep, Advice::Set),
            memory_request: request.map_or(Advice::Keep, Advice::Set),
            memory_limit: limit.map_or(Advice::Keep, Advice::Set),
        }
    }

    /// Without nodes, or where its need is unknown, the method itself is in doubt.
    fn confidence(&self) -> Confidence {
        let nodes = self.request.is_none_or(|request| request.node.is_some());
        if nodes && !self.asked.events.is_memory_censored() {
            Confidence::High
        } else {
            Confidence::Medium
        }
    }
}
