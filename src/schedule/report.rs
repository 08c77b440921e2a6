//! Every workload of a snapshot, with what is advised on it.

use std::collections::HashMap;

use rayon::prelude::*;

use super::advice::Leave;
use super::batch::{Move, moves};
use super::history::History;
use super::lead::Pools;
use super::plan::{Options, Plan, SingleNode, refused};
use super::replica::Replica;
use super::subject::{LEAST_DAYS, Subject};
use super::traffic::Traffic;
use crate::forecast::{self, Clock, Forecast, Forecasts, Metric, Outlook, Season};
use crate::progress::Progress;
use crate::snapshot::{Gap, Series, Snapshot, Supply, Usage};
use crate::units::len_f64;

/// A week, which is as far as a schedule looks.
pub(super) const AHEAD: usize = 168;

/// Work that comes is taken to be at least and at most so many times that of the past.
pub(super) const LEVELS: (f64, f64) = (0.8, 1.5);

/// The plans of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedules {
    /// In the order of the workloads, of all that were asked for.
    pub plans: Vec<Plan>,
    /// CronJobs that would run better at another time, the largest first.
    pub moves: Vec<Move>,
    /// Of what nothing can be said, and why.
    pub gaps: Vec<Gap>,
}

/// Plans the workloads that are asked for, one `bool` for each; `replicas` has one for each
/// workload too. Usage comes part by part, on the grid of the snapshot.
///
/// # Errors
///
/// Where usage could not be read.
pub fn schedule_from<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    asked: &[bool],
    replicas: &[Replica],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Schedules, S::Error> {
    let works = forecast::works(snapshot, usage, progress)?;
    let moves = moves(snapshot, &works, asked, options.clocks.usual());
    let looked = looked(snapshot, asked, replicas);
    let ahead = ahead(options);
    let forecasts = forecast::forecast_of(snapshot, works, &looked, &ahead, progress);
    let plans = plans_of(
        snapshot, usage, asked, replicas, &forecasts, options, progress,
    )?;
    Ok(Schedules {
        plans,
        moves,
        gaps: forecasts.gaps,
    })
}

/// The plans alone. `known` are forecasts of the same workloads, which do where they reach
/// a week ahead.
///
/// # Errors
///
/// Where usage could not be read.
pub fn plans_from<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    asked: &[bool],
    (replicas, known): (&[Replica], &Forecasts),
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<Plan>, S::Error> {
    if known.hours == AHEAD {
        return plans_of(snapshot, usage, asked, replicas, known, options, progress);
    }
    let looked = looked(snapshot, asked, replicas);
    let ahead = ahead(options);
    let known = forecast::forecast_from(snapshot, usage, &looked, &ahead, progress)?;
    plans_of(snapshot, usage, asked, replicas, &known, options, progress)
}

/// The forecast that a plan begins with.
pub(super) fn ahead(options: &Options) -> forecast::Options {
    forecast::Options {
        hours: AHEAD,
        clocks: options.clocks.clone(),
        metrics: &[Metric::Cpu, Metric::Requests],
        capacities: false,
    }
}

/// The workloads whose past tells something.
fn looked(snapshot: &Snapshot, asked: &[bool], replicas: &[Replica]) -> Vec<bool> {
    let volumes = SingleNode::of(snapshot);
    let all = snapshot.workloads.iter().enumerate();
    let looked = all.map(|(index, workload)| {
        let replica = replicas.get(index);
        asked.get(index) == Some(&true)
            && replica.is_some_and(|replica| refused(workload, replica, &volumes).is_none())
    });
    looked.collect()
}

