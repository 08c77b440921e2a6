use jiff::Timestamp;

use crate::recommend::{Advice, Confidence, Pool};
use crate::risk::patch::{Amount, container};
use crate::risk::severity::{by_replicas, within_a_week};
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Memory, Risk, Seen, Sought};
use crate::text::count;
use crate::trend::comes_again;
use crate::units::{Bytes, days_between, len_f64};

/// A container that is killed for its memory again and again.
pub(super) struct OomLoop;

/// Kills that make a loop, and the days that they fall into: once is an accident, and
/// twice may be one on each of two replicas.
const KILLS: usize = 3;
const WITHIN: f64 = 1.0;
/// A loop goes on for as long as the last kill is no older than this, in days.
const GOES_ON: f64 = 1.0;

impl Check for OomLoop {
    fn name(&self) -> &'static str {
        "oom_loop"
    }

    fn summary(&self) -> &'static str {
        "containers that are OOM-killed again and again"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|place, pool| {
            let episodes = episodes(&kills(pool, seen));
            let risks = episodes
                .iter()
                .map(|kills| Sought::risk(self.risk(seen, place, pool, kills)));
            risks.collect()
        })
    }
}

/// One kill for memory.
#[derive(Clone, Copy)]
struct Kill<'a> {
    at: Timestamp,
    pod: &'a str,
}

/// Those in the window whose time is known, oldest first.
fn kills<'a>(pool: &Pool<'a>, seen: &Seen<'_>) -> Vec<Kill<'a>> {
    let ends = pool.container.terminations.iter();
    let ends = ends.filter(|end| end.reason == "OOMKilled");
    let kills = ends.filter_map(|end| {
        let at = end.finished.filter(|at| *at >= seen.grid.start)?;
        Some(Kill { at, pod: &end.pod })
    });
    let mut kills: Vec<Kill<'a>> = kills.collect();
    kills.sort_by_key(|kill| (kill.at, kill.pod));
    kills
}

/// Stretches in which kills follow each other closely.
fn episodes<'a>(kills: &[Kill<'a>]) -> Vec<Vec<Kill<'a>>> {
    let mut episodes: Vec<Vec<Kill<'a>>> = Vec::new();
    for kill in kills {
        match episodes.last_mut() {
            Some(last)
                if last
                    .last()
                    .is_some_and(|it| days_between(it.at, kill.at) <= WITHIN) =>
            {
                last.push(*kill);
            }
            _ => episodes.push(vec![*kill]),
        }
    }
    let closely = |kills: &Vec<Kill<'a>>| {
        let mut windows = kills.windows(KILLS);
        windows.any(|it| days_between(it[0].at, it[KILLS - 1].at) <= WITHIN)
    };
    episodes.retain(closely);
    episodes
}

/// One loop of a container: from the kill that made it one to the last, and whose that was.
pub(in crate::risk) struct Loop {
    pub(in crate::risk) pool: usize,
    pub(in crate::risk) pod: String,
    pub(in crate::risk) since: Timestamp,
    pub(in crate::risk) until: Timestamp,
}

/// Such loops in the window, of all containers.
pub(in crate::risk) fn loops(seen: &Seen<'_>) -> Vec<Loop> {
    let pools = seen.pools.iter().enumerate();
    let all = pools.flat_map(|(place, pool)| {
        let episodes = episodes(&kills(pool, seen)).into_iter();
        episodes.map(move |kills| {
            let closely = |it: &[Kill<'_>]| days_between(it[0].at, it[KILLS - 1].at) <= WITHIN;
            let first = kills.windows(KILLS).position(closely).unwrap_or(0);
            let made = &kills[first + KILLS - 1];
            Loop {
                pool: place,
                pod: made.pod.to_owned(),
                since: made.at,
                until: kills[kills.len() - 1].at,
            }
        })
    });
    all.collect()
}

/// Whether a container is in such a loop at the end of the window.
pub(super) fn is_looping(pool: &Pool<'_>, seen: &Seen<'_>) -> bool {
    let episodes = episodes(&kills(pool, seen));
    let last = episodes.last().and_then(|kills| kills.last());
    last.is_some_and(|kill| days_between(kill.at, seen.now) <= GOES_ON)
}

impl OomLoop {
    fn risk(&self, seen: &Seen<'_>, place: usize, pool: &Pool<'_>, kills: &[Kill<'_>]) -> Risk {
        let (first, last) = (kills[0].at, kills[kills.len() - 1].at);
        let length = days_between(first, last);
        let goes_on = days_between(last, seen.now) <= GOES_ON;
        let mut pods: Vec<&str> = kills.iter().map(|kill| kill.pod).collect();
        pods.sort_unstable();
        pods.dedup();
        let current = pool.workload.pods.iter();
        let hit = current.filter(|pod| pods.contains(&pod.name.as_str()));
        let limit = pool.container.limits.memory;
        let said = limit.map_or_else(
            || "without a limit".to_owned(),
            |it| format!("at {}", it.human()),
        );
        let week = comes_again(len_f64(kills.len()), length.max(WITHIN), 7.0);
        Risk {
            severity: by_replicas(hit.count().max(1), pool.workload.pods.len()),
            confidence: Confidence::High,
            since: Some(first),
            until: (!goes_on).then_some(last),
            chance: goes_on.then(|| within_a_week(week)),
            text: format!(
                "OOM-killed {} in {} {said}",
                count(kills.len(), "time"),
                lasting(length)
            ),
            evidence: vec![
                Evidence::number("oom_kills", len_f64(kills.len())),
                Evidence::number("pods_killed", len_f64(pods.len())),
                Evidence::time("last_oom_kill", last),
            ],
            action: action(seen, place, pool),
            ..seen.risk_of(self.name(), pool)
        }
    }
}

/// More memory, unless it leaks or meets any limit.
fn action(seen: &Seen<'_>, place: usize, pool: &Pool<'_>) -> Action {
    let advice = seen.advice(pool);
    let leaks = matches!(seen.memory[place], Memory::Leak(_))
        || advice.is_some_and(|it| it.reasons.iter().any(|it| it.code == "leak_restarts"));
    if leaks {
        return Action::new("find what it keeps; a larger limit only delays the next kill");
    }
    raise(seen, pool)
}

/// The memory limit that is advised, where it is above the present one; else twice that.
pub(super) fn raise(seen: &Seen<'_>, pool: &Pool<'_>) -> Action {
    let Some(limit) = pool.container.limits.memory else {
        return Action::new("give it a memory request that its node can keep, and a limit");
    };
    let advised = seen.advice(pool).map(|it| it.sizing.memory_limit);
    let size = match advised {
        Some(Advice::Set(size)) if size > limit => size,
        _ => Bytes(limit.0.saturating_mul(2)),
    };
    let text = format!("raise its memory limit from {limit} to {}", size.human());
    Action::new(text).with(container(
        pool.workload,
        pool.container,
        &Amount::MemoryLimit(size),
    ))
}
