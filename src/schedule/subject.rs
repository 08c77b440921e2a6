//! From the past of one workload to what wins.

use super::advice::{Advice, Leave};
use std::iter::successors;

use super::MINUTES;
use super::alike::{Alike, Cycle};
use super::choose::choose;
use super::cron;
use super::days::{Day, days, weekday};
use super::draft::{DETECTED, Draft, Drafting, Known};
use super::event::coming;
use super::history::History;
use super::lead::Pools;
use super::need::Need;
use super::peak::is_peak;
use super::plan::{Options, Plan, SHORT, replicas};
use super::play::{Floors, Stage};
use super::replica::Replica;
use super::sleep::{Sleep, sleep};
use super::traffic::Traffic;
use super::trial::Trial;
use super::window::{Window, busy_hours};
use crate::forecast::{Clock, Season};
use crate::snapshot::Workload;
use crate::trend::quantile;
use crate::units::count_from;

/// Days that must be known for anything to be said.
pub(super) const LEAST_DAYS: usize = 8;

/// Without windows so many hours of a week count as busy.
const BUSY: f64 = 16.8;

/// An autoscaler of its own may go so far beyond what is needed.
const ROOM: f64 = 1.5;

/// The share of the week that the fewest replicas are to hold, where their size is made for
/// that, with so much room; and what the advised size must be above for it.
const MOST_HOURS: f64 = 0.9;
const ROOM_OF_REPLICA: f64 = 1.1;
const WORTH_SPREADING: f64 = 0.8;

/// No replica is made smaller than this, in cores.
const SMALLEST: f64 = 0.1;

/// Replicas that stay at all times where there are as many today: one may fail.
const STAY: u32 = 2;

/// What a plan is made from.
pub(super) struct Subject<'a> {
    pub(super) index: usize,
    pub(super) workload: &'a Workload,
    pub(super) replica: &'a Replica,
    pub(super) seasons: Vec<Season>,
    pub(super) history: History,
    pub(super) pools: &'a Pools<'a>,
    /// Work that is to come over that of the past.
    pub(super) level: f64,
    /// How CPU goes with traffic, where that is known.
    pub(super) traffic: Option<Traffic>,
    pub(super) clock: &'a Clock,
}

/// What is known of one workload once its days are.
struct Past<'a> {
    days: &'a [&'a Day],
    /// The finest that is proven.
    proven: Option<Cycle>,
    /// The finest of which there are enough days.
    cycle: Cycle,
    need: Need,
    drafting: Drafting<'a>,
}

