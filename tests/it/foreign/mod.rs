//! Files of strangers: bundles, tables and dumps that say anything of themselves, and
//! places that hold what is not kcost's.

mod bundles;
mod imports;
mod places;

use std::fs;
use std::path::{Path, PathBuf};

use kcost::record;
use kcost::snapshot::{self, Snapshot};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::profile::{series, snapshot as taken, workload};

/// One workload with one pod, and 200 samples.
fn small() -> Snapshot {
    let cpu: Vec<f32> = (0_u8..200).map(|slot| f32::from(slot) / 1000.0).collect();
    let pool = vec![series(0, "api-a", 0, cpu, vec![1e8; 200])];
    taken(vec![workload("api", 0.5)], 200, pool)
}

/// A bundle in a folder of its own.
struct Bundle {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Bundle {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prod.kcost");
        snapshot::write(&small(), &path).unwrap();
        Self { folder, path }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.file(name)).unwrap()).unwrap()
    }

    /// Changes the manifest, and takes its own hash out, as whoever wants it
    /// believed would.
    fn manifest(&self, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut manifest = self.json("snapshot.json");
        let fields = manifest.as_object_mut().unwrap();
        fields.remove("manifest_sha256");
        change(fields);
        fs::write(self.file("snapshot.json"), manifest.to_string()).unwrap();
    }

    /// Replaces a file, and makes its size and hash right again.
    fn replace(&self, name: &str, bytes: &[u8]) {
        fs::write(self.file(name), bytes).unwrap();
        self.manifest(|manifest| {
            let files = manifest["files"].as_array_mut().unwrap();
            let listed = files.iter_mut().find(|file| file["name"] == name).unwrap();
            listed["bytes"] = bytes.len().into();
            listed["sha256"] = hex(bytes).into();
        });
    }

    /// What is wrong with it.
    fn problem(&self) -> String {
        let error = record::read(&self.path).unwrap_err().to_string();
        error.replace(&*self.folder.path().to_string_lossy(), "[FOLDER]")
    }
}

/// SHA-256 in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    let digit = |byte: u8| char::from_digit(u32::from(byte), 16).unwrap();
    let hash = Sha256::digest(bytes);
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

/// Makes a pipe that nobody writes to.
fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}
