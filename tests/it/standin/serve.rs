//! Requests in, answers out.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER, USER_AGENT,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::change::{self, Writing};
use super::fault::Fault;
use super::reply::{failure, reply};
use super::review;
use super::store::Store;
use super::tunnel::{self, Tunnel};
use super::{Asked, Shared};

pub type Answer = Response<BoxBody<Bytes, io::Error>>;

pub struct State {
    pub store: Shared<Store>,
    /// Taken before the store, where both are.
    pub writing: Shared<Writing>,
    pub token: Option<String>,
    pub only: Option<Vec<String>>,
    pub backends: HashMap<String, SocketAddr>,
    /// Whether usage is measured anew every second.
    pub ticking: bool,
    faults: Vec<(String, Fault)>,
    struck: Shared<HashMap<usize, usize>>,
    /// Compressed bodies, so that measuring a client does not measure this server.
    compressed: Shared<HashMap<String, Bytes>>,
    pub asked: Shared<Vec<Asked>>,
}

impl State {
    pub fn new(
        store: Store,
        token: Option<String>,
        only: Option<Vec<String>>,
        faults: Vec<(String, Fault)>,
        backends: HashMap<String, SocketAddr>,
        ticking: bool,
    ) -> Self {
        Self {
            store: Shared::new(store),
            writing: Shared::default(),
            token,
            only,
            backends,
            ticking,
            faults,
            struck: Shared::default(),
            compressed: Shared::default(),
            asked: Shared::default(),
        }
    }

    /// Whether a fault forbids lists of this plural, or the namespace is not allowed.
    pub fn forbids(&self, plural: &str, namespace: &str) -> bool {
        let mut faults = self.faults.iter();
        let outside = |only: &Vec<String>| !only.iter().any(|name| name == namespace);
        self.only.as_ref().is_some_and(outside)
            || faults.any(|(pattern, fault)| {
                *fault == Fault::Forbidden && pattern.ends_with(&format!("/{plural}"))
            })
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
        .with_upgrades()
        .await;
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Answer, io::Error> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let verb = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        _ => "another",
    };
    let asked = note(verb, request.headers(), &path, &query);
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
    if verb == "PATCH" {
        return change::answer(request, &state).await;
    }
    if verb == "POST" && path.ends_with("/selfsubjectreviews") {
        let reply = change::review();
        let builder = Response::builder().status(reply.status);
        return Ok(builder.body(whole(Bytes::from(reply.body))).unwrap());
    }
    if verb == "POST" && path.ends_with("/configmaps") {
        return change::create(request, &state).await;
    }
    if path == review::PATH {
        return review::answer(request, fault, &state).await;
    }
    if let Some(tunnel) = Tunnel::parse(&path, &query) {
        return tunnel::answer(tunnel, request, fault, &state).await;
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
    // What changes every second is not worth it.
    if gzip && !state.ticking && reply.body.len() > 128 * 1024 {
        let body = compressed(&state, &format!("{path}?{query}"), &reply.body);
        return Ok(builder
            .header(CONTENT_ENCODING, "gzip")
            .body(whole(body))
            .unwrap());
    }
    Ok(builder.body(whole(Bytes::from(reply.body))).unwrap())
}

fn note(verb: &'static str, headers: &HeaderMap, path: &str, query: &str) -> Asked {
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let all = |name: &str| headers.get_all(name).iter().map(text).collect::<Vec<_>>();
    let mut acting_as = all("impersonate-user");
    acting_as.extend(all("impersonate-group"));
    Asked {
        verb,
        path: path.to_owned(),
        query: query.to_owned(),
        acting_as,
        user_agent: headers.get(USER_AGENT).map(text).unwrap_or_default(),
        gzip: headers
            .get(ACCEPT_ENCODING)
            .is_some_and(|value| text(value).contains("gzip")),
    }
}

pub fn whole(body: Bytes) -> BoxBody<Bytes, io::Error> {
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
