//! What the answers of a survey are folded into.

use std::collections::BTreeMap;

use super::super::answer::{Labels, Sink};
use super::super::clusters::Seen;
use super::super::promql::Words;
use super::{Cells, Source};

/// Counts of series by namespace and source, and the clusters that they are of.
pub(super) struct Counts<'a> {
    words: Words<'a>,
    /// What may name a cluster.
    labels: &'a [String],
    current: (String, Source),
    /// The cluster of the current series by each of the labels.
    clusters: Vec<String>,
    pub(super) counted: Counted,
}

/// What was counted over the window.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) cells: Cells,
    /// Which clusters were seen, by namespace.
    pub(super) clusters: BTreeMap<String, Seen>,
}

impl<'a> Counts<'a> {
    pub(super) fn new(words: Words<'a>, labels: &'a [String]) -> Self {
        Self {
            words,
            labels,
            current: Default::default(),
            clusters: Vec::new(),
            counted: Counted::default(),
        }
    }
}

impl Sink for Counts<'_> {
    fn series(&mut self, labels: &Labels) {
        let namespace = labels.get(self.words.name("namespace")).to_owned();
        self.current = (namespace, Source::of(labels, self.words));
        let clusters = self.labels.iter().map(|label| labels.get(label).to_owned());
        self.clusters = clusters.collect();
    }

    #[expect(clippy::cast_possible_truncation, reason = "Unix seconds are small")]
    fn point(&mut self, time: f64, value: f64) {
        let time = time as i64;
        let cell = self.counted.cells.entry(self.current.clone()).or_default();
        *cell.entry(time).or_default() += whole(value);
        let seen = self
            .counted
            .clusters
            .entry(self.current.0.clone())
            .or_default();
        for (label, cluster) in self.labels.iter().zip(&self.clusters) {
            seen.add(label, cluster, time);
        }
    }
}

/// Adds up the values of series by some labels.
pub(super) struct Sums<'a> {
    labels: &'a [&'a str],
    current: Vec<String>,
    pub(super) found: BTreeMap<Vec<String>, u64>,
}

impl<'a> Sums<'a> {
    pub(super) fn by(labels: &'a [&'a str]) -> Self {
        Self {
            labels,
            current: Vec::new(),
            found: BTreeMap::new(),
        }
    }
}

impl Sink for Sums<'_> {
    fn series(&mut self, labels: &Labels) {
        let values = self.labels.iter().map(|label| labels.get(label).to_owned());
        self.current = values.collect();
    }

    fn point(&mut self, _: f64, value: f64) {
        *self.found.entry(self.current.clone()).or_default() += whole(value);
    }
}

/// A count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole, small and never negative"
)]
pub(super) fn whole(value: f64) -> u64 {
    value as u64
}
