//! The stages in order, nothing else. The only file that names them all.

use crate::cohort::{self, Cohorts};
use crate::gate;
use crate::price;
use crate::profile::{self, Profile};
use crate::progress::Progress;
use crate::recommend::{self, Advised};
use crate::snapshot::Snapshot;

mod analysis;
mod narrow;

pub use analysis::{Analysis, Settings};

/// What is known of all workloads of a snapshot, whichever of them are asked for.
pub struct Evidence {
    pub profiles: Vec<Profile>,
    pub cohorts: Cohorts,
    pub advised: Advised,
}

/// The same snapshot and settings give the same analysis, bit for bit.
pub fn analyze<'a>(
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let evidence = advise(snapshot, settings, progress);
    report(snapshot, evidence, settings, progress)
}

/// What there is to say of the workloads that are asked for, one `bool` for each; the
/// others teach, and are gone from the snapshot afterwards.
pub fn analyze_part<'a>(
    snapshot: &'a mut Snapshot,
    asked: &[bool],
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let mut evidence = advise(snapshot, settings, progress);
    if asked.contains(&false) {
        evidence.retain(asked);
        snapshot.retain(asked);
    }
    report(snapshot, evidence, settings, progress)
}

/// The stages that learn: the more workloads they see, the better.
pub fn advise(snapshot: &Snapshot, settings: &Settings, progress: &dyn Progress) -> Evidence {
    let profiles = staged(progress, "profiling usage", || profile::profile(snapshot));
    let cohorts = staged(progress, "grouping workloads", || {
        cohort::group(snapshot, &profiles)
    });
    let advised = staged(progress, "sizing containers", || {
        recommend::recommend(snapshot, &profiles, &cohorts, &settings.recommend)
    });
    Evidence {
        profiles,
        cohorts,
        advised,
    }
}

/// The stages that tell, of the workloads that are in the snapshot and in the evidence.
pub fn report<'a>(
    snapshot: &'a Snapshot,
    evidence: Evidence,
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let Evidence {
        profiles,
        cohorts,
        advised,
    } = evidence;
    let bill = staged(progress, "pricing", || {
        price::price(snapshot, &profiles, &advised, settings.prices)
    });
    let severities = bill.workloads.iter().map(|bill| bill.severity);
    let findings = recommend::findings(snapshot, &advised, severities);
    let seen = gate::Seen {
        profiles: &profiles,
        advised: &advised,
        bill: &bill,
    };
    let outcomes = gate::judge(&seen, &settings.thresholds, settings.min_judged);
    Analysis {
        snapshot,
        settings,
        profiles,
        cohorts,
        advised,
        bill,
        findings,
        outcomes,
    }
}

/// Runs one stage and says how long it took.
fn staged<T>(progress: &dyn Progress, label: &str, stage: impl FnOnce() -> T) -> T {
    let _task = progress.task(label, None);
    stage()
}
