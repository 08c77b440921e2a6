//! Carries out a plan, politely: few queries at a time, smaller ones and longer
//! pauses when the server asks for it, and an end when it does not recover.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::chunks;
use super::error::{Failure, LONGEST_PAUSE, Remedy};
use super::fold::{Fold, held};
use super::options::PrometheusOptions;
use super::peaks::Peaks;
use super::plan::{Piece, Plan};
use super::promql::Words;
use super::reading::Reading;
use super::server::Server;
use crate::collect::UsageBuilder;
use crate::collect::usage::stays_in_memory;
use crate::progress::{Progress, Task};
use crate::snapshot::{Gap, Grid};

/// Halvings of a piece until it is given up: 1/256 of it.
const MOST_HALVINGS: u8 = 8;

/// The same of a piece in chunks where points may be asked for.
const MOST_HALVINGS_OF_CHUNKS: u8 = 2;
/// Pieces in a row that are not to be had as chunks, until no other is asked for.
const MOST_TURNED: u32 = 3;

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
    /// Whether points may be asked for where chunks are not to be had.
    may_turn: bool,
    progress: &'a dyn Progress,
    task: Box<dyn Task>,
    usage: Arc<Mutex<UsageBuilder>>,
    peaks: Arc<Mutex<Peaks>>,
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
    /// Pieces in a row that could not be had as chunks, and were turned into points.
    turned_in_a_row: u32,
    /// Pieces that were read in chunks.
    done_in_chunks: usize,
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

/// Points a second that buy no more time than they take.
const PACE: u32 = 20_000;

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
        may_turn: options.engine.is_none(),
        progress,
        task: progress.task(
            "reading usage from Prometheus",
            Some(plan.samples_of_usage()),
        ),
        usage: Arc::new(Mutex::new(UsageBuilder::holding(plan.grid, options.held))),
        peaks: Arc::default(),
        state: Mutex::new(State {
            queue: plan.pieces.iter().cloned().collect(),
            ..State::default()
        }),
    };
    join_all((0..options.concurrency.max(1)).map(|_| run.work())).await;
    let usage = UsageBuilder::new(plan.grid);
    let mut usage = std::mem::replace(&mut *held(&run.usage), usage);
    let peaks = std::mem::take(&mut *held(&run.peaks));
    peaks.place(&mut usage);
    if let Some(error) = usage.unwritten() {
        progress.detail(&stays_in_memory(error));
    }
    let state = std::mem::take(&mut *run.state());
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

    async fn read(&self, piece: &Piece) -> Result<Fold, Failure> {
        let into = (Arc::clone(&self.usage), Arc::clone(&self.peaks));
        let fold = Fold::new(into, self.plan, piece, self.words);
        if !piece.in_chunks {
            let query = self.plan.query(piece, self.words);
            return self.server.ask(&query, fold).await.map(|(fold, _)| fold);
        }
        let (requests, wanted) = self.plan.chunks(piece, self.words);
        let reader = chunks::Reader::new(fold, wanted);
        let (mut fold, foreign) = chunks::read(self.server, &requests, reader).await?;
        fold.foreign = foreign;
        Ok(fold)
    }

    fn done(&self, piece: &Piece, mut fold: Fold, took: Duration) {
        fold.flush();
        self.task.advance(piece.cost);
        self.progress.trace(&format!(
            "{}: {} points in {took:.2?}",
            piece.text(&self.plan.grid),
            fold.points
        ));
        let mut state = self.state();
        state.done += 1;
        if piece.in_chunks {
            state.done_in_chunks += 1;
            state.turned_in_a_row = 0;
        }
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
        if self.may_turn && piece.in_chunks && is_no_use(&piece, &failure, &state) {
            return self.turn(&mut state, piece, failure);
        }
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

    /// Asks for points where chunks are not to be had: of this piece, or of all that is
    /// left where others could not be had either.
    fn turn(&self, state: &mut State, piece: Piece, failure: Failure) {
        state.turned_in_a_row += 1;
        let all = matches!(failure, Failure::Slow { .. })
            || state.done_in_chunks == 0
            || state.turned_in_a_row >= MOST_TURNED;
        let mut turned = vec![piece];
        if all {
            let rest = std::mem::take(&mut state.queue);
            let (chunks, points): (Vec<Piece>, _) = rest.into_iter().partition(|it| it.in_chunks);
            turned.extend(chunks);
            state.queue = points.into();
        }
        let what = match &turned[..] {
            [one] => one.text(&self.plan.grid),
            [one, more @ ..] => {
                format!("{}, and {} more", one.text(&self.plan.grid), more.len())
            }
            [] => String::new(),
        };
        self.progress.detail(&format!(
            "engine raw for {what}: not to be had as chunks: {failure}"
        ));
        let points = turned.iter().flat_map(|piece| self.plan.in_points(piece));
        state.queue.extend(points);
        state.refused = None;
        state.troubles_in_a_row = 0;
        state.refusals_in_a_row = 0;
        state.not_before = None;
        state.failure = Some(failure);
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
        held(&self.state)
    }
}

/// Whether chunks are asked for in vain: it says no, or smaller pieces and a pause did not
/// help. Whoever keeps silent is not waited for again.
fn is_no_use(piece: &Piece, failure: &Failure, state: &State) -> bool {
    if failure.is_for_all() {
        return false;
    }
    match failure.remedy() {
        _ if matches!(failure, Failure::Slow { .. }) => true,
        Remedy::GiveUp => true,
        Remedy::Wait => state.troubles_in_a_row >= 1,
        Remedy::Halve => piece.halved >= MOST_HALVINGS_OF_CHUNKS,
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
    let in_chunks = state.lost.iter().any(|(piece, _)| piece.in_chunks);
    let gap = |subject: String, reason: &str| {
        Gap::new("usage-not-read", subject, reason).hint(if in_chunks {
            "read it with `--engine raw`, or try again when the server is less busy"
        } else {
            "try again when the server is less busy, with `--prometheus-concurrency 1`, a \
             smaller `--max-samples-per-query` or a longer `--timeout`"
        })
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
