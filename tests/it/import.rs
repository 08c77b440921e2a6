//! Tables of usage into snapshots.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use kcost::collect::Scope;
use kcost::collect::files::{FileOptions, ImportError, import};
use kcost::error::Error;
use kcost::progress::Silent;
use kcost::snapshot::{self, Metric, Snapshot};
use kcost::units::Span;
use polars::df;
use polars::prelude::{
    DataFrame, DataType, Int64Chunked, IntoColumn as _, IntoSeries as _, NewChunkedArray as _,
    ParquetWriter, TimeUnit, TimeZone,
};
use proptest::prelude::*;

use crate::bundle::explain;
use crate::common::{Kcost, skipped};

const HEADER: &str = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n";

/// 2025-10-09T08:53:20Z.
const START: i64 = 1_760_000_000;

/// Bare pods `a`, `b` and `c` in `shop`, each with a container `app`.
fn objects() -> String {
    let pod = |name: &str| {
        serde_json::json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": "2025-01-01T00:00:00Z"},
            "spec": {"containers": [{"name": "app", "image": "i",
                "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
            "status": {"phase": "Running"}
        })
    };
    let pods = ["a", "b", "c"].map(pod);
    serde_json::json!({"apiVersion": "v1", "kind": "List", "items": pods}).to_string()
}

struct Files {
    folder: tempfile::TempDir,
    options: FileOptions,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects_file = folder.path().join("objects.json");
        fs::write(&objects_file, objects()).unwrap();
        let options = FileOptions {
            objects: vec![objects_file],
            usage: Vec::new(),
            lenient: false,
            window: None,
            step: None,
            scope: Scope::default(),
            name: "files".to_owned(),
        };
        Self { folder, options }
    }

    fn with(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        self.options.usage.push(path);
        self
    }

    fn import(&self) -> Result<Snapshot, ImportError> {
        import(&self.options, &Silent)
    }

    /// What is said about files that cannot be read.
    fn refused(&self) -> String {
        let error = Error::from(self.import().unwrap_err());
        explain(&error).replace(&*self.folder.path().to_string_lossy(), "[FOLDER]")
    }
}

fn csv(rows: &str) -> Files {
    Files::new().with("usage.csv", format!("{HEADER}{rows}"))
}

/// CPU of each series, with `-` for a missing sample.
fn cpu(taken: &Snapshot) -> String {
    let mut text = String::new();
    for series in &taken.usage.series {
        write!(text, "{}+{}:", series.pod, series.first).unwrap();
        for value in &series.cpu_cores {
            if value.is_nan() {
                text.push_str(" -");
            } else {
                write!(text, " {value}").unwrap();
            }
        }
        text.push('\n');
    }
    text
}

/// Code and text of the gaps that usage has.
fn gaps(taken: &Snapshot) -> String {
    let lines = taken
        .gaps
        .iter()
        .map(|gap| format!("{}: {}", gap.code, gap.text));
    lines.collect::<Vec<_>>().join("\n")
}

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
    assert_eq!(gaps(&taken), "");
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
    let gpu = &series.more[&Metric::GpuUtilization];
    assert!(gpu[1].is_nan());
    assert!((gpu[0] - 0.75).abs() < 1e-6);
    assert_eq!(series.more.len(), 1);
}

#[test]
fn gzip_and_several_files() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    writeln!(encoder, "{HEADER}shop,a,app,{START},0.1,1").unwrap();
    let zipped = encoder.finish().unwrap();
    let files = Files::new().with("one.csv.gz", &zipped).with(
        "two.csv",
        format!("{HEADER}shop,a,app,{},0.2,1\n", START + 60),
    );
    let taken = files.import().unwrap();
    assert_eq!(cpu(&taken), "a+0: 0.1 0.2\n");
    assert_eq!(taken.usage.grid.step, Span::from_secs(60));
    let names: Vec<&str> = taken.sources.iter().map(|s| s.detail.as_str()).collect();
    assert_eq!(names, ["objects.json", "one.csv.gz", "two.csv"]);

    let half = Files::new().with("half.csv.gz", &zipped[..zipped.len() / 2]);
    assert!(
        half.refused()
            .contains("failed to read [FOLDER]/half.csv.gz")
    );
}

/// Two samples of pod `a` as Parquet, with this column of times.
fn parquet(times: polars::prelude::Column) -> Vec<u8> {
    let mut table: DataFrame = df!(
        "cpu_cores" => [Some(0.25), None],
        "memory_bytes" => [1000_i64, 2000],
        "namespace" => ["shop", "shop"],
        "pod" => ["a", "a"],
        "container" => ["app", "app"],
        "note" => ["x", "y"],
    )
    .unwrap();
    table.with_column(times).unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut table).unwrap();
    bytes
}

