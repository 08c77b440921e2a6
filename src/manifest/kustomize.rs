//! What kustomizations make of the files that they name: namespaces, prefixes, suffixes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

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
    namespace: Option<String>,
    name_prefix: Option<String>,
    name_suffix: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PatchEntry {
    path: Option<String>,
}

/// One way on which a file comes into what is applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    /// The folder of the kustomization that is built.
    pub(super) root: PathBuf,
    pub(super) namespace: Option<String>,
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// Whether it is a patch of other objects.
    pub(super) is_patch: bool,
}

/// Uses of every file that a kustomization names.
pub(super) fn uses(texts: &BTreeMap<PathBuf, String>) -> BTreeMap<PathBuf, BTreeSet<Use>> {
    let mut folders: BTreeMap<PathBuf, Kustomization> = BTreeMap::new();
    for (path, text) in texts {
        let name = path.file_name().and_then(|it| it.to_str());
        if name.is_some_and(|name| NAMES.contains(&name)) {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let read = serde_yaml::from_str::<Option<Kustomization>>(text);
            folders.insert(folder, read.ok().flatten().unwrap_or_default());
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
        uses: BTreeMap::new(),
    };
    for root in folders.keys().filter(|folder| !named.contains(*folder)) {
        let whole = Use {
            root: root.clone(),
            namespace: None,
            prefix: String::new(),
            suffix: String::new(),
            is_patch: false,
        };
        graph.walk(root, &whole, 0);
    }
    graph.uses
}

struct Graph<'a> {
    folders: &'a BTreeMap<PathBuf, Kustomization>,
    texts: &'a BTreeMap<PathBuf, String>,
    uses: BTreeMap<PathBuf, BTreeSet<Use>>,
}

impl Graph<'_> {
    fn walk(&mut self, folder: &Path, outer: &Use, depth: usize) {
        let Some(of) = self.folders.get(folder).filter(|_| depth < DEEPEST) else {
            return;
        };
        let inner = |name: &Option<String>| name.clone().unwrap_or_default();
        let here = Use {
            // The outermost namespace wins.
            namespace: outer.namespace.clone().or_else(|| of.namespace.clone()),
            prefix: format!("{}{}", outer.prefix, inner(&of.name_prefix)),
            suffix: format!("{}{}", inner(&of.name_suffix), outer.suffix),
            ..outer.clone()
        };
        let below = of.resources.iter().chain(&of.bases).chain(&of.components);
        for name in below {
            let Some(path) = joined(folder, name) else {
                continue;
            };
            if self.texts.contains_key(&path) {
                self.uses.entry(path).or_default().insert(here.clone());
            } else {
                self.walk(&path, &here, depth + 1);
            }
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
                self.uses.entry(path).or_default().insert(patch);
            }
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
