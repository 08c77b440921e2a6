//! What went wrong while recording, and the gap that it becomes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::snapshot::Gap;

/// Incidents that are kept apart; further ones join the newest of their sort.
const MOST: usize = 40;
/// Incidents of one sort this close to each other, in seconds, are one.
const NEAR: i64 = 15 * 60;
/// A metrics server may average over a minute, so that it repeats itself for as
/// long; only after this many seconds without anything new it is stuck.
const STUCK: i64 = 180;
/// What the codes of these gaps begin with.
const PREFIX: &str = "recording-";

/// One thing that went wrong, or the same thing several times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub trouble: Trouble,
    /// Why, or whom it met first.
    pub detail: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub count: u32,
}

/// What can go wrong while recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The metrics API gave nothing.
    Missed,
    /// It gave again what it had given before.
    Stale,
    /// Nothing was recorded: the machine slept, or the recording had ended.
    Paused,
    /// The clock of this machine jumped.
    Clock,
    /// Times of samples that cannot be true.
    Skewed,
    /// Values that cannot be true.
    Refused,
    /// Pods of no known workload.
    Unowned,
    /// Pods that run, and that the metrics API does not know.
    Absent,
    /// Objects could not be read again.
    Outdated,
    /// Workloads that are gone.
    Deleted,
    /// Usage from too long ago.
    Dropped,
    /// A line of the log that was cut off.
    Torn,
}

impl Incident {
    pub fn new(trouble: Trouble, detail: impl Into<String>, at: Timestamp) -> Self {
        Self {
            trouble,
            detail: detail.into(),
            from: at,
            to: at,
            count: 1,
        }
    }

    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.count = u32::try_from(count).unwrap_or(u32::MAX);
        self
    }

    #[must_use]
    pub fn since(mut self, from: Timestamp) -> Self {
        self.from = from;
        self
    }

    /// As it stands in the report; `None` for what is ordinary after all.
    pub fn gap(&self) -> Option<Gap> {
        let Self { detail, count, .. } = self;
        let (from, to) = (self.from, self.to);
        let when = if from == to {
            format!("at {from}")
        } else {
            format!("from {from} to {to}")
        };
        let (code, text) = match self.trouble {
            Trouble::Missed => (
                "missed",
                format!("the metrics API gave nothing {when} (tries: {count}): {detail}"),
            ),
            Trouble::Stale if to.as_second() - from.as_second() < STUCK => return None,
            Trouble::Stale => ("stale", format!("the metrics API gave nothing new {when}")),
            Trouble::Paused => ("paused", format!("nothing was recorded {when}: {detail}")),
            Trouble::Clock => (
                "clock",
                format!(
                    "the clock of this machine jumped {when}, by {detail}; times go on as before"
                ),
            ),
            Trouble::Skewed => (
                "skewed",
                format!(
                    "{count} samples have impossible times, the first of {detail}; they count as of when they were read"
                ),
            ),
            Trouble::Refused => (
                "refused",
                format!(
                    "{count} values are impossible (negative or absurdly large) and left out: {detail}"
                ),
            ),
            Trouble::Unowned => (
                "unowned",
                format!("{count} samples belong to no known workload and are left out: {detail}"),
            ),
            Trouble::Absent => (
                "absent",
                format!("{count} running pods were unknown to the metrics API {when}: {detail}"),
            ),
            Trouble::Outdated => (
                "outdated",
                format!("objects could not be read again {when} (tries: {count}): {detail}"),
            ),
            Trouble::Deleted => (
                "deleted",
                format!("usage of {count} workloads that are gone is left out: {detail}"),
            ),
            Trouble::Dropped => (
                "dropped",
                format!(
                    "usage from before {to} is left out, so that the recording does not grow without end"
                ),
            ),
            Trouble::Torn => (
                "torn",
                format!(
                    "a round was being written when the recording was killed {when}, and is left out"
                ),
            ),
        };
        let code = format!("{PREFIX}{code}");
        Some(Gap::new(&code, "recorded usage", text))
    }
}

/// Whether a gap tells of an incident.
pub(in crate::record) fn is_of_a_recording(gap: &Gap) -> bool {
    gap.code.starts_with(PREFIX)
}

/// Adds an incident to those before it, as one with the last of its sort where
/// that was just before.
pub fn notice(incidents: &mut Vec<Incident>, new: Incident) {
    if new.trouble == Trouble::Absent {
        // A state rather than an event: only the newest counts.
        incidents.retain(|held| held.trouble != Trouble::Absent);
        incidents.push(new);
        return;
    }
    let full = incidents.len() >= MOST;
    let timeless = matches!(
        new.trouble,
        Trouble::Skewed | Trouble::Refused | Trouble::Unowned | Trouble::Deleted | Trouble::Dropped
    );
    let same = |held: &&mut Incident| {
        let near = new.from.as_second() - held.to.as_second() <= NEAR;
        let alike = held.detail == new.detail && near && new.trouble != Trouble::Paused;
        held.trouble == new.trouble && (alike || timeless || full)
    };
    if let Some(held) = incidents.iter_mut().rev().find(same) {
        held.to = held.to.max(new.to);
        held.count = held.count.saturating_add(new.count);
    } else if !full {
        incidents.push(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn missed(second: i64, cause: &str) -> Incident {
        Incident::new(Trouble::Missed, cause, at(second))
    }

    #[test]
    fn a_run_of_failures_is_one_gap() {
        let mut held = Vec::new();
        for incident in [missed(0, "503"), missed(30, "503"), missed(60, "503")] {
            notice(&mut held, incident);
        }
        notice(&mut held, missed(90, "429"));
        notice(&mut held, missed(90_000, "503"));
        let texts: Vec<String> = held
            .iter()
            .filter_map(Incident::gap)
            .map(|g| g.text)
            .collect();
        assert_eq!(
            texts,
            [
                "the metrics API gave nothing from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (tries: 3): 503",
                "the metrics API gave nothing at 1970-01-01T00:01:30Z (tries: 1): 429",
                "the metrics API gave nothing at 1970-01-02T01:00:00Z (tries: 1): 503",
            ]
        );
    }

    #[test]
    fn however_much_goes_wrong_the_list_stays_short() {
        let mut held = Vec::new();
        for hour in 0..10_000 {
            notice(&mut held, missed(hour * 3_600, "503"));
        }
        assert_eq!(held.len(), MOST);
        let tries: u32 = held.iter().map(|incident| incident.count).sum();
        assert_eq!(tries, 10_000);
    }

    #[test]
    fn a_server_that_repeats_itself_for_a_minute_is_no_gap() {
        let stale = Incident::new(Trouble::Stale, "", at(60)).since(at(0));
        assert_eq!(stale.gap(), None);
        let stuck = Incident::new(Trouble::Stale, "", at(600)).since(at(0));
        assert!(stuck.gap().is_some());
    }
}
