//! Why a connection could not be made, in words and by what helps.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage};

const NOTHING_SHARED: &str =
    "it supports no TLS from 1.2 on with a cipher and a curve that kcost knows";

/// What kept a connection from being made, or ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    text: String,
    pub kind: CauseKind,
}

/// Causes by what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CauseKind {
    /// The name of the server is unknown.
    Name,
    /// The server speaks no TLS.
    Plain,
    /// Its certificate is not trusted.
    Authority,
    /// Its certificate is for another name.
    Host,
    /// Its certificate is out of its time.
    Time,
    /// It does not accept who we are, or wants to know it.
    Client,
    /// TLS for another reason.
    Tls,
    /// The proxy does not lead there.
    Proxy,
    /// Nothing listens there, or the way is blocked.
    Connection,
}

impl Cause {
    /// Of an error and all that it wraps. The innermost cause says most, and
    /// names no header or URL.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut words = String::new();
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(tls) = tls(error) {
                return Self::of_tls(tls);
            }
            words.push_str(&error.to_string().to_lowercase());
            next = error.source();
        }
        // The types of these belong to libraries that kube uses and does not show.
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        let kind = if says(&["tunnel error"]) {
            CauseKind::Proxy
        } else if says(&["dns error", "failed to lookup address"]) {
            CauseKind::Name
        } else if says(&["certificate", "tls"]) {
            CauseKind::Tls
        } else {
            CauseKind::Connection
        };
        Self {
            text: root(error),
            kind,
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        use rustls::Error as Tls;
        let told = |kind, text: &str| Self {
            text: text.to_owned(),
            kind,
        };
        match error {
            Tls::InvalidCertificate(error) => Self::of_certificate(error),
            Tls::InvalidMessage(InvalidMessage::InvalidContentType) => {
                told(CauseKind::Plain, "it does not use TLS")
            }
            Tls::AlertReceived(alert) => match alert {
                AlertDescription::CertificateRequired => {
                    told(CauseKind::Client, "it wants a client certificate")
                }
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied => told(
                    CauseKind::Client,
                    &format!("it does not accept the client certificate ({alert:?})"),
                ),
                AlertDescription::HandshakeFailure
                | AlertDescription::ProtocolVersion
                | AlertDescription::InsufficientSecurity => told(CauseKind::Tls, NOTHING_SHARED),
                _ => told(CauseKind::Tls, &error.to_string()),
            },
            Tls::PeerIncompatible(_) => told(CauseKind::Tls, NOTHING_SHARED),
            _ => told(CauseKind::Tls, &error.to_string()),
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        use CertificateError as Bad;
        let (kind, text) = match error {
            Bad::UnknownIssuer => (
                CauseKind::Authority,
                "its certificate is signed by an authority that is not trusted".to_owned(),
            ),
            Bad::BadSignature => (
                CauseKind::Authority,
                "its certificate is signed by another authority of the same name".to_owned(),
            ),
            Bad::Other(other) if says(other, "CaUsedAsEndEntity") => (
                CauseKind::Authority,
                "its certificate is its own authority, which is not trusted".to_owned(),
            ),
            Bad::Other(other) if says(other, "UnsupportedCertVersion") => (
                CauseKind::Host,
                "its certificate is of X.509 version 1, which names no host".to_owned(),
            ),
            Bad::Expired | Bad::ExpiredContext { .. } => {
                (CauseKind::Time, "its certificate has expired".to_owned())
            }
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => (
                CauseKind::Time,
                "its certificate is not valid yet".to_owned(),
            ),
            Bad::NotValidForNameContext {
                expected,
                presented,
            } => (CauseKind::Host, other_name(&expected.to_str(), presented)),
            Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => (
                CauseKind::Tls,
                "its certificate is not a server certificate".to_owned(),
            ),
            Bad::UnsupportedSignatureAlgorithmContext { .. }
            | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
                CauseKind::Tls,
                "its certificate is signed in a way that is not supported, such as with SHA-1"
                    .to_owned(),
            ),
            other => (CauseKind::Tls, format!("its certificate is bad: {other}")),
        };
        Self { text, kind }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Shown as what caused an error.
impl Error for Cause {}

fn says(error: &rustls::OtherError, word: &str) -> bool {
    error.to_string().contains(word)
}

/// What TLS has against it. An [`io::Error`] does not show what it holds as its source.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref::<rustls::Error>() {
        return Some(found);
    }
    let held = error.downcast_ref::<io::Error>()?.get_ref()?;
    tls(held)
}

/// As rustls writes names: `DnsName("prom.test")`, `IpAddress(127.0.0.1)`.
fn other_name(expected: &str, presented: &[String]) -> String {
    const NAMED: usize = 3;
    let plain = |name: &String| {
        let inner = name
            .split_once('(')
            .map_or(name.as_str(), |(_, inner)| inner);
        inner.trim_end_matches(')').trim_matches('"').to_owned()
    };
    if presented.is_empty() {
        return format!(
            "its certificate names no host, and not `{expected}`: a common name does not count"
        );
    }
    let names: Vec<String> = presented.iter().take(NAMED).map(plain).collect();
    let more = match presented.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "its certificate is for `{}`{more}, not for `{expected}`",
        names.join("`, `")
    )
}

/// The innermost cause: what the layers around it only wrap.
pub(super) fn root(error: &(dyn Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
