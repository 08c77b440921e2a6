/// The name that is most like `name`, and how like it is: 1 is the same, by the measure
/// of Jaro and Winkler. Of several the last; `None` where nothing is known.
pub fn most_like<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<(f64, &'a str)> {
    let known = known.into_iter();
    let scored = known.map(|other| (strsim::jaro_winkler(name, other), other));
    scored.max_by(|a, b| a.0.total_cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_found() {
        let known = ["savings", "balanced", "reliability"];
        let (likeness, name) = most_like("ballanced", known).unwrap();
        assert!(likeness > 0.9 && name == "balanced");
        assert_eq!(most_like("savings", known), Some((1.0, "savings")));
        assert_eq!(most_like("savings", []), None);
    }
}
