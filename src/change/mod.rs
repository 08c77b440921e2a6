//! What to change of which object: only the fields that change, with what they hold now.
//!
//! The advice says what containers should have. Here it becomes changes of objects, one a
//! workload, each with all that has to go together: requests and limits, the variable that
//! bounds a heap, the targets of an autoscaler. How a change is written down is the
//! business of whoever writes it; [`body`] has what all of them need.

pub mod body;
mod custom;
mod edit;
mod qos;
mod set;

pub use edit::{Amount, Edit, Heap, Resource, Section};
pub use set::{Change, Changed, Unplaced, Way, change, changes};
