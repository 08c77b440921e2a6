//! What the user decides about Prometheus.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use super::access::parts;
use super::engine::Engine;
use super::names::Names;
use super::transport::Transport;
use crate::collect::Deadline;
use crate::units::Span;

/// Where usage is read from, and how much of it.
#[derive(Debug, Clone)]
pub struct PrometheusOptions {
    /// `--prometheus-url`, without credentials; may end in a path, as Mimir's does.
    pub url: String,
    /// The way there, where it is not just the URL.
    pub transport: Option<Transport>,
    pub window: Span,
    pub step: Span,
    /// The end of the window.
    pub end: Timestamp,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// When the run has to be over that this is part of; else each call has its own.
    pub deadline: Option<Deadline>,
    /// Ranges asked for at a time.
    pub concurrency: usize,
    /// The most samples that one query may make the server touch.
    pub max_samples: u64,
    /// Bytes of samples that are held in memory, what is more in a temporary file; all of them,
    /// where it is not said.
    pub held: Option<u64>,
    /// Who boils samples down; by their number, where it is not said.
    pub engine: Option<Engine>,
    /// First pause after a refusal; it doubles with each that follows.
    pub back_off: Duration,
    pub access: Access,
    /// Namespaces whose services may be sent what lets kcost in, though none is named;
    /// where there are any, only these are looked in.
    pub trusted: Vec<String>,
    /// Further conditions on every series, for stores that hold many clusters.
    pub matchers: Vec<Matcher>,
    /// What the cluster may be called in a store that holds many.
    pub cluster: Vec<String>,
    /// What metrics and labels are called in this store.
    pub names: Names,
    /// Requests a second of each pod, as an expression.
    pub traffic: Option<String>,
}

/// A sixteenth of what Prometheus allows by default. Measured with 2,133 containers over
/// 14 days on Prometheus 2.42, two queries at a time: 1,250,000 take 61 queries and 350 MB
/// of the server at most, 2,500,000 take 33 and 590 MB, 4,000,000 take 20 and 710 MB, and
/// all about the same CPU.
pub const MAX_SAMPLES: u64 = 3_000_000;

impl PrometheusOptions {
    /// A login in the URL becomes the credentials, its parameters go with every
    /// request, and neither is shown anywhere.
    pub fn new(url: &str, window: Span, step: Span, end: Timestamp) -> Self {
        let (url, credentials, parameters) = parts(url);
        Self {
            url,
            transport: None,
            window,
            step,
            end,
            timeout: Duration::from_secs(60),
            deadline: None,
            concurrency: 2,
            max_samples: MAX_SAMPLES,
            held: None,
            engine: None,
            back_off: Duration::from_millis(500),
            access: Access {
                credentials,
                parameters,
                ..Access::default()
            },
            trusted: Vec::new(),
            matchers: Vec::new(),
            cluster: Vec::new(),
            names: Names::default(),
            traffic: None,
        }
    }
}

impl PrometheusOptions {
    /// The same without anything that lets kcost in; `None` where there is nothing.
    pub(in crate::collect) fn without_credentials(&self) -> Option<Self> {
        let access = &self.access;
        let has_any = !matches!(access.credentials, Credentials::None)
            || !access.headers.is_empty()
            || access.parameters.is_some()
            || access.client_certificate.is_some();
        has_any.then(|| Self {
            access: Access {
                ca: access.ca.clone(),
                insecure: access.insecure,
                proxy: access.proxy.clone(),
                ..Access::default()
            },
            ..self.clone()
        })
    }
}

/// How to be let in.
#[derive(Debug, Clone, Default)]
pub struct Access {
    pub credentials: Credentials,
    /// Sent with every request, such as `X-Scope-OrgID`.
    pub headers: Vec<Header>,
    /// Parameters of every request, encoded: `namespace=shop`, for tenancy proxies.
    pub parameters: Option<Secret>,
    /// PEM of the authorities to trust, instead of the system's.
    pub ca: Option<PathBuf>,
    /// PEM of the certificate and of the key to show.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Do not verify the server's certificate.
    pub insecure: bool,
    /// An HTTP proxy; credentials in its URL are used.
    pub proxy: Option<Secret>,
}

