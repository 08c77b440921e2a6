//! Where in a JSON text a parser stopped, as the path of a field.

use std::fmt::Write as _;

/// What is open around a place.
enum Open {
    /// An object, and its key at hand.
    Object(Option<String>),
    /// A list, and the place of its item at hand.
    List(usize),
}

/// The field at a line and a column as serde_json counts them: lines from 1, bytes of the
/// line that were read. Empty for the document as a whole, and where nothing is open there.
pub(super) fn of(text: &[u8], line: usize, column: usize) -> String {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .by_ref()
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let stop = before.saturating_add(column).min(text.len());
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let end = at + token(&text[at..]);
        match byte {
            b'{' => open.push(Open::Object(None)),
            b'[' => open.push(Open::List(0)),
            b'}' | b']' => drop(open.pop()),
            b',' => match open.last_mut() {
                Some(Open::Object(key)) => *key = None,
                Some(Open::List(place)) => *place += 1,
                None => {}
            },
            b'"' => {
                if let Some(Open::Object(key @ None)) = open.last_mut() {
                    *key = serde_json::from_slice(&text[at..end]).ok();
                }
            }
            _ => {}
        }
        // An object or a list is read as a whole, or refused as soon as it begins.
        if end >= stop {
            if matches!(byte, b'{' | b'[') {
                open.pop();
            }
            break;
        }
        at = end;
    }
    path(&open)
}

/// Bytes of the token that a text begins with, at least one.
fn token(text: &[u8]) -> usize {
    let is_plain = |byte: &u8| !b"{}[],:\" \t\r\n".contains(byte);
    match text {
        [b'"', rest @ ..] => {
            let mut escaped = false;
            let end = rest.iter().position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            end.map_or(text.len(), |end| end + 2)
        }
        _ => text.iter().take_while(|byte| is_plain(byte)).count().max(1),
    }
}

/// `spec.containers[0].image`.
fn path(open: &[Open]) -> String {
    let mut path = String::new();
    for it in open {
        match it {
            Open::Object(Some(key)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Open::Object(None) => {}
            Open::List(place) => {
                let _ = write!(path, "[{place}]");
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_text_that_breaks_off_names_the_field_that_it_breaks_off_in() {
        let at = |text: &str| {
            let error = serde_json::from_str::<Value>(text).unwrap_err();
            of(text.as_bytes(), error.line(), error.column())
        };
        assert_eq!(at(r#"{"a": {"b": [1, {"c": "x"#), "a.b[1].c");
        assert_eq!(at("{\"a\": 1,\n \"b\": [true, nope]}"), "b[1]");
        assert_eq!(at(r#"{"a \" [": [{"b": 1}, x]}"#), "a \" [[1]");
        assert_eq!(at("x"), "");
        assert_eq!(at(""), "");
    }

    #[test]
    fn a_value_of_another_type_is_named_by_its_own_field() {
        let text = br#"{"a": [{"b": 1}, {"b": {"c": 2}}], "d": 3}"#;
        let after = |part: &str| {
            let text = std::str::from_utf8(text).unwrap();
            of(text.as_bytes(), 1, text.find(part).unwrap() + part.len())
        };
        assert_eq!(after("[{\"b\": 1"), "a[0].b");
        assert_eq!(after("{\"b\": 1}"), "a[0]");
        assert_eq!(after("{\"b\": {"), "a[1].b");
        assert_eq!(after("{\"c\": 2}}]"), "a");
        assert_eq!(after("\"d\": 3"), "d");
    }
}
