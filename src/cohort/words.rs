//! Words for a group, from its centre.

use super::features::{Feature, Point, coordinates};
use crate::units::len_f64;

/// What the centre of a group is like, in a word.
///
/// The first that applies: what a workload is (a job, unused) comes before how
/// its use moves.
pub(super) fn word(centre: &Point) -> &'static str {
    let of = |feature: Feature| feature.of(centre);
    let grows = of(Feature::MemoryRising) >= 0.7 && of(Feature::MemoryTrend) >= 0.08
        || of(Feature::CpuTrend) >= 0.12;
    if of(Feature::Batch) >= 0.5 {
        "batch"
    } else if of(Feature::Idle) >= 0.5 {
        "idle"
    } else if grows {
        "growing"
    } else if of(Feature::Weekly) >= 0.2 && of(Feature::Weekly) >= 0.5 * of(Feature::Daily) {
        "weekly"
    } else if of(Feature::Daily) >= 0.4 {
        "daily"
    } else if of(Feature::CpuBurst) >= 3.0 {
        "bursty"
    } else if of(Feature::MemoryPeak) >= 1.5 {
        "memory-bursty"
    } else if of(Feature::CpuVariation) <= 0.45 {
        "steady"
    } else {
        "uneven"
    }
}

/// For less and for more of a feature than groups of the same word.
const QUALIFIERS: [(Feature, &str, &str); 9] = [
    (Feature::MemoryPeak, "flat", "memory-bursty"),
    (Feature::MemoryDays, "even", "surprising"),
    (Feature::CpuBurst, "calm", "bursty"),
    (Feature::Daily, "irregular", "regular"),
    (Feature::Weekly, "everyday", "weekly"),
    (Feature::Idle, "busy", "sleepy"),
    (Feature::MemoryRising, "level", "filling"),
    (Feature::CpuTrend, "shrinking", "growing"),
    (Feature::CpuVariation, "quiet", "lively"),
];

/// One name for each centre, all different: the word, and before it what sets
/// the group apart from others of this word.
pub(super) fn names(centres: &[Point]) -> Vec<String> {
    let words: Vec<&str> = centres.iter().map(word).collect();
    let mut names: Vec<String> = Vec::with_capacity(centres.len());
    for (group, word) in words.iter().enumerate() {
        let others: Vec<&Point> = (0..centres.len())
            .filter(|other| *other != group && words[*other] == *word)
            .map(|other| &centres[other])
            .collect();
        let name = if others.is_empty() {
            (*word).to_owned()
        } else {
            let qualified = qualifiers(&centres[group], &others, word)
                .into_iter()
                .find(|name| !names.contains(name));
            qualified.unwrap_or_else(|| format!("{word} {}", group + 1))
        };
        names.push(name);
    }
    names
}

/// The word with each qualifier, the one that sets it apart most first.
fn qualifiers(centre: &Point, others: &[&Point], word: &str) -> Vec<String> {
    let own = coordinates(centre);
    let others: Vec<Point> = others.iter().map(|other| coordinates(other)).collect();
    let count = len_f64(others.len());
    let mut apart: Vec<(f64, &str)> = QUALIFIERS
        .into_iter()
        .map(|(feature, less, more)| {
            let usual = others.iter().map(|other| feature.of(other)).sum::<f64>() / count;
            let difference = feature.of(&own) - usual;
            (difference.abs(), if difference < 0.0 { less } else { more })
        })
        .filter(|(_, qualifier)| *qualifier != word)
        .collect();
    apart.sort_by(|a, b| b.0.total_cmp(&a.0));
    apart
        .into_iter()
        .map(|(_, qualifier)| format!("{qualifier} {word}"))
        .collect()
}

/// One sentence with the numbers of the centre, without a period.
pub(super) fn description(centre: &Point) -> String {
    let of = |feature: Feature| feature.of(centre);
    let percent = |feature: Feature| of(feature) * 100.0;
    let mut cpu = format!(
        "CPU bursts to {:.1} × median, {:.0}% daily rhythm, {:.0}% weekly",
        of(Feature::CpuBurst),
        percent(Feature::Daily),
        percent(Feature::Weekly),
    );
    if of(Feature::Idle) >= 0.05 {
        cpu = format!("{cpu}, idle {:.0}% of the time", percent(Feature::Idle));
    }
    let memory = format!(
        "memory peaks at {:.2} × median, its worst day at {:.2} × the usual one",
        of(Feature::MemoryPeak),
        of(Feature::MemoryDays),
    );
    if of(Feature::MemoryTrend) >= 0.03 {
        let growth = percent(Feature::MemoryTrend);
        format!("{cpu}; {memory}, growing {growth:.0}% a week")
    } else {
        format!("{cpu}; {memory}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::COUNT;
    use super::*;

    #[test]
    fn names_are_all_different_even_for_equal_centres() {
        let centre = [0.0; COUNT];
        let names = names(&[centre; 30]);
        let mut different = names.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), 30, "{names:?}");
    }
}
