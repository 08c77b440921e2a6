//! Strategies: everything known of every container in, a draft for each out.
//!
//! One file or folder each. They propose; what a draft may not do is for the guards.

use super::{Options, Seen};

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
    /// One draft for each pool, in the same order. A pure function of its arguments.
    fn advise(&self, seen: &Seen<'_>, options: &Options) -> Vec<Draft>;
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
