//! Flags that more than one subcommand has, and what they become.

mod advice;
mod book;
mod bundles;
mod clock;
mod global;
mod learning;
mod namespaces;
mod plan;
mod prometheus;
mod show;
mod source;

pub(super) use advice::AdviceArgs;
pub(super) use book::BookArgs;
pub(super) use bundles::Cluster;
pub(super) use clock::ClockArgs;
pub(super) use global::GlobalArgs;
pub(super) use learning::LearningArgs;
pub(super) use plan::PlanArgs;
pub(super) use show::{ShowArgs, ViewArgs};
pub(super) use source::{ClusterArgs, Examined, Parts, SourceArgs, Whole};
