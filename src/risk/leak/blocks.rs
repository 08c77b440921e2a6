//! The present life of a pod, in equal stretches of time.

use std::ops::Range;

use crate::snapshot::{Grid, Series};
use crate::trend::{are_finite, largest, lives, smallest};
use crate::units::len_f64;

/// Days of a life, after its first hours, from which on a day is a stretch; a younger
/// one is told by quarters of days, each held against the same quarter of other days.
const DAYS: usize = 6;
/// The same for quarters: three days.
const QUARTERS: usize = 12;
/// A stretch needs this share of the samples of the fullest.
const FULL: usize = 2;

/// Stretches of one life, oldest first, the last ends with the window. `NaN` for one that
/// is hardly known.
pub(super) struct Blocks<'a> {
    /// The smallest working set, in bytes.
    pub(super) floors: Vec<f64>,
    /// The largest.
    pub(super) peaks: Vec<f64>,
    /// Samples of the same time, and slots a stretch.
    memory: &'a [f32],
    cpu: &'a [f32],
    slots: usize,
    /// Stretches a day: 1 or 4.
    pub(super) per_day: usize,
    /// Kinds of stretches that differ by the hour of the day: 1 or 4.
    pub(super) seasons: usize,
    /// The slot that the first begins with.
    pub(super) since: u32,
}

impl<'a> Blocks<'a> {
    /// `None` where the life is too short to tell.
    pub(super) fn of(series: &'a Series, grid: &Grid) -> Option<Self> {
        let day = usize::try_from(grid.per_day()).ok()?;
        let life = present(series, day)?;
        let began = life > 0 || series.first > 0;
        let length = series.memory_bytes.len() - life;
        // What is taken while it warms up is no leak.
        let warm = |slots: usize| if began { slots } else { 0 };
        let by_day = length.saturating_sub(warm(day)) / day;
        let quarter = (day / 4).max(1);
        let by_quarter = length.saturating_sub(warm(quarter)) / quarter;
        let (size, per_day, count) = if by_day >= DAYS {
            (day, 1, by_day)
        } else if by_quarter >= QUARTERS {
            (quarter, 4, by_quarter - by_quarter % 4)
        } else {
            return None;
        };
        let from = series.memory_bytes.len() - size * count;
        let blocks = Self::cut(series, from, size, per_day);
        let known = blocks.floors.iter().filter(|it| it.is_finite()).count();
        // Gaps may leave too little of a life that is long enough.
        (known >= DAYS && 4 * known >= 3 * count).then_some(blocks)
    }

    /// All of the present life in quarters of days; `None` where they do not make up days.
    pub(super) fn quarters(series: &'a Series, grid: &Grid) -> Option<Self> {
        let day = usize::try_from(grid.per_day()).ok()?;
        let life = present(series, day)?;
        let size = day / 4;
        if size == 0 || day % 4 > 0 {
            return None;
        }
        let count = (series.memory_bytes.len() - life) / size;
        let from = series.memory_bytes.len() - size * count;
        Some(Self::cut(series, from, size, 4))
    }

    /// The stretches from one on, with floors that have no daily cycle.
    pub(super) fn since(&self, first: usize, floors: Vec<f64>) -> Self {
        let slots = first * self.slots;
        Self {
            floors: floors.into_iter().skip(first).collect(),
            peaks: self.peaks.iter().skip(first).copied().collect(),
            memory: self.memory.get(slots..).unwrap_or_default(),
            cpu: self.cpu.get(slots..).unwrap_or_default(),
            since: self.since + u32::try_from(slots).unwrap_or(0),
            seasons: 1,
            ..*self
        }
    }

    /// Mean CPU of each stretch, in cores.
    pub(super) fn cpu(&self) -> Vec<f64> {
        let stretches = self.cpu.chunks_exact(self.slots);
        stretches.map(mean).collect()
    }

    /// Mean CPU and memory of each hour, day by day: of stretches the first begins a day.
    pub(super) fn days(&self) -> Vec<Vec<(f64, f64)>> {
        let day = self.slots * self.per_day;
        let hour = (day / 24).max(1);
        let means = |values: &[f32]| -> Vec<f64> {
            let hours = values.chunks_exact(hour);
            hours.map(mean).collect()
        };
        let days = self.cpu.chunks(day).zip(self.memory.chunks(day));
        days.map(|(cpu, memory)| means(cpu).into_iter().zip(means(memory)).collect())
            .collect()
    }

    fn cut(series: &'a Series, from: usize, size: usize, per_day: usize) -> Self {
        let (floors, peaks) = bounds(&series.memory_bytes[from..], size);
        Self {
            floors,
            peaks,
            memory: &series.memory_bytes[from..],
            cpu: series.cpu_cores.get(from..).unwrap_or_default(),
            slots: size,
            per_day,
            seasons: per_day,
            since: series.first + u32::try_from(from).unwrap_or(0),
        }
    }
}

/// The smallest and the largest of each stretch of so many samples; `NaN` for one that is
/// hardly known.
pub(super) fn bounds(values: &[f32], size: usize) -> (Vec<f64>, Vec<f64>) {
    let all: Vec<Bounds> = values.chunks_exact(size).map(Bounds::of).collect();
    let fullest = all.iter().map(|it| it.count).max().unwrap_or(0);
    let known = |it: &Bounds| it.count > 0 && FULL * it.count >= fullest;
    let bounds = all.iter().map(|it| {
        if known(it) {
            (f64::from(it.least), f64::from(it.most))
        } else {
            (f64::NAN, f64::NAN)
        }
    });
    bounds.unzip()
}

/// Where the present life begins. Memory that falls more than once a day falls because it
/// is collected, not because its container starts anew.
fn present(series: &Series, day: usize) -> Option<usize> {
    lives_of(series, day).last().map(|life| life.start)
}

/// The lives of a container, oldest first; all of it is one where collections are all that
/// makes it fall.
pub(super) fn lives_of(series: &Series, day: usize) -> Vec<Range<usize>> {
    let lives = lives(&series.memory_bytes);
    let length = series.memory_bytes.len();
    if lives.len() > length.div_ceil(day) + 1 {
        return std::iter::once(0..length).collect();
    }
    lives
}

/// The ends of the samples of one stretch.
struct Bounds {
    least: f32,
    most: f32,
    count: usize,
}

impl Bounds {
    fn of(values: &[f32]) -> Self {
        // Where some is missing, what is there is gathered first.
        let known: Vec<f32>;
        let values = if are_finite(values) {
            values
        } else {
            let finite = values.iter().copied().filter(|it| it.is_finite());
            known = finite.collect();
            &known
        };
        Self {
            least: smallest(values, f32::INFINITY),
            most: largest(values, f32::NEG_INFINITY),
            count: values.len(),
        }
    }
}

/// The mean of what is known of one stretch; `NaN` of nothing.
fn mean(values: &[f32]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for value in values.iter().copied().filter(|it| it.is_finite()) {
        sum += f64::from(value);
        count += 1;
    }
    sum / len_f64(count)
}
