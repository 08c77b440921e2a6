//! Forms of tables: gzipped CSV, Parquet, and what is neither.

use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use kcost::snapshot::{DeviceUse, Metric};
use kcost::units::Span;
use polars_arrow::array::{
    Array, BooleanArray, Float64Array, Int32Array, Int64Array, PrimitiveArray, Utf8ViewArray,
};
use polars_arrow::datatypes::{ArrowDataType, TimeUnit};

use super::{Files, HEADER, START, cpu};
use crate::columns::written;

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
fn parquet(name: &'static str, times: Box<dyn Array>) -> Vec<u8> {
    let twice = |text| Utf8ViewArray::from_slice_values([text, text]).boxed();
    written([
        ("cpu_cores", Float64Array::from([Some(0.25), None]).boxed()),
        ("memory_bytes", Int64Array::from_slice([1000, 2000]).boxed()),
        ("namespace", twice("shop")),
        ("pod", twice("a")),
        ("container", twice("app")),
        ("note", twice("x")),
        (name, times),
    ])
}

/// A column of one number in two rows.
fn twice(number: i64) -> Box<dyn Array> {
    Int64Array::from_slice([number, number]).boxed()
}

#[test]
fn devices_are_names_or_numbers() {
    let devices = [
        Utf8ViewArray::from_slice_values(["0", "1"]).boxed(),
        Int64Array::from_slice([0, 1]).boxed(),
    ];
    for device in devices {
        let texts = |text| Utf8ViewArray::from_slice_values([text, text]).boxed();
        let table = written([
            ("cpu_cores", Float64Array::from([Some(0.25), None]).boxed()),
            ("memory_bytes", Int64Array::from_slice([1000, 1000]).boxed()),
            ("namespace", texts("shop")),
            ("pod", texts("a")),
            ("container", texts("app")),
            ("gpu_device", device),
            (
                "gpu_utilization",
                Float64Array::from_slice([0.9, 0.1]).boxed(),
            ),
            (
                "gpu_power_watts",
                Float64Array::from_slice([300.0, 80.0]).boxed(),
            ),
            ("timestamp", twice(START)),
        ]);
        let taken = Files::new().with("usage.parquet", table).import().unwrap();
        let more = &taken.usage.series[0].more;
        let first = |metric| f64::from(more[&metric].every()[0]);
        assert!((first(Metric::GpuUtilization) - 0.5).abs() < 1e-6);
        assert!((first(Metric::GpuPowerWatts) - 380.0).abs() < 1e-6);
        let pods = taken.workloads.iter().flat_map(|it| &it.pods);
        let named = pods.flat_map(|pod| pod.devices.iter().map(DeviceUse::called));
        assert_eq!(named.collect::<Vec<_>>(), ["GPU 0", "GPU 1"]);
    }
}

#[test]
fn decimals_are_numbers() {
    let texts = |text| Utf8ViewArray::from_slice_values([text, text]).boxed();
    let decimals = |values: [Option<i128>; 2], scale| {
        let kind = ArrowDataType::Decimal(18, scale);
        PrimitiveArray::<i128>::from(values).to(kind).boxed()
    };
    let table = written([
        ("cpu_cores", decimals([Some(25_125), None], 5)),
        ("memory_bytes", decimals([Some(1_000), Some(2_000)], 0)),
        ("namespace", texts("shop")),
        ("pod", texts("a")),
        ("container", texts("app")),
        (
            "timestamp",
            Int64Array::from_slice([START, START + 60]).boxed(),
        ),
    ]);
    let taken = Files::new().with("usage.parquet", table).import().unwrap();
    let series = &taken.usage.series[0];
    assert!((series.cpu_cores[0] - 0.251_25).abs() < 1e-6 && series.cpu_cores[1].is_nan());
    assert_eq!(series.memory_bytes, [1e3, 2e3]);
}

