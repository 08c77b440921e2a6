//! Stretches of a week into windows that a schedule can be written from.

use std::collections::HashMap;

use super::calendar::Days;
use super::days::{Day, weekday};
use super::moved::ways;
use super::need::Need;
use super::segment::Segment;
use super::{DAY, MINUTES, QUARTER, WEEK};
use crate::forecast::WeekdayOfMonth;
use crate::trend::median;
use crate::units::len_f64;

/// Windows begin at whole five minutes.
pub(super) const ROUND: u32 = 5;

/// Windows of different days are one where they begin and end within so many minutes.
const ALIKE: u32 = 45;

/// And where the smaller has at least this share of the larger's replicas.
const NEARLY: f64 = 0.8;

/// What is this share of the largest is about as large.
const ABOUT: f64 = 0.95;

/// A window within another is written for more than one replica, and for more than this share
/// of its own.
const WITHIN: f64 = 0.1;

/// Chance may leave days of the week out in so many cases.
const LEFT_OUT: f64 = 0.02;

/// The peak of a window came where this share of it did.
const CAME: f64 = 1.0 / 3.0;

/// A stretch of some days with more replicas than at other times. Where windows overlap,
/// the largest counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The days it begins on.
    pub days: Days,
    /// Minutes after midnight that it begins at, local time.
    pub start: u32,
    /// Minutes after the same midnight that it ends at: of a later day from 1440 on.
    pub end: u32,
    pub replicas: u32,
    pub evidence: Evidence,
}

/// Why a window is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The days of the week on which most is needed: later ones than those of the window where
    /// it begins before midnight.
    pub days: Days,
    /// Of these the one with the most, 0 for Monday, and the minute of it.
    pub weekday: usize,
    pub minute: u32,
    /// Times that the window would have been open on which the peak came then: a third of it,
    /// and more than there is outside of the window.
    pub seen: usize,
    /// Of so many on which there is a sample.
    pub of: usize,
    /// The local day since 1970 on which peaks began to come at these times, where they came at
    /// others before.
    pub since: Option<i64>,
    /// The day of the month that all days are on which it came, where no others of its weeks are.
    pub of_month: Option<WeekdayOfMonth>,
    /// Whether all its replicas are needed from its first quarter of an hour on.
    pub at_once: bool,
    /// Cores that all pods together used then, where the peak came, as a rule.
    pub cores: f64,
    /// Cores that are planned with.
    pub planned: f64,
    /// Chance that more is needed in its worst quarter of an hour than its replicas hold.
    pub chance: f64,
}

impl Window {
    pub(super) fn minutes(&self) -> u32 {
        self.end - self.start
    }

    /// Hours of a week that it is open, times its replicas.
    pub fn weight(&self) -> f64 {
        let hours = f64::from(self.minutes()) / 60.0;
        hours * len_f64(self.days.count()) * f64::from(self.replicas)
    }

    /// How it covers a week of slots of so many minutes: the slots, from Monday 00:00.
    pub fn slots(&self, minutes: u32) -> impl Iterator<Item = usize> + '_ {
        let count = place(7 * MINUTES / minutes);
        let (from, until) = (self.start / minutes, self.end.div_ceil(minutes));
        let of_day = move |day: usize| {
            let midnight = day * place(MINUTES / minutes);
            (from..until).map(move |slot| (midnight + place(slot)) % count)
        };
        self.days.iter().flat_map(of_day)
    }
}

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

/// A stretch as a floor: nested ones go on below higher ones, so that none begins where
/// another ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    pub(super) from: usize,
    pub(super) until: usize,
    pub(super) replicas: u32,
}

