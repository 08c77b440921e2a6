//! The workloads worth acting on: what is in danger first, then by money.

use std::cmp::Reverse;
use std::io;

use super::Page;
use crate::price::WorkloadBill;
use crate::recommend::{Severity, State};
use crate::render::grid::{Cell, Column, Grid};
use crate::render::pick::{Field, Part, Row};
use crate::render::style::{BAD_BOLD, BOLD, DIM, GOOD, PLAIN, WARN, of_severity, of_state};
use crate::render::words::{called, short_state};
use crate::snapshot::ContainerKind;
use crate::text::{count, escape, money};
use crate::units::{Bytes, Cpu, Money};

/// So many are listed unless `--top` says otherwise; the rest is counted.
const LISTED: usize = 20;

impl Page<'_> {
    pub(super) fn worth(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let view = &self.look.view;
        let mut listed = view.matching(self.analysis);
        // Who asks for a state gets it, even one that needs nothing.
        if view.states.is_empty() {
            let is_worth = |row: &Row<'_>| is_worth(row, row.changes(self.analysis));
            listed.retain(|it| it.rows.iter().any(is_worth));
        }
        match view.sort {
            Some(sort) => sort.apply(&mut listed),
            None => listed.sort_by_key(|it| {
                let urgency = it.rows.iter().map(urgency).max();
                (Reverse(urgency), Reverse(it.savings()))
            }),
        }
        let all = listed.len();
        listed.truncate(view.top.unwrap_or(LISTED));
        self.heading(
            "Worth acting on",
            &aside(all, listed.len(), view.narrows()),
            out,
        )?;
        if listed.is_empty() {
            let text = if view.narrows() {
                "nothing that matches"
            } else if self.is_judged() {
                "nothing: every workload that could be judged has a size that fits"
            } else {
                "nothing could be judged; `-o wide` says why"
            };
            return writeln!(out, "  {text}");
        }
        let rows: Vec<Row<'_>> = listed
            .iter()
            .flat_map(|it| it.rows.iter().copied())
            .collect();
        self.grid(&rows).write(self.look.width, self.paint, out)?;
        if all > listed.len() {
            let more = format!("  … and {}", count(all - listed.len(), "more workload"));
            writeln!(out, "{}", self.paint.on(DIM, &more))?;
        }
        Ok(())
    }

    fn grid(&self, rows: &[Row<'_>]) -> Grid {
        let mut grid = Grid::new(vec![
            Column::word(""),
            Column::name("WORKLOAD"),
            Column::word("KIND").drop(5),
            Column::number("PODS").drop(3),
            Column::word("STATE").drop(1),
            Column::word("SEVERITY").drop(2),
            Column::word("CONFIDENCE").drop(6),
            Column::word("COHORT").drop(7),
            Column::word("CPU"),
            Column::word("MEMORY"),
            Column::number("COST/MO").drop(4),
            Column::number("FREED/MO"),
        ]);
        for row in rows {
            grid.row(self.cells(row));
        }
        grid
    }

    fn cells(&self, row: &Row<'_>) -> Vec<Cell> {
        let id = &row.workload.id;
        let advice = row.advice;
        let parts = row.parts(self.analysis);
        let mark = if urgency(row) > Severity::None {
            "!"
        } else {
            ""
        };
        vec![
            Cell::styled(mark, BAD_BOLD),
            Cell::styled(escape(&called(id)), BOLD),
            Cell::styled(escape(&id.kind), DIM),
            Cell::new(row.workload.pods.len().to_string()),
            Cell::styled(short_state(advice.state), of_state(advice.state)),
            Cell::styled(row.bill.severity.name(), of_severity(row.bill.severity)),
            Cell::styled(advice.confidence.name(), DIM),
            Cell::styled(escape(row.cohort.unwrap_or("")), DIM),
            Cell::new(pair(&cpu(row, &parts))),
            Cell::new(pair(&memory(row, &parts))),
            Cell::styled(money(row.bill.current, self.analysis.bill.currency), DIM),
            freed(row.bill, self.analysis.bill.currency),
        ]
    }
}

fn aside(all: usize, listed: usize, narrowed: bool) -> String {
    let what = if narrowed { " that match" } else { "" };
    if all > listed {
        format!("{listed} of {all}{what}; a pod now → advised")
    } else if all > 0 {
        "a pod now → advised".to_owned()
    } else {
        String::new()
    }
}

fn is_worth(row: &Row<'_>, changes: bool) -> bool {
    match row.advice.state {
        State::Idle | State::UnderProvisioned => true,
        State::OverProvisioned => changes,
        State::RightSized | State::Unknown => row.bill.severity >= Severity::High,
    }
}

/// What may break comes before what costs money.
fn urgency(row: &Row<'_>) -> Severity {
    match row.advice.state {
        State::UnderProvisioned => row.bill.severity,
        _ => Severity::None,
    }
}

fn freed(bill: &WorkloadBill, currency: &str) -> Cell {
    let savings = bill.savings().to_cents();
    let style = match savings {
        savings if savings > Money::ZERO => GOOD,
        savings if savings < Money::ZERO => WARN,
        _ => PLAIN,
    };
    Cell::styled(money(savings, currency), style)
}

/// What a running pod requests of one resource, now and advised; `None` where
/// neither it nor a container requests any.
struct Pair {
    now: Option<String>,
    after: Option<String>,
}

fn running<'a>(parts: &'a [Part<'a>]) -> impl Iterator<Item = &'a Part<'a>> {
    let runs = |part: &&Part<'_>| part.container.kind != ContainerKind::Init;
    parts.iter().filter(runs)
}

fn cpu(row: &Row<'_>, parts: &[Part<'_>]) -> Pair {
    let pod = row.pod().map(|(fields, _)| fields.cpu_request);
    let fields: Vec<Field<Cpu>> = match pod.filter(|field| field.now.is_some()) {
        Some(field) => vec![field],
        None => running(parts).map(Part::cpu_request).collect(),
    };
    let now: Vec<Cpu> = fields.iter().filter_map(|it| it.now).collect();
    let after: Vec<Cpu> = fields.iter().filter_map(Field::after).collect();
    let sum = |all: Vec<Cpu>| (!all.is_empty()).then(|| all.into_iter().sum::<Cpu>().to_string());
    Pair {
        now: sum(now),
        after: sum(after),
    }
}

fn memory(row: &Row<'_>, parts: &[Part<'_>]) -> Pair {
    let pod = row.pod().map(|(fields, _)| fields.memory_request);
    let fields: Vec<Field<Bytes>> = match pod.filter(|field| field.now.is_some()) {
        Some(field) => vec![field],
        None => running(parts).map(Part::memory_request).collect(),
    };
    let now: Vec<Bytes> = fields.iter().filter_map(|it| it.now).collect();
    let after: Vec<Bytes> = fields.iter().filter_map(Field::after).collect();
    let sum = |all: Vec<Bytes>| (!all.is_empty()).then(|| all.into_iter().sum::<Bytes>().human());
    Pair {
        now: sum(now),
        after: sum(after),
    }
}

/// `500m → 120m`; one value where nothing changes.
fn pair(pair: &Pair) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let (now, after) = (text(&pair.now), text(&pair.after));
    if now == after {
        now
    } else {
        format!("{now} → {after}")
    }
}
