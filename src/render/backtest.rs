//! A backtest for people; for programs it is [`json`].

use std::io;

use anstyle::Style;

mod json;
mod learning;
mod rank;
mod verdict;

use super::Look;
use super::grid::{Cell, Column, Grid};
use super::plain::plain;
use super::style::{BAD_BOLD, BOLD, DIM, PLAIN, Paint};
use super::wrap::wrap;
use crate::backtest::{Backtest, Score, Share, Verdict};
use crate::snapshot::Snapshot;
use crate::text::{count, escape, money, percent};
use crate::units::Money;

pub use json::backtest_json;

/// The comparison as a table: what each would have cost, what would have broken,
/// and whether it kept its word.
pub fn backtest_table(
    snapshot: &Snapshot,
    backtest: &Backtest,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| table(snapshot, backtest, look, out))
}

fn table(
    snapshot: &Snapshot,
    backtest: &Backtest,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint::of(look);
    let text = format!(
        "advice from {}, tested on the {} after, at {} of the past{}",
        backtest.fit,
        backtest.horizon,
        count(backtest.origins.len(), "moment"),
        apart(backtest),
    );
    let name = escape(&snapshot.cluster.name);
    writeln!(out, "{}  {}", paint.on(BOLD, &name), paint.on(DIM, &text))?;
    if let Some(judged) = judged(backtest) {
        writeln!(out, "{}", paint.on(DIM, &wrap(&judged, look.width, 0)))?;
    }
    writeln!(out)?;
    cost_table(backtest).write(look.width, paint, out)?;
    writeln!(out)?;
    risk_table(backtest).write(look.width, paint, out)?;
    if let Some(told) = learning::table(backtest) {
        writeln!(out)?;
        told.write(look.width, paint, out)?;
    }
    writeln!(out)?;
    let note = |(name, what): (&str, &str), out: &mut dyn io::Write| {
        let room = look.width.map(|width| width.saturating_sub(14).max(20));
        let label = paint.on(DIM, &format!("{name:<11}"));
        writeln!(out, "  {label} {}", wrap(what, room, 14))
    };
    NOTES.into_iter().try_for_each(|it| note(it, out))?;
    if backtest.scores.iter().any(|score| !score.guards) {
        note(BARE, out)?;
    }
    learning::notes(backtest)
        .into_iter()
        .try_for_each(|(name, what)| note((name, &what), out))?;
    promises(backtest)
        .iter()
        .try_for_each(|(goal, what)| note((goal, what), out))?;
    note(("--goal", &goals(backtest)), out)?;
    let Some(line) = verdict::line(backtest) else {
        return Ok(());
    };
    let line = wrap(&line, look.width, 0);
    writeln!(out, "\n{}", paint.on(BOLD, &line))
}

/// What another goal would change.
fn goals(backtest: &Backtest) -> String {
    let mut changes: Vec<String> = Vec::new();
    let mut stay: Vec<&str> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for score in &backtest.scores {
        if seen.contains(&score.strategy) {
            continue;
        }
        seen.push(score.strategy);
        match score.goal_changes {
            Some(what) => changes.push(format!("{what} of {}", score.strategy)),
            None => stay.push(score.strategy),
        }
    }
    let stay = match stay.as_slice() {
        [] => String::new(),
        [one] => format!("; {one} stays as it is"),
        [first @ .., last] => format!("; {} and {last} stay as they are", first.join(", ")),
    };
    if changes.is_empty() {
        return format!("changes nothing here{stay}");
    }
    format!("changes {}{stay}", changes.join(", and "))
}

