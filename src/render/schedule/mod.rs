//! Schedules for people; for programs they are [`json`].

use std::collections::BTreeMap;
use std::io;

mod batch;
mod json;
mod manifest;
mod one;
mod sleep;

use super::Look;
use super::grid::{Cell, Column, Grid};
use super::plain::plain;
use super::style::{BOLD, DIM, GOOD, PLAIN, Paint};
use super::wrap::wrap;
use crate::pipeline::OffHours;
use crate::schedule::{Advice, Options, Outcome, Plan, Schedules, UNKNOWN_ZONE, Way};
use crate::snapshot::{Snapshot, WorkloadId};
use crate::text::{count, escape, money, short};
use crate::units::{Currency, Money};

pub use json::schedule_json;
pub use manifest::{Mover, schedule_manifests};
pub use one::schedule_text;

/// Schedules, and what they are of.
#[derive(Clone, Copy)]
pub struct Scheduled<'a> {
    pub snapshot: &'a Snapshot,
    pub schedules: &'a Schedules,
    pub options: &'a Options,
    pub currency: Currency,
    /// What nodes can go while workloads sleep.
    pub off_hours: Option<&'a OffHours>,
    /// Whether sleep is written as objects.
    pub sleep: bool,
}

impl<'a> Scheduled<'a> {
    /// The time zone: of one workload its own.
    fn zone(self) -> &'a str {
        let clocks = &self.options.clocks;
        match &self.schedules.plans[..] {
            [plan] => clocks.of(plan.workload).name(),
            _ => clocks.usual().name(),
        }
    }
}

/// So many windows of a workload are told in a line.
const TOLD: usize = 1;

/// Every workload that is to be scaled: to how many replicas, when, and what that does.
pub fn schedule_table(
    scheduled: Scheduled<'_>,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let paint = Paint::of(look);
        head(scheduled, paint, out)?;
        let plans = &scheduled.schedules.plans;
        let acting: Vec<&Plan> = plans.iter().filter(|it| it.advice.acts()).collect();
        if acting.is_empty() {
            writeln!(out, "\nNothing is to be scaled by schedule.")?;
        } else {
            writeln!(out)?;
            grid(scheduled, &acting).write(look.width, paint, out)?;
            let note = "SHORT is minutes a week in which more was used than ready replicas \
                        request, with the advised size alone and with the advice; every stretch \
                        of the past was played against windows made without it";
            writeln!(out, "\n{}", paint.on(DIM, &wrap(note, look.width, 0)))?;
            if let Some(raised) = raised(scheduled.snapshot, &acting) {
                writeln!(out, "\n{}", wrap(&raised, look.width, 0))?;
            }
            for line in bounded(scheduled.snapshot, &acting) {
                writeln!(out, "\n{}", wrap(&line, look.width, 0))?;
            }
        }
        left(plans, look, out)?;
        zones(scheduled, look, out)?;
        sleep::table(scheduled, look, out)?;
        batch::list(scheduled, look, out)
    })
}

fn head(scheduled: Scheduled<'_>, paint: Paint, out: &mut dyn io::Write) -> io::Result<()> {
    let name = escape(&scheduled.snapshot.cluster.name);
    let plans = scheduled.schedules.plans.len();
    let span = scheduled.snapshot.usage.grid.span().human();
    let zone = scheduled.zone();
    let text = format!(
        "{}, from {span} of use, in {zone} time",
        count(plans, "workload")
    );
    writeln!(out, "{}  {}", paint.on(BOLD, &name), paint.on(DIM, &text))
}

/// `The most of an autoscaler has to rise: shop/api 4 → 12`.
fn raised(snapshot: &Snapshot, plans: &[&Plan]) -> Option<String> {
    let each = plans.iter().filter_map(|plan| {
        let (from, to) = plan.raised()?;
        let id = &snapshot.workloads[plan.workload].id;
        Some(escape(&format!(
            "{}/{} {from} → {to}",
            id.namespace, id.name
        )))
    });
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| format!("maxReplicas has to rise: {}", each.join(", ")))
}

/// `shop/api: 8 of the 25 replicas that its peak takes can be there: …`.
fn bounded(snapshot: &Snapshot, plans: &[&Plan]) -> Vec<String> {
    let each = plans.iter().filter_map(|plan| {
        let bound = plan.bound.as_ref()?;
        let id = &snapshot.workloads[plan.workload].id;
        let name = escape(&format!("{}/{}", id.namespace, id.name));
        Some(format!("{name}: {}", bound.text()))
    });
    each.collect()
}

fn grid(scheduled: Scheduled<'_>, plans: &[&Plan]) -> Grid {
    let mut grid = Grid::new(vec![
        Column::name("WORKLOAD"),
        Column::word("ADVICE"),
        Column::number("REPLICAS"),
        Column::word("WHEN").drop(1),
        Column::number("SHORT").drop(2),
        Column::number("A MONTH").drop(3),
    ]);
    for plan in plans {
        grid.row(row(scheduled, plan));
    }
    grid
}

