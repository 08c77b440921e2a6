//! Several clusters: a section each, and a table of all with a total.

use std::io;

use crate::gate::Outcome;
use crate::pipeline::Analysis;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::style::{BAD_BOLD, BOLD, DIM, GOOD_BOLD, HINT, Paint};
use crate::render::words::change;
use crate::render::wrap::wrap;
use crate::render::{Fleet, Look, Member};
use crate::text::{escape, money};
use crate::units::Money;

/// One section each by `section`, then the table.
pub(super) fn write(
    fleet: &Fleet<'_>,
    look: &Look,
    section: impl Fn(&Analysis<'_>, &Look, &mut dyn io::Write) -> io::Result<()>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint::of(look);
    for member in &fleet.members {
        match member {
            Member::Analyzed { analysis, command } => section(analysis, &look.of(command), out)?,
            Member::Failed { name, error, hint } => {
                let room = look.width.map(|width| width.saturating_sub(2).max(20));
                let name = paint.on(BOLD, &escape(name));
                writeln!(out, "{name}  {}", paint.on(BAD_BOLD, "failed"))?;
                writeln!(out, "  {}", wrap(&escape(error), room, 2))?;
                if let Some(hint) = hint {
                    let label = paint.on(HINT, "hint:");
                    writeln!(out, "  {label} {}", wrap(&escape(hint), room, 8))?;
                }
            }
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", paint.on(BOLD, "All clusters"))?;
    table(fleet).write(look.width, paint, out)?;
    verdict(fleet, paint, out)
}

fn table(fleet: &Fleet<'_>) -> Grid {
    let mut grid = Grid::new(vec![
        Column::name("CLUSTER"),
        Column::number("WORKLOADS").drop(1),
        Column::number("COST A MONTH"),
        Column::number("ADVISED"),
        Column::number("CHANGE"),
        Column::number("FREED"),
    ]);
    for member in &fleet.members {
        match member {
            Member::Analyzed { analysis, .. } => {
                let bill = &analysis.bill;
                let name = escape(&analysis.snapshot.cluster.name);
                let workloads = analysis.snapshot.owners();
                let sums = [bill.current, bill.recommended, bill.freed];
                grid.row(row(name, workloads, sums, &bill.currency));
            }
            Member::Failed { name, .. } => {
                let mut cells = vec![
                    Cell::new(escape(name)),
                    Cell::new(""),
                    Cell::styled("failed", BAD_BOLD),
                ];
                cells.resize(6, Cell::new(""));
                grid.row(cells);
            }
        }
    }
    let workloads = fleet.analyses().map(|it| it.snapshot.owners()).sum();
    let sums = [
        fleet.sum(|bill| bill.current),
        fleet.sum(|bill| bill.recommended),
        fleet.sum(|bill| bill.freed),
    ];
    let total = row("total".to_owned(), workloads, sums, &fleet.currency());
    grid.row(total);
    grid
}

fn row(name: String, workloads: usize, sums: [Money; 3], currency: &str) -> Vec<Cell> {
    let [now, next, freed] = sums;
    vec![
        Cell::styled(name, BOLD),
        Cell::styled(workloads.to_string(), DIM),
        Cell::new(money(now, currency)),
        Cell::new(money(next, currency)),
        Cell::new(change(now.to_f64(), next.to_f64())),
        Cell::styled(money(freed, currency), GOOD_BOLD),
    ]
}

/// Which clusters fail the gate: each has said why in its own section.
fn verdict(fleet: &Fleet<'_>, paint: Paint, out: &mut dyn io::Write) -> io::Result<()> {
    if fleet
        .analyses()
        .all(|analysis| analysis.outcomes.is_empty())
    {
        return Ok(());
    }
    let named = |is: fn(&Outcome) -> bool| {
        let found = fleet.analyses().filter(|it| it.outcomes.iter().any(is));
        let names = found.map(|it| escape(&it.snapshot.cluster.name));
        names.collect::<Vec<String>>().join(", ")
    };
    let (failed, unjudged) = (named(|it| it.failed), named(|it| !it.judged));
    let (style, text) = match (failed.as_str(), unjudged.as_str()) {
        ("", "") => (GOOD_BOLD, "gate passed in every cluster".to_owned()),
        ("", names) => (BAD_BOLD, format!("gate not judged in {names}")),
        (names, _) => (BAD_BOLD, format!("gate failed in {names}")),
    };
    writeln!(out)?;
    writeln!(out, "{}", paint.on(style, &text))
}
