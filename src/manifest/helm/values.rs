//! Values of a chart: which file says what, and which one to change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::tree::{Kind, Node, parse};
use super::chart::{VALUES, beside};
use crate::units::Quantity;

/// What a file says at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Nothing,
    /// `null`: what others say is no more.
    Null,
    Mapping,
    Scalar(String),
    /// A list, an alias, a key that stands twice.
    Unclear,
}

/// One value, as the cluster has it and as it is to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// Keys from the root of the values of the chart that is installed.
    pub(super) path: Vec<String>,
    /// What the cluster has; `None` where it has nothing.
    pub(super) before: Option<f64>,
    pub(super) turn: Turn,
    /// Whether it is a number in every style.
    pub(super) number: bool,
    /// Whether it counts only where the values hold something there already.
    pub(super) strict: bool,
}

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    Stays,
    Goes,
    Becomes(String),
}

impl Turn {
    /// What it is afterwards, where it changes to an amount.
    fn amount(&self) -> Option<f64> {
        match self {
            Self::Becomes(text) => text.parse::<Quantity>().ok().map(|it| it.to_f64()),
            Self::Stays | Self::Goes => None,
        }
    }
}

impl Wanted {
    /// Whether a file that says this of it may be where the cluster has it from, or says
    /// already what is advised.
    pub(super) fn fits(&self, text: &str) -> bool {
        let Ok(amount) = text.parse::<Quantity>() else {
            return false;
        };
        let amount = Some(amount.to_f64());
        is_same(amount, self.before) || is_same(amount, self.turn.amount())
    }
}

/// The files of values that reach an instance.
#[derive(Debug)]
pub(super) struct Layers {
    /// Those below the chart that is installed, the first least.
    lower: Vec<(Option<Node>, Vec<String>)>,
    own: (Option<Node>, PathBuf),
    /// Each for a place of its own; no two of them count at once.
    beside: Vec<(Option<Node>, PathBuf)>,
    prefix: usize,
}

/// Where values go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// A file for each value that changes, and the files of places that then get it from
    /// there.
    Files(Vec<PathBuf>, Vec<PathBuf>),
    /// What no file of the chart explains.
    Elsewhere(String),
    /// Files that may be the ones.
    Several(Vec<PathBuf>),
}

impl Layers {
    /// Of a chart that is installed from this folder; its part has values that lie so deep
    /// in those, above these that are overridden.
    pub(super) fn new(
        root: &Path,
        prefix: usize,
        lower: &[(PathBuf, Vec<String>)],
        texts: &BTreeMap<PathBuf, String>,
    ) -> Self {
        let read = |path: &PathBuf| {
            let documents = texts.get(path).and_then(|text| parse(text).ok());
            let mut documents = documents.unwrap_or_default();
            (documents.len() == 1).then(|| documents.swap_remove(0))
        };
        let own = root.join(VALUES);
        let others = beside(root, texts);
        Self {
            lower: lower
                .iter()
                .map(|(path, at)| (read(path), at.clone()))
                .collect(),
            own: (read(&own), own),
            beside: others.into_iter().map(|it| (read(&it), it)).collect(),
            prefix,
        }
    }

    /// The text at a path of an instance, where the chart comes with it and no other file
    /// says otherwise.
    pub(super) fn text(&self, path: &[String]) -> Option<String> {
        let others = self.beside.iter().filter_map(|it| it.0.as_ref());
        let said = self.all(None, path);
        let said = said
            .into_iter()
            .map(|it| it.0)
            .rfind(|it| *it != Said::Nothing);
        let Some(Said::Scalar(text)) = said else {
            return None;
        };
        let mut others = others.map(|it| look(it, path));
        others.all(|it| it == Said::Nothing).then_some(text)
    }

    /// What each file says, the last counts; those before the chart's own have no place to be
    /// changed at.
    fn all(&self, place: Option<usize>, path: &[String]) -> Vec<(Said, Option<&PathBuf>)> {
        let mut all = Vec::new();
        for (node, at) in &self.lower {
            let inner = path.get(self.prefix..).unwrap_or_default();
            let whole = [at.as_slice(), inner].concat();
            all.push((
                node.as_ref().map_or(Said::Nothing, |it| look(it, &whole)),
                None,
            ));
        }
        let above = place.and_then(|place| self.beside.get(place));
        for (node, file) in [Some(&self.own), above].into_iter().flatten() {
            let said = node.as_ref().map_or(Said::Nothing, |it| look(it, path));
            all.push((said, Some(file)));
        }
        all
    }

