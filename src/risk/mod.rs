//! What is about to break: when, how likely, by which evidence, and what to do.
//!
//! A [`Check`] looks at everything that is known of a cluster ([`Seen`]) for one sort of
//! failure and gives what it [`Sought`]: [`Risk`]s, and of what it could not look at how
//! much there is. What is missing is never guessed: it becomes a gap of the [`Risks`].
//!
//! A probability is what it says: of what is said to happen with 30 %, three in ten
//! happen. They come from replays of the past ([`Chances`](crate::recommend::Chances)),
//! from how often something came before ([`comes_again`](crate::trend::comes_again)), and
//! from trends with their spread ([`Leak`]).
//!
//! Of an anomaly it is only told that it is one, and how seldom chance makes the like;
//! those that begin together are an [`Incident`].

mod alert;
mod anomaly;
mod check;
mod device;
mod found;
mod incident;
mod leak;
mod network;
mod node;
mod patch;
mod replay;
mod report;
mod seen;
mod severity;
mod sought;
mod words;

pub use alert::{Ahead, Alert, Place, Real, Rival, Stretch, alerts};
pub use check::{ALL, by_name, names};
pub use found::{Action, Chance, Evidence, Fact, Impact, Patch, Risk, Subject};
pub use incident::Incident;
pub use leak::{Leak, Memory};
pub use node::{NodeUse, Nodes};
pub use replay::{Kept, Replays, Unjudged, replay};
pub use report::{Choice, Risks, find};
pub use seen::{Search, Seen};
pub use sought::Sought;

/// One sort of failure that can be seen before it hurts.
///
/// Implement it in a new file of `check`, add the value to [`ALL`], and test three things:
/// it fires, it just does not, it cannot know.
pub trait Check: Sync {
    /// The name in `--check NAME` and the `check` of machine output, in snake_case.
    /// Never renamed.
    fn name(&self) -> &'static str;
    /// One line for the help.
    fn summary(&self) -> &'static str;
    /// What there is of it in the whole window. A pure function of what is seen.
    fn look(&self, seen: &Seen<'_>) -> Sought;
}
