//! The edge: reads clusters, metrics and files into a [`Snapshot`].
//!
//! Every source ends in the same three steps: objects become lean records
//! ([`Objects`]), records become workloads ([`resolve`]), samples become series
//! on one grid ([`UsageBuilder`]). What cannot be read becomes a gap; only what
//! leaves nothing to analyze is an error. What cannot have been measured is taken
//! out last ([`refuse_impossible`]). The only user of kube and HTTP.
//!
//! [`Snapshot`]: crate::snapshot::Snapshot

mod at_most;
mod body;
mod cause;
pub mod checkup;
mod client;
mod command;
mod deadline;
mod devices;
mod exec;
pub mod files;
pub mod kubernetes;
pub mod live;
pub mod metrics_api;
mod misfit;
mod names;
mod objects;
pub mod opencost;
mod owners;
pub mod prometheus;
pub mod reach;
mod redirect;
mod scope;
mod shown;
mod tls;
mod together;
mod usage;

pub use cause::{Cause, CauseKind};
pub use deadline::Deadline;
pub use objects::{Objects, Record, budget_of, keeper_of};
pub use owners::{Mapped, MappedBy, PodIndex, Resolved, resolve, resolve_with_ended};
pub use scope::{ParseScopeError, Scope};
pub use usage::{
    Aside, Column, HasSeries, Placed, UsageBuilder, drop_ended, drop_unknown_containers, mark_runs,
    refuse_impossible,
};
pub(crate) use usage::{Refused, Sieve};
