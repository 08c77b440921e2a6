//! How far the numbers can be trusted.

use super::Quality;
use crate::snapshot::{Grid, Series};
use crate::units::{Ratio, Span, len_f64};

/// What is there of a pool's samples, and what is missing.
///
/// A slot has a sample when CPU or memory is known. Memory without CPU is half of what
/// sizes need: see [`Quality::coverage`].
pub(super) fn quality(series: &[&Series], grid: &Grid) -> Quality {
    let mut seen = vec![false; usize::try_from(grid.len).unwrap_or(0)];
    let mut with_cpu = seen.clone();
    let mut samples = 0;
    let mut pods: Vec<&str> = Vec::new();
    for one in series {
        let before = samples;
        let pairs = one.cpu_cores.iter().zip(&one.memory_bytes);
        let from = usize::try_from(one.first).unwrap_or(usize::MAX);
        let slots = seen.get_mut(from..).unwrap_or_default().iter_mut();
        let whole = with_cpu.get_mut(from..).unwrap_or_default();
        let mut known = 0_u32;
        for ((cpu, memory), (slot, whole)) in pairs.zip(slots.zip(whole)) {
            // No branch to be guessed.
            let (has_cpu, has_memory) = (!cpu.is_nan(), !memory.is_nan());
            *slot |= has_cpu | has_memory;
            *whole |= has_cpu;
            known += u32::from(has_cpu | has_memory);
        }
        samples += u64::from(known);
        if samples > before {
            pods.push(&one.pod);
        }
    }
    pods.dedup();
    let known = with_cpu.iter().filter(|whole| **whole).count();
    let all = seen.iter().filter(|seen| **seen).count();
    let young = pods.len().saturating_mul(WITHOUT_A_RATE);
    let missing = match known {
        0 => 0,
        known => all.saturating_sub(known.saturating_add(young)),
    };
    let pods = u32::try_from(pods.len()).unwrap_or(u32::MAX);
    let mut quality = over(&seen, grid, samples, pods);
    quality.cpu_missing = Ratio::of(len_f64(missing), len_f64(all));
    if missing > 0 {
        let kept = 1.0 - quality.cpu_missing.get();
        quality.coverage = Ratio::new(quality.coverage.get() * kept);
    }
    quality
}

/// Slots at the beginning of a pod that have no rate of CPU yet.
const WITHOUT_A_RATE: usize = 2;

fn over(seen: &[bool], grid: &Grid, samples: u64, pods: u32) -> Quality {
    let step = grid.step.as_secs();
    let (first, last) = (
        seen.iter().position(|seen| *seen),
        seen.iter().rposition(|seen| *seen),
    );
    let (Some(first), Some(last)) = (first, last) else {
        return Quality {
            samples: 0,
            pods: 0,
            first: None,
            last: None,
            span: Span::default(),
            coverage: Ratio::ZERO,
            cpu_missing: Ratio::ZERO,
            gaps: 0,
            longest_gap: Span::default(),
        };
    };
    let between = &seen[first..=last];
    let known = between.iter().filter(|seen| **seen).count();
    // Most have none.
    let holes = if known < between.len() { between } else { &[] };
    let missing = holes
        .split(|seen| *seen)
        .map(<[bool]>::len)
        .filter(|len| *len > 0);
    let (mut gaps, mut longest) = (0_u32, 0_u32);
    for len in missing {
        gaps = gaps.saturating_add(1);
        longest = longest.max(u32::try_from(len).unwrap_or(u32::MAX));
    }
    let slot = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    Quality {
        samples,
        pods,
        first: Some(grid.time(slot(first))),
        last: Some(grid.time(slot(last))),
        span: Span::from_secs(step.saturating_mul(slot(last - first))),
        coverage: Ratio::of(len_f64(known), len_f64(between.len())),
        cpu_missing: Ratio::ZERO,
        gaps,
        longest_gap: Span::from_secs(step.saturating_mul(longest)),
    }
}
