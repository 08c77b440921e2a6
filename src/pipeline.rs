//! The stages in order, nothing else. The only file that names them all.

use crate::cohort::{self, Cohorts};
use crate::gate::{self, Outcome, Threshold};
use crate::price::{self, Bill, PriceSource};
use crate::profile::{self, Profile};
use crate::progress::Progress;
use crate::recommend::{self, Advised};
use crate::snapshot::Snapshot;

/// What the user decides about an analysis.
pub struct Settings {
    pub recommend: recommend::Options,
    pub prices: &'static dyn PriceSource,
    pub thresholds: Vec<Threshold>,
}

/// Everything that kcost has to say about a snapshot.
pub struct Analysis<'a> {
    pub snapshot: &'a Snapshot,
    pub settings: &'a Settings,
    pub profiles: Vec<Profile>,
    pub cohorts: Cohorts,
    pub advised: Advised,
    pub bill: Bill,
    /// One for each threshold.
    pub outcomes: Vec<Outcome>,
}

/// The same snapshot and settings give the same analysis, bit for bit.
pub fn analyze<'a>(
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let profiles = staged(progress, "profiling usage", || profile::profile(snapshot));
    let cohorts = staged(progress, "grouping workloads", || {
        cohort::group(snapshot, &profiles)
    });
    let advised = staged(progress, "sizing containers", || {
        recommend::recommend(snapshot, &profiles, &cohorts, &settings.recommend)
    });
    let bill = staged(progress, "pricing", || {
        price::price(snapshot, &profiles, &advised, settings.prices)
    });
    let mut analysis = Analysis {
        snapshot,
        settings,
        profiles,
        cohorts,
        advised,
        bill,
        outcomes: Vec::new(),
    };
    analysis.outcomes = gate::judge(&analysis, &settings.thresholds);
    analysis
}

/// Runs one stage and says how long it took.
fn staged<T>(progress: &dyn Progress, label: &str, stage: impl FnOnce() -> T) -> T {
    let _task = progress.task(label, None);
    stage()
}
