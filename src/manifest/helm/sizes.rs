//! Where a template takes the sizes of a container from.

use super::super::tree::{Entry, Kind, Node};
use super::find::Made;
use super::template;
use crate::change::{Resource, Section};

/// Where one size of a container comes from.
pub(super) struct Source {
    /// Keys from the root of the values of its chart.
    pub(super) path: Vec<String>,
    /// Whether what the values hold there decides whether it counts at all.
    pub(super) strict: bool,
}

const RESOURCES: &str = "resources";

/// The one source of a size.
///
/// # Errors
///
/// Why it cannot be said without a guess.
pub(super) fn source(
    made: &Made<'_>,
    container: &Node,
    (section, resource): (Section, Resource),
) -> Result<Source, String> {
    let entries = named(container, RESOURCES);
    if entries.is_empty() {
        return Err(
            "the template names no `resources` for it: what it includes is not followed".to_owned(),
        );
    }
    let keys = [section.name(), resource.name()];
    let whole: Vec<(&Entry, Vec<String>)> = entries
        .iter()
        .filter_map(|entry| Some((*entry, filled(made, &entry.value, true)?)))
        .collect();
    if let [(entry, path)] = whole.as_slice() {
        let strict = entries.len() > 1 || !is_free(made, container, entry, path);
        return Ok(Source {
            path: below(path, &keys),
            strict,
        });
    }
    let [entry] = entries.as_slice() else {
        return Err("its `resources` stand in several branches".to_owned());
    };
    if template::filled(&entry.value).is_some() {
        return Err(
            "its `resources` are made by the template: what it includes is not followed".to_owned(),
        );
    }
    let inner = one(&entry.value, section.name())?;
    if let Some(path) = filled(made, &inner.value, true) {
        let strict = !is_free(made, container, inner, &path);
        return Ok(Source {
            path: below(&path, &keys[1..]),
            strict,
        });
    }
    let inner = one(&inner.value, resource.name())?;
    match filled(made, &inner.value, false) {
        Some(path) => {
            let strict = !is_free(made, container, inner, &path);
            Ok(Source { path, strict })
        }
        None if template::all_below(&inner.value).is_empty() => {
            let at = keys.join(".");
            Err(format!(
                "its `{at}` stands in the template itself: change it there"
            ))
        }
        None => Err("the template makes its sizes of more than one value".to_owned()),
    }
}

/// The actions that are the sizes of a container.
pub(super) fn actions(container: &Node) -> Vec<usize> {
    let entries = named(container, RESOURCES);
    let all = entries.iter().map(|it| template::all_below(&it.value));
    all.flatten().collect()
}

fn named<'n>(node: &'n Node, key: &str) -> Vec<&'n Entry> {
    let entries = node.entries().iter();
    entries.filter(|it| it.key.text() == Some(key)).collect()
}

fn one<'n>(node: &'n Node, key: &str) -> Result<&'n Entry, String> {
    match named(node, key).as_slice() {
        [entry] => Ok(entry),
        [] if matches!(node.kind, Kind::Map { .. }) => {
            Err(format!("the template has no `{key}` for it"))
        }
        _ => Err(format!("its `{key}` stands in several branches")),
    }
}

/// The value that fills a place, as YAML or as it is.
fn filled(made: &Made<'_>, node: &Node, whole: bool) -> Option<Vec<String>> {
    let action = made.template.actions.get(template::filled(node)?)?;
    let value = action.value()?;
    (value.whole == whole).then_some(value.path)
}

fn below(path: &[String], keys: &[&str]) -> Vec<String> {
    let keys = keys.iter().map(|it| (*it).to_owned());
    path.iter().cloned().chain(keys).collect()
}

/// Whether it stands there as soon as the values hold anything at its path.
fn is_free(made: &Made<'_>, container: &Node, entry: &Entry, path: &[String]) -> bool {
    let mut guards = made.template.guards(container, &entry.value).into_iter();
    guards.all(|guard| guard.path.is_some_and(|it| path.starts_with(&it)))
}
