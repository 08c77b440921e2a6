//! Usage that is larger than memory should hold, part by part: of a bundle, or of a cluster.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use crate::collect::{Aside, Refused, Sieve};
use crate::snapshot::{self, BundleError, LOG, Metric, OnDisk, Snapshot, Supply, Usage, checked};
use crate::units::Span;

/// Usage beyond this, in bytes of samples, is read part by part.
pub const WHOLE: u64 = 256 << 20;
/// Of usage of a cluster or of files so many bytes are held while it is read: those of some hundred
/// containers over a fortnight.
pub const HELD: u64 = 16 << 20;
/// What one part takes: some thousand containers over a fortnight.
pub const PART: u64 = 32 << 20;

/// The same of usage that was set aside, for each thread: what is there at once is then about
/// what was held of it before.
const PART_ASIDE: u64 = 2 << 20;

/// A bundle that was read, and its usage where that stayed on disk.
pub enum Read {
    Whole(Snapshot),
    /// The snapshot has no usage, but the grid of it.
    Parts(Snapshot, Parts),
}

/// Usage on disk, and how much of it is read at a time.
pub struct Parts {
    table: Box<dyn OnDisk>,
    most: u64,
}

/// Reads a bundle; usage beyond `whole` bytes stays on disk, to be read in parts of
/// `part` bytes. Of a recording that goes on, all is read.
///
/// # Errors
///
/// When it is no bundle, or not as it was written.
pub fn read_within(path: &Path, whole: u64, part: u64) -> Result<Read, BundleError> {
    if path.join(LOG).exists() {
        return super::read(path).map(Read::Whole);
    }
    let (mut snapshot, table, _) = snapshot::objects(path)?;
    if table.all_bytes() <= whole {
        snapshot.usage = table.all()?;
        return Ok(Read::Whole(snapshot));
    }
    let parts = Parts {
        table: Box::new(table),
        most: part,
    };
    Ok(Read::Parts(snapshot, parts))
}

impl Parts {
    /// Usage that was set aside while it was read.
    pub fn set_aside(aside: Aside) -> Self {
        let threads = u64::try_from(rayon::current_num_threads()).unwrap_or(1);
        Self {
            table: Box::new(aside),
            most: PART_ASIDE * threads,
        }
    }

    /// Reads all usage once, to tell that it is as it was written, and what of it cannot be:
    /// marks containers, and says so in gaps.
    ///
    /// # Errors
    ///
    /// When the table is damaged.
    pub fn sift(self, snapshot: &mut Snapshot) -> Result<Sifted, BundleError> {
        let mut sieve = Sieve::default();
        let workloads = snapshot.workloads.len();
        checked(&*self.table, || {
            self.table.each(workloads, self.most, &mut |_, mut usage| {
                sieve.look_at(snapshot, &mut usage);
            })
        })?;
        Ok(Sifted {
            refused: sieve.conclude(snapshot),
            parts: self,
            step: None,
            window: None,
        })
    }
}

/// Usage of which it is known what cannot be.
pub struct Sifted {
    parts: Parts,
    refused: Refused,
    step: Option<Span>,
    window: Option<Span>,
}

impl Sifted {
    /// Puts it on a step and cuts it to the newest window, as was done with the grid of
    /// the snapshot.
    pub fn cut(&mut self, step: Option<Span>, window: Option<Span>) {
        (self.step, self.window) = (step, window);
    }

    /// To be read for these objects.
    pub fn of<'a>(&'a self, snapshot: &'a Snapshot) -> Stored<'a> {
        Stored {
            sifted: self,
            snapshot,
        }
    }
}

/// Usage on disk, and the objects that it is of.
pub struct Stored<'a> {
    sifted: &'a Sifted,
    snapshot: &'a Snapshot,
}

impl<'a> Stored<'a> {
    /// Of some workloads alone, a `bool` for each, under the places that they have then.
    pub fn chosen(&'a self, asked: &[bool]) -> Chosen<'a> {
        Chosen {
            stored: self,
            asked: asked.to_owned(),
        }
    }

    /// The usage of one workload alone.
    ///
    /// # Errors
    ///
    /// When the table is damaged.
    pub fn only(&self, workload: usize) -> Result<Usage, BundleError> {
        let mut usage = self.sifted.parts.table.of_workload(workload)?;
        self.make_ready(&mut usage);
        Ok(usage)
    }

    /// All of it part by part, as [`Supply`] gives it.
    fn each_ready(&self, take: &mut dyn FnMut(Range<usize>, Usage)) -> Result<(), BundleError> {
        let Parts { table, most } = &self.sifted.parts;
        let workloads = self.snapshot.workloads.len();
        table.each(workloads, *most, &mut |range, mut usage| {
            self.make_ready(&mut usage);
            take(range, usage);
        })
    }

    /// Takes out what cannot be, and cuts it as the grid of the snapshot was cut.
    fn make_ready(&self, usage: &mut Usage) {
        let sifted = self.sifted;
        sifted.refused.take_out(self.snapshot, usage);
        let _ = sifted.step.is_none_or(|step| usage.coarsen(step));
        if let Some(window) = sifted.window {
            usage.keep_newest(window);
        }
    }
}

impl Supply for Stored<'_> {
    type Error = BundleError;

    fn each(&self, take: &mut dyn FnMut(Range<usize>, &Usage)) -> Result<(), BundleError> {
        self.each_ready(&mut |range, usage| take(range, &usage))
    }

    fn metrics(&self) -> BTreeSet<Metric> {
        let table = &self.sifted.parts.table;
        (0..table.count())
            .flat_map(|it| table.metrics(it))
            .collect()
    }
}

/// Usage on disk of some workloads alone.
pub struct Chosen<'a> {
    stored: &'a Stored<'a>,
    asked: Vec<bool>,
}

impl Supply for Chosen<'_> {
    type Error = BundleError;

    fn each(&self, take: &mut dyn FnMut(Range<usize>, &Usage)) -> Result<(), BundleError> {
        let place = snapshot::places(&self.asked);
        let before = |end: usize| self.asked[..end].iter().filter(|it| **it).count();
        self.stored.each_ready(&mut |range, mut usage| {
            usage.renumber(|it| place(it.workload));
            take(before(range.start)..before(range.end), &usage);
        })
    }

    fn metrics(&self) -> BTreeSet<Metric> {
        let table = &self.stored.sifted.parts.table;
        let place = snapshot::places(&self.asked);
        let asked = (0..table.count()).filter(|it| place(table.workload(*it)).is_some());
        asked.flat_map(|it| table.metrics(it)).collect()
    }
}
