//! One request: sent, waited for, repeated where that can help.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{Request, StatusCode};
use jiff::fmt::rfc2822;
use kube::client::Body;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout_at};

use super::Connection;
use crate::collect::body::{LARGEST, Reading, Unread, Whole};
use crate::collect::cause::Cause;
use crate::collect::deadline::Deadline;
use crate::collect::redirect;
use crate::progress::Progress;

/// Repeats after the first try, and the first pause between them, which doubles.
const REPEATS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(250);
/// Longest `Retry-After` that is waited for: a server that wants more is not asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why a request brought no answer that can be used.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server answered with an error.
    Status(Status),
    /// No answer within the time allowed.
    Late(Duration),
    /// No answer.
    Lost(kube::Error),
    /// No whole answer.
    Cut(Cause),
    /// An answer that is not what was asked for.
    Garbled(String),
}

/// An error of the API server, or of a proxy before it.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) code: u16,
    pub(crate) message: String,
    retry_after: Option<Duration>,
}

impl Status {
    /// Whether the server does not let us act as somebody else.
    pub(super) fn is_impersonation(&self) -> bool {
        self.code == 403 && self.message.contains("cannot impersonate")
    }
}

impl Failure {
    /// The HTTP status, where there is one.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status.code),
            Self::Late(_) | Self::Lost(_) | Self::Cut(_) | Self::Garbled(_) => None,
        }
    }

    /// Whether the server does not let us act as somebody else.
    pub(super) fn is_impersonation(&self) -> bool {
        matches!(self, Self::Status(status) if status.is_impersonation())
    }

    /// How long to wait before it is worth trying again.
    fn pause(&self, repeat: u32) -> Option<Duration> {
        let backoff = PAUSE * 2_u32.pow(repeat);
        match self {
            Self::Status(status) if matches!(status.code, 429 | 500..=599) => {
                let pause = status.retry_after.unwrap_or(backoff);
                (pause <= LONGEST_PAUSE).then_some(pause)
            }
            Self::Lost(_) | Self::Cut(_) => Some(backoff),
            Self::Status(_) | Self::Late(_) | Self::Garbled(_) => None,
        }
    }
}

/// What happened, as one clause for the text of a gap.
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => {
                write!(f, "the server answered {}", status.code)?;
                if !status.message.is_empty() {
                    write!(f, ": {}", status.message)?;
                }
                match status.retry_after {
                    Some(after) if after > LONGEST_PAUSE => {
                        write!(f, " (it asks to wait {} s)", after.as_secs())
                    }
                    _ => Ok(()),
                }
            }
            Self::Late(after) => write!(f, "no answer within {} s", after.as_secs_f64()),
            Self::Lost(error) => write!(f, "the connection failed: {}", Cause::of(error)),
            Self::Cut(cause) => write!(f, "the connection failed: {cause}"),
            Self::Garbled(problem) => write!(f, "the answer cannot be read: {problem}"),
        }
    }
}

/// The body of the answer; repeated with growing pauses where the server is
/// overloaded or the connection breaks.
pub(in crate::collect) async fn get(
    connection: &Connection,
    path: &str,
    progress: &dyn Progress,
) -> Result<Whole, Failure> {
    get_by(connection, &connection.deadline, path, progress).await
}

/// The same for a part of what is read, with a deadline of its own.
pub(super) async fn get_by(
    connection: &Connection,
    deadline: &Deadline,
    path: &str,
    progress: &dyn Progress,
) -> Result<Whole, Failure> {
    for repeat in 0..REPEATS {
        let failure = match once_by(connection, deadline, path, progress).await {
            Ok(body) => return Ok(body),
            Err(failure) => failure,
        };
        let pause = failure.pause(repeat);
        let Some(pause) = pause.filter(|pause| *pause < deadline.left()) else {
            return Err(failure);
        };
        progress.trace(&format!(
            "{failure}; trying again in {} s",
            pause.as_secs_f64()
        ));
        sleep(pause).await;
    }
    once_by(connection, deadline, path, progress).await
}

/// The body of the answer, asked for once.
pub(in crate::collect) async fn once(
    connection: &Connection,
    path: &str,
    progress: &dyn Progress,
) -> Result<Whole, Failure> {
    once_by(connection, &connection.deadline, path, progress).await
}

async fn once_by(
    connection: &Connection,
    deadline: &Deadline,
    path: &str,
    progress: &dyn Progress,
) -> Result<Whole, Failure> {
    let request = Request::get(path).header(ACCEPT, "application/json");
    let request = request.body(Body::empty());
    let answer = ask(connection, deadline, request, progress).await;
    answer.map(|answer| answer.body)
}

