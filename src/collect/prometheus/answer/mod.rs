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
    /// Why nothing more of this answer is taken; asked after each stretch of bytes.
    fn fault(&self) -> Option<Broken> {
        None
    }
}

/// What a sink may hold of an answer, in bytes.
#[derive(Debug)]
pub(super) struct Room {
    most: usize,
    left: usize,
}

impl Room {
    pub(super) fn new(most: usize) -> Self {
        Self { most, left: most }
    }

    pub(super) fn take(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// What is left when more was taken than there is.
    pub(super) fn fault(&self) -> Option<Broken> {
        (self.left == 0).then_some(Broken::TooLarge(self.most))
    }
}

/// Bytes around two texts that are held, about.
const OVERHEAD: usize = 64;

/// The labels of a series.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Labels(Vec<(String, String)>);

impl Labels {
    pub(super) fn push(&mut self, label: &str, value: &str) {
        self.0.push((label.to_owned(), value.to_owned()));
    }

    /// The same but for one.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(label, _)| label != name);
        self
    }

    /// Every label and its value, in the order of the answer.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(label, value)| (label.as_str(), value.as_str()))
    }

    /// What it takes to hold them, in bytes.
    pub(super) fn size(&self) -> usize {
        let pairs = self.0.iter();
        let each = pairs.map(|(label, value)| label.len() + value.len() + OVERHEAD);
        OVERHEAD + each.sum::<usize>()
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
    /// Warnings and remarks: the first, and each not too long.
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
    /// VictoriaMetrics: some of its storage did not answer.
    pub(super) partial: bool,
}

/// The points of a whole answer of the query API, read in pieces of `piece` bytes:
/// for what is apart from any server.
///
/// # Errors
///
/// With what is wrong, where it is no such answer.
pub fn points(answer: &[u8], piece: usize) -> Result<usize, String> {
    struct Count(usize);

    impl Sink for Count {
        fn series(&mut self, _: &Labels) {}

        fn point(&mut self, _: f64, _: f64) {
            self.0 += 1;
        }
    }

    let broken = |broken: Broken| format!("{broken:?}");
    let mut reader = Reader::new(Count(0));
    for piece in answer.chunks(piece.max(1)) {
        reader.feed(piece).map_err(broken)?;
    }
    let (count, _) = reader.finish().map_err(broken)?;
    Ok(count.0)
}

/// Why an answer could not be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Broken {
    /// There is more of it than this, in bytes.
    TooLarge(usize),
    /// There is more of it than was counted, series or samples.
    TooMany(u64),
    /// A count in it is none.
    Count,
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
    /// A series comes in it a second time, where values of series are added up.
    Twice,
}
