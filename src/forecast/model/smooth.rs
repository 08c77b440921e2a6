use super::{Model, Past, WEEK};
use crate::forecast::cycles::{Center, Usual};
use crate::forecast::past::{repeated, yesterday};

/// The same hour of the last week with the hours beside it: what is early or late by an hour,
/// and noise, is less.
pub(super) struct Smooth;

/// How many weeks back a value is looked for.
const WEEKS: usize = 4;

impl Model for Smooth {
    fn name(&self) -> &'static str {
        "last_week_smooth"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        if past.cycles(WEEK) < 1 {
            return None;
        }
        let mut week = vec![past.ago(WEEK + 1)];
        week.extend(past.usual(Usual::Cycle(WEEK, WEEKS, Center::Newest), hours + 1));
        let of = |at: usize| {
            let near = &week[at..(at + 3).min(week.len())];
            let known = near.iter().filter(|it| it.is_finite());
            let (sum, count) = known.fold((0.0, 0.0), |(sum, count), it| (sum + it, count + 1.0));
            sum / count
        };
        let profile: Vec<f64> = (0..hours.min(WEEK)).map(of).collect();
        let day = yesterday(past);
        Some(repeated(&profile, &repeated(day, day, WEEK), hours))
    }
}
