//! Batch work that would run better in hours in which nodes are idle.
//!
//! A CronJob whose time of day is fixed is moved to the hours in which all others use least,
//! where that is clearly less than in those that it runs in now.

use jiff::tz::TimeZone;

use super::Days;
use super::days::weekday;
use super::words::cores;
use crate::forecast::{Clock, Hours, Work};
use crate::snapshot::{Snapshot, Workload};
use crate::text::count;
use crate::trend::median;
use crate::units::{Cpu, count_from, len_f64};

/// Hours of a day.
const DAY: usize = 24;

/// Days on which it must have run.
const LEAST_RUNS: usize = 5;

/// It counts from so many cores on, or from this share of what all others use as a rule.
const WORTH_CORES: f64 = 0.5;
const WORTH_SHARE: f64 = 0.02;

/// Others must use this share of all nodes less in the hours that it is moved to.
const EMPTIER: f64 = 0.05;

/// And by this much less than in those of now.
const LESS: f64 = 0.8;

/// The longest run that is moved, in hours.
const LONGEST: usize = 12;

/// A CronJob that would run better at another time.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// Index into the snapshot's workloads.
    pub workload: usize,
    /// As it stands, and as it should.
    pub from: String,
    pub to: String,
    /// That both are in.
    pub zone: String,
    /// Hours that it runs for as a rule, and cores that it uses then.
    pub hours: usize,
    pub cores: f64,
    /// Share of the cores of all nodes that others use in its hours as a rule, now and then.
    pub busy: f64,
    pub idle: f64,
    /// Days on which the hours that it is moved to were emptier, of those that are known.
    pub seen: usize,
    pub of: usize,
}

/// The time of a cron expression that is one of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Daily {
    minute: u32,
    hour: usize,
    /// The fifth field.
    days: String,
    on: Days,
}

/// One day of others, by local hours; `NaN` where not known.
struct Others {
    weekday: usize,
    hours: [f64; DAY],
}

/// The moves of the CronJobs that are asked for, the largest first; each sees those before
/// it at their new time. `works` has one for each workload.
pub fn moves(snapshot: &Snapshot, works: &[Work], asked: &[bool], usual: &Clock) -> Vec<Move> {
    let nodes = snapshot.cluster.nodes.iter();
    let all: f64 = nodes
        .filter_map(|it| it.allocatable.cpu)
        .map(Cpu::get)
        .sum();
    let known = works.iter().filter_map(|it| it.cpu.as_ref());
    let Some(mut total) = summed(known).filter(|_| all > 0.0) else {
        return Vec::new();
    };
    let mut jobs: Vec<(usize, &Hours, Daily)> = Vec::new();
    for (index, workload) in snapshot.workloads.iter().enumerate() {
        let daily = daily(workload).filter(|_| asked.get(index) == Some(&true));
        if let (Some(daily), Some(cpu)) = (daily, works.get(index).and_then(|it| it.cpu.as_ref())) {
            jobs.push((index, cpu, daily));
        }
    }
    let size = |hours: &Hours| hours.values.iter().filter(|it| it.is_finite()).sum::<f64>();
    jobs.sort_by(|a, b| size(b.1).total_cmp(&size(a.1)).then(a.0.cmp(&b.0)));
    let mut moves = Vec::new();
    for (index, cpu, daily) in jobs {
        let workload = &snapshot.workloads[index];
        let zone = workload.schedule_zone.as_deref();
        let clock = match zone.map(TimeZone::get) {
            Some(Ok(zone)) => usual.clone().in_zone(zone),
            Some(Err(_)) => continue,
            // The controllers of a cluster run in UTC.
            None => usual.clone().in_zone(TimeZone::UTC),
        };
        if let Some((told, later)) = moved(index, workload, cpu, &daily, (&total, all), &clock) {
            shift(&mut total, cpu, later);
            moves.push(told);
        }
    }
    moves
}

