//! Whether memory leaks: what is left after every collection and in every quiet hour
//! rises, day by day, within the life of a pod, and still does.
//!
//! The working set saw-tooths with collections, fills with caches and follows the load, so
//! its mean tells little, and a straight line through samples is "significant" for every
//! wave. What tells is the floor: the smallest of each day. It must rise by the test of
//! Mann and Kendall, by enough to matter, not in one step, not ever slower, not with the
//! CPU, and in most of the pods. Where its slope changed, what follows the last change
//! counts; where a life is too short to tell, what lives before it say.

use crate::recommend::{Chances, Pool};
use crate::snapshot::{Grid, Series};
use crate::trend::{Course, Kendall, Slopes, median};
use crate::units::{Bytes, len_f64};

mod bend;
mod blocks;
mod load;
mod past;
mod resident;

use bend::Bend;
use blocks::Blocks;
use past::Past;

/// Standard deviations that the floors must rise by: one in a hundred by chance.
const SIGNIFICANT: f64 = 2.33;
/// Least rise a day, of the floor.
const LEAST_A_DAY: f64 = 0.01;
/// Days within which the rise must reach the limit, or [`MATTERS`] of what is used.
const AHEAD: f64 = 14.0;
const MATTERS: f64 = 0.25;
/// A rise that in its later half is slower than this share of the earlier comes to rest.
const COMES_TO_REST: f64 = 0.5;
/// Quarters of days since a bend, from which on what follows it is judged by itself.
const FEWEST_SINCE: usize = 6;
/// Days that it must have been seen to be sure of it.
const OLD: f64 = 6.0;
/// Share of pairs of floors that rise, from which on a single pod is believed.
const SURE: f64 = 0.8;

/// How the memory of a container moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Memory {
    /// Too short a history, or none.
    Unknown,
    /// It goes up and down, or rises for a reason that ends.
    Steady,
    /// It rises ever slower: a cache fills.
    Filling,
    Leak(Leak),
}

/// Memory that is taken and not given back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leak {
    /// Of the daily peaks, in bytes.
    pub course: Course,
    /// The most that was measured in the last day, in bytes.
    pub level: f64,
    /// The slot that it begins with: of its life, of the window, or of the rise.
    pub since: u32,
    /// Lives of containers that it is told by: the present one, or past ones that agree.
    pub lives: usize,
    /// Pods that leak, of those that run for long enough to tell.
    pub pods: usize,
    pub of: usize,
    /// Share of pairs of floors that rise less those that fall.
    pub tau: f64,
    /// Whether it has not been seen for long enough to be sure.
    pub young: bool,
    /// Whether it is known that what the processes hold themselves rises, and no cache.
    pub resident: bool,
}

impl Leak {
    /// Days until it reaches `limit`: middle, earliest, latest. Not finite for never.
    pub fn days_to(&self, limit: Bytes) -> (f64, f64, f64) {
        self.course.days_to(limit.to_f64())
    }

    /// Probability that it reaches `limit` within so many days, after days with these peaks,
    /// oldest first.
    ///
    /// The rise goes on, or it ends; and in either case a record may come on top of it, as
    /// of peaks that do not rise. Told of the peaks as they are, the rise would count twice.
    pub fn reaches(&self, peaks: &[f64], limit: Bytes, ahead: f64, chances: &Chances) -> f64 {
        let limit = limit.to_f64();
        let record = chances.beyond(&self.course.levels_of(peaks), limit, ahead);
        let record = record.unwrap_or(0.0);
        let rises = self.course.rises_to(limit, ahead);
        let goes_on = self.course.goes_on(limit, ahead);
        goes_on * rises.max(record) + (1.0 - goes_on) * record
    }

    /// Whether a single look is enough: several pods, or nearly every pair of days.
    pub fn is_sure(&self) -> bool {
        !self.young && self.resident && (self.pods > 1 || self.tau >= SURE)
    }
}

/// Judges by the pods that still run, each within its present life.
pub(super) fn judge(pool: &Pool<'_>, grid: &Grid) -> Memory {
    if pool.workload.is_batch() || grid.len == 0 {
        return Memory::Steady;
    }
    let running = pool.series.iter().filter(|series| series.is_running(grid));
    let limit = pool.container.limits.memory;
    let judged: Vec<Memory> = running
        .map(|series| of_pod(series, grid, limit))
        .filter(|memory| *memory != Memory::Unknown)
        .collect();
    if judged.is_empty() {
        return Past::of(pool, grid).judge(limit);
    }
    let leaks = judged.iter().filter_map(|memory| match memory {
        Memory::Leak(leak) => Some(*leak),
        _ => None,
    });
    let leaks: Vec<Leak> = leaks.collect();
    // Replicas leak alike.
    if 2 * leaks.len() <= judged.len() {
        let fills = judged.contains(&Memory::Filling);
        return if fills {
            Memory::Filling
        } else {
            Memory::Steady
        };
    }
    let first = |leak: &Leak| match limit {
        Some(limit) => leak.days_to(limit).0,
        None => -leak.course.per_day,
    };
    let next = leaks.iter().min_by(|a, b| first(a).total_cmp(&first(b)));
    next.map_or(Memory::Steady, |leak| {
        Memory::Leak(Leak {
            pods: leaks.len(),
            of: judged.len(),
            ..*leak
        })
    })
}

