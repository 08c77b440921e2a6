//! The user names a risk, kcost finds the size that keeps it.
//!
//! Three promises, three sizes. The **memory limit** is the peak and a margin
//! that replays of the past say is exceeded as rarely as promised ([`limit`],
//! [`tail`]). The **memory request** is as low as the joint use of what shares a
//! node allows ([`request`], [`joint`]). The **CPU request** is the level that
//! replays stay above for no more time than promised ([`cpu`]), and that leaves no
//! more of the work above it ([`work`]).
//!
//! Each starts from what a public trace has taught, and shrinks from there towards
//! what the cluster shows: the same container gets about the same size, whatever
//! else is looked at.

use std::sync::Arc;

use super::{Draft, Look, Looking, Strategy};
use crate::recommend::event::Events;
use crate::recommend::{
    About, Advice, Confidence, Lesson, NodeRisk, Options, Pool, Reason, Replayed as AsReplayed,
    Risk, Seen, Sizing, Targets,
};
use crate::snapshot::Grid;
use crate::units::{Bytes, Cpu, Span};

mod bounds;
mod chance;
mod cpu;
mod joint;
mod limit;
mod method;
mod peaks;
mod pieces;
mod pods;
mod replays;
mod request;
mod shared;
mod sorted;
mod sought;
mod sums;
mod tail;
mod taught;
mod together;
mod words;
mod work;

use bounds::Bounds;
pub use chance::Chances;
use cpu::{CpuSize, Replayed};
use limit::Limit;
use replays::Replays;
use request::{Bound, Request};
use words::Tie;

/// Share of the promised risk that a limit spends where it may be larger than
/// the request: such a limit costs nothing, so it need not go to the edge.
const SPENT_WHERE_FREE: f64 = 0.35;
pub(super) struct Calibrated;

pub(in crate::recommend) use pods::{Added, Layout};
pub(in crate::recommend) use shared::Shared;
pub use together::{Beside, Together};

impl Strategy for Calibrated {
    fn name(&self) -> &'static str {
        "calibrated"
    }

    fn summary(&self) -> &'static str {
        "sizes that keep a promised risk, tested on the past of each workload, its cohort and its nodes"
    }

    fn heeds_goal(&self) -> bool {
        true
    }

    fn goal_changes(&self) -> Option<&'static str> {
        Some("the risks that sizes may take")
    }

    fn look(&self, pool: &Pool<'_>, case: &Looking<'_>) -> Look {
        let bursts = case.options.of(pool.workload).options.targets;
        let bursts = bursts.cpu_work_over_request;
        Look::Past(Box::new(Past {
            cpu: Replayed::of(pool, &case.replays.0, case.grid, bursts),
            risen: bounds::level_since_rise(pool),
        }))
    }

    fn advise(&self, seen: &Seen<'_>, looks: Vec<Look>, options: &Options) -> Vec<Draft> {
        let past: Vec<Box<Past>> = looks.into_iter().filter_map(Look::past).collect();
        let asked: Vec<Asked> = seen
            .pools
            .iter()
            .map(|pool| Asked {
                targets: options.of(pool.workload).options.targets,
                tie: tie(pool, options),
                taught: Taught::of(pool, options),
                events: Arc::clone(&pool.events),
            })
            .collect();
        let replayed: Vec<&Replayed> = past.iter().map(|past| &past.cpu).collect();
        let replays = Replays::new(&seen.snapshot.usage.grid, 1, seen.horizon);
        let cpu = cpu::size(&replayed, &asked, replays.newer);
        let limits = limit::size(seen, &asked);
        let bounds: Vec<Option<Bounds>> = limits
            .iter()
            .zip(&asked)
            .zip(&past)
            .map(|((limit, asked), past)| {
                Some(Bounds::of(&asked.events, past.risen, limit.as_ref()?))
            })
            .collect();
        let searched: Vec<Option<Bound>> = bounds
            .iter()
            .zip(&limits)
            .zip(&asked)
            .map(|((bounds, limit), asked)| {
                Some(bounds.as_ref()?.bound(limit.as_ref()?, asked.tie.is_some()))
            })
            .collect();
        let overflow = options.targets.node_memory_overflow;
        let requests = request::size(&seen.shared, &searched, overflow);
        let sized = (0..seen.pools.len()).map(|index| {
            let sizes = Sizes {
                cpu: cpu[index],
                limit: limits[index].as_ref(),
                request: requests[index],
                bounds: bounds[index].unwrap_or_default(),
                asked: &asked[index],
            };
            sizes.draft()
        });
        sized.collect()
    }
}

