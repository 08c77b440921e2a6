//! Carries out a plan, politely: few queries at a time, smaller ones and longer
//! pauses when the server asks for it, and an end when it does not recover.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::answer::{Broken, Labels, Sink};
use super::chunks;
use super::engine::Engine;
use super::error::{Failure, LONGEST_PAUSE, Remedy};
use super::options::PrometheusOptions;
use super::peaks::Peaks;
use super::plan::{Piece, Plan};
use super::promql::Words;
use super::reading::Reading;
use super::server::Server;
use crate::collect::UsageBuilder;
use crate::progress::{Progress, Task};
use crate::snapshot::{Gap, Grid};

/// Halvings of a piece until it is given up: 1/256 of it.
const MOST_HALVINGS: u8 = 8;

/// Troubles in a row, with any pieces, until the server is taken for lost.
const PATIENCE: u32 = 8;

/// Refusals in a row until it is taken for a server that can do nothing: twice
/// the halvings of one piece.
const MOST_REFUSALS: u32 = 16;

/// What came of a plan.
pub(super) struct Outcome {
    pub(super) usage: UsageBuilder,
    pub(super) gaps: Vec<Gap>,
    /// Pieces that were read.
    pub(super) done: usize,
    /// Why the last piece that failed did.
    pub(super) failure: Option<Failure>,
}

struct Run<'a> {
    server: &'a Server,
    plan: &'a Plan,
    words: Words<'a>,
    back_off: Duration,
    progress: &'a dyn Progress,
    task: Box<dyn Task>,
    usage: Mutex<UsageBuilder>,
    peaks: Mutex<Peaks>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Piece>,
    /// Nothing is sent before this.
    not_before: Option<Instant>,
    /// Failures that say that the server is in trouble.
    troubles_in_a_row: u32,
    /// Refusals of a server that works, because it would be too much.
    refusals_in_a_row: u32,
    /// What the server is known to refuse: a piece of this cost or more.
    refused: Option<u64>,
    /// Slots that a query may span, where the server limits that.
    longest: Option<u32>,
    done: usize,
    lost: Vec<(Piece, String)>,
    failure: Option<Failure>,
    /// Points of each reading of which a piece was read.
    points: HashMap<Reading, u64>,
    /// Series with names that no object of Kubernetes has.
    nameless: u64,
    /// Chunks of encodings that are not read.
    foreign: u64,
}

impl State {
    /// The next piece, already halved where its like was refused.
    fn next(&mut self, per_day: u32) -> Option<Piece> {
        loop {
            let piece = self.queue.pop_front()?;
            if let Some(shorter) = self
                .longest
                .and_then(|longest| piece.shorter(longest, per_day))
            {
                for piece in shorter.into_iter().rev() {
                    self.queue.push_front(piece);
                }
                continue;
            }
            let refused = self.refused.is_some_and(|refused| piece.cost >= refused);
            let halves = (refused && piece.halved < MOST_HALVINGS)
                .then(|| piece.halves(per_day))
                .flatten();
            match halves {
                Some(halves) => self.put_back(halves),
                None => return Some(piece),
            }
        }
    }

    fn put_back(&mut self, [first, second]: [Piece; 2]) {
        self.queue.push_front(second);
        self.queue.push_front(first);
    }
}

/// Carries out the plan.
pub(super) async fn run(
    server: &Server,
    options: &PrometheusOptions,
    plan: &Plan,
    progress: &dyn Progress,
) -> Outcome {
    let run = Run {
        server,
        plan,
        words: Words::new(options),
        back_off: options.back_off,
        progress,
        task: progress.task(
            "reading usage from Prometheus",
            Some(plan.samples_of_usage()),
        ),
        usage: Mutex::new(UsageBuilder::new(plan.grid)),
        peaks: Mutex::default(),
        state: Mutex::new(State {
            queue: plan.pieces.iter().cloned().collect(),
            ..State::default()
        }),
    };
    join_all((0..options.concurrency.max(1)).map(|_| run.work())).await;
    let mut usage = run
        .usage
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let peaks = run
        .peaks
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    peaks.place(&mut usage);
    let state = run
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    Outcome {
        usage,
        gaps: gaps(&state, &plan.grid),
        done: state.done,
        failure: state.failure,
    }
}

