//! Hours in which workloads may run no replica, and what that is worth.

use std::io;

use serde::Serialize;

use super::Scheduled;
use crate::pipeline::OffHours;
use crate::render::Look;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::json_v1::rounded;
use crate::render::style::{BOLD, DIM, GOOD, Paint};
use crate::render::wrap::wrap;
use crate::schedule::{Nap, Plan, Sleep, clock_time};
use crate::text::{count, escape, money, short};
use crate::units::Money;

/// When one workload may run no replica.
#[derive(Serialize)]
pub(super) struct Shape {
    /// From `start` of each day to `end`, which may be of a later day.
    windows: Vec<Stretch>,
    hours_per_week: f64,
    /// What says that nobody asks: `requests`, `network`, `cpu`.
    sign: &'static str,
    text: String,
    /// What the requests of its replicas cost then.
    monthly_freed: Option<Money>,
}

#[derive(Serialize)]
struct Stretch {
    days: Vec<String>,
    start: String,
    end: String,
    duration_seconds: u32,
    /// Days like these that are known; nothing was asked on any of them.
    days_known: usize,
}

/// What nodes can go while workloads sleep together.
#[derive(Serialize)]
pub(super) struct Together {
    workloads: usize,
    hours_per_week: f64,
    /// Beside those that can go at any time; null where that cannot be said.
    nodes: Option<usize>,
    monthly_banked: Option<Money>,
    /// Why it cannot be said; null where it can.
    code: Option<&'static str>,
}

pub(super) fn shape(plan: &Plan) -> Option<Shape> {
    let sleep = plan.sleep.as_ref()?;
    Some(Shape {
        windows: sleep.naps.iter().map(stretch).collect(),
        hours_per_week: rounded(sleep.hours),
        sign: sleep.by.name(),
        text: evidence(sleep),
        monthly_freed: plan.freed_by_sleep(),
    })
}

fn stretch(nap: &Nap) -> Stretch {
    Stretch {
        days: nap.days.names(),
        start: clock_time(nap.start),
        end: clock_time(nap.end),
        duration_seconds: nap.minutes() * 60,
        days_known: nap.seen,
    }
}

pub(super) fn together(off: &OffHours) -> Together {
    let saved = off.saved.as_ref();
    Together {
        workloads: off.workloads,
        hours_per_week: rounded(off.hours),
        nodes: saved.ok().map(|it| it.nodes),
        monthly_banked: saved.ok().map(|it| it.monthly),
        code: saved.err().map(|it| it.code()),
    }
}

/// `Mon-Fri 20:15-06:30, Sat, Sun 00:15-23:30: no request came on any of 28 days`.
pub(super) fn evidence(sleep: &Sleep) -> String {
    let naps: Vec<String> = sleep.naps.iter().map(Nap::when).collect();
    format!(
        "{}: {} then on any of {}",
        naps.join(", "),
        sleep.by.words(),
        count(sleep.days, "day")
    )
}

/// Every workload that may sleep, and what nodes can go then.
pub(super) fn table(
    scheduled: Scheduled<'_>,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let plans = scheduled.schedules.plans.iter();
    let sleepers: Vec<(&Plan, &Sleep)> = plans
        .filter_map(|plan| Some((plan, plan.sleep.as_ref()?)))
        .collect();
    if sleepers.is_empty() {
        return Ok(());
    }
    let paint = Paint::of(look);
    writeln!(out, "\n{}", paint.on(BOLD, "Off hours"))?;
    let mut grid = Grid::new(vec![
        Column::name("WORKLOAD"),
        Column::word("NO REPLICA").drop(1),
        Column::number("HOURS A WEEK"),
        Column::number("FREED A MONTH"),
    ]);
    for (plan, sleep) in sleepers {
        let id = &scheduled.snapshot.workloads[plan.workload].id;
        let freed = plan.freed_by_sleep().unwrap_or(Money::ZERO);
        let mut naps = sleep.naps.clone();
        naps.sort_by_key(|it| std::cmp::Reverse(it.minutes() * len(it)));
        let first = naps.first().map_or_else(String::new, Nap::when);
        let more = naps.len().saturating_sub(1);
        let when = match more {
            0 => first,
            more => format!("{first} +{more}"),
        };
        grid.row(vec![
            Cell::new(escape(&format!("{}/{}", id.namespace, id.name))),
            Cell::new(when),
            Cell::new(short(sleep.hours, 0)),
            Cell::styled(money(freed, &scheduled.currency), GOOD),
        ]);
    }
    grid.write(look.width, paint, out)?;
    let Some(off) = scheduled.off_hours else {
        return Ok(());
    };
    let text = banked(scheduled, off);
    writeln!(out, "\n{}", paint.on(DIM, &wrap(&text, look.width, 0)))
}

fn len(nap: &Nap) -> u32 {
    u32::try_from(nap.days.count()).unwrap_or(1)
}

/// What leaves the bill with it.
fn banked(scheduled: Scheduled<'_>, off: &OffHours) -> String {
    let workloads = count(off.workloads, "workload");
    let sleep = if off.workloads == 1 {
        "sleeps"
    } else {
        "sleep together"
    };
    let what = match &off.saved {
        Ok(saved) if saved.nodes == 0 => "no more nodes can go then".to_owned(),
        Ok(saved) => format!(
            "{} more can go then, {} a month where the pool shrinks by itself",
            count(saved.nodes, "node"),
            money(saved.monthly, &scheduled.currency)
        ),
        Err(why) => format!("what nodes can go then is not known: {}", why.text()),
    };
    format!(
        "{workloads} {sleep} for {} hours a week: {what}; on no day anybody asked anything then; \
         `-o keda --sleep` and `-o cronjobs --sleep` write it",
        short(off.hours, 0)
    )
}
