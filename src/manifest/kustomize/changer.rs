//! What kustomizations change of objects that they take from elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::tree::{Kind, Node, parse};
use super::field::{Field, merges, operates, replaces};
use super::select::{Selector, Subject};
use super::{Kustomization, PatchEntry, Use, joined};

/// A patch, or whatever else changes fields.
#[derive(Debug)]
pub(in crate::manifest) struct Changer {
    /// Folders from the kustomization that is built to the one for whose objects it is.
    pub(in crate::manifest) scope: Vec<PathBuf>,
    /// The file that says it.
    pub(in crate::manifest) file: PathBuf,
    /// Where a strategic merge stands that can be changed.
    pub(in crate::manifest) home: Home,
    target: Option<Selector>,
    body: Body,
}

/// Where a strategic merge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) enum Home {
    /// In a file of its own.
    File,
    /// In the kustomization: the item of a list.
    Inline(&'static str, usize),
    /// It is no strategic merge of one object.
    None,
}

#[derive(Debug)]
enum Body {
    Merge(Vec<Node>),
    /// Operations of a JSON patch: whether each adds, and where.
    Operations(Vec<(bool, Vec<String>)>),
    /// Paths of replacements.
    Fields(Vec<String>),
    /// What cannot be read may change anything.
    Unknown,
}

/// Transformers of kustomize that change no sizes.
const HARMLESS: [&str; 9] = [
    "AnnotationsTransformer",
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PrefixTransformer",
    "PrefixSuffixTransformer",
    "ReplicaCountTransformer",
    "SuffixTransformer",
];

impl Changer {
    /// Whether it may change one of these fields of an object.
    pub(in crate::manifest) fn changes(&self, subject: &Subject<'_>, fields: &[Field]) -> bool {
        if self.target.as_ref().is_some_and(|it| !it.may_be(subject)) {
            return false;
        }
        match &self.body {
            Body::Merge(documents) => {
                let mut documents = documents.iter();
                documents.any(|it| {
                    (self.target.is_some() || is_named(it, subject))
                        && fields.iter().any(|field| merges(it, field))
                })
            }
            Body::Operations(all) => {
                let mut all = all.iter();
                all.any(|(adds, at)| fields.iter().any(|field| operates(*adds, at, field)))
            }
            Body::Fields(paths) => {
                let mut paths = paths.iter();
                paths.any(|path| fields.iter().any(|field| replaces(path, field)))
            }
            Body::Unknown => true,
        }
    }

    /// Whether it is for objects that come on this way.
    pub(in crate::manifest) fn is_on(&self, way: &Use) -> bool {
        way.way.starts_with(&self.scope)
    }

    /// The one object that it merges.
    pub(in crate::manifest) fn merged(&self) -> Option<&Node> {
        match &self.body {
            Body::Merge(documents) => documents.first().filter(|_| documents.len() == 1),
            _ => None,
        }
    }

    /// Whether a document of its file is its patch of this object.
    pub(in crate::manifest) fn is_of(&self, document: &Node, subject: &Subject<'_>) -> bool {
        self.target.is_some() || is_named(document, subject)
    }
}

/// Whether a strategic merge names this object itself.
fn is_named(document: &Node, subject: &Subject<'_>) -> bool {
    let text = |path: &[&str]| document.at(path).and_then(Node::text);
    let name = text(&["metadata", "name"]);
    text(&["kind"]) == Some(subject.kind) && name.is_some_and(|it| subject.names.contains(&it))
}

/// What one kustomization changes.
pub(super) fn all(
    (folder, of): (&Path, &Kustomization),
    scope: &[PathBuf],
    texts: &BTreeMap<PathBuf, String>,
) -> Vec<Changer> {
    let reader = Reader {
        folder,
        of,
        scope,
        texts,
    };
    let mut all = Vec::new();
    let patches = of.patches.iter().enumerate();
    all.extend(patches.map(|(item, it)| reader.patch(it, Home::Inline("patches", item))));
    all.extend(
        of.patches_json6902
            .iter()
            .map(|it| reader.patch(it, Home::None)),
    );
    let merges = of.patches_strategic_merge.iter().enumerate();
    all.extend(
        merges.map(|(item, it)| {
            reader.named_or_inline(it, Home::Inline("patchesStrategicMerge", item))
        }),
    );
    all.extend(
        of.replacements
            .iter()
            .flat_map(|it| reader.replacements(it)),
    );
    all.extend(
        of.transformers
            .iter()
            .filter_map(|it| reader.transformer(it)),
    );
    let is_gone = |name: &&String| {
        joined(folder, name).is_none_or(|path| !texts.keys().any(|it| it.starts_with(&path)))
    };
    // A component that is not in the tree may patch anything.
    let gone = of.components.iter().filter(is_gone);
    all.extend(gone.map(|_| reader.here(None, Body::Unknown)));
    if of.unread {
        all.push(reader.here(None, Body::Unknown));
    }
    all
}

struct Reader<'a> {
    folder: &'a Path,
    of: &'a Kustomization,
    scope: &'a [PathBuf],
    texts: &'a BTreeMap<PathBuf, String>,
}

