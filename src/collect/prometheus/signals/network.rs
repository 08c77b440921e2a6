//! What the network of pods carries, and what of it is lost.
//!
//! Bytes are asked for of every pod. Errors and drops are counters that mostly stay at
//! zero, so only those above zero are; and packets, of which they are a share, of those
//! pods alone that lose some.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{Asker, View};
use super::counters::rates;
use super::ends::increases;
use super::place::{Place, identity};
use super::question::{Answer, Question};
use super::{Sample, Signals};
use crate::snapshot::Metric;
use crate::units::{float, single};

const BYTES: [&str; 2] = [
    "container_network_receive_bytes_total",
    "container_network_transmit_bytes_total",
];
const ERRORS: [&str; 2] = [
    "container_network_receive_errors_total",
    "container_network_transmit_errors_total",
];
const DROPS: [&str; 2] = [
    "container_network_receive_packets_dropped_total",
    "container_network_transmit_packets_dropped_total",
];
const PACKETS: [&str; 2] = [
    "container_network_receive_packets_total",
    "container_network_transmit_packets_total",
];

pub(super) const METRICS: [&str; 8] = [
    BYTES[0], BYTES[1], ERRORS[0], ERRORS[1], DROPS[0], DROPS[1], PACKETS[0], PACKETS[1],
];

/// Lost packets an hour that nobody feels, whatever share of all they are: one a minute.
const FEW: f64 = 60.0;
/// Pods whose packets are asked for at a time: a query is no longer than a page.
const PODS: usize = 50;

/// Of a pod, as one scrape tells of it.
type Told = (Place, String);
/// By Unix second.
type Course = BTreeMap<i64, f64>;

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    [traffic(asker), faults(asker)]
        .into_iter()
        .flatten()
        .collect()
}

/// What it asks besides of pods that lose packets.
pub(super) fn packets(asker: &Asker<'_>) -> Option<Question> {
    faults(asker)?;
    of_pods(asker, "")
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    bytes(asker, signals).await;
    lost(asker, signals).await;
}

fn traffic(asker: &Asker<'_>) -> Option<Question> {
    let there = there(asker, &BYTES);
    (!there.is_empty()).then(|| Question {
        label: "network use",
        text: asker.selector(&there, ",interface!=\"lo\"", true),
        step: Some(asker.coarse()),
        cost: asker.series(&there),
    })
}

fn faults(asker: &Asker<'_>) -> Option<Question> {
    let there = there(asker, &[ERRORS, DROPS].concat());
    let counts = !there.is_empty() && PACKETS.iter().all(|metric| asker.has(metric));
    counts.then(|| Question {
        label: "network errors",
        text: format!("{} > 0", asker.selector(&there, ",interface!=\"lo\"", true)),
        step: Some(asker.coarse()),
        cost: asker.series(&there),
    })
}

/// Packets of the pods that a condition names.
fn of_pods(asker: &Asker<'_>, condition: &str) -> Option<Question> {
    let there = there(asker, &PACKETS);
    (!there.is_empty()).then(|| Question {
        label: "packets",
        text: asker.selector(&there, &format!(",interface!=\"lo\"{condition}"), true),
        step: Some(asker.coarse()),
        cost: asker.series(&there),
    })
}

fn there(asker: &Asker<'_>, metrics: &[&'static str]) -> Vec<&'static str> {
    let all = metrics.iter().copied();
    all.filter(|metric| asker.has(metric)).collect()
}

/// The pod that a series is of, and the scrape that tells of it.
fn told(view: View<'_>, answer: &Answer) -> Option<Told> {
    let pod = Place {
        container: String::new(),
        ..view.place(&answer.labels)?
    };
    Some((pod, identity(&answer.labels, &["__name__", "interface"])))
}

/// Bytes of all interfaces of a pod, both ways. A pod on the network of its node
/// (`hostNetwork`) has the traffic of the node here, so that it never seems idle.
///
/// Two scrape jobs of the same pod are two sums, of which the larger counts.
async fn bytes(asker: &mut Asker<'_>, signals: &mut Signals) {
    let Some(question) = traffic(asker) else {
        return;
    };
    for ((place, _), sum) in sums(asker, &question).await {
        for (time, rate) in sum {
            signals.put(&place, Metric::NetworkBytesPerSecond, time, single(rate));
        }
    }
}

