//! The same of an API server.

use std::io::{self, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{NO_PAUSE, TIMEOUT, all, bomb, forever, packed, refuse};
use crate::common::Seen;
use crate::hostile::{Raw, Request, command, objects, say};

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
