//! Containers of one name that run at two places at a time.
//!
//! In one cluster that does not happen but for moments, so that a store that has
//! them holds several, or the same twice. The same container, scraped twice, has
//! the same cgroup, and comes from the same node.

use std::collections::{BTreeMap, BTreeSet};

use super::super::answer::{Broken, Labels, Room, Sink};
use super::super::promql::Words;
use super::super::survey::Source;
use super::Mixed;

/// Labels that differ between places of one cluster, or say what was scraped.
const OWN: [&str; 14] = [
    "__name__",
    "id",
    "name",
    "image",
    "uid",
    "instance",
    "node",
    "host",
    "hostname",
    "nodename",
    "kubernetes_io_hostname",
    "kubernetes_node",
    "endpoint",
    "service",
];

/// What is likely to tell clusters apart, the likeliest first.
const LIKELY: [&str; 9] = [
    "environment",
    "env",
    "datacenter",
    "dc",
    "site",
    "stage",
    "tenant",
    "region",
    "prometheus",
];

/// What the series of a few containers may take, in bytes.
const ROOM: usize = 8 << 20;

/// A container by its namespace, pod and name.
pub(in super::super) type Name = [String; 3];

/// Series of containers that have more than one at a time.
pub(in super::super) struct Twins<'a> {
    words: Words<'a>,
    series: BTreeMap<Name, Vec<BTreeMap<String, String>>>,
    room: Room,
}

/// What such series tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Told {
    /// A label tells clusters apart.
    Label(Mixed),
    /// They run at different places, and no label says why.
    Nothing { example: Name, places: [String; 2] },
}

impl<'a> Twins<'a> {
    pub(in super::super) fn new(words: Words<'a>) -> Self {
        Self {
            words,
            series: BTreeMap::new(),
            room: Room::new(ROOM),
        }
    }

    /// The containers that are not the same at both places.
    pub(in super::super) fn names(&self) -> BTreeSet<&Name> {
        let strange = self.series.iter().filter(|(_, series)| {
            let pairs = series.iter().enumerate();
            let mut pairs = pairs.flat_map(|(at, a)| series[at + 1..].iter().map(move |b| (a, b)));
            pairs.any(|(a, b)| !is_same(a, b))
        });
        strange.map(|(name, _)| name).collect()
    }

    /// What the containers tell that were at two places before already: one that
    /// moves is so for some minutes.
    pub(in super::super) fn tell(&self, before: &Self) -> Option<Told> {
        let lasting: BTreeSet<&Name> = before.names();
        let names: Vec<&Name> = self.names().intersection(&lasting).copied().collect();
        let first = names.first()?;
        let mut differing: BTreeMap<&str, usize> = BTreeMap::new();
        for name in &names {
            for label in self.differing(name) {
                *differing.entry(label).or_default() += 1;
            }
        }
        let rank = |label: &str| {
            let likely = LIKELY.iter().position(|known| *known == label);
            likely.unwrap_or(LIKELY.len())
        };
        let best = differing
            .into_iter()
            .max_by_key(|(label, count)| (*count, usize::MAX - rank(label)));
        Some(match best {
            Some((label, _)) => Told::Label(Mixed {
                label: label.to_owned(),
                values: self.values(label, &names),
            }),
            None => Told::Nothing {
                example: (*first).clone(),
                places: self.places(first),
            },
        })
    }

    /// Labels in which places of a container differ that are not the same.
    fn differing(&self, name: &Name) -> BTreeSet<&str> {
        let series = self.series.get(name).map_or(&[][..], Vec::as_slice);
        let mut found = BTreeSet::new();
        for (at, a) in series.iter().enumerate() {
            for b in series[at + 1..].iter().filter(|b| !is_same(a, b)) {
                let labels = a.keys().chain(b.keys());
                found.extend(labels.filter(|label| a.get(*label) != b.get(*label)));
            }
        }
        let kept = found.into_iter().map(String::as_str);
        kept.filter(|label| !self.is_own(label)).collect()
    }

    fn is_own(&self, label: &str) -> bool {
        let container = ["namespace", "pod", "container", "cpu"];
        let mut renamed = container.iter().chain(&Source::LABELS);
        OWN.contains(&label) || renamed.any(|name| self.words.name(name) == label)
    }

    fn values(&self, label: &str, names: &[&Name]) -> Vec<String> {
        let series = names.iter().filter_map(|name| self.series.get(*name));
        let values = series
            .flatten()
            .map(|labels| labels.get(label).cloned().unwrap_or_default());
        let values: BTreeSet<String> = values.collect();
        values.into_iter().collect()
    }

