//! An API server: one that answers, one that denies, and those that are dead.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{doctor, point, points, status};
use crate::common::{Kcost, Seen};
use crate::standin::{Fault, Setup, Standin, Store};

#[test]
fn a_server_that_answers_is_looked_at_whole() {
    let standin = Standin::recorded();
    let json = doctor(&standin, &["--no-discovery", "-o", "json"]).json();
    assert_eq!(status(&json, "connection"), "ok");
    let [status_of, text, ..] = point(&json, "permissions");
    assert_eq!(status_of, "ok", "{text}");
    assert!(
        text.starts_with("all ") && text.ends_with(" rights granted"),
        "{text}"
    );
    assert_eq!(status(&json, "clocks"), "ok");
    assert_eq!(status(&json, "metrics_api"), "ok");
    assert_eq!(status(&json, "metrics_store"), "warn");
    assert!(points(&json, "versions")[0][1].starts_with("Kubernetes v1."));
}

#[test]
fn nothing_is_changed_on_the_server() {
    let standin = Standin::recorded();
    doctor(&standin, &["--no-discovery"]);
    let asked = standin.asked();
    let posts = asked.iter().filter(|it| it.verb != "GET");
    let mut paths: Vec<&str> = posts.map(|it| it.path.as_str()).collect();
    paths.dedup();
    assert_eq!(
        paths,
        ["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"]
    );
}

#[test]
fn each_right_that_is_denied_says_what_it_costs_and_the_rule() {
    let standin = Setup::new(Store::recorded())
        .fault("/api/v1/nodes", Fault::Forbidden)
        .fault(
            "/apis/autoscaling/v2/horizontalpodautoscalers",
            Fault::Forbidden,
        )
        .start();
    let json = doctor(&standin, &["--no-discovery", "-o", "json"]).json();
    let denied = points(&json, "permissions");
    let denied: Vec<String> = denied
        .into_iter()
        .filter(|[status, ..]| status == "warn")
        .map(|[_, text, effect, mend]| format!("{text}\n{effect}\n{mend}"))
        .collect();
    insta::assert_snapshot!(denied.join("\n"), @r#"
    you may not list horizontalpodautoscalers.autoscaling in the cluster
    sizes of what an autoscaler scales do not keep its target: it may add replicas
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["list"]}
    you may not list nodes in the cluster
    prices are guessed, there is no node plan, and use beyond a node is not noticed
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
    "#);
}

#[test]
fn a_role_in_namespaces_is_asked_for_in_these() {
    let standin = Setup::new(Store::recorded()).only(&["shop"]).start();
    let json = doctor(&standin, &["--no-discovery", "-n", "shop", "-o", "json"]).json();
    let denied = points(&json, "permissions").into_iter();
    let denied: Vec<String> = denied
        .filter(|[status, ..]| status == "warn")
        .map(|[_, text, ..]| text)
        .collect();
    // What no namespace has.
    assert!(
        denied
            .iter()
            .any(|it| it.contains("list nodes in the cluster")),
        "{denied:?}"
    );
    assert!(
        !denied.iter().any(|it| it.contains("list pods")),
        "{denied:?}"
    );
    let json = doctor(&standin, &["--no-discovery", "-o", "json"])
        .ended(1)
        .json();
    let denied = points(&json, "permissions");
    assert!(
        denied
            .iter()
            .any(|[status, text, ..]| status == "bad" && text.contains("list pods"))
    );
}

#[test]
fn reviews_that_are_refused_leave_rights_unknown() {
    let standin = Setup::new(Store::recorded())
        .fault("/apis/authorization.k8s.io/*", Fault::Forbidden)
        .start();
    let json = doctor(&standin, &["--no-discovery", "-o", "json"]).json();
    assert_eq!(status(&json, "permissions"), "unknown");
}

#[test]
fn credentials_that_are_not_accepted_are_told() {
    let standin = Setup::new(Store::recorded())
        .fault("*", Fault::Unauthorized)
        .start();
    let json = doctor(&standin, &["-o", "json"]).ended(1).json();
    let [status, text, ..] = point(&json, "connection");
    assert!(status == "bad" && text.contains("credentials"), "{text}");
}

/// A kubeconfig of a server at this address.
fn at(url: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: prod\n\
         clusters: [{{name: c, cluster: {{server: '{url}'}}}}]\n\
         users: [{{name: u, user: {{token: x}}}}]\n\
         contexts: [{{name: prod, context: {{cluster: c, user: u}}}}]\n"
    )
}

/// A run, and how long it took.
fn timed(url: &str, args: &[&str]) -> (Seen, Duration) {
    let run = Kcost::new()
        .with_kubeconfig(&at(url))
        .arg("doctor")
        .args(args);
    let started = Instant::now();
    (run.run(), started.elapsed())
}

#[test]
fn a_server_that_refuses_is_told_at_once() {
    // Bound and given back, so that nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (seen, took) = timed(&format!("http://{address}"), &["-o", "json"]);
    let json = seen.ended(1).json();
    let [status, text, ..] = point(&json, "connection");
    assert!(status == "bad" && text.contains("refused"), "{text}");
    assert!(took < Duration::from_millis(1_500), "{took:?}");
}

#[test]
fn servers_that_never_answer_are_cut_off_together() {
    // Connections wait in the backlog, and nobody takes them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let (seen, took) = timed(&url, &["--prometheus-url", &url, "-o", "json"]);
    let json = seen.ended(1).json();
    assert_eq!(status(&json, "connection"), "bad");
    assert_eq!(status(&json, "metrics_store"), "bad");
    // One wait for both, and not one after the other.
    let range = Duration::from_millis(1_900)..Duration::from_millis(3_700);
    assert!(range.contains(&took), "{took:?}");
    let (_, took) = timed(&url, &["--timeout", "1s"]);
    assert!(took < Duration::from_millis(1_900), "{took:?}");
}

#[test]
fn a_server_that_falls_silent_is_not_waited_for() {
    let hour = Duration::from_secs(3_600);
    let standin = Setup::new(Store::recorded())
        .fault(
            "/version",
            Fault::Passing {
                status: 404,
                times: 0,
                retry_after: None,
            },
        )
        .fault("/api*", Fault::Slow(hour))
        .start();
    let started = Instant::now();
    let json = doctor(
        &standin,
        &["--no-discovery", "--timeout", "1s", "-o", "json"],
    )
    .ended(1)
    .json();
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
    let told = points(&json, "connection");
    assert!(
        told.iter()
            .any(|[status, text, ..]| status == "bad" && text.contains("nothing else"))
    );
}
