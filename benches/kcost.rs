//! How long the stages take, and what they allocate: `cargo bench`.
//!
//! `cargo bench -- from_a_bundle` is what a large cluster takes: 10,000 containers
//! over 14 days at five minutes, 40 million samples, from a bundle on disk. Bundles
//! and files are made once, in a folder that is gone when the benches end; the last
//! line is the most memory that was resident since. (divan counts what one thread
//! allocates, and kcost works on all of them.)

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use divan::{AllocProfiler, Bencher};
use kcost::cohort;
use kcost::collect::Scope;
use kcost::collect::files::{self, FileOptions};
use kcost::demo;
use kcost::pipeline::{self, Settings};
use kcost::plan;
use kcost::price::Book;
use kcost::profile::{self, Profile};
use kcost::progress::Silent;
use kcost::recommend::Options;
use kcost::record;
use kcost::risk;
use kcost::snapshot::{self, Node, Placement, Pod, Resources, Snapshot, Workload};
use kcost::units::{Bytes, Cpu, Span};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

/// Where bundles and files are; gone when the benches end.
static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();

fn main() {
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder"));
    divan::main();
    let _ = fs::remove_dir_all(folder.path());
    if let Some(peak) = peak() {
        let _ = writeln!(std::io::stdout(), "most memory resident: {peak}");
    }
}

/// The peak of resident memory, where the system says it: `512000 kB`.
fn peak() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}

/// Leaves what it took to make a bundle or a file out of the peak.
fn forget_peak() {
    // Only Linux has a peak to forget, see proc_pid_clear_refs(5).
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn settings() -> Settings {
    Settings {
        by: None,
        recommend: Options::default(),
        prices: Book::default(),
        thresholds: Vec::new(),
        min_judged: 0.0,
        bank: true,
        clock: kcost::forecast::Clock::default(),
        beside: true,
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

/// Every check of risks, once sizes are known.
#[divan::bench(args = [1_000, 10_000], sample_count = 3, sample_size = 1)]
fn risks_of_14_days(bencher: Bencher<'_, '_>, containers: usize) {
    let (snapshot, settings) = (cluster(containers), settings());
    let sizes = pipeline::size(&snapshot, &settings, &Silent);
    bencher.bench(|| {
        let seen = risk::Seen::of(&snapshot, &sizes.profiles, &sizes.cohorts, &sizes.advised);
        risk::find(&seen).found.len()
    });
}

#[divan::bench]
fn write_and_read_a_bundle(bencher: Bencher<'_, '_>) {
    let (snapshot, path) = (demo::snapshot(), place("demo.kcost"));
    bencher.bench(|| {
        snapshot::write(&snapshot, &path).expect("a writable temporary folder");
        record::read(&path)
            .expect("what was just written")
            .usage
            .series
            .len()
    });
}

/// Reads a bundle and analyzes it.
#[divan::bench(args = [1_000, 10_000], sample_count = 3, sample_size = 1)]
fn from_a_bundle(bencher: Bencher<'_, '_>, containers: usize) {
    let (path, settings) = (bundle(containers), settings());
    bencher.bench(|| {
        let snapshot = record::read(&path).expect("what was just written");
        pipeline::analyze(&snapshot, &settings, &Silent).bill.freed
    });
}

/// Reads objects as JSON and usage as CSV, four million rows for 1,000 containers.
#[divan::bench(args = [100, 1_000], sample_count = 3, sample_size = 1)]
fn import(bencher: Bencher<'_, '_>, containers: usize) {
    let options = exported(containers);
    bencher.bench(|| {
        let snapshot = files::import(&options, &Silent).expect("what was just written");
        snapshot.usage.series.len()
    });
}

fn place(name: &str) -> PathBuf {
    FOLDER.get().expect("made by main").path().join(name)
}

/// A bundle of [`cluster`], written the first time.
fn bundle(containers: usize) -> PathBuf {
    let path = place(&format!("{containers}.kcost"));
    if !path.exists() {
        snapshot::write(&cluster(containers), &path).expect("a writable temporary folder");
        forget_peak();
    }
    path
}

/// [`cluster`] as others export it.
fn exported(containers: usize) -> FileOptions {
    let (objects, usage) = (
        place(&format!("{containers}.json")),
        place(&format!("{containers}.csv")),
    );
    if !usage.exists() {
        let snapshot = cluster(containers);
        write_objects(&snapshot, &objects).expect("a writable temporary folder");
        write_usage(&snapshot, &usage).expect("a writable temporary folder");
        forget_peak();
    }
    FileOptions {
        objects: vec![objects],
        usage: vec![usage],
        lenient: false,
        window: None,
        step: None,
        scope: Scope::default(),
        name: "bench".to_owned(),
    }
}

/// Pods as `kubectl get pods -o json` prints them, as far as kcost reads them.
fn write_objects(snapshot: &Snapshot, path: &Path) -> std::io::Result<()> {
    let pods = snapshot.workloads.iter().flat_map(|workload| {
        let containers = workload.containers.iter().map(|container| {
            let cpu = container.requests.cpu.unwrap_or_default().to_string();
            serde_json::json!({
                "name": container.name,
                "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}},
            })
        });
        let containers: Vec<_> = containers.collect();
        workload.pods.iter().map(move |pod| {
            serde_json::json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"namespace": workload.id.namespace, "name": pod.name},
                "spec": {"containers": containers},
                "status": {"phase": "Running"},
            })
        })
    });
    let list = serde_json::json!({"kind": "List", "items": pods.collect::<Vec<_>>()});
    fs::write(path, list.to_string())
}

