//! The audit log: JSON lines, each with the hash of the one before it, and a head that says
//! how many there are.
//!
//! A line is written before each write of a cluster and one after it, so that a run which
//! is ended at any moment leaves behind what it did and the one thing that it may have done.

mod book;
mod head;
mod story;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::plan::Write;
use crate::snapshot::hex;

pub use book::{Book, Kept, LogError, ROLLBACK, private_folder};
pub use story::{Done, Run, runs};

/// What a line calls itself.
pub const SCHEMA: &str = "kcost.audit/v1";

/// The hash before the first line.
pub const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub schema: String,
    /// From 1.
    pub seq: u64,
    pub time: Timestamp,
    pub run: String,
    pub actor: Actor,
    #[serde(flatten)]
    pub event: Event,
    /// SHA-256 of the line before it, in hex.
    pub previous: String,
}

/// Who wrote, from where, to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// As the server knows who asks; null where it does not tell.
    pub user: Option<String>,
    /// The context of the kubeconfig.
    pub context: String,
    pub server: String,
    /// The version of kcost.
    pub kcost: String,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Apply,
    Rollback,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Start {
        action: Action,
        /// The run that is rolled back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<String>,
        /// Workloads that change.
        steps: usize,
    },
    /// A write that comes next.
    Intent(Intent),
    /// What became of it.
    Outcome {
        write: u64,
        result: Became,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// Whether what changed together is well.
    Health {
        steps: Vec<usize>,
        healthy: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        seconds: u64,
    },
    End {
        result: Ended,
    },
    /// A line that was cut off while it was written is gone.
    Mended {
        bytes: usize,
    },
}

/// One write of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Unique within the run.
    pub write: u64,
    /// Which workload of the run it belongs to.
    pub step: usize,
    /// Writes that belong to the workload.
    pub parts: usize,
    pub workload: String,
    /// Whether it takes back what this run has written before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undo: bool,
    pub target: Write,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    Applied,
    /// The server had it so.
    Already,
    /// Not written, and the server told why.
    Refused,
    /// Found on the server by a later run, after this one was ended.
    FoundApplied,
    /// Not found there.
    FoundNotApplied,
    /// Neither what was before nor what was to be is there.
    FoundOther,
}

impl Became {
    /// Whether the server may hold what was written.
    pub fn is_there(self) -> bool {
        matches!(self, Self::Applied | Self::FoundApplied | Self::FoundOther)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Done,
    /// Before all was written, by itself.
    Stopped,
    /// From outside; closed by a later run.
    Interrupted,
}

impl Ended {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
        }
    }
}

fn hash(line: &[u8]) -> String {
    hex(&Sha256::digest(line))
}

/// Where a log is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// From 1.
    pub line: usize,
    pub why: &'static str,
}

/// The lines of a log, held against each other; how many bytes at its end are the beginning
/// of a line that was cut off; and the hash that the next line has to name.
///
/// # Errors
///
/// The first line that does not follow from the one before it.
pub fn read(text: &[u8]) -> Result<(Vec<Line>, usize, String), Broken> {
    let end = text.iter().rposition(|byte| *byte == b'\n');
    let whole = end.map_or(0, |end| end + 1);
    let mut previous = FIRST.to_owned();
    let mut lines = Vec::new();
    let each = text[..whole].split(|byte| *byte == b'\n');
    let count = each.clone().count().saturating_sub(1);
    for (place, bytes) in each.take(count).enumerate() {
        let broken = |why| Broken {
            line: place + 1,
            why,
        };
        let line: Line = serde_json::from_slice(bytes).map_err(|_| broken("it is no entry"))?;
        if line.schema != SCHEMA {
            return Err(broken("it is of another version"));
        }
        if line.previous != previous {
            return Err(broken("the line before it is not the one that was written"));
        }
        if usize::try_from(line.seq) != Ok(place + 1) {
            return Err(broken("its number does not follow"));
        }
        previous = hash(bytes);
        lines.push(line);
    }
    Ok((lines, text.len() - whole, previous))
}
