use super::shift::{Followed, Shift};
use super::template::NewTemplate;

/// Which part of the history of one resource speaks for what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::recommend) struct Regime {
    /// What came before this slot is left out.
    pub from: u32,
    /// From this slot on the level is higher than before.
    pub risen: Option<u32>,
    /// What came before this slot counts half as history.
    pub half_before: u32,
}

impl Regime {
    pub(super) fn of(shift: Option<&Shift>, template: Option<&NewTemplate>) -> Self {
        let followed = |down: bool| {
            let wanted = move |shift: &&Shift| match shift.followed {
                Followed::Up => !down,
                Followed::Down { .. } => down,
                Followed::NotYet { .. } => false,
            };
            shift.filter(wanted).map(|shift| shift.since)
        };
        Self {
            from: followed(true).unwrap_or(0),
            risen: followed(false),
            half_before: template.map_or(0, |template| template.since),
        }
    }

    /// Whether all of the window counts alike for levels of use.
    pub(in crate::recommend) fn is_whole(&self) -> bool {
        self.from == 0 && self.risen.is_none()
    }

    /// How many of the slots from `start` to before `end` are history: what may
    /// bring something new is as likely as little of it is known.
    pub(in crate::recommend) fn history(&self, start: u32, end: u32) -> f64 {
        let new_since = self.from.max(self.risen.unwrap_or(0));
        let after = |slot: u32| f64::from(end.saturating_sub(start.max(slot)));
        0.5 * (after(new_since) + after(new_since.max(self.half_before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_before_a_new_template_count_half_and_before_a_rise_not_at_all() {
        let template = Regime {
            half_before: 60,
            ..Regime::default()
        };
        assert!((template.history(0, 100) - 70.0).abs() < 1e-9);
        assert!((template.history(40, 70) - 20.0).abs() < 1e-9);
        let risen = Regime {
            risen: Some(80),
            ..template
        };
        assert!((risen.history(0, 100) - 20.0).abs() < 1e-9);
        assert!((Regime::default().history(0, 100) - 100.0).abs() < 1e-9);
    }
}
