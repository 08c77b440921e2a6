//! What single devices did, for containers that hold several.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::units::Span;

/// A device, or a slice of one, that a container of a pod holds, and what it did over the
/// window while it held it.
///
/// Samples of a container are of all its devices together, in which one that does nothing
/// hides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceUse {
    pub container: String,
    /// As its exporter names it wherever it is: its UUID, of a slice with its number behind.
    pub id: String,
    /// Its number on its node, of a slice with that of the slice behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Samples of what it did, and the times of the first and the last.
    pub samples: u32,
    pub since: Timestamp,
    pub until: Timestamp,
    /// Share of the samples in which it did anything, 0 to 1.
    pub worked_ratio: f64,
    /// When it last did anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worked_at: Option<Timestamp>,
    /// The longest that it did nothing before that.
    #[serde(default)]
    pub longest_rest: Span,
    /// Share of the time that anything ran on it, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_ratio: Option<DeviceLevel>,
    /// The larger of what its compute and its memory did, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_ratio: Option<DeviceLevel>,
    /// What it did on the last day of the window, the mean: how full it was, or else how
    /// often anything ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day_ratio: Option<f64>,
    /// The mean, watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_watts: Option<f64>,
}

/// Of the samples of one device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DeviceLevel {
    pub mean: f64,
    pub p95: f64,
    pub max: f64,
}

impl DeviceUse {
    /// From the first sample to the last.
    pub fn watched(&self) -> Span {
        between(self.since, self.until)
    }

    /// From when it last did anything to the last sample.
    pub fn rests_for(&self) -> Span {
        between(self.worked_at.unwrap_or(self.since), self.until)
    }

    /// As people know it: `GPU 3`, else by what names it everywhere.
    pub fn called(&self) -> String {
        self.number
            .as_ref()
            .map_or_else(|| self.id.clone(), |it| format!("GPU {it}"))
    }
}

fn between(from: Timestamp, to: Timestamp) -> Span {
    let seconds = to.as_second() - from.as_second();
    Span::from_secs(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}
