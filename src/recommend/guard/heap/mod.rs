//! A heap and the memory limit above it move together, or not at all.
//!
//! What a runtime with a bounded heap uses says two things. Where it is far
//! below the bound, the heap was never needed: both can go down, the heap to what
//! the strategy would give the whole container. Where it is near, it may be
//! nothing but garbage that nobody had to collect yet: both stay.

use super::{Case, Guard, Plan, Planned};
use crate::recommend::{HeapAdvice, HeapChange};
use crate::snapshot::{Heap, HeapPlace, HeapSetting, HeapSize};
use crate::units::Bytes;

mod need;
mod room;
mod share;
mod words;

/// Makes the room in the limit that a heap needs. What comes after it may still
/// move the limit.
pub(super) struct Room;

/// Sets the heap that the final limit has room for.
pub(super) struct Setting;

impl Guard for Room {
    fn name(&self) -> &'static str {
        "heap_room"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("its heap needs it")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
                room::make(planned, &plan.rules.options);
            }
        }
    }
}

impl Guard for Setting {
    fn name(&self) -> &'static str {
        "heap_setting"
    }

    fn cause(&self) -> Option<&'static str> {
        None
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
                let Some(heap) = planned.pool.container.heap.clone() else {
                    continue;
                };
                let size = match heap.size() {
                    Some(HeapSize::Fixed(bytes)) => {
                        fixed(planned, heap.setting, bytes).map(HeapSize::Fixed)
                    }
                    Some(HeapSize::Share(percent)) => share::moved(planned, &heap, percent),
                    None => None,
                };
                set(planned, &heap, size);
            }
        }
    }
}

/// The heap for a limit that is cut below what the present one needs, or of a Go
/// program that does not keep to its own.
fn fixed(planned: &Planned<'_>, setting: HeapSetting, heap: Bytes) -> Option<Bytes> {
    let (now, after) = (planned.now().memory_limit, planned.after().memory_limit);
    let limit = after?;
    let peak = peak(planned);
    let cut = now.is_some_and(|now| limit < now) && limit < need::limit_of(setting, heap);
    let passed = setting == HeapSetting::GoMemLimit && peak > heap;
    let fits = need::heap_of(setting, limit, peak);
    if cut {
        // What a cap leaves may be less than what is used: the heap keeps that.
        let least = peak.round_up_to(Bytes::mib(1));
        let lower = fits.max(least);
        (lower < heap).then_some(lower)
    } else {
        (passed && fits > heap).then_some(fits)
    }
}

/// What is said about the heap, and what a patch has to change.
fn set(planned: &mut Planned<'_>, heap: &Heap, size: Option<HeapSize>) {
    let (now, limit) = (planned.now().memory_limit, planned.after().memory_limit);
    let before = heap.under(now);
    let change = size.and_then(|size| {
        let (variable, value) = heap.resized(size)?;
        Some(HeapChange {
            variable: variable.to_owned(),
            value,
            size,
        })
    });
    let after = match change.as_ref().map(|change| change.size) {
        Some(HeapSize::Fixed(bytes)) => Some(bytes),
        Some(HeapSize::Share(percent)) => limit.map(|limit| limit.scale(percent / 100.0)),
        None => heap.under(limit),
    };
    if let (Some(size), None) = (size, &change) {
        let text = format!(
            "{} has to go with the memory limit: set `{}` {}",
            named(heap),
            heap.setting.with(size),
            place(heap)
        );
        planned.say("heap_setting", text);
    } else if let (Some(before), Some(after)) = (before, after)
        && (before != after || change.is_some())
    {
        let (before, after) = (before.human(), after.human());
        let text = match (&change, heap.percent) {
            (Some(change), Some(percent)) => format!(
                "{} {percent}% to {}, together with the memory limit: a heap of {before} now, {after} after",
                named(heap),
                heap.setting.with(change.size),
            ),
            (Some(_), None) => format!(
                "{} {before} to {after}, together with the memory limit: apply both at once",
                named(heap)
            ),
            (None, _) => format!(
                "{} is a share of the memory limit: {before} now, {after} after",
                named(heap)
            ),
        };
        planned.say("heap_setting", text);
    }
    planned.heap = Some(HeapAdvice {
        before,
        after,
        change,
    });
}

/// The most that was used.
fn peak(planned: &Planned<'_>) -> Bytes {
    let memory = planned.pool.profile.memory.as_ref();
    memory.map_or(Bytes::ZERO, |memory| memory.max)
}

/// Where a person has to change it.
fn place(heap: &Heap) -> String {
    match &heap.place {
        Some(HeapPlace::Variable { name, .. }) if name == heap.setting.name() => {
            "in its variable".to_owned()
        }
        Some(HeapPlace::Variable { name, .. }) => format!("in `{name}`"),
        Some(HeapPlace::Reference { name }) => format!("where `{name}` comes from"),
        Some(HeapPlace::Arguments) => "in the arguments".to_owned(),
        Some(HeapPlace::Injected) => "where it is injected".to_owned(),
        Some(HeapPlace::Default) => "for its runtime".to_owned(),
        Some(HeapPlace::Image | HeapPlace::EnvFrom) | None => "where it stands".to_owned(),
    }
}

/// `` `-Xmx` in `JAVA_TOOL_OPTIONS` ``.
fn named(heap: &Heap) -> String {
    let setting = heap.setting.name();
    match &heap.place {
        Some(HeapPlace::Variable { name, .. } | HeapPlace::Reference { name })
            if name == setting =>
        {
            format!("`{setting}`")
        }
        Some(HeapPlace::Variable { name, .. } | HeapPlace::Reference { name }) => {
            format!("`{setting}` in `{name}`")
        }
        Some(HeapPlace::Arguments) => format!("`{setting}` in the arguments"),
        Some(HeapPlace::Default) => format!("the heap of {}", words::without(heap.setting)),
        Some(HeapPlace::Injected | HeapPlace::Image | HeapPlace::EnvFrom) | None => {
            format!("`{setting}`")
        }
    }
}
