//! Peaks about midnight, and how often they were seen.

use serde_json::json;

use super::{Made, bundle, daily, told};

const HOUR: i64 = 3_600;

/// One window that is open every day, begins early by the start-up, and was needed on each
/// of the days that are known: wherever the peak lies.
#[test]
fn a_peak_at_any_hour_gets_the_same_window() {
    // When it comes, how many times it was whole, and the name of a Deployment with it.
    let peaks = [
        (0, 28, "a"),
        (HOUR, 28, "b"),
        (12 * HOUR, 28, "c"),
        (23 * HOUR + 1_800, 27, "d"),
    ];
    for start in [60, 900] {
        let folder = tempfile::tempdir().unwrap();
        let cores = peaks.map(|(from, _, _)| daily(from, HOUR, 0.3, 4.3));
        let made = peaks.iter().zip(&cores).map(|((_, _, name), cores)| Made {
            name,
            start,
            cores,
            ..Made::default()
        });
        let bundle = bundle(folder.path(), &made.collect::<Vec<Made<'_>>>());
        let report = told(&bundle, &[]);
        for ((from, times, name), told) in peaks.iter().zip(report["workloads"].as_array().unwrap())
        {
            assert_eq!(told["name"], json!(name));
            let advice = told["advice"].as_str().unwrap();
            assert!(
                advice.starts_with("schedule"),
                "{start} {name}: {}",
                told["reason"]
            );
            let [window] = &told["windows"].as_array().unwrap()[..] else {
                panic!("{start} {name}: {}", told["windows"])
            };
            assert_eq!(
                window["days"].as_array().unwrap().len(),
                7,
                "{start} {name}: {window}"
            );
            let proof = &window["evidence"];
            assert_eq!(
                proof["days_seen"], proof["days_known"],
                "{start} {name}: {window}"
            );
            // Of one that the past begins or ends in, most may be known.
            let known = proof["days_known"].as_i64().unwrap();
            assert!((*times..=28).contains(&known), "{start} {name}: {window}");
            let lead = (start + 45 + 299) / 300 * 300;
            let begins = (from - lead).rem_euclid(24 * HOUR) / 60;
            let begins = format!("{:02}:{:02}", begins / 60, begins % 60);
            assert_eq!(window["start"], json!(begins), "{start} {name}: {window}");
            let most = HOUR + lead + 1_800;
            assert!(
                window["duration_seconds"].as_i64().unwrap() <= most,
                "{start} {name}: {window}"
            );
        }
    }
}
