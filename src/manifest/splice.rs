//! Bytes of a text replaced, with what lines look like there.

use std::ops::Range;

/// One replacement.
pub(super) fn replaced(text: &str, range: Range<usize>, with: &str) -> Option<String> {
    let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
    Some([before, with, after].concat())
}

/// How lines of the text end.
pub(super) fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Where the line of this byte begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |found| found + 1)
}

/// Where the line of this byte ends, before what ends it.
pub(super) fn line_stop(text: &str, at: usize) -> usize {
    let stop = text[at..].find('\n').map_or(text.len(), |found| at + found);
    if text[..stop].ends_with('\r') && stop > at {
        stop - 1
    } else {
        stop
    }
}

/// How far to the right this byte stands, in characters; the mark of the byte order is none.
pub(super) fn column(text: &str, at: usize) -> usize {
    let line = &text[line_start(text, at)..at];
    line.chars().filter(|it| *it != '\u{feff}').count()
}

/// Whether nothing but a comment follows on the line.
pub(super) fn ends_line(text: &str, at: usize) -> bool {
    let rest = text[at..line_stop(text, at)].trim_start_matches([' ', '\t']);
    rest.is_empty() || rest.starts_with('#')
}

/// Whether nothing but spaces stands before it on the line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    let before = &text[line_start(text, at)..at];
    before.chars().all(|it| it == ' ' || it == '\u{feff}')
}
