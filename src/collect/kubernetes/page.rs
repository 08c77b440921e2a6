//! One page of a list: read, recorded, dropped.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::kinds::Kind;
use crate::collect::Objects;
use crate::collect::Scope;

/// A `List`, its objects not read yet.
#[derive(Deserialize)]
struct List<'a> {
    metadata: Option<ListMeta>,
    // `null` is how Go writes an empty list.
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct ListMeta {
    #[serde(default, rename = "continue")]
    token: Option<String>,
}

/// Which namespace an object is in, read alone.
#[derive(Deserialize)]
struct Placed<'a> {
    #[serde(borrow)]
    metadata: PlacedMeta<'a>,
}

#[derive(Deserialize)]
struct PlacedMeta<'a> {
    #[serde(default, borrow)]
    namespace: Option<&'a str>,
}

/// How the objects of a kind are read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    namespaced: bool,
    record: fn(&str, &mut Objects) -> serde_json::Result<()>,
}

impl From<&Kind> for Reading {
    fn from(kind: &Kind) -> Self {
        Self {
            namespaced: kind.namespaced,
            record: kind.record,
        }
    }
}

/// What a page brought.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Where the next page starts.
    pub(super) next: Option<String>,
    pub(super) count: usize,
    /// Objects that are not as their kind should be, and what is wrong with the first.
    pub(super) unreadable: usize,
    pub(super) problem: Option<String>,
}

/// Records every object of a page that is in scope.
///
/// An object that cannot be read is counted and skipped, so that one odd object
/// does not hide the others.
pub(super) fn read(
    body: &[u8],
    kind: Reading,
    scope: &Scope,
    objects: &mut Objects,
) -> Result<Page, String> {
    let list: List = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let items = list.items.ok_or("it has no `items`")?;
    let mut page = Page {
        next: list
            .metadata
            .and_then(|metadata| metadata.token)
            .filter(|token| !token.is_empty()),
        count: items.len(),
        ..Page::default()
    };
    for item in items {
        if kind.namespaced && !in_scope(item, scope) {
            continue;
        }
        if let Err(error) = (kind.record)(item.get(), objects) {
            page.unreadable += 1;
            page.problem.get_or_insert_with(|| error.to_string());
        }
    }
    Ok(page)
}

fn in_scope(item: &RawValue, scope: &Scope) -> bool {
    if scope.is_everything() {
        return true;
    }
    let placed = serde_json::from_str::<Placed>(item.get());
    // What cannot be read here cannot be read as its kind either, and is counted there.
    placed.map_or(true, |placed| {
        scope.namespace(placed.metadata.namespace.unwrap_or_default())
    })
}
