use std::collections::BTreeMap;

use crate::doctor::{Check, Point, Seen};
use crate::snapshot::Gap;

/// Everything else that could not be read or understood.
pub(super) struct Gaps;

/// Codes of gaps that other checks tell of.
const TOLD: [&str; 11] = [
    "forbidden",
    "impossible-usage",
    "impossible-values",
    "no-history",
    "no-metric",
    "no-prometheus",
    "no-samples",
    "no-usage",
    "outside-window",
    "several-clusters",
    "unowned-pods",
];

/// What a kind of gap takes from 100, and all of them at most.
const COST: u8 = 2;
const MOST: usize = 10;

impl Check for Gaps {
    fn name(&self) -> &'static str {
        "gaps"
    }

    fn summary(&self) -> &'static str {
        "whatever else could not be read or understood"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let Some(snapshot) = seen.snapshot else {
            return Vec::new();
        };
        let live = seen.api().is_some();
        // Rights are asked for where there is a server to ask.
        let told = |gap: &Gap| {
            let code = gap.code.as_str();
            TOLD.contains(&code) && (live || code != "forbidden")
        };
        let mut kinds: BTreeMap<&str, Vec<&Gap>> = BTreeMap::new();
        for gap in snapshot.gaps.iter().filter(|gap| !told(gap)) {
            kinds.entry(&gap.code).or_default().push(gap);
        }
        kinds
            .into_values()
            .enumerate()
            .filter_map(|(place, gaps)| {
                let (first, rest) = gaps.split_first()?;
                let more = match rest.len() {
                    0 => String::new(),
                    more => format!(" (and {more} more of this kind)"),
                };
                let text = format!("{}: {}{more}", first.subject, first.text);
                let cost = if place < MOST { COST } else { 0 };
                let point = Point::warn(cost, text)
                    .effect("this part of the report is missing or in doubt");
                Some(point.hint(first.hint.as_deref()))
            })
            .collect()
    }
}