impl Subject<'_> {
    pub(super) fn plan(self, options: &Options) -> Plan {
        let sleep = self.sleep();
        Plan {
            sleep,
            traffic: self.traffic,
            ..self.scaled(options)
        }
    }

    /// When nobody asks: only where a season says that this comes again.
    fn sleep(&self) -> Option<Sleep> {
        let alike = Alike::apart(Cycle::of(&self.seasons)?);
        let (cpu, memory) = (self.replica.cpu, self.replica.memory);
        let lead = self.pools.lead(self.workload, cpu, memory);
        // The nodes may be gone when it wakes.
        let seconds = lead.pod.span.as_secs() + lead.node.span.as_secs();
        let lead = seconds.div_ceil(60);
        sleep(&self.history, self.workload, self.clock, alike, lead)
    }

    fn scaled(&self, options: &Options) -> Plan {
        let days = days(&self.history, self.clock);
        let all: Vec<&Day> = days.iter().collect();
        let left = |why: Leave| Plan {
            seasons: self.seasons.clone(),
            days: days.len(),
            ..Plan::leave(self.index, self.workload, self.replica, why)
        };
        let Some(advised) = self.replica.cores else {
            return left(Leave::NoRequest);
        };
        let proven = Cycle::of(&self.seasons);
        // Days are told apart as far as there are enough of each, also without one part of
        // the past.
        let finest = Some(proven.unwrap_or(Cycle::Day));
        let look = |capacity: f64| {
            let mut cycles = successors(finest, |it| it.coarser());
            cycles.find_map(|cycle| {
                let alike = Alike::of(&all, cycle, capacity);
                let (fold, folds) = folds(&all, cycle);
                let known = (0..folds).all(|number| {
                    let others = all.iter().filter(|it| fold(it.number) != number);
                    Need::can_be_of(&others.copied().collect::<Vec<&Day>>(), alike)
                });
                let need = Need::of(&all, alike, self.level, options.chance);
                Some((cycle, alike, need.filter(|_| known)?))
            })
        };
        let first = look(advised).filter(|_| all.len() >= LEAST_DAYS);
        let Some(first) = first else {
            return left(Leave::Thin);
        };
        let spread = proven.and_then(|_| self.spread(&first.2, advised));
        let (capacity, looked) = match spread {
            Some(each) => (each, look(each)),
            None => (advised, Some(first)),
        };
        let Some((cycle, alike, need)) = looked else {
            return left(Leave::Thin);
        };
        let sized = self.replica.with(capacity);
        let lead = self.pools.lead(self.workload, sized.cpu, sized.memory);
        let drafting = Drafting {
            alike,
            capacity,
            lead: &lead,
            least: least(self.workload),
        };
        let past = Past {
            days: &all,
            proven,
            cycle,
            need,
            drafting,
        };
        let plan = self.judged(&past, left(Leave::Enough), options);
        let now = self.history.next_hour() * 3_600;
        let early = (lead.span(plan.most).as_secs() + DETECTED).div_ceil(300) * 5;
        let events = coming(&past.need, capacity, self.clock, now, early);
        let most = events.iter().map(|it| it.replicas).max().unwrap_or(0);
        Plan {
            lead: Some(lead.clone()),
            max: plan.max.max(most),
            events,
            ..plan
        }
    }

    /// `left` with what wins in the place of leaving it.
    fn judged(&self, past: &Past<'_>, left: Plan, options: &Options) -> Plan {
        let Past {
            days,
            proven,
            cycle,
            need,
            drafting,
        } = past;
        let whole = Known { need, days };
        let made = drafting.draft(&whole);
        if made.most <= drafting.least {
            return Plan {
                peak: Some(made.peak),
                ..left
            };
        }
        let own = self.workload.autoscaler.as_ref();
        let windows = proven.map_or(0, |_| made.windows.len());
        let hours = if windows == 0 {
            BUSY
        } else {
            busy_hours(&made.windows, made.base)
        };
        let allowed = SHORT.max(options.chance * hours * 60.0);
        let (fold, folds) = folds(days, *cycle);
        let held_out = |number: usize| {
            let others = days.iter().filter(|it| fold(it.number) != number);
            let others: Vec<&Day> = others.copied().collect();
            let need = Need::of(&others, drafting.alike, 1.0, options.chance);
            (need, others)
        };
        let held_out: Vec<(Option<Need>, Vec<&Day>)> = (0..folds).map(held_out).collect();
        let others = held_out.iter().map(|(own, days)| Known {
            need: own.as_ref().unwrap_or(need),
            days,
        });
        let others: Vec<Known<'_>> = others.collect();
        let drafts: Vec<Draft> = others.iter().map(|it| drafting.draft(it)).collect();
        let local = self.local(self.clock);
        let max = self.max(made.most);
        let crons = self.crons();
        let trial = Trial {
            stage: Stage {
                history: &self.history,
                local: &local,
                lead: drafting.lead,
                capacity: drafting.capacity,
                start: replicas(self.workload),
            },
            replica: self.replica,
            sized: &self.replica.with(drafting.capacity),
            drafting,
            whole: &whole,
            others: &others,
            drafts: &drafts,
            fold: &fold,
            max,
            least: drafting.least,
            allowed,
            again: SHORT,
            alike: drafting.alike,
            days,
            now: replicas(self.workload),
            peak: made.peak,
            own,
            crons: crons.as_ref(),
            behavior: own.and_then(|it| it.behavior.clone()).unwrap_or_default(),
        };
        let outcomes = trial.outcomes(windows);
        let own_target = own.and_then(|it| it.cpu_share(drafting.capacity));
        let advice = match choose(&outcomes, proven.is_some(), own_target) {
            // What there is already, within what it may.
            Advice::Hpa(target) if own_target == Some(target) && self.most() >= Some(max) => {
                Advice::Leave(Leave::Enough)
            }
            // Nobody should have an autoscaler end pods that hold data, for CPU alone.
            Advice::Hpa(_) if left.stateful && own.is_none() => Advice::Leave(Leave::Stateful),
            advice => advice,
        };
        let above = outcomes.iter().find_map(|it| it.cut);
        let windows = match (advice, above) {
            (Advice::ScheduleAndHpa(_), Some(cut)) => drafting.above(&whole, cut),
            _ if windows > 0 => made.windows.clone(),
            _ => Vec::new(),
        };
        let (advice, windows) = beside(crons.as_ref(), advice, windows, own_target);
        Plan {
            advice,
            base: if advice == Advice::Schedule {
                made.base
            } else {
                drafting.least
            },
            most: made.most,
            max,
            peak: Some(made.peak),
            cores: Some(drafting.capacity),
            windows,
            outcomes,
            allowed,
            ..left
        }
    }

    /// What a replica holds where replicas come and go: as much as most hours of the week
    /// need of the fewest, where the size that is advised was made for more. Only where that
    /// does not hold the peak, so that the peak is known to whoever sizes.
    fn spread(&self, need: &Need, advised: f64) -> Option<f64> {
        let held = advised * f64::from(replicas(self.workload));
        let known = self.replica.is_one && is_peak(need.usual_peak(), held);
        if !known || self.workload.autoscaler.is_some() {
            return None;
        }
        spread(need.highs(), advised, self.workload)
    }

    /// What crons of somebody ask for in a week from now on.
    fn crons(&self) -> Option<Floors> {
        let now = self.history.next_hour() * 3_600;
        let levels = cron::levels(self.workload, self.clock, now)?;
        Some(Floors { base: 0, levels })
    }

    /// The most replicas of its autoscaler.
    fn most(&self) -> Option<u32> {
        self.workload.autoscaler.as_ref().map(|it| it.max_replicas)
    }

    fn max(&self, most: u32) -> u32 {
        if let Some(own) = &self.workload.autoscaler {
            return own.max_replicas.max(most);
        }
        let most = most.max(replicas(self.workload));
        u32::try_from(count_from((f64::from(most) * ROOM).ceil())).unwrap_or(most)
    }

    /// For each slot, the local day and the minute of the local week.
    fn local(&self, clock: &Clock) -> Vec<(i64, u32)> {
        let slots = 0..self.history.cores.len();
        let local = slots.map(|slot| clock.local_second(self.history.second(slot)));
        let told = local.map(|second| {
            let day = second.div_euclid(86_400);
            let minute = u32::try_from(second.rem_euclid(86_400) / 60).unwrap_or(0);
            let midnight = u32::try_from(weekday(day)).unwrap_or(0) * MINUTES;
            (day, midnight + minute)
        });
        told.collect()
    }
}