/// Who kcost says it is.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    #[default]
    None,
    Token(Secret),
    TokenFile(PathBuf),
    /// A command that prints a token.
    TokenCommand(String),
    Basic {
        user: String,
        password: Secret,
    },
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; to send it, never to show it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// A header; its value is never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: Secret,
}

/// Why a text is no [`Header`]. Does not repeat it: it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a header is written as `NAME: VALUE`")]
pub struct ParseHeaderError;

impl FromStr for Header {
    type Err = ParseHeaderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once(':').ok_or(ParseHeaderError)?;
        let name: http::HeaderName = name.trim().parse().map_err(|_| ParseHeaderError)?;
        http::HeaderValue::from_str(value.trim()).map_err(|_| ParseHeaderError)?;
        Ok(Self {
            name: name.as_str().to_owned(),
            value: Secret::new(value.trim()),
        })
    }
}

/// A condition on a label: `cluster=prod`, `cluster=~"eu-.*"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    pub(super) label: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub(super) operator: &'static str,
    pub(super) value: String,
}

impl Matcher {
    pub(super) fn equal(label: &str, value: &str) -> Self {
        Self::new(label, "=", value)
    }

    pub(super) fn new(label: &str, operator: &'static str, value: &str) -> Self {
        Self {
            label: label.to_owned(),
            operator,
            value: value.to_owned(),
        }
    }

    /// What stands for the name of the context in a condition.
    pub const CONTEXT: &str = "{context}";

    /// Whether it differs from cluster to cluster.
    pub fn tells_clusters_apart(&self) -> bool {
        self.value.contains(Self::CONTEXT)
    }

    /// The condition for the cluster of this context.
    #[must_use]
    pub fn of_context(mut self, context: &str) -> Self {
        self.value = self.value.replace(Self::CONTEXT, context);
        self
    }
}

/// As it is written: `cluster=prod`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.label, self.operator, self.value)
    }
}

/// Why a text is no [`Matcher`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a condition on a label: write `NAME=VALUE`, or `!=`, `=~`, `!~` instead of `=`"
)]
pub struct ParseMatcherError(String);

impl FromStr for Matcher {
    type Err = ParseMatcherError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ParseMatcherError(text.to_owned());
        let end = text.find(['=', '!']).ok_or_else(bad)?;
        let (label, rest) = text.split_at(end);
        // The longer ones first: `=` begins `=~`.
        let operator = ["=~", "!=", "!~", "="]
            .into_iter()
            .find(|operator| rest.starts_with(operator))
            .ok_or_else(bad)?;
        let value = &rest[operator.len()..];
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value);
        if !is_label(label) || value.contains('\n') {
            return Err(bad());
        }
        Ok(Self {
            label: label.to_owned(),
            operator,
            value: value.to_owned(),
        })
    }
}

fn is_label(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matcher_is_read_with_and_without_quotes() {
        let read = |text: &str| {
            let matcher: Matcher = text.parse().unwrap();
            (matcher.label, matcher.operator, matcher.value)
        };
        let seen = |label: &str, operator, value: &str| (label.into(), operator, value.into());
        assert_eq!(read("cluster=prod"), seen("cluster", "=", "prod"));
        assert_eq!(read("a=~\"x|y\""), seen("a", "=~", "x|y"));
        assert_eq!(read("a!="), seen("a", "!=", ""));
        assert_eq!(read("a!~b=c"), seen("a", "!~", "b=c"));
        for bad in ["", "cluster", "1a=b", "a b=c", "=x", "a!b"] {
            assert!(bad.parse::<Matcher>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let header: Header = "X-Scope-OrgID: team:a".parse().unwrap();
        assert_eq!(header.value.expose(), "team:a");
        assert!(!format!("{header:?}").contains("team"));
        let error = "no header at all".parse::<Header>().unwrap_err();
        assert!(!error.to_string().contains("at all"));
    }
}
