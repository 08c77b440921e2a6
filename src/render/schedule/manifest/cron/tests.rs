//! Crons of months against months as they are.

use std::collections::BTreeSet;

use super::*;
use crate::forecast::{DayOfMonth, number_in_month};
use crate::schedule::MonthEvidence;

/// 2023-12-31, and two years later: one of them a leap year.
const FROM: i64 = 19_722;
const UNTIL: i64 = FROM + 2 * 365 + 2;

/// Minutes between those that are looked at.
const EVERY: usize = 20;

fn window(days: &[i64], (is_eve, start, end): (bool, u32, u32)) -> MonthWindow {
    let days: Vec<DayOfMonth> = days.iter().map(|it| DayOfMonth::of(*it)).collect();
    let each = days.iter().map(|it| MonthDays::of(*it));
    MonthWindow {
        days: each.fold(MonthDays::default(), MonthDays::with),
        is_eve,
        start,
        end,
        replicas: 9,
        evidence: MonthEvidence {
            days,
            minute: start,
            seen: 4,
            of: 4,
            at_once: true,
            cores: 4.0,
            planned: 4.0,
            chance: 0.02,
        },
    }
}

/// 2026-01-01, 2026-01-15, 2026-01-30 and 2026-01-31.
const FIRST: i64 = 20_454;
const MIDDLE: i64 = 20_468;
const BEFORE_LAST: i64 = 20_483;
const LAST: i64 = 20_484;

fn shapes() -> Vec<MonthWindow> {
    let mut shapes = Vec::new();
    for days in [
        vec![FIRST],
        vec![MIDDLE],
        vec![LAST],
        vec![BEFORE_LAST],
        vec![FIRST, MIDDLE],
        vec![FIRST, LAST],
        vec![FIRST, BEFORE_LAST, LAST],
    ] {
        for times in [(false, 460, 600), (true, 1_420, 480), (true, 1_420, 1_435)] {
            shapes.push(window(&days, times));
        }
    }
    shapes
}

/// Minutes of days since [`FROM`] at which an expression fires.
fn fires(expression: &str) -> BTreeSet<i64> {
    let fields: Vec<&str> = expression.split(' ').collect();
    let number = |text: &str| -> i64 { text.parse().unwrap() };
    let days: Vec<i64> = fields[2]
        .split(',')
        .flat_map(|part| match part.split_once('-') {
            Some((from, until)) => (number(from)..=number(until)).collect(),
            None => vec![number(part)],
        })
        .collect();
    let minute = number(fields[1]) * 60 + number(fields[0]);
    let on = (FROM..UNTIL).filter(|day| {
        days.iter()
            .any(|it| usize::try_from(*it).unwrap() == number_in_month(*day))
    });
    on.map(|day| (day - FROM) * 1_440 + minute).collect()
}

/// Whether a window is to be open at a minute since [`FROM`], and whether it may be: on days
/// that no cron tells from those that it is for, and on the evening before them.
fn asked(window: &MonthWindow, minute: i64) -> (bool, bool) {
    let (day, time) = (
        FROM + minute / 1_440,
        u32::try_from(minute % 1_440).unwrap(),
    );
    let of = |day: i64| window.evidence.days.contains(&DayOfMonth::of(day));
    let may = |day: i64| window.days.contains(number_in_month(day));
    let start = if window.is_eve { 0 } else { window.start };
    let within = (start..window.end).contains(&time);
    let evening = window.is_eve && time >= window.start;
    let is = (of(day) && within) || (of(day + 1) && evening);
    // The evening of any day that may be the last.
    let numbered = window.begins().contains(number_in_month(day)) && evening;
    (is, is || (may(day) && within) || numbered)
}

/// The cron scaler of KEDA is inside where the next end comes before the next start.
#[test]
fn keda_opens_windows_of_months_on_their_days() {
    for window in shapes() {
        let spans = month_spans(&window);
        let spans: Vec<_> = spans
            .iter()
            .map(|it| (fires(&it.start), fires(&it.end)))
            .collect();
        // From the second month on, to the last but one: all have a next.
        for minute in (40 * 1_440..(UNTIL - FROM - 70) * 1_440).step_by(EVERY) {
            let next = |of: &BTreeSet<i64>| of.range(minute + 1..).next().copied();
            let open = spans.iter().any(|(starts, ends)| next(ends) < next(starts));
            let (is, may) = asked(&window, minute);
            assert!(open || !is, "not open: {window:?} at {minute}");
            assert!(!open || may, "open: {window:?} at {minute}");
        }
    }
}

#[test]
fn cron_jobs_open_windows_of_months_on_their_days() {
    for window in shapes() {
        let mut events = std::collections::BTreeMap::new();
        for change in month_changes(std::slice::from_ref(&window), 2) {
            for minute in fires(&month_expression(change.days, change.minute)) {
                let before = events.insert(minute, change.replicas);
                assert_eq!(before, None, "{window:?}");
            }
        }
        for minute in (40 * 1_440..(UNTIL - FROM) * 1_440).step_by(EVERY) {
            let level = events.range(..=minute).next_back().map(|it| *it.1);
            let (is, may) = asked(&window, minute);
            assert!(level == Some(9) || !is, "not open: {window:?} at {minute}");
            assert!(level == Some(2) || may, "open: {window:?} at {minute}");
        }
    }
}
