//! Answers in chunks that end early, come twice or are refused, and samples that cannot be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kcost::collect::prometheus::{self, Engine, PrometheusOptions};
use kcost::progress::{Progress, Task};
use kcost::units::Span;

use super::between::{Between, Fate};
use super::openmetrics::{CADVISOR, containers, text};
use super::server::{Server, prometheus as start};
use super::{block_on, by_pod, everything, options, place, read};

const READ: &str = "/api/v1/read";

/// Requests for chunks that are sent before usage is read: whether there are any, and how
/// heavy they are.
const COUNTING: usize = 2;

fn day() -> Option<Server> {
    start(&text(&containers(9), &[CADVISOR], 86_400, 60), &[])
}

fn with(between: &Between, engine: Option<Engine>) -> PrometheusOptions {
    PrometheusOptions {
        engine,
        ..options(&between.url, Span::DAY)
    }
}

/// Says of the number of each request for chunks of usage what becomes of it.
fn reads(server: &Server, fate: impl Fn(usize) -> Fate + Send + Sync + 'static) -> Between {
    let count = AtomicUsize::new(0);
    Between::new(&server.url, move |asked| {
        if asked.path != READ {
            return Fate::Pass;
        }
        match count.fetch_add(1, Ordering::Relaxed).checked_sub(COUNTING) {
            Some(number) => fate(number),
            None => Fate::Pass,
        }
    })
}

