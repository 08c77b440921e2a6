//! Flags that more than one subcommand has, and what they become.

mod advice;
mod global;
mod show;
mod prometheus;
mod source;

pub(super) use advice::AdviceArgs;
pub(super) use global::GlobalArgs;
pub(super) use show::ShowArgs;
pub(super) use source::SourceArgs;
