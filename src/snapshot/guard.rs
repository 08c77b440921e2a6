//! Parquet that others wrote, read without ending with it.
//!
//! polars-parquet trusts what a file says of itself, and panics on some that lie. Here a
//! panic becomes an error, and what would be too much for the memory is refused
//! before it is tried.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use polars_parquet::read::FileMetadata;

/// How many tables are being read.
static READING: AtomicUsize = AtomicUsize::new(0);

/// Whether something is being read that others wrote, mostly a table, so that a panic
/// is no fault of kcost but of that, and will be told as an error.
pub fn is_reading_table() -> bool {
    READING.load(Ordering::SeqCst) > 0
}

struct Reading;

impl Drop for Reading {
    fn drop(&mut self) {
        READING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs what reads a table; a panic in it is a damaged table.
pub(crate) fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let ended = caught(read);
    ended.unwrap_or_else(|| Err("its own description is impossible".to_owned()))
}

/// Runs what panics where others gave it what cannot be; `None` where it did.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    READING.fetch_add(1, Ordering::SeqCst);
    let reading = Reading;
    // Whatever was being filled is dropped with the error.
    let ended = catch_unwind(AssertUnwindSafe(run));
    drop(reading);
    ended.ok()
}

/// Holds what the end of a file says against how large the file is.
pub(super) fn check_footer(metadata: &FileMetadata, size: u64) -> Result<(), String> {
    let bad = || Err("its footer does not fit a file of this size".to_owned());
    let mut rows = 0_usize;
    for group in &metadata.row_groups {
        let Some(sum) = rows.checked_add(group.num_rows()) else {
            return bad();
        };
        rows = sum;
        for column in group.parquet_columns() {
            let range = column.byte_range();
            let values = usize::try_from(column.num_values()).ok();
            if range.start > range.end || range.end > size || values.is_none() {
                return bad();
            }
        }
    }
    if rows == metadata.num_rows {
        Ok(())
    } else {
        bad()
    }
}

/// Whether there is room for so many bytes, and as much again for what is made of
/// them.
pub(crate) fn check_room(bytes: u64) -> Result<(), String> {
    let needed = usize::try_from(bytes.saturating_mul(2)).unwrap_or(usize::MAX);
    let mut room = Vec::<u8>::new();
    let reserved = room.try_reserve_exact(needed);
    // Not to be left out as of no use.
    black_box(&room);
    let gib = (bytes >> 29) + 1;
    reserved.map_err(|_| format!("it needs {gib} GiB of memory, more than there is"))
}
