//! Who boils samples down to what profiles need: kcost, or the server.
//!
//! **Chunks** takes samples as they are stored, and computes every point of the grid
//! itself. **Raw** has the server compute every point. **Pushdown** has the server draw one
//! point from each three, so that the network and kcost carry a third, and a
//! store that spreads queries over many machines spreads this work too. The
//! point drawn is the smallest, the middle or the largest of the three, and
//! which of them changes from slot to slot by a golden-ratio sequence: in every
//! stretch of time each rank comes up equally often and in step with no rhythm,
//! so that quantiles, means and shapes of the week are those of all points.
//! Memory is the largest of each slot, so that peaks are exact; the largest CPU
//! of the whole window is asked for besides, and so exact too. Two things differ:
//! over a few days the quantiles of CPU have a third of the samples to go by, and
//! quantiles of memory are those of the peaks of longer slots, never lower. Both show most
//! in what works for a minute in hours: where that minute comes again at a distance that
//! is in step with the golden ratio, many or few of the minutes are drawn. Of one each 431
//! minutes over 6 days the mean of CPU was between 0.15 and 1.95 of what all points say,
//! depending on when the window ends, and memory has its peak in three times the slots.

use std::fmt;

use jiff::Timestamp;

use super::options::PrometheusOptions;
use super::plan::Costs;
use super::survey::Survey;
use crate::snapshot::Grid;
use crate::text::group;
use crate::units::{Bytes, Span};

/// Points that one is drawn from.
///
/// On a public trace of 60 machines (GWA-T-12, two fortnights at 5 minutes) the
/// P90, P95, P98 and P99 of CPU of 95 % of the machines stay within 3 %, 4 %,
/// 5 % and 11 % of raw. With six instead of three it would be 12 %, 7 %, 9 % and 32 %.
pub(super) const DRAWN_FROM: u32 = 3;

/// Points that are taken raw unless the user says otherwise: 80 MB of columns,
/// as 1,650 containers have in 14 days at 5 minutes with three metrics.
const MOST_RAW: u64 = 20_000_000;

/// The same in chunks: 600 MB, as 12,000 containers have.
const MOST_IN_CHUNKS: u64 = 150_000_000;

/// Who boils samples down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// kcost, from all that is stored.
    Chunks,
    /// kcost, from the points that the server computes.
    Raw,
    /// The server.
    Pushdown,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Chunks => "chunks",
            Self::Raw => "raw",
            Self::Pushdown => "pushdown",
        }
    }

    /// Whether it works at this step: profiles need points of an hour or less.
    pub fn works_at(self, step: Span) -> bool {
        match self {
            Self::Chunks | Self::Raw => true,
            Self::Pushdown => step.as_secs().saturating_mul(DRAWN_FROM) <= Span::HOUR.as_secs(),
        }
    }

    /// Slots that end at whole multiples of their length, so that two runs within
    /// one ask for the same points and caches of the server can answer.
    pub(super) fn grid(self, options: &PrometheusOptions) -> Grid {
        let factor = match self {
            Self::Chunks | Self::Raw => 1,
            Self::Pushdown => DRAWN_FROM,
        };
        let step = options.step.as_secs().max(1).saturating_mul(factor);
        let len = (options.window.as_secs() / step).max(1);
        let end = options.end.as_second().div_euclid(i64::from(step)) * i64::from(step);
        let start = end - i64::from(len) * i64::from(step);
        Grid {
            start: Timestamp::from_second(start).unwrap_or(Timestamp::UNIX_EPOCH),
            step: Span::from_secs(step),
            len,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The engine for a plan.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) engine: Engine,
    pub(super) why: String,
}

impl Chosen {
    /// What the user says, else the cheapest up to a number of points. `grid` is the
    /// finer one; `narrow` says that others share the way to the server.
    pub(super) fn new(
        options: &PrometheusOptions,
        survey: &Survey,
        grid: &Grid,
        narrow: bool,
    ) -> Self {
        let slots = grid.len.saturating_sub(survey.first);
        let readings = u64::try_from(survey.readings.len()).unwrap_or(u64::MAX);
        let points = survey.series().saturating_mul(u64::from(slots) * readings);
        let said = options
            .engine
            .filter(|engine| engine.works_at(options.step));
        if let Some(engine) = said {
            let why = "as `--engine` says".to_owned();
            return Self { engine, why };
        }
        let length = (slots, options.step.as_secs());
        let without = match &survey.chunks {
            Ok(offer) => match Self::chunks(&Costs::of(survey, *offer, length, narrow), points) {
                Ok(chosen) => return chosen,
                Err(without) => without,
            },
            Err(why) => format!("the server {why}"),
        };
        let Self { engine, why } = Self::queries(options.step, points);
        let why = format!("{why}; {without}");
        Self { engine, why }
    }

    /// As they are stored, where that is cheaper; else why not.
    fn chunks(costs: &Costs, points: u64) -> Result<Self, String> {
        let bytes = Bytes::from_f64(costs.chunks.bytes).human();
        if points > MOST_IN_CHUNKS {
            let most = group(&MOST_IN_CHUNKS.to_string());
            return Err(format!("up to {most} are taken from chunks"));
        }
        if costs.chunks_seconds > costs.raw_seconds {
            let [chunks, points] = [costs.chunks_seconds, costs.raw_seconds].map(seconds);
            if chunks == points {
                return Err(format!("{bytes} of chunks would be no faster than points"));
            }
            return Err(format!(
                "{bytes} of chunks would take longer: {chunks} where points take {points}"
            ));
        }
        let points = group(&points.to_string());
        Ok(Self {
            engine: Engine::Chunks,
            why: format!("about {bytes} as stored, where the server would compute {points} points"),
        })
    }

    fn queries(step: Span, points: u64) -> Self {
        let (shown, most) = (group(&points.to_string()), group(&MOST_RAW.to_string()));
        let count = format!("{shown} points, and up to {most} are taken raw");
        let (engine, why) = if !Engine::Pushdown.works_at(step) {
            let why = format!("a step of {step} leaves nothing to push down");
            (Engine::Raw, why)
        } else if points > MOST_RAW {
            (Engine::Pushdown, count)
        } else {
            (Engine::Raw, count)
        };
        Self { engine, why }
    }
}

/// `84 ms`, `1.2 s`.
fn seconds(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_both_engines_end_at_multiples_of_their_length() {
        let end = Timestamp::from_second(1_795_392_000 + 1_234).unwrap();
        let five = Span::from_secs(300);
        let options = PrometheusOptions::new("http://a", Span::days(14), five, end);
        let raw = Engine::Raw.grid(&options);
        let pushdown = Engine::Pushdown.grid(&options);
        assert_eq!((raw.len, pushdown.len), (4_032, 1_344));
        assert_eq!(raw.end().as_second(), 1_795_392_000 + 1_200);
        assert_eq!(pushdown.end().as_second(), 1_795_392_000 + 900);
        assert_eq!(pushdown.span(), raw.span());
    }

    #[test]
    fn pushdown_needs_three_points_an_hour() {
        assert!(Engine::Pushdown.works_at(Span::from_secs(1_200)));
        assert!(!Engine::Pushdown.works_at(Span::from_secs(1_260)));
        assert!(Engine::Raw.works_at(Span::DAY));
    }
}
