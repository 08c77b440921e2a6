//! `HTTPS_PROXY` and `NO_PROXY`, as kubectl reads them.

use std::env;
use std::net::IpAddr;

use http::Uri;

use super::error::KubernetesError;

/// The proxy that the environment names for this server; never for loopback.
pub(super) fn from_environment(server: &Uri) -> Result<Option<Uri>, KubernetesError> {
    let read = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let either = |upper: &str| read(upper).or_else(|| read(&upper.to_lowercase()));
    let Some(proxy) = either("HTTPS_PROXY") else {
        return Ok(None);
    };
    let host = server.host().unwrap_or_default();
    if bypassed(host, &either("NO_PROXY").unwrap_or_default()) {
        return Ok(None);
    }
    match proxy.parse() {
        Ok(uri) => Ok(Some(uri)),
        Err(_) => Err(KubernetesError::BadProxy),
    }
}

/// Whether `NO_PROXY` names this host: itself, a domain it is in, a network, or `*`.
fn bypassed(host: &str, no_proxy: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    let loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    let names = |entry: &str| {
        let entry = entry.trim().to_lowercase();
        let domain = entry.trim_start_matches('*').trim_start_matches('.');
        match (address, entry.split_once('/')) {
            _ if entry.is_empty() => false,
            _ if entry == "*" => true,
            (Some(address), Some((network, bits))) => within(address, network, bits),
            _ => host == domain || host.ends_with(&format!(".{domain}")),
        }
    };
    loopback || no_proxy.split(',').any(names)
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
        let list = "10.0.0.0/8, .svc, example.com,172.16.5.5";
        for host in [
            "10.2.3.4",
            "a.svc",
            "api.example.com",
            "example.com",
            "172.16.5.5",
        ] {
            assert!(bypassed(host, list), "{host}");
        }
        for host in ["11.0.0.1", "badexample.com", "svc.other", "172.16.5.6"] {
            assert!(!bypassed(host, list), "{host}");
        }
    }

    #[test]
    fn loopback_needs_no_proxy_and_a_star_means_all() {
        assert!(bypassed("127.0.0.1", ""));
        assert!(bypassed("[::1]", ""));
        assert!(bypassed("anything", "*"));
        assert!(!bypassed("anything", ""));
    }
}
