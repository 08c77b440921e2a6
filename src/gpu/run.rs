//! Runs that burn device hours without doing their work: half-started gangs, and attempts
//! that fail.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::advice::{About, Action, Advice, Danger};
use super::held::asked;
use crate::snapshot::{Pod, Termination, Workload};
use crate::text::{count, money, short};
use crate::units::len_f64;

/// Seconds that pods of one run may wait for a node while others of it have one.
const PATIENCE: i64 = 600;
/// Device hours that failed attempts must have taken to be worth a word.
const WORTH: f64 = 0.5;

/// Pods that have devices and wait for the rest of their run. Those that compute do not wait:
/// they are independent of each other, or enough.
pub(super) fn gang(about: &About<'_>) -> Option<Advice> {
    let runs = about.workloads.iter().filter(|it| it.is_batch());
    let pods: Vec<&Pod> = runs.flat_map(|it| &it.pods).collect();
    let late = |pod: &&&Pod| {
        let since = pod.created.map(|it| about.now.as_second() - it.as_second());
        pod.node.is_none() && since.is_some_and(|it| it > PATIENCE)
    };
    let waiting = pods.iter().filter(late).count();
    let running = pods.iter().filter(|pod| pod.node.is_some()).count();
    let (card, parts) = (about.held.card(), &about.seen.parts);
    if waiting == 0 || running == 0 || parts.iter().any(|it| it.computes(card)) {
        return None;
    }
    // Where nothing is told of their devices, they may compute.
    let is_sure = !parts.is_empty() && parts.iter().all(|it| it.rests() || it.hangs(card));
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
        savings: is_sure.then_some(about.cost),
        risk: if is_sure { Danger::Low } else { Danger::Medium },
    })
}

/// What attempts that failed took, also of pods that are finished.
pub(super) fn failing(about: &About<'_>) -> Option<Advice> {
    let runs = about.workloads.iter().filter(|it| it.is_batch());
    let (mut hours, mut times) = (0.0, 0_usize);
    for (failed, burnt) in runs.flat_map(|it| burnt(it)) {
        times += failed;
        hours += burnt;
    }
    if hours < WORTH {
        return None;
    }
    let currency = about.book.currency();
    let worth = about.device_hour.map_or_else(String::new, |it| {
        format!(" ({})", money(it.scale(hours).to_cents(), &currency))
    });
    let text = format!(
        "find out why it fails: {} took {} GPU hours{worth} that came to nothing; let it write \
         checkpoints",
        count(times, "failed attempt"),
        short(hours, 1),
    );
    Some(Advice {
        action: Action::FailingRun,
        text,
        savings: None,
        risk: Danger::Low,
    })
}

/// Failed ends of containers with devices, pod by pod, and the device hours that led to them.
fn burnt(workload: &Workload) -> Vec<(usize, f64)> {
    let containers = workload.containers.iter();
    let mut containers = containers.filter(|it| asked(it).gpus() > 0.0);
    let Some(container) = containers.next() else {
        return Vec::new();
    };
    let devices = asked(container).gpus();
    let mut ends: BTreeMap<&str, Vec<&Termination>> = BTreeMap::new();
    for end in container.terminations.iter().filter(|it| it.exit_code != 0) {
        ends.entry(&end.pod).or_default().push(end);
    }
    let each = ends.into_iter().filter_map(|(name, ends)| {
        let last = ends.iter().filter_map(|it| it.finished).max()?;
        let pod = workload.pods.iter().find(|it| it.name == name);
        // Of a pod that is still there only the newest ends are remembered; its restarts are
        // counted, and all of its time until then went into attempts that failed.
        let restarts = usize::try_from(container.restarts).unwrap_or(usize::MAX);
        let alone = pod.is_some() && workload.pods.len() == 1;
        let times = ends.len().max(if alone { restarts } else { 0 });
        let from = match pod {
            Some(pod) => pod.created?,
            None => ends.iter().filter_map(|it| it.started).min()?,
        };
        Some((times, hours_between(from, last) * devices))
    });
    each.collect()
}

fn hours_between(from: Timestamp, to: Timestamp) -> f64 {
    let seconds = (to.as_second() - from.as_second()).max(0);
    let minutes = usize::try_from(seconds / 60).unwrap_or(0);
    len_f64(minutes) / 60.0
}
