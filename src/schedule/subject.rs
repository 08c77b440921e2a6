//! From the past of one workload to what wins.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::iter::successors;

use super::MINUTES;
use super::advice::{Advice, Leave};
use super::alike::{Alike, Cycle};
use super::bound::Rooms;
use super::choose::{choose, is_worth};
use super::cron::{self, Crons};
use super::days::{Day, days, weekday};
use super::draft::{DETECTED, Draft, Drafting, Known, whole};
use super::event::coming;
use super::history::History;
use super::lead::{Lead, Pools};
use super::line::Line;
use super::month::{MONTHS, MonthWindow, Special};
use super::moved::moved;
use super::need::Need;
use super::peak::{hours, is_peak};
use super::plan::{Options, Plan, SHORT, replicas};
use super::play::Stage;
use super::replica::Replica;
use super::report::bounded;
use super::sleep::{Sleep, sleep};
use super::traffic::Traffic;
use super::trial::{Outcome, Trial, Way};
use super::window::{Window, busy_hours};
use crate::forecast::{Clock, DayOfMonth, Season};
use crate::snapshot::{Autoscaler, ContainerKind, Manager, Workload};
use crate::trend::quantile_of;
use crate::units::Cpu;

/// Days that must be known for anything to be said.
pub(super) const LEAST_DAYS: usize = 8;

/// Without windows so many hours of a week count as busy.
const BUSY: f64 = 16.8;

/// An autoscaler of its own may go so far beyond what is needed.
const ROOM: f64 = 1.5;

/// The share of the week that the fewest replicas are to hold, where their size is made for
/// that, with so much room; and what the advised size must be above for it. Less of it where
/// more of it is busy.
const MOST_HOURS: [f64; 2] = [0.9, 0.8];
const ROOM_OF_REPLICA: f64 = 1.1;
const WORTH_SPREADING: f64 = 0.8;

/// No replica is made smaller than this, in cores.
const SMALLEST: f64 = 0.1;

/// Use of at least this share of the peak is at it.
const AT_PEAK: f64 = 0.8;

/// Sizes whose logarithms differ by less are one.
const NEAR: f64 = 0.05;

/// Replicas that stay at all times where there are as many today, and nobody says how many
/// are to: one may fail.
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
    /// See [`crate::forecast::Outlook::quiet_since`].
    pub(super) quiet_since: Option<i64>,
    /// How CPU goes with traffic, where that is known.
    pub(super) traffic: Option<Traffic>,
    pub(super) clock: &'a Clock,
}

/// The past that a plan rests on.
struct Basis<'a> {
    days: Vec<&'a Day>,
    /// Days of the month that are not like the weeks around them, which are left out of these.
    special: Vec<&'a Day>,
    months: Vec<DayOfMonth>,
    /// The finest cycle that is proven of it.
    proven: Option<Cycle>,
    history: Cow<'a, History>,
    line: OnceCell<Line>,
    level: f64,
    /// The day from which on peaks came at the times of now, where they came at others before.
    since: Option<i64>,
    /// The same, where too little is known since.
    too_new: Option<i64>,
}

/// How days are told apart, and what they need.
struct Looked<'a> {
    cycle: Cycle,
    alike: Alike,
    need: Need,
    /// The same without each part of the past, once it is asked for.
    held_out: OnceCell<Vec<HeldOut<'a>>>,
}

/// What is needed by all days but some, where that can be told, and these days.
type HeldOut<'a> = (Option<Need>, Vec<&'a Day>, Vec<Special<'a>>);

/// What one size of replicas came to.
struct Tried {
    capacity: f64,
    lead: Lead,
    rooms: Rooms,
    made: Draft,
    max: u32,
    allowed: f64,
    outcomes: Vec<Outcome>,
    /// Windows above an autoscaler.
    above: (Vec<Window>, Vec<MonthWindow>),
    /// Which look it is by.
    look: usize,
}

