//! Times and shares as a sentence says them.

/// `3 days`, `5 hours`, `20 minutes`, `30 seconds`.
pub(super) fn lasting(days: f64) -> String {
    let said = |amount: f64, noun: &str| {
        let amount = amount.round().max(1.0);
        let plural = if amount > 1.0 { "s" } else { "" };
        format!("{amount:.0} {noun}{plural}")
    };
    if days >= 1.5 {
        said(days, "day")
    } else if days >= 1.5 / 24.0 {
        said(days * 24.0, "hour")
    } else if days >= 1.5 / (24.0 * 60.0) {
        said(days * 24.0 * 60.0, "minute")
    } else {
        said(days * 24.0 * 60.0 * 60.0, "second")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_what_a_person_counts() {
        let minutes = |it: f64| lasting(it / 1_440.0);
        assert_eq!(lasting(3.2), "3 days");
        assert_eq!(minutes(300.0), "5 hours");
        assert_eq!(minutes(5.0), "5 minutes");
        assert_eq!(minutes(1.0), "60 seconds");
        assert_eq!(minutes(1.0 / 3.0), "20 seconds");
    }
}
