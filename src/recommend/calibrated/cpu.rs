//! CPU requests: the level of use that, replayed, keeps the promise on time.

use std::ops::Range;

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::Asked;
use super::replays::Replays;
use super::sorted::Sorted;
use crate::cohort::Cohorts;
use crate::recommend::event::{Events, Regime};
use crate::recommend::{Pool, Seen};
use crate::snapshot::{Grid, Series};
use crate::units::{Span, len_f64};

/// Levels that are tried, cheapest first: a quantile and a factor on it.
const LEVELS: [(f64, f64); 17] = [
    (0.90, 1.0),
    (0.92, 1.0),
    (0.94, 1.0),
    (0.95, 1.0),
    (0.96, 1.0),
    (0.97, 1.0),
    (0.975, 1.0),
    (0.98, 1.0),
    (0.985, 1.0),
    (0.99, 1.0),
    (0.995, 1.0),
    (0.998, 1.0),
    (0.999, 1.0),
    (1.0, 1.0),
    (1.0, 1.1),
    (1.0, 1.25),
    (1.0, 1.5),
];
/// Samples that there must be before a moment, and after it.
const FEWEST: usize = 12;
/// The first minutes of a pod, in which it starts.
const START: Span = Span::from_secs(600);
/// Containers that the whole cluster counts for in a cohort.
const WIDER: f64 = 10.0;
/// Share of the promise that the replays may use up; the rest is for weeks
/// unlike any before.
const SPENT: f64 = 0.7;
/// Levels whose time above is within this multiple are about as safe.
const ABOUT: f64 = 1.25;

/// What is advised for the CPU of one container.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CpuSize {
    /// Cores.
    pub(super) request: f64,
    pub(super) quantile: f64,
    pub(super) factor: f64,
    /// Share of time that replays were above the request.
    pub(super) replayed: f64,
    /// The same, with 90 % confidence.
    pub(super) time_over: f64,
    /// Containers whose replays chose the level.
    pub(super) containers: usize,
    /// Whether the promise is kept at this level; at none otherwise.
    pub(super) kept: bool,
}

/// One container's requests at each level, and how it fared with those that it
/// would have had.
struct Replayed {
    /// The largest request that any stretch asks for at each level; `None` without a sample.
    requests: Option<Vec<f64>>,
    /// For each level, the mean share of time above it in what followed the
    /// moments of the window; `None` where no moment has samples on both sides.
    time_over: Option<Vec<f64>>,
}

/// Sizes for all pools, in their order; `None` without a sample.
pub(super) fn size(seen: &Seen<'_>, asked: &[Asked], horizon: Span) -> Vec<Option<CpuSize>> {
    let grid = &seen.snapshot.usage.grid;
    let replays = Replays::new(grid, 1, horizon);
    let replayed: Vec<Replayed> = seen
        .pools
        .par_iter()
        .zip(asked)
        .map(|(pool, asked)| Replayed::of(pool, &replays, &asked.events, grid))
        .collect();
    let everyone: Vec<usize> = (0..seen.pools.len()).collect();
    let all = Levels::of(&replayed, &everyone, None);
    let cohorts = cohort_levels(seen.cohorts, &replayed, &all);
    let sized = seen
        .pools
        .iter()
        .zip(asked)
        .zip(&replayed)
        .map(|((pool, asked), own)| {
            let promise = asked.targets.cpu_time_over_request;
            let levels = pool.cohort.and_then(|cohort| cohorts.get(cohort));
            let levels = levels.unwrap_or(&all);
            levels.size(own, promise, replays.newer)
        });
    sized.collect()
}

fn cohort_levels(cohorts: &Cohorts, replayed: &[Replayed], all: &Levels) -> Vec<Levels> {
    let levels = cohorts
        .groups
        .iter()
        .map(|group| Levels::of(replayed, &group.members, Some(all)));
    levels.collect()
}

impl Replayed {
    fn of(pool: &Pool<'_>, replays: &Replays, events: &Events, grid: &Grid) -> Self {
        let odd = events.odd.as_ref();
        let series = pool.series.iter().copied();
        let many = series.filter(|one| odd.is_none_or(|odd| !odd.is_left_out_of_cpu(&one.pod)));
        let many: Vec<&Series> = many.collect();
        let starting = starting(events, grid);
        let sorted =
            |range: &Range<usize>| Sorted::of(samples(&many, range, starting), LEVELS[0].0);
        let each = |ranges: Vec<Range<usize>>| -> Vec<Sorted> {
            ranges.iter().filter_map(sorted).collect()
        };
        let moments = replays.all.iter().filter_map(|replay| {
            let (known, ahead) = (each(replays.cut(&replay.known)), sorted(&replay.ahead)?);
            let before: usize = known.iter().map(Sorted::count).sum();
            if before.min(ahead.count()) < FEWEST {
                return None;
            }
            let requests = busiest(&known);
            Some(requests.iter().map(|size| ahead.above(*size)).collect())
        });
        let moments: Vec<Vec<f64>> = moments.collect();
        let mean = |level: usize| {
            moments.iter().map(|moment| moment[level]).sum::<f64>() / len_f64(moments.len())
        };
        // What a change of level did to replays of the past is what it may do to
        // anyone; what is requested now is drawn from what holds since.
        let now = since(replays.cut(&replays.window), &events.cpu_regime());
        let now = each(now);
        Self {
            requests: (!now.is_empty()).then(|| busiest(&now)),
            time_over: (!moments.is_empty()).then(|| (0..LEVELS.len()).map(mean).collect()),
        }
    }
}

