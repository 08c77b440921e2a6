//! How often series are scraped.

use std::collections::BTreeMap;
use std::fmt;

use crate::units::Span;

/// Scrape intervals that people configure, seconds.
const USUAL: [f64; 14] = [
    1.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 900.0,
];

/// Seconds between samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Pace {
    /// Of a tenth of all series or more; the shortest such.
    pub(in super::super) usual: u32,
    /// Of those that are scraped least often: a node pool may have its own.
    pub(in super::super) slowest: u32,
}

impl Pace {
    /// One or no sample an hour: slower than anything that is usual.
    pub(super) const UNKNOWN: Self = Self {
        usual: 900,
        slowest: 900,
    };

    /// From the number of series by samples an hour; `None` without a series
    /// of two samples.
    pub(in super::super) fn of(series: &BTreeMap<u64, u64>) -> Option<Self> {
        let known = || series.iter().filter(|(samples, _)| **samples >= 2);
        let all: u64 = known().map(|(_, count)| count).sum();
        let mut faster = 0;
        let usual = known().rev().find(|(_, count)| {
            faster += **count;
            faster * 10 >= all
        });
        Some(Self {
            usual: interval(*usual?.0),
            slowest: interval(*known().next()?.0),
        })
    }

    /// What holds at two times: an interval that was changed between them leaves samples
    /// of either. Nothing is scraped less often than is usual anywhere.
    pub(in super::super) fn and(self, other: Self) -> Self {
        let slowest = self.slowest.max(other.slowest);
        Self {
            usual: self.usual.min(other.usual),
            slowest: slowest.min(self.slowest.max(Self::UNKNOWN.slowest)),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Span::from_secs(self.usual))?;
        if self.slowest > self.usual {
            write!(f, ", of some every {}", Span::from_secs(self.slowest))?;
        }
        Ok(())
    }
}

/// The usual interval that fits so many samples an hour, else the exact one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "between 1 and 3600"
)]
fn interval(samples: u64) -> u32 {
    let exact = (3_600.0 / samples as f64).clamp(1.0, 3_600.0);
    let near = |usual: &f64| (usual / exact - 1.0).abs() <= 0.1;
    USUAL.into_iter().find(near).unwrap_or(exact.ceil()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_snap_to_usual_ones() {
        assert_eq!(interval(240), 15);
        assert_eq!(interval(61), 60);
        assert_eq!(interval(12), 300);
        assert_eq!(interval(11), 300);
        assert_eq!(interval(9), 400);
        assert_eq!(interval(100_000), 1);
    }

    #[test]
    fn a_few_slow_series_are_seen_beside_many_fast_ones() {
        let mixed = BTreeMap::from([(0, 4), (1, 7), (12, 3), (239, 10), (240, 90)]);
        let pace = Pace::of(&mixed).unwrap();
        assert_eq!((pace.usual, pace.slowest), (15, 300));
        let fast = Pace::of(&BTreeMap::from([(60, 3)])).unwrap();
        assert_eq!((fast.usual, fast.slowest), (60, 60));
        let both = pace.and(fast);
        assert_eq!((both.usual, both.slowest), (15, 300));
        let rare = Pace::of(&BTreeMap::from([(2, 3)])).unwrap();
        assert_eq!(
            (fast.and(rare).slowest, rare.and(fast).slowest),
            (900, 1_800)
        );
        assert_eq!(Pace::of(&BTreeMap::from([(1, 9)])), None);
    }
}
