//! What controllers of runs say of their attempts.

use serde::{Deserialize, Serialize};

/// Attempts of a run, and what the next one begins from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Attempts {
    /// How often all of it was begun again.
    pub restarts: u32,
    /// Of those, what counts towards its limit, where that is told.
    pub counted: Option<u32>,
    /// Pods of it that failed.
    pub failed_pods: u32,
    /// Whether it has come to a good end.
    pub succeeded: bool,
    /// Whether all of it fails where one of its pods is taken away.
    pub fragile: bool,
    /// Whether its arguments or settings name a bucket for checkpoints.
    pub checkpoints: bool,
}
