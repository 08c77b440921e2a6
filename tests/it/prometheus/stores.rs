//! Stores that say less than they have, or want to be asked in their own way.

use kcost::collect::Scope;
use kcost::collect::prometheus::{
    self, Credentials, Engine, PrometheusError, PrometheusOptions, Secret,
};
use kcost::progress::Silent;
use kcost::snapshot::Gap;
use kcost::units::Span;
use serde_json::{Value, json};

use super::between::{Asked, Between, Fate};
use super::openmetrics::{CADVISOR, containers, owners, text};
use super::server::{Server, prometheus as start, victoria_metrics};
use super::{block_on, by_pod, everything, options, read};

const WINDOW: Span = Span::days(4);

/// Four days of five containers.
fn server() -> Option<Server> {
    start(&text(&containers(5), &[CADVISOR], 4 * 86_400, 300), &[])
}

/// All that comes of a store: usage, owners and signals.
fn gaps(options: &PrometheusOptions) -> Vec<Gap> {
    let scope = everything();
    let work = async {
        let mut gaps = prometheus::usage(options, &scope, &Silent).await?.gaps;
        gaps.extend(prometheus::owners(options, &scope, &Silent).await?.1);
        gaps.extend(prometheus::signals(options, &scope, &Silent).await?.1);
        Ok::<_, PrometheusError>(gaps)
    };
    let mut gaps = block_on(work).unwrap();
    gaps.sort();
    gaps.dedup();
    gaps
}

fn told(gaps: &[Gap]) -> Vec<String> {
    let told = gaps.iter().map(|gap| format!("{}: {}", gap.code, gap.text));
    told.collect()
}

/// Error and hint, without ports.
fn refused(url: &str, error: &PrometheusError) -> String {
    let text = format!("{error}\nhint: {}", error.hint().unwrap_or_default());
    text.replace(url, "http://prometheus")
}

/// Whether every slot of every container has CPU and memory.
fn is_whole(options: &PrometheusOptions) -> bool {
    let (series, _) = by_pod(options, &containers(5));
    let slots = options.window.as_secs() / options.step.as_secs();
    let known = |column: &[f32]| column.iter().filter(|value| !value.is_nan()).count();
    let enough = usize::try_from(slots).unwrap() - 4;
    series.len() == 5
        && series
            .values()
            .all(|it| known(&it.cpu_cores) >= enough && known(&it.memory_bytes) >= enough)
}

#[test]
fn a_store_that_is_down_is_a_gap_though_the_status_is_success() {
    let Some(server) = server() else { return };
    let between = Between::new(&server.url, |_| {
        Fate::Change(|answer| {
            answer["warnings"] = json!(["store-1:10901: connection refused"]);
            let series = answer.pointer_mut("/data/result");
            if let Some(series) = series.and_then(Value::as_array_mut) {
                series.retain(|it| it["metric"]["namespace"] != "team-01");
            }
        })
    });
    let options = options(&between.url, WINDOW);
    let said = gaps(&options);
    assert_eq!(
        told(&said),
        ["partial-answer: store-1:10901: connection refused"]
    );
    assert!(said[0].hint.is_some());
}

#[test]
fn what_a_store_remarks_is_a_gap_and_told_once() {
    let Some(server) = server() else { return };
    let between = Between::new(&server.url, |asked| {
        if asked.path.ends_with("query_range") {
            return Fate::Change(|answer| {
                answer["infos"] =
                    json!(["PromQL info: metric might not be a counter: \"x\" (1:6)"]);
            });
        }
        Fate::Pass
    });
    let mut options = options(&between.url, WINDOW);
    options.engine = Some(Engine::Raw);
    assert_eq!(
        told(&gaps(&options)),
        ["query-remark: PromQL info: metric might not be a counter: \"x\""]
    );
}

#[test]
fn null_is_an_empty_list() {
    let Some(server) = server() else { return };
    let between = Between::new(&server.url, |_| {
        Fate::Change(|answer| {
            for empty in ["warnings", "infos"] {
                answer[empty] = Value::Null;
            }
            let is_empty = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
            if is_empty(&answer["data"]) {
                answer["data"] = Value::Null;
            } else if is_empty(&answer["data"]["result"]) {
                answer["data"]["result"] = Value::Null;
            }
        })
    });
    let options = options(&between.url, WINDOW);
    assert!(is_whole(&options));
    assert_eq!(gaps(&options), []);
}

