//! What would have been said on days of the past, and what came of it.

use jiff::{SignedDuration, Timestamp};

use super::check::by_name;
use super::node::{NodeUse, Nodes};
use super::{Chance, Fact, Risk, Seen};
use crate::cohort::Cohorts;
use crate::pack::NODE_FULL;
use crate::profile::profile;
use crate::recommend::Advised;
use crate::snapshot::{Container, Snapshot};
use crate::units::{Span, float};

/// Days that each look has before it and after it.
const BEFORE: u32 = 14;
const AFTER: u32 = 7;
/// A limit counts as reached from this share of it on: what holds usage at the limit shows
/// no sample above it.
const REACHED: f64 = 0.99;

/// Checks of which a snapshot tells whether what they said happened: see [`happened`].
const JUDGED: [&str; 7] = [
    "oom_loop",
    "memory_leak",
    "out_of_memory",
    "pods_evicted",
    "node_pressure",
    "volume_filling",
    "node_memory_overcommit",
];

/// Probabilities that are told together, each from the one before on.
const EDGES: [f64; 7] = [0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 1.0];

/// What was said with about the same probability, and how much of it happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// The check; `None` for all of them.
    pub check: Option<&'static str>,
    /// The bounds of what was said, and its mean.
    pub from: f64,
    pub to: f64,
    pub said: f64,
    /// How often it was said, and how often that happened.
    pub times: u32,
    pub happened: u32,
}

/// Replays of one snapshot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replays {
    /// Days of the past that were looked at from.
    pub looks: u32,
    pub kept: Vec<Kept>,
    /// Checks that say how likely something is, and of which nothing could be judged.
    pub unjudged: Vec<Unjudged>,
}

/// A check of which it is not known how good it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unjudged {
    pub check: &'static str,
    /// How often it said something all the same, of which the data does not tell what came.
    pub times: u32,
}

/// One thing that was said, and whether it happened.
struct Said {
    check: &'static str,
    probability: f64,
    /// `None` where the data does not tell.
    happened: Option<bool>,
}

/// What is known by now of all that was looked at.
struct Whole<'a> {
    snapshot: &'a Snapshot,
    /// What the pods of now used of each node, also before.
    nodes: Vec<NodeUse>,
}

/// Looks at every day that has two weeks before it and one after it. Weeks of one
/// day after the other overlap, so that ten of them are no ten witnesses.
pub fn replay(snapshot: &Snapshot) -> Replays {
    let grid = snapshot.usage.grid;
    let day = grid.per_day().max(1);
    let days = grid.len / day;
    let mut nodes = Nodes::new(snapshot);
    nodes.add(0..snapshot.workloads.len(), &snapshot.usage);
    let whole = Whole {
        snapshot,
        nodes: nodes.used(),
    };
    let mut said = Vec::new();
    let mut looks = 0;
    for at in BEFORE..=days.saturating_sub(AFTER) {
        looks += 1;
        let past = snapshot.as_of(at * day, Span::days(BEFORE));
        let profiles = profile(&past);
        let cohorts = Cohorts::none(profiles.len());
        let advised = Advised {
            workloads: Vec::new(),
            node_risk: None,
        };
        let seen = Seen::of(&past, &profiles, &cohorts, &advised);
        let checks = JUDGED.into_iter().filter_map(by_name);
        let told = checks.flat_map(|check| check.look(&seen).risks);
        let told = told.filter_map(|risk| {
            let chance = risk.chance?;
            Some(Said {
                check: risk.check,
                probability: chance.probability,
                happened: happened(&risk, chance, seen.now, &whole),
            })
        });
        said.extend(told);
    }
    let checks = super::ALL.iter().map(|it| Some(it.name()));
    let each = std::iter::once(None).chain(checks);
    let kept = each.flat_map(|check| table(check, &said)).collect();
    Replays {
        looks,
        kept,
        unjudged: unjudged(&said),
    }
}

fn unjudged(said: &[Said]) -> Vec<Unjudged> {
    let own = |check: &'static str| said.iter().filter(move |it| it.check == check);
    let all = JUDGED.into_iter();
    let unjudged = all.filter(|check| own(check).all(|it| it.happened.is_none()));
    let told = unjudged.map(|check| Unjudged {
        check,
        times: u32::try_from(own(check).count()).unwrap_or(u32::MAX),
    });
    told.collect()
}

/// What was said by one check, or by all.
fn table(check: Option<&'static str>, said: &[Said]) -> Vec<Kept> {
    let bins = EDGES.windows(2).enumerate();
    let last = EDGES.len() - 2;
    let kept = bins.filter_map(|(place, edges)| {
        let (from, to) = (edges[0], edges[1]);
        let inside = said.iter().filter(|it| {
            let own = check.is_none_or(|check| it.check == check);
            let judged = own && it.happened.is_some();
            judged && it.probability >= from && (it.probability < to || place == last)
        });
        let inside: Vec<&Said> = inside.collect();
        let times = u32::try_from(inside.len()).ok().filter(|it| *it > 0)?;
        let happened = inside.iter().filter(|it| it.happened == Some(true)).count();
        let sum: f64 = inside.iter().map(|it| it.probability).sum();
        Some(Kept {
            check,
            from,
            to,
            said: sum / f64::from(times),
            times,
            happened: u32::try_from(happened).unwrap_or(u32::MAX),
        })
    });
    kept.collect()
}

