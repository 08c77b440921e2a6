//! What metrics and labels are called, where not as the exporters call them.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::answer::Labels;
use super::{owners, promql, signals};

/// Labels that series are chosen or told apart by.
const LABELS: [&str; 7] = [
    "namespace",
    "pod",
    "container",
    "job",
    "metrics_path",
    "cluster",
    "cpu",
];

/// Stands at the end of a name for the rest of it.
const REST: char = '*';

/// Every metric and label that can have another name, labels first.
pub fn known_names() -> Vec<&'static str> {
    let mut names = LABELS.to_vec();
    names.extend(known_metrics());
    names
}

/// Every metric that is read.
pub fn known_metrics() -> Vec<&'static str> {
    let mut names = promql::METRICS.to_vec();
    names.extend(owners::METRICS);
    names.extend(signals::metrics());
    names
}

/// One other name: `pod=pod_name`, `container_*=k8s:container_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    known: String,
    actual: String,
}

/// Why a text is no [`Rename`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseRenameError {
    #[error("`{0}` gives no name: write `NAME=OTHER`, such as `pod=pod_name`")]
    Form(String),
    #[error("`{0}` is not a metric or label that kcost reads")]
    Unknown(String),
    #[error("`{0}` cannot be the name of a {1}")]
    Impossible(String, &'static str),
    #[error("`{0}` needs one `*`, for what `*` stands for in `{1}`")]
    NoRest(String, String),
}

impl FromStr for Rename {
    type Err = ParseRenameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (known, actual) = text
            .split_once('=')
            .ok_or_else(|| ParseRenameError::Form(text.to_owned()))?;
        let rename = Self {
            known: known.trim().to_owned(),
            actual: actual.trim().to_owned(),
        };
        if rename.stands_for().next().is_none() {
            return Err(ParseRenameError::Unknown(rename.known));
        }
        let stars = rename.actual.matches(REST).count();
        if stars != usize::from(rename.is_pattern()) {
            return Err(ParseRenameError::NoRest(rename.actual, rename.known));
        }
        let is_label = LABELS.contains(&rename.known.as_str());
        if !is_name(&rename.actual.replace(REST, "_"), is_label) {
            let kind = if is_label { "label" } else { "metric" };
            return Err(ParseRenameError::Impossible(rename.actual, kind));
        }
        Ok(rename)
    }
}

impl Rename {
    fn is_pattern(&self) -> bool {
        self.known.ends_with(REST)
    }

    /// The known names that it is about, each with its rest. A pattern is about
    /// metrics alone.
    fn stands_for(&self) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
        known_names().into_iter().filter_map(|name| {
            let rest = match self.known.strip_suffix(REST) {
                Some(_) if LABELS.contains(&name) => None,
                Some(start) => name.strip_prefix(start),
                None => (name == self.known).then_some(""),
            };
            Some((name, rest?))
        })
    }
}

/// As Prometheus has it; colons are for metrics alone.
fn is_name(text: &str, is_label: bool) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (c == ':' && !is_label);
    text.starts_with(|c: char| fits(c) && !c.is_ascii_digit()) && text.chars().all(fits)
}

/// Names that differ from those of the exporters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<&'static str, String>);

impl Names {
    /// What a name is called here; a name said in full wins over a pattern.
    pub(super) fn get<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    /// The labels in which an exporter may say a name of pods other than its
    /// own, the surest first.
    ///
    /// Where a scrape does not honour labels (`honor_labels: false`), the plain
    /// one names the exporter itself.
    pub(super) fn saying(&self, label: &str) -> Vec<String> {
        let exported = format!("exported_{label}");
        let own = self.0.get(label).cloned();
        let all = [Some(exported), own, Some(label.to_owned())];
        all.into_iter().flatten().collect()
    }

    /// What a series of such an exporter says; empty where it says nothing.
    pub(super) fn said<'a>(&self, labels: &'a Labels, label: &str) -> &'a str {
        let all = self.saying(label);
        let mut values = all.iter().map(|label| labels.get(label));
        values.find(|value| !value.is_empty()).unwrap_or_default()
    }
}

impl FromIterator<Rename> for Names {
    fn from_iter<I: IntoIterator<Item = Rename>>(renames: I) -> Self {
        let mut renames: Vec<Rename> = renames.into_iter().collect();
        // What comes later stays: patterns first, and the longest of them last.
        renames.sort_by_key(|rename| (!rename.is_pattern(), rename.known.len()));
        let mut names = BTreeMap::new();
        for rename in &renames {
            for (name, rest) in rename.stands_for() {
                names.insert(name, rename.actual.replace(REST, rest));
            }
        }
        Self(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[&str]) -> Names {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_name_in_full_wins_over_a_pattern_and_the_longer_over_the_shorter() {
        let names = names(&[
            "container_memory_working_set_bytes=ours:memory",
            "*=k8s_*",
            "pod=pod_name",
            "container_cpu_*=cpu:*:sum",
        ]);
        assert_eq!(names.get(promql::MEMORY), "ours:memory");
        assert_eq!(names.get(promql::CPU), "cpu:usage_seconds_total:sum");
        assert_eq!(names.get("kube_pod_owner"), "k8s_kube_pod_owner");
        assert_eq!(names.get("pod"), "pod_name");
        assert_eq!(names.get("namespace"), "namespace");
    }

    #[test]
    fn what_cannot_be_a_name_is_told() {
        let error = |text: &str| text.parse::<Rename>().unwrap_err().to_string();
        insta::assert_snapshot!(
            ["pod", "pods=a", "pod=", "pod=a-b", "job=a:b", "container_*=mine", "pod=a*", "nothing_*=a*"]
                .map(error)
                .join("\n"),
            @"
        `pod` gives no name: write `NAME=OTHER`, such as `pod=pod_name`
        `pods` is not a metric or label that kcost reads
        `` cannot be the name of a label
        `a-b` cannot be the name of a label
        `a:b` cannot be the name of a label
        `mine` needs one `*`, for what `*` stands for in `container_*`
        `a*` needs one `*`, for what `*` stands for in `pod`
        `nothing_*` is not a metric or label that kcost reads
        "
        );
    }
}
