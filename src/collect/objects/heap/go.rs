//! The memory limit of Go.

use super::environment::Environment;
use super::{heap, reference};
use crate::snapshot::{Heap, HeapPlace, HeapSetting};
use crate::units::Quantity;

pub(super) const VARIABLE: &str = "GOMEMLIMIT";
/// The share of the limit that the package `automemlimit` sets it to.
pub(super) const OF_LIMIT: &str = "AUTOMEMLIMIT";

pub(super) fn find(env: &Environment<'_>) -> Option<Heap> {
    own(env).or_else(|| of_limit(env))
}

fn of_limit(env: &Environment<'_>) -> Option<Heap> {
    let ratio: f64 = env.value(OF_LIMIT)?.trim().parse().ok()?;
    let place = HeapPlace::Variable {
        name: OF_LIMIT.to_owned(),
        value: None,
    };
    let found = ratio > 0.0 && ratio <= 1.0;
    found.then(|| heap(HeapSetting::GoMemLimit, None, Some(ratio * 100.0), place))
}

fn own(env: &Environment<'_>) -> Option<Heap> {
    let setting = HeapSetting::GoMemLimit;
    if let Some(text) = env.value(VARIABLE) {
        let size = setting.read(text);
        let place = HeapPlace::variable(VARIABLE, text, setting, env.is_single(VARIABLE));
        let found = size.is_some() || text.contains('$');
        return found.then(|| heap(setting, size, None, place));
    }
    let field = env
        .find(VARIABLE)?
        .value_from
        .as_ref()?
        .resource_field_ref
        .as_ref()?;
    let whole = field.divisor.as_ref().is_none_or(|divisor| {
        let parts = divisor.0.parse::<Quantity>();
        // None is written as 0, and means bytes.
        parts.is_ok_and(|parts| parts.ceil() <= 1)
    });
    (field.resource == "limits.memory" && field.container_name.is_none() && whole)
        .then(|| heap(setting, None, Some(100.0), reference(VARIABLE)))
}
