//! Profiles into groups of workloads that behave alike, each with words for how.
//!
//! linfa and ndarray stay in this stage.

use std::ops::Range;

mod features;
mod grouping;
mod kmeans;
mod silhouette;
mod words;

pub use grouping::group;

/// The groups, and which profile is in which.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cohorts {
    /// Largest first; `id` is the index.
    pub groups: Vec<Cohort>,
    /// For each profile, in the order of the profiles, its group; `None`
    /// where there is too little data to place it.
    pub of_profile: Vec<Option<usize>>,
    /// How the number of groups was chosen, one sentence.
    pub criterion: String,
}

impl Cohorts {
    /// No groups of so many profiles.
    pub fn none(profiles: usize) -> Self {
        Self {
            of_profile: vec![None; profiles],
            ..Self::default()
        }
    }
}

/// Containers that behave alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    /// A word or two from the group's centre: `idle`, `steady`, `daily`,
    /// `bursty`, `growing`, `batch`. Unique within a run.
    pub name: String,
    /// One sentence with the numbers behind the name.
    pub description: String,
    /// Indices of the profiles in it, ascending.
    pub members: Vec<usize>,
}

/// The number of groups that is tried.
pub const GROUPS: Range<usize> = 2..9;

/// With fewer profiles than this, distances between them mean little.
pub const FEWEST: usize = 10;