/// Where one goes, and how many hours later that is.
fn moved(
    index: usize,
    workload: &Workload,
    cpu: &Hours,
    daily: &Daily,
    (total, all): (&Hours, f64),
    clock: &Clock,
) -> Option<(Move, i64)> {
    let (hours, cores) = run(cpu, daily, clock)?;
    let others = others(total, cpu, clock);
    let of_its_days: Vec<&Others> = others
        .iter()
        .filter(|it| daily.on.contains(it.weekday))
        .collect();
    if of_its_days.len() < LEAST_RUNS {
        return None;
    }
    let used = |start: usize| {
        let each = of_its_days.iter().map(|day| most(day, start, hours));
        median(&each.collect::<Vec<f64>>()) / all
    };
    let busy = used(daily.hour);
    // It ends within the same day: what comes after midnight is another day's.
    let starts = (0..=DAY - hours).map(|start| (start, used(start)));
    let known = starts.filter(|(_, used)| used.is_finite());
    let (start, idle) = known.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let usual = median(&total.values);
    let counts = cores >= WORTH_CORES || cores >= WORTH_SHARE * usual;
    if !counts || start == daily.hour || busy - idle < EMPTIER || idle > LESS * busy {
        return None;
    }
    let emptier = of_its_days
        .iter()
        .filter(|day| most(day, start, hours) < most(day, daily.hour, hours));
    let seen = emptier.count();
    let later = i64::try_from(start).ok()? - i64::try_from(daily.hour).ok()?;
    let told = Move {
        workload: index,
        from: workload.schedule.clone()?,
        to: format!("{} {start} * * {}", daily.minute, daily.days),
        zone: clock.name().to_owned(),
        hours,
        cores,
        busy,
        idle,
        seen,
        of: of_its_days.len(),
    };
    // On most days, or it is no habit.
    (2 * seen > told.of + told.of / 2).then_some((told, later))
}

/// The most that others use in some hours of a day.
fn most(day: &Others, start: usize, hours: usize) -> f64 {
    let part = day
        .hours
        .get(start..(start + hours).min(DAY))
        .unwrap_or_default();
    let known = part.iter().copied().filter(|it| it.is_finite());
    known.fold(f64::NAN, f64::max)
}

/// How long it runs as a rule from its hour on, and the cores that it uses then.
fn run(cpu: &Hours, daily: &Daily, clock: &Clock) -> Option<(usize, f64)> {
    let (mut lengths, mut used) = (Vec::new(), Vec::new());
    for (place, hour) in (0..cpu.values.len()).zip(cpu.first..) {
        let local = clock.local(hour);
        let is_its = usize::try_from(local.rem_euclid(24)) == Ok(daily.hour);
        if !is_its || !daily.on.contains(weekday(local.div_euclid(24))) {
            continue;
        }
        let rest = cpu.values[place..].iter().take(LONGEST + 1);
        let runs: Vec<f64> = rest.copied().take_while(|it| *it > 0.0).collect();
        if !runs.is_empty() {
            lengths.push(len_f64(runs.len()));
            used.push(runs.iter().copied().fold(0.0, f64::max));
        }
    }
    if lengths.len() < LEAST_RUNS {
        return None;
    }
    let hours = usize::try_from(count_from(median(&lengths).ceil())).ok()?;
    (1..=LONGEST)
        .contains(&hours)
        .then(|| (hours, median(&used)))
}

/// All days that are known of what the others use.
fn others(total: &Hours, own: &Hours, clock: &Clock) -> Vec<Others> {
    let mut days: Vec<(i64, Others)> = Vec::new();
    for (place, hour) in (0..total.values.len()).zip(total.first..) {
        let at = usize::try_from(hour - own.first).ok();
        let own = at.and_then(|at| own.values.get(at)).copied();
        let rest = total.values[place] - own.filter(|it| it.is_finite()).unwrap_or(0.0);
        if !rest.is_finite() || clock.special(hour * 3_600).is_some() {
            continue;
        }
        let local = clock.local(hour);
        let number = local.div_euclid(24);
        if days.last().is_none_or(|it| it.0 < number) {
            let day = Others {
                weekday: weekday(number),
                hours: [f64::NAN; DAY],
            };
            days.push((number, day));
        }
        let place = usize::try_from(local.rem_euclid(24)).unwrap_or(0);
        if let Some((_, day)) = days.last_mut() {
            day.hours[place] = rest.max(0.0);
        }
    }
    days.retain(|(_, day)| day.hours.iter().filter(|it| it.is_finite()).count() >= DAY - 2);
    days.into_iter().map(|it| it.1).collect()
}

