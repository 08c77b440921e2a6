//! How fast an autoscaler may scale, as it says itself (`spec.behavior`).

use serde::{Deserialize, Serialize};

/// Both ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Behavior {
    pub up: ScalingRules,
    pub down: ScalingRules,
}

/// One way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalingRules {
    /// Seconds for which past proposals are looked at.
    pub stabilization_seconds: u32,
    pub select: SelectPolicy,
    pub policies: Vec<ScalingPolicy>,
    /// How near to 1 a ratio is none; `None` for the default of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

/// Which of several policies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectPolicy {
    /// The one that changes most.
    Max,
    Min,
    /// None: there is no scaling this way.
    Disabled,
}

/// What may change at most within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingPolicy {
    pub change: Change,
    pub period_seconds: u32,
}

/// Pods, or percent of those that there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Pods(u32),
    Percent(u32),
}

impl Default for Behavior {
    /// What the API server sets.
    ///
    /// Source: kubernetes `pkg/apis/autoscaling/v2/defaults.go`.
    fn default() -> Self {
        Self {
            up: ScalingRules::up(),
            down: ScalingRules::down(),
        }
    }
}

impl ScalingRules {
    /// Whether it goes up as fast as where nobody says anything, or faster.
    pub fn is_fast(&self) -> bool {
        let fast = |it: &ScalingPolicy| {
            let much = match it.change {
                Change::Pods(pods) => pods >= 4,
                Change::Percent(percent) => percent >= 100,
            };
            much && it.period_seconds <= 15
        };
        let waits = self.stabilization_seconds > 0 || self.select != SelectPolicy::Max;
        !waits && self.policies.iter().any(fast)
    }

    /// Within 15 seconds replicas double, or four come, whichever is more.
    pub fn up() -> Self {
        Self {
            stabilization_seconds: 0,
            select: SelectPolicy::Max,
            policies: [Change::Percent(100), Change::Pods(4)]
                .map(ScalingPolicy::in_15_seconds)
                .into(),
            tolerance: None,
        }
    }

    /// All may go, once the largest proposal of five minutes is as low.
    pub fn down() -> Self {
        Self {
            stabilization_seconds: 300,
            select: SelectPolicy::Max,
            policies: vec![ScalingPolicy::in_15_seconds(Change::Percent(100))],
            tolerance: None,
        }
    }
}

impl ScalingPolicy {
    fn in_15_seconds(change: Change) -> Self {
        Self {
            change,
            period_seconds: 15,
        }
    }
}