impl Run<'_> {
    /// Takes pieces until there are none.
    async fn work(&self) {
        loop {
            let (piece, pause) = {
                let mut state = self.state();
                let Some(piece) = state.next(self.plan.grid.per_day()) else {
                    return;
                };
                (piece, state.not_before)
            };
            if let Some(time) = pause {
                sleep_until(time).await;
            }
            let started = Instant::now();
            match self.read(&piece).await {
                Ok(fold) => self.done(&piece, fold, started.elapsed()),
                Err(failure) => self.failed(piece, failure),
            }
        }
    }

    async fn read(&self, piece: &Piece) -> Result<Fold<'_>, Failure> {
        let fold = Fold::new(self, piece);
        if self.plan.chosen.engine != Engine::Chunks {
            let query = self.plan.query(piece, self.words);
            return self.server.ask(&query, fold).await.map(|(fold, _)| fold);
        }
        let (requests, wanted) = self.plan.chunks(piece, self.words);
        let mut reader = chunks::Reader::new(fold, wanted);
        self.server.read(&requests, &mut reader).await?;
        let (mut fold, foreign) = reader.finish();
        fold.foreign = foreign;
        Ok(fold)
    }

    fn done(&self, piece: &Piece, mut fold: Fold<'_>, took: Duration) {
        fold.flush();
        self.task.advance(piece.cost);
        self.progress.trace(&format!(
            "{}: {} points in {took:.2?}",
            piece.text(&self.plan.grid),
            fold.points
        ));
        let mut state = self.state();
        state.done += 1;
        *state.points.entry(piece.reading).or_default() += fold.points;
        state.nameless += fold.nameless;
        state.foreign += fold.foreign;
        self.server.deadline.buy(fold.points, PACE);
        state.troubles_in_a_row = 0;
        state.refusals_in_a_row = 0;
        state.not_before = None;
    }

    fn failed(&self, piece: Piece, failure: Failure) {
        self.progress
            .detail(&format!("{}: {failure}", piece.text(&self.plan.grid)));
        let remedy = failure.remedy();
        let reason = failure.to_string();
        let mut state = self.state();
        if let Failure::TooLong { .. } = failure {
            return self.too_long(&mut state, piece, failure);
        }
        if let Failure::TooMuch(_) = failure {
            // It works, and says what it can take.
            state.refusals_in_a_row += 1;
            state.refused = Some(state.refused.map_or(piece.cost, |r| r.min(piece.cost)));
        } else {
            state.troubles_in_a_row += 1;
        }
        let pause = self.pause(&failure, state.troubles_in_a_row);
        state.not_before = Some(Instant::now() + pause);
        let is_over = pause >= self.server.deadline.left() || failure.is_for_all();
        state.failure = Some(failure);
        let halves = match remedy {
            // Busy is not too large: once more whole, then smaller.
            Remedy::Wait if state.troubles_in_a_row < 2 && !is_over => {
                state.queue.push_front(piece);
                return;
            }
            Remedy::Wait | Remedy::Halve if piece.halved < MOST_HALVINGS && !is_over => {
                piece.halves(self.plan.grid.per_day())
            }
            _ => None,
        };
        match halves {
            Some(halves) => state.put_back(halves),
            None => state.lost.push((piece, reason.clone())),
        }
        if is_over
            || state.troubles_in_a_row >= PATIENCE
            || state.refusals_in_a_row >= MOST_REFUSALS
        {
            let left: Vec<Piece> = state.queue.drain(..).collect();
            let lost = left.into_iter().map(|piece| (piece, reason.clone()));
            state.lost.extend(lost);
        }
    }

    /// What is too long is asked in parts of the length that the server names, or
    /// half as long each time where it names none.
    fn too_long(&self, state: &mut State, piece: Piece, failure: Failure) {
        let length = piece.slots.end - piece.slots.start;
        let step = self.plan.grid.step.as_secs().max(1);
        let said = self
            .server
            .longest()
            .map(|longest| longest.as_secs() / step);
        let longest = said.filter(|said| *said < length).unwrap_or(length / 2);
        if longest == 0 {
            state.lost.push((piece, failure.to_string()));
        } else {
            state.longest = Some(state.longest.map_or(longest, |known| known.min(longest)));
            state.queue.push_front(piece);
        }
        state.failure = Some(failure);
    }

    fn pause(&self, failure: &Failure, in_a_row: u32) -> Duration {
        let own = self.back_off * 2_u32.saturating_pow(in_a_row.clamp(1, 16) - 1);
        let asked = match failure {
            Failure::Busy {
                after: Some(seconds),
                ..
            } => Duration::from_secs(*seconds),
            _ => Duration::ZERO,
        };
        own.max(asked).min(Duration::from_secs(LONGEST_PAUSE))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the points of one answer into the columns, a series at a time.
struct Fold<'a> {
    usage: &'a Mutex<UsageBuilder>,
    peaks: &'a Mutex<Peaks>,
    words: Words<'a>,
    grid: Grid,
    reading: Reading,
    /// Slots that a point speaks for.
    slots: u32,
    series: Option<usize>,
    held: Vec<(u32, f64)>,
    /// Of the series, outside the window.
    outside: u32,
    points: u64,
    /// More points than this are not those that were counted.
    most_points: u64,
    counted: u64,
    /// Series of all answers.
    most_series: usize,
    opened: usize,
    /// Series with names that no object of Kubernetes has.
    nameless: u64,
    /// Chunks of encodings that are not read.
    foreign: u64,
}

