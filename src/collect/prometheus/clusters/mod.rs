//! Stores that hold several clusters: which label tells them apart, and which of
//! them is the one that is asked about.
//!
//! Use of one cluster is never taken for that of another. The clusters are told by
//! the labels whose names say so ([`labels`]), else by containers of one name that
//! run at two places at a time ([`twins`]).

mod fits;
mod twins;

use std::collections::{BTreeMap, BTreeSet};

use super::error::Failure;
use super::options::Matcher;
use super::promql::{MEMORY, Selection, Words};
use super::server::{Query, Server};
use crate::units::Span;

pub(super) use fits::fitting;
pub(super) use twins::{Told, Twins};

/// Labels that name a cluster besides `cluster`, where a store does not tell which
/// it has: counting by labels that are not there costs nothing.
const USUAL: [&str; 8] = [
    "cluster_name",
    "cluster_id",
    "clusterName",
    "k8s_cluster",
    "k8s_cluster_name",
    "kubernetes_cluster",
    "kube_cluster",
    "kube_cluster_name",
];

/// The most labels that are counted by.
const MOST: usize = 12;

/// A store of several clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collect) struct Mixed {
    /// What tells them apart.
    pub(in crate::collect) label: String,
    /// Its values, sorted; empty where a series has no such label.
    pub(in crate::collect) values: Vec<String>,
}

impl Mixed {
    /// The condition for the one that is called as the kubeconfig calls its cluster.
    pub(in crate::collect) fn of(&self, names: &[String]) -> Option<Matcher> {
        let value = fitting(&self.values, names)?;
        Some(Matcher::equal(&self.label, value))
    }

    /// ``several clusters: `cluster` is `a`, `b` ``.
    pub(in crate::collect) fn text(&self) -> String {
        const NAMED: usize = 5;
        let named = self.values.iter().filter(|value| !value.is_empty());
        let named: Vec<&str> = named.map(String::as_str).collect();
        let rest = named.len().saturating_sub(NAMED);
        let names = named[..named.len() - rest].join("`, `");
        let more = if rest == 0 {
            String::new()
        } else {
            format!(" and {rest} more")
        };
        let missing = if named.len() < self.values.len() {
            ", or is not there"
        } else {
            ""
        };
        format!(
            "several clusters: `{}` is `{names}`{more}{missing}",
            self.label
        )
    }

    /// The flag that chooses one: the value most like what the kubeconfig says.
    pub(in crate::collect) fn flag(&self, names: &[String]) -> String {
        let likeness = |value: &String| {
            let each = names.iter().map(|name| strsim::jaro_winkler(name, value));
            each.fold(0.0, f64::max)
        };
        let best = self
            .values
            .iter()
            .rev()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        format!(
            "--prometheus-label {}={}",
            self.label,
            best.map_or("NAME", String::as_str)
        )
    }
}

/// Labels of series of containers that name a cluster, the usual one first.
///
/// A label of that name on other metrics is none. Not every store tells its
/// labels; then those that are usual have to do.
///
/// # Errors
///
/// What every question would meet.
pub(super) async fn labels(
    server: &Server,
    words: Words<'_>,
    span: (i64, i64),
) -> Result<Vec<String>, Failure> {
    let ask = async |first: i64, last: i64| {
        let query = Query {
            path: "/api/v1/labels".into(),
            parameters: vec![
                ("match[]", words.containers(MEMORY, Selection::ALL)),
                ("start", first.to_string()),
                ("end", last.to_string()),
            ],
        };
        server.list(&query).await
    };
    let parts = server.in_parts(span, Span::HOUR.as_secs(), ask).await;
    let known = match parts {
        Ok(parts) => parts.into_iter().flatten().collect(),
        Err(failure) if is_for_all(&failure) => return Err(failure),
        Err(_) => Vec::new(),
    };
    if known.is_empty() {
        return Ok(usual(words));
    }
    let usual = words.name("cluster").to_owned();
    let named = known.into_iter().filter(|name| names_cluster(name));
    let mut labels: Vec<String> = named.filter(|name| *name != usual).collect();
    labels.sort();
    labels.dedup();
    labels.insert(0, usual);
    labels.truncate(MOST);
    Ok(labels)
}