/// As Mimir, Cortex and Thanos say it; some name no limit.
fn limited(server: &Server, limit: f64, words: fn(f64) -> String) -> Between {
    Between::new(&server.url, move |asked| {
        if asked.span() <= limit {
            return Fate::Pass;
        }
        let error = json!({"status": "error", "errorType": "execution", "error": words(limit)});
        let headers = "Content-Type: application/json\r\n";
        Fate::Say(422, headers, error.to_string())
    })
}

fn by_mimir(limit: f64) -> String {
    format!(
        "the query time range exceeds the limit (query length: 96h0m0s, limit: {}h{}m0s)",
        (limit / 3_600.0).floor(),
        limit % 3_600.0 / 60.0
    )
}

#[test]
fn a_limit_on_the_time_of_a_query_is_kept_from_the_survey_on() {
    let Some(server) = server() else { return };
    for (hours, most_refused) in [(25.0, 4), (7.0, 4), (1.5, 12)] {
        let limit = hours * 3_600.0;
        let between = limited(&server, limit, by_mimir);
        let options = options(&between.url, WINDOW);
        assert!(is_whole(&options), "{hours} h");
        let heard = between.heard();
        let refused = heard.iter().filter(|asked| asked.span() > limit).count();
        assert!(refused <= most_refused, "{hours} h: {refused} refused");
        assert_eq!(gaps(&options), [], "{hours} h");
    }
    let wordless = limited(&server, 86_400.0, |_| {
        "the time range is too long".to_owned()
    });
    assert!(is_whole(&options(&wordless.url, WINDOW)));
}

#[test]
fn namespaces_are_looked_for_in_parts_below_a_limit() {
    let Some(server) = server() else { return };
    let between = limited(&server, 86_400.0, by_mimir);
    let options = options(&between.url, WINDOW);
    block_on(prometheus::usage(&options, &everything(), &Silent)).unwrap();
    let names = between.heard();
    let values = |asked: &&Asked| asked.path.ends_with("/label/namespace/values");
    assert!(names.iter().filter(values).count() >= 4);
}

#[test]
fn owners_are_read_in_parts_below_a_limit() {
    let pods = [("odd.pod", "api-5c4d7f8b66", "api")];
    let Some(server) = start(&owners(&pods), &[]) else {
        return;
    };
    let between = limited(&server, 20.0 * 3_600.0, by_mimir);
    let options = options(&between.url, WINDOW);
    let read = block_on(prometheus::owners(&options, &everything(), &Silent));
    let (owners, gaps) = read.unwrap();
    assert_eq!((owners.len(), gaps), (2, vec![]));
}

