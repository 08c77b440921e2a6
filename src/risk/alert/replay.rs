//! How often a rule would have fired in the window.

use std::collections::BTreeMap;

use crate::recommend::Pool;
use crate::risk::Seen;
use crate::snapshot::{ContainerKind, Grid, Metric, Series, Values};
use crate::units::{Bytes, Cpu, Span, days_between, len_f64};

/// Times that something held for as long as it must, one time for each stretch.
fn times(slots: impl Iterator<Item = bool>, hold: Span, grid: &Grid) -> usize {
    let least = hold.as_secs().div_ceil(grid.step.as_secs().max(1)).max(1);
    let (mut held, mut fired) = (0_u32, 0);
    for holds in slots {
        held = if holds { held.saturating_add(1) } else { 0 };
        fired += usize::from(held == least);
    }
    fired
}

fn stays<'a, 'b>(seen: &'b Seen<'a>) -> impl Iterator<Item = &'b Pool<'a>> {
    let pools = seen.pools.iter();
    pools.filter(|pool| pool.container.kind != ContainerKind::Init)
}

/// Throttled in more than `share` of periods while it uses more than `works` of its limit;
/// `None` where throttling is not measured anywhere.
pub(super) fn throttled(seen: &Seen<'_>, share: f64, (works, hold): (f64, Span)) -> Option<usize> {
    let mut known = false;
    let mut fired = 0;
    for pool in stays(seen) {
        let Some(limit) = pool.container.ran_limits().cpu else {
            continue;
        };
        for series in &pool.series {
            let Some(ratios) = series.more.get(&Metric::CpuThrottledRatio) else {
                continue;
            };
            known = true;
            let ratios = ratios.every();
            let slots = series.cpu_cores.iter().zip(ratios.iter());
            let held = slots.map(|(used, ratio)| {
                f64::from(*ratio) > share && f64::from(*used) >= works * limit.get()
            });
            fired += times(held, hold, &seen.grid);
        }
    }
    known.then_some(fired)
}

/// Waits for CPU for more than `share` of the time; `None` without pressure metrics.
pub(super) fn waits(seen: &Seen<'_>, share: f64, hold: Span) -> Option<usize> {
    let mut known = false;
    let mut fired = 0;
    for series in stays(seen).flat_map(|pool| &pool.series) {
        if let Some(waiting) = series.more.get(&Metric::CpuWaitingRatio).map(Values::every) {
            known = true;
            let held = waiting.iter().map(|it| f64::from(*it) > share);
            fired += times(held, hold, &seen.grid);
        }
    }
    known.then_some(fired)
}

/// Kills for memory.
pub(super) fn kills(seen: &Seen<'_>) -> usize {
    let ends = stays(seen).flat_map(|pool| &pool.container.terminations);
    let inside = ends.filter(|end| {
        let at = end.finished;
        end.reason == "OOMKilled" && at.is_some_and(|at| at >= seen.grid.start)
    });
    inside.count()
}

/// So many restarts of one container of a pod within a day; `None` where no times of
/// restarts are known although there were some.
pub(super) fn restarts(seen: &Seen<'_>, least: u32) -> Option<usize> {
    let mut fired = 0;
    let mut untimed = false;
    for pool in stays(seen) {
        let container = pool.container;
        untimed |= container.restarts > 0 && container.restarts_at.is_empty();
        let mut by_pod: BTreeMap<&str, Vec<(i64, u32)>> = BTreeMap::new();
        for it in &container.restarts_at {
            let times = by_pod.entry(&it.pod).or_default();
            times.push((it.until.as_second(), it.count));
        }
        for times in by_pod.values() {
            fired += crowded(times, least);
        }
    }
    (!untimed).then_some(fired)
}

/// Stretches in which a day held so many.
fn crowded(times: &[(i64, u32)], least: u32) -> usize {
    const DAY: i64 = 86_400;
    let (mut fired, mut until) = (0, i64::MIN);
    for (at, _) in times {
        let day = times.iter().filter(|(it, _)| *it > at - DAY && it <= at);
        let count: u32 = day.map(|(_, count)| *count).sum();
        if count >= least {
            // It goes on firing until a day after the last.
            fired += usize::from(*at > until);
            until = at + DAY;
        }
    }
    fired
}

/// The rule for leaks, looked at once a day.
pub(super) fn leaks(seen: &Seen<'_>) -> usize {
    let mut fired = 0;
    for pool in stays(seen).filter(|pool| !pool.workload.is_batch()) {
        let Some(limit) = pool.container.limits.memory else {
            continue;
        };
        for series in &pool.series {
            let days = Days::of(series, &seen.grid);
            let held = (6..days.floors.len()).map(|day| days.leaks(day, limit));
            let day = Grid {
                step: Span::DAY,
                ..seen.grid
            };
            fired += times(held, Span::DAY, &day);
        }
    }
    fired
}

