//! The error report: what failed, why, and what to do.

use std::error::Error;
use std::fmt::Write;

use super::{DIM, ERROR, HINT, Paint};
use crate::text::escape;

/// `error: …`, its causes and its hint, each once.
pub(super) fn report(error: &dyn Error, hint: Option<&str>, paint: Paint) -> String {
    let mut said = error.to_string();
    let mut text = format!("{} {}\n", paint.on(ERROR, "error:"), lines(&said));
    let mut cause = error.source();
    while let Some(inner) = cause {
        let why = inner.to_string();
        // Many libraries repeat their source in their own words.
        if !said.contains(&why) {
            let _ = writeln!(text, "  {} {}", paint.on(DIM, "caused by:"), lines(&why));
            said = why;
        }
        cause = inner.source();
    }
    if let Some(hint) = hint {
        let _ = writeln!(text, "\n{} {}", paint.on(HINT, "hint:"), lines(hint));
    }
    text
}

/// Line breaks stay, everything else that moves a cursor is shown, not sent.
pub(super) fn lines(text: &str) -> String {
    let lines: Vec<String> = text.trim().lines().map(escape).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to write the result")]
    struct Failed(#[source] std::io::Error);

    #[test]
    fn says_what_why_and_what_to_do() {
        let error = Failed(std::io::Error::other("disk \u{1b}[31mfull"));
        assert_eq!(
            report(&error, Some("make room"), Paint(false)),
            "error: failed to write the result\n  caused by: disk \\u{1b}[31mfull\n\nhint: make room\n"
        );
    }

    #[test]
    fn colour_is_on_the_labels_alone() {
        let error = Failed(std::io::Error::other("full"));
        let text = report(&error, None, Paint(true));
        assert!(
            text.starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m failed"),
            "{text:?}"
        );
    }
}