fn row(scheduled: Scheduled<'_>, plan: &Plan) -> Vec<Cell> {
    let id = &scheduled.snapshot.workloads[plan.workload].id;
    let own = own(plan);
    let before = without(plan);
    let minutes = |it: Option<&Outcome>| {
        it.and_then(|it| it.short_minutes)
            .map_or("?".to_owned(), minutes)
    };
    let cost = |it: Option<&Outcome>| it.map_or(Money::ZERO, |it| it.monthly);
    let (from, to) = (cost(plan.outcome(Way::Today)), cost(own));
    let style = if to < from { GOOD } else { PLAIN };
    let amount = |it: Money| money(it, &scheduled.currency);
    vec![
        Cell::new(escape(&format!("{}/{}", id.namespace, id.name))),
        Cell::new(advice(plan.advice)),
        Cell::new(replicas(plan)),
        Cell::new(when(scheduled, plan)),
        Cell::new(format!("{} → {}", minutes(before), minutes(own))),
        Cell::styled(format!("{} → {}", amount(from), amount(to)), style),
    ]
}

/// How the advice did where it was played.
fn own(plan: &Plan) -> Option<&Outcome> {
    plan.outcome(match plan.advice {
        Advice::Schedule => Way::Schedule,
        Advice::ScheduleAndHpa(_) => Way::ScheduleAndHpa,
        Advice::Hpa(_) => Way::Hpa,
        Advice::Leave(_) => Way::Today,
    })
}

/// How it would be without.
fn without(plan: &Plan) -> Option<&Outcome> {
    plan.outcome(Way::Advised)
        .or_else(|| plan.outcome(Way::Today))
}

fn advice(advice: Advice) -> String {
    match advice {
        Advice::Schedule => "schedule".to_owned(),
        Advice::ScheduleAndHpa(target) => format!("schedule, HPA {:.0}%", target * 100.0),
        Advice::Hpa(target) => format!("HPA {:.0}%", target * 100.0),
        Advice::Leave(_) => "leave".to_owned(),
    }
}

/// `2 → 9`.
fn replicas(plan: &Plan) -> String {
    let of_month = plan.month.iter().map(|it| it.replicas);
    let most = plan.windows.iter().map(|it| it.replicas);
    let most = most.chain(of_month).max();
    match most.filter(|_| plan.advice.has_windows()) {
        Some(most) => format!("{} → {most}", plan.base),
        None => format!("{} to {}", plan.base, plan.max),
    }
}

fn when(scheduled: Scheduled<'_>, plan: &Plan) -> String {
    if !plan.advice.has_windows() {
        return String::new();
    }
    // The one with the most replicas says most, and of several the one that is open longest.
    let of_week = plan.windows.iter();
    let of_week = of_week.map(|it| (it.replicas, it.weight(), it.when()));
    let of_month = plan.month.iter();
    let of_month = of_month.map(|it| (it.replicas, 0.0, it.when()));
    let mut windows: Vec<(u32, f64, String)> = of_week.chain(of_month).collect();
    windows.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let told: Vec<&str> = windows.iter().take(TOLD).map(|it| &*it.2).collect();
    let mut told = told.join(", ");
    // The head says the time of all others.
    let zone = scheduled.options.clocks.of(plan.workload).name();
    if zone != scheduled.zone() {
        told = format!("{told} {zone}");
    }
    match windows.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} +{more}"),
    }
}

/// Minutes as people say them.
fn minutes(minutes: f64) -> String {
    short(minutes, usize::from(minutes < 9.95))
}

/// Zones that are not known: what is planned in another one must not look right.
fn zones(scheduled: Scheduled<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    let gaps = scheduled.schedules.gaps.iter();
    for gap in gaps.filter(|it| it.code == UNKNOWN_ZONE) {
        let text = escape(&format!("{}: {}", gap.subject, gap.text));
        writeln!(out, "\n{}", wrap(&text, look.width, 0))?;
    }
    Ok(())
}

/// The others, counted by why they stay.
fn left(plans: &[Plan], look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut reasons: BTreeMap<&'static str, usize> = BTreeMap::new();
    for plan in plans {
        if let Advice::Leave(why) = plan.advice {
            *reasons.entry(why.words()).or_default() += 1;
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let mut reasons: Vec<(&str, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|it| (std::cmp::Reverse(it.1), it.0));
    let all: usize = reasons.iter().map(|it| it.1).sum();
    let told: Vec<String> = reasons
        .iter()
        .map(|it| format!("{} {}", it.1, it.0))
        .collect();
    let text = format!("{all} stay as they are: {}", told.join(", "));
    let paint = Paint::of(look);
    writeln!(out, "\n{}", paint.on(DIM, &wrap(&text, look.width, 0)))
}

/// `shop/promotions`, with the template where there are several.
fn name(id: &WorkloadId) -> String {
    escape(&id.to_string())
}