/// All together, where any is known.
fn summed<'a>(all: impl Iterator<Item = &'a Hours>) -> Option<Hours> {
    let all: Vec<&Hours> = all.collect();
    let first = all.iter().map(|it| it.first).min()?;
    let end = |it: &Hours| it.first + i64::try_from(it.values.len()).unwrap_or(0);
    let until = all.iter().map(|it| end(it)).max()?;
    let mut values = vec![f64::NAN; usize::try_from(until - first).ok()?];
    for hours in all {
        let from = usize::try_from(hours.first - first).ok()?;
        for (sum, value) in values[from..].iter_mut().zip(&hours.values) {
            if value.is_finite() {
                *sum = if sum.is_finite() {
                    *sum + value
                } else {
                    *value
                };
            }
        }
    }
    Some(Hours { first, values })
}

/// Moves what one uses in the sum so many hours later.
fn shift(total: &mut Hours, own: &Hours, later: i64) {
    for (value, hour) in own.values.iter().zip(own.first..) {
        if !value.is_finite() || *value <= 0.0 {
            continue;
        }
        for (hour, change) in [(hour, -value), (hour + later, *value)] {
            let place = usize::try_from(hour - total.first).ok();
            if let Some(sum) = place.and_then(|it| total.values.get_mut(it)) {
                *sum += change;
            }
        }
    }
}

/// The one time of day of a CronJob that runs; `None` of all others.
fn daily(workload: &Workload) -> Option<Daily> {
    if workload.id.kind != "CronJob" || workload.replicas == 0 {
        return None;
    }
    let fields: Vec<&str> = workload.schedule.as_deref()?.split_whitespace().collect();
    let [minute, hour, day, month, days] = fields[..] else {
        return None;
    };
    let minute = minute.parse::<u32>().ok().filter(|it| *it < 60)?;
    let hour = hour.parse::<usize>().ok().filter(|it| *it < DAY)?;
    ((day, month) == ("*", "*")).then(|| {
        Some(Daily {
            minute,
            hour,
            days: days.to_owned(),
            on: on(days)?,
        })
    })?
}

/// The days of a fifth field: names, numbers, lists and ranges; `None` of others.
fn on(field: &str) -> Option<Days> {
    if matches!(field, "*" | "?") {
        return Some(Days::ALL);
    }
    let day = |text: &str| -> Option<usize> {
        const NAMES: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
        let upper = text.to_uppercase();
        if let Some(place) = NAMES.iter().position(|it| *it == upper) {
            return Some(place);
        }
        let number = text.parse::<usize>().ok().filter(|it| *it <= 7)?;
        Some((number + 6) % 7)
    };
    let mut days = Days::default();
    for part in field.split(',') {
        match part.split_once('-') {
            None => days = days.with(Days::one(day(part)?)),
            Some((from, until)) => {
                let (from, until) = (day(from)?, day(until)?);
                let length = (until + 7 - from) % 7;
                for step in 0..=length {
                    days = days.with(Days::one(from + step));
                }
            }
        }
    }
    Some(days)
}

impl Move {
    /// Why: one sentence without a period.
    pub fn text(&self) -> String {
        let percent = |share: f64| format!("{:.0}%", share * 100.0);
        format!(
            "it uses {} cores for {} when others use {} of all cores; from `{}` on they use {}, on {} of {}",
            cores(self.cores),
            count(self.hours, "hour"),
            percent(self.busy),
            self.to,
            percent(self.idle),
            self.seen,
            count(self.of, "day"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_a_cron_expression() {
        assert_eq!(on("*"), Some(Days::ALL));
        assert_eq!(on("1-5").map(Days::words).as_deref(), Some("Mon-Fri"));
        assert_eq!(on("MON,sun").map(Days::words).as_deref(), Some("Mon, Sun"));
        assert_eq!(on("0"), on("7"));
        assert_eq!(on("5-1").map(Days::count), Some(4));
        assert_eq!(on("*/2"), None);
    }
}
