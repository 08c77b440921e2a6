//! What containers wait for, counters that become rates, and what their processes hold.

use super::Signals;
use super::ask::Asker;
use super::question::{Answer, Question};
use crate::snapshot::Metric;
use crate::units::single;

const CPU_WAITING: &str = "container_pressure_cpu_waiting_seconds_total";
const MEMORY_WAITING: &str = "container_pressure_memory_waiting_seconds_total";

const RESIDENT: &str = "container_memory_rss";

pub(super) const METRICS: [&str; 3] = [CPU_WAITING, MEMORY_WAITING, RESIDENT];

/// A series that was away for longer than so many steps is not bridged.
const LONGEST_BRIDGE: i64 = 3;

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    let waiting = [CPU_WAITING, MEMORY_WAITING].map(|counter| waiting(asker, counter));
    waiting
        .into_iter()
        .flatten()
        .chain(resident(asker))
        .collect()
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    pressure(asker, signals, CPU_WAITING, Metric::CpuWaitingRatio).await;
    pressure(asker, signals, MEMORY_WAITING, Metric::MemoryWaitingRatio).await;
    held(asker, signals).await;
}

fn waiting(asker: &Asker<'_>, counter: &'static str) -> Option<Question> {
    each(asker, "pressure", counter)
}

/// Tells memory that leaks from a cache of files that fills.
fn resident(asker: &Asker<'_>) -> Option<Question> {
    each(asker, "memory of processes", RESIDENT)
}

/// One metric of every container, as it is.
fn each(asker: &Asker<'_>, label: &'static str, metric: &'static str) -> Option<Question> {
    asker.has(metric).then(|| Question {
        label,
        text: asker.selector(&[metric], &asker.of_containers(), true),
        step: Some(asker.coarse()),
        cost: asker.series(&[metric]),
    })
}

/// Bytes, as they are.
async fn held(asker: &mut Asker<'_>, signals: &mut Signals) {
    let Some(question) = resident(asker) else {
        return;
    };
    let view = asker.view;
    let take = |answer: &Answer| {
        if let Some(place) = view.place(&answer.labels) {
            for (time, bytes) in &answer.points {
                signals.put(&place, Metric::MemoryRssBytes, *time, single(*bytes));
            }
        }
    };
    asker.over_window(&question, take).await;
}

/// Seconds of waiting a second.
async fn pressure(
    asker: &mut Asker<'_>,
    signals: &mut Signals,
    counter: &'static str,
    metric: Metric,
) {
    let Some(question) = waiting(asker, counter) else {
        return;
    };
    let (view, step) = (asker.view, asker.coarse());
    let take = |answer: &Answer| {
        if let Some(place) = view.place(&answer.labels) {
            for (time, rate) in rates(&answer.points, step) {
                signals.put(&place, metric, time, single(rate));
            }
        }
    };
    asker.over_window(&question, take).await;
}

/// The increase a second up to each point from the point before it. A value
/// that falls has begun at 0 again.
pub(super) fn rates(points: &[(i64, f64)], step: u32) -> impl Iterator<Item = (i64, f64)> + '_ {
    let longest = LONGEST_BRIDGE * i64::from(step);
    points.windows(2).filter_map(move |pair| {
        let [(from, before), (time, now)] = [pair[0], pair[1]];
        let seconds = time - from;
        if seconds <= 0 || seconds > longest || before < 0.0 || now < 0.0 {
            return None;
        }
        let increase = if now < before { now } else { now - before };
        #[expect(clippy::cast_precision_loss, reason = "a few hours")]
        Some((time, increase / seconds as f64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_begins_again_loses_only_what_came_before() {
        let points = [(0, 10.0), (100, 60.0), (200, 20.0), (300, 20.0)];
        let seen: Vec<_> = rates(&points, 100).collect();
        assert_eq!(seen, [(100, 0.5), (200, 0.2), (300, 0.0)]);
    }

    #[test]
    fn a_long_absence_is_not_bridged() {
        let points = [(0, 0.0), (300, 30.0), (700, 70.0)];
        let seen: Vec<_> = rates(&points, 100).collect();
        assert_eq!(seen, [(300, 0.1)]);
    }
}