fn write_usage(snapshot: &Snapshot, path: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(
        out,
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes"
    )?;
    let grid = snapshot.usage.grid;
    for series in &snapshot.usage.series {
        let owner = usize::try_from(series.workload).unwrap_or(usize::MAX);
        let namespace = &snapshot.workloads[owner].id.namespace;
        let samples = series.cpu_cores.iter().zip(&series.memory_bytes);
        for (slot, (cpu, memory)) in (series.first..).zip(samples) {
            let seconds = grid.time(slot).as_second();
            let (pod, container) = (&series.pod, &series.container);
            let (cpu, memory) = (cell(*cpu), cell(*memory));
            writeln!(
                out,
                "{namespace},{pod},{container},{seconds},{cpu},{memory}"
            )?;
        }
    }
    out.flush()
}

/// A missing sample is an empty cell.
fn cell(value: f32) -> String {
    if value.is_nan() {
        String::new()
    } else {
        value.to_string()
    }
}

/// 1,000 nodes of 16 cores and 64 GiB with 30 pods each, of log-normal sizes.
fn many_nodes() -> Snapshot {
    let mut snapshot = Snapshot::default();
    let mut state = 7_u64;
    let mut uniform = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 33).unwrap_or(0)) / f64::from(1_u32 << 31)
    };
    let amounts = |millicores: f64, mib: f64| Resources {
        cpu: Some(Cpu::cores(millicores / 1000.0)),
        memory: Some(Bytes::from_f64(mib * 1_048_576.0)),
        ..Resources::default()
    };
    for node in 0..1_000 {
        snapshot.cluster.nodes.push(Node {
            name: format!("n{node}"),
            allocatable: amounts(15_400.0, 58_368.0),
            capacity: amounts(16_000.0, 65_536.0),
            ready: true,
            ..Node::default()
        });
    }
    for workload in 0..3_000 {
        // The sum of uniform numbers is nearly normal.
        let mut size = |median: f64| {
            let normal: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            (median * (0.8 * normal).exp()).min(20.0 * median)
        };
        let requests = amounts(size(180.0), size(600.0));
        let pods = (0..10).map(|pod| Pod {
            name: format!("w{workload}-{pod}"),
            node: Some(format!("n{}", (workload * 10 + pod) % 1_000)),
            requests: requests.clone(),
            ..Pod::default()
        });
        snapshot.workloads.push(Workload {
            placement: Some(Placement::default()),
            pods: pods.collect(),
            ..Workload::default()
        });
    }
    snapshot
}

/// One repacking of 1,000 nodes and 30,000 pods.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn plan_of_a_thousand_nodes(bencher: Bencher<'_, '_>) {
    let snapshot = many_nodes();
    let prices = Book::default().prices(&snapshot.cluster.nodes);
    let options = plan::Options::default();
    bencher.bench_local(|| plan::plan(&snapshot, &prices, None, None, &options));
}
