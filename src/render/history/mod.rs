//! What earlier runs said, how two differ, and what became of one.

mod diff;
mod learned;
mod list;
mod verify;

pub use diff::{diff_json, diff_table};
pub use learned::learned;
pub(super) use learned::{Taught, taught};
pub use list::{history_json, history_table, trend};
pub use verify::{Verified, verify_json, verify_table};

use super::words::called;
use crate::history::Record;
use crate::snapshot::WorkloadId;
use crate::text::{escape, money};

/// `shop/api`, safe for a terminal.
fn name(id: &WorkloadId) -> String {
    escape(&called(id))
}

/// What a run said would be freed.
fn freed(record: &Record) -> String {
    match record.waste {
        Some(_) => paid(&record.monthly.freed, &record.currency),
        None => UNKNOWN.to_owned(),
    }
}

/// What stands where a run could judge nothing.
const UNKNOWN: &str = "unknown";

/// An amount that a record holds as a text.
fn paid(amount: &str, currency: &str) -> String {
    money(escape(amount), &escape(currency))
}
