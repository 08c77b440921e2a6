//! What earlier runs said, what became of it, and how two of them differ.
//!
//! A [`Record`] is small: advice, promises, states and money of one run, never usage. Two
//! records [`compare`]; a record and the usage that came after it show whether promises were
//! kept ([`Verify`]), and what that teaches the next run ([`Teaching`]).

mod diff;
mod record;
mod teach;
mod verify;

pub use diff::{Course, Difference, Fields, change, compare};
pub use record::{
    Amounts, Entry, Kept, Missing, Monthly, Nodes, Outcome, Outcomes, Promise, Record, SCHEMA,
    Tried, Written,
};
pub use teach::{Teaching, lessons, outcomes};
pub use verify::{Applied, Judged, Seen, Totals, Verdict, Verify};
