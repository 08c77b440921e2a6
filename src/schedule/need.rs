//! How much is needed when, and how sure that is.

use std::ops::Range;

use super::alike::{Alike, SOME};
use super::days::Day;
use super::{DAY, WEEK};
use crate::trend::{Columns, finite};
use crate::units::{count_from, len_f64};

/// Quarters to both sides whose deviations are taken together, few first.
const NEAR: [usize; 5] = [1, 2, 4, 8, 12];

/// What cannot be told from nothing, as a share of the largest usual quarter: deviations
/// of what is hardly there say nothing of a peak.
const NOTHING: f64 = 0.02;

/// Days that are alike follow each other, and the usual day was made with them: few of
/// them show too little. As for the bands of forecasts.
const FEW: f64 = 2.0;

/// Days that use up to so many times as much at an hour are not busier then.
const BUSIER: f64 = 1.5;

/// The next of so many days may be above all of them by this, over how many they are.
const BEYOND: f64 = 1.0;

/// What comes to one of so many days comes often, as every second week.
const OFTEN: usize = 3;

/// Work that comes to be so many times as much grows.
const GROWS: f64 = 1.25;

/// Newest days that tell a level at the least: one of them may be any day.
const DAYS_OF_LEVEL: usize = 3;

/// Quarters to both sides in which what a day came to may come a little earlier or later.
const SHIFT: usize = 1;

/// What all pods of a workload together need in each quarter of a local week, from Monday
/// 00:00.
#[derive(Debug, Clone)]
pub struct Need {
    alike: Alike,
    /// Cores of the usual week, at the level of the past.
    usual: Vec<f64>,
    /// What came over what was usual on the other days of the class, as a share of it: of each
    /// class.
    own: Vec<Spread>,
    /// The same of its days and of those that are not busier then, by the root of what was
    /// usual.
    all: Vec<Spread>,
    /// The most that may come, as a share of what is usual: by what came on days of the class.
    most: Vec<f64>,
    /// The same where work grows, by the days of each level alone.
    grown: Vec<f64>,
    /// As [`NOTHING`] says, in cores at the level of the past.
    nothing: f64,
    /// Times that work comes to be what it was.
    level: f64,
}

/// What came over what was usual, in each quarter of a day.
#[derive(Debug, Clone, Default)]
struct Spread {
    came: Vec<Vec<f64>>,
    /// The quarters about as late in the day whose values count together; so many that the
    /// chance can be told, where there are.
    near: Vec<Range<usize>>,
    /// The value that the next is above with this chance.
    high: Vec<Option<f64>>,
}

impl Need {
    /// From days of the past; work is to be `level` times what it was. `chance` is that of
    /// more being needed than [`Need::high`]. `None` where a day of the week has no two days
    /// like it.
    pub(super) fn of(days: &[&Day], alike: Alike, level: f64, chance: f64) -> Option<Self> {
        let by_class = by_class(days, alike);
        let classes: Vec<usize> = (0..7).map(|weekday| alike.class(weekday)).collect();
        if !Self::can_be_of(days, alike) {
            return None;
        }
        let usual_of: Vec<Vec<f64>> = by_class.iter().map(|days| usual(days)).collect();
        let top = usual_of.iter().flatten().copied().fold(0.0, f64::max);
        let nothing = NOTHING * top;
        let over: Vec<Vec<Vec<Over>>> = by_class.iter().map(|days| over(days, nothing)).collect();
        let shares = |class: &[Vec<Over>]| {
            let of = |over: &Vec<Over>| over.iter().map(Over::share).collect();
            Spread::of(class.iter().map(of).collect(), chance)
        };
        // Few days of a class show little of how far they may go, so others tell that too: by
        // the root, as what comes from many sources at once spreads. Busier ones do not.
        let roots = |class: usize, quarter: usize| -> Vec<f64> {
            let most = BUSIER * (usual_of[class][quarter] + nothing);
            let calm = |it: &usize| usual_of[*it][quarter] <= most;
            let calm = || (0..7).filter(calm);
            let count = calm().map(|it| by_class[it].len()).sum::<usize>();
            let few = 1.0 + FEW / len_f64(count.max(1));
            let mut roots = Vec::with_capacity(count);
            for over in calm().map(|it| &over[it][quarter]) {
                roots.extend(over.iter().map(|it| it.roots() * few));
            }
            roots
        };
        let roots = |class: usize| {
            let of_class = (0..DAY).map(|quarter| roots(class, quarter));
            Spread::of(of_class.collect(), chance)
        };
        // Nobody asks for classes that no day of the week has.
        let of_class = |class: usize| {
            if classes.contains(&class) {
                (shares(&over[class]), roots(class))
            } else {
                (Spread::default(), Spread::default())
            }
        };
        let (own, all) = (0..7).map(of_class).unzip();
        let both = || by_class.iter().zip(&usual_of);
        let as_came = both().flat_map(|(days, usual)| most(days, usual, nothing, |_| 1.0));
        let since = levels_since(days, &usual_of, alike);
        let level_then = |number: i64| {
            let at = since.partition_point(|it| it.0 < number);
            since.get(at).map_or(1.0, |it| (1.0 / it.1).min(1.0))
        };
        let grown = both().flat_map(|(days, usual)| most(days, usual, nothing, level_then));
        let usual = classes.iter().flat_map(|class| &usual_of[*class]);
        Some(Self {
            alike,
            usual: usual.copied().collect(),
            own,
            all,
            most: as_came.collect(),
            grown: grown.collect(),
            nothing,
            level,
        })
    }

