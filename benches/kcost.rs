//! How long the stages take, and what they allocate: `cargo bench`.

use std::fs;
use std::path::PathBuf;

use divan::{AllocProfiler, Bencher};
use kcost::cohort;
use kcost::collect::demo;
use kcost::pipeline::{self, Settings};
use kcost::price;
use kcost::profile::{self, Profile};
use kcost::progress::Silent;
use kcost::recommend::Options;
use kcost::snapshot::{self, Snapshot};
use kcost::units::Span;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

fn settings() -> Settings {
    Settings {
        recommend: Options::default(),
        prices: price::ALL[0],
        thresholds: Vec::new(),
    }
}

/// The demo's last 14 days, repeated under other names until it has `containers` of them.
fn cluster(containers: usize) -> Snapshot {
    let mut seed = demo::snapshot();
    seed.usage.keep_newest(Span::days(14));
    let mut snapshot = Snapshot {
        workloads: Vec::new(),
        ..seed.clone()
    };
    snapshot.usage.series.clear();
    let mut copy = 0;
    while snapshot.usage.series.len() < containers {
        let offset = u32::try_from(snapshot.workloads.len()).unwrap_or(u32::MAX);
        for workload in &seed.workloads {
            let mut workload = workload.clone();
            workload.id.namespace = format!("{copy:04}-{}", workload.id.namespace);
            snapshot.workloads.push(workload);
        }
        for series in &seed.usage.series {
            let mut series = series.clone();
            series.workload += offset;
            snapshot.usage.series.push(series);
        }
        copy += 1;
    }
    snapshot
}

#[divan::bench]
fn make_the_demo() -> Snapshot {
    demo::snapshot()
}

#[divan::bench]
fn analyze_the_demo(bencher: Bencher<'_, '_>) {
    let (snapshot, settings) = (demo::snapshot(), settings());
    bencher.bench(|| pipeline::analyze(&snapshot, &settings, &Silent).bill.freed);
}

#[divan::bench(args = [100, 1_000, 10_000])]
fn group_profiles(bencher: Bencher<'_, '_>, count: usize) {
    let snapshot = demo::snapshot();
    let seed = profile::profile(&snapshot);
    let profiles: Vec<Profile> = seed.iter().cloned().cycle().take(count).collect();
    bencher.bench(|| cohort::group(&snapshot, &profiles).groups.len());
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 3, sample_size = 1)]
fn analyze_14_days(bencher: Bencher<'_, '_>, containers: usize) {
    let (snapshot, settings) = (cluster(containers), settings());
    bencher.bench(|| pipeline::analyze(&snapshot, &settings, &Silent).bill.freed);
}

#[divan::bench]
fn write_and_read_a_bundle(bencher: Bencher<'_, '_>) {
    let (snapshot, folder) = (demo::snapshot(), folder());
    let path = folder.join("demo.kcost");
    bencher.bench(|| {
        snapshot::write(&snapshot, &path).expect("a writable temporary folder");
        snapshot::read(&path)
            .expect("what was just written")
            .usage
            .series
            .len()
    });
    let _ = fs::remove_dir_all(folder);
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("kcost-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a writable temporary folder");
    folder
}