/// What is left of it where crons of somebody ask for some windows already.
fn beside(
    crons: Option<&Floors>,
    advice: Advice,
    mut windows: Vec<Window>,
    own_target: Option<f64>,
) -> (Advice, Vec<Window>) {
    let Some(crons) = crons else {
        return (advice, windows);
    };
    windows.retain(|it| !cron::cover(&crons.levels, it));
    let advice = match advice {
        Advice::ScheduleAndHpa(target) if windows.is_empty() && own_target == Some(target) => {
            Advice::Leave(Leave::Enough)
        }
        Advice::ScheduleAndHpa(target) if windows.is_empty() => Advice::Hpa(target),
        Advice::Schedule if windows.is_empty() => Advice::Leave(Leave::Enough),
        advice => advice,
    };
    (advice, windows)
}

/// What a replica holds where replicas come and go, where that is worth it, by the cores that
/// are needed in each quarter of the week.
pub(super) fn spread(mut high: Vec<f64>, advised: f64, workload: &Workload) -> Option<f64> {
    high.sort_unstable_by(f64::total_cmp);
    let most = quantile(&high, MOST_HOURS).unwrap_or(f64::INFINITY);
    let each = most * ROOM_OF_REPLICA / f64::from(least(workload));
    // In whole steps of five thousandths, as sizes are written.
    let each = ((each * 200.0).ceil() / 200.0).max(SMALLEST);
    (each < advised * WORTH_SPREADING).then_some(each)
}

/// Replicas that there are at all times.
pub(super) fn least(workload: &Workload) -> u32 {
    match workload.autoscaler.as_ref().map(|it| it.min_replicas) {
        // Nobody minds where it runs none.
        Some(0) => 1,
        own => own.unwrap_or(0).max(replicas(workload).min(STAY)).max(1),
    }
}

/// Which part of the past a day is of, and how many there are: weeks, or quarters where all
/// days are alike.
fn folds(days: &[&Day], cycle: Cycle) -> (impl Fn(i64) -> usize + use<>, usize) {
    let first = days.first().map_or(0, |it| it.number);
    let last = days.last().map_or(0, |it| it.number);
    let all = usize::try_from(last - first).unwrap_or(0) + 1;
    let each = match cycle {
        Cycle::Day => all.div_ceil(4).max(2),
        Cycle::Sort | Cycle::Week => 7,
    };
    let count = all.div_ceil(each);
    let fold = move |day: i64| {
        let since = usize::try_from(day - first).unwrap_or(0);
        (since / each).min(count - 1)
    };
    (fold, count)
}
