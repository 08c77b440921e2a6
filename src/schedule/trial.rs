//! What could be done, each played on the same past.

use std::collections::HashMap;

use super::DAY;
use super::alike::Alike;
use super::choose::{AS_SHORT, best};
use super::cron::Crons;
use super::days::{Day, weekday};
use super::draft::{Draft, Drafting, Known, NARROW, WIDE};
use super::hpa::Hpa;
use super::play::{Floors, Stage, Standing, Tally};
use super::replica::Replica;
use crate::snapshot::{Autoscaler, Behavior};
use crate::units::{Cpu, HOURS_PER_MONTH, Money, len_f64};

/// Targets of an autoscaler that are tried, the cheapest first. Samples are means over
/// minutes, so one that stands alone is not tried above the default of the API.
const TARGETS: [f64; 4] = [DEFAULT, 0.7, 0.6, 0.5];

/// That of the API, where none is given.
pub(super) const DEFAULT: f64 = 0.8;

/// A way to run a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// As it was: its replicas, and the requests of now.
    Today,
    /// Its replicas with the requests that are advised.
    Advised,
    /// Its replicas with requests for the peak.
    Peak,
    /// A HorizontalPodAutoscaler alone.
    Hpa,
    /// Windows alone.
    Schedule,
    /// Windows with an autoscaler below them.
    ScheduleAndHpa,
}

impl Way {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Advised => "advised_size",
            Self::Peak => "size_for_peak",
            Self::Hpa => "hpa",
            Self::Schedule => "schedule",
            Self::ScheduleAndHpa => "schedule_and_hpa",
        }
    }
}

/// How one way did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    pub way: Way,
    /// Which of the sizes that were tried.
    pub(super) size: usize,
    /// Of the autoscaler, as a share of the request.
    pub target: Option<f64>,
    /// Cores that each replica requests; `None` where some container requests none.
    pub cores: Option<f64>,
    /// Minutes a week in which more was used than ready replicas request.
    pub short_minutes: Option<f64>,
    /// Of these, those in which came what no other day had: nobody plans for that.
    pub once_minutes: f64,
    /// Of these, those in quarters of an hour that were short on more than half of the days
    /// of their kind: what comes again each time is no chance.
    pub again_minutes: Option<f64>,
    /// Whether that is few enough.
    pub holds: bool,
    /// Windows that are part of it.
    pub windows: usize,
    /// How far up to the peak they begin, where an autoscaler is below them.
    pub(super) cut: Option<f64>,
    /// Replica-hours a week.
    pub replica_hours: f64,
    /// What the requests of these cost a month.
    pub monthly: Money,
    /// The most replicas at once.
    pub most: u32,
    pub changes_a_day: f64,
}

/// What all ways have in common.
pub(super) struct Trial<'a> {
    pub(super) stage: Stage<'a>,
    /// Which of the sizes that are tried this is.
    pub(super) size: usize,
    pub(super) replica: &'a Replica,
    /// With the size of replicas that come and go.
    pub(super) sized: &'a Replica,
    pub(super) drafting: &'a Drafting<'a>,
    /// All of the past, and without each part of it.
    pub(super) whole: &'a Known<'a>,
    pub(super) others: &'a [Known<'a>],
    /// What each day is held against: made without it.
    pub(super) drafts: &'a [Draft],
    pub(super) fold: &'a dyn Fn(i64) -> usize,
    /// Cores that all replicas together may request; `None` where nothing bounds that.
    pub(super) room: Option<f64>,
    /// The most replicas of an autoscaler, of those that there can be.
    pub(super) max: u32,
    pub(super) least: u32,
    /// Minutes a week that may be short.
    pub(super) allowed: f64,
    /// And of those that come again.
    pub(super) again: f64,
    pub(super) alike: Alike,
    pub(super) days: &'a [&'a Day],
    pub(super) now: u32,
    /// Cores that are needed at most, of the whole past.
    pub(super) peak: f64,
    /// The autoscaler that sets its replicas today.
    pub(super) own: Option<&'a Autoscaler>,
    /// Whether something else sets what its pods request of CPU.
    pub(super) sized_elsewhere: bool,
    /// What crons beside that ask for.
    pub(super) crons: Option<&'a Crons>,
    /// How fast it scales, or one that is new.
    pub(super) behavior: Behavior,
}

