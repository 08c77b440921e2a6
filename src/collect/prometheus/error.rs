use std::io;
use std::path::PathBuf;

use super::answer::Broken;
use super::clusters::Mixed;
use super::hints;
use crate::collect::cause::Cause;
use crate::text::quote;
use crate::units::Span;

/// Why no usage could be read at all. URLs are shown without credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrometheusError {
    #[error("`{url}` is not a URL of a Prometheus")]
    BadUrl { url: String },
    /// Its `@` may end a login, or belong to the path.
    #[error("the URL of Prometheus has an `@` after a `/`, `?` or `#`")]
    Doubtful,
    #[error("the URL of Prometheus is too long")]
    LongUrl,
    #[error(
        "`--prometheus-token` or `KCOST_PROMETHEUS_TOKEN` is not a valid token: it must be ASCII without spaces or line breaks"
    )]
    Token,
    #[error("the URL of Prometheus is that of a page: it has the parameter `{parameter}`")]
    Page { parameter: String, base: String },
    #[error("failed to read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the command for the token of Prometheus failed: {problem}")]
    TokenCommand { problem: String },
    #[error("failed to prepare the connection to {url}: {problem}")]
    Setup {
        url: String,
        problem: String,
        hint: Option<&'static str>,
    },
    #[error("failed to reach Prometheus at {url}: {problem}")]
    Unreachable { url: String, problem: Cause },
    #[error("Prometheus at {url} gave no answer within {seconds} s")]
    Timeout { url: String, seconds: u64 },
    #[error("Prometheus at {url} refused with status {status}{text}", text = colon(.text))]
    Refused {
        url: String,
        status: u16,
        text: String,
    },
    #[error("Prometheus at {url} redirects to {place}")]
    Redirected { url: String, place: String },
    #[error("Prometheus at {url} answered with an error: {problem}")]
    Answered { url: String, problem: String },
    #[error("what answers at {url} is not a Prometheus: {problem}")]
    NotPrometheus { url: String, problem: String },
    #[error("every query to Prometheus at {url} failed: {problem}")]
    Exhausted { url: String, problem: String },
    #[error("Prometheus at {url} holds {text}")]
    Mixed {
        url: String,
        text: String,
        /// The flag that chooses one.
        flag: String,
    },
    #[error("Prometheus at {url} {why}, and `--engine chunks` needs them")]
    NoChunks { url: String, why: String },
    #[error("Prometheus at {url} gave no usage as it is stored: {problem}")]
    Unstored { url: String, problem: String },
    #[error("Prometheus at {url} does not answer queries over that long a time: {problem}")]
    TooLong { url: String, problem: String },
}

fn colon(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}

impl PrometheusError {
    /// Of labels that each tell clusters apart, the first.
    pub(super) fn mixed(url: &str, mixed: &[Mixed], names: &[String]) -> Self {
        let first = mixed.first();
        Self::Mixed {
            url: url.to_owned(),
            text: first.map_or_else(|| "several clusters".to_owned(), Mixed::text),
            flag: first.map_or_else(
                || "--prometheus-label NAME=VALUE".to_owned(),
                |one| one.flag(names),
            ),
        }
    }

    /// One next step.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::BadUrl { .. } => {
                "write it as `--prometheus-url http://prometheus.monitoring:9090`".to_owned()
            }
            Self::Doubtful => "write `/`, `?` and `#` of a login as `%2F`, `%3F` and `%23`, and \
                               `@` of a path as `%40`"
                .to_owned(),
            Self::Token => "look for text around it, such as a second line".to_owned(),
            Self::Page { base, .. } => {
                let base = quote(base);
                format!("leave out what follows the address: `--prometheus-url {base}`")
            }
            Self::LongUrl | Self::Read { .. } | Self::TokenCommand { .. } => return None,
            Self::Setup { hint, .. } => hint
                .unwrap_or("check the certificates and headers given with `--prometheus-…`")
                .to_owned(),
            Self::Unreachable { url, problem } => hints::unreachable(url, problem.kind),
            Self::Timeout { .. } => "raise `--timeout`, or shorten `--window`".to_owned(),
            Self::Refused { url, status, text } => return hints::refused(url, *status, text),
            Self::Redirected { url, place } => hints::redirected(url, place),
            Self::Answered { .. } => hints::parts(),
            Self::NotPrometheus { url, .. } => hints::without_page(url).unwrap_or_else(|| {
                "check `--prometheus-url`: `/api/v1/query` is added to it".to_owned()
            }),
            Self::Exhausted { .. } => hints::overloaded(),
            Self::NoChunks { .. } => "leave out `--engine`: kcost then takes what the server \
                offers, as `--engine raw` does"
                .to_owned(),
            Self::Unstored { .. } => "ask for points with `--engine raw`, or leave out \
                `--engine`: kcost then takes what it gets"
                .to_owned(),
            Self::Mixed { flag, .. } => format!("choose the one of this cluster: `{flag}`"),
            Self::TooLong { .. } => {
                "it is asked in parts, each of an hour or more: raise its limit, \
                such as `max_query_length` of Mimir, or use a shorter `--window`"
                    .to_owned()
            }
        };
        Some(text)
    }
}

/// Why one query has no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// The server says that it is too much at once.
    TooMuch(String),
    /// The server does not look at so long a time at once, but at this much.
    TooLong { limit: Option<Span>, text: String },
    /// The server took too long, or the answer stopped.
    Slow { seconds: u64 },
    /// The run, or this part of it, has taken all the time that it has.
    OutOfTime { seconds: u64 },
    /// The server asks to come back later.
    Busy { status: u16, after: Option<u64> },
    /// The connection could not be made.
    Unreachable(Cause),
    /// The connection was lost in the middle of an answer.
    Dropped(Cause),
    /// Another status than success.
    Refused { status: u16, text: String },
    /// The server sends its clients elsewhere.
    Redirected(String),
    /// An error in an answer that is a success.
    Error(String),
    /// It is no answer of the API.
    Broken(Broken),
}

