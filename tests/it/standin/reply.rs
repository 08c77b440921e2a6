//! What a healthy server answers, and how it refuses.

use hyper::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};

use super::fault::Fault;
use super::recorded;
use super::serve::State;
use super::store::{Item, Store, Table};

/// A path of the API, taken apart.
struct Route<'a> {
    api_version: String,
    namespace: Option<&'a str>,
    plural: &'a str,
    name: Option<&'a str>,
}

/// An answer before it is cut, slowed or compressed.
pub struct Reply {
    pub status: u16,
    pub json: bool,
    pub body: Vec<u8>,
}

pub fn failure(code: u16, reason: &str, message: &str) -> Reply {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    json_reply(code, status.to_string().into_bytes())
}

fn json_reply(status: u16, body: Vec<u8>) -> Reply {
    Reply {
        status,
        json: true,
        body,
    }
}

fn not_served() -> Reply {
    Reply {
        status: 404,
        json: false,
        body: recorded("error-404-group"),
    }
}

pub fn reply(
    headers: &HeaderMap,
    path: &str,
    query: &str,
    fault: Option<Fault>,
    state: &State,
) -> Reply {
    let sent = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let wrong = state
        .token
        .as_ref()
        .is_some_and(|token| sent != Some(format!("Bearer {token}").as_str()));
    if wrong || fault == Some(Fault::Unauthorized) {
        return json_reply(401, recorded("error-401"));
    }
    match fault {
        Some(Fault::Status(code)) => return json_reply(code, Vec::new()),
        Some(Fault::Says(code, message)) => return failure(code, "", message),
        Some(Fault::Garbage) => {
            return json_reply(200, b"<html><title>Sign in</title></html>".to_vec());
        }
        Some(Fault::Expired { .. }) => {
            let message =
                "The provided continue parameter is too old to display a consistent list result.";
            return failure(410, "Expired", message);
        }
        _ => {}
    }
    let mut writing = state.writing.lock().unwrap();
    let mut store = state.store.lock().unwrap();
    if let Some(Route {
        api_version,
        plural,
        name: Some(name),
        ..
    }) = Route::parse(path)
    {
        writing.looked(&mut store, (&api_version, plural), name);
    }
    match path {
        "/version" => return json_reply(200, recorded("version")),
        "/api" => return json_reply(200, br#"{"kind":"APIVersions","versions":["v1"]}"#.to_vec()),
        "/apis" => return json_reply(200, groups(&store)),
        _ => {}
    }
    let Some(route) = Route::parse(path) else {
        return resources(path, &store);
    };
    let Some(table) = store.table(&route.api_version, route.plural) else {
        return not_served();
    };
    if fault == Some(Fault::Forbidden) || forbidden(state, &route) {
        return denied(&route);
    }
    let mut reply = match route.name {
        Some(name) => single(table, &route, name),
        None => list(table, &route, query, fault),
    };
    if state.ticking && route.group() == "metrics.k8s.io" {
        reply.body = measured_now(&reply.body);
    }
    if fault == Some(Fault::Truncated) {
        reply.body.truncate(reply.body.len() / 2);
    }
    reply
}

impl<'a> Route<'a> {
    /// `None` for paths of discovery.
    fn parse(path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (api_version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ((*version).to_owned(), rest),
            ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
            _ => return None,
        };
        let (namespace, plural, name) = match rest {
            ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
            ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
            [plural] => (None, *plural, None),
            [plural, name] => (None, *plural, Some(*name)),
            _ => return None,
        };
        Some(Self {
            api_version,
            namespace,
            plural,
            name,
        })
    }

    fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }
}

fn forbidden(state: &State, route: &Route<'_>) -> bool {
    state.only.as_ref().is_some_and(|only| {
        route
            .namespace
            .is_none_or(|namespace| !only.iter().any(|allowed| allowed == namespace))
    })
}

/// As the real authorizer words it.
fn denied(route: &Route<'_>) -> Reply {
    let place = match route.namespace {
        Some(namespace) => format!("in the namespace \"{namespace}\""),
        None => "at the cluster scope".to_owned(),
    };
    let verb = if route.name.is_some() { "get" } else { "list" };
    let (plural, group) = (route.plural, route.group());
    let qualified = if group.is_empty() {
        plural.to_owned()
    } else {
        format!("{plural}.{group}")
    };
    let message = format!(
        "{qualified} is forbidden: User \"viewer\" cannot {verb} resource \"{plural}\" in API group \"{group}\" {place}"
    );
    failure(403, "Forbidden", &message)
}

fn single(table: &Table, route: &Route<'_>, name: &str) -> Reply {
    let here =
        |item: &&Item| item.name == name && route.namespace.is_none_or(|n| n == item.namespace);
    match table.items.iter().find(here) {
        Some(item) => json_reply(200, table.whole(item).to_string().into_bytes()),
        None => failure(
            404,
            "NotFound",
            &format!("{} \"{name}\" not found", route.plural),
        ),
    }
}

