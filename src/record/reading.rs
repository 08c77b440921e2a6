//! What the metrics API says, as a round: new samples, and what is odd about them.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::log::{Incident, Place, Round, Sample, Tail, Trouble};
use crate::collect::metrics_api::{ContainerMetrics, PodMetrics};
use crate::collect::{Column, PodIndex};
use crate::units::Quantity;

/// Samples whose time is further from now, in seconds, have an impossible time.
const BELIEVED: i64 = 600;
/// What a sample without a window is taken to be about, in seconds: the finest
/// resolution of metrics-server.
const WINDOW: u32 = 15;
/// A pod that has not been seen for so long, in seconds, is gone.
const GONE: i64 = 900;

/// Who has been seen, and when last.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By namespace, pod and container.
    ids: HashMap<String, u32>,
    /// By namespace and pod: the time of its newest sample as the server said
    /// it, and when it was read.
    seen: HashMap<String, (Option<i64>, i64)>,
    next: u32,
}

/// What one reading had that is odd.
#[derive(Default)]
struct Odd {
    skewed: Vec<String>,
    refused: Vec<String>,
}

fn pod_key(namespace: &str, pod: &str) -> String {
    format!("{namespace}\0{pod}")
}

fn container_key(namespace: &str, pod: &str, container: &str) -> String {
    format!("{namespace}\0{pod}\0{container}")
}

impl Known {
    /// As it was when a log was written.
    pub(super) fn of(tail: &Tail) -> Self {
        let mut known = Self::default();
        let read = tail.at.unwrap_or_default().as_second();
        for place in tail.places.values() {
            let key = container_key(&place.namespace, &place.pod, &place.container);
            known.ids.insert(key, place.id);
            known.next = known.next.max(place.id + 1);
            let key = pod_key(&place.namespace, &place.pod);
            known.seen.entry(key).or_insert((None, read));
        }
        for sample in &tail.samples {
            if let Some(place) = tail.places.get(&sample.id) {
                let key = pod_key(&place.namespace, &place.pod);
                let seen = known.seen.entry(key).or_insert((None, read));
                seen.0 = seen.0.max(Some(sample.time));
            }
        }
        known
    }

    /// The new samples of a reading; what was read before is left out.
    pub(super) fn round(&mut self, pods: &[PodMetrics], index: &PodIndex, now: Timestamp) -> Round {
        let mut round = Round {
            at: now,
            ..Round::default()
        };
        let mut odd = Odd::default();
        for pod in pods {
            let told = pod.timestamp.map(Timestamp::as_second);
            let key = pod_key(&pod.metadata.namespace, &pod.metadata.name);
            let before = self.seen.insert(key, (told, now.as_second()));
            if told.is_some() && before.is_some_and(|(time, _)| time == told) {
                continue;
            }
            let mut time = told.unwrap_or(now.as_second());
            if (time - now.as_second()).abs() > BELIEVED {
                odd.skewed.push(name(pod));
                time = now.as_second();
            }
            self.pod(pod, time, index, &mut round, &mut odd);
        }
        if round.samples.is_empty() && !pods.is_empty() {
            round.incidents.push(Incident::new(Trouble::Stale, "", now));
        }
        for (trouble, whom) in [
            (Trouble::Skewed, odd.skewed),
            (Trouble::Refused, odd.refused),
        ] {
            if let Some(first) = whom.first() {
                let incident = Incident::new(trouble, first, now).times(whom.len());
                round.incidents.push(incident);
            }
        }
        round
    }

    fn pod(
        &mut self,
        pod: &PodMetrics,
        time: i64,
        index: &PodIndex,
        round: &mut Round,
        odd: &mut Odd,
    ) {
        let window = pod.window.as_deref().and_then(seconds).unwrap_or(WINDOW);
        for container in &pod.containers {
            let mut value = |column, text: &Option<String>| {
                let quantity = text.as_deref()?.parse::<Quantity>();
                let stored = quantity
                    .ok()
                    .and_then(|q| Column::stored(column, q.to_f64()));
                if stored.is_none() {
                    odd.refused.push(format!("the first of {}", name(pod)));
                }
                stored
            };
            let cpu_cores = value(Column::CpuCores, &container.usage.cpu);
            let memory_bytes = value(Column::MemoryBytes, &container.usage.memory);
            if cpu_cores.is_none() && memory_bytes.is_none() {
                continue;
            }
            round.samples.push(Sample {
                id: self.id(pod, container, index, &mut round.new),
                time,
                window,
                cpu_cores,
                memory_bytes,
            });
        }
    }

