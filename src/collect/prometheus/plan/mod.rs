//! Which queries to send, so that none is too much for the server.

mod cut;
mod piece;
mod shown;
mod weight;

use std::collections::BTreeMap;
use std::ops::Range;

use super::chunks::{Offer, Request, Wanted, Way};
use super::engine::{Chosen, DRAWN_FROM, Engine};
use super::options::PrometheusOptions;
use super::promql::{Endings, Look, Selection, Words};
use super::reading::Reading;
use super::server::Query;
use super::survey::{Pace, Source, Survey};
use crate::snapshot::{Gap, Grid};
use crate::units::Span;

pub(super) use piece::Piece;
use weight::concerned;
pub(super) use weight::{Costs, Stored};

/// Prometheus refuses more than 11,000 points a series.
const MOST_POINTS: u32 = 10_000;

/// Namespaces in one query at most: their names are part of it.
const MOST_NAMESPACES: usize = 60;
/// The same where they are in a body.
const MOST_IN_BODY: usize = 2_000;

/// Queries of a plan: a hundred times those of 5,000 nodes.
const MOST_PIECES: usize = 100_000;

/// Pods that follow each other in the place of one.
const COMING_AND_GOING: u64 = 8;
/// Series that any store may have, and none: 600 bytes each are held.
const FEW_SERIES: u64 = 600_000;
const MANY_SERIES: u64 = 2_000_000;

/// What kcost will ask a Prometheus for, and what that costs.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) grid: Grid,
    pub(super) chosen: Chosen,
    /// Between the points that the server computes; slots are longer where one
    /// is drawn from several.
    step: Span,
    pub(super) pieces: Vec<Piece>,
    /// As measured.
    pub(super) pace: Pace,
    /// See [`Survey::cpus`].
    cpus: u64,
    /// See [`Survey::throttled`].
    throttled: f64,
    /// What chunks weigh, where they are read.
    offer: Option<Offer>,
    /// See [`Survey::reaches_back`].
    reaches_back: bool,
    /// See [`Survey::closed`].
    closed: bool,
    /// See [`Survey::witness`].
    witness: Option<Request>,
    pub(super) source: Option<Source>,
    pub(super) sources: Vec<Source>,
    pub(super) first: u32,
    /// The most series at a time of each namespace.
    namespaces: BTreeMap<String, u64>,
    series: u64,
    url: String,
    max_samples: u64,
    /// Queries besides those of usage.
    more: Vec<More>,
    /// What could not be planned, and why.
    unknown: Vec<Gap>,
    /// Queries that were sent to plan; they are sent before usage is read too.
    counting: u32,
}

/// One query besides those of usage.
#[derive(Debug, Clone)]
pub(super) struct More {
    pub(super) label: &'static str,
    /// Samples that the server is expected to touch; none where its index answers.
    pub(super) cost: u64,
    /// How much history it looks at; `None` for the newest samples alone.
    pub(super) history: Option<Span>,
    /// Where it is sent, unless everywhere.
    pub(super) only: Option<&'static str>,
}

impl Plan {
    /// `counted` is the grid of the survey.
    pub(super) fn new(
        options: &PrometheusOptions,
        survey: &Survey,
        counted: &Grid,
        (url, narrow): (&str, bool),
    ) -> Self {
        let chosen = Chosen::new(options, survey, counted, narrow);
        let grid = chosen.engine.grid(options);
        let readings = readings(survey, chosen.engine);
        let mut plan = Self {
            grid,
            chosen,
            step: options.step,
            pieces: Vec::new(),
            pace: survey.pace,
            cpus: survey.cpus,
            throttled: survey.throttled,
            offer: survey.chunks.as_ref().ok().copied(),
            reaches_back: survey.reaches_back,
            closed: survey.closed,
            witness: survey.witness.clone(),
            source: survey.source.clone(),
            sources: survey.sources.clone(),
            first: first(survey, counted, &grid),
            namespaces: survey.namespaces.clone(),
            series: survey.series(),
            url: url.to_owned(),
            max_samples: options.max_samples.max(1),
            more: Vec::new(),
            unknown: Vec::new(),
            counting: 0,
        };
        let step = grid.step.as_secs().max(1);
        let longest = survey.longest.map(|longest| longest.as_secs() / step);
        for reading in readings {
            for piece in plan.cut(reading, &survey.namespaces, &(plan.first..grid.len)) {
                if plan.is_absurd() {
                    break;
                }
                let shorter = longest.and_then(|it| piece.shorter(it, grid.per_day()));
                plan.pieces.extend(shorter.unwrap_or_else(|| vec![piece]));
            }
        }
        plan
    }

    /// The same plan with what is read besides usage, and with the number of
    /// queries that were sent to make it.
    pub(super) fn with(mut self, more: Vec<More>, unknown: Vec<Gap>, counting: u32) -> Self {
        self.more = more;
        self.unknown = unknown;
        self.counting = counting;
        self
    }

    /// Queries that were sent to count, and are sent again before reading.
    pub fn counting(&self) -> u32 {
        self.counting
    }

