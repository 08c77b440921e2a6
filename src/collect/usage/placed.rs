use crate::snapshot::{Series, Usage};

/// Whose samples a series has.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// Index into the workloads.
    pub workload: u32,
    pub pod: &'a str,
    pub container: &'a str,
}

/// Series under their workloads, wherever their samples are.
pub trait HasSeries {
    /// Whose they are, in their order.
    fn names(&self) -> impl Iterator<Item = Name<'_>>;
    /// Gives each its workload anew, in an order that stays; those without one go.
    fn renumber(&mut self, place: &mut dyn FnMut(Name<'_>) -> Option<u32>);
}

impl<'a> From<&'a Series> for Name<'a> {
    fn from(series: &'a Series) -> Self {
        Self {
            workload: series.workload,
            pod: &series.pod,
            container: &series.container,
        }
    }
}

impl HasSeries for Usage {
    fn names(&self) -> impl Iterator<Item = Name<'_>> {
        self.series.iter().map(Name::from)
    }

    fn renumber(&mut self, place: &mut dyn FnMut(Name<'_>) -> Option<u32>) {
        Self::renumber(self, |series| place(Name::from(series)));
    }
}
