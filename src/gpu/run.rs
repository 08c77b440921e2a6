//! Runs that burn device hours without doing their work: half-started gangs, and attempts
//! that fail.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::advice::{About, Action, Advice, Danger};
use super::held::asked;
use crate::snapshot::{Pod, Termination, Workload};
use crate::text::{count, money, short};
use crate::units::{Money, len_f64};

/// Seconds that pods of one run may wait for a node while others of it have one.
const PATIENCE: i64 = 600;
/// Device hours that failed attempts must have taken to be worth a word.
const WORTH: f64 = 0.5;

/// Pods that have devices and wait for the rest of their run, or of their group of a server.
/// Those that compute do not wait: they are independent of each other, or enough.
pub(super) fn gang(about: &About<'_>) -> Option<Advice> {
    let card = about.held.card();
    let mut groups: BTreeMap<&str, Vec<(&Workload, &Pod)>> = BTreeMap::new();
    for it in about.workloads {
        for pod in &it.pods {
            if let Some(group) = group(it, &pod.name) {
                groups.entry(group).or_default().push((it, pod));
            }
        }
    }
    let all: usize = groups.values().map(Vec::len).sum();
    let computes = |pod: &Pod| {
        let mut own = about.seen.parts.iter().filter(|it| it.pod == pod.name);
        own.any(|it| it.computes(card))
    };
    let stuck = groups.into_values().filter(|pods| {
        let is_waiting = |it: &(&Workload, &Pod)| waits(it.0, it.1, about.now);
        pods.iter().any(is_waiting)
            && !pods.iter().all(is_waiting)
            && !pods.iter().any(|it| computes(it.1))
    });
    let stuck: Vec<(&Workload, &Pod)> = stuck.flatten().collect();
    let (waiting, holding): (Vec<_>, Vec<_>) = stuck
        .into_iter()
        .partition(|it| waits(it.0, it.1, about.now));
    let holding: Vec<&str> = holding.iter().map(|it| it.1.name.as_str()).collect();
    let longest = waiting.iter().filter_map(|it| it.1.created).min()?;
    // Where nothing is told of their devices, they may compute.
    let parts = about.seen.parts.iter();
    let mut parts = parts.filter(|it| holding.contains(&it.pod.as_str()));
    let is_told = parts.clone().count() > 0;
    let is_sure = is_told && parts.all(|it| it.rests() || it.spins(card));
    let for_image = waiting.iter().all(|it| it.1.node.is_some());
    let what = if for_image { "an image" } else { "a node" };
    let wait = if waiting.len() == 1 { "waits" } else { "wait" };
    let hold = if holding.len() == 1 {
        "1 holds its GPUs".to_owned()
    } else {
        format!("{} hold their GPUs", holding.len())
    };
    let text = format!(
        "start all of its pods or none (a gang): {hold} while {} {wait} for {what}, up to {} h by now",
        waiting.len(),
        short(hours_between(longest, about.now), 1)
    );
    // Pods that wait for a node cost nothing; those that wait for an image hold theirs.
    let placed = waiting.iter().filter(|it| it.1.node.is_some()).count();
    let costly = all + placed - waiting.len();
    let stuck = holding.len() + placed;
    let savings = if stuck >= costly {
        about.cost
    } else {
        about.cost.scale(len_f64(stuck) / len_f64(costly.max(1)))
    };
    Some(Advice {
        action: Action::StartTogether,
        text,
        savings: is_sure.then_some(savings),
        risk: if is_sure { Danger::Low } else { Danger::Medium },
    })
}

/// Which pods of a workload start together: of a run all of them, of a `LeaderWorkerSet` each
/// group; of anything else none.
fn group<'a>(workload: &Workload, pod: &'a str) -> Option<&'a str> {
    if workload.is_batch() {
        return Some("");
    }
    if workload.id.kind != "LeaderWorkerSet" {
        return None;
    }
    let own = pod.strip_prefix(workload.id.name.as_str())?;
    own.strip_prefix('-')?.split('-').next()
}

/// Whether a pod has waited too long: for a node, or for an image.
fn waits(workload: &Workload, pod: &Pod, now: Timestamp) -> bool {
    let since = pod.created.map(|it| now.as_second() - it.as_second());
    let mut waiting = workload.containers.iter().flat_map(|it| &it.waiting);
    let no_image = waiting.any(|it| {
        it.pod == pod.name && matches!(it.reason.as_str(), "ImagePullBackOff" | "ErrImagePull")
    });
    (pod.node.is_none() || no_image) && since.is_some_and(|it| it > PATIENCE)
}

