//! Which workloads a report lists, and in which order. Never touches the summary.

use std::cmp::Reverse;

use super::pick::Row;
use super::urgent::{is_worth, most_urgent, urgent_first};
use super::whole::Whole;
use crate::finding::Severity;
use crate::pipeline::Analysis;
use crate::recommend::State;
use crate::units::Money;

/// Which workloads are listed; the default is all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// Any of these; empty means every state.
    pub states: Vec<State>,
    /// At least this severe.
    pub severity: Option<Severity>,
    /// At least this much freed a month.
    pub min_freed: Option<Money>,
    /// `None` leaves the order to the format.
    pub sort: Option<Sort>,
    /// Only the first of them.
    pub top: Option<usize>,
}

/// An order of workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Namespace, kind, name.
    Name,
    /// What the advice frees, most first.
    Freed,
    /// What it costs now, most first.
    Cost,
    /// Most severe first, then freed.
    Severity,
}

impl Sort {
    pub const ALL: [Self; 4] = [Self::Freed, Self::Cost, Self::Severity, Self::Name];

    /// The `--sort` value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Freed => "freed",
            Self::Cost => "cost",
            Self::Severity => "severity",
        }
    }

    /// The order of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        // What it was called before.
        let name = if name == "savings" { "freed" } else { name };
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }

    /// Sorts workloads that are in order of their names; equals stay in that order.
    pub(super) fn apply(self, all: &mut [Whole<'_>]) {
        match self {
            Self::Name => {}
            Self::Freed => all.sort_by_key(|it| Reverse(it.savings())),
            Self::Cost => all.sort_by_key(|it| Reverse(it.current())),
            Self::Severity => all.sort_by_key(|it| Reverse((it.severity(), it.savings()))),
        }
    }
}

impl View {
    /// Whether it asks for workloads of some sort, rather than for the first of all.
    pub fn narrows(&self) -> bool {
        !self.states.is_empty() || self.severity.is_some() || self.min_freed.is_some()
    }

    /// The workloads that are listed, by name unless the view sorts them; the first of them
    /// are the most urgent, then those that free the most.
    pub(super) fn workloads<'a>(&self, analysis: &'a Analysis<'a>) -> Vec<Whole<'a>> {
        let mut all = self.matching(analysis);
        let top = self.top.unwrap_or(usize::MAX);
        match self.sort {
            Some(sort) => {
                sort.apply(&mut all);
                all.truncate(top);
            }
            None if top < all.len() => {
                most_urgent(&mut all, top, (analysis, !self.states.is_empty()));
            }
            None => {}
        }
        all
    }

    /// What is in danger, then what frees the most, unless the view sorts otherwise.
    pub(super) fn worth_acting_on<'a>(&self, analysis: &'a Analysis<'a>) -> Vec<Whole<'a>> {
        let mut all = self.matching(analysis);
        // Who asks for a state gets it, even one that needs nothing.
        if self.states.is_empty() {
            all.retain(|it| is_worth(it, analysis));
        }
        match self.sort {
            Some(sort) => sort.apply(&mut all),
            None => urgent_first(&mut all),
        }
        all
    }

    /// The rows of the workloads that changes are made of: where only the first are asked
    /// for, those of the report. By name unless the view sorts them.
    pub(super) fn to_change<'a>(&self, analysis: &'a Analysis<'a>) -> Vec<Row<'a>> {
        let Some(top) = self.top else {
            return self.rows(analysis);
        };
        let mut all = self.worth_acting_on(analysis);
        all.truncate(top);
        if self.sort.is_none() {
            all.sort_by_key(|it| it.rows[0].advice.workload);
        }
        all.into_iter().flat_map(|whole| whole.rows).collect()
    }

    /// The rows of the workloads that are listed.
    pub(super) fn rows<'a>(&self, analysis: &'a Analysis<'a>) -> Vec<Row<'a>> {
        let all = self.workloads(analysis).into_iter();
        all.flat_map(|whole| whole.rows).collect()
    }

    /// The workloads of the right state, severity and savings, by name. The state
    /// is that of any of its templates.
    pub(super) fn matching<'a>(&self, analysis: &'a Analysis<'a>) -> Vec<Whole<'a>> {
        let mut all = Whole::all(analysis);
        all.retain(|it| {
            let mut states = it.rows.iter().map(|row| row.advice.state);
            (self.states.is_empty() || states.any(|state| self.states.contains(&state)))
                && self.severity.is_none_or(|least| it.severity() >= least)
                && self.min_freed.is_none_or(|least| it.savings() >= least)
        });
        all
    }
}