    /// Queries that will be sent to read, unless the server asks for smaller ones.
    pub fn queries(&self) -> usize {
        self.pieces.len() + self.certain().count()
    }

    /// Queries that will be sent besides where what is read asks for them.
    pub fn conditional(&self) -> usize {
        self.more.len() - self.certain().count()
    }

    /// Samples that the server will touch for all that are certain.
    pub fn samples(&self) -> u64 {
        self.samples_of_usage() + self.certain().map(|more| more.cost).sum::<u64>()
    }

    pub(super) fn samples_of_usage(&self) -> u64 {
        let costs = self.pieces.iter().map(|piece| piece.cost);
        costs.fold(0, u64::saturating_add)
    }

    fn certain(&self) -> impl Iterator<Item = &More> {
        self.more.iter().filter(|more| more.only.is_none())
    }

    /// Series that an honest answer about all pods of the window may have: many more
    /// than there are at a time, because pods come and go.
    pub(super) fn most_series(&self) -> usize {
        let counted = self.series.saturating_mul(COMING_AND_GOING);
        let most = counted.clamp(FEW_SERIES, MANY_SERIES);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// Whether no cluster has so much that reading it takes so many queries.
    pub(super) fn is_absurd(&self) -> bool {
        self.pieces.len() >= MOST_PIECES
    }

    /// The same as `piece`, in points: for what cannot be had as it is stored.
    pub(super) fn in_points(&self, piece: &Piece) -> Vec<Piece> {
        let mut plan = Self {
            pieces: Vec::new(),
            ..self.clone()
        };
        plan.chosen.engine = Engine::Raw;
        let slots = &piece.slots;
        if piece.endings.is_all() {
            let mut namespaces = self.namespaces.clone();
            namespaces.retain(|namespace, _| piece.namespaces.contains(namespace));
            return plan.cut(piece.reading, &namespaces, slots);
        }
        let cost = plan.cost(piece.reading, piece.series, slots.end - slots.start);
        let hands = piece.endings.split(plan.hands(cost));
        let each = hands.into_iter().map(|endings| Piece {
            endings,
            cost: (cost / Endings::all().len() as u64).max(1),
            halved: 0,
            in_chunks: false,
            ..piece.clone()
        });
        each.collect()
    }

    /// How far a point looks back.
    ///
    /// Series that are scraped much less often than most look further than the
    /// others, whose peaks that would spread.
    pub(super) fn look(&self, reading: Reading) -> Look {
        let (near, far) = (
            self.range(reading, self.pace.usual),
            self.range(reading, self.pace.slowest),
        );
        let (back, far) = if far > near + near / 2 {
            (near, Some(far))
        } else {
            (far.max(near), None)
        };
        let by_cpu = self.cpus > 1 && matches!(reading, Reading::Cpu | Reading::CpuPeak);
        Look { back, far, by_cpu }
    }

    /// The seconds that a point of series looks back that have a sample each `interval`.
    ///
    /// CPU needs two samples, and half an interval more for those that come
    /// late: not 4 intervals, as dashboards take, which would spread a peak
    /// over four slots when the step is no longer than the interval. Memory needs
    /// one sample, and so does CPU where the server takes the one before besides.
    /// Neither is shorter than the step, so that no sample between two points is lost.
    fn range(&self, reading: Reading, interval: u32) -> u32 {
        let needed = match reading {
            Reading::Memory => interval * 11 / 10,
            _ if self.reaches_back => interval * 11 / 10,
            Reading::Cpu | Reading::CpuPeak | Reading::Throttled => interval * 5 / 2,
        };
        let apart = match reading {
            Reading::Cpu | Reading::CpuPeak => self.step,
            Reading::Memory | Reading::Throttled => self.grid.step,
        };
        needed.max(apart.as_secs()).max(1)
    }

    /// Samples that the server touches for one series in one slot: those that it
    /// reads for each point, the points, and what is drawn from them.
    fn samples_a_slot(&self, reading: Reading) -> f64 {
        let look = self.look(reading);
        let ranges = [Some(look.back), look.far].into_iter().flatten();
        let points: f64 = ranges
            .map(|range| f64::from(range) / f64::from(self.pace.usual.max(1)) + 1.0)
            .sum();
        match (self.chosen.engine, reading) {
            (Engine::Pushdown, Reading::Cpu) => f64::from(DRAWN_FROM) * points + 1.0,
            (Engine::Pushdown, Reading::CpuPeak) => f64::from(DRAWN_FROM) * points,
            (_, Reading::Throttled) => 2.0 * points,
            _ => points,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an estimate of a cost, never negative"
    )]
    fn cost(&self, reading: Reading, series: u64, slots: u32) -> u64 {
        if let Some(stored) = self.stored(reading, series, slots) {
            let cost = stored.cost(self.max_samples as f64);
            return cost.ceil().min(1e15) as u64;
        }
        let series = concerned(reading, series, self.throttled);
        let each = match reading {
            Reading::Cpu | Reading::CpuPeak => self.cpus,
            Reading::Memory | Reading::Throttled => 1,
        };
        let series = series.saturating_mul(each) as f64;
        let cost = self.samples_a_slot(reading) * series * f64::from(slots);
        // Beyond, sums of what a store makes up would not fit.
        cost.ceil().min(1e15) as u64
    }

    /// What is read in chunks; `None` where it is asked for in queries.
    pub(super) fn stored(&self, reading: Reading, series: u64, slots: u32) -> Option<Stored> {
        let offer = self
            .offer
            .filter(|_| self.chosen.engine == Engine::Chunks)?;
        let series = concerned(reading, series, self.throttled);
        let length = (series, slots, self.step.as_secs());
        let paced = (self.pace.usual, self.cpus);
        Some(Stored::of(reading, length, paced, offer))
    }

    /// What a piece asks for in chunks, and what becomes of the answer.
    pub(super) fn chunks(&self, piece: &Piece, words: Words) -> (Vec<Request>, Wanted) {
        let selection = self.selection(piece);
        let look = self.look(piece.reading);
        let back = i64::from(look.far.unwrap_or(look.back).max(look.back));
        let start = self.grid.time(piece.slots.start + 1).as_second() - back;
        let end = self.grid.time(piece.slots.end).as_second();
        let metrics = piece.reading.metrics().iter();
        let requests = metrics.map(|metric| Request {
            matchers: words.series(metric, selection),
            start,
            end,
        });
        let mut requests: Vec<Request> = requests.collect();
        let number = requests.len() as u64;
        requests.extend(self.witness.clone());
        let way = match piece.reading {
            Reading::Memory => Way::Largest,
            Reading::Throttled => Way::Ratio,
            Reading::Cpu | Reading::CpuPeak => Way::Rates(words.name("cpu").to_owned()),
        };
        let wanted = Wanted {
            way,
            grid: self.grid,
            slots: piece.slots.clone(),
            look,
            closed: self.closed,
            witness: self.witness.is_some().then_some(number),
        };
        (requests, wanted)
    }

    fn selection<'a>(&'a self, piece: &'a Piece) -> Selection<'a> {
        // Of several sources one may have usage, and another throttling besides.
        let fits = |source: &&Source| piece.reading != Reading::Throttled || !source.is_summary();
        Selection {
            namespaces: &piece.namespaces,
            endings: Some(&piece.endings),
            source: self.source.as_ref().filter(fits),
        }
    }

    /// The query of a piece. A point at the end of a slot speaks for the slot.
    pub(super) fn query(&self, piece: &Piece, words: Words) -> Query {
        let selection = self.selection(piece);
        let (look, step) = (self.look(piece.reading), self.step.as_secs().max(1));
        let slot = self.grid.step.as_secs();
        let apart = self.slots_a_point(piece);
        let text = match (self.chosen.engine, piece.reading) {
            (Engine::Pushdown, Reading::Cpu) => words.drawn(look, step, slot, selection),
            (_, Reading::CpuPeak) => words.largest(look, step, apart * slot, selection),
            _ => words.reading(piece.reading, look, selection),
        };
        let start = self.grid.time(piece.slots.start + apart).as_second();
        let end = self.grid.time(piece.slots.end).as_second();
        Query::range(text, start, end, apart * slot)
    }

    /// The slots that a point of a piece speaks for: one, but for the peaks of
    /// days, or of all the piece where that is no number of whole days.
    pub(super) fn slots_a_point(&self, piece: &Piece) -> u32 {
        let (length, day) = (piece.slots.end - piece.slots.start, self.grid.per_day());
        match piece.reading {
            Reading::CpuPeak if length.is_multiple_of(day) => day,
            Reading::CpuPeak => length,
            _ => 1,
        }
    }
}

/// What is asked for: with the peaks of CPU where its points are only drawn from.
fn readings(survey: &Survey, engine: Engine) -> Vec<Reading> {
    let mut readings = survey.readings.clone();
    if engine == Engine::Pushdown && readings.contains(&Reading::Cpu) {
        readings.push(Reading::CpuPeak);
    }
    readings
}

/// The first slot of `grid` with data, as the survey found it on its own.
fn first(survey: &Survey, counted: &Grid, grid: &Grid) -> u32 {
    let since = counted.time(survey.first.min(counted.len));
    if since <= grid.start {
        return 0;
    }
    grid.slot(since).unwrap_or(grid.len)
}

/// Consecutive parts of at most `longest`, nearly equal.
fn spans(slots: &Range<u32>, longest: u32) -> Vec<Range<u32>> {
    let length = slots.end.saturating_sub(slots.start);
    let parts = length.div_ceil(longest.max(1));
    let bound = |part: u32| {
        let offset = u64::from(length) * u64::from(part) / u64::from(parts.max(1));
        slots.start + u32::try_from(offset).unwrap_or(length)
    };
    (0..parts)
        .map(|part| bound(part)..bound(part + 1))
        .collect()
}
