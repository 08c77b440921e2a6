//! Which days have rows, to tell a wrong timestamp from a long history.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::units::Span;

const DAY: i64 = 86_400;

/// The most days between two rows of one history. Longer than a quarter, so that
/// the runs of a quarterly job still belong together.
pub(super) const LONGEST_HOLE: i64 = 100;

/// Counts rows by day, whatever container they are of.
#[derive(Default)]
pub(super) struct Days {
    days: BTreeMap<i64, Stretch>,
    /// The day of the last rows, which most files have in long runs.
    last: Option<(i64, Stretch)>,
}

/// Where a row stands, and its time in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Counts from 0, in the order of the files.
    pub(super) file: usize,
    pub(super) line: u64,
    /// Of the timestamp, from 0.
    pub(super) column: usize,
    pub(super) time: i64,
}

/// Days without a long hole between them.
#[derive(Clone, Copy)]
struct Stretch {
    rows: u64,
    /// The first row as the files are read.
    first: Place,
    from: i64,
    until: i64,
}

/// Rows that are too far from each other to be of one history.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Torn {
    /// Unix seconds of the days that most rows are of.
    pub(super) history: Range<i64>,
    /// What the window does not leave out anyway.
    pub(super) strays: Option<Strays>,
}

/// Rows that stand apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Strays {
    pub(super) rows: u64,
    pub(super) first: Place,
}

impl Days {
    pub(super) fn add(&mut self, place: Place) {
        let day = place.time.div_euclid(DAY);
        if let Some((last, stretch)) = &mut self.last
            && *last == day
        {
            stretch.rows += 1;
            return;
        }
        let stretch = Stretch {
            rows: 1,
            first: place,
            from: day,
            until: day,
        };
        let before = self.last.replace((day, stretch));
        self.store(before);
    }

    fn store(&mut self, run: Option<(i64, Stretch)>) {
        if let Some((day, run)) = run {
            let held = self.days.entry(day).and_modify(|held| held.add(&run));
            held.or_insert(run);
        }
    }

    /// Adds the rows of another reader.
    pub(super) fn join(&mut self, mut other: Self) {
        let last = other.last.take();
        other.store(last);
        for run in other.days {
            self.store(Some(run));
        }
    }

    /// Tells the stretch that has most rows, of equal ones the newest, from
    /// rows more than [`LONGEST_HOLE`] days away from it; `None` without any.
    pub(super) fn torn(mut self, window: Option<Span>) -> Option<Torn> {
        let last = self.last.take();
        self.store(last);
        let stretches = self.stretches();
        if stretches.len() < 2 {
            return None;
        }
        let most = stretches.iter().max_by_key(|stretch| stretch.rows)?;
        let window = window.map_or(i64::MAX, |window| i64::from(window.as_secs()));
        let start = ((most.until + 1) * DAY).saturating_sub(window);
        let harmful = stretches
            .iter()
            .filter(|it| it.from != most.from && (it.from > most.from || it.until * DAY >= start));
        let first = harmful.clone().map(|it| it.first);
        let first = first.min_by_key(|place| (place.file, place.line));
        let rows = harmful.map(|it| it.rows).sum();
        Some(Torn {
            history: most.from * DAY..(most.until + 1) * DAY,
            strays: first.map(|first| Strays { rows, first }),
        })
    }

    fn stretches(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for day in self.days.values() {
            match stretches.last_mut() {
                Some(last) if day.from - last.until <= LONGEST_HOLE => {
                    last.until = day.until;
                    last.rows += day.rows;
                    let places = [last.first, day.first];
                    last.first = places
                        .into_iter()
                        .min_by_key(|it| (it.file, it.line))
                        .unwrap_or(last.first);
                }
                _ => stretches.push(*day),
            }
        }
        stretches
    }
}

impl Stretch {
    /// Adds rows of the same days.
    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        let earlier = |a: &Place, b: &Place| (a.file, a.line) < (b.file, b.line);
        if earlier(&other.first, &self.first) {
            self.first = other.first;
        }
    }
}

impl Strays {
    /// How the first of them stands to the history.
    pub(super) fn distance(&self, history: &Range<i64>) -> (i64, &'static str) {
        let Range { start, end } = *history;
        if self.first.time < start {
            ((start - self.first.time).div_euclid(DAY), "before")
        } else {
            ((self.first.time - end).div_euclid(DAY) + 1, "after")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows on these days, a line each.
    fn strays(days: &[i64], window: Option<Span>) -> Option<(u64, u64, i64)> {
        let mut seen = Days::default();
        for (line, day) in (2..).zip(days) {
            let (file, column, time) = (0, 3, day * DAY + 5);
            seen.add(Place {
                file,
                line,
                column,
                time,
            });
        }
        let torn = seen.torn(window)?;
        let (rows, line) = torn.strays.map_or((0, 0), |it| (it.rows, it.first.line));
        Some((rows, line, torn.history.start / DAY))
    }

    #[test]
    fn what_is_far_from_most_rows_is_a_stray() {
        assert_eq!(strays(&[], None), None);
        assert_eq!(strays(&[20_000, 20_100, 20_200], None), None);
        assert_eq!(strays(&[20_000, 0, 20_001, 0], None), Some((2, 3, 20_000)));
        assert_eq!(
            strays(&[20_000, 20_001, 30_000], None),
            Some((1, 4, 20_000))
        );
        assert_eq!(strays(&[0, 20_000], None), Some((1, 2, 20_000)));
    }

    #[test]
    fn a_window_leaves_old_rows_out_but_not_those_to_come() {
        let week = Some(Span::days(7));
        assert_eq!(strays(&[0, 20_000, 20_001], week), Some((0, 0, 20_000)));
        assert_eq!(
            strays(&[20_000, 20_001, 30_000], week),
            Some((1, 4, 20_000))
        );
    }
}
