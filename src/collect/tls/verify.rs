//! Which certificates of servers are trusted, where authorities are named.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::ext::pkix::ExtendedKeyUsage;

use super::{TlsError, provider};

/// What a certificate of a server must be for, where it says what it is for.
const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const ANYTHING: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// As webpki has it, and what Go takes besides: a certificate that is itself
/// among the trusted ones needs no authority, and may be one.
///
/// `openssl req -x509` makes such certificates. Time, name and purpose are
/// checked all the same, and that the server has the key.
#[derive(Debug)]
struct Trusting {
    paths: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

/// Trusts these certificates, given as DER, and what they signed.
///
/// What cannot be read of several is passed over, as Go does.
pub(super) fn trusting(roots: &[Vec<u8>]) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let trusted: Vec<CertificateDer<'static>> = roots.iter().cloned().map(Into::into).collect();
    let mut store = RootCertStore::empty();
    let none = || TlsError::NoCertificate {
        what: "the certificates of authorities",
    };
    store.add_parsable_certificates(trusted.iter().cloned());
    let paths = WebPkiServerVerifier::builder_with_provider(store.into(), provider::provider());
    let paths = paths.build().map_err(|_| none())?;
    Ok(Arc::new(Trusting { paths, trusted }))
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.trusted.contains(certificate) {
            return itself(certificate, name, now);
        }
        self.paths
            .verify_server_cert(certificate, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.paths
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.paths
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.paths.supported_verify_schemes()
    }
}

/// What is left to check of a certificate that is trusted by itself.
fn itself(
    der: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    // Knows which extensions are critical, too.
    let parsed = ParsedCertificate::try_from(der)?;
    let certificate = Certificate::from_der(der).map_err(|_| CertificateError::BadEncoding)?;
    let validity = certificate.tbs_certificate().validity();
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration();
    let time = |duration: std::time::Duration| UnixTime::since_unix_epoch(duration);
    let (from, until) = (
        time(seconds(validity.not_before)),
        time(seconds(validity.not_after)),
    );
    if now < from {
        return Err(CertificateError::NotValidYetContext {
            time: now,
            not_before: from,
        }
        .into());
    }
    if now > until {
        return Err(CertificateError::ExpiredContext {
            time: now,
            not_after: until,
        }
        .into());
    }
    let usage = certificate.tbs_certificate().get_extension();
    let usage: Option<(bool, ExtendedKeyUsage)> =
        usage.map_err(|_| CertificateError::BadEncoding)?;
    let serves = usage.is_none_or(|(_, ExtendedKeyUsage(purposes))| {
        purposes.iter().any(|it| *it == SERVER || *it == ANYTHING)
    });
    if !serves {
        return Err(CertificateError::InvalidPurpose.into());
    }
    verify_server_name(&parsed, name)?;
    Ok(ServerCertVerified::assertion())
}
