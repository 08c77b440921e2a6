//! TLS as kubectl has it: rustls with ring, and what Go takes besides.
//!
//! Three things go beyond rustls' defaults, none beyond Go's: keys on the curve
//! P-521 ([`p521`]), a certificate that is itself among the trusted ones
//! ([`verify`]), and client certificates of X.509 version 1 ([`identity`]).

mod identity;
mod p521;
mod provider;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use kube::client::ConfigExt as _;
use rustls::ClientConfig;
use rustls::sign::SingleCertAndKey;

/// Why no TLS can be spoken. Holds no key.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("failed to read {what} from {}", path.display())]
    Read {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{what} is not base64")]
    Base64 { what: &'static str },
    #[error("{what} is not PEM")]
    Pem { what: &'static str },
    #[error("there is no certificate in {what}")]
    NoCertificate { what: &'static str },
    #[error("there is no private key in {what}")]
    NoKey { what: &'static str },
    #[error("there is {given}, but not {missing}")]
    Half {
        given: &'static str,
        missing: &'static str,
    },
    #[error("the client key is encrypted")]
    Encrypted,
    #[error("the client key is of a kind that is not supported")]
    KindOfKey,
    #[error("the client key is not that of the client certificate")]
    OtherKey,
    #[error("the command for credentials printed none")]
    NoCredential,
    #[error("the token holds line breaks or other control characters")]
    Token,
    #[error("`tls-server-name` is not a host name")]
    ServerName,
    #[error("proxies of the scheme `{scheme}` are not supported")]
    Proxy { scheme: String },
    #[error(transparent)]
    Kube(Box<kube::Error>),
}

impl TlsError {
    /// One next step.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Encrypted => {
                Some("write it without a passphrase: `openssl pkey -in KEY -out PLAIN`")
            }
            Self::KindOfKey => Some(
                "take RSA of 2048 to 4096 bits, P-256, P-384, P-521 or Ed25519, and look at it \
                 with `openssl pkey -in KEY -noout -text`",
            ),
            Self::OtherKey => Some(
                "compare `openssl x509 -in CERTIFICATE -noout -pubkey` with `openssl pkey -in KEY -pubout`",
            ),
            Self::Proxy { .. } => Some(
                "name an HTTP proxy, as `http://HOST:PORT`, and leave SOCKS to a forwarder in front of it",
            ),
            _ => None,
        }
    }
}

/// How a client with these settings speaks TLS.
pub(super) fn client_config(config: &kube::Config) -> Result<ClientConfig, TlsError> {
    provider::install();
    let mut bare = config.clone();
    let own = std::mem::take(&mut bare.auth_info);
    let trusted = match &config.root_cert {
        Some(roots) if !config.accept_invalid_certs && config.root_cert_file.is_none() => {
            // Its place is taken below, by one that takes all that Go takes.
            bare.root_cert = Some(Vec::new());
            Some(verify::trusting(roots)?)
        }
        _ => None,
    };
    let made = bare.rustls_client_config();
    let mut tls = made.map_err(|error| TlsError::Kube(Box::new(error)))?;
    if let Some(verifier) = trusted {
        tls.dangerous().set_certificate_verifier(verifier);
    }
    if let Some(identity) = identity::of(&own)? {
        tls.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(identity));
    }
    Ok(tls)
}

pub(super) use identity::authority;

/// Why, with all causes in one line, each once.
pub(super) fn chain(error: &TlsError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let why = cause.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        next = cause.source();
    }
    text
}
