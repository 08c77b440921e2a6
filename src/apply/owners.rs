//! Who owns which field of an object, as its `managedFields` tell.

use serde_json::Value;

use super::field::{Part, Path};

/// What kcost calls itself as an owner of fields.
pub(super) const MANAGER: &str = "kcost";

/// Managers besides kcost that own a field, each once; none where nothing tells.
pub(super) fn others(object: &Value, path: &Path) -> Vec<String> {
    let mut names: Vec<String> = entries(object)
        .filter(|entry| entry["manager"] != MANAGER && path.is_in(&entry["fieldsV1"]))
        .filter_map(|entry| Some(entry["manager"].as_str()?.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Who wrote a field last among those that own it, and when, in words.
pub(super) fn writer(object: &Value, path: &Path) -> Option<String> {
    let mut owners: Vec<&Value> = entries(object)
        .filter(|entry| path.is_in(&entry["fieldsV1"]))
        .collect();
    owners.sort_by_key(|entry| entry["time"].as_str().unwrap_or_default().to_owned());
    let last = owners.pop()?;
    let name = last["manager"].as_str()?;
    Some(match last["time"].as_str() {
        Some(time) => format!("{name} at {time}"),
        None => name.to_owned(),
    })
}

/// Whether kcost owns a field by another verb than an apply, which counts as somebody else.
pub(super) fn is_updated_by_us(object: &Value, path: &Path) -> bool {
    let mut ours = entries(object).filter(|entry| entry["manager"] == MANAGER);
    ours.any(|entry| entry["operation"] != "Apply" && path.is_in(&entry["fieldsV1"]))
}

/// What kcost has applied before, with what it holds now: an apply that leaves such a field
/// out takes it away.
pub(super) fn applied(object: &Value) -> Vec<(Path, Value)> {
    let ours = entries(object)
        .filter(|entry| entry["manager"] == MANAGER && entry["operation"] == "Apply");
    let mut paths = Vec::new();
    for entry in ours {
        leaves(&entry["fieldsV1"], &Path(Vec::new()), &mut paths);
    }
    let held = paths.into_iter().filter_map(|path| {
        let value = path.get(object)?.clone();
        Some((path, value))
    });
    held.collect()
}

/// Entries of objects themselves, not of their status or scale.
fn entries(object: &Value) -> impl Iterator<Item = &Value> {
    let entries = object["metadata"]["managedFields"].as_array();
    let entries = entries.map_or(&[][..], Vec::as_slice).iter();
    entries.filter(|entry| entry["subresource"].as_str().unwrap_or_default().is_empty())
}

fn leaves(fields: &Value, here: &Path, found: &mut Vec<Path>) {
    let Some(members) = fields.as_object().filter(|it| !it.is_empty()) else {
        if !here.0.is_empty() {
            found.push(here.clone());
        }
        return;
    };
    for (key, inner) in members {
        if let Some(name) = key.strip_prefix("f:") {
            // The name of an element is what it is found by.
            let is_name = matches!(here.0.last(), Some(Part::Named { .. })) && name == "name";
            if !is_name {
                leaves(inner, &here.clone().key(name), found);
            }
        } else if let Some(name) = key.strip_prefix("k:") {
            let name = serde_json::from_str::<Value>(name).ok();
            if let Some(name) = name.as_ref().and_then(|it| it["name"].as_str()) {
                leaves(inner, &here.clone().named(name), found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `fieldsV1` of a manager that owns these.
    fn fields<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Value {
        let mut root = json!({});
        for path in paths {
            let mut here = &mut root;
            for part in &path.0 {
                let key = match part {
                    Part::Key(key) => format!("f:{key}"),
                    Part::Named { name } => format!("k:{}", json!({ "name": name })),
                };
                here = &mut here[key.as_str()];
                if here.is_null() {
                    *here = json!({});
                }
            }
        }
        root
    }

    fn path() -> Path {
        Path::keys(["spec", "containers"])
            .named("app")
            .key("resources")
            .key("requests")
            .key("cpu")
    }

    fn object() -> Value {
        let fields = fields([&path()]);
        json!({
            "metadata": {"managedFields": [
                {"manager": "helm", "operation": "Update", "time": "2026-08-01T10:00:00Z", "fieldsV1": fields},
                {"manager": "kcost", "operation": "Apply", "time": "2026-09-01T10:00:00Z", "fieldsV1": fields},
                {"manager": "hpa", "operation": "Update", "subresource": "scale", "fieldsV1": fields},
            ]},
            "spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "1"}}}]},
        })
    }

    #[test]
    fn owners_of_a_field_are_told() {
        let object = object();
        assert_eq!(others(&object, &path()), ["helm"]);
        let last = writer(&object, &path());
        assert_eq!(last.as_deref(), Some("kcost at 2026-09-01T10:00:00Z"));
        assert!(!is_updated_by_us(&object, &path()));
        assert_eq!(applied(&object), [(path(), json!("1"))]);
        assert!(others(&json!({}), &path()).is_empty());
    }
}
