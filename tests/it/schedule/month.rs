//! Windows for days of the month: what comes on the first, on the 15th, on the last day.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{MONDAY, Made, bundle, daily, told};
use crate::common::Kcost;

const HOUR: i64 = 3_600;

/// The local date at a second since the Monday, and the hour of it.
fn date(second: i64) -> (Date, i64) {
    let time = Timestamp::from_second(MONDAY + second).unwrap();
    let local = time.to_zoned(TimeZone::UTC);
    (local.date(), i64::from(local.hour()))
}

/// A quiet workload that needs far more in some hours of some days.
fn some(is_busy: impl Fn(Date, i64) -> bool) -> impl Fn(i64) -> f64 {
    let quiet = daily(0, 0, 0.3, 0.3);
    move |second| {
        let (date, hour) = date(second);
        quiet(second) * if is_busy(date, hour) { 15.0 } else { 1.0 }
    }
}

fn made(cores: &dyn Fn(i64) -> f64) -> Made<'_> {
    Made {
        start: 600,
        days: 120,
        cores,
        ..Made::default()
    }
}

/// What is told, and printed as objects of both forms.
fn planned(cores: &dyn Fn(i64) -> f64) -> (Value, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path(), &[made(cores)]);
    let printed = |form: &str| {
        let args = ["schedule", "--snapshot", &bundle, "-o", form];
        Kcost::new().args(args).run().ended(0).stdout
    };
    let plan = told(&bundle, &[])["workloads"][0].clone();
    (plan, printed("keda"), printed("cronjobs"))
}

fn of_month(plan: &Value) -> Vec<&Value> {
    let windows = plan["windows"].as_array().unwrap().iter();
    let of_month = windows.filter(|it| it["days_of_month"] != serde_json::json!([]));
    of_month.collect()
}

#[test]
fn the_first_of_the_month_has_its_window() {
    let cores = some(|date, hour| date.day() == 1 && (10..12).contains(&hour));
    let (plan, keda, jobs) = planned(&cores);
    let [window] = of_month(&plan)[..] else {
        panic!("{plan}");
    };
    assert_eq!(window["days_of_month"], serde_json::json!([1]));
    assert_eq!(window["evidence"]["peak_day"], "1");
    assert_eq!(window["evidence"]["days_seen"], 4, "{plan}");
    let text = window["evidence"]["text"].as_str().unwrap();
    assert!(
        text.starts_with("on day 1 of the month 10:00, 4 of 4 months, peak 4."),
        "{text}"
    );
    assert!(
        plan["reason"]
            .as_str()
            .unwrap()
            .contains("replicas by schedule"),
        "{plan}"
    );
    // No window of any week is for it.
    assert_eq!(plan["windows"].as_array().unwrap().len(), 1, "{plan}");
    assert!(keda.contains("start: '45 9 1 * *'"), "{keda}");
    assert!(keda.contains("end: '0 12 1 * *'"), "{keda}");
    assert!(jobs.contains("schedule: '45 9 1 * *'"), "{jobs}");
    assert!(jobs.contains("name: api-day1-1200"), "{jobs}");
}

#[test]
fn the_last_day_is_open_on_all_days_that_it_may_be_and_says_so() {
    let cores = some(|date, hour| date.day() == date.days_in_month() && (10..12).contains(&hour));
    let (plan, keda, _) = planned(&cores);
    let [window] = of_month(&plan)[..] else {
        panic!("{plan}");
    };
    assert_eq!(window["days_of_month"], serde_json::json!([28, 29, 30, 31]));
    assert_eq!(window["evidence"]["peak_day"], "last");
    let text = window["evidence"]["text"].as_str().unwrap();
    assert!(
        text.contains("on the last day of the month 10:00, 4 of 4 months"),
        "{text}"
    );
    assert!(text.contains("no cron says how long a month is"), "{text}");
    assert!(keda.contains("start: '45 9 28-31 * *'"), "{keda}");
}

#[test]
fn what_begins_at_midnight_of_the_first_begins_the_day_before() {
    let cores = some(|date, hour| date.day() == 1 && hour < 3);
    let (plan, keda, jobs) = planned(&cores);
    let [window] = of_month(&plan)[..] else {
        panic!("{plan}");
    };
    assert_eq!(window["days_of_month"], serde_json::json!([1]));
    assert_eq!(window["from_day_before"], true, "{plan}");
    assert!(keda.contains("start: '45 23 28-31 * *'"), "{keda}");
    assert!(keda.contains("end: '0 3 1 * *'"), "{keda}");
    // A CronJob goes back at midnight where the first does not follow.
    assert!(jobs.contains("schedule: '0 0 29-31 * *'"), "{jobs}");
}

#[test]
fn a_window_of_the_month_stands_above_those_of_the_weeks() {
    let busy = some(|date, hour| date.day() == 15 && (10..12).contains(&hour));
    let working = daily(8 * HOUR, 8 * HOUR, 0.0, 2.0);
    let cores = |second: i64| busy(second) + working(second);
    let (plan, keda, jobs) = planned(&cores);
    let all = plan["windows"].as_array().unwrap();
    let of_month = of_month(&plan);
    assert_eq!(of_month.len(), 1, "{plan}");
    assert!(all.len() > 1, "{plan}");
    let replicas = |it: &Value| it["replicas"].as_u64().unwrap();
    let of_week = all
        .iter()
        .filter(|it| it["days_of_month"] == serde_json::json!([]));
    let most = of_week.map(replicas).max().unwrap();
    assert!(replicas(of_month[0]) > most, "{plan}");
    // Days of the month are no days of the weeks: those are planned by what they need.
    let each = plan["replica_cpu_cores"].as_f64().unwrap();
    let most = f64::from(u32::try_from(most).unwrap());
    assert!(most * each < 3.0, "{plan}");
    assert!(keda.contains("name: kcost-month-1"), "{keda}");
    assert!(
        jobs.contains("windows of the month are not written"),
        "{jobs}"
    );
}

#[test]
fn the_last_friday_is_not_told_as_every_friday() {
    let last = |date: Date| {
        date.weekday() == jiff::civil::Weekday::Friday && date.day() + 7 > date.days_in_month()
    };
    let cores = some(|date, hour| last(date) && (10..12).contains(&hour));
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path(), &[made(&cores)]);
    let plan = told(&bundle, &[])["workloads"][0].clone();
    let kinds = plan["seasons"].to_string();
    assert!(
        kinds.contains("weekday_of_month") && !kinds.contains("\"weekly\""),
        "{kinds}"
    );
    let args = ["schedule", "--snapshot", &bundle, "api"];
    let text = Kcost::new().args(args).run().ended(0).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("weeks, each the last Friday of the month"),
        "{text}"
    );
}

/// Of one that came in two months nothing is written: a week needs three, too.
#[test]
fn two_months_are_too_few() {
    let cores = some(|date, hour| {
        i64::from(date.days_in_month() - date.day()) == 8 && (8..18).contains(&hour)
    });
    let folder = tempfile::tempdir().unwrap();
    let short = Made {
        days: 87,
        ..made(&cores)
    };
    let plan = told(&bundle(folder.path(), &[short]), &[])["workloads"][0].clone();
    assert!(of_month(&plan).is_empty(), "{plan}");
}
