//! Runs that burn device hours without doing their work: half-started gangs, and attempts
//! that fail.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::advice::{About, Action, Advice, Danger};
use super::held::asked;
use crate::snapshot::{Attempts, Pod, Termination, Workload};
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
    let all = groups.values().flatten().map(|it| it.1);
    let costly = all.filter(|it| it.node.is_some());
    let costly: Vec<&str> = costly.map(|it| it.name.as_str()).collect();
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
    let placed = waiting.iter().filter(|it| it.1.node.is_some());
    let placed = placed.map(|it| it.1.name.as_str());
    let stuck: Vec<&str> = holding.iter().copied().chain(placed).collect();
    let savings = about.cost.scale(about.share_of(&stuck, &costly));
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

/// What became of pods that did not come to a good end by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// They failed, and nobody knows that their run has come to a good end.
    Failed,
    /// Their run has, by others.
    Recovered,
    /// They were taken away, and did not fail by themselves.
    Taken,
}

/// What attempts that failed took, also of pods that are finished; where nothing is left of
/// them, how many there were.
pub(super) fn failing(about: &About<'_>) -> Vec<Advice> {
    let runs = about.workloads.iter().filter(|it| it.is_batch());
    let burnt: Vec<Burnt> = runs.flat_map(|it| burnt(it)).collect();
    let of = |fate: Fate| -> Vec<&Burnt> { burnt.iter().filter(|it| it.fate == fate).collect() };
    let counted = counted(about, &burnt);
    let failed = failed(about, &of(Fate::Failed)).or(counted);
    let taken = taken(about, &of(Fate::Taken));
    let all = [failed, recovered(about, &of(Fate::Recovered)), taken];
    let all = all.into_iter().flatten();
    all.map(|text| Advice {
        action: Action::FailingRun,
        text,
        savings: None,
        risk: Danger::Low,
    })
    .collect()
}

/// Device hours, and what they cost; `None` where they are too few to be worth a word.
fn took(about: &About<'_>, each: &[(&str, f64)]) -> Option<String> {
    let hours: f64 = each.iter().map(|it| it.1).sum();
    if hours < WORTH {
        return None;
    }
    let cost = each
        .iter()
        .map(|(pod, hours)| Some((about.hourly)(pod)?.device? * hours));
    let cost: Option<f64> = cost.sum();
    let currency = about.book.currency();
    let worth = cost.map_or_else(String::new, |it| {
        format!(" ({})", money(Money::from_f64(it).to_cents(), &currency))
    });
    Some(format!("{} GPU hours{worth}", short(hours, 1)))
}

fn hours_of<'b>(burnt: &[&'b Burnt]) -> Vec<(&'b str, f64)> {
    burnt.iter().map(|it| (it.pod.as_str(), it.hours)).collect()
}

fn failed(about: &About<'_>, burnt: &[&Burnt]) -> Option<String> {
    let took = took(about, &hours_of(burnt))?;
    let told = told(about);
    // Whether it took up its work where it was, nobody says.
    if let Some(restarts) = restarts(burnt) {
        let times = (restarts + attempts(burnt)).max(told.restarts);
        return Some(format!(
            "find out why it fails: it began again {}, and of the {took} before the last time no more \
             is kept than its checkpoints have",
            count(times, "time"),
        ));
    }
    let seen = attempts(burnt);
    let more = match told.restarts.saturating_sub(seen) {
        0 => String::new(),
        more => format!("; what {more} more took is not known"),
    };
    Some(format!(
        "find out why it fails: {} took {took} that came to nothing, unless it wrote checkpoints{more}",
        count(seen, "failed attempt"),
    ))
}

/// Of what has come to a good end nothing is to be mended but what the next one loses.
fn recovered(about: &About<'_>, burnt: &[&Burnt]) -> Option<String> {
    let took = took(about, &hours_of(burnt))?;
    Some(format!(
        "let it write checkpoints: it came to its end after {} that took {took}",
        count(attempts(burnt), "failed attempt"),
    ))
}

