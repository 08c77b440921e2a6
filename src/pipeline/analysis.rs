//! What a report is made from: a section for each capability.

use crate::cohort::Cohorts;
use crate::costs::{By, Shares};
use crate::finding::Finding;
use crate::forecast::Clock;
use crate::gate::{Outcome, Threshold};
use crate::gpu::Gpus;
use crate::plan::Banked;
use crate::price::{Bill, Book};
use crate::profile::Profile;
use crate::recommend::{self, Advised};
use crate::risk::Risks;
use crate::schedule::Peak;
use crate::snapshot::Snapshot;

/// What the user decides about an analysis.
#[derive(Clone)]
pub struct Settings {
    pub recommend: recommend::Options,
    pub prices: Book,
    pub thresholds: Vec<Threshold>,
    /// Share of the value of all requests that must be judged for a verdict of the gate,
    /// 0 to 1.
    pub min_judged: f64,
    /// Whether to say what of freed requests really leaves the bill, which takes a plan of
    /// nodes.
    pub bank: bool,
    /// What workloads are grouped by beside their list.
    pub by: Option<By>,
    /// What days and weeks are counted in, where a workload has no clock of its own.
    pub clock: Clock,
    /// Whether to look at peaks and accelerators too, beside sizes and risks.
    pub beside: bool,
}

impl Settings {
    /// Without a gate, at the default prices.
    pub fn new(recommend: recommend::Options) -> Self {
        Self {
            recommend,
            prices: Book::default(),
            thresholds: Vec::new(),
            min_judged: 0.0,
            bank: false,
            by: None,
            clock: Clock::default(),
            beside: true,
        }
    }
}

/// Everything that kcost has to say about a snapshot.
///
/// Beside the snapshot and the settings each field is the section of one room: its own
/// type, filled by one line of [`super::report`] and shown by one line of each renderer.
/// A capability that is not always asked for, or not always possible, is an `Option`.
pub struct Analysis<'a> {
    pub snapshot: &'a Snapshot,
    pub settings: &'a Settings,
    pub profiles: Vec<Profile>,
    pub cohorts: Cohorts,
    pub advised: Advised,
    pub bill: Bill,
    /// Where it was asked for.
    pub banked: Option<Banked>,
    /// Where it was asked for.
    pub shares: Option<Shares>,
    pub risks: Risks,
    /// That are known to come, and that the advised sizes alone do not hold.
    pub peaks: Vec<Peak>,
    pub gpus: Gpus,
    /// Of all rooms, in the order of the workloads.
    pub findings: Vec<Finding>,
    /// One for each threshold.
    pub outcomes: Vec<Outcome>,
}

impl Analysis<'_> {
    /// The peak that the advised sizes of a workload do not hold, by its index in the snapshot.
    pub fn peak_of(&self, workload: usize) -> Option<&Peak> {
        self.peaks.iter().find(|it| it.workload == workload)
    }

    /// The findings on one workload, by its index in the snapshot.
    pub fn findings_on(&self, workload: usize) -> &[Finding] {
        let first = self.findings.partition_point(|it| it.workload < workload);
        let rest = &self.findings[first..];
        &rest[..rest.partition_point(|it| it.workload == workload)]
    }
}