fn of_pod(series: &Series, grid: &Grid, limit: Option<Bytes>) -> Memory {
    let Some(blocks) = Blocks::of(series, grid) else {
        return Memory::Unknown;
    };
    let whole = of_stretch(&blocks, limit);
    let memory = match (last_bend(series, grid, whole), whole) {
        (None, whole) => whole,
        // A rise that is over leaks no more, however long it was.
        (Some((_, bend)), Memory::Leak(_)) if bend.is_rest() => Memory::Filling,
        (Some((quarters, bend)), whole) => {
            since_bend(&quarters, bend, limit).map_or(whole, Memory::Leak)
        }
    };
    match memory {
        Memory::Leak(leak) => resident::held(series, leak),
        memory => memory,
    }
}

/// Where the slope of the present life changed last, and the life in quarters of days.
fn last_bend<'a>(series: &'a Series, grid: &Grid, whole: Memory) -> Option<(Blocks<'a>, Bend)> {
    let quarters = Blocks::quarters(series, grid)?;
    // What was higher for long does not rise beyond all that was, and need not be cut.
    let floors = &quarters.floors;
    let now = median(&floors[floors.len().saturating_sub(bend::A_DAY)..]);
    let higher = floors.iter().filter(|it| **it > now).count();
    if !matches!(whole, Memory::Leak(_)) && higher > bend::A_DAY {
        return None;
    }
    let bend = bend::last(&bend::without_cycle(&quarters.floors))?;
    Some((quarters, bend))
}

/// A leak that began within the life: it rises steadily since then, beyond all that was
/// before.
fn since_bend(quarters: &Blocks<'_>, bend: Bend, limit: Option<Bytes>) -> Option<Leak> {
    let floors = bend::without_cycle(&quarters.floors);
    let (before, since) = floors.split_at(bend.at);
    let most = before.iter().copied().fold(0.0, f64::max);
    let least = before.iter().copied().fold(f64::INFINITY, f64::min);
    let now = median(&since[since.len().saturating_sub(bend::A_DAY)..]);
    if since.len() < FEWEST_SINCE || now - most <= (most - least).max(0.0) {
        return None;
    }
    let test = Kendall::of(since);
    if test.z <= SIGNIFICANT || test.tau < SURE {
        return None;
    }
    match of_stretch(&quarters.since(bend.at, floors), limit) {
        Memory::Leak(leak) => Some(Leak {
            young: leak.course.days < OLD,
            ..leak
        }),
        _ => None,
    }
}

fn of_stretch(blocks: &Blocks<'_>, limit: Option<Bytes>) -> Memory {
    let floors = &blocks.floors;
    let test = Kendall::by_season(floors, blocks.seasons);
    if test.z <= SIGNIFICANT {
        return Memory::Steady;
    }
    // What leaks lifts peaks and floors alike, and floors show it without the load.
    let Some(course) = Course::of(floors, &blocks.peaks, blocks.per_day) else {
        return Memory::Unknown;
    };
    let most = |peaks: &[f64]| peaks.iter().copied().fold(0.0, f64::max);
    let today = blocks.peaks.len().saturating_sub(blocks.per_day);
    let leak = Leak {
        course: Course {
            // No line makes it more than ever was.
            now: course.now.min(most(&blocks.peaks)),
            now_low: course.now_low.min(most(&blocks.peaks)),
            ..course
        },
        level: most(&blocks.peaks[today..]),
        since: blocks.since,
        lives: 1,
        pods: 1,
        of: 1,
        tau: test.tau,
        young: blocks.per_day > 1,
        resident: false,
    };
    let level = median(floors);
    if course.per_day < LEAST_A_DAY * level || !matters(&leak, level, limit) {
        return Memory::Steady;
    }
    if is_one_step(floors, blocks.seasons) {
        return Memory::Steady;
    }
    if comes_to_rest(floors) {
        return Memory::Filling;
    }
    if load::carries(blocks) {
        return Memory::Steady;
    }
    Memory::Leak(leak)
}

/// Whether it comes to something within a fortnight.
fn matters(leak: &Leak, level: f64, limit: Option<Bytes>) -> bool {
    let grows = leak.course.per_day * AHEAD >= MATTERS * level;
    grows || limit.is_some_and(|limit| leak.days_to(limit).0 <= AHEAD)
}

/// Whether two levels, with one step between them, leave less unexplained than a line.
/// Of blocks that have a season, by days.
fn is_one_step(floors: &[f64], per_day: usize) -> bool {
    let days = floors.rchunks(per_day).rev().map(median);
    let days: Vec<f64> = days.filter(|it| it.is_finite()).collect();
    let Some(line) = Slopes::of(&days).map(|slopes| slopes.middle()) else {
        return false;
    };
    let away = |values: &[f64]| -> f64 {
        let center = median(values);
        values.iter().map(|it| (it - center).abs()).sum()
    };
    let level = days.iter().enumerate();
    let level: Vec<f64> = level.map(|(at, it)| it - line * len_f64(at)).collect();
    // Each side needs a day to be a level, and a lone one at an end is none.
    let splits = 2..days.len().saturating_sub(1);
    let steps = splits.map(|at| away(&days[..at]) + away(&days[at..]));
    steps.fold(f64::INFINITY, f64::min) < away(&level)
}

/// Whether the later half is surely slower than the earlier one.
fn comes_to_rest(floors: &[f64]) -> bool {
    let (early, late) = floors.split_at(floors.len() / 2);
    match (Slopes::of(early), Slopes::of(late)) {
        (Some(early), Some(late)) => late.interval(1.0).1 < COMES_TO_REST * early.middle(),
        _ => false,
    }
}
