//! Which template of which chart makes a workload.

use std::path::{Path, PathBuf};

use super::super::tree::Node;
use super::chart::{Charts, Instance};
use super::template::{Action, Part, Template, parts};
use crate::snapshot::{Tool, Workload, label};

/// Labels that name the chart and its version.
const CHART_LABELS: [&str; 2] = ["helm.sh/chart", "chart"];
const RELEASE_LABEL: &str = "app.kubernetes.io/instance";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// A document of a template.
#[derive(Clone, Copy)]
pub(super) struct Made<'c> {
    pub(super) instance: &'c Instance,
    pub(super) path: &'c Path,
    pub(super) template: &'c Template,
    pub(super) document: &'c Node,
}

impl Made<'_> {
    pub(super) fn is(&self, other: &Made<'_>) -> bool {
        std::ptr::eq(self.document, other.document) && std::ptr::eq(self.instance, other.instance)
    }

    pub(super) fn is_kind(&self, kind: &str) -> bool {
        self.document.at(&["kind"]).and_then(Node::text) == Some(kind)
    }
}

/// What a name in a template may be.
struct Pattern<'c> {
    parts: Vec<Known<'c>>,
}

enum Known<'c> {
    Text(String),
    /// Whatever this expression gives.
    Any(&'c str),
}

impl<'c> Pattern<'c> {
    fn of(made: &Made<'c>, text: &'c str, workload: &Workload) -> Self {
        let known = |part: Part<'c>| match part {
            Part::Text(text) => Known::Text(text.to_owned()),
            Part::Put(number) => {
                let action = made.template.actions.get(number);
                let expression = action.map_or("", |it| it.expression.as_str());
                let bare = expression.trim_end_matches("| quote").trim();
                let text = match bare {
                    ".Chart.Name" | "$.Chart.Name" => Some(made.instance.name.clone()),
                    ".Release.Name" | "$.Release.Name" => release(workload).map(str::to_owned),
                    ".Release.Namespace" | "$.Release.Namespace" => {
                        Some(workload.id.namespace.clone())
                    }
                    _ => action.and_then(Action::value).and_then(|value| {
                        let path = [made.instance.prefix.clone(), value.path].concat();
                        made.instance.layers.text(&path)
                    }),
                };
                text.map_or(Known::Any(expression), Known::Text)
            }
        };
        Self {
            parts: parts(text).into_iter().map(known).collect(),
        }
    }

    fn matches(&self, name: &str) -> bool {
        fits(&self.parts, name)
    }

    /// Whether anything of it is known.
    fn tells(&self) -> bool {
        self.parts
            .iter()
            .any(|it| matches!(it, Known::Text(text) if text.chars().any(char::is_alphanumeric)))
    }

    fn is_whole(&self) -> bool {
        self.parts.iter().all(|it| matches!(it, Known::Text(_)))
    }

    /// What its one unknown part is where the whole is this name, with the expression.
    fn implied(&self, name: &str) -> Option<(&'c str, String)> {
        let mut unknown = self
            .parts
            .iter()
            .enumerate()
            .filter_map(|(place, it)| match it {
                Known::Any(expression) => Some((place, *expression)),
                Known::Text(_) => None,
            });
        let (place, expression) = unknown.next()?;
        if unknown.next().is_some() || expression.is_empty() {
            return None;
        }
        let text = |parts: &[Known<'_>]| -> String {
            let texts = parts.iter().map(|it| match it {
                Known::Text(text) => text.as_str(),
                Known::Any(_) => "",
            });
            texts.collect()
        };
        let rest = name.strip_prefix(text(&self.parts[..place]).as_str())?;
        let rest = rest.strip_suffix(text(&self.parts[place + 1..]).as_str())?;
        Some((expression, rest.to_owned()))
    }

    /// The name where that expression is this text; `None` where it takes anything else.
    fn with(&self, expression: &str, text: &str) -> Option<String> {
        let mut all = String::new();
        let mut any = false;
        for part in &self.parts {
            match part {
                Known::Text(part) => all.push_str(part),
                Known::Any(part) if *part == expression => {
                    any = true;
                    all.push_str(text);
                }
                Known::Any(_) => return None,
            }
        }
        any.then_some(all)
    }
}

