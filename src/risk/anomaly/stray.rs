use super::tail::{QUIET, Tail, least_rare};
use super::usual::{OF_MEDIAN, minus, spread};
use super::{Hours, Usual};
use crate::trend::{finite, median, median_of, quantile_of};
use crate::units::len_f64;

/// Blocks that a slow change is looked at in.
const SLOW: usize = 6;
/// Least spread, of the level: less is rounding.
const LEAST_SPREAD: f64 = 0.01;
/// Least change that anyone would call one, of the level.
const LEAST_CHANGE: f64 = 0.1;
/// What is as large as this share of it on other days makes it a habit …
const ALIKE: f64 = 0.7;
/// … on one day of so many, but two at least.
const HABIT_DAYS: f64 = 9.0;
/// The same at this hour of another week: once is enough.
const ALIKE_A_WEEK_AWAY: f64 = 0.5;
/// A fall is looked at in logarithms where it goes below this share of what the lowest
/// hour of a day usually is.
const FELL: f64 = 0.5;
/// Of the level, added before the logarithm is taken: nothing at all is a number too.
const NOTHING: f64 = 0.02;

/// A stretch of hours that is rarer than it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stray {
    /// The blocks that it lasts, both included.
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) up: bool,
    pub(super) expected: f64,
    pub(super) seen: f64,
    pub(super) spreads: f64,
    pub(super) beyond: f64,
    pub(super) once_in_days: f64,
}

/// One way to look at the distance from what is usual.
struct Way<'a> {
    away: Vec<f64>,
    /// Blocks that each value is the mean of.
    over: usize,
    /// Whether above what is usual, below it, or both.
    signs: &'a [f64],
    /// Least spread, and least distance.
    least: (f64, f64),
    /// Whether what is larger varies more.
    widens: bool,
    /// Least distance of what is seen from what is expected.
    apart: f64,
    /// What is seen, by the last block of a value.
    seen: &'a [f64],
}

/// All of them, in order; what touches is one, told by the rarest of it.
pub(super) fn strays(hours: &Hours, usual: &Usual, apart: &[bool]) -> Vec<Stray> {
    let level = median(&hours.mean).abs();
    let least = (
        (LEAST_SPREAD * level).max(grain(&hours.mean) / 2.0),
        LEAST_CHANGE * level,
    );
    let away = minus(&hours.mean, &usual.expected);
    let usually = spread(&away);
    let mut found = Vec::new();
    let mut look = |way: &Way<'_>| way.look(hours, usual, apart, &mut found);
    if hours.per_day >= 4 * SLOW {
        look(&Way {
            away: moving(&away, SLOW),
            over: SLOW,
            signs: &[1.0, -1.0],
            least,
            widens: true,
            apart: 0.0,
            seen: &hours.mean,
        });
    }
    look(&Way {
        away,
        over: 1,
        signs: &[1.0, -1.0],
        least,
        widens: true,
        apart: 0.0,
        seen: &hours.mean,
    });
    if let Some((high, low)) = &hours.ends {
        for (ends, sign) in [(high, 1.0), (low, -1.0)] {
            look(&Way {
                away: minus(ends, &usual.expected),
                over: 1,
                signs: &[sign],
                least,
                widens: true,
                apart: 0.0,
                seen: ends,
            });
        }
    }
    if level > 0.0 && fell(hours) {
        let log = |it: &f64| (it.max(0.0) + NOTHING * level).ln();
        let logs: Vec<f64> = hours.mean.iter().map(log).collect();
        let usual = Usual::by(&logs, hours, apart);
        let away = minus(&logs, &usual.expected);
        for over in [1, 2] {
            look(&Way {
                away: moving(&away, over),
                over,
                signs: &[-1.0],
                least: (NOTHING, LEAST_CHANGE),
                widens: false,
                // In a lull every noise is large beside what is left.
                apart: QUIET * usually,
                seen: &hours.mean,
            });
        }
    }
    joined(found)
}

