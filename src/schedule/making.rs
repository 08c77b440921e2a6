//! Stretches of a week into windows, with what the past says of each.

use super::calendar::Days;
use super::days::{Day, weekday};
use super::need::Need;
use super::seen::{Open, Seen, had, of_month, over};
use super::segment::Segment;
use super::window::{
    Evidence, Floor, ROUND, Window, apart, floors, joined, levels, minutes, place,
};
use super::{DAY, MINUTES, QUARTER, WEEK};

/// What is this share of the largest is about as large.
const ABOUT: f64 = 0.95;

/// What windows are made with.
pub(super) struct Making<'a> {
    pub(super) need: &'a Need,
    pub(super) days: &'a [&'a Day],
    /// Cores that a replica holds.
    pub(super) capacity: f64,
    /// Minutes that pods and nodes take.
    pub(super) lead: u32,
    /// See [`Evidence::since`].
    pub(super) since: Option<i64>,
}

impl Making<'_> {
    /// The windows over `base` replicas, the earliest of the week first; `None` where these are
    /// more than `most`.
    pub(super) fn at_most(
        &self,
        most: usize,
        segments: &[Segment],
        base: u32,
    ) -> Option<Vec<Window>> {
        let mut level = vec![base; WEEK];
        for it in segments {
            for at in it.from..it.until {
                level[at % WEEK] = it.replicas;
            }
        }
        let floors = floors(segments, base, WEEK);
        // Evidence takes long, and most stretches are cut anew.
        let mut shapes = apart(floors.iter().map(|it| self.shape(*it, base)));
        if shapes.len() > most {
            let seen = shapes.iter_mut().filter_map(|it| {
                self.count(it, &level, base);
                (it.evidence.seen > 0).then_some(())
            });
            if seen.take(most + 1).count() > most {
                return None;
            }
        }
        let mut windows = apart(floors.iter().map(|it| self.window(*it, &level, base)));
        for window in &mut windows {
            let seen_on = self.count(window, &level, base);
            if let Some(days) = seen_on.filter(|it| *it != window.days) {
                window.days = days;
                self.count(window, &level, base);
            }
        }
        // What never came is no evidence.
        windows.retain(|it| it.evidence.seen > 0);
        windows.sort_by_key(|it| (it.days.iter().next(), it.start, it.end));
        Some(windows)
    }

    /// The same without those within others that have hardly more.
    pub(super) fn plain(&self, windows: Vec<Window>, base: u32) -> Vec<Window> {
        let all = windows.len();
        let mut windows = joined(windows);
        if windows.len() < all {
            let level = levels(&windows, base, QUARTER);
            for window in &mut windows {
                self.count(window, &level, base);
            }
        }
        windows
    }

    /// Minutes before it is needed that a window begins.
    fn early(&self) -> u32 {
        self.lead.div_ceil(ROUND) * ROUND
    }

    /// A window without what is known of it.
    fn shape(&self, floor: Floor, base: u32) -> Window {
        let (mut day, place) = (floor.from % WEEK / DAY, floor.from % DAY);
        let length = minutes(floor.until - floor.from);
        let mut start = minutes(place);
        let lead = self.early();
        if start < lead {
            day = (day + 6) % 7;
            start += MINUTES;
        }
        Window {
            days: Days::one(day),
            start: start - lead,
            end: start + length,
            replicas: floor.replicas.max(base),
            evidence: Evidence {
                days: Days::one(day),
                weekday: day,
                minute: minutes(place),
                seen: 0,
                of: 0,
                since: self.since,
                of_month: None,
                at_once: false,
                cores: 0.0,
                planned: 0.0,
                chance: 0.0,
            },
        }
    }

    /// The same with what is needed then.
    fn window(&self, floor: Floor, level: &[u32], base: u32) -> Window {
        let own = (floor.from..floor.until).map(|at| at % WEEK);
        let own = own.filter(|at| level[*at] == floor.replicas);
        let own: Vec<usize> = own.collect();
        let held = f64::from(floor.replicas) * self.capacity;
        let chances = own.iter().map(|at| self.need.chance(*at, held));
        let first = self.need.high(floor.from);
        let mut window = self.shape(floor, base);
        let evidence = &mut window.evidence;
        evidence.at_once = first > f64::from(floor.replicas - 1) * self.capacity;
        evidence.planned = own.iter().map(|at| self.need.high(*at)).fold(0.0, f64::max);
        evidence.chance = chances.fold(0.0, f64::max);
        window
    }

    /// What was seen of it, each time that it would have been open: the time before it is
    /// needed is left out, and what a higher window holds. Days of the week that are like others
    /// may never have had its peak: then those that had it.
    fn count(&self, window: &mut Window, level: &[u32], base: u32) -> Option<Days> {
        let from = place((window.start + self.early()) / QUARTER);
        let until = place(window.end.div_ceil(QUARTER)).max(from + 1);
        let outside = f64::from(base) * self.capacity;
        let held = f64::from(window.replicas) * self.capacity;
        let opens = self.opens(window, until);
        let own = |quarter: &usize| {
            let mut days = window.days.iter();
            days.all(|day| level[(day * DAY + quarter) % WEEK] <= window.replicas)
        };
        let own = (from..until).filter(own);
        let own: Vec<(usize, f64)> = own.map(|it| (it, over(&opens, it, outside))).collect();
        let most = own.iter().map(|it| it.1).fold(0.0, f64::max);
        // The first of those that are about the largest: where the peak begins.
        let peak = own.iter().find(|it| it.1 >= ABOUT * most);
        let peak = peak.map(|it| Seen::of(&opens, it.0, outside, held))?;
        let quarters: Vec<usize> = own.iter().map(|it| it.0).collect();
        let had = had(&opens, &quarters, peak.enough);
        let later = peak.quarter / DAY;
        let came = opens.iter().zip(self.numbers(window, until));
        let came = came.map(|((_, need), day)| (need[peak.quarter], day + of_days(later)));
        let came: Vec<(f64, i64)> = came.collect();
        let proof = &mut window.evidence;
        (proof.seen, proof.of, proof.cores) = (peak.times, peak.of, peak.cores);
        proof.of_month = of_month(&came, peak.enough);
        proof.days = window.days.later(later);
        proof.weekday = (peak.weekday + later) % 7;
        proof.minute = minutes(peak.quarter % DAY);
        had
    }

    /// What was needed in each quarter since midnight of each day that it would have opened on.
    fn opens(&self, window: &Window, until: usize) -> Vec<Open> {
        let opens = self.numbers(window, until);
        let needed = |number: i64| {
            let mut need = vec![f64::NAN; until];
            for (need, number) in need.chunks_mut(DAY).zip(number..) {
                let Some(day) = self.day(number) else {
                    continue;
                };
                let peaks = day.peaks.iter().zip(&day.sampled);
                for (need, (peak, _)) in need.iter_mut().zip(peaks).filter(|it| *it.1.1) {
                    *need = f64::from(*peak);
                }
            }
            (weekday(number), need)
        };
        opens.map(needed).collect()
    }

    /// The day of a number, since 1970-01-01: they are in order.
    fn day(&self, number: i64) -> Option<&Day> {
        let place = self.days.binary_search_by_key(&number, |it| it.number);
        place.ok().map(|it| self.days[it])
    }

    /// These days, since 1970-01-01.
    fn numbers(&self, window: &Window, until: usize) -> impl Iterator<Item = i64> + use<> {
        let (first, last) = (self.days.first(), self.days.last());
        let reach = of_days(until.div_ceil(DAY));
        let (first, last) = match (first, last) {
            (Some(first), Some(last)) => (first.number - reach, last.number),
            _ => (0, -1),
        };
        let days = window.days;
        (first..=last).filter(move |it| days.contains(weekday(*it)))
    }
}

fn of_days(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(0)
}
