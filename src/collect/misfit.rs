//! What does not fit in a document, told by its field and never by its value: what
//! people write into a wrong place may be a password, and parsers quote what they got.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde_json::Value;

mod place;

/// Longer paths are cut.
const LONGEST: usize = 160;

/// Reads JSON.
pub(super) fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| {
        let field = place::of(text, error.line(), error.column());
        let problem = problem(&error);
        if field.is_empty() {
            problem
        } else {
            format!("`{}`: {problem}", cut(&field))
        }
    })
}

/// Reads what is JSON already, by way of its text, as all else is read.
pub(super) fn value<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    let text = serde_json::to_vec(value).map_err(|error| problem(&error))?;
    json(&text)
}

/// What a parser says without the value that it says it of.
pub(super) fn problem(error: &impl Display) -> String {
    let text = error.to_string();
    let end = text.find('\n').unwrap_or(text.len());
    let text = &text[..text[..end].rfind(" at line ").unwrap_or(end)];
    // `users[0].user: invalid type: …`
    let (field, said) = match text.split_once(": ") {
        Some((field, said)) if is_path(field) => (Some(field), said),
        _ => (None, text),
    };
    let said = match KINDS.iter().find(|kind| said.starts_with(**kind)) {
        Some(kind) => without_value(kind, said),
        None if KNOWN.iter().any(|known| said.starts_with(known)) => said
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned(),
        None => "it is not what it should be".to_owned(),
    };
    match field {
        Some(field) => format!("`{}`: {said}", cut(field)),
        None => said,
    }
}

/// What serde says with a value behind it, up to what it expected.
const KINDS: [&str; 5] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "unknown variant",
    "unknown field",
];

/// Beginnings of what serde and parsers of JSON say in words of their own alone.
const KNOWN: [&str; 23] = [
    "a list of more than",
    "missing field",
    "duplicate field",
    "EOF while parsing",
    "expected `",
    "expected value",
    "expected ident",
    "invalid escape",
    "invalid number",
    "number out of range",
    "invalid unicode code point",
    "control character",
    "key must be a string",
    "lone leading surrogate",
    "trailing comma",
    "trailing characters",
    "unexpected end of hex escape",
    "recursion limit exceeded",
    "did not find expected",
    "mapping values are not allowed",
    "found character that cannot start any token",
    "found unexpected",
    "could not find expected",
];

/// `invalid type: string "…", expected a map` without what the string is.
fn without_value(kind: &str, said: &str) -> String {
    let got = said[kind.len()..].trim_start_matches(": ");
    // Of a type in words: what follows is the value.
    let got = got.split(['`', '"', ',']).next().unwrap_or_default().trim();
    let got = if got.is_empty() || got.contains(char::is_numeric) {
        kind.to_owned()
    } else {
        format!("{kind}: {got}")
    };
    match said.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{got}, expected {expected}"),
        None => got,
    }
}

/// Names of fields and places in lists: `users[0].user`.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.[]".contains(c);
    !text.is_empty() && !text.starts_with("invalid") && text.chars().all(plain)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only whether it can be read matters")]
        list: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only whether it can be read matters")]
        name: String,
        #[expect(dead_code, reason = "only whether it can be read matters")]
        port: Option<u16>,
    }

    #[test]
    fn the_field_is_named_and_the_value_is_not() {
        let said = |text: &str| json::<Outer>(text.as_bytes()).unwrap_err();
        insta::assert_snapshot!(
            [
                r#"{"list": ["hush, expected x"]}"#,
                r#"{"list": [{"name": "a"}, {"name": ["hush"]}]}"#,
                r#"{"list": [{"name": 4711}]}"#,
                r#"{"list": [{"name": "a", "port": 4711471147}]}"#,
                r#"{"list": [{"name": "a", "port": "hush"}]}"#,
                r#"{"list": [{"port": 1}]}"#,
                r#"{"list": "hush"}"#,
                r#"{"list": [{"name": "hush}]}"#,
                r#""hush""#,
                "hush",
            ]
            .map(said)
            .join("\n"),
            @r"
        `list[0]`: invalid type: string, expected struct Inner
        `list[1].name`: invalid type: sequence, expected a string
        `list[0].name`: invalid type: integer, expected a string
        `list[0].port`: invalid value: integer, expected u16
        `list[0].port`: invalid type: string, expected u16
        `list[0]`: missing field `name`
        `list`: invalid type: string, expected a sequence
        `list[0].name`: EOF while parsing a string
        invalid type: string, expected struct Outer
        expected value
        "
        );
    }

    #[test]
    fn what_is_not_known_to_be_without_a_value_is_not_repeated() {
        assert_eq!(problem(&"hush is no time"), "it is not what it should be");
        assert_eq!(
            problem(&"a.b[0]: unknown variant `hush`, expected `x` or `y` at line 1 column 2"),
            "`a.b[0]`: unknown variant, expected `x` or `y`"
        );
        assert_eq!(
            problem(&"invalid value: character `h`, expected a flag\n 1 | hush"),
            "invalid value: character, expected a flag"
        );
    }
}
