//! The bill as lines that sum, and what the advice does to it.

use std::io;

use super::Page;
use crate::costs::Lines;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::style::{BOLD, DIM, GOOD_BOLD, PLAIN};
use crate::text::money;
use crate::units::Money;

impl Page<'_> {
    /// What a month costs, by what can be done about it.
    pub(super) fn billing(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let banked = self.analysis.banked.as_ref();
        let Some(lines) = banked.and_then(|it| it.lines.as_ref()) else {
            return Ok(());
        };
        self.heading("Bill", "what a month costs, and what of it can go", out)?;
        let mut grid = Grid::new(vec![
            Column::word(""),
            Column::number(""),
            Column::word("").drop(1),
        ]);
        for (name, amount, note) in rows(lines) {
            let style = match name {
                "the bill" => BOLD,
                "banked" => GOOD_BOLD,
                _ => PLAIN,
            };
            grid.row(vec![
                Cell::new(name),
                Cell::styled(money(amount, &self.analysis.bill.currency), style),
                Cell::styled(note, DIM),
            ]);
        }
        grid.write(self.look.width, self.paint, out)
    }
}

/// The lines that say something, with how they sum.
fn rows(lines: &Lines) -> Vec<(&'static str, Money, &'static str)> {
    let parts = [
        (
            "  GPUs",
            lines.gpus,
            "that workloads hold; jobs by how long they run",
        ),
        ("  volumes", lines.volumes, ""),
        (
            "  load balancers",
            lines.load_balancers,
            "without their traffic",
        ),
        (
            "  system",
            lines.system,
            "kept back on nodes by the kubelet",
        ),
        (
            "  not judged",
            lines.not_judged,
            "too little is known of its use",
        ),
        (
            "  kept",
            lines.kept,
            "requested still once the advice is followed",
        ),
        (
            "  given back",
            lines.given_back,
            "requested now, and not needed",
        ),
        (
            "  idle",
            lines.idle,
            "on nodes, requested by nobody; jobs by how long they run",
        ),
    ];
    let mut rows = vec![("the bill", lines.total, "the sum of these:")];
    rows.extend(
        parts
            .into_iter()
            .filter(|(_, amount, _)| *amount != Money::ZERO),
    );
    if lines.needed_more > Money::ZERO {
        rows.push(("needed more", lines.needed_more, "by what is too small now"));
    }
    rows.push(("net freed", lines.net_freed, "given back less needed more"));
    if let Some((banked, left)) = lines.banked.zip(lines.left_idle) {
        rows.push(("banked", banked, "leaves the bill with nodes that can go"));
        rows.push(("left idle", left, "idle and net freed, less banked"));
    }
    rows
}
