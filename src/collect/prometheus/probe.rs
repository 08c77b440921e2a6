//! A first question to a server that was found: does it answer, and what has it?

use super::answer::{Broken, Labels, Room, Sink};
use super::clusters::{self, Mixed, Seen};
use super::options::PrometheusOptions;
use super::promql::{LOOKBACK, MEMORY, Selection, Words};
use super::server::Query;

/// What a server holds at the end of the window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::collect) struct Holding {
    /// Series of containers.
    pub(in crate::collect) series: u64,
    /// What tells clusters apart, where it holds several.
    pub(in crate::collect) mixed: Vec<Mixed>,
}

/// Counts by the labels that may name a cluster.
struct Found<'a> {
    labels: &'a [String],
    series: u64,
    seen: Seen,
    room: Room,
}

/// What the names of clusters may take, in bytes.
const ROOM: usize = 8 << 20;

impl Sink for Found<'_> {
    fn series(&mut self, labels: &Labels) {
        self.room.take(labels.size());
        for label in self.labels {
            self.seen.add(label, labels.get(label), 0);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count is whole and small"
    )]
    fn point(&mut self, _: f64, value: f64) {
        self.series = self.series.saturating_add(value as u64);
    }

    fn fault(&self) -> Option<Broken> {
        self.room.fault()
    }
}

/// Counts the series of containers, by cluster.
///
/// # Errors
///
/// In words, why there is no answer.
pub(in crate::collect) async fn probe(options: &PrometheusOptions) -> Result<Holding, String> {
    let server = super::connect(options).map_err(|error| error.to_string())?;
    let words = Words::new(options);
    let series = words.containers(MEMORY, Selection::ALL);
    let end = options.end.as_second();
    let labels = clusters::usual(words);
    // A server looks back five minutes by itself, and what is scraped every five
    // minutes is now and then older.
    let by = labels.join(",");
    let text = format!("count by ({by}) (last_over_time({series}[{LOOKBACK}]))");
    let found = Found {
        labels: &labels,
        series: 0,
        seen: Seen::default(),
        room: Room::new(ROOM),
    };
    let asked = server.ask(&Query::instant(text, end), found).await;
    let (found, _) = asked.map_err(|failure| failure.to_string())?;
    Ok(Holding {
        series: found.series,
        mixed: found.seen.mixed(),
    })
}
