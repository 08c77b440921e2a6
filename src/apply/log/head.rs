//! The head of the log: how many lines there are, and the hash of the last. The lines name
//! what is before them, so that only the head tells of lines that are gone from the end.
//!
//! It is written before the first line and after each. A run that is ended between the two leaves a line more than
//! the head says, never one less.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What it is called in the folder of the log.
const NAME: &str = "audit.head";

/// While it is written.
const FRESH: &str = "audit.head.new";

const SCHEMA: &str = "kcost.audit-head/v1";

/// What was last known of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    schema: String,
    pub(super) lines: u64,
    /// SHA-256 of the last line, in hex.
    pub(super) hash: String,
}

impl Head {
    pub(super) fn new(lines: u64, hash: &str) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            lines,
            hash: hash.to_owned(),
        }
    }

    /// `None` where there is none: then there may be no line either.
    pub(super) fn read(folder: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(folder.join(NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let head: Self = serde_json::from_slice(&text)?;
        if head.schema == SCHEMA {
            Ok(Some(head))
        } else {
            Err(io::Error::other("its head is of another version"))
        }
    }

    /// Writes it in one move; when this returns it is on disk.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let fresh = folder.join(FRESH);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh)?;
        serde_json::to_writer(&file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&fresh, folder.join(NAME))?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    }
}
