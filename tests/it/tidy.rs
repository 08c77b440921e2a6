//! The architecture, as a test.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::repository;

/// Which stage may import which. The list is the architecture.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("exit", &[]),
    ("signals", &[]),
    ("finding", &[]),
    ("progress", &[]),
    ("text", &[]),
    ("calendar", &[]),
    ("trend", &["units"]),
    ("snapshot", &["units"]),
    ("vitals", &[]),
    (
        "collect",
        &[
            "error", "progress", "snapshot", "text", "trend", "units", "vitals",
        ],
    ),
    ("demo", &["snapshot", "units"]),
    (
        "record",
        &["collect", "error", "progress", "snapshot", "units"],
    ),
    ("pack", &["snapshot", "units"]),
    ("profile", &["snapshot", "trend", "units"]),
    ("cohort", &["profile", "snapshot", "units"]),
    ("doctor", &["snapshot", "text", "units", "vitals"]),
    (
        "recommend",
        &[
            "cohort", "finding", "pack", "profile", "snapshot", "text", "trend", "units",
        ],
    ),
    (
        "risk",
        &[
            "cohort",
            "finding",
            "gpu",
            "pack",
            "profile",
            "recommend",
            "snapshot",
            "text",
            "trend",
            "units",
        ],
    ),
    (
        "forecast",
        &["calendar", "progress", "snapshot", "trend", "units"],
    ),
    (
        "price",
        &[
            "finding",
            "profile",
            "recommend",
            "snapshot",
            "text",
            "units",
        ],
    ),
    ("change", &["recommend", "snapshot", "units"]),
    ("learn", &["recommend", "trend", "units"]),
    (
        "history",
        &[
            "learn",
            "pipeline",
            "price",
            "recommend",
            "snapshot",
            "text",
            "units",
        ],
    ),
    (
        "apply",
        &[
            "change",
            "collect",
            "progress",
            "recommend",
            "snapshot",
            "text",
            "units",
        ],
    ),
    ("manifest", &["change", "snapshot", "units"]),
    (
        "costs",
        &["price", "profile", "recommend", "snapshot", "units"],
    ),
    (
        "plan",
        &["costs", "price", "recommend", "snapshot", "text", "units"],
    ),
    (
        "schedule",
        &[
            "calendar",
            "finding",
            "forecast",
            "price",
            "profile",
            "progress",
            "recommend",
            "snapshot",
            "text",
            "trend",
            "units",
        ],
    ),
    (
        "gpu",
        &["costs", "finding", "price", "snapshot", "text", "units"],
    ),
    (
        "gate",
        &[
            "finding",
            "plan",
            "price",
            "profile",
            "recommend",
            "risk",
            "snapshot",
            "text",
            "units",
        ],
    ),
    (
        "backtest",
        &[
            "cohort",
            "learn",
            "price",
            "profile",
            "progress",
            "recommend",
            "snapshot",
            "units",
        ],
    ),
    (
        "explain",
        &[
            "cohort",
            "forecast",
            "gpu",
            "pipeline",
            "price",
            "profile",
            "recommend",
            "risk",
            "schedule",
            "snapshot",
            "units",
        ],
    ),
    (
        "render",
        &[
            "apply",
            "backtest",
            "change",
            "cohort",
            "costs",
            "doctor",
            "explain",
            "finding",
            "forecast",
            "gate",
            "gpu",
            "history",
            "manifest",
            "pipeline",
            "plan",
            "price",
            "profile",
            "recommend",
            "risk",
            "schedule",
            "snapshot",
            "text",
            "trend",
            "units",
        ],
    ),
    (
        "pipeline",
        &[
            "cohort",
            "costs",
            "costs",
            "finding",
            "forecast",
            "gate",
            "gpu",
            "plan",
            "price",
            "profile",
            "progress",
            "recommend",
            "risk",
            "schedule",
            "snapshot",
            "units",
        ],
    ),
    ("ui", &["progress", "text"]),
    (
        "config",
        &["apply", "collect", "gate", "recommend", "text", "units"],
    ),
    (
        "error",
        &["apply", "collect", "config", "exit", "record", "snapshot"],
    ),
];

/// Which crate may be used where, besides the stages that are named.
const CRATES: &[(&str, &[&str])] = &[
    ("kube::", &["collect", "apply/server"]),
    ("k8s_openapi::", &["collect"]),
    ("http::", &["collect", "apply/server"]),
    ("polars_", &["snapshot/parquet", "snapshot/guard"]),
    ("linfa", &["cohort"]),
    ("ndarray::", &["cohort"]),
    ("comfy_table::", &["render"]),
    ("ratatui", &["render"]),
    ("indicatif::", &["ui"]),
    ("clap::", &["cli"]),
];

