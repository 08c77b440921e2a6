//! Values that reach a chart from outside its folder: files given with `--values`, and the
//! objects of Flux and Argo CD that install it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::tree::{Node, parse};
use super::values::{Wanted, says};

/// All of a tree.
#[derive(Debug, Default)]
pub(super) struct Outside {
    found: Vec<Found>,
}

/// Values in one file.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    /// The chart that they are for, as it is named there; `None` where nothing says it.
    chart: Option<String>,
    values: Given,
}

#[derive(Debug)]
enum Given {
    /// A mapping.
    Keys(Node),
    /// One value, by its path and its text: a parameter.
    One(Vec<String>, String),
}

impl Outside {
    /// `is_inside` says whether a file belongs to a chart of the tree.
    pub(super) fn new(
        texts: &BTreeMap<PathBuf, String>,
        is_inside: impl Fn(&Path) -> bool,
    ) -> Self {
        let mut found = Vec::new();
        for (path, text) in texts.iter().filter(|(path, _)| !is_inside(path)) {
            let Ok(documents) = parse(text) else { continue };
            let is_single = documents.len() == 1;
            for document in documents {
                let kind = document.at(&["kind"]).and_then(Node::text);
                match kind {
                    Some("HelmRelease") => of_flux(path, &document, &mut found),
                    Some("Application") => of_argo(path, document.at(&["spec"]), &mut found),
                    Some("ApplicationSet") => {
                        of_argo(path, document.at(&["spec", "template", "spec"]), &mut found);
                    }
                    None if is_single && !document.entries().is_empty() => found.push(Found {
                        path: path.clone(),
                        chart: None,
                        values: Given::Keys(document),
                    }),
                    _ => {}
                }
            }
        }
        Self { found }
    }

    /// The files outside a chart that say of these values what the cluster has, or what it is
    /// to have: each may be what sets them. `names` are what the chart is called.
    pub(super) fn sets(&self, names: &[&str], wanted: &[Wanted]) -> Vec<PathBuf> {
        let may_set = |it: &&Found| {
            let for_it = it.chart.as_deref().is_none_or(|it| names.contains(&it));
            for_it && it.values.fit(wanted)
        };
        let paths = self.found.iter().filter(may_set);
        let mut paths: Vec<PathBuf> = paths.map(|it| it.path.clone()).collect();
        paths.dedup();
        paths
    }
}

impl Given {
    /// Whether they say any of these values, and none that the cluster has not.
    fn fit(&self, wanted: &[Wanted]) -> bool {
        let said = wanted.iter().filter_map(|it| match self {
            Self::Keys(root) => Some(it.fits(&says(root, &it.path)?)),
            Self::One(path, text) => (*path == it.path).then(|| it.fits(text)),
        });
        let said: Vec<bool> = said.collect();
        !said.is_empty() && said.iter().all(|fits| *fits)
    }
}

/// A HelmRelease of Flux.
fn of_flux(path: &Path, release: &Node, found: &mut Vec<Found>) {
    let chart = release.at(&["spec", "chart", "spec", "chart"]);
    let values = release.at(&["spec", "values"]);
    if let (Some(chart), Some(values)) = (chart.and_then(Node::text), values) {
        found.push(Found {
            path: path.to_owned(),
            chart: Some(last(chart)),
            values: Given::Keys(values.clone()),
        });
    }
}

/// An Application of Argo CD, of one source or several.
fn of_argo(path: &Path, spec: Option<&Node>, found: &mut Vec<Found>) {
    let Some(spec) = spec else { return };
    let several = spec.at(&["sources"]).map_or(&[][..], Node::items);
    for source in spec.at(&["source"]).into_iter().chain(several) {
        let text = |keys: &[&str]| source.at(keys).and_then(Node::text);
        let Some(chart) = text(&["chart"]).or_else(|| text(&["path"])) else {
            continue;
        };
        let mut add = |values: Given| {
            found.push(Found {
                path: path.to_owned(),
                chart: Some(last(chart)),
                values,
            });
        };
        if let Some(values) = source.at(&["helm", "valuesObject"]) {
            add(Given::Keys(values.clone()));
        }
        let values = text(&["helm", "values"]).and_then(|it| parse(it).ok());
        for values in values.into_iter().flatten() {
            add(Given::Keys(values));
        }
        let parameters = source.at(&["helm", "parameters"]);
        for parameter in parameters.map_or(&[][..], Node::items) {
            let text = |key: &str| parameter.at(&[key]).and_then(Node::text);
            if let (Some(name), Some(value)) = (text("name"), text("value")) {
                let keys = name.split('.').map(str::to_owned).collect();
                add(Given::One(keys, value.to_owned()));
            }
        }
    }
}

/// The last part of a path or of the name of a chart.
fn last(chart: &str) -> String {
    let parts = chart.trim_end_matches('/').rsplit('/');
    parts.into_iter().next().unwrap_or_default().to_owned()
}