/// The lengths of the frames of an answer.
fn frames(body: &[u8]) -> Vec<usize> {
    let (mut at, mut lengths) = (0, Vec::new());
    while at < body.len() {
        let (mut length, mut head) = (0, 0);
        loop {
            let byte = body[at + head];
            length |= usize::from(byte & 0x7f) << (7 * head);
            head += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        lengths.push(head + 4 + length);
        at += head + 4 + length;
    }
    lengths
}

/// Without the second half of its frames.
fn cut(mut body: Vec<u8>) -> Vec<u8> {
    let lengths = frames(&body);
    body.truncate(lengths[..lengths.len() / 2].iter().sum());
    body
}

/// Without its last frame.
fn shorter(mut body: Vec<u8>) -> Vec<u8> {
    let lengths = frames(&body);
    body.truncate(lengths[..lengths.len() - 1].iter().sum());
    body
}

fn twice(body: Vec<u8>) -> Vec<u8> {
    [body.clone(), body].concat()
}

/// What was read, as text, with the gaps.
fn seen(options: &PrometheusOptions) -> String {
    format!("{:?}", by_pod(options, &containers(9)))
}

fn whole(server: &Server, engine: Engine) -> String {
    let mut options = options(&server.url, Span::DAY);
    options.engine = Some(engine);
    seen(&options)
}

#[test]
fn an_answer_that_ends_between_two_frames_is_asked_for_again() {
    let Some(server) = day() else { return };
    let chunks = whole(&server, Engine::Chunks);
    for change in [cut, shorter] {
        let once = reads(&server, move |number| match number {
            0 => Fate::Bytes(change),
            _ => Fate::Pass,
        });
        assert_eq!(seen(&with(&once, Some(Engine::Chunks))), chunks);
    }
}

#[test]
fn answers_that_always_end_early_are_a_failure_or_are_asked_for_as_points() {
    let Some(server) = day() else { return };
    let always = || reads(&server, |_| Fate::Bytes(cut));
    let error = read(&with(&always(), Some(Engine::Chunks))).unwrap_err();
    assert!(
        error.to_string().contains("the answer ends after"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("`--engine raw`"));
    assert_eq!(seen(&with(&always(), None)), whole(&server, Engine::Raw));
    // Of what is read besides, the part that is lost is named.
    let one = reads(&server, |number| match number {
        0 => Fate::Pass,
        _ => Fate::Bytes(cut),
    });
    let (_, gaps) = read(&with(&one, Some(Engine::Chunks))).unwrap();
    assert_eq!(gaps[0].code, "usage-not-read");
    assert!(gaps[0].hint.as_ref().unwrap().contains("`--engine raw`"));
}

/// Of series that are not added up the larger value stays.
#[test]
fn series_that_come_twice_do_not_double() {
    let text = text(&containers(9), &[CADVISOR], 86_400, 60);
    let Some(server) = start(&text, &[]) else {
        return;
    };
    let chunks = whole(&server, Engine::Chunks);
    let doubled = reads(&server, |_| Fate::Bytes(twice));
    let options = with(&doubled, Some(Engine::Chunks));
    let (usage, gaps) = read(&options).unwrap();
    let codes: Vec<&str> = gaps.iter().map(|gap| &*gap.code).collect();
    // Throttling is a sum over another; CPU and memory are whole.
    assert_eq!(codes, ["usage-not-read"], "{gaps:?}");
    assert!(gaps[0].text.contains("a series twice"), "{gaps:?}");
    let (usage, _) = place(usage, &containers(9));
    assert!(chunks.contains(&format!("{:?}", usage.series[0].cpu_cores)));
    assert_eq!(seen(&with(&doubled, None)), whole(&server, Engine::Raw));
}

/// Keeps what is said with `-v`.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

struct Nothing;

impl Task for Nothing {
    fn advance(&self, _: u64) {}

    fn set_total(&self, _: u64) {}
}

impl Progress for Heard {
    fn task(&self, _: &str, _: Option<u64>) -> Box<dyn Task> {
        Box::new(Nothing)
    }

    fn detail(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }

    fn trace(&self, _: &str) {}
}

#[test]
fn what_is_refused_as_chunks_is_asked_for_as_points() {
    let Some(server) = day() else { return };
    let raw = whole(&server, Engine::Raw);
    let limit = "the query hit the max number of chunks limit (limit: 2000000 chunks)";
    for (status, headers, text) in [
        (404, "", "404 page not found"),
        (401, "", "no"),
        (413, "", "too large"),
        (422, "", limit),
        (400, "", limit),
        (500, "", "it broke"),
        (429, "Retry-After: 0\r\n", "slow down"),
    ] {
        let refusing = || {
            reads(&server, move |_| {
                Fate::Say(status, headers, text.to_owned())
            })
        };
        let between = refusing();
        let heard = Heard::default();
        let (options, all) = (with(&between, None), everything());
        let taken = block_on(prometheus::usage(&options, &all, &heard)).unwrap();
        assert_eq!(taken.gaps, [], "{status}");
        let (usage, _) = place(taken.usage, &containers(9));
        assert!(raw.contains(&format!("{:?}", usage.series[0])), "{status}");
        let heard = heard.0.into_inner().unwrap().join("\n");
        assert!(heard.contains("engine raw for "), "{status}: {heard}");
        let asked = between.heard();
        let reads = asked.iter().filter(|it| it.path == READ).count();
        assert!(reads <= 12, "{status}: {reads}");
        let error = read(&with(&refusing(), Some(Engine::Chunks))).unwrap_err();
        assert!(
            error.hint().unwrap().contains("`--engine raw`"),
            "{status}: {error}"
        );
    }
}

#[test]
fn what_keeps_silent_as_chunks_is_asked_for_as_points() {
    let Some(server) = day() else { return };
    let raw = whole(&server, Engine::Raw);
    let silent = reads(&server, |_| Fate::Wait(std::time::Duration::from_secs(20)));
    let mut options = with(&silent, None);
    options.timeout = std::time::Duration::from_secs(2);
    assert_eq!(seen(&options), raw);
}

/// However much came before: that is no reason to wait.
#[test]
fn what_stalls_in_the_middle_is_asked_for_as_points() {
    let Some(server) = day() else { return };
    let raw = whole(&server, Engine::Raw);
    let long = |body: Vec<u8>| {
        let times = (4 << 20) / body.len().max(1) + 1;
        body.repeat(times)
    };
    let stalling = reads(&server, move |_| {
        Fate::Stall(long, std::time::Duration::from_secs(20))
    });
    let mut options = with(&stalling, None);
    options.timeout = std::time::Duration::from_secs(2);
    assert_eq!(seen(&options), raw);
}

/// One that is refused while the others are not.
#[test]
fn only_what_cannot_be_had_as_chunks_is_asked_for_as_points() {
    let Some(server) = day() else { return };
    let count = Arc::new(AtomicUsize::new(0));
    let reading = Arc::clone(&count);
    let between = reads(&server, move |number| {
        reading.store(number + 1, Ordering::Relaxed);
        match number {
            1 => Fate::Say(404, "", String::new()),
            _ => Fate::Pass,
        }
    });
    let mut options = with(&between, None);
    options.concurrency = 1;
    let (usage, gaps) = read(&options).unwrap();
    assert_eq!((usage.opened(), gaps), (9, vec![]));
    assert_eq!(count.load(Ordering::Relaxed), 3, "CPU, memory, throttling");
}