#[test]
fn a_limit_that_leaves_nothing_is_told_with_a_shorter_window() {
    let Some(server) = server() else { return };
    // Even the counts look at an hour.
    let between = limited(&server, 600.0, by_mimir);
    let error = read(&options(&between.url, WINDOW)).unwrap_err();
    insta::assert_snapshot!(refused(&between.url, &error), @"
    Prometheus at http://prometheus does not answer queries over that long a time: the query time range exceeds the limit (query length: 96h0m0s, limit: 0h10m0s)
    hint: it is asked in parts, each of an hour or more: raise its limit, such as `max_query_length` of Mimir, or use a shorter `--window`
    ");
}

/// A condition that is too long for most URLs.
fn long(options: PrometheusOptions) -> PrometheusOptions {
    let names: Vec<String> = (0..400).map(|number| format!("app-{number}-.*")).collect();
    let matcher = format!("pod=~{}", names.join("|")).parse().unwrap();
    PrometheusOptions {
        matchers: vec![matcher],
        ..options
    }
}

#[test]
fn a_body_that_is_refused_is_not_sent_again() {
    let Some(server) = server() else { return };
    for status in [403, 405] {
        let between = Between::new(&server.url, move |asked| match asked.method.as_str() {
            "POST" => Fate::Say(status, "", "Forbidden\n".to_owned()),
            _ => Fate::Pass,
        });
        assert!(is_whole(&long(options(&between.url, WINDOW))), "{status}");
        let heard = between.heard();
        let posted = |path: &str| {
            let heard = heard.iter();
            heard
                .filter(|asked| {
                    asked.method == "POST" && (asked.path == "/api/v1/read") == (path == "read")
                })
                .count()
        };
        assert_eq!((posted("read"), posted("query")), (1, 1), "{status}");
    }
    let closed = Between::new(&server.url, |_| {
        Fate::Say(403, "", "Forbidden\n".to_owned())
    });
    let error = read(&long(options(&closed.url, WINDOW))).unwrap_err();
    assert!(error.to_string().contains("403: Forbidden"), "{error}");
}

#[test]
fn parameters_of_the_url_go_with_every_request_and_are_shown_nowhere() {
    let Some(server) = server() else { return };
    let between = Between::new(&server.url, |asked| {
        let mut named = asked.in_url.iter();
        if named.any(|(name, value)| name == "namespace" && value == "hush & co") {
            return Fate::Pass;
        }
        let text = "Bad Request. The request or configuration is malformed.\n";
        Fate::Say(400, "Content-Type: text/plain\r\n", text.to_owned())
    });
    let url = format!("{}/?namespace=hush%20%26%20co", between.url);
    let with = options(&url, WINDOW);
    assert!(is_whole(&with) && is_whole(&long(with.clone())));
    assert_eq!(gaps(&with), []);
    assert!(!format!("{with:?}").contains("hush"));

    let error = read(&options(&between.url, WINDOW)).unwrap_err();
    insta::assert_snapshot!(refused(&between.url, &error), @"
    Prometheus at http://prometheus refused with status 400: Bad Request. The request or configuration is malformed.
    hint: a proxy may want a parameter with every request: `--prometheus-url 'http://prometheus?namespace=NAMESPACE'`
    ");
}

#[test]
fn a_redirect_is_named_and_never_followed() {
    let Some(server) = server() else { return };
    let there = Between::new(&server.url, |_| Fate::Pass);
    let place: &'static str = format!(
        "Location: {}/prom/api/v1/query_range?token=hush\r\n",
        there.url.replace("http://", "http://me:hush@")
    )
    .leak();
    let between = Between::new(&server.url, move |_| Fate::Say(301, place, String::new()));
    let mut options = options(&between.url, WINDOW);
    options.access.headers = vec!["X-Scope-OrgID: hush".parse().unwrap()];
    let error = read(&options).unwrap_err();
    let said = refused(&between.url, &error).replace(&there.url, "http://there");
    insta::assert_snapshot!(said, @"
    Prometheus at http://prometheus redirects to http://there/prom/api/v1/query_range
    hint: name it: `--prometheus-url http://there/prom`
    ");
    assert!(there.heard().is_empty());
    assert!(
        between
            .heard()
            .iter()
            .all(|it| it.has_header("x-scope-orgid"))
    );

    let upgrade = Between::new(&server.url, |_| {
        Fate::Say(308, "Location: /thanos/api/v1/labels\r\n", String::new())
    });
    let error = read(&super::options(&upgrade.url, WINDOW)).unwrap_err();
    insta::assert_snapshot!(refused(&upgrade.url, &error), @"
    Prometheus at http://prometheus redirects to /thanos/api/v1/labels
    hint: name it: `--prometheus-url http://prometheus/thanos`
    ");
}

#[test]
fn what_is_wrong_with_an_address_is_told() {
    let said = |status: u16, headers: &'static str, body: &'static str, path: &str| {
        let between = Between::new("", move |_| Fate::Say(status, headers, body.to_owned()));
        let error = read(&options(&format!("{}{path}", between.url), WINDOW)).unwrap_err();
        let secure = between.url.replace("http:", "https:");
        refused(&between.url, &error).replace(&secure, "https://prometheus")
    };
    let plain = "Client sent an HTTP request to an HTTPS server.\n";
    insta::assert_snapshot!(said(400, "", plain, ""), @"
    Prometheus at http://prometheus refused with status 400: Client sent an HTTP request to an HTTPS server.
    hint: it speaks TLS: `--prometheus-url https://prometheus`
    ");
    let page = "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>";
    insta::assert_snapshot!(said(400, "", page, ""), @r#"
    Prometheus at http://prometheus refused with status 400: a web page, "400 The plain HTTP request was sent to HTTPS port"
    hint: it speaks TLS: `--prometheus-url https://prometheus`
    "#);
    insta::assert_snapshot!(said(404, "", "404 page not found\n", "/graph"), @"
    Prometheus at http://prometheus/graph refused with status 404: 404 page not found
    hint: leave out `/graph`: `--prometheus-url http://prometheus`
    ");
    insta::assert_snapshot!(said(200, "", "<!DOCTYPE html>", "/select/0/vmui"), @"
    what answers at http://prometheus/select/0/vmui is not a Prometheus: the answer is a web page
    hint: leave out `/vmui`: `--prometheus-url http://prometheus/select/0/prometheus`
    ");
    insta::assert_snapshot!(said(200, "", r#"{"kind":"PodList","items":[]}"#, ""), @"
    what answers at http://prometheus is not a Prometheus: the answer has no `status`
    hint: check `--prometheus-url`: `/api/v1/query` is added to it
    ");
}

/// The same series without the labels that a rule drops or calls otherwise.
fn relabelled(change: impl Fn(&str) -> String) -> String {
    let text = text(&containers(2), &[CADVISOR], 86_400, 300);
    let lines = text.lines().map(|line| match line.split_once('{') {
        Some((metric, rest)) => format!("{metric}{{{}\n", change(rest)),
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn usage_without_the_labels_of_containers_says_where_they_are_lost() {
    type Change = fn(&str) -> String;
    let cases: [(&str, Change); 3] = [
        ("lost", |rest| rest.replace("container=\"main\",", "")),
        ("renamed", |rest| {
            rest.replace(",pod=", ",pod_name=")
                .replace(",container=", ",container_name=")
        }),
        ("none", |rest| {
            let (_, labels) = rest.split_once("container=\"main\",").unwrap();
            labels.to_owned()
        }),
    ];
    let mut said = String::new();
    for (case, change) in cases {
        let text = relabelled(change);
        for server in [start(&text, &[]), victoria_metrics(&text)] {
            let Some(server) = server else { return };
            let (_, gaps) = read(&options(&server.url, Span::DAY)).unwrap();
            let lines = told(&gaps);
            let hints = gaps.iter().filter_map(|gap| gap.hint.clone());
            let hints = hints.collect::<Vec<_>>();
            let line = format!("{case}: {} ({})\n", lines.join("; "), hints.join("; "));
            if !said.ends_with(&line) {
                said.push_str(&line);
            }
        }
    }
    insta::assert_snapshot!(said, @"
    lost: no-usage: it has `container_memory_working_set_bytes` of pods, but of no container: the label `container` is missing or empty (look at `/metrics/cadvisor` of a kubelet: where it has the label, `metric_relabel_configs` drop it; where not, the kubelet does not reach its container runtime, as with cri-dockerd or a socket at another path)
    renamed: no-usage: its `container_memory_working_set_bytes` has other names for the labels of containers (set them: `--prometheus-names pod=pod_name,container=container_name`)
    none: no-usage: it has `container_memory_working_set_bytes` of cgroups, but of no pod: the labels `namespace`, `pod` and `container` are missing (scrape the kubelets' `/metrics/cadvisor`, which has these labels where a cAdvisor of its own has not, and see that `metric_relabel_configs` keep them)
    ");
}

#[test]
fn only_what_is_in_scope_decides_whether_a_label_is_lost() {
    // Beside each container there is its pod.
    let whole = text(&containers(2), &[CADVISOR], 86_400, 300);
    let pods = relabelled(|rest| rest.replace("container=\"main\",", ""));
    let Some(server) = victoria_metrics(&format!("{whole}{pods}")) else {
        return;
    };
    let scope = Scope::new(&["elsewhere".to_owned()], None).unwrap();
    let options = options(&server.url, Span::DAY);
    let taken = block_on(prometheus::usage(&options, &scope, &Silent)).unwrap();
    assert_eq!(
        told(&taken.gaps),
        [
            "no-usage: it has no `container_memory_working_set_bytes` of any container in scope within the window"
        ]
    );
}

/// As servers do that help to find out why somebody is not let in.
#[test]
fn what_a_server_repeats_of_credentials_is_not_told() {
    let Some(server) = server() else { return };
    let between = Between::new(&server.url, |_| {
        let text = "Bearer of-kcost-alone is unknown, so is X-Key: key-of-mine\n";
        Fate::Say(401, "", text.to_owned())
    });
    let mut options = options(&between.url, WINDOW);
    options.access.credentials = Credentials::Token(Secret::new("of-kcost-alone"));
    options.access.headers = vec!["X-Key: key-of-mine".parse().unwrap()];
    let error = read(&options).unwrap_err().to_string();
    let told = "refused with status 401: Bearer *** is unknown, so is X-Key: ***";
    assert!(error.ends_with(told), "{error}");
}
