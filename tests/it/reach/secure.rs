//! TLS to a Prometheus in the cluster: names, authorities, certificates of clients,
//! and that requests and answers are the same by every way.

use std::path::{Path, PathBuf};

use kcost::collect::live::UsageFrom;
use kcost::collect::prometheus::{Engine, Matcher, PrometheusOptions};
use kcost::snapshot::Snapshot;
use kcost::units::Span;
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use super::front::Front;
use super::ways::{options, real};
use super::{cluster, collect, pod, service, told};
use crate::prometheus::server::Server;
use crate::standin::{Authority, Fault, Setup, Standin, Store};

/// What a certificate for the service has to be for.
const NAME: &str = "prom.monitoring.svc";

const PROXY: &str = "/api/v1/namespaces/monitoring/services/https:prom:9090/proxy*";

/// A Prometheus whose port is named as one that speaks TLS.
pub(super) fn store(port: u16) -> Store {
    let labels = json!({"app": "kube-prometheus-stack-prometheus"});
    let ports = json!([{"name": "https-web", "port": port, "targetPort": "web"}]);
    let service = service("monitoring/prom", &labels, &ports);
    cluster().with("v1", "services", &service).with(
        "v1",
        "pods",
        &pod("monitoring/prom-0", "prom", true),
    )
}

/// An authority and its certificate in a file.
struct Trust {
    authority: Authority,
    folder: tempfile::TempDir,
}