    /// Whether each day of the week has two days like it among these.
    pub(super) fn can_be_of(days: &[&Day], alike: Alike) -> bool {
        let mut counts = [0_usize; 7];
        for day in days {
            counts[alike.class(day.weekday)] += 1;
        }
        (0..7).all(|weekday| counts[alike.class(weekday)] >= 2)
    }

    /// The same where work is to be `level` times that of the past.
    #[must_use]
    pub(super) fn at(self, level: f64) -> Self {
        Self { level, ..self }
    }

    /// Cores of the usual week in this quarter of it.
    pub fn usual(&self, quarter: usize) -> f64 {
        self.usual[quarter % WEEK] * self.level
    }

    /// What [`Self::usual`] is in each quarter by these days, long before all else is known of
    /// their need, which is nowhere less.
    pub(super) fn usual_of(days: &[&Day], alike: Alike) -> Vec<f64> {
        let all: Vec<Vec<f64>> = by_class(days, alike).iter().map(|it| usual(it)).collect();
        let week = (0..7).flat_map(|weekday| all[alike.class(weekday)].iter().copied());
        week.collect()
    }

    /// What [`Self::usual_of`] some of these days, such as the newest, is in no quarter of the
    /// week less than, at a level: of classes with a day. It takes no class to be known.
    pub(super) fn least_of(days: &[Day], level: f64) -> Vec<f64> {
        let mut least = vec![f32::INFINITY; DAY];
        for day in days {
            for (least, peak) in least.iter_mut().zip(&day.peaks) {
                // What is not known is usually nothing where no day knows it.
                let peak = if peak.is_finite() { *peak } else { 0.0 };
                *least = least.min(peak);
            }
        }
        let of_day = least.iter().map(|it| {
            let known = if it.is_finite() { f64::from(*it) } else { 0.0 };
            known * level
        });
        let of_day: Vec<f64> = of_day.collect();
        of_day.iter().copied().cycle().take(WEEK).collect()
    }

    /// The most cores that come often in some quarter: to a third of the days that are alike,
    /// and to half of few.
    pub(super) fn often_of(days: &[&Day], alike: Alike) -> f64 {
        let classes = by_class(days, alike);
        let most = classes.iter().filter(|it| !it.is_empty()).map(|days| {
            if days.len() < SOME {
                return usual(days).into_iter().fold(0.0, f64::max);
            }
            let of = |quarter: usize| {
                let mut all = finite(days.iter().map(|it| f64::from(it.peaks[quarter])));
                all.sort_unstable_by(|a, b| b.total_cmp(a));
                all.get(all.len().div_ceil(OFTEN).max(2) - 1).copied()
            };
            let largest = Largest::of(days.iter().copied());
            (0..DAY).fold(0.0_f64, |most, quarter| {
                // What comes so often is not above the next to the largest.
                if f64::from(largest.next[quarter]) <= most {
                    return most;
                }
                of(quarter).map_or(most, |often| often.max(most))
            })
        });
        most.fold(0.0, f64::max)
    }

