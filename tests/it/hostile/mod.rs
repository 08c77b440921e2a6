//! Servers that do as they please: what is said of their answers, and how soon it is over.

mod bounded;
mod commands;
mod doubtful;
mod names;
mod pipes;
mod secrets;
mod unasked;

use std::io::{self, BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::common::{Kcost, Seen};

/// A request as it came.
pub struct Request {
    /// Without the query.
    pub path: String,
    /// Its first line and its headers.
    pub head: String,
    parameters: Vec<(String, String)>,
}

impl Request {
    /// A parameter of the URL or the body; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether samples of usage are asked for, not counts before them.
    pub fn is_usage(&self) -> bool {
        self.path.ends_with("/query_range") && !self.get("query").starts_with("count")
    }
}

/// A server that answers as a test wants it; stands until the tests end.
pub struct Raw {
    pub url: String,
}

impl Raw {
    /// `answer` writes whole answers; a connection ends with the first error.
    pub fn new(
        answer: impl Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut stream = stream;
                    while let Some(request) = next(&mut reader) {
                        if answer(&request, &mut stream).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url }
    }

    /// An honest API server of two pods.
    pub fn cluster() -> Self {
        Self::new(|request, stream| say(stream, &objects(&request.path)))
    }

    /// An honest store of their usage, whose series `change` may spoil.
    pub fn store(change: fn(&mut [Value])) -> Self {
        Self::new(move |request, stream| {
            let mut answer = usage(request);
            if request.is_usage() {
                let series = answer["data"]["result"].as_array_mut().unwrap();
                change(series);
            }
            say(stream, &answer)
        })
    }
}

fn next(reader: &mut impl BufRead) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let line = line.to_lowercase();
        line.strip_prefix("content-length:")?.trim().parse().ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let target = head.split(' ').nth(1)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let fields = |text: &[u8]| -> Vec<(String, String)> {
        form_urlencoded::parse(text).into_owned().collect()
    };
    Some(Request {
        path: path.to_owned(),
        head: head.clone(),
        parameters: [fields(query.as_bytes()), fields(&body)].concat(),
    })
}

/// Writes a whole answer.
pub fn say(stream: &mut TcpStream, answer: &Value) -> io::Result<()> {
    let body = answer.to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// What an API server lists below a path.
pub fn objects(path: &str) -> Value {
    if path == "/version" {
        return json!({"gitVersion": "v1.36.2"});
    }
    if path == "/apis" {
        return json!({"groups": [{"name": "apps", "preferredVersion": {"version": "v1"}}]});
    }
    let owner = |kind: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": name, "controller": true}]);
    let meta = |name: &str| json!({"namespace": "shop", "name": name, "uid": name});
    let requests = json!({"requests": {"cpu": "500m", "memory": "512Mi"}});
    let spec = json!({"nodeName": "n1", "containers": [{"name": "app", "resources": requests}]});
    let template = json!({"replicas": 2, "selector": {}, "template": {"spec": spec}});
    let items = match path.rsplit('/').next() {
        Some("nodes") => {
            let size = json!({"cpu": "4", "memory": "16Gi"});
            json!([{"metadata": {"name": "n1"}, "status": {"allocatable": size, "capacity": size}}])
        }
        Some("pods") if !path.contains("metrics") => {
            let pod = |name: &str| {
                let mut meta = meta(name);
                meta["ownerReferences"] = owner("ReplicaSet", "api-1");
                json!({"metadata": meta, "spec": spec, "status": {"phase": "Running"}})
            };
            json!([pod("api-0"), pod("api-1")])
        }
        Some("replicasets") => {
            let mut meta = meta("api-1");
            meta["ownerReferences"] = owner("Deployment", "api");
            json!([{"metadata": meta, "spec": template}])
        }
        Some("deployments") => json!([{"metadata": meta("api"), "spec": template}]),
        _ => json!([]),
    };
    json!({"kind": "List", "metadata": {}, "items": items})
}

/// What a store with a sample a minute of both pods answers.
pub fn usage(request: &Request) -> Value {
    let text = request.get("query");
    if request.path.ends_with("/label/namespace/values") {
        return json!({"status": "success", "data": ["shop"]});
    }
    let lists = ["/series", "/read"];
    if request.path.contains("/label") || lists.iter().any(|it| request.path.ends_with(it)) {
        return json!({"status": "success", "data": []});
    }
    let found = |kind: &str, result: Value| json!({"status": "success", "data": {"resultType": kind, "result": result}});
    if request.path.ends_with("/query") {
        let counted = |labels: Value| json!({"metric": labels, "value": [1, "2"]});
        let names = [
            "container_cpu_usage_seconds_total",
            "container_memory_working_set_bytes",
        ];
        let result = if text.contains("count_values") {
            json!([counted(json!({"samples": "60"}))])
        } else if text.contains("__name__") {
            json!(names.map(|name| counted(json!({"__name__": name}))))
        } else {
            json!([])
        };
        return found("vector", result);
    }
    let number = |name: &str| -> i64 { request.get(name).parse().unwrap() };
    let (start, end, step) = (number("start"), number("end"), number("step"));
    let points = |value: &str| {
        let times = (0..).map(|slot| start + slot * step);
        let points = times.take_while(|time| *time <= end);
        points.map(|time| json!([time, value])).collect::<Vec<_>>()
    };
    if !request.is_usage() {
        let labels = json!({"namespace": "shop", "job": "kubelet"});
        return found("matrix", json!([{"metric": labels, "values": points("2")}]));
    }
    let value = if text.contains("memory") {
        "1e8"
    } else {
        "0.2"
    };
    let series = ["api-0", "api-1"].map(|pod| {
        let labels = json!({"namespace": "shop", "pod": pod, "container": "app"});
        json!({"metric": labels, "values": points(value)})
    });
    found("matrix", json!(series))
}

/// `kcost analyze` of a cluster and its store.
pub fn analyze(cluster: &Raw, store: &Raw, args: &[&str]) -> Seen {
    command(cluster, args)
        .args(["-o", "json", "--prometheus-url", &store.url])
        .run()
}

/// `kcost analyze` of a cluster, two days of it.
pub fn command(cluster: &Raw, args: &[&str]) -> Kcost {
    let config = json!({
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": cluster.url}}],
        "users": [{"name": "u", "user": {"token": "hush-cluster"}}],
    });
    let kcost = Kcost::new().with_kubeconfig(&config.to_string());
    kcost.args(["analyze", "--window", "2d"]).args(args)
}

/// The codes of the gaps of a report, each once.
pub fn codes(report: &Value) -> Vec<String> {
    let gaps = report["gaps"].as_array().unwrap().iter();
    let mut codes: Vec<String> = gaps
        .map(|gap| gap["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}
