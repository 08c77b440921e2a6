//! Starts real servers on free ports, with data, and ends them.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::needs;

/// Runs a server until its standard input ends, then removes its folder. So a
/// server that tests share ends with them, however they end.
const SUPERVISE: &str = r#"
folder=$1; shift
"$@" </dev/null &
server=$!
cat >/dev/null
kill -9 $server
wait $server
rm -rf "$folder"
"#;

/// A server with data; it ends when it is dropped, or with the tests.
pub struct Server {
    pub url: String,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Server {
    /// Requests to its API so far, as it counts them itself.
    pub fn requests(&self) -> u32 {
        let read = || get(&self.url, "/metrics");
        let mut metrics = read();
        if metrics.contains("\nvm_") {
            // VictoriaMetrics writes them anew each second.
            std::thread::sleep(Duration::from_millis(1_100));
            metrics = read();
        }
        let counts = metrics.lines().filter(|line| {
            let is_count = line.starts_with("prometheus_http_requests_total{")
                || line.starts_with("vm_http_requests_total{");
            is_count && line.contains("=\"/api/v1/")
        });
        let counts = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok());
        counts.sum()
    }
}

/// A Prometheus that holds this OpenMetrics text.
pub fn prometheus(text: &str, flags: &[&str]) -> Option<Server> {
    prometheus_of(&[text], flags)
}

/// A Prometheus that holds these texts, in blocks of their own.
pub fn prometheus_of(texts: &[&str], flags: &[&str]) -> Option<Server> {
    let prometheus = needs("prometheus")?;
    let promtool = needs("promtool")?;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for text in texts {
        backfill(&promtool, text, folder.path(), &data);
    }
    let config = folder.path().join("prometheus.yml");
    std::fs::write(&config, "global: {}\n").unwrap();
    let port = free_port();
    let mut command = supervised(&prometheus, folder.path());
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", data.display()))
        .arg("--storage.tsdb.retention.time=4000d")
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(flags);
    Some(start(command, port, "/-/ready", folder))
}

/// A VictoriaMetrics that holds this OpenMetrics text.
pub fn victoria_metrics(text: &str) -> Option<Server> {
    let program = needs("victoria-metrics")?;
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut command = supervised(&program, folder.path());
    command
        .arg(format!(
            "-storageDataPath={}",
            folder.path().join("data").display()
        ))
        .arg("-retentionPeriod=100y")
        .arg(format!("-httpListenAddr=127.0.0.1:{port}"));
    let server = start(command, port, "/health", folder);
    import(port, text);
    Some(server)
}

fn supervised(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", SUPERVISE, "sh"])
        .arg(folder)
        .arg(program);
    command
}

fn backfill(promtool: &Path, text: &str, folder: &Path, data: &Path) {
    let input = folder.join("input.om");
    std::fs::write(&input, text).unwrap();
    let output = Command::new(promtool)
        .args([
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            "--max-block-duration=336h",
        ])
        .args([&input, data])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Prometheus' text format wants milliseconds where OpenMetrics has seconds.
fn import(port: u16, text: &str) {
    let mut body = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        body.push_str(line);
        body.push_str("000\n");
    }
    let answer = exchange(
        port,
        &format!(
            "POST /api/v1/import/prometheus HTTP/1.0\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ),
        body.as_bytes(),
    );
    assert!(answer.contains(" 204 "), "{answer}");
    // New series are found once they are flushed.
    exchange(port, "GET /internal/force_flush HTTP/1.0\r\n\r\n", b"");
    exchange(
        port,
        "GET /internal/resetRollupResultCache HTTP/1.0\r\n\r\n",
        b"",
    );
}

fn start(mut command: Command, port: u16, ready: &str, folder: tempfile::TempDir) -> Server {
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let child = command
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    // From here on its supervisor removes it.
    let _ = folder.keep();
    let server = Server {
        url: format!("http://127.0.0.1:{port}"),
        child,
    };
    let started = Instant::now();
    while !try_exchange(port, &format!("GET {ready} HTTP/1.0\r\n\r\n"), b"")
        .is_some_and(|answer| answer.contains(" 200 "))
    {
        assert!(started.elapsed() < Duration::from_secs(60), "not ready");
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

/// What a server answers at this path, head and body.
pub fn get(url: &str, path: &str) -> String {
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    exchange(port, &format!("GET {path} HTTP/1.0\r\n\r\n"), b"")
}

/// One request and its answer.
fn exchange(port: u16, head: &str, body: &[u8]) -> String {
    try_exchange(port, head, body).unwrap()
}

fn try_exchange(port: u16, head: &str, body: &[u8]) -> Option<String> {
    use std::io::Read as _;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
