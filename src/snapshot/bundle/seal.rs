//! The hash that a manifest has of itself.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::write::hex;

/// Where it stands.
const KEY: &str = "manifest_sha256";
/// Is held against the files themselves.
const FILES: &str = "files";

/// Whether a manifest says what it said when it was sealed; those of older
/// versions of kcost are not.
pub(super) fn holds(manifest: &Map<String, Value>) -> bool {
    manifest
        .get(KEY)
        .is_none_or(|held| held.as_str() == Some(&hash(manifest)))
}

/// Of all that a manifest says, its list of files and its own hash aside.
pub(super) fn hash(manifest: &Map<String, Value>) -> String {
    let mut text = String::new();
    let said = manifest
        .iter()
        .filter(|(key, _)| *key != KEY && *key != FILES);
    object(said, &mut text);
    hex(&Sha256::digest(text.as_bytes()))
}

/// The same text for the same content: keys sorted, nothing between them.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => object(fields.iter(), text),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn object<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>, text: &mut String) {
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by_key(|(key, _)| *key);
    text.push('{');
    for (key, value) in fields {
        canonical(&Value::from(key.as_str()), text);
        text.push(':');
        canonical(value, text);
        text.push(',');
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sealed(value: Value) -> Map<String, Value> {
        let Value::Object(mut fields) = value else {
            return Map::new();
        };
        fields.insert(KEY.to_owned(), hash(&fields).into());
        fields
    }

    #[test]
    fn a_seal_holds_until_anything_but_the_files_is_changed() {
        let mut manifest = sealed(json!({"b": [1, {"y": null, "x": "ä"}], "a": 2, "files": [1]}));
        assert!(holds(&manifest));
        manifest.insert(FILES.to_owned(), json!([2]));
        assert!(holds(&manifest));
        for (key, value) in [("a", json!(3)), ("c", json!(1)), ("b", json!([]))] {
            let mut changed = manifest.clone();
            changed.insert(key.to_owned(), value);
            assert!(!holds(&changed), "{key}");
        }
        manifest.remove(KEY);
        assert!(holds(&manifest), "older ones have none");
    }

    #[test]
    fn the_order_of_keys_says_nothing() {
        let one = sealed(json!({"a": 1, "b": {"c": 2, "d": 3}}));
        let other = sealed(serde_json::from_str(r#"{"b": {"d": 3, "c": 2}, "a": 1}"#).unwrap());
        assert_eq!(one[KEY], other[KEY]);
    }
}
