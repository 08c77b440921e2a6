//! A shop of our own making: what `--demo` shows.

use crate::snapshot::Snapshot;

/// The demo. Always the same.
pub fn snapshot() -> Snapshot {
    todo!()
}
