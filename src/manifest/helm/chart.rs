//! Charts of a tree: their templates, and whose values reach them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::kustomize::joined;
use super::outside::Outside;
use super::template::Template;
use super::values::{Layers, Wanted};

/// The file that makes a folder a chart.
const CHART: &str = "Chart.yaml";

/// Charts within each other.
const DEEPEST: usize = 8;

/// What is read of a `Chart.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct About {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dependency {
    name: String,
    alias: Option<String>,
    repository: Option<String>,
}

/// A folder with a chart.
#[derive(Debug, Default)]
struct Chart {
    about: About,
    /// Its templates, and why those that are no YAML without their actions are not read.
    templates: Vec<(PathBuf, Template, Option<String>)>,
}

/// A chart as it is installed: by itself, or as a part of another.
#[derive(Debug)]
pub(super) struct Instance {
    /// The folder of the chart that is installed.
    pub(super) root: PathBuf,
    /// Its own folder.
    pub(super) folder: PathBuf,
    /// What it is called: its alias, where the chart around it gives it one.
    pub(super) name: String,
    /// Where its values stand in those of the chart that is installed.
    pub(super) prefix: Vec<String>,
    /// The files of values that reach it.
    pub(super) layers: Layers,
}

impl Instance {
    /// A path of its values in those of the chart that is installed.
    pub(super) fn absolute(&self, path: &[String]) -> Vec<String> {
        [self.prefix.as_slice(), path].concat()
    }

    /// The file of values that the chart comes with.
    pub(super) fn values(&self) -> PathBuf {
        self.root.join(VALUES)
    }
}

/// What a chart is installed as a part of.
#[derive(Clone, Copy)]
struct Installed<'a> {
    root: &'a Path,
    prefix: &'a [String],
    /// Values that others override, the first least: a file, and where in it they stand.
    lower: &'a [(PathBuf, Vec<String>)],
}

/// All charts of a tree.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Charts {
    by_folder: BTreeMap<PathBuf, Chart>,
    pub(super) instances: Vec<Instance>,
    outside: Outside,
}

impl Charts {
    pub(in crate::manifest) fn new(texts: &BTreeMap<PathBuf, String>) -> Self {
        let mut by_folder = BTreeMap::new();
        for (path, text) in texts {
            if path.file_name().is_some_and(|it| it == CHART)
                && let Ok(about) = serde_yaml::from_str::<About>(text)
                && !about.name.is_empty()
            {
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                let templates = templates(&folder, texts);
                by_folder.insert(folder, Chart { about, templates });
            }
        }
        let is_inside = |path: &Path| {
            let mut above = path.ancestors().skip(1);
            above.any(|it| by_folder.contains_key(it))
        };
        let outside = if by_folder.is_empty() {
            Outside::default()
        } else {
            Outside::new(texts, is_inside)
        };
        let mut charts = Self {
            outside,
            by_folder,
            instances: Vec::new(),
        };
        let inside = |folder: &Path| {
            let mut above = folder.ancestors().skip(1);
            let charts_folder = folder.parent().is_some_and(|it| it.ends_with("charts"));
            charts_folder && above.any(|it| charts.by_folder.contains_key(it))
        };
        let roots: Vec<PathBuf> = charts
            .by_folder
            .iter()
            .filter(|(folder, chart)| chart.about.kind != "library" && !inside(folder))
            .map(|(folder, _)| folder.clone())
            .collect();
        let mut instances = Vec::new();
        for root in roots {
            let name = charts.by_folder[&root].about.name.clone();
            let installed = Installed {
                root: &root,
                prefix: &[],
                lower: &[],
            };
            charts.install((&root, name), installed, texts, &mut instances);
        }
        charts.instances = instances;
        charts
    }

