//! Fields of objects, and sets of them as `managedFields` write them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The way to a field: `f:spec`, `k:{"name":"app"}`.
pub type Way = Vec<String>;

/// Lists whose elements have names; all others are one field.
const NAMED: [&str; 3] = ["f:containers", "f:initContainers", "f:env"];

/// Every field of an object that somebody can own, with what it holds.
pub fn leaves(object: &Value) -> BTreeMap<Way, Value> {
    let mut found = BTreeMap::new();
    for (key, value) in object.as_object().into_iter().flatten() {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            walk(value, vec![format!("f:{key}")], &mut found);
        }
    }
    found
}

fn walk(value: &Value, way: Way, found: &mut BTreeMap<Way, Value>) {
    let further = |part: String| {
        let mut way = way.clone();
        way.push(part);
        way
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let in_list = way.last().is_some_and(|it| it.starts_with("k:"));
            for (key, value) in map {
                if !(in_list && key == "name") {
                    walk(value, further(format!("f:{key}")), found);
                }
            }
        }
        Value::Array(list) if way.last().is_some_and(|it| NAMED.contains(&it.as_str())) => {
            for element in list {
                let name = json!({"name": element["name"]});
                walk(element, further(format!("k:{name}")), found);
            }
        }
        _ => drop(found.insert(way, value.clone())),
    }
}

fn place(list: &Value, token: &str) -> Option<usize> {
    let key: Value = serde_json::from_str(token.strip_prefix("k:")?).unwrap();
    list.as_array()?
        .iter()
        .position(|it| it["name"] == key["name"])
}

/// Sets a field, with all that it lies in.
pub fn set(object: &mut Value, way: &[String], value: &Value) {
    let Some((token, rest)) = way.split_first() else {
        *object = value.clone();
        return;
    };
    if let Some(key) = token.strip_prefix("f:") {
        if !object.is_object() {
            *object = json!({});
        }
        return set(&mut object[key], rest, value);
    }
    if !object.is_array() {
        *object = json!([]);
    }
    let at = place(object, token).unwrap_or_else(|| {
        let key: Value = serde_json::from_str(token.strip_prefix("k:").unwrap()).unwrap();
        let list = object.as_array_mut().unwrap();
        list.push(key);
        list.len() - 1
    });
    set(&mut object[at], rest, value);
}

/// Takes a field away, and what that empties.
pub fn remove(object: &mut Value, way: &[String]) {
    let Some((token, rest)) = way.split_first() else {
        return;
    };
    if let Some(key) = token.strip_prefix("f:") {
        let Some(map) = object.as_object_mut() else {
            return;
        };
        if let Some(inner) = map.get_mut(key) {
            remove(inner, rest);
            let empty = matches!(inner, Value::Object(it) if it.is_empty())
                || matches!(inner, Value::Array(it) if it.is_empty());
            if rest.is_empty() || (empty && key != "resources") {
                map.remove(key);
            }
        }
    } else if let Some(at) = place(object, token) {
        remove(&mut object[at], rest);
        if object[at].as_object().is_some_and(|it| it.len() == 1) {
            object.as_array_mut().unwrap().remove(at);
        }
    }
}

/// Whether a set has a field.
pub fn has(set: &Value, way: &[String]) -> bool {
    let mut here = set;
    for token in way {
        let Some(next) = here.get(token) else {
            return false;
        };
        here = next;
    }
    true
}

/// Takes a field out of a set.
pub fn forget(set: &mut Value, way: &[String]) {
    let Some((token, rest)) = way.split_first() else {
        return;
    };
    let Some(map) = set.as_object_mut() else {
        return;
    };
    if let Some(inner) = map.get_mut(token) {
        forget(inner, rest);
        if rest.is_empty() || inner.as_object().is_some_and(Map::is_empty) {
            map.remove(token);
        }
    }
}

/// Puts a field into a set.
pub fn own(set: &mut Value, way: &[String]) {
    let mut here = set;
    for token in way {
        if here.get(token).is_none() {
            here[token.as_str()] = json!({});
        }
        here = &mut here[token.as_str()];
    }
}

/// All fields of a set.
pub fn listed(set: &Value) -> Vec<Way> {
    fn walk(set: &Value, way: &Way, found: &mut Vec<Way>) {
        let members = set.as_object().into_iter().flatten();
        let members: Vec<_> = members.filter(|(key, _)| *key != ".").collect();
        if members.is_empty() && !way.is_empty() {
            found.push(way.clone());
        }
        for (token, inner) in members {
            let mut way = way.clone();
            way.push(token.clone());
            walk(inner, &way, found);
        }
    }
    let mut found = Vec::new();
    walk(set, &Vec::new(), &mut found);
    found
}

/// `.spec.containers[name="app"].resources`, as the real server names it.
pub fn named(way: &[String]) -> String {
    let parts = way.iter().map(|token| match token.strip_prefix("k:") {
        Some(key) => {
            let key: Value = serde_json::from_str(key).unwrap();
            format!("[name={}]", key["name"])
        }
        None => format!(".{}", &token[2..]),
    });
    parts.collect()
}
