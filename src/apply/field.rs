//! One field of an object: found, set, compared and owned.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::units::Quantity;

/// The way from the root of an object to a field of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(pub Vec<Part>);

/// One part of a way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// A member of a mapping.
    Key(String),
    /// The element of a list that has this name.
    Named { name: String },
}

/// What a field holds and is to hold; `None` where it is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub path: Path,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Field {
    /// Whether it holds already what it is to hold.
    pub fn stands(&self) -> bool {
        same(self.before.as_ref(), self.after.as_ref())
    }

    /// The same, the other way round.
    #[must_use]
    pub fn turned(&self) -> Self {
        Self {
            path: self.path.clone(),
            before: self.after.clone(),
            after: self.before.clone(),
        }
    }
}

impl Path {
    /// Through members of mappings alone.
    pub fn keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(keys.into_iter().map(|key| Part::Key(key.into())).collect())
    }

    /// Further to a member.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Part::Key(key.to_owned()));
        self
    }

    /// Further to the element with this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        let name = name.to_owned();
        self.0.push(Part::Named { name });
        self
    }

    /// What an object holds there.
    pub fn get<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        let mut here = object;
        for part in &self.0 {
            here = match part {
                Part::Key(key) => here.get(key)?,
                Part::Named { name } => &here.as_array()?[place(here, name)?],
            };
        }
        (!here.is_null()).then_some(here)
    }

    /// Whether `fieldsV1` of a manager has it, or something that holds it as a whole.
    pub fn is_in(&self, fields: &Value) -> bool {
        let mut here = fields;
        for part in &self.0 {
            // Who owns a leaf owns whatever is in it.
            if here.as_object().is_none_or(Map::is_empty) {
                return here.is_object() && !std::ptr::eq(here, fields);
            }
            let found = match part {
                Part::Key(key) => here.get(format!("f:{key}")),
                Part::Named { name } => {
                    let key = json!({ "name": name }).to_string();
                    here.get(format!("k:{key}"))
                }
            };
            let Some(found) = found else {
                return false;
            };
            here = found;
        }
        true
    }
}

/// `spec.template.spec.containers[app].resources.requests.cpu`
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.0.iter().enumerate() {
            match part {
                Part::Key(key) if place == 0 => f.write_str(key)?,
                Part::Key(key) => write!(f, ".{key}")?,
                Part::Named { name } => write!(f, "[{name}]")?,
            }
        }
        Ok(())
    }
}

/// Where the element of this name stands in a list.
fn place(list: &Value, name: &str) -> Option<usize> {
    let mut list = list.as_array()?.iter();
    list.position(|it| it["name"] == name)
}

/// Whether both say the same: quantities by their amount, all else as it stands.
pub(super) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    let amount = |value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        text.parse::<Quantity>().ok().map(|it| it.to_f64())
    };
    match (a, b) {
        (Some(a), Some(b)) => {
            a == b
                || matches!((amount(a), amount(b)), (Some(a), Some(b)) if (a - b).abs() <= 1e-9 * a.abs())
        }
        (None, None) => true,
        _ => false,
    }
}

/// The fields as an object of their own, for whoever merges lists by name.
pub(super) fn built<'a>(fields: impl IntoIterator<Item = (&'a Path, Value)>) -> Value {
    let mut object = json!({});
    for (path, value) in fields {
        *spot(&mut object, &path.0) = value;
    }
    object
}

/// The spot of a field, with all that it lies in made.
fn spot<'a>(here: &'a mut Value, path: &[Part]) -> &'a mut Value {
    let Some((part, rest)) = path.split_first() else {
        return here;
    };
    match part {
        Part::Key(key) => {
            if !here.is_object() {
                *here = json!({});
            }
            spot(&mut here[key.as_str()], rest)
        }
        Part::Named { name } => {
            if !here.is_array() {
                *here = json!([]);
            }
            let at = place(here, name).unwrap_or_else(|| {
                let list = here.as_array_mut().into_iter();
                list.for_each(|list| list.push(json!({ "name": name })));
                here.as_array().map_or(0, |list| list.len() - 1)
            });
            spot(&mut here[at], rest)
        }
    }
}

