//! The JSON of a bundle. Add keys; never rename or remove one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{Gap, Grid, Metric, Series, Source};
use crate::units::Span;

/// The `format` of every bundle.
pub(super) const FORMAT: &str = "kcost.snapshot";

/// What says which version to read; the only part that never changes.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) format_version: u32,
}

/// `snapshot.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) format_version: u32,
    pub(super) tool_version: String,
    pub(super) taken_at: Timestamp,
    pub(super) cluster: ClusterHead,
    pub(super) window: Window,
    pub(super) sources: Vec<Source>,
    pub(super) files: Vec<File>,
    pub(super) gaps: Vec<Gap>,
    /// Of all but the list of files, in hexadecimal. Older ones have none.
    #[serde(
        rename = "manifest_sha256",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) seal: Option<String>,
}

/// What tells one cluster from another; the rest is in a file of its own.
#[derive(Serialize, Deserialize)]
pub(super) struct ClusterHead {
    pub(super) name: String,
    pub(super) server_version: Option<String>,
    pub(super) nodes: usize,
}

/// The grid of the usage.
#[derive(Serialize, Deserialize)]
pub(super) struct Window {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) step_seconds: u32,
    /// Slots of the grid.
    pub(super) slots: u32,
}

/// One file of the bundle.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// In hexadecimal.
    pub(super) sha256: String,
}

/// One entry of `series.json`; its rows follow those of the entry before.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SeriesHead {
    /// Index into `workloads.json`.
    pub(super) workload: u32,
    pub(super) pod: String,
    pub(super) container: String,
    /// Slot of the first row.
    pub(super) first: u32,
    /// Number of rows.
    pub(super) rows: u32,
    /// Metrics besides CPU and memory that it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) more: Vec<Metric>,
}

impl Window {
    pub(super) fn of(grid: &Grid) -> Self {
        Self {
            start: grid.start,
            end: grid.end(),
            step_seconds: grid.step.as_secs(),
            slots: grid.len,
        }
    }

    pub(super) fn grid(&self) -> Grid {
        Grid {
            start: self.start,
            step: Span::from_secs(self.step_seconds),
            len: self.slots,
        }
    }
}

impl SeriesHead {
    pub(super) fn of(series: &Series) -> Self {
        Self {
            workload: series.workload,
            pod: series.pod.clone(),
            container: series.container.clone(),
            first: series.first,
            rows: u32::try_from(series.len()).unwrap_or(u32::MAX),
            more: series.more.keys().copied().collect(),
        }
    }

    /// What its rows take in memory, with CPU and memory.
    pub(super) fn bytes(&self) -> u64 {
        let columns = u64::try_from(2 + self.more.len()).unwrap_or(u64::MAX);
        u64::from(self.rows).saturating_mul(columns.saturating_mul(4))
    }
}
