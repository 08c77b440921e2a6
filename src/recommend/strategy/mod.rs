//! Strategies: everything known of every container in, a draft for each out.
//!
//! One file or folder each. They propose; what a draft may not do is for the guards.

use super::{Options, Pool, Seen};
use crate::snapshot::Grid;

mod autopilot;
pub(super) mod calibrated;
mod draft;
mod histogram;
mod krr;
mod peak;
mod vpa;

pub use draft::Draft;

/// One way of turning usage into sizes.
///
/// Implement it in a new file of this folder, add the value to [`ALL`], and add
/// a test file of the same name. Nothing else needs to know.
pub trait Strategy: Sync {
    /// The `--strategy` value and the `strategy` field in JSON. Never renamed.
    fn name(&self) -> &'static str;
    /// One line for the help.
    fn summary(&self) -> &'static str;
    /// Whether it heeds the goal and the risks that the user names.
    fn heeds_goal(&self) -> bool {
        false
    }
    /// What the goal changes of it, in a few plain words, where it changes anything.
    fn goal_changes(&self) -> Option<&'static str> {
        None
    }
    /// Whether it stands for another tool's rule, whose sizes are what that tool
    /// would set: to compare with it they are taken as they are, see [`Options::guards`].
    fn is_peer(&self) -> bool {
        false
    }
    /// What it makes of one container while its usage is at hand: later there is none.
    fn look(&self, pool: &Pool<'_>, case: &Looking<'_>) -> Look;
    /// One draft for each pool, in the same order, from a look at each. A pure function
    /// of its arguments.
    fn advise(&self, _seen: &Seen<'_>, looks: Vec<Look>, _options: &Options) -> Vec<Draft> {
        looks.into_iter().filter_map(Look::draft).collect()
    }
}

/// What surrounds the container that is looked at.
#[derive(Debug)]
pub struct Looking<'a> {
    pub grid: &'a Grid,
    pub options: &'a Options,
    pub(super) replays: calibrated::Moments,
}

/// What a strategy keeps of a container.
#[derive(Debug, Clone)]
pub enum Look {
    /// All that there is to say.
    Draft(Box<Draft>),
    /// What says something together with the others.
    Past(Box<calibrated::Past>),
}

impl Look {
    fn draft(self) -> Option<Draft> {
        match self {
            Self::Draft(draft) => Some(*draft),
            Self::Past(_) => None,
        }
    }

    fn past(self) -> Option<Box<calibrated::Past>> {
        match self {
            Self::Past(past) => Some(past),
            Self::Draft(_) => None,
        }
    }
}

impl From<Draft> for Look {
    fn from(draft: Draft) -> Self {
        Self::Draft(Box::new(draft))
    }
}

/// Every strategy, in the order shown to users; the first is the default.
pub static ALL: &[&dyn Strategy] = &[
    &calibrated::Calibrated,
    &krr::Krr,
    &vpa::Vpa,
    &autopilot::Autopilot,
    &peak::Peak,
];

/// The names of [`ALL`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|strategy| strategy.name()).collect()
}

/// The strategy of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Strategy> {
    ALL.iter().copied().find(|strategy| strategy.name() == name)
}
