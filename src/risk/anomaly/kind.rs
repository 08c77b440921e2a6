use super::{Hours, Stray, Usual};
use crate::trend::quantile;
use crate::units::len_f64;

/// Share of what is expected that is as good as nothing.
const NOTHING: f64 = 0.1;
/// Share of a day from which on a change is a new level.
const LASTS: f64 = 0.4;
/// Shares of all hours that tell the peak of a rhythm, and its quiet hours.
const PEAK: f64 = 0.7;
const QUIET: f64 = 0.4;

/// What sort of anomaly it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::risk) enum Kind {
    /// Up and down again.
    Spike,
    /// Down, and up again.
    Drop,
    /// Down to as good as nothing.
    Nothing,
    /// It stays where it went.
    Shift,
    /// The peak of its rhythm did not come.
    LostRhythm,
}

impl Kind {
    pub(super) fn of(stray: &Stray, hours: &Hours, usual: &Usual, slots: usize) -> Self {
        let days = len_f64(slots) / len_f64(hours.slots * hours.per_day);
        if !stray.up && stray.expected > 0.0 && stray.seen <= NOTHING * stray.expected {
            return Self::Nothing;
        }
        if !stray.up && usual.rhythm && missed_peak(stray, usual) {
            return Self::LostRhythm;
        }
        match (days >= LASTS, stray.up) {
            (true, _) => Self::Shift,
            (false, true) => Self::Spike,
            (false, false) => Self::Drop,
        }
    }

    /// In machine output.
    pub(in crate::risk) fn name(self) -> &'static str {
        match self {
            Self::Spike => "spike",
            Self::Drop | Self::Nothing => "drop",
            Self::Shift => "level_shift",
            Self::LostRhythm => "lost_rhythm",
        }
    }
}

/// Whether a peak was expected and quiet hours were seen.
fn missed_peak(stray: &Stray, usual: &Usual) -> bool {
    let mut all = usual.expected.clone();
    all.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| quantile(&all, share).unwrap_or(f64::NAN);
    stray.expected >= at(PEAK) && stray.seen <= at(QUIET)
}
