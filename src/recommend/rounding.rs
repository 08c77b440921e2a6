//! Sizes that a person would write.

use crate::units::{Bytes, Cpu, Ratio};

/// CPU up to this many millicores goes in steps of that many; beyond the last, in
/// tenths of a core. A step is at most a hundredth of the size from 100m on: a
/// rounder number costs cores that nothing asks for, in every replica.
const CPU_STEPS: [(u64, u64); 5] = [(500, 1), (1_000, 5), (2_500, 10), (5_000, 25), (10_000, 50)];
/// Memory up to this many MiB goes in steps of that many; beyond the last, in half GiB.
const MEMORY_STEPS: [(u64, u64); 6] = [
    (64, 4),
    (256, 16),
    (1_024, 32),
    (2_048, 64),
    (4_096, 128),
    (8_192, 256),
];

/// The next size up that a person would write.
pub(super) fn round_cpu(value: Cpu) -> Cpu {
    // Samples have 24 bits: what is past a step by less than that is at it.
    let value = value.scale(1.0 - 1e-6);
    value.round_up_to(cpu_step(value))
}

/// The distance of sizes that a person would write, around this one.
pub(super) fn cpu_step(value: Cpu) -> Cpu {
    let step = CPU_STEPS
        .into_iter()
        .find(|(up_to, _)| value <= Cpu::millicores(*up_to))
        .map_or(100, |(_, step)| step);
    Cpu::millicores(step)
}

/// The share of a size that a run leaves at least where it may cut so much, 0 to 1.
pub(super) fn left(step: Ratio) -> f64 {
    (1.0 - step.get()).max(0.0)
}

/// The next size up that a person would write.
pub(super) fn round_memory(value: Bytes) -> Bytes {
    value.round_up_to(Bytes::mib(memory_step(value)))
}

/// The distance of sizes that a person would write, around this one, in MiB.
fn memory_step(value: Bytes) -> u64 {
    MEMORY_STEPS
        .into_iter()
        .find(|(up_to, _)| value <= Bytes::mib(*up_to))
        .map_or(512, |(_, step)| step)
}

/// The size nearest to `wanted` that a person would write and that is between these
/// multiples of `from`; `from` itself where a step is further. Both are as written.
pub(super) fn memory_within(from: Bytes, wanted: Bytes, (least, most): (f64, f64)) -> Bytes {
    let (least, most) = (from.to_f64() * least, from.to_f64() * most);
    if wanted.to_f64() > most {
        let floor = Bytes::mib(memory_step(Bytes::from_f64(most))).to_f64();
        Bytes::from_f64((most / floor).floor() * floor).max(from)
    } else if wanted.to_f64() < least {
        round_memory(Bytes::from_f64(least.ceil())).min(from)
    } else {
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_to_what_a_person_writes() {
        let cpu = |millicores| round_cpu(Cpu::millicores(millicores)).to_string();
        assert_eq!(
            [3, 12, 101, 501, 1_001, 2_501, 5_001, 10_001].map(cpu),
            [
                "3m", "12m", "101m", "505m", "1010m", "2525m", "5050m", "10100m"
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
    fn a_rounder_number_costs_less_than_half_a_percent_of_cpu() {
        // As many containers of every order of magnitude, 10m to 20 cores.
        let sizes = (0..3_000).map(|index| 0.01 * 2_000_f64.powf(f64::from(index) / 3_000.0));
        let (exact, round) = sizes.fold((0.0, 0.0), |(exact, round), cores| {
            (exact + cores, round + round_cpu(Cpu::cores(cores)).get())
        });
        assert!(round < 1.005 * exact, "{round} for {exact}");
        assert!(round >= exact);
    }

    #[test]
    fn a_round_size_stays() {
        for millicores in (1..20_000).step_by(7) {
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

    #[test]
    fn no_step_leaves_the_bounds_that_a_size_moves_in() {
        let bounds = (0.8, 1.25);
        let within = |from, wanted| {
            let is = memory_within(Bytes::mib(from), Bytes::mib(wanted), bounds);
            is.to_string()
        };
        assert_eq!(within(208, 288), "256Mi");
        // The next step is too far.
        assert_eq!(
            (within(8, 12), within(12, 8)),
            ("8Mi".into(), "12Mi".into())
        );
        assert_eq!(
            (within(256, 288), within(288, 192)),
            ("288Mi".into(), "240Mi".into())
        );
        for mib in 1..12_000 {
            let from = round_memory(Bytes::mib(mib));
            for wanted in [0.1, 0.7, 0.85, 1.0, 1.2, 1.3, 5.0] {
                let wanted = round_memory(from.scale(wanted));
                let size = memory_within(from, wanted, bounds);
                let moved = size.to_f64() / from.to_f64();
                assert!((0.8..=1.25).contains(&moved), "{from} {wanted} {size}");
                assert_eq!(round_memory(size), size);
            }
        }
    }
}
