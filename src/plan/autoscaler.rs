//! Rules of what takes nodes away, beside those of the scheduler.

use super::model::{CPU, MEMORY};
use super::state::State;

/// Who takes nodes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Autoscaler {
    /// A person, who drains them.
    #[default]
    None,
    /// Cluster Autoscaler with its defaults.
    Cluster,
    Karpenter,
}

/// Cluster Autoscaler looks only at nodes of which less than this is requested.
///
/// Source: its FAQ, `--scale-down-utilization-threshold`.
const HALF: f64 = 0.5;

/// Names of GPUs as resources: of nodes that have them only they count.
///
/// Source: the same, `--scale-down-gpu-utilization-threshold`.
const GPUS: [&str; 2] = ["nvidia.com/gpu", "amd.com/gpu"];

impl Autoscaler {
    pub const ALL: [Self; 3] = [Self::None, Self::Cluster, Self::Karpenter];

    /// As it is given.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cluster => "cluster-autoscaler",
            Self::Karpenter => "karpenter",
        }
    }

    /// The one of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether pods stay that keep files on their node.
    pub(super) fn keeps_local_storage(self) -> bool {
        self == Self::Cluster
    }

    /// Whether pods of `kube-system` stay that no budget counts.
    pub(super) fn keeps_system_pods(self) -> bool {
        self == Self::Cluster
    }

    /// Whether pods stay that nothing would start anew.
    pub(super) fn keeps_bare_pods(self) -> bool {
        self != Self::Karpenter
    }

    /// The share that is requested of a node, where it is too full to be looked at.
    pub(super) fn too_full(self, state: &State<'_>, node: usize) -> Option<f64> {
        if self != Self::Cluster {
            return None;
        }
        let model = state.model;
        let has = &model.nodes[node].has;
        let share = |at: usize| {
            let pods = state.on[node].iter();
            let requested: f64 = pods.map(|pod| state.want(*pod)[at]).sum();
            if has[at] > 0.0 {
                requested / has[at]
            } else {
                0.0
            }
        };
        let names = model.resources.iter().enumerate();
        let gpu = names.filter(|(at, name)| GPUS.contains(&name.as_str()) && has[*at] > 0.0);
        let gpus: Vec<usize> = gpu.map(|(at, _)| at).collect();
        let share = if gpus.is_empty() {
            share(CPU).max(share(MEMORY))
        } else {
            gpus.into_iter().map(share).fold(0.0, f64::max)
        };
        (share >= HALF).then_some(share)
    }
}