#[test]
fn parquet_with_times_of_any_kind() {
    let seconds = Int64Chunked::from_slice("timestamp".into(), &[START, START + 300]);
    let scaled = |factor: i64, unit, zone| {
        let times = [START * factor, (START + 300) * factor];
        let times = Int64Chunked::from_slice("timestamp".into(), &times);
        times.into_datetime(unit, zone).into_series().into_column()
    };
    let text = ["2025-10-09T08:53:20Z", "2025-10-09T08:58:20Z"];
    let text = polars::prelude::Column::new("timestamp".into(), text);
    for times in [
        seconds.clone().into_series().into_column(),
        seconds
            .into_series()
            .cast(&DataType::Float64)
            .unwrap()
            .into_column(),
        scaled(1_000, TimeUnit::Milliseconds, Some(TimeZone::UTC)),
        scaled(1_000_000, TimeUnit::Microseconds, None),
        scaled(1_000_000_000, TimeUnit::Nanoseconds, Some(TimeZone::UTC)),
        text,
    ] {
        let kind = times.dtype().to_string();
        let taken = Files::new()
            .with("usage.parquet", parquet(times))
            .import()
            .unwrap();
        assert_eq!(cpu(&taken), "a+0: 0.25 -\n", "{kind}");
        assert_eq!(taken.usage.series[0].memory_bytes, [1000.0, 2000.0]);
        assert_eq!(taken.taken_at.as_second(), START + 300);
    }
    let flags = polars::prelude::Column::new("timestamp".into(), [true, false]);
    let files = Files::new().with("usage.parquet", parquet(flags));
    insta::assert_snapshot!(files.refused(), @r"
    error: failed to read [FOLDER]/usage.parquet as Parquet: its column `timestamp` is not a time
    hint: usage is read from CSV, gzipped CSV and Parquet; check that the file is whole
    ");
    let empty =
        polars::prelude::Column::new("timestamp".into(), [Some("2025-10-09T08:53:20Z"), None]);
    let files = Files::new().with("usage.parquet", parquet(empty));
    assert!(
        files
            .refused()
            .contains("at line 2, column 7: the timestamp is empty"),
        "{}",
        files.refused()
    );
}

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
    error: failed to read [FOLDER]/usage.csv at line 3, column 5: `cpu_cores`: `sixty` is no number
    hint: mend the row, or skip rows like it with `--lenient`
    ");
    files.options.lenient = true;
    let taken = files.import().unwrap();
    assert_eq!(cpu(&taken), "a+0: 0.1 0.3\n");
    insta::assert_snapshot!(gaps(&taken), @"bad-rows: 5 rows are bad and skipped, the first at line 3, column 5: `cpu_cores`: `sixty` is no number");
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
    error: failed to read [FOLDER]/usage.csv at line 2, column 4: `1760000000000` is no time in Unix seconds; milliseconds?
    error: failed to read [FOLDER]/usage.csv at line 2, column 5: the row has 5 columns, the header 6
    error: failed to read [FOLDER]/usage.csv at line 2, column 3: the container is empty
    error: failed to read [FOLDER]/usage.csv at line 2, column 5: `cpu_cores`: `250m` is no number
    error: failed to read [FOLDER]/usage.csv at line 2, column 6: `memory_bytes`: `512Mi` is no number
    error: failed to read [FOLDER]/usage.csv at line 2, column 4: the timestamp is empty
    ");
}

#[test]
fn a_missing_column_is_named() {
    let files = Files::new().with("usage.csv", "namespace,pod,time,cpu_cores,memory_bytes\n");
    insta::assert_snapshot!(files.refused(), @"
    error: failed to read [FOLDER]/usage.csv: it has no columns `container`, `timestamp`
    hint: the first line of a CSV file names its columns: `namespace,pod,container,timestamp,cpu_cores,memory_bytes`
    ");
    let empty = Files::new().with("usage.csv", "");
    assert!(empty.refused().contains("it has no columns `namespace`"));
    let twice = Files::new().with("usage.csv", format!("pod,{HEADER}"));
    assert!(twice.refused().contains("the column `pod` more than once"));
}

#[test]
fn a_wrong_timestamp_cannot_fill_the_memory() {
    let files = csv(&format!(
        "shop,a,app,0,0.1,1\nshop,a,app,{START},0.1,1\nshop,a,app,{},0.1,1\n",
        START + 1
    ));
    insta::assert_snapshot!(files.refused(), @"
    error: the samples are from 1970-01-01T00:00:00Z to 2025-10-09T08:53:21Z, which is too long for samples every 1s
    hint: look for wrong timestamps, keep the newest part with `--window 14d`, or widen `--step`
    ");
}

#[test]
fn files_that_are_not_there_or_no_tables() {
    let mut files = Files::new();
    files
        .options
        .usage
        .push(PathBuf::from("/no/such/usage.csv"));
    insta::assert_snapshot!(files.refused(), @"
    error: failed to read /no/such/usage.csv
    caused by: No such file or directory (os error 2)
    ");
    let broken = Files::new().with("usage.parquet", b"PAR1 but not really");
    assert!(
        broken
            .refused()
            .starts_with("error: failed to read [FOLDER]/usage.parquet as Parquet: ")
    );
}

#[test]
fn no_sample_at_all_is_a_gap() {
    let taken = csv("").import().unwrap();
    assert_eq!(gaps(&taken), "no-usage: there is not a single sample");
    assert_eq!(taken.taken_at.to_string(), "2025-01-01T00:00:00Z");
    let empty = csv(&format!("shop,a,app,{START},,\n")).import().unwrap();
    assert!(empty.usage.series.is_empty());
}

#[test]
fn the_binary_makes_a_bundle_of_files() {
    let files = csv(&format!("shop,a,app,{START},0.1,1000\n"));
    let path = files.folder.path().join("a.kcost");
    Kcost::new()
        .args(["snapshot", "--objects"])
        .arg(&files.options.objects[0])
        .arg("--usage")
        .arg(&files.options.usage[0])
        .arg("-o")
        .arg(&path)
        .run()
        .ended(0);
    let taken = snapshot::read(&path).unwrap();
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