fn fits(parts: &[Known<'_>], name: &str) -> bool {
    match parts.split_first() {
        None => name.is_empty(),
        Some((Known::Text(text), rest)) => name
            .strip_prefix(text.as_str())
            .is_some_and(|name| fits(rest, name)),
        Some((Known::Any(_), [])) => true,
        Some((Known::Any(_), rest)) => {
            let mut ends = name.char_indices().map(|it| it.0).chain([name.len()]);
            ends.any(|at| fits(rest, &name[at..]))
        }
    }
}

/// The release that a workload is of, where it tells.
fn release(workload: &Workload) -> Option<&str> {
    let keeper = workload.keeper.as_ref().filter(|it| it.tool == Tool::Helm);
    let named = keeper.and_then(|it| it.name.as_deref());
    named.or_else(|| workload.label(RELEASE_LABEL))
}

/// Whether the labels of a workload name a chart, and no other.
enum Says {
    It,
    Another,
    /// That Helm or what runs it made it, not from which chart.
    Helm,
    Nothing,
}

fn says(workload: &Workload, chart: &str) -> Says {
    let mut labels = CHART_LABELS.iter().filter_map(|key| workload.label(key));
    if let Some(named) = labels.next() {
        let version = named
            .strip_prefix(chart)
            .and_then(|it| it.strip_prefix('-'));
        let version = version.map(|it| it.strip_prefix('v').unwrap_or(it));
        let is_it = version.is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
        return if is_it { Says::It } else { Says::Another };
    }
    let renders = |tool| matches!(tool, Tool::Helm | Tool::FluxHelm | Tool::ArgoCd);
    let kept = workload.keeper.as_ref().is_some_and(|it| renders(it.tool));
    if kept || workload.label(MANAGED_BY) == Some("Helm") {
        Says::Helm
    } else {
        Says::Nothing
    }
}

/// The folder of a chart that a workload says it comes from.
pub(super) fn of_its_chart(charts: &Charts, workload: &Workload) -> Option<PathBuf> {
    let mut all = charts.instances.iter();
    let found = all.find(|it| matches!(says(workload, &it.name), Says::It));
    found.map(|it| it.folder.clone())
}

/// Every document of an instance.
pub(super) fn documents<'c>(
    charts: &'c Charts,
    instance: &'c Instance,
) -> impl Iterator<Item = Made<'c>> {
    let templates = charts.templates(instance).iter();
    templates.flat_map(move |(path, template, _)| {
        template.documents.iter().map(move |document| Made {
            instance,
            path,
            template,
            document,
        })
    })
}

/// The object that is looked for: its kind and its name.
pub(super) type Object<'a> = (&'a str, &'a str);

/// Documents that may make the object of a workload that has its template.
pub(super) fn find<'c>(
    charts: &'c Charts,
    workload: &Workload,
    object: Object<'_>,
    all: &[Workload],
) -> Vec<Made<'c>> {
    let mut found = Vec::new();
    for instance in &charts.instances {
        let is_sure = match says(workload, &instance.name) {
            Says::It => true,
            Says::Helm => false,
            Says::Another | Says::Nothing => continue,
        };
        let fitting = documents(charts, instance).filter(|made| {
            let pattern = name(made, workload);
            made.is_kind(object.0)
                && pattern.is_some_and(|it| it.matches(object.1) && (is_sure || it.tells()))
                && is_labelled(made, workload)
        });
        found.extend(fitting);
    }
    if found.len() > 1 {
        let alone = found
            .iter()
            .filter(|made| is_alone(charts, made, object, (workload, all)));
        found = alone.copied().collect();
    }
    found
}

