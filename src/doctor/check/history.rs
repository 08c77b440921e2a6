use super::no_samples;
use crate::doctor::{Check, Point, Seen};
use crate::snapshot::Grid;
use crate::units::Span;

/// How far back usage goes.
pub(super) struct History;

/// Days from which on confidence may be medium, and high: see how it is judged.
const MEDIUM: f64 = 6.5;
const HIGH: f64 = 13.5;

impl Check for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn summary(&self) -> &'static str {
        "how far back usage goes"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        if let Some(none) = no_samples(seen) {
            return none;
        }
        let snapshot = seen.snapshot.map(|it| &it.usage.grid);
        let span = snapshot.map_or_else(Span::default, |grid| seen.usage.history(grid));
        let asked = snapshot.map_or_else(Span::default, Grid::span);
        let text = format!("usage goes back {}", span.human());
        vec![judged(text, span, asked)]
    }
}

fn judged(text: String, span: Span, asked: Span) -> Point {
    let days = span.as_days();
    if days >= HIGH {
        return Point::ok(text);
    }
    let mend = if asked.as_days() < HIGH {
        "--window 14d"
    } else {
        "prometheus --storage.tsdb.retention.time=30d"
    };
    if days >= MEDIUM {
        return Point::warn(4, text)
            .effect("confidence is medium at most: less than two weeks show no weekly rhythm")
            .mend(mend);
    }
    if days >= 1.0 {
        return Point::warn(12, text)
            .effect("confidence is low: a week has days that were not seen")
            .mend(mend);
    }
    Point::warn(30, text)
        .effect("no whole day was seen: sizes are unknown, or little more than a guess")
        .mend(mend)
}
