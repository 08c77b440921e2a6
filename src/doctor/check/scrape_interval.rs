use crate::doctor::{Check, Point, Seen};
use crate::units::Span;

/// How often containers are measured.
pub(super) struct ScrapeInterval;

/// Longer, and bursts within are averaged away. Prometheus itself takes a series for gone
/// after 5 minutes, so that slower scrapes have holes in every other tool.
const SLOW: u32 = 300;
/// Longer, and a day has too few samples for its peaks.
const FAR_APART: u32 = 900;

impl Check for ScrapeInterval {
    fn name(&self) -> &'static str {
        "scrape_interval"
    }

    fn summary(&self) -> &'static str {
        "how often containers are measured"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let span = |seconds| Span::from_secs(seconds);
        if let Some(counted) = seen.counted() {
            let (usual, slowest) = counted.interval;
            let mut text = format!("containers are measured every {}", span(usual));
            if slowest > usual {
                text = format!("{text}, some every {}", span(slowest));
            }
            return vec![point(text, slowest.max(usual))];
        }
        let Some(snapshot) = seen.snapshot.filter(|_| seen.usage.slots.is_some()) else {
            return Vec::new();
        };
        let step = snapshot.usage.grid.step;
        vec![point(
            format!("there is a sample every {step}"),
            step.as_secs(),
        )]
    }
}

fn point(text: String, seconds: u32) -> Point {
    const MEND: &str = "scrape_interval: 30s";
    if seconds > FAR_APART {
        return Point::warn(15, text)
            .effect("peaks between two samples are not seen: limits of memory may be too low")
            .mend(MEND);
    }
    if seconds > SLOW {
        return Point::warn(6, text)
            .effect("bursts of CPU are averaged away, and restarts between samples are missed")
            .mend(MEND);
    }
    Point::ok(text)
}
