//! Whether what kcost needs is there and sound: what was found, what that does to the
//! advice, and how to mend it.
//!
//! A [`Check`] looks at what was [`Seen`] of the sources and of their data, and gives
//! [`Point`]s. Nothing is needed for it: where there is no cluster, no metrics store and no
//! snapshot, the points say so. A point that does not apply to a source is absent; one that
//! could not be looked at is `unknown`, never `ok`.
//!
//! The [`Grade`] is what all points leave of 100.

mod check;
mod grade;
mod overview;
mod point;
mod seen;

pub use check::{ALL, names};
pub use grade::{Grade, ParseGradeError};
pub use overview::Overview;
pub use point::{Point, Status};
pub use seen::Seen;

/// One thing that may be wrong with the sources or their data.
///
/// Implement it in a new file of `check`, add the value to [`ALL`], and test that it is
/// ok, that it is not, and that it cannot know.
pub trait Check: Sync {
    /// The `check` of machine output, in snake_case. Never renamed.
    fn name(&self) -> &'static str;
    /// One line for the help.
    fn summary(&self) -> &'static str;
    /// A pure function of what was seen.
    fn look(&self, seen: &Seen<'_>) -> Vec<Point>;
}

/// All points, in the order of their checks, and the grade.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    pub points: Vec<Point>,
    pub grade: Grade,
    /// What is left of 100.
    pub score: u8,
}

impl Examination {
    /// Whether any point is bad.
    pub fn is_bad(&self) -> bool {
        self.points.iter().any(|point| point.status == Status::Bad)
    }
}

/// Goes through every check.
pub fn examine(seen: &Seen<'_>) -> Examination {
    let points: Vec<Point> = ALL
        .iter()
        .flat_map(|check| {
            let points = check.look(seen).into_iter();
            points.map(|point| point.of(check.name()))
        })
        .collect();
    let score = grade::score(&points);
    Examination {
        grade: Grade::of(score),
        points,
        score,
    }
}
