//! What to record, and how finely it is kept.

use std::path::PathBuf;

use crate::collect::Scope;
use crate::collect::kubernetes::ClusterOptions;
use crate::snapshot::Snapshot;
use crate::units::Span;

/// Slots that a recording is meant to have at most: as many as two weeks at five
/// minutes. A longer one gets longer slots.
pub(super) const SLOTS: u32 = 4_032;
/// Lengths of slots that divide an hour, in seconds.
const STEPS: [u32; 13] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800];

/// What to record, and where.
#[derive(Debug, Clone)]
pub struct RecordOptions {
    pub cluster: ClusterOptions,
    pub scope: Scope,
    /// How much to record in all, over however many runs.
    pub length: Span,
    /// How often to sample.
    pub every: Span,
    /// How often to read objects again and write tables.
    pub refresh: Span,
    pub output: PathBuf,
}

/// A recording that is as long as was asked for.
#[derive(Debug)]
pub struct Recorded {
    pub snapshot: Snapshot,
    /// Whether it was so before anything was sampled.
    pub already: bool,
}

/// Length of a slot: `every`, or longer where that would make too many.
pub fn step(length: Span, every: Span) -> Span {
    let least = every.as_secs().max(length.as_secs().div_ceil(SLOTS));
    if least == every.as_secs() {
        return every;
    }
    let found = STEPS.into_iter().find(|step| *step >= least);
    Span::from_secs(found.unwrap_or(3_600).max(least)).min(Span::DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_as_fine_as_there_is_room_for() {
        let step = |length: &str, every: &str| {
            step(length.parse().unwrap(), every.parse().unwrap()).to_string()
        };
        assert_eq!(step("24h", "30s"), "30s");
        assert_eq!(step("7d", "30s"), "5m");
        assert_eq!(step("14d", "30s"), "5m");
        assert_eq!(step("14d", "7m"), "7m");
        assert_eq!(step("365d", "5m"), "7822s");
    }
}
