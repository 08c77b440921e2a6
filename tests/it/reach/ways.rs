//! By the API server's proxy, by port-forward, and what is said when neither works.

use std::sync::OnceLock;

use jiff::Timestamp;
use kcost::collect::live::UsageFrom;
use kcost::collect::prometheus::{Credentials, PrometheusOptions, Secret};
use kcost::units::Span;

use super::responder::Responder;
use super::{collect, told, with_prometheus};
use crate::prometheus::openmetrics::{CADVISOR, END, containers, text};
use crate::prometheus::server::{Server, prometheus};
use crate::standin::{Fault, Setup};

const PROXY: &str = "/api/v1/namespaces/monitoring/services/prom:80/proxy*";
const FORWARD: &str = "/api/v1/namespaces/monitoring/pods/prom-0/portforward";

pub(super) fn options(window: Span) -> PrometheusOptions {
    let end = Timestamp::from_second(END).unwrap();
    PrometheusOptions::new("", window, Span::from_secs(300), end)
}

/// A real one with a day of 40 containers.
pub(super) fn real() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let data = || text(&containers(40), &[CADVISOR], 86_400, 60);
    SERVER.get_or_init(|| prometheus(&data(), &[])).as_ref()
}

#[test]
fn every_way_brings_the_same_usage() {
    let Some(server) = real() else { return };
    let straight = PrometheusOptions {
        url: server.url.clone(),
        ..options(Span::DAY)
    };
    let behind = || {
        Setup::new(with_prometheus(true))
            .secure()
            .backend("monitoring/prom:80", &server.url)
            .backend("monitoring/prom-0:9090", &server.url)
    };
    let url = collect(&behind().start(), UsageFrom::Url(straight), &["team-00"]).unwrap();
    assert!(url.usage.samples() > 250, "{}", url.usage.samples());
    let search = || UsageFrom::Search(options(Span::DAY));
    let proxied = collect(&behind().start(), search(), &["team-00"]).unwrap();
    let cut_off = behind().fault(PROXY, Fault::Forbidden).start();
    let forwarded = collect(&cut_off, search(), &["team-00"]).unwrap();
    assert!(told(&proxied).contains("by the API server's proxy"));
    assert!(told(&forwarded).contains("by port-forward"));
    assert!(url.usage == proxied.usage, "by the proxy");
    assert!(url.usage == forwarded.usage, "by port-forward");
}

#[test]
fn a_forward_that_drops_is_made_again() {
    let Some(server) = real() else { return };
    let mut options = options(Span::DAY);
    options.back_off = std::time::Duration::from_millis(5);
    options.max_samples = 20_000;
    let read = |times: usize| {
        let standin = Setup::new(with_prometheus(true))
            .backend("monitoring/prom-0:9090", &server.url)
            .fault(FORWARD, Fault::Cut { times })
            .start();
        let named = UsageFrom::Service("monitoring/prom:80".parse().unwrap(), options.clone());
        let snapshot = collect(&standin, named, &[]).unwrap();
        let asked = standin.asked();
        let forwards = asked.iter().filter(|asked| asked.path == FORWARD).count();
        (snapshot.usage, snapshot.gaps, forwards)
    };
    let (whole, no_gaps, few) = read(0);
    // As many as there were are cut, so that none is left to take over.
    let (mended, gaps, more) = read(few);
    assert!(more > few, "{more} {few}");
    assert_eq!(gaps, no_gaps);
    assert!(mended == whole);
}

/// What is said when both ways fail.
fn failing(setup: Setup, access: Option<&str>) -> String {
    let mut options = options(Span::DAY);
    if let Some(token) = access {
        options.access.credentials = Credentials::Token(Secret::new(token));
    }
    let named = UsageFrom::Service("monitoring/prom".parse().unwrap(), options);
    let error = collect(&setup.start(), named, &[]).unwrap_err();
    format!("{error}\nhint: {}", error.hint().unwrap())
}

#[test]
fn each_way_and_its_failure_is_named() {
    let refused = Setup::new(with_prometheus(true))
        .fault(PROXY, Fault::Unauthorized)
        .fault(FORWARD, Fault::Forbidden);
    insta::assert_snapshot!(failing(refused, None), @r#"
    the service monitoring/prom:80 cannot be reached: by the API server's proxy: status 401: Unauthorized; by port-forward: pod prom-0: User "viewer" cannot use resource "pods/portforward"
    hint: allow `get` on `services/proxy` or `create` on `pods/portforward`, give a login with `--prometheus-token-file FILE`, or name a URL with `--prometheus-url`
    "#);
    let unready = Setup::new(with_prometheus(false));
    insta::assert_snapshot!(failing(unready, None), @"
    the service monitoring/prom:80 cannot be reached: by the API server's proxy: the server is busy (status 503); by port-forward: none of its pods is ready (of 1)
    hint: allow `get` on `services/proxy` or `create` on `pods/portforward`, give a login with `--prometheus-token-file FILE`, or name a URL with `--prometheus-url`
    ");
    let closed = Setup::new(with_prometheus(true)).fault(PROXY, Fault::Status(503));
    insta::assert_snapshot!(failing(closed, None), @"
    the service monitoring/prom:80 cannot be reached: by the API server's proxy: the server is busy (status 503); by port-forward: pod prom-0, port 9090: failed to connect to localhost:9090: connection refused
    hint: allow `get` on `services/proxy` or `create` on `pods/portforward`, give a login with `--prometheus-token-file FILE`, or name a URL with `--prometheus-url`
    ");
}

#[test]
fn a_login_goes_to_the_pod_and_never_to_the_proxy() {
    let responder = Responder::new(&[""]);
    let standin = Setup::new(with_prometheus(true))
        .backend("monitoring/prom:80", &responder.url)
        .backend("monitoring/prom-0:9090", &responder.url)
        .start();
    let mut options = options(Span::DAY);
    options.access.credentials = Credentials::Token(Secret::new("of-prometheus"));
    options.trusted = vec!["monitoring".to_owned()];
    let snapshot = collect(&standin, UsageFrom::Search(options), &[]).unwrap();
    assert!(
        told(&snapshot).contains("by port-forward"),
        "{}",
        told(&snapshot)
    );
    let heard = responder.heard();
    assert!(!heard.is_empty());
    for head in heard {
        assert!(
            head.contains("authorization: Bearer of-prometheus"),
            "{head}"
        );
        assert!(head.contains("accept-encoding: identity"), "{head}");
    }
    assert!(!standin.paths().iter().any(|path| path.contains("/proxy")));
    let none = Setup::new(with_prometheus(false));
    assert!(!failing(none, Some("of-prometheus")).contains("of-prometheus"));
}
