//! What `--plan` prints.

use std::fmt;

use super::super::promql::Endings;
use super::Plan;
use super::piece::{Piece, names};
use super::weight::{MOST_BYTES, SENT_FOR_ONE};
use crate::text::group;
use crate::units::{Bytes, Span};

/// For `--plan`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Prometheus at {}", self.url)?;
        writeln!(
            f,
            "  {} series in {} namespaces, a sample every {}",
            group(&self.series.to_string()),
            self.namespaces.len(),
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
    /// Stored samples of one request at most, which the server sends without a look at them.
    fn most_stored(&self) -> u64 {
        self.max_samples.saturating_mul(SENT_FOR_ONE)
    }

    fn shown_cost(&self, piece: &Piece) -> String {
        self.bytes(piece).map_or_else(
            || samples(piece.cost),
            |bytes| Bytes::from_f64(bytes).human(),
        )
    }

    /// What a piece weighs in chunks.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn bytes(&self, piece: &Piece) -> Option<f64> {
        let slots = piece.slots.end - piece.slots.start;
        let stored = self.stored(piece.reading, piece.series, slots)?;
        Some(stored.bytes * piece.endings.len() as f64 / Endings::all().len() as f64)
    }

    /// A line a query.
    fn fmt_queries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queries = group(&self.queries().to_string());
        let bytes: f64 = self.pieces.iter().filter_map(|it| self.bytes(it)).sum();
        if bytes > 0.0 {
            let bytes = Bytes::from_f64(bytes).human();
            let most = Bytes::from_f64(MOST_BYTES).human();
            write!(
                f,
                "{queries} queries, about {bytes} of chunks, at most {most} and {} samples each; ",
                group(&self.most_stored().to_string())
            )?;
        } else {
            write!(
                f,
                "{queries} queries, about {} samples, at most {} each; ",
                group(&self.samples().to_string()),
                group(&self.max_samples.to_string()),
            )?;
        }
        writeln!(f, "{} more count, as now", self.counting)?;
        for piece in &self.pieces {
            let slots = piece.slots.end - piece.slots.start;
            let span = Span::from_secs(slots.saturating_mul(self.grid.step.as_secs()));
            let mut whose = names(&piece.namespaces);
            if !piece.endings.is_all() {
                whose = format!("{whose}, {}", piece.endings.text());
            }
            let cost = self.shown_cost(piece);
            line(f, piece.reading.label(), &cost, Some(span), &whose)?;
        }
        for more in &self.more {
            let whose = more.only.unwrap_or("all namespaces");
            line(f, more.label, &samples(more.cost), more.history, whose)?;
        }
        Ok(())
    }
}

fn samples(cost: u64) -> String {
    match cost {
        0 => "the index alone".to_owned(),
        cost => format!("{} samples", group(&cost.to_string())),
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    cost: &str,
    history: Option<Span>,
    whose: &str,
) -> fmt::Result {
    let history = history.map_or("the newest".to_owned(), |span| {
        format!("{} of history", span.human())
    });
    writeln!(f, "  {label:<24}  {cost:>19}  {history:>15}  {whose}")
}
