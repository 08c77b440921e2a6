use super::no_samples;
use crate::doctor::{Check, Point, Seen};
use crate::text::{count, percent_said};
use crate::units::{Span, len_f64};

/// How much of the time was measured.
pub(super) struct Coverage;

/// What confidence needs of a workload to be high, and medium.
const HIGH: f64 = 0.9;
const MEDIUM: f64 = 0.6;
/// Pods that are told.
const NAMED: usize = 3;

impl Check for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn summary(&self) -> &'static str {
        "gaps in usage: of everything, and of single series"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        if let Some(none) = no_samples(seen) {
            return none;
        }
        let mut points = vec![of_everything(seen), of_series(seen)];
        points.extend(of_pods(seen));
        points.extend(of_cpu(seen));
        points
    }
}

/// Pods that run and are not measured any more, or never were, while others are.
fn of_pods(seen: &Seen<'_>) -> Option<Point> {
    let silent = &seen.usage.silent;
    if silent.is_empty() {
        return None;
    }
    let names = silent.iter().take(NAMED).map(String::as_str);
    let names = names.collect::<Vec<_>>().join(", ");
    let text = format!(
        "{} had no sample in the last half hour, such as {names}",
        count(silent.len(), "running pod")
    );
    let share = len_f64(silent.len()) / len_f64(silent.len() + seen.usage.fresh);
    let cost = if share > 1.0 - HIGH { 12 } else { 3 };
    let point = Point::warn(cost, text)
        .effect("what they use now is not seen, and no risk of theirs is warned of");
    Some(point.mend("kubectl get pods -A -o wide  # is the kubelet of their nodes scraped?"))
}

/// Pods whose memory is known and whose CPU is not, though CPU is of others.
fn of_cpu(seen: &Seen<'_>) -> Option<Point> {
    let without = &seen.usage.without_cpu;
    if without.is_empty() || !seen.usage.has_cpu {
        return None;
    }
    let names = without.iter().take(NAMED).map(String::as_str);
    let names = names.collect::<Vec<_>>().join(", ");
    let text = format!(
        "{} had no CPU for much of the time that memory is known, such as {names}",
        count(without.len(), "pod")
    );
    let point = Point::warn(6, text)
        .effect("sizes of CPU go by the rest of the time, and their confidence falls");
    Some(
        point.mend(
            "count_over_time(container_cpu_usage_seconds_total[1h])  # fewer than 4 are too few",
        ),
    )
}

/// Times at which nothing was measured: the store or its scrapes were down.
fn of_everything(seen: &Seen<'_>) -> Point {
    let usage = &seen.usage;
    let covered = usage.coverage.get();
    if usage.outages == 0 {
        return Point::ok("at every moment something was measured");
    }
    let step = seen.snapshot.map_or(0, |it| it.usage.grid.step.as_secs());
    let longest = Span::from_secs(step.saturating_mul(usage.longest_outage));
    let text = format!(
        "nothing at all was measured in {} of the time, in {}, the longest {}",
        percent_said(1.0 - covered),
        count(
            usize::try_from(usage.outages).unwrap_or(usize::MAX),
            "stretch"
        )
        .replace("stretchs", "stretches"),
        longest.human()
    );
    if covered >= 0.99 {
        return Point::ok(text);
    }
    let cost = if covered >= HIGH { 3 } else { 15 };
    Point::warn(cost, text)
        .effect("peaks of that time are not known; below 90 % confidence is medium at most")
        .mend(
            "ALERTS{alertname=\"TargetDown\"}  # and `prometheus_tsdb_head_max_time` tells when \
             it was down",
        )
}

/// Of a series from its first to its last sample: some targets fail now and then.
fn of_series(seen: &Seen<'_>) -> Point {
    let filled = seen.usage.filled.get();
    let text = format!(
        "of the time that containers were there, {} was measured",
        percent_said(filled)
    );
    if filled >= HIGH {
        return Point::ok(text);
    }
    let cost = if filled >= MEDIUM { 6 } else { 15 };
    Point::warn(cost, text)
        .effect("peaks in the gaps are not known, and confidence falls with them")
        .mend("scrape_timeout: 25s  # scrapes of large nodes are cut off by a short one")
}