    /// What [`Self::often_of`] some of these days, such as the newest, is never above, whichever
    /// of them are alike: where as many are as a need takes, the largest of a quarter counts no
    /// more than the next.
    pub(super) fn often_at_most(days: &[Day]) -> f64 {
        let all = Largest::of(days);
        let of = |quarter: usize| {
            let largest = all.most[quarter];
            // Of days alike, a single one may know it.
            let next = if all.is_known[quarter] {
                all.next[quarter]
            } else {
                largest
            };
            f64::midpoint(f64::from(largest), f64::from(next))
        };
        (0..DAY).map(of).fold(0.0, f64::max)
    }

    /// The most cores of the usual week, at the level of the past.
    pub(super) fn usual_peak(&self) -> f64 {
        self.usual.iter().copied().fold(0.0, f64::max)
    }

    /// Cores that more than are needed in this quarter with the given chance only: by what
    /// days of its class came to, and by what all days came to over what was usual, never
    /// far above all that came on days of its class.
    pub fn high(&self, quarter: usize) -> f64 {
        self.high_at(quarter, self.level)
    }

    fn high_at(&self, quarter: usize, level: f64) -> f64 {
        let (class, place) = self.place(quarter);
        let (own, all) = (&self.own[class], &self.all[class]);
        let nothing = self.nothing * level;
        let usual = self.usual[quarter % WEEK] * level + nothing;
        let by_share = usual * own.high[place].unwrap_or(1.0);
        let by_roots = usual + all.high[place].unwrap_or(0.0) * root(usual, level);
        let most = usual * self.most(class * DAY + place, level);
        by_share.max(by_roots).min(most).max(usual) - nothing
    }

    /// [`Self::high`] of each quarter of the week.
    pub(super) fn highs(&self) -> Vec<f64> {
        (0..WEEK).map(|quarter| self.high(quarter)).collect()
    }

    /// What [`Self::high`] of each quarter of the week is never below, at whatever level from
    /// `least`, 1 or less, to `most`: it grows with the level, but for what is taken off as
    /// nothing, and for what may come at most, which is never below that of a level of 1.
    pub(super) fn lows(&self, (least, most): (f64, f64)) -> Vec<f64> {
        let off = (most - least) * self.nothing;
        let low = |quarter: usize| {
            let usual = self.usual[quarter % WEEK] * least;
            (self.high_at(quarter, least) - off).max(usual)
        };
        // Sums at other levels are rounded otherwise.
        (0..WEEK)
            .map(|quarter| low(quarter) * (1.0 - 1e-9))
            .collect()
    }

    /// The chance that more than so many cores are needed in this quarter.
    pub fn chance(&self, quarter: usize, cores: f64) -> f64 {
        let (class, place) = self.place(quarter);
        let (own, all) = (&self.own[class], &self.all[class]);
        let nothing = self.nothing * self.level;
        let (usual, cores) = (self.usual(quarter) + nothing, cores + nothing);
        // As many as that never came.
        if cores >= usual * self.most(class * DAY + place, self.level) * (1.0 - 1e-9) {
            return own.above(place, f64::INFINITY);
        }
        let by_share = own.above(place, cores / usual);
        let by_roots = all.above(place, (cores - usual) / root(usual, self.level));
        by_share.max(by_roots)
    }

    /// The most that may come, as a share of what is usual. Where work grows, usual days are of
    /// the middle of the past and the largest of its end: as much more comes as it grows from
    /// the day on that it came.
    fn most(&self, place: usize, level: f64) -> f64 {
        if level < GROWS {
            return self.most[place];
        }
        self.grown[place].max(self.most[place] / level)
    }

    /// The class of its day, and where the quarter is in that.
    fn place(&self, quarter: usize) -> (usize, usize) {
        let (weekday, place) = (quarter % WEEK / DAY, quarter % DAY);
        (self.alike.class(weekday), place)
    }
}

/// Deviations are those of the past: work that grows makes them larger as a whole.
fn root(usual: f64, level: f64) -> f64 {
    (usual * level).sqrt()
}

/// What came beside what was usual.
#[derive(Debug, Clone, Copy)]
struct Over {
    came: f64,
    usual: f64,
}

impl Over {
    fn share(&self) -> f64 {
        self.came / self.usual
    }

