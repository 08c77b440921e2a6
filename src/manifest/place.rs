use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::drift;
use super::edit::{Step, edit};
use super::find::{Found, Place, Sought, Tree};
use super::helm::Helm;
use super::inline::edit_inline;
use super::kustomize::{Field, Home, Key};
use super::object::Spot;
use super::tree::Node;
use crate::change::{Change, Changed, Edit, Section, body};
use crate::snapshot::Workload;

/// What became of changes in a tree.
#[derive(Debug, Default)]
pub struct Outcome {
    /// New texts of files that change.
    pub texts: BTreeMap<PathBuf, String>,
    /// Of each change, in their order, the files that it changes, or why it has no place.
    pub changes: Vec<Result<Vec<PathBuf>, Refused>>,
}

/// Why a change has no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Files that it is about, if any.
    pub paths: Vec<PathBuf>,
    pub why: String,
}

/// Puts changes into the files that hold their objects; into those of a base that several
/// overlays share only with `base`.
///
/// `workloads` are all that run: a value of a chart may be of others than those that change.
pub fn place(tree: &Tree, changes: &[Change<'_>], workloads: &[Workload], base: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let trees = Trees {
        tree,
        helm: Helm::new(&tree.charts, workloads, changes),
        workloads,
        base,
    };
    for change in changes {
        let placed = trees.one(change, &outcome.texts);
        let placed = placed.and_then(|texts| {
            let paths = texts.keys().cloned().collect();
            // By itself, as another change of this run may have made the same edit.
            let is_new = if texts.keys().any(|it| outcome.texts.contains_key(it)) {
                differ(tree, &trees.one(change, &BTreeMap::new())?)
            } else {
                differ(tree, &texts)
            };
            if !is_new {
                let why = "it is as advised already".to_owned();
                return Err(Refused { paths, why });
            }
            outcome.texts.extend(texts);
            Ok(paths)
        });
        outcome.changes.push(placed);
    }
    // What a later change of the same file put back is no change.
    let same = |path: &PathBuf, text: &String| tree.texts.get(path) == Some(text);
    outcome.texts.retain(|path, text| !same(path, text));
    outcome
}

/// Whether any of these texts is not the one of the tree.
fn differ(tree: &Tree, texts: &BTreeMap<PathBuf, String>) -> bool {
    let mut texts = texts.iter();
    texts.any(|(path, text)| tree.texts.get(path) != Some(text))
}

/// Where changes go to.
struct Trees<'a> {
    tree: &'a Tree,
    helm: Helm<'a>,
    /// All that run.
    workloads: &'a [Workload],
    base: bool,
}

