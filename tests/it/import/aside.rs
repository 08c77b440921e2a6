//! Usage beyond what memory should hold: rows wait in a file until there is a grid for them.

use std::fmt::Write as _;

use kcost::snapshot::{Snapshot, WorkloadId};
use kcost::units::Span;

use super::{HEADER, START, cpu, csv, gaps};

/// As it was scraped: each container at each time, of which `c` comes late, has no memory, and
/// is scraped twice.
fn scraped(times: impl Iterator<Item = i64>) -> String {
    let mut rows = String::new();
    for at in times {
        let time = START + at * 300;
        for pod in ["a", "b", "c", "gone"] {
            let value = (at * 37 + i64::from(pod.as_bytes()[0]) * 11) % 64;
            let memory = if pod == "c" {
                String::new()
            } else {
                format!("{}", (value + 64) << 20)
            };
            if pod != "c" || at > 300 {
                writeln!(rows, "shop,{pod},app,{time},0.{value:02},{memory}").unwrap();
            }
            if pod == "c" && at > 300 && at % 50 == 0 {
                writeln!(rows, "shop,{pod},app,{time},0.99,").unwrap();
            }
        }
    }
    rows
}

fn owners(taken: &Snapshot) -> Vec<&WorkloadId> {
    taken.workloads.iter().map(|it| &it.id).collect()
}

/// That the same comes when rows wait in a file is asserted by each import.
#[test]
fn rows_in_any_order_wait_in_a_file() {
    let in_order = csv(&scraped(0..600)).import().unwrap();
    let backwards = csv(&scraped((0..600).rev())).import().unwrap();
    assert_eq!(cpu(&in_order), cpu(&backwards));
    assert_eq!(owners(&in_order).len(), 3);
    assert_eq!(in_order.usage.series.len(), 3);
    assert_eq!(in_order.usage.samples(), 600 + 600 + 299);
    let found = gaps(&in_order);
    for part in ["doubled-rows: 5 rows have", "unowned-pods: usage of 1 pod"] {
        assert!(found.contains(part), "{found}");
    }
    let end = csv(&scraped(500..600)).import().unwrap();
    let mut files = csv(&scraped(0..600));
    files.options.window = Some(Span::from_secs(100 * 300));
    assert_eq!(cpu(&files.import().unwrap()), cpu(&end));
}

/// Of rows of one time it does not matter which comes first.
#[test]
fn doubled_rows_are_counted_in_any_order() {
    let row = |cpu: &str| format!("shop,a,app,{START},{cpu},1000\n");
    let gaps_of = |values: &[&str]| {
        let rows: String = values.iter().map(|it| row(it)).collect();
        gaps(&csv(&rows).import().unwrap())
    };
    for values in [["1", "1", "2"], ["1", "2", "1"], ["2", "1", "1"]] {
        assert!(
            gaps_of(&values).contains("doubled-rows: 2 rows have"),
            "{values:?}"
        );
    }
    assert_eq!(gaps_of(&["1", "1", "1"]), "");
    assert_eq!(gaps_of(&["0", "-0.0"]), "");
}

#[test]
fn of_several_files_and_torn_histories_too() {
    let whole = csv(&scraped(0..600)).import().unwrap();
    let files = csv(&scraped(300..600));
    let files = files.with("older.csv", format!("{HEADER}{}", scraped(0..300)));
    assert_eq!(cpu(&files.import().unwrap()), cpu(&whole));
    let mut torn = csv(&format!("shop,a,app,86400,0.5,1000\n{}", scraped(0..600)));
    assert!(torn.import().is_err());
    torn.options.lenient = true;
    assert_eq!(cpu(&torn.import().unwrap()), cpu(&whole));
}
