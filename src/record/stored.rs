//! Usage that is larger than memory should hold, part by part: of a bundle, or of a cluster.

use std::ops::Range;
use std::path::Path;

use crate::collect::{Aside, Refused, Sieve};
use crate::snapshot::{self, BundleError, LOG, OnDisk, Snapshot, Supply, Usage};
use crate::units::Span;

/// Usage beyond this, in bytes of samples, is read part by part.
pub const WHOLE: u64 = 256 << 20;
/// Of usage of a cluster so many bytes are held while it is read: those of some hundred
/// containers over a fortnight.
pub const HELD: u64 = 16 << 20;
/// What one part takes: some thousand containers over a fortnight.
pub const PART: u64 = 32 << 20;

/// The same of usage that was set aside, for each thread: what is there at once is then about
/// what was held of it before.
const PART_OF_CLUSTER: u64 = 2 << 20;

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
    /// Usage of a cluster that was set aside while it was read.
    pub fn of_cluster(aside: Aside) -> Self {
        let threads = u64::try_from(rayon::current_num_threads()).unwrap_or(1);
        Self {
            table: Box::new(aside),
            most: PART_OF_CLUSTER * threads,
        }
    }

    /// Reads all usage once, to tell what of it cannot be: marks containers, and says so
    /// in gaps.
    ///
    /// # Errors
    ///
    /// When the table is damaged.
    pub fn sift(self, snapshot: &mut Snapshot) -> Result<Sifted, BundleError> {
        let mut sieve = Sieve::default();
        let workloads = snapshot.workloads.len();
        self.table.each(workloads, self.most, &mut |_, mut usage| {
            sieve.look_at(snapshot, &mut usage);
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

impl Stored<'_> {
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
        let Parts { table, most } = &self.sifted.parts;
        let workloads = self.snapshot.workloads.len();
        table.each(workloads, *most, &mut |range, mut usage| {
            self.make_ready(&mut usage);
            take(range, &usage);
        })
    }
}
