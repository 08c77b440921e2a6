//! Times and shares as a sentence says them.

/// `3 days`, `5 hours`, `20 minutes`.
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
    } else {
        said(days * 24.0 * 60.0, "minute")
    }
}
