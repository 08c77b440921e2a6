//! One workload explained: by any of its names, in braille, ASCII and JSON.

use crate::common::Kcost;

fn explain(args: &[&str]) -> crate::common::Seen {
    Kcost::new()
        .args(["explain", "--demo", "--strategy", "peak"])
        .args(args)
        .run()
}

#[test]
fn the_story_of_a_workload_fits_the_terminal() {
    let seen = Kcost::new()
        .args(["explain", "--demo", "shop/Deployment/catalog", "--ascii"])
        .env("COLUMNS", "80")
        .run()
        .ended(0);
    for text in [
        "why",
        "memory limit",
        "risk:",
        "data:",
        "hour of the week",
        "request now",
        "cohort ",
    ] {
        assert!(seen.stdout.contains(text), "{text}\n{}", seen.stdout);
    }
    let widest = seen.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{}", seen.stdout);
    let plots = seen.stdout.lines().filter(|line| line.contains('|'));
    assert!(plots.count() > 10 && seen.stdout.is_ascii());
    assert!(!seen.stdout.contains('\u{1b}'));
    assert!(seen.stdout.contains(" a month now, $"), "{}", seen.stdout);
    assert!(seen.stdout.contains("3 pods over 28d"), "{}", seen.stdout);
    let again = "kcost explain --demo shop/Deployment/catalog --goal savings";
    assert!(seen.stdout.contains(again), "{}", seen.stdout);
}

#[test]
fn numbers_for_programs() {
    let seen = explain(&["shop/catalog", "-o", "json"]).ended(0).json();
    assert_eq!(seen["schema"], "kcost.explain/v1");
    let container = &seen["containers"][0];
    assert_eq!(
        container["cpu_cores_by_hour_of_week"]
            .as_array()
            .unwrap()
            .len(),
        168
    );
    assert!(container["cpu_cores"]["p99"].as_f64() > container["cpu_cores"]["p50"].as_f64());
    assert!(!container["steps"].as_array().unwrap().is_empty());
}

#[test]
fn a_name_that_names_none_is_met_with_the_nearest() {
    let seen = explain(&["catalogue"]);
    insta::assert_snapshot!(seen.transcript(), @"
    exit: 2
    --- stdout
    --- stderr
    error: there is no workload `catalogue`

    hint: did you mean `shop/Deployment/catalog`?
    ");
}
