use super::no_samples;
use crate::doctor::{Check, Point, Seen};
use crate::units::Span;

/// Whether samples still come.
pub(super) struct Freshness;

/// Seconds without a sample of anything: longer than any interval that is usual.
const STOPPED: i64 = 1_800;

impl Check for Freshness {
    fn name(&self) -> &'static str {
        "freshness"
    }

    fn summary(&self) -> &'static str {
        "whether samples still came when the snapshot was taken"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        if let Some(none) = no_samples(seen) {
            return none;
        }
        let (Some(snapshot), Some((_, last))) = (seen.snapshot, seen.usage.slots) else {
            return Vec::new();
        };
        let newest = snapshot.usage.grid.time(last.saturating_add(1));
        let age = snapshot.taken_at.as_second() - newest.as_second();
        if age <= STOPPED {
            return vec![Point::ok("samples came until the snapshot was taken")];
        }
        let age = Span::from_secs(u32::try_from(age).unwrap_or(u32::MAX));
        let text = format!("the newest sample is {} old, of {newest}", age.human());
        vec![
            Point::warn(if age.as_days() >= 1.0 { 20 } else { 8 }, text)
                .effect("what changed since is not seen: new pods have no advice")
                .mend("up{job=~\".*(kubelet|cadvisor).*\"} == 0"),
        ]
    }
}