impl Making<'_> {
    /// The windows over `base` replicas, the earliest of the week first.
    pub(super) fn windows(&self, segments: &[Segment], base: u32) -> Vec<Window> {
        let mut level = vec![base; WEEK];
        for it in segments {
            for at in it.from..it.until {
                level[at % WEEK] = it.replicas;
            }
        }
        let mut windows: Vec<Window> = Vec::new();
        for floor in floors(segments, base, WEEK) {
            let window = self.window(floor, &level, base);
            let same = windows.iter_mut().find(|it| it.is_like(&window));
            match same {
                Some(same) => same.join(&window),
                None => windows.push(window),
            }
        }
        // Days that begin a little apart may make one window of another.
        let all = windows.clone();
        let mut places = 0..;
        windows.retain(|it| {
            let own = places.next().unwrap_or(0);
            let mut others = all.iter().enumerate();
            // Of two that are the same the first stays.
            let stays = |place: usize, other: &Window| place >= own && other.is_within(it);
            !others.any(|(place, other)| it.is_within(other) && !stays(place, other))
        });
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
        windows
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

    fn window(&self, floor: Floor, level: &[u32], base: u32) -> Window {
        let (mut day, place) = (floor.from % WEEK / DAY, floor.from % DAY);
        let length = minutes(floor.until - floor.from);
        let mut start = minutes(place);
        let lead = self.early();
        if start < lead {
            day = (day + 6) % 7;
            start += MINUTES;
        }
        let own = (floor.from..floor.until).filter(|at| level[at % WEEK] == floor.replicas);
        let own: Vec<usize> = own.map(|at| at % WEEK).collect();
        let held = f64::from(floor.replicas) * self.capacity;
        let chances = own.iter().map(|at| self.need.chance(*at, held));
        let end = start + length;
        let first = self.need.high(floor.from);
        Window {
            days: Days::one(day),
            start: start - lead,
            end,
            replicas: floor.replicas.max(base),
            evidence: Evidence {
                days: Days::one(day),
                weekday: day,
                minute: minutes(place),
                seen: 0,
                of: 0,
                since: self.since,
                of_month: None,
                at_once: first > f64::from(floor.replicas - 1) * self.capacity,
                cores: 0.0,
                planned: own.iter().map(|at| self.need.high(*at)).fold(0.0, f64::max),
                chance: chances.fold(0.0, f64::max),
            },
        }
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
        let by_number: HashMap<i64, &Day> = self.days.iter().map(|it| (it.number, *it)).collect();
        let opens = self.numbers(window, until);
        let needed = |number: i64| {
            let need = (0..until).map(|quarter| {
                let day = number + of_days(quarter / DAY);
                let day = by_number.get(&day);
                let day = day.filter(|it| it.sampled[quarter % DAY]);
                day.map_or(f64::NAN, |it| f64::from(it.peaks[quarter % DAY]))
            });
            (weekday(number), need.collect())
        };
        opens.map(needed).collect()
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

/// The day of the month that all days are on which enough came, of what came on which day.
fn of_month(came: &[(f64, i64)], enough: f64) -> Option<WeekdayOfMonth> {
    let known = came.iter().filter(|it| it.0.is_finite());
    let days = |of: &dyn Fn(f64) -> bool| -> Vec<i64> {
        let own = known.clone().filter(|it| of(it.0));
        own.map(|it| it.1).collect()
    };
    WeekdayOfMonth::that_is(&days(&|it| it > enough), &days(&|_| true))
}

/// Days of the week that a window opens on, and what was needed in each quarter since their
/// midnight.
type Open = (usize, Vec<f64>);

/// What was needed in a quarter over what is there outside of a window, as a mean.
fn over<'a>(opens: impl IntoIterator<Item = &'a Open>, quarter: usize, outside: f64) -> f64 {
    let needs = opens.into_iter().map(|(_, need)| need[quarter]);
    let known = needs.filter(|it| it.is_finite());
    let (sum, count) = known.fold((0.0, 0), |(sum, count), it| {
        (sum + (it - outside).max(0.0), count + 1)
    });
    sum / len_f64(count.max(1))
}

/// The days of the week on which more than enough came in some quarter, where all others never
/// had it and chance alone hardly leaves any out; `None` where no such days stand out.
fn had(opens: &[Open], quarters: &[usize], enough: f64) -> Option<Days> {
    let known = opens.iter().map(|(weekday, need)| {
        let mut known = quarters.iter().map(|it| need[*it]);
        (*weekday, known.any(|it| it > enough))
    });
    let known: Vec<(usize, bool)> = known.collect();
    let together = |all: Days, it: &(usize, bool)| all.with(Days::one(it.0));
    let all = known.iter().fold(Days::default(), together);
    let came = known.iter().filter(|it| it.1);
    let days = came.clone().fold(Days::default(), together);
    let (times, of_days) = (came.count(), known.iter().filter(|it| days.contains(it.0)));
    let of_days = ways(of_days.count(), times) / ways(known.len(), times);
    let chance = ways(all.count(), days.count()) * of_days;
    (times > 0 && days != all && chance <= LEFT_OUT).then_some(days)
}

/// What was seen in one quarter since midnight of the days that a window opens on.
struct Seen {
    quarter: usize,
    /// The day of the window on which most came.
    weekday: usize,
    times: usize,
    of: usize,
    /// The middle of the days on which it was seen.
    cores: f64,
    /// What counts as the peak from there on.
    enough: f64,
}

impl Seen {
    fn of(opens: &[Open], quarter: usize, outside: f64, held: f64) -> Self {
        let known = opens.iter().map(|(_, need)| need[quarter]);
        let known: Vec<f64> = known.filter(|it| it.is_finite()).collect();
        let most = known.iter().copied().fold(0.0, f64::max).min(held);
        let enough = (CAME * most).max(outside);
        let came = known.iter().copied().filter(|it| *it > enough);
        let came: Vec<f64> = came.collect();
        let of_day = |day: usize| over(opens.iter().filter(|it| it.0 == day), quarter, outside);
        let days = (0..7).map(|day| (of_day(day), day));
        // Of equal ones the first.
        let busiest = days.reduce(|a, b| if b.0 > a.0 { b } else { a });
        Self {
            quarter,
            weekday: busiest.map_or(0, |it| it.1),
            times: came.len(),
            of: known.len(),
            cores: if came.is_empty() { 0.0 } else { median(&came) },
            enough,
        }
    }
}

impl Window {
    fn is_like(&self, other: &Self) -> bool {
        let near = |a: u32, b: u32| a.abs_diff(b) <= ALIKE;
        let (few, many) = (
            self.replicas.min(other.replicas),
            self.replicas.max(other.replicas),
        );
        let once = self.days.iter().all(|it| !other.days.contains(it));
        once && near(self.start, other.start)
            && near(self.end, other.end)
            && (many - few <= 1 || f64::from(few) >= NEARLY * f64::from(many))
    }

    /// Whether another has as many replicas whenever this one is open; so has it itself.
    fn is_within(&self, other: &Self) -> bool {
        self.is_inside(other) && self.replicas <= other.replicas
    }

    /// Whether another is open whenever this one is.
    fn is_inside(&self, other: &Self) -> bool {
        self.days.with(other.days) == other.days
            && other.start <= self.start
            && self.end <= other.end
    }

    /// Both as one that covers both.
    fn join(&mut self, other: &Self) {
        self.days = self.days.with(other.days);
        self.start = self.start.min(other.start);
        self.end = self.end.max(other.end);
        let (own, others) = (&mut self.evidence, &other.evidence);
        own.chance = own.chance.max(others.chance);
        own.planned = own.planned.max(others.planned);
        own.at_once = own.at_once && others.at_once && self.replicas == other.replicas;
        self.replicas = self.replicas.max(other.replicas);
    }
}

/// Without windows within others that have hardly more: the others have as many.
fn joined(mut windows: Vec<Window>) -> Vec<Window> {
    let hardly = |inner: &Window, outer: &Window| {
        let (more, most) = (inner.replicas - outer.replicas, f64::from(inner.replicas));
        more <= 1 || f64::from(more) <= WITHIN * most
    };
    loop {
        let pairs = (0..windows.len()).flat_map(|a| (0..windows.len()).map(move |b| (a, b)));
        let found = pairs.filter(|(inner, outer)| {
            let (inner, outer) = (&windows[*inner], &windows[*outer]);
            let more = inner.replicas > outer.replicas;
            more && inner.is_inside(outer) && hardly(inner, outer)
        });
        // From the innermost out, so that no step is taken on top of another.
        let replicas = |it: &(usize, usize)| (windows[it.0].replicas, windows[it.1].replicas);
        let Some((inner, outer)) = found.max_by_key(replicas) else {
            return windows;
        };
        let inner = windows[inner].clone();
        windows[outer].join(&inner);
        windows.retain(|it| *it != inner);
    }
}

/// Every stretch above `base` as a floor from where it is reached to where less is enough, in
/// so many slots that begin again at their end.
pub(super) fn floors(segments: &[Segment], base: u32, len: usize) -> Vec<Floor> {
    let Some(lowest) = segments.iter().position(|it| it.replicas <= base) else {
        // More than the base all week is one floor, which no window needs.
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut open: Vec<(usize, u32)> = Vec::new();
    let turned = segments[lowest..].iter().chain(&segments[..lowest]);
    let first = segments[lowest].from;
    for (number, it) in turned.enumerate() {
        let wrapped = number > 0 && it.from < first;
        let from = if wrapped { it.from + len } else { it.from };
        let mut start = from;
        while let Some((began, replicas)) = open.pop() {
            if replicas <= it.replicas {
                open.push((began, replicas));
                break;
            }
            found.push(Floor {
                from: began,
                until: from,
                replicas,
            });
            start = began;
        }
        let above = open.last().map_or(base, |it| it.1);
        if it.replicas > above {
            open.push((start, it.replicas));
        }
    }
    let end = first + len;
    found.extend(open.into_iter().map(|(from, replicas)| Floor {
        from,
        until: end,
        replicas,
    }));
    found
}

fn place(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn minutes(quarters: usize) -> u32 {
    u32::try_from(quarters).map_or(0, |it| it * QUARTER)
}

/// Replicas in each slot of so many minutes of a local week, from Monday 00:00.
pub fn levels(windows: &[Window], base: u32, minutes: u32) -> Vec<u32> {
    let mut levels = vec![base; place(7 * MINUTES / minutes)];
    for window in windows {
        for slot in window.slots(minutes) {
            levels[slot] = levels[slot].max(window.replicas);
        }
    }
    levels
}

/// Hours a week that have more than the base, as if all of it was as much as at most: what is
/// hardly more is hardly busy.
pub(super) fn busy_hours(windows: &[Window], base: u32) -> f64 {
    let levels = levels(windows, base, ROUND);
    let most = levels.iter().copied().max().unwrap_or(base);
    let more: f64 = levels.iter().map(|it| f64::from(it - base)).sum();
    more / f64::from((most - base).max(1)) * f64::from(ROUND) / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(from: usize, until: usize, replicas: u32) -> Segment {
        Segment {
            from,
            until,
            replicas,
        }
    }

    #[test]
    fn a_higher_stretch_stands_on_the_one_around_it() {
        let segments = [
            segment(0, 40, 2),
            segment(40, 60, 4),
            segment(60, 70, 9),
            segment(70, 80, 6),
            segment(80, WEEK, 2),
        ];
        let found = floors(&segments, 2, WEEK);
        let plain: Vec<_> = found
            .iter()
            .map(|it| (it.from, it.until, it.replicas))
            .collect();
        // What falls from nine to six has six from where it had nine: none begins where
        // another ends.
        assert_eq!(plain, [(60, 70, 9), (60, 80, 6), (40, 80, 4)]);
    }

    fn window(start: u32, end: u32, replicas: u32) -> Window {
        Window {
            days: Days::one(4),
            start,
            end,
            replicas,
            evidence: Evidence {
                days: Days::one(4),
                weekday: 4,
                minute: start,
                seen: 4,
                of: 4,
                since: None,
                of_month: None,
                at_once: true,
                cores: 1.0,
                planned: 1.0,
                chance: 0.01,
            },
        }
    }

    #[test]
    fn no_window_is_within_another_for_hardly_more() {
        let replicas = |windows: Vec<Window>| -> Vec<(u32, u32)> {
            let joined = joined(windows);
            joined.iter().map(|it| (it.start, it.replicas)).collect()
        };
        assert_eq!(
            replicas(vec![window(570, 735, 29), window(660, 735, 30)]),
            [(570, 30)]
        );
        // Steps of one each are not all of them taken at once.
        let stairs = (3..7).map(|it| window(600 + 10 * it, 900 - 10 * it, it));
        assert_eq!(replicas(stairs.collect()), [(630, 4), (650, 6)]);
        let apart = vec![window(600, 700, 4), window(690, 800, 5)];
        assert_eq!(replicas(apart), [(600, 4), (690, 5)]);
        assert_eq!(
            replicas(vec![window(600, 900, 4), window(700, 800, 9)]),
            [(600, 4), (700, 9)]
        );
    }

    #[test]
    fn days_on_which_nothing_came_are_no_days_of_a_window() {
        let opens = |weeks: usize, came: &dyn Fn(usize, usize) -> bool| {
            let days = (0..7 * weeks).map(|at| {
                let need = if came(at / 7, at % 7) { 4.0 } else { 0.3 };
                (at % 7, vec![need; 4])
            });
            had(&days.collect::<Vec<Open>>(), &[1, 2], 1.5)
        };
        assert_eq!(opens(3, &|_, day| day == 4), Some(Days::one(4)));
        assert_eq!(
            opens(17, &|week, day| day == 4 && week % 2 == 1),
            Some(Days::one(4))
        );
        let working = opens(3, &|_, day| day < 5).unwrap();
        assert_eq!(working.words(), "Mon-Fri");
        // Once each says nothing of days.
        assert_eq!(opens(4, &|week, day| day == week), None);
        assert_eq!(opens(4, &|_, _| true), None);
    }

    #[test]
    fn what_reaches_over_sunday_night_is_one() {
        let segments = [segment(10, 600, 1), segment(600, WEEK + 10, 3)];
        let found = floors(&segments, 1, WEEK);
        assert_eq!((found[0].from, found[0].until), (600, WEEK + 10));
        let before = [segment(0, 10, 3), segment(10, WEEK, 1)];
        let found = floors(&before, 1, WEEK);
        assert_eq!((found[0].from, found[0].until), (WEEK, WEEK + 10));
    }
}
