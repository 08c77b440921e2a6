//! Certificates and keys, of clusters and of those who ask them.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use p521::ecdsa::signature::Verifier as _;
use p521::ecdsa::{Signature, VerifyingKey};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{ring, verify_tls13_signature_with_raw_key};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, UnixTime,
};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use super::{listed_with, outcome};
use crate::common::needs;
use crate::prometheus::between::{Between, Fate};
use crate::reach::front::Front;
use crate::standin::{Setup, Standin, Store};

/// A server with this certificate and key, as PEM.
fn speaking(certificate: &str, key: &str, clients: Option<Arc<Clients>>) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes());
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match clients {
        Some(clients) => config.with_client_cert_verifier(clients),
        None => config.with_no_client_auth(),
    };
    TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()))
}

/// Takes every certificate whose key the client has, and writes its version down.
#[derive(Debug, Default)]
struct Clients(Mutex<Vec<String>>);

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let certificate = Certificate::from_der(certificate).unwrap();
        let version = format!("{:?}", certificate.tbs_certificate().version());
        self.0.lock().unwrap().push(version);
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 is spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = Certificate::from_der(certificate).unwrap();
        let key = certificate.tbs_certificate().subject_public_key_info();
        if signed.scheme == SignatureScheme::ECDSA_NISTP521_SHA512 {
            let key = VerifyingKey::from_sec1_bytes(key.subject_public_key.raw_bytes()).unwrap();
            let signature = Signature::from_der(signed.signature()).unwrap();
            key.verify(message, &signature).unwrap();
            return Ok(HandshakeSignatureValid::assertion());
        }
        let key = SubjectPublicKeyInfoDer::from(key.to_der().unwrap());
        let known = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signed, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = ring::default_provider().signature_verification_algorithms;
        let mut schemes = known.supported_schemes();
        schemes.push(SignatureScheme::ECDSA_NISTP521_SHA512);
        schemes
    }
}

/// Files that openssl makes.
struct Made(tempfile::TempDir);

