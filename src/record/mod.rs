//! A recording: a bundle that grows sample by sample, and survives being killed.
//!
//! [`record`] samples the metrics API for hours. Every round is on disk before the
//! next ([`Log`]). Now and then objects are read again and the log goes into the
//! tables. What goes wrong on the way is an [`Incident`] of the recording, never its
//! end; only a disk that takes no more ends it.
//!
//! [`read`] reads any bundle, recorded or taken at once; [`fold`] is how samples of
//! the log become usage. What memory should not hold at once, [`read_within`] leaves
//! on disk.

mod bundle;
mod error;
mod fits;
mod log;
mod merge;
mod options;
mod reading;
mod run;
mod session;
mod state;
mod stored;
mod timeline;

pub use bundle::{Found, open, read, write};
pub use error::RecordError;
pub use log::{Incident, Log, Place, Round, Sample, Tail, Trouble, fold, notice};
pub use options::{RecordOptions, Recorded, step};
pub use run::record;
pub use stored::{HELD, PART, Parts, Read, Sifted, Stored, WHOLE, read_within};
