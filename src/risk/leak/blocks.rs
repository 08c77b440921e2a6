//! The present life of a pod, in equal stretches of time.

use crate::snapshot::{Grid, Series};
use crate::trend::lives;

/// Days of a life, after its first hours, from which on a day is a stretch; a younger
/// one is told by quarters of days, each held against the same quarter of other days.
const DAYS: usize = 6;
/// The same for quarters: three days.
const QUARTERS: usize = 12;
/// A stretch needs this share of the samples of the fullest.
const FULL: usize = 2;

/// Stretches of one life, oldest first, the last ends with the window. `NaN` for one that
/// is hardly known.
pub(super) struct Blocks {
    /// The smallest working set, in bytes.
    pub(super) floors: Vec<f64>,
    /// The largest.
    pub(super) peaks: Vec<f64>,
    /// Mean CPU, in cores.
    pub(super) cpu: Vec<f64>,
    /// Stretches a day: 1 or 4.
    pub(super) per_day: usize,
    /// The slot that the first begins with.
    pub(super) since: u32,
}

impl Blocks {
    /// `None` where the life is too short to tell.
    pub(super) fn of(series: &Series, grid: &Grid) -> Option<Self> {
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

    fn cut(series: &Series, from: usize, size: usize, per_day: usize) -> Self {
        let memory: Vec<Stretch> = series.memory_bytes[from..]
            .chunks_exact(size)
            .map(Stretch::of)
            .collect();
        let cpu = series.cpu_cores.get(from..).unwrap_or_default();
        let cpu = cpu.chunks_exact(size).map(|it| Stretch::of(it).mean);
        let fullest = memory.iter().map(|it| it.count).max().unwrap_or(0);
        let known = |it: &Stretch, value: f64| {
            if FULL * it.count >= fullest {
                value
            } else {
                f64::NAN
            }
        };
        Self {
            floors: memory.iter().map(|it| known(it, it.least)).collect(),
            peaks: memory.iter().map(|it| known(it, it.most)).collect(),
            cpu: cpu.collect(),
            per_day,
            since: series.first + u32::try_from(from).unwrap_or(0),
        }
    }
}

/// Where the present life begins. Memory that falls more than once a day falls because it
/// is collected, not because its container starts anew.
fn present(series: &Series, day: usize) -> Option<usize> {
    let lives = lives(&series.memory_bytes);
    let days = series.memory_bytes.len().div_ceil(day);
    if lives.len() > days + 1 {
        return Some(0);
    }
    lives.last().map(|life| life.start)
}

/// What samples of one stretch say.
struct Stretch {
    least: f64,
    most: f64,
    mean: f64,
    count: usize,
}

impl Stretch {
    fn of(values: &[f32]) -> Self {
        let mut stretch = Self {
            least: f64::NAN,
            most: f64::NAN,
            mean: 0.0,
            count: 0,
        };
        let mut number = 0.0;
        for value in values.iter().map(|it| f64::from(*it)) {
            if value.is_finite() {
                stretch.least = stretch.least.min(value);
                stretch.most = stretch.most.max(value);
                stretch.mean += value;
                stretch.count += 1;
                number += 1.0;
            }
        }
        stretch.mean /= number;
        stretch
    }
}