    /// Adds a chart and all that it depends on.
    fn install(
        &self,
        (folder, name): (&Path, String),
        of: Installed<'_>,
        texts: &BTreeMap<PathBuf, String>,
        instances: &mut Vec<Instance>,
    ) {
        let Some(chart) = self.by_folder.get(folder) else {
            return;
        };
        if of.prefix.len() > DEEPEST {
            return;
        }
        for dependency in &chart.about.dependencies {
            let called = dependency.alias.as_ref().unwrap_or(&dependency.name);
            let Some(inner) = self.inner(folder, dependency) else {
                continue;
            };
            let within = |path: &[String]| [path, std::slice::from_ref(called)].concat();
            let mut lower = vec![(inner.join(VALUES), Vec::new())];
            let around = of.lower.iter();
            lower.extend(around.map(|(path, at)| (path.clone(), within(at))));
            let installed = Installed {
                root: of.root,
                prefix: &within(of.prefix),
                lower: &lower,
            };
            self.install((&inner, called.clone()), installed, texts, instances);
        }
        instances.push(Instance {
            root: of.root.to_owned(),
            folder: folder.to_owned(),
            name,
            prefix: of.prefix.to_vec(),
            layers: Layers::new(of.root, of.prefix.len(), of.lower, texts),
        });
    }

    /// The folder of a chart that another depends on, where it is in the tree.
    fn inner(&self, folder: &Path, dependency: &Dependency) -> Option<PathBuf> {
        let beside = dependency.repository.as_deref();
        let beside = beside.and_then(|it| joined(folder, it.strip_prefix("file://")?));
        let within = folder.join("charts").join(&dependency.name);
        let mut found = [Some(within), beside].into_iter().flatten();
        found.find(|it| self.by_folder.contains_key(it))
    }

    /// The files outside the chart that an instance is installed with that may set these
    /// values.
    pub(super) fn outside(&self, instance: &Instance, wanted: &[Wanted]) -> Vec<PathBuf> {
        let folder = instance.root.file_name().and_then(|it| it.to_str());
        let chart = self.by_folder.get(&instance.root);
        let names = folder.into_iter().chain(chart.map(|it| &*it.about.name));
        self.outside.sets(&names.collect::<Vec<&str>>(), wanted)
    }

    /// The templates of a chart.
    pub(super) fn templates(&self, instance: &Instance) -> &[(PathBuf, Template, Option<String>)] {
        let chart = self.by_folder.get(&instance.folder);
        chart.map_or(&[], |it| it.templates.as_slice())
    }

    /// Whether a file is a template of one of them.
    pub(in crate::manifest) fn has_template(&self, path: &Path) -> bool {
        let mut above = path.ancestors();
        above.any(|it| {
            let chart = it.ends_with("templates").then(|| it.parent()).flatten();
            chart.is_some_and(|it| self.by_folder.contains_key(it))
        })
    }
}

/// The values that a chart comes with.
pub(super) const VALUES: &str = "values.yaml";

fn templates(
    folder: &Path,
    texts: &BTreeMap<PathBuf, String>,
) -> Vec<(PathBuf, Template, Option<String>)> {
    let inside = folder.join("templates");
    let all = texts.iter().filter(|(path, _)| path.starts_with(&inside));
    let read = all.map(|(path, text)| match Template::new(text) {
        Ok(template) => (path.clone(), template, None),
        Err((template, why)) => (path.clone(), template, Some(why)),
    });
    read.collect()
}

/// Files of values beside those that the chart comes with, for one place each.
pub(super) fn beside(root: &Path, texts: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let of = texts.keys().filter(|path| {
        let name = path
            .file_name()
            .and_then(|it| it.to_str())
            .unwrap_or_default();
        let stem = name
            .strip_suffix(".yaml")
            .or_else(|| name.strip_suffix(".yml"));
        let is_values = stem.is_some_and(|it| it.starts_with("values") || it.ends_with("values"));
        is_values && name != VALUES && path.parent() == Some(root)
    });
    of.cloned().collect()
}
