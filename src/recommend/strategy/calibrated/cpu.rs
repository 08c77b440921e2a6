//! CPU requests: the level of use that, replayed, keeps the promise on time.

use std::ops::Range;

use super::Asked;
use super::pieces::Column;
use super::replays::Replays;
use super::sorted::{Ordered, Sorted};
use super::sought::Sought;
use super::work::Work;
use crate::recommend::event::{Events, Regime};
use crate::recommend::rounding::round_cpu;
use crate::recommend::{MOST_MOVED, Pool};
use crate::snapshot::{Grid, Series};
use crate::units::{Cpu, Span, len_f64};

/// Quantiles of the busiest stretch that are tried, cheapest first, each with the share
/// of time above it that is known before anything else is: the mean over the machines
/// of a public trace (60 business machines, GWA-T-12 Bitbrains "rnd"), replayed at five
/// origins of a fortnight each.
const LEVELS: [(f64, f64); 17] = [
    (0.8, 0.122),
    (0.85, 0.098),
    (0.88, 0.084),
    (0.9, 0.072),
    (0.92, 0.061),
    (0.94, 0.051),
    (0.95, 0.046),
    (0.96, 0.041),
    (0.97, 0.035),
    (0.975, 0.031),
    (0.98, 0.027),
    (0.985, 0.023),
    (0.99, 0.0167),
    (0.995, 0.0104),
    (0.998, 0.008),
    (0.999, 0.0069),
    (1.0, 0.0065),
];
/// Containers that this counts for.
const PRIOR_CONTAINERS: f64 = 30.0;
/// Samples that there must be before a moment, and after it.
const FEWEST: usize = 12;
/// The first minutes of a pod, in which it starts.
const START: Span = Span::from_secs(600);
/// Share of the promise that the replays may use up; the rest is for weeks
/// unlike any before.
const SPENT: f64 = 0.9;
/// Levels whose time above is within this multiple are about as safe.
const ABOUT: f64 = 1.25;

/// What is advised for the CPU of one container.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CpuSize {
    /// Cores.
    pub(super) request: f64,
    pub(super) quantile: f64,
    /// Whether it is above that quantile, for the sake of short bursts.
    pub(super) bursts: bool,
    /// Share of the work of the window above the request.
    pub(super) work_over: f64,
    /// Share of time that replays were above the request.
    pub(super) replayed: f64,
    /// The same, corrected for a window shorter than the horizon, and by what earlier runs
    /// taught.
    pub(super) time_over: f64,
    /// The same without what earlier runs taught.
    pub(super) untaught: f64,
    /// What earlier runs made of the request as it is written, as a multiple.
    pub(super) taught: f64,
    /// Containers whose replays chose the level with the prior.
    pub(super) containers: usize,
    /// Whether the promise is kept at this level; at none otherwise.
    pub(super) kept: bool,
}

/// One container's requests at each level, and how it fared with those that it
/// would have had.
#[derive(Debug, Clone)]
pub(super) struct Replayed {
    /// For each level; `None` without a sample.
    requests: Option<Vec<Wanted>>,
    /// For each level, the mean share of time above it in what followed the
    /// moments of the window; `None` where no moment has samples on both sides.
    time_over: Option<Vec<f64>>,
}

/// What one level asks for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// Cores.
    request: f64,
    /// Whether it is above the quantile, for the sake of short bursts.
    bursts: bool,
    /// Share of the work of the window above it.
    work_over: f64,
}

/// Sizes for all pools, in their order; `None` without a sample. `newer` is that of
/// [`Replays`].
pub(super) fn size(replayed: &[&Replayed], asked: &[Asked], newer: f64) -> Vec<Option<CpuSize>> {
    let levels = Levels::of(replayed);
    let sized = asked.iter().zip(replayed);
    sized
        .map(|(asked, own)| levels.size(own, asked, newer))
        .collect()
}

impl Replayed {
    /// `bursts` is the share of the work that a request may leave above it.
    pub(super) fn of(pool: &Pool<'_>, replays: &Replays, grid: &Grid, bursts: f64) -> Self {
        let events = &*pool.events;
        let odd = events.odd.as_ref();
        let series = pool.series.iter().copied();
        let many = series.filter(|one| odd.is_none_or(|odd| !odd.is_left_out_of_cpu(&one.pod)));
        let many: Vec<&Series> = many.collect();
        let starting = starting(events, grid);
        // What a change of level did to replays of the past is what it may do to
        // anyone; what is requested now is drawn from what holds since.
        let now = since(replays.cut(&replays.window), &events.cpu_regime());
        let known = replays.all.iter().map(|replay| replays.cut(&replay.known));
        let known: Vec<Vec<Range<usize>>> = known.collect();
        let asked = Sought {
            stretches: known.iter().flatten().chain(&now).cloned().collect(),
            above: LEVELS[0].0,
            beside: replays.all.iter().map(|it| it.ahead.clone()).collect(),
        };
        let all = Ordered::with_sums(&samples(&many, starting), &asked);
        let mut levels = Vec::new();
        let moments = replays
            .all
            .iter()
            .zip(&known)
            .filter_map(|(replay, known)| {
                let before = all.count(&replay.known);
                if before.min(all.count(&replay.ahead)) < FEWEST {
                    return None;
                }
                // More of the time is less, of a larger quantile no less: they ascend.
                let requests = busiest_of(&all, known, &mut levels);
                Some(all.shares_above(&replay.ahead, &requests))
            });
        let moments: Vec<Vec<f64>> = moments.collect();
        let mean = |level: usize| {
            moments.iter().map(|moment| moment[level]).sum::<f64>() / len_f64(moments.len())
        };
        let now = now.iter().filter_map(|it| all.within(it, LEVELS[0].0));
        let now: Vec<Sorted> = now.collect();
        Self {
            requests: (!now.is_empty()).then(|| wanted(&now, bursts)),
            time_over: (!moments.is_empty()).then(|| (0..LEVELS.len()).map(mean).collect()),
        }
    }
}

