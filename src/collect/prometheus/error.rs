use std::io;
use std::path::PathBuf;

use super::answer::Broken;

/// Why no usage could be read at all. URLs are shown without credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrometheusError {
    #[error("`{url}` is not a URL of a Prometheus")]
    BadUrl { url: String },
    #[error("failed to read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the command for the token of Prometheus failed: {problem}")]
    TokenCommand { problem: String },
    #[error("failed to prepare the connection to {url}: {problem}")]
    Setup { url: String, problem: String },
    #[error("failed to reach Prometheus at {url}: {problem}")]
    Unreachable { url: String, problem: String },
    #[error("Prometheus at {url} gave no answer within {seconds} s")]
    Timeout { url: String, seconds: u64 },
    #[error("Prometheus at {url} refused with status {status}{text}", text = colon(.text))]
    Refused {
        url: String,
        status: u16,
        text: String,
    },
    #[error("Prometheus at {url} answered with an error: {problem}")]
    Answered { url: String, problem: String },
    #[error("what answers at {url} is not Prometheus: {problem}")]
    NotPrometheus { url: String, problem: String },
    #[error("not one query to Prometheus at {url} succeeded: {problem}")]
    Exhausted { url: String, problem: String },
}

fn overloaded() -> String {
    "the server may be overloaded: try again with `--prometheus-concurrency 1` or a smaller \
     `--max-samples-per-query`"
        .to_owned()
}

fn parts() -> String {
    "check `--prometheus-label`, `--prometheus-names` and `-n`, which are part of every query"
        .to_owned()
}

/// The last cause says most, and names no header or URL.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn colon(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}

impl PrometheusError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::BadUrl { .. } => {
                "write it as `--prometheus-url http://prometheus.monitoring:9090`".to_owned()
            }
            Self::Read { .. } | Self::TokenCommand { .. } => return None,
            Self::Setup { .. } => {
                "check the certificates and headers given with `--prometheus-…`".to_owned()
            }
            Self::Unreachable { url, problem } if problem.contains("certificate") => format!(
                "trust its authority with `--prometheus-ca FILE`, or check {url} with `curl -v`"
            ),
            Self::Unreachable { url, .. } if !url.contains("://") => {
                "run again, or name a URL with `--prometheus-url`".to_owned()
            }
            Self::Unreachable { url, .. } => format!("try `curl {url}/api/v1/status/buildinfo`"),
            Self::Timeout { .. } => "raise `--timeout`, or shorten `--window`".to_owned(),
            Self::Refused { status, .. } => match status {
                401 | 403 | 407 => "give a token with `--prometheus-token-file FILE`, or a header \
                    with `--prometheus-header 'X-Scope-OrgID: TENANT'`"
                    .to_owned(),
                300..=399 => "it redirects, as login pages do: use a URL behind the login, or \
                    give a token with `--prometheus-token-file FILE`"
                    .to_owned(),
                404 => "the URL may lack a path, such as `/prometheus` for Mimir or \
                    `/select/0/prometheus` for VictoriaMetrics"
                    .to_owned(),
                400 => parts(),
                429 | 500.. => overloaded(),
                _ => return None,
            },
            Self::Answered { .. } => parts(),
            Self::NotPrometheus { .. } => {
                "check `--prometheus-url`: `/api/v1/query` is added to it".to_owned()
            }
            Self::Exhausted { .. } => overloaded(),
        };
        Some(text)
    }
}

/// Why one query has no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// The server says that it is too much at once.
    TooMuch(String),
    /// The server took too long, or the answer stopped.
    Slow { seconds: u64 },
    /// The server asks to come back later.
    Busy { status: u16, after: Option<u64> },
    /// The connection could not be made.
    Unreachable(String),
    /// The connection was lost in the middle of an answer.
    Dropped(String),
    /// Another status than success.
    Refused { status: u16, text: String },
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
    /// Whether the same question may be answered a little later. A server that
    /// is not there at all is told at once.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Dropped(_) => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }

    pub(super) fn remedy(&self) -> Remedy {
        match self {
            // A server that is killed while it writes leaves a whole HTTP
            // answer of half a document when a proxy stands between.
            Self::TooMuch(_)
            | Self::Slow { .. }
            | Self::Dropped(_)
            | Self::Broken(Broken::Truncated(_) | Broken::Empty) => Remedy::Halve,
            Self::Busy { .. } | Self::Unreachable(_) => Remedy::Wait,
            Self::Refused { status, .. } if *status >= 500 => Remedy::Wait,
            Self::Refused { .. } | Self::Error(_) | Self::Broken(_) => Remedy::GiveUp,
        }
    }

    /// As a failure of everything.
    pub(super) fn at(self, url: &str) -> PrometheusError {
        let url = url.to_owned();
        match self {
            Self::Unreachable(problem) | Self::Dropped(problem) => {
                PrometheusError::Unreachable { url, problem }
            }
            Self::Slow { seconds } => PrometheusError::Timeout { url, seconds },
            Self::Refused { status, text } => PrometheusError::Refused { url, status, text },
            Self::Busy { status, .. } => PrometheusError::Refused {
                url,
                status,
                text: "it is busy".to_owned(),
            },
            Self::TooMuch(problem) => PrometheusError::Exhausted { url, problem },
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
            Self::TooMuch(text) => write!(f, "the server finds it too much: {text}"),
            Self::Slow { seconds } => write!(f, "no answer within {seconds} s"),
            Self::Busy { status, .. } => write!(f, "the server is busy (status {status})"),
            Self::Unreachable(text) => write!(f, "the server cannot be reached: {text}"),
            Self::Dropped(text) => write!(f, "the connection was lost: {text}"),
            Self::Refused { status, text } => write!(f, "status {status}{}", colon(text)),
            Self::Error(text) => write!(f, "an error: {text}"),
            Self::Broken(broken) => write!(f, "{broken}"),
        }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("the answer is empty"),
            Self::Truncated(bytes) => write!(f, "the answer ends after {bytes} bytes"),
            Self::Html => f.write_str("the answer is a web page"),
            Self::Garbage(at) => write!(f, "the answer is not what the API gives, from byte {at}"),
        }
    }
}
