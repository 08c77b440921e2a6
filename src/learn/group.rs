//! Cases together: whether what came is chance, and what it teaches.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::chance::{at_least, at_most, mean_above};
use super::{BOUNDS, Case, FEWEST, HORIZONS, Held, PRIOR};
use crate::recommend::{About, Lesson};
use crate::units::{count_from, len_f64};

/// Workloads, each with the mean of what was said of it and of what came.
pub(super) struct Group {
    about: About,
    workloads: Vec<Held>,
    /// When promises were made.
    runs: usize,
    /// Of horizons without overlap, the mean of what was said for each and of what came.
    horizons: Vec<Held>,
}

/// That what came is off by more than chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Off {
    /// How likely as much, or as little, is if what was said is true.
    pub(super) chance: f64,
}

/// Sums, and of how many.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    said: f64,
    came: f64,
    count: f64,
}

impl Sum {
    fn add(&mut self, held: Held) {
        self.said += held.said;
        self.came += held.came;
        self.count += 1.0;
    }

    fn mean(self) -> Held {
        let count = self.count.max(1.0);
        Held {
            said: self.said / count,
            came: self.came / count,
        }
    }
}

impl Group {
    pub(super) fn of<'a>(about: About, cases: impl Iterator<Item = &'a Case>) -> Self {
        let mut workloads: BTreeMap<&str, Sum> = BTreeMap::new();
        let mut runs: BTreeMap<Timestamp, (i64, Sum)> = BTreeMap::new();
        let mut known: Vec<(&Case, Held)> = cases
            .filter_map(|case| Some((case, case.of(about).filter(Held::is_sound)?)))
            .collect();
        // Sums depend on the order by their last digits: it is that of time and of names.
        known.sort_by(|(a, held_a), (b, held_b)| {
            let key = (a.at, &a.workload).cmp(&(b.at, &b.workload));
            key.then(held_a.said.total_cmp(&held_b.said))
                .then(held_a.came.total_cmp(&held_b.came))
        });
        for (case, held) in known {
            workloads.entry(&case.workload).or_default().add(held);
            let until = case.at.as_second() + i64::from(case.horizon.as_secs());
            let run = runs.entry(case.at).or_insert((until, Sum::default()));
            run.1.add(held);
        }
        Self {
            about,
            workloads: workloads.into_values().map(Sum::mean).collect(),
            runs: runs.len(),
            horizons: apart(&runs),
        }
    }

    /// Whether there are enough workloads to say anything.
    pub(super) fn is_enough(&self) -> bool {
        self.workloads.len() >= FEWEST && self.said() > 0.0
    }

    /// Whether what came is off by more than chance explains at this level.
    pub(super) fn off(&self, level: f64) -> Option<Off> {
        if !self.is_enough() {
            return None;
        }
        let (above, below) = self.chances()?;
        if above < level {
            Some(Off { chance: above })
        } else {
            (below < level && self.is_lower_mostly()).then_some(Off { chance: below })
        }
    }

    /// What it teaches, where workloads that were not seen are imagined to have come as
    /// `prior` times what was said.
    pub(super) fn lesson(&self, kind: Option<&str>, prior: f64, off: Off) -> Lesson {
        let count = len_f64(self.workloads.len()).max(1.0);
        let (said, came) = (self.said() / count, self.came() / count);
        // Of rare events as many as it takes to expect one.
        let imagined = match self.about {
            About::CpuRequest => PRIOR,
            About::MemoryLimit => PRIOR.max(1.0 / said),
        };
        let factor = (came * count + prior * said * imagined) / (said * (count + imagined));
        Lesson {
            about: self.about,
            kind: kind.map(str::to_owned),
            factor: factor.clamp(BOUNDS.0, BOUNDS.1),
            workloads: self.workloads.len(),
            runs: self.runs,
            said,
            came,
            chance: off.chance,
        }
    }

    /// Sums over the workloads.
    fn said(&self) -> f64 {
        self.workloads.iter().map(|it| it.said).sum()
    }

    fn came(&self) -> f64 {
        self.workloads.iter().map(|it| it.came).sum()
    }

    /// How likely as much as came is, and as little, if what was said is true.
    fn chances(&self) -> Option<(f64, f64)> {
        match self.about {
            About::CpuRequest => {
                let apart: Vec<f64> = self.workloads.iter().map(|it| it.came - it.said).collect();
                let above = mean_above(&apart)?;
                Some((above, 1.0 - above))
            }
            About::MemoryLimit => {
                let chances: Vec<f64> = self.workloads.iter().map(|it| it.said).collect();
                let whole = |count: f64| usize::try_from(count_from(count)).unwrap_or(usize::MAX);
                // A workload that broke its promise in one run of two is half a break: each
                // side counts the whole ones that speak least for it.
                let came = self.came();
                let (few, many) = ((came + 1e-9).floor(), (came - 1e-9).ceil());
                Some((
                    at_least(whole(few), &chances),
                    at_most(whole(many), &chances),
                ))
            }
        }
    }

    /// Whether less came than was said in most of enough horizons that have nothing in
    /// common.
    fn is_lower_mostly(&self) -> bool {
        let lower = self.horizons.iter().filter(|it| it.came < it.said).count();
        self.horizons.len() >= HORIZONS && 2 * lower > self.horizons.len()
    }
}

impl Held {
    fn is_sound(&self) -> bool {
        let share = 0.0..=1.0;
        share.contains(&self.said) && share.contains(&self.came)
    }
}

/// Of as many horizons without overlap as there are, from the first run on.
fn apart(runs: &BTreeMap<Timestamp, (i64, Sum)>) -> Vec<Held> {
    let mut free = i64::MIN;
    let mut found = Vec::new();
    for (at, (until, sum)) in runs {
        if at.as_second() >= free {
            free = *until;
            found.push(sum.mean());
        }
    }
    found
}
