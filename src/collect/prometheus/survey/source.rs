//! Which of several scrape jobs, or replicas of a Prometheus, to read.

use std::collections::BTreeMap;
use std::fmt;

use super::super::answer::Labels;
use super::super::promql::Words;
use super::Cells;

/// Scrapes whose series may be of the same containers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(in super::super) struct Source([String; Source::LABELS.len()]);

impl Source {
    /// What tells scrapes apart: the job, the path, and the replica of a pair.
    pub(in super::super) const LABELS: [&str; 4] =
        ["job", "metrics_path", "prometheus_replica", "replica"];

    pub(super) fn of(labels: &Labels, words: Words) -> Self {
        Self(Self::LABELS.map(|label| labels.get(words.name(label)).to_owned()))
    }

    /// Each label and its value; empty where the series has no such label.
    pub(in super::super) fn labels(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = self.0.iter().map(String::as_str);
        Self::LABELS.into_iter().zip(values)
    }

    #[cfg(test)]
    pub(super) fn named(job: &str, path: &str) -> Self {
        Self([job, path, "", ""].map(str::to_owned))
    }

    fn says(&self, word: &str) -> bool {
        let [job, path, ..] = &self.0;
        path.rsplit('/').next() == Some(word) || job.contains(word)
    }

    /// Whether it is the kubelet's short summary, which has CPU and memory alone.
    pub(in super::super) fn is_summary(&self) -> bool {
        self.says("resource")
    }

    /// cAdvisor first, since only it has throttling, and the summary last.
    fn rank(&self) -> u8 {
        match (self.says("cadvisor"), self.is_summary()) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.labels().filter(|(_, value)| !value.is_empty());
        let said: Vec<String> = said
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        f.write_str(&said.join(","))
    }
}

/// Sources that may have every container, the best first: none has twice as many. Empty
/// where there is nothing to choose.
///
/// Which it is does not depend on how many moments were counted at, so that all engines
/// read the same one: what is there at all times is asked of each of them.
pub(super) fn candidates(cells: &Cells) -> Vec<Source> {
    let mut sums: BTreeMap<&Source, u64> = BTreeMap::new();
    for ((_, source), moments) in cells {
        *sums.entry(source).or_default() += moments.values().sum::<u64>();
    }
    let most = sums.values().copied().max().unwrap_or(0);
    if sums.len() < 2 {
        return Vec::new();
    }
    let found = sums.into_iter().filter(|(_, sum)| sum * 2 > most);
    let mut found: Vec<Source> = found.map(|(source, _)| source.clone()).collect();
    found.sort_by_key(Source::rank);
    found
}

/// Whether a source has every container that others have. `missing`: how many
/// it has not, by the number of moments of the window at which it has not.
///
/// At two moments is no chance. At one it may be a container that lived between
/// two scrapes, or a short outage; of many containers it is an outage that
/// the others should fill.
pub(super) fn has_all(missing: &BTreeMap<u64, u64>, series: u64) -> bool {
    let once = missing.get(&1).copied().unwrap_or(0);
    missing.keys().all(|moments| *moments < 2) && once * 50 <= series
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Source {
        Source::named("kubelet", path)
    }

    fn cells(rows: &[(&str, &str, u64)]) -> Cells {
        rows.iter()
            .map(|(namespace, path, count)| {
                let moments = BTreeMap::from([(0, *count), (60, *count)]);
                (((*namespace).to_owned(), source(path)), moments)
            })
            .collect()
    }

    #[test]
    fn cadvisor_is_tried_first_and_what_has_clearly_less_not_at_all() {
        let both = cells(&[
            ("a", "/metrics/resource", 50),
            ("a", "/metrics/cadvisor", 49),
        ]);
        let expected = [source("/metrics/cadvisor"), source("/metrics/resource")];
        assert_eq!(candidates(&both), expected);
        let half = cells(&[
            ("a", "/metrics/resource", 50),
            ("b", "/metrics/cadvisor", 25),
        ]);
        assert_eq!(candidates(&half), [source("/metrics/resource")]);
        assert_eq!(candidates(&cells(&[("a", "/metrics/cadvisor", 5)])), []);
    }

    #[test]
    fn what_is_missing_once_may_be_chance_and_twice_is_not() {
        let missing = |rows: &[(u64, u64)]| rows.iter().copied().collect();
        assert!(has_all(&missing(&[]), 100));
        assert!(has_all(&missing(&[(1, 2)]), 100));
        assert!(!has_all(&missing(&[(1, 3)]), 100));
        assert!(!has_all(&missing(&[(2, 1)]), 100));
    }
}