/// Asks a question that no path can hold, once. Nothing is made of it on the server.
pub(in crate::collect) async fn question(
    connection: &Connection,
    deadline: &Deadline,
    (path, body): (&str, Vec<u8>),
    progress: &dyn Progress,
) -> Result<Whole, Failure> {
    let request = Request::post(path)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body));
    let answer = ask(connection, deadline, request, progress).await;
    answer.map(|answer| answer.body)
}

/// What the server's clock says, in whole Unix seconds; `None` where it says nothing.
pub(in crate::collect) async fn clock(
    connection: &Connection,
    deadline: &Deadline,
    progress: &dyn Progress,
) -> Option<i64> {
    let request = Request::get("/version").body(Body::empty());
    let answer = ask(connection, deadline, request, progress).await;
    answer.ok()?.date
}

/// An answer, and what its head says.
struct Answer {
    body: Whole,
    /// Its `Date`, in Unix seconds.
    date: Option<i64>,
}

async fn ask(
    connection: &Connection,
    deadline: &Deadline,
    request: http::Result<Request<Body>>,
    progress: &dyn Progress,
) -> Result<Answer, Failure> {
    if deadline.is_over() {
        return Err(Failure::Late(deadline.length()));
    }
    let request = request.map_err(|error| Failure::Lost(kube::Error::HttpError(error)))?;
    let asked = format!("{} {}", request.method(), request.uri());
    let started = Instant::now();
    let result = answer(connection, deadline, request, started).await;
    let seconds = started.elapsed().as_secs_f64();
    let outcome = match &result {
        Ok(answer) => format!("{} bytes", answer.body.len()),
        Err(failure) => failure.to_string(),
    };
    progress.trace(&format!("{asked}: {outcome} in {seconds:.3} s"));
    result
}

async fn answer(
    connection: &Connection,
    deadline: &Deadline,
    request: Request<Body>,
    started: Instant,
) -> Result<Answer, Failure> {
    let timeout = connection.timeout;
    let late = || {
        let length = deadline.length();
        Failure::Late(if deadline.is_over() { length } else { timeout })
    };
    let sent = timeout_at(deadline.within(timeout), connection.client.send(request));
    let response = sent.await.map_err(|_| late())?.map_err(Failure::Lost)?;
    let code = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| {
        let seconds = value.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    });
    let date = response.headers().get(DATE).and_then(|value| {
        let parser = rfc2822::DateTimeParser::new();
        let time = parser.parse_timestamp(value.to_str().ok()?).ok()?;
        Some(time.as_second())
    });
    let elsewhere = redirect::place(&response);
    let reading = Reading::new(response, LARGEST, (started, timeout), deadline);
    if matches!(code, StatusCode::OK | StatusCode::CREATED) {
        let body = reading.whole().await.map_err(|unread| match unread {
            Unread::Late => late(),
            Unread::Lost(cause) => Failure::Cut(cause),
            Unread::TooLarge(most) => Failure::Garbled(format!("it is larger than {most} bytes")),
            Unread::Odd(what) => Failure::Garbled(what.to_owned()),
        })?;
        return Ok(Answer { body, date });
    }
    Err(Failure::Status(Status {
        code: code.as_u16(),
        message: match elsewhere {
            Some(place) => format!("it redirects to {place}"),
            None => message(&reading.beginning().await),
        },
        retry_after,
    }))
}

/// The message of a `Status` object; else the start of the text.
fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        message: String,
    }
    let text = match serde_json::from_slice::<Body>(body) {
        Ok(status) => status.message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or_default().chars().take(300).collect()
}

/// Percent-encodes a part of a path or a value of a query.
pub(crate) fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let digit = |four: u8| char::from(HEX[usize::from(four)]);
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, retry_after: Option<u64>) -> Failure {
        Failure::Status(Status {
            code,
            message: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
        })
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        assert_eq!(status(403, None).pause(0), None);
        assert_eq!(Failure::Late(PAUSE).pause(0), None);
        assert_eq!(status(503, None).pause(2), Some(PAUSE * 4));
        assert_eq!(status(429, Some(2)).pause(0), Some(Duration::from_secs(2)));
        assert_eq!(status(429, Some(9_999)).pause(0), None);
    }

    #[test]
    fn the_message_is_that_of_the_status_or_the_text() {
        assert_eq!(message(br#"{"kind":"Status","message":"no"}"#), "no");
        assert_eq!(message(b"404 page not found\n"), "404 page not found");
        assert_eq!(message(b""), "");
    }

    #[test]
    fn selectors_survive_a_query() {
        assert_eq!(encode("app=a,tier in (b)"), "app%3Da%2Ctier%20in%20%28b%29");
    }
}
