use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::helm::Charts;
use super::kustomize::{Changer, Field, Home, Subject, Use, merges, overlays};
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
    changers: Vec<Changer>,
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

/// An object of a cluster, and what of it is to change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) fields: &'a [Field],
}

/// Where an object of a cluster is written.
#[derive(Debug, Clone)]
pub(super) enum Found<'t> {
    At(Place<'t>),
    /// In a base of several overlays, whose folders these are.
    Shared(Place<'t>, Vec<PathBuf>),
    /// In several places, none of which is more likely.
    Several(Vec<&'t Manifest>),
    /// These change the same fields of it, too.
    Overridden(&'t Manifest, Vec<PathBuf>),
    Nowhere,
}

/// Where an object is to be changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'t> {
    pub(super) manifest: &'t Manifest,
    /// The object itself, where the place is a patch of it.
    pub(super) below: Option<&'t Manifest>,
    /// The patch in a kustomization, where that is the place; then this is of what it patches.
    pub(super) inline: Option<&'t Changer>,
}

/// Whether a manifest becomes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Called {
    No,
    /// By its name; nothing says of which namespace it is.
    Maybe,
    Yes,
}

impl Tree {
    /// Reads what is in these files; of those in `unread` it is known why they are no text.
    pub fn new(texts: BTreeMap<PathBuf, String>, mut unread: Vec<(PathBuf, String)>) -> Self {
        let overlays = overlays(&texts);
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
                        uses: overlays.uses.get(path).cloned().unwrap_or_default(),
                    }));
                }
            }
        }
        unread.sort();
        Self {
            texts,
            manifests,
            charts,
            changers: overlays.changers,
            unread,
        }
    }

    /// Where an object of a cluster is to be changed. A patch that has what is to be changed
    /// goes before the manifest that it changes.
    pub(super) fn find(&self, sought: &Sought<'_>) -> Found<'_> {
        let (patches, whole): (Vec<&Manifest>, Vec<&Manifest>) = self
            .called(sought)
            .into_iter()
            .partition(|it| it.is_patch());
        match whole.as_slice() {
            [] => self.patched_from_afar(sought, patches),
            [manifest] => self.built(sought, manifest),
            _ => Found::Several(whole),
        }
    }

    /// Manifests that become it; those of which that is sure go before others.
    fn called(&self, sought: &Sought<'_>) -> Vec<&Manifest> {
        let of = self.manifests.iter().filter(|it| {
            it.object.kind == sought.kind && it.object.group() == group(sought.api_version)
        });
        let called = of.map(|it| (it.is_called(sought.namespace, sought.name), it));
        let called: Vec<(Called, &Manifest)> = called.filter(|it| it.0 != Called::No).collect();
        let mut whole = called.iter().filter(|it| !it.1.is_patch());
        let least = if whole.any(|it| it.0 == Called::Yes) {
            Called::Yes
        } else {
            Called::Maybe
        };
        let kept = called.into_iter();
        kept.filter(|it| it.1.is_patch() || it.0 >= least)
            .map(|it| it.1)
            .collect()
    }

    /// Whether something in the tree is sure to become it.
    pub(super) fn is_sure(&self, sought: &Sought<'_>) -> bool {
        let called = self.called(sought);
        let mut whole = called.iter().filter(|it| !it.is_patch());
        whole.any(|it| it.is_called(sought.namespace, sought.name) == Called::Yes)
    }

    /// Of a manifest, or of the one patch that changes the same of it.
    fn built<'t>(&'t self, sought: &Sought<'_>, manifest: &'t Manifest) -> Found<'t> {
        let ways = manifest.uses.iter();
        let (its, others): (Vec<&Use>, Vec<&Use>) = ways
            .partition(|it| manifest.called_by(it, sought.namespace, sought.name) != Called::No);
        let (ours, theirs) = (
            self.changers(sought, manifest, &its),
            self.changers(sought, manifest, &others),
        );
        let files = |all: &[&Changer]| {
            let files: BTreeSet<&PathBuf> = all.iter().map(|it| &it.file).collect();
            files.into_iter().cloned().collect::<Vec<PathBuf>>()
        };
        let whole = Place {
            manifest,
            below: None,
            inline: None,
        };
        match (ours.as_slice(), theirs.as_slice()) {
            ([], []) => shared(whole, manifest.roots()),
            ([], _) => Found::Overridden(manifest, files(&theirs)),
            ([first, rest @ ..], _) => {
                let same = |it: &&Changer| it.file == first.file && it.home == first.home;
                let alone = rest.iter().all(same);
                let in_all = its.iter().all(|way| ours.iter().any(|it| it.is_on(way)));
                let patch = self.patch(sought, manifest, first);
                match patch.filter(|_| alone && in_all) {
                    Some((place, roots)) => shared(place, roots),
                    None => Found::Overridden(manifest, files(&ours)),
                }
            }
        }
    }

    /// What changes the same fields on these ways.
    fn changers(&self, sought: &Sought<'_>, manifest: &Manifest, ways: &[&Use]) -> Vec<&Changer> {
        let subject = subject(sought, manifest);
        let on = self.changers.iter();
        let on = on.filter(|it| ways.iter().any(|way| it.is_on(way)));
        on.filter(|it| it.changes(&subject, sought.fields))
            .collect()
    }

    /// Where a strategic merge of this object can be changed, and what that comes into.
    fn patch<'t>(
        &'t self,
        sought: &Sought<'_>,
        of: &'t Manifest,
        changer: &'t Changer,
    ) -> Option<(Place<'t>, Vec<PathBuf>)> {
        match changer.home {
            Home::None => None,
            Home::Inline(..) => {
                let same = |it: &&Changer| it.file == changer.file && it.home == changer.home;
                let all = self.changers.iter().filter(same);
                let roots: BTreeSet<&PathBuf> = all.filter_map(|it| it.scope.first()).collect();
                let place = Place {
                    manifest: of,
                    below: None,
                    inline: Some(changer),
                };
                Some((place, roots.into_iter().cloned().collect()))
            }
            Home::File => {
                let subject = subject(sought, of);
                let all = self.manifests.iter();
                let mut all = all.filter(|it| {
                    let node = || self.node(it);
                    it.path == changer.file
                        && node().is_some_and(|node| changer.is_of(&node, &subject))
                });
                let first = all.next()?;
                let place = Place {
                    manifest: first,
                    below: Some(of),
                    inline: None,
                };
                all.next().is_none().then(|| (place, first.roots()))
            }
        }
    }

    /// What patches it, where the object itself is not in the tree.
    fn patched_from_afar<'t>(
        &'t self,
        sought: &Sought<'_>,
        patches: Vec<&'t Manifest>,
    ) -> Found<'t> {
        let holding = patches.into_iter().filter(|it| {
            let node = self.node(it);
            let mut fields = sought.fields.iter();
            node.is_some_and(|node| fields.any(|field| merges(&node, field)))
        });
        let holding: Vec<&Manifest> = holding.collect();
        let [manifest] = holding.as_slice() else {
            return match holding.as_slice() {
                [] => Found::Nowhere,
                _ => Found::Several(holding),
            };
        };
        let ways: Vec<&Use> = manifest.uses.iter().collect();
        let all = self.changers(sought, manifest, &ways);
        let others = all.iter().map(|it| &it.file);
        let others: BTreeSet<&PathBuf> = others.filter(|it| **it != manifest.path).collect();
        if !others.is_empty() {
            return Found::Overridden(manifest, others.into_iter().cloned().collect());
        }
        let place = Place {
            manifest,
            below: None,
            inline: None,
        };
        shared(place, manifest.roots())
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
        let roots: BTreeSet<&Path> = self.uses.iter().map(Use::root).collect();
        roots.into_iter().map(Path::to_owned).collect()
    }

    /// Whether it becomes the object of this name on any of its ways.
    fn is_called(&self, namespace: &str, name: &str) -> Called {
        if self.uses.is_empty() {
            return called(
                self.object.name == name,
                self.object.namespace.as_deref(),
                namespace,
            );
        }
        let ways = self.uses.iter();
        let ways = ways.map(|it| self.called_by(it, namespace, name));
        ways.max().unwrap_or(Called::No)
    }

    fn called_by(&self, way: &Use, namespace: &str, name: &str) -> Called {
        let own = self.object.namespace.as_deref();
        let whole = format!("{}{}{}", way.prefix, self.object.name, way.suffix);
        called(whole == name, way.namespace.as_deref().or(own), namespace)
    }
}

/// A namespace that nothing names may be any.
fn called(same_name: bool, said: Option<&str>, namespace: &str) -> Called {
    match said {
        _ if !same_name => Called::No,
        None => Called::Maybe,
        Some(said) if said == namespace => Called::Yes,
        Some(_) => Called::No,
    }
}

fn shared(place: Place<'_>, roots: Vec<PathBuf>) -> Found<'_> {
    if roots.len() > 1 {
        Found::Shared(place, roots)
    } else {
        Found::At(place)
    }
}

fn subject<'a>(sought: &Sought<'a>, manifest: &'a Manifest) -> Subject<'a> {
    let object = &manifest.object;
    let version = object.api_version.rsplit('/').next().unwrap_or_default();
    Subject {
        group: object.group(),
        version,
        kind: &object.kind,
        names: [&object.name, sought.name],
        namespaces: [
            object.namespace.as_deref().unwrap_or_default(),
            sought.namespace,
        ],
    }
}
