//! One server: requests to it, and what its refusals mean.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Bytes;
use kube::client::Body;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::{Broken, Head, Reader, Sink};
use super::chunks;
use super::error::Failure;
use super::limit;
use super::notes::Notes;
use super::refusal::{self, refusal};
use super::transport::Transport;
use crate::collect::body::{LONGEST, Reading, Unread};
use crate::collect::deadline::Deadline;
use crate::collect::redirect;
use crate::snapshot::Gap;
use crate::units::Span;

/// How often a question is asked at most.
const TRIES: u32 = 3;

/// Longer queries go into the body: many proxies cut URLs at 4 or 8 KiB.
const LONGEST_URL: usize = 3_000;

/// The same where a body is refused, and through the API server's proxy, where it
/// takes the right to `create`, which kcost does without. The server itself takes
/// 1 MiB, and [`http::Uri`] 64 KiB; what stands before it may say 414, and gets less.
const LONGEST_IN_URL: usize = 60_000;

/// Bytes a second below which answers are asked for compressed, whatever the way.
///
/// Compressing an answer costs Prometheus six times the CPU of writing it, and gives
/// some 6 MB of it a second: through the API server's proxy 8.7 MB took 0.13 s as they
/// are, and 1.1 to 1.8 s compressed.
const SLOW_NETWORK: f64 = 4e6;

/// Shorter answers say nothing about the network.
const TELLING_ANSWER: usize = 1 << 20;

/// The largest list of texts: 10,000 namespaces take 1 MB.
const LARGEST_LIST: u64 = 16 << 20;

/// Speaks to one server.
pub(super) struct Server {
    transport: Transport,
    /// Without credentials.
    pub(super) url: String,
    timeout: Duration,
    /// When all that is read from it has to be there.
    pub(super) deadline: Deadline,
    sent: AtomicU32,
    /// How many questions are open at a time.
    turns: Semaphore,
    /// The network is slow.
    compress: AtomicBool,
    /// A body is refused, so that long queries go into the URL too.
    only_get: AtomicBool,
    /// Seconds that a query may look at, as the server says; the most where it does not.
    longest: AtomicU32,
    /// What the server said besides its answers.
    notes: Notes,
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

/// What is sent, and where.
#[derive(Clone, Copy)]
enum Question<'a> {
    Query(&'a Query),
    /// A body of remote read.
    Chunks(&'a [u8]),
}

/// The answer for a list of texts. `null` is how Go writes an empty list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    data: Option<Vec<String>>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    #[serde(default)]
    infos: Option<Vec<String>>,
    #[serde(default)]
    is_partial: Option<bool>,
}

impl Listed {
    /// What it says besides its texts.
    fn head(&self) -> Head {
        Head {
            warnings: self.warnings.clone().unwrap_or_default(),
            infos: self.infos.clone().unwrap_or_default(),
            partial: self.is_partial.unwrap_or(false),
            ..Head::default()
        }
    }
}

impl Server {
    /// Nothing is sent yet.
    pub(super) fn new(
        transport: Transport,
        timeout: Duration,
        deadline: Deadline,
        at_a_time: usize,
    ) -> Self {
        Self {
            url: transport.shown().to_owned(),
            transport,
            timeout,
            deadline,
            sent: AtomicU32::new(0),
            turns: Semaphore::new(at_a_time),
            compress: AtomicBool::new(false),
            only_get: AtomicBool::new(false),
            longest: AtomicU32::new(u32::MAX),
            notes: Notes::default(),
        }
    }

    /// Its address, and whether others share the way there.
    pub(super) fn way(&self) -> (&str, bool) {
        (&self.url, self.transport.is_narrow())
    }

    /// Whether the API server passes requests on, by its own rules.
    pub(super) fn is_proxied(&self) -> bool {
        self.transport.is_proxied()
    }

    /// What the server said besides its answers so far.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let mut gaps = self.notes.gaps(&self.url);
        for gap in &mut gaps {
            gap.text = self.transport.hide(&gap.text);
        }
        gaps
    }

    /// How long a time a query may look at, where the server limits that.
    pub(super) fn longest(&self) -> Option<Span> {
        let seconds = self.longest.load(Ordering::Relaxed);
        (seconds < u32::MAX).then(|| Span::from_secs(seconds))
    }

    /// How many requests were sent so far.
    pub(super) fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Asks, and asks again where the trouble may pass: for questions that cannot be cut
    /// into smaller ones.
    pub(super) async fn ask_again<S: Sink>(
        &self,
        query: &Query,
        pause: Duration,
        sink: impl Fn() -> S,
    ) -> Result<S, Failure> {
        let ask = async || self.ask(query, sink()).await;
        self.again(pause, ask).await.map(|(sink, _)| sink)
    }

