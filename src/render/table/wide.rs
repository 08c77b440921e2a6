//! One line a container: what it has and gets, what it used, and why.

use std::io;

use super::worth::freed;
use super::{Page, moves};
use crate::recommend::{Risk, State};
use crate::render::grid::{Cell, Column, Grid};
use crate::render::pick::{Fields, Part, Row};
use crate::render::style::{BAD_BOLD, BOLD, DIM, of_state};
use crate::render::urgent::urgent_first;
use crate::render::words::called;
use crate::text::{escape, percent};
use crate::units::{Bytes, Cpu};

impl Page<'_> {
    pub(super) fn containers(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let view = &self.look.view;
        let mut listed = view.workloads(self.analysis);
        if view.sort.is_none() {
            urgent_first(&mut listed);
        }
        let all = self.analysis.snapshot.owners();
        let aside = if listed.len() == all {
            "one replica of each container".to_owned()
        } else {
            format!("{} of {all}; one replica of each container", listed.len())
        };
        self.heading("Workloads", &aside, out)?;
        if listed.is_empty() {
            return writeln!(out, "  nothing matches");
        }
        let mut grid = Grid::new(vec![
            Column::name("  WORKLOAD"),
            Column::name("CONTAINER"),
            Column::word("WHY"),
            Column::word("CPU"),
            Column::number("CPU P95").drop(4),
            Column::word("CPU LIMIT").drop(2),
            Column::word("MEMORY"),
            Column::number("MEMORY MAX").drop(5),
            Column::word("MEMORY LIMIT").drop(1),
            Column::number("CPU OVER").drop(6),
            Column::number("OOM RISK").drop(7),
            Column::number("FREED/MO").drop(3),
        ]);
        for row in listed.iter().flat_map(|it| &it.rows) {
            self.lines(row, &mut grid);
        }
        grid.write(self.look.width, self.paint, out)
    }

    fn lines(&self, row: &Row<'_>, grid: &mut Grid) {
        let mut first = true;
        if let Some((fields, _)) = row.pod() {
            let pod = Line {
                name: "(the pod)".to_owned(),
                fields,
                part: None,
                risk: None,
            };
            grid.row(self.line(row, pod, first));
            first = false;
        }
        for part in &row.parts(self.analysis) {
            let line = Line {
                name: escape(&part.container.name),
                fields: part.fields(),
                part: Some(part),
                risk: part.advice.risk,
            };
            grid.row(self.line(row, line, first));
            first = false;
        }
    }

    /// What is of the workload stands in its first line alone.
    fn line(&self, row: &Row<'_>, line: Line<'_>, first: bool) -> Vec<Cell> {
        let advice = row.advice;
        let urgent = advice.state == State::UnderProvisioned;
        let mark = if urgent { "!" } else { " " };
        let name = format!("{mark} {}", escape(&called(&row.workload.id)));
        let headline = advice.headline.as_ref();
        let why = headline.map_or("", |headline| headline.text.as_str());
        let freed = if first {
            freed(row.bill, &self.analysis.bill.currency)
        } else {
            Cell::new("")
        };
        let once = |text: String| if first { text } else { String::new() };
        let profile = line.part.and_then(|part| part.profile);
        let cpu = profile.and_then(|it| it.cpu.as_ref());
        let memory = profile.and_then(|it| it.memory.as_ref());
        let share = |share: Option<f64>| share.map(percent).unwrap_or_default();
        let fields = &line.fields;
        vec![
            Cell::styled(once(name), if urgent { BAD_BOLD } else { BOLD }),
            Cell::styled(line.name, DIM),
            Cell::styled(once(why.to_owned()), of_state(advice.state)),
            moves::field(&fields.cpu_request, |cpu: Cpu| cpu.to_string()),
            Cell::styled(cpu.map_or_else(String::new, |it| it.p95.to_string()), DIM),
            moves::field(&fields.cpu_limit, |cpu: Cpu| cpu.to_string()),
            moves::field(&fields.memory_request, Bytes::human),
            Cell::styled(memory.map_or_else(String::new, |it| it.max.human()), DIM),
            moves::field(&fields.memory_limit, Bytes::human),
            Cell::new(share(line.risk.and_then(|risk| risk.cpu_time_over_request))),
            Cell::new(share(line.risk.and_then(|risk| risk.memory_over_limit))),
            freed,
        ]
    }
}

/// What one line is about.
struct Line<'a> {
    name: String,
    fields: Fields,
    /// `None` for the pod as a whole.
    part: Option<&'a Part<'a>>,
    risk: Option<Risk>,
}
