//! The cluster as a whole: what is requested, used and advised, and what it costs.

use std::collections::BTreeSet;
use std::io;

use super::Page;
use super::grid::{Cell, Column, Grid};
use super::wrap::wrap;
use crate::price::Bill;
use crate::recommend::State;
use crate::render::style::{BOLD, DIM, GOOD_BOLD, PLAIN, WARN, of_state};
use crate::render::words::{change, cores, money, percent, state};
use crate::text::{count, escape};
use crate::units::count_from;

/// Characters of a bar.
const BAR: u32 = 24;

impl Page<'_> {
    pub(super) fn summary(&self, out: &mut dyn io::Write) -> io::Result<()> {
        self.title(out)?;
        writeln!(out)?;
        self.totals(out)?;
        writeln!(out)?;
        self.freed(out)?;
        self.states(out)?;
        self.risk(out)
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
            format!("{} of usage to {end} every {}", grid.span(), grid.step)
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
                self.used(cores(cpu.used_mean)),
                cores(cpu.recommended),
            ],
            [
                cpu.requested.get(),
                cpu.used_mean.get(),
                cpu.recommended.get(),
            ],
        );
        row(
            "memory",
            [
                memory.requested.human(),
                self.used(memory.used_mean.human()),
                memory.recommended.human(),
            ],
            [
                memory.requested.to_f64(),
                memory.used_mean.to_f64(),
                memory.recommended.to_f64(),
            ],
        );
        row(
            "cost a month",
            [
                money(bill.current, bill.currency),
                String::new(),
                money(bill.recommended, bill.currency),
            ],
            [bill.current.to_f64(), 0.0, bill.recommended.to_f64()],
        );
        grid.write(self.look.width, self.paint, out)
    }

    /// What the money means: freed is not saved.
    fn freed(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let bill = &self.analysis.bill;
        if bill.freed.to_cents().to_f64() <= 0.0 {
            return self.fact("freed", &nothing_freed(bill), out);
        }
        let amount = self.paint.on(GOOD_BOLD, &money(bill.freed, bill.currency));
        let text = "a month of requests given back; off the bill once nodes go away";
        let width = money(bill.freed, bill.currency).chars().count();
        let text = wrap(text, self.room(12 + width), 11);
        writeln!(out, "  {} {amount} {text}", self.label("freed"))
    }

    fn states(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let snapshot = self.analysis.snapshot;
        let containers = snapshot
            .workloads
            .iter()
            .map(|it| it.containers.len())
            .sum();
        let pods = snapshot.workloads.iter().map(|it| it.pods.len()).sum();
        let text = format!(
            "{}, {}, {} on {}",
            count(snapshot.workloads.len(), "workload"),
            count(containers, "container"),
            count(pods, "pod"),
            count(snapshot.cluster.nodes.len(), "node"),
        );
        self.fact("cluster", &text, out)?;
        let mut plain = Vec::new();
        let mut painted = Vec::new();
        for one in State::ALL {
            let workloads = self.analysis.advised.workloads.iter();
            let number = workloads.filter(|it| it.state == one).count();
            if number > 0 {
                plain.push(format!("{number} {}", state(one)));
                painted.push(self.paint.on(of_state(one), &plain[plain.len() - 1]));
            }
        }
        // Painted apart, because wrapping counts what a terminal shows.
        let wrapped = wrap(&plain.join(", "), self.room(11), 11);
        let mut text = wrapped;
        for (plain, painted) in plain.iter().zip(&painted) {
            text = text.replacen(plain, painted, 1);
        }
        if !text.is_empty() {
            writeln!(out, "  {} {text}", self.label("states"))?;
        }
        Ok(())
    }

    /// Without a single sample nothing is known of use: that is not zero.
    fn used(&self, text: String) -> String {
        let bill = &self.analysis.bill;
        let nothing = bill.cpu.used_mean.is_zero() && bill.memory.used_mean.is_zero();
        if nothing && self.analysis.snapshot.usage.series.is_empty() {
            "-".to_owned()
        } else {
            text
        }
    }

    fn risk(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let options = &self.analysis.settings.recommend;
        if !options.strategy.heeds_goal() {
            return self.node_risk(out);
        }
        let targets = &options.targets;
        let horizon = targets.horizon;
        let text = format!(
            "`{}` promises over {horizon}: memory limit exceeded by at most {} of workloads, CPU request at most {} of the time",
            options.goal.name(),
            percent(targets.memory_over_limit),
            percent(targets.cpu_time_over_request),
        );
        self.fact("risk", &text, out)?;
        self.node_risk(out)
    }

    fn node_risk(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let targets = &self.analysis.settings.recommend.targets;
        let horizon = targets.horizon;
        let text = match self.analysis.advised.node_memory_overflow {
            Some(overflow) => format!(
                "{} chance that some node runs out of memory within {horizon} (target {})",
                percent(overflow.get()),
                percent(targets.node_memory_overflow)
            ),
            None => "too little is known to say whether nodes could run out of memory".to_owned(),
        };
        self.fact("nodes", &text, out)?;
        self.fact("prices", &self.analysis.bill.description, out)?;
        let gaps = &self.analysis.snapshot.gaps;
        if !gaps.is_empty() {
            let text = format!("{} in the data, see below", count(gaps.len(), "gap"));
            let label = self.label("gaps");
            writeln!(out, "  {label} {}", self.paint.on(WARN, &text))?;
        }
        Ok(())
    }

    /// A labelled sentence; its text is plain.
    fn fact(&self, name: &str, text: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let text = wrap(text, self.room(11), 11);
        writeln!(out, "  {} {text}", self.label(name))
    }

    fn label(&self, name: &str) -> String {
        self.paint.on(DIM, &format!("{name:<8}"))
    }

    /// The groups that were found.
    pub(super) fn cohorts(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let cohorts = &self.analysis.cohorts;
        if cohorts.groups.is_empty() {
            self.heading("Cohorts", "", out)?;
            return writeln!(out, "  none: too little usage to tell how workloads behave");
        }
        self.heading("Cohorts", "workloads that behave alike", out)?;
        let mut grid = Grid::new(vec![
            Column::name("NAME"),
            Column::number("WORKLOADS"),
            Column::number("CONTAINERS").drop(2),
            Column::name("BEHAVIOUR").drop(1),
        ]);
        for group in &cohorts.groups {
            let profiles = group.members.iter();
            let profiles = profiles.filter_map(|it| self.analysis.profiles.get(*it));
            let workloads: BTreeSet<usize> = profiles.map(|it| it.workload).collect();
            grid.row(vec![
                Cell::styled(escape(&group.name), BOLD),
                Cell::new(workloads.len().to_string()),
                Cell::new(group.members.len().to_string()),
                Cell::styled(escape(&group.description), DIM),
            ]);
        }
        grid.write(self.look.width, self.paint, out)
    }
}

fn nothing_freed(bill: &Bill) -> String {
    if bill.recommended > bill.current {
        let more = money(bill.recommended - bill.current, bill.currency);
        format!("nothing: what is too small needs {more} a month more than the rest gives back")
    } else {
        "nothing to give back".to_owned()
    }
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
