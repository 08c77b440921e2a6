//! Profiles and cohorts into sizes, with a reason for each and the risk it takes.
//!
//! What is [`Seen`] goes to a [`Strategy`], which proposes; the guards of [`guard`]
//! correct; `judge` gives each workload its state and confidence. What comes out is
//! [`Advised`].

mod advice;
mod advise;
mod annotations;
mod bounds;
mod error;
mod event;
mod finding;
mod goal;
pub mod guard;
mod history;
mod judge;
mod learned;
mod look;
mod options;
mod over;
mod plain;
mod policy;
mod reason;
mod rounding;
mod samples;
mod seen;
mod state;
mod strategy;

pub use advice::{
    Advice, Advised, AutoscalerAdvice, ContainerAdvice, DataQuality, HeapAdvice, HeapChange,
    Method, Methods, NodeRisk, PodAdvice, Replayed, Risk, Sizing, TargetChange, WorkloadAdvice,
};
pub use advise::{Drafts, Load, Planning, Scheduled, draft, propose, recommend};
pub use bounds::CpuBounds;
pub use error::RuleError;
use error::SettingError;
pub use event::{Growth, OddPod};
pub use finding::findings;
pub use goal::{Goal, Targets};
pub use learned::{About, Learned, Lesson, MOST_MOVED};
pub use look::Looks;
pub use options::{CpuLimits, Effective, Options};
pub use plain::{Headline, Why};
pub use policy::{Policy, Rule};
pub use reason::Reason;
pub use seen::{Pool, Seen};
pub use state::{Confidence, State};
pub use strategy::calibrated::{Beside, Chances, Together};
pub use strategy::{ALL, Draft, Look, Looking, Strategy, by_name, names};

pub use crate::pack::NODE_FULL;
