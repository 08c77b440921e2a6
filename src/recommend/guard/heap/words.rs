//! What is said of heaps that a limit was too small for, or whose size is not known.

use super::named;
use super::need::beside;
use crate::snapshot::{Heap, HeapPlace, HeapSetting};
use crate::units::Bytes;

/// Whether it was the heap that took the memory, and what helps.
pub(super) fn starved(heap: &Heap, size: Bytes, limit: Option<Bytes>) -> String {
    let named = named(heap);
    let left = limit.map_or(Bytes::ZERO, |limit| limit.minus(size));
    let tight = left < beside(heap.setting, size);
    match (heap.setting, tight) {
        (HeapSetting::GoMemLimit, true) => format!(
            "{named} of {} leaves {} below the limit for peaks: the limit has to grow, and \
             `GOMEMLIMIT` to stay",
            size.human(),
            left.human()
        ),
        (HeapSetting::GoMemLimit, false) => format!(
            "more was used than {named} of {} aims at: what is live does not fit in it",
            size.human()
        ),
        (_, true) => format!(
            "{named} of {} leaves {} of the limit for all else: the limit has to grow; a larger \
             heap alone would make it worse",
            size.human(),
            left.human()
        ),
        (_, false) => format!(
            "{named} of {} leaves {} of the limit: what grows is not the heap, so another `{}` \
             does not help",
            size.human(),
            left.human(),
            heap.setting.name()
        ),
    }
}

/// Why the limit stays where nobody knows the heap below it.
pub(super) fn unknown(heap: &Heap, now: Bytes, wanted: Option<Bytes>) -> String {
    let why = match &heap.place {
        Some(HeapPlace::Reference { name }) => {
            format!("the value of `{name}` is not in the pod template, and may size a heap")
        }
        Some(HeapPlace::Image) => {
            format!("the image of {} sizes its heap by itself", of(heap.setting))
        }
        Some(HeapPlace::EnvFrom) => format!(
            "variables from `envFrom` may size the heap of {}, and are not in the pod template",
            of(heap.setting)
        ),
        _ => format!("{} has a size that stands elsewhere", named(heap)),
    };
    let instead = wanted.map_or("removed".to_owned(), Bytes::human);
    format!(
        "{why}: memory limit stays {}, not {instead}; lower both together",
        now.human(),
    )
}

/// The runtime of a setting.
fn of(setting: HeapSetting) -> &'static str {
    match setting {
        HeapSetting::GoMemLimit => "a Go program",
        HeapSetting::NodeMaxOldSpace => "Node.js",
        HeapSetting::DotnetHeapHardLimit | HeapSetting::DotnetHeapHardLimitPercent => ".NET",
        HeapSetting::JavaXmx
        | HeapSetting::JavaMaxRamPercentage
        | HeapSetting::JavaMaxRamFraction
        | HeapSetting::JavaMaxMemRatio => "a JVM",
    }
}

/// The same without the option that would size it.
pub(super) fn without(setting: HeapSetting) -> String {
    let option = match setting {
        HeapSetting::GoMemLimit => "GOMEMLIMIT",
        HeapSetting::NodeMaxOldSpace => "--max-old-space-size",
        HeapSetting::DotnetHeapHardLimit | HeapSetting::DotnetHeapHardLimitPercent => {
            "DOTNET_GCHeapHardLimit"
        }
        HeapSetting::JavaXmx
        | HeapSetting::JavaMaxRamPercentage
        | HeapSetting::JavaMaxRamFraction
        | HeapSetting::JavaMaxMemRatio => "-Xmx",
    };
    format!("{} without `{option}`", of(setting))
}
