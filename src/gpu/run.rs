//! Runs that burn device hours without doing their work: half-started gangs, and attempts
//! that fail.

use jiff::Timestamp;

use super::advice::{About, Action, Advice, Danger};
use super::held::asked;
use crate::snapshot::{Pod, Workload};
use crate::text::{count, money, short};
use crate::units::{HOURS_PER_MONTH, len_f64};

/// Seconds that pods of one run may wait for a node while others of it have one.
const PATIENCE: i64 = 600;
/// Device hours that failed attempts must have taken to be worth a word.
const WORTH: f64 = 0.5;

/// Pods that have devices and wait for the rest of their run.
pub(super) fn gang(about: &About<'_>) -> Option<Advice> {
    let runs = about.workloads.iter().filter(|it| it.is_batch());
    let pods: Vec<&Pod> = runs.flat_map(|it| &it.pods).collect();
    let late = |pod: &&&Pod| {
        let since = pod.created.map(|it| about.now.as_second() - it.as_second());
        pod.node.is_none() && since.is_some_and(|it| it > PATIENCE)
    };
    let waiting = pods.iter().filter(late).count();
    let running = pods.iter().filter(|pod| pod.node.is_some()).count();
    if waiting == 0 || running == 0 {
        return None;
    }
    let longest = pods
        .iter()
        .filter(late)
        .filter_map(|pod| pod.created)
        .min()?;
    let hours = hours_between(longest, about.now);
    let wait = if waiting == 1 { "waits" } else { "wait" };
    let text = format!(
        "start all of its pods or none (a gang): {running} hold their GPUs while {waiting} {wait} for \
         a node, up to {} h by now",
        short(hours, 1)
    );
    Some(Advice {
        action: Action::StartTogether,
        text,
        // Pods that wait cost nothing, so all that it costs is for those that hold.
        savings: Some(about.cost),
        risk: Danger::Low,
    })
}

/// What attempts that failed took, of pods that are still there.
pub(super) fn failing(about: &About<'_>) -> Option<Advice> {
    let runs = about.workloads.iter().filter(|it| it.is_batch());
    let (mut hours, mut times) = (0.0, 0_usize);
    for workload in runs {
        for pod in &workload.pods {
            let Some((failed, burnt)) = burnt(workload, pod) else {
                continue;
            };
            times += failed;
            hours += burnt;
        }
    }
    if hours < WORTH {
        return None;
    }
    let devices = about.held.gpus.max(f64::MIN_POSITIVE);
    let rate = about.gpu_cost.scale(1.0 / HOURS_PER_MONTH / devices);
    let currency = about.book.currency();
    let text = format!(
        "find out why it fails: {} took {} GPU hours ({}) that came to nothing; let it write \
         checkpoints",
        count(times, "failed attempt"),
        short(hours, 1),
        money(rate.scale(hours).to_cents(), &currency)
    );
    Some(Advice {
        action: Action::FailingRun,
        text,
        savings: None,
        risk: Danger::Low,
    })
}

/// Failed ends of a pod's containers with devices, and the device hours from its start to
/// the last of them.
fn burnt(workload: &Workload, pod: &Pod) -> Option<(usize, f64)> {
    let containers = workload.containers.iter();
    let mut containers = containers.filter(|it| asked(it).gpus() > 0.0);
    let container = containers.next()?;
    let failed = container.terminations.iter();
    let failed = failed.filter(|it| it.pod == pod.name && it.exit_code != 0);
    let ends: Vec<Timestamp> = failed.filter_map(|it| it.finished).collect();
    let last = ends.iter().max()?;
    // Only the newest end of a pod is remembered; its restarts are counted.
    let restarts = usize::try_from(container.restarts).unwrap_or(usize::MAX);
    let pods = workload.pods.len().max(1);
    let times = ends.len().max(if pods == 1 { restarts } else { 0 });
    let devices = asked(container).gpus();
    Some((times, hours_between(pod.created?, *last) * devices))
}

fn hours_between(from: Timestamp, to: Timestamp) -> f64 {
    let seconds = (to.as_second() - from.as_second()).max(0);
    let minutes = usize::try_from(seconds / 60).unwrap_or(0);
    len_f64(minutes) / 60.0
}
