use super::Hours;
use super::stray::{Sort, Stray};
use crate::units::len_f64;

/// Share of a day from which on a change is a new level.
const LASTS: f64 = 0.4;
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
    /// Its rhythm did not come, or came at another time.
    LostRhythm,
}

impl Kind {
    pub(super) fn of(stray: &Stray, hours: &Hours, slots: usize) -> Self {
        if stray.sort == Sort::Rhythm {
            return Self::LostRhythm;
        }
        if stray.is_nothing() {
            return Self::Nothing;
        }
        let days = len_f64(slots) / len_f64(hours.slots * hours.per_day);
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
