//! What `--plan` prints.

use std::fmt;

use super::Plan;
use super::piece::names;
use crate::text::group;
use crate::units::Span;

/// For `--plan`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Prometheus at {}", self.url)?;
        writeln!(
            f,
            "  {} series in {} namespaces, a sample every {}",
            group(&self.series.to_string()),
            self.namespaces,
            self.pace
        )?;
        writeln!(
            f,
            "  window {} to {} at {}, with data since {}",
            self.grid.start,
            self.grid.end(),
            self.grid.step,
            self.grid.time(self.first)
        )?;
        writeln!(f, "  engine {}: {}", self.chosen.engine, self.chosen.why)?;
        if let Some(source) = &self.source {
            writeln!(
                f,
                "  reads `{source}` alone of {} that expose the same containers",
                self.sources.len()
            )?;
        }
        self.fmt_queries(f)?;
        for gap in &self.unknown {
            writeln!(f, "not planned: {}: {}", gap.subject, gap.text)?;
        }
        Ok(())
    }
}

impl Plan {
    /// A line a query.
    fn fmt_queries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} queries, about {} samples, at most {} each; {} more count, as now",
            group(&self.queries().to_string()),
            group(&self.samples().to_string()),
            group(&self.max_samples.to_string()),
            self.counting
        )?;
        for piece in &self.pieces {
            let slots = piece.slots.end - piece.slots.start;
            let span = Span::from_secs(slots.saturating_mul(self.grid.step.as_secs()));
            let mut whose = names(&piece.namespaces);
            if !piece.endings.is_all() {
                whose = format!("{whose}, {}", piece.endings.text());
            }
            line(f, piece.reading.label(), piece.cost, Some(span), &whose)?;
        }
        for more in &self.more {
            let whose = more.only.unwrap_or("all namespaces");
            line(f, more.label, more.cost, more.history, whose)?;
        }
        Ok(())
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    cost: u64,
    history: Option<Span>,
    whose: &str,
) -> fmt::Result {
    let cost = match cost {
        0 => "the index alone".to_owned(),
        cost => format!("{} samples", group(&cost.to_string())),
    };
    let history = history.map_or("the newest".to_owned(), |span| {
        format!("{} of history", span.human())
    });
    writeln!(f, "  {label:<24}  {cost:>19}  {history:>15}  {whose}")
}
