//! Which service is taken, and why.

use jiff::Timestamp;
use kcost::collect::live::UsageFrom;
use kcost::collect::prometheus::PrometheusOptions;
use kcost::units::Span;
use serde_json::json;

use super::responder::Responder;
use super::{cluster, collect, service, told, used_prometheus, with_prometheus};
use crate::common::Kcost;
use crate::standin::{Fault, Setup, Store};

fn search() -> UsageFrom {
    UsageFrom::Search(options())
}

fn options() -> PrometheusOptions {
    PrometheusOptions::new("", Span::DAY, Span::from_secs(300), Timestamp::now())
}

/// Each of these services alone is found, and asked below the right path.
#[test]
fn every_kind_of_store_is_known() {
    let name = |name: &str| json!({"app.kubernetes.io/name": name});
    let both = |name: &str, component: &str| {
        json!({
            "app.kubernetes.io/name": name,
            "app.kubernetes.io/component": component,
        })
    };
    let cases = [
        (
            "Prometheus",
            json!({"app": "kube-prometheus-stack-prometheus"}),
            "",
        ),
        (
            "Prometheus",
            json!({"app": "rancher-monitoring-prometheus"}),
            "",
        ),
        ("Prometheus", json!({"operated-prometheus": "true"}), ""),
        ("Prometheus", both("prometheus", "server"), ""),
        (
            "Prometheus",
            json!({"app": "prometheus", "component": "server"}),
            "",
        ),
        ("Prometheus", json!({"app": "prometheus"}), ""),
        ("Prometheus", name("prometheus"), ""),
        ("Thanos", both("thanos", "query"), ""),
        ("Thanos", both("thanos-query", "query-layer"), ""),
        ("VictoriaMetrics", name("vmsingle"), ""),
        (
            "VictoriaMetrics",
            json!({"app": "vmselect"}),
            "/select/0/prometheus",
        ),
        ("Mimir", both("mimir", "query-frontend"), "/prometheus"),
    ];
    for (product, labels, path) in cases {
        let responder = Responder::new(&[""]);
        let ports = json!([{"name": "grpc", "port": 1}, {"name": "http", "port": 8080}]);
        let store = cluster().with("v1", "services", &service("mon/store", &labels, &ports));
        let standin = Setup::new(store)
            .backend("mon/store:8080", &responder.url)
            .start();
        let snapshot = collect(&standin, search(), &[]).unwrap();
        let text = told(&snapshot);
        let start = format!("prometheus: mon/store:8080 by the API server's proxy, {product} by");
        assert!(text.starts_with(&start), "{text}");
        let heard = responder.heard();
        let begin = format!("GET {path}/api/v1/query?");
        assert!(heard[0].starts_with(&begin), "{}", heard[0]);
        let tenant = heard[0].contains("x-scope-orgid: anonymous");
        assert_eq!(tenant, product == "Mimir", "{}", heard[0]);
        // What lets kcost in at the API server goes no further.
        assert!(heard.iter().all(|head| !head.contains("Bearer")));
        // Compressing takes longer than carrying it.
        assert!(
            heard
                .iter()
                .all(|head| head.contains("accept-encoding: identity"))
        );
    }
}

/// A Prometheus and a Thanos, both with a port 9090.
fn two() -> Store {
    let ports = json!([{"name": "http", "port": 9090}]);
    let prometheus = json!({"app": "prometheus-server"});
    let thanos = json!({"app": "thanos-query"});
    cluster()
        .with("v1", "services", &service("a/prom", &prometheus, &ports))
        .with("v1", "services", &service("b/thanos", &thanos, &ports))
}

#[test]
fn the_store_that_goes_back_further_is_taken() {
    let (prometheus, thanos) = (Responder::new(&[""]), Responder::new(&[""]));
    let standin = Setup::new(two())
        .backend("a/prom:9090", &prometheus.url)
        .backend("b/thanos:9090", &thanos.url)
        .start();
    insta::assert_snapshot!(
        told(&collect(&standin, search(), &[]).unwrap()),
        @"prometheus: b/thanos:9090 by the API server's proxy, Thanos by its labels `app=thanos-query`, the first of 2 candidates before a/prom:9090"
    );
    assert!(prometheus.heard().is_empty());
    // The services were listed once, and not again with the rest.
    let lists = standin.asked();
    let lists = lists
        .iter()
        .filter(|asked| asked.path == "/api/v1/services");
    assert_eq!(lists.count(), 1);
}

#[test]
fn a_store_of_many_clusters_or_none_is_passed_over() {
    let prometheus = Responder::new(&[""]);
    for (clusters, words) in [
        (
            &["eu", "us"][..],
            "it holds several clusters: `cluster` is `eu`, `us`; choose with",
        ),
        (&[][..], "it holds no usage of containers"),
    ] {
        let thanos = Responder::new(clusters);
        let alone = Setup::new(two()).backend("b/thanos:9090", &thanos.url);
        let text = told(&collect(&alone.start(), search(), &[]).unwrap());
        assert!(text.starts_with("metrics_api: "), "{text}");
        assert!(text.contains(&format!("b/thanos:9090: {words}")), "{text}");
        assert!(
            text.contains("a/prom:9090: by the API server's proxy: "),
            "{text}"
        );
        let both = Setup::new(two())
            .backend("a/prom:9090", &prometheus.url)
            .backend("b/thanos:9090", &thanos.url);
        let text = told(&collect(&both.start(), search(), &[]).unwrap());
        assert!(
            text.ends_with("of 2 candidates the first after b/thanos:9090"),
            "{text}"
        );
    }
}

