//! Samples into series on one grid.

mod aside;
mod builder;
mod building;
mod column;
mod growing;
mod handles;
mod left_out;
mod placed;
mod refuse;
mod runs;
mod spill;

pub use aside::Aside;
pub use builder::{Placed, UsageBuilder};
pub use column::Column;
pub(super) use handles::Handles;
pub use left_out::drop_unknown_containers;
pub use placed::HasSeries;
pub use refuse::refuse_impossible;
pub(crate) use refuse::{Refused, Sieve};
pub use runs::{drop_ended, mark_runs};
pub(super) use spill::{Spill, stays_in_memory};
