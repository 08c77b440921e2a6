//! Whatever a server does, it is over soon, takes little memory, and is told.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Raw, Request, analyze, codes, command, objects, say, usage};
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

type Spoil = Box<dyn Fn(&mut TcpStream) -> io::Result<()> + Send + Sync>;

fn boxed(spoil: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Spoil {
    Box::new(spoil)
}

/// An honest store but for what it says of usage.
fn store(spoil: Spoil) -> Raw {
    Raw::new(move |request, stream| {
        if request.is_usage() {
            spoil(stream)
        } else {
            say(stream, &usage(request))
        }
    })
}

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

#[test]
fn a_store_that_never_ends_is_told_in_time() {
    let cluster = Raw::cluster();
    let series =
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}"#;
    let gzip = packed(
        r#"{"status":"success","data":{"result":[{"metric":{"pod":""#,
        r#""}}]}}"#,
    );
    let flood = r#",{"metric":{"pod":"x"},"values":[[1,"1"]]}"#.repeat(500);
    let warned = r#","wwwwwwwwwwwwwwww""#.repeat(4_000);
    let labels = r#","label":"x""#.repeat(5_000);
    let cases = vec![
        (
            "a silence",
            store(boxed(|_| {
                std::thread::sleep(60 * TIMEOUT);
                Ok(())
            })),
        ),
        (
            "a drip",
            store(boxed(|it| forever(it, "{", " ", TIMEOUT / 5))),
        ),
        (
            "blanks",
            store(boxed(|it| forever(it, "{", &" ".repeat(65_536), NO_PAUSE))),
        ),
        (
            "a length that is not meant",
            store(boxed(|it| {
                head(it, "Content-Length: 10000000000")?;
                loop {
                    it.write_all(&[b' '; 65_536])?;
                }
            })),
        ),
        (
            "a text",
            store(boxed(|it| {
                forever(it, "{\"status\":\"", &"a".repeat(65_536), NO_PAUSE)
            })),
        ),
        (
            "depth",
            store(boxed(|it| {
                forever(it, "{\"x\":", &"[".repeat(65_536), NO_PAUSE)
            })),
        ),
        (
            "warnings",
            store(boxed(move |it| {
                forever(it, "{\"warnings\":[\"\"", &warned, NO_PAUSE)
            })),
        ),
        (
            "labels",
            store(boxed(move |it| {
                forever(
                    it,
                    r#"{"data":{"result":[{"metric":{"x":"""#,
                    &labels,
                    NO_PAUSE,
                )
            })),
        ),
        (
            "series",
            store(boxed(move |it| forever(it, series, &flood, NO_PAUSE))),
        ),
        ("gzip", store(boxed(move |it| bomb(it, &gzip)))),
        (
            "an error",
            store(boxed(|it| {
                write!(it, "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                loop {
                    write!(it, "10000\r\n{}\r\n", "e".repeat(65_536))?;
                }
            })),
        ),
        (
            "a pause",
            store(boxed(|it| refuse(it, 429, "Retry-After: 99999999\r\n", ""))),
        ),
        ("a storm", store(boxed(|it| refuse(it, 503, "", "")))),
    ];
    all(cases, |store| {
        analyze(&cluster, store, &["--timeout", "1s"])
    });
}

#[test]
fn a_store_whose_every_answer_is_late_has_one_time_for_all() {
    let cluster = Raw::cluster();
    let slow = Raw::new(|request, stream| {
        std::thread::sleep(TIMEOUT * 4 / 5);
        say(stream, &usage(request))
    });
    let seen = ends(|| analyze(&cluster, &slow, &["--timeout", "1s"]));
    let said = &seen.stderr;
    assert!(
        said.contains("gave no answer within 4 s") && said.contains("`--timeout`"),
        "{said}"
    );
}

