use super::{AutoscalerAdvice, DataQuality, HeapAdvice, Methods, NodeRisk, Risk, Sizing};
use crate::recommend::{Confidence, CpuBounds, Growth, Headline, OddPod, Reason, State, Why};
use crate::units::Ratio;

/// What is said about the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Advised {
    /// One for each workload of the snapshot, in the same order.
    pub workloads: Vec<WorkloadAdvice>,
    /// `None` where it cannot be said.
    pub node_risk: Option<NodeRisk>,
}

impl Advised {
    /// See [`NodeRisk::overflow`].
    pub fn node_memory_overflow(&self) -> Option<Ratio> {
        self.node_risk.as_ref().map(|risk| risk.overflow)
    }
}

/// What is said about one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadAdvice {
    /// Index into the snapshot's workloads.
    pub workload: usize,
    pub state: State,
    /// What stands out, in at most four words.
    pub headline: Option<Headline>,
    pub confidence: Confidence,
    /// How far the data that it comes from can be trusted.
    pub data_quality: DataQuality,
    /// The group of its largest container that has one.
    pub cohort: Option<usize>,
    /// Of what the CPU request of its one container may be, whatever proposes it.
    pub cpu: CpuBounds,
    /// One for each container of the workload, in the same order.
    pub containers: Vec<ContainerAdvice>,
    /// To be changed together with the requests.
    pub autoscaler: Option<AutoscalerAdvice>,
    /// Where the pod has sizes as a whole, which its containers share.
    pub pod: Option<PodAdvice>,
}

/// What is said about the sizes of a pod as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct PodAdvice {
    pub sizing: Sizing,
    pub reasons: Vec<Reason>,
}

/// What is said about one container.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerAdvice {
    /// Index into the workload's containers.
    pub container: usize,
    /// Index into the profiles.
    pub profile: usize,
    /// The kind of its group.
    pub kind: Option<&'static str>,
    pub sizing: Sizing,
    /// How the strategy found each size.
    pub methods: Methods,
    /// Where a heap setting is known.
    pub heap: Option<HeapAdvice>,
    pub risk: Option<Risk>,
    /// What changes and why, a plain sentence a field.
    pub whys: Vec<Why>,
    /// How each size was found, step by step. Never empty.
    pub reasons: Vec<Reason>,
    /// Where its memory only rises.
    pub growth: Option<Growth>,
    /// The few pods that use far more than the many.
    pub odd_pods: Vec<OddPod>,
}