    /// Tries, and tries again after pauses that grow, where the trouble may pass.
    pub(super) async fn again<T>(
        &self,
        mut pause: Duration,
        ask: impl AsyncFn() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        for _ in 1..TRIES {
            match ask().await {
                Err(failure) if failure.passes() && pause < self.deadline.left() => {
                    sleep(pause).await;
                }
                answered => return answered,
            }
            pause *= 4;
        }
        ask().await
    }

    /// Asks, and folds the answer into `sink` as it arrives.
    pub(super) async fn ask<S: Sink>(&self, query: &Query, sink: S) -> Result<(S, Head), Failure> {
        let _turn = self.turns.acquire().await;
        let answer = self.send(Question::Query(query)).await?;
        let mut body = self.reading(answer, LONGEST);
        let mut reader = Reader::new(sink);
        let started = Instant::now();
        let mut length = 0;
        while let Some(bytes) = body.next().await.map_err(|it| self.unread(it))? {
            length += bytes.len();
            reader.feed(&bytes).map_err(Failure::Broken)?;
        }
        self.learn(length, started.elapsed());
        let (sink, head) = reader.finish().map_err(Failure::Broken)?;
        match head.status.as_str() {
            "success" => {
                self.notes.take(&head);
                Ok((sink, head))
            }
            "" => Err(Failure::Broken(Broken::Foreign)),
            _ => Err(self.learned(refusal(StatusCode::OK, &head.error_type, &head.error))),
        }
    }

    /// Asks for series in chunks, and hands the bytes of the answer on as they arrive.
    pub(super) async fn read(
        &self,
        requests: &[chunks::Request],
        mut take: impl AsyncFnMut(Bytes) -> Result<(), Broken>,
    ) -> Result<(), Failure> {
        let asked = chunks::body(requests).ok_or_else(|| {
            let text = "the conditions are too long for one request";
            Failure::TooMuch(text.to_owned())
        })?;
        let _turn = self.turns.acquire().await;
        let answer = self.send(Question::Chunks(&asked)).await?;
        let kind = answer.response.headers().get(CONTENT_TYPE);
        if !kind.is_some_and(|kind| kind.as_bytes().starts_with(chunks::CONTENT_TYPE.as_bytes())) {
            return Err(Failure::Broken(Broken::Foreign));
        }
        let mut body = self.reading(answer, LONGEST);
        while let Some(bytes) = body.next().await.map_err(|it| self.unread(it))? {
            take(bytes).await.map_err(Failure::Broken)?;
        }
        Ok(())
    }

    /// Learns from a refusal how long a query may be; what it repeats is hidden.
    fn learned(&self, failure: Failure) -> Failure {
        if let Failure::TooLong {
            limit: Some(limit), ..
        } = &failure
        {
            let usable = limit::usable(*limit).as_secs();
            self.longest.fetch_min(usable, Ordering::Relaxed);
        }
        failure.saying(|text| self.transport.hide(text))
    }

    /// Learns from an answer whether the network is slow.
    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    fn learn(&self, bytes: usize, took: Duration) {
        if bytes >= TELLING_ANSWER && bytes as f64 / took.as_secs_f64() < SLOW_NETWORK {
            self.compress.store(true, Ordering::Relaxed);
        }
    }

