use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use super::super::answer::{Broken, Labels, Sink};
use super::super::promql::Look;
use super::joined::Joined;
use super::series::{self, Chunk, Series};
use super::slots::{Samples, View};
use super::{Messages, Slots, wire, xor};
use crate::snapshot::Grid;

/// Samples a second that no series has.
const MOST_A_SECOND: u64 = 2;
/// The same for series of a short time.
const FEW_SAMPLES: u64 = 10_000;

/// What becomes of the samples of series.
#[derive(Debug, Clone)]
pub(in super::super) enum Way {
    /// The largest of a slot.
    Largest,
    /// How fast counters rise: of all CPUs of a container together, where each has a series
    /// of its own by this label.
    Rates(String),
    /// How fast the counter of the second request rises, by that of the first.
    Ratio,
}

/// Which slots are wanted, and from what.
#[derive(Debug, Clone)]
pub(in super::super) struct Wanted {
    pub(in super::super) way: Way,
    pub(in super::super) grid: Grid,
    pub(in super::super) slots: Range<u32>,
    pub(in super::super) look: Look,
    /// Whether a look back has the sample at its very start.
    pub(in super::super) closed: bool,
    /// The number of a request that is asked last, of a series that is there: an answer
    /// without it was cut, however well it ends. Servers answer requests in their order.
    pub(in super::super) witness: Option<u64>,
}

/// Folds the series of an answer into values of slots, one series at a time.
pub(in super::super) struct Reader<S> {
    sink: S,
    wanted: Wanted,
    /// Of the series that is being read: its request, the bytes of its labels, and they.
    open: Option<(u64, Labels)>,
    key: Vec<u8>,
    next: Vec<u8>,
    samples: Samples,
    /// Of one series.
    values: Vec<(u32, f64)>,
    most: u64,
    joined: Joined,
    /// Of series that were added up: their requests and labels, as numbers.
    added: HashSet<u64>,
    twice: bool,
    /// The witness was heard.
    is_whole: bool,
    /// Chunks of encodings that are not read here.
    foreign: u64,
}

impl<S: Sink + Slots> Reader<S> {
    pub(in super::super) fn new(sink: S, wanted: Wanted) -> Self {
        let slots = u64::from(wanted.slots.end - wanted.slots.start);
        let seconds = slots * u64::from(wanted.grid.step.as_secs());
        Self {
            sink,
            most: seconds * MOST_A_SECOND + FEW_SAMPLES,
            joined: Joined::new(&wanted.slots),
            added: HashSet::new(),
            twice: false,
            is_whole: wanted.witness.is_none(),
            wanted,
            open: None,
            key: Vec::new(),
            next: Vec::new(),
            samples: Samples::default(),
            values: Vec::new(),
            foreign: 0,
        }
    }

    /// Whether nothing was cut off at the end.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The sink, and how many chunks are of encodings that are not read here.
    pub(in super::super) fn finish(mut self) -> (S, u64) {
        self.close();
        let sink = &mut self.sink;
        self.joined.tell(&self.wanted.way, |labels, values| {
            sink.series(labels);
            sink.values(values);
        });
        (self.sink, self.foreign)
    }

    fn series(&mut self, request: u64, series: Series) -> Result<(), wire::Malformed> {
        if self.wanted.witness == Some(request) {
            self.is_whole = true;
            return Ok(());
        }
        series.key(&mut self.next)?;
        let same = matches!(&self.open, Some((open, _)) if *open == request);
        if !same || self.next != self.key {
            self.close();
            std::mem::swap(&mut self.next, &mut self.key);
            let labels = series.labels()?;
            self.twice |= self.is_added(&labels) && !self.added.insert(self.number(request));
            self.open = Some((request, labels));
        }
        series.chunks(|chunk| {
            match chunk {
                Chunk::Xor(data) => {
                    let push = |time, value| self.samples.push(time, value);
                    xor::read(data, push).map_err(|xor::Malformed| wire::Malformed)?;
                }
                Chunk::Other => self.foreign += 1,
            }
            if self.samples.len() as u64 > self.most {
                return Err(wire::Malformed);
            }
            Ok(())
        })
    }

    /// Whether values of several series make one: elsewhere the larger of two stays, so
    /// that what comes twice does no harm.
    fn is_added(&self, labels: &Labels) -> bool {
        match &self.wanted.way {
            Way::Largest => false,
            Way::Rates(label) => is_one_cpu(labels.get(label)),
            Way::Ratio => true,
        }
    }

    /// The series that is open, as a number.
    fn number(&self, request: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        (request, &self.key).hash(&mut hasher);
        hasher.finish()
    }

    /// Tells what the series that was read last comes to.
    fn close(&mut self) {
        let Some((request, labels)) = self.open.take() else {
            return;
        };
        let (samples, values) = (&mut self.samples, &mut self.values);
        let Wanted {
            way,
            grid,
            slots,
            look,
            closed,
            ..
        } = &self.wanted;
        let (look, closed) = (*look, *closed);
        let at = View {
            grid,
            slots,
            look,
            closed,
        };
        values.clear();
        match way {
            Way::Largest => samples.largest(at, |slot, value| values.push((slot, value))),
            _ => samples.rates(at, |slot, value| values.push((slot, value))),
        }
        samples.clear();
        let labels = match way {
            Way::Rates(label) if is_one_cpu(labels.get(label)) => {
                let labels = labels.without(label);
                // What is no number of one CPU is none of all, and no sample that is missing.
                for (_, value) in values.iter_mut().filter(|(_, it)| !it.is_finite()) {
                    *value = f64::INFINITY;
                }
                self.joined.add(labels, 0, values);
                None
            }
            Way::Largest | Way::Rates(_) => Some(labels),
            Way::Ratio => {
                let labels = labels.without("__name__");
                let whole = request > 0 && self.joined.divide(&labels, values);
                if whole {
                    Some(labels)
                } else {
                    self.joined.add(labels, usize::from(request > 0), values);
                    None
                }
            }
        };
        if let Some(labels) = labels {
            self.sink.series(&labels);
            self.sink.values(&self.values);
        }
    }
}

/// Whether the value of a label names one CPU. Where their total stands beside them, or took
/// over from them, the larger stays.
fn is_one_cpu(cpu: &str) -> bool {
    !matches!(cpu, "" | "total")
}

impl<S: Sink + Slots> Messages for Reader<S> {
    fn message(&mut self, message: &[u8]) -> Result<(), Broken> {
        let read = series::read(message, |request, series| self.series(request, series));
        read.map_err(|wire::Malformed| Broken::Garbage(0))?;
        if self.twice {
            return Err(Broken::Twice);
        }
        self.sink.fault().map_or(Ok(()), Err)
    }
}