impl Trees<'_> {
    /// All texts that one change needs, or none: requests and the targets of an autoscaler go
    /// together.
    fn one(
        &self,
        change: &Change<'_>,
        so_far: &BTreeMap<PathBuf, String>,
    ) -> Result<BTreeMap<PathBuf, String>, Refused> {
        let mut texts = Texts {
            tree: self.tree,
            so_far,
            own: BTreeMap::new(),
        };
        let target = &*change.target;
        let fields = drift::fields(change);
        let sought = Sought {
            api_version: &target.api_version,
            kind: &target.kind,
            namespace: &change.workload.id.namespace,
            name: &target.name,
            fields: &fields,
        };
        let found = self.tree.find(&sought);
        let charted = match &found {
            Found::Nowhere => self.helm.place(change, self.base).transpose()?,
            _ => None,
        };
        let mut scales = false;
        if let Some(placed) = charted {
            for (path, step) in placed.steps {
                texts.edit(&path, &VALUES, &[step])?;
            }
            scales = placed.scales;
        } else {
            let nowhere = format!("no manifest of {} `{}`", target.kind, target.name);
            let place = only(found, self.base, &nowhere)?;
            self.alone(&sought, place, &|it| {
                let own = it.patch.as_ref();
                own.is_some_and(|it| it.kind == target.kind && it.name == target.name)
            })?;
            texts.edit_at(place, &steps(change))?;
            let layers = self.layers(place);
            drift::refuse(change, &layers).map_err(|why| at(place, why))?;
        }
        if !scales {
            self.scale(change, &mut texts)?;
        }
        Ok(texts.own)
    }

    fn scale(&self, change: &Change<'_>, texts: &mut Texts<'_>) -> Result<(), Refused> {
        let Some(scaling) = change.autoscaler else {
            return Ok(());
        };
        let metrics: Field = ["spec", "metrics"].map(Key::name).to_vec();
        let sought = Sought {
            api_version: "autoscaling/v2",
            kind: "HorizontalPodAutoscaler",
            namespace: &change.workload.id.namespace,
            name: &scaling.name,
            fields: &[metrics],
        };
        let nowhere = format!(
            "no manifest of its HorizontalPodAutoscaler `{}`",
            scaling.name
        );
        let place = only(self.tree.find(&sought), self.base, &nowhere)?;
        self.alone(&sought, place, &|it| {
            let own = it.autoscaler.as_ref();
            own.is_some_and(|it| it.name == scaling.name)
        })?;
        let node = self.layers(place).into_iter().next();
        let steps = targets(node.as_ref(), change).map_err(|why| at(place, why))?;
        texts.edit_at(place, &steps)
    }

    /// Refuses a manifest that may as well be the one of another workload, of another
    /// namespace.
    fn alone(
        &self,
        sought: &Sought<'_>,
        place: Place<'_>,
        is_same: &dyn Fn(&Workload) -> bool,
    ) -> Result<(), Refused> {
        if self.tree.is_sure(sought) {
            return Ok(());
        }
        let others = self.workloads.iter().filter(|it| {
            let namespace = it.id.namespace.as_str();
            let same = Sought {
                namespace,
                ..*sought
            };
            namespace != sought.namespace && is_same(it) && !self.tree.is_sure(&same)
        });
        let others: BTreeSet<&str> = others.map(|it| it.id.namespace.as_str()).collect();
        if others.is_empty() {
            return Ok(());
        }
        let all: BTreeSet<&str> = others.into_iter().chain([sought.namespace]).collect();
        let all: Vec<&str> = all.into_iter().collect();
        let why = format!(
            "it names no namespace, and {} each have one of its name: give it one",
            all.join(", ")
        );
        let manifest = place.below.unwrap_or(place.manifest);
        Err(Refused {
            paths: vec![manifest.path.clone()],
            why,
        })
    }

    /// What says how large things are, the one that counts first.
    fn layers(&self, place: Place<'_>) -> Vec<Node> {
        let inline = place.inline.and_then(|it| it.merged()).cloned();
        let all = [Some(place.manifest), place.below].into_iter().flatten();
        let all = all.filter_map(|it| self.tree.node(it));
        inline.into_iter().chain(all).collect()
    }
}

/// Values of a chart are one mapping.
const VALUES: Spot = Spot {
    document: 0,
    items: Vec::new(),
};

/// Texts of files as they are after what was changed so far.
struct Texts<'t> {
    tree: &'t Tree,
    so_far: &'t BTreeMap<PathBuf, String>,
    own: BTreeMap<PathBuf, String>,
}

impl Texts<'_> {
    fn edit_at(&mut self, place: Place<'_>, steps: &[Step]) -> Result<(), Refused> {
        let manifest = place.manifest;
        match place.inline.map(|it| (it.home, &it.file)) {
            Some((Home::Inline(list, item), file)) => {
                self.put(file, |text| edit_inline(text, (list, item), steps))
            }
            _ => self.edit(&manifest.path, &manifest.object.spot, steps),
        }
    }

    fn edit(&mut self, path: &Path, spot: &Spot, steps: &[Step]) -> Result<(), Refused> {
        self.put(path, |text| edit(text, spot, steps))
    }

    fn put(
        &mut self,
        path: &Path,
        change: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<(), Refused> {
        let text = self.own.get(path).or_else(|| self.so_far.get(path));
        let text = text.or_else(|| self.tree.texts.get(path));
        let text = text.map_or("", String::as_str);
        let edited = change(text).map_err(|why| Refused {
            paths: vec![path.to_owned()],
            why,
        })?;
        self.own.insert(path.to_owned(), edited);
        Ok(())
    }
}

fn at(place: Place<'_>, why: String) -> Refused {
    let file = place.inline.map(|it| &it.file);
    Refused {
        paths: vec![file.unwrap_or(&place.manifest.path).clone()],
        why,
    }
}

fn only<'t>(found: Found<'t>, base: bool, nowhere: &str) -> Result<Place<'t>, Refused> {
    match found {
        Found::At(place) => Ok(place),
        Found::Shared(place, _) if base => Ok(place),
        Found::Shared(place, roots) => {
            let roots: Vec<String> = roots.iter().map(|it| it.display().to_string()).collect();
            Err(at(
                place,
                format!(
                    "{} share it: `--base` changes it for all of them",
                    roots.join(", ")
                ),
            ))
        }
        Found::Overridden(manifest, by) => {
            let by: Vec<String> = by.iter().map(|it| it.display().to_string()).collect();
            let why = format!(
                "{} may change the same fields of it, in a way that is not followed: change them there",
                by.join(", ")
            );
            Err(Refused {
                paths: vec![manifest.path.clone()],
                why,
            })
        }
        Found::Several(places) => Err(Refused {
            paths: places.iter().map(|it| it.path.clone()).collect(),
            why: "several manifests have its name".to_owned(),
        }),
        Found::Nowhere => Err(Refused {
            paths: Vec::new(),
            why: nowhere.to_owned(),
        }),
    }
}

