use super::{Case, Guard, Plan, each};
use crate::units::{Bytes, Cpu};

/// Sizes that a person would write, always rounded up. One that is there already
/// stays as it was written.
pub(super) struct Rounding;

/// CPU up to this many millicores goes in steps of that many; beyond the last,
/// in half cores. A step is at most a tenth of the size from 50m on.
const CPU_STEPS: [(u64, u64); 7] = [
    (20, 1),
    (50, 5),
    (250, 10),
    (500, 25),
    (1_000, 50),
    (2_500, 100),
    (5_000, 250),
];
/// The same for memory in MiB; beyond the last, in half GiB.
const MEMORY_STEPS: [(u64, u64); 6] = [
    (64, 4),
    (256, 16),
    (1_024, 32),
    (2_048, 64),
    (4_096, 128),
    (8_192, 256),
];

impl Guard for Rounding {
    fn name(&self) -> &'static str {
        "rounding"
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (_, planned) in each(plans) {
            let now = planned.now();
            let (cpu, memory) = (
                [now.cpu_request, now.cpu_limit],
                [now.memory_request, now.memory_limit],
            );
            planned.revise(
                "rounding",
                "rounded up",
                |_, value| {
                    let there = cpu.contains(&Some(value));
                    if there { value } else { round_cpu(value) }
                },
                |_, value| {
                    let there = memory.contains(&Some(value));
                    if there { value } else { round_memory(value) }
                },
            );
        }
    }
}

/// The next size up that a person would write.
pub(in crate::recommend) fn round_cpu(value: Cpu) -> Cpu {
    // Samples have 24 bits: what is past a step by less than that is at it.
    let value = value.scale(1.0 - 1e-6);
    let step = CPU_STEPS
        .into_iter()
        .find(|(up_to, _)| value <= Cpu::millicores(*up_to))
        .map_or(500, |(_, step)| step);
    value.round_up_to(Cpu::millicores(step))
}

/// The next size up that a person would write.
pub(in crate::recommend) fn round_memory(value: Bytes) -> Bytes {
    let step = MEMORY_STEPS
        .into_iter()
        .find(|(up_to, _)| value <= Bytes::mib(*up_to))
        .map_or(512, |(_, step)| step);
    value.round_up_to(Bytes::mib(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_to_what_a_person_writes() {
        let cpu = |millicores| round_cpu(Cpu::millicores(millicores)).to_string();
        assert_eq!(
            [3, 12, 21, 101, 251, 501, 1_001, 2_501, 5_001].map(cpu),
            [
                "3m", "12m", "25m", "110m", "275m", "550m", "1100m", "2750m", "5500m"
            ]
        );
        let memory = |mib| round_memory(Bytes::mib(mib)).to_string();
        assert_eq!(
            [17, 65, 257, 1_025, 2_049, 4_097, 8_193].map(memory),
            [
                "20Mi", "80Mi", "288Mi", "1088Mi", "2176Mi", "4352Mi", "8704Mi"
            ]
        );
    }

    #[test]
    fn a_round_size_stays() {
        for millicores in (1..10_000).step_by(7) {
            let once = round_cpu(Cpu::millicores(millicores));
            assert_eq!(round_cpu(once), once);
            assert!(once >= Cpu::millicores(millicores));
        }
        for mib in (1..20_000).step_by(7) {
            let once = round_memory(Bytes::mib(mib));
            assert_eq!(round_memory(once), once);
            assert!(once >= Bytes::mib(mib));
        }
    }
}
