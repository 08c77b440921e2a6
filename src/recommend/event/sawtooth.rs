use super::{Pool, Reason, days};
use crate::recommend::samples;
use crate::snapshot::{Grid, Series};
use crate::trend::lives;
use crate::units::{Bytes, len_f64};

/// Memory that rises until it meets the limit, starts over, and rises again: a leak
/// that restarts its container. More memory only delays the next restart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::recommend) struct Sawtooth {
    /// Lives that rose to the limit and ended there.
    pub lives: usize,
    /// The usual length of one, in days.
    pub days: f64,
    /// The limit that it ran with.
    pub limit: Bytes,
}

/// A life that ends at this share of the limit has met it: samples minutes apart
/// miss the last of the rise.
const MET: f64 = 0.85;
/// Lives that make a pattern.
const FEWEST: usize = 3;
/// Parts that a life is cut into, whose means must rise one after another.
const PARTS: usize = 8;
/// Share of these steps that must rise.
const RISING: f64 = 0.8;
/// Rise over a life, as a share of the limit, below which it is no leak.
const MATTERS: f64 = 0.2;

impl Sawtooth {
    pub(super) fn reason(&self) -> Reason {
        let text = format!(
            "memory rises to its limit of {} about every {}, {} times in the window, and starts \
             over: a leak, which needs a fix and not memory",
            self.limit.human(),
            days((self.days * 10.0).round().max(1.0) / 10.0),
            self.lives,
        );
        Reason::new("leak_restarts", text)
    }
}

pub(super) fn find(pool: &Pool<'_>, grid: &Grid) -> Option<Sawtooth> {
    let limit = pool.container.ran_limits().memory?;
    if pool.workload.is_batch() {
        return None;
    }
    let ended: Vec<&[f32]> = pool.series.iter().flat_map(|it| ended(it)).collect();
    if ended.len() < FEWEST {
        return None;
    }
    let ended: Vec<Life> = ended.into_iter().map(Life::of).collect();
    let met = ended.iter().filter(|life| life.met(limit));
    let rose: Vec<&Life> = met.filter(|life| life.rises(limit)).collect();
    // Most of what ended must have ended so, or other starts explain it.
    if rose.len() < FEWEST || 2 * rose.len() <= ended.len() {
        return None;
    }
    let mut lengths: Vec<usize> = rose.iter().map(|life| life.values.len()).collect();
    lengths.sort_unstable();
    Some(Sawtooth {
        lives: rose.len(),
        days: len_f64(lengths[lengths.len() / 2]) / f64::from(grid.per_day().max(1)),
        limit,
    })
}

/// The samples from one start of a container to the next.
struct Life {
    values: Vec<f64>,
}

/// The lives of a pod that have ended, oldest first: all but the last.
fn ended(series: &Series) -> impl Iterator<Item = &[f32]> {
    let mut lives = lives(&series.memory_bytes);
    lives.pop();
    let values = &series.memory_bytes;
    lives.into_iter().map(|life| &values[life])
}

impl Life {
    fn of(values: &[f32]) -> Self {
        let values = samples::known(values).collect();
        Self { values }
    }

    fn met(&self, limit: Bytes) -> bool {
        let last = self.values.last();
        last.is_some_and(|last| *last >= MET * limit.to_f64())
    }

    fn rises(&self, limit: Bytes) -> bool {
        if self.values.len() < 2 * PARTS {
            return false;
        }
        let at = |part: usize| self.values.len() * part / PARTS;
        let means = (0..PARTS)
            .filter_map(|part| samples::mean(self.values[at(part)..at(part + 1)].iter().copied()));
        let means: Vec<f64> = means.collect();
        let rises = means.windows(2).filter(|pair| pair[1] > pair[0]).count();
        let risen = means[means.len() - 1] - means[0];
        len_f64(rises) >= RISING * len_f64(means.len() - 1) && risen >= MATTERS * limit.to_f64()
    }
}
