//! What is fuzzed: every reader of what others wrote, with what must hold whatever
//! the bytes are. Shared by the programs for libFuzzer beside this file and by the
//! short run among the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use kcost::collect::{Scope, files, prometheus, refuse_impossible};
use kcost::progress::Silent;
use kcost::record;
use kcost::snapshot::{self, Grid, Series, Snapshot, Usage};
use kcost::units::{Bytes, Cpu, Quantity, Span};

/// A target by its name, which its folder of seeds has too.
pub type Target = (&'static str, fn(&[u8]));

pub static ALL: [Target; 10] = [
    ("quantities", quantities),
    ("csv", csv),
    ("parquet", parquet),
    ("bundle", bundle),
    ("recording", recording),
    ("promql", promql),
    ("chunks", chunks),
    ("objects", objects),
    ("archive", archive),
    ("config", config),
];

/// Tables that make their reader panic are told as errors; what is caught is not
/// printed, and ends nothing.
pub fn keep_caught_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !snapshot::is_reading_table() {
                report(panic);
            }
        }));
    });
}

/// Amounts are finite, not negative, and the same once they were written.
pub fn quantities(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(quantity) = text.parse::<Quantity>() {
        let again: Quantity = quantity.to_string().parse().unwrap();
        assert_eq!(again.to_string(), quantity.to_string(), "{text:?}");
        assert!(Cpu::from(&quantity).get() >= 0.0, "{text:?}");
        let _ = Bytes::from(&quantity).human();
    }
    let _ = text.parse::<Cpu>();
    let _ = text.parse::<Bytes>();
    let _ = text.parse::<Span>();
}

/// A table of usage, beside an object that it is of.
pub fn csv(data: &[u8]) {
    import("usage.csv", data);
}

pub fn parquet(data: &[u8]) {
    // What does not begin so is read as CSV.
    let mut table = b"PAR1".to_vec();
    table.extend(data.get(4..).unwrap_or_default());
    import("usage.parquet", &table);
}

fn import(name: &str, data: &[u8]) {
    let place = Place::new();
    let usage = place.put(name, data);
    let pod = place.put(
        "pod.json",
        br#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop"},
            "spec":{"containers":[{"name":"app"}]},"status":{"phase":"Running"}}"#,
    );
    for lenient in [false, true] {
        let options = files::FileOptions {
            objects: vec![pod.clone()],
            usage: vec![usage.clone()],
            lenient,
            window: None,
            step: None,
            scope: Scope::default(),
            name: "fuzz".to_owned(),
        };
        if let Ok(snapshot) = files::import(&options, &Silent) {
            believable(snapshot);
        }
    }
}

/// Which file of a bundle is replaced, by the first byte.
pub fn bundle(data: &[u8]) {
    const NAMES: [&str; 5] = [
        "snapshot.json",
        "cluster.json",
        "workloads.json",
        "series.json",
        "usage.parquet",
    ];
    let (which, data) = data.split_first().unwrap_or((&0, &[]));
    let name = NAMES[usize::from(*which) % NAMES.len()];
    let place = Place::new();
    let path = place.bundle();
    fs::write(path.join(name), data).unwrap();
    if name != "snapshot.json" {
        list(&path, name, data);
    }
    if let Ok(snapshot) = record::read(&path) {
        believable(snapshot);
    }
    let _ = snapshot::names(&path);
}

/// Makes size and hash in the manifest those of a file.
fn list(path: &Path, name: &str, data: &[u8]) {
    let manifest = path.join("snapshot.json");
    let text = fs::read(&manifest).unwrap();
    let mut fields: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let files = fields["files"].as_array_mut().unwrap();
    let listed = files.iter_mut().find(|file| file["name"] == name).unwrap();
    listed["bytes"] = data.len().into();
    listed["sha256"] = hex(data).into();
    fs::write(manifest, fields.to_string()).unwrap();
}

/// Lines of a log, each with the checksum that it should have.
pub fn recording(data: &[u8]) {
    let place = Place::new();
    let path = place.bundle();
    let manifest = hex(&fs::read(path.join("snapshot.json")).unwrap());
    let head = format!(r#"{{"recording":1,"bundle":"{manifest}"}}"#);
    let mut log = Vec::new();
    for line in [head.as_bytes()]
        .into_iter()
        .chain(data.split(|byte| *byte == b'\n'))
    {
        log.extend(&hex(line).as_bytes()[..16]);
        log.push(b' ');
        log.extend(line);
        log.push(b'\n');
    }
    fs::write(path.join("recording.log"), log).unwrap();
    if let Ok(snapshot) = record::read(&path) {
        believable(snapshot);
    }
}

/// An answer says the same however it is cut into pieces.
pub fn promql(data: &[u8]) {
    let whole = prometheus::points(data, data.len().max(1));
    let pieces = prometheus::points(data, 3);
    assert_eq!(whole.is_ok(), pieces.is_ok());
    if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
        assert_eq!(whole, pieces);
    }
}

