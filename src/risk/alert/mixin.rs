//! What alerts of kubernetes-mixin would have done with the same history, by their own
//! thresholds. Source: kubernetes-mixin 1.5.6, `alerts/*.libsonnet`.

use super::Stretch;
use super::replay::{self, Filling};
use crate::risk::Seen;
use crate::units::Span;

/// An alert of kubernetes-mixin beside the rule that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    pub name: &'static str,
    /// When it would have fired in the window; `None` where the history does not hold
    /// what it looks at.
    pub fired: Option<Vec<Stretch>>,
}

impl Rival {
    pub(super) fn of(name: &'static str, seen: &Seen<'_>) -> Self {
        let minutes = |minutes: u32| Span::from_secs(minutes * 60);
        let fired = match name {
            "CPUThrottlingHigh" => replay::throttled(seen, 0.25, (0.0, minutes(15))),
            "KubeHpaMaxedOut" => replay::pinned(seen, (0.0, minutes(15))),
            "KubePersistentVolumeFillingUp" => replay::volumes(seen, &Filling::MIXIN),
            "KubeNodePressure" => replay::spells(seen, |kind| kind != "Ready", minutes(10)),
            "KubeNodeNotReady" => replay::spells(seen, |kind| kind == "Ready", minutes(15)),
            "KubeNodeEviction" => Some(replay::evictions(seen)),
            _ => None,
        };
        Self { name, fired }
    }
}
