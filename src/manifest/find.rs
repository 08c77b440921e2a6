use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::helm::Charts;
use super::kustomize::{Use, uses};
use super::object::{Object, group};
use super::tree::{Node, parse};

/// What files of parts of templates end with.
const HELPERS: &str = "tpl";

/// The texts of a tree, by their paths in it, and what is in them.
#[derive(Debug, Default)]
pub struct Tree {
    pub texts: BTreeMap<PathBuf, String>,
    manifests: Vec<Manifest>,
    pub(super) charts: Charts,
    /// Files that no YAML reader understands, and why: templates, most of them.
    pub unread: Vec<(PathBuf, String)>,
}

/// An object in a file, and on which ways it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub path: PathBuf,
    pub object: Object,
    uses: BTreeSet<Use>,
}

/// Where an object of a cluster is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'t> {
    At(&'t Manifest),
    /// In a base of several overlays, whose folders these are.
    Shared(&'t Manifest, Vec<PathBuf>),
    /// In several places, none of which is more likely.
    Several(Vec<&'t Manifest>),
    Nowhere,
}

impl Tree {
    /// Reads what is in these files; of those in `unread` it is known why they are no text.
    pub fn new(texts: BTreeMap<PathBuf, String>, mut unread: Vec<(PathBuf, String)>) -> Self {
        let of_files = uses(&texts);
        let charts = Charts::new(&texts);
        let mut manifests = Vec::new();
        for (path, text) in &texts {
            // What a template says is not what is applied.
            let templated = text.contains("{{") && charts.has_template(path);
            if templated || path.extension().is_some_and(|it| it == HELPERS) {
                continue;
            }
            match parse(text) {
                Err((line, problem)) => {
                    unread.push((path.clone(), format!("line {line}: {problem}")));
                }
                Ok(documents) => {
                    let objects = Object::all(&documents).into_iter();
                    manifests.extend(objects.map(|object| Manifest {
                        path: path.clone(),
                        object,
                        uses: of_files.get(path).cloned().unwrap_or_default(),
                    }));
                }
            }
        }
        unread.sort();
        Self {
            texts,
            manifests,
            charts,
            unread,
        }
    }

    /// The manifest of an object of a cluster. `holds` says whether a patch has what is to
    /// be changed; such a patch goes before the manifest that it changes.
    pub fn find(
        &self,
        (api_version, kind): (&str, &str),
        namespace: &str,
        name: &str,
        holds: &dyn Fn(&Node) -> bool,
    ) -> Found<'_> {
        let of = self.manifests.iter().filter(|it| {
            it.object.kind == kind
                && it.object.group() == group(api_version)
                && it.is_called(namespace, name)
        });
        let (patches, whole): (Vec<&Manifest>, Vec<&Manifest>) = of.partition(|it| it.is_patch());
        let patches: Vec<&Manifest> = patches
            .into_iter()
            .filter(|it| self.node(it).is_some_and(|node| holds(&node)))
            .collect();
        let chosen = if patches.is_empty() { whole } else { patches };
        match chosen.as_slice() {
            [] => Found::Nowhere,
            [manifest] => match manifest.roots() {
                roots if roots.len() > 1 => Found::Shared(manifest, roots),
                _ => Found::At(manifest),
            },
            _ => Found::Several(chosen),
        }
    }

    /// The object, as it stands in its file.
    pub fn node(&self, manifest: &Manifest) -> Option<Node> {
        let documents = parse(self.texts.get(&manifest.path)?).ok()?;
        manifest.object.spot.of(&documents).cloned()
    }
}

impl Manifest {
    fn is_patch(&self) -> bool {
        !self.uses.is_empty() && self.uses.iter().all(|it| it.is_patch)
    }

    /// Folders of the kustomizations that it comes into.
    fn roots(&self) -> Vec<PathBuf> {
        let roots: BTreeSet<&PathBuf> = self.uses.iter().map(|it| &it.root).collect();
        roots.into_iter().cloned().collect()
    }

    /// Whether it becomes the object of this name on any of its ways. A namespace that
    /// nothing names may be any.
    fn is_called(&self, namespace: &str, name: &str) -> bool {
        let in_it = |said: Option<&str>| said.is_none_or(|it| it == namespace);
        let own = self.object.namespace.as_deref();
        if self.uses.is_empty() {
            return self.object.name == name && in_it(own);
        }
        self.uses.iter().any(|it| {
            let called = format!("{}{}{}", it.prefix, self.object.name, it.suffix);
            called == name && in_it(it.namespace.as_deref().or(own))
        })
    }
}
