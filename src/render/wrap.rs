//! Sentences within a width.

use unicode_width::UnicodeWidthStr;

/// Breaks at spaces into lines of at most `width` columns; lines after the
/// first start with `indent` spaces, which do not count. A longer word stands alone.
pub(super) fn wrap(text: &str, width: Option<usize>, indent: usize) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join(&format!("\n{:indent$}", ""))
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn breaks_at_spaces_and_indents_the_rest() {
        assert_eq!(wrap("one two three", Some(7), 2), "one two\n  three");
        assert_eq!(wrap("one two three", None, 2), "one two three");
        assert_eq!(wrap("unbreakable", Some(4), 0), "unbreakable");
    }
}
