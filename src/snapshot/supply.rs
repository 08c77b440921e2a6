//! Usage, some workloads at a time.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Range;

use super::{Metric, Usage};

/// Gives usage part by part: all of it may be more than fits into memory.
pub trait Supply {
    /// Why usage could not be read to its end.
    type Error;

    /// Gives the usage of some workloads, and which, by their places; all parts together
    /// are every workload once, in order. Asked again, the same comes again.
    ///
    /// # Errors
    ///
    /// Where a part could not be read; what was given before is not to be used then.
    fn each(&self, take: &mut dyn FnMut(Range<usize>, &Usage)) -> Result<(), Self::Error>;

    /// Metrics beside CPU and memory that any series has.
    fn metrics(&self) -> BTreeSet<Metric>;
}

/// All at once, of as many workloads as there are.
impl Supply for Usage {
    type Error = Infallible;

    fn each(&self, take: &mut dyn FnMut(Range<usize>, &Usage)) -> Result<(), Infallible> {
        take(0..usize::MAX, self);
        Ok(())
    }

    fn metrics(&self) -> BTreeSet<Metric> {
        let series = self.series.iter();
        series.flat_map(|it| it.more.keys().copied()).collect()
    }
}
