//! A server that misbehaves, as a script says.

use std::collections::VecDeque;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kcost::collect::prometheus::PrometheusOptions;
use kcost::snapshot::Gap;
use kcost::units::Span;

use super::openmetrics::{END, containers};
use super::{by_pod, options};

use Answer::{Close, Good, Half, Header, Slow, Status};

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
                        if !request.contains("query_range") || request.contains("count") {
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

    pub(super) fn options(&self) -> PrometheusOptions {
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

    /// The first request, whole.
    pub(super) fn first(&self) -> Option<String> {
        self.heard.lock().unwrap().first().cloned()
    }

    pub(super) fn requests(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    /// The tokens of the requests, each once, in order.
    pub(super) fn tokens(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
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
pub(super) fn next_request(reader: &mut impl std::io::BufRead) -> Option<String> {
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

pub(super) fn respond(
    stream: &mut TcpStream,
    status: u16,
    headers: &str,
    body: &str,
) -> std::io::Result<()> {
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
pub(super) fn outcome(options: &PrometheusOptions) -> (Vec<(String, usize)>, Vec<Gap>) {
    let (series, gaps) = by_pod(options, &containers(5));
    let samples = |values: &[f32]| values.iter().filter(|value| !value.is_nan()).count();
    let pods = series
        .into_values()
        .map(|s| (s.pod[..5].to_owned(), samples(&s.cpu_cores)));
    (pods.collect(), gaps)
}

pub(super) fn whole() -> Vec<(String, usize)> {
    vec![("app-0".to_owned(), 12), ("app-4".to_owned(), 12)]
}
