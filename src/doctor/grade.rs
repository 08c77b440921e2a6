//! What all points together come to.

use std::fmt;
use std::str::FromStr;

use super::{Point, Status};

/// From `A`, nothing to mend, to `F`, nothing to advise from. The better is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    F,
    D,
    C,
    B,
    A,
}

/// What the whole is worth at most while a point is bad: a `C`.
const WITH_BAD: u8 = 74;

/// The least that is left of 100 for each grade. Ours.
const LEAST: [(u8, Grade); 4] = [
    (90, Grade::A),
    (75, Grade::B),
    (60, Grade::C),
    (40, Grade::D),
];

/// What the points leave of 100.
pub(super) fn score(points: &[Point]) -> u8 {
    let left = points
        .iter()
        .fold(100_u8, |left, point| left.saturating_sub(point.cost));
    let bad = points.iter().any(|point| point.status == Status::Bad);
    if bad { left.min(WITH_BAD) } else { left }
}

impl Grade {
    pub const ALL: [Self; 5] = [Self::A, Self::B, Self::C, Self::D, Self::F];

    pub(super) fn of(score: u8) -> Self {
        let found = LEAST.into_iter().find(|(least, _)| score >= *least);
        found.map_or(Self::F, |(_, grade)| grade)
    }

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is no [`Grade`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a grade: use A, B, C, D or F")]
pub struct ParseGradeError(String);

impl FromStr for Grade {
    type Err = ParseGradeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|grade| grade.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| ParseGradeError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_cost_what_they_say_and_a_bad_one_is_never_better_than_c() {
        let ok = Point::ok("");
        let warn = Point::warn(6, "");
        let bad = Point::bad(10, "");
        let graded = |points: &[Point]| (score(points), Grade::of(score(points)));
        assert_eq!(graded(&[]), (100, Grade::A));
        assert_eq!(graded(&[ok, warn.clone(), warn]), (88, Grade::B));
        assert_eq!(graded(std::slice::from_ref(&bad)), (74, Grade::C));
        assert_eq!(graded(&[bad, Point::bad(255, "")]), (0, Grade::F));
        assert!(Grade::A > Grade::B && Grade::D > Grade::F);
    }
}
