//! Whether a log fits the tables beside it.

use super::log::{Incident, Tail, Trouble};
use crate::snapshot::{Grid, MOST_SLOTS, Snapshot};

/// How far ahead of the newest round a sample may be, in seconds; a recorder takes
/// no other.
const AHEAD: i64 = 600;

/// Holds the containers of a log against workloads.
pub(super) fn places(tail: &Tail, snapshot: &Snapshot) -> Result<(), String> {
    let known = u32::try_from(snapshot.workloads.len()).unwrap_or(u32::MAX);
    let mut places = tail.places.values();
    let lost = places.find(|place| place.workload.is_some_and(|workload| workload >= known));
    lost.map_or(Ok(()), |place| {
        Err(format!("pod `{}` belongs to no workload", place.pod))
    })
}

/// Takes samples out of a log that are of no time that a recording can hold.
pub(super) fn times(tail: &mut Tail, grid: &Grid) -> Option<Incident> {
    let at = tail.at?;
    let end = grid.start.as_second() + i64::from(MOST_SLOTS) * i64::from(grid.step.as_secs());
    let last = end.min(at.as_second().saturating_add(AHEAD));
    let before = tail.samples.len();
    tail.samples
        .retain(|sample| (0..=last).contains(&sample.time));
    let gone = before - tail.samples.len();
    let what = "they are of an impossible time";
    (gone > 0).then(|| Incident::new(Trouble::Refused, what, at).times(gone))
}
