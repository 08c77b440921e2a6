//! A first question to a server that was found: does it answer, and what has it?

use super::answer::{Labels, Sink};
use super::options::PrometheusOptions;
use super::promql::{MEMORY, Selection, Words};
use super::server::Query;

/// What a server holds at the end of the window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::collect) struct Holding {
    /// Series of containers.
    pub(in crate::collect) series: u64,
    /// Values of the label `cluster`, sorted; one empty text where there is no such label.
    pub(in crate::collect) clusters: Vec<String>,
}

/// Counts by the only label of each series.
#[derive(Default)]
struct Found(Holding);

impl Sink for Found {
    fn series(&mut self, labels: &Labels) {
        let cluster = labels.iter().next().map_or("", |(_, value)| value);
        self.0.clusters.push(cluster.to_owned());
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count is whole and small"
    )]
    fn point(&mut self, _: f64, value: f64) {
        self.0.series += value as u64;
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
    let cluster = words.name("cluster");
    // A server looks back five minutes by itself, and what is scraped every five
    // minutes is now and then older.
    let text = format!("count by ({cluster}) (last_over_time({series}[15m]))");
    let query = Query::instant(text, options.end.as_second());
    let asked = server.ask(&query, Found::default()).await;
    let (Found(mut holding), _) = asked.map_err(|failure| failure.to_string())?;
    holding.clusters.sort();
    Ok(holding)
}