impl Subject<'_> {
    pub(super) fn plan(self, options: &Options) -> Plan {
        let sleep = self.sleep();
        Plan {
            sleep,
            traffic: self.traffic,
            quiet_since: self.quiet_since,
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
        let mut days = days(&self.history, self.clock);
        days.retain(|it| self.quiet_since.is_none_or(|since| it.number < since));
        let left = |why: Leave| Plan {
            seasons: self.seasons.clone(),
            days: days.len(),
            ..Plan::leave(self.index, self.workload, self.replica, why)
        };
        let Some(advised) = self.replica.cores else {
            return left(Leave::NoRequest);
        };
        // By what few hold, days that differ are told apart.
        let fewest = advised.min(self.replica.cores_now.unwrap_or(advised));
        let busy = self.clock.busy_days(&hours(&self.history), &self.seasons);
        let known = |day: &DayOfMonth| {
            let same = days.iter().filter(|it| DayOfMonth::of(it.number) == *day);
            same.count()
        };
        let (months, few) = busy.into_iter().partition(|it| known(it) >= MONTHS);
        let few_months: Vec<DayOfMonth> = few;
        let basis = self.basis(&days, months, fewest, options);
        let enough = days.len() >= LEAST_DAYS;
        let mut looks: Vec<Looked<'_>> = Vec::new();
        let first = Self::look(&basis, fewest, &mut looks, options);
        let Some(first) = first.filter(|_| enough) else {
            return left(Leave::Thin);
        };
        let left = |why: Leave| Plan {
            days: basis.days.len() + basis.special.len(),
            too_new: basis.too_new,
            few_months: few_months.clone(),
            left_out: days
                .last()
                .filter(|it| !it.once.is_empty())
                .map(|it| it.number),
            ..left(why)
        };
        let sizes = self.sizes(&basis, &looks[first].need, advised);
        let mut tries: Vec<Tried> = Vec::new();
        for capacity in sizes {
            let Some(look) = Self::look(&basis, capacity, &mut looks, options) else {
                break;
            };
            let which = (tries.len(), look);
            tries.extend(self.tried(&basis, &looks[look], capacity, which, options));
        }
        if tries.is_empty() {
            return left(Leave::Thin);
        }
        let plan = self.judged(&basis, &mut tries, left(Leave::Enough));
        let capacity = plan.cores.unwrap_or(advised);
        let own = tries
            .iter()
            .find(|it| it.capacity.total_cmp(&capacity).is_eq());
        let own = own.unwrap_or(&tries[0]);
        let now = self.history.next_hour() * 3_600;
        let early = (own.lead.span(plan.most).as_secs() + DETECTED).div_ceil(300) * 5;
        let need = &looks[own.look].need;
        let mut events = coming(need, own.capacity, self.clock, now, early);
        let needed = events.iter().map(|it| it.replicas).max().unwrap_or(0);
        let bound = own
            .rooms
            .most()
            .unwrap_or(u32::MAX)
            .max(least(self.workload));
        for event in &mut events {
            event.replicas = event.replicas.min(bound);
        }
        Plan {
            lead: Some(own.lead.clone()),
            max: plan.max.max(needed.min(bound)),
            bound: own.rooms.bound(own.made.needed.max(needed)),
            sized_by: sized_by(self.workload),
            held_back: self.held_back(need.usual_peak()),
            events,
            ..plan
        }
        .bounded()
    }

    /// The CPU limit of a pod, where use at the peak is for the most part what that left of it
    /// and no traffic tells what was wanted.
    fn held_back(&self, peak: f64) -> Option<Cpu> {
        let history = &self.history;
        let both = history.cores.iter().zip(&history.held);
        let at_peak = both.filter(|it| f64::from(*it.0) >= AT_PEAK * peak);
        let held: Vec<bool> = at_peak.map(|it| *it.1).collect();
        let count = held.iter().filter(|it| **it).count();
        let told = history.planned.is_none() && count > 0 && 2 * count >= held.len();
        let containers = self.workload.containers.iter();
        let stay = containers.filter(|it| it.kind != ContainerKind::Init);
        let limits = stay.filter_map(|it| it.ran_limits().cpu);
        limits.reduce(Cpu::plus).filter(|_| told)
    }

    /// All of the past, or what of it has its peaks at the times of now.
    fn basis<'b>(
        &'b self,
        days: &'b [Day],
        months: Vec<DayOfMonth>,
        capacity: f64,
        options: &Options,
    ) -> Basis<'b> {
        let proven = Cycle::of(&self.seasons);
        let is_special = |it: &&Day| months.contains(&DayOfMonth::of(it.number));
        let (special, usual) = days.iter().partition(is_special);
        let whole = Basis {
            days: usual,
            special,
            months,
            proven,
            history: Cow::Borrowed(&self.history),
            line: OnceCell::new(),
            level: self.level,
            since: None,
            too_new: None,
        };
        let Some(moved) = proven.and_then(|it| moved(&whole.days, it, capacity)) else {
            return whole;
        };
        let is_new = |it: &&&Day| it.number >= moved.day;
        let recent_of = |days: &[&'b Day]| days.iter().filter(is_new).copied().collect();
        let (days, special) = (recent_of(&whole.days), recent_of(&whole.special));
        let recent = self.history.since(moved.day, self.clock);
        let level = self.level * self.history.mean() / recent.mean();
        let recent = Basis {
            days,
            special,
            months: whole.months.clone(),
            proven,
            history: Cow::Owned(recent),
            line: OnceCell::new(),
            level: bounded(level),
            since: Some(moved.day),
            too_new: None,
        };
        let mut looks: Vec<Looked<'_>> = Vec::new();
        let look = Self::look(&recent, capacity, &mut looks, options);
        let told = look.is_some_and(|it| !moved.is_weekly || looks[it].cycle == Cycle::Week);
        drop(looks);
        if told && recent.days.len() >= LEAST_DAYS {
            return recent;
        }
        Basis {
            proven: None,
            too_new: Some(moved.day),
            ..whole
        }
    }

    /// Days are told apart as far as there are enough of each, also without one part of the
    /// past: the place of that among all looks, of which sizes that part days alike share one.
    fn look<'b>(
        basis: &Basis<'b>,
        capacity: f64,
        looks: &mut Vec<Looked<'b>>,
        options: &Options,
    ) -> Option<usize> {
        let finest = Some(basis.proven.unwrap_or(Cycle::Day));
        let mut cycles = successors(finest, |it| it.coarser());
        cycles.find_map(|cycle| {
            let alike = Alike::of(&basis.days, cycle, capacity);
            let same = |it: &Looked<'_>| it.cycle == cycle && it.alike == alike;
            if let Some(place) = looks.iter().position(same) {
                return Some(place);
            }
            let (fold, folds) = folds(&basis.days, cycle);
            let known = (0..folds).all(|number| {
                let others = basis.days.iter().filter(|it| fold(it.number) != number);
                Need::can_be_of(&others.copied().collect::<Vec<&Day>>(), alike)
            });
            let need = Need::of(&basis.days, alike, basis.level, options.chance);
            looks.push(Looked {
                cycle,
                alike,
                need: need.filter(|_| known)?,
                held_out: OnceCell::new(),
            });
            Some(looks.len() - 1)
        })
    }

    /// What replicas are tried with, in cores: first their load where they come and go, or what
    /// is advised; then what is advised to be scaled, and what they request today.
    fn sizes(&self, basis: &Basis<'_>, need: &Need, advised: f64) -> Vec<f64> {
        let has_peak = is_peak(
            need.usual_peak(),
            held(self.workload, self.replica, advised),
        );
        let comes = has_peak && Cycle::of(&self.seasons).is_some();
        if !comes || !may_resize(self.workload, self.replica) {
            return vec![advised];
        }
        let load = basis.proven;
        let load = load.and_then(|_| spread(need.highs(), advised, self.workload, self.replica));
        let usual = load.unwrap_or(advised);
        let larger = self.larger(need, usual);
        let mut sizes = vec![larger.unwrap_or(usual)];
        let other = load.is_some() || has_other_size(self.workload, self.replica, advised);
        if other || larger.is_some() {
            let advised = self.workload.autoscaler.as_ref().map(|_| advised);
            let now = self.replica.cores_now;
            let now = now.filter(|it| self.replica.within.admits(Cpu::cores(*it)));
            let usual = larger.map(|_| usual);
            for more in [usual, advised, now].into_iter().flatten() {
                if sizes.iter().all(|it| (it / more).ln().abs() > NEAR) {
                    sizes.push(more);
                }
            }
        }
        sizes
    }

    /// Where fewer replicas of a size can be there than the peak takes: the size that it takes
    /// of these.
    fn larger(&self, need: &Need, usual: f64) -> Option<f64> {
        let sized = self.replica.with(usual);
        let most = self.pools.rooms(self.workload, &sized).most_of_any_size()?;
        let peak = need.highs().into_iter().fold(0.0, f64::max);
        let each = peak / f64::from(most.max(1));
        let larger = self.replica.within.hold(Cpu::cores(each)).get();
        (each > usual && larger > usual).then_some(larger)
    }

    /// One size of replicas; `None` where it needs no more of them at any time, and others are
    /// tried.
    fn tried<'b>(
        &self,
        basis: &Basis<'b>,
        looked: &Looked<'b>,
        capacity: f64,
        (size, look): (usize, usize),
        options: &Options,
    ) -> Option<Tried> {
        let Looked {
            cycle, alike, need, ..
        } = looked;
        let (alike, days) = (*alike, &basis.days);
        let sized = self.replica.with(capacity);
        let lead = self.pools.lead(self.workload, sized.cpu, sized.memory);
        let rooms = self.pools.rooms(self.workload, &sized);
        let drafting = Drafting {
            alike,
            capacity,
            lead: &lead,
            least: least(self.workload),
            bound: rooms.most(),
            since: basis.since,
        };
        let is_flat = basis.proven.is_none();
        let specials = basis.specials(basis.level, options, |_| true);
        let whole = Known {
            need,
            days,
            month: &specials,
            is_flat: is_flat && !specials.is_empty(),
        };
        let made = drafting.draft(&whole);
        let max = self.max(made.most, drafting.bound);
        if made.needed <= drafting.least {
            let plain = || Tried::plain(capacity, (max, look), made, lead, rooms);
            return (size == 0).then(plain);
        }
        let own = self.workload.autoscaler.as_ref();
        let windows = if is_flat { 0 } else { made.windows.len() };
        let hours = busy(&made, windows);
        let allowed = SHORT.max(options.chance * hours * 60.0);
        let (fold, _) = folds(days, *cycle);
        let others = looked.others(basis, whole.is_flat, options);
        let drafts: Vec<Draft> = others.iter().map(|it| drafting.draft(it)).collect();
        let crons = self.crons();
        let trial = Trial {
            stage: Stage {
                once: &once(days.iter().chain(&basis.special)),
                special: &basis.special_days(),
                by_least: self.by_least(),
                history: &basis.history,
                line: basis.line(),
                local: &self.local(self.clock),
                lead: &lead,
                capacity,
                start: replicas(self.workload),
            },
            size,
            replica: self.replica,
            sized: &sized,
            drafting: &drafting,
            whole: &whole,
            others: &others,
            drafts: &drafts,
            fold: &fold,
            max: max.min(drafting.bound.unwrap_or(max)).max(drafting.least),
            room: rooms.cores(),
            least: drafting.least,
            allowed,
            again: SHORT,
            alike,
            days,
            now: replicas(self.workload),
            peak: made.peak,
            own,
            sized_elsewhere: sized_by(self.workload).is_some(),
            crons: crons.as_ref(),
            behavior: own.and_then(|it| it.behavior.clone()).unwrap_or_default(),
        };
        let windows = windows + made.month.len();
        let outcomes = if size == 0 {
            trial.outcomes(windows)
        } else {
            trial.beside(windows)
        };
        let cut = outcomes.iter().find_map(|it| it.cut);
        let above = cut
            .map(|cut| drafting.above(&whole, cut))
            .unwrap_or_default();
        Some(Tried {
            capacity,
            lead,
            rooms,
            made,
            max,
            allowed,
            outcomes,
            above,
            look,
        })
    }

    /// `left` with what wins in the place of leaving it, of all sizes that were tried.
    fn judged(&self, basis: &Basis<'_>, tries: &mut [Tried], left: Plan) -> Plan {
        if tries[0].outcomes.is_empty() {
            return Plan {
                peak: Some(tries[0].made.peak),
                ..left
            };
        }
        let own = self.workload.autoscaler.as_ref();
        let own_target = |cores: Option<f64>| own.and_then(|it| it.cpu_share(cores?));
        let is_own = |it: &Outcome| it.target.is_some() && it.target == own_target(it.cores);
        let all = tries.iter().flat_map(|it| it.outcomes.iter().copied());
        let all: Vec<Outcome> = all.collect();
        let is_proven = basis.proven.is_some() || tries.iter().any(|it| !it.made.month.is_empty());
        let (advice, winner) = choose(&all, is_proven, is_own);
        let size = winner.map_or(0, |it| it.size);
        let tried = &tries[size];
        let is = |cores: Option<f64>, size: Option<f64>| {
            let both = cores.zip(size);
            both.is_some_and(|(cores, size)| (cores - size).abs() <= 1e-9 * size)
        };
        // What there is already, within what it may.
        let stays = |it: &Outcome| {
            let max = tries[it.size].max;
            it.way == Way::Hpa && is_own(it) && self.most() >= Some(max)
        };
        let is_there = |it: &&Outcome| stays(it) && is(it.cores, self.replica.cores);
        let there = all.iter().find(|it| it.holds && is_there(it));
        let advice = match (advice, winner) {
            (Advice::Hpa(_), Some(winner))
                if is_there(&&winner)
                    || there.is_some_and(|it| !is_worth(it.monthly, winner.monthly)) =>
            {
                Advice::Leave(Leave::Enough)
            }
            (Advice::Hpa(_), Some(winner))
                if stays(&winner) && is(winner.cores, self.replica.cores_now) =>
            {
                Advice::Leave(Leave::AsItIs)
            }
            // Nobody should have an autoscaler end pods that hold data, for CPU alone.
            (Advice::Hpa(_), _) if left.stateful && own.is_none() => Advice::Leave(Leave::Stateful),
            (advice, _) => advice,
        };
        let (windows, month) = match advice {
            Advice::ScheduleAndHpa(_) => tried.above.clone(),
            _ if basis.proven.is_some() => (tried.made.windows.clone(), tried.made.month.clone()),
            _ => (Vec::new(), tried.made.month.clone()),
        };
        let crons = self.crons();
        let own_target = own_target(Some(tried.capacity));
        let (advice, windows) = if month.is_empty() {
            beside(crons.as_ref(), advice, windows, own_target)
        } else {
            (advice, windows)
        };
        // What is told of a way is told of the size that wins.
        let scales = |it: &Outcome| !matches!(it.way, Way::Today | Way::Advised | Way::Peak);
        let mut outcomes = all;
        outcomes.sort_by_key(|it| (scales(it), it.size != size));
        Plan {
            advice,
            base: if advice == Advice::Schedule {
                tried.made.base
            } else {
                least(self.workload)
            },
            most: tried.made.most,
            max: tried.max,
            peak: Some(tried.made.peak),
            cores: Some(tried.capacity),
            windows,
            month,
            outcomes,
            allowed: tried.allowed,
            ..left
        }
    }

    /// What crons of somebody asked for, and will.
    fn crons(&self) -> Option<Crons> {
        let first = self.history.second(self.history.first());
        let now = self.history.next_hour() * 3_600;
        Crons::of(self.workload, self.clock, first, now)
    }

    /// Whether windows move the least of its autoscaler: those of KEDA are metrics of it.
    fn by_least(&self) -> bool {
        let mut managers = self.workload.managers.iter();
        let own = self.workload.autoscaler.as_ref();
        own.is_some_and(|it| !it.is_of_keda()) && managers.all(|it| it.kind != "ScaledObject")
    }

    /// The most replicas of its autoscaler.
    fn most(&self) -> Option<u32> {
        self.workload.autoscaler.as_ref().map(|it| it.max_replicas)
    }

    fn max(&self, most: u32, bound: Option<u32>) -> u32 {
        if let Some(own) = &self.workload.autoscaler {
            return own.max_replicas.max(most);
        }
        let most = most.max(replicas(self.workload));
        let room = whole(f64::from(most) * ROOM);
        room.min(bound.unwrap_or(room)).max(most)
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

impl Tried {
    /// One that needs no more replicas at any time than there always are.
    fn plain(
        capacity: f64,
        (max, look): (u32, usize),
        made: Draft,
        lead: Lead,
        rooms: Rooms,
    ) -> Self {
        Self {
            capacity,
            rooms,
            max,
            allowed: SHORT,
            outcomes: Vec::new(),
            above: (Vec::new(), Vec::new()),
            made,
            look,
            lead,
        }
    }
}

impl<'a> Looked<'a> {
    /// What is known without each part of the past.
    fn others(&self, basis: &Basis<'a>, is_flat: bool, options: &Options) -> Vec<Known<'_>> {
        let held_out = self.held_out(basis, options).iter();
        let known = held_out.map(|(own, days, specials)| Known {
            need: own.as_ref().unwrap_or(&self.need),
            days,
            month: specials,
            is_flat,
        });
        known.collect()
    }

    /// What is needed by all days but those of each part of the past.
    fn held_out(&self, basis: &Basis<'a>, options: &Options) -> &[HeldOut<'a>] {
        let held_out = || {
            let (fold, folds) = folds(&basis.days, self.cycle);
            let of = |number: usize| {
                let others = basis.days.iter().filter(|it| fold(it.number) != number);
                let others: Vec<&Day> = others.copied().collect();
                let need = Need::of(&others, self.alike, 1.0, options.chance);
                let specials = basis.specials(1.0, options, |it| fold(it.number) != number);
                (need, others, specials)
            };
            (0..folds).map(of).collect()
        };
        self.held_out.get_or_init(held_out)
    }
}

/// Hours of a week that count as busy, where a schedule has so many windows.
fn busy(made: &Draft, windows: usize) -> f64 {
    if windows == 0 {
        BUSY
    } else {
        busy_hours(&made.windows, made.base)
    }
}

impl<'a> Basis<'a> {
    /// What its history is between its samples.
    fn line(&self) -> &Line {
        self.line.get_or_init(|| Line::of(&self.history))
    }

    /// What its days of the month need, by those of them that count.
    fn specials(
        &self,
        level: f64,
        options: &Options,
        counts: impl Fn(&Day) -> bool,
    ) -> Vec<Special<'a>> {
        let of = |day: &DayOfMonth| {
            let days = self.special.iter().copied().filter(|it| counts(it));
            Special::of(*day, days, level, options.chance)
        };
        self.months.iter().filter_map(of).collect()
    }

    /// Which days these are.
    fn special_days(&self) -> HashMap<i64, DayOfMonth> {
        let days = self.special.iter();
        days.map(|it| (it.number, DayOfMonth::of(it.number)))
            .collect()
    }
}

/// What is left of it where crons of somebody ask for some windows already.
fn beside(
    crons: Option<&Crons>,
    advice: Advice,
    mut windows: Vec<Window>,
    own_target: Option<f64>,
) -> (Advice, Vec<Window>) {
    let Some(crons) = crons else {
        return (advice, windows);
    };
    windows.retain(|it| !cron::cover(&crons.coming, it));
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
pub(super) fn spread(
    mut high: Vec<f64>,
    advised: f64,
    workload: &Workload,
    replica: &Replica,
) -> Option<f64> {
    let of = |share: f64| {
        let most = quantile_of(&mut high, share).unwrap_or(f64::INFINITY);
        let each = most * ROOM_OF_REPLICA / f64::from(least(workload));
        // In whole steps of five thousandths, as sizes are written.
        let each = ((each * 200.0).ceil() / 200.0).max(SMALLEST);
        let each = replica.within.hold(Cpu::cores(each)).get();
        (each < advised * WORTH_SPREADING).then_some(each)
    };
    MOST_HOURS.into_iter().find_map(of)
}

/// Cores that its fewest replicas hold, at what each requests now or is advised to: that is
/// what a peak is above.
pub(super) fn held(workload: &Workload, replica: &Replica, advised: f64) -> f64 {
    let replicas = match &workload.autoscaler {
        Some(_) => least(workload),
        None => replicas(workload),
    };
    advised.min(replica.cores_now.unwrap_or(advised)) * f64::from(replicas)
}

/// Whether replicas that come and go may have another size than is advised, without one for
/// their load: the target of an autoscaler goes with it, and today's may be smaller.
pub(super) fn has_other_size(workload: &Workload, replica: &Replica, advised: f64) -> bool {
    let smaller = |now: f64| (advised / now).ln() > NEAR;
    workload.autoscaler.is_some() || replica.cores_now.is_some_and(smaller)
}

/// Whether another size is one number, and its autoscaler can be told to go with it.
pub(super) fn may_resize(workload: &Workload, replica: &Replica) -> bool {
    let known = |own: &Autoscaler| own.made_by.is_none() && own.is_whole();
    let follows =
        |own: &Autoscaler| !scales_by_cpu(own) || known(own) && own.cpu_share(1.0).is_some();
    let follows = workload.autoscaler.as_ref().is_none_or(follows);
    replica.is_one && follows && !workload.managers.iter().any(Manager::scales)
}

/// Whether CPU use is among what an autoscaler scales by, or may be.
fn scales_by_cpu(own: &Autoscaler) -> bool {
    own.unread > 0 || own.metrics.iter().any(|it| it.name == "cpu")
}

/// The VerticalPodAutoscaler that sets what its pods request of CPU.
fn sized_by(workload: &Workload) -> Option<String> {
    let mut managers = workload.managers.iter();
    let own = managers.find(|it| it.resizes() && it.resources.iter().any(|name| name == "cpu"))?;
    Some(format!("{} `{}`", own.kind, own.name))
}

/// Replicas that there are at all times.
pub(super) fn least(workload: &Workload) -> u32 {
    let own = workload.autoscaler.as_ref().map(|it| it.min_replicas);
    own.unwrap_or(replicas(workload).min(STAY)).max(1)
}

/// Local days and quarters in which came what no other day had.
fn once<'a>(days: impl Iterator<Item = &'a &'a Day>) -> HashSet<(i64, usize)> {
    let each = days.flat_map(|day| {
        let own = day.once.iter();
        own.map(|quarter| (day.number, *quarter))
    });
    each.collect()
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
