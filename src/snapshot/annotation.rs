//! Annotations by which owners say what they want of kcost, and of autoscalers.

use std::collections::BTreeMap;

/// What their keys begin with.
pub const PREFIX: &str = "kcost.dev/";

/// The keys behind [`PREFIX`].
pub const KNOWN: [&str; 9] = [
    "goal",
    "strategy",
    "ignore",
    "freeze",
    "min-cpu",
    "max-cpu",
    "min-memory",
    "max-memory",
    "time-zone",
];

/// What stands for a key that is none, so that it can be said that there is one.
const OTHER: &str = "kcost.dev/…";

/// Annotations of pods and nodes that say whether they may be moved or removed.
///
/// Source: the FAQ of Cluster Autoscaler, the documentation of Karpenter.
pub const EVICTION: [&str; 6] = [
    "cluster-autoscaler.kubernetes.io/safe-to-evict",
    "cluster-autoscaler.kubernetes.io/scale-down-disabled",
    "karpenter.sh/do-not-consolidate",
    "karpenter.sh/do-not-disrupt",
    "karpenter.sh/do-not-evict",
    "descheduler.alpha.kubernetes.io/evict",
];

/// What keys have in them that speak of money.
const MONEY: [&str; 2] = ["price", "cost"];
/// The longest number that is an amount.
const LONGEST: usize = 16;

/// Labels and annotations that say what something costs: a plain number under a key that
/// speaks of a price or a cost. Others may hold anything.
pub fn prices<'a>(
    labels: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Vec<(String, String)> {
    let is_amount = |value: &str| {
        let plain = value.chars().all(|it| it.is_ascii_digit() || it == '.');
        plain && value.len() <= LONGEST && value.parse::<f64>().is_ok()
    };
    let speaks = |key: &str| {
        let key = key.to_ascii_lowercase();
        MONEY.iter().any(|word| key.contains(word))
    };
    let found = labels.into_iter();
    let found = found.filter(|(key, value)| speaks(key) && is_amount(value));
    let mut found: Vec<_> = found
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

/// How near a name must be to be meant; 1 is the same.
const SIMILAR: f64 = 0.6;

/// The known key that is most like `name`, if one is at all.
pub fn nearest(name: &str) -> Option<&'static str> {
    let scored = KNOWN.map(|known| (strsim::normalized_damerau_levenshtein(known, name), known));
    let nearest = scored.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let (_, known) = nearest.filter(|(score, _)| *score > SIMILAR)?;
    Some(known)
}

/// What a snapshot keeps of annotations: known keys; of a misspelt one the key without
/// its value, and of any other that there is one, since both may hold anything.
pub fn kept(annotations: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut kept: Vec<_> = annotations
        .into_iter()
        .filter_map(|(key, value)| {
            let name = key.strip_prefix(PREFIX)?;
            Some(if KNOWN.contains(&name) {
                (key, value)
            } else if nearest(name).is_some() {
                (key, String::new())
            } else {
                (OTHER.to_owned(), String::new())
            })
        })
        .collect();
    kept.sort();
    kept.dedup();
    kept
}

/// Those of [`EVICTION`], with values that are a yes, a no or a span of time; others may
/// hold anything.
pub fn eviction(annotations: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let is_span = |value: &str| {
        let mut letters = value.chars();
        value.len() <= 16 && letters.all(|it| it.is_ascii_digit() || "hms".contains(it))
    };
    let found = EVICTION.iter().filter_map(|key| {
        let value = annotations.get(*key)?;
        let known = matches!(value.as_str(), "true" | "false") || is_span(value);
        known.then(|| ((*key).to_owned(), value.clone()))
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amounts_of_money_are_kept_of_prices() {
        let given = [
            ("example.com/hourly-price", "0.384"),
            ("example.com/cost-center", "secret"),
            ("example.com/team", "12"),
            ("cost", "1e9"),
        ];
        let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let kept = prices(given.iter().map(|(key, value)| (key, value)));
        assert_eq!(kept, [given[0].clone()]);
    }

    #[test]
    fn only_known_keys_keep_their_values() {
        let given = [
            ("team.example.com/password", "hush"),
            ("kcost.dev/goal", "savings"),
            ("kcost.dev/gaol", "hush"),
            ("kcost.dev/hush", "hush"),
            ("kcost.dev/hushed", "hush"),
        ];
        let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let kept = kept(given);
        let kept: Vec<_> = kept
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let other = ("kcost.dev/…", "");
        assert_eq!(
            kept,
            [("kcost.dev/gaol", ""), ("kcost.dev/goal", "savings"), other]
        );
    }
}