impl Way<'_> {
    fn look(&self, hours: &Hours, usual: &Usual, apart: &[bool], found: &mut Vec<Stray>) {
        let known: Vec<f64> = self
            .away
            .iter()
            .zip(apart)
            .map(|(it, apart)| if *apart { f64::NAN } else { *it })
            .collect();
        let middle = median(&known);
        if !middle.is_finite() || !self.changes(middle, usual) {
            return;
        }
        let spread = self.spread(&known, middle);
        if spread <= 0.0 {
            return;
        }
        for sign in self.signs {
            let score = self.away.iter().zip(&usual.wider);
            let score = score.map(|(it, wider)| {
                let wider = if self.widens { *wider } else { 1.0 };
                sign * (it - middle) / (spread * wider)
            });
            let score: Vec<f64> = score.collect();
            let most = score.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if most <= least_rare() || most * spread < self.least.1 {
                continue;
            }
            let worst = worst_of_days(&score, hours.per_day);
            let Some(tail) = Tail::of(&worst) else {
                continue;
            };
            let (rare, mut at) = (tail.rare(), 0);
            while let Some(from) = (at..score.len()).find(|it| score[*it] > rare) {
                let run = Run::around(&score, from, rare / 2.0);
                at = run.last + 1;
                if run.most * spread < self.least.1 || run.is_habit(&score, &worst, hours.per_day) {
                    continue;
                }
                let (seen, expected) = self.told(run.at, usual);
                if (seen - expected).abs() < self.apart {
                    continue;
                }
                found.push(Stray {
                    first: run.first.saturating_sub(self.over - 1),
                    last: run.last,
                    up: *sign > 0.0,
                    expected,
                    seen,
                    spreads: run.most,
                    beyond: tail.beyond(run.most),
                    once_in_days: tail.once_in_days(run.most),
                });
            }
        }
    }

    /// Whether anything is so far out that it may be told at all, which most series that
    /// are quiet answer before their spread is worked out.
    fn changes(&self, middle: f64, usual: &Usual) -> bool {
        /// What rounding may take from a distance.
        const ROUNDED: f64 = 1.0 - 1e-9;
        let least = self.least.1 * ROUNDED;
        let out = |sign: &f64, it: f64, wider: f64| {
            let wider = if self.widens { wider } else { 1.0 };
            sign * (it - middle) / wider >= least
        };
        let mut all = self.away.iter().zip(&usual.wider);
        all.any(|(it, wider)| self.signs.iter().any(|sign| out(sign, *it, *wider)))
    }

    /// The usual spread; where more than half of it is alike, by what is not.
    fn spread(&self, known: &[f64], middle: f64) -> f64 {
        /// Standard deviations of a normal distribution that 90 % lie within.
        const NINE_TENTHS: f64 = 1.6449;
        let mut away = finite(known.iter().map(|it| (it - middle).abs()));
        let wide = quantile_of(&mut away, 0.9).unwrap_or(0.0) / NINE_TENTHS;
        let usual = OF_MEDIAN * median_of(&mut away);
        usual.max(wide / 2.0).max(self.least.0)
    }

    /// What was seen around a block, and what was expected.
    fn told(&self, at: usize, usual: &Usual) -> (f64, f64) {
        let from = (at + 1).saturating_sub(self.over);
        let mean = |values: &[f64]| {
            let known = values.iter().filter(|it| it.is_finite());
            let (sum, count) = known.fold((0.0, 0.0), |(sum, count), it| (sum + it, count + 1.0));
            sum / f64::max(count, 1.0)
        };
        (
            mean(&self.seen[from..=at]),
            mean(&usual.expected[from..=at]),
        )
    }
}

/// Values beyond a threshold that follow each other.
struct Run {
    first: usize,
    last: usize,
    /// Where it is farthest out, and how far.
    at: usize,
    most: f64,
}

impl Run {
    fn around(score: &[f64], from: usize, over: f64) -> Self {
        let before = score[..from]
            .iter()
            .rev()
            .take_while(|it| **it > over)
            .count();
        let after = score[from..].iter().take_while(|it| **it > over).count();
        let (first, last) = (from - before, from + after - 1);
        let mut at = from;
        for place in first..=last {
            if score[place] > score[at] {
                at = place;
            }
        }
        Self {
            first,
            last,
            at,
            most: score[at],
        }
    }

