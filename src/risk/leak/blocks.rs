//! The present life of a pod, in equal stretches of time.

use crate::snapshot::{Grid, Series};
use crate::trend::lives;
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
    /// CPU of the same time, and slots a stretch.
    cpu: &'a [f32],
    slots: usize,
    /// Stretches a day: 1 or 4.
    pub(super) per_day: usize,
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

    /// Mean CPU of each stretch, in cores.
    pub(super) fn cpu(&self) -> Vec<f64> {
        let stretches = self.cpu.chunks_exact(self.slots);
        stretches.map(|it| Stretch::of(it).mean).collect()
    }

    fn cut(series: &'a Series, from: usize, size: usize, per_day: usize) -> Self {
        let memory: Vec<Stretch> = series.memory_bytes[from..]
            .chunks_exact(size)
            .map(Stretch::of)
            .collect();
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
            cpu: series.cpu_cores.get(from..).unwrap_or_default(),
            slots: size,
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
        let (mut least, mut most) = (f32::INFINITY, f32::NEG_INFINITY);
        let (mut sum, mut count) = (0.0, 0);
        for value in values.iter().copied().filter(|it| it.is_finite()) {
            least = if value < least { value } else { least };
            most = if value > most { value } else { most };
            sum += f64::from(value);
            count += 1;
        }
        let known = |value: f32| {
            if count > 0 {
                f64::from(value)
            } else {
                f64::NAN
            }
        };
        Self {
            least: known(least),
            most: known(most),
            mean: sum / len_f64(count),
            count,
        }
    }
}
