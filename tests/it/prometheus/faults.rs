//! Faults of a server: what passes is asked for again, what stays is told.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use kcost::collect::prometheus::PrometheusError;
use kcost::units::Span;

use super::faulty::Answer::{self, Close, Good, Half, Header, Slow, Status};
use super::faulty::{Faulty, Then, outcome, whole};
use super::{options, read};

const TOO_MANY: Answer = Status(
    422,
    "application/json",
    r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory in query execution"}"#,
);
const TIMED_OUT: Answer = Status(
    503,
    "application/json",
    r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#,
);
const ERROR_IN_SUCCESS: Answer = Status(
    200,
    "application/json",
    r#"{"status":"error","errorType":"execution","error":"expanding series: context deadline exceeded"}"#,
);

#[test]
fn what_passes_is_asked_for_again_and_nothing_is_missing() {
    let passing = [
        TOO_MANY,
        TIMED_OUT,
        ERROR_IN_SUCCESS,
        Status(429, "", "slow down"),
        Status(502, "", "<html>bad gateway</html>"),
        Status(503, "", ""),
        Status(504, "", "upstream timed out"),
        Status(
            500,
            "application/json",
            r#"{"status":"error","errorType":"internal","error":"x"}"#,
        ),
        Status(200, "", ""),
        Half,
        Close,
        Slow,
    ];
    for (number, fault) in passing.into_iter().enumerate() {
        let server = Faulty::new(None, &[fault.clone(), fault], Then::Well);
        let (pods, gaps) = outcome(&server.options());
        assert_eq!((pods, gaps), (whole(), vec![]), "fault {number}");
    }
}

#[test]
fn a_first_question_that_is_dropped_is_asked_again() {
    let server = Faulty::new(Some(Close), &[], Then::Well);
    assert_eq!(outcome(&server.options()), (whole(), vec![]));
}

#[test]
fn a_server_that_fails_every_other_time_gives_everything() {
    let server = Faulty::new(
        None,
        &[Close, Good, Status(503, "", ""), Good, Half, Good],
        Then::Again,
    );
    let (pods, gaps) = outcome(&server.options());
    assert_eq!((pods, gaps), (whole(), vec![]));
}

#[test]
fn what_does_not_pass_becomes_a_gap_that_names_it() {
    let parse = Status(
        400,
        "application/json",
        r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
    );
    let page = Status(
        200,
        "text/html",
        "<!DOCTYPE html><html><body>Log in</body></html>",
    );
    let garbage = Status(
        200,
        "",
        r#"{"status":"success","data":{"result":[{"values":[]}]}}"#,
    );
    for (fault, reason) in [
        (parse, "status 400: parse error"),
        (page, "the answer is a web page"),
        (
            garbage,
            "the answer is not what the API gives, from byte 48",
        ),
    ] {
        let server = Faulty::new(None, &[fault], Then::Well);
        let (pods, gaps) = outcome(&server.options());
        assert_eq!(pods, [("app-0".to_owned(), 0), ("app-4".to_owned(), 0)]);
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].code, "usage-not-read");
        assert_eq!(
            gaps[0].subject,
            "CPU usage of team-00, team-01 from 2026-11-22T23:00:00Z to 2026-11-23T00:00:00Z"
        );
        assert_eq!(gaps[0].text, reason);
    }
}

#[test]
fn a_server_that_stays_down_is_left_in_peace() {
    for fault in [Status(503, "", ""), Close, TIMED_OUT, Slow] {
        let server = Faulty::new(None, &[fault], Then::Again);
        let started = Instant::now();
        let error = read(&server.options()).unwrap_err();
        assert!(error.hint().is_some(), "{error}");
        assert!(server.requests() < 80, "{}", server.requests());
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_pause_that_is_asked_for_is_kept() {
    let server = Faulty::new(None, &[Header(429, "Retry-After: 1\r\n")], Then::Well);
    let started = Instant::now();
    assert_eq!(outcome(&server.options()), (whole(), vec![]));
    assert!(started.elapsed() >= Duration::from_secs(1));
}

/// The text of an error and its hint, without the port.
fn told(survey: Answer) -> String {
    let server = Faulty::new(Some(survey), &[], Then::Well);
    let error = read(&server.options()).unwrap_err();
    let text = format!("{error}\nhint: {}", error.hint().unwrap_or_default());
    text.replace(&server.url, "http://prometheus")
}

#[test]
fn the_first_refusal_is_told_with_what_to_do() {
    insta::assert_snapshot!(told(Status(401, "", "no token")), @"
    Prometheus at http://prometheus refused with status 401: no token
    hint: give a token with `--prometheus-token-file FILE`, or a header with `--prometheus-header 'X-Scope-OrgID: TENANT'`
    ");
    insta::assert_snapshot!(told(Header(302, "Location: /login\r\n")), @"
    Prometheus at http://prometheus redirects to /login
    hint: it redirects as login pages do: use a URL behind the login, or give a token with `--prometheus-token-file FILE`
    ");
    insta::assert_snapshot!(told(Status(404, "text/plain", "404 page not found")), @"
    Prometheus at http://prometheus refused with status 404: 404 page not found
    hint: the URL may lack a path, such as `/prometheus` for Mimir or `/select/0/prometheus` for VictoriaMetrics
    ");
    insta::assert_snapshot!(told(Status(200, "text/html", "<html>Log in</html>")), @"
    what answers at http://prometheus is not a Prometheus: the answer is a web page
    hint: check `--prometheus-url`: `/api/v1/query` is added to it
    ");
    insta::assert_snapshot!(told(Status(200, "", "")), @"
    what answers at http://prometheus is not a Prometheus: the answer is empty
    hint: check `--prometheus-url`: `/api/v1/query` is added to it
    ");
    let error = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    insta::assert_snapshot!(told(Status(200, "application/json", error)), @"
    Prometheus at http://prometheus answered with an error: parse error
    hint: check `--prometheus-label`, `--prometheus-names` and `-n`, which are part of every query
    ");
    insta::assert_snapshot!(told(Status(400, "application/json", error)), @"
    Prometheus at http://prometheus refused with status 400: parse error
    hint: check `--prometheus-label`, `--prometheus-names` and `-n`, which are part of every query
    ");
    insta::assert_snapshot!(told(Slow), @"
    Prometheus at http://prometheus gave no answer within 0 s
    hint: raise `--timeout`, or shorten `--window`
    ");
}

#[test]
fn a_server_that_is_not_there_is_told_with_its_address() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = read(&options(&format!("http://127.0.0.1:{port}"), Span::HOUR)).unwrap_err();
    assert!(matches!(error, PrometheusError::Unreachable { .. }));
    let text = error.to_string().replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(text, @"failed to reach Prometheus at http://127.0.0.1:PORT: Connection refused (os error 111)");
}
