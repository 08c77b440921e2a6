use crate::snapshot::{AutoscalerMetric, Target};

/// What goes with new requests so that an autoscaler keeps its scale point.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoscalerAdvice {
    /// The HorizontalPodAutoscaler.
    pub name: String,
    /// All its metrics, once the advice is followed, in its own order: a patch
    /// has to name them all.
    pub metrics: Vec<AutoscalerMetric>,
    /// Those that differ. Never empty.
    pub changes: Vec<TargetChange>,
}

/// One metric of an autoscaler whose target moves.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetChange {
    /// Index into [`AutoscalerAdvice::metrics`].
    pub metric: usize,
    pub before: Target,
    pub after: Target,
}
