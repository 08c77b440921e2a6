use super::no_samples;
use crate::doctor::{Check, Point, Seen};

/// Whether samples still come.
pub(super) struct Freshness;

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
        let Some((newest, age)) = seen.stopped() else {
            return vec![Point::ok("samples came until the snapshot was taken")];
        };
        let text = format!("the newest sample is {} old, of {newest}", age.human());
        let point = match age.as_secs() {
            0..3_600 => Point::warn(8, text),
            3_600..86_400 => Point::bad(20, text),
            _ => Point::bad(30, text),
        };
        vec![
            point
                .effect("what happened since is not seen: new pods have no advice, and nothing is warned of")
                .mend("up{job=~\".*(kubelet|cadvisor).*\"} == 0"),
        ]
    }
}
