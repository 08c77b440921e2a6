//! Usage whose samples wait in a temporary file until somebody looks at them.

use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::building::Building;
use super::left_out::LeftOut;
use super::placed::{HasSeries, Name};
use super::spill::Spill;
use crate::snapshot::{BundleError, Gap, Grid, Metric, OnDisk, Series, Usage};

/// Bytes of one sample.
const SAMPLE: usize = size_of::<f32>();

/// Usage under its workloads, sorted as in [`Usage`].
#[derive(Debug)]
pub struct Aside {
    grid: Grid,
    /// One reads at a time, as the place in a file is one for all.
    spill: Mutex<Spill>,
    series: Vec<Waiting>,
}

/// One series, with what is known of it without its samples.
#[derive(Debug)]
struct Waiting {
    workload: u32,
    bounds: Range<usize>,
    building: Building,
}

impl Aside {
    pub(super) fn new(grid: Grid, spill: Spill, owned: Vec<(u32, Building)>) -> Self {
        let waiting = owned.into_iter().filter_map(|(workload, building)| {
            Some(Waiting {
                workload,
                bounds: building.bounds()?,
                building,
            })
        });
        Self {
            grid,
            spill: Mutex::new(spill),
            series: waiting.collect(),
        }
    }

    /// The grid that slots count on.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// All at once, and a gap for what cannot be read.
    pub(super) fn all(&self) -> (Usage, Option<Gap>) {
        let mut lost = LeftOut::default();
        let series = self.series.iter().filter_map(|one| {
            let read = self.read(one);
            if read.is_err() {
                lost.add(one.building.name(), 1);
            }
            read.ok()
        });
        let series = series.collect();
        let grid = self.grid;
        (Usage { grid, series }, lost.unread())
    }

    fn read(&self, one: &Waiting) -> io::Result<Series> {
        let mut spill = self.spill.lock().unwrap_or_else(PoisonError::into_inner);
        one.building.series(one.workload, &one.bounds, &mut spill)
    }

    /// Of which containers too few samples are of CPU, where any has it.
    pub(super) fn without_cpu(&self) -> Option<Gap> {
        let mut without = LeftOut::default();
        for one in &self.series {
            let lacks = match one.building.without_cpu() {
                Some(slots) => Series::lacks(slots, &self.grid),
                None => self.read(one).is_ok_and(|it| it.lacks_cpu(&self.grid)),
            };
            if lacks {
                without.add(one.building.name(), 1);
            }
        }
        let has_cpu = self.series.iter().any(|it| it.building.has_cpu());
        without.without_cpu().filter(|_| has_cpu)
    }
}

impl OnDisk for Aside {
    fn count(&self) -> usize {
        self.series.len()
    }

    fn workload(&self, series: usize) -> u32 {
        self.series[series].workload
    }

    fn metrics(&self, series: usize) -> Vec<Metric> {
        self.series[series].building.metrics().into_iter().collect()
    }

    fn bytes(&self, series: usize) -> u64 {
        let one = &self.series[series];
        let columns = 2 + one.building.metrics().len();
        u64::try_from(one.bounds.len() * columns * SAMPLE).unwrap_or(u64::MAX)
    }

    fn some(&self, series: Range<usize>) -> Result<Usage, BundleError> {
        let read = self.series[series].iter().map(|one| self.read(one));
        let series = read
            .collect::<io::Result<_>>()
            .map_err(BundleError::Aside)?;
        let grid = self.grid;
        Ok(Usage { grid, series })
    }
}

impl HasSeries for Aside {
    fn names(&self) -> impl Iterator<Item = Name<'_>> {
        self.series.iter().map(|one| Name {
            workload: one.workload,
            pod: &one.building.pod,
            container: &one.building.container,
        })
    }

    fn renumber(&mut self, place: &mut dyn FnMut(Name<'_>) -> Option<u32>) {
        self.series.retain_mut(|one| {
            let name = Name {
                workload: one.workload,
                pod: &one.building.pod,
                container: &one.building.container,
            };
            let place = place(name);
            one.workload = place.unwrap_or(one.workload);
            place.is_some()
        });
    }
}
