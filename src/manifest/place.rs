use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::edit::{Step, edit};
use super::find::{Found, Manifest, Tree};
use super::helm::Helm;
use super::object::Spot;
use super::tree::Node;
use crate::change::{Change, Changed, Edit, Section};
use crate::snapshot::{AutoscalerMetric, Target, Workload};

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
    let helm = Helm::new(&tree.charts, workloads, changes);
    for change in changes {
        let placed = one((tree, &helm), change, base, &outcome.texts);
        let placed = placed.and_then(|texts| {
            let paths = texts.keys().cloned().collect();
            // By itself, as another change of this run may have made the same edit.
            let is_new = if texts.keys().any(|it| outcome.texts.contains_key(it)) {
                differ(tree, &one((tree, &helm), change, base, &BTreeMap::new())?)
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

/// All texts that one change needs, or none: requests and the targets of an autoscaler go
/// together.
fn one(
    (tree, helm): (&Tree, &Helm<'_>),
    change: &Change<'_>,
    base: bool,
    so_far: &BTreeMap<PathBuf, String>,
) -> Result<BTreeMap<PathBuf, String>, Refused> {
    let mut texts = Texts {
        tree,
        so_far,
        own: BTreeMap::new(),
    };
    let target = &*change.target;
    let namespace = change.workload.id.namespace.as_str();
    let kind = (target.api_version.as_str(), target.kind.as_str());
    let found = tree.find(kind, namespace, &target.name, &|node| holds(node, change));
    let charted = match &found {
        Found::Nowhere => helm.place(change, base).transpose()?,
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
        let manifest = only(found, base, &nowhere)?;
        texts.edit(&manifest.path, &manifest.object.spot, &steps(change))?;
    }
    if let Some(scaling) = change.autoscaler.filter(|_| !scales) {
        let kind = ("autoscaling/v2", "HorizontalPodAutoscaler");
        let manifest = only(
            tree.find(kind, namespace, &scaling.name, &|_| true),
            base,
            &format!(
                "no manifest of its HorizontalPodAutoscaler `{}`",
                scaling.name
            ),
        )?;
        let moved = scaling.changes.iter();
        let moved = moved.filter_map(|it| Some((scaling.metrics.get(it.metric)?, it.after)));
        let steps = targets(tree, manifest, moved).map_err(|why| at(manifest, why))?;
        texts.edit(&manifest.path, &manifest.object.spot, &steps)?;
    }
    Ok(texts.own)
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
    fn edit(&mut self, path: &Path, spot: &Spot, steps: &[Step]) -> Result<(), Refused> {
        let text = self.own.get(path).or_else(|| self.so_far.get(path));
        let text = text.or_else(|| self.tree.texts.get(path));
        let text = text.map_or("", String::as_str);
        let edited = edit(text, spot, steps).map_err(|why| Refused {
            paths: vec![path.to_owned()],
            why,
        })?;
        self.own.insert(path.to_owned(), edited);
        Ok(())
    }
}

fn at(manifest: &Manifest, why: String) -> Refused {
    Refused {
        paths: vec![manifest.path.clone()],
        why,
    }
}

fn only<'t>(found: Found<'t>, base: bool, nowhere: &str) -> Result<&'t Manifest, Refused> {
    match found {
        Found::At(manifest) => Ok(manifest),
        Found::Shared(manifest, _) if base => Ok(manifest),
        Found::Shared(manifest, roots) => {
            let roots: Vec<String> = roots.iter().map(|it| it.display().to_string()).collect();
            Err(at(
                manifest,
                format!(
                    "{} share it: `--base` changes it for all of them",
                    roots.join(", ")
                ),
            ))
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

/// Whether a patch has sizes of one of its containers already.
fn holds(node: &Node, change: &Change<'_>) -> bool {
    let path: Vec<&str> = change.target.pod_spec.iter().map(String::as_str).collect();
    let Some(spec) = node.at(&path) else {
        return false;
    };
    change.containers.iter().any(|changed| {
        if let Some(home) = changed.home {
            return node.at(home).is_some();
        }
        let list = spec
            .at(&[changed.container.kind.list()])
            .map_or(&[][..], Node::items);
        let name = Some(changed.container.name.as_str());
        let mut named = list.iter();
        let item = named.find(|it| it.at(&["name"]).and_then(Node::text) == name);
        item.is_some_and(|it| it.at(&["resources"]).is_some())
    })
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

/// The steps in an autoscaler, whose metrics are a list without names.
fn targets<'a>(
    tree: &Tree,
    manifest: &Manifest,
    moved: impl Iterator<Item = (&'a AutoscalerMetric, Target)>,
) -> Result<Vec<Step>, String> {
    let node = tree.node(manifest).ok_or("the object is gone")?;
    let metrics = node.at(&["spec", "metrics"]).map_or(&[][..], Node::items);
    let mut steps = Vec::new();
    for (metric, after) in moved {
        let Target::Utilization(percent) = after else {
            return Err(format!(
                "the target of `{}` is no share of a request",
                metric.name
            ));
        };
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
        let place = metrics.iter().position(is_it);
        let place = place.ok_or_else(|| format!("the metric `{}` is not in it", metric.name))?;
        let path = ["spec", "metrics", &format!("[{place}]"), field, "target"];
        steps.push(Step {
            path: path.map(str::to_owned).to_vec(),
            key: "averageUtilization".to_owned(),
            value: Some(percent.to_string()),
            make_from: usize::MAX,
            number: true,
        });
    }
    Ok(steps)
}
