//! Whether the cluster keeps the limits that its owners set: `--fail-on`.

use std::fmt;

use crate::plan::Banked;
use crate::price::{Bill, Part, WorkloadBill};
use crate::profile::Profile;
use crate::recommend::{Advised, State, WorkloadAdvice};
use crate::risk::{Risk, Risks};
use crate::snapshot::Snapshot;
use crate::units::Money;

mod parse;
mod rules;
mod scope;

pub use parse::{ParseRuleError, parse};
pub use rules::ALL;
pub use scope::Scope;

/// A number that a gate can hold against a limit.
///
/// Implement it in `rules.rs` or a file beside it and add the value to [`ALL`].
pub trait Rule: Sync {
    /// The name in `--fail-on NAME>LIMIT`.
    fn name(&self) -> &'static str;
    /// What it was called before: taken for ever.
    fn old_name(&self) -> Option<&'static str> {
        None
    }
    /// One line for the help.
    fn summary(&self) -> &'static str;
    fn unit(&self) -> Unit;
    /// The resources whose use must be known of a workload that it judges.
    fn needs(&self) -> Needs {
        Needs::Either
    }
    /// Whether a part of the cluster takes a plan of nodes of its own.
    fn takes_plan(&self) -> bool {
        false
    }
    /// The number itself, in the rule's unit.
    fn measure(&self, within: &Within<'_>) -> f64;
    /// Whether there is such a number.
    fn is_known(&self, _within: &Within<'_>) -> bool {
        true
    }
    /// The amounts behind a share, as a person writes them, to recompute it.
    fn over(&self, _within: &Within<'_>) -> Option<String> {
        None
    }
}

/// What rules measure.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub snapshot: &'a Snapshot,
    pub profiles: &'a [Profile],
    pub advised: &'a Advised,
    pub bill: &'a Bill,
    pub banked: Option<&'a Banked>,
    /// For each threshold what is banked within its scope, where it has one and that is known.
    pub banked_within: &'a [Option<Money>],
    pub risks: &'a Risks,
}

/// What of it a threshold is about.
pub struct Within<'a> {
    seen: &'a Seen<'a>,
    /// The workloads in scope; all of them without.
    chosen: Option<Vec<bool>>,
    part: Part,
    banked: Option<Money>,
}

/// Resources without whose use a rule has nothing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Cpu,
    Memory,
    Both,
    /// Any of the two.
    Either,
}

/// How a limit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `30%`.
    Percent,
    /// `100`, in the currency of the report.
    Money,
    /// `3`.
    Count,
    /// `high`.
    Severity,
}

/// One limit.
#[derive(Clone)]
pub struct Threshold {
    pub rule: &'static dyn Rule,
    /// What the rule is called here: its name, or its old one.
    pub name: &'static str,
    pub comparison: Comparison,
    /// In the rule's unit; a percentage as 0.30, a severity as its rank.
    pub limit: f64,
    /// The part of the cluster that it is about; all of it without.
    pub scope: Option<Scope>,
}

/// When a threshold fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Above,
    AtLeast,
}

/// A threshold held against what was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The name of the rule.
    pub rule: &'static str,
    pub comparison: Comparison,
    /// In the rule's unit, see [`Threshold::limit`].
    pub limit: f64,
    /// What was measured, in the same unit.
    pub value: f64,
    /// As a person writes it: `cost-waste>30%`.
    pub threshold: String,
    /// The part of the cluster that it is about, `namespace:shop`.
    pub scope: Option<String>,
    /// Workloads that it is about.
    pub workloads: usize,
    /// What was measured, as a person writes it: `41%`.
    pub measured: String,
    /// The amounts behind a share: `2 of 5 cores`.
    pub over: Option<String>,
    pub failed: bool,
    /// Whether enough could be judged for a verdict. What is not judged never fails,
    /// and is no pass either.
    pub judged: bool,
    /// Share of the value of all requests that is of workloads that could be judged.
    pub judged_share: f64,
}

impl Outcome {
    /// Whether enough could be judged, and the limit is kept.
    pub fn passed(&self) -> bool {
        self.judged && !self.failed
    }
}

impl Comparison {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// `cost-waste>30% (41%, $410.00 of $1,000.00 a month)`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.threshold, self.measured)?;
        if let Some(over) = &self.over {
            write!(f, ", {over}")?;
        }
        f.write_str(")")
    }
}

/// The names of [`ALL`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|rule| rule.name()).collect()
}

/// Each threshold held against what is seen, in order; no verdict is given where less
/// than `min_judged` of the value of all requests that it is about could be judged, 0 to 1.
pub fn judge(seen: &Seen<'_>, thresholds: &[Threshold], min_judged: f64) -> Vec<Outcome> {
    let judge = |(at, threshold): (usize, &Threshold)| {
        let banked = seen.banked_within.get(at).copied().flatten();
        let within = Within::new(seen, threshold.scope.as_ref(), banked);
        let share = within.judged_share(threshold.rule.needs());
        let known = threshold.rule.is_known(&within);
        let judged = known && share > 0.0 && share >= min_judged;
        threshold.judge(&within, judged, share)
    };
    thresholds.iter().enumerate().map(judge).collect()
}

