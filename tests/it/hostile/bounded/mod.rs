//! Whatever a server does, it is over soon, takes little memory, and is told.

mod cluster;
mod store;

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Raw;
use crate::common::Seen;

/// What every run here is given to wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// With a limit on memory and time. Without hints, which differ by what was asked.
fn ends(run: impl FnOnce() -> Seen) -> Seen {
    let started = Instant::now();
    let seen = run();
    let took = started.elapsed();
    assert!(took < 5 * TIMEOUT, "{took:?}\n{}", seen.transcript());
    assert!(matches!(seen.exit, 0 | 1), "{}", seen.transcript());
    seen
}

fn head(stream: &mut TcpStream, headers: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n\r\n"
    )
}

/// A chunked answer that begins so, and goes on with `piece` until nobody listens.
fn forever(stream: &mut TcpStream, start: &str, piece: &str, pause: Duration) -> io::Result<()> {
    head(stream, "Transfer-Encoding: chunked")?;
    write!(stream, "{:x}\r\n{start}\r\n", start.len())?;
    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
    loop {
        stream.write_all(chunk.as_bytes())?;
        std::thread::sleep(pause);
    }
}

/// A gigabyte of one letter, packed.
fn packed(start: &str, end: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(start.as_bytes()).unwrap();
    let letters = vec![b'a'; 1 << 20];
    for _ in 0..1_024 {
        packer.write_all(&letters).unwrap();
    }
    packer.write_all(end.as_bytes()).unwrap();
    packer.finish().unwrap()
}

fn bomb(stream: &mut TcpStream, packed: &[u8]) -> io::Result<()> {
    let length = packed.len();
    head(
        stream,
        &format!("Content-Encoding: gzip\r\nContent-Length: {length}"),
    )?;
    stream.write_all(packed)
}

fn refuse(stream: &mut TcpStream, status: u16, header: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\n{header}Content-Length: {length}\r\n\r\n{body}"
    )
}

const NO_PAUSE: Duration = Duration::ZERO;

/// Each at the same time; gives what they end with.
fn all(cases: Vec<(&'static str, Raw)>, run: impl Fn(&Raw) -> Seen + Sync) {
    std::thread::scope(|scope| {
        for (name, server) in cases {
            let run = &run;
            scope.spawn(move || {
                let seen = ends(|| run(&server));
                let told = seen.stdout.contains("\"code\"") || seen.stderr.contains("error: ");
                assert!(told, "{name}: {}", seen.transcript());
            });
        }
    });
}
