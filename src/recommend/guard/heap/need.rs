//! What a heap needs of the memory limit above it.

use crate::recommend::rounding::round_memory;
use crate::snapshot::HeapSetting;
use crate::units::Bytes;

/// What a JVM, Node.js or .NET needs beside its heap (metaspace, stacks, code,
/// buffers): a quarter of it, and 64 MiB at least. Ours, on the low side of
/// what they show; the margin on what was used comes on top.
const BESIDE: f64 = 0.25;
const BESIDE_LEAST: Bytes = Bytes(64 << 20);
/// `GOMEMLIMIT` counts nearly all memory of the process.
const BESIDE_GO: f64 = 0.05;
/// What may be used beside a heap ÷ what was seen beyond its size. Ours.
const UNSEEN: f64 = 2.0;
/// No smaller heap is proposed.
pub(super) const LEAST: Bytes = Bytes(64 << 20);

/// What a runtime needs beside a heap of this size.
pub(super) fn beside(setting: HeapSetting, heap: Bytes) -> Bytes {
    if setting == HeapSetting::GoMemLimit {
        heap.scale(BESIDE_GO)
    } else {
        heap.scale(BESIDE).max(BESIDE_LEAST)
    }
}

/// The limit that a heap of this size needs.
pub(super) fn limit_of(setting: HeapSetting, heap: Bytes) -> Bytes {
    heap.plus(beside(setting, heap))
}

/// The most that is used below a heap: a full one, and beside it what it needs,
/// or by far more than was seen where that was more.
pub(super) fn bound(setting: HeapSetting, heap: Bytes, peak: Bytes) -> Bytes {
    let seen = peak.minus(heap).scale(UNSEEN);
    heap.plus(beside(setting, heap).max(seen))
}

/// The largest heap that a limit leaves room for, in whole MiB, and of a size
/// that a person would write where that is not below `least`.
pub(super) fn heap_of(setting: HeapSetting, limit: Bytes, least: Bytes) -> Bytes {
    let share = if setting == HeapSetting::GoMemLimit {
        limit.scale(1.0 / (1.0 + BESIDE_GO))
    } else {
        let by_share = limit.scale(1.0 / (1.0 + BESIDE));
        by_share.min(limit.minus(BESIDE_LEAST))
    };
    let whole = Bytes::mib(share.0 >> 20);
    let mut round = whole;
    while round_memory(round) != round && !round.is_zero() {
        round = round.minus(Bytes::mib(1));
    }
    if round < least { whole } else { round }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_and_its_heap_fit_each_other() {
        let java = HeapSetting::JavaXmx;
        assert_eq!(limit_of(java, Bytes::mib(512)), Bytes::mib(640));
        assert_eq!(limit_of(java, Bytes::mib(100)), Bytes::mib(164));
        assert_eq!(heap_of(java, Bytes::mib(640), Bytes::ZERO), Bytes::mib(512));
        // 700 MiB hold 560; a person would write 544, unless more is needed.
        assert_eq!(heap_of(java, Bytes::mib(700), Bytes::ZERO), Bytes::mib(544));
        assert_eq!(
            heap_of(java, Bytes::mib(700), Bytes::mib(550)),
            Bytes::mib(560)
        );
        assert_eq!(heap_of(java, Bytes::mib(64), Bytes::ZERO), Bytes::ZERO);
        for mib in (64..4096).step_by(13) {
            let heap = Bytes::mib(mib);
            for setting in [java, HeapSetting::GoMemLimit] {
                let limit = round_memory(limit_of(setting, heap));
                assert!(heap_of(setting, limit, heap) >= heap, "{mib}");
            }
        }
    }
}
