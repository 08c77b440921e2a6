//! kcost: a cost-optimization advisor for Kubernetes.

pub mod cohort;
pub mod collect;
pub mod config;
pub mod error;
pub mod exit;
pub mod gate;
pub mod pipeline;
pub mod price;
pub mod profile;
pub mod progress;
pub mod recommend;
pub mod render;
pub mod snapshot;
pub mod ui;
pub mod units;
