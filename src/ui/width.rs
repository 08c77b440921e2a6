//! How wide a report may be.

use super::Stream;

/// Columns of a report on stdout: `COLUMNS` where it is set, else the terminal;
/// `None` where there is neither, so nothing has to be cut.
pub(super) fn width() -> Option<usize> {
    let asked = std::env::var("COLUMNS").ok();
    asked.and_then(|text| parse(&text)).or_else(terminal)
}

fn parse(columns: &str) -> Option<usize> {
    columns.trim().parse().ok().filter(|columns| *columns > 0)
}

fn terminal() -> Option<usize> {
    if !Stream::Stdout.is_terminal() {
        return None;
    }
    let (width, _) = terminal_size::terminal_size()?;
    Some(usize::from(width.0)).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_a_positive_number_counts() {
        assert_eq!(parse("80"), Some(80));
        assert_eq!(parse("0"), None);
        assert_eq!(parse("wide"), None);
    }
}