fn list(table: &Table, route: &Route<'_>, query: &str, fault: Option<Fault>) -> Reply {
    let mut limit = usize::MAX;
    let mut from = 0;
    let mut selector = String::new();
    let mut name = String::new();
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            "limit" => limit = value.parse::<usize>().unwrap_or(0).max(1),
            "continue" => match value.strip_prefix("from-").and_then(|n| n.parse().ok()) {
                Some(start) => from = start,
                None => return json_reply(400, recorded("pods-bad-continue-400")),
            },
            "labelSelector" => selector = decode(value),
            "fieldSelector" => name = decode(value),
            _ => {}
        }
    }
    // The metrics server knows no pages.
    if table.api_version.starts_with("metrics.k8s.io/") {
        limit = usize::MAX;
    }
    let here = |item: &&Item| route.namespace.is_none_or(|n| n == item.namespace);
    let matching: Vec<&Item> = table
        .items
        .iter()
        .filter(here)
        .filter(|item| item.matches(&selector))
        .filter(|item| match name.strip_prefix("metadata.name=") {
            Some(name) => item.name == name,
            None => true,
        })
        .collect();
    let page: Vec<&str> = matching
        .iter()
        .skip(from)
        .take(limit)
        .map(|item| item.json.as_str())
        .collect();
    let end = from + page.len();
    let mut meta = r#""resourceVersion":"53178""#.to_owned();
    if fault == Some(Fault::Endless) {
        meta += r#","continue":"from-0""#;
    } else if end < matching.len() {
        let left = matching.len() - end;
        let next = format!(r#","continue":"from-{end}","remainingItemCount":{left}"#);
        meta.push_str(&next);
    }
    let items = if fault == Some(Fault::OddObjects) {
        odd(&page)
    } else {
        page.join(",")
    };
    let (kind, version) = (&table.kind, &table.api_version);
    let body = format!(
        r#"{{"kind":"{kind}List","apiVersion":"{version}","metadata":{{{meta}}},"items":[{items}]}}"#
    );
    json_reply(200, body.into_bytes())
}

/// Usage of the second before now: of a tenth of a core to a whole one, by the clock.
fn measured_now(body: &[u8]) -> Vec<u8> {
    let mut list: Value = serde_json::from_slice(body).unwrap();
    let now = jiff::Timestamp::now().as_second();
    let time = jiff::Timestamp::from_second(now).unwrap();
    for item in list["items"].as_array_mut().unwrap() {
        item["timestamp"] = json!(time.to_string());
        item["window"] = json!("1s");
        for container in item["containers"].as_array_mut().unwrap() {
            container["usage"]["cpu"] = json!(format!("{}m", 100 + now % 10 * 100));
        }
    }
    list.to_string().into_bytes()
}

/// Every second object with a `metadata` that no object has.
fn odd(page: &[&str]) -> String {
    let spoil = |(index, json): (usize, &&str)| {
        if index % 2 == 0 {
            (*json).to_owned()
        } else {
            json.replacen(r#""metadata":{"#, r#""metadata":{"labels":7,"was":"#, 0)
                .replacen(r#""name":""#, r#""name":7,"was":""#, 1)
        }
    };
    page.iter()
        .enumerate()
        .map(spoil)
        .collect::<Vec<_>>()
        .join(",")
}

/// Undoes percent-encoding.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = text
            .get(at + 1..at + 3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap()
}

/// `/apis`: the groups of all tables.
fn groups(store: &Store) -> Vec<u8> {
    let mut versions: Vec<&str> = store
        .tables()
        .map(|table| table.api_version.as_str())
        .collect();
    versions.dedup();
    let groups: Vec<_> = versions
        .iter()
        .filter_map(|api_version| {
            api_version
                .split_once('/')
                .map(|split| (api_version, split))
        })
        .map(|(api_version, (group, version))| {
            let version = json!({"groupVersion": api_version, "version": version});
            json!({"name": group, "versions": [version], "preferredVersion": version})
        })
        .collect();
    let list = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups});
    list.to_string().into_bytes()
}

/// `/api/v1`, `/apis/apps/v1`: the kinds of one version.
fn resources(path: &str, store: &Store) -> Reply {
    let Some(("api" | "apis", api_version)) = path.trim_matches('/').split_once('/') else {
        return not_served();
    };
    let mut resources: Vec<_> = store
        .tables()
        .filter(|table| table.api_version == api_version)
        .map(|table| {
            json!({
                "name": table.plural, "singularName": table.kind.to_lowercase(),
                "namespaced": table.namespaced, "kind": table.kind, "verbs": ["get", "list"],
            })
        })
        .collect();
    if resources.is_empty() {
        return not_served();
    }
    if api_version == "v1" {
        resources.push(json!({"name": "pods/resize", "namespaced": true, "kind": "Pod", "verbs": ["get", "patch", "update"]}));
    }
    let list = json!({
        "kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": api_version, "resources": resources,
    });
    json_reply(200, list.to_string().into_bytes())
}
