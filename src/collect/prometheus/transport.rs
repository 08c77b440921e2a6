//! The way to a server: its URL, the API server's proxy, or a stream into a pod.
//!
//! Whatever the way, requests, streaming, compression and pauses are the same.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use hyper_util::client::legacy::connect::Connection;
use kube::client::Body;
use tower::{BoxError, Service};

use super::access::{self, Address};
use super::error::PrometheusError;
use super::hidden;
use super::options::{Access, Secret};
use super::token::Token;
use crate::collect::client;
use crate::collect::tls::{self, TlsError};

/// A host that does not even answer the connection is not waited for longer.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// How requests get to a server.
#[derive(Clone)]
pub struct Transport {
    client: kube::Client,
    /// Before the path of every request; empty where the client knows it.
    prefix: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Before the parameters of every request, as tenancy proxies want it.
    parameters: Option<Secret>,
    token: Option<Arc<Token>>,
    /// What a server may repeat and nobody may read, but for `token`.
    secrets: Vec<Secret>,
    /// Whether others share what carries the answers.
    narrow: bool,
    /// What people are told; without credentials.
    shown: String,
}

impl Transport {
    /// By its URL, with its own credentials. Nothing is sent yet.
    pub(in crate::collect) fn url(
        url: &str,
        access: &Access,
        timeout: Duration,
    ) -> Result<Self, PrometheusError> {
        let address = Address::parse(url)?;
        let shown = address.shown.clone();
        let mut config = access.config(address)?;
        config.connect_timeout = Some(timeout.min(LONGEST_CONNECT));
        config.write_timeout = Some(timeout);
        let client = client::client(&config).map_err(|error| setup(&shown, &error))?;
        Self::over(client, false, shown).with(access, timeout)
    }

    /// Below a path of the API server, as its client is let in there.
    ///
    /// Credentials cannot pass: the API server keeps `Authorization` to itself, and
    /// takes what asks to act as somebody else for a question to itself.
    pub(in crate::collect) fn proxied(
        client: kube::Client,
        prefix: String,
        access: &Access,
        shown: String,
    ) -> Self {
        Self {
            client,
            prefix,
            headers: access::headers(access)
                .into_iter()
                .filter(|(name, _)| !is_of_api_server(name))
                .collect(),
            parameters: access.parameters.clone(),
            token: None,
            secrets: hidden::secrets(access),
            narrow: true,
            shown,
        }
    }

    /// Over connections that `connector` makes, as if they led to `url`.
    pub(in crate::collect) fn stream<C>(
        connector: C,
        url: &str,
        (access, timeout): (&Access, Duration),
        shown: String,
    ) -> Result<Self, PrometheusError>
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
        C::Future: Send + 'static,
        C::Error: Into<BoxError>,
    {
        let config = access.config(Address::parse(url)?)?;
        let fail = |error: TlsError| setup(&shown, &error);
        let client = client::over(connector, &config).map_err(fail)?;
        Self::over(client, true, shown).with(access, timeout)
    }

    fn over(client: kube::Client, narrow: bool, shown: String) -> Self {
        Self {
            client,
            prefix: String::new(),
            headers: Vec::new(),
            parameters: None,
            token: None,
            secrets: Vec::new(),
            narrow,
            shown,
        }
    }

    /// With what requests carry to be let in.
    fn with(self, access: &Access, timeout: Duration) -> Result<Self, PrometheusError> {
        Ok(Self {
            parameters: access.parameters.clone(),
            token: Token::new(&access.credentials, timeout)?.map(Arc::new),
            secrets: hidden::secrets(access),
            ..self
        })
    }

    /// Whether there is a new token to be let in with.
    pub(super) fn renew(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.renew())
    }

    /// A text of the server without what lets kcost in.
    pub(super) fn hide(&self, text: &str) -> String {
        let token = self.token.as_ref().map(|token| token.last());
        hidden::hide(text, self.secrets.iter().chain(&token))
    }

    /// Where it leads, without credentials.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether answers go through the API server, which others use too.
    pub(super) fn is_narrow(&self) -> bool {
        self.narrow
    }

    /// Whether the API server passes requests on, by its own rules.
    pub(super) fn is_proxied(&self) -> bool {
        !self.prefix.is_empty()
    }

    /// The path and query of a request with what goes before each.
    fn target(&self, uri: &Uri) -> String {
        let path = format!("{}{}", self.prefix, uri.path());
        let own = self.parameters.as_ref().map(Secret::expose);
        let all: Vec<&str> = own.into_iter().chain(uri.query()).collect();
        if all.is_empty() {
            return path;
        }
        format!("{path}?{}", all.join("&"))
    }

    /// The response, whatever its status.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, kube::Error> {
        if !self.prefix.is_empty() || self.parameters.is_some() {
            let target = self.target(request.uri());
            *request.uri_mut() = target
                .parse()
                .map_err(|error: http::uri::InvalidUri| kube::Error::HttpError(error.into()))?;
        }
        request.headers_mut().extend(self.headers.iter().cloned());
        if let Some(token) = self.token.as_ref().and_then(|token| token.header()) {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        self.client.send(request).await
    }
}

/// Whether the API server heeds a header instead of passing it on.
fn is_of_api_server(name: &HeaderName) -> bool {
    *name == AUTHORIZATION || name.as_str().starts_with("impersonate-")
}

/// The client inside holds credentials.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transport").field(&self.shown).finish()
    }
}

fn setup(shown: &str, error: &TlsError) -> PrometheusError {
    PrometheusError::Setup {
        url: shown.to_owned(),
        problem: tls::chain(error),
        hint: error.hint(),
    }
}
