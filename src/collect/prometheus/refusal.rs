//! What the refusals of a server mean.

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use kube::client::Body;
use serde::Deserialize;

use super::error::Failure;
use super::limit;
use crate::collect::cause::Cause;
use crate::text::cut;

/// So much of what a server says is told.
const LONGEST_TEXT: usize = 500;

/// An error as the API writes it, or the API server before it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    #[serde(default)]
    error_type: String,
    #[serde(alias = "message")]
    error: String,
}

/// From the body of a response that is no success.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Refusal>(body) {
        Ok(answer) => refusal(
            status,
            &answer.error_type,
            &cut(&answer.error, LONGEST_TEXT),
        ),
        Err(_) => refusal(status, "", &excerpt(body)),
    }
}

/// What proxies answer that let read, but not write.
pub(super) fn is_of_body(status: StatusCode) -> bool {
    matches!(status.as_u16(), 403 | 405 | 501)
}

/// What an error of the API means.
///
/// Texts are those of Prometheus 2.42 and of VictoriaMetrics 1.79; a timeout
/// comes as 503 `timeout` or as 422 `execution`, depending on where it struck.
pub(super) fn refusal(status: StatusCode, error_type: &str, error: &str) -> Failure {
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
    if limit::is_of_time(&text) && code != 401 && code != 403 {
        return Failure::TooLong {
            limit: limit::read(&text),
            text: error.to_owned(),
        };
    }
    match code {
        413 | 414 | 431 | 504 => Failure::TooMuch(or(error, "the query took too long")),
        429 | 502 => Failure::Busy {
            status: code,
            after: None,
        },
        // Thanos, where it is not allowed to answer in part: no smaller query helps.
        422 if says(&["code = unavailable", "connection refused", "no such host"]) => {
            Failure::Refused {
                status: code,
                text: error.to_owned(),
            }
        }
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

pub(super) fn is_json(response: &Response<Body>) -> bool {
    let value = response.headers().get(CONTENT_TYPE);
    value.is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

/// The first line of a text that is no JSON, or the title of a web page.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    let plain =
        |line: &str| -> String { line.chars().filter(|c| !c.is_control()).take(200).collect() };
    if !text.starts_with('<') {
        return plain(text.lines().next().unwrap_or_default());
    }
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|at| {
        let from = at + "<title>".len();
        let length = lower[from..].find("</title>")?;
        Some(plain(text[from..from + length].trim()))
    });
    match title {
        Some(title) if !title.is_empty() => format!("a web page, \"{title}\""),
        _ => "a web page".to_owned(),
    }
}

/// A request that got no response: refused, unknown host, certificate, reset.
pub(super) fn unsent(error: &kube::Error) -> Failure {
    let cause = Cause::of(error);
    let text = cause.to_string().to_lowercase();
    // Hyper and rustls say so when a server closes before the first byte of an answer.
    let closed = [
        "closed before",
        "reset by peer",
        "close_notify",
        "broken pipe",
    ];
    if closed.iter().any(|words| text.contains(words)) {
        Failure::Dropped(cause)
    } else {
        Failure::Unreachable(cause)
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
        let down = "proxy Series(): rpc error: code = Unavailable desc = connection refused";
        assert_eq!(remedy(422, "execution", down), GiveUp);
        assert_eq!(remedy(504, "", ""), Halve);
        assert_eq!(remedy(429, "", ""), Wait);
        assert_eq!(remedy(503, "", ""), Wait);
        assert_eq!(remedy(500, "internal", "boom"), Wait);
        assert_eq!(remedy(400, "bad_data", "parse error"), GiveUp);
        assert_eq!(remedy(401, "", "no"), GiveUp);
    }
}