/// What each goal asks for, once.
fn promises(backtest: &Backtest) -> Vec<(&'static str, String)> {
    let mut promises: Vec<(&'static str, String)> = Vec::new();
    for score in backtest.scores.iter().filter(|score| score.heeds_goal) {
        if promises.iter().all(|(goal, _)| *goal != score.goal) {
            let targets = &score.targets;
            let text = format!(
                "promises at most {} over memory, {} nodes full, {} CPU time over",
                percent(targets.memory_over_limit),
                percent(targets.node_memory_overflow),
                percent(targets.cpu_time_over_request),
            );
            promises.push((score.goal, text));
        }
    }
    promises
}

/// How many workloads the figures are of; the history that is needed is the same for all strategies.
fn judged(backtest: &Backtest) -> Option<String> {
    let score = backtest.scores.first()?;
    let thin = score.workloads.saturating_sub(score.advised);
    let kept = if thin == 0 {
        String::new()
    } else {
        format!("; {thin} had too little history and keep their sizes")
    };
    let counted = count(score.workloads, "workload");
    let overlap = if overlaps(backtest) {
        let horizons = backtest.independent_horizons;
        format!("; what followed overlaps, so chance is judged as of {horizons:.1} times")
    } else {
        String::new()
    };
    Some(format!(
        "{counted} tested, each counted once a moment{kept}{overlap}"
    ))
}

fn overlaps(backtest: &Backtest) -> bool {
    backtest.origins.len() > 1 && backtest.every < backtest.horizon
}

/// How far origins are apart, where that is not a horizon.
fn apart(backtest: &Backtest) -> String {
    if overlaps(backtest) {
        format!(", {} apart", backtest.every.human())
    } else {
        String::new()
    }
}

/// What the heads of the tables mean.
const NOTES: [(&str, &str); 8] = [
    ("cost", "of what is requested, a month"),
    ("unused", "the part of it that nothing used"),
    ("÷ used", "requested ÷ used: lower is cheaper"),
    (
        "changes",
        "sizes that changed from one week tested to the next",
    ),
    (
        "over memory",
        "workloads that went over their memory limit: they would be OOM-killed",
    ),
    (
        "nodes full",
        "nodes over 97% of their memory, by pods together or by one alone, which no request prevents",
    ),
    (
        "CPU over",
        "time above the CPU request, and work done above it",
    ),
    (
        "(…)",
        "what was predicted; `!` where more happened than was predicted, beyond chance",
    ),
];

/// What is said where sizes were taken as they are.
const BARE: (&str, &str) = (
    "peers",
    "rules of other tools, as those would set them: without kcost's guards (`--with-guards`)",
);

/// A column of figures of which less is better: how they are told, and what they are.
struct Figures {
    column: Column,
    usual: Style,
    cells: Vec<(String, Option<f64>)>,
}

impl Figures {
    fn of(
        column: Column,
        backtest: &Backtest,
        cell: impl Fn(&Score) -> (String, Option<f64>),
    ) -> Self {
        Self {
            column,
            usual: PLAIN,
            cells: backtest.scores.iter().map(cell).collect(),
        }
    }

    /// Less important.
    fn dim(self, rank: u8) -> Self {
        Self {
            column: self.column.drop(rank),
            usual: DIM,
            ..self
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let figures: Vec<Option<f64>> = self.cells.iter().map(|(_, figure)| *figure).collect();
        let styles = rank::styles(&figures, self.usual);
        let cells = self.cells.iter().zip(styles);
        cells
            .map(|((text, _), style)| {
                // A broken promise stands out, whoever is worse.
                let style = if text.starts_with('!') {
                    BAD_BOLD
                } else {
                    style
                };
                Cell::styled(text.as_str(), style)
            })
            .collect()
    }
}

/// A row for each strategy.
fn grid(backtest: &Backtest, figures: &[Figures]) -> Grid {
    let columns = figures.iter().map(|it| it.column.clone());
    let mut grid = Grid::new(
        [Column::name("STRATEGY")]
            .into_iter()
            .chain(columns)
            .collect(),
    );
    let cells: Vec<Vec<Cell>> = figures.iter().map(Figures::cells).collect();
    for (row, score) in backtest.scores.iter().enumerate() {
        let own = cells.iter().map(|column| column[row].clone());
        let name = Cell::styled(&score.label, BOLD);
        grid.row([name].into_iter().chain(own).collect());
    }
    grid
}

fn cost_table(backtest: &Backtest) -> Grid {
    let amount = |it: Money| (money(it, &backtest.currency), Some(it.to_f64()));
    let ratio = |it: f64| (format!("{it:.2}"), Some(it));
    let none = || ("-".to_owned(), None);
    let figures = [
        Figures::of(Column::number("COST"), backtest, |it| amount(it.monthly)),
        Figures::of(Column::number("UNUSED"), backtest, |it| {
            amount(it.monthly_slack)
        })
        .dim(2),
        Figures::of(Column::number("CPU ÷ USED"), backtest, |it| {
            ratio(it.cpu_footprint)
        }),
        Figures::of(Column::number("MEM ÷ USED"), backtest, |it| {
            ratio(it.memory_footprint)
        }),
        Figures::of(Column::number("NODES"), backtest, |it| {
            it.nodes
                .map_or_else(none, |it| (format!("{it:.1}"), Some(it)))
        }),
        Figures::of(Column::number("CHANGES"), backtest, |it| part(it.churn)).dim(1),
    ];
    grid(backtest, &figures)
}

fn risk_table(backtest: &Backtest) -> Grid {
    let figures = [
        Figures::of(Column::number("OVER MEMORY"), backtest, |it| {
            said(
                it.over_limit.rate(),
                it.promised_over_limit,
                it.memory_verdict(),
            )
        }),
        Figures::of(Column::number("NODES FULL"), backtest, |it| {
            let none = ("-".to_owned(), None);
            it.node_overflow.map_or(none, |overflow| {
                said(overflow.rate(), it.promised_overflow, it.node_verdict())
            })
        }),
        Figures::of(Column::number("TOGETHER"), backtest, |it| {
            part(it.node_overflow_together)
        })
        .dim(2),
        Figures::of(Column::number("ALONE"), backtest, |it| {
            part(it.node_overflow_alone)
        })
        .dim(2),
        Figures::of(Column::number("CPU TIME OVER"), backtest, |it| {
            said(
                it.cpu_time_over.rate,
                it.promised_time_over,
                it.cpu_verdict(),
            )
        }),
        Figures::of(Column::number("CPU WORK OVER"), backtest, |it| {
            (percent(it.cpu_work_over), Some(it.cpu_work_over))
        })
        .dim(1),
    ];
    grid(backtest, &figures)
}

fn part(share: Option<Share>) -> (String, Option<f64>) {
    let none = ("-".to_owned(), None);
    share.map_or(none, |it| (percent(it.rate()), Some(it.rate())))
}

/// `1.7% (2%)`, with a mark where the promise is broken.
fn said(happened: f64, promised: Option<f64>, verdict: Verdict) -> (String, Option<f64>) {
    let promised = promised.map_or(String::new(), |promised| {
        format!(" ({})", percent(promised))
    });
    let mark = if verdict == Verdict::Broken { "!" } else { "" };
    let text = format!("{mark}{}{promised}", percent(happened));
    (text, Some(happened))
}
