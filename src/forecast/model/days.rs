use super::{DAY, Model, Past};

/// A model of whole days: of the next hours alone it says nothing.
pub(super) struct Days(pub(super) &'static dyn Model);

impl Model for Days {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        (hours >= DAY).then(|| self.0.ahead(past, hours)).flatten()
    }
}