/// A series day by day, counted back from its end.
struct Days {
    floors: Vec<f64>,
    peaks: Vec<f64>,
}

impl Days {
    fn of(series: &Series, grid: &Grid) -> Self {
        let day = usize::try_from(grid.per_day()).unwrap_or(1);
        let chunks = series.memory_bytes.rchunks_exact(day);
        let ends = |values: &[f32]| {
            let known = values
                .iter()
                .filter(|it| it.is_finite())
                .map(|it| f64::from(*it));
            known.fold((f64::NAN, f64::NAN), |(low, high), it| {
                (it.min(low), it.max(high))
            })
        };
        let mut all: Vec<(f64, f64)> = chunks.map(ends).collect();
        all.reverse();
        let (floors, peaks) = all.into_iter().unzip();
        Self { floors, peaks }
    }

    fn leaks(&self, day: usize, limit: Bytes) -> bool {
        let floor = |back: usize| self.floors[day - back];
        let rises = floor(0) > floor(2) && floor(2) > floor(4) && floor(4) > floor(6);
        let goes_on = floor(0) - floor(3) > 0.5 * (floor(3) - floor(6));
        let ahead = self.peaks[day] + 7.0 * (floor(0) - floor(6)) / 6.0;
        rises && goes_on && ahead > limit.to_f64()
    }
}

/// An autoscaler with as many pods as it may have, whose CPU is so many times its target;
/// `None` where no autoscaler scales on CPU.
pub(super) fn pinned(seen: &Seen<'_>, (above, hold): (f64, Span)) -> Option<usize> {
    let mut known = false;
    let mut fired = 0;
    for (index, workload) in seen.snapshot.workloads.iter().enumerate() {
        let Some(scaler) = &workload.autoscaler else {
            continue;
        };
        let target = scaler.cpu_target();
        let Some(target) = target.filter(|_| scaler.max_replicas > scaler.min_replicas) else {
            continue;
        };
        known = true;
        let slots = usize::try_from(seen.grid.len).unwrap_or(0);
        let (mut pods, mut used) = (vec![0_u32; slots], vec![0.0_f64; slots]);
        let mut asked = 0.0;
        for pool in stays(seen).filter(|pool| pool.profile.workload == index) {
            asked += pool.container.requests.cpu.map_or(0.0, Cpu::get);
            let mut here = vec![0_u32; slots];
            for series in &pool.series {
                let from = usize::try_from(series.first).unwrap_or(usize::MAX);
                for (at, value) in (from..slots).zip(&series.cpu_cores) {
                    if value.is_finite() {
                        here[at] += 1;
                        used[at] += f64::from(*value);
                    }
                }
            }
            for (all, own) in pods.iter_mut().zip(here) {
                *all = own.max(*all);
            }
        }
        let held = pods.iter().zip(&used).map(|(count, used)| {
            let each = used / (f64::from(*count) * asked);
            *count >= scaler.max_replicas && each > above * target
        });
        fired += times(held, hold, &seen.grid);
    }
    known.then_some(fired)
}

/// Nodes whose pods use more than this share of their memory; `None` without nodes.
pub(super) fn nodes_full(seen: &Seen<'_>, share: f64, hold: Span) -> Option<usize> {
    let nodes = seen.snapshot.cluster.nodes.iter().zip(seen.nodes.iter());
    let mut known = false;
    let mut fired = 0;
    for (node, used) in nodes {
        if let Some(room) = node.allocatable.memory.filter(|it| !it.is_zero()) {
            known = true;
            let held = used.memory.iter();
            let held = held.map(|it| f64::from(*it) > share * room.to_f64());
            fired += times(held, hold, &seen.grid);
        }
    }
    known.then_some(fired)
}

/// Evictions that are remembered.
pub(super) fn evictions(seen: &Seen<'_>) -> usize {
    let all = seen.snapshot.workloads.iter().flat_map(|it| &it.evictions);
    all.filter(|it| it.at.is_some_and(|at| at >= seen.grid.start))
        .count()
}

/// Stretches of nodes that say such a thing for so long; `None` where no node's past is
/// known.
pub(super) fn spells(seen: &Seen<'_>, of: fn(&str) -> bool, hold: Span) -> Option<usize> {
    let nodes = seen.snapshot.cluster.nodes.iter();
    let known: Vec<_> = nodes.filter_map(|node| node.spells.as_ref()).collect();
    let long = known.iter().copied().flatten().filter(|it| {
        let lasted = it.until.duration_since(it.from).as_secs();
        of(&it.kind) && lasted >= i64::from(hold.as_secs())
    });
    (!known.is_empty()).then(|| long.count())
}

