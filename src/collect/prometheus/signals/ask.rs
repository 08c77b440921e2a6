//! Questions over the window, in pieces that stay in the budget.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::sleep;

use super::super::answer::Labels;
use super::super::error::{Failure, Remedy};
use super::super::options::PrometheusOptions;
use super::super::promql::{Selection, Words};
use super::super::server::{Query, Server};
use super::place::Place;
use super::question::{All, Answer, Question};
use crate::collect::Scope;
use crate::progress::Progress;
use crate::snapshot::{Gap, Grid};
use crate::units::Span;

/// As a gap names all of it.
pub(super) const SUBJECT: &str = "signals besides CPU and memory";

/// Moments of the window at which series are counted.
const MOMENTS: u32 = 24;

/// Halvings of a piece until its question is given up.
const MOST_HALVINGS: u8 = 8;

/// Troubles in a row until nothing more is asked.
const PATIENCE: u32 = 4;

/// What all answers together may take while they come, in bytes: what is kept of
/// them takes half.
const ROOM: usize = 768 << 20;

/// Points a second that buy no more time than they take.
const PACE: u32 = 20_000;

/// The longest pause, however often the server refuses.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What series are called, and whose are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) words: Words<'a>,
    pub(super) scope: &'a Scope,
}

impl<'a> View<'a> {
    pub(super) fn new(options: &'a PrometheusOptions, scope: &'a Scope) -> Self {
        let words = Words::new(options);
        Self { words, scope }
    }

    /// The place of a series, where its pod is looked at.
    pub(super) fn place(self, labels: &Labels) -> Option<Place> {
        let place = Place::of(labels, self.words);
        self.wants(&place).then_some(place)
    }

    pub(super) fn wants(self, place: &Place) -> bool {
        !place.pod.is_empty() && self.wants_namespace(&place.namespace)
    }

    pub(super) fn wants_namespace(self, namespace: &str) -> bool {
        !namespace.is_empty() && self.scope.namespace(namespace)
    }
}

/// Asks one server, one question at a time.
pub(super) struct Asker<'a> {
    server: &'a Server,
    pub(super) view: View<'a>,
    /// Namespaces by name, where the scope names them.
    exact: Vec<String>,
    pub(super) grid: Grid,
    max_samples: u64,
    back_off: Duration,
    progress: &'a dyn Progress,
    /// When data is known to have begun; what is there then may be older.
    pub(super) begins: i64,
    /// The most series at a time, by metric that there is.
    series: BTreeMap<&'static str, u64>,
    troubles: u32,
    gaps: Vec<Gap>,
    /// Points that say nothing, by what was asked.
    dropped: BTreeMap<&'static str, u64>,
    /// Bytes of all answers.
    held: usize,
}

/// Points from `first` to `last`, both included, each a step after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) first: i64,
    pub(super) last: i64,
    halved: u8,
}

/// Bytes of names in one question of the index, which a server takes in a URL only.
const LONGEST_NAMES: usize = 2_000;

