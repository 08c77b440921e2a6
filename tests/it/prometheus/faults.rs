//! A server that misbehaves, in each way once.

use std::collections::VecDeque;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kcost::collect::prometheus::{Access, Credentials, PrometheusError, PrometheusOptions, Secret};
use kcost::snapshot::Gap;
use kcost::units::Span;

use super::openmetrics::{END, containers};
use super::{by_pod, options, read};

/// One way to answer.
#[derive(Clone)]
pub(super) enum Answer {
    Status(u16, &'static str, &'static str),
    /// As `Status`, with a header more.
    Header(u16, &'static str),
    /// Half of a good answer, then the connection ends.
    Half,
    /// The connection ends at once.
    Close,
    Slow,
    Good,
}

use Answer::{Close, Good, Half, Header, Slow, Status};

/// Answers range queries of usage from a script, and everything else well.
pub(super) struct Faulty {
    pub(super) url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

/// What the script says when it has ended.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Then {
    Well,
    Again,
}

impl Faulty {
    /// `script` for range queries of usage; `survey` for all that comes before.
    pub(super) fn new(survey: Option<Answer>, script: &[Answer], then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(VecDeque::from(script.to_vec())));
        let told = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (survey, script) = (survey.clone(), Arc::clone(&script));
                let told = Arc::clone(&told);
                std::thread::spawn(move || {
                    serve(stream, |request| {
                        told.lock().unwrap().push(request.to_owned());
                        let first = told.lock().unwrap().len() == 1;
                        if !request.contains("query_range") || request.contains("count+by") {
                            return match &survey {
                                Some(Close) if !first => Good,
                                survey => survey.clone().unwrap_or(Good),
                            };
                        }
                        let mut script = script.lock().unwrap();
                        match script.pop_front() {
                            Some(answer) if then == Then::Again => {
                                script.push_back(answer.clone());
                                answer
                            }
                            Some(answer) => answer,
                            None => Good,
                        }
                    });
                });
            }
        });
        Self { url, heard }
    }

    fn options(&self) -> PrometheusOptions {
        let mut options = options(&self.url, Span::HOUR);
        options.timeout = Duration::from_millis(400);
        options.concurrency = 1;
        options
    }

    /// Requests that make the server compute usage.
    pub(super) fn usage_queries(&self) -> usize {
        let heard = self.heard.lock().unwrap();
        let reads = |request: &&String| {
            request.contains("query=rate") || request.contains("query=max_over_time")
        };
        heard.iter().filter(reads).count()
    }

    pub(super) fn requests(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn serve(stream: TcpStream, mut answer: impl FnMut(&str) -> Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = next_request(&mut reader) {
        let good = good(&request);
        let written = match answer(&request) {
            Good => respond(&mut stream, 200, "", &good),
            Status(status, "", body) => respond(&mut stream, status, "", body),
            Status(status, kind, body) => {
                let header = format!("Content-Type: {kind}\r\n");
                respond(&mut stream, status, &header, body)
            }
            Header(status, header) => respond(&mut stream, status, header, ""),
            Half => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", good.len());
                let half = &good[..good.len() / 2];
                let _ = stream.write_all(format!("{head}{half}").as_bytes());
                return;
            }
            Close => return,
            Slow => {
                std::thread::sleep(Duration::from_secs(3));
                return;
            }
        };
        if written.is_err() {
            return;
        }
    }
}

/// Head and body of a request.
fn next_request(reader: &mut impl std::io::BufRead) -> Option<String> {
    let mut text = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    text.push_str(&String::from_utf8(body).ok()?);
    Some(text)
}

fn respond(stream: &mut TcpStream, status: u16, headers: &str, body: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes())
}

