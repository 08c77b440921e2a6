//! The schedule of one workload: windows with their evidence, and all ways side by side.

use std::io;

use super::{Scheduled, batch, head, minutes, name, sleep, zones};
use crate::render::Look;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::plain::plain;
use crate::render::style::{BOLD, DIM, GOOD, PLAIN, Paint};
use crate::render::wrap::wrap;
use crate::schedule::{
    Advice, Lead, Measured, Outcome, Plan, Traffic, Way, evidence, month_evidence,
};
use crate::text::{count, escape, money, short};
use crate::units::{Cpu, Span};

/// What is advised on one workload, and why.
pub fn schedule_text(
    scheduled: Scheduled<'_>,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let paint = Paint::of(look);
        head(scheduled, paint, out)?;
        for plan in &scheduled.schedules.plans {
            let id = &scheduled.snapshot.workloads[plan.workload].id;
            writeln!(out, "{}", paint.on(BOLD, &name(id)))?;
            let room = look.width.map(|width| width.saturating_sub(2).max(20));
            writeln!(out, "  {}", wrap(&plan.reason(), room, 2))?;
            for text in &plan.hindered {
                writeln!(out, "  {}", wrap(text, room, 2))?;
            }
            windows(plan, room, paint, out)?;
            facts(plan, room, out)?;
            ways(scheduled, plan, look, out)?;
            if !plan.events.is_empty() {
                writeln!(out, "\n{}", paint.on(BOLD, "Events that come"))?;
            }
            for event in &plan.events {
                writeln!(out, "  {}", wrap(&escape(&event.text()), room, 2))?;
            }
            if let Some(it) = &plan.sleep {
                writeln!(out, "\n{}", paint.on(BOLD, "No replica"))?;
                writeln!(out, "  {}", wrap(&sleep::evidence(it), room, 2))?;
            }
        }
        zones(scheduled, look, out)?;
        batch::list(scheduled, look, out)
    })
}

fn windows(
    plan: &Plan,
    room: Option<usize>,
    paint: Paint,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if plan.windows.is_empty() && plan.month.is_empty() {
        return Ok(());
    }
    let title = if plan.advice.has_windows() {
        "Windows"
    } else {
        "Windows that do not win"
    };
    writeln!(out, "\n{}", paint.on(BOLD, title))?;
    let of_week = plan.windows.iter();
    let of_week = of_week.map(|it| (it.when(), it.replicas, evidence(it)));
    let of_month = plan.month.iter();
    let of_month = of_month.map(|it| (it.when(), it.replicas, month_evidence(it)));
    for (when, number, evidence) in of_week.chain(of_month) {
        writeln!(out, "  {when}  {}", replicas(number))?;
        let deeper = room.map(|it| it.saturating_sub(2));
        writeln!(out, "    {}", wrap(&evidence, deeper, 4))?;
    }
    let base = replicas(plan.base);
    match plan.advice {
        Advice::ScheduleAndHpa(_) => writeln!(out, "  else  {base}, or what the HPA asks for"),
        _ => writeln!(out, "  else  {base}"),
    }
}

fn replicas(number: u32) -> String {
    count(usize::try_from(number).unwrap_or(0), "replica")
}

fn facts(plan: &Plan, room: Option<usize>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut lines = Vec::new();
    lines.extend(plan.traffic.as_ref().map(Traffic::text));
    lines.extend(holds(plan));
    lines.extend(plan.lead.as_ref().map(|lead| self::lead(lead, plan.most)));
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    for line in lines {
        writeln!(out, "  {}", wrap(&line, room, 2))?;
    }
    Ok(())
}

/// `a replica holds the 178m CPU that it is advised to request (now 1500m)`.
fn holds(plan: &Plan) -> Option<String> {
    let said = |it: f64| Cpu::cores(it).to_string();
    let (cores, advised) = (said(plan.cores?), said(plan.replica.cores?));
    let now = plan
        .replica
        .cores_now
        .map_or_else(|| "none".to_owned(), said);
    Some(if cores != advised && plan.load().is_some() {
        let (load, what) = if plan.advice.has_windows() {
            ("its load while the schedule holds the peak", "a schedule")
        } else {
            ("its load while more of them hold the peak", "an HPA")
        };
        format!(
            "a replica is to request {cores} CPU, {load} (now {now}); without {what} it would be \
             {advised}"
        )
    } else if cores != advised {
        format!("a replica was played with {cores} CPU (now {now}); it is advised {advised}")
    } else if now == cores {
        format!("a replica holds the {cores} CPU that it requests")
    } else {
        format!("a replica holds the {cores} CPU that it is advised to request (now {now})")
    })
}

