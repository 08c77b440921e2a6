//! Peaks that are known to come, and that advised sizes alone do not hold.

use std::cell::OnceCell;

use rayon::prelude::*;

use super::alike::{Alike, Cycle};
use super::days::{Day, days};
use super::draft::{Drafting, Known};
use super::history::{History, place};
use super::lead::Pools;
use super::month::MonthWindow;
use super::moved::moved;
use super::need::Need;
use super::plan::{Options, Plan, SingleNode, refused, replicas as replicas_of};
use super::replica::{Priced, Replica};
use super::report::{LEVELS, ahead, level, planned};
use super::subject::{has_other_size, held as held_of, least, may_resize, spread};
use super::window::Window;
use super::words::{cores, percent, seen};
use super::{Advice, Leave, clock_time};
use crate::finding::{Finding, Severity};
use crate::forecast::{
    Forecast, Hours, Measured, Metric, MonthPeak, forecast_one, may_tell_months, quiet_since,
};
use crate::price::Book;
use crate::profile::Profile;
use crate::recommend::WorkloadAdvice;
use crate::snapshot::{Series, Snapshot, Usage};
use crate::text::count;
use crate::units::{Cpu, len_f64};

/// A peak is told from so many times what the replicas of now hold once the advice is
/// followed: below it the share of time over the request that the goal allows says all, where
/// no schedule has the size of replicas be another.
const PEAK: f64 = 1.5;

/// What a mean may be above the largest of its values, as it is rounded.
const ROUNDED: f64 = 1.0 + 1e-9;

/// A peak that comes again.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// Index into the snapshot's workloads.
    pub workload: usize,
    pub comes: Comes,
    /// What is planned on the workload, where it was.
    pub plan: Option<Plan>,
    /// Replicas now, and cores that they hold together once the advice is followed.
    pub now: u32,
    pub held: f64,
    /// Cores that come often, at most.
    usual: f64,
}

/// When a peak comes.
#[derive(Debug, Clone, PartialEq)]
pub enum Comes {
    /// Within a week: the largest window.
    Weekly(Window),
    Monthly(MonthPeak),
}

/// The peaks of all workloads whose advised size does not hold one, while usage comes part
/// by part.
pub struct Peaks<'a> {
    snapshot: &'a Snapshot,
    options: Options,
    /// For each workload the largest CPU use of a container, in cores.
    most: Vec<f64>,
    priced: Priced<'a>,
    pools: Pools<'a>,
    volumes: SingleNode<'a>,
    measured: Measured,
    found: Vec<Peak>,
}

impl<'a> Peaks<'a> {
    /// None yet, of workloads that all were measured.
    pub fn new(
        snapshot: &'a Snapshot,
        profiles: &[Profile],
        book: &Book,
        measured: Measured,
        options: Options,
    ) -> Self {
        let mut most = vec![0.0_f64; snapshot.workloads.len()];
        for profile in profiles {
            let used = profile.cpu.as_ref().map_or(0.0, |it| it.max.get());
            most[profile.workload] = most[profile.workload].max(used);
        }
        Self {
            snapshot,
            options,
            most,
            priced: Priced::new(snapshot, book),
            pools: Pools::of(snapshot),
            volumes: SingleNode::of(snapshot),
            measured,
            found: Vec::new(),
        }
    }

    /// Looks at the next workloads, with their usage and what is advised on them.
    pub fn look(&mut self, usage: &Usage, advised: &[WorkloadAdvice]) {
        let peaks = advised.par_iter().filter_map(|it| self.of(usage, it));
        let peaks: Vec<Peak> = peaks.collect();
        self.found.extend(peaks);
    }

    fn of(&self, usage: &Usage, advice: &WorkloadAdvice) -> Option<Peak> {
        let index = advice.workload;
        let workload = &self.snapshot.workloads[index];
        let replica = self.priced.replica(workload, advice);
        let each = replica
            .cores?
            .min(replica.cores_now.unwrap_or(f64::INFINITY));
        let over = is_peak(self.most[index], each);
        // One that cannot be scaled, or is not to be, has its peak all the same.
        let why = refused(workload, &replica, &self.volumes);
        let is_none = matches!(why, Some(Leave::Off | Leave::NoRequest));
        if !over || is_none || workload.is_batch() {
            return None;
        }
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let series: Vec<&Series> = usage.of_workload(number).collect();
        let mut history = History::of_work(&usage.grid, workload, &series);
        history.leave_out(self.options.clocks.of(index));
        let (pools, options) = (&self.pools, &self.options);
        let resized = why.is_none() && may_resize(workload, &replica);
        let of = (index, &replica, resized);
        // What comes takes long to work out, and is worked out once.
        let forecast = OnceCell::new();
        let known = || forecast.get_or_init(|| self.forecast(index, usage));
        let peak = peak(self.snapshot, of, &history, (pools, &known), options)?;
        let replica = (index, &replica);
        let plan = match why {
            Some(why) => Plan::leave(index, workload, replica.1, why),
            None => planned(self.snapshot, usage, replica, Some(known()), pools, options),
        };
        let peak = peak.planned(plan.told(workload));
        peak.counts().then_some(peak)
    }

