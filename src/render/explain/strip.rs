//! The hour-of-week heat strip: a line a day, a mark an hour.

use std::fmt::Write;

use super::plot::Ink;
use crate::units::count_from;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const BLOCKS: [char; 5] = ['·', '░', '▒', '▓', '█'];
const LETTERS: [char; 5] = ['.', ':', '-', '=', '#'];

/// Seven lines with a heading; `means` are 168 values from Monday 00:00 UTC,
/// `NaN` where unknown. Empty where nothing is known.
pub(super) fn strip(means: &[f64], ink: Ink) -> String {
    let top = means
        .iter()
        .copied()
        .filter(|mean| mean.is_finite())
        .fold(0.0, f64::max);
    if top <= 0.0 {
        return String::new();
    }
    let mut text = String::from("       0     6     12    18    UTC\n");
    for (day, hours) in DAYS.iter().zip(means.chunks(24)) {
        let marks: String = hours.iter().map(|mean| mark(*mean / top, ink)).collect();
        let _ = writeln!(text, "  {day}  {marks}");
    }
    text
}

fn mark(share: f64, ink: Ink) -> char {
    let marks = if ink.unicode { BLOCKS } else { LETTERS };
    if !share.is_finite() {
        return ' ';
    }
    let index = usize::try_from(count_from(share * 4.0)).unwrap_or(0);
    marks[index.min(4)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_hour_stands_out() {
        let mut means = vec![0.1; 168];
        means[4 * 24 + 20] = 1.0;
        means[0] = f64::NAN;
        let drawn = strip(
            &means,
            Ink {
                color: false,
                unicode: false,
            },
        );
        let friday = drawn.lines().nth(5).unwrap();
        assert_eq!(friday, "  Fri  ....................#...");
        assert!(drawn.lines().nth(1).unwrap().starts_with("  Mon   ."));
        assert_eq!(
            strip(
                &vec![f64::NAN; 168],
                Ink {
                    color: false,
                    unicode: true
                }
            ),
            ""
        );
    }
}