/// `a pod is ready after 25s (2 seen); its pool has room for 40, so no node is waited for`.
fn lead(lead: &Lead, most: u32) -> String {
    let how = |it: &Measured| match it.samples {
        0 => "assumed: none was seen starting".to_owned(),
        samples => format!("{samples} seen"),
    };
    let seen = match (lead.pod.samples, lead.late) {
        (0, 1..) => "assumed: those that are there were ready hours after they came, which is \
                     taken for no start"
            .to_owned(),
        _ => how(&lead.pod),
    };
    let pod = format!("a pod is ready after {} ({seen})", span(lead.pod.span));
    let by = lead.apart.map(|it| format!(" by {}", it.words()));
    let by = by.unwrap_or_default();
    let nodes = match (lead.room, lead.waits(most)) {
        (None, _) => "its nodes are not known, so none is waited for".to_owned(),
        (Some(_), false) => "its pool has room, so no node is waited for".to_owned(),
        (Some(room), true) => {
            let more = lead.nodes(most).map_or_else(
                || "nodes that do not fit one".to_owned(),
                |it| count(usize::try_from(it).unwrap_or(0), "more node"),
            );
            format!(
                "its pool has room for {room}{by}, the peak takes {more}, each after {} ({})",
                span(lead.node.span),
                how(&lead.node)
            )
        }
    };
    format!("{pod}; {nodes}")
}

fn span(span: Span) -> String {
    span.human()
}

fn ways(
    scheduled: Scheduled<'_>,
    plan: &Plan,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if plan.outcomes.is_empty() {
        return Ok(());
    }
    let paint = Paint::of(look);
    writeln!(out, "\n{}", paint.on(BOLD, "On its own past, a week"))?;
    let mut grid = Grid::new(vec![
        Column::name("WAY"),
        Column::number("REQUEST").drop(3),
        Column::number("SHORT"),
        Column::number("AGAIN").drop(5),
        Column::number("REPLICA-HOURS"),
        Column::number("MOST").drop(2),
        Column::number("CHANGES").drop(4),
        Column::number("A MONTH").drop(1),
    ]);
    for outcome in &plan.outcomes {
        grid.row(row(scheduled, plan, outcome));
    }
    grid.write(look.width, paint, out)?;
    let most = plan.outcomes.iter().map(|it| it.once_minutes);
    let most = most.fold(0.0, f64::max);
    let once = if minutes(most) == "0" {
        String::new()
    } else {
        format!(
            " Up to {} of them are of what came on one day alone, and do not count.",
            minutes(most)
        )
    };
    let note = format!(
        "SHORT is minutes in which more was used than ready replicas request, and AGAIN those at \
         times that are short on most days of their kind; {} and 5 of a week may be.{once} Every stretch of the {} was played against windows made without it. A MONTH is \
         what the requests cost, at the rates of the node.",
        minutes(plan.allowed),
        count(plan.days, "day")
    );
    writeln!(out, "\n{}", paint.on(DIM, &wrap(&note, look.width, 0)))
}

fn row(scheduled: Scheduled<'_>, plan: &Plan, outcome: &Outcome) -> Vec<Cell> {
    let style = if outcome.holds { GOOD } else { PLAIN };
    let said = |it: Option<f64>| it.map_or_else(|| "?".to_owned(), minutes);
    let request = outcome.cores.map(|it| Cpu::cores(it).to_string());
    vec![
        Cell::new(way(plan, outcome)),
        Cell::new(request.unwrap_or_else(|| "none".to_owned())),
        Cell::styled(said(outcome.short_minutes), style),
        Cell::styled(said(outcome.again_minutes), style),
        Cell::new(short(outcome.replica_hours, 0)),
        Cell::new(outcome.most.to_string()),
        Cell::new(short(outcome.changes_a_day * 7.0, 0)),
        Cell::new(money(outcome.monthly, &scheduled.currency)),
    ]
}

fn way(plan: &Plan, outcome: &Outcome) -> String {
    let target = outcome.target.map_or(0.0, |it| it * 100.0);
    match outcome.way {
        Way::Today => "today".to_owned(),
        Way::Advised => "advised size alone".to_owned(),
        Way::Peak if plan.scaled => "replicas for the peak".to_owned(),
        Way::Peak => "size for the peak".to_owned(),
        Way::Hpa => format!("HPA at {target:.0}%"),
        Way::Schedule => format!("schedule, {}", count(outcome.windows, "window")),
        Way::ScheduleAndHpa => {
            let windows = count(outcome.windows, "window");
            format!("{windows}, HPA at {target:.0}%")
        }
    }
}
