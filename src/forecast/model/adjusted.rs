use super::{DAY, Model, Past};
use crate::trend::median;
use crate::units::len_f64;

/// A model moved to where the last day was beside it.
pub(super) struct Adjusted {
    pub(super) name: &'static str,
    pub(super) base: &'static dyn Model,
    pub(super) by: By,
}

/// How a model is moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum By {
    /// By what the last day usually was above it.
    Level,
    /// By what the last day was as a share of it.
    Ratio,
    /// By what the last hour was above it, of which each hour keeps a share.
    LastHour { kept: f64 },
}

/// Share of the move that each further day keeps.
const DAY_KEEPS: f64 = 0.9;

/// A day is never said to be further from the usual than this.
const RATIOS: (f64, f64) = (1.0 / 3.0, 3.0);

/// Hours of the last day that must be known.
const LEAST: usize = 6;

impl Model for Adjusted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        let base = past.base(self.base.name(), hours, || {
            let expected = self.base.last_day(past)?;
            Some((expected, self.base.ahead(past, hours)?))
        })?;
        let (expected, base) = &*base;
        let was = past.newest(DAY);
        let known = was.iter().zip(expected);
        let known: Vec<(f64, f64)> = known
            .filter(|(was, expected)| was.is_finite() && expected.is_finite())
            .map(|(was, expected)| (*was, *expected))
            .collect();
        if known.len() < LEAST {
            return None;
        }
        let moved = self.by.moves(&known);
        let all = base.iter().enumerate();
        Some(
            all.map(|(hour, it)| moved(*it, len_f64(hour)).max(0.0))
                .collect(),
        )
    }
}

impl By {
    /// What becomes of a value so many hours ahead, by pairs of what was and what was expected.
    fn moves(self, known: &[(f64, f64)]) -> impl Fn(f64, f64) -> f64 {
        let days = move |hour: f64| DAY_KEEPS.powf(hour / len_f64(DAY));
        let above: Vec<f64> = known.iter().map(|(was, expected)| was - expected).collect();
        let was: f64 = known.iter().map(|it| it.0).sum();
        let expected: f64 = known.iter().map(|it| it.1).sum();
        let (add, share, kept) = match self {
            Self::Level => (median(&above), 0.0, None),
            Self::Ratio if expected > 0.0 => {
                let ratio = (was / expected).clamp(RATIOS.0, RATIOS.1);
                (0.0, ratio - 1.0, None)
            }
            Self::Ratio => (0.0, 0.0, None),
            Self::LastHour { kept } => (above.last().copied().unwrap_or(0.0), 0.0, Some(kept)),
        };
        move |value, hour| match kept {
            Some(kept) => value + add * f64::powf(kept, hour + 1.0),
            None => value + (add + share * value) * days(hour),
        }
    }
}
