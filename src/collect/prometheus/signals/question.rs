//! What is asked for besides usage, and what comes back.

use super::super::answer::{Broken, Labels, Sink};
use super::super::plan::More;
use super::ask::Asker;
use crate::units::Span;

/// One thing to ask for.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// As a gap or a plan names it.
    pub(super) label: &'static str,
    pub(super) text: String,
    /// Seconds between points over the window; `None` for the newest alone.
    pub(super) step: Option<u32>,
    /// Samples that the server touches for a point.
    pub(super) cost: u64,
}

impl Question {
    /// The queries that it takes.
    pub(super) fn planned(&self, asker: &Asker<'_>, only: Option<&'static str>) -> Vec<More> {
        let more = |points: i64, history| More {
            label: self.label,
            cost: self.cost.saturating_mul(points.unsigned_abs()),
            history,
            only,
        };
        let Some(step) = self.step else {
            return vec![more(1, None)];
        };
        let pieces = asker.pieces(self, step).into_iter().rev();
        let each = pieces.map(|piece| {
            let seconds = piece.last - piece.first;
            let history = Span::from_secs(u32::try_from(seconds).unwrap_or(u32::MAX));
            more(seconds / i64::from(step) + 1, Some(history))
        });
        each.collect()
    }
}

/// A series of an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) labels: Labels,
    /// Unix seconds and values, in the order of time; finite.
    pub(super) points: Vec<(i64, f64)>,
    /// The first point that was asked for.
    pub(super) first: i64,
}

/// Keeps an answer, series by series.
#[derive(Default)]
pub(super) struct All {
    first: i64,
    /// The first and the last time that a point may have, where they are known.
    asked: Option<(i64, i64)>,
    pub(super) series: Vec<Answer>,
    /// Points that are no number, or of a time that was not asked for.
    pub(super) dropped: u64,
    /// Bytes that are held.
    pub(super) held: usize,
}

/// What one answer may take, in bytes: 2.5 million points in series of a hundred.
const ROOM: usize = 64 << 20;

impl All {
    /// With the first and the last point that were asked for, and the distance
    /// between two: VictoriaMetrics moves points to multiples of it.
    pub(super) fn between(first: i64, last: i64, step: u32) -> Self {
        let step = i64::from(step);
        Self {
            first,
            asked: Some((first - step, last + step)),
            ..Self::default()
        }
    }
}

impl Sink for All {
    fn series(&mut self, labels: &Labels) {
        self.held += labels.size() + size_of::<Answer>();
        if let Some(done) = self.series.last_mut() {
            done.points.shrink_to_fit();
        }
        self.series.push(Answer {
            labels: labels.clone(),
            points: Vec::new(),
            first: self.first,
        });
    }

    #[expect(clippy::cast_possible_truncation, reason = "Unix seconds are small")]
    fn point(&mut self, time: f64, value: f64) {
        let time = time.round() as i64;
        let is_asked = self
            .asked
            .is_none_or(|(first, last)| (first..=last).contains(&time));
        match self.series.last_mut() {
            Some(answer) if is_asked && value.is_finite() => {
                self.held += size_of::<(i64, f64)>();
                answer.points.push((time, value));
            }
            _ => self.dropped += 1,
        }
    }

    fn fault(&self) -> Option<Broken> {
        (self.held > ROOM).then_some(Broken::TooLarge(ROOM))
    }
}