/// Operations of a JSON patch (RFC 6902) that bring an object to what the fields say: each
/// place is tested first, so that nothing is overwritten that came in between.
///
/// What is emptied goes too, as a server leaves it out.
pub(super) fn operations<'a>(
    object: &Value,
    wanted: impl IntoIterator<Item = (&'a Path, Option<&'a Value>)>,
) -> Vec<Value> {
    let mut work = object.clone();
    let mut all = vec![json!({
        "op": "test", "path": "/metadata/resourceVersion",
        "value": object["metadata"]["resourceVersion"],
    })];
    for (path, value) in wanted {
        let (found, missing) = known(&work, &path.0);
        match value {
            Some(value) if missing.is_empty() => {
                if let Some(spot) = work.pointer_mut(&found) {
                    all.push(json!({"op": "test", "path": found, "value": spot.clone()}));
                    *spot = value.clone();
                }
                all.push(json!({"op": "replace", "path": found, "value": value}));
            }
            Some(value) => {
                let mut inner = json!(null);
                *spot(&mut inner, &missing[1..]) = value.clone();
                all.extend(added(&mut work, &found, &missing[0], inner));
            }
            None if missing.is_empty() => all.extend(removed(&mut work, &found)),
            None => {}
        }
    }
    all
}

/// The pointer to the deepest part of a way that is there, and the parts that are not.
fn known(object: &Value, path: &[Part]) -> (String, Vec<Part>) {
    let (mut pointer, mut here) = (String::new(), object);
    for (at, part) in path.iter().enumerate() {
        let next = match part {
            Part::Key(key) => {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                here.get(key).map(|it| (it, escaped))
            }
            Part::Named { name } => {
                place(here, name).map(|place| (&here[place], place.to_string()))
            }
        };
        let Some((next, token)) = next.filter(|(it, _)| !it.is_null()) else {
            return (pointer, path[at..].to_vec());
        };
        here = next;
        pointer = format!("{pointer}/{token}");
    }
    (pointer, Vec::new())
}

/// Adds a member of a mapping, or an element at the end of a list.
fn added(work: &mut Value, at: &str, part: &Part, mut value: Value) -> Option<Value> {
    match part {
        Part::Key(key) => {
            let escaped = key.replace('~', "~0").replace('/', "~1");
            let parent = work.pointer_mut(at)?.as_object_mut()?;
            parent.insert(key.clone(), value.clone());
            Some(json!({"op": "add", "path": format!("{at}/{escaped}"), "value": value}))
        }
        Part::Named { name } => {
            if let Some(element) = value.as_object_mut() {
                element.insert("name".to_owned(), name.as_str().into());
            }
            work.pointer_mut(at)?.as_array_mut()?.push(value.clone());
            Some(json!({"op": "add", "path": format!("{at}/-"), "value": value}))
        }
    }
}

