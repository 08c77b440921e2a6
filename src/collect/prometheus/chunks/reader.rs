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
    /// How fast counters rise.
    Rates,
    /// The same of all CPUs of a container together, by the label that names the CPU.
    OfCpus(String),
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
            wanted,
            open: None,
            key: Vec::new(),
            next: Vec::new(),
            samples: Samples::default(),
            values: Vec::new(),
            foreign: 0,
        }
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
        series.key(&mut self.next)?;
        let same = matches!(&self.open, Some((open, _)) if *open == request);
        if !same || self.next != self.key {
            self.close();
            std::mem::swap(&mut self.next, &mut self.key);
            self.open = Some((request, series.labels()?));
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
            Way::Largest | Way::Rates => Some(labels),
            Way::OfCpus(label) => {
                let total = labels.get(label) == "total";
                let labels = labels.without(label);
                self.joined.add(labels, usize::from(total), values);
                None
            }
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

impl<S: Sink + Slots> Messages for Reader<S> {
    fn message(&mut self, message: &[u8]) -> Result<(), Broken> {
        let read = series::read(message, |request, series| self.series(request, series));
        read.map_err(|wire::Malformed| Broken::Garbage(0))?;
        self.sink.fault().map_or(Ok(()), Err)
    }
}
