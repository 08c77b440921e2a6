//! Tables of usage into snapshots.

mod aside;
mod mistakes;
mod rows;
mod runs;
mod tables;
mod times;
mod whole;

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;

use kcost::collect::files::{FileOptions, ImportError, import, import_aside};
use kcost::collect::{Scope, refuse_impossible};
use kcost::error::Error;
use kcost::progress::Silent;
use kcost::record;
use kcost::snapshot::{Snapshot, Supply as _, Usage};

use crate::bundle::explain;
use crate::common::Kcost;

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
    /// The bundle that the binary makes of them.
    fn taken(&self) -> Snapshot {
        let path = self.folder.path().join("a.kcost");
        Kcost::new()
            .args(["snapshot", "--objects"])
            .arg(&self.options.objects[0])
            .arg("--usage")
            .arg(&self.options.usage[0])
            .arg("-o")
            .arg(&path)
            .run()
            .ended(0);
        record::read(&path).unwrap()
    }

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
        let taken = import(&self.options, &Silent);
        for held in [1, 4_096] {
            assert_as_aside(taken.as_ref(), &self.options, held);
        }
        taken
    }

    /// What is said about files that cannot be read.
    fn refused(&self) -> String {
        let error = Error::from(self.import().unwrap_err());
        explain(&error).replace(&*self.folder.path().to_string_lossy(), "[FOLDER]")
    }
}

/// However little of usage is held in memory, the same comes of it.
fn assert_as_aside(taken: Result<&Snapshot, &ImportError>, options: &FileOptions, held: u64) {
    let aside = import_aside(options, held, &Silent);
    let (mut whole, (mut snapshot, aside)) = match (taken, aside) {
        (Ok(whole), Ok(aside)) => (whole.clone(), aside),
        (whole, aside) => {
            let [whole, aside] = [
                whole.err().map(ToString::to_string),
                aside.err().map(|it| it.to_string()),
            ];
            return assert_eq!(whole, aside, "{held}");
        }
    };
    refuse_impossible(&mut whole);
    if let Some(aside) = aside {
        assert!(snapshot.usage.series.is_empty());
        let sifted = record::Parts::set_aside(aside).sift(&mut snapshot).unwrap();
        let mut series = Vec::new();
        let mut add = |_: Range<usize>, usage: &Usage| series.extend_from_slice(&usage.series);
        sifted.of(&snapshot).each(&mut add).unwrap();
        snapshot.usage.series = series;
    } else {
        refuse_impossible(&mut snapshot);
    }
    // Missing samples are equal only as text.
    assert_eq!(format!("{snapshot:?}"), format!("{whole:?}"), "{held}");
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
