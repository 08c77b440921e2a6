use std::cmp::Reverse;

use jiff::Timestamp;

use super::{ALL, Risk, Seen, Sought};
use crate::finding::{Finding, Severity};
use crate::snapshot::Gap;
use crate::units::Span;

/// Everything that checks found in the window, what needs you first in front.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Risks {
    pub found: Vec<Risk>,
    /// What could not be checked, by check.
    pub gaps: Vec<Gap>,
    /// The end of the window.
    pub now: Timestamp,
}

/// Which risks are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// Of these checks; of all where there is none.
    pub checks: Vec<&'static str>,
    /// Also what was over by the end of the window, but no longer ago than this.
    pub since: Option<Span>,
    /// Also what was over by the end of the window, however long ago.
    pub all: bool,
}

/// Runs every check on all that is seen.
pub fn find(seen: &Seen<'_>) -> Risks {
    Risks::of(seen.now, ALL.iter().map(|check| check.look(seen)))
}

impl Risk {
    /// What needs someone first: what goes on, the worst, the soonest; then by name, so
    /// that the order is always the same. What is bad and has no time hurts already; what
    /// is not waits for something that may never come.
    fn order(&self) -> impl Ord + '_ {
        let over = self.until.unwrap_or(Timestamp::MAX);
        let timeless = if self.severity >= Severity::Medium {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        let impact = self.impact.map_or(timeless, |impact| impact.at);
        let name = (&self.subject, &self.container, self.check, self.since);
        (Reverse((over, self.severity)), impact, name)
    }

    /// Whether it was there at the end of the window.
    pub fn goes_on(&self) -> bool {
        self.until.is_none()
    }
}

impl Risks {
    /// What each check found, in the order of [`ALL`].
    pub(super) fn of(now: Timestamp, sought: impl IntoIterator<Item = Sought>) -> Self {
        let mut risks = Self {
            now,
            ..Self::default()
        };
        for (check, sought) in ALL.iter().zip(sought) {
            risks.gaps.extend(sought.gaps(check.name()));
            risks.found.extend(sought.risks);
        }
        risks.found.sort_by(|a, b| a.order().cmp(&b.order()));
        risks
    }

    /// Those that are asked for, in the same order.
    pub fn chosen(&self, choice: &Choice) -> Vec<&Risk> {
        let wanted = |risk: &&Risk| {
            let of_check = choice.checks.is_empty() || choice.checks.contains(&risk.check);
            of_check && self.is_recent(risk, choice)
        };
        self.found.iter().filter(wanted).collect()
    }

    fn is_recent(&self, risk: &Risk, choice: &Choice) -> bool {
        let (Some(until), false) = (risk.until, choice.all) else {
            return true;
        };
        let passed = self.now.duration_since(until).as_secs();
        let most = choice.since.map(|since| i64::from(since.as_secs()));
        most.is_some_and(|most| passed <= most)
    }

    /// What goes on with workloads, as findings.
    pub fn findings(&self) -> impl Iterator<Item = Finding> {
        let now = self.found.iter().filter(|risk| risk.goes_on());
        now.filter_map(Risk::finding)
    }

    /// What goes on.
    pub fn now(&self) -> Vec<&Risk> {
        self.found.iter().filter(|risk| risk.goes_on()).collect()
    }

    /// What goes on with one workload, by its index.
    pub fn of_workload(&self, workload: usize) -> Vec<&Risk> {
        let mut now = self.now();
        now.retain(|risk| risk.workload == Some(workload));
        now
    }

    /// The gaps of these checks.
    pub fn gaps_of(&self, choice: &Choice) -> Vec<&Gap> {
        let of = |gap: &&Gap| {
            choice.checks.is_empty() || choice.checks.iter().any(|it| *it == gap.subject)
        };
        self.gaps.iter().filter(of).collect()
    }

    /// The worst that goes on.
    pub fn worst(&self) -> Severity {
        let now = self.found.iter().filter(|risk| risk.goes_on());
        now.map(|risk| risk.severity)
            .max()
            .unwrap_or(Severity::None)
    }

    /// Leaves what is about workloads that are kept, and what is about none; `moved` says
    /// where a workload stands afterwards.
    pub fn retain(&mut self, moved: impl Fn(usize) -> Option<usize>) {
        self.found.retain_mut(|risk| {
            if let Some(workload) = risk.workload {
                risk.workload = moved(workload);
                return risk.workload.is_some();
            }
            if risk.concerns.is_empty() {
                return true;
            }
            let kept = risk.concerns.iter().filter_map(|it| moved(*it));
            risk.concerns = kept.collect();
            !risk.concerns.is_empty()
        });
    }
}
