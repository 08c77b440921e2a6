//! One server: requests to it, and what its refusals mean.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::answer::{Broken, Head, Reader, Sink};
use super::error::{Failure, chain};
use super::transport::Transport;

/// How often a question is asked at most.
const TRIES: u32 = 3;

/// Longer queries go into the body: many proxies cut URLs at 4 or 8 KiB.
const LONGEST_URL: usize = 3_000;

/// The same through the API server's proxy, where a body takes the right to
/// `create`, which kcost does without. The server itself takes 1 MiB, and
/// [`http::Uri`] 64 KiB; what stands before it may say 414, and gets less.
const LONGEST_PROXIED: usize = 60_000;

/// Bytes a second below which answers are asked for compressed.
///
/// Compressing an answer costs Prometheus ten times the CPU of the query, so a
/// network that is not the bottleneck carries it as it is.
const SLOW_NETWORK: f64 = 4e6;

/// Shorter answers say nothing about the network.
const TELLING_ANSWER: usize = 1 << 20;

/// The most that is read of an error.
const LONGEST_ERROR: usize = 64 * 1024;

/// An answer that goes on and on is given up after so many timeouts.
const LONGEST_ANSWER: u32 = 10;

/// Speaks to one server.
pub(super) struct Server {
    transport: Transport,
    /// Without credentials.
    pub(super) url: String,
    timeout: Duration,
    sent: AtomicU32,
    /// The network is slow.
    compress: AtomicBool,
}

/// A path of the API and its parameters.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) path: Cow<'static, str>,
    pub(super) parameters: Vec<(&'static str, String)>,
}

impl Query {
    /// Evaluates at one time.
    pub(super) fn instant(text: String, time: i64) -> Self {
        Self {
            path: "/api/v1/query".into(),
            parameters: vec![("query", text), ("time", time.to_string())],
        }
    }

    /// Evaluates at `start`, `start + step`, … `end`.
    pub(super) fn range(text: String, start: i64, end: i64, step: u32) -> Self {
        Self {
            path: "/api/v1/query_range".into(),
            parameters: vec![
                ("query", text),
                ("start", start.to_string()),
                ("end", end.to_string()),
                ("step", step.to_string()),
            ],
        }
    }
}

/// The answer for a list of texts.
#[derive(Deserialize)]
struct Listed {
    data: Vec<String>,
}

/// An error as the API writes it, or the API server before it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    #[serde(default)]
    error_type: String,
    #[serde(alias = "message")]
    error: String,
}

impl Server {
    /// Nothing is sent yet.
    pub(super) fn new(transport: Transport, timeout: Duration) -> Self {
        let compress = transport.is_narrow();
        Self {
            url: transport.shown().to_owned(),
            transport,
            timeout,
            sent: AtomicU32::new(0),
            compress: AtomicBool::new(compress),
        }
    }

    /// How many requests were sent so far.
    pub(super) fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Asks, and asks again after pauses that grow, where the trouble may pass:
    /// for questions that cannot be cut into smaller ones.
    pub(super) async fn ask_again<S: Sink>(
        &self,
        query: &Query,
        mut pause: Duration,
        sink: impl Fn() -> S,
    ) -> Result<S, Failure> {
        for _ in 1..TRIES {
            match self.ask(query, sink()).await {
                Ok((sink, _)) => return Ok(sink),
                Err(failure) if !failure.passes() => return Err(failure),
                Err(_) => sleep(pause).await,
            }
            pause *= 4;
        }
        self.ask(query, sink()).await.map(|(sink, _)| sink)
    }

    /// Asks, and folds the answer into `sink` as it arrives.
    pub(super) async fn ask<S: Sink>(&self, query: &Query, sink: S) -> Result<(S, Head), Failure> {
        let deadline = Instant::now() + self.timeout * LONGEST_ANSWER;
        let response = self.send(query).await?;
        let mut body = response.into_body();
        let mut reader = Reader::new(sink);
        let started = Instant::now();
        let mut length = 0;
        loop {
            let patience = deadline.min(Instant::now() + self.timeout);
            let frame = timeout_at(patience, body.frame())
                .await
                .map_err(|_| self.slow())?;
            match frame {
                None => break,
                Some(Err(error)) => return Err(Failure::Dropped(chain(&error))),
                Some(Ok(frame)) => {
                    if let Some(bytes) = frame.data_ref() {
                        length += bytes.len();
                        reader.feed(bytes).map_err(Failure::Broken)?;
                    }
                }
            }
        }
        self.learn(length, started.elapsed());
        let (sink, head) = reader.finish().map_err(Failure::Broken)?;
        if head.status == "success" {
            Ok((sink, head))
        } else {
            Err(refusal(StatusCode::OK, &head.error_type, &head.error))
        }
    }

    /// Learns from an answer whether the network is slow.
    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    fn learn(&self, bytes: usize, took: Duration) {
        if bytes >= TELLING_ANSWER && bytes as f64 / took.as_secs_f64() < SLOW_NETWORK {
            self.compress.store(true, Ordering::Relaxed);
        }
    }

    /// Asks for a list of texts, such as the values of a label.
    pub(super) async fn list(&self, query: &Query) -> Result<Vec<String>, Failure> {
        let response = self.send(query).await?;
        let collected = timeout(self.timeout, response.into_body().collect_bytes());
        let bytes = collected
            .await
            .map_err(|_| self.slow())?
            .map_err(|error| Failure::Dropped(chain(&error)))?;
        serde_json::from_slice::<Listed>(&bytes)
            .map(|answer| answer.data)
            .map_err(|_| Failure::Broken(Broken::Garbage(0)))
    }

