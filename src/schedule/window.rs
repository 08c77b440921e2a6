//! Windows that a schedule can be written from.

use super::calendar::Days;
use super::segment::Segment;
use super::{MINUTES, QUARTER};
use crate::forecast::WeekdayOfMonth;
use crate::units::len_f64;

/// Windows begin at whole five minutes.
pub(super) const ROUND: u32 = 5;

/// Windows of different days are one where they begin and end within so many minutes.
const ALIKE: u32 = 45;

/// And where the smaller has at least this share of the larger's replicas.
const NEARLY: f64 = 0.8;

/// A window within another is written for more than one replica, and for more than this share
/// of its own.
const WITHIN: f64 = 0.1;

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

/// A stretch as a floor: nested ones go on below higher ones, so that none begins where
/// another ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    pub(super) from: usize,
    pub(super) until: usize,
    pub(super) replicas: u32,
}

/// One window of each stretch, of which those that are alike are one.
pub(super) fn apart(each: impl Iterator<Item = Window>) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for window in each {
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
    windows
}

impl Window {
    fn is_like(&self, other: &Self) -> bool {
        let near = |a: u32, b: u32| a.abs_diff(b) <= ALIKE;
        let (few, many) = (
            self.replicas.min(other.replicas),
            self.replicas.max(other.replicas),
        );
        near(self.start, other.start)
            && near(self.end, other.end)
            && (many - few <= 1 || f64::from(few) >= NEARLY * f64::from(many))
            && self.days.iter().all(|it| !other.days.contains(it))
    }

    /// Whether another has as many replicas whenever this one is open; so has it itself.
    fn is_within(&self, other: &Self) -> bool {
        self.is_inside(other) && self.replicas <= other.replicas
    }

    /// Whether another is open whenever this one is.
    fn is_inside(&self, other: &Self) -> bool {
        other.start <= self.start
            && self.end <= other.end
            && self.days.with(other.days) == other.days
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
pub(super) fn joined(mut windows: Vec<Window>) -> Vec<Window> {
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

pub(super) fn place(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

pub(super) fn minutes(quarters: usize) -> u32 {
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
    use super::super::WEEK;
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
    fn what_reaches_over_sunday_night_is_one() {
        let segments = [segment(10, 600, 1), segment(600, WEEK + 10, 3)];
        let found = floors(&segments, 1, WEEK);
        assert_eq!((found[0].from, found[0].until), (600, WEEK + 10));
        let before = [segment(0, 10, 3), segment(10, WEEK, 1)];
        let found = floors(&before, 1, WEEK);
        assert_eq!((found[0].from, found[0].until), (WEEK, WEEK + 10));
    }
}