#[test]
fn time_is_bought_with_data() {
    // Slower than one answer may be, and faster than a drip.
    let cluster = Raw::cluster();
    let store = Raw::new(|request, stream| {
        let answer = usage(request).to_string();
        if !request.is_usage() || !request.get("query").contains("memory") {
            return say(stream, &usage(request));
        }
        let blanks = " ".repeat(150_000);
        head(
            stream,
            &format!("Content-Length: {}", answer.len() + 2 * blanks.len()),
        )?;
        for part in [&blanks, &blanks, &answer] {
            std::thread::sleep(TIMEOUT * 3 / 4);
            stream.write_all(part.as_bytes())?;
        }
        Ok(())
    });
    let report = analyze(&cluster, &store, &["--timeout", "1s"])
        .ended(0)
        .json();
    assert_eq!(codes(&report), Vec::<String>::new());
}

#[test]
fn counts_that_no_cluster_has_are_no_counts() {
    let cluster = Raw::cluster();
    for count in ["1e300", "NaN", "-1", "1e18"] {
        let store = Raw::new(move |request, stream| {
            let text = usage(request).to_string();
            let odd = format!("\"{count}\"]");
            let text = if request.is_usage() {
                text
            } else {
                text.replace("\"2\"]", &odd)
            };
            say(stream, &serde_json::from_str(&text)?)
        });
        let seen = ends(|| analyze(&cluster, &store, &["--timeout", "1s"]));
        assert!(
            seen.stderr.contains("a count in the answer is none"),
            "{count}: {}",
            seen.stderr
        );
    }
}

