//! Whether the cluster keeps the limits that its owners set: `--fail-on`.

use std::fmt;

use crate::pipeline::Analysis;

mod parse;
mod rules;

pub use parse::{ParseRuleError, parse};
pub use rules::ALL;

/// A number that a gate can hold against a limit.
///
/// Implement it in `rules.rs` or a file beside it and add the value to [`ALL`].
pub trait Rule: Sync {
    /// The name in `--fail-on NAME>LIMIT`. Never renamed.
    fn name(&self) -> &'static str;
    /// One line for the help.
    fn summary(&self) -> &'static str;
    fn unit(&self) -> Unit;
    /// The number of this analysis.
    fn measure(&self, analysis: &Analysis<'_>) -> f64;
    /// The amounts behind a share, as a person writes them, to recompute it.
    fn over(&self, _analysis: &Analysis<'_>) -> Option<String> {
        None
    }
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
#[derive(Clone, Copy)]
pub struct Threshold {
    pub rule: &'static dyn Rule,
    pub comparison: Comparison,
    /// In the rule's unit; a percentage as 0.30, a severity as its rank.
    pub limit: f64,
}

/// When a threshold fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Above,
    AtLeast,
}

/// A threshold held against an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// As a person writes it: `cost-waste>30%`.
    pub threshold: String,
    /// What was measured, as a person writes it: `41%`.
    pub measured: String,
    /// The amounts behind a share: `2 of 5 cores`.
    pub over: Option<String>,
    pub failed: bool,
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

/// Each threshold held against the analysis, in order.
pub fn judge(analysis: &Analysis<'_>, thresholds: &[Threshold]) -> Vec<Outcome> {
    thresholds
        .iter()
        .map(|threshold| threshold.judge(analysis))
        .collect()
}

/// One line for all outcomes: what a CI log ends with.
pub fn verdict(outcomes: &[Outcome]) -> String {
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.failed).collect();
    let list = |outcomes: &[&Outcome]| {
        let each = outcomes.iter().map(ToString::to_string);
        each.collect::<Vec<_>>().join(", ")
    };
    if failed.is_empty() {
        format!(
            "gate passed: {}",
            list(&outcomes.iter().collect::<Vec<_>>())
        )
    } else {
        format!("gate failed: {}", list(&failed))
    }
}
