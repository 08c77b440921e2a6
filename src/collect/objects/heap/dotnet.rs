//! The heap of .NET.

use super::environment::Environment;
use super::heap;
use crate::snapshot::{Heap, HeapPlace, HeapSetting};

/// The newer prefix goes before the older.
const PREFIXES: [&str; 2] = ["DOTNET_", "COMPlus_"];
/// Their names behind the prefix. A size goes before a share.
const LIMITS: [(&str, HeapSetting); 2] = [
    ("GCHeapHardLimit", HeapSetting::DotnetHeapHardLimit),
    (
        "GCHeapHardLimitPercent",
        HeapSetting::DotnetHeapHardLimitPercent,
    ),
];
/// What begins like [`LIMITS`] and sizes parts of the heap.
const PARTS: &str = "GCHeapHardLimit";

/// `DOTNET_GCHeapHardLimit` and `DOTNET_GCHeapHardLimitPercent`, in hexadecimal.
pub(super) fn find(env: &Environment<'_>) -> Option<Heap> {
    let named = LIMITS.into_iter().flat_map(|(limit, setting)| {
        let names = PREFIXES.into_iter();
        names.map(move |prefix| (format!("{prefix}{limit}"), setting))
    });
    let mut found = named.filter_map(|(name, setting)| {
        let text = env.value(&name)?;
        let (bytes, percent) = (setting.read(text), setting.read_share(text));
        let alone = env.is_single(&name) && env.names().filter(|it| is_limit(it)).count() == 1;
        let known = bytes.is_some() || percent.is_some() || text.contains('$');
        known.then(|| {
            heap(
                setting,
                bytes,
                percent,
                HeapPlace::variable(&name, text, setting, alone),
            )
        })
    });
    found.next().or_else(|| parts(env))
}

/// Limits of single parts of the heap take the place of one of the whole.
fn parts(env: &Environment<'_>) -> Option<Heap> {
    let name = env.names().find(|name| is_limit(name))?;
    let is_part = LIMITS.iter().all(|(limit, _)| !name.ends_with(limit));
    let place = HeapPlace::Variable {
        name: name.to_owned(),
        value: None,
    };
    is_part.then(|| heap(HeapSetting::DotnetHeapHardLimit, None, None, place))
}

fn is_limit(name: &str) -> bool {
    let mut prefixes = PREFIXES.into_iter();
    prefixes.any(|prefix| {
        let rest = name.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.starts_with(PARTS))
    })
}

/// The variables that may size the heap.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    [
        "DOTNET_GCHeapHardLimit",
        "COMPlus_GCHeapHardLimit",
        "DOTNET_GCHeapHardLimitPercent",
        "COMPlus_GCHeapHardLimitPercent",
    ]
    .into_iter()
}
