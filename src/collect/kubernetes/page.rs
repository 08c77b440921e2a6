//! One page of a list: read, recorded, dropped.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::kinds::Kind;
use crate::collect::Objects;
use crate::collect::Scope;
use crate::collect::at_most::AtMost;
use crate::collect::misfit;

/// Objects of one page: all of a kind, where a server knows no pages.
const MOST_ITEMS: usize = 500_000;
/// An object of more bytes is none: etcd takes 1.5 MiB, the API server 3.
const LARGEST_OBJECT: usize = 3 << 20;
/// Of objects of more bytes one is read at a time, because they grow a hundredfold
/// where they are of many small parts.
const LARGE_OBJECT: usize = 64 << 10;

static LARGE: Mutex<()> = Mutex::new(());

/// A `List`, its objects not read yet.
#[derive(Deserialize)]
struct List<'a> {
    metadata: Option<ListMeta>,
    // `null` is how Go writes an empty list.
    #[serde(borrow, default)]
    items: Option<AtMost<&'a RawValue, MOST_ITEMS>>,
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
    record: fn(&str, &mut Objects) -> Result<(), String>,
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
    /// A hash of the first object, as it was written.
    pub(super) first: u64,
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
    let list: List = serde_json::from_slice(body).map_err(|error| misfit::problem(&error))?;
    let AtMost(items) = list.items.ok_or("it has no `items`")?;
    let mut page = Page {
        next: list
            .metadata
            .and_then(|metadata| metadata.token)
            .filter(|token| !token.is_empty()),
        count: items.len(),
        first: items.first().map_or(0, |item| hash(item.get())),
        ..Page::default()
    };
    for item in items {
        if kind.namespaced && !in_scope(item, scope) {
            continue;
        }
        if let Err(problem) = record(item.get(), kind, objects) {
            page.unreadable += 1;
            page.problem.get_or_insert(problem);
        }
    }
    Ok(page)
}

fn record(item: &str, kind: Reading, objects: &mut Objects) -> Result<(), String> {
    if item.len() > LARGEST_OBJECT {
        return Err("it is larger than an object can be".to_owned());
    }
    let _alone =
        (item.len() > LARGE_OBJECT).then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    (kind.record)(item, objects)
}

pub(super) fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
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