#[test]
fn parquet_with_times_of_any_kind() {
    let scaled = |factor: i64, unit, zone: Option<&str>| {
        let times = Int64Array::from_slice([START * factor, (START + 300) * factor]);
        let kind = ArrowDataType::Timestamp(unit, zone.map(Into::into));
        times.to(kind).boxed()
    };
    let small = |seconds: i64| i32::try_from(seconds).unwrap();
    let text = ["2025-10-09T08:53:20Z", "2025-10-09T08:58:20Z"];
    for times in [
        Int64Array::from_slice([START, START + 300]).boxed(),
        Int32Array::from_slice([START, START + 300].map(small)).boxed(),
        Float64Array::from_slice([START, START + 300].map(|it| f64::from(small(it)))).boxed(),
        scaled(1_000, TimeUnit::Millisecond, Some("UTC")),
        scaled(1_000_000, TimeUnit::Microsecond, None),
        scaled(1_000_000_000, TimeUnit::Nanosecond, Some("UTC")),
        Utf8ViewArray::from_slice_values(text).boxed(),
    ] {
        let kind = format!("{:?}", times.dtype());
        let taken = Files::new()
            .with("usage.parquet", parquet("timestamp", times))
            .import()
            .unwrap();
        assert_eq!(cpu(&taken), "a+0: 0.25 -\n", "{kind}");
        assert_eq!(taken.usage.series[0].memory_bytes, [1000.0, 2000.0]);
        assert_eq!(taken.taken_at.as_second(), START + 300);
    }
    let flags = BooleanArray::from_slice([true, false]).boxed();
    let files = Files::new().with("usage.parquet", parquet("timestamp", flags));
    insta::assert_snapshot!(files.refused(), @r"
    error: failed to read [FOLDER]/usage.parquet as Parquet: its column `timestamp` is not a time
    hint: usage is read from CSV, gzipped CSV and Parquet; check that the file is complete
    ");
    let files = Files::new().with("usage.parquet", parquet("time", twice(START)));
    insta::assert_snapshot!(files.refused(), @"
    error: failed to read [FOLDER]/usage.parquet: it has no column `timestamp`
    hint: a usage file needs the columns `namespace,pod,container,timestamp,cpu_cores,memory_bytes`, one of GPUs not the last two
    ");
    let millis = parquet("timestamp", twice(START * 1_000));
    let files = Files::new().with("usage.parquet", millis);
    insta::assert_snapshot!(files.refused(), @"
    error: failed to read [FOLDER]/usage.parquet at line 1, column 7: `1760000000000` is not a time in Unix seconds; milliseconds?
    hint: fix the row, or skip bad rows with `--lenient`
    ");
    let empty = Utf8ViewArray::from_slice([Some("2025-10-09T08:53:20Z"), None]).boxed();
    let files = Files::new().with("usage.parquet", parquet("timestamp", empty));
    assert!(
        files
            .refused()
            .contains("at line 2, column 7: the timestamp is empty"),
        "{}",
        files.refused()
    );
}

#[test]
fn a_missing_column_is_named() {
    let files = Files::new().with("usage.csv", "namespace,pod,time,cpu_cores,memory_bytes\n");
    insta::assert_snapshot!(files.refused(), @"
    error: failed to read [FOLDER]/usage.csv: it has no columns `container`, `timestamp`
    hint: a usage file needs the columns `namespace,pod,container,timestamp,cpu_cores,memory_bytes`, one of GPUs not the last two
    ");
    let empty = Files::new().with("usage.csv", "");
    assert!(empty.refused().contains("it has no columns `namespace`"));
    let twice = Files::new().with("usage.csv", format!("pod,{HEADER}"));
    assert!(twice.refused().contains("the column `pod` more than once"));
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
    hint: check the path: a relative path starts at the current folder
    ");
    let broken = Files::new().with("usage.parquet", b"PAR1 but not really");
    assert!(
        broken
            .refused()
            .starts_with("error: failed to read [FOLDER]/usage.parquet as Parquet: ")
    );
}