/// The metrics, as many at a time as a URL holds wherever it has to pass.
fn in_urls<'m>(metrics: &'m [&'static str]) -> Vec<&'m [&'static str]> {
    let (mut pieces, mut start, mut length) = (Vec::new(), 0, 0);
    for (place, metric) in metrics.iter().enumerate() {
        // The sign between two names takes three bytes in a URL.
        length += metric.len() + 3;
        if length > LONGEST_NAMES && place > start {
            pieces.push(&metrics[start..place]);
            (start, length) = (place, metric.len() + 3);
        }
    }
    pieces.push(&metrics[start..]);
    pieces
}

impl<'a> Asker<'a> {
    pub(super) fn new(
        server: &'a Server,
        options: &PrometheusOptions,
        view: View<'a>,
        grid: Grid,
        progress: &'a dyn Progress,
    ) -> Self {
        let exact = view.scope.exact_namespaces().unwrap_or_default();
        Self {
            server,
            view,
            exact: exact.into_iter().map(str::to_owned).collect(),
            grid,
            max_samples: options.max_samples.max(1),
            back_off: options.back_off,
            progress,
            begins: grid.start.as_second(),
            series: BTreeMap::new(),
            troubles: 0,
            gaps: Vec::new(),
            dropped: BTreeMap::new(),
            held: 0,
        }
    }

    pub(super) fn into_gaps(self) -> Vec<Gap> {
        let dropped = self.dropped.into_iter().map(|(label, points)| {
            let noun = if points == 1 {
                "sample is"
            } else {
                "samples are"
            };
            let text = format!(
                "{points} {noun} not a number, or of times outside the window, and left out"
            );
            Gap::new("impossible-values", label, text)
        });
        self.gaps.into_iter().chain(dropped).collect()
    }

    /// Counts what came, and what says nothing of it.
    fn took(&mut self, label: &'static str, answer: &All) {
        if answer.dropped > 0 {
            *self.dropped.entry(label).or_default() += answer.dropped;
        }
        self.held = self.held.saturating_add(answer.held);
        let points = answer.series.iter().map(|it| it.points.len());
        let points = u64::try_from(points.sum::<usize>()).unwrap_or(u64::MAX);
        self.server.deadline.buy(points, PACE);
        if self.held > ROOM && self.troubles < PATIENCE {
            self.troubles = PATIENCE;
            let most = ROOM >> 20;
            let text = format!("they take more than the {most} MiB set aside for them");
            let hint = "name fewer namespaces with `-n NAMESPACE`, or shorten `--window`";
            let gap = Gap::new("signals-not-read", label, text);
            self.gaps.push(gap.hint(hint));
        }
    }

    /// Questions that were given up: whoever finds more of them after its own knows that
    /// it has not heard everything.
    pub(super) fn misses(&self) -> usize {
        self.gaps.len()
    }

    pub(super) fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    pub(super) fn has(&self, metric: &str) -> bool {
        self.series.contains_key(metric)
    }

    /// Series of these metrics at a time, together.
    pub(super) fn series(&self, metrics: &[&str]) -> u64 {
        let counts = metrics.iter().filter_map(|metric| self.series.get(metric));
        counts.sum::<u64>().max(1)
    }

    /// An hour, or the step where it is longer or the window is short.
    pub(super) fn coarse(&self) -> u32 {
        let step = self.grid.step.as_secs().max(1);
        if self.grid.span() < Span::days(2) {
            return step;
        }
        Span::HOUR.as_secs().div_ceil(step).max(1) * step
    }

    /// The selector of any of these metrics; of containers and in scope where
    /// `condition` says so.
    pub(super) fn selector(&self, metrics: &[&str], condition: &str, exact: bool) -> String {
        let names: Vec<&str> = metrics
            .iter()
            .map(|metric| self.view.words.name(metric))
            .collect();
        let operator = if names.len() > 1 { "=~" } else { "=" };
        let mut text = format!("{{__name__{operator}\"{}\"{condition}", names.join("|"));
        let namespaces: &[String] = if exact { &self.exact } else { &[] };
        let selection = Selection {
            namespaces,
            ..Selection::ALL
        };
        self.view.words.conditions(&mut text, selection);
        text.push('}');
        text
    }

    /// The condition that a series is of a container, not of a pod.
    pub(super) fn of_containers(&self) -> String {
        let container = self.view.words.name("container");
        format!(",{container}!=\"\",{container}!=\"POD\"")
    }

    /// Finds which of these metrics there are, and how many series of each.
    pub(super) async fn find(&mut self, metrics: &[&'static str]) {
        let found = match self.names(metrics).await {
            Ok(found) => found,
            Err(failure) => return self.give_up(SUBJECT, &failure),
        };
        let words = self.view.words;
        let there: Vec<&'static str> = metrics
            .iter()
            .filter(|metric| found.iter().any(|name| name == words.name(metric)))
            .copied()
            .collect();
        if there.is_empty() {
            return;
        }
        self.series = there.iter().map(|metric| (*metric, 1)).collect();
        let step = (self.grid.span().as_secs() / MOMENTS).max(1);
        let question = Question {
            label: SUBJECT,
            text: format!("count by (__name__) ({})", self.selector(&there, "", false)),
            step: Some(step),
            cost: 1,
        };
        let mut series = std::mem::take(&mut self.series);
        let mut begins = None;
        self.over_window(&question, |answer| {
            let name = answer.labels.get("__name__");
            let known = series
                .iter_mut()
                .find(|(metric, _)| words.name(metric) == name);
            let most = answer
                .points
                .iter()
                .map(|(_, count)| *count)
                .fold(0.0, f64::max);
            let first = answer.points.first().map(|(time, _)| *time);
            begins = begins.into_iter().chain(first).min();
            if let Some((_, count)) = known {
                *count = whole(most).max(*count);
            }
        })
        .await;
        self.series = series;
        self.begins = begins.unwrap_or(self.begins);
        self.progress.trace(&format!(
            "further metrics and their series: {:?}",
            self.series
        ));
    }

    /// Names of those of these metrics that there are.
    async fn names(&self, metrics: &[&'static str]) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for piece in in_urls(metrics) {
            names.extend(self.names_of(piece).await?);
        }
        Ok(names)
    }

    /// The same of as many as one question holds.
    async fn names_of(&self, metrics: &[&'static str]) -> Result<Vec<String>, Failure> {
        let selector = self.selector(metrics, "", false);
        let ask = async |first: i64, last: i64| {
            let query = Query {
                path: "/api/v1/label/__name__/values".into(),
                parameters: vec![
                    ("match[]", selector.clone()),
                    ("start", first.to_string()),
                    ("end", last.to_string()),
                ],
            };
            let list = async || self.server.list(&query).await;
            self.server.again(self.back_off, list).await
        };
        let span = (self.grid.start.as_second(), self.grid.end().as_second());
        let parts = self
            .server
            .in_parts(span, Span::HOUR.as_secs(), ask)
            .await?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// The newest samples.
    pub(super) async fn newest(&mut self, question: &Question) -> Vec<Answer> {
        if self.troubles >= PATIENCE {
            return Vec::new();
        }
        let query = Query::instant(question.text.clone(), self.grid.end().as_second());
        let asked = self.server.ask_again(&query, self.back_off, All::default);
        match asked.await {
            Ok(answer) => {
                self.took(question.label, &answer);
                answer.series
            }
            Err(failure) => {
                self.give_up(question.label, &failure);
                Vec::new()
            }
        }
    }

    /// Hands over the answers to a question, piece by piece, oldest first, so that
    /// no more than one is held.
    ///
    /// A piece begins with the last point of the piece before, so that counters
    /// can be subtracted within each.
    pub(super) async fn over_window(&mut self, question: &Question, mut take: impl FnMut(&Answer)) {
        let step = question
            .step
            .unwrap_or_else(|| self.grid.span().as_secs())
            .max(1);
        let mut queue = self.pieces(question, step);
        while let Some(piece) = queue.pop() {
            if self.troubles >= PATIENCE {
                break;
            }
            let text = question.text.clone();
            let query = Query::range(text, piece.first, piece.last, step);
            match self
                .server
                .ask(&query, All::between(piece.first, piece.last, step))
                .await
            {
                Ok((answer, _)) => {
                    self.troubles = 0;
                    self.took(question.label, &answer);
                    answer.series.iter().for_each(&mut take);
                }
                Err(failure) => {
                    self.progress
                        .detail(&format!("{}: {failure}", question.label));
                    let Some(pieces) = self.again(piece, &failure, step).await else {
                        self.give_up(question.label, &failure);
                        break;
                    };
                    queue.extend(pieces);
                }
            }
        }
    }

    /// What to ask instead, the first last; `None` where nothing helps.
    async fn again(&mut self, piece: Piece, failure: &Failure, step: u32) -> Option<Vec<Piece>> {
        let remedy = failure.remedy();
        if failure.is_for_all() {
            self.troubles = PATIENCE;
        }
        if remedy == Remedy::GiveUp {
            return None;
        }
        if !matches!(failure, Failure::TooMuch(_) | Failure::TooLong { .. }) {
            self.troubles += 1;
        }
        if self.troubles >= PATIENCE {
            return None;
        }
        if matches!(failure, Failure::TooLong { .. }) {
            // It works, and says how long a piece may be.
            let shorter = self.cut(piece.first, piece.last, step);
            let helps = shorter.len() > 1;
            return if helps {
                Some(shorter)
            } else {
                piece.halves(step)
            };
        }
        let pause = self.back_off * 2_u32.saturating_pow(self.troubles.min(8));
        let pause = pause.min(LONGEST_PAUSE);
        if pause >= self.server.deadline.left() {
            return None;
        }
        sleep(pause).await;
        match remedy {
            Remedy::Halve => piece.halves(step),
            _ => Some(vec![piece]),
        }
    }

    fn give_up(&mut self, label: &str, failure: &Failure) {
        let gap = Gap::new("signals-not-read", label, failure.to_string());
        self.gaps.push(gap.hint(
            "try again when the server is less busy; advice is made without what is missing",
        ));
    }

    /// The last first, as they are taken from the end.
    pub(super) fn pieces(&self, question: &Question, step: u32) -> Vec<Piece> {
        let seconds = i64::from(step.max(1));
        let end = self.grid.end().as_second();
        let points = i64::from(self.grid.span().as_secs()) / seconds;
        let most = i64::try_from(self.max_samples / question.cost.max(1)).unwrap_or(i64::MAX);
        let start = end - points * seconds;
        let affordable = spans(start, end, seconds, most.clamp(1, MOST_POINTS)).into_iter();
        affordable
            .flat_map(|piece| self.cut(piece.first, piece.last, step))
            .collect()
    }

    /// In pieces that are as long as the server takes, the last first.
    fn cut(&self, first: i64, last: i64, step: u32) -> Vec<Piece> {
        let step = i64::from(step.max(1));
        let longest = self
            .server
            .longest()
            .map_or(i64::MAX, |it| i64::from(it.as_secs()));
        spans(first, last, step, (longest / step).max(1))
    }
}

/// Pieces of at most so many steps that share the points between them, the last first.
fn spans(first: i64, last: i64, step: i64, length: i64) -> Vec<Piece> {
    let points = (last - first) / step;
    let mut pieces = Vec::new();
    let mut until = points;
    while until > 0 {
        let from = (until - length).max(0);
        pieces.push(Piece {
            first: last - (points - from) * step,
            last: last - (points - until) * step,
            halved: 0,
        });
        until = from;
    }
    pieces
}

/// Prometheus refuses more than 11,000 points a series.
const MOST_POINTS: i64 = 10_000;

impl Piece {
    /// The later half first. They share the point between them.
    fn halves(self, step: u32) -> Option<Vec<Self>> {
        let step = i64::from(step.max(1));
        let points = (self.last - self.first) / step;
        if points < 2 || self.halved >= MOST_HALVINGS {
            return None;
        }
        let middle = self.first + points / 2 * step;
        let half = |first, last| Self {
            first,
            last,
            halved: self.halved + 1,
        };
        Some(vec![half(middle, self.last), half(self.first, middle)])
    }
}

/// A count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is cut at both ends"
)]
pub(super) fn whole(count: f64) -> u64 {
    count.clamp(0.0, 1e15) as u64
}