    fn roots(&self) -> f64 {
        (self.came - self.usual) / self.usual.sqrt()
    }
}

/// The largest peaks of some days in each quarter, and the next to them; 0 without one.
struct Largest {
    most: [f32; DAY],
    next: [f32; DAY],
    /// Whether all of these days know it.
    is_known: [bool; DAY],
}

impl Largest {
    fn of<'a>(days: impl IntoIterator<Item = &'a Day>) -> Self {
        let mut all = Self {
            most: [0.0; DAY],
            next: [0.0; DAY],
            is_known: [true; DAY],
        };
        for day in days {
            let ends = all.most.iter_mut().zip(&mut all.next);
            for ((most, next), peak) in ends.zip(&day.peaks) {
                let less = if peak > most { *most } else { *peak };
                *most = if peak > most { *peak } else { *most };
                *next = if less > *next { less } else { *next };
            }
            for (is_known, peak) in all.is_known.iter_mut().zip(&day.peaks) {
                *is_known &= peak.is_finite();
            }
        }
        all
    }
}

impl Spread {
    /// Of what came in each quarter.
    fn of(came: Vec<Vec<f64>>, chance: f64) -> Self {
        let enough = usize::try_from(count_from(1.2 / chance)).unwrap_or(usize::MAX);
        let near = |place: usize| {
            let beside = |near: usize| {
                let until = (place + near + 1).min(came.len());
                place.saturating_sub(near)..until
            };
            let count = |near: &usize| came[beside(*near)].iter().map(Vec::len).sum::<usize>();
            let near = NEAR.iter().find(|it| count(it) >= enough);
            beside(near.or(NEAR.last()).copied().unwrap_or(0))
        };
        let near: Vec<Range<usize>> = (0..came.len()).map(near).collect();
        let mut buffer = Vec::new();
        let high = near.iter().map(|near| {
            buffer.clear();
            came[near.clone()].iter().for_each(|it| buffer.extend(it));
            high(&mut buffer, chance)
        });
        Self {
            high: high.collect(),
            near,
            came,
        }
    }

    /// The chance that the next is above a value in a quarter.
    fn above(&self, quarter: usize, value: f64) -> f64 {
        let came = || self.came[self.near[quarter].clone()].iter().flatten();
        let above = came().filter(|it| **it > value).count();
        len_f64(above + 1) / len_f64(came().count() + 1)
    }
}

/// The value that the next one is above with this chance, of values in any order, which it
/// changes; `None` of none.
fn high(came: &mut [f64], chance: f64) -> Option<f64> {
    // One more than there are: the next is one of them.
    let rank = (len_f64(came.len() + 1) * chance).floor();
    let rank = usize::try_from(count_from(rank)).unwrap_or(0).max(1);
    let place = came.len().checked_sub(rank)?;
    Some(*came.select_nth_unstable_by(place, f64::total_cmp).1)
}

/// Days that are alike, by their class.
fn by_class<'a>(days: &[&'a Day], alike: Alike) -> Vec<Vec<&'a Day>> {
    let mut by_class: Vec<Vec<&Day>> = vec![Vec::new(); 7];
    for day in days {
        by_class[alike.class(day.weekday)].push(day);
    }
    by_class
}

/// The usual day of some.
pub(super) fn usual(days: &[&Day]) -> Vec<f64> {
    let quarters = in_order(days);
    let of = |quarter: usize| {
        let middle = quarters.median(quarter);
        if middle.is_finite() { middle } else { 0.0 }
    };
    (0..DAY).map(of).collect()
}

/// What some days came to in each quarter, in order.
fn in_order(days: &[&Day]) -> Columns {
    let mut quarters = Columns::new(DAY);
    for day in days {
        quarters.add_row(&day.peaks);
    }
    quarters.sort();
    quarters
}