    fn forecast(&self, index: usize, usage: &Usage) -> Forecast {
        let work = self.measured.work(self.snapshot, index, usage);
        forecast_one(self.snapshot, index, work, &ahead(&self.options))
    }

    /// All that were found, in the order of the workloads.
    pub fn found(self) -> Vec<Peak> {
        self.found
    }
}

fn peak<'a>(
    snapshot: &Snapshot,
    (index, replica, resized): (usize, &Replica, bool),
    history: &History,
    (pools, forecast): (&Pools<'_>, &dyn Fn() -> &'a Forecast),
    options: &Options,
) -> Option<Peak> {
    let workload = &snapshot.workloads[index];
    let capacity = replica.cores?;
    let now = replicas_of(workload);
    let held = capacity * f64::from(now);
    // Where replicas have one size whatever is planned, only one that is told is of interest.
    let looked = if resized {
        held_of(workload, replica, capacity)
    } else {
        PEAK * held
    };
    // No usual quarter is above the largest slot.
    let most = history.cores.iter().copied().fold(0.0, f32::max);
    if !is_peak(f64::from(most), looked.min(held)) {
        return None;
    }
    let clock = options.clocks.of(index);
    let days = days(history, clock);
    let of = (index, replica, resized);
    if !may_come(snapshot, of, history, &days, (f64::from(most), looked)) {
        return None;
    }
    let hours = hours(history);
    let seasons = clock.seasons(&hours);
    let of_month = || {
        let peak = clock.month_peak(&hours, &seasons)?;
        if !is_peak(peak.value, PEAK * held) {
            return None;
        }
        Some(Peak {
            workload: index,
            usual: peak.value,
            comes: Comes::Monthly(peak),
            plan: None,
            now,
            held,
        })
    };
    let Some(cycle) = Cycle::of(&seasons) else {
        return of_month();
    };
    let mut all: Vec<&Day> = days.iter().collect();
    let quiet = quiet_since(&hours, clock);
    all.retain(|it| quiet.is_none_or(|since| it.number < since));
    let fewest = if resized {
        capacity.min(replica.cores_now.unwrap_or(capacity))
    } else {
        capacity
    };
    let since = moved(&all, cycle, fewest).map(|it| it.day);
    all.retain(|it| Some(it.number) >= since);
    let recent = since.map(|day| history.since(day, clock));
    let history = recent.as_ref().unwrap_or(history);
    let alike = Alike::of(&all, cycle, fewest);
    let usual = Need::often_of(&all, alike);
    if !is_peak(usual, looked) {
        return None;
    }
    // One that is not told is of interest only where it makes replicas of another size.
    let other_size = resized && has_other_size(workload, replica, capacity);
    let is_told = other_size || is_peak(usual, PEAK * held);
    let week = Need::usual_of(&all, alike);
    let fewest: Vec<f64> = week.iter().map(|it| it * LEVELS.0).collect();
    if !is_told && spread(fewest, capacity, workload, replica).is_none() {
        return None;
    }
    let need = Need::of(&all, alike, 1.0, options.chance)?;
    // No level of what comes may help.
    if !is_told && spread(need.lows(LEVELS), capacity, workload, replica).is_none() {
        return None;
    }
    let outlook = forecast().of(Metric::Cpu)?;
    let need = need.at(level(outlook, history, clock));
    if !is_told && spread(need.highs(), capacity, workload, replica).is_none() {
        return None;
    }
    let lead = pools.lead(workload, replica.cpu, replica.memory);
    let drafting = Drafting {
        alike,
        capacity,
        lead: &lead,
        least: least(workload),
        // What comes, whatever can be there.
        bound: None,
        since,
    };
    let known = Known {
        need: &need,
        days: &all,
        month: &[],
        is_flat: false,
    };
    let draft = drafting.draft(&known);
    let window = draft.windows.into_iter().max_by_key(|it| it.replicas)?;
    Some(Peak {
        workload: index,
        comes: Comes::Weekly(window),
        plan: None,
        now,
        held,
        usual,
    })
}

/// Whether a peak may be found at all, by what takes little: not which days are alike, nor what
/// comes again. `most` is the largest slot, and a peak must be above what is looked for.
fn may_come(
    snapshot: &Snapshot,
    (index, replica, resized): (usize, &Replica, bool),
    history: &History,
    days: &[Day],
    (most, looked): (f64, f64),
) -> bool {
    let workload = &snapshot.workloads[index];
    let capacity = replica.cores.unwrap_or(f64::INFINITY);
    let held = capacity * f64::from(replicas_of(workload));
    // A day of the month is told by an hour, which is not above its largest slot.
    let per_day = place(history.grid.per_day()).max(1);
    let known = history.cores.len() / per_day + 2;
    if may_tell_months(known) && is_peak(most * ROUNDED, PEAK * held) {
        return true;
    }
    let often = Need::often_at_most(days);
    if !is_peak(often, looked) {
        return false;
    }
    let other_size = resized && has_other_size(workload, replica, capacity);
    if other_size || is_peak(often, PEAK * held) {
        return true;
    }
    let least = Need::least_of(days, LEVELS.0);
    resized && spread(least, capacity, workload, replica).is_some()
}

