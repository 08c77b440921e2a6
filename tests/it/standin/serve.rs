//! Requests in, answers out.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::Arc;

use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER,
    USER_AGENT,
};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::fault::Fault;
use super::store::{Item, Store, Table};
use super::{Asked, Shared, recorded};

type Answer = Response<BoxBody<Bytes, io::Error>>;

pub struct State {
    store: Store,
    token: Option<String>,
    only: Option<Vec<String>>,
    faults: Vec<(String, Fault)>,
    struck: Shared<HashMap<usize, usize>>,
    /// Compressed bodies, so that measuring a client does not measure this server.
    compressed: Shared<HashMap<String, Bytes>>,
    pub asked: Shared<Vec<Asked>>,
}

/// A path of the API, taken apart.
struct Route<'a> {
    api_version: String,
    namespace: Option<&'a str>,
    plural: &'a str,
    name: Option<&'a str>,
}

/// An answer before it is cut, slowed or compressed.
struct Reply {
    status: u16,
    json: bool,
    body: Vec<u8>,
}

impl State {
    pub fn new(
        store: Store,
        token: Option<String>,
        only: Option<Vec<String>>,
        faults: Vec<(String, Fault)>,
    ) -> Self {
        Self {
            store,
            token,
            only,
            faults,
            struck: Shared::default(),
            compressed: Shared::default(),
            asked: Shared::default(),
        }
    }

    /// The fault that strikes this path now, and counts it.
    fn fault(&self, path: &str, query: &str) -> Option<Fault> {
        let mut struck = self.struck.lock().unwrap();
        for (index, (pattern, fault)) in self.faults.iter().enumerate() {
            let hit = match pattern.strip_suffix('*') {
                Some(start) => path.starts_with(start),
                None => path == pattern,
            };
            let later_page = matches!(fault, Fault::Expired { .. }) && !query.contains("continue=");
            let count = struck.entry(index).or_default();
            if hit && !later_page && fault.times().is_none_or(|times| *count < times) {
                *count += 1;
                return Some(*fault);
            }
        }
        None
    }
}

pub async fn run(
    listener: std::net::TcpListener,
    acceptor: Option<TlsAcceptor>,
    state: Arc<State>,
    mut stopped: tokio::sync::oneshot::Receiver<()>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let state = Arc::clone(&state);
        match acceptor.clone() {
            Some(acceptor) => tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    connection(stream, state).await;
                }
            }),
            None => tokio::spawn(connection(stream, state)),
        };
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    state: Arc<State>,
) {
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    // A fault that ends the connection ends here, and the client is what is tested.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Answer, io::Error> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asked = note(request.headers(), &path, &query);
    let gzip = asked.gzip;
    state.asked.lock().unwrap().push(asked);
    let fault = state.fault(&path, &query);
    match fault {
        Some(Fault::Dropped { .. }) => return Err(io::Error::other("dropped on purpose")),
        Some(Fault::Slow(wait)) => tokio::time::sleep(wait).await,
        Some(Fault::Passing {
            status,
            retry_after,
            ..
        }) => return Ok(overloaded(status, retry_after)),
        _ => {}
    }
    let reply = reply(request.headers(), &path, &query, fault, &state);
    let content = if reply.json {
        "application/json"
    } else {
        "text/plain; charset=utf-8"
    };
    let builder = Response::builder()
        .status(StatusCode::from_u16(reply.status).unwrap())
        .header(CONTENT_TYPE, content);
    if matches!(fault, Some(Fault::Cut { .. })) {
        return Ok(builder.body(cut(&reply.body)).unwrap());
    }
    // As the real server: nothing small is compressed.
    if gzip && reply.body.len() > 128 * 1024 {
        let body = compressed(&state, &format!("{path}?{query}"), &reply.body);
        return Ok(builder
            .header(CONTENT_ENCODING, "gzip")
            .body(whole(body))
            .unwrap());
    }
    Ok(builder.body(whole(Bytes::from(reply.body))).unwrap())
}