/// Whether it happened within its time; `None` where the snapshot does not tell.
fn happened(risk: &Risk, chance: Chance, now: Timestamp, known: &Whole<'_>) -> Option<bool> {
    let whole = known.snapshot;
    let until = now + SignedDuration::from_secs(i64::from(chance.within.as_secs()));
    let after = |at: Timestamp| at > now && at <= until;
    if until > whole.usage.grid.end() {
        return None;
    }
    match risk.check {
        "out_of_memory" | "oom_loop" | "memory_leak" => {
            let index = risk.workload?;
            let workload = whole.workloads.get(index)?;
            let named = risk.container.as_deref()?;
            let container = workload.containers.iter().find(|it| it.name == named)?;
            let mut ends = container.terminations.iter();
            let killed = ends.any(|it| it.reason == "OOMKilled" && it.finished.is_some_and(after));
            Some(killed || is_reached(whole, index, container, (now, until)))
        }
        "pods_evicted" => {
            let workload = whole.workloads.get(risk.workload?)?;
            let mut all = workload.evictions.iter();
            Some(all.any(|it| it.at.is_some_and(after)))
        }
        "volume_filling" => {
            let name = (risk.subject.namespace.as_deref(), &risk.subject.name);
            let mut claims = whole.cluster.volume_claims.iter();
            let claim = claims.find(|it| (Some(it.namespace.as_str()), &it.name) == name)?;
            let bytes = claim.capacity?.to_f64();
            let inodes = claim.inodes.map(float);
            let mut history = claim.history.iter().filter(|it| after(it.at));
            Some(history.any(|it| {
                let used = it.used.is_some_and(|used| used.to_f64() >= REACHED * bytes);
                let files = it.inodes_used.zip(inodes);
                used || files.is_some_and(|(used, all)| float(used) >= REACHED * all)
            }))
        }
        "node_pressure" => {
            let node = &whole.cluster.nodes[node_of(risk, whole)?];
            let kind = risk.evidence.iter().find(|it| it.name == "condition")?;
            let Fact::Text(kind) = &kind.fact else {
                return None;
            };
            let mut spells = node.spells.as_ref()?.iter();
            Some(spells.any(|it| it.kind == *kind && after(it.from)))
        }
        "node_memory_overcommit" => is_filled(node_of(risk, whole)?, (now, until), known),
        _ => None,
    }
}

fn node_of(risk: &Risk, whole: &Snapshot) -> Option<usize> {
    let mut nodes = whole.cluster.nodes.iter();
    nodes.position(|it| it.name == risk.subject.name)
}

/// Whether the pods of a node used what it has between two times; `None` where it had
/// mostly other pods then than now, of which nothing is known.
fn is_filled(
    place: usize,
    (now, until): (Timestamp, Timestamp),
    known: &Whole<'_>,
) -> Option<bool> {
    let (node, used) = (
        known.snapshot.cluster.nodes.get(place)?,
        known.nodes.get(place)?,
    );
    let full = node.allocatable.memory?.to_f64() * NODE_FULL;
    let grid = known.snapshot.usage.grid;
    let (from, to) = (grid.slot(now)?, grid.slot(until).unwrap_or(grid.len));
    if used.since > from {
        return None;
    }
    let place = |slot: u32| usize::try_from(slot).unwrap_or(usize::MAX);
    let inside = used.memory.get(place(from)..place(to))?;
    Some(inside.iter().any(|it| f64::from(*it) >= full))
}

/// Whether memory came up to the limit in any pod between two times.
fn is_reached(
    whole: &Snapshot,
    index: usize,
    container: &Container,
    (now, until): (Timestamp, Timestamp),
) -> bool {
    let Some(limit) = container.limits.memory else {
        return false;
    };
    let grid = whole.usage.grid;
    let (Some(from), to) = (grid.slot(now), grid.slot(until).unwrap_or(grid.len)) else {
        return false;
    };
    let number = u32::try_from(index).unwrap_or(u32::MAX);
    let mut all = whole.usage.pool(number, &container.name);
    all.any(|series| {
        let place = |slot: u32| {
            let offset = usize::try_from(slot.saturating_sub(series.first));
            offset.unwrap_or(usize::MAX).min(series.memory_bytes.len())
        };
        let inside = &series.memory_bytes[place(from)..place(to).max(place(from))];
        let most = REACHED * limit.to_f64();
        inside.iter().any(|it| f64::from(*it) >= most)
    })
}
