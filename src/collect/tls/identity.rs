//! Certificates and keys from a kubeconfig or from files.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, Cluster};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use secrecy::ExposeSecret;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use super::{TlsError, provider};

const CERTIFICATE: &str = "the client certificate";
const KEY: &str = "the client key";
const AUTHORITY: &str = "the certificate authority";

/// The certificate and key that a client shows, where it has some.
///
/// Not parsed beyond what it takes to compare the two: servers of Kubernetes
/// accept certificates of X.509 version 1, and it is theirs to judge.
pub(super) fn of(info: &AuthInfo) -> Result<Option<CertifiedKey>, TlsError> {
    let certificate = load(
        CERTIFICATE,
        info.client_certificate_data.as_deref(),
        info.client_certificate.as_deref(),
    )?;
    let data = info.client_key_data.as_ref();
    let key = load(
        KEY,
        data.map(ExposeSecret::expose_secret),
        info.client_key.as_deref(),
    )?;
    let half = |given, missing| TlsError::Half { given, missing };
    match (certificate, key) {
        (Some(certificate), Some(key)) => identity(&certificate, &key).map(Some),
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(CERTIFICATE, "its key")),
        (None, Some(_)) => Err(half(KEY, "its certificate")),
    }
}

/// The authorities that a cluster of a kubeconfig names, as DER.
pub(in crate::collect) fn authority(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, TlsError> {
    let pem = load(
        AUTHORITY,
        cluster.certificate_authority_data.as_deref(),
        cluster.certificate_authority.as_deref(),
    )?;
    let Some(pem) = pem else {
        return Ok(None);
    };
    let found = certificates(AUTHORITY, &pem)?;
    Ok(Some(found))
}

/// Base64 first, as client-go has it; a text that is empty counts as none.
fn load(
    what: &'static str,
    data: Option<&str>,
    file: Option<&str>,
) -> Result<Option<Vec<u8>>, TlsError> {
    if let Some(data) = data.filter(|data| !data.is_empty()) {
        let text: String = data.split_whitespace().collect();
        let decoded = STANDARD
            .decode(text)
            .map_err(|_| TlsError::Base64 { what })?;
        return Ok(Some(decoded));
    }
    // An empty one has become the folder of its kubeconfig.
    let file = file.filter(|file| !file.is_empty() && !file.ends_with('/'));
    let Some(path) = file.map(Path::new) else {
        return Ok(None);
    };
    let read = std::fs::read(path).map_err(|source| TlsError::Read {
        what,
        path: PathBuf::from(path),
        source,
    })?;
    Ok(Some(read))
}

fn certificates(what: &'static str, pem: &[u8]) -> Result<Vec<Vec<u8>>, TlsError> {
    let blocks = pem::parse_many(pem).map_err(|_| TlsError::Pem { what })?;
    let found: Vec<Vec<u8>> = blocks
        .into_iter()
        .filter(|block| block.tag() == "CERTIFICATE")
        .map(pem::Pem::into_contents)
        .collect();
    if found.is_empty() {
        return Err(TlsError::NoCertificate { what });
    }
    Ok(found)
}

fn identity(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(CERTIFICATE, certificate)?;
    let chain: Vec<CertificateDer<'static>> = chain.into_iter().map(Into::into).collect();
    let keys = provider::provider().key_provider;
    let key = keys.load_private_key(private_key(key)?);
    let key = key.map_err(|_| TlsError::KindOfKey)?;
    let own = key.public_key();
    if let (Some(own), Some(other)) = (&own, public_key(&chain[0]))
        && own.as_ref() != other
    {
        return Err(TlsError::OtherKey);
    }
    Ok(CertifiedKey::new(chain, key))
}

/// What the certificate says of its key; `None` where that cannot be read.
fn public_key(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    key.to_der().ok()
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    let blocks = pem::parse_many(pem).map_err(|_| TlsError::Pem { what: KEY })?;
    for block in blocks {
        let encrypted = block.headers().get("Proc-Type").is_some();
        let tag = block.tag().to_owned();
        let der = block.into_contents();
        return Ok(match tag.as_str() {
            "ENCRYPTED PRIVATE KEY" => return Err(TlsError::Encrypted),
            _ if encrypted => return Err(TlsError::Encrypted),
            "PRIVATE KEY" => PrivateKeyDer::Pkcs8(der.into()),
            "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(der.into()),
            "EC PRIVATE KEY" => PrivateKeyDer::Sec1(der.into()),
            tag if tag.ends_with("PRIVATE KEY") => return Err(TlsError::KindOfKey),
            // Parameters of a curve, and certificates that stand beside the key.
            _ => continue,
        });
    }
    Err(TlsError::NoKey { what: KEY })
}
