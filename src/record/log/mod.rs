//! What came in since the tables of a recording were written: `recording.log`.
//!
//! A line a round with a checksum, on disk before the next round begins. Now and then
//! the log goes into new tables, and one rename puts those and a new log in the place of
//! the old. A reader folds the log into the usage ([`fold`]); one that does not know the
//! log reads the tables, which are whole.

mod file;
mod fold;
mod incident;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use file::Log;
pub(super) use file::{lock, read};
pub use fold::fold;
pub(super) use incident::is_of_a_recording;
pub use incident::{Incident, Trouble, notice};

/// What one reading of the metrics API brought: a line of the log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Round {
    pub at: Timestamp,
    /// Containers that the log has not named before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<Place>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<Incident>,
}

/// A container of a pod, by a number of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub id: u32,
    /// Index into the workloads of the same bundle; `None` while it is not known.
    pub workload: Option<u32>,
    pub namespace: String,
    pub pod: String,
    pub container: String,
}

/// One sample of one container, as the metrics API says it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
pub struct Sample {
    /// [`Place::id`].
    pub id: u32,
    /// The end of the time that it is about, in Unix seconds.
    pub time: i64,
    /// How long before `time` it begins, in seconds.
    pub window: u32,
    /// Average over the window, in cores.
    pub cpu_cores: Option<f32>,
    /// Working set at `time`, in bytes.
    pub memory_bytes: Option<f32>,
}

/// A list instead of an object: there are many.
type Packed = (u32, i64, u32, Option<f32>, Option<f32>);

impl From<Packed> for Sample {
    fn from((id, time, window, cpu_cores, memory_bytes): Packed) -> Self {
        Self {
            id,
            time,
            window,
            cpu_cores,
            memory_bytes,
        }
    }
}

impl From<Sample> for Packed {
    fn from(sample: Sample) -> Self {
        let Sample {
            id, time, window, ..
        } = sample;
        (id, time, window, sample.cpu_cores, sample.memory_bytes)
    }
}

/// All rounds of a log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tail {
    /// The newest round.
    pub at: Option<Timestamp>,
    pub places: BTreeMap<u32, Place>,
    pub samples: Vec<Sample>,
    pub incidents: Vec<Incident>,
}

impl Tail {
    pub fn add(&mut self, round: Round) {
        self.at = self.at.max(Some(round.at));
        for place in round.new {
            self.places.insert(place.id, place);
        }
        self.samples.extend(round.samples);
        for incident in round.incidents {
            notice(&mut self.incidents, incident);
        }
    }

    /// Takes out what can go into the tables: samples before `until`, in Unix
    /// seconds, of containers whose workload is known.
    #[must_use]
    pub fn take_before(&mut self, until: i64) -> Self {
        let known = |id: &u32| self.places.get(id).is_some_and(|p| p.workload.is_some());
        let (old, open): (Vec<Sample>, Vec<Sample>) = self
            .samples
            .drain(..)
            .partition(|sample| sample.time < until && known(&sample.id));
        let taken = Self {
            at: self.at,
            places: self.places.clone(),
            samples: old,
            incidents: Vec::new(),
        };
        self.samples = open;
        taken
    }

    /// As one round, for the start of a log.
    fn round(&self) -> Round {
        Round {
            at: self.at.unwrap_or_default(),
            new: self.places.values().cloned().collect(),
            samples: self.samples.clone(),
            incidents: self.incidents.clone(),
        }
    }
}