/// Points that an answer may have beyond what was counted, for what comes and goes
/// between two counts; and how many times what was counted.
const MARGIN: (u64, u64) = (100_000, 4);

/// The longest name of a pod.
const LONGEST_NAME: usize = 253;

/// Points a second that buy no more time than they take.
const PACE: u32 = 20_000;

impl<'a> Fold<'a> {
    fn new(run: &'a Run<'a>, piece: &Piece) -> Self {
        let slots = run.plan.slots_a_point(piece).max(1);
        let points = (piece.slots.end - piece.slots.start) / slots;
        let counted = piece.series.saturating_mul(u64::from(points));
        Self {
            usage: &run.usage,
            peaks: &run.peaks,
            words: run.words,
            grid: run.plan.grid,
            reading: piece.reading,
            slots,
            series: None,
            held: Vec::new(),
            outside: 0,
            points: 0,
            most_points: counted.saturating_mul(MARGIN.1).saturating_add(MARGIN.0),
            counted: piece.series,
            most_series: run.plan.most_series(),
            opened: 0,
            nameless: 0,
            foreign: 0,
        }
    }

    fn flush(&mut self) {
        let Some(series) = self.series else { return };
        if self.outside > 0 {
            let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
            usage.outside(series, std::mem::take(&mut self.outside));
        }
        let is_peak = self.reading == Reading::CpuPeak;
        // What is no number is refused with all that is.
        let peaks = self
            .held
            .extract_if(.., |(_, value)| is_peak && !value.is_nan());
        let peaks: Vec<(u32, f64)> = peaks.collect();
        if !peaks.is_empty() {
            let mut all = self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
            for (slot, value) in peaks {
                let end = slot + 1;
                all.add(series, end.saturating_sub(self.slots)..end, value);
            }
        }
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        for (slot, value) in self.held.drain(..) {
            usage.set(series, self.reading.column(), slot, value);
        }
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

impl Sink for Fold<'_> {
    fn series(&mut self, labels: &Labels) {
        self.flush();
        let get = |label| labels.get(self.words.name(label));
        let names = [get("namespace"), get("pod"), get("container")];
        if names.iter().any(|name| name.len() > LONGEST_NAME) {
            self.nameless += 1;
            self.series = None;
            return;
        }
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
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

/// Parts of one thing that are told each by itself.
const TOLD: usize = 5;

/// What was not read: a gap for each piece, or for each reason where they are many.
fn gaps(state: &State, grid: &Grid) -> Vec<Gap> {
    let mut parts: BTreeMap<(&str, &[String], &str), Vec<&Piece>> = BTreeMap::new();
    for (piece, reason) in &state.lost {
        let key = (piece.reading.label(), &*piece.namespaces, reason.as_str());
        parts.entry(key).or_default().push(piece);
    }
    let gap = |subject: String, reason: &str| {
        Gap::new("usage-not-read", subject, reason).hint(
            "try again when the server is less busy, with `--prometheus-concurrency 1`, a \
             smaller `--max-samples-per-query` or a longer `--timeout`",
        )
    };
    let mut gaps = Vec::new();
    for ((_, _, reason), pieces) in parts {
        if pieces.len() <= TOLD {
            gaps.extend(pieces.iter().map(|piece| gap(piece.text(grid), reason)));
        } else {
            let (first, more) = (pieces[0].text(grid), pieces.len() - 1);
            gaps.push(gap(format!("{first}, and {more} parts more"), reason));
        }
    }
    gaps.extend(silent(state));
    if state.foreign > 0 {
        let text = format!(
            "{} chunks are histograms or in an encoding that kcost does not read, and are left \
             out",
            state.foreign
        );
        let gap = Gap::new("unknown-encoding", "usage", text);
        gaps.push(gap.hint("read it with `--engine raw`"));
    }
    if state.nameless > 0 {
        let text = format!(
            "{} series have names longer than Kubernetes allows, and are left out",
            state.nameless
        );
        gaps.push(Gap::new("impossible-values", "usage", text));
    }
    gaps
}

/// What was counted before, and then not one point came of it.
fn silent(state: &State) -> impl Iterator<Item = Gap> {
    // Containers without a limit have no throttling.
    let counted = [Reading::Cpu, Reading::CpuPeak, Reading::Memory];
    let silent = counted
        .into_iter()
        .filter(|it| state.points.get(it) == Some(&0));
    silent.map(|reading| {
        let text = "Prometheus counts series of containers, and has no sample of any of them";
        Gap::new("no-samples", reading.label(), text)
            .hint("ask it for the same series over the same window, or name another store with `--prometheus-url`")
    })
}
