//! YAML that all readers take alike.
//!
//! kubectl, PyYAML and Ruby read YAML 1.1, where `no`, `on`, `1:30`, `0x1F`,
//! `1_000` and `2026-11-28` are no text (<https://yaml.org/type/>), other readers
//! take YAML 1.2. A text stays without quotes only where it is a text to both.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_yaml::{Mapping, Number, Value};

/// A document, without the `---` before it.
pub(super) fn document(value: &impl Serialize) -> io::Result<String> {
    let value = serde_yaml::to_value(value).map_err(io::Error::other)?;
    let mut out = String::new();
    match inline(&value) {
        Some(text) => {
            out.push_str(&text);
            out.push('\n');
        }
        None => block(&value, 0, &mut out),
    }
    Ok(out)
}

/// A document of an object of Kubernetes, in the order in which people write it.
pub(super) fn object(value: &serde_json::Value) -> io::Result<String> {
    document(&named_first(value))
}

/// The same, with what tells a mapping from others first, and requests before limits, as
/// people write it.
fn named_first(value: &serde_json::Value) -> Value {
    const FIRST: [&str; 5] = ["apiVersion", "kind", "name", "type", "requests"];
    match value {
        serde_json::Value::Object(fields) => {
            let place = |name: &str| FIRST.iter().position(|it| *it == name);
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| place(name).unwrap_or(FIRST.len()));
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name.as_str().into(), named_first(value)));
            Value::Mapping(fields.collect())
        }
        serde_json::Value::Array(items) => Value::Sequence(items.iter().map(named_first).collect()),
        scalar => serde_yaml::to_value(scalar).unwrap_or(Value::Null),
    }
}

/// A value that needs no lines of its own.
fn inline(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(it) => Some(it.to_string()),
        Value::Number(it) => Some(number(it)),
        Value::String(it) => Some(text(it)),
        Value::Sequence(items) if items.is_empty() => Some("[]".to_owned()),
        Value::Mapping(fields) if fields.is_empty() => Some("{}".to_owned()),
        Value::Tagged(it) => inline(&it.value),
        Value::Sequence(_) | Value::Mapping(_) => None,
    }
}

/// Lines of a value that `inline` has no text for; the first begins where the
/// writer stands, the others `indent` to the right.
fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Mapping(fields) => mapping(fields, indent, out),
        Value::Sequence(items) => sequence(items, indent, out),
        Value::Tagged(it) => block(&it.value, indent, out),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sequence(items: &[Value], indent: usize, out: &mut String) {
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            pad(indent, out);
        }
        out.push_str("- ");
        match inline(item) {
            Some(text) => {
                out.push_str(&text);
                out.push('\n');
            }
            None => block(item, indent + 2, out),
        }
    }
}

fn mapping(fields: &Mapping, indent: usize, out: &mut String) {
    /// Longer keys than this are not found without a mark before them, in
    /// characters (YAML 1.2.2, 7.4.2: 1024, the quotes included).
    const LONGEST_KEY: usize = 1000;
    for (nth, (name, value)) in fields.iter().enumerate() {
        if nth > 0 {
            pad(indent, out);
        }
        let name = inline(name).unwrap_or_default();
        if name.chars().count() > LONGEST_KEY {
            out.push_str("? ");
            out.push_str(&name);
            out.push('\n');
            pad(indent, out);
        } else {
            out.push_str(&name);
        }
        out.push(':');
        if let Some(text) = inline(value) {
            out.push(' ');
            out.push_str(&text);
            out.push('\n');
            continue;
        }
        // Lists stand below their name, as kubectl prints them.
        let deeper = if value.is_sequence() { 0 } else { 2 };
        out.push('\n');
        pad(indent + deeper, out);
        block(value, indent + deeper, out);
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// A number as both versions read it: with a point and without an exponent.
fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => match float {
            _ if float.is_nan() => ".nan".to_owned(),
            _ if float.is_infinite() && float > 0.0 => ".inf".to_owned(),
            _ if float.is_infinite() => "-.inf".to_owned(),
            _ if float.fract() == 0.0 => format!("{float}.0"),
            _ => float.to_string(),
        },
        _ => number.to_string(),
    }
}

