//! Answers about usage into columns, a series at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::answer::{Broken, Labels, Sink};
use super::chunks::Slots;
use super::peaks::Peaks;
use super::plan::{Piece, Plan};
use super::promql::Words;
use super::reading::Reading;
use crate::collect::UsageBuilder;
use crate::snapshot::Grid;

/// Puts the points of one answer into the columns, a series at a time.
pub(super) struct Fold {
    usage: Arc<Mutex<UsageBuilder>>,
    peaks: Arc<Mutex<Peaks>>,
    /// What the labels are called that name a namespace, a pod and a container.
    names: [String; 3],
    grid: Grid,
    reading: Reading,
    /// Slots that a point speaks for.
    slots: u32,
    series: Option<usize>,
    held: Vec<(u32, f64)>,
    /// Of the series, outside the window.
    outside: u32,
    pub(super) points: u64,
    /// More points than this are not those that were counted.
    most_points: u64,
    counted: u64,
    /// Series of all answers.
    most_series: usize,
    opened: usize,
    /// Series with names that no object of Kubernetes has.
    pub(super) nameless: u64,
    /// Chunks of encodings that are not read.
    pub(super) foreign: u64,
}

/// Points that an answer may have beyond what was counted, for what comes and goes
/// between two counts; and how many times what was counted.
const MARGIN: (u64, u64) = (100_000, 4);

/// The longest name of a pod.
const LONGEST_NAME: usize = 253;

impl Fold {
    pub(super) fn new(
        (usage, peaks): (Arc<Mutex<UsageBuilder>>, Arc<Mutex<Peaks>>),
        plan: &Plan,
        piece: &Piece,
        words: Words<'_>,
    ) -> Self {
        let slots = plan.slots_a_point(piece).max(1);
        let points = (piece.slots.end - piece.slots.start) / slots;
        let counted = piece.series.saturating_mul(u64::from(points));
        Self {
            usage,
            peaks,
            names: ["namespace", "pod", "container"].map(|label| words.name(label).to_owned()),
            grid: plan.grid,
            reading: piece.reading,
            slots,
            series: None,
            held: Vec::new(),
            outside: 0,
            points: 0,
            most_points: counted.saturating_mul(MARGIN.1).saturating_add(MARGIN.0),
            counted: piece.series,
            most_series: plan.most_series(),
            opened: 0,
            nameless: 0,
            foreign: 0,
        }
    }

    /// Puts what is held into the columns.
    pub(super) fn flush(&mut self) {
        let Some(series) = self.series else { return };
        if self.outside > 0 {
            let mut usage = held(&self.usage);
            usage.outside(series, std::mem::take(&mut self.outside));
        }
        let is_peak = self.reading == Reading::CpuPeak;
        // What is no number is refused with all that is.
        let peaks = self
            .held
            .extract_if(.., |(_, value)| is_peak && !value.is_nan());
        let peaks: Vec<(u32, f64)> = peaks.collect();
        if !peaks.is_empty() {
            let mut all = held(&self.peaks);
            for (slot, value) in peaks {
                let end = slot + 1;
                all.add(series, end.saturating_sub(self.slots)..end, value);
            }
        }
        held(&self.usage).fill(series, self.reading.column(), &self.held);
        self.held.clear();
    }

    /// Whether it is no further from the window than two points from each other.
    fn is_near(&self, time: f64) -> bool {
        let step = f64::from(self.grid.step.as_secs().saturating_mul(self.slots));
        let seconds = f64::from(self.grid.span().as_secs());
        #[expect(clippy::cast_precision_loss, reason = "Unix seconds are small")]
        let offset = time - self.grid.start.as_second() as f64;
        (-step..=seconds + step).contains(&offset)
    }

    /// The slot that ends at this time.
    #[expect(clippy::cast_possible_truncation, reason = "Unix seconds are small")]
    fn slot(&self, time: f64) -> Option<u32> {
        let offset = time.round() as i64 - self.grid.start.as_second();
        let step = i64::from(self.grid.step.as_secs().max(1));
        let slot = u32::try_from((offset - 1).div_euclid(step)).ok()?;
        (slot < self.grid.len).then_some(slot)
    }
}

impl Sink for Fold {
    fn series(&mut self, labels: &Labels) {
        self.flush();
        let names = self.names.each_ref().map(|label| labels.get(label));
        if names.iter().any(|name| name.len() > LONGEST_NAME) {
            self.nameless += 1;
            self.series = None;
            return;
        }
        let mut usage = held(&self.usage);
        let [namespace, pod, container] = names;
        let series = usage.open(namespace, pod, container);
        self.opened = usage.opened();
        drop(usage);
        self.series = Some(series);
    }

    fn point(&mut self, time: f64, value: f64) {
        self.points += 1;
        match self.slot(time) {
            Some(slot) => self.held.push((slot, value)),
            // VictoriaMetrics moves points to multiples of the step.
            None if self.is_near(time) => {}
            None => self.outside = self.outside.saturating_add(1),
        }
    }

    fn fault(&self) -> Option<Broken> {
        let more = self.points > self.most_points
            || self.nameless > self.most_points
            || self.opened > self.most_series;
        more.then_some(Broken::TooMany(self.counted))
    }
}

impl Slots for Fold {
    fn values(&mut self, values: &[(u32, f64)]) {
        self.points += values.len() as u64;
        if let Some(series) = self.series {
            held(&self.usage).fill(series, self.reading.column(), values);
        }
    }
}

/// What is locked, whatever became of others who held it.
pub(super) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