impl<'a> Within<'a> {
    fn new(seen: &'a Seen<'a>, scope: Option<&Scope>, banked: Option<Money>) -> Self {
        let chosen = scope.map(|scope| {
            let workloads = seen.snapshot.workloads.iter();
            workloads.map(|it| scope.holds(it)).collect::<Vec<bool>>()
        });
        let means = |at: &usize| chosen.as_ref().is_none_or(|it| it.get(*at) == Some(&true));
        let part = seen.bill.part((0..seen.bill.workloads.len()).filter(means));
        let banked = match &chosen {
            None => seen.banked.and_then(|it| it.monthly),
            Some(_) => banked,
        };
        Self {
            seen,
            chosen,
            part,
            banked,
        }
    }

    fn means(&self, workload: usize) -> bool {
        let chosen = self.chosen.as_ref();
        chosen.is_none_or(|it| it.get(workload) == Some(&true))
    }

    /// Workloads in scope.
    fn workloads(&self) -> impl Iterator<Item = (&'a WorkloadAdvice, &'a WorkloadBill)> + '_ {
        let workloads = self.seen.advised.workloads.iter();
        let each = workloads.zip(&self.seen.bill.workloads).enumerate();
        each.filter(|(at, _)| self.means(*at)).map(|(_, it)| it)
    }

    /// What goes on with workloads in scope, and what is about more than one of them.
    fn risks(&self) -> impl Iterator<Item = &'a Risk> + '_ {
        let now = self.seen.risks.found.iter().filter(|it| it.goes_on());
        now.filter(|risk| match (risk.workload, &self.chosen) {
            (_, None) => true,
            (Some(workload), _) => self.means(workload),
            (None, _) => risk.concerns.iter().any(|it| self.means(*it)),
        })
    }

    /// Share of the value of all requests that is of workloads that could be judged; of
    /// the workloads, where nothing is requested.
    fn judged_share(&self, needs: Needs) -> f64 {
        let share = |worth: &dyn Fn(&WorkloadBill) -> f64| {
            let known = |advice: &WorkloadAdvice| {
                advice.state != State::Unknown && needs.are_met(advice, self.seen)
            };
            let all: f64 = self.workloads().map(|(_, bill)| worth(bill)).sum();
            let judged = self.workloads().filter(|(advice, _)| known(advice));
            let judged: f64 = judged.map(|(_, bill)| worth(bill)).sum();
            // An empty sum is −0.
            (all > 0.0).then(|| judged / all + 0.0)
        };
        share(&|bill| bill.current.to_f64())
            .or_else(|| share(&|_| 1.0))
            .unwrap_or(0.0)
    }
}

impl Needs {
    /// Whether use of what is needed is known of any container.
    fn are_met(self, advice: &WorkloadAdvice, seen: &Seen<'_>) -> bool {
        let profiles = || {
            let containers = advice.containers.iter();
            containers.map(|it| seen.profiles.get(it.profile))
        };
        let cpu = || profiles().any(|profile| profile.is_none_or(|it| it.cpu.is_some()));
        let memory = || profiles().any(|profile| profile.is_none_or(|it| it.memory.is_some()));
        match self {
            Self::Cpu => cpu(),
            Self::Memory => memory(),
            Self::Both => cpu() && memory(),
            Self::Either => true,
        }
    }
}

/// One line for all outcomes: what a CI log ends with.
pub fn verdict(outcomes: &[Outcome]) -> String {
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.failed).collect();
    let list = |outcomes: &[&Outcome]| {
        let each = outcomes.iter().map(ToString::to_string);
        each.collect::<Vec<_>>().join(", ")
    };
    let all: Vec<&Outcome> = outcomes.iter().collect();
    let share = all.iter().map(|it| it.judged_share).reduce(f64::min);
    let share = share.unwrap_or(0.0);
    let percent = (share * 100.0).floor();
    let unjudged = all.iter().filter(|outcome| !outcome.judged);
    let unjudged: Vec<&str> = unjudged.map(|it| it.threshold.as_str()).collect();
    if failed.is_empty() && !unjudged.is_empty() {
        let nobody = outcomes.iter().find(|it| it.workloads == 0);
        let why = match nobody.and_then(|it| it.scope.as_deref()) {
            Some(scope) => format!("there is no workload in {scope}"),
            None => format!("{percent}% of requests could be judged"),
        };
        return format!("gate not judged: {} ({why})", unjudged.join(", "));
    }
    let part = if share < 0.995 {
        format!("; judged on {percent}% of requests")
    } else {
        String::new()
    };
    if failed.is_empty() {
        format!("gate passed: {}{part}", list(&all))
    } else {
        format!("gate failed: {}{part}", list(&failed))
    }
}
