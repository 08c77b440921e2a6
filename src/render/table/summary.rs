//! The cluster as a whole: what is requested, used and advised, and what it costs.

use std::io;

use super::Page;
use crate::recommend::State;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::style::{BOLD, DIM, GOOD_BOLD, PLAIN, WARN, of_state};
use crate::render::whole::Whole;
use crate::render::words::{change, cores};
use crate::render::wrap::wrap;
use crate::text::{escape, money};
use crate::units::{Bytes, Cpu, Money, count_from};

/// Stands for a space at which no line ends.
const UNBROKEN: char = '\u{a0}';

/// Characters of a bar.
const BAR: u32 = 24;

impl Page<'_> {
    /// What is asked for, used and advised, what that is worth, and what is at risk.
    pub(super) fn head(&self, out: &mut dyn io::Write) -> io::Result<()> {
        self.title(out)?;
        self.totals(out)?;
        self.verdicts(out)
    }

    /// One line: the money, and how many workloads are what.
    fn verdicts(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let bill = &self.analysis.bill;
        let freed = bill.freed.to_cents();
        let mut parts = vec![if freed > Money::ZERO {
            let text = format!("frees {} a month", money(freed, &bill.currency));
            (text, GOOD_BOLD)
        } else {
            ("frees nothing".to_owned(), DIM)
        }];
        let banked = self.analysis.banked.as_ref().and_then(|it| it.monthly);
        if let Some(banked) = banked.filter(|it| *it > Money::ZERO) {
            let text = format!("banks {}", money(banked, &bill.currency));
            parts.push((text, GOOD_BOLD));
        }
        let all = Whole::all(self.analysis);
        for (state, what) in [
            (State::UnderProvisioned, "at risk"),
            (State::Idle, "idle"),
            (State::OverProvisioned, "over-provisioned"),
            (State::Unknown, "unknown"),
        ] {
            let number = all.iter().filter(|it| it.state() == state).count();
            if number > 0 {
                parts.push((format!("{number}{UNBROKEN}{what}"), of_state(state)));
            }
        }
        let plain: Vec<String> = parts.iter().map(|(text, _)| text.clone()).collect();
        // Painted apart, because wrapping counts what a terminal shows.
        let mut text = wrap(&plain.join(" · "), self.room(2), 2);
        for (plain, style) in &parts {
            let shown = plain.replace(UNBROKEN, " ");
            text = text.replacen(plain, &self.paint.on(*style, &shown), 1);
        }
        writeln!(out, "  {text}")
    }

    fn title(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let snapshot = self.analysis.snapshot;
        let grid = &snapshot.usage.grid;
        let name = match snapshot.cluster.name.as_str() {
            "" => "cluster".to_owned(),
            name => escape(name),
        };
        let version = snapshot.cluster.server_version.as_deref().unwrap_or("");
        let mut sources: Vec<&str> = Vec::new();
        for source in &snapshot.sources {
            if !sources.contains(&source.kind.name()) {
                sources.push(source.kind.name());
            }
        }
        let usage = if grid.len == 0 {
            "no usage".to_owned()
        } else {
            let end = grid.end().strftime("%Y-%m-%d %H:%M UTC");
            let span = grid.span().human();
            format!("{span} of usage to {end} every {}", grid.step)
        };
        let mut facts = vec![usage];
        if !version.is_empty() {
            facts.insert(0, escape(version));
        }
        if !sources.is_empty() {
            facts.push(format!("from {}", sources.join(" and ")));
        }
        let taken = name.chars().count() + 2;
        let facts = wrap(&facts.join(", "), self.room(taken), 0);
        let (first, rest) = facts.split_once('\n').unwrap_or((&facts, ""));
        let name = self.paint.on(BOLD, &name);
        writeln!(out, "{name}  {}", self.paint.on(DIM, first))?;
        rest.lines()
            .try_for_each(|line| writeln!(out, "  {}", self.paint.on(DIM, line)))
    }

    fn totals(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let bill = &self.analysis.bill;
        let (cpu, memory) = (&bill.cpu, &bill.memory);
        let mut grid = Grid::new(vec![
            Column::word(""),
            Column::number("REQUESTED"),
            Column::number("USED"),
            Column::number("ADVISED"),
            Column::number("CHANGE"),
            Column::word("■ USED  ▪ ADVISED  · REQUESTED").drop(1),
        ]);
        let mut row = |name: &str, texts: [String; 3], amounts: [f64; 3]| {
            let [now, used, next] = texts;
            let [requested, _, advised] = amounts;
            let change = change(requested, advised);
            let style = if advised < requested { GOOD_BOLD } else { WARN };
            grid.row(vec![
                Cell::styled(name, BOLD),
                Cell::new(now),
                Cell::styled(used, DIM),
                Cell::styled(next, BOLD),
                Cell::styled(change, style),
                Cell::styled(bar(amounts), PLAIN),
            ]);
        };
        row(
            "cpu cores",
            [
                cores(cpu.requested),
                used(cpu.used_mean.map(cores)),
                cores(cpu.recommended),
            ],
            [
                cpu.requested.get(),
                cpu.used_mean.map_or(0.0, Cpu::get),
                cpu.recommended.get(),
            ],
        );
        row(
            "memory",
            [
                memory.requested.human(),
                used(memory.used_mean.map(Bytes::human)),
                memory.recommended.human(),
            ],
            [
                memory.requested.to_f64(),
                memory.used_mean.map_or(0.0, Bytes::to_f64),
                memory.recommended.to_f64(),
            ],
        );
        row(
            "cost a month",
            [
                money(bill.current, &bill.currency),
                String::new(),
                money(bill.recommended, &bill.currency),
            ],
            [bill.current.to_f64(), 0.0, bill.recommended.to_f64()],
        );
        grid.write(self.look.width, self.paint, out)
    }
}

/// Without a single sample nothing is known of use: that is not zero.
fn used(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

/// Requested, used, advised as one bar whose full length is the largest of them.
fn bar([requested, used, advised]: [f64; 3]) -> String {
    let full = requested.max(used).max(advised);
    if full <= 0.0 {
        return String::new();
    }
    let cells = |amount: f64| count_from(amount / full * f64::from(BAR));
    let (requested, used, advised) = (cells(requested), cells(used), cells(advised));
    (0..u64::from(BAR))
        .map(|cell| match cell {
            cell if cell < used => '■',
            cell if cell < advised => '▪',
            cell if cell < requested => '·',
            _ => ' ',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_shows_three_amounts() {
        assert_eq!(bar([24.0, 6.0, 12.0]), "■■■■■■▪▪▪▪▪▪············");
        assert_eq!(bar([12.0, 6.0, 24.0]), "■■■■■■▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪");
        assert_eq!(bar([0.0, 0.0, 0.0]), "");
    }
}
