//! What past lives of containers say of one that is too young to tell.

use super::bend::A_DAY;
use super::blocks::{bounds, lives_of};
use super::{Leak, Memory, SURE, matters};
use crate::recommend::Pool;
use crate::snapshot::{Grid, Metric, Series};
use crate::trend::{Course, Kendall, median};
use crate::units::{Bytes, len_f64};

/// Quarters of days that a life needs after its first, in which it warms up.
const FEWEST: usize = 6;
/// Past lives that must leak, and the share of all that are long enough.
const LIVES: usize = 2;
const MOST_OF: f64 = 0.75;
/// Slopes agree that are not further than this factor from the middle one.
const ALIKE: f64 = 2.0;
/// Lives from which on it is sure.
const MANY: usize = 3;

/// The lives of a workload's containers.
pub(super) struct Past {
    /// Past ones that are long enough, each with its rise where that is steady.
    lives: Vec<Option<Rise>>,
    /// Those that go on.
    present: Vec<Present>,
    /// Whether all is told by the resident set.
    resident: bool,
}

/// Where a life goes, and how steadily: the share of pairs of floors that rise.
#[derive(Clone, Copy)]
struct Rise {
    course: Course,
    tau: f64,
}

/// A life that goes on.
struct Present {
    level: f64,
    since: u32,
    /// Where it is old enough for a rise of its own.
    life: Option<Life>,
}

impl Past {
    pub(super) fn of(pool: &Pool<'_>, grid: &Grid) -> Self {
        let mut past = Self {
            lives: Vec::new(),
            present: Vec::new(),
            resident: !pool.series.is_empty(),
        };
        let day = usize::try_from(grid.per_day()).unwrap_or(usize::MAX);
        let quarter = day / A_DAY;
        if quarter > 0 && day % A_DAY == 0 {
            for series in &pool.series {
                past.add(series, series.is_running(grid), quarter);
            }
        }
        past
    }

    fn add(&mut self, series: &Series, running: bool, quarter: usize) {
        let resident = series
            .more
            .get(&Metric::MemoryRssBytes)
            .map(|it| it.every());
        self.resident &= resident.is_some();
        let memory = &series.memory_bytes;
        let mut lives = lives_of(series, quarter * A_DAY);
        let present = if running { lives.pop() } else { None };
        for life in lives {
            let own = resident.as_ref().and_then(|it| it.get(life.clone()));
            let life = Life::of(&memory[life], own, quarter);
            self.lives.extend(life.map(|it| it.rise()));
        }
        let Some(life) = present else { return };
        let last = memory[life.clone()].iter().rev().take(quarter);
        let own = resident.as_ref().and_then(|it| it.get(life.clone()));
        self.present.push(Present {
            level: last.fold(0.0, |most, it| f64::from(*it).max(most)),
            since: series.first + u32::try_from(life.start).unwrap_or(0),
            life: Life::of(&memory[life], own, quarter),
        });
    }

    /// A leak where past lives leak alike, and the present one does not say otherwise.
    pub(super) fn judge(&self, limit: Option<Bytes>) -> Memory {
        let rising: Vec<Rise> = self.lives.iter().flatten().copied().collect();
        let of = |value: fn(&Rise) -> f64| -> Vec<f64> { rising.iter().map(value).collect() };
        let slopes = of(|it| it.course.per_day);
        let slope = median(&slopes);
        let alike = slopes
            .iter()
            .filter(|it| **it * ALIKE >= slope && **it <= slope * ALIKE);
        let alike = alike.count();
        let Some(next) = self
            .present
            .iter()
            .max_by(|a, b| a.level.total_cmp(&b.level))
        else {
            return Memory::Unknown;
        };
        if self.lives.len() < LIVES {
            return Memory::Unknown;
        }
        let most = MOST_OF * len_f64(self.lives.len());
        let goes_on = || {
            let own = next.life.as_ref();
            own.is_none_or(|it| it.per_day() * ALIKE >= slope)
        };
        if alike < LIVES || len_f64(alike) < most || !goes_on() {
            return Memory::Steady;
        }
        let leak = Leak {
            course: Course {
                now: next.level,
                now_low: next.level,
                now_high: next.level,
                per_day: slope,
                per_day_low: slopes.iter().copied().fold(f64::INFINITY, f64::min),
                per_day_high: slopes.iter().copied().fold(0.0, f64::max),
                noise: median(&of(|it| it.course.noise)),
                // It goes on for as long as a life does.
                days: median(&of(|it| it.course.days)),
            },
            level: next.level,
            since: next.since,
            lives: alike,
            pods: self.present.len(),
            of: self.present.len(),
            tau: median(&of(|it| it.tau)),
            young: alike < MANY,
            resident: self.resident,
        };
        if slope >= super::LEAST_A_DAY * next.level && matters(&leak, next.level, limit) {
            Memory::Leak(leak)
        } else {
            Memory::Steady
        }
    }
}

/// Quarters of days of one life, after the first.
struct Life {
    floors: Vec<f64>,
    peaks: Vec<f64>,
}

impl Life {
    /// By what the processes hold where that is known; `None` where it is too short.
    fn of(memory: &[f32], resident: Option<&[f32]>, quarter: usize) -> Option<Self> {
        let memory = memory.get(quarter..)?;
        let (floors, peaks) = bounds(memory, quarter);
        let own = resident.and_then(|it| it.get(quarter..));
        let own = own.map(|it| bounds(it, quarter).0);
        let known = |floors: &[f64]| floors.iter().filter(|it| it.is_finite()).count() >= FEWEST;
        let floors = own.filter(|it| known(it)).unwrap_or(floors);
        known(&floors).then_some(Self { floors, peaks })
    }

    fn rise(&self) -> Option<Rise> {
        // Hardly any life rises so, and a course takes far longer to work out.
        let tau = Kendall::of(&self.floors).tau;
        if tau < SURE {
            return None;
        }
        let course = Course::of(&self.floors, &self.peaks, A_DAY)?;
        (course.per_day > 0.0).then_some(Rise { course, tau })
    }

    fn per_day(&self) -> f64 {
        Course::of(&self.floors, &self.peaks, A_DAY).map_or(0.0, |it| it.per_day)
    }
}
