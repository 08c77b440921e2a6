//! When a rule would have fired in the window.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::stretch::{Place, Slots, Stretch, stretches};
use crate::recommend::Pool;
use crate::risk::Seen;
use crate::snapshot::{ContainerKind, Metric, Series, Spell, Values};
use crate::units::{Bytes, Cpu, Span, days_between, len_f64};

/// Those that stay, with their place.
pub(super) fn stays<'a, 'b>(seen: &'b Seen<'a>) -> impl Iterator<Item = (usize, &'b Pool<'a>)> {
    let pools = seen.pools.iter().enumerate();
    pools.filter(|(_, pool)| pool.container.kind != ContainerKind::Init)
}

/// The slots of a series.
pub(super) fn sampled<'a>(seen: &'a Seen<'_>, series: &Series) -> Slots<'a> {
    Slots {
        grid: &seen.grid,
        first: series.first,
    }
}

/// Throttled in more than `share` of periods while it uses more than `works` of its limit;
/// `None` where throttling is not measured anywhere.
pub(super) fn throttled(
    seen: &Seen<'_>,
    share: f64,
    (works, hold): (f64, Span),
) -> Option<Vec<Stretch>> {
    let mut known = false;
    let mut fired = Vec::new();
    for (place, pool) in stays(seen) {
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
            let of = Place::pod(place, &series.pod);
            fired.extend(sampled(seen, series).fired(&of, held, hold));
        }
    }
    known.then_some(fired)
}

/// Waits for CPU for more than `share` of the time; `None` without pressure metrics.
pub(super) fn waits(seen: &Seen<'_>, share: f64, hold: Span) -> Option<Vec<Stretch>> {
    let mut known = false;
    let mut fired = Vec::new();
    for (place, pool) in stays(seen) {
        for series in &pool.series {
            let Some(waiting) = series.more.get(&Metric::CpuWaitingRatio).map(Values::every) else {
                continue;
            };
            known = true;
            let held = waiting.iter().map(|it| f64::from(*it) > share);
            let of = Place::pod(place, &series.pod);
            fired.extend(sampled(seen, series).fired(&of, held, hold));
        }
    }
    known.then_some(fired)
}

/// Kills for memory.
pub(super) fn kills(seen: &Seen<'_>) -> Vec<Stretch> {
    let mut fired = Vec::new();
    for (place, pool) in stays(seen) {
        let ends = pool.container.terminations.iter();
        let killed = ends.filter(|end| end.reason == "OOMKilled");
        fired.extend(killed.filter_map(|end| {
            let at = end.finished.filter(|at| *at >= seen.grid.start)?;
            Some(Stretch::at(Place::pod(place, &end.pod), at))
        }));
    }
    fired
}

/// So many restarts of one container of a pod within a day; `None` where no times of
/// restarts are known although there were some.
pub(super) fn restarts(seen: &Seen<'_>, least: u32) -> Option<Vec<Stretch>> {
    let all = restarts_by_pod(seen)?;
    let day = SignedDuration::from_hours(24);
    let each = all
        .iter()
        .flat_map(|(of, times)| crowded(of, times, least, day));
    Some(each.collect())
}

/// When each container of a pod restarted how often.
type Restarted = Vec<(Place, Vec<(Timestamp, u32)>)>;

/// `None` where no times are known although there were some.
pub(super) fn restarts_by_pod(seen: &Seen<'_>) -> Option<Restarted> {
    let mut all = Vec::new();
    for (place, pool) in stays(seen) {
        let container = pool.container;
        if container.restarts > 0 && container.restarts_at.is_empty() {
            return None;
        }
        let mut by_pod: BTreeMap<&str, Vec<(Timestamp, u32)>> = BTreeMap::new();
        for it in &container.restarts_at {
            by_pod
                .entry(&it.pod)
                .or_default()
                .push((it.until, it.count));
        }
        let named = by_pod.into_iter();
        all.extend(named.map(|(pod, times)| (Place::pod(place, pod), times)));
    }
    Some(all)
}