/// What pods used in a range of slots, without the first moments of each.
fn samples(pods: &[&Series], range: &Range<usize>, starting: usize) -> Vec<f32> {
    let mut samples = Vec::new();
    for series in pods {
        let first = usize::try_from(series.first).unwrap_or(0);
        let used = &series.cpu_cores;
        let steady = if first > 0 { starting } else { 0 };
        let from = range.start.saturating_sub(first).max(steady);
        let until = range.end.saturating_sub(first).min(used.len());
        if let Some(used) = used.get(from..until) {
            samples.extend(used.iter().copied().filter(|used| !used.is_nan()));
        }
    }
    samples
}

/// The stretches where the level changed: none before what counts, and none that
/// holds samples of both levels.
fn since(stretches: Vec<Range<usize>>, regime: &Regime) -> Vec<Range<usize>> {
    let at = |slot: u32| usize::try_from(slot).unwrap_or(usize::MAX);
    let from = at(regime.from);
    let counted = stretches
        .into_iter()
        .filter(|stretch| stretch.end > from)
        .map(|stretch| stretch.start.max(from)..stretch.end);
    let parted = counted.flat_map(|stretch| match regime.risen.map(at) {
        Some(risen) if stretch.contains(&risen) => vec![stretch.start..risen, risen..stretch.end],
        _ => vec![stretch],
    });
    parted.collect()
}

/// Slots after the start of a pod that say nothing of its steady state.
fn starting(events: &Events, grid: &Grid) -> usize {
    let slots = START.as_secs().div_ceil(grid.step.as_secs().max(1));
    let slots = events.start_up.as_ref().map_or(0, |_| slots);
    usize::try_from(slots).unwrap_or(0)
}

/// At each level, what the most demanding stretch asks for.
fn busiest(stretches: &[Sorted]) -> Vec<f64> {
    let at = LEVELS.map(|(quantile, factor)| {
        let levels = stretches.iter().map(|stretch| stretch.quantile(quantile));
        levels.fold(0.0, f64::max) * factor
    });
    at.to_vec()
}

/// Time above each level over a group of containers.
struct Levels {
    mean: Vec<f64>,
    upper: Vec<f64>,
    containers: usize,
}

impl Levels {
    fn of(replayed: &[Replayed], members: &[usize], wider: Option<&Self>) -> Self {
        let known = members.iter().filter_map(|member| replayed.get(*member));
        let known: Vec<&Vec<f64>> = known.filter_map(|own| own.time_over.as_ref()).collect();
        let count = len_f64(known.len());
        let mut levels = Self {
            mean: Vec::new(),
            upper: Vec::new(),
            containers: known.len(),
        };
        for level in 0..LEVELS.len() {
            let sum: f64 = known.iter().map(|own| own[level]).sum();
            let squares: f64 = known.iter().map(|own| own[level].powi(2)).sum();
            // Before anything was replayed, a quantile promises what it says.
            let said = (1.0 - LEVELS[level].0).max(0.001) / LEVELS[level].1;
            let (wider_mean, weight) =
                wider.map_or((said, 1.0), |wider| (wider.mean[level], WIDER));
            let mean = (sum + wider_mean * weight) / (count + weight);
            let square = (squares + wider_mean.powi(2) * weight) / (count + weight);
            let spread = (square - mean.powi(2)).max(0.0).sqrt();
            levels.mean.push(mean);
            levels
                .upper
                .push(mean + 1.2816 * spread / (count + weight).sqrt());
        }
        levels
    }

    /// The cheapest level that spends no more than its share of the promise.
    fn size(&self, own: &Replayed, promise: f64, correction: f64) -> Option<CpuSize> {
        let requests = own.requests.as_ref()?;
        let kept = |level: &usize| {
            self.mean[*level] * correction <= promise * SPENT
                && self.upper[*level] * correction <= promise
        };
        let found = (0..LEVELS.len()).find(kept);
        let level = found.unwrap_or_else(|| self.enough());
        let (quantile, factor) = LEVELS[level];
        Some(CpuSize {
            request: requests[level],
            quantile,
            factor,
            replayed: self.mean[level],
            time_over: (self.upper[level] * correction).min(1.0),
            containers: self.containers,
            kept: found.is_some(),
        })
    }

    /// The cheapest level about as safe as any, where none keeps the promise:
    /// what some containers may turn to, no request covers.
    fn enough(&self) -> usize {
        let least = self.upper.iter().copied().fold(f64::INFINITY, f64::min);
        let near = self.upper.iter().position(|upper| *upper <= least * ABOUT);
        near.unwrap_or(LEVELS.len() - 1)
    }
}
