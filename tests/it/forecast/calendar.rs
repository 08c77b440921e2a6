//! Holidays and one-off events, periods that somebody names, and requests a second.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::{MONDAY, bundle, by_day, hours, samples, told};
use crate::common::{Kcost, bundle_of};
use kcost::forecast::{Kind, seasons, seasons_and};

/// Busy on working days.
fn working(second: i64) -> f64 {
    let day = (second / 86_400) % 7;
    let level = if day < 5 { 4.0 } else { 1.0 };
    level * (1.5 + by_day(second / 3_600))
}

fn values(report: &Value) -> Vec<f64> {
    let points = report["workloads"][0]["series"][0]["points"]
        .as_array()
        .unwrap();
    points
        .iter()
        .map(|it| it["value"].as_f64().unwrap())
        .collect()
}

#[test]
fn a_holiday_that_comes_is_like_a_sunday_and_an_event_is_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path(), &[("api", samples(28, 3_600, working))]);
    let calendar = folder.path().join("days.yaml");
    // The forecast begins on Monday 2025-11-24.
    let text = "events:\n- {name: Holiday, date: 2025-11-26}\n- name: Sale\n  from: 2025-11-27T10:00\n  until: 2025-11-27T14:00\n  times: 3\n";
    fs::write(&calendar, text).unwrap();
    let plain = values(&told(&bundle, &["--horizon", "7d"]));
    let known = values(&told(
        &bundle,
        &["--horizon", "7d", "--calendar", calendar.to_str().unwrap()],
    ));
    for hour in 0..24 {
        let (wednesday, sunday) = (48 + hour, 144 + hour);
        assert!((known[wednesday] - plain[sunday]).abs() < 0.05, "{hour}");
        assert!((known[hour] - plain[hour]).abs() < 1e-9);
    }
    assert!((known[72 + 11] - 3.0 * plain[72 + 11]).abs() < 1e-6);
    assert!((known[72 + 9] - plain[72 + 9]).abs() < 1e-6);
}

#[test]
fn a_day_of_the_calendar_is_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    // Ten times as much on Wednesday of the last week.
    let odd = |second: i64| {
        let out = (23 * 86_400..24 * 86_400).contains(&second);
        working(second) * if out { 10.0 } else { 1.0 }
    };
    let bundle = bundle(folder.path(), &[("api", samples(28, 3_600, odd))]);
    let calendar = folder.path().join("days.ics");
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Outage\r\nDTSTART;VALUE=DATE:20251119\r\nDTEND;VALUE=DATE:20251120\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    fs::write(&calendar, text).unwrap();
    let report = told(&bundle, &["--calendar", calendar.to_str().unwrap()]);
    let known = values(&report);
    for (hour, value) in known.iter().enumerate().skip(48).take(24) {
        let came = working(i64::try_from(hour).unwrap() * 3_600);
        assert!(
            (value - came).abs() < 0.15 * came.max(1.0),
            "{hour}: {value}"
        );
    }
    let wrong = folder.path().join("wrong.yaml");
    fs::write(&wrong, "events:\n- {name: a, dat: 2025-11-19}\n").unwrap();
    let args = [
        "forecast",
        "--snapshot",
        &bundle,
        "--calendar",
        wrong.to_str().unwrap(),
    ];
    let run = Kcost::new().args(args).run().ended(2);
    assert!(run.stderr.contains("wrong.yaml:2:"), "{}", run.stderr);
}

#[test]
fn days_of_the_month_and_named_periods_are_proven_like_others() {
    let mut noise = super::Noise::new(7);
    let mut wobble = || 0.1 * noise.next();
    // The first of each month, by the days since the Monday of the series.
    let first = |hour: i64| {
        let time = jiff::Timestamp::from_second((MONDAY + hour) * 3_600).unwrap();
        time.strftime("%d").to_string() == "01"
    };
    let monthly = hours(150, |hour| {
        2.0 + if first(hour) { 3.0 } else { 0.0 } + wobble()
    });
    let kinds: Vec<Kind> = seasons(&monthly).iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [Kind::DayOfMonth]);
    let every = hours(28, |hour| {
        2.0 + f64::from(u8::from(hour % 10 < 3)) + wobble()
    });
    let found = seasons_and(&every, &[10, 17]);
    let [season] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (season.kind, season.period.as_secs()),
        (Kind::Custom, 36_000)
    );
    assert!(season.strength > 0.8 && season.p_value <= 0.005);
    // A daily habit is no season of another period.
    let daily = hours(28, |hour| 2.0 + by_day(hour) + wobble());
    let kinds: Vec<Kind> = seasons_and(&daily, &[36, 48])
        .iter()
        .map(|it| it.kind)
        .collect();
    assert_eq!(kinds, [Kind::Daily]);
    let mut found = 0;
    for seed in 0..200 {
        let mut noise = super::Noise::new(seed);
        let mut walk = 0.0;
        let red = hours(100, |_| {
            walk = 0.9 * walk + noise.next();
            walk
        });
        let new = |it: &kcost::forecast::Season| matches!(it.kind, Kind::DayOfMonth | Kind::Custom);
        found += usize::from(seasons_and(&red, &[10]).iter().any(new));
    }
    assert!(found <= 10, "{found} of 200");
}

#[test]
fn requests_a_second_are_forecast_where_they_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let _ = bundle(folder.path(), &[("api", samples(14, 3_600, working))]);
    let mut csv =
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,requests_per_second\n".to_owned();
    for (second, cores) in samples(14, 3_600, working) {
        let time = MONDAY * 3_600 + second;
        let rate = 100.0 + 50.0 * by_day(second / 3_600);
        writeln!(csv, "shop,api-5d-x,app,{time},{cores:.6},,{rate:.3}").unwrap();
    }
    let objects = fs::read_to_string(folder.path().join("objects.json")).unwrap();
    let objects = serde_json::from_str(&objects).unwrap();
    let again = bundle_of(folder.path(), "c.kcost", &objects, &csv);
    let report = told(again.to_str().unwrap(), &["--horizon", "24h"]);
    let series = report["workloads"][0]["series"].as_array().unwrap();
    let requests = series
        .iter()
        .find(|it| it["metric"] == "requests_per_second")
        .unwrap();
    for hour in 0..24 {
        let value = requests["points"][hour]["value"].as_f64().unwrap();
        let came = 100.0 + 50.0 * by_day(i64::try_from(hour).unwrap());
        assert!((value - came).abs() < 2.0, "{hour}: {value}");
    }
    assert_eq!(requests["seasons"][0]["kind"], "daily");
}
