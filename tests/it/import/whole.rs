//! The way from files to a bundle, a real trace, and tables that nobody would write.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kcost::units::Span;
use proptest::prelude::*;

use super::{Files, HEADER, START, cpu, csv, gaps};
use crate::common::{Kcost, skipped};

#[test]
fn the_binary_makes_a_bundle_of_files() {
    let files = csv(&format!("shop,a,app,{START},0.1,1000\n"));
    let taken = files.taken();
    assert_eq!(taken.usage.samples(), 1);
    assert_eq!(taken.taken_at.as_second(), START);
}

#[test]
fn a_bad_row_leaves_no_bundle() {
    let files = csv(&format!("shop,a,app,{START},sixty,1000\n"));
    let path = files.folder.path().join("a.kcost");
    Kcost::new()
        .args(["snapshot", "--objects"])
        .arg(&files.options.objects[0])
        .arg("--usage")
        .arg(&files.options.usage[0])
        .arg("-o")
        .arg(&path)
        .run()
        .ended(1);
    assert!(!path.exists());
    assert_eq!(fs::read_dir(files.folder.path()).unwrap().count(), 2);
}

/// A month of 60 real machines, where `KCOST_TEST_DATA` names the folder with it.
#[test]
fn a_real_trace_is_read_whole() {
    let Some(folder) = std::env::var_os("KCOST_TEST_DATA") else {
        return skipped("KCOST_TEST_DATA names no folder with real traces");
    };
    let trace = Path::new(&folder).join("bitbrains_rnd_2013-07_60vm.csv.gz");
    let raw = flate2::read::MultiGzDecoder::new(fs::File::open(trace).unwrap());
    let mut table = HEADER.to_owned();
    let mut pods = std::collections::BTreeSet::new();
    let mut rows = 0;
    let mut reader = csv::Reader::from_reader(raw);
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let places = ["series_id", "timestamp_s", "cpu_cores", "mem_kib"].map(at);
    for row in reader.records() {
        let row = row.unwrap();
        let [pod, time, cpu, kib] = places.map(|place| &row[place]);
        let bytes = kib
            .parse::<f64>()
            .map_or(String::new(), |kib| (kib * 1024.0).to_string());
        writeln!(table, "trace,{pod},app,{time},{cpu},{bytes}").unwrap();
        pods.insert(pod.to_owned());
        rows += 1;
    }
    let mut files = Files::new().with("trace.csv", table);
    let pods: Vec<_> = pods
        .iter()
        .map(|pod| {
            serde_json::json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": pod, "namespace": "trace", "uid": pod},
                "spec": {"containers": [{"name": "app", "image": "i"}]},
                "status": {"phase": "Running"}})
        })
        .collect();
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": pods});
    let objects = files.folder.path().join("trace.json");
    fs::write(&objects, list.to_string()).unwrap();
    files.options.objects = vec![objects];
    let taken = files.import().unwrap();
    assert_eq!(taken.usage.grid.step, Span::from_secs(300));
    assert_eq!(taken.usage.series.len(), 60);
    let share = f64::from(u32::try_from(taken.usage.samples()).unwrap()) / f64::from(rows);
    assert!(
        share > 0.999,
        "{share} of the rows have a slot of their own"
    );
    assert_eq!(gaps(&taken), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the order of rows, each value is found in its slot.
    #[test]
    fn any_order_of_rows_gives_the_same_snapshot(
        values in proptest::collection::vec(proptest::option::of(0_u32..4_000_000), 3..40),
        seed in any::<u64>(),
    ) {
        let mut rows: Vec<String> = (START..).step_by(300).zip(&values).map(|(time, value)| {
            let cell = value.map_or(String::new(), |value| (f64::from(value) / 1e6).to_string());
            format!("shop,a,app,{time},{cell},7\n")
        }).collect();
        let sorted = csv(&rows.concat()).import().unwrap();
        let len = u64::try_from(rows.len()).unwrap();
        let mut state = seed;
        for place in (1..rows.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            rows.swap(place, usize::try_from((state >> 33) % len).unwrap().min(place));
        }
        let mixed = csv(&rows.concat()).import().unwrap();
        prop_assert_eq!(cpu(&sorted), cpu(&mixed));
        let series = &sorted.usage.series[0];
        for (found, given) in series.cpu_cores.iter().zip(&values) {
            match given {
                Some(value) => prop_assert!((f64::from(*found) - f64::from(*value) / 1e6).abs() < 1e-6),
                None => prop_assert!(found.is_nan()),
            }
        }
    }

    /// No table, however broken, makes it panic.
    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9,.\n\" \u{e9}-]{0,200}", lenient in any::<bool>()) {
        let mut files = csv(&text);
        files.options.lenient = lenient;
        let _ = files.import();
    }
}