fn plans_of<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    asked: &[bool],
    replicas: &[Replica],
    forecasts: &Forecasts,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<Plan>, S::Error> {
    let looked = looked(snapshot, asked, replicas);
    let volumes = SingleNode::of(snapshot);
    let all = snapshot.workloads.iter().enumerate();
    let left = all.filter_map(|(index, workload)| {
        let replica = replicas
            .get(index)
            .filter(|_| asked.get(index) == Some(&true))?;
        let why = refused(workload, replica, &volumes)?;
        Some(Plan::leave(index, workload, replica, why))
    });
    let mut plans: Vec<Plan> = left.collect();
    let known = forecasts.forecasts.iter();
    let known: HashMap<usize, &Forecast> = known.map(|it| (it.workload, it)).collect();
    let pools = Pools::of(snapshot);
    let total = u64::try_from(looked.iter().filter(|it| **it).count()).ok();
    let task = progress.task("playing schedules", total);
    usage.each(&mut |range, usage| {
        let until = range.end.min(snapshot.workloads.len());
        let part: Vec<usize> = (range.start..until).filter(|at| looked[*at]).collect();
        let made = part.into_par_iter().map(|index| {
            task.advance(1);
            let known = known.get(&index).copied();
            planned(
                snapshot,
                usage,
                (index, &replicas[index]),
                known,
                &pools,
                options,
            )
        });
        plans.extend(made.collect::<Vec<Plan>>());
    })?;
    plans.sort_by_key(|it| it.workload);
    let told = |it: Plan| {
        let workload = &snapshot.workloads[it.workload];
        it.told(workload)
    };
    Ok(plans.into_iter().map(told).collect())
}

/// The plan of one workload that may be scaled, with its usage and what is forecast of it.
pub(super) fn planned(
    snapshot: &Snapshot,
    usage: &Usage,
    (index, replica): (usize, &Replica),
    known: Option<&Forecast>,
    pools: &Pools<'_>,
    options: &Options,
) -> Plan {
    let workload = &snapshot.workloads[index];
    let number = u32::try_from(index).unwrap_or(u32::MAX);
    let series: Vec<&Series> = usage.of_workload(number).collect();
    let mut history = History::of(&usage.grid, workload, &series);
    let Some(outlook) = known.and_then(|it| it.of(Metric::Cpu)) else {
        let stale = history.days() >= LEAST_DAYS && !history.is_recent();
        let why = if stale { Leave::Stale } else { Leave::Thin };
        return Plan::leave(index, workload, replica, why);
    };
    let clock = options.clocks.of(index);
    history.leave_out(clock);
    let level = level(outlook, &history, clock);
    let traffic = Traffic::of(&history);
    let requests = known.and_then(|it| it.of(Metric::Requests));
    let planned = traffic.filter(|it| it.unused.is_none()).zip(requests);
    let level = planned.map_or(level, |(it, coming)| bounded(it.level(coming, &history)));
    if let Some((it, _)) = planned {
        it.plan(&mut history, options.chance);
    }
    let subject = Subject {
        index,
        workload,
        replica,
        seasons: seasons(known, outlook),
        pools,
        level,
        quiet_since: outlook.quiet_since,
        traffic: traffic.filter(|it| it.unused.is_some() || planned.is_some()),
        clock,
        history,
    };
    subject.plan(options)
}

/// What comes again: in requests where those are known, which no code that is faster and no
/// limit that is reached hides, else in CPU.
fn seasons(forecast: Option<&Forecast>, cpu: &Outlook) -> Vec<Season> {
    let requests = forecast.and_then(|it| it.of(Metric::Requests));
    let found = requests.map(|it| it.seasons.clone());
    found
        .filter(|it| !it.is_empty())
        .unwrap_or_else(|| cpu.seasons.clone())
}

/// Work that is to come over that of the past.
pub(super) fn level(outlook: &Outlook, history: &History, clock: &Clock) -> f64 {
    // Days that are not like others say nothing of those that are.
    let points = outlook.points.iter().zip(history.next_hour()..);
    let usual = points.filter(|(_, hour)| clock.special(hour.saturating_mul(3_600)).is_none());
    let coming: Vec<f64> = usual.map(|(it, _)| it.value).collect();
    let coming = coming.iter().sum::<f64>() / len_f64(coming.len());
    let level = bounded(coming / history.mean());
    // Days that are quiet for now are no reason to hold less than comes again.
    if outlook.quiet_since.is_some() {
        level.max(1.0)
    } else {
        level
    }
}

/// Nothing is taken to grow or shrink without bounds.
pub(super) fn bounded(level: f64) -> f64 {
    if level.is_finite() {
        level.clamp(LEVELS.0, LEVELS.1)
    } else {
        1.0
    }
}
