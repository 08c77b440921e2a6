//! Owners of pods of kinds that kcost has no type for: found by discovery, read one by one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures_util::{StreamExt, stream};
use serde::Deserialize;

use super::Connection;
use super::gaps::{Missed, explain};
use super::kinds::{Kind, Rule, list_path};
use super::request::{self, Failure};
use crate::collect::Objects;
use crate::collect::body::Whole;
use crate::collect::objects::{Controller, Key, is_ignored_group};
use crate::progress::Progress;
use crate::snapshot::Gap;

/// Owners of owners that are followed. Source: the deepest known chain is pod,
/// ReplicaSet, Deployment, an add-on's object, and the object that it is part of.
const DEPTH: usize = 3;
/// Objects read at most; of the rest a gap tells.
const MOST: usize = 2_000;
/// Objects asked for at a time.
const PARALLEL: usize = 8;

/// A kind by its version and name, as owner references have it.
type Type = (String, String);

/// An owner that has not been read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Missing {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
}

/// Reads owners, and owners of those, until all are known.
///
/// An owner that is gone, or whose kind the server does not know, stays unknown
/// without a gap: its pods are grouped by its name all the same.
pub(super) async fn read(
    connection: &Connection,
    objects: &mut Objects,
    progress: &dyn Progress,
) -> Vec<Gap> {
    let mut kinds: BTreeMap<Type, Option<Kind>> = BTreeMap::new();
    let mut asked = HashSet::new();
    let mut missed = Vec::new();
    let mut gaps = Vec::new();
    for _ in 0..DEPTH {
        let mut missing = missing(objects);
        missing.retain(|owner| !asked.contains(owner));
        if missing.is_empty() {
            break;
        }
        let _task = progress.task("reading owners of pods", None);
        for owner in &missing {
            let of = (owner.api_version.clone(), owner.kind.clone());
            if let Entry::Vacant(unknown) = kinds.entry(of) {
                let kind = discover(connection, unknown.key(), progress).await;
                unknown.insert(kind);
            }
        }
        asked.extend(missing.iter().cloned());
        gaps.extend(too_many(missing.len()));
        let known = missing.into_iter().filter_map(|owner| {
            let of = (owner.api_version.clone(), owner.kind.clone());
            Some((kinds.get(&of)?.as_ref()?, owner))
        });
        let answers = stream::iter(known.take(MOST))
            .map(|(kind, owner)| one(connection, kind, owner, progress))
            .buffer_unordered(PARALLEL);
        let mut answers = std::pin::pin!(answers);
        while let Some((kind, owner, answer)) = answers.next().await {
            let recorded = answer.and_then(|body| record(kind, &body, objects));
            if let Err(failure) = recorded {
                missed.push(miss(kind, owner, failure));
            }
        }
    }
    missed.retain(|miss| miss.failure.code() != Some(404));
    gaps.extend(explain(missed));
    gaps
}

/// The gap that not all owners are read, where that is so.
fn too_many(owners: usize) -> Option<Gap> {
    let text = format!("of {owners} owners of pods only {MOST} are read");
    let hint = "name fewer namespaces with `-n NAMESPACE`";
    (owners > MOST).then(|| Gap::new("truncated", "owners of pods", text).hint(hint))
}

/// Owners that are referred to, could be read, and are not there.
fn missing(objects: &Objects) -> BTreeSet<Missing> {
    let controllers = objects.controllers.iter();
    let known: HashSet<Key> = controllers.clone().map(Controller::key).collect();
    let pods = objects.pods.iter().map(|pod| &pod.meta);
    let metas = pods.chain(controllers.map(|controller| &controller.meta));
    metas
        .filter_map(|meta| Some((meta.controller.as_ref()?, &meta.namespace)))
        .filter(|(owner, namespace)| {
            let key = owner.key(namespace);
            !is_ignored_group(&key.group) && !known.contains(&key)
        })
        .map(|(owner, namespace)| Missing {
            api_version: owner.api_version.clone(),
            kind: owner.kind.clone(),
            namespace: namespace.clone(),
            name: owner.name.clone(),
        })
        .collect()
}

/// How a kind is called in paths; `None` where the server does not know it.
async fn discover(
    connection: &Connection,
    (api_version, kind): &Type,
    progress: &dyn Progress,
) -> Option<Kind> {
    #[derive(Deserialize)]
    struct Resources {
        resources: Vec<Resource>,
    }
    #[derive(Deserialize)]
    struct Resource {
        name: String,
        kind: String,
        namespaced: bool,
    }
    let (group, version) = api_version.split_once('/')?;
    let body = request::get(connection, &format!("/apis/{api_version}"), progress).await;
    let list: Resources = serde_json::from_slice(&body.ok()?).ok()?;
    // `rollouts/status` and the like are parts of the object.
    let mut found = list.resources.into_iter();
    let found = found.find(|it| it.kind == *kind && !it.name.contains('/'))?;
    Some(Kind::custom(group, version, &found.name, found.namespaced))
}

async fn one<'a>(
    connection: &Connection,
    kind: &'a Kind,
    owner: Missing,
    progress: &dyn Progress,
) -> (&'a Kind, Missing, Result<Whole, Failure>) {
    let namespace = kind.namespaced.then_some(owner.namespace.as_str());
    let list = list_path(&kind.group, &kind.version, &kind.plural, namespace);
    let path = format!("{list}/{}", request::encode(&owner.name));
    let answer = request::get(connection, &path, progress).await;
    (kind, owner, answer)
}

fn record(kind: &Kind, body: &[u8], objects: &mut Objects) -> Result<(), Failure> {
    let text = std::str::from_utf8(body).map_err(|error| Failure::Garbled(error.to_string()))?;
    (kind.record)(text, objects).map_err(Failure::Garbled)
}

fn miss(kind: &Kind, owner: Missing, failure: Failure) -> Missed {
    Missed {
        rule: Rule::get(&kind.group, &kind.plural),
        namespace: kind.namespaced.then_some(owner.namespace),
        failure,
    }
}
