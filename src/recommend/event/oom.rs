use jiff::Timestamp;

use super::{Pool, Reason, bump};
use crate::recommend::samples;
use crate::snapshot::{Grid, Series, Termination};
use crate::units::Bytes;

/// Kills for memory in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::recommend) struct OomKills {
    pub count: usize,
    /// What it had, or had used, when it was killed: the largest over the kills.
    pub used: Bytes,
    /// The limit must not be below this.
    pub floor: Bytes,
}

impl OomKills {
    pub(super) fn reason(&self) -> Reason {
        let kills = if self.count == 1 {
            "once"
        } else {
            "repeatedly"
        };
        let text = format!(
            "OOM-killed {kills} ({}) at {}: memory limit no lower than {}",
            self.count,
            self.used.human(),
            self.floor.human()
        );
        Reason::new("oom_killed", text)
    }
}

pub(super) fn find(pool: &Pool<'_>, grid: &Grid) -> Option<OomKills> {
    let kills: Vec<Kill> = pool
        .container
        .terminations
        .iter()
        .filter(|end| end.reason == "OOMKilled" && is_recent(end, grid))
        .map(|end| Kill::of(pool, end, grid))
        .collect();
    let used = kills.iter().map(|kill| kill.used).max()?;
    let floor = kills.iter().map(|kill| kill.floor).max()?;
    (!used.is_zero()).then_some(OomKills {
        count: kills.len(),
        used,
        floor,
    })
}

/// What one kill says.
struct Kill {
    used: Bytes,
    floor: Bytes,
}

fn is_recent(end: &Termination, grid: &Grid) -> bool {
    end.finished
        .is_none_or(|at| at >= grid.start && at <= grid.end())
}

impl Kill {
    /// By the larger of its limit (else its request) and its peak in the day before.
    fn of(pool: &Pool<'_>, end: &Termination, grid: &Grid) -> Self {
        let peak = peak_before(pool, end, grid);
        let changed_since = pool.workload.template_changed.zip(end.finished);
        if changed_since.is_some_and(|(changed, killed): (Timestamp, _)| changed > killed) {
            // What is set now was set after the kill, and says nothing of it.
            return Self {
                used: peak,
                floor: bump(peak),
            };
        }
        let container = pool.container;
        let limit = container.ran_limits().memory;
        let held = limit.or(container.ran_requests().memory);
        let held = held.unwrap_or(Bytes::ZERO);
        let used = peak.max(held);
        let floor = if is_replaced(pool, end) {
            bump(peak).max(held)
        } else {
            bump(used)
        };
        Self { used, floor }
    }
}

/// Whether every pod is younger than the kill, where nothing else says when the
/// template changed. What they have may be the raise that followed it: another
/// would come with every run for as long as the kill is in the window.
fn is_replaced(pool: &Pool<'_>, end: &Termination) -> bool {
    let workload = pool.workload;
    let (Some(killed), None) = (end.finished, workload.template_changed) else {
        return false;
    };
    let younger = |created: Option<Timestamp>| created.is_some_and(|created| created > killed);
    !workload.is_batch()
        && !workload.pods.is_empty()
        && workload.pods.iter().all(|pod| younger(pod.created))
}

fn peak_before(pool: &Pool<'_>, end: &Termination, grid: &Grid) -> Bytes {
    let until = end.finished.and_then(|at| grid.slot(at));
    let own = pool.series.iter().filter(|series| series.pod == end.pod);
    let of_pod = samples::largest(own.flat_map(|s| before(s, until, grid)));
    let of_all = || samples::largest(pool.series.iter().flat_map(|s| before(s, until, grid)));
    of_pod.or_else(of_all).map_or(Bytes::ZERO, Bytes::from_f64)
}

/// Memory in the 24 h up to a slot, in all the window where that is unknown.
fn before<'s>(
    series: &'s Series,
    until: Option<u32>,
    grid: &Grid,
) -> impl Iterator<Item = f64> + 's {
    let from = until.map_or(0, |until| until.saturating_sub(grid.per_day()));
    let until = until.unwrap_or(u32::MAX);
    (series.first..)
        .zip(&series.memory_bytes)
        .filter(move |(slot, value)| (from..=until).contains(slot) && value.is_finite())
        .map(|(_, value)| f64::from(*value))
}