    /// Asks about a stretch of time, in parts where the server limits how long one
    /// may be. Parts begin and end at multiples of `step` after `start`.
    pub(super) async fn in_parts<T>(
        &self,
        (start, end): (i64, i64),
        step: u32,
        ask: impl AsyncFn(i64, i64) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut left = self.parts(start, end, step);
        let mut got = Vec::new();
        while let Some((first, last)) = left.pop() {
            match ask(first, last).await {
                Ok(answer) => got.push(answer),
                Err(failure @ Failure::TooLong { .. }) => {
                    let mut shorter = self.parts(first, last, step);
                    if shorter.len() < 2 {
                        shorter = limit::halves(first, last, step);
                    }
                    if shorter.is_empty() {
                        return Err(failure);
                    }
                    left.extend(shorter);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(got)
    }

    /// The last part first.
    fn parts(&self, start: i64, end: i64, step: u32) -> Vec<(i64, i64)> {
        let longest = self.longest().map_or(u32::MAX, Span::as_secs);
        limit::parts(start, end, step, longest)
    }

    /// Asks for a list of texts, such as the values of a label.
    pub(super) async fn list(&self, query: &Query) -> Result<Vec<String>, Failure> {
        let _turn = self.turns.acquire().await;
        let answer = self.send(Question::Query(query)).await?;
        let bytes = self.reading(answer, LARGEST_LIST).whole().await;
        let bytes = bytes.map_err(|unread| self.unread(unread))?;
        let answer = serde_json::from_slice::<Listed>(&bytes);
        let answer = answer.map_err(|_| Failure::Broken(Broken::Garbage(0)))?;
        self.notes.take(&answer.head());
        Ok(answer.data.unwrap_or_default())
    }

    /// The `data` of an answer without parameters, where it is of this shape.
    pub(super) async fn data<T: serde::de::DeserializeOwned>(
        &self,
        path: &'static str,
    ) -> Option<T> {
        #[derive(Deserialize)]
        struct Held<T> {
            data: T,
        }
        let _turn = self.turns.acquire().await;
        let query = Query {
            path: path.into(),
            parameters: Vec::new(),
        };
        let answer = self.send(Question::Query(&query)).await.ok()?;
        let bytes = self.reading(answer, LARGEST_LIST).whole().await.ok()?;
        let held: Held<T> = serde_json::from_slice(&bytes).ok()?;
        Some(held.data)
    }

    /// The response, when its status is success.
    ///
    /// A token that has run out is asked for again, once; and a body that is
    /// refused, as proxies that allow reading alone do, is not sent again.
    async fn send(&self, question: Question<'_>) -> Result<Answer, Failure> {
        let (mut posted, mut answer) = self.send_once(question).await?;
        if answer.response.status() == StatusCode::UNAUTHORIZED && self.transport.renew() {
            (posted, answer) = self.send_once(question).await?;
        }
        if posted && refusal::is_of_body(answer.response.status()) {
            self.only_get.store(true, Ordering::Relaxed);
            (_, answer) = self.send_once(question).await?;
        }
        if answer.response.status().is_success() {
            Ok(answer)
        } else {
            Err(self.refused(answer).await)
        }
    }

    fn reading(&self, Answer { response, started }: Answer, most: u64) -> Reading {
        Reading::new(response, most, (started, self.timeout), &self.deadline)
    }

    /// The response, and whether it was asked for with a body where a URL would do.
    async fn send_once(&self, question: Question<'_>) -> Result<(bool, Answer), Failure> {
        let (posted, request) = match question {
            Question::Query(query) => self.request(query)?,
            Question::Chunks(body) => (false, of_chunks(body)),
        };
        let request = request.map_err(|error| Failure::Error(error.to_string()))?;
        Ok((posted, self.exchange(request).await?))
    }

    /// A query in the URL, or in a body, which is said.
    fn request(&self, query: &Query) -> Result<(bool, http::Result<Request<Body>>), Failure> {
        let only_get = self.only_get.load(Ordering::Relaxed);
        let longest = if only_get || self.transport.is_proxied() {
            LONGEST_IN_URL
        } else {
            LONGEST_URL
        };
        let mut request = request(query, longest);
        let posted = request.as_ref().is_ok_and(|it| it.method() == Method::POST);
        if posted && only_get {
            let text = "the query is too long for a URL, and the server takes no other";
            return Err(Failure::TooMuch(text.to_owned()));
        }
        if let (Ok(request), false) = (&mut request, self.compress.load(Ordering::Relaxed)) {
            let plain = HeaderValue::from_static("identity");
            request.headers_mut().insert(ACCEPT_ENCODING, plain);
        }
        Ok((posted, request))
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Answer, Failure> {
        if self.deadline.is_over() {
            return Err(self.slow());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let until = self.deadline.within(self.timeout);
        let response = timeout_at(until, self.transport.send(request))
            .await
            .map_err(|_| self.slow())?
            .map_err(|error| refusal::unsent(&error))?;
        Ok(Answer { response, started })
    }

    async fn refused(&self, answer: Answer) -> Failure {
        let response = &answer.response;
        let status = response.status();
        if let Some(place) = redirect::place(response) {
            return self.learned(Failure::Redirected(place));
        }
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        if matches!(status.as_u16(), 429 | 502 | 503) && !refusal::is_json(response) {
            let status = status.as_u16();
            return Failure::Busy { status, after };
        }
        let bytes = self.reading(answer, LONGEST).beginning().await;
        self.learned(match refusal::read(status, &bytes) {
            Failure::Busy { status, .. } => Failure::Busy { status, after },
            failure => failure,
        })
    }

    fn unread(&self, unread: Unread) -> Failure {
        match unread {
            Unread::Late => self.slow(),
            Unread::TooLarge(most) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                Failure::Broken(Broken::TooLarge(most))
            }
            Unread::Odd(_) => Failure::Broken(Broken::Garbage(0)),
            Unread::Lost(cause) => Failure::Dropped(cause),
        }
    }

    /// It took too long: this answer, or all of it together.
    fn slow(&self) -> Failure {
        if self.deadline.is_over() {
            let seconds = self.deadline.length().as_secs();
            return Failure::OutOfTime { seconds };
        }
        Failure::Slow {
            seconds: self.timeout.as_secs(),
        }
    }
}

/// A response, and when it was asked for.
struct Answer {
    response: Response<Body>,
    started: Instant,
}

/// What is compressed already is not asked for compressed once more.
fn of_chunks(body: &[u8]) -> http::Result<Request<Body>> {
    let mut request = Request::post(chunks::PATH).header(ACCEPT_ENCODING, "identity");
    for (name, value) in chunks::HEADERS {
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_vec()))
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