impl Made {
    /// Runs these lines in a new folder; `None` without openssl.
    fn with(lines: &str) -> Option<Self> {
        needs("openssl")?;
        let made = Self(tempfile::tempdir().unwrap());
        let output = Command::new("sh")
            .args(["-ec", lines])
            .current_dir(made.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        Some(made)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// What listing brings with this certificate and key of a client.
    fn said(&self, standin: &Standin, certificate: &str, key: &str) -> String {
        let user = format!("client-certificate: {certificate}\n    client-key: {key}");
        let text = kubeconfig(standin, "ca.pem", &user);
        let path = self.path().join("config");
        std::fs::write(&path, text).unwrap();
        outcome(&path, &[]).replace(&*self.path().to_string_lossy(), "[FOLDER]")
    }
}

/// A kubeconfig that trusts this file.
fn kubeconfig(standin: &Standin, authority: &str, user: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: a
clusters:
- name: a
  cluster:
    server: {}
    certificate-authority: {authority}
users:
- name: a
  user:
    {user}
contexts:
- {{name: a, context: {{cluster: a, user: a}}}}
",
        standin.url()
    )
}

const SERVER: &str = "
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ca -keyout ca.key -out ca.pem
openssl req -newkey rsa:2048 -nodes -subj /CN=kube -keyout key.pem -out csr.pem
echo subjectAltName=IP:127.0.0.1 > names
openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out cert.pem
echo extendedKeyUsage=clientAuth > v3
client() {
    openssl req -new -key $1.key -subj /CN=me -out $1.csr
    openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out $1.pem $2 $3
}
";

#[test]
fn every_key_that_kubectl_takes_lets_in() {
    let Some(made) = Made::with(&format!(
        "{SERVER}
openssl genrsa -traditional -out pkcs1.key 2048; client pkcs1 -extfile v3
openssl genrsa -out pkcs8.key 2048; client pkcs8 -extfile v3
openssl ecparam -name prime256v1 -genkey -noout -out sec1.key; client sec1 -extfile v3
openssl ecparam -name secp384r1 -genkey -out parameters.key; client parameters -extfile v3
openssl genpkey -algorithm ed25519 -out ed25519.key; client ed25519 -extfile v3
openssl ecparam -name secp521r1 -genkey -noout -out p521.key; client p521 -extfile v3
openssl pkcs8 -topk8 -nocrypt -in p521.key -out p521-pkcs8.key; client p521-pkcs8 -extfile v3
cp pkcs8.key v1.key; client v1
cp p521.key v1-p521.key; client v1-p521
"
    )) else {
        return;
    };
    let clients = Arc::new(Clients::default());
    let acceptor = speaking(
        &made.text("cert.pem"),
        &made.text("key.pem"),
        Some(Arc::clone(&clients)),
    );
    let standin = Setup::new(Store::recorded()).acceptor(acceptor).start();
    for (name, version) in [
        ("pkcs1", "V3"),
        ("pkcs8", "V3"),
        ("sec1", "V3"),
        ("parameters", "V3"),
        ("ed25519", "V3"),
        ("p521", "V3"),
        ("p521-pkcs8", "V3"),
        ("v1", "V1"),
        ("v1-p521", "V1"),
    ] {
        let said = made.said(&standin, &format!("{name}.pem"), &format!("{name}.key"));
        assert_eq!(said, "", "{name}");
        let seen = std::mem::take(&mut *clients.0.lock().unwrap());
        assert!(
            !seen.is_empty() && seen.iter().all(|it| it == version),
            "{name}: {seen:?}"
        );
    }
}

#[test]
fn a_key_that_cannot_be_used_is_told_with_what_to_do() {
    let Some(made) = Made::with(&format!(
        "{SERVER}
openssl genrsa -out one.key 2048; client one
openssl genrsa -out two.key 2048
openssl genrsa -aes128 -passout pass:x -out encrypted.key 2048
openssl genrsa -traditional -aes128 -passout pass:x -out old.key 2048
openssl ecparam -name secp256k1 -genkey -noout -out odd.key
echo nothing > empty.key
"
    )) else {
        return;
    };
    let acceptor = speaking(&made.text("cert.pem"), &made.text("key.pem"), None);
    let standin = Setup::new(Store::recorded()).acceptor(acceptor).start();
    let said = |key: &str| made.said(&standin, "one.pem", key);
    insta::assert_snapshot!(said("two.key"), @"
    error: the kubeconfig gives no credentials
      caused by: the client key is not that of the client certificate
    hint: compare `openssl x509 -in CERTIFICATE -noout -pubkey` with `openssl pkey -in KEY -pubout`
    ");
    insta::assert_snapshot!(said("encrypted.key"), @"
    error: the kubeconfig gives no credentials
      caused by: the client key is encrypted
    hint: write it without a passphrase: `openssl pkey -in KEY -out PLAIN`
    ");
    assert_eq!(said("old.key"), said("encrypted.key"));
    insta::assert_snapshot!(said("odd.key"), @"
    error: the kubeconfig gives no credentials
      caused by: the client key is of a kind that is not supported
    hint: take RSA of 2048 to 4096 bits, P-256, P-384, P-521 or Ed25519, and look at it with `openssl pkey -in KEY -noout -text`
    ");
    insta::assert_snapshot!(said("empty.key"), @"
    error: the kubeconfig gives no credentials
      caused by: there is no private key in the client key
    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
    insta::assert_snapshot!(said("gone.key"), @"
    error: the kubeconfig gives no credentials
      caused by: failed to read the client key from [FOLDER]/gone.key: No such file or directory (os error 2)
    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
    insta::assert_snapshot!(made.said(&standin, "one.pem", "\"\""), @"
    error: the kubeconfig gives no credentials
      caused by: there is the client certificate, but not its key
    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
}

#[test]
fn an_authority_on_p521_is_trusted() {
    for digest in ["sha256", "sha384", "sha512"] {
        let Some(made) = Made::with(&format!(
            "
openssl ecparam -name secp521r1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 30 -subj /CN=ca -{digest} -out ca.pem
openssl req -newkey rsa:2048 -nodes -subj /CN=kube -keyout key.pem -out csr.pem
echo subjectAltName=IP:127.0.0.1 > names
openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -{digest} -extfile names -out cert.pem
openssl ecparam -name secp521r1 -genkey -noout -out other.key
openssl req -x509 -new -key other.key -days 30 -subj /CN=ca -out other.pem
"
        )) else {
            return;
        };
        let acceptor = speaking(&made.text("cert.pem"), &made.text("key.pem"), None);
        let standin = Setup::new(Store::recorded()).acceptor(acceptor).start();
        let said = |authority: &str| {
            let authority = made.path().join(authority);
            listed_with(
                &standin,
                &kubeconfig(&standin, &authority.to_string_lossy(), "token: x"),
            )
        };
        assert_eq!(said("ca.pem"), "", "{digest}");
        assert!(
            said("other.pem").contains("signed by another authority"),
            "{digest}"
        );
    }
}

/// A certificate that is its own authority, or not, and its key.
fn own(change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// What is said of a server with this certificate, trusting that one.
fn trusting(trusted: &str, (certificate, key): &(String, String)) -> String {
    let acceptor = speaking(certificate, key, None);
    let standin = Setup::new(Store::recorded()).acceptor(acceptor).start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, trusted).unwrap();
    let text = kubeconfig(&standin, &path.to_string_lossy(), "token: x");
    let said = listed_with(&standin, &text);
    let cause = said.lines().find(|line| line.contains("caused by"));
    cause.unwrap_or(&said).trim().to_owned()
}

fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

#[test]
fn a_certificate_that_is_itself_trusted_is_taken_as_go_takes_it() {
    for ours in [own(|_| {}), own(authority)] {
        assert_eq!(trusting(&ours.0, &ours), "");
        // Beside others.
        let both = format!("{}{}", own(authority).0, ours.0);
        assert_eq!(trusting(&both, &ours), "");
    }
    // A leaf of an authority that nobody trusts.
    let stranger = crate::standin::Authority::new();
    let leaf = stranger.identity(&["127.0.0.1"]);
    assert_eq!(trusting(&leaf.0, &leaf), "");
    assert_eq!(trusting(&stranger.pem(), &leaf), "");
    assert_ne!(trusting(&own(authority).0, &leaf), "");
}

#[test]
fn time_name_and_purpose_of_a_trusted_certificate_count() {
    let said = |change: fn(&mut CertificateParams)| {
        let ours = own(change);
        trusting(&ours.0, &ours)
    };
    let all = [
        said(|params| {
            authority(params);
            params.not_after = date_time_ymd(2020, 1, 1);
        }),
        said(|params| {
            authority(params);
            params.not_before = date_time_ymd(2100, 1, 1);
            params.not_after = date_time_ymd(2101, 1, 1);
        }),
        said(|params| {
            authority(params);
            params.subject_alt_names = Vec::new();
        }),
        said(|params| {
            authority(params);
            let names = ["a.test", "b.test"].map(str::to_owned).to_vec();
            params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
        }),
        said(|params| {
            authority(params);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    caused by: its certificate has expired
    caused by: its certificate is not valid yet
    caused by: its certificate names no host, and not `127.0.0.1`: a common name does not count
    caused by: its certificate is for `a.test`, `b.test`, not for `127.0.0.1`
    caused by: its certificate is not a server certificate
    ");
    assert_eq!(
        said(|params| {
            authority(params);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
        ""
    );
}

#[test]
fn what_is_wrong_with_a_certificate_is_told() {
    let (ours, other) = (own(authority), own(|_| {}));
    insta::assert_snapshot!(
        [
            trusting(&other.0, &ours),
            trusting("nothing", &ours),
            trusting(&ours.1, &ours),
        ]
        .join("\n"),
        @"
    caused by: its certificate is its own authority, which is not trusted
    caused by: there is no certificate in the certificate authority
    caused by: there is no certificate in the certificate authority
    "
    );
}

#[test]
fn a_prometheus_with_a_certificate_of_its_own_is_trusted_by_it() {
    use kcost::collect::prometheus::{self, PrometheusOptions};
    use kcost::units::Span;
    let answer = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let behind = Between::new("", |_| {
        Fate::Say(200, "Content-Type: application/json\r\n", answer.to_owned())
    });
    let ours = own(authority);
    let front = Front::before(&behind.url, Some(speaking(&ours.0, &ours.1, None)));
    let folder = tempfile::tempdir().unwrap();
    let said = |trusted: Option<&str>| {
        let url = format!("https://{}", front.place());
        let now = jiff::Timestamp::now();
        let mut options = PrometheusOptions::new(&url, Span::DAY, Span::HOUR, now);
        options.access.ca = trusted.map(|text| {
            let path = folder.path().join("ca.pem");
            std::fs::write(&path, text).unwrap();
            path
        });
        let scope = kcost::collect::Scope::default();
        let work = prometheus::usage(&options, &scope, &kcost::progress::Silent);
        let runtime = tokio::runtime::Builder::new_current_thread();
        let read = { runtime }.enable_all().build().unwrap().block_on(work);
        read.map_or_else(
            |error| {
                let text = format!("{error}\nhint: {}", error.hint().unwrap_or_default());
                text.replace(&url, "https://prometheus")
            },
            |taken| taken.gaps[0].code.clone(),
        )
    };
    assert_eq!(said(Some(&ours.0)), "no-usage");
    insta::assert_snapshot!(said(None), @"
    failed to reach Prometheus at https://prometheus: its certificate is its own authority, which is not trusted
    hint: trust its authority with `--prometheus-ca FILE`, or check https://prometheus with `curl -v`
    ");
    insta::assert_snapshot!(said(Some(&own(authority).0)), @"
    failed to reach Prometheus at https://prometheus: its certificate is its own authority, which is not trusted
    hint: trust its authority with `--prometheus-ca FILE`, or check https://prometheus with `curl -v`
    ");
}
