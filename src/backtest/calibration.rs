//! How closely promises were kept, and what became of each, for whoever learns from it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::judge::{Kept, Outcome};
use crate::learn::{Case, Held};
use crate::recommend::About;
use crate::units::{Span, len_f64};

/// One moment at which advice was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) time: Timestamp,
    pub(super) horizon: Span,
    /// The slot by which its promises are over.
    pub(super) until: u32,
}

/// How closely one promise was kept, over all containers and origins.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    pub about: About,
    /// Means over containers, counted once an origin.
    pub said: f64,
    pub came: f64,
    /// The mean distance between both within kinds of behaviour, weighted by containers:
    /// what is too much of one kind does not make up for what is too little of another.
    pub off_by_kind: f64,
    /// By kind, in the order of their names.
    pub kinds: Vec<OfKind>,
}

/// The same of one kind of behaviour.
#[derive(Debug, Clone, PartialEq)]
pub struct OfKind {
    /// `None` of those that are in no group.
    pub kind: Option<&'static str>,
    pub containers: usize,
    pub said: f64,
    pub came: f64,
}

impl Calibration {
    /// How far what came is from what was said.
    pub fn off(&self) -> f64 {
        (self.came - self.said).abs()
    }
}

/// Of each promise that was made.
pub(super) fn of(outcomes: &[Outcome]) -> Vec<Calibration> {
    let all = About::ALL.into_iter();
    all.filter_map(|about| one(about, outcomes)).collect()
}

fn one(about: About, outcomes: &[Outcome]) -> Option<Calibration> {
    let mut kinds: BTreeMap<Option<&'static str>, Vec<Held>> = BTreeMap::new();
    for kept in outcomes.iter().flat_map(|outcome| &outcome.kept) {
        if let Some(held) = told(about, kept) {
            kinds.entry(kept.kind).or_default().push(held);
        }
    }
    let all: usize = kinds.values().map(Vec::len).sum();
    if all == 0 {
        return None;
    }
    let kinds: Vec<OfKind> = kinds
        .into_iter()
        .map(|(kind, held)| {
            let count = len_f64(held.len());
            OfKind {
                kind,
                containers: held.len(),
                said: held.iter().map(|it| it.said).sum::<f64>() / count,
                came: held.iter().map(|it| it.came).sum::<f64>() / count,
            }
        })
        .collect();
    let weighted = |value: &dyn Fn(&OfKind) -> f64| {
        let sum: f64 = kinds
            .iter()
            .map(|it| value(it) * len_f64(it.containers))
            .sum();
        sum / len_f64(all)
    };
    Some(Calibration {
        about,
        said: weighted(&|it| it.said),
        came: weighted(&|it| it.came),
        off_by_kind: weighted(&|it| (it.came - it.said).abs()),
        kinds,
    })
}

/// What was promised, and what came.
fn told(about: About, kept: &Kept) -> Option<Held> {
    let risk = &kept.risk;
    match about {
        About::CpuRequest => Held::of(risk.cpu_time_over_request, kept.time_over),
        About::MemoryLimit => Held::of_event(risk.memory_over_limit, kept.over_limit),
    }
}

/// What became of the promises of one origin.
pub(super) fn cases(at: Origin, outcome: &Outcome) -> Vec<Case> {
    let cases = outcome.kept.iter().map(|kept| {
        let replayed = kept.risk.replayed;
        Case {
            workload: kept.workload.to_string(),
            kind: kept.kind.map(str::to_owned),
            at: at.time,
            horizon: at.horizon,
            cpu_request: Held::of(replayed.cpu_time_over_request, kept.time_over),
            memory_limit: Held::of_event(replayed.memory_over_limit, kept.over_limit),
        }
    });
    cases.collect()
}