/// For each quarter the most that the next day may come to, as a share of what is usual: a
/// little more than any day came to, the less the more there are. Shares of days that are of
/// two kinds at an hour are no measure of that: what is usual then is neither of them. What each
/// day came to counts so many `times`, by its number.
fn most(days: &[&Day], usual: &[f64], nothing: f64, times: impl Fn(i64) -> f64) -> Vec<f64> {
    let mut came = [0.0_f64; DAY];
    for day in days {
        let times = times(day.number);
        for (came, peak) in came.iter_mut().zip(&day.peaks) {
            let own = f64::from(*peak) * times;
            *came = if own.is_finite() && own > *came {
                own
            } else {
                *came
            };
        }
    }
    let came = came.map(|it| nothing + it);
    let usual: Vec<f64> = usual.iter().map(|it| it + nothing).collect();
    let beyond = 1.0 + BEYOND / len_f64(days.len().max(1));
    let of = |quarter: usize| {
        let beside = quarter.saturating_sub(SHIFT)..(quarter + SHIFT + 1).min(DAY);
        // As much more than usual as there, and no more than came there.
        let near = beside.map(|it| came[it].min(came[it] / usual[it] * usual[quarter]));
        let most = near.fold(came[quarter], f64::max) / usual[quarter];
        if most.is_finite() {
            most.max(1.0) * beyond
        } else {
            beyond
        }
    };
    (0..DAY).map(of).collect()
}

/// For each day, oldest first, how many times as much as usual the days since came to together.
fn levels_since(days: &[&Day], usual: &[Vec<f64>], alike: Alike) -> Vec<(i64, f64)> {
    let of = |day: &&Day| {
        let usual = &usual[alike.class(day.weekday)];
        let known = day.peaks.iter().zip(usual).filter(|it| it.0.is_finite());
        known.fold((0.0, 0.0), |sum, it| {
            (sum.0 + f64::from(*it.0), sum.1 + it.1)
        })
    };
    let (mut came, mut expected) = (0.0, 0.0);
    let back = days.iter().rev().enumerate().map(|(place, day)| {
        let own = of(day);
        (came, expected) = (came + own.0, expected + own.1);
        let level = if place + 1 < DAYS_OF_LEVEL || expected <= 0.0 {
            f64::NAN
        } else {
            came / expected
        };
        (day.number, level)
    });
    let mut levels: Vec<(i64, f64)> = back.collect();
    // Of the newest few what they are together.
    let newest = levels.iter().map(|it| it.1).find(|it| it.is_finite());
    for level in &mut levels {
        if !level.1.is_finite() {
            level.1 = newest.unwrap_or(1.0);
        }
    }
    levels.reverse();
    levels
}

/// For each quarter, every day beside the usual one of the others.
fn over(days: &[&Day], nothing: f64) -> Vec<Vec<Over>> {
    let quarters = in_order(days);
    let of = |quarter: usize| {
        let count = quarters.count(quarter);
        let known = days.iter().map(|it| f64::from(it.peaks[quarter]));
        let known = known.filter(|it| it.is_finite());
        let mut over = Vec::with_capacity(count);
        over.extend(known.filter_map(|came| {
            let usual = median_without(count, |rank| quarters.at(quarter, rank), came) + nothing;
            (usual > 0.0).then_some(Over {
                came: came + nothing,
                usual,
            })
        }));
        over
    };
    (0..DAY).map(of).collect()
}