/// The steps in the object that holds the pod template.
fn steps(change: &Change<'_>) -> Vec<Step> {
    let root = &change.target.pod_spec;
    let mut steps = Vec::new();
    for edit in &change.pod {
        let mut path = root.clone();
        let make_from = path.len();
        path.extend(["resources".to_owned(), edit.section.name().to_owned()]);
        steps.push(amount(path, make_from, edit));
    }
    for changed in &change.containers {
        if let Some(home) = changed.home {
            steps.extend(at_home(home, changed));
            continue;
        }
        let mut path = root.clone();
        path.push(changed.container.kind.list().to_owned());
        path.push(format!("[name={}]", changed.container.name));
        steps.extend(of_container(&path, changed));
    }
    steps
}

/// The steps in a custom resource that takes sizes from this field.
fn at_home(home: &[&str], changed: &Changed<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for edit in &changed.edits {
        let fields = home.iter().map(|it| (*it).to_owned());
        let path = fields.chain([edit.section.name().to_owned()]).collect();
        steps.push(amount(path, home.len() - 1, edit));
    }
    steps
}

fn of_container(path: &[String], changed: &Changed<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for section in Section::ALL {
        for edit in changed.edits.iter().filter(|edit| edit.section == section) {
            let mut path = path.to_vec();
            let make_from = path.len();
            path.extend(["resources".to_owned(), section.name().to_owned()]);
            steps.push(amount(path, make_from, edit));
        }
    }
    if let Some(heap) = &changed.heap {
        let mut path = path.to_vec();
        path.extend(["env".to_owned(), format!("[name={}]", heap.variable)]);
        steps.push(Step {
            make_from: path.len(),
            path,
            key: "value".to_owned(),
            value: Some(heap.value.clone()),
            number: false,
        });
    }
    steps
}

fn amount(path: Vec<String>, make_from: usize, edit: &Edit) -> Step {
    Step {
        path,
        key: edit.resource.name().to_owned(),
        value: edit.after.map(|it| it.to_string()),
        make_from,
        number: false,
    }
}

/// How a target of an autoscaler may be said.
const SAID_AS: [&str; 3] = ["averageUtilization", "averageValue", "value"];

/// The steps in an autoscaler, whose metrics are a list without names.
fn targets(node: Option<&Node>, change: &Change<'_>) -> Result<Vec<Step>, String> {
    let Some(scaling) = change.autoscaler else {
        return Ok(Vec::new());
    };
    let node = node.ok_or("the object is gone")?;
    let metrics = node.at(&["spec", "metrics"]).map_or(&[][..], Node::items);
    let mut steps = Vec::new();
    let moved = scaling.changes.iter();
    for (moved, metric) in moved.filter_map(|it| Some((it, scaling.metrics.get(it.metric)?))) {
        let field = match metric.kind.as_str() {
            "ContainerResource" => "containerResource",
            _ => "resource",
        };
        let is_it = |item: &Node| {
            let text = |path: &[&str]| item.at(path).and_then(Node::text);
            text(&["type"]) == Some(&metric.kind)
                && text(&[field, "name"]) == Some(&metric.name)
                && (field == "resource"
                    || text(&[field, "container"]) == metric.container.as_deref())
        };
        let missing = || format!("the metric `{}` is not in it", metric.name);
        let place = metrics.iter().position(is_it).ok_or_else(missing)?;
        let target = metrics[place].at(&[field, "target"]).ok_or_else(missing)?;
        drift::refuse_target(target, &metric.name, (moved.before, moved.after))?;
        let Some(Value::Object(after)) = body::target(metric) else {
            return Err(format!(
                "the new target of `{}` cannot be written",
                metric.name
            ));
        };
        let path = ["spec", "metrics", &format!("[{place}]"), field, "target"];
        let path = path.map(str::to_owned).to_vec();
        let step = |key: &str, value: Option<&Value>| Step {
            path: path.clone(),
            key: key.to_owned(),
            value: value.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned)),
            make_from: usize::MAX,
            number: value.is_some_and(Value::is_number),
        };
        steps.extend(after.iter().map(|(key, value)| step(key, Some(value))));
        let gone = SAID_AS.into_iter();
        let gone = gone.filter(|it| !after.contains_key(*it) && target.entry(it).is_some());
        steps.extend(gone.map(|key| step(key, None)));
    }
    Ok(steps)
}