fn taken(about: &About<'_>, burnt: &[&Burnt]) -> Option<String> {
    let took = took(about, &hours_of(burnt))?;
    Some(format!(
        "let it write checkpoints: its pods were taken away {} (preempted, evicted or with their node) \
         after {took}",
        count(attempts(burnt), "time"),
    ))
}

/// Attempts as the controller of a run counts them.
struct Told {
    restarts: usize,
    /// Of those, what counts towards its limit.
    limited: Option<usize>,
    failed_pods: usize,
    succeeded: bool,
}

fn told(about: &About<'_>) -> Told {
    // Parts of one run say the same.
    let each = || about.workloads.iter().filter_map(|it| it.attempts.as_ref());
    let most = |of: fn(&Attempts) -> u32| {
        let most = each().map(of).max().unwrap_or(0);
        usize::try_from(most).unwrap_or(usize::MAX)
    };
    let limited = each().filter_map(|it| it.counted).max();
    Told {
        restarts: most(|it| it.restarts),
        limited: limited.and_then(|it| usize::try_from(it).ok()),
        failed_pods: most(|it| it.failed_pods),
        succeeded: each().any(|it| it.succeeded),
    }
}

/// Attempts whose pods are gone, so that nothing but their number is left, and what was seen
/// of them.
fn counted(about: &About<'_>, burnt: &[Burnt]) -> Option<String> {
    let told = told(about);
    let is_run = about.workloads.iter().any(|it| it.is_batch());
    let is_left = burnt.iter().any(|it| it.fate != Fate::Taken);
    if !is_run || is_left || told.restarts + told.failed_pods == 0 {
        return None;
    }
    if told.restarts == 0 {
        // Pods that were taken away are among those that failed.
        let pods = told.failed_pods.checked_sub(burnt.len());
        let pods = count(pods.filter(|it| *it > 0)?, "pod");
        return Some(if told.succeeded {
            format!(
                "it came to its end, and {pods} of it failed before: what they took is not known"
            )
        } else {
            format!("find out why it fails: {pods} of it failed, and what they took is not known")
        });
    }
    let times = count(told.restarts, "time");
    let limited = match told.limited.filter(|it| *it < told.restarts) {
        Some(limited) => format!(", of which {limited} count towards its limit"),
        None => String::new(),
    };
    let gone = before(about);
    let took = took(about, &gone).map_or_else(
        || ", and what that took is not known".to_owned(),
        |took| {
            format!(
                ", and of the {took} that were seen of pods that are gone no more is kept than its \
                 checkpoints have"
            )
        },
    );
    Some(if told.succeeded {
        format!(
            "let it write checkpoints: it came to its end after it began again {times}{limited}{took}"
        )
    } else {
        format!("find out why it fails: it began again {times}{limited}{took}")
    })
}

/// Pods of the run of now that are gone, and device hours in which they were seen. Those of
/// runs before it are none of it.
fn before<'a>(about: &About<'a>) -> Vec<(&'a str, f64)> {
    let is_known = |pod: &str| {
        let mut ran = about.workloads.iter().flat_map(|it| &it.ran);
        ran.any(|it| it.pod == pod)
    };
    let began = about.workloads.iter().filter_map(|it| it.created).max();
    let gone = about.seen.gone.iter();
    let own = gone.filter(|it| began.is_some_and(|began| it.from >= began) && !is_known(&it.pod));
    own.map(|it| (it.pod.as_str(), it.hours)).collect()
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
    fate: Fate,
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
            fate: match ran {
                Some(ran) if ran.disrupted => Fate::Taken,
                Some(ran) if ran.recovered => Fate::Recovered,
                _ => Fate::Failed,
            },
        })
    });
    found.collect()
}

/// How often the pods that are there began again: ranks of a run do so together.
fn restarts(burnt: &[&Burnt]) -> Option<usize> {
    burnt.iter().filter_map(|it| it.restarts).max()
}

/// Attempts of pods that are gone: ranks that ran at the same time are of one.
fn attempts(burnt: &[&Burnt]) -> usize {
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
