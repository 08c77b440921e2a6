//! What kustomizations make of the files that they name: namespaces, prefixes, suffixes.

mod changer;
mod field;
mod select;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

pub(super) use changer::{Changer, Home};
pub(super) use field::{Field, Key, merges};
use select::Selector;
pub(super) use select::Subject;

/// Names that kustomize looks for, in its order.
pub(super) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Kustomizations within each other.
const DEEPEST: usize = 32;

/// What is read of a kustomization; all else is for kustomize alone.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Kustomization {
    resources: Vec<String>,
    bases: Vec<String>,
    components: Vec<String>,
    patches: Vec<PatchEntry>,
    patches_strategic_merge: Vec<String>,
    patches_json6902: Vec<PatchEntry>,
    replacements: Vec<serde_yaml::Value>,
    transformers: Vec<String>,
    namespace: Option<String>,
    name_prefix: Option<String>,
    name_suffix: Option<String>,
    /// The name of its file.
    #[serde(skip)]
    file: PathBuf,
    /// Whether it could not be read.
    #[serde(skip)]
    unread: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PatchEntry {
    path: Option<String>,
    patch: Option<String>,
    target: Option<Selector>,
}

/// One way on which a file comes into what is applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    /// Folders of kustomizations, from the one that is built to the one that names the file.
    pub(super) way: Vec<PathBuf>,
    pub(super) namespace: Option<String>,
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// Whether it is a patch of other objects.
    pub(super) is_patch: bool,
}

impl Use {
    /// The folder of the kustomization that is built.
    pub(super) fn root(&self) -> &Path {
        self.way.first().map_or(Path::new(""), PathBuf::as_path)
    }
}

/// What kustomizations of a tree do.
#[derive(Debug, Default)]
pub(super) struct Overlays {
    /// Uses of every file that a kustomization names.
    pub(super) uses: BTreeMap<PathBuf, BTreeSet<Use>>,
    pub(super) changers: Vec<Changer>,
}

/// Reads all kustomizations.
pub(super) fn overlays(texts: &BTreeMap<PathBuf, String>) -> Overlays {
    let mut folders: BTreeMap<PathBuf, Kustomization> = BTreeMap::new();
    for (path, text) in texts {
        let name = path.file_name().and_then(|it| it.to_str());
        if let Some(name) = name.filter(|name| NAMES.contains(name)) {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let read = serde_yaml::from_str::<Option<Kustomization>>(text);
            let unread = read.is_err();
            let read = read.ok().flatten().unwrap_or_default();
            let file = PathBuf::from(name);
            let of = Kustomization {
                file,
                unread,
                ..read
            };
            folders.insert(folder, of);
        }
    }
    let mut named = BTreeSet::new();
    for (folder, of) in &folders {
        let below = of.resources.iter().chain(&of.bases).chain(&of.components);
        named.extend(below.filter_map(|name| joined(folder, name)));
    }
    let mut graph = Graph {
        folders: &folders,
        texts,
        overlays: Overlays::default(),
    };
    for root in folders.keys().filter(|folder| !named.contains(*folder)) {
        let whole = Use {
            way: Vec::new(),
            namespace: None,
            prefix: String::new(),
            suffix: String::new(),
            is_patch: false,
        };
        graph.walk(root, &whole, None);
    }
    graph.overlays
}

struct Graph<'a> {
    folders: &'a BTreeMap<PathBuf, Kustomization>,
    texts: &'a BTreeMap<PathBuf, String>,
    overlays: Overlays,
}

impl Graph<'_> {
    /// `scope` is for whose objects a component is: those of what names it.
    fn walk(&mut self, folder: &Path, outer: &Use, scope: Option<&[PathBuf]>) {
        let fits = outer.way.len() < DEEPEST;
        let Some(of) = self.folders.get(folder).filter(|_| fits) else {
            return;
        };
        let inner = |name: &Option<String>| name.clone().unwrap_or_default();
        let here = Use {
            way: [outer.way.as_slice(), &[folder.to_owned()]].concat(),
            // The outermost namespace wins.
            namespace: outer.namespace.clone().or_else(|| of.namespace.clone()),
            prefix: format!("{}{}", outer.prefix, inner(&of.name_prefix)),
            suffix: format!("{}{}", inner(&of.name_suffix), outer.suffix),
            is_patch: false,
        };
        let scope = scope.unwrap_or(&here.way).to_vec();
        for name in of.resources.iter().chain(&of.bases) {
            self.below(folder, name, &here, None);
        }
        for name in &of.components {
            self.below(folder, name, &here, Some(&scope));
        }
        let patches = of.patches.iter().filter_map(|it| it.path.as_ref());
        for name in patches.chain(&of.patches_strategic_merge) {
            let path = joined(folder, name).filter(|path| self.texts.contains_key(path));
            if let Some(path) = path {
                let is_patch = true;
                let patch = Use {
                    is_patch,
                    ..here.clone()
                };
                self.overlays.uses.entry(path).or_default().insert(patch);
            }
        }
        let changers = changer::all((folder, of), &scope, self.texts);
        self.overlays.changers.extend(changers);
    }

    fn below(&mut self, folder: &Path, name: &str, here: &Use, scope: Option<&[PathBuf]>) {
        let Some(path) = joined(folder, name) else {
            return;
        };
        if self.texts.contains_key(&path) {
            let uses = self.overlays.uses.entry(path).or_default();
            uses.insert(here.clone());
        } else {
            self.walk(&path, here, scope);
        }
    }
}

/// A path as a file of a folder has it, from the root of the tree; `None` where it leads out of it.
pub(super) fn joined(folder: &Path, name: &str) -> Option<PathBuf> {
    if name.contains("://") {
        return None;
    }
    let mut path = PathBuf::new();
    for part in folder.join(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::Normal(part) => path.push(part),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}
