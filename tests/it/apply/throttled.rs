//! Throttling of what was changed, as a Prometheus tells it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

use super::{World, outcomes};

/// A Prometheus that knows how many periods there were, and in how many of them containers
/// were throttled: in the hour before, and since.
struct Periods {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Periods {
    fn start(before: f64, since: f64, status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut bytes = vec![0; 16 << 10];
                let length = stream.read(&mut bytes).unwrap_or(0);
                let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let share = if request.contains("3600s") {
                    before
                } else {
                    since
                };
                let throttled = request.contains("throttled_periods");
                let value = if throttled { 1000.0 * share } else { 1000.0 };
                seen.lock().unwrap().push(request);
                let body = json!({"status": "success", "data": {"resultType": "vector",
                    "result": [{"metric": {}, "value": [1_700_000_000, value.to_string()]}]}});
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { url, asked }
    }

    /// To change `api` and watch it with this.
    fn watched(&self) -> [&str; 6] {
        [
            "--yes",
            "-o",
            "json",
            "--watch-prometheus",
            &self.url,
            "api",
        ]
    }
}

#[test]
fn a_wave_that_is_throttled_more_than_before_goes_back() {
    let world = World::new();
    let before = world.specs();
    let periods = Periods::start(0.02, 0.45, 200);
    let report = world.apply(&periods.watched()).ended(1).json();
    assert_eq!(
        outcomes(&report),
        [("api".to_owned(), "rolled_back".to_owned())]
    );
    let why = &report["changes"][0]["why"];
    assert_eq!(why["code"], "throttled", "{report}");
    let text = why["text"].as_str().unwrap();
    assert!(
        text.contains("throttled in 45% of its CPU periods"),
        "{text}"
    );
    assert_eq!(world.specs(), before);
    let asked = periods.asked.lock().unwrap().join("\n");
    assert!(asked.contains("api-0") && asked.contains("shop"), "{asked}");
}

#[test]
fn what_was_throttled_before_too_stays() {
    let world = World::new();
    for (before, since) in [(0.3, 0.45), (0.0, 0.05)] {
        let periods = Periods::start(before, since, 200);
        world.apply(&periods.watched()).ended(0);
    }
}

#[test]
fn throttling_that_nobody_watches_is_told() {
    let world = World::new();
    let seen = world.apply(&["--yes", "api"]).ended(0);
    assert!(
        seen.stderr
            .contains("throttling is not watched: no Prometheus is known"),
        "{}",
        seen.stderr
    );
    let periods = Periods::start(0.0, 0.9, 400);
    let seen = world
        .apply(&["--yes", "db", "--watch-prometheus", &periods.url])
        .ended(0);
    assert!(
        seen.stderr
            .contains("throttling of shop/StatefulSet/db is not known"),
        "{}",
        seen.stderr
    );
}