/// What counters rise by a second, of all interfaces both ways.
async fn sums(asker: &mut Asker<'_>, question: &Question) -> BTreeMap<Told, Course> {
    let mut sums: BTreeMap<Told, Course> = BTreeMap::new();
    let (view, step) = (asker.view, asker.coarse());
    let take = |answer: &Answer| {
        let Some((pod, scrape)) = told(view, answer) else {
            return;
        };
        let sum = sums.entry((pod, scrape)).or_default();
        for (time, rate) in rates(&answer.points, step) {
            *sum.entry(time).or_default() += rate;
        }
    };
    asker.over_window(question, take).await;
    sums
}

/// Packets a step in error, and dropped.
#[derive(Debug, Default)]
struct Faults {
    errors: Course,
    drops: Course,
}

impl Faults {
    /// Whether so many were lost in one step that somebody feels it.
    fn hurts(&self, step: u32) -> bool {
        let few = FEW * f64::from(step) / 3_600.0;
        let all = self.errors.values().chain(self.drops.values());
        all.copied().fold(0.0, f64::max) >= few
    }
}

async fn lost(asker: &mut Asker<'_>, signals: &mut Signals) {
    let Some(question) = faults(asker) else {
        return;
    };
    let missed = asker.misses();
    let faults = counted(asker, &question).await;
    let step = asker.coarse();
    let hurt = faults.iter().filter(|(_, it)| it.hurts(step));
    let hurt: BTreeSet<&str> = hurt.map(|((place, _), _)| place.pod.as_str()).collect();
    let hurt: Vec<&str> = hurt.into_iter().collect();
    let mut packets = BTreeMap::new();
    for pods in hurt.chunks(PODS) {
        let label = asker.view.words.name("pod");
        let condition = format!(",{label}=~\"{}\"", pods.join("|"));
        if let Some(question) = of_pods(asker, &condition) {
            packets.extend(sums(asker, &question).await);
        }
    }
    // What was not read is unknown, and never zero.
    if asker.misses() > missed {
        return;
    }
    for (told, sum) in &packets {
        let none = Faults::default();
        let lost = faults.get(told).unwrap_or(&none);
        for (time, rate) in sum {
            let all = rate * f64::from(step);
            let share = |lost: &Course| {
                let lost = lost.get(time).copied().unwrap_or(0.0);
                single(lost / (all + lost).max(1.0))
            };
            let (errors, drops) = (share(&lost.errors), share(&lost.drops));
            signals.put(&told.0, Metric::NetworkErrorRatio, *time, errors);
            signals.put(&told.0, Metric::NetworkDropRatio, *time, drops);
        }
    }
    signals.lose_none();
}

/// By how much counters of errors and drops rose, step by step.
async fn counted(asker: &mut Asker<'_>, question: &Question) -> BTreeMap<Told, Faults> {
    let mut all: BTreeMap<Told, Faults> = BTreeMap::new();
    let errors = ERRORS.map(|metric| asker.view.words.name(metric).to_owned());
    let (view, step, begins) = (asker.view, asker.coarse(), asker.begins);
    let take = |answer: &Answer| {
        let Some((pod, scrape)) = told(view, answer) else {
            return;
        };
        let is_error = errors.iter().any(|it| it == answer.labels.get("__name__"));
        let faults = all.entry((pod, scrape)).or_default();
        let held = if is_error {
            &mut faults.errors
        } else {
            &mut faults.drops
        };
        for ((_, time), count) in increases(&answer.points, answer.first.max(begins), step) {
            *held.entry(time).or_default() += float(count);
        }
    };
    asker.over_window(question, take).await;
    all
}

impl Signals {
    /// Pods whose traffic is counted, and of which no counter says that anything is lost:
    /// one zero at the end of what is known of each.
    fn lose_none(&mut self) {
        let all = self.samples.iter();
        let counted = all.filter(|((_, metric), _)| *metric == Metric::NetworkBytesPerSecond);
        let ends = counted.filter_map(|((place, _), samples)| {
            let end = samples.iter().max_by_key(|it| it.offset)?;
            Some((place.clone(), *end))
        });
        let ends: Vec<(Place, Sample)> = ends.collect();
        for (place, end) in ends {
            for metric in [Metric::NetworkErrorRatio, Metric::NetworkDropRatio] {
                let zero = Sample { value: 0.0, ..end };
                let samples = self.samples.entry((place.clone(), metric)).or_default();
                if samples.is_empty() {
                    samples.push(zero);
                }
            }
        }
    }
}
