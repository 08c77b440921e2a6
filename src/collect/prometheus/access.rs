//! Addresses and credentials, into settings of an HTTP client.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use http::{HeaderName, HeaderValue, Uri};
use kube::config::AuthInfo;

use super::error::PrometheusError;
use super::options::{Access, Credentials, Header, Secret};

/// The address of a server.
///
/// A URL that somebody pasted with a login in it never comes this far: see
/// [`without_login`].
pub(super) struct Address {
    uri: Uri,
    pub(super) shown: String,
}

/// Whether requests can go to a URL.
pub fn check_url(url: &str) -> Result<(), PrometheusError> {
    Address::parse(url).map(|_| ())
}

/// A URL as it may be shown: without the login that may stand in it.
pub fn shown_url(url: &str) -> String {
    without_login(url).0
}

/// A URL without the login that may stand in it, and the login.
pub(super) fn without_login(url: &str) -> (String, Credentials) {
    let text = url.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let rest = rest.trim_end_matches('/');
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (login, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (Some(login), host),
        None => (None, authority),
    };
    let credentials = login.map_or(Credentials::None, |login| {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        Credentials::Basic {
            user: plain(user),
            password: Secret::new(plain(password)),
        }
    });
    (format!("{scheme}://{host}{path}"), credentials)
}

/// Without percent-encoding. A `+` of a login is a plus, not a blank.
fn plain(text: &str) -> String {
    let text = text.replace('+', "%2B");
    form_urlencoded::parse(text.as_bytes())
        .next()
        .map_or_else(String::new, |(key, _)| key.into_owned())
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, PrometheusError> {
        let (shown, _) = without_login(url);
        let uri: Option<Uri> = shown.parse().ok();
        let good = |uri: &Uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && uri.query().is_none()
        };
        let uri = uri
            .filter(good)
            .ok_or(PrometheusError::BadUrl { url: shown.clone() })?;
        Ok(Self { uri, shown })
    }
}

impl Access {
    /// The settings of a client that gets in.
    pub(super) fn config(&self, address: Address) -> Result<kube::Config, PrometheusError> {
        let mut config = kube::Config::new(address.uri);
        // Retries are decided by what helps the server, in `run`.
        config.default_retry = false;
        config.accept_invalid_certs = self.insecure;
        config.headers = headers(self);
        config.auth_info = auth(self)?;
        if let Some(path) = &self.ca {
            config.root_cert = Some(authorities(path)?);
        }
        if let Some(proxy) = &self.proxy {
            let uri = proxy.expose().parse();
            config.proxy_url = Some(uri.map_err(|_| PrometheusError::Setup {
                url: address.shown,
                problem: "the proxy is no URL".to_owned(),
            })?);
        }
        Ok(config)
    }
}

pub(super) fn headers(access: &Access) -> Vec<(HeaderName, HeaderValue)> {
    // A header is checked when it is parsed; what is none after all is not sent.
    let header = |header: &Header| {
        let mut value = HeaderValue::from_str(header.value.expose()).ok()?;
        value.set_sensitive(true);
        Some((header.name.parse().ok()?, value))
    };
    access.headers.iter().filter_map(header).collect()
}

fn auth(access: &Access) -> Result<AuthInfo, PrometheusError> {
    let mut info = AuthInfo::default();
    match &access.credentials {
        // What changes is sent with each request: see `Token`.
        Credentials::None | Credentials::TokenFile(_) | Credentials::TokenCommand(_) => {}
        Credentials::Token(token) => info.token = Some(token.expose().trim().to_owned().into()),
        Credentials::Basic { user, password } => {
            info.username = Some(user.clone());
            info.password = Some(password.expose().to_owned().into());
        }
    }
    if let Some((certificate, key)) = &access.client_certificate {
        read(certificate)?;
        read(key)?;
        info.client_certificate = Some(certificate.to_string_lossy().into_owned());
        info.client_key = Some(key.to_string_lossy().into_owned());
    }
    Ok(info)
}

fn read(path: &Path) -> Result<Vec<u8>, PrometheusError> {
    std::fs::read(path).map_err(|source| PrometheusError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The certificates of a PEM file, as DER.
fn authorities(path: &Path) -> Result<Vec<Vec<u8>>, PrometheusError> {
    let broken = |problem: &str| PrometheusError::Read {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, problem.to_owned()),
    };
    let pems = pem::parse_many(read(path)?).map_err(|error| broken(&error.to_string()))?;
    let certificates: Vec<Vec<u8>> = pems
        .into_iter()
        .filter(|pem| pem.tag() == "CERTIFICATE")
        .map(pem::Pem::into_contents)
        .collect();
    if certificates.is_empty() {
        return Err(broken("there is no certificate in it"));
    }
    Ok(certificates)
}

/// What a file holds, as a token.
pub(super) fn token_of_file(path: &Path) -> Result<String, PrometheusError> {
    one_token(&read(path)?).map_err(|problem| PrometheusError::Read {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, problem),
    })
}

/// What a command prints, as a token. Its output is never shown.
pub(super) fn token_of_command(command: &str) -> Result<String, PrometheusError> {
    let fail = |problem: String| PrometheusError::TokenCommand { problem };
    let output = Command::new("sh")
        .args(["-c", command])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| fail(error.to_string()))?;
    if !output.status.success() {
        return Err(fail(output.status.to_string()));
    }
    one_token(&output.stdout).map_err(fail)
}

fn one_token(bytes: &[u8]) -> Result<String, String> {
    let token = String::from_utf8_lossy(bytes).trim().to_owned();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err("there is not one token in what it gives".to_owned());
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_the_url_is_used_and_not_shown() {
        let (shown, login) = without_login("https://me:p%40ss+@prom.example/a/");
        assert_eq!(shown, "https://prom.example/a");
        let Credentials::Basic { user, password } = login else {
            panic!("no login")
        };
        assert_eq!((user.as_str(), password.expose()), ("me", "p@ss+"));
        assert_eq!(without_login("prom:9090").0, "http://prom:9090");
    }

    #[test]
    fn what_is_no_url_is_told_without_its_login() {
        for url in [
            "ftp://a",
            "http://",
            "http://a b",
            "http://me:pw@",
            "http://a/?x=1",
        ] {
            let error = Address::parse(url).map(|_| ()).unwrap_err().to_string();
            assert!(!error.contains("pw"), "{error}");
        }
    }
}
