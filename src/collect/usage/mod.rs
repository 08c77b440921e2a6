//! Samples into series on one grid.

mod builder;
mod column;
mod growing;
mod handles;
mod left_out;
mod refuse;
mod runs;

pub use builder::UsageBuilder;
pub use column::Column;
pub(super) use handles::Handles;
pub use left_out::drop_unknown_containers;
pub use refuse::refuse_impossible;
pub(crate) use refuse::{Refused, Sieve};
pub use runs::{drop_ended, mark_runs};
