//! The workloads worth acting on: what is in danger first, then by money.

use std::io;

use super::{Page, moves};
use crate::finding::Severity;
use crate::price::WorkloadBill;
use crate::recommend::State;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::pick::{Part, Row};
use crate::render::style::{BAD_BOLD, BOLD, DIM, GOOD, PLAIN, WARN, of_state};
use crate::render::urgent::urgency;
use crate::render::whole::Whole;
use crate::render::words::{called, short_state};
use crate::snapshot::Resources;
use crate::text::{count, escape, money, short};
use crate::units::Money;

/// So many are listed unless `--top` says otherwise; the rest is counted.
const LISTED: usize = 20;

impl Page<'_> {
    pub(super) fn worth(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let view = &self.look.view;
        let mut listed = self.worth_acting_on();
        let all = listed.len();
        listed.truncate(view.top.unwrap_or(LISTED));
        self.heading(
            "Worth acting on",
            &aside(all, listed.len(), view.narrows()),
            out,
        )?;
        if listed.is_empty() {
            let text = if view.narrows() {
                "nothing matches"
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

    /// What is in danger, then what frees the most, unless the view sorts otherwise.
    pub(super) fn worth_acting_on(&self) -> Vec<Whole<'_>> {
        self.look.view.worth_acting_on(self.analysis)
    }

    fn grid(&self, rows: &[Row<'_>]) -> Grid {
        let mut grid = Grid::new(vec![
            Column::name("  WORKLOAD"),
            Column::word("WHY"),
            Column::word("KIND").drop(7),
            Column::number("PODS").drop(6),
            Column::word("STATE").drop(3),
            Column::word("CONFIDENCE").drop(8),
            Column::word("COHORT").drop(9),
            Column::word("CPU"),
            Column::word("MEMORY"),
            Column::word("LIMITS").drop(1),
            Column::number("GPUS").drop(4),
            Column::number("COST/MO").drop(5),
            Column::number("FREED/MO"),
            Column::number("IF REMOVED").drop(2),
        ]);
        for row in rows {
            grid.row(self.cells(row));
        }
        grid
    }

    /// Devices of one pod: of slices and of shares by time what they are of a whole one, as
    /// `kcost gpus` counts them.
    fn gpus_of(&self, parts: &[Part<'_>]) -> String {
        let each = parts.iter().map(|part| &part.container.requests);
        let units: f64 = each.clone().map(Resources::gpu_units).sum();
        let place = parts.iter().find_map(|it| Some(it.profile?.workload));
        let gpus = &self.analysis.gpus;
        let judged = place.and_then(|it| gpus.workloads.get(gpus.place_of(it)?));
        let held = judged.map(|it| &it.held).filter(|it| it.slices > 0.0);
        let count = match held {
            Some(held) => units * held.gpus / held.slices,
            None => each.map(Resources::gpus).sum(),
        };
        if count > 0.0 {
            short(count, 2)
        } else {
            String::new()
        }
    }

    fn cells(&self, row: &Row<'_>) -> Vec<Cell> {
        let id = &row.workload.id;
        let advice = row.advice;
        let parts = row.parts(self.analysis);
        let urgent = urgency(row) > Severity::None;
        let name = format!("{} {}", if urgent { "!" } else { " " }, escape(&called(id)));
        let style = if urgent { BAD_BOLD } else { BOLD };
        let currency = &*self.analysis.bill.currency;
        let headline = advice.headline.as_ref();
        let why = headline.map_or("", |headline| headline.text.as_str());
        let removed = (advice.state == State::Idle).then_some(row.bill.current);
        vec![
            Cell::styled(name, style),
            Cell::styled(why, of_state(advice.state)),
            Cell::styled(escape(&id.kind), DIM),
            Cell::new(row.workload.pods.len().to_string()),
            Cell::styled(short_state(advice.state), of_state(advice.state)),
            Cell::styled(advice.confidence.name(), DIM),
            Cell::styled(escape(row.cohort.unwrap_or("")), DIM),
            moves::cpu_request(row, &parts),
            moves::memory_request(row, &parts),
            moves::limits(row, &parts),
            Cell::styled(self.gpus_of(&parts), DIM),
            Cell::styled(money(row.bill.current, currency), DIM),
            freed(row.bill, currency),
            Cell::styled(
                removed.map_or_else(String::new, |it| money(it, currency)),
                DIM,
            ),
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

pub(super) fn freed(bill: &WorkloadBill, currency: &str) -> Cell {
    let savings = bill.savings().to_cents();
    let style = match savings {
        savings if savings > Money::ZERO => GOOD,
        savings if savings < Money::ZERO => WARN,
        _ => PLAIN,
    };
    Cell::styled(money(savings, currency), style)
}
