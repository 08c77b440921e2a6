//! Rows and cells: their order, what is missing, what is bad.

use kcost::snapshot::Metric;
use kcost::units::Span;

use super::{Files, START, cpu, csv, gaps};

#[test]
fn rows_come_in_any_order_with_holes_and_twice() {
    let taken = csv(&format!(
        "shop,b,app,{},0.5,\n\
         shop,a,app,{},0.3,3000000\n\
         shop,a,app,{START},0.1,1000000\n\
         shop,a,app,{},,2000000\n\
         shop,a,app,{START},0.2,500000\n",
        START + 300,
        START + 600,
        START + 300
    ))
    .import()
    .unwrap();
    assert_eq!(cpu(&taken), "a+0: 0.2 - 0.3\nb+1: 0.5\n");
    assert_eq!(taken.usage.series[0].memory_bytes, [1e6, 2e6, 3e6]);
    assert_eq!(taken.usage.grid.step, Span::from_secs(300));
    assert_eq!(taken.taken_at.as_second(), START + 600);
    assert_eq!(taken.usage.grid.end().as_second(), START + 900);
    insta::assert_snapshot!(gaps(&taken), @"doubled-rows: 1 row has the time of another row of the same container and other values, and the larger value counts: shop/a");
}

#[test]
fn columns_come_in_any_order_and_some_are_not_ours() {
    let taken = Files::new()
        .with(
            "usage.csv",
            "\u{feff}memory_bytes, container ,note,gpu_utilization,timestamp,cpu_cores,pod,namespace\r\n\
             5,app,\"a, b\",0.75,2025-10-09T08:53:20Z,0.25,a,shop\r\n\
             6,app,,,2025-10-09T10:58:20+02:00,0.5,a,shop\r\n",
        )
        .import()
        .unwrap();
    let series = &taken.usage.series[0];
    assert_eq!(series.cpu_cores, [0.25, 0.5]);
    assert_eq!(series.memory_bytes, [5.0, 6.0]);
    let gpu = series.more[&Metric::GpuUtilization].every();
    assert!(gpu[1].is_nan());
    assert!((gpu[0] - 0.75).abs() < 1e-6);
    assert_eq!(series.more.len(), 1);
}

#[test]
fn what_cannot_be_true_is_named_and_left_out() {
    let taken = csv(&format!(
        "shop,a,app,{START},NaN,1\nshop,a,app,{},-1,inf\nshop,a,app,{},1e30,1e300\nshop,a,app,{},0.5,1\n\
         shop,gone,app,{START},0.5,1\nshop,a,debug,{START},0.5,1\n",
        START + 300, START + 600, START + 900
    ))
    .import()
    .unwrap();
    assert_eq!(cpu(&taken), "a+0: - - - 0.5\n");
    insta::assert_snapshot!(gaps(&taken), @"
    unowned-pods: usage of 1 pod belongs to no known workload and is left out: shop/gone
    impossible-values: 5 samples are not a number, negative or absurdly large and left out: shop/a
    unknown-containers: 1 series is of containers that their workload does not have, and left out: debug in shop/Pod/a
    ");
}

#[test]
fn a_bad_row_is_named_or_skipped() {
    let rows = format!(
        "shop,a,app,{START},0.1,1\nshop,a,app,{},sixty,1\nshop,a,app,yesterday,0.1,1\n\
         shop,a,app\nshop,,app,{START},0.1,1\nshop,a,app,{START}000,0.1,1\nshop,a,app,{},0.3,1\n",
        START + 300,
        START + 600
    );
    let mut files = csv(&rows);
    insta::assert_snapshot!(files.refused(), @"
    error: failed to read [FOLDER]/usage.csv at line 3, column 5: `cpu_cores`: `sixty` is not a number
    hint: fix the row, or skip bad rows with `--lenient`
    ");
    files.options.lenient = true;
    let taken = files.import().unwrap();
    assert_eq!(cpu(&taken), "a+0: 0.1 0.3\n");
    insta::assert_snapshot!(gaps(&taken), @"bad-rows: 5 rows are bad and skipped, the first at line 3, column 5: `cpu_cores`: `sixty` is not a number");
}

#[test]
fn every_kind_of_bad_row_says_what_is_wrong() {
    let said: Vec<String> = [
        "shop,a,app,yesterday,0.1,1\n",
        "shop,a,app,2025-10-09T08:53:20,0.1,1\n",
        "shop,a,app,1760000000000,0.1,1\n",
        "shop,a,app,1760000000,0.1\n",
        "shop,a,,1760000000,0.1,1\n",
        "shop,a,app,1760000000,250m,1\n",
        "shop,a,app,1760000000,0.1,512Mi\n",
        "shop,a,app,,0.1,1\n",
    ]
    .into_iter()
    .map(|row| csv(row).refused())
    .map(|said| said.lines().next().unwrap().to_owned())
    .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    error: failed to read [FOLDER]/usage.csv at line 2, column 4: `yesterday` is neither an RFC 3339 time with a zone nor Unix seconds
    error: failed to read [FOLDER]/usage.csv at line 2, column 4: `2025-10-09T08:53:20` is neither an RFC 3339 time with a zone nor Unix seconds
    error: failed to read [FOLDER]/usage.csv at line 2, column 4: `1760000000000` is not a time in Unix seconds; milliseconds?
    error: failed to read [FOLDER]/usage.csv at line 2, column 5: the row has 5 columns, the header 6
    error: failed to read [FOLDER]/usage.csv at line 2, column 3: the container is empty
    error: failed to read [FOLDER]/usage.csv at line 2, column 5: `cpu_cores`: `250m` is not a number
    error: failed to read [FOLDER]/usage.csv at line 2, column 6: `memory_bytes`: `512Mi` is not a number
    error: failed to read [FOLDER]/usage.csv at line 2, column 4: the timestamp is empty
    ");
}

#[test]
fn no_sample_at_all_is_a_gap() {
    let taken = csv("").import().unwrap();
    assert_eq!(gaps(&taken), "no-usage: there are no samples");
    assert_eq!(taken.taken_at.to_string(), "2025-01-01T00:00:00Z");
    let empty = csv(&format!("shop,a,app,{START},,\n")).import().unwrap();
    assert!(empty.usage.series.is_empty());
}