/// What pods used, without the first moments of each.
fn samples<'a>(pods: &[&'a Series], starting: usize) -> Vec<Column<'a>> {
    let of_pod = |series: &&'a Series| {
        let steady = if series.first > 0 { starting } else { 0 };
        let steady = steady.min(series.cpu_cores.len());
        let first = usize::try_from(series.first).unwrap_or(usize::MAX);
        (first.saturating_add(steady), &series.cpu_cores[steady..])
    };
    pods.iter().map(of_pod).collect()
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

/// At each level, what the most demanding stretch asks for, and no less than what
/// leaves the share `bursts` of the work above it.
fn wanted(stretches: &[Sorted], bursts: f64) -> Vec<Wanted> {
    let work = Work::of(stretches);
    let least = work.level(bursts);
    let mut wanted: Vec<Wanted> = Vec::with_capacity(LEVELS.len());
    for usual in busiest(stretches) {
        let request = usual.max(least);
        // Many levels ask for the same as the one before.
        let same = wanted
            .last()
            .filter(|it| it.request.to_bits() == request.to_bits());
        wanted.push(Wanted {
            request,
            bursts: request > usual,
            work_over: same.map_or_else(|| work.above(request), |it| it.work_over),
        });
    }
    wanted
}

/// At each level, what the most demanding stretch asks for.
fn busiest(stretches: &[Sorted]) -> Vec<f64> {
    let at = LEVELS.iter().map(|(quantile, _)| {
        let levels = stretches.iter().map(|it| it.quantile(*quantile));
        levels.fold(0.0, f64::max)
    });
    at.collect()
}

/// What a stretch asks for at each level; `None` without a sample.
type AtLevels = (Range<usize>, Option<[f64; LEVELS.len()]>);

/// The same of stretches that nothing else is asked of; some of them are of several moments,
/// and `known` from the first of these on.
fn busiest_of(
    all: &Ordered,
    stretches: &[Range<usize>],
    known: &mut Vec<AtLevels>,
) -> [f64; LEVELS.len()] {
    let mut most = [0.0_f64; LEVELS.len()];
    for stretch in stretches {
        let found = known.iter().find(|it| it.0 == *stretch).map(|it| it.1);
        let own = found.unwrap_or_else(|| {
            let own = all.quantiles(stretch, LEVELS.map(|(quantile, _)| quantile));
            known.push((stretch.clone(), own));
            own
        });
        for (most, own) in most.iter_mut().zip(own.into_iter().flatten()) {
            *most = most.max(own);
        }
    }
    most
}

/// The level nearest to what is wanted whose request, as it is written, lessons may ask
/// for in place of another.
fn nearest(requests: &[Wanted], before: usize, wanted: usize) -> usize {
    let untaught = written(requests[before].request);
    let (least, most) = (untaught * MOST_MOVED.0, untaught * MOST_MOVED.1);
    let within = |level: usize| (least..=most).contains(&written(requests[level].request));
    let mut level = wanted;
    while level != before && !within(level) {
        level = if level > before { level - 1 } else { level + 1 };
    }
    level
}

/// The cores that a person would write for these.
fn written(cores: f64) -> f64 {
    round_cpu(Cpu::cores(cores)).get()
}

/// Mean time above each level over all containers and the prior.
struct Levels {
    mean: Vec<f64>,
    containers: usize,
}

impl Levels {
    fn of(replayed: &[&Replayed]) -> Self {
        let known = replayed.iter().filter_map(|own| own.time_over.as_ref());
        let known: Vec<&Vec<f64>> = known.collect();
        let count = len_f64(known.len()) + PRIOR_CONTAINERS;
        let mean = LEVELS.iter().enumerate().map(|(place, (_, prior))| {
            let sum: f64 = known.iter().map(|own| own[place]).sum();
            (sum + prior * PRIOR_CONTAINERS) / count
        });
        Self {
            mean: mean.collect(),
            containers: known.len(),
        }
    }

    /// The cheapest level that spends no more than its share of the promise.
    fn size(&self, own: &Replayed, asked: &Asked, newer: f64) -> Option<CpuSize> {
        let requests = own.requests.as_ref()?;
        let promise = asked.targets.cpu_time_over_request;
        let taught = asked.taught.cpu_factor();
        let find = |correction: f64| {
            let kept = |level: &usize| self.mean[*level] * correction <= promise * SPENT;
            (0..LEVELS.len()).find(kept)
        };
        let found = find(newer * taught);
        let wanted = found.unwrap_or_else(|| self.enough());
        let before = find(newer).unwrap_or_else(|| self.enough());
        let level = nearest(requests, before, wanted);
        let time_over = self.mean[level] * newer;
        let Wanted {
            request,
            bursts,
            work_over,
        } = requests[level];
        Some(CpuSize {
            request,
            quantile: LEVELS[level].0,
            bursts,
            work_over,
            replayed: self.mean[level],
            time_over: (time_over * taught).min(1.0),
            untaught: time_over.min(1.0),
            taught: written(request) / written(requests[before].request).max(f64::MIN_POSITIVE),
            containers: self.containers,
            kept: found.is_some() || level != wanted,
        })
    }

    /// The cheapest level about as safe as any, where none keeps the promise:
    /// what some containers may turn to, no request covers.
    fn enough(&self) -> usize {
        let least = self.mean.iter().copied().fold(f64::INFINITY, f64::min);
        let near = self.mean.iter().position(|mean| *mean <= least * ABOUT);
        near.unwrap_or(LEVELS.len() - 1)
    }
}