/// A message of remote read, in a frame with the checksum that it should have. Its
/// samples are of 1970, as the grid is.
pub fn chunks(data: &[u8]) {
    let mut answer = Vec::new();
    let mut length = data.len();
    while length >= 0x80 {
        answer.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    answer.push(u8::try_from(length).unwrap());
    answer.extend(crc32c::crc32c(data).to_be_bytes());
    answer.extend(data);
    let bits = |values: Vec<(u32, f64)>| -> Vec<(u32, u64)> {
        let pair = |(slot, value): (u32, f64)| (slot, value.to_bits());
        values.into_iter().map(pair).collect()
    };
    let whole = prometheus::values(&answer, answer.len());
    let pieces = prometheus::values(&answer, 7);
    assert_eq!(whole.is_ok(), pieces.is_ok());
    if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
        assert_eq!(bits(whole), bits(pieces));
    }
    // As it is, it is a frame or none.
    let _ = prometheus::values(data, 5);
}

pub fn objects(data: &[u8]) {
    let place = Place::new();
    let dump = place.put("dump", data);
    let _ = files::read_objects(&[dump], &Scope::default(), &Silent);
}

/// An archive of dumps, packed or not.
pub fn archive(data: &[u8]) {
    let place = Place::new();
    let file = place.put("dump.tar", data);
    let _ = files::read_objects(&[file], &Scope::default(), &Silent);
}

pub fn config(data: &[u8]) {
    let place = Place::new();
    let file = place.put("kcost.yaml", data);
    let _ = kcost::config::read(&file);
}

/// What is read is of numbers that can be, on a grid that holds it.
fn believable(mut snapshot: Snapshot) {
    refuse_impossible(&mut snapshot);
    let Usage { grid, series } = &snapshot.usage;
    for one in series {
        let end = u64::from(one.first) + u64::try_from(one.len()).unwrap();
        assert!(end <= u64::from(grid.len));
        assert_eq!(one.cpu_cores.len(), one.memory_bytes.len());
        assert!(one.more.values().all(|values| values.len() == one.len()));
        for value in one.cpu_cores.iter().chain(&one.memory_bytes) {
            assert!(value.is_nan() || (0.0..=1e15).contains(value), "{value}");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap();
    let hash = Sha256::digest(bytes);
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

/// A folder that goes with its run.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kcost-fuzz-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn put(&self, name: &str, data: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, data).unwrap();
        path
    }

    /// A small bundle, to be spoiled. Its manifest has no hash of its own, which
    /// would tell at once.
    fn bundle(&self) -> PathBuf {
        let path = self.0.join("a.kcost");
        snapshot::write(&small(), &path).unwrap();
        let manifest = path.join("snapshot.json");
        let text = fs::read(&manifest).unwrap();
        let mut fields: serde_json::Value = serde_json::from_slice(&text).unwrap();
        fields.as_object_mut().unwrap().remove("manifest_sha256");
        fs::write(manifest, fields.to_string()).unwrap();
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One workload of one pod, ten samples.
fn small() -> Snapshot {
    let workload = serde_json::from_str(WORKLOAD).unwrap();
    let series = Series {
        workload: 0,
        pod: "a".to_owned(),
        container: "app".to_owned(),
        first: 0,
        cpu_cores: vec![0.5; 10],
        memory_bytes: vec![1e8; 10],
        more: std::collections::BTreeMap::new(),
    };
    let grid = Grid {
        start: "2026-01-05T00:00:00Z".parse().unwrap(),
        step: Span::from_secs(300),
        len: 10,
    };
    Snapshot {
        taken_at: "2026-01-05T01:00:00Z".parse().unwrap(),
        tool_version: "0".to_owned(),
        workloads: vec![workload],
        usage: Usage {
            grid,
            series: vec![series],
        },
        ..Snapshot::default()
    }
}

const WORKLOAD: &str = include_str!("seeds/workload.json");
