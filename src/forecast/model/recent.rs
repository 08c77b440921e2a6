use super::{Model, Past};

/// The middle of the newest hours, whatever the hour.
pub(super) struct Recent {
    pub(super) name: &'static str,
    pub(super) hours: usize,
}

impl Model for Recent {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        let middle = past.middle(self.hours);
        let level = if middle.is_finite() {
            middle
        } else {
            past.last()?
        };
        Some(vec![level; hours])
    }
}
