//! `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` as Go reads them, and `proxy-url`.
//!
//! Source: golang.org/x/net/http/httpproxy.

use std::env;
use std::net::IpAddr;

use http::Uri;

use super::error::KubernetesError;

/// What a kubeconfig calls its own proxy.
const OWN: &str = "proxy-url";

/// The way to a server: the proxy that its cluster names, else that of the environment.
pub(super) fn of(server: &Uri, own: Option<&str>) -> Result<Option<Uri>, KubernetesError> {
    match own.filter(|own| !own.is_empty()) {
        Some(own) => parse(own, OWN).map(Some),
        None => from_environment(server),
    }
}

/// A proxy as people may be told of it: without a login.
pub(super) fn shown(proxy: &Uri) -> String {
    let scheme = proxy.scheme_str().unwrap_or("http");
    let authority = proxy.authority().map_or("", |it| it.as_str());
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}")
}

/// The proxy that the environment names for this server; never for loopback.
fn from_environment(server: &Uri) -> Result<Option<Uri>, KubernetesError> {
    let name = match server.scheme_str() {
        Some("http") => "HTTP_PROXY",
        _ => "HTTPS_PROXY",
    };
    let Some(proxy) = either(name) else {
        return Ok(None);
    };
    let port = server.port_u16().unwrap_or(match server.scheme_str() {
        Some("http") => 80,
        _ => 443,
    });
    let host = server.host().unwrap_or_default();
    if bypassed(host, port, &either("NO_PROXY").unwrap_or_default()) {
        return Ok(None);
    }
    parse(&proxy, name).map(Some)
}

fn either(upper: &str) -> Option<String> {
    let read = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    read(upper).or_else(|| read(&upper.to_lowercase()))
}

/// `HOST:PORT` alone is an HTTP proxy.
fn parse(text: &str, setting: &'static str) -> Result<Uri, KubernetesError> {
    let text = text.trim();
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let uri: Option<Uri> = whole.parse().ok();
    let uri = uri.filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    let uri = uri.ok_or(KubernetesError::BadProxy { setting })?;
    match uri.scheme_str() {
        Some("http" | "https") => Ok(uri),
        scheme => Err(KubernetesError::OtherProxy {
            setting,
            scheme: scheme.unwrap_or_default().to_owned(),
        }),
    }
}

/// Whether `NO_PROXY` names this place: a host, what is in a domain, a network,
/// each with or without a port, or `*`.
fn bypassed(host: &str, port: u16, no_proxy: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    let loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    let names = |entry: &str| {
        let entry = entry.trim().to_lowercase();
        if entry == "*" {
            return true;
        }
        if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
            return within(address, network, bits);
        }
        let (name, only) = split_port(&entry);
        if name.is_empty() || only.is_some_and(|only| only != port.to_string()) {
            return false;
        }
        match address {
            Some(address) => name.parse() == Ok(address),
            None => in_domain(&host, name),
        }
    };
    loopback || no_proxy.split(',').any(names)
}

/// `host:80`, `10.0.0.1:80`, `[::1]:80`; colons of an address are no port.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (entry, None),
    };
    (name.trim_matches(['[', ']']), port)
}

/// `example.com` is itself and all below it, `.example.com` what is below it.
fn in_domain(host: &str, name: &str) -> bool {
    let name = name.strip_prefix('*').unwrap_or(name);
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(name),
        None => host == name || host.ends_with(&format!(".{name}")),
    }
}

/// Whether an address is in a network such as `10.0.0.0` / `8`.
fn within(address: IpAddr, network: &str, bits: &str) -> bool {
    let Ok(bits) = bits.parse::<u32>() else {
        return false;
    };
    match (address, network.parse()) {
        (IpAddr::V4(address), Ok(IpAddr::V4(network))) if bits <= 32 => {
            let differing = u32::from(address) ^ u32::from(network);
            differing.leading_zeros() >= bits
        }
        (IpAddr::V6(address), Ok(IpAddr::V6(network))) if bits <= 128 => {
            let differing = u128::from(address) ^ u128::from(network);
            differing.leading_zeros() >= bits
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_names_hosts_domains_and_networks() {
        let list = "10.0.0.0/8, .svc, example.com,172.16.5.5, *.corp";
        for host in [
            "10.2.3.4",
            "a.svc",
            "api.example.com",
            "example.com",
            "172.16.5.5",
            "a.corp",
        ] {
            assert!(bypassed(host, 443, list), "{host}");
        }
        for host in [
            "11.0.0.1",
            "badexample.com",
            "svc",
            "svc.other",
            "172.16.5.6",
            "corp",
        ] {
            assert!(!bypassed(host, 443, list), "{host}");
        }
    }

    #[test]
    fn a_port_in_no_proxy_is_the_only_one() {
        let list = "kube.test:6443,10.1.2.3:443,[fd00::1]:6443,fd00::2,.deep.test:8443";
        for (host, port) in [
            ("kube.test", 6443),
            ("a.kube.test", 6443),
            ("10.1.2.3", 443),
            ("[fd00::1]", 6443),
            ("[fd00::2]", 1),
            ("a.deep.test", 8443),
        ] {
            assert!(bypassed(host, port, list), "{host}:{port}");
        }
        for (host, port) in [
            ("kube.test", 443),
            ("10.1.2.3", 6443),
            ("[fd00::1]", 443),
            ("a.deep.test", 443),
            ("deep.test", 8443),
        ] {
            assert!(!bypassed(host, port, list), "{host}:{port}");
        }
    }

    #[test]
    fn loopback_needs_no_proxy_and_a_star_means_all() {
        assert!(bypassed("127.0.0.1", 443, ""));
        assert!(bypassed("[::1]", 443, ""));
        assert!(bypassed("anything", 443, "*"));
        assert!(!bypassed("anything", 443, ""));
    }

    #[test]
    fn a_proxy_needs_no_scheme_and_shows_no_login() {
        let read = |text: &str| parse(text, OWN).map(|uri| shown(&uri));
        assert_eq!(read("proxy.corp:3128").unwrap(), "http://proxy.corp:3128");
        assert_eq!(read("10.0.0.1:3128/").unwrap(), "http://10.0.0.1:3128");
        assert_eq!(read("https://me:secret@p").unwrap(), "https://p");
        assert_eq!(read(" http://[::1]:80 ").unwrap(), "http://[::1]:80");
        for bad in ["http://", ":3128", "a b"] {
            assert!(
                read(bad).unwrap_err().to_string().contains("not the URL"),
                "{bad}"
            );
        }
        let socks = read("socks5h://me:secret@p:1").unwrap_err().to_string();
        insta::assert_snapshot!(socks, @"`proxy-url` names a proxy of the scheme `socks5h`, which is not supported");
    }
}
