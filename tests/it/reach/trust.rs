//! Whoever may create a service may give it any label: what is trusted, and what is not.

use kcost::collect::live::UsageFrom;
use kcost::collect::prometheus::{Credentials, PrometheusOptions, Secret};
use kcost::units::Span;
use serde_json::json;

use super::responder::Responder;
use super::ways::options;
use super::{cluster, collect, service, told};
use crate::common::Kcost;
use crate::standin::{Setup, Standin, Store};

/// A VictoriaMetrics of a tenant, which as a product comes first, and a Prometheus.
fn store(monitoring: &str) -> Store {
    let ports = json!([{"name": "http", "port": 9090}]);
    let theirs = service("team-x/fake", &json!({"app": "vmselect"}), &ports);
    let ours = service(
        &format!("{monitoring}/prom"),
        &json!({"app": "prometheus"}),
        &ports,
    );
    cluster()
        .with("v1", "services", &theirs)
        .with("v1", "services", &ours)
}

fn standin(monitoring: &str, ours: &Responder, theirs: &Responder) -> Standin {
    Setup::new(store(monitoring))
        .backend(&format!("{monitoring}/prom:9090"), &ours.url)
        .backend("team-x/fake:9090", &theirs.url)
        .start()
}

/// With a header that is not for everybody.
fn secret() -> PrometheusOptions {
    let mut options = options(Span::DAY);
    options.access.headers = vec!["X-Api-Key: hush".parse().unwrap()];
    options
}

#[test]
fn namespaces_of_few_come_before_those_of_any_team() {
    for namespace in [
        "monitoring",
        "kube-system",
        "openshift-monitoring",
        "observability",
    ] {
        let (ours, theirs) = (Responder::new(&[""]), Responder::new(&[""]));
        let standin = standin(namespace, &ours, &theirs);
        let snapshot = collect(&standin, UsageFrom::Search(options(Span::DAY)), &[]).unwrap();
        let start = format!("prometheus: {namespace}/prom:9090 by the API server's proxy");
        let text = told(&snapshot);
        assert!(text.starts_with(&start), "{text}");
        assert!(
            text.ends_with("the first of 2 candidates before team-x/fake:9090"),
            "{text}"
        );
        assert!(theirs.heard().is_empty());
        assert!(
            !snapshot
                .gaps
                .iter()
                .any(|gap| gap.code == "doubtful-prometheus")
        );
    }
}

#[test]
fn what_anybody_may_have_made_is_told_where_another_is_there() {
    let (ours, theirs) = (Responder::new(&[""]), Responder::new(&[""]));
    let standin = standin("watch", &ours, &theirs);
    let snapshot = collect(&standin, UsageFrom::Search(options(Span::DAY)), &[]).unwrap();
    let mut gaps = snapshot.gaps.iter();
    let gap = gaps.find(|gap| gap.code == "doubtful-prometheus").unwrap();
    insta::assert_snapshot!(format!("{}\n{}", gap.text, gap.hint.as_ref().unwrap()), @"
    usage is read from team-x/fake:9090, which anyone who may create services in its namespace can set up, and watch/prom:9090 would do as well
    name the one that you trust: `--prometheus-service team-x/fake:9090`, or another
    ");
}

#[test]
fn what_lets_kcost_in_goes_only_to_what_is_named_or_trusted() {
    let asked = |options: PrometheusOptions, usage: fn(PrometheusOptions) -> UsageFrom| {
        let (ours, theirs) = (Responder::new(&[""]), Responder::new(&[""]));
        let standin = standin("monitoring", &ours, &theirs);
        let text = told(&collect(&standin, usage(options), &[]).unwrap());
        let shown = |heard: Vec<String>| heard.iter().any(|head| head.contains("hush"));
        (shown(ours.heard()), shown(theirs.heard()), text)
    };
    let (ours, theirs, text) = asked(secret(), UsageFrom::Search);
    assert!(!ours && !theirs);
    assert!(
        text.ends_with(", without the login that was given"),
        "{text}"
    );

    let trusting = PrometheusOptions {
        trusted: vec!["monitoring".to_owned()],
        ..secret()
    };
    let (ours, theirs, text) = asked(trusting, UsageFrom::Search);
    assert!(ours && !theirs);
    assert!(text.ends_with("the only candidate"), "{text}");

    let named = |options| UsageFrom::Service("team-x/fake:9090".parse().unwrap(), options);
    let (ours, theirs, _) = asked(secret(), named);
    assert!(!ours && theirs);
}

#[test]
fn a_login_is_kept_however_it_was_given() {
    let mut token = options(Span::DAY);
    token.access.credentials = Credentials::Token(Secret::new("hush"));
    let (ours, theirs) = (Responder::new(&[""]), Responder::new(&[""]));
    let standin = standin("monitoring", &ours, &theirs);
    // Without the token the proxy of the API server is a way again.
    let text = told(&collect(&standin, UsageFrom::Search(token), &[]).unwrap());
    assert!(text.contains("by the API server's proxy"), "{text}");
    assert!(!ours.heard().iter().any(|head| head.contains("hush")));
}

#[test]
fn a_store_that_wants_the_login_is_told_with_how_to_trust_it() {
    let setup = Setup::new(store("monitoring"));
    let snapshot = collect(&setup.start(), UsageFrom::Search(secret()), &[]).unwrap();
    let mut gaps = snapshot.gaps.iter();
    let gap = gaps.find(|gap| gap.code == "no-prometheus").unwrap();
    insta::assert_snapshot!(gap.hint.as_ref().unwrap(), @"a login goes only to what you name: `--prometheus-service NAMESPACE/NAME:PORT`, or a namespace whose services you trust, `--prometheus-namespace NAMESPACE`");
}

#[test]
fn a_trusted_namespace_without_a_store_is_named() {
    let setup = Setup::new(store("monitoring"));
    let trusting = PrometheusOptions {
        trusted: vec!["elsewhere".to_owned()],
        ..options(Span::DAY)
    };
    let snapshot = collect(&setup.start(), UsageFrom::Search(trusting), &[]).unwrap();
    let text = told(&snapshot);
    assert!(
        text.contains("no service of elsewhere has the labels of"),
        "{text}"
    );
}

#[test]
fn a_namespace_to_trust_is_for_looking_alone() {
    let seen = Kcost::new()
        .args([
            "analyze",
            "--prometheus-namespace",
            "monitoring",
            "--no-discovery",
        ])
        .run()
        .ended(2);
    assert!(seen.stderr.contains("--no-discovery"), "{}", seen.stderr);
}
