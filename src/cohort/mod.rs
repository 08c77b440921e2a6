//! Profiles into groups of workloads that behave alike, each with words for how.
//!
//! A container's group follows from a definition that it meets, so that it is the same
//! tomorrow and whatever else is looked at; k-means splits a large group where two
//! kinds of members stand far apart in it. linfa and ndarray stay in this stage.

mod class;
mod features;
mod grouping;
mod kmeans;
mod rise;
mod silhouette;
mod split;
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
    /// How the groups came about, one sentence.
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
    /// A word or two that hold for each member: `idle`, `steady`, `daily`, `weekly`,
    /// `bursty`, `growing`, `batch`. Unique within a run.
    pub name: String,
    /// How its members behave, the word alone. Groups that were split share it, and it
    /// means the same in every run.
    pub kind: &'static str,
    /// One sentence: the definition that each member meets, then the numbers of the
    /// one in the middle.
    pub description: String,
    /// Indices of the profiles in it, ascending.
    pub members: Vec<usize>,
}
