//! Addresses and credentials, into settings of an HTTP client.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use kube::config::AuthInfo;

use super::error::PrometheusError;
use super::options::{Access, Credentials, Header, Secret};
use crate::collect::client::unescaped;
use crate::collect::command;
use crate::collect::shown::{self, Parts};

/// The address of a server.
///
/// A URL that somebody pasted with a login or parameters in it never comes this
/// far: see [`parts`].
pub(super) struct Address {
    uri: Uri,
    pub(super) shown: String,
}

/// Longer URLs are none: each request adds its query, and all together must be one.
const LONGEST: usize = 4_000;

/// Whether requests can go to a URL, with the parameters that it has.
pub fn check_url(url: &str) -> Result<(), PrometheusError> {
    if Parts::of(url).is_doubtful() {
        return Err(PrometheusError::Doubtful);
    }
    if url.len() > LONGEST {
        return Err(PrometheusError::LongUrl);
    }
    let (shown, _, parameters) = parts(url);
    let given = parameters.as_ref().map_or("", Secret::expose);
    if let Some(name) = form_urlencoded::parse(given.as_bytes())
        .map(|(name, _)| name)
        .find(|name| is_of_page(name))
    {
        return Err(PrometheusError::Page {
            parameter: name.into_owned(),
            base: base(&shown),
        });
    }
    Address::parse(&shown).map(|_| ())
}

/// Parameters of the pages that browsers show, and of single queries.
fn is_of_page(name: &str) -> bool {
    let panel = name.strip_prefix('g').map_or("", |rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit())
    });
    panel.starts_with('.')
        || ["query", "expr", "time", "start", "end", "step", "match[]"].contains(&name)
}

/// What follows the address where a browser shows a page, or a single API is meant.
const PAGES: [&str; 16] = [
    "/api/v1/query_range",
    "/api/v1/query",
    "/api/v1/series",
    "/api/v1/labels",
    "/api/v1/write",
    "/api/v1",
    "/api",
    "/classic/graph",
    "/new/graph",
    "/graph",
    "/query",
    "/alerts",
    "/targets",
    "/stores",
    "/status",
    "/vmui",
];

/// A URL without the page that it shows.
pub(super) fn base(url: &str) -> String {
    match page(url) {
        Some(page) => url[..url.len() - page.len()].to_owned(),
        None => url.to_owned(),
    }
}

/// The page at the end of a URL, where it is one that Prometheus, Thanos or
/// VictoriaMetrics has.
pub(super) fn page(url: &str) -> Option<&'static str> {
    let (_, rest) = url.split_once("://")?;
    let path = &rest[rest.find('/')?..];
    PAGES.into_iter().find(|page| path.ends_with(page))
}

/// A URL as it may be shown: without the login and the parameters that may stand in it.
pub fn shown_url(url: &str) -> String {
    shown::url(url)
}

/// A URL without login and parameters, and the two.
pub(super) fn parts(url: &str) -> (String, Credentials, Option<Secret>) {
    let parts = Parts::of(url);
    let credentials = parts.login.map_or(Credentials::None, |login| {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        Credentials::Basic {
            user: unescaped(user),
            password: Secret::new(unescaped(password)),
        }
    });
    let given = parts.parameters;
    let parameters = (!given.is_empty()).then(|| Secret::new(given));
    (parts.shown(), credentials, parameters)
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, PrometheusError> {
        let (shown, ..) = parts(url);
        let uri: Option<Uri> = shown.parse().ok();
        let good = |uri: &Uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
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
                problem: "the proxy is not a URL".to_owned(),
                hint: None,
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
        Credentials::Token(token) => {
            check_token(token)?;
            info.token = Some(token.expose().trim().to_owned().into());
        }
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

/// A file may have no end, and a token is short.
fn beginning(path: &Path) -> Result<Vec<u8>, PrometheusError> {
    let failed = |source: io::Error| PrometheusError::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_TOKEN)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
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

/// The most that is read of a file that holds a token, in bytes.
const LONGEST_TOKEN: u64 = 1 << 20;

/// Whether a token can be sent.
///
/// # Errors
///
/// When it is not one: a header takes no line breaks.
pub fn check_token(token: &Secret) -> Result<(), PrometheusError> {
    let one = one_token(token.expose().as_bytes());
    one.map(|_| ()).map_err(|_| PrometheusError::Token)
}

/// What a file holds, as a token.
pub(super) fn token_of_file(path: &Path) -> Result<String, PrometheusError> {
    one_token(&beginning(path)?).map_err(|problem| PrometheusError::Read {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, problem),
    })
}

/// What a command prints, as a token. Its output is never shown.
pub(super) fn token_of_command(command: &str, wait: Duration) -> Result<String, PrometheusError> {
    let fail = |problem: String| PrometheusError::TokenCommand { problem };
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command::run(&mut shell, wait, true);
    let output = output.map_err(|stopped| fail(format!("it {stopped}")))?;
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
        let (shown, login, _) = parts("https://me:p%40ss+@prom.example/a/");
        assert_eq!(shown, "https://prom.example/a");
        let Credentials::Basic { user, password } = login else {
            panic!("no login")
        };
        assert_eq!((user.as_str(), password.expose()), ("me", "p@ss+"));
        assert_eq!(parts("prom:9090").0, "http://prom:9090");
        for doubtful in [
            "http://me:p/w@prom",
            "http://prom/a@b",
            "http://me:p#w@prom",
        ] {
            let error = check_url(doubtful).unwrap_err();
            assert!(matches!(error, PrometheusError::Doubtful), "{error}");
        }
    }

    #[test]
    fn parameters_of_a_url_are_kept_and_not_shown() {
        let (shown, _, parameters) = parts("http://a/x/?namespace=shop&k=p%20q#top");
        assert_eq!(shown, "http://a/x");
        assert_eq!(parameters.unwrap().expose(), "namespace=shop&k=p%20q");
        assert!(check_url("http://a/?namespace=shop").is_ok());
        for page in [
            "http://a/graph?g0.expr=up&g0.tab=1",
            "http://a/api/v1/query?query=up",
        ] {
            let error = check_url(page).unwrap_err();
            let hint = error.hint().unwrap();
            assert!(hint.ends_with("`--prometheus-url http://a`"), "{hint}");
        }
    }

    #[test]
    fn the_page_at_the_end_of_a_url_is_told_from_its_path() {
        assert_eq!(page("http://a/thanos/graph"), Some("/graph"));
        assert_eq!(base("http://a/thanos/graph"), "http://a/thanos");
        assert_eq!(page("http://a:9090/api/v1"), Some("/api/v1"));
        for plain in [
            "http://a",
            "http://graph",
            "http://a/prometheus",
            "http://a/x/paragraph",
        ] {
            assert_eq!(page(plain), None, "{plain}");
        }
    }

    #[test]
    fn what_is_no_url_is_told_without_its_login() {
        for url in ["ftp://a", "http://", "http://a b", "http://me:pw@"] {
            let error = Address::parse(url).map(|_| ()).unwrap_err().to_string();
            assert!(!error.contains("pw"), "{error}");
        }
    }
}