    /// The response, when its status is success.
    ///
    /// A token that has run out is asked for again, once.
    async fn send(&self, query: &Query) -> Result<Response<Body>, Failure> {
        let mut response = self.send_once(query).await?;
        if response.status() == StatusCode::UNAUTHORIZED && self.transport.renew() {
            response = self.send_once(query).await?;
        }
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(self.refused(response).await)
        }
    }

    async fn send_once(&self, query: &Query) -> Result<Response<Body>, Failure> {
        let longest = if self.transport.is_proxied() {
            LONGEST_PROXIED
        } else {
            LONGEST_URL
        };
        let request = request(query, longest);
        let mut request = request.map_err(|error| Failure::Error(error.to_string()))?;
        if !self.compress.load(Ordering::Relaxed) {
            let plain = HeaderValue::from_static("identity");
            request.headers_mut().insert(ACCEPT_ENCODING, plain);
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        timeout(self.timeout, self.transport.send(request))
            .await
            .map_err(|_| self.slow())?
            .map_err(|error| unsent(&error))
    }

    async fn refused(&self, response: Response<Body>) -> Failure {
        let status = response.status();
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        if matches!(status.as_u16(), 429 | 502 | 503) && !is_json(&response) {
            let status = status.as_u16();
            return Failure::Busy { status, after };
        }
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        // What cannot be read of an error only makes its text shorter.
        while let Ok(Some(Ok(frame))) = timeout(self.timeout, body.frame()).await {
            bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            if bytes.len() > LONGEST_ERROR {
                break;
            }
        }
        match serde_json::from_slice::<Refusal>(&bytes) {
            Ok(answer) => match refusal(status, &answer.error_type, &answer.error) {
                Failure::Busy { status, .. } => Failure::Busy { status, after },
                failure => failure,
            },
            Err(_) => refusal(status, "", &excerpt(&bytes)),
        }
    }

    fn slow(&self) -> Failure {
        Failure::Slow {
            seconds: self.timeout.as_secs(),
        }
    }
}

/// `longest` is the length from which on a query goes into the body.
fn request(query: &Query, longest: usize) -> Result<Request<Body>, http::Error> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &query.parameters {
        form.append_pair(name, value);
    }
    let form = form.finish();
    if form.len() <= longest {
        return Request::get(format!("{}?{form}", query.path)).body(Body::empty());
    }
    Request::builder()
        .method(Method::POST)
        .uri(query.path.as_ref())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.into_bytes()))
}

/// What an error of the API means.
///
/// Texts are those of Prometheus 2.42 and of VictoriaMetrics 1.79; a timeout
/// comes as 503 `timeout` or as 422 `execution`, depending on where it struck.
fn refusal(status: StatusCode, error_type: &str, error: &str) -> Failure {
    let text = error.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let too_much = says(&[
        "too many",
        "maximum resolution",
        "max-samples",
        "deadline exceeded",
        "timed out",
        "timeout",
        "exceed",
        "limit",
        "memory",
    ]);
    let code = status.as_u16();
    match code {
        413 | 414 | 431 | 504 => Failure::TooMuch(or(error, "the query took too long")),
        429 | 502 => Failure::Busy {
            status: code,
            after: None,
        },
        _ if error_type == "timeout" || (too_much && code != 401 && code != 403) => {
            Failure::TooMuch(error.to_owned())
        }
        503 => Failure::Busy {
            status: code,
            after: None,
        },
        422 => Failure::TooMuch(or(error, "the query failed")),
        200 => Failure::Error(or(error, "it does not say which")),
        _ => Failure::Refused {
            status: code,
            text: error.to_owned(),
        },
    }
}

fn or(text: &str, other: &str) -> String {
    if text.is_empty() { other } else { text }.to_owned()
}

fn is_json(response: &Response<Body>) -> bool {
    let value = response.headers().get(CONTENT_TYPE);
    value.is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

/// The first line of a text that is no JSON; nothing of a web page.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.starts_with('<') {
        return "a web page".to_owned();
    }
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// A request that got no response: refused, unknown host, certificate, reset.
fn unsent(error: &kube::Error) -> Failure {
    let text = chain(error);
    // Hyper and rustls say so when a server closes before the first byte of an answer.
    let closed = [
        "closed before",
        "reset by peer",
        "close_notify",
        "broken pipe",
    ];
    if closed
        .iter()
        .any(|words| text.to_lowercase().contains(words))
    {
        Failure::Dropped(text)
    } else {
        Failure::Unreachable(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_sorted_by_what_helps() {
        use super::super::error::Remedy::{GiveUp, Halve, Wait};
        let remedy = |status: u16, kind: &str, text: &str| {
            refusal(StatusCode::from_u16(status).unwrap(), kind, text).remedy()
        };
        let samples = "query processing would load too many samples into memory";
        assert_eq!(remedy(422, "execution", samples), Halve);
        assert_eq!(
            remedy(503, "timeout", "query timed out in expression evaluation"),
            Halve
        );
        assert_eq!(
            remedy(
                400,
                "bad_data",
                "exceeded maximum resolution of 11,000 points"
            ),
            Halve
        );
        assert_eq!(remedy(504, "", ""), Halve);
        assert_eq!(remedy(429, "", ""), Wait);
        assert_eq!(remedy(503, "", ""), Wait);
        assert_eq!(remedy(500, "internal", "boom"), Wait);
        assert_eq!(remedy(400, "bad_data", "parse error"), GiveUp);
        assert_eq!(remedy(401, "", "no"), GiveUp);
    }
}