fn name<'c>(made: &Made<'c>, workload: &Workload) -> Option<Pattern<'c>> {
    let name = made.document.at(&["metadata", "name"])?.text()?;
    Some(Pattern::of(made, name, workload))
}

/// Whether no label that the template is sure of is another one in the cluster.
fn is_labelled(made: &Made<'_>, workload: &Workload) -> bool {
    let labels = made.document.at(&["metadata", "labels"]);
    let mut entries = labels.map_or(&[][..], Node::entries).iter();
    entries.all(|entry| {
        let (Some(key), Some(text)) = (entry.key.text(), entry.value.text()) else {
            return true;
        };
        let pattern = Pattern::of(made, text, workload);
        let plain = parts(key).iter().all(|it| matches!(it, Part::Text(_)));
        if !plain || !pattern.is_whole() || CHART_LABELS.contains(&key) {
            return true;
        }
        match label(&workload.labels, key) {
            Some(label) => pattern.matches(label),
            None => !made.template.is_sure(&entry.value),
        }
    })
}

/// Whether every other document whose name takes the same expression has its object too,
/// where this one makes this object: the same expression is the same text.
fn is_alone(
    charts: &Charts,
    made: &Made<'_>,
    (kind, object): Object<'_>,
    (workload, all): (&Workload, &[Workload]),
) -> bool {
    let implied = name(made, workload).and_then(|it| it.implied(object));
    let Some((expression, text)) = implied else {
        return true;
    };
    documents(charts, made.instance).all(|other| {
        let counts = other.is_kind(kind) && other.template.is_sure(other.document);
        if !counts || other.is(made) {
            return true;
        }
        let pattern = name(&other, workload);
        let Some(wanted) = pattern.and_then(|it| it.with(expression, &text)) else {
            return true;
        };
        all.iter().any(|it| {
            let target = it.patch.as_ref();
            let (of, called) = target.map_or((&it.id.kind, &it.id.name), |it| (&it.kind, &it.name));
            it.id.namespace == workload.id.namespace && of == kind && *called == wanted
        })
    })
}

/// The item of a list of containers that is called so, where it is certain.
///
/// # Errors
///
/// Why it is not.
pub(super) fn container<'c>(
    made: &Made<'c>,
    (list, called): (&str, &str),
    workload: &Workload,
) -> Result<&'c Node, String> {
    let target = workload.patch.as_ref().ok_or("it has no template")?;
    let path = target.pod_spec.iter().map(String::as_str).chain([list]);
    let mut node = made.document;
    for key in path {
        let mut same = node
            .entries()
            .iter()
            .filter(|it| it.key.text() == Some(key));
        let entry = same.next();
        let entry =
            entry.ok_or_else(|| format!("its `{key}` comes from what the template includes"))?;
        if same.next().is_some() {
            return Err(format!("its `{key}` stands in several branches"));
        }
        node = &entry.value;
    }
    let items = node.items();
    let names = items.iter().map(|item| {
        let text = item.at(&["name"]).and_then(Node::text);
        text.map(|text| Pattern::of(made, text, workload))
    });
    let names: Vec<Option<Pattern<'_>>> = names.collect();
    let exact = |it: &Option<Pattern<'_>>| {
        it.as_ref()
            .is_some_and(|it| it.is_whole() && it.matches(called))
    };
    let may = |it: &Option<Pattern<'_>>| it.as_ref().is_none_or(|it| it.matches(called));
    let places = |is: &dyn Fn(&Option<Pattern<'_>>) -> bool| -> Vec<usize> {
        let found = names.iter().enumerate().filter(|(_, it)| is(it));
        found.map(|it| it.0).collect()
    };
    let found = match places(&exact) {
        none if none.is_empty() => places(&may),
        some => some,
    };
    match found.as_slice() {
        [] => Err(format!("the container {called} is not in it")),
        [place] if names[*place].is_some() => Ok(&items[*place]),
        _ => Err(format!("more than one of its containers may be {called}")),
    }
}