/// Takes away what stands there, and what that empties.
fn removed(work: &mut Value, pointer: &str) -> Vec<Value> {
    let mut at = pointer.to_owned();
    // The name alone is left of an element: it is the element that goes.
    while let Some((above, last)) = at.rsplit_once('/') {
        let is_last = match work.pointer(above) {
            Some(Value::Object(map)) => {
                let rest = map.keys().filter(|key| *key != last && *key != "name");
                let is_element = above
                    .rsplit_once('/')
                    .is_some_and(|(_, it)| it.parse::<usize>().is_ok());
                rest.count() == 0 && (is_element || !map.contains_key("name"))
            }
            Some(Value::Array(list)) => list.len() == 1,
            _ => false,
        };
        // A server shows `resources` of a container even where there is nothing in it.
        if !is_last || above.ends_with("/resources") || above.is_empty() {
            break;
        }
        at = above.to_owned();
    }
    let Some(value) = work.pointer(&at).cloned() else {
        return Vec::new();
    };
    if let Some((above, last)) = at.rsplit_once('/') {
        match work.pointer_mut(above) {
            Some(Value::Object(map)) => drop(map.remove(last)),
            Some(Value::Array(list)) => {
                if let Some(place) = last.parse().ok().filter(|it: &usize| *it < list.len()) {
                    list.remove(place);
                }
            }
            _ => {}
        }
    }
    vec![
        json!({"op": "test", "path": at, "value": value}),
        json!({"op": "remove", "path": at}),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Value {
        json!({"metadata": {"resourceVersion": "7"}, "spec": {"containers": [
            {"name": "side", "resources": {}},
            {"name": "app", "env": [{"name": "A", "value": "1"}],
                "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}},
        ]}})
    }

    fn of(container: &str) -> Path {
        Path::keys(["spec", "containers"]).named(container)
    }

    fn cpu(container: &str, section: &str) -> Path {
        of(container).key("resources").key(section).key("cpu")
    }

    #[test]
    fn a_field_is_found_by_names() {
        let path = cpu("app", "requests");
        assert_eq!(path.get(&object()), Some(&json!("1")));
        assert_eq!(
            path.to_string(),
            "spec.containers[app].resources.requests.cpu"
        );
        assert_eq!(cpu("side", "requests").get(&object()), None);
        assert_eq!(cpu("gone", "requests").get(&object()), None);
        let text = serde_json::to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<Path>(&text).unwrap(), path);
    }

    #[test]
    fn quantities_are_the_same_by_their_amount() {
        let value = |text: &str| json!(text);
        assert!(same(Some(&value("1Gi")), Some(&value("1024Mi"))));
        assert!(same(Some(&json!(1)), Some(&value("1000m"))));
        assert!(!same(Some(&value("1")), None));
        assert!(!same(Some(&value("-Xmx1g")), Some(&value("-Xmx2g"))));
    }

    #[test]
    fn owners_are_those_of_a_field_or_of_what_holds_it() {
        let owns = |text: &str| cpu("app", "requests").is_in(&serde_json::from_str(text).unwrap());
        let name = r#"k:{\"name\":\"app\"}"#;
        let below =
            |inner: &str| format!(r#"{{"f:spec": {{"f:containers": {{"{name}": {{{inner}}}}}}}}}"#);
        assert!(owns(&below(
            r#""f:resources": {"f:requests": {"f:cpu": {}}}"#
        )));
        assert!(owns(&below(r#""f:resources": {}"#)));
        assert!(!owns(&below(
            r#""f:resources": {".": {}, "f:requests": {"f:memory": {}}}"#
        )));
        assert!(!owns("{}"));
    }

    #[test]
    fn a_patch_makes_what_is_missing_and_takes_what_it_empties() {
        let value = json!("250m");
        let (limit, request, env) = (
            cpu("app", "limits"),
            cpu("side", "requests"),
            of("app").key("env").named("A").key("value"),
        );
        let wanted = [(&limit, None), (&request, Some(&value)), (&env, None)];
        let operations = operations(&object(), wanted);
        let changes: Vec<String> = operations
            .iter()
            .filter(|it| it["op"] != "test")
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            changes,
            [
                r#"{"op":"remove","path":"/spec/containers/1/resources/limits"}"#,
                r#"{"op":"add","path":"/spec/containers/0/resources/requests","value":{"cpu":"250m"}}"#,
                r#"{"op":"remove","path":"/spec/containers/1/env"}"#,
            ]
        );
    }

    #[test]
    fn fields_build_an_object() {
        let (a, b) = (cpu("app", "requests"), cpu("app", "limits"));
        let object = built([(&a, json!("1")), (&b, json!("2"))]);
        assert_eq!(
            object,
            json!({"spec": {"containers": [
                {"name": "app", "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}}
            ]}})
        );
    }
}