    /// Whether the like came on other days, or at this hour of another week.
    fn is_habit(&self, score: &[f64], worst: &[f64], per_day: usize) -> bool {
        let lead = score.len() % per_day;
        let day = |at: usize| (at + per_day).saturating_sub(lead) / per_day;
        let own = (day(self.first)..=day(self.last)).map(|day| day.wrapping_sub(1));
        let mut others = 0.0;
        for (day, worst) in worst.iter().enumerate() {
            if *worst >= ALIKE * self.most && !own.clone().any(|it| it == day) {
                others += 1.0;
            }
        }
        if others >= (len_f64(worst.len()) / HABIT_DAYS).round().max(2.0) {
            return true;
        }
        let week = 7 * per_day;
        let later = score.get(self.first + week - 1..).unwrap_or_default();
        let earlier = (self.last + 2).checked_sub(week);
        let earlier = earlier.map_or(&[][..], |until| {
            &score[(self.first.saturating_sub(week + 1)).min(until)..until]
        });
        let later = later.iter().take(self.last - self.first + 3);
        let mut others = later.chain(earlier);
        others.any(|it| *it >= ALIKE_A_WEEK_AWAY * self.most)
    }
}

/// The largest of each whole day, counted back from the end; `NaN` where none is known.
fn worst_of_days(score: &[f64], per_day: usize) -> Vec<f64> {
    let most = |day: &[f64]| day.iter().copied().fold(f64::NAN, f64::max);
    let mut days: Vec<f64> = score.rchunks_exact(per_day).map(most).collect();
    days.reverse();
    days
}

/// The mean of so many blocks up to each; `NaN` where fewer than half are known.
fn moving(values: &[f64], over: usize) -> Vec<f64> {
    if over < 2 {
        return values.to_vec();
    }
    let (mut sum, mut known) = (0.0, 0_usize);
    let mut means = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        if value.is_finite() {
            sum += value;
            known += 1;
        }
        if let Some(gone) = at
            .checked_sub(over)
            .map(|it| values[it])
            .filter(|it| it.is_finite())
        {
            sum -= gone;
            known -= 1;
        }
        let enough = at + 1 >= over && 2 * known >= over;
        means.push(if enough {
            sum / len_f64(known)
        } else {
            f64::NAN
        });
    }
    means
}

/// The smallest step between values, where it often changes: what it is counted in.
fn grain(values: &[f64]) -> f64 {
    /// One change in so many values is none of a count.
    const OFTEN: usize = 10;
    let pairs = values.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let steps: Vec<f64> = pairs.filter(|it| *it > 0.0).collect();
    let rests = OFTEN * steps.len() < values.len() && median(values).abs() > 0.0;
    if steps.is_empty() || rests {
        return 0.0;
    }
    steps.into_iter().fold(f64::INFINITY, f64::min)
}

/// Whether some hour is far below what the lowest of a day usually is.
fn fell(hours: &Hours) -> bool {
    let least = |day: &[f64]| day.iter().copied().fold(f64::NAN, f64::min);
    let lows: Vec<f64> = hours.mean.rchunks_exact(hours.per_day).map(least).collect();
    least(&hours.mean) < FELL * median(&lows)
}

/// Those that touch, or are an hour apart, are one.
fn joined(mut found: Vec<Stray>) -> Vec<Stray> {
    found.sort_by_key(|it| (it.first, it.last));
    let mut joined: Vec<Stray> = Vec::new();
    for next in found {
        match joined.last_mut() {
            Some(before) if next.first <= before.last + 1 => {
                let (first, last) = (before.first, before.last.max(next.last));
                if next.beyond > before.beyond {
                    *before = next;
                }
                (before.first, before.last) = (first, last);
            }
            _ => joined.push(next),
        }
    }
    joined
}
