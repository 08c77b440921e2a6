use super::run::{Run, habit_days, peaks, worst_of_days};
use super::tail::{LEAST_RARE, Tail};
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
/// Spreads that the worst hour of a quiet day reaches anyhow.
const QUIET: f64 = 3.5;
/// Share of a slow change that a single hour may be.
const OF_ONE_HOUR: f64 = 0.6;
/// What was so far from the level of now, as a share of it, …
const KNOWN: f64 = 0.7;
/// … in so many blocks of the day before, or for a day in all, is no news.
const KNOWN_BLOCKS: usize = 2;
/// A fall is looked at in logarithms where it goes below this share of what the lowest
/// hour of a day usually is.
const FELL: f64 = 0.5;
/// Of the level, added before the logarithm is taken: nothing at all is a number too.
const NOTHING: f64 = 0.02;

/// How it strays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Away from what is usual, and back, or for no longer than that knows it.
    Level,
    /// For longer.
    Stayed,
    /// Its rhythm did not come.
    Rhythm,
}

/// A stretch of hours that is rarer than it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stray {
    /// The blocks that it lasts, both included.
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) up: bool,
    pub(super) sort: Sort,
    pub(super) expected: f64,
    pub(super) seen: f64,
    pub(super) spreads: f64,
    pub(super) beyond: f64,
    pub(super) once_in_days: f64,
}

/// Share of what is expected that is as good as nothing.
const AS_NOTHING: f64 = 0.1;

impl Stray {
    /// Down to as good as nothing.
    pub(super) fn is_nothing(&self) -> bool {
        !self.up && self.expected > 0.0 && self.seen <= AS_NOTHING * self.expected
    }

    /// Where both are rarer than anyone can tell, by how far they are.
    fn is_rarer_than(&self, other: &Self) -> bool {
        let far = |it: &Self| (it.once_in_days, (it.seen - it.expected).abs());
        far(self) > far(other)
    }
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
            if most <= LEAST_RARE || most * spread < self.least.1 {
                continue;
            }
            let worst = worst_of_days(&score, hours.per_day);
            let (days, spare) = (worst.len(), habit_days(worst.len()) + 1);
            let peaks = peaks(&score, hours.per_day, spare + days + 1);
            let tail = Tail::of(&peaks, days, spare);
            let (rare, mut at) = (tail.rare(), 0);
            while let Some(from) = (at..score.len()).find(|it| score[*it] > rare) {
                let run = Run::around(&score, from, rare / 2.0);
                at = run.last + 1;
                let cannot_tell = tail.cannot_tell(run.most);
                if run.most * spread < self.least.1
                    || run.is_habit(&score, &worst, hours.per_day, cannot_tell)
                    || self.is_of_one_hour(run.at, hours, usual, *sign)
                    || self.is_no_news(&run, hours.per_day, usual, *sign)
                {
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
                    sort: Sort::Level,
                    expected,
                    seen,
                    spreads: run.most,
                    beyond: tail.beyond(run.most),
                    once_in_days: tail.once_in_days(run.most),
                });
            }
        }
    }

    /// Whether a slow change is that of a single hour, which is looked at by itself: of a
    /// heavy tail the mean is as wild as its largest, and its spread is not.
    fn is_of_one_hour(&self, at: usize, hours: &Hours, usual: &Usual, sign: f64) -> bool {
        if self.over < SLOW {
            return false;
        }
        let blocks = (at + 1).saturating_sub(self.over)..=at;
        let away = blocks.map(|it| sign * (hours.mean[it] - usual.expected[it]));
        let known = away.filter(|it| it.is_finite());
        let (sum, most) = known.fold((0.0, 0.0), |(sum, most), it| (sum + it, f64::max(most, it)));
        most > OF_ONE_HOUR * sum
    }

    /// Whether the day before was there as well, or a day of all before. The level of a day
    /// jumps where a series is as often high as low, and then what is usual looks far away;
    /// and who comes back to where it was is known.
    fn is_no_news(&self, run: &Run, per_day: usize, usual: &Usual, sign: f64) -> bool {
        let until = run.first.saturating_sub(self.over - 1);
        let far = KNOWN * sign * self.away[run.at];
        // Of a slow change the level that was before it, as far as it counts in it.
        let over = (run.at + 1).saturating_sub(self.over)..=run.at;
        let level = mean(&usual.level[over]);
        let was_there = |it: &usize| sign * (self.away[*it] + usual.level[*it] - level) >= far;
        let day_before = until.saturating_sub(per_day)..until;
        day_before.filter(was_there).count() >= KNOWN_BLOCKS
            || (0..until).filter(was_there).count() >= per_day
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
        (
            mean(&self.seen[from..=at]),
            mean(&usual.expected[from..=at]),
        )
    }
}

/// The mean of what is known; 0 of nothing.
fn mean(values: &[f64]) -> f64 {
    let known = values.iter().filter(|it| it.is_finite());
    let (sum, count) = known.fold((0.0, 0.0), |(sum, count), it| (sum + it, count + 1.0));
    sum / f64::max(count, 1.0)
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
                if next.is_rarer_than(before) {
                    *before = next;
                }
                (before.first, before.last) = (first, last);
            }
            _ => joined.push(next),
        }
    }
    joined
}
