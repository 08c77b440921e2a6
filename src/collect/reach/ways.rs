//! The ways to a service: DNS, the API server's proxy, a port-forward.

use std::fmt;
use std::time::Duration;

use super::candidate::{Candidate, Target};
use super::forward::Forward;
use crate::collect::Deadline;
use crate::collect::kubernetes::Connection;
use crate::collect::prometheus::{
    Credentials, Header, Holding, PrometheusOptions, Secret, Transport, probe,
};
use crate::progress::Progress;

/// Queries at a time through the API server, whose memory and network they use.
const PROXIED: usize = 2;

/// Longest wait for the first answer by one way.
const PATIENCE: Duration = Duration::from_secs(20);

const TENANT: &str = "x-scope-orgid";

/// How a service is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By its name, from within the cluster.
    Dns,
    /// Through the API server.
    Proxy,
    /// Through the API server and a kubelet, to one pod.
    Forward,
}

/// A way that did not lead there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tried {
    way: Way,
    reason: String,
}

/// A service that answers.
pub(super) struct Reached {
    pub(super) options: PrometheusOptions,
    pub(super) holding: Holding,
}

impl Reached {
    pub(super) fn shown(&self) -> &str {
        &self.options.url
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "by DNS",
            Self::Proxy => "by the API server's proxy",
            Self::Forward => "by port-forward",
        })
    }
}

impl Tried {
    pub(super) fn list(tried: &[Self]) -> String {
        let each = tried.iter().map(|it| format!("{}: {}", it.way, it.reason));
        each.collect::<Vec<_>>().join("; ")
    }
}

/// Whether pods can be spoken to by name: only from within.
fn ways(connection: &Connection) -> &'static [Way] {
    if connection.in_cluster {
        &[Way::Dns, Way::Proxy, Way::Forward]
    } else {
        &[Way::Proxy, Way::Forward]
    }
}

/// Tries the ways in order, until one brings an answer or the time is over.
pub(super) async fn reach(
    candidate: &Candidate,
    connection: &Connection,
    options: &PrometheusOptions,
    deadline: &Deadline,
    progress: &dyn Progress,
) -> Result<Reached, Vec<Tried>> {
    let _task = progress.task("reaching Prometheus", None);
    let mut tried = Vec::new();
    for way in ways(connection) {
        match attempt(*way, candidate, connection, options, deadline).await {
            Ok(reached) => return Ok(reached),
            Err(reason) => {
                progress.detail(&format!("{} {way}: {reason}", candidate.place()));
                tried.push(Tried { way: *way, reason });
            }
        }
    }
    Err(tried)
}

async fn attempt(
    way: Way,
    candidate: &Candidate,
    connection: &Connection,
    options: &PrometheusOptions,
    deadline: &Deadline,
) -> Result<Reached, String> {
    let mut options = options.clone();
    if candidate.tenant {
        add_tenant(&mut options);
    }
    options.url = format!("{} {way}", candidate.place());
    let mut forward = None;
    let transport = match way {
        Way::Dns => {
            options.url = format!("{}{}", dns(candidate), candidate.path);
            Transport::url(&options.url, &options.access, options.timeout)
                .map_err(|error| error.to_string())?
        }
        Way::Proxy => {
            carries(&options)?;
            options.concurrency = options.concurrency.min(PROXIED);
            let prefix = format!("{}{}", proxy(candidate), candidate.path);
            let client = connection.client.clone();
            Transport::proxied(client, prefix, &options.access, options.url.clone())
        }
        Way::Forward => {
            if candidate.selector.is_empty() {
                return Err("the service selects no pods".to_owned());
            }
            let connector = Forward::new(connection, candidate);
            let url = format!("{}{}", dns(candidate), candidate.path);
            let shown = options.url.clone();
            let access = (&options.access, options.timeout);
            let made = Transport::stream(connector.clone(), &url, access, shown);
            forward = Some(connector);
            made.map_err(|error| error.to_string())?
        }
    };
    options.transport = Some(transport);
    let patient = PrometheusOptions {
        timeout: options.timeout.min(PATIENCE),
        deadline: Some(deadline.clone()),
        ..options.clone()
    };
    let holding = probe(&patient).await.map_err(|reason| {
        // What the kubelet says is worth more than that the stream ended.
        forward.and_then(|f| f.said()).unwrap_or(reason)
    })?;
    Ok(Reached { options, holding })
}

/// The API server takes `Authorization` for itself and speaks TLS on its own
/// behalf, so neither a login nor a certificate can pass.
fn carries(options: &PrometheusOptions) -> Result<(), String> {
    let access = &options.access;
    match (&access.credentials, &access.client_certificate) {
        (Credentials::None, None) => Ok(()),
        _ => Err("it passes no credentials on".to_owned()),
    }
}

/// A single-tenant installation knows its only tenant by this name.
fn add_tenant(options: &mut PrometheusOptions) {
    let headers = &mut options.access.headers;
    if !headers.iter().any(|header| header.name == TENANT) {
        headers.push(Header {
            name: TENANT.to_owned(),
            value: Secret::new("anonymous"),
        });
    }
}

/// The URL within the cluster, without a path.
fn dns(candidate: &Candidate) -> String {
    let Candidate {
        namespace, name, ..
    } = candidate;
    // The name of a headless service leads to pods, which know no service's ports.
    let port = match (candidate.headless, &candidate.target) {
        (true, Target::Number(port)) => *port,
        _ => candidate.port,
    };
    format!("{}://{name}.{namespace}.svc:{port}", candidate.scheme())
}

/// The path of the API server's proxy.
fn proxy(candidate: &Candidate) -> String {
    let Candidate {
        namespace,
        name,
        port,
        ..
    } = candidate;
    let scheme = if candidate.https { "https:" } else { "" };
    format!("/api/v1/namespaces/{namespace}/services/{scheme}{name}:{port}/proxy")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(port: &str) -> Candidate {
        Candidate::unseen(&format!("mon/prom:{port}/x").parse().unwrap()).unwrap()
    }

    #[test]
    fn a_service_has_a_url_within_and_a_path_from_without() {
        let plain = candidate("9090");
        assert_eq!(dns(&plain), "http://prom.mon.svc:9090");
        assert_eq!(
            proxy(&plain),
            "/api/v1/namespaces/mon/services/prom:9090/proxy"
        );
        let secure = candidate("443");
        assert_eq!(dns(&secure), "https://prom.mon.svc:443");
        assert_eq!(
            proxy(&secure),
            "/api/v1/namespaces/mon/services/https:prom:443/proxy"
        );
        let headless = Candidate {
            headless: true,
            target: Target::Number(9091),
            ..plain
        };
        assert_eq!(dns(&headless), "http://prom.mon.svc:9091");
    }
}
