//! A short run of what is fuzzed, the same every time: seeds, and changes of them.
//!
//! `KCOST_FUZZ_CHANGES=100000 KCOST_FUZZ_SEED=7` runs longer, and otherwise.
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz csv` searches on by what is reached.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::common::repository;

/// How many changed inputs a target gets, unless that takes longer than [`LONGEST`].
const CHANGES: u64 = 400;
const LONGEST: Duration = Duration::from_secs(5);

/// What readers look for, and numbers that they stumble over.
const WORDS: [&str; 30] = [
    "0",
    "-1",
    "1e308",
    "1e400",
    "NaN",
    "inf",
    "9223372036854775807",
    "18446744073709551616",
    "4294967295",
    "-9223372036854775808",
    "0.0000001",
    "null",
    "true",
    "\"",
    "\\",
    "\n",
    ",",
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "&a ",
    "*a",
    "<<: ",
    "\u{feff}",
    "\0",
    "\u{1b}[2J",
    "é",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Gives a target its seeds, and changes of them.
fn run(name: &str) {
    let known = targets::ALL.iter().find(|(known, _)| *known == name);
    let target = known.unwrap().1;
    let folder = repository("tests/fuzz/seeds").join(name);
    let mut seeds: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    seeds.sort();
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| fs::read(seed).unwrap()).collect();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    targets::keep_caught_panics_quiet();
    let give = |data: &[u8]| {
        let held = catch_unwind(AssertUnwindSafe(|| target(data)));
        assert!(held.is_ok(), "{name} fails on b\"{}\"", data.escape_ascii());
    };
    for seed in &seeds {
        give(seed);
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(number("KCOST_FUZZ_SEED").unwrap_or(1));
    let wanted = number("KCOST_FUZZ_CHANGES");
    let started = Instant::now();
    for _ in 0..wanted.unwrap_or(CHANGES) {
        if wanted.is_none() && started.elapsed() > LONGEST {
            break;
        }
        let mut data = seeds[random.gen_range(0..seeds.len())].clone();
        for _ in 0..random.gen_range(1..4) {
            let other = &seeds[random.gen_range(0..seeds.len())];
            change(&mut data, other, &mut random);
        }
        give(&data);
    }
}

/// One change, of the kinds that files get by accident or by intent.
fn change(data: &mut Vec<u8>, other: &[u8], random: &mut impl Rng) {
    let at = random.gen_range(0..=data.len());
    let end = data.len().min(at + random.gen_range(0..40));
    match random.gen_range(0..8) {
        0 | 1 if at < data.len() => data[at] ^= 1 << random.gen_range(0..8),
        2 if at < data.len() => data[at] = random.r#gen(),
        3 => data.truncate(at),
        4 => drop(data.drain(at..end)),
        5 => {
            let again = data[at..end].to_vec();
            data.splice(at..at, again.repeat(random.gen_range(1..5)));
        }
        6 => {
            let from = random.gen_range(0..=other.len());
            let to = other.len().min(from + random.gen_range(0..200));
            data.splice(at..end, other[from..to].iter().copied());
        }
        _ => {
            let word = WORDS[random.gen_range(0..WORDS.len())];
            data.splice(at..end.min(at + word.len()), word.bytes());
        }
    }
}

#[test]
fn quantities_hold() {
    run("quantities");
}

#[test]
fn tables_of_csv_hold() {
    run("csv");
}

#[test]
fn tables_of_parquet_hold() {
    run("parquet");
}

#[test]
fn bundles_hold() {
    run("bundle");
}

#[test]
fn logs_of_recordings_hold() {
    run("recording");
}

#[test]
fn answers_of_prometheus_hold() {
    run("promql");
}

#[test]
fn chunks_of_prometheus_hold() {
    run("chunks");
}

#[test]
fn dumps_of_objects_hold() {
    run("objects");
}

#[test]
fn archives_of_dumps_hold() {
    run("archive");
}

#[test]
fn settings_hold() {
    run("config");
}
