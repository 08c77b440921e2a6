//! Workloads as people know them: one for each owner, whatever templates it has.

use super::pick::Row;
use crate::finding::Severity;
use crate::pipeline::Analysis;
use crate::recommend::{Confidence, DataQuality, State};
use crate::snapshot::WorkloadId;
use crate::units::Money;

/// The rows of all templates of one owner; most have one.
pub(super) struct Whole<'a> {
    /// Never empty.
    pub(super) rows: Vec<Row<'a>>,
}

impl<'a> Whole<'a> {
    /// Every workload, by namespace, kind, name.
    pub(super) fn all(analysis: &'a Analysis<'a>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for row in Row::all(analysis) {
            match all.last_mut() {
                Some(whole) if whole.id().is_beside(&row.workload.id) => whole.rows.push(row),
                _ => all.push(Self { rows: vec![row] }),
            }
        }
        all
    }

    pub(super) fn id(&self) -> &'a WorkloadId {
        &self.rows[0].workload.id
    }

    /// What stands to be done: what is too small comes first, and one template
    /// that cannot be judged leaves a doubt where nothing else is to be done.
    pub(super) fn state(&self) -> State {
        let mut states: Vec<State> = self.rows.iter().map(|row| row.advice.state).collect();
        states.dedup();
        if let [state] = states.as_slice() {
            return *state;
        }
        let has = |state: State| states.contains(&state);
        if has(State::UnderProvisioned) {
            State::UnderProvisioned
        } else if has(State::OverProvisioned) || has(State::Idle) {
            State::OverProvisioned
        } else {
            State::Unknown
        }
    }

    pub(super) fn severity(&self) -> Severity {
        let all = self.rows.iter().map(|row| row.bill.severity);
        all.max().unwrap_or(Severity::None)
    }

    /// The least of what there is advice on.
    pub(super) fn confidence(&self) -> Confidence {
        let all = self.rows.iter().map(|row| row.advice.confidence);
        let judged = all.filter(|it| *it != Confidence::None);
        judged.min().unwrap_or(Confidence::None)
    }

    /// The worst of what there is advice on.
    pub(super) fn data_quality(&self) -> &'a DataQuality {
        let judged = self.rows.iter().map(|row| row.advice);
        let judged = judged.filter(|it| it.confidence != Confidence::None);
        let worst = judged.min_by_key(|advice| advice.data_quality.score);
        &worst.unwrap_or(self.rows[0].advice).data_quality
    }

    /// The cohort of the dearest template that has one.
    pub(super) fn cohort(&self) -> Option<&'a str> {
        let placed = self.rows.iter().filter(|row| row.cohort.is_some());
        let dearest = placed.reduce(|a, b| {
            if b.bill.current > a.bill.current {
                b
            } else {
                a
            }
        });
        dearest.and_then(|row| row.cohort)
    }

    pub(super) fn replicas(&self) -> u32 {
        let all = self.rows.iter().map(|row| row.workload.replicas);
        all.fold(0, u32::saturating_add)
    }

    pub(super) fn pods(&self) -> usize {
        self.rows.iter().map(|row| row.workload.pods.len()).sum()
    }

    pub(super) fn current(&self) -> Money {
        let costs = self.rows.iter().map(|row| row.bill.current);
        costs.fold(Money::ZERO, |sum, cost| sum + cost)
    }

    pub(super) fn savings(&self) -> Money {
        let savings = self.rows.iter().map(|row| row.bill.savings());
        savings.fold(Money::ZERO, |sum, one| sum + one)
    }
}
