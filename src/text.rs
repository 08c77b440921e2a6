//! Words and numbers as people read them. A leaf: imports nothing of kcost.

use std::fmt::Display;

mod likeness;
mod number;

pub use likeness::most_like;
pub use number::{percent, percent_exact, percent_said, short};

/// Text of others, made safe for a terminal: control characters, and those
/// that reorder or hide text, are shown as `\u{1b}` and never sent.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Text of others as one word of a command line that is to be copied: escaped as
/// for a terminal, and quoted where a POSIX shell would not read it back as it is.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", escape(word).replace('\'', r"'\''"))
    }
}

/// Whether a name is of letters, digits and `._/-` alone, and begins like no
/// option: no shell does anything with it, wherever it stands.
pub fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(plain)
}

/// The text as a part of the name of a file: `instead` for every sign that a file system or
/// a shell may take otherwise.
pub fn for_file(text: &str, instead: char) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let chars = text.chars();
    chars.map(|c| if fits(c) { c } else { instead }).collect()
}

/// The first so many characters, and `…` where there are more.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The same without a character beyond ASCII.
pub fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '×' | '✗' => plain.push('x'),
            '÷' => plain.push('/'),
            '→' => plain.push_str("->"),
            '↑' => plain.push('^'),
            '↓' => plain.push('v'),
            '…' => plain.push_str("..."),
            '·' | '−' | '–' | '—' => plain.push('-'),
            '✓' => plain.push('+'),
            '■' => plain.push('#'),
            '▪' => plain.push('='),
            '\u{a0}' => plain.push(' '),
            '≥' => plain.push_str(">="),
            '≤' => plain.push_str("<="),
            other if other.is_ascii() => plain.push(other),
            _ => plain.push('?'),
        }
    }
    plain
}

/// Beside control characters: line separators, zero-width characters, marks of
/// direction, and the byte order mark.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `1 gap`, `2 gaps`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{} {noun}s", group(&number.to_string()))
    }
}

/// `once`, `3 times`.
pub fn times(count: usize) -> String {
    if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    }
}

/// An amount as people write it: `$1,234.50`; a currency without a common sign
/// by its code: `1.00 EUR`.
pub fn money(amount: impl Display, currency: &str) -> String {
    let number = group(&amount.to_string());
    match (currency, number.strip_prefix('-')) {
        ("USD", Some(number)) => format!("-${number}"),
        ("USD", None) => format!("${number}"),
        _ => format!("{number} {currency}"),
    }
}

/// `; did you mean …?` where one of the names is close.
pub fn suggestion(text: &str, names: &[&str]) -> String {
    let near = names
        .iter()
        .map(|name| (strsim::jaro_winkler(name, text), name));
    let best = near
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score > 0.75);
    best.map_or(String::new(), |(_, name)| {
        format!("; did you mean `{name}`?")
    })
}

/// Thousands apart: `1,234`, `-1,234.50`.
pub fn group(number: &str) -> String {
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", number),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_gets_through() {
        assert_eq!(escape("api\u{1b}[2J"), "api\\u{1b}[2J");
        assert_eq!(escape("a\nb\u{202e}c"), "a\\nb\\u{202e}c");
        assert_eq!(escape("größe-日本"), "größe-日本");
    }

    #[test]
    fn a_word_of_a_command_line_is_quoted_where_a_shell_would_act() {
        assert_eq!(quote("shop/api:1"), "shop/api:1");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("!kube-*"), "'!kube-*'");
        assert_eq!(quote("a'; rm b"), r"'a'\''; rm b'");
        assert_eq!(quote("a\nb\u{1b}"), r"'a\nb\u{1b}'");
    }

    #[test]
    fn a_plain_name_means_nothing_to_a_shell() {
        assert!(is_plain("shop/Deployment/api-1.2_3"));
        for name in [
            "", "-n", "$(a)", "a b", "a;b", "a'", "a*", "~", "a\n", "größe",
        ] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn signs_have_a_spelling_in_ascii() {
        assert_eq!(ascii("2 × 3 ÷ 4 → 1…"), "2 x 3 / 4 -> 1...");
        assert_eq!(ascii("größe"), "gr??e");
    }

    #[test]
    fn money_has_its_sign_in_front() {
        assert_eq!(money("-1234.50", "USD"), "-$1,234.50");
        assert_eq!(money("1.00", "EUR"), "1.00 EUR");
    }

    #[test]
    fn one_is_singular_and_thousands_are_apart() {
        assert_eq!(count(1, "gap"), "1 gap");
        assert_eq!(count(0, "gap"), "0 gaps");
        assert_eq!(count(1_234_567, "sample"), "1,234,567 samples");
        assert_eq!(group("-1234.50"), "-1,234.50");
        assert_eq!(group("999"), "999");
    }
}
