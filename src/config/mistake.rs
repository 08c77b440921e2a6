//! What is wrong with keys, beside their values.

use std::str::FromStr;

use serde::de;

use super::keys::Key;
use super::table;
use crate::text::suggestion;
use crate::units::{Bytes, Cpu};

/// A key that is none of those that may stand here, with what was probably meant.
pub(super) fn unknown<E: de::Error>(
    name: &str,
    keys: impl Iterator<Item = &'static Key>,
    more: &str,
) -> E {
    let mut names: Vec<&str> = keys.map(|key| key.name).collect();
    names.push(more);
    let near = if table::rule().any(|key| key.name == name) {
        "; it belongs beside `match`, in an entry of `workloads`".to_owned()
    } else if table::settings().any(|key| key.name == name) {
        "; it holds for the whole run and belongs at the top".to_owned()
    } else {
        suggestion(name, &names)
    };
    E::custom(format_args!("unknown key `{name}`{near}"))
}

pub(super) fn twice<E: de::Error>(name: &str) -> E {
    E::custom(format_args!("`{name}` is set twice"))
}

/// A floor above its cap can hold with none of the two.
pub(super) fn check_bounds<'a, E: de::Error>(
    value: impl Fn(&str) -> Option<&'a str>,
) -> Result<(), E> {
    let (cpu, memory) = (
        (value("min-cpu"), value("max-cpu")),
        (value("min-memory"), value("max-memory")),
    );
    check::<Cpu, E>("cpu", cpu)?;
    check::<Bytes, E>("memory", memory)
}

fn check<T: FromStr + PartialOrd, E: de::Error>(
    resource: &str,
    bounds: (Option<&str>, Option<&str>),
) -> Result<(), E> {
    let (Some(floor), Some(cap)) = bounds else {
        return Ok(());
    };
    match (floor.parse::<T>(), cap.parse::<T>()) {
        (Ok(least), Ok(most)) if most < least => Err(E::custom(format_args!(
            "`max-{resource}` {cap} is below `min-{resource}` {floor}"
        ))),
        _ => Ok(()),
    }
}
