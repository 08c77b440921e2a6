//! Whether promises were kept more closely with what earlier moments taught.

use super::percent;
use crate::backtest::{Backtest, Calibration, Score};
use crate::recommend::About;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::style::BOLD;
use crate::text::count;

/// A row for each strategy that promises, where one of them learned.
pub(super) fn table(backtest: &Backtest) -> Option<Grid> {
    backtest.scores.iter().find(|it| it.learning.is_some())?;
    let mut grid = Grid::new(vec![
        Column::name("PROMISES"),
        Column::number("MEMORY"),
        Column::number("OFF"),
        Column::number("BY KIND").drop(1),
        Column::number("CPU TIME"),
        Column::number("OFF"),
        Column::number("BY KIND").drop(1),
        Column::number("LEARNED").drop(2),
    ]);
    for score in backtest.scores.iter().filter(|it| it.heeds_goal) {
        let mut cells = vec![Cell::styled(&score.label, BOLD)];
        cells.extend(figures(score, About::MemoryLimit));
        cells.extend(figures(score, About::CpuRequest));
        let learned = score.learning.map_or_else(
            || "-".to_owned(),
            |times| format!("{times} of {}", backtest.origins.len()),
        );
        cells.push(Cell::new(learned));
        grid.row(cells);
    }
    Some(grid)
}

fn figures(score: &Score, about: About) -> Vec<Cell> {
    let found = score.calibration.iter().find(|it| it.about == about);
    let Some(found) = found else {
        return vec![Cell::new("-"), Cell::new("-"), Cell::new("-")];
    };
    let Calibration { said, came, .. } = found;
    vec![
        Cell::new(format!("{} ({})", percent(*came), percent(*said))),
        Cell::new(percent(found.off())),
        Cell::new(percent(found.off_by_kind)),
    ]
}

/// What its heads mean.
pub(super) fn notes(backtest: &Backtest) -> Vec<(&'static str, String)> {
    if backtest.scores.iter().all(|it| it.learning.is_none()) {
        return Vec::new();
    }
    let moments = count(backtest.origins.len(), "moment");
    vec![
        (
            "off",
            "how far what happened is from what was predicted, of all and within each kind of cohort"
                .to_owned(),
        ),
        (
            "learned",
            format!("of {moments}, those at which promises that were over taught anything"),
        ),
    ]
}