/// Labels that name a cluster in most stores that hold several.
pub(super) fn usual(words: Words<'_>) -> Vec<String> {
    let others = USUAL.iter().map(|label| (*label).to_owned());
    let usual = words.name("cluster").to_owned();
    std::iter::once(usual).chain(others).collect()
}

/// Whether a server that fails so would fail so whatever it is asked.
fn is_for_all(failure: &Failure) -> bool {
    match failure {
        Failure::Unreachable(_) | Failure::Redirected(_) => true,
        Failure::Refused { status, .. } => matches!(status, 401 | 407),
        _ => false,
    }
}

/// `cluster`, `k8s_cluster_name`; not `cluster_role`, `cluster_ip` and the like.
fn names_cluster(label: &str) -> bool {
    let label = label.to_lowercase();
    let Some(at) = label.find("cluster") else {
        return false;
    };
    let rest = label[at + "cluster".len()..].trim_start_matches('_');
    matches!(rest, "" | "name" | "id" | "uid" | "uuid" | "key")
}

/// At which moments each value of each label was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(BTreeMap<(String, String), BTreeSet<i64>>);

impl Seen {
    pub(super) fn add(&mut self, label: &str, value: &str, time: i64) {
        let key = (label.to_owned(), value.to_owned());
        self.0.entry(key).or_default().insert(time);
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (key, times) in other.0 {
            self.0.entry(key).or_default().extend(times);
        }
    }

    /// Labels with several values at one moment. A cluster that was renamed has
    /// one at a time.
    pub(super) fn mixed(&self) -> Vec<Mixed> {
        let mut found: BTreeMap<&str, Vec<(&str, &BTreeSet<i64>)>> = BTreeMap::new();
        for ((label, value), times) in &self.0 {
            found.entry(label).or_default().push((value, times));
        }
        let mixed = found.into_iter().filter_map(|(label, values)| {
            let beside = |(value, times): &(&str, &BTreeSet<i64>)| {
                let mut others = values.iter().filter(|(other, _)| other != value);
                others.any(|(_, other)| !other.is_disjoint(times))
            };
            let values: Vec<String> = values
                .iter()
                .filter(|it| beside(it))
                .map(|(value, _)| (*value).to_owned())
                .collect();
            (values.len() > 1).then(|| Mixed {
                label: label.to_owned(),
                values,
            })
        });
        mixed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(values: &[&str]) -> Mixed {
        Mixed {
            label: "cluster".to_owned(),
            values: values.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_tells_clusters_apart_is_told_with_a_flag_to_choose() {
        let many = mixed(&["a", "b", "c", "d", "e", "prod-eu", "prod-us"]);
        assert_eq!(
            many.text(),
            "several clusters: `cluster` is `a`, `b`, `c`, `d`, `e` and 2 more"
        );
        let names = ["prod_us_1".to_owned()];
        assert_eq!(many.flag(&names), "--prometheus-label cluster=prod-us");
        assert_eq!(many.flag(&[]), "--prometheus-label cluster=a");
    }

    #[test]
    fn a_cluster_that_was_renamed_is_one() {
        let mut seen = Seen::default();
        for (value, times) in [("old", 0..5), ("new", 5..9)] {
            times.for_each(|time| seen.add("cluster", value, time));
        }
        assert_eq!(seen.mixed(), []);
        seen.add("cluster", "other", 3);
        assert_eq!(seen.mixed(), [mixed(&["old", "other"])]);
    }

    #[test]
    fn labels_that_only_speak_of_clusters_name_none() {
        for name in [
            "cluster",
            "k8s_cluster_name",
            "clusterName",
            "eks_cluster",
            "cluster_id",
        ] {
            assert!(names_cluster(name), "{name}");
        }
        for other in [
            "cluster_role",
            "cluster_ip",
            "clustered",
            "name",
            "kubelet_cluster_dns",
        ] {
            assert!(!names_cluster(other), "{other}");
        }
    }
}
