//! HTTP clients from settings: TLS, proxies, credentials.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use hyper::rt::{Read, Write};
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::middleware::AuthLayer;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use kube::{Client, Config};
use rustls::ClientConfig;
use tower::{BoxError, Service, ServiceExt as _};
use tower_http::decompression::DecompressionLayer;

use super::exec::{self, Renewed, Renewing};
use super::tls::{self, TlsError};
use crate::snapshot::caught;

/// A client that goes straight to where the settings lead, or by their proxy.
///
/// Nothing is sent yet, but a command that gives credentials may run.
pub(super) fn client(config: &Config) -> Result<Client, TlsError> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    let credentials = Credentials::of(config)?;
    let Some(proxy) = config.proxy_url.clone() else {
        return build(connector, config, credentials);
    };
    match proxy.scheme_str() {
        Some("http") => build(tunnel(proxy, connector), config, credentials),
        Some("https") => {
            let secure = HttpsConnectorBuilder::new()
                .with_tls_config(credentials.tls.clone())
                .https_or_http()
                .enable_http1()
                .wrap_connector(connector);
            build(tunnel(proxy, secure), config, credentials)
        }
        scheme => Err(TlsError::Proxy {
            scheme: scheme.unwrap_or_default().to_owned(),
        }),
    }
}

/// A client over connections that `connector` makes.
pub(super) fn over<C>(connector: C, config: &Config) -> Result<Client, TlsError>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    build(connector, config, Credentials::of(config)?)
}

/// What lets us in: a header, one that changes, or a certificate.
struct Credentials {
    header: Option<AuthLayer>,
    renewing: Option<Arc<Renewing>>,
    tls: ClientConfig,
}

impl Credentials {
    /// A command that gives credentials runs once.
    fn of(config: &Config) -> Result<Self, TlsError> {
        let mut settled = config.clone();
        let renewing = exec::settle(&mut settled)
            .map_err(|error| TlsError::Kube(Box::new(kube::Error::Auth(error))))?;
        let asked = std::mem::take(&mut settled.auth_info.exec).is_some();
        let config = &settled;
        // It takes every token for one that fits into a header, and a command prints
        // what it likes.
        let header = caught(|| config.auth_layer()).ok_or(TlsError::Token)?;
        let header = header.map_err(|error| TlsError::Kube(Box::new(error)))?;
        let tls = tls::client_config(config)?;
        let has_certificate = tls.client_auth_cert_resolver.has_certs();
        if asked && header.is_none() && renewing.is_none() && !has_certificate {
            return Err(TlsError::NoCredential);
        }
        Ok(Self {
            header,
            renewing,
            tls,
        })
    }
}

fn build<C>(connector: C, config: &Config, credentials: Credentials) -> Result<Client, TlsError>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(credentials.tls)
        .https_or_http();
    let builder = match &config.tls_server_name {
        Some(name) => {
            let name = name.clone().try_into();
            let name = name.map_err(|_| TlsError::ServerName)?;
            builder.with_server_name_resolver(FixedServerNameResolver::new(name))
        }
        None => builder,
    };
    let mut connector = TimeoutConnector::new(builder.enable_http1().wrap_connector(connector));
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    let client: legacy::Client<_, Body> =
        legacy::Builder::new(TokioExecutor::new()).build(connector);
    let headers = config.extra_headers_layer();
    let headers = headers.map_err(|error| TlsError::Kube(Box::new(error)))?;
    let unpacked = DecompressionLayer::new().gzip(!config.disable_compression);
    let base = config.base_uri_layer();
    let renewed = Renewed {
        inner: client.map_err(BoxError::from),
        renewing: credentials.renewing,
    };
    let service = ClientBuilder::new(renewed, &*config.default_namespace);
    let service = service.with_layer(&headers);
    Ok(match credentials.header {
        Some(auth) => service
            .with_layer(&auth)
            .with_layer(&unpacked)
            .with_layer(&base)
            .build(),
        None => service.with_layer(&unpacked).with_layer(&base).build(),
    })
}

/// Through a proxy that is asked to CONNECT, with the login of its URL.
fn tunnel<C>(proxy: Uri, connector: C) -> Tunnel<C> {
    let login = proxy.authority().and_then(|authority| {
        let (login, _) = authority.as_str().rsplit_once('@')?;
        basic(login)
    });
    let tunnel = Tunnel::new(proxy, connector);
    match login {
        Some(login) => tunnel.with_auth(login),
        None => tunnel,
    }
}

/// `USER:PASSWORD` of a URL as a header.
fn basic(login: &str) -> Option<HeaderValue> {
    let text = format!("Basic {}", STANDARD.encode(unescaped(login)));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A part of a URL without percent-encoding; everything else stands for itself.
pub(super) fn unescaped(text: &str) -> String {
    let mut kept = text.to_owned();
    for (sign, code) in [("+", "%2B"), ("&", "%26"), ("=", "%3D")] {
        kept = kept.replace(sign, code);
    }
    form_urlencoded::parse(kept.as_bytes())
        .next()
        .map_or_else(String::new, |(key, _)| key.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_may_hold_any_sign() {
        assert_eq!(unescaped("a+b=c&d%40%3Ae"), "a+b=c&d@:e");
        assert_eq!(basic("me:pa%40ss").unwrap(), "Basic bWU6cGFAc3M=");
    }
}
