//! Whether what strayed stays where it went: what is usual takes a new level for its own
//! after a day, which ends no change.

use super::stray::{Sort, Stray};
use super::{Hours, Usual};
use crate::trend::median;

/// Of the distance from what was usual before, so much must be left.
const PART: f64 = 0.5;
/// Of the farthest hour, how far the middle one must be for all of them to be of it.
const TYPICAL: f64 = 0.3;
/// Blocks that tell together whether it is.
const TOGETHER: usize = 6;

/// What was usual before something strayed, hour by hour after that.
struct Before<'a> {
    hours: &'a Hours,
    usual: &'a Usual,
    level: f64,
    sign: f64,
}

impl Before<'_> {
    fn expected(&self, at: usize) -> f64 {
        self.usual.expected[at] - self.usual.level[at] + self.level
    }

    /// The distances of some blocks, and those of the logarithms: a new level is so much
    /// more at every hour, or so many times as much.
    fn away(&self, blocks: std::ops::Range<usize>) -> (f64, f64) {
        let each = |of: &dyn Fn(usize) -> f64| {
            let away: Vec<f64> = blocks.clone().map(|at| self.sign * of(at)).collect();
            median(&away)
        };
        let seen = |at: usize| self.hours.mean[at];
        (
            each(&|at| seen(at) - self.expected(at)),
            each(&|at| (seen(at) / self.expected(at)).ln()),
        )
    }

    fn is_left(&self, blocks: std::ops::Range<usize>, of: (f64, f64)) -> bool {
        let (away, logs) = self.away(blocks);
        away >= PART * of.0 || (of.1 > 0.0 && logs >= PART * of.1)
    }
}

/// The same, to where it came back; where it went on for longer than it was rare, it is told
/// by its middle.
pub(super) fn stayed(stray: Stray, hours: &Hours, usual: &Usual) -> Stray {
    let len = hours.mean.len();
    let before = Before {
        hours,
        usual,
        level: usual.level[stray.first],
        sign: if stray.up { 1.0 } else { -1.0 },
    };
    let typical = before.away(stray.first..stray.last + 1);
    // A spike may be told with the hours around it.
    let is_all_of_it = typical.0 > TYPICAL * (stray.seen - stray.expected).abs();
    if stray.sort == Sort::Rhythm || !is_all_of_it {
        return stray;
    }
    let mut end = stray.last + 1;
    while end < len && before.is_left(end..(end + TOGETHER).min(len), typical) {
        end += 1;
    }
    // Together they are back before the last of them is.
    let until = (end + TOGETHER / 2).min(len);
    while end > stray.last + 1 && end < until && before.is_left(end..end + 1, typical) {
        end += 1;
    }
    if end == stray.last + 1 {
        return stray;
    }
    let blocks = stray.first..end;
    let expected: Vec<f64> = blocks.clone().map(|at| before.expected(at)).collect();
    Stray {
        last: end - 1,
        sort: Sort::Stayed,
        expected: median(&expected),
        seen: median(&hours.mean[blocks]),
        ..stray
    }
}
