//! How an owner stops kcost.

use serde_json::Value;

use super::Why;

/// By this an owner stops kcost, as an annotation or a label.
const FREEZE: &str = "kcost.dev/freeze";

/// Code of what is frozen.
pub(super) const CODE: &str = "frozen";

/// That an owner stops kcost by one of these, each with what it is called; the first that
/// does.
pub(super) fn frozen<'a>(
    objects: impl IntoIterator<Item = (&'static str, Option<&'a Value>)>,
) -> Option<Why> {
    let mut objects = objects.into_iter();
    let (what, _) = objects.find(|(_, object)| object.is_some_and(is_frozen))?;
    Some(Why::new(CODE, format!("{what} has `{FREEZE}`")))
}

fn is_frozen(object: &Value) -> bool {
    ["annotations", "labels"].into_iter().any(|kind| {
        let value = object["metadata"][kind][FREEZE].as_str();
        value.is_some_and(|value| value != "false")
    })
}
