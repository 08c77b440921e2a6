//! Numbers as people read them, each way once.

/// At most so many digits behind the point, without zeros at the end.
pub fn short(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A share, 0 to 1, with as many digits as it has meaning, as it fits a column: `12%`,
/// `1.5%`, `<0.1%`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        "0%".to_owned()
    } else if percent < 0.1 {
        "<0.1%".to_owned()
    } else {
        format!("{}%", short(percent, usize::from(percent < 9.95)))
    }
}

/// The same as a person says it in a sentence: `3%`, `0.4%`, `under 0.1%`.
pub fn percent_said(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 0.1 {
        "under 0.1%".to_owned()
    } else if percent < 1.0 {
        format!("{percent:.1}%")
    } else {
        format!("{percent:.0}%")
    }
}

/// The same with two significant digits, to be held against a promise: `0.42%`, `1.5%`.
pub fn percent_exact(share: f64) -> String {
    let percent = share * 100.0;
    let rounded = if percent >= 9.95 {
        return format!("{percent:.0}%");
    } else if percent >= 0.995 || percent <= 0.0 {
        (percent * 10.0).round() / 10.0
    } else {
        (percent * 100.0).round() / 100.0
    };
    format!("{}%", short(rounded, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_shares_keep_their_meaning() {
        assert_eq!(
            [0.0, 0.0004, 0.015, 0.02, 0.996].map(percent),
            ["0%", "<0.1%", "1.5%", "2%", "100%"]
        );
        assert_eq!(
            [0.0004, 0.004, 0.034].map(percent_said),
            ["under 0.1%", "0.4%", "3%"]
        );
        assert_eq!(
            [0.0, 0.000_42, 0.004_2, 0.0152, 0.42].map(percent_exact),
            ["0%", "0.04%", "0.42%", "1.5%", "42%"]
        );
    }

    #[test]
    fn whole_numbers_keep_their_zeros() {
        assert_eq!(short(100.0, 0), "100");
        assert_eq!(short(100.0, 2), "100");
        assert_eq!(short(0.25, 2), "0.25");
    }
}