/// Whether so many cores are more than is held at all times.
pub(super) fn is_peak(cores: f64, held: f64) -> bool {
    cores > held
}

/// Means of whole hours.
pub(super) fn hours(history: &History) -> Hours {
    let step = i64::from(history.grid.step.as_secs());
    let mut second = history.second(0);
    let first = second.div_euclid(3_600);
    // Where the hour of the slot at hand ends.
    let mut end = (first + 1) * 3_600;
    let mut sums: Vec<(f64, usize)> = vec![(0.0, 0)];
    for (slot, value) in history.cores.iter().enumerate() {
        if slot > 0 {
            second += step;
        }
        while second >= end {
            end += 3_600;
            sums.push((0.0, 0));
        }
        if let (true, Some((sum, count))) = (value.is_finite(), sums.last_mut()) {
            *sum += f64::from(*value);
            *count += 1;
        }
    }
    if history.cores.is_empty() {
        sums.clear();
    }
    let values = sums.into_iter().map(|(sum, count)| sum / len_f64(count));
    Hours {
        first,
        values: values.collect(),
    }
}

impl Peak {
    /// The same, with what is planned on its workload: what comes is told as it says.
    #[must_use]
    pub fn planned(self, plan: Plan) -> Self {
        let window = plan.windows.iter().max_by_key(|it| it.replicas);
        let each = plan.load().map_or(0.0, Cpu::get);
        Self {
            comes: window.cloned().map_or(self.comes, Comes::Weekly),
            held: if each > 0.0 {
                each * f64::from(self.now)
            } else {
                self.held
            },
            plan: Some(plan),
            ..self
        }
    }

    /// Whether it is worth a word.
    pub fn counts(&self) -> bool {
        self.load().is_some() || self.usual > PEAK * self.held
    }

    /// What each replica is to request where a schedule holds the peak: see [`Plan::load`].
    pub fn load(&self) -> Option<Cpu> {
        self.plan.as_ref()?.load()
    }

    /// The share of that which its autoscaler is to hold.
    pub fn target(&self) -> Option<f64> {
        self.plan.as_ref()?.advice.target()
    }

    /// What comes, and what covers it: one sentence without a period.
    pub fn text(&self) -> String {
        let comes = match &self.comes {
            Comes::Weekly(window) => {
                let it = &window.evidence;
                let (days, time) = (it.days.words(), clock_time(it.minute));
                format!(
                    "{days} {time} comes a peak of {} cores{}, {}",
                    cores(it.cores),
                    self.held_back(),
                    seen(window)
                )
            }
            Comes::Monthly(it) => format!(
                "{} {} comes a peak of {} cores, in {}",
                it.day(),
                clock_time(it.hour * 60),
                cores(it.value),
                count(it.months, "month"),
            ),
        };
        let replicas = count(usize::try_from(self.now).unwrap_or(0), "replica");
        let hold = if self.now == 1 { "holds" } else { "hold" };
        format!(
            "{comes}: {replicas} of the advised size {hold} {}, {}",
            cores(self.held),
            self.covers(),
        )
    }

    /// That it may be more.
    fn held_back(&self) -> &'static str {
        let held = self.plan.as_ref().and_then(|it| it.held_back);
        held.map_or("", |_| " or more, as it stands at its CPU limit")
    }

    /// As `kcost schedule` has it.
    fn covers(&self) -> String {
        let Some(plan) = &self.plan else {
            return "kcost schedule says what covers it".to_owned();
        };
        let bound = plan.bound.as_ref().filter(|_| plan.advice.acts());
        if let Some(bound) = bound {
            return format!("only {}", bound.text());
        }
        match plan.advice {
            Advice::Schedule | Advice::ScheduleAndHpa(_) => match &self.comes {
                Comes::Weekly(window) => format!(
                    "a schedule of {} from {} covers it",
                    window.replicas,
                    clock_time(window.start)
                ),
                Comes::Monthly(peak) => {
                    let of = |it: &&MonthWindow| it.evidence.days.contains(&peak.day_of_month());
                    match plan.month.iter().find(of) {
                        Some(window) => format!(
                            "a schedule of {} from {} covers it",
                            window.replicas,
                            clock_time(window.start)
                        ),
                        None => "a schedule covers it".to_owned(),
                    }
                }
            },
            Advice::Hpa(target) => {
                let own = if plan.scaled { "its" } else { "an" };
                format!("{own} HPA at {} follows it", percent(target))
            }
            Advice::Leave(Leave::Enough | Leave::AsItIs) if plan.scaled => {
                "its autoscaler follows it".to_owned()
            }
            Advice::Leave(_) => {
                format!("kcost schedule says to {}", plan.reason())
            }
        }
    }

    fn finding(&self) -> Finding {
        Finding {
            code: "known_peak",
            severity: Severity::Medium,
            workload: self.workload,
            text: self.text(),
        }
    }
}

/// As findings, in the order of the workloads.
pub fn findings(peaks: &[Peak]) -> Vec<Finding> {
    peaks.iter().map(Peak::finding).collect()
}
