//! Not a test: what reading a server costs, for the figures in the papers.
#![expect(clippy::print_stderr, reason = "figures are for a person")]

use std::time::Instant;

use jiff::Timestamp;
use kcost::collect::prometheus::{self, Engine, PrometheusOptions};
use kcost::progress::{Progress, Silent, Task};
use kcost::units::Span;

use super::{block_on, everything};

/// Tells what `-v` tells.
struct Telling;

impl Progress for Telling {
    fn task(&self, label: &str, total: Option<u64>) -> Box<dyn Task> {
        Silent.task(label, total)
    }

    fn detail(&self, text: &str) {
        eprintln!("{text}");
    }

    fn trace(&self, _: &str) {}
}

/// With `KCOST_TEST_MEASURE=URL,END`: reads 14 days that end there.
#[test]
#[ignore = "measures a server that is named in the environment"]
fn reading_a_server_is_measured() {
    let Ok(named) = std::env::var("KCOST_TEST_MEASURE") else {
        return;
    };
    let (url, end) = named.split_once(',').unwrap();
    let end = Timestamp::from_second(end.parse().unwrap()).unwrap();
    let mut options = PrometheusOptions::new(url, Span::days(14), Span::from_secs(300), end);
    if let Ok(samples) = std::env::var("KCOST_TEST_MEASURE_SAMPLES") {
        options.max_samples = samples.parse().unwrap();
    }
    options.engine = match std::env::var("KCOST_TEST_MEASURE_ENGINE").as_deref() {
        Ok("raw") => Some(Engine::Raw),
        Ok("pushdown") => Some(Engine::Pushdown),
        _ => None,
    };
    let plan = block_on(prometheus::plan(&options, &everything(), &Silent)).unwrap();
    let started = Instant::now();
    let taken = block_on(prometheus::usage(&options, &everything(), &Telling)).unwrap();
    eprintln!(
        "{:.2} s, {} range queries, {:?}",
        started.elapsed().as_secs_f64(),
        plan.unwrap().queries(),
        taken.gaps
    );
    let started = Instant::now();
    let (_, gaps) = block_on(prometheus::signals(&options, &everything(), &Telling)).unwrap();
    eprintln!(
        "{:.2} s for further signals, {gaps:?}",
        started.elapsed().as_secs_f64()
    );
    drop(taken.usage);
}
