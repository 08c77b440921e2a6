//! An object, a patch, and the object after it, with who owns what then.

use serde_json::{Value, json};

use super::super::reply::{Reply, failure};
use super::fields::{Way, forget, has, leaves, listed, named, own, remove, set};

pub fn patched(
    before: &Value,
    content: &str,
    body: &[u8],
    manager: &str,
    force: bool,
) -> Result<Value, Reply> {
    let parsed = || serde_yaml::from_slice::<Value>(body);
    let body = parsed().map_err(|error| failure(400, "BadRequest", &error.to_string()))?;
    match content {
        "application/apply-patch+yaml" => apply(before, &body, manager, force),
        "application/json-patch+json" => {
            let mut after = before.clone();
            for operation in body.as_array().unwrap() {
                operate(&mut after, operation).map_err(|()| {
                    failure(
                        422,
                        "Invalid",
                        "the server rejected our request due to an error in our request",
                    )
                })?;
            }
            Ok(updated(before, after, manager))
        }
        "application/merge-patch+json" => {
            let mut after = before.clone();
            merge(&mut after, &body, false);
            Ok(updated(before, after, manager))
        }
        "application/strategic-merge-patch+json" => {
            let mut after = before.clone();
            merge(&mut after, &body, true);
            Ok(updated(before, after, manager))
        }
        other => Err(failure(415, "UnsupportedMediaType", other)),
    }
}

fn entries(object: &mut Value) -> &mut Vec<Value> {
    let entries = &mut object["metadata"]["managedFields"];
    if !entries.is_array() {
        *entries = json!([]);
    }
    entries.as_array_mut().unwrap()
}

fn is_of(entry: &Value, manager: &str, operation: &str) -> bool {
    entry["manager"] == manager && entry["operation"] == operation
}

fn apply(before: &Value, body: &Value, manager: &str, force: bool) -> Result<Value, Reply> {
    let version = &body["metadata"]["resourceVersion"];
    if !version.is_null() && *version != before["metadata"]["resourceVersion"] {
        let message = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(failure(409, "Conflict", message));
    }
    let (held, wanted) = (leaves(before), leaves(body));
    let mut after = before.clone();
    let differs = |way: &Way| held.get(way) != wanted.get(way);
    let mut causes = Vec::new();
    for way in wanted.keys().filter(|way| differs(way)) {
        for entry in entries(&mut after) {
            if is_of(entry, manager, "Apply") || !has(&entry["fieldsV1"], way) {
                continue;
            }
            let owner = entry["manager"].as_str().unwrap();
            let mut message = format!("conflict with \"{owner}\"");
            if entry["operation"] == "Update" {
                let time = entry["time"].as_str().unwrap_or_default();
                message = format!("{message} using apps/v1 at {time}");
            }
            causes.push(
                json!({"reason": "FieldManagerConflict", "message": message, "field": named(way)}),
            );
            if force {
                forget(&mut entry["fieldsV1"], way);
            }
        }
    }
    if !force && !causes.is_empty() {
        let message = format!("Apply failed with {} conflicts", causes.len());
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict",
            "code": 409, "message": message, "details": {"causes": causes},
        });
        return Err(Reply {
            status: 409,
            json: true,
            body: body.to_string().into_bytes(),
        });
    }
    let ours = entries(&mut after)
        .iter()
        .position(|it| is_of(it, manager, "Apply"));
    let dropped = ours.map_or_else(Vec::new, |at| listed(&entries(&mut after)[at]["fieldsV1"]));
    for way in dropped.iter().filter(|way| !wanted.contains_key(*way)) {
        let mut others = entries(&mut after).iter();
        let others = others.any(|it| !is_of(it, manager, "Apply") && has(&it["fieldsV1"], way));
        if !others {
            remove(&mut after, way);
        }
    }
    let mut fields = json!({});
    for (way, value) in &wanted {
        set(&mut after, way, value);
        own(&mut fields, way);
    }
    let entry = entry(manager, "Apply", &fields);
    match ours {
        // Nothing changes where the same is applied again.
        Some(at)
            if entries(&mut after)[at]["fieldsV1"] == entry["fieldsV1"]
                && after["spec"] == before["spec"] => {}
        Some(at) => entries(&mut after)[at] = entry,
        None => entries(&mut after).push(entry),
    }
    Ok(after)
}

fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
    json!({
        "manager": manager, "operation": operation, "apiVersion": "apps/v1",
        "time": "2026-11-29T10:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
    })
}

/// Whoever changes a field without an apply owns it from then on, alone.
fn updated(before: &Value, mut after: Value, manager: &str) -> Value {
    let (held, holds) = (leaves(before), leaves(&after));
    let gone: Vec<&Way> = held
        .keys()
        .filter(|way| !holds.contains_key(*way))
        .collect();
    let changed: Vec<&Way> = holds
        .keys()
        .filter(|way| held.get(*way) != holds.get(*way))
        .collect();
    if gone.is_empty() && changed.is_empty() {
        return after;
    }
    for entry in entries(&mut after) {
        for way in gone.iter().chain(&changed) {
            forget(&mut entry["fieldsV1"], way);
        }
    }
    entries(&mut after).retain(|it| it["fieldsV1"].as_object().is_none_or(|it| !it.is_empty()));
    let at = entries(&mut after)
        .iter()
        .position(|it| is_of(it, manager, "Update"));
    let at = at.unwrap_or_else(|| {
        entries(&mut after).push(entry(manager, "Update", &json!({})));
        entries(&mut after).len() - 1
    });
    for way in changed {
        own(&mut entries(&mut after)[at]["fieldsV1"], way);
    }
    entries(&mut after).retain(|it| it["fieldsV1"].as_object().is_none_or(|it| !it.is_empty()));
    after
}

/// One operation of RFC 6902.
fn operate(object: &mut Value, operation: &Value) -> Result<(), ()> {
    let path = operation["path"].as_str().ok_or(())?;
    let value = operation["value"].clone();
    if operation["op"] == "test" {
        return (object.pointer(path) == Some(&value))
            .then_some(())
            .ok_or(());
    }
    let (above, last) = path.rsplit_once('/').ok_or(())?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let parent = object.pointer_mut(above).ok_or(())?;
    match (operation["op"].as_str().ok_or(())?, parent) {
        ("add", Value::Object(map)) => drop(map.insert(last, value)),
        ("add", Value::Array(list)) if last == "-" => list.push(value),
        ("add", Value::Array(list)) => list.insert(last.parse().map_err(drop)?, value),
        ("replace", Value::Object(map)) => *map.get_mut(&last).ok_or(())? = value,
        ("replace", Value::Array(list)) => {
            *list
                .get_mut(last.parse::<usize>().map_err(drop)?)
                .ok_or(())? = value;
        }
        ("remove", Value::Object(map)) => drop(map.remove(&last).ok_or(())?),
        ("remove", Value::Array(list)) => {
            let at: usize = last.parse().map_err(drop)?;
            if at >= list.len() {
                return Err(());
            }
            list.remove(at);
        }
        _ => return Err(()),
    }
    Ok(())
}

/// A merge patch (RFC 7386); a strategic one merges lists of named things by their names.
fn merge(object: &mut Value, patch: &Value, by_name: bool) {
    let Value::Object(members) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (key, value) in members {
        let is_list = matches!(key.as_str(), "containers" | "initContainers" | "env");
        if value.is_null() {
            object.as_object_mut().unwrap().remove(key);
        } else if by_name && is_list && object[key].is_array() {
            for element in value.as_array().unwrap() {
                let list = object[key].as_array_mut().unwrap();
                match list.iter().position(|it| it["name"] == element["name"]) {
                    Some(at) => merge(&mut list[at], element, true),
                    None => list.push(element.clone()),
                }
            }
        } else {
            merge(&mut object[key], value, by_name);
        }
    }
}
