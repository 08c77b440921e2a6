use super::Contender;
use super::interval::Share;
use super::judge::Outcome;
use crate::recommend::Targets;
use crate::units::Money;

/// A change smaller than this share is no change.
const CHANGED: f64 = 0.01;

/// How one contender did, mean over the origins.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub label: String,
    /// [`crate::recommend::Strategy::name`].
    pub strategy: &'static str,
    pub goal: &'static str,
    /// Workloads judged, counted once an origin.
    pub workloads: usize,
    /// Of them, those with enough history to advise from; the others kept their sizes.
    pub advised: usize,
    /// A month of the requests it advises.
    pub monthly: Money,
    /// A month of what it advises beyond what was used.
    pub monthly_slack: Money,
    /// CPU requests ÷ mean use; lower is cheaper.
    pub cpu_footprint: f64,
    /// Mean share of time above the CPU request, over containers.
    pub cpu_time_over: f64,
    /// Share of CPU work above the requests.
    pub cpu_work_over: f64,
    /// Containers above their CPU request more than 5 % of the time.
    pub cpu_often_over: Share,
    /// Memory requests ÷ mean use.
    pub memory_footprint: f64,
    /// Workloads with a working set above their memory limit: would-be OOM kills.
    pub over_limit: Share,
    /// Nodes that hold the memory requests; `None` where no node is known.
    pub nodes: Option<f64>,
    /// Nodes whose pods together used more than the node has.
    pub node_overflow: Option<Share>,
    /// Sizes that changed from one origin to the next; `None` with one origin.
    pub churn: Option<Share>,
    /// The mean of what it said would happen; `None` where it says nothing.
    pub promised_over_limit: Option<f64>,
    pub promised_time_over: Option<f64>,
    pub promised_overflow: Option<f64>,
    /// Whether it heeds the goal and its targets.
    pub heeds_goal: bool,
    /// The targets that it was asked to keep.
    pub targets: Targets,
}

/// Whether a promise was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Kept,
    /// Exceeded by more than chance explains.
    Broken,
    /// The strategy promises nothing.
    NoPromise,
}

impl Verdict {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::NoPromise => "none",
        }
    }

    fn of(promised: Option<f64>, kept: impl Fn(f64) -> bool) -> Self {
        match promised {
            None => Self::NoPromise,
            Some(promised) if kept(promised) => Self::Kept,
            Some(_) => Self::Broken,
        }
    }
}

impl Score {
    /// Workloads over their memory limit.
    pub fn memory_verdict(&self) -> Verdict {
        Verdict::of(self.promised_over_limit, |promised| {
            self.over_limit.keeps(promised)
        })
    }

    /// Time above the CPU request.
    pub fn cpu_verdict(&self) -> Verdict {
        Verdict::of(self.promised_time_over, |promised| {
            self.cpu_time_over <= promised
        })
    }

    /// Nodes that overflow; nothing promised, or nothing measured, is no promise.
    pub fn node_verdict(&self) -> Verdict {
        let promised = self.node_overflow.and(self.promised_overflow);
        Verdict::of(promised, |promised| {
            self.node_overflow
                .is_some_and(|share| share.keeps(promised))
        })
    }
}

/// The outcomes of one contender so far.
pub(super) struct Tally {
    outcomes: Vec<Outcome>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            outcomes: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    /// Sums over everything judged, means over the origins.
    pub(super) fn score(self, contender: &Contender) -> Score {
        let outcomes = &self.outcomes;
        let each = |measure: &dyn Fn(&Outcome) -> f64| {
            mean(
                outcomes
                    .iter()
                    .map(measure)
                    .filter(|value| value.is_finite()),
            )
        };
        let nodes = outcomes.iter().filter_map(|outcome| outcome.nodes);
        let packed: Vec<_> = nodes.collect();
        let pooled = |list: &dyn Fn(&Outcome) -> &Vec<f64>| {
            some_mean(
                outcomes
                    .iter()
                    .flat_map(|outcome| list(outcome).iter().copied()),
            )
        };
        let options = &contender.options;
        Score {
            label: contender.label.clone(),
            strategy: options.strategy.name(),
            goal: options.goal.name(),
            workloads: outcomes.iter().map(|outcome| outcome.workloads).sum(),
            advised: outcomes.iter().map(|outcome| outcome.advised).sum(),
            monthly: Money::from_f64(each(&|outcome| outcome.monthly)),
            monthly_slack: Money::from_f64(each(&|outcome| outcome.monthly_slack)),
            cpu_footprint: each(&|outcome| outcome.cpu.footprint()),
            cpu_time_over: each(&|outcome| mean(outcome.time_over.iter().copied())),
            cpu_work_over: each(&|outcome| outcome.work_over / outcome.cpu.used),
            cpu_often_over: often_over(outcomes),
            memory_footprint: each(&|outcome| outcome.memory.footprint()),
            over_limit: total(outcomes.iter().map(|outcome| outcome.over_limit)),
            nodes: some_mean(packed.iter().map(|packed| packed.nodes)),
            node_overflow: (!packed.is_empty())
                .then(|| total(packed.iter().map(|packed| packed.overflowed))),
            churn: churn(outcomes),
            promised_over_limit: pooled(&|outcome| &outcome.promised_over_limit),
            promised_time_over: pooled(&|outcome| &outcome.promised_time_over),
            promised_overflow: some_mean(outcomes.iter().filter_map(|o| o.promised_overflow)),
            heeds_goal: options.strategy.heeds_goal(),
            targets: options.targets,
        }
    }
}

fn total(shares: impl Iterator<Item = Share>) -> Share {
    shares.fold(Share::default(), Share::plus)
}

/// 0 where there is nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    some_mean(values).unwrap_or(0.0)
}

fn some_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

fn often_over(outcomes: &[Outcome]) -> Share {
    let over = outcomes.iter().flat_map(|outcome| &outcome.time_over);
    Share {
        hits: over.clone().filter(|share| **share > 0.05).count(),
        of: over.count(),
    }
}

/// Containers whose CPU or memory request is another one than at the origin before.
fn churn(outcomes: &[Outcome]) -> Option<Share> {
    if outcomes.len() < 2 {
        return None;
    }
    let moved = |before: f64, after: f64| (after - before).abs() > CHANGED * before;
    let mut share = Share::default();
    for pair in outcomes.windows(2) {
        for (before, after) in pair[0].sizes.iter().zip(&pair[1].sizes) {
            share.count(moved(before.2, after.2) || moved(before.3, after.3));
        }
    }
    Some(share)
}