/// A text, in quotes where it would be read as anything else without them.
fn text(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.chars().all(is_printable) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        escaped(text)
    }
}

fn is_plain(text: &str) -> bool {
    is_text_by_its_start(text)
        && text.chars().all(is_printable)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
}

/// Whether the first characters tell that it is no number, time, truth or sign.
fn is_text_by_its_start(text: &str) -> bool {
    match text.chars().next() {
        Some('_' | '/') => true,
        Some(first) if first.is_alphabetic() => !is_word(text),
        Some(first) if first.is_ascii_digit() => is_amount(text),
        _ => false,
    }
}

/// The words for truths and for nothing in YAML 1.1 and 1.2.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A number with a unit, such as `250m` or `1.5Gi`: a number in no version.
fn is_amount(text: &str) -> bool {
    let unit = text.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
    let digits = &text[..text.len() - unit.len()];
    let is_number = digits.matches('.').count() <= 1 && !digits.ends_with('.');
    is_number
        && matches!(
            unit,
            "m" | "k" | "M" | "G" | "T" | "P" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei"
        )
}

/// What stays as it is on one line: no control sign, no line break, no mark of
/// the byte order, and nothing that turns the direction of a line.
fn is_printable(it: char) -> bool {
    !it.is_control()
        && !matches!(
            it,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

fn escaped(text: &str) -> String {
    let mut out = String::from('"');
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            it if is_printable(it) => out.push(it),
            it if u32::from(it) > 0xffff => {
                let _ = write!(out, "\\U{:08X}", u32::from(it));
            }
            it => {
                let _ = write!(out, "\\u{:04X}", u32::from(it));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_yaml_1_1_reads_otherwise_stands_in_quotes() {
        for text in [
            "",
            "y",
            "N",
            "Yes",
            "nO",
            "on",
            "OFF",
            "True",
            "null",
            "Null",
            "~",
            "=",
            "<<",
            "1",
            "+1",
            "-1",
            "0x1F",
            "0b1",
            "0o17",
            "017",
            "1_000",
            "1.5",
            ".5",
            ".inf",
            ".NaN",
            "1e3",
            "1E3",
            "12e03",
            "1:30",
            "190:20:30",
            "2026-11-28",
            "2026-11-28T09:00:00Z",
            "- a",
            "a: b",
            "a:",
            "a #b",
            " a",
            "a ",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "[a",
            "{a",
            "#a",
            "|",
            ">",
            "?",
            "\"a",
            "1.2.3",
            "12:00",
            "1Eh2",
        ] {
            assert_eq!(super::text(text), format!("'{text}'"));
        }
        assert_eq!(super::text("'a"), "'''a'");
        assert_eq!(
            super::text("a\nb\u{1b}\"\u{202e}"),
            r#""a\nb\u001B\"\u202E""#
        );
    }

    #[test]
    fn names_and_amounts_stand_without_quotes() {
        for text in [
            "web",
            "nginx-1.2",
            "250m",
            "512Mi",
            "1.5Gi",
            "_x",
            "/dev",
            "a:b",
            "a#b",
            "no-op",
            "yes1",
            "it's",
            "größer",
            "apps/v1",
            "e3",
        ] {
            assert_eq!(super::text(text), text);
        }
    }

    #[test]
    fn a_document_is_what_it_was_made_from() {
        let value = json!({
            "no": [1, "1", 1.0, 1e21, -0.25, null, true, "true", [], {}, [["y"], [{"a": 1, "b": [2]}]]],
            "1:30": {"on": {"deep": [{"x": "- y", "z": {"w": "a\n b\t"}}]}},
            "k".repeat(2000): {"a": "b"},
            "last": "x: y # z",
        });
        let text = document(&value).expect("a document");
        let read: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
        assert_eq!(read, value, "{text}");
    }
}