#[test]
fn it_is_found_outside_the_namespaces_in_scope() {
    let responder = Responder::new(&[""]);
    let setup = Setup::new(with_prometheus(true)).backend("monitoring/prom:80", &responder.url);
    let snapshot = collect(&setup.start(), search(), &["team-00"]).unwrap();
    assert!(used_prometheus(&snapshot));
    assert!(snapshot.cluster.services.is_empty());
    assert_eq!(snapshot.workloads.len(), 1);
}

#[test]
fn a_role_in_one_namespace_is_enough_to_go_on_without() {
    let setup = Setup::new(with_prometheus(true)).only(&["team-00"]);
    let standin = setup.start();
    let snapshot = collect(&standin, search(), &["team-00"]).unwrap();
    assert!(!used_prometheus(&snapshot));
    let codes: Vec<&str> = snapshot.gaps.iter().map(|gap| gap.code.as_str()).collect();
    assert!(codes.contains(&"no-prometheus"), "{codes:?}");
    assert!(
        !snapshot
            .gaps
            .iter()
            .any(|gap| gap.subject.contains("services"))
    );
    assert!(
        standin
            .paths()
            .contains(&"/api/v1/namespaces/team-00/services".to_owned())
    );
}

#[test]
fn without_any_it_says_what_it_looked_for() {
    let standin = Setup::new(cluster()).start();
    let seen = crate::live::snapshot(&standin, &[]);
    assert_eq!(seen.exit, 0, "{}", seen.transcript());
    insta::assert_snapshot!(seen.stderr, @"
    warning: usage: no service of the cluster has the labels of VictoriaMetrics, Thanos, Mimir, Cortex or Prometheus
      hint: name it with `--prometheus-service NAMESPACE/NAME:PORT` or `--prometheus-url URL`, or stop looking with `--no-discovery`
    warning: usage: the metrics API knows no pods yet
      hint: name a Prometheus with `--prometheus-url URL`, or record a history: `kcost snapshot --record 7d -o NAME.kcost`
    wrote live.kcost: 1 workload, 0 samples
    next: kcost analyze --snapshot live.kcost
    ");
}

#[test]
fn it_looks_only_when_it_may() {
    let responder = Responder::new(&[""]);
    let setup = Setup::new(with_prometheus(true)).backend("monitoring/prom:80", &responder.url);
    let standin = setup.start();
    let seen = crate::live::snapshot(&standin, &["--no-discovery", "-v"]);
    assert!(!seen.stderr.contains("candidate"), "{}", seen.stderr);
    assert!(responder.heard().is_empty());
    let seen = crate::live::snapshot(&standin, &["-v"]);
    assert!(
        seen.stderr
            .contains("candidate for usage: monitoring/prom:80, Prometheus by its labels"),
        "{}",
        seen.stderr
    );
}

#[test]
fn a_named_service_needs_no_labels() {
    let responder = Responder::new(&["eu", "us"]);
    let ports = json!([{"name": "http", "port": 9090}, {"name": "other", "port": 80}]);
    let store = cluster().with("v1", "services", &service("mon/own", &json!({}), &ports));
    let standin = Setup::new(store)
        .backend("mon/own:80", &responder.url)
        .start();
    let named = |text: &str| UsageFrom::Service(text.parse().unwrap(), options());
    let snapshot = collect(&standin, named("mon/own:other/prom"), &[]).unwrap();
    insta::assert_snapshot!(
        told(&snapshot),
        @"prometheus: mon/own:80 by the API server's proxy, as `--prometheus-service` says"
    );
    assert!(responder.heard()[0].starts_with("GET /prom/api/v1/query?"));
    let fails = |text: &str| {
        let error = collect(&standin, named(text), &[]).unwrap_err();
        format!("{error}\nhint: {}\n", error.hint().unwrap())
    };
    let texts = [fails("mon/own:web"), fails("mon/none"), fails("mon/own")].concat();
    insta::assert_snapshot!(texts, @"
    the service mon/own:web has no port
    hint: it has 9090 (http), 80 (other)
    there is no service mon/none
    hint: list them with `kubectl get services -A`, and name one as NAMESPACE/NAME:PORT
    the service mon/own:9090 cannot be reached: by the API server's proxy: the server is busy (status 503); by port-forward: none of its pods is ready (of 0)
    hint: allow `get` on `services/proxy` or `create` on `pods/portforward`, give a login with `--prometheus-token-file FILE`, or name a URL with `--prometheus-url`
    ");
}

#[test]
fn a_service_that_may_not_be_read_needs_its_port() {
    let responder = Responder::new(&[""]);
    let standin = Setup::new(with_prometheus(true))
        .backend("monitoring/prom:80", &responder.url)
        .fault("/api/v1/namespaces/monitoring/services", Fault::Forbidden)
        .start();
    let named = |text: &str| UsageFrom::Service(text.parse().unwrap(), options());
    assert!(used_prometheus(
        &collect(&standin, named("monitoring/prom:80"), &[]).unwrap()
    ));
    let error = collect(&standin, named("monitoring/prom"), &[]).unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
}

#[test]
fn a_name_that_is_none_is_wrong_usage() {
    let seen = Kcost::new()
        .args(["analyze", "--prometheus-service", "prometheus"])
        .run()
        .ended(2);
    assert!(
        seen.stderr.contains("write NAMESPACE/NAME"),
        "{}",
        seen.stderr
    );
}
