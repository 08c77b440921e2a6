use crate::doctor::{Check, Point, Seen};
use crate::text::short;

/// Whether counters fall more often than containers start anew.
pub(super) struct Resets;

/// Times an hour that a counter of CPU falls, for each series. A container that crashes
/// in a loop falls 12 times an hour; few of them do.
const ODD: f64 = 0.5;

impl Check for Resets {
    fn name(&self) -> &'static str {
        "resets"
    }

    fn summary(&self) -> &'static str {
        "whether counters fall where nothing restarted"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let Some(counted) = seen.counted() else {
            return Vec::new();
        };
        let Some(resets) = counted.resets else {
            return vec![Point::unknown(0, "resets of counters could not be counted")];
        };
        if resets <= ODD {
            return vec![Point::ok("counters of CPU rise as they should")];
        }
        let text = format!(
            "counters of CPU fall {} times an hour in each series",
            short(resets, 1)
        );
        vec![
            Point::bad(30, text)
                .effect(
                    "each fall is taken for a restart, so that CPU is far too high: two sources \
                     write one series",
                )
                .mend(
                    "# give each replica a label of its own, and query one of them\n\
                     global:\n  external_labels:\n    prometheus_replica: $(POD_NAME)",
                ),
        ]
    }
}
