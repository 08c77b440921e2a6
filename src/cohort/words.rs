//! What a group is, in a sentence.

use super::features::{Feature, Point};

/// What is true of every member, and then what the member in the middle of each
/// measure is like; without a period.
pub(super) fn description(definitions: &[&str], middle: &Point) -> String {
    let times = |feature: Feature, digits: usize, of_what: &str| {
        let value = feature.of(middle);
        let more = if feature.is_most(value) {
            " or more"
        } else {
            ""
        };
        format!("{value:.digits$} × {of_what}{more}")
    };
    let percent = |feature: Feature| feature.of(middle) * 100.0;
    let mut usual = format!(
        "CPU bursts to {}, {:.0}% of which follows the hour of the day, memory peaks at {}, its worst day at {}",
        times(Feature::CpuBurst, 1, "its median"),
        percent(Feature::Daily),
        times(Feature::MemoryPeak, 2, "its median"),
        times(Feature::MemoryDays, 2, "the usual one"),
    );
    if Feature::MemoryTrend.of(middle) >= 0.03 {
        let growth = percent(Feature::MemoryTrend);
        usual = format!("{usual}, growing {growth:.0}% a week");
    }
    format!("{}; typically {usual}", definitions.join(", "))
}