/// When a volume is about to be full: free space below a share, and none left so many days
/// ahead along the line through so many days before. Below 3 % it is anyhow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling {
    free: f64,
    before: f64,
    ahead: f64,
}

impl Filling {
    /// Along the week before, or along the last hours.
    pub(super) const OWN: [Self; 2] = [
        Self {
            free: 0.3,
            before: 7.0,
            ahead: 7.0,
        },
        Self::MIXIN[0],
    ];
    pub(super) const MIXIN: [Self; 1] = [Self {
        free: 0.15,
        // Six hours, and what a point may be off.
        before: 6.1 / 24.0,
        ahead: 4.0,
    }];

    /// At each point of free shares by days; `None` where points are too far apart.
    fn held(self, points: &[(f64, f64)]) -> Option<Vec<bool>> {
        let held = points.iter().enumerate().skip(1).map(|(at, (now, free))| {
            let near = |it: &&(f64, f64)| now - it.0 <= self.before + 1e-9;
            let line: Vec<(f64, f64)> = points[..=at].iter().filter(near).copied().collect();
            let ends = line.len() > 1 && ahead(&line, self.ahead) < 0.0;
            let holds = *free < 0.03 || (*free < self.free && ends);
            (line.len(), holds)
        });
        let held: Vec<(usize, bool)> = held.collect();
        let sparse = held.iter().filter(|it| it.0 < 2).count();
        (2 * sparse <= held.len()).then(|| held.into_iter().map(|it| it.1).collect())
    }

    /// Where any of them holds; `None` where points are too far apart for all.
    fn any(all: &[Self], points: &[(f64, f64)]) -> Option<Vec<bool>> {
        let each = all.iter().filter_map(|it| it.held(points));
        each.reduce(|a, b| a.iter().zip(b).map(|(a, b)| *a || b).collect())
    }
}

/// Volumes that come to be about to be full; `None` where no course of any is known, or
/// where that is too coarse.
pub(super) fn volumes(seen: &Seen<'_>, filling: &[Filling]) -> Option<usize> {
    let claims = seen.snapshot.cluster.volume_claims.iter();
    let known = claims.filter(|it| !it.history.is_empty() && !it.may_be_full);
    let known = known.filter_map(|claim| {
        let all = claim.capacity?.to_f64();
        let points = claim.history.iter().filter_map(|it| {
            let days = days_between(seen.grid.start, it.at);
            Some((days, 1.0 - it.used?.to_f64() / all))
        });
        let held = Filling::any(filling, &points.collect::<Vec<_>>())?;
        let begins = |at: &usize| held[*at] && (*at == 0 || !held[at - 1]);
        Some((0..held.len()).filter(begins).count())
    });
    let fired: Vec<usize> = known.collect();
    (!fired.is_empty()).then(|| fired.iter().sum())
}

/// Where the straight line through these points is so many days after the last, as
/// `predict_linear` has it.
fn ahead(points: &[(f64, f64)], days: f64) -> f64 {
    let count = len_f64(points.len());
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (middle, level) = (mean(|it| it.0), mean(|it| it.1));
    let both: f64 = points
        .iter()
        .map(|it| (it.0 - middle) * (it.1 - level))
        .sum();
    let own: f64 = points.iter().map(|it| (it.0 - middle).powi(2)).sum();
    let slope = if own > 0.0 { both / own } else { 0.0 };
    let last = points.last().map_or(middle, |it| it.0);
    level + slope * (last + days - middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_drawn_a_week_ahead() {
        let falling: Vec<(f64, f64)> = (0..8)
            .map(|day| (f64::from(day), 1.0 - 0.05 * f64::from(day)))
            .collect();
        assert!((ahead(&falling, 7.0) - 0.3).abs() < 1e-9);
        assert!((ahead(&[(3.0, 0.4)], 7.0) - 0.4).abs() < 1e-9);
    }

    #[test]
    fn a_stretch_fires_once_and_only_if_it_lasts() {
        let grid = Grid::default();
        let held = [true, true, false, true, true, true, true, false, true];
        let fired = |minutes: u32| times(held.into_iter(), Span::from_secs(minutes * 60), &grid);
        assert_eq!((fired(5), fired(10), fired(15), fired(25)), (3, 2, 1, 0));
    }

    #[test]
    fn a_crowded_day_counts_once_until_it_is_over() {
        let hour = 3_600;
        let times = [
            (0, 1),
            (hour, 1),
            (2 * hour, 1),
            (3 * hour, 1),
            (60 * hour, 3),
        ];
        assert_eq!((crowded(&times, 3), crowded(&times, 5)), (2, 0));
    }
}
