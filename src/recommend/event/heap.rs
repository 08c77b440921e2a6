use super::{Pool, Reason};
use crate::snapshot::HeapSetting;
use crate::units::Bytes;

/// A setting that sizes a heap: the memory limit moves with it or not at all.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct HeapBound {
    pub setting: HeapSetting,
    /// The heap that the runtime may fill, as it is set now.
    pub heap: Bytes,
    /// A limit below this needs a smaller setting first.
    pub floor: Bytes,
    /// What the heap could be set to, together with a limit a quarter above;
    /// `None` where it is not larger than it needs to be.
    pub smaller_heap: Option<Bytes>,
}

/// What a runtime needs beside its heap (metaspace, stacks, buffers): a quarter
/// of it, and 64 MiB at least. Ours, on the low side of what JVMs show.
const BESIDE: f64 = 0.25;
const BESIDE_MIN_MIB: u64 = 64;
/// `GOMEMLIMIT` counts nearly all memory of the process.
const BESIDE_GO: f64 = 0.05;

impl HeapBound {
    pub(super) fn reason(&self) -> Reason {
        let name = self.setting.name();
        let next = self.smaller_heap.map_or_else(String::new, |heap| {
            format!(
                "; with {name} for a heap of {} both could be lower",
                heap.human()
            )
        });
        let text = format!(
            "{name} allows a heap of {}, so the memory limit stays at {} or more{next}",
            self.heap.human(),
            self.floor.human()
        );
        Reason::new("heap_setting", text)
    }
}

pub(super) fn find(pool: &Pool<'_>) -> Option<HeapBound> {
    let set = pool.container.heap.as_ref()?;
    let limit = pool.container.limits.memory;
    let heap = match (set.bytes, set.percent) {
        (Some(bytes), _) => bytes,
        (None, Some(percent)) => limit?.scale(percent / 100.0),
        (None, None) => return None,
    };
    // A share of the limit shrinks with it: whatever the heap holds now would not fit.
    let floor = if set.bytes.is_none() {
        limit?
    } else {
        heap.plus(beside(set.setting, heap))
    };
    let peak = pool.profile.memory.as_ref().map(|memory| memory.max);
    let smaller_heap = peak
        .map(|peak| peak.max(Bytes::mib(BESIDE_MIN_MIB)))
        .filter(|peak| peak.scale(1.25) < floor.scale(0.8))
        .map(|peak| peak.round_up_to(Bytes::mib(16)));
    Some(HeapBound {
        setting: set.setting,
        heap,
        floor,
        smaller_heap,
    })
}

fn beside(setting: HeapSetting, heap: Bytes) -> Bytes {
    match setting {
        HeapSetting::GoMemLimit => heap.scale(BESIDE_GO),
        HeapSetting::JavaXmx | HeapSetting::JavaMaxRamPercentage | HeapSetting::NodeMaxOldSpace => {
            heap.scale(BESIDE).max(Bytes::mib(BESIDE_MIN_MIB))
        }
    }
}
