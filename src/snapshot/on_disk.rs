//! Usage that stays on disk, some series at a time.

use std::ops::Range;
use std::sync::mpsc;
use std::thread;

use super::{BundleError, Metric, Usage};

/// What is read of all series, while they are held against what was written: where they are
/// not that, it is told before anything that is odd in them.
///
/// # Errors
///
/// As [`OnDisk::check`] and as `read`.
pub(crate) fn checked<T>(
    series: &dyn OnDisk,
    read: impl FnOnce() -> Result<T, BundleError>,
) -> Result<T, BundleError> {
    let mut check = Ok(());
    // By a thread that is there already: what a new one leaves behind of memory stays.
    let read = rayon::in_place_scope(|scope| {
        scope.spawn(|_| check = series.check());
        read()
    });
    check?;
    read
}

/// Series, sorted as in [`Usage`], whose samples are read when they are asked for.
pub(crate) trait OnDisk: Sync {
    /// How many there are.
    fn count(&self) -> usize;
    /// The workload that a series is of.
    fn workload(&self, series: usize) -> u32;
    /// Metrics beside CPU and memory that a series has.
    fn metrics(&self, series: usize) -> Vec<Metric>;
    /// What the samples of a series take in memory, in bytes.
    fn bytes(&self, series: usize) -> u64;
    /// Some of them.
    ///
    /// # Errors
    ///
    /// When they are damaged, or no longer there.
    fn some(&self, series: Range<usize>) -> Result<Usage, BundleError>;

    /// Whether all is as it was written, where that is told by more than to read it.
    ///
    /// # Errors
    ///
    /// When it is not.
    fn check(&self) -> Result<(), BundleError> {
        Ok(())
    }

    /// The series of one workload.
    ///
    /// # Errors
    ///
    /// As [`Self::some`].
    fn of_workload(&self, workload: usize) -> Result<Usage, BundleError> {
        let place = u32::try_from(workload).unwrap_or(u32::MAX);
        let from = self.first_not_before(place);
        let end = self.first_not_before(place.saturating_add(1));
        self.some(from..end)
    }

    /// The first series of a workload or of a later one.
    fn first_not_before(&self, workload: u32) -> usize {
        let (mut from, mut until) = (0, self.count());
        while from < until {
            let middle = usize::midpoint(from, until);
            if self.workload(middle) < workload {
                from = middle + 1;
            } else {
                until = middle;
            }
        }
        from
    }

    /// Gives the series of some of so many workloads, in order: those that together take
    /// no more than `most` bytes, one at least.
    ///
    /// # Errors
    ///
    /// As [`Self::some`].
    fn each(
        &self,
        workloads: usize,
        most: u64,
        take: &mut dyn FnMut(Range<usize>, Usage),
    ) -> Result<(), BundleError> {
        let parts = self.parts(workloads, most);
        thread::scope(|scope| {
            // The next part is read while this one is looked at, and none beside.
            let (give, given) = mpsc::sync_channel(0);
            scope.spawn(|| {
                let give = give;
                for (workloads, series) in parts {
                    let read = self.some(series).map(|usage| (workloads, usage));
                    let failed = read.is_err();
                    // Nobody takes more where looking at one ended in a panic.
                    if give.send(read).is_err() || failed {
                        return;
                    }
                }
            });
            for part in given {
                let (workloads, usage) = part?;
                take(workloads, usage);
            }
            Ok(())
        })
    }

    /// Which workloads, and their series, make up each part.
    fn parts(&self, workloads: usize, most: u64) -> Vec<(Range<usize>, Range<usize>)> {
        let count = self.count();
        let of = |series: usize| usize::try_from(self.workload(series)).unwrap_or(usize::MAX);
        let mut parts = Vec::new();
        let (mut from, mut first) = (0, 0);
        while from < count {
            let (mut end, mut bytes) = (from, 0);
            while end < count && (bytes == 0 || bytes + self.bytes(end) <= most) {
                let workload = of(end);
                while end < count && of(end) == workload {
                    bytes += self.bytes(end);
                    end += 1;
                }
            }
            let next = if end < count { of(end) } else { workloads };
            parts.push((first..next, from..end));
            (from, first) = (end, next);
        }
        if first < workloads {
            parts.push((first..workloads, 0..0));
        }
        parts
    }
}