fn note(headers: &HeaderMap, path: &str, query: &str) -> Asked {
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let all = |name: &str| headers.get_all(name).iter().map(text).collect::<Vec<_>>();
    let mut acting_as = all("impersonate-user");
    acting_as.extend(all("impersonate-group"));
    Asked {
        verb: "GET",
        path: path.to_owned(),
        query: query.to_owned(),
        acting_as,
        user_agent: headers.get(USER_AGENT).map(text).unwrap_or_default(),
        gzip: headers
            .get(ACCEPT_ENCODING)
            .is_some_and(|value| text(value).contains("gzip")),
    }
}

fn whole(body: Bytes) -> BoxBody<Bytes, io::Error> {
    Full::new(body)
        .map_err(|never: Infallible| match never {})
        .boxed()
}

/// The first half of a body, and then the end of the connection.
fn cut(body: &[u8]) -> BoxBody<Bytes, io::Error> {
    let half = Bytes::copy_from_slice(&body[..body.len() / 2]);
    let frames = [
        Ok(Frame::data(half)),
        Err(io::Error::other("cut on purpose")),
    ];
    StreamBody::new(stream::iter(frames)).boxed()
}

fn overloaded(status: u16, retry_after: Option<u64>) -> Answer {
    let mut builder = Response::builder().status(status);
    if let Some(seconds) = retry_after {
        builder = builder.header(RETRY_AFTER, seconds);
    }
    let message = "the server is currently unable to handle the request";
    let body = failure(status, "ServiceUnavailable", message).body;
    builder.body(whole(Bytes::from(body))).unwrap()
}

fn compressed(state: &State, key: &str, body: &[u8]) -> Bytes {
    let mut cache = state.compressed.lock().unwrap();
    let made = cache.entry(key.to_owned()).or_insert_with(|| {
        let level = flate2::Compression::new(1);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
        encoder.write_all(body).unwrap();
        Bytes::from(encoder.finish().unwrap())
    });
    made.clone()
}

fn failure(code: u16, reason: &str, message: &str) -> Reply {
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

fn reply(
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
        Some(Fault::NotServed) => return not_served(),
        Some(Fault::Status(code)) => return json_reply(code, Vec::new()),
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
    match path {
        "/version" => return json_reply(200, recorded("version")),
        "/api" => return json_reply(200, br#"{"kind":"APIVersions","versions":["v1"]}"#.to_vec()),
        "/apis" => return json_reply(200, groups(&state.store)),
        _ => {}
    }
    let Some(route) = Route::parse(path) else {
        return resources(path, &state.store);
    };
    let Some(table) = state.store.table(&route.api_version, route.plural) else {
        return not_served();
    };
    if fault == Some(Fault::Forbidden) || forbidden(state, &route) {
        return denied(&route);
    }
    let mut reply = match route.name {
        Some(name) => single(table, &route, name),
        None => list(table, &route, query, fault),
    };
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
        Some(item) => {
            let (kind, version) = (&table.kind, &table.api_version);
            let rest = item.json.trim_start().trim_start_matches('{');
            let body = format!(r#"{{"kind":"{kind}","apiVersion":"{version}",{rest}"#);
            json_reply(200, body.into_bytes())
        }
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
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            "limit" => limit = value.parse::<usize>().unwrap_or(0).max(1),
            "continue" => match value.strip_prefix("from-").and_then(|n| n.parse().ok()) {
                Some(start) => from = start,
                None => return json_reply(400, recorded("pods-bad-continue-400")),
            },
            "labelSelector" => selector = decode(value),
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
        meta += &format!(r#","continue":"from-{end}","remainingItemCount":{left}"#);
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
    let api_version = match path.trim_matches('/').split_once('/') {
        Some(("api" | "apis", api_version)) => api_version,
        _ => return not_served(),
    };
    let resources: Vec<_> = store
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
    let list = json!({
        "kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": api_version, "resources": resources,
    });
    json_reply(200, list.to_string().into_bytes())
}