impl Outcome {
    /// Minutes short a week that count against it; not finite where nobody knows.
    pub(super) fn counted(&self) -> f64 {
        let short = self.short_minutes.unwrap_or(f64::INFINITY);
        (short - self.once_minutes).max(0.0)
    }
}

impl Trial<'_> {
    /// `windows` are as many as a schedule has.
    pub(super) fn outcomes(&self, windows: usize) -> Vec<Outcome> {
        let mut outcomes = vec![self.today()];
        outcomes.extend(self.advised());
        outcomes.extend(self.peak());
        let targets = self.targets();
        let mut played: Vec<Outcome> = Vec::new();
        let alone = targets.iter().map(|target| {
            let told = self.alone(*target);
            played.push(told);
            told
        });
        let alone = first_that_holds(alone);
        outcomes.extend(alone);
        // What everybody would try first stands beside one that holds.
        let first = played.first().copied();
        outcomes.extend(first.filter(|it| alone.is_some_and(|alone| alone.target != it.target)));
        if windows > 0 {
            // Windows alone would take an autoscaler of CPU away.
            if self.own.is_none() || targets.is_empty() {
                outcomes.extend(self.schedule(windows));
            }
            let is_enough =
                alone.is_some_and(|it| it.holds && it.target == targets.first().copied());
            outcomes.extend(self.above(&targets, is_enough));
        }
        outcomes
    }

    /// The same in short, for one size of several: windows above an autoscaler, and that alone
    /// where there is one, or no window.
    pub(super) fn beside(&self, windows: usize) -> Vec<Outcome> {
        let targets = self.targets();
        let mut outcomes: Vec<Outcome> = Vec::new();
        if targets.is_empty() {
            outcomes.extend(self.schedule(windows));
        }
        if self.own.is_some() || windows == 0 {
            outcomes.extend(targets.iter().take(1).map(|it| self.alone(*it)));
        }
        if windows > 0 {
            outcomes.extend(best(&self.cut(NARROW[0], &targets)));
        }
        outcomes
    }

    /// Windows alone, where there are any.
    fn schedule(&self, windows: usize) -> Option<Outcome> {
        if windows == 0 {
            return None;
        }
        let made: Vec<Standing> = self.drafts.iter().map(Draft::standing).collect();
        let tally = self.played(None, &made);
        let told = self.told(Way::Schedule, None, &tally);
        Some(Outcome { windows, ..told })
    }

    /// Plays schedules, one of each stretch of the past that was left out, beside what crons of
    /// others asked for then.
    fn played(&self, target: Option<f64>, made: &[Standing]) -> Tally {
        let hpa = Hpa::new(self.least, self.max, target).with(self.behavior.clone());
        let special = self.special(made);
        let Some(crons) = self.crons else {
            return self.stage.play(hpa, |day| {
                let usual = || &made[(self.fold)(day)].floors;
                Some(special.get(&day).unwrap_or_else(usual))
            });
        };
        let beside = |week: &Floors| made.iter().map(|it| it.floors.beside(week)).collect();
        let weeks: Vec<Vec<Floors>> = crons.weeks().iter().map(beside).collect();
        let special = special.into_iter().map(|(day, own)| {
            let week = &crons.weeks()[crons.place(day)];
            (day, own.beside(week))
        });
        let special: HashMap<i64, Floors> = special.collect();
        let usual = |day| weeks[crons.place(day)].get((self.fold)(day));
        self.stage
            .play(hpa, |day| special.get(&day).or_else(|| usual(day)))
    }

    /// What is asked for on days that windows of months are open on.
    fn special(&self, made: &[Standing]) -> HashMap<i64, Floors> {
        if made.iter().all(|it| it.month.is_empty()) {
            return HashMap::new();
        }
        let mut days: Vec<i64> = self.stage.local.iter().map(|it| it.0).collect();
        days.dedup();
        let special = days.into_iter().filter_map(|day| {
            let floors = made[(self.fold)(day)].special(day, weekday(day))?;
            Some((day, floors))
        });
        special.collect()
    }

    /// Targets that an autoscaler is tried with, the highest first: its own where there is one,
    /// and lower ones. None where it does not look at CPU: what it does is not known.
    fn targets(&self) -> Vec<f64> {
        let Some(own) = self.own else {
            // A share of a request that somebody else moves is none to go by.
            return if self.sized_elsewhere {
                Vec::new()
            } else {
                TARGETS.to_vec()
            };
        };
        let Some(own) = own.cpu_share(self.stage.capacity) else {
            return Vec::new();
        };
        let lower = TARGETS.into_iter().filter(|_| !self.sized_elsewhere);
        let lower = lower.filter(|it| *it < own - 1e-9);
        std::iter::once(own).chain(lower).collect()
    }

    /// The best of windows with an autoscaler below them. Where an autoscaler is enough by
    /// itself one of them only stands beside it.
    fn above(&self, targets: &[f64], is_enough: bool) -> Option<Outcome> {
        let mut played: Vec<Outcome> = Vec::new();
        if is_enough {
            let targets = &targets[..targets.len().min(1)];
            return best(&self.cut(NARROW[0], targets));
        }
        for cut in NARROW {
            played.extend(self.cut(cut, targets));
            // One that is narrower than what is as good as the best is no better.
            if best(&played).is_none_or(|it| !it.holds || it.cut < Some(cut)) {
                break;
            }
        }
        let holds = |played: &[Outcome]| played.iter().any(|it| it.holds);
        for cut in WIDE {
            if holds(&played) {
                break;
            }
            played.extend(self.cut(cut, targets));
        }
        best(&played)
    }

    /// Windows of a cut with the highest target that holds and, where that is short at times,
    /// the one below it, which may be short less for as much money.
    fn cut(&self, cut: f64, targets: &[f64]) -> Vec<Outcome> {
        let mut played: Vec<Outcome> = Vec::new();
        let (windows, month) = self.drafting.above(self.whole, cut);
        let windows = windows.len() + month.len();
        if windows == 0 {
            return played;
        }
        let made = self.others.iter();
        let made: Vec<Standing> = made
            .map(|it| self.drafting.standing_above(it, cut))
            .collect();
        for target in targets {
            let tally = self.played(Some(*target), &made);
            let told = Outcome {
                windows,
                cut: Some(cut),
                ..self.told(Way::ScheduleAndHpa, Some(*target), &tally)
            };
            let done = played.last().is_some_and(|it| it.holds);
            played.push(told);
            if done || (told.holds && told.counted() <= AS_SHORT) {
                break;
            }
        }
        played
    }

    fn today(&self) -> Outcome {
        let capacity = self.replica.cores_now;
        let tally = self.stage.was(capacity.unwrap_or(f64::INFINITY));
        let mut told = self.outcome(Way::Today, None, &tally, self.replica.hourly_now);
        told.cores = capacity;
        if capacity.is_none() {
            told.short_minutes = None;
            told.again_minutes = None;
            told.holds = false;
        }
        told
    }

    /// Where the advice changes what a replica holds.
    fn advised(&self) -> Option<Outcome> {
        let (now, after) = (self.replica.cores_now, self.replica.cores?);
        let same = now.is_some_and(|now| (now - after).abs() <= 1e-9 * after);
        let tally = self.stage.was(after);
        (!same).then(|| Outcome {
            cores: Some(after),
            ..self.outcome(Way::Advised, None, &tally, self.replica.hourly)
        })
    }

    /// With so many replicas as there are, or, where an autoscaler sets them, with those
    /// that the peak needs.
    fn peak(&self) -> Option<Outcome> {
        let advised = self.replica.cores?;
        if self.own.is_some() {
            let most = |slot: usize| {
                let (day, _) = self.stage.local[slot];
                f64::from(self.drafts[(self.fold)(day)].most)
            };
            let tally = self.stage.held(self.stage.capacity, most);
            return Some(self.told(Way::Peak, None, &tally));
        }
        let each = |peak: f64| peak / f64::from(self.now.max(1));
        let cores = each(self.peak);
        let is_admitted = self.replica.within.admits(Cpu::cores(cores));
        let has_room = self.room.is_none_or(|it| self.peak <= it * (1.0 + 1e-9));
        let may_be = !self.replica.within.fixed && is_admitted && has_room;
        if cores <= advised || !may_be {
            return None;
        }
        // Replicas of one size: a day that was planned with less has fewer of them.
        let tally = self.stage.held(cores, |slot| {
            let (day, _) = self.stage.local[slot];
            let planned = each(self.drafts[(self.fold)(day)].peak).max(advised);
            f64::from(self.now) * planned / cores
        });
        let hourly = self.replica.with(cores).hourly;
        let mut told = self.outcome(Way::Peak, None, &tally, hourly);
        told.cores = Some(cores);
        told.replica_hours = f64::from(self.now) * 168.0;
        told.monthly = monthly(told.replica_hours, hourly);
        told.changes_a_day = 0.0;
        told.most = self.now;
        Some(told)
    }

    /// An autoscaler of CPU alone.
    fn alone(&self, target: f64) -> Outcome {
        let hpa = Hpa::new(self.least, self.max, Some(target)).with(self.behavior.clone());
        let crons = |day| Some(&self.crons?.weeks()[self.crons?.place(day)]);
        let tally = self.stage.play(hpa, crons);
        self.told(Way::Hpa, Some(target), &tally)
    }

    fn told(&self, way: Way, target: Option<f64>, tally: &Tally) -> Outcome {
        self.outcome(way, target, tally, self.sized.hourly)
    }

    fn outcome(&self, way: Way, target: Option<f64>, tally: &Tally, hourly: Money) -> Outcome {
        const WEEK: f64 = 7.0 * 86_400.0;
        let weeks = (tally.known / WEEK).max(f64::MIN_POSITIVE);
        let replica_hours = tally.replicas / 3_600.0 / weeks;
        let short = tally.short / 60.0 / weeks;
        let once = tally.once / 60.0 / weeks;
        let again = self.again(tally) / 60.0 / weeks + self.again_of_months(tally) / 60.0;
        Outcome {
            way,
            size: self.size,
            target,
            cores: self.sized.cores,
            short_minutes: Some(short),
            once_minutes: once,
            again_minutes: Some(again),
            holds: short - once <= self.allowed && again <= self.again,
            windows: 0,
            cut: None,
            replica_hours,
            monthly: monthly(replica_hours, hourly),
            most: tally.most,
            changes_a_day: f64::from(tally.changes) / weeks / 7.0,
        }
    }

    /// Seconds short of a month in quarters of its days that were on more than half of them: as
    /// many as if it were a week, since each month has them.
    fn again_of_months(&self, tally: &Tally) -> f64 {
        let each = tally.of_month.iter().map(|((day, _), (seconds, short))| {
            let days = self.stage.special.values().filter(|it| *it == day).count();
            let short = usize::try_from(*short).unwrap_or(0);
            if 2 * short > days {
                seconds / len_f64(days.max(1))
            } else {
                0.0
            }
        });
        // Sums of fractions are the same in any order that is the same.
        let mut each: Vec<f64> = each.collect();
        each.sort_unstable_by(f64::total_cmp);
        each.iter().sum()
    }

    /// Seconds short in quarters that were on more than half of the days like theirs.
    fn again(&self, tally: &Tally) -> f64 {
        let of_class = |class: usize, quarter: usize| {
            let days = (0..7).filter(move |day| self.alike.class(*day) == class);
            let each = days.filter_map(move |day| tally.quarters.get(day * DAY + quarter));
            each.fold((0.0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
        };
        let mut again = 0.0;
        for class in 0..7 {
            let days = self
                .days
                .iter()
                .filter(|it| self.alike.class(it.weekday) == class);
            let half = u32::try_from(days.count() / 2).unwrap_or(0).max(1);
            for quarter in 0..DAY {
                let (seconds, short) = of_class(class, quarter);
                if short > half {
                    again += seconds;
                }
            }
        }
        again
    }
}

fn monthly(replica_hours: f64, hourly: Money) -> Money {
    hourly.scale(replica_hours / 168.0 * HOURS_PER_MONTH)
}

/// The first that holds; where none does, the one that is short least.
fn first_that_holds(outcomes: impl Iterator<Item = Outcome>) -> Option<Outcome> {
    let short = Outcome::counted;
    let mut least: Option<Outcome> = None;
    for told in outcomes {
        if told.holds {
            return Some(told);
        }
        if least.is_none_or(|it| short(&told) < short(&it)) {
            least = Some(told);
        }
    }
    least
}