/// What a healthy server would say of `app-0` and `app-4`, in two namespaces.
fn good(request: &str) -> String {
    let pods = containers(5);
    let matrix = |items: Vec<String>| {
        format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#,
            items.join(",")
        )
    };
    if request.contains("/label/") {
        return r#"{"status":"success","data":["team-00","team-01"]}"#.to_owned();
    }
    if request.contains("count+by+%28__name__") {
        let metric =
            |name: &str| format!(r#"{{"metric":{{"__name__":"{name}"}},"value":[1,"2"]}}"#);
        return matrix(vec![
            metric("container_cpu_usage_seconds_total"),
            metric("container_memory_working_set_bytes"),
        ]);
    }
    if request.contains("count+by") {
        let count = |namespace: &str| {
            format!(
                r#"{{"metric":{{"namespace":"{namespace}"}},"values":[[{},"1"],[{END},"1"]]}}"#,
                END - 3_600
            )
        };
        return matrix(vec![count("team-00"), count("team-01")]);
    }
    if request.contains("count_over_time") {
        return matrix(vec![r#"{"metric":{},"value":[1,"12"]}"#.to_owned()]);
    }
    let points: Vec<String> = (1..=12)
        .map(|slot| format!(r#"[{},"0.5"]"#, END - 3_600 + slot * 300))
        .collect();
    let asked = |namespace: &str| request.contains(namespace);
    let item = |number: usize| {
        let pod = &pods[number];
        format!(
            r#"{{"metric":{{"namespace":"{}","pod":"{}","container":"main"}},"values":[{}]}}"#,
            pod.namespace,
            pod.pod,
            points.join(",")
        )
    };
    let numbers = [(0, "team-00"), (4, "team-01")];
    let items = numbers
        .into_iter()
        .filter(|(_, namespace)| asked(namespace));
    matrix(items.map(|(number, _)| item(number)).collect())
}

/// Pods that came back, with their number of CPU samples, and gaps.
fn outcome(options: &PrometheusOptions) -> (Vec<(String, usize)>, Vec<Gap>) {
    let (series, gaps) = by_pod(options, &containers(5));
    let samples = |values: &[f32]| values.iter().filter(|value| !value.is_nan()).count();
    let pods = series
        .into_values()
        .map(|s| (s.pod[..5].to_owned(), samples(&s.cpu_cores)));
    (pods.collect(), gaps)
}

fn whole() -> Vec<(String, usize)> {
    vec![("app-0".to_owned(), 12), ("app-4".to_owned(), 12)]
}

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

#[test]
fn credentials_and_headers_are_sent_and_never_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "hush-file\n").unwrap();
    let basic = Credentials::Basic {
        user: "me".to_owned(),
        password: Secret::new("hush-basic"),
    };
    for (credentials, sent) in [
        (
            Credentials::Token(Secret::new("hush-token")),
            "bearer hush-token",
        ),
        (Credentials::TokenFile(file), "bearer hush-file"),
        (
            Credentials::TokenCommand("echo hush-command".to_owned()),
            "bearer hush-command",
        ),
        (basic, "basic bwu6ahvzac1iyxnpyw=="),
    ] {
        let server = Faulty::new(Some(Status(401, "", "who?")), &[], Then::Well);
        let mut options = server.options();
        options.access = Access {
            credentials,
            headers: vec!["X-Scope-OrgID: hush-team".parse().unwrap()],
            ..Access::default()
        };
        let error = read(&options).unwrap_err();
        let heard = server.heard.lock().unwrap().first().cloned();
        let heard = heard.unwrap_or_else(|| panic!("{error:?}")).to_lowercase();
        assert!(heard.contains(&format!("authorization: {sent}")), "{heard}");
        assert!(heard.contains("x-scope-orgid: hush-team"), "{heard}");
        let told = format!(
            "{error} {error:?} {:?} {:?}",
            error.hint(),
            options.access.headers
        );
        assert!(!told.contains("hush"), "{told}");
        let shown = format!("{options:?}");
        assert!(
            !shown.contains("hush-token") && !shown.contains("hush-basic"),
            "{shown}"
        );
    }
}

/// The tokens of the requests that a server heard, each once, in order.
fn tokens(server: &Faulty) -> Vec<String> {
    let heard = server.heard.lock().unwrap();
    let lines = heard.iter().flat_map(|request| request.lines());
    let mut tokens: Vec<String> = lines
        .filter_map(|line| {
            line.to_lowercase()
                .strip_prefix("authorization: bearer ")
                .map(str::to_owned)
        })
        .collect();
    tokens.dedup();
    tokens
}

#[test]
fn a_token_file_that_is_written_anew_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "first").unwrap();
    let server = Faulty::new(None, &[Header(429, "Retry-After: 1\r\n")], Then::Well);
    let mut options = server.options();
    options.access.credentials = Credentials::TokenFile(file.clone());
    let (pods, gaps) = std::thread::scope(|scope| {
        // While kcost pauses, as it was asked to.
        scope.spawn(|| {
            while server.usage_queries() == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(300));
            std::fs::write(&file, "second\n").unwrap();
        });
        outcome(&options)
    });
    assert_eq!((pods, gaps), (whole(), vec![]));
    assert_eq!(tokens(&server), ["first", "second"]);
}

#[test]
fn a_token_that_has_run_out_is_asked_for_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let command = |body: &str| {
        let count = folder.path().join("count");
        Credentials::TokenCommand(body.replace("COUNT", &count.display().to_string()))
    };
    let counting = command("echo x >> COUNT; echo token-$(wc -l < COUNT)");
    let server = Faulty::new(None, &[Status(401, "", "expired")], Then::Well);
    let mut options = server.options();
    options.access.credentials = counting;
    assert_eq!(outcome(&options), (whole(), vec![]));
    assert_eq!(tokens(&server), ["token-1", "token-2"]);

    // The same token is not tried again.
    let server = Faulty::new(Some(Status(401, "", "expired")), &[], Then::Well);
    let mut options = server.options();
    options.access.credentials = command("echo always");
    assert!(read(&options).is_err());
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_token_that_cannot_be_had_is_an_error() {
    let mut options = options("http://127.0.0.1:9", Span::HOUR);
    options.access.credentials = Credentials::TokenFile("/no/such/token".into());
    assert_eq!(
        read(&options).unwrap_err().to_string(),
        "failed to read /no/such/token"
    );
    options.access.credentials = Credentials::TokenCommand("exit 3".to_owned());
    let error = read(&options).unwrap_err().to_string();
    assert!(error.contains("exit status: 3"), "{error}");
}
