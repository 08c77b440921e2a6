//! Sizes in which providers sell pods.

use super::{Node, label};
use crate::units::{Bytes, Cpu};

/// What a pod is paid for where it does not share a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sold {
    /// AWS Fargate.
    Fargate,
    /// GKE Autopilot.
    Autopilot,
}

/// What Fargate adds to a pod's memory for the kubelet and its kin.
const FARGATE_OWN: Bytes = Bytes::mib(256);

/// Sizes of Fargate: vCPU in hundredths, memory from, to and in steps of, in half
/// GiB (AWS says GB). Source: Amazon EKS User Guide, "Understand Fargate Pod
/// configuration details".
const FARGATE: [(u64, u64, u64, u64); 7] = [
    (25, 1, 4, 1),
    (50, 2, 8, 2),
    (100, 4, 16, 2),
    (200, 8, 32, 2),
    (400, 16, 60, 2),
    (800, 32, 120, 8),
    (1600, 64, 240, 16),
];

impl Sold {
    /// How pods on a node are sold; `name` is of one that may not be known itself.
    /// `None` where the machine is what is paid for.
    pub fn on(node: Option<&Node>, name: &str) -> Option<Self> {
        const KIND: &str = "eks.amazonaws.com/compute-type";
        let is_fargate = match node {
            Some(node) => {
                let taint = format!("{KIND}=fargate:");
                let mut taints = node.taints.iter();
                label(&node.labels, KIND) == Some("fargate")
                    || taints.any(|it| it.starts_with(&taint))
            }
            None => name.starts_with("fargate-ip-"),
        };
        if is_fargate {
            return Some(Self::Fargate);
        }
        // Only Autopilot calls its nodes so; names of those of node pools begin with `gke-`.
        let on_google = node.is_none_or(|it| it.provider.as_deref() == Some("gce"));
        (on_google && name.starts_with("gk3-")).then_some(Self::Autopilot)
    }

    /// As the provider calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fargate => "Fargate",
            Self::Autopilot => "GKE Autopilot",
        }
    }

    /// As a sheet of prices calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fargate => "fargate",
            Self::Autopilot => "autopilot",
        }
    }

    /// The size that is paid for of a pod that requests this much: the smallest that
    /// has room for both, else the largest.
    pub fn size(self, cpu: Cpu, memory: Bytes) -> (Cpu, Bytes) {
        match self {
            Self::Fargate => fargate(cpu, memory),
            Self::Autopilot => autopilot(cpu, memory),
        }
    }
}

/// In steps of 50m, with 1 to 6.5 GiB for each core. Source: GKE, "Resource requests in
/// Autopilot", the general-purpose platform.
fn autopilot(cpu: Cpu, memory: Bytes) -> (Cpu, Bytes) {
    const STEP: f64 = 0.05;
    const MOST_GIB: f64 = 6.5;
    let steps = |cores: f64| ((cores / STEP) - 1e-9).ceil().max(1.0) * STEP;
    let cores = steps(cpu.get().max(memory.to_gib() / MOST_GIB));
    let least = Bytes::from_f64(cores * f64::from(1 << 30));
    (Cpu::cores(cores), memory.max(least))
}

/// The smallest size that has room for a pod and what Fargate adds to it.
fn fargate(cpu: Cpu, memory: Bytes) -> (Cpu, Bytes) {
    let memory = Bytes(memory.0.saturating_add(FARGATE_OWN.0));
    let half = Bytes::mib(512);
    let fits = |(vcpu, _, most, _): &&(u64, u64, u64, u64)| {
        cpu <= Cpu::millicores(vcpu * 10) && memory <= Bytes(most * half.0)
    };
    let largest = FARGATE[FARGATE.len() - 1];
    let (vcpu, least, most, step) = *FARGATE.iter().find(fits).unwrap_or(&largest);
    let halves = memory.0.div_ceil(half.0).clamp(least, most);
    // The smallest size has a half, one and two GB, and not one and a half.
    let halves = if vcpu == 25 && halves == 3 { 4 } else { halves };
    let steps = (halves - least).div_ceil(step);
    let halves = (least + steps * step).min(most);
    (Cpu::millicores(vcpu * 10), Bytes(halves * half.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fargate_sells_the_smallest_size_that_has_room() {
        let size = |cpu: u64, mib: u64| {
            let (cpu, memory) = Sold::Fargate.size(Cpu::millicores(cpu), Bytes::mib(mib));
            (cpu.to_string(), memory.human())
        };
        let is = |cpu: &str, memory: &str| (cpu.to_owned(), memory.to_owned());
        assert_eq!(size(0, 0), is("250m", "512Mi"));
        assert_eq!(size(200, 200), is("250m", "512Mi"));
        assert_eq!(size(200, 300), is("250m", "1Gi"));
        assert_eq!(size(250, 800), is("250m", "2Gi"));
        assert_eq!(size(250, 2_000), is("500m", "3Gi"));
        assert_eq!(size(300, 100), is("500m", "1Gi"));
        assert_eq!(size(1_001, 100), is("2", "4Gi"));
        assert_eq!(size(5_000, 17_000), is("8", "20Gi"));
        assert_eq!(size(64_000, 900_000), is("16", "120Gi"));
    }
}
