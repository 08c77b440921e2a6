//! Something between kcost and a server: it passes requests on, spoils some, and
//! writes all of them down.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Parameters of the URL.
    pub in_url: Vec<(String, String)>,
    /// Parameters of the body.
    pub in_body: Vec<(String, String)>,
    head: String,
    body: Vec<u8>,
}

/// What becomes of a request.
pub enum Fate {
    Pass,
    /// Passed on to another path.
    PassTo(String),
    /// Status, headers and body.
    Say(u16, &'static str, String),
    /// The answer, changed.
    Change(fn(&mut Value)),
    /// The answer in chunks, changed.
    Bytes(fn(Vec<u8>) -> Vec<u8>),
    /// No answer for so long.
    Wait(Duration),
    /// The answer in chunks, changed, and then no end of it for so long.
    Stall(fn(Vec<u8>) -> Vec<u8>, Duration),
}

/// Stands until the tests end.
pub struct Between {
    pub url: String,
    heard: Arc<Mutex<Vec<Asked>>>,
}

impl Asked {
    /// The value of a parameter, wherever it stands.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.in_url.iter().chain(&self.in_body);
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Seconds from `start` to `end`, or of the longest range in the query.
    pub fn span(&self) -> f64 {
        let number = |name: &str| self.get(name).and_then(|it| it.parse::<f64>().ok());
        let asked = number("end").zip(number("start"));
        let asked = asked.map_or(0.0, |(end, start)| end - start);
        let query = self.get("query").unwrap_or_default();
        let ranges = query.split('[').skip(1).filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let unit = match rest[end..].chars().next()? {
                's' => 1.0,
                'm' => 60.0,
                'h' => 3_600.0,
                _ => return None,
            };
            Some(rest[..end].parse::<f64>().ok()? * unit)
        });
        ranges.fold(asked, f64::max)
    }

    pub fn has_header(&self, name: &str) -> bool {
        let start = format!("{name}:");
        let mut lines = self.head.lines();
        lines.any(|line| line.to_lowercase().starts_with(&start))
    }
}

impl Between {
    pub fn new(behind: &str, fate: impl Fn(&Asked) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let between = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            heard: Arc::default(),
        };
        let behind = behind.trim_start_matches("http://").to_owned();
        let (heard, fate) = (Arc::clone(&between.heard), Arc::new(fate));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (behind, heard) = (behind.clone(), Arc::clone(&heard));
                let fate = Arc::clone(&fate);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(asked) = next(&mut reader) {
                        heard.lock().unwrap().push(asked.clone());
                        let fate = fate(&asked);
                        if answer(&stream, &behind, &asked, &fate).is_none() {
                            return;
                        }
                    }
                });
            }
        });
        between
    }

    pub fn heard(&self) -> Vec<Asked> {
        self.heard.lock().unwrap().clone()
    }
}

fn next(reader: &mut impl BufRead) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let value = line.to_lowercase();
        let value = value.strip_prefix("content-length:")?;
        value.trim().parse::<usize>().ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let mut words = head.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let fields = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
    Some(Asked {
        method,
        path: path.to_owned(),
        in_url: fields(query.as_bytes()),
        in_body: fields(&body),
        head,
        body,
    })
}

fn answer(mut stream: &TcpStream, behind: &str, asked: &Asked, fate: &Fate) -> Option<()> {
    let (status, headers, body) = match fate {
        Fate::Say(status, headers, body) => (*status, *headers, body.clone().into_bytes()),
        Fate::Pass | Fate::PassTo(_) if asked.path.ends_with(READ) => {
            let (status, body) = passed(behind, &read(asked))?;
            (status, STREAMED, body)
        }
        Fate::Bytes(change) => {
            let (status, body) = passed(behind, &read(asked))?;
            (status, STREAMED, change(body))
        }
        Fate::Wait(time) => {
            std::thread::sleep(*time);
            return None;
        }
        Fate::Stall(change, time) => {
            let (status, body) = passed(behind, &read(asked))?;
            let body = change(body);
            let length = body.len() + 1;
            let head = format!("HTTP/1.1 {status} X\r\n{STREAMED}Content-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(&body).ok()?;
            std::thread::sleep(*time);
            return None;
        }
        Fate::Pass | Fate::PassTo(_) | Fate::Change(_) => {
            let path = match fate {
                Fate::PassTo(path) => path,
                _ => &asked.path,
            };
            let (status, mut body) = passed(behind, &query(path, asked))?;
            if let (200, Fate::Change(change)) = (status, fate) {
                let mut value: Value = serde_json::from_slice(&body).ok()?;
                change(&mut value);
                body = value.to_string().into_bytes();
            }
            (status, "Content-Type: application/json\r\n", body)
        }
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()
}

const READ: &str = "/api/v1/read";
const STREAMED: &str =
    "Content-Type: application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse\r\n";

/// Remote read, whose body is passed on as it is.
fn read(asked: &Asked) -> Vec<u8> {
    let length = asked.body.len();
    let head = format!(
        "POST {READ} HTTP/1.0\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n\
         Content-Encoding: snappy\r\nX-Prometheus-Remote-Read-Version: 0.1.0\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), &asked.body].concat()
}

/// With all parameters in a body, where the server takes one.
fn query(path: &str, asked: &Asked) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(asked.in_url.iter().chain(&asked.in_body));
    let form = form.finish();
    let (method, target, body) = if path.contains("/label/") {
        ("GET", format!("{path}?{form}"), String::new())
    } else {
        ("POST", path.to_owned(), form)
    };
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.0\r\nHost: x\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    );
    (head + &body).into_bytes()
}

/// What the server says to a request, its status and its body.
fn passed(behind: &str, request: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(behind).ok()?;
    stream.write_all(request).ok()?;
    let mut whole = Vec::new();
    stream.read_to_end(&mut whole).ok()?;
    let split = whole.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&whole[..split]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, whole[split + 4..].to_vec()))
}