/// The median of so many values without one of them, of which `at` gives each by its rank; `NaN`
/// where it is the only one.
fn median_without(count: usize, at: impl Fn(usize) -> f64, one: f64) -> f64 {
    let left = count.saturating_sub(1);
    // What comes at a rank of the others is what does so of all, or the next.
    let other = |rank: usize| {
        let own = at(rank);
        if own < one { own } else { at(rank + 1) }
    };
    match left {
        0 => f64::NAN,
        _ if left % 2 == 1 => other(left / 2),
        _ => f64::midpoint(other(left / 2 - 1), other(left / 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::alike::Cycle;
    use super::*;
    use crate::trend::median;
    use crate::units::single;

    /// So many days, all known, with these peaks.
    fn days_of(count: usize, mut peaks: impl FnMut(usize) -> Vec<f32>) -> Vec<Day> {
        let day = |number: usize| Day {
            number: i64::try_from(number).unwrap(),
            weekday: number % 7,
            peaks: peaks(number),
            sampled: vec![true; DAY],
            once: Vec::new(),
        };
        (0..count).map(day).collect()
    }

    #[test]
    fn a_median_without_one_value_is_that_of_the_others() {
        let all: [f64; 6] = [3.0, 1.0, 2.0, 2.0, 9.0, 0.5];
        for count in 1..=all.len() {
            let mut sorted = all[..count].to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            for at in 0..count {
                let mut others = all[..count].to_vec();
                let one = others.swap_remove(at);
                let seen = median_without(count, |rank| sorted[rank], one);
                let whole = median(&others);
                assert_eq!(seen.to_bits(), whole.to_bits(), "{count} {at}");
            }
        }
    }

    /// Days of noise around a rhythm, with peaks, growth, nothing at night and holes.
    fn days(seed: u32, count: usize) -> Vec<Day> {
        let mut state = seed;
        let mut chance = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1_u32 << 24)
        };
        days_of(count, |number| {
            let grown = 1.0 + f64::from(seed % 3) * 0.05 * len_f64(number);
            let peak = |quarter: usize| {
                let busy = if quarter / 4 % 24 > 7 { 2.0 } else { 0.0 };
                let came = grown * (busy + 0.05 * chance()) * (0.7 + 0.6 * chance());
                let burst = if chance() > 0.97 { 4.0 } else { 1.0 };
                let hole = chance() > 0.98;
                single(if hole { f64::NAN } else { came * burst })
            };
            (0..DAY).map(peak).collect()
        })
    }

    #[test]
    fn no_level_needs_less_than_the_lows() {
        let levels = (0.8, 1.5);
        for seed in 0..12 {
            let days = days(seed, 14 + usize::try_from(seed).unwrap());
            let days: Vec<&Day> = days.iter().collect();
            for cycle in [Cycle::Day, Cycle::Sort] {
                let need = Need::of(&days, Alike::of(&days, cycle, 1.0), 1.0, 0.01).unwrap();
                let lows = need.lows(levels);
                for level in [0.8, 0.9, 1.0, 1.1, 1.249, 1.25, 1.3, 1.5] {
                    let highs = need.clone().at(level).highs();
                    let both = highs.iter().zip(&lows).enumerate();
                    for (quarter, (high, low)) in both {
                        assert!(low <= high, "{seed} {level} {quarter}: {low} {high}");
                    }
                }
                // They are near what they bound.
                let all = |of: &[f64]| of.iter().sum::<f64>();
                let lowest = all(&need.at(0.8).highs());
                assert!(all(&lows) > 0.9 * lowest, "{seed}: {} {lowest}", all(&lows));
            }
        }
    }

    #[test]
    fn the_least_of_days_is_below_what_is_usual_on_those_alike() {
        let peaks = |number: usize| {
            let cores = |quarter: usize| match (number * 13 + quarter * 7) % 31 {
                0 => f32::NAN,
                it => single(len_f64(it * (1 + number % 7)) / 3.0),
            };
            (0..DAY).map(cores).collect()
        };
        let days = days_of(17, peaks);
        let least = Need::least_of(&days, 0.8);
        assert!(least.iter().any(|it| *it > 0.0));
        for cycle in [Cycle::Day, Cycle::Sort, Cycle::Week] {
            for from in [0, 3, 10] {
                let newest: Vec<&Day> = days[from..].iter().collect();
                let usual = Need::usual_of(&newest, Alike::apart(cycle));
                let mut both = least.iter().zip(&usual);
                assert!(both.all(|(least, usual)| *least <= usual * 0.8));
            }
        }
        assert_eq!(Need::least_of(&[], 0.8), [0.0; WEEK]);
    }

    #[test]
    fn what_comes_often_is_never_above_the_two_largest() {
        for seed in 1..40_usize {
            // Now and then one that is not known, and one far above all others.
            let peaks = |number: usize| {
                let cores = |quarter: usize| match (number * 37 + quarter * seed) % 59 {
                    0 if seed % 2 == 0 => f32::NAN,
                    1 => 90.0,
                    it => single(len_f64(it) / 7.0),
                };
                (0..DAY).map(cores).collect()
            };
            let days = days_of(17, peaks);
            let most = Need::often_at_most(&days);
            for cycle in [Cycle::Day, Cycle::Sort, Cycle::Week] {
                let alike = Alike::apart(cycle);
                for from in 0..12 {
                    let newest: Vec<&Day> = days[from..].iter().collect();
                    if Need::can_be_of(&newest, alike) {
                        assert!(Need::often_of(&newest, alike) <= most, "{seed} {from}");
                    }
                }
            }
        }
        assert!(Need::often_at_most(&[]) <= 0.0);
    }
}
