use std::collections::BTreeMap;

use super::Contender;
use super::calibration::{self, Calibration, Origin};
use super::interval::{MeanShare, Share};
use super::judge::{Outcome, TimeOver};
use super::node::Packed;
use super::origins::Origins;
use crate::learn::{self, Case};
use crate::recommend::{Confidence, Learned, Targets};
use crate::units::{Money, len_f64};

/// A change smaller than this share is no change.
const CHANGED: f64 = 0.01;
/// More of the time above the request than this is often.
const OFTEN: f64 = 0.05;

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
    pub cpu_time_over: MeanShare,
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
    /// Nodes whose pods used more than the node has.
    pub node_overflow: Option<Share>,
    /// Of them, those that pods filled which each fit alone.
    pub node_overflow_together: Option<Share>,
    /// Those that one pod filled alone, which no request prevents.
    pub node_overflow_alone: Option<Share>,
    /// Sizes that changed from one origin to the one a horizon later; `None` where
    /// there is none.
    pub churn: Option<Share>,
    /// The mean of what it said would happen; `None` where it says nothing.
    pub promised_over_limit: Option<f64>,
    pub promised_time_over: Option<f64>,
    pub promised_overflow: Option<f64>,
    /// What happened by how far the advice was to be trusted, most first.
    pub by_confidence: Vec<Trusted>,
    /// Whether it heeds the goal and its targets.
    pub heeds_goal: bool,
    /// See [`crate::recommend::Strategy::goal_changes`].
    pub goal_changes: Option<&'static str>,
    /// The targets that it was asked to keep.
    pub targets: Targets,
    /// Whether guards corrected its sizes.
    pub guards: bool,
    /// How closely its promises were kept.
    pub calibration: Vec<Calibration>,
    /// Whether origins learned from those before, and of how many anything was learned.
    pub learning: Option<usize>,
}

/// What happened to advice of one confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trusted {
    pub confidence: Confidence,
    /// Containers with a CPU request, counted once an origin.
    pub containers: usize,
    /// Mean share of time above the CPU request, over them.
    pub cpu_time_over: f64,
    /// Mean share of their CPU work above it.
    pub cpu_work_over: f64,
    /// Workloads with a working set above their memory limit.
    pub over_limit: Share,
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
            self.cpu_time_over.keeps(promised)
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
    /// What became of promises, and the slot by which that is known.
    cases: Vec<(u32, Vec<Case>)>,
    /// Origins at which something was learned.
    taught: usize,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            outcomes: Vec::new(),
            cases: Vec::new(),
            taught: 0,
        }
    }

    /// What is learned by this slot: from origins whose horizon is over.
    pub(super) fn taught(&self, by: u32) -> Learned {
        let over = self.cases.iter().filter(|(until, _)| *until <= by);
        let cases: Vec<Case> = over.flat_map(|(_, cases)| cases.iter().cloned()).collect();
        learn::lessons(&cases)
    }

    pub(super) fn add(&mut self, at: Origin, outcome: Outcome, learned: &Learned) {
        self.taught += usize::from(!learned.lessons().is_empty());
        self.cases
            .push((at.until, calibration::cases(at, &outcome)));
        self.outcomes.push(outcome);
    }

    /// Sums over everything judged, means over the origins.
    pub(super) fn score(self, contender: &Contender, origins: &Origins) -> Score {
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
        // Horizons overlap: together they are fewer.
        let fewer = origins.independent() / len_f64(origins.slots.len());
        let overflow = |share: &dyn Fn(&Packed) -> Share| {
            let all = total(packed.iter().map(share)).thinned(fewer);
            (!packed.is_empty()).then_some(all)
        };
        let time_over = || outcomes.iter().flat_map(|outcome| &outcome.time_over);
        let promised_over_limit = outcomes.iter().flat_map(|o| &o.promised_over_limit);
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
            cpu_time_over: mean_over(time_over(), origins.independent()),
            cpu_work_over: each(&|outcome| outcome.work_over / outcome.cpu.used),
            cpu_often_over: often_over(time_over()).thinned(fewer),
            memory_footprint: each(&|outcome| outcome.memory.footprint()),
            over_limit: total(outcomes.iter().map(|outcome| outcome.over_limit)).thinned(fewer),
            nodes: some_mean(packed.iter().map(|packed| packed.nodes)),
            node_overflow: overflow(&Packed::any),
            node_overflow_together: overflow(&|packed| packed.together),
            node_overflow_alone: overflow(&|packed| packed.alone),
            churn: churn(outcomes, origins.in_a_horizon).map(|churn| churn.thinned(fewer)),
            promised_over_limit: some_mean(promised_over_limit.copied()),
            promised_time_over: some_mean(time_over().filter_map(|over| over.promised)),
            promised_overflow: some_mean(outcomes.iter().filter_map(|o| o.promised_overflow)),
            by_confidence: by_confidence(outcomes),
            heeds_goal: options.strategy.heeds_goal(),
            goal_changes: options.strategy.goal_changes(),
            targets: options.targets,
            guards: options.guards,
            calibration: calibration::of(outcomes),
            learning: contender.learning.then_some(self.taught),
        }
    }
}

fn by_confidence(outcomes: &[Outcome]) -> Vec<Trusted> {
    let levels = [Confidence::High, Confidence::Medium, Confidence::Low];
    let trusted = levels.into_iter().map(|confidence| {
        let time = outcomes.iter().flat_map(|outcome| &outcome.time_over);
        let time: Vec<_> = time.filter(|it| it.confidence == confidence).collect();
        let mut over_limit = Share::default();
        let limits = outcomes.iter().flat_map(|outcome| &outcome.over_limit_by);
        limits
            .filter(|(of, _)| *of == confidence)
            .for_each(|(_, over)| over_limit.count(*over));
        Trusted {
            confidence,
            containers: time.len(),
            cpu_time_over: mean(time.iter().map(|it| it.share)),
            cpu_work_over: mean(time.iter().map(|it| it.work)),
            over_limit,
        }
    });
    let any = |it: &Trusted| it.containers > 0 || it.over_limit.of > 0;
    trusted.filter(any).collect()
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

fn often_over<'a>(over: impl Iterator<Item = &'a TimeOver>) -> Share {
    let mut share = Share::default();
    over.for_each(|over| share.count(over.share > OFTEN));
    share
}

/// The mean over all, as sure as containers agree on how far they were from what
/// was promised; of each, all origins are one case.
fn mean_over<'a>(over: impl Iterator<Item = &'a TimeOver> + Clone, horizons: f64) -> MeanShare {
    let mut apart: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for one in over.clone() {
        let promised = one.promised.unwrap_or(0.0);
        apart.entry(one.of).or_default().push(one.share - promised);
    }
    let apart: Vec<f64> = apart
        .into_values()
        .map(|each| mean(each.into_iter()))
        .collect();
    MeanShare::of(mean(over.map(|over| over.share)), &apart, horizons)
}

/// Containers whose CPU or memory request is another one than a horizon before.
fn churn(outcomes: &[Outcome], in_a_horizon: usize) -> Option<Share> {
    let moved = |before: f64, after: f64| (after - before).abs() > CHANGED * before;
    let mut share = Share::default();
    for (before, after) in outcomes.iter().zip(outcomes.iter().skip(in_a_horizon)) {
        for (before, after) in before.sizes.iter().zip(&after.sizes) {
            share.count(moved(before.2, after.2) || moved(before.3, after.3));
        }
    }
    (share.of > 0).then_some(share)
}
