//! Times into a grid: its step, its window, and times that cannot be meant.

use std::fmt::Write as _;

use kcost::snapshot;
use kcost::units::Span;

use super::{Files, HEADER, START, cpu, csv, gaps};

const DAY: i64 = 86_400;

#[test]
fn the_step_is_the_usual_distance_and_small_delays_do_not_matter() {
    let mut rows = String::new();
    for (slot, delay) in (0..20).zip([0, 2, -3, 1].into_iter().cycle()) {
        // Two slots are missing.
        if slot != 7 && slot != 8 {
            let time = START + slot * 60 + delay;
            writeln!(rows, "shop,a,app,{time},0.5,1").unwrap();
        }
    }
    // Another series is 20 seconds behind.
    for slot in 0..20 {
        writeln!(rows, "shop,b,app,{},0.5,1", START + 20 + slot * 60).unwrap();
        writeln!(rows, "shop,c,app,{},0.5,1", START + slot * 60).unwrap();
    }
    let taken = csv(&rows).import().unwrap();
    assert_eq!(taken.usage.grid.step, Span::from_secs(60));
    let lens: Vec<usize> = taken
        .usage
        .series
        .iter()
        .map(snapshot::Series::len)
        .collect();
    assert_eq!(lens, [20, 20, 20]);
    let missing = |s: &snapshot::Series| s.cpu_cores.iter().filter(|v| v.is_nan()).count();
    let missing: Vec<usize> = taken.usage.series.iter().map(missing).collect();
    assert_eq!(missing, [2, 0, 0]);
}

#[test]
fn a_wider_step_averages_cpu_and_keeps_the_largest_memory() {
    let start = START - START % 300;
    let mut files = csv(&format!(
        "shop,a,app,{start},0.25,10\nshop,a,app,{},0.5,30\nshop,a,app,{},0.5,30\nshop,a,app,{},0.75,20\n",
        start + 60,
        start + 60,
        start + 120
    ));
    files.options.step = Some(Span::from_secs(300));
    let taken = files.import().unwrap();
    assert_eq!(cpu(&taken), "a+0: 0.5\n");
    assert_eq!(taken.usage.series[0].memory_bytes, [30.0]);
    assert_eq!(taken.usage.grid.start.as_second() % 300, 0);
}

#[test]
fn series_of_another_step_are_named() {
    let mut rows = String::new();
    for slot in 0..10 {
        let time = START + slot * 60;
        writeln!(rows, "shop,a,app,{time},0.5,1\nshop,b,app,{time},0.5,1").unwrap();
        writeln!(rows, "shop,c,app,{},0.5,1", START + slot * 300).unwrap();
    }
    let taken = csv(&rows).import().unwrap();
    assert_eq!(
        gaps(&taken),
        "mixed-steps: 1 of 3 series have samples further apart than the usual 60s, up to 300s"
    );
}

#[test]
fn the_window_keeps_the_newest_part() {
    let mut rows = String::new();
    for slot in 0..100 {
        writeln!(rows, "shop,a,app,{},{slot},1", START + slot * 300).unwrap();
    }
    let mut files = csv(&rows);
    files.options.window = Some(Span::from_secs(900));
    let taken = files.import().unwrap();
    assert_eq!(cpu(&taken), "a+0: 97 98 99\n");
    assert_eq!(taken.taken_at.as_second(), START + 99 * 300);
}

#[test]
fn samples_of_every_second_over_months_do_not_fill_the_memory() {
    let files = csv(&format!(
        "shop,a,app,{START},0.1,1\nshop,a,app,{},0.1,1\nshop,a,app,{},0.1,1\n",
        START + 1,
        START + 90 * DAY
    ));
    insta::assert_snapshot!(files.refused(), @"
    error: the samples are from 2025-10-09T08:53:20Z to 2026-01-07T08:53:20Z, too long for samples every 1s
    hint: look for wrong timestamps, keep the newest part with `--window 14d`, or raise `--step`
    ");
}

#[test]
fn few_samples_of_many_pods_do_not_fill_the_memory_between_them() {
    let mut rows = String::new();
    for pod in 0..100 {
        for time in [START, START + 1, START + 2, START + 20 * DAY] {
            writeln!(rows, "shop,p{pod},app,{time},0.1,1").unwrap();
        }
    }
    let said = csv(&rows).refused();
    assert!(said.contains("too long for samples every 1s"), "{said}");
    let mut wider = csv(&rows);
    wider.options.step = Some(Span::from_secs(300));
    assert!(wider.import().is_ok());
}

/// Three rows and a wild one, in the second file.
fn stray(time: i64) -> Files {
    let rows = |times: &[i64]| {
        let rows = times
            .iter()
            .map(|time| format!("shop,a,app,{time},0.5,7\n"));
        HEADER.to_owned() + &rows.collect::<String>()
    };
    Files::new()
        .with("good.csv", rows(&[START, START + 300]))
        .with("wild.csv", rows(&[START + 600, time, START + 900]))
}

#[test]
fn a_wild_timestamp_is_named_with_its_row() {
    insta::assert_snapshot!(stray(5).refused(), @"
    error: failed to read [FOLDER]/wild.csv at line 3, column 4: `1970-01-01T00:00:05Z` is 20369 days before the rows of 2025-10-09 to 2025-10-09
    hint: fix the row, or skip bad rows with `--lenient`
    ");
    insta::assert_snapshot!(stray(START + 365 * 50 * DAY).refused(), @"
    error: failed to read [FOLDER]/wild.csv at line 3, column 4: `2075-09-27T08:53:20Z` is 18250 days after the rows of 2025-10-09 to 2025-10-09
    hint: fix the row, or skip bad rows with `--lenient`
    ");
    for (time, said) in [
        (START * 1_000, "not a time in Unix seconds; milliseconds?"),
        (
            START * 1_000_000,
            "not a time in Unix seconds; microseconds?",
        ),
        (START + 365 * 150 * DAY, "is of the year 2175"),
    ] {
        assert!(
            stray(time).refused().contains(said),
            "{}",
            stray(time).refused()
        );
    }
}

#[test]
fn wild_timestamps_are_skipped_where_bad_rows_may_be() {
    for time in [5, START + 365 * 50 * DAY] {
        let mut files = stray(time);
        files.options.lenient = true;
        let taken = files.import().unwrap();
        assert_eq!(cpu(&taken), "a+0: 0.5 0.5 0.5 0.5\n");
        assert_eq!(taken.taken_at.as_second(), START + 900);
        assert!(
            gaps(&taken).starts_with("bad-rows: 1 row is more than 100 days from all others and skipped, the first at line 3 of "),
            "{}",
            gaps(&taken)
        );
    }
}

#[test]
fn a_window_leaves_an_old_row_out_but_not_one_to_come() {
    let week = Some(Span::days(7));
    let mut old = stray(5);
    old.options.window = week;
    let taken = old.import().unwrap();
    assert_eq!(
        (cpu(&taken).as_str(), gaps(&taken)),
        ("a+0: 0.5 0.5 0.5 0.5\n", String::new())
    );
    let mut new = stray(START + 365 * 50 * DAY);
    new.options.window = week;
    assert!(new.refused().contains("days after the rows"));
}

#[test]
fn samples_days_apart_do_not_make_a_step_of_days() {
    let taken = csv(&format!(
        "shop,a,app,{START},0.5,1\nshop,a,app,{},0.5,1\n",
        START + 80 * DAY
    ));
    let grid = taken.import().unwrap().usage.grid;
    assert_eq!((grid.step, grid.len), (Span::from_secs(300), 80 * 288 + 1));
}
