//! One workload explained: by any of its names, in braille, ASCII and JSON.

use crate::common::{Kcost, Seen, demo, demo_week};

fn explain(args: &[&str]) -> Seen {
    demo_week(&[&["explain", "--strategy", "peak"], args].concat())
}

#[test]
fn the_story_of_a_workload_fits_the_terminal() {
    let seen = Kcost::new()
        .args(["explain", "--demo", "shop/Deployment/catalog", "--ascii"])
        .args(["--window", "7d"])
        .env("COLUMNS", "80")
        .run()
        .ended(0);
    for text in [
        "  - CPU request 1500m -> ",
        "of the time",
        "memory limit",
        "risk:",
        "data:",
        "request now",
        "cohort ",
    ] {
        assert!(seen.stdout.contains(text), "{text}\n{}", seen.stdout);
    }
    let widest = seen.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{}", seen.stdout);
    let plots = seen.stdout.lines().filter(|line| line.contains('|'));
    assert!(plots.count() > 10 && seen.stdout.is_ascii());
    assert!(seen.stdout.lines().count() < 60, "{}", seen.stdout);
    assert!(!seen.stdout.contains('\u{1b}'));
    assert!(seen.stdout.contains(" a month now, $"), "{}", seen.stdout);
    assert!(seen.stdout.contains("3 pods over 7d"), "{}", seen.stdout);
    // What to run next is for a person, and this is a pipe.
    assert!(!seen.stdout.contains("--goal savings"), "{}", seen.stdout);
}

#[test]
fn how_sizes_were_found_is_told_on_demand() {
    let [brief, full] = [&[][..], &["-v"]].map(|more| {
        let args = [&["shop/catalog"], more].concat();
        explain(&args).ended(0).stdout
    });
    for text in [
        "how these sizes were found",
        "hour of the week",
        "distribution: p50",
    ] {
        assert!(
            !brief.contains(text) && full.contains(text),
            "{text}\n{full}"
        );
    }
    let longest = brief.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(160), "{brief}");
}

#[test]
fn without_a_name_those_that_stand_out_are_listed() {
    let seen = explain(&[]).ended(0).stdout;
    assert!(seen.contains("! shop/image-resizer"), "{seen}");
    assert!(seen.contains("OOM-killed 3×"), "{seen}");
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
fn what_grows_is_said_in_every_form() {
    let table = demo(&["analyze"]).ended(0).stdout;
    let table = table.replace("\n           ", " ");
    let grows = table.lines().find(|line| line.starts_with("  grows"));
    let expected = "shop/wishlist by 36.8Mi a day, reaches its limit of 1.5Gi in about 11 days";
    assert!(grows.unwrap().contains(expected), "{grows:?}");
    let text = demo(&["explain", "wishlist"]).ended(0).stdout;
    assert!(text.contains("under-provisioned"), "{text}");
    assert!(
        text.contains("it grows by 36.8Mi a day, to 1.37Gi in 7d"),
        "{text}"
    );
    let story = demo(&["explain", "wishlist", "-o", "json"]);
    let story = story.ended(0).json();
    let growth = &story["containers"][0]["growth"];
    assert_eq!(growth["memory_bytes_per_day"], 38_579_378);
    assert_eq!(growth["days_to_memory_limit"], 10.8);
    let now = growth["memory_bytes"].as_u64().unwrap();
    let later = growth["memory_bytes_at_horizon"].as_u64().unwrap();
    for field in ["memory_request_bytes", "memory_limit_bytes"] {
        let advised = story["containers"][0][field]["recommended"]
            .as_f64()
            .unwrap();
        assert!(
            advised >= kcost::units::float(later) && later > now,
            "{field}"
        );
    }
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