/// Stretches in which so long a time held so many.
pub(super) fn crowded(
    of: &Place,
    times: &[(Timestamp, u32)],
    least: u32,
    within: SignedDuration,
) -> Vec<Stretch> {
    let mut fired: Vec<Stretch> = Vec::new();
    for (at, _) in times {
        let near = times
            .iter()
            .filter(|(it, _)| *it > *at - within && it <= at);
        let count: u32 = near.map(|(_, count)| *count).sum();
        if count < least {
            continue;
        }
        // It goes on firing until so long after the last.
        match fired.last_mut() {
            Some(last) if *at <= last.until => last.until = *at + within,
            _ => fired.push(Stretch {
                of: of.clone(),
                since: *at,
                until: *at + within,
            }),
        }
    }
    fired
}

/// The rule for leaks, looked at once a day.
pub(super) fn leaks(seen: &Seen<'_>) -> Vec<Stretch> {
    let mut fired = Vec::new();
    for (place, pool) in stays(seen).filter(|(_, pool)| !pool.workload.is_batch()) {
        let Some(limit) = pool.container.limits.memory else {
            continue;
        };
        let day = seen.grid.per_day();
        for series in &pool.series {
            let days = Days::of(series, day);
            let count = days.floors.len();
            let held = (0..count).map(|day| day >= 6 && days.leaks(day, limit));
            // The last day ends with the series.
            let end = series
                .first
                .saturating_add(u32::try_from(series.len()).unwrap_or(u32::MAX));
            let known = |at: usize| {
                let before = u32::try_from(count - 1 - at).unwrap_or(u32::MAX);
                seen.grid
                    .time(end.saturating_sub(before.saturating_mul(day)))
            };
            fired.extend(stretches(&Place::pod(place, &series.pod), held, 1, known));
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
    fn of(series: &Series, day: u32) -> Self {
        let day = usize::try_from(day).unwrap_or(1).max(1);
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
pub(super) fn pinned(seen: &Seen<'_>, (above, hold): (f64, Span)) -> Option<Vec<Stretch>> {
    loaded(seen, |each, target| each > above * target).map(|all| all.fired(seen, hold))
}

/// Workloads with as many pods as they may have, slot by slot.
pub(super) struct Loaded(Vec<(Place, Vec<bool>)>);

impl Loaded {
    fn fired(&self, seen: &Seen<'_>, hold: Span) -> Vec<Stretch> {
        self.each(|of, held| whole(seen).fired(of, held, hold))
    }

    pub(super) fn held(&self, seen: &Seen<'_>, hold: Span) -> Vec<Stretch> {
        self.each(|of, held| whole(seen).held(of, held, hold))
    }

    fn each(
        &self,
        of: impl Fn(&Place, std::iter::Copied<std::slice::Iter<'_, bool>>) -> Vec<Stretch>,
    ) -> Vec<Stretch> {
        let all = self.0.iter();
        all.flat_map(|(place, held)| of(place, held.iter().copied()))
            .collect()
    }
}

/// All slots of the grid.
fn whole<'a>(seen: &'a Seen<'_>) -> Slots<'a> {
    Slots {
        grid: &seen.grid,
        first: 0,
    }
}

/// Where autoscaled workloads have as many pods as they may, and what these use of the CPU
/// that they ask for is `enough`, beside the target; `None` where no autoscaler scales on CPU.
pub(super) fn loaded(seen: &Seen<'_>, enough: impl Fn(f64, f64) -> bool) -> Option<Loaded> {
    let mut all = Vec::new();
    for (index, workload) in seen.snapshot.workloads.iter().enumerate() {
        let Some(scaler) = &workload.autoscaler else {
            continue;
        };
        let target = scaler.cpu_target();
        let Some(target) = target.filter(|_| scaler.max_replicas > scaler.min_replicas) else {
            continue;
        };
        let (pods, used, asked) = load(seen, index);
        let held = pods.iter().zip(&used).map(|(count, used)| {
            let each = used / (f64::from(*count) * asked);
            *count >= scaler.max_replicas && enough(each, target)
        });
        all.push((Place::of(index), held.collect()));
    }
    (!all.is_empty()).then_some(Loaded(all))
}

/// Pods of a workload and cores that they use, slot by slot, and cores that one asks for.
fn load(seen: &Seen<'_>, workload: usize) -> (Vec<u32>, Vec<f64>, f64) {
    let slots = usize::try_from(seen.grid.len).unwrap_or(0);
    let (mut pods, mut used) = (vec![0_u32; slots], vec![0.0_f64; slots]);
    let mut asked = 0.0;
    for (_, pool) in stays(seen).filter(|(_, pool)| pool.profile.workload == workload) {
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
    (pods, used, asked)
}

/// Nodes whose pods use more than this share of their memory; `None` without nodes.
pub(super) fn nodes_full(seen: &Seen<'_>, share: f64, hold: Span) -> Option<Vec<Stretch>> {
    let nodes = seen.snapshot.cluster.nodes.iter().zip(seen.nodes.iter());
    let mut known = false;
    let mut fired = Vec::new();
    for (place, (node, used)) in nodes.enumerate() {
        if let Some(room) = node.allocatable.memory.filter(|it| !it.is_zero()) {
            known = true;
            let held = used.memory.iter();
            let held = held.map(|it| f64::from(*it) > share * room.to_f64());
            fired.extend(whole(seen).fired(&Place::of(place), held, hold));
        }
    }
    known.then_some(fired)
}

/// Evictions that are remembered.
pub(super) fn evictions(seen: &Seen<'_>) -> Vec<Stretch> {
    let workloads = seen.snapshot.workloads.iter().enumerate();
    let all = workloads.flat_map(|(place, it)| it.evictions.iter().map(move |it| (place, it)));
    let inside = all.filter_map(|(place, it)| {
        let at = it.at.filter(|at| *at >= seen.grid.start)?;
        Some(Stretch::at(Place::pod(place, &it.pod), at))
    });
    inside.collect()
}

/// Stretches of nodes that say such a thing for so long; `None` where no node's past is
/// known.
pub(super) fn spells(seen: &Seen<'_>, of: fn(&str) -> bool, hold: Span) -> Option<Vec<Stretch>> {
    let hold = SignedDuration::from_secs(i64::from(hold.as_secs()));
    of_node(seen, |place, spell| {
        let since = spell.from + hold;
        (of(&spell.kind) && since <= spell.until).then(|| Stretch {
            of: Place::of(place),
            since,
            until: spell.until,
        })
    })
}

/// What is made of what each node said; `None` where no node's past is known.
pub(super) fn of_node(
    seen: &Seen<'_>,
    of: impl Fn(usize, &Spell) -> Option<Stretch>,
) -> Option<Vec<Stretch>> {
    let nodes = seen.snapshot.cluster.nodes.iter().enumerate();
    let known = nodes.filter_map(|(place, node)| Some((place, node.spells.as_ref()?)));
    let each = known.map(|(place, spells)| spells.iter().filter_map(|it| of(place, it)).collect());
    let each: Vec<Vec<Stretch>> = each.collect();
    (!each.is_empty()).then(|| each.concat())
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
pub(super) fn volumes(seen: &Seen<'_>, filling: &[Filling]) -> Option<Vec<Stretch>> {
    let claims = seen.snapshot.cluster.volume_claims.iter().enumerate();
    let known = claims.filter(|(_, it)| !it.history.is_empty() && !it.may_be_full);
    let known = known.filter_map(|(place, claim)| {
        let all = claim.capacity?.to_f64();
        let uses = claim.history.iter();
        let (at, points): (Vec<Timestamp>, Vec<(f64, f64)>) = uses
            .filter_map(|it| {
                let days = days_between(seen.grid.start, it.at);
                Some((it.at, (days, 1.0 - it.used?.to_f64() / all)))
            })
            .unzip();
        let held = Filling::any(filling, &points)?;
        // Of the first point nothing is told.
        let known = |place: usize| at[place + 1];
        Some(stretches(&Place::of(place), held.into_iter(), 1, known))
    });
    let fired: Vec<Vec<Stretch>> = known.collect();
    (!fired.is_empty()).then(|| fired.concat())
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
    fn a_crowded_day_counts_once_until_it_is_over() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let times = [(0, 1), (1, 1), (2, 1), (3, 1), (60, 3)].map(|(it, count)| (at(it), count));
        let fired = |least: u32| {
            let day = SignedDuration::from_hours(24);
            crowded(&Place::of(0), &times, least, day)
        };
        assert_eq!((fired(3).len(), fired(5).len()), (2, 0));
        assert_eq!((fired(3)[0].since, fired(3)[0].until), (at(2), at(27)));
    }
}