impl Reader<'_> {
    /// What the kustomization says itself.
    fn here(&self, target: Option<Selector>, body: Body) -> Changer {
        Changer {
            scope: self.scope.to_vec(),
            file: self.folder.join(&self.of.file),
            home: Home::None,
            target,
            body,
        }
    }

    /// A patch in the kustomization itself.
    fn inline(&self, target: Option<Selector>, text: &str, home: Home) -> Changer {
        let here = self.here(target, body(text));
        let home = if here.merged().is_some() {
            home
        } else {
            Home::None
        };
        Changer { home, ..here }
    }

    fn file(&self, path: PathBuf, target: Option<Selector>) -> Changer {
        let body = self.texts.get(&path).map_or(Body::Unknown, |it| body(it));
        Changer {
            home: match body {
                Body::Merge(_) => Home::File,
                _ => Home::None,
            },
            file: path,
            ..self.here(target, body)
        }
    }

    fn patch(&self, entry: &PatchEntry, home: Home) -> Changer {
        let target = entry.target.clone();
        if let Some(path) = entry.path.as_ref().and_then(|it| joined(self.folder, it)) {
            return self.file(path, target);
        }
        match &entry.patch {
            Some(text) => self.inline(target, text, home),
            None => self.here(target, Body::Unknown),
        }
    }

    fn named_or_inline(&self, text: &str, home: Home) -> Changer {
        let path = joined(self.folder, text).filter(|it| self.texts.contains_key(it));
        match path {
            Some(path) => self.file(path, None),
            None => self.inline(None, text, home),
        }
    }

    fn replacements(&self, value: &serde_yaml::Value) -> Vec<Changer> {
        let named = value.get("path").and_then(serde_yaml::Value::as_str);
        let Some(named) = named else {
            return self.replacement(value);
        };
        let text = joined(self.folder, named).and_then(|it| self.texts.get(&it));
        let read = text.and_then(|it| serde_yaml::from_str::<serde_yaml::Value>(it).ok());
        match read {
            Some(serde_yaml::Value::Sequence(all)) => {
                all.iter().flat_map(|it| self.replacement(it)).collect()
            }
            Some(one) => self.replacement(&one),
            None => vec![self.here(None, Body::Unknown)],
        }
    }

    fn replacement(&self, value: &serde_yaml::Value) -> Vec<Changer> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Target {
            #[serde(default)]
            select: Selector,
            #[serde(default)]
            field_paths: Vec<String>,
        }
        let targets = value.get("targets").cloned().unwrap_or_default();
        match serde_yaml::from_value::<Vec<Target>>(targets) {
            Ok(targets) => {
                let each = targets.into_iter();
                each.map(|it| self.here(Some(it.select), Body::Fields(it.field_paths)))
                    .collect()
            }
            Err(_) => vec![self.here(None, Body::Unknown)],
        }
    }

    /// `None` for one that changes no sizes.
    fn transformer(&self, text: &str) -> Option<Changer> {
        let path = joined(self.folder, text).filter(|it| self.texts.contains_key(it));
        let said = path
            .as_ref()
            .and_then(|it| self.texts.get(it))
            .map_or(text, String::as_str);
        let kinds = parse(said).unwrap_or_default();
        let harmless = |it: &Node| {
            let kind = it.at(&["kind"]).and_then(Node::text);
            kind.is_some_and(|kind| HARMLESS.contains(&kind))
        };
        if !kinds.is_empty() && kinds.iter().all(harmless) {
            return None;
        }
        let here = self.here(None, Body::Unknown);
        let file = path.unwrap_or_else(|| here.file.clone());
        Some(Changer { file, ..here })
    }
}

/// A patch in either of its two forms.
fn body(text: &str) -> Body {
    let Ok(documents) = parse(text) else {
        return Body::Unknown;
    };
    if let [
        Node {
            kind: Kind::List { items, .. },
            ..
        },
    ] = documents.as_slice()
    {
        let operations = items.iter().map(operation).collect::<Option<Vec<_>>>();
        let all = operations.map(|it| it.into_iter().flatten().collect());
        return all.map_or(Body::Unknown, Body::Operations);
    }
    let is_map = |it: &Node| matches!(it.kind, Kind::Map { .. });
    if documents.iter().all(is_map) {
        Body::Merge(documents)
    } else {
        Body::Unknown
    }
}

/// Whether it adds, and where it changes something; nothing of one that only looks.
fn operation(item: &Node) -> Option<Vec<(bool, Vec<String>)>> {
    let text = |key: &str| item.at(&[key]).and_then(Node::text);
    let place = |pointer: &str| {
        let parts = pointer.split('/').skip(1);
        parts
            .map(|it| it.replace("~1", "/").replace("~0", "~"))
            .collect::<Vec<String>>()
    };
    let (kind, at) = (text("op")?, place(text("path")?));
    Some(match kind {
        "test" => Vec::new(),
        "add" | "copy" => vec![(true, at)],
        "move" => vec![(true, at), (false, place(text("from")?))],
        _ => vec![(false, at)],
    })
}
