//! Every container of every workload, with limits, risk and reasons.

use std::io;

use super::Page;
use crate::recommend::{Advice, Risk};
use crate::render::grid::{Cell, Column, Grid};
use crate::render::pick::{Field, Fields, Part, Row};
use crate::render::style::{BOLD, DIM, GOOD, PLAIN, WARN, of_severity, of_state};
use crate::render::words::{percent, pods, state, worth};
use crate::render::wrap::wrap;
use crate::text::{escape, money};
use crate::units::{Bytes, Cpu, Money};

impl Page<'_> {
    pub(super) fn containers(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let listed = self.look.view.workloads(self.analysis);
        let all = self.analysis.snapshot.owners();
        let aside = if listed.len() == all {
            "one replica, now → advised".to_owned()
        } else {
            format!("{} of {all}; one replica, now → advised", listed.len())
        };
        self.heading("Workloads", &aside, out)?;
        if listed.is_empty() {
            return writeln!(out, "  none that matches");
        }
        let mut rows = listed.iter().flat_map(|it| &it.rows);
        rows.try_for_each(|row| self.block(row, out))
    }

    fn block(&self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let parts = row.parts(self.analysis);
        writeln!(out)?;
        self.block_head(row, out)?;
        let mut grid = Grid::new(vec![
            Column::name("CONTAINER"),
            Column::word("TYPE").drop(3),
            Column::word("CPU"),
            Column::word("CPU LIMIT").drop(2),
            Column::word("MEMORY"),
            Column::word("MEMORY LIMIT").drop(1),
            Column::number("CPU OVER").drop(4),
            Column::number("OOM RISK").drop(5),
        ]);
        if let Some((fields, _)) = row.pod() {
            grid.row(cells("the pod", "as a whole", &fields, None));
        }
        for part in &parts {
            let name = escape(&part.container.name);
            let kind = part.container.kind.name();
            grid.row(cells(&name, kind, &part.fields(), part.advice.risk));
        }
        grid.write(self.look.width, self.paint, out)?;
        for reason in row.pod().iter().flat_map(|(_, advice)| &advice.reasons) {
            let text = wrap(&escape(&reason.text), self.room(6), 6);
            writeln!(out, "    {}", self.paint.on(DIM, &text))?;
        }
        parts.iter().try_for_each(|part| self.reasons(part, out))
    }

    fn block_head(&self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let currency = self.analysis.bill.currency;
        let savings = row.bill.savings().to_cents();
        let worth = worth(savings, currency);
        let style = if savings > Money::ZERO { GOOD } else { WARN };
        let style = if savings == Money::ZERO { DIM } else { style };
        writeln!(
            out,
            "{}",
            self.paint.on(BOLD, &escape(&row.workload.id.to_string()))
        )?;
        let facts = [
            (
                state(row.advice.state).to_owned(),
                of_state(row.advice.state),
            ),
            (
                format!("severity {}", row.bill.severity.name()),
                of_severity(row.bill.severity),
            ),
            (
                format!("confidence {}", row.advice.confidence.name()),
                PLAIN,
            ),
            (
                format!("cohort {}", escape(row.cohort.unwrap_or("none"))),
                PLAIN,
            ),
            (pods(row.workload), PLAIN),
            (
                format!("{} a month", money(row.bill.current, currency)),
                PLAIN,
            ),
            (worth, style),
        ];
        let mut used = 0;
        for (text, style) in facts {
            let room = self.look.width.unwrap_or(usize::MAX);
            if used == 0 {
                write!(out, "  ")?;
                used = 2;
            } else if used + 2 + text.chars().count() > room {
                write!(out, "\n  ")?;
                used = 2;
            } else {
                write!(out, "  ")?;
                used += 2;
            }
            used += text.chars().count();
            write!(out, "{}", self.paint.on(style, &text))?;
        }
        writeln!(out)
    }

    fn reasons(&self, part: &Part<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let name = escape(&part.container.name);
        for reason in &part.advice.reasons {
            let text = format!("{name}: {}", escape(&reason.text));
            let text = wrap(&text, self.room(6), 6);
            writeln!(out, "    {}", self.paint.on(DIM, &text))?;
        }
        Ok(())
    }
}

fn cells(name: &str, kind: &'static str, fields: &Fields, risk: Option<Risk>) -> Vec<Cell> {
    let share = |share: Option<f64>| share.map(percent).unwrap_or_default();
    let memory = |field: &Field<_>| field_cell(field, |value: Bytes| value.human());
    let cpu = |field: &Field<_>| field_cell(field, |value: Cpu| value.to_string());
    vec![
        Cell::new(name),
        Cell::styled(kind, DIM),
        cpu(&fields.cpu_request),
        cpu(&fields.cpu_limit),
        memory(&fields.memory_request),
        memory(&fields.memory_limit),
        Cell::new(share(risk.and_then(|risk| risk.cpu_time_over_request))),
        Cell::new(share(risk.and_then(|risk| risk.memory_over_limit))),
    ]
}

/// `500m → 120m`, `1 → none`, or the one value that stays.
fn field_cell<T: Copy + PartialEq>(field: &Field<T>, text: impl Fn(T) -> String) -> Cell {
    let now = field.now.map_or_else(|| "none".to_owned(), &text);
    if !field.changes() {
        return Cell::styled(now, DIM);
    }
    let after = match field.advice {
        Advice::Set(value) => text(value),
        Advice::Unset | Advice::Keep => "none".to_owned(),
    };
    Cell::new(format!("{now} → {after}"))
}