/// What attempts that failed took, also of pods that are finished.
pub(super) fn failing(about: &About<'_>) -> Option<Advice> {
    let runs = about.workloads.iter().filter(|it| it.is_batch());
    let burnt: Vec<Burnt> = runs.flat_map(|it| burnt(it)).collect();
    let (taken, burnt): (Vec<Burnt>, Vec<Burnt>) = burnt.into_iter().partition(|it| it.disrupted);
    let (burnt, failed) = if burnt.is_empty() {
        (taken, false)
    } else {
        (burnt, true)
    };
    let hours: f64 = burnt.iter().map(|it| it.hours).sum();
    if hours < WORTH {
        return None;
    }
    let cost = burnt.iter().map(|it| {
        let hourly = (about.device_hours)(&it.pod)?;
        Some(hourly * it.hours)
    });
    let cost: Option<f64> = cost.sum();
    let currency = about.book.currency();
    let worth = cost.map_or_else(String::new, |it| {
        format!(" ({})", money(Money::from_f64(it).to_cents(), &currency))
    });
    let hours = short(hours, 1);
    let text = match restarts(&burnt) {
        _ if !failed => format!(
            "let it write checkpoints: its pods were taken away {} (preempted, evicted or with their \
             node) after {hours} GPU hours{worth}",
            count(attempts(&burnt), "time"),
        ),
        // Whether it took up its work where it was, nobody says.
        Some(restarts) => format!(
            "find out why it fails: it began again {}, and of the {hours} GPU hours before the last \
             time{worth} no more is kept than its checkpoints have",
            count(restarts + attempts(&burnt), "time"),
        ),
        None => format!(
            "find out why it fails: {} took {hours} GPU hours{worth} that came to nothing, unless it \
             wrote checkpoints",
            count(attempts(&burnt), "failed attempt"),
        ),
    };
    Some(Advice {
        action: Action::FailingRun,
        text,
        savings: None,
        risk: Danger::Low,
    })
}

/// What led to failed ends of the container with devices of a pod.
struct Burnt {
    pod: String,
    from: Timestamp,
    to: Timestamp,
    /// Of devices.
    hours: f64,
    /// How often it began again, of a pod that is still there.
    restarts: Option<usize>,
    /// Whether it was taken away, and did not fail by itself.
    disrupted: bool,
}

fn burnt(workload: &Workload) -> Vec<Burnt> {
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
    // Of a pod that is still there only the newest ends are remembered; restarts are counted for
    // all pods together.
    let all = usize::try_from(container.restarts).unwrap_or(usize::MAX);
    let each = all.div_ceil(workload.pods.len().max(1));
    let found = ends.into_iter().filter_map(|(name, ends)| {
        let to = ends.iter().filter_map(|it| it.finished).max()?;
        let pod = workload.pods.iter().find(|it| it.name == name);
        let ran = workload.ran.iter().find(|it| it.pod == name);
        // All of the time of a pod until its last restart went into attempts that failed.
        let from = match pod {
            Some(pod) => pod.created?,
            None => ends.iter().filter_map(|it| it.started).min()?,
        };
        Some(Burnt {
            pod: name.to_owned(),
            from,
            to,
            hours: hours_between(from, to) * devices,
            restarts: pod.map(|_| each.max(ends.len())),
            disrupted: ran.is_some_and(|it| it.disrupted),
        })
    });
    found.collect()
}

/// How often the pods that are there began again: ranks of a run do so together.
fn restarts(burnt: &[Burnt]) -> Option<usize> {
    burnt.iter().filter_map(|it| it.restarts).max()
}

/// Attempts of pods that are gone: ranks that ran at the same time are of one.
fn attempts(burnt: &[Burnt]) -> usize {
    let gone = burnt.iter().filter(|it| it.restarts.is_none());
    let mut spans: Vec<(Timestamp, Timestamp)> = gone.map(|it| (it.from, it.to)).collect();
    spans.sort_unstable();
    let (mut attempts, mut end) = (0, None);
    for (from, to) in spans {
        if end.is_none_or(|end| from >= end) {
            attempts += 1;
        }
        end = end.max(Some(to));
    }
    attempts
}

fn hours_between(from: Timestamp, to: Timestamp) -> f64 {
    let seconds = (to.as_second() - from.as_second()).max(0);
    let minutes = usize::try_from(seconds / 60).unwrap_or(0);
    len_f64(minutes) / 60.0
}
