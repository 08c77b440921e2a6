use super::{Model, Past};

/// Halfway between two models.
pub(super) struct Halves {
    pub(super) name: &'static str,
    pub(super) models: [&'static dyn Model; 2],
}

impl Model for Halves {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        let [one, other] = self.models;
        let (one, other) = (one.ahead(past, hours)?, other.ahead(past, hours)?);
        let both = one.into_iter().zip(other);
        Some(both.map(|(one, other)| f64::midpoint(one, other)).collect())
    }
}
