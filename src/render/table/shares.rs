//! What each namespace or team costs, wastes and gives back.

use std::io;

use super::Page;
use crate::costs::{By, Share, UNALLOCATED};
use crate::render::grid::{Cell, Column, Grid};
use crate::render::style::{BOLD, DIM, GOOD, PLAIN, WARN};
use crate::text::{escape, money, short};
use crate::units::{Money, Ratio};

impl Page<'_> {
    /// Where it was asked for.
    pub(super) fn shares(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(shares) = &self.analysis.shares else {
            return Ok(());
        };
        let (title, what) = match &shares.by {
            By::Label(key) => (escape(&key.to_uppercase()), escape(key)),
            _ => ("NAMESPACE".to_owned(), "namespace".to_owned()),
        };
        let aside = "waste is of requests with advice, by their value";
        self.heading(&format!("By {what}"), aside, out)?;
        let mut grid = Grid::new(vec![
            Column::name("").titled(format!("  {title}")),
            Column::number("WORKLOADS").drop(5),
            Column::number("COST/MO"),
            Column::number("ADVISED").drop(4),
            Column::number("FREED/MO"),
            Column::number("WASTE"),
            Column::number("CPU WASTE").drop(2),
            Column::number("MEMORY WASTE").drop(1),
        ]);
        for share in &shares.shares {
            grid.row(self.share(share));
        }
        grid.write(self.look.width, self.paint, out)
    }

    fn share(&self, share: &Share) -> Vec<Cell> {
        let currency = &*self.analysis.bill.currency;
        let name = match share.name.as_str() {
            UNALLOCATED => "without it".to_owned(),
            name => escape(name),
        };
        let freed = share.part.freed();
        let style = match freed {
            freed if freed > Money::ZERO => GOOD,
            freed if freed < Money::ZERO => WARN,
            _ => PLAIN,
        };
        let waste = &share.part.waste;
        vec![
            Cell::styled(format!("  {name}"), BOLD),
            Cell::styled(share.workloads.to_string(), DIM),
            Cell::new(money(share.part.current, currency)),
            Cell::styled(money(share.part.recommended, currency), DIM),
            Cell::styled(money(freed, currency), style),
            Cell::new(percent(waste.cost.known())),
            Cell::styled(percent(waste.cpu.known()), DIM),
            Cell::styled(percent(waste.memory.known()), DIM),
        ]
    }
}

/// What could not be judged is not zero.
fn percent(ratio: Option<Ratio>) -> String {
    ratio.map_or_else(
        || "-".to_owned(),
        |it| format!("{} %", short(it.get() * 100.0, 0)),
    )
}