    /// The files in which these values have to be changed, where that is certain: what they
    /// say is what the cluster has.
    pub(super) fn choose(&self, wanted: &[Wanted]) -> Chosen {
        let places = (0..self.beside.len()).map(Some);
        let mut found: Vec<(Vec<PathBuf>, Vec<PathBuf>)> = Vec::new();
        let mut wrong = None;
        for place in std::iter::once(None).chain(places) {
            let files: Result<Vec<Option<PathBuf>>, String> =
                wanted.iter().map(|it| self.file(place, it)).collect();
            match files {
                Err(why) => drop(wrong.get_or_insert(why)),
                Ok(files) => {
                    let files: Vec<PathBuf> = files.into_iter().flatten().collect();
                    let of = place.map(|place| self.beside[place].1.clone());
                    match found.iter_mut().find(|it| it.0 == files) {
                        Some(same) => same.1.extend(of),
                        None => found.push((files, of.into_iter().collect())),
                    }
                }
            }
        }
        match found.as_slice() {
            [] => Chosen::Elsewhere(wrong.unwrap_or_default()),
            [(files, places)] => {
                let own = files.contains(&self.own.1);
                let shared = if own { places.clone() } else { Vec::new() };
                Chosen::Files(files.clone(), shared)
            }
            _ => {
                let mut files: Vec<PathBuf> = found.into_iter().flat_map(|it| it.0).collect();
                files.sort();
                files.dedup();
                Chosen::Several(files)
            }
        }
    }

    /// The file for one value, where what all say together is what the cluster has; `None`
    /// where it stays.
    fn file(&self, place: Option<usize>, wanted: &Wanted) -> Result<Option<PathBuf>, String> {
        let path = &wanted.path;
        let shown = path.join(".");
        let all = self.all(place, path);
        let said = all.iter().rfind(|it| it.0 != Said::Nothing);
        let has = match said.map(|it| &it.0) {
            Some(Said::Scalar(text)) => Some(text.clone()),
            None | Some(Said::Nothing | Said::Null) => None,
            Some(Said::Mapping | Said::Unclear) => {
                return Err(format!("`{shown}` is no single value"));
            }
        };
        let amount = match &has {
            None => None,
            Some(text) => {
                let amount = text.parse::<Quantity>().ok().map(|it| it.to_f64());
                Some(amount.ok_or_else(|| format!("`{shown}` is `{text}`, no amount"))?)
            }
        };
        if has.is_none() && wanted.before.is_some() && wanted.strict {
            return Err(empty(path));
        }
        if amount.is_some() && is_same(amount, wanted.turn.amount()) {
            // As advised already, which the cluster has not got yet.
            return Ok(None);
        }
        if !is_same(amount, wanted.before) {
            let has = has.map_or_else(|| "not set".to_owned(), |it| format!("`{it}`"));
            return Err(format!(
                "`{shown}` is {has}, and the cluster has something else: what sets it is not in this chart"
            ));
        }
        match &wanted.turn {
            Turn::Stays => Ok(None),
            Turn::Becomes(_) => self.holder(place, path, wanted.strict).map(Some),
            Turn::Goes => {
                let scalars = all.iter().filter(|it| matches!(it.0, Said::Scalar(_)));
                let mut files = scalars.map(|it| it.1);
                match (files.next(), files.next()) {
                    (Some(Some(file)), None) => Ok(Some(file.clone())),
                    _ => Err(format!("`{shown}` goes, and more than one file sets it")),
                }
            }
        }
    }

    /// The last file that says anything the nearest to a path.
    fn holder(
        &self,
        place: Option<usize>,
        path: &[String],
        strict: bool,
    ) -> Result<PathBuf, String> {
        for depth in (1..=path.len()).rev() {
            let all = self.all(place, &path[..depth]);
            let said = all
                .iter()
                .rfind(|it| !matches!(it.0, Said::Nothing | Said::Unclear));
            // The last key may be missing; what holds it may not.
            if strict && depth + 1 < path.len() {
                break;
            }
            if let Some((said, file)) = said {
                if strict && *said == Said::Null {
                    break;
                }
                return Ok((*file).unwrap_or(&self.own.1).clone());
            }
        }
        if strict {
            return Err(empty(path));
        }
        Ok(self.own.1.clone())
    }
}

/// That what a template takes is decided by more than a value that is not there.
fn empty(path: &[String]) -> String {
    let shown = path[..path.len().saturating_sub(2)].join(".");
    format!(
        "`{shown}` is empty, so that the template takes sizes from elsewhere or none: set all four there by hand"
    )
}

fn is_same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        (None, None) => true,
        _ => false,
    }
}

/// The text of one value, where a file has it.
pub(super) fn says(root: &Node, path: &[String]) -> Option<String> {
    match look(root, path) {
        Said::Scalar(text) => Some(text),
        _ => None,
    }
}

fn look(root: &Node, path: &[String]) -> Said {
    let mut node = root;
    for key in path {
        match &node.kind {
            Kind::Map { entries, .. } => {
                let mut same = entries.iter().filter(|it| it.key.text() == Some(key));
                let merged = entries.iter().any(|it| it.key.text() == Some("<<"));
                let Some(entry) = same.next() else {
                    return if merged { Said::Unclear } else { Said::Nothing };
                };
                if same.next().is_some() || merged {
                    return Said::Unclear;
                }
                node = &entry.value;
            }
            _ if node.is_null() => return Said::Null,
            _ => return Said::Unclear,
        }
    }
    match &node.kind {
        Kind::Map { .. } => Said::Mapping,
        Kind::Scalar { .. } if node.is_null() => Said::Null,
        Kind::Scalar { value, .. } => Said::Scalar(value.clone()),
        Kind::List { .. } | Kind::Alias => Said::Unclear,
    }
}