    /// Where two of them run.
    fn places(&self, name: &Name) -> [String; 2] {
        let series = self.series.get(name).map_or(&[][..], Vec::as_slice);
        let place = |labels: &BTreeMap<String, String>| {
            let known = ["node", "instance", "id"].iter();
            let mut known = known.filter_map(|label| labels.get(*label));
            known
                .find(|value| !value.is_empty())
                .cloned()
                .unwrap_or_default()
        };
        let mut places: Vec<String> = series.iter().map(place).collect();
        places.sort();
        places.dedup();
        let last = places.last().cloned().unwrap_or_default();
        [places.first().cloned().unwrap_or_default(), last]
    }
}

/// Whether two series are of one container: in the same cgroup, of the same pod,
/// or on the same node.
fn is_same(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> bool {
    let get = |of: &BTreeMap<String, String>, label| of.get(label).cloned().unwrap_or_default();
    let (id_a, id_b) = (get(a, "id"), get(b, "id"));
    match (pod_uid(&id_a), pod_uid(&id_b)) {
        (Some(a), Some(b)) => a == b,
        _ => get(a, "instance") == get(b, "instance") && get(a, "node") == get(b, "node"),
    }
}

/// The UID of the pod in the path of a cgroup; with `_` where systemd has no `-`.
fn pod_uid(id: &str) -> Option<String> {
    const LENGTH: usize = 36;
    let mut starts = id.match_indices("pod").map(|(at, _)| at + "pod".len());
    starts.find_map(|from| {
        let uid = id.get(from..from + LENGTH)?;
        let is_uid = uid
            .chars()
            .all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | '_'));
        is_uid.then(|| uid.replace('_', "-"))
    })
}

impl Sink for Twins<'_> {
    fn series(&mut self, labels: &Labels) {
        self.room.take(labels.size());
        let name = ["namespace", "pod", "container"].map(|label| {
            let label = self.words.name(label);
            labels.get(label).to_owned()
        });
        let all = labels
            .iter()
            .map(|(label, value)| (label.to_owned(), value.to_owned()));
        self.series.entry(name).or_default().push(all.collect());
    }

    fn point(&mut self, _: f64, _: f64) {}

    fn fault(&self) -> Option<Broken> {
        self.room.fault()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::names::Names;
    use super::*;

    const A: &str = "/kubepods.slice/kubepods-pod05b3ee07_a2bd_47e7_9599_7961201f20dd.slice/x";
    const B: &str = "/kubepods/burstable/pod7795cf5d-c2cd-4fb8-ad30-f5b0d9e2b642/y";

    /// What series with these labels tell, when it was so an hour before.
    fn told(series: &[&[(&str, &str)]]) -> Option<Told> {
        let names = Names::default();
        let mut twins = Twins::new(Words {
            names: &names,
            matchers: &[],
        });
        let name = ["shop", "db-0", "db"].map(str::to_owned);
        let all = series.iter().map(|labels| {
            let labels = labels.iter();
            labels
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        });
        twins.series.insert(name, all.collect());
        twins.tell(&twins)
    }

    #[test]
    fn one_container_that_is_scraped_twice_is_one() {
        let here = [("id", A), ("instance", "n1"), ("prometheus", "a")];
        let there = [
            ("id", A),
            ("instance", "10.0.0.1:10250"),
            ("prometheus", "b"),
        ];
        assert_eq!(told(&[&here, &there]), None);
        // Started anew in the same pod.
        let id = A.replace("/x", "/z");
        assert_eq!(told(&[&here, &[("id", &id), ("instance", "n1")]]), None);
    }

    #[test]
    fn the_likeliest_label_in_which_two_places_differ_is_named() {
        let a = [("id", A), ("node", "n1"), ("env", "live"), ("zone", "z1")];
        let b = [("id", B), ("node", "n1"), ("env", "test"), ("zone", "z2")];
        let mixed = Mixed {
            label: "env".to_owned(),
            values: vec!["live".to_owned(), "test".to_owned()],
        };
        assert_eq!(told(&[&a, &b]), Some(Told::Label(mixed)));
    }

    #[test]
    fn places_that_no_label_explains_are_told_as_they_are() {
        let series: [&[(&str, &str)]; 2] = [&[("instance", "n1")], &[("instance", "n9")]];
        let nothing = Told::Nothing {
            example: ["shop", "db-0", "db"].map(str::to_owned),
            places: ["n1".to_owned(), "n9".to_owned()],
        };
        assert_eq!(told(&series), Some(nothing));
    }
}