/// An honest API server but for this path.
fn server(
    path: &'static str,
    spoil: impl Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> Raw {
    Raw::new(move |request, stream| {
        if request.path == path {
            spoil(request, stream)
        } else {
            say(stream, &objects(&request.path))
        }
    })
}

fn page(items: &Value, token: &str) -> Value {
    json!({"kind": "List", "metadata": {"continue": token}, "items": items})
}

const PODS: &str = "/api/v1/pods";

fn list(cluster: &Raw, args: &[&str]) -> Seen {
    command(cluster, &["--no-discovery", "-o", "json"])
        .args(args)
        .run()
}

#[test]
fn a_cluster_that_never_ends_is_told_in_time() {
    let gzip = packed(r#"{"kind":"List","items":[],"x":""#, r#""}"#);
    let cases = vec![
        (
            "a silence",
            server(PODS, |_, _| {
                std::thread::sleep(60 * TIMEOUT);
                Ok(())
            }),
        ),
        (
            "a silence of all",
            Raw::new(|request, stream| {
                if request.path != "/version" {
                    std::thread::sleep(60 * TIMEOUT);
                }
                say(stream, &objects(&request.path))
            }),
        ),
        (
            "a drip",
            server(PODS, |_, it| forever(it, "{", " ", TIMEOUT / 5)),
        ),
        (
            "blanks",
            server("/version", |_, it| {
                forever(it, "{", &" ".repeat(65_536), NO_PAUSE)
            }),
        ),
        (
            "texts",
            server("/apis", |_, it| {
                forever(it, "[\"\"", &",\"aaaaaa\"".repeat(9_999), NO_PAUSE)
            }),
        ),
        ("gzip", server(PODS, move |_, it| bomb(it, &gzip))),
        (
            "an error",
            server("/api/v1/nodes", |_, it| {
                write!(it, "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                loop {
                    write!(it, "10000\r\n{}\r\n", "e".repeat(65_536))?;
                }
            }),
        ),
    ];
    all(cases, |cluster| list(cluster, &["--timeout", "1s"]));
}

#[test]
fn a_cluster_that_goes_in_circles_is_told_in_time() {
    let pod = json!({"metadata": {"name": "x", "namespace": "shop"}});
    let many = json!(vec![pod; 500]);
    let cases = vec![
        (
            "a pause",
            server(PODS, |_, it| {
                refuse(it, 429, "Retry-After: 99999999\r\n", "{}")
            }),
        ),
        (
            "a short pause, again and again",
            server(PODS, |_, it| refuse(it, 503, "Retry-After: 1\r\n", "{}")),
        ),
        (
            "two tokens",
            server(PODS, |request, it| {
                let items = objects(PODS)["items"].clone();
                let next = if request.get("continue") == "a" {
                    "b"
                } else {
                    "a"
                };
                say(it, &page(&items, next))
            }),
        ),
        (
            "the same objects",
            server(PODS, move |request, it| {
                say(it, &page(&many, &format!("{}x", request.get("continue"))))
            }),
        ),
        (
            "slow pages",
            server(PODS, |request, it| {
                let next = format!("{}x", request.get("continue"));
                std::thread::sleep(TIMEOUT * 3 / 5);
                say(
                    it,
                    &page(
                        &json!([{"metadata": {"name": next, "namespace": "shop"}}]),
                        &next,
                    ),
                )
            }),
        ),
        (
            "depth",
            server(PODS, |_, it| {
                forever(it, "{\"items\":", &"[".repeat(65_536), NO_PAUSE)
            }),
        ),
        (
            "an object that is none",
            server(PODS, |_, it| {
                let pod = json!({"metadata": {"name": "x".repeat(4 << 20), "namespace": "shop"}});
                say(it, &page(&json!([pod]), ""))
            }),
        ),
    ];
    all(cases, |cluster| list(cluster, &["--timeout", "1s"]));
}

#[test]
fn pages_end_when_they_say_nothing_new() {
    let told = |cluster: &Raw| {
        let seen = list(cluster, &[]);
        format!(
            "{}\n{}",
            seen.exit,
            seen.stderr.replace(&cluster.url, "[SERVER]")
        )
    };
    let names = |request: &Request| {
        let number: u32 = request.get("continue").parse().unwrap_or(0);
        let pods: Vec<Value> = (0..2)
            .map(|pod| json!({"metadata": {"name": format!("p{number}-{pod}"), "namespace": "shop"}}))
            .collect();
        (json!(pods), (number + 1).to_string())
    };
    let endless = server(PODS, move |request, it| {
        let (items, next) = names(request);
        say(it, &page(&items, &next))
    });
    insta::assert_snapshot!(told(&endless), @"
    1
    error: failed to read pods from the cluster at [SERVER]
      caused by: the answer cannot be read: it has no end: 600 pages were read

    hint: run again; `-vv` shows every request
    ");
    let around = server(PODS, move |request, it| {
        let (items, next) = names(request);
        say(it, &page(&items, if next == "3" { "1" } else { &next }))
    });
    insta::assert_snapshot!(told(&around), @"
    1
    error: failed to read pods from the cluster at [SERVER]
      caused by: the answer cannot be read: the server sends the same page again and again

    hint: run again; `-vv` shows every request
    ");
    // What came before an empty page counts.
    let cut = server(PODS, |request, it| match request.get("continue") {
        "" => say(it, &page(&objects(PODS)["items"], "a")),
        token => say(it, &page(&json!([]), &format!("{token}a"))),
    });
    let report = list(&cut, &[]).ended(0).json();
    assert_eq!(report["summary"]["pods"], json!(2));
    let mut gaps = report["gaps"].as_array().unwrap().iter();
    let gap = gaps.find(|gap| gap["code"] == "truncated").unwrap();
    insta::assert_snapshot!(format!("{}: {}", gap["subject"], gap["text"]), @r#""pods": "the server sent an empty page and says that more follow: those are not read""#);
}

#[test]
fn a_pod_of_too_many_containers_is_cut_and_named() {
    let cluster = Raw::new(|request, stream| {
        let mut answer = objects(&request.path);
        if request.path.ends_with("/deployments") {
            let many: Vec<Value> = (0..20_000)
                .map(|number| json!({"name": format!("c{number}")}))
                .collect();
            answer["items"][0]["spec"]["template"]["spec"]["containers"] = json!(many);
        }
        say(stream, &answer)
    });
    let report = list(&cluster, &[]).ended(0).json();
    assert_eq!(report["summary"]["containers"], json!(1_000));
    let mut gaps = report["gaps"].as_array().unwrap().iter();
    let gap = gaps.find(|gap| gap["code"] == "truncated").unwrap();
    insta::assert_snapshot!(format!("{}: {}", gap["subject"], gap["text"]), @r#""Deployment shop/api": "of its 20000 containers only 1000 are read: no pod has so many""#);
}