/// What is found while a container's usage is at hand.
#[derive(Debug, Clone)]
pub struct Past {
    cpu: Replayed,
    /// What it has used of memory since its level rose.
    risen: Option<Bytes>,
}

/// The moments at which the past of CPU is played.
#[derive(Debug, Clone)]
pub(in crate::recommend) struct Moments(Replays);

impl Moments {
    pub(in crate::recommend) fn of(grid: &Grid, horizon: Span) -> Self {
        Self(Replays::new(grid, 1, horizon))
    }
}

/// What is asked of one container's sizes before any statistics.
struct Asked {
    targets: Targets,
    tie: Option<Tie>,
    taught: Taught,
    events: Arc<Events>,
}

/// What earlier runs taught about one container.
#[derive(Debug, Clone, Default)]
struct Taught {
    cpu: Option<Lesson>,
    memory: Option<Lesson>,
}

impl Taught {
    fn of(pool: &Pool<'_>, options: &Options) -> Self {
        let lesson = |about| {
            let lesson = options.learned.of(about, pool.kind);
            lesson.filter(|it| it.moves()).cloned()
        };
        Self {
            cpu: lesson(About::CpuRequest),
            memory: lesson(About::MemoryLimit),
        }
    }

    /// By this the risk that replays say is multiplied.
    fn cpu_factor(&self) -> f64 {
        self.cpu.as_ref().map_or(1.0, |it| it.factor)
    }

    fn memory_factor(&self) -> f64 {
        self.memory.as_ref().map_or(1.0, |it| it.factor)
    }
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
}

/// The memory that one container asks for, however that came about.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::recommend) struct MemorySize {
    pub(in crate::recommend) request: Bytes,
    pub(in crate::recommend) limit: Option<Bytes>,
}

/// What may happen to nodes within the horizon, at these sizes for each pool; `None`
/// where no node is known.
pub(in crate::recommend) fn node_risk(shared: &Shared, sizes: &[MemorySize]) -> Option<NodeRisk> {
    request::overflow(shared, sizes)
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
        options
            .of(pool.workload)
            .options
            .tie_memory
            .then_some(Tie::Policy)
    }
}

/// The three sizes of one container.
struct Sizes<'a> {
    cpu: Option<CpuSize>,
    limit: Option<&'a Limit>,
    request: Option<Request>,
    bounds: Bounds,
    asked: &'a Asked,
}

impl Sizes<'_> {
    fn draft(&self) -> Draft {
        let targets = &self.asked.targets;
        let mut reasons = Vec::new();
        reasons.extend(self.cpu.map(|size| words::cpu(&size, targets)));
        let tie = self.asked.tie;
        reasons.extend(
            self.request
                .map(|size| words::request(&size, tie, &self.bounds, targets)),
        );
        reasons.extend(self.limit.map(|limit| words::limit(limit, targets)));
        if reasons.is_empty() {
            reasons.push(Reason::new("no_usage", "no sample of CPU or memory"));
        }
        let lessons = &self.asked.taught;
        reasons.extend(self.cpu.zip(lessons.cpu.as_ref()).map(taught::cpu));
        let limit = self.limit.zip(lessons.memory.as_ref());
        reasons.extend(limit.map(taught::memory));
        reasons.extend(self.asked.events.reasons(tie.is_some()));
        Draft {
            sizing: self.sizing(),
            risk: Some(Risk {
                horizon: targets.horizon,
                memory_over_limit: self.limit.map(|limit| limit.risk),
                cpu_time_over_request: self.cpu.map(|size| size.time_over),
                cpu_work_over_request: self.cpu.map(|size| size.work_over),
                replayed: AsReplayed {
                    memory_over_limit: self.limit.and_then(|limit| limit.replayed),
                    cpu_time_over_request: self.cpu.map(|size| size.untaught),
                },
            }),
            methods: self.methods(),
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

    /// Without nodes, where its need is unknown, grows or is new, the method
    /// itself is in doubt.
    fn confidence(&self) -> Confidence {
        let nodes = self.request.is_none_or(|request| request.node.is_some());
        let events = &self.asked.events;
        let doubted =
            events.is_memory_censored() || events.growth.is_some() || events.has_newly_risen();
        if nodes && !doubted {
            Confidence::High
        } else {
            Confidence::Medium
        }
    }
}
