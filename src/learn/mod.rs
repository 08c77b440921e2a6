//! What kept and broken promises teach the next sizes.
//!
//! Every promise that was held against what came after it is a [`Case`]. What came is held
//! against what replays had said, without what earlier lessons made of it: so a lesson is
//! about replays alone, and lessons do not pile up. Where both differ by more than chance,
//! the risk that replays say is multiplied by the factor of a [`Lesson`] from then on.
//!
//! - A workload counts once, however many runs and containers it is seen in: its mean is one
//!   observation. Weeks of one workload, overlapping ones above all, say little that is new.
//! - A kind of behaviour that is off by itself has its own lesson; all others are tested
//!   together, so that one kind that goes wrong moves no other. Where they are off, each
//!   kind's factor is drawn towards that of all of them, and none moves against what it
//!   showed itself.
//! - Being too bold breaks workloads, being too careful costs money: a risk is raised after
//!   one run, but lowered only after several horizons that have nothing in common, in most
//!   of which less came than was said.
//! - A factor starts from 1 and moves with the evidence: it is that of what was seen and
//!   [`PRIOR`] workloads more that came as was said. None leaves [`BOUNDS`].

mod chance;
mod group;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub use chance::{at_least, at_most};
use group::{Group, Off};

use crate::recommend::{About, Learned, Lesson};
use crate::units::{Span, len_f64};

/// The least and the largest factor of a risk. Sizes have bounds of their own besides, see
/// [`MOST_MOVED`](crate::recommend::MOST_MOVED).
pub const BOUNDS: (f64, f64) = (0.5, 2.0);

/// Workloads that are imagined to have come as was said, beside those that were seen.
pub const PRIOR: f64 = 10.0;

/// What is less likely than this is no chance. Half of it is for the kinds, each of which
/// has its share, and half for all others together.
const LEVEL: f64 = 0.05;

/// Horizons without overlap that a risk is lowered after.
const HORIZONS: usize = 3;

/// Fewer workloads than this say nothing together.
const FEWEST: usize = 8;

/// One promise on one container, and what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What tells its workload from all others.
    pub workload: String,
    /// Its cohort's kind at the time of the promise.
    pub kind: Option<String>,
    /// When it was promised, and for how long.
    pub at: Timestamp,
    pub horizon: Span,
    pub cpu_request: Option<Held>,
    pub memory_limit: Option<Held>,
}

/// A promise as replays said it, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// A share of time, or a probability.
    pub said: f64,
    /// The share of time, or 1 for what happened and 0 for what did not.
    pub came: f64,
}

impl Held {
    /// Of what was said and of what came; `None` where either is not known.
    pub fn of(said: Option<f64>, came: Option<f64>) -> Option<Self> {
        let (said, came) = said.zip(came)?;
        Some(Self { said, came })
    }

    /// The same where it happened or not.
    pub fn of_event(said: Option<f64>, happened: Option<bool>) -> Option<Self> {
        Self::of(said, happened.map(|it| f64::from(u8::from(it))))
    }
}

impl Case {
    fn of(&self, about: About) -> Option<Held> {
        match about {
            About::CpuRequest => self.cpu_request,
            About::MemoryLimit => self.memory_limit,
        }
    }
}

/// What these cases teach. Their order does not matter.
pub fn lessons(cases: &[Case]) -> Learned {
    let all = About::ALL.into_iter().flat_map(|about| of(about, cases));
    Learned::new(all.collect())
}

fn of(about: About, cases: &[Case]) -> Vec<Lesson> {
    let names: BTreeSet<&str> = cases.iter().filter_map(|it| it.kind.as_deref()).collect();
    let alike = |name: &&str| {
        let own = cases.iter().filter(|it| it.kind.as_deref() == Some(name));
        Group::of(about, own)
    };
    let kinds: BTreeMap<&str, Group> = names.iter().map(|name| (*name, alike(name))).collect();
    let known = kinds.values().filter(|it| it.is_enough()).count().max(1);
    let level = LEVEL / 2.0 / len_f64(known);
    let alone = |group: &Group| group.off(level);
    let mut lessons: Vec<Lesson> = kinds
        .iter()
        .filter_map(|(name, group)| Some(group.lesson(Some(name), 1.0, alone(group)?)))
        .collect();
    let own: BTreeSet<Option<String>> = lessons.iter().map(|it| it.kind.clone()).collect();
    let others = Group::of(about, cases.iter().filter(|it| !own.contains(&it.kind)));
    let Some(off) = others.off(LEVEL / 2.0) else {
        return lessons;
    };
    let together = others.lesson(None, 1.0, off);
    let rest = kinds
        .iter()
        .filter(|(name, group)| group.is_enough() && !own.contains(&Some((**name).to_owned())));
    let rest = rest.map(|(name, group)| among(group, name, &together, off));
    lessons.extend(rest.collect::<Vec<Lesson>>());
    lessons.push(together);
    lessons
}

/// What holds for one of the kinds that are off together.
fn among(group: &Group, name: &str, together: &Lesson, off: Off) -> Lesson {
    let lesson = group.lesson(Some(name), together.factor, off);
    let agrees = (lesson.came > lesson.said) == (together.factor > 1.0);
    Lesson {
        factor: if agrees { lesson.factor } else { 1.0 },
        ..lesson
    }
}