impl Trust {
    fn new() -> Self {
        let trust = Self {
            authority: Authority::new(),
            folder: tempfile::tempdir().unwrap(),
        };
        trust.put("ca.pem", &trust.authority.pem());
        trust
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for a client and its key.
    fn client(&self) -> (PathBuf, PathBuf) {
        let (certificate, key) = self.authority.identity(&["kcost"]);
        (
            self.put("client.pem", &certificate),
            self.put("client.key", &key),
        )
    }
}

/// Behind a port-forward, where the API server's proxy is closed.
fn forwarding(front: &Front) -> Standin {
    Setup::new(store(9090))
        .secure()
        .fault(PROXY, Fault::Forbidden)
        .backend("monitoring/prom-0:9090", &front.place())
        .start()
}

fn trusting(certificate: &Path) -> PrometheusOptions {
    let mut options = options(Span::DAY);
    options.access.ca = Some(certificate.to_owned());
    options
}

/// Reads through a port-forward, or says why that is not possible.
fn forwarded(
    server: &Server,
    acceptor: TlsAcceptor,
    options: PrometheusOptions,
) -> Result<Snapshot, String> {
    let front = Front::before(&server.url, Some(acceptor));
    let standin = forwarding(&front);
    let named = UsageFrom::Service("monitoring/prom:9090".parse().unwrap(), options);
    collect(&standin, named, &["team-00"]).map_err(|error| error.to_string())
}

#[test]
fn tls_over_a_port_forward_holds_the_name_of_the_service() {
    let Some(server) = real() else { return };
    let trust = Trust::new();
    let acceptor = |name| trust.authority.acceptor(&[name]);
    let options = || trusting(&trust.certificate());

    let straight = PrometheusOptions {
        url: server.url.clone(),
        ..super::ways::options(Span::DAY)
    };
    let plain = Setup::new(cluster()).start();
    let straight = collect(&plain, UsageFrom::Url(straight), &["team-00"]).unwrap();
    let snapshot = forwarded(server, acceptor(NAME), options()).unwrap();
    assert!(
        told(&snapshot).contains("by port-forward"),
        "{}",
        told(&snapshot)
    );
    assert!(snapshot.usage.samples() > 250 && snapshot.usage == straight.usage);

    let other = forwarded(server, acceptor("prom.other.svc"), options()).unwrap_err();
    assert!(
        other.contains("by port-forward: ")
            && other.contains("is for `prom.other.svc`, not for `prom.monitoring.svc`"),
        "{other}"
    );
    let stranger = forwarded(
        server,
        acceptor(NAME),
        trusting(&Trust::new().certificate()),
    );
    let stranger = stranger.unwrap_err();
    assert!(
        stranger.contains("signed by another authority of the same name"),
        "{stranger}"
    );
    let mut careless = super::ways::options(Span::DAY);
    careless.access.insecure = true;
    assert!(forwarded(server, acceptor("prom.other.svc"), careless).is_ok());
}

#[test]
fn a_certificate_of_the_client_opens_the_door_by_url_and_by_port_forward() {
    let Some(server) = real() else { return };
    let trust = Trust::new();
    let acceptor = || trust.authority.acceptor_of_clients(&[NAME, "127.0.0.1"]);
    let with = |client: bool| {
        let mut options = trusting(&trust.certificate());
        options.access.client_certificate = client.then(|| trust.client());
        options
    };
    let snapshot = forwarded(server, acceptor(), with(true)).unwrap();
    assert!(told(&snapshot).contains("by port-forward"));
    let refused = forwarded(server, acceptor(), with(false)).unwrap_err();
    // Whether the alert or the end of the connection comes first is chance.
    assert!(refused.contains("by port-forward: the "), "{refused}");

    let front = Front::before(&server.url, Some(acceptor()));
    let by_url = |client: bool| {
        let standin = Setup::new(cluster()).start();
        let url = format!("https://{}", front.address);
        let options = PrometheusOptions {
            url,
            ..with(client)
        };
        collect(&standin, UsageFrom::Url(options), &["team-00"])
    };
    assert!(by_url(true).unwrap().usage == snapshot.usage);
    assert!(by_url(false).is_err());
}

#[test]
fn a_certificate_of_the_client_never_goes_to_the_proxy() {
    let Some(server) = real() else { return };
    let trust = Trust::new();
    let acceptor = trust.authority.acceptor_of_clients(&[NAME]);
    let front = Front::before(&server.url, Some(acceptor));
    let standin = Setup::new(store(9090))
        .backend("monitoring/prom-0:9090", &front.place())
        .start();
    let mut options = trusting(&trust.certificate());
    options.access.client_certificate = Some(trust.client());
    options.trusted = vec!["monitoring".to_owned()];
    let snapshot = collect(&standin, UsageFrom::Search(options), &["team-00"]).unwrap();
    assert!(
        told(&snapshot).contains("by port-forward"),
        "{}",
        told(&snapshot)
    );
    assert!(!standin.paths().iter().any(|path| path.contains("/proxy")));
}

/// A condition that changes nothing and makes every query longer than a URL
/// should be.
fn long_winded() -> Matcher {
    format!("job!=\"{}\"", "x".repeat(4_000)).parse().unwrap()
}

#[test]
fn long_queries_pass_by_every_way() {
    let Some(server) = real() else { return };
    let trust = Trust::new();
    let plain = || Front::before(&server.url, None);
    let secure = || Front::before(&server.url, Some(trust.authority.acceptor(&[NAME])));
    let options = || {
        let mut options = trusting(&trust.certificate());
        options.matchers.push(long_winded());
        options.engine = Some(Engine::Raw);
        options
    };
    let search = || UsageFrom::Search(options());

    let front = plain();
    let url = PrometheusOptions {
        url: format!("http://{}", front.address),
        ..options()
    };
    let standin = Setup::new(cluster()).start();
    let by_url = collect(&standin, UsageFrom::Url(url), &["team-00"]).unwrap();
    assert!(by_url.usage.samples() > 250);
    assert!(front.asked("POST /api/v1/query_range HTTP/1.1"));

    let front = secure();
    let forwarded = collect(&forwarding(&front), search(), &["team-00"]).unwrap();
    assert!(forwarded.usage == by_url.usage);
    assert!(front.asked("POST /api/v1/query_range HTTP/1.1"));

    // The proxy gets no body: that would take the right to `create`.
    let front = plain();
    let standin = Setup::new(super::with_prometheus(true))
        .backend("monitoring/prom:80", &front.place())
        .start();
    let proxied = collect(&standin, search(), &["team-00"]).unwrap();
    assert!(proxied.usage == by_url.usage);
    // A network as fast as this one carries answers as they are.
    assert!(!front.answered("\r\ncontent-encoding: gzip\r\n"));
    assert!(front.asked("GET /api/v1/query_range?") && !front.asked("POST "));
}
