//! An answer of the query API, folded away while it arrives.
//!
//! Whatever its size, only the token that is being read is kept: every point
//! goes straight to a [`Sink`].

mod reader;

pub(super) use reader::Reader;

/// Where the points of an answer go.
pub(super) trait Sink {
    /// The next points are of the series with these labels.
    fn series(&mut self, labels: &Labels);
    /// A point: Unix seconds, value. May be `NaN` or infinite.
    fn point(&mut self, time: f64, value: f64);
}

/// The labels of a series.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Labels(Vec<(String, String)>);

impl Labels {
    /// Every label and its value, in the order of the answer.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(label, value)| (label.as_str(), value.as_str()))
    }

    /// The value; empty where there is no such label, as Prometheus has it.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(label, _)| label == name)
            .map_or("", |(_, value)| value)
    }
}

/// What an answer says besides its points.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Head {
    pub(super) status: String,
    pub(super) error_type: String,
    pub(super) error: String,
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
    /// VictoriaMetrics: some of its storage did not answer.
    pub(super) partial: bool,
}

/// Why an answer could not be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Broken {
    /// Nothing came.
    Empty,
    /// It ends in the middle, after so many bytes.
    Truncated(u64),
    /// It is a web page, as a login or error page of a proxy.
    Html,
    /// It is JSON, but of another API.
    Foreign,
    /// It is something else, from this byte on.
    Garbage(u64),
}