/// What can be done about a [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Ask for less.
    Halve,
    /// Ask again later.
    Wait,
    /// Nothing.
    GiveUp,
}

impl Failure {
    /// With what the server says changed.
    pub(super) fn saying(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::TooMuch(text) => Self::TooMuch(change(&text)),
            Self::TooLong { limit, text } => Self::TooLong {
                limit,
                text: change(&text),
            },
            Self::Refused { status, text } => Self::Refused {
                status,
                text: change(&text),
            },
            Self::Redirected(place) => Self::Redirected(change(&place)),
            Self::Error(text) => Self::Error(change(&text)),
            other => other,
        }
    }

    /// Whether the same question may be answered a little later. A server that
    /// is not there at all is told at once.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Busy { after, .. } => after.is_none_or(|after| after <= LONGEST_PAUSE),
            Self::Dropped(_) => true,
            // 501 says that it is not made for this.
            Self::Refused { status, .. } => *status >= 500 && *status != 501,
            _ => false,
        }
    }

    /// Whether nothing else that is asked would be answered either.
    pub(super) fn is_for_all(&self) -> bool {
        match self {
            Self::OutOfTime { .. } | Self::Redirected(_) => true,
            Self::Busy { after, .. } => after.is_some_and(|after| after > LONGEST_PAUSE),
            _ => false,
        }
    }

    pub(super) fn remedy(&self) -> Remedy {
        match self {
            // A server that is killed while it writes leaves a whole HTTP
            // answer of half a document when a proxy stands between.
            Self::TooMuch(_)
            | Self::TooLong { .. }
            | Self::Slow { .. }
            | Self::Dropped(_)
            | Self::Broken(Broken::Truncated(_) | Broken::Empty | Broken::TooLarge(_)) => {
                Remedy::Halve
            }
            Self::Busy { after, .. } if after.is_none_or(|after| after <= LONGEST_PAUSE) => {
                Remedy::Wait
            }
            Self::Unreachable(_) => Remedy::Wait,
            Self::Refused { status, .. } if *status >= 500 => Remedy::Wait,
            Self::Busy { .. }
            | Self::OutOfTime { .. }
            | Self::Refused { .. }
            | Self::Redirected(_)
            | Self::Error(_)
            | Self::Broken(_) => Remedy::GiveUp,
        }
    }

    /// As a failure of everything.
    pub(super) fn at(self, url: &str) -> PrometheusError {
        let url = url.to_owned();
        match self {
            Self::Unreachable(problem) | Self::Dropped(problem) => {
                PrometheusError::Unreachable { url, problem }
            }
            Self::Slow { seconds } | Self::OutOfTime { seconds } => {
                PrometheusError::Timeout { url, seconds }
            }
            Self::Refused { status, text } => PrometheusError::Refused { url, status, text },
            Self::Busy { status, after } => PrometheusError::Refused {
                url,
                status,
                text: busy(after),
            },
            Self::TooMuch(problem) => PrometheusError::Exhausted { url, problem },
            Self::TooLong { text, .. } => PrometheusError::TooLong { url, problem: text },
            Self::Redirected(place) => PrometheusError::Redirected { url, place },
            Self::Error(problem) => PrometheusError::Answered { url, problem },
            Self::Broken(broken) => PrometheusError::NotPrometheus {
                url,
                problem: broken.to_string(),
            },
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooMuch(text) => write!(f, "it is too much for the server: {text}"),
            Self::TooLong { text, .. } => write!(f, "it is too long for the server: {text}"),
            Self::Redirected(place) => write!(f, "it redirects to {place}"),
            Self::Slow { seconds } => write!(f, "no answer within {seconds} s"),
            Self::OutOfTime { seconds } => {
                write!(f, "reading took longer than {seconds} s")
            }
            Self::Busy { status, after } => write!(f, "the server is busy (status {status}){}", {
                let text = busy(*after);
                text.strip_prefix("it is busy")
                    .unwrap_or_default()
                    .to_owned()
            }),
            Self::Unreachable(cause) => write!(f, "the server cannot be reached: {cause}"),
            Self::Dropped(cause) => write!(f, "the connection was lost: {cause}"),
            Self::Refused { status, text } => write!(f, "status {status}{}", colon(text)),
            Self::Error(text) => write!(f, "an error: {text}"),
            Self::Broken(broken) => write!(f, "{broken}"),
        }
    }
}

/// The longest pause that a server is given, in seconds, however long it asks for.
pub(super) const LONGEST_PAUSE: u64 = 30;

fn busy(after: Option<u64>) -> String {
    match after {
        Some(after) if after > LONGEST_PAUSE => format!("it is busy, and asks to wait {after} s"),
        _ => "it is busy".to_owned(),
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge(bytes) => write!(f, "the answer is larger than {bytes} bytes"),
            Self::TooMany(counted) => {
                write!(
                    f,
                    "the answer has more series than the {counted} that were counted"
                )
            }
            Self::Count => f.write_str("a count in the answer is not a number"),
            Self::Empty => f.write_str("the answer is empty"),
            Self::Truncated(bytes) => write!(f, "the answer ends after {bytes} bytes"),
            Self::Html => f.write_str("the answer is a web page"),
            Self::Foreign => f.write_str("the answer has no `status`"),
            Self::Twice => f.write_str("the answer has a series twice"),
            Self::Garbage(at) => write!(f, "the answer is not what the API gives, from byte {at}"),
        }
    }
}