    fn id(
        &mut self,
        pod: &PodMetrics,
        container: &ContainerMetrics,
        index: &PodIndex,
        new: &mut Vec<Place>,
    ) -> u32 {
        let (namespace, pod) = (&pod.metadata.namespace, &pod.metadata.name);
        let key = container_key(namespace, pod, &container.name);
        *self.ids.entry(key).or_insert_with(|| {
            let id = self.next;
            self.next += 1;
            new.push(Place {
                id,
                workload: index.workload(namespace, pod),
                namespace: namespace.clone(),
                pod: pod.clone(),
                container: container.name.clone(),
            });
            id
        })
    }

    /// Forgets pods that have not been seen for a while and have no sample in the log.
    pub(super) fn forget(&mut self, tail: &mut Tail, now: Timestamp) {
        let needed: HashSet<u32> = tail.samples.iter().map(|sample| sample.id).collect();
        self.seen
            .retain(|_, (_, read)| now.as_second() - *read < GONE);
        let seen = &self.seen;
        tail.places.retain(|id, place| {
            needed.contains(id) || seen.contains_key(&pod_key(&place.namespace, &place.pod))
        });
        self.ids.retain(|_, id| tail.places.contains_key(id));
    }
}

fn name(pod: &PodMetrics) -> String {
    format!("{}/{}", pod.metadata.namespace, pod.metadata.name)
}

/// The time in the middle of those of all pods.
pub(super) fn median(pods: &[PodMetrics]) -> Option<Timestamp> {
    let mut times: Vec<Timestamp> = pods.iter().filter_map(|pod| pod.timestamp).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// Whole seconds of a duration as Go writes it: `14.717s`, `1m0s`. At least 1.
fn seconds(text: &str) -> Option<u32> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("h", 3_600.0), ("m", 60.0), ("s", 1.0)];
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let (unit, length) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        total += number * length;
    }
    let rounded = format!("{:.0}", total.max(1.0));
    rounded.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_go_writes_them() {
        for (text, expected) in [
            ("14.717s", 15),
            ("1m0s", 60),
            ("1h1m1.4s", 3_661),
            ("200ms", 1),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["x", "5", "s", "1.2.3s", "5 s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    fn pods(time: &str, cpu: &str) -> Vec<PodMetrics> {
        let json = format!(
            r#"[{{"metadata": {{"name": "a", "namespace": "shop"}}, "timestamp": "{time}",
                "window": "15s", "containers": [{{"name": "app", "usage": {{"cpu": "{cpu}", "memory": "1Mi"}}}}]}}]"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn the_same_sample_twice_is_one() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let mut known = Known::default();
        let index = PodIndex::default();
        let first = known.round(&pods("2026-11-24T09:59:50Z", "5m"), &index, now);
        assert_eq!((first.samples.len(), first.new.len()), (1, 1));
        let again = known.round(&pods("2026-11-24T09:59:50Z", "5m"), &index, now);
        assert!(again.samples.is_empty());
        assert_eq!(again.incidents[0].trouble, Trouble::Stale);
        let next = known.round(&pods("2026-11-24T10:00:05Z", "5m"), &index, now);
        assert_eq!((next.samples.len(), next.new.len()), (1, 0));
    }

    #[test]
    fn impossible_times_and_values_are_told() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let mut known = Known::default();
        let round = known.round(
            &pods("1970-01-01T00:00:00Z", "-5"),
            &PodIndex::default(),
            now,
        );
        assert_eq!(round.samples[0].time, now.as_second());
        assert_eq!(round.samples[0].cpu_cores, None);
        let troubles: Vec<Trouble> = round.incidents.iter().map(|i| i.trouble).collect();
        assert_eq!(troubles, [Trouble::Skewed, Trouble::Refused]);
    }

    #[test]
    fn a_log_says_who_has_been_seen() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let mut tail = Tail::default();
        tail.add(Known::default().round(
            &pods("2026-11-24T09:59:50Z", "5m"),
            &PodIndex::default(),
            now,
        ));
        let mut known = Known::of(&tail);
        let again = known.round(
            &pods("2026-11-24T09:59:50Z", "5m"),
            &PodIndex::default(),
            now,
        );
        assert!(again.samples.is_empty());
    }
}
