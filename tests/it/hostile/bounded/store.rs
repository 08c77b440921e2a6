//! The same of a store of metrics.

use std::io::{self, Write};
use std::net::TcpStream;

use super::{NO_PAUSE, TIMEOUT, all, bomb, ends, forever, head, packed, refuse};
use crate::hostile::{Raw, analyze, codes, say, usage};

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
            seen.stderr
                .contains("a count in the answer is not a number"),
            "{count}: {}",
            seen.stderr
        );
    }
}
