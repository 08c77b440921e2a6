//! The bundle that was read or written last, to suggest names of its workloads.

use std::env;
use std::fs;
use std::path::{self, Path, PathBuf};

/// Set to anything, nothing is remembered.
const OFF: &str = "KCOST_NO_STATE";

/// Remembers a bundle. Nothing depends on it, so a failure is no failure.
pub(super) fn remember(bundle: &Path) {
    if let (Some(file), Ok(bundle)) = (file(), path::absolute(bundle)) {
        let _ = write(&file, &bundle);
    }
}

fn write(file: &Path, bundle: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, bundle.as_os_str().as_encoded_bytes())
}

/// The bundle that was remembered.
pub(super) fn bundle() -> Option<PathBuf> {
    let text = fs::read_to_string(file()?).ok()?;
    Some(PathBuf::from(text.trim_end_matches('\n')))
}

/// `$XDG_STATE_HOME/kcost/last`, else below `~/.local/state`.
fn file() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if set(OFF).is_some() {
        return None;
    }
    let state = set("XDG_STATE_HOME").map(PathBuf::from);
    let folder = state.or_else(|| Some(Path::new(&set("HOME")?).join(".local/state")))?;
    Some(folder.join("kcost").join("last"))
}