/// Every Rust file below a path, with its text.
fn sources(path: &Path) -> Vec<(PathBuf, String)> {
    if path.is_file() {
        return vec![(path.to_owned(), fs::read_to_string(path).unwrap())];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(sources(&path));
        }
    }
    found.sort();
    found
}

/// Every file of a room: of its folder, and the one beside it that has its name.
fn room(name: &str) -> Vec<(PathBuf, String)> {
    let folder = repository("src").join(name);
    let places = [folder.with_extension("rs"), folder];
    let files = places.iter().filter(|place| place.exists());
    files.flat_map(|place| sources(place)).collect()
}

#[test]
fn modules_import_only_what_the_architecture_allows() {
    let mut broken = Vec::new();
    for (name, allowed) in MAY_IMPORT {
        for (path, text) in room(name) {
            for line in text.lines() {
                let Some(rest) = line.trim_start().strip_prefix("use crate::") else {
                    continue;
                };
                let target = rest.split([':', ';', '{', ' ']).next().unwrap();
                if target != *name && !allowed.contains(&target) {
                    broken.push(format!("{}: `{name}` imports `{target}`", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Only the program around them all may import any.
#[test]
fn every_room_has_its_imports_listed() {
    let entries = fs::read_dir(repository("src")).unwrap();
    let rooms = entries.map(|entry| entry.unwrap().path().with_extension(""));
    let rooms = rooms.map(|room| room.file_name().unwrap().to_str().unwrap().to_owned());
    let listed = |room: &str| MAY_IMPORT.iter().any(|(name, _)| *name == room);
    let free = ["cli", "lib", "main"];
    let unlisted = rooms.filter(|room| !listed(room) && !free.contains(&room.as_str()));
    assert_eq!(unlisted.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn nothing_reaches_past_its_imports() {
    let mut broken = Vec::new();
    for (path, text) in sources(&repository("src")) {
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            let comment = code.starts_with("//");
            let import = code.starts_with("use ") || code.starts_with("pub use ");
            let code = code.replace("pub(in crate::", "");
            if !comment && !import && code.contains("crate::") && !code.contains("$crate::") {
                broken.push(format!("{}:{}: {code}", path.display(), number + 1));
            }
            if code.starts_with("use crate::{") {
                broken.push(format!("{}:{}: nested import", path.display(), number + 1));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn crates_stay_in_their_stages() {
    let source = repository("src");
    let mut broken = Vec::new();
    for (path, text) in sources(&source) {
        let inside = path
            .strip_prefix(&source)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        for (name, allowed) in CRATES {
            let at_home = allowed.iter().any(|stage| inside.starts_with(stage));
            let used = text.lines().any(|line| {
                let code = line.trim_start();
                !code.starts_with("//")
                    && code
                        .match_indices(name)
                        .any(|(at, _)| at == 0 || !is_word(code.as_bytes()[at - 1]))
            });
            if used && !at_home {
                broken.push(format!(
                    "{inside}: `{name}` belongs to {}",
                    allowed.join(", ")
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')
}

#[test]
fn only_the_edges_touch_clock_and_environment() {
    let mut broken = Vec::new();
    for stage in [
        "units",
        "backtest",
        "calendar",
        "demo",
        "explain",
        "forecast",
        "pack",
        "profile",
        "cohort",
        "recommend",
        "risk",
        "trend",
        "price",
        "schedule",
        "gate",
        "render",
    ] {
        for (path, text) in room(stage) {
            for word in [
                "Timestamp::now",
                "SystemTime::now",
                "Instant::now",
                "env::var",
                "std::fs",
            ] {
                if text.contains(word) {
                    broken.push(format!("{}: {word}", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// A file that no module names is not compiled, and reads as if it were.
#[test]
fn every_file_is_a_module() {
    let files = sources(&repository("src"));
    let roots = ["src/lib.rs", "src/main.rs"].map(repository);
    let orphans = files.iter().map(|(path, _)| path);
    let orphans = orphans.filter(|path| !roots.contains(path) && !is_named(path, &files));
    let orphans: Vec<&PathBuf> = orphans.collect();
    assert!(orphans.is_empty(), "{orphans:?}");
}

/// Whether the module above a file says `mod` of it.
fn is_named(path: &Path, files: &[(PathBuf, String)]) -> bool {
    let module = if path.ends_with("mod.rs") {
        path.parent().unwrap().to_owned()
    } else {
        path.with_extension("")
    };
    let folder = module.parent().unwrap();
    let above = [
        folder.join("mod.rs"),
        folder.join("lib.rs"),
        folder.with_extension("rs"),
    ];
    let line = format!("mod {};", module.file_name().unwrap().to_str().unwrap());
    let says = |text: &str| {
        let mut lines = text.lines();
        lines.any(|it| it == line || it.ends_with(&format!(" {line}")))
    };
    files
        .iter()
        .any(|(path, text)| above.contains(path) && says(text))
}
