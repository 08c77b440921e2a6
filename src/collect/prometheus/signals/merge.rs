//! What was read, to where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::place::Place;
use super::{Course, Sample, Signals, conditions};
use crate::collect::devices::{OfContainers, give};
use crate::collect::{Column, Resolved, UsageBuilder};
use crate::snapshot::{
    Container, ContainerKind, Grid, Metric, Restarts, Termination, VolumeUse, Workload,
};
use crate::units::{Bytes, count_from};

/// What the kernel's SIGKILL leaves as exit code.
const KILLED: i32 = 137;

/// Two clocks tell the time of the same end up to so many seconds apart.
const SAME: i64 = 2;

/// Seconds between points that are kept of what is long past, and how long ago that is.
const FEW: i64 = 6 * 3_600;
const PAST: i64 = 3 * 86_400;

/// The newest point of each six hours, counted back from the last of all, and every one of
/// the last three days.
fn thinned(course: &Course) -> Course {
    let last = course.keys().next_back().copied().unwrap_or(0);
    let mut kept: BTreeMap<i64, i64> = BTreeMap::new();
    for time in course.keys() {
        let ago = last - time;
        let each = if ago <= PAST { ago } else { PAST + ago / FEW };
        kept.insert(each, *time);
    }
    let points = kept.into_values();
    points
        .filter_map(|time| Some((time, *course.get(&time)?)))
        .collect()
}

impl Signals {
    /// Puts samples beside those of CPU and memory, and ends, restarts and volumes
    /// into the objects. What belongs to no known container is left out.
    pub fn merge(mut self, usage: &mut UsageBuilder, resolved: &mut Resolved) {
        // Each column goes when it is in the other place.
        let samples = std::mem::take(&mut self.samples);
        let nodes = samples.keys().any(|(place, _)| place.is_node());
        let holders = if nodes {
            sole_holders(resolved)
        } else {
            BTreeMap::new()
        };
        for (node, devices) in &self.ownerless {
            if !holders.contains_key(node) {
                resolved.gaps.push(super::gpu::of_nobody(node, devices));
            }
        }
        for ((mut place, metric), samples) in samples {
            let mut since = i64::MIN;
            if place.is_node() {
                let Some((holder, created)) = holders.get(&place.container) else {
                    continue;
                };
                (place, since) = (holder.clone(), *created);
            }
            let Some(workload) = find(resolved, &place) else {
                continue;
            };
            if let Some(container) = target(workload, &place, metric) {
                let series = usage.open(&place.namespace, &place.pod, &container.name);
                let first = self.grid.start.as_second();
                let own = |it: &Sample| first + i64::from(it.offset) > since;
                for sample in samples.into_iter().filter(own) {
                    if let Some(slot) = self.slot(usage.grid(), sample) {
                        let value = f64::from(sample.value);
                        usage.set(series, Column::More(metric), slot, value);
                    }
                }
            }
        }
        self.merge_devices(resolved, &holders);
        self.merge_ends(resolved);
        self.merge_levels(resolved);
    }

    /// What single devices did, to the pods that hold them.
    fn merge_devices(&mut self, resolved: &mut Resolved, holders: &Holders) {
        let mut own = OfContainers::new();
        for (mut place, courses) in std::mem::take(&mut self.devices) {
            if place.is_node() {
                let Some((holder, _)) = holders.get(&place.container) else {
                    continue;
                };
                place = holder.clone();
            }
            let workload = find(resolved, &place);
            let container = workload.and_then(|it| target(it, &place, Metric::GpuUtilization));
            if let Some(container) = container {
                let key = [place.namespace, place.pod, container.name.clone()];
                own.insert(key, courses);
            }
        }
        let (start, step) = (
            self.grid.start.as_second(),
            i64::from(self.grid.step.as_secs().max(1)),
        );
        // The first point is at the start of the window.
        let time = |point: usize| start + i64::try_from(point).unwrap_or(0) * step;
        let end = self.grid.end().as_second();
        let owners = (&resolved.pods, resolved.workloads.as_mut_slice());
        give(&own, (&time, end), &resolved.cluster.nodes, owners);
    }

    /// The slot that ends with the time that a sample speaks for.
    fn slot(&self, grid: &Grid, sample: Sample) -> Option<u32> {
        let time = self.grid.start.as_second() + i64::from(sample.offset);
        let offset = time - 1 - grid.start.as_second();
        let slot = u32::try_from(offset.div_euclid(i64::from(grid.step.as_secs().max(1))));
        slot.ok().filter(|slot| *slot < grid.len)
    }

    fn merge_ends(&self, resolved: &mut Resolved) {
        let ends = &self.ends;
        for (place, seconds) in &ends.exact {
            if let Some((_, container)) = find_mut(resolved, place) {
                for second in seconds {
                    add_exact(container, &place.pod, *second);
                }
            }
        }
        for (place, kills) in &ends.within {
            if let Some((_, container)) = find_mut(resolved, place) {
                for ((from, to), count) in kills {
                    add_within(container, &place.pod, (*from, *to), *count);
                }
            }
        }
        for (place, times) in &ends.restarts {
            let Some((is_there, container)) = find_mut(resolved, place) else {
                continue;
            };
            let times = times.iter().filter_map(|((_, to), count)| {
                Some(Restarts {
                    pod: place.pod.clone(),
                    until: Timestamp::from_second(*to).ok()?,
                    count: u32::try_from(*count).unwrap_or(u32::MAX),
                })
            });
            let times: Vec<Restarts> = times.collect();
            // What is there says itself how often it was restarted.
            if !is_there {
                let all = times.iter().map(|it| it.count);
                container.restarts = all.fold(container.restarts, u32::saturating_add);
            }
            container.restarts_at.extend(times);
        }
        for workload in &mut resolved.workloads {
            for container in &mut workload.containers {
                let order = |end: &Termination| (end.finished, end.pod.clone());
                container.terminations.sort_by_key(order);
                container
                    .restarts_at
                    .sort_by(|a, b| (a.until, &a.pod).cmp(&(b.until, &b.pod)));
            }
        }
    }

    fn merge_levels(&self, resolved: &mut Resolved) {
        for (place, bytes) in &self.high_water {
            if let Some((_, container)) = find_mut(resolved, place) {
                container.memory_high_water = container.memory_high_water.max(Some(*bytes));
            }
        }
        for claim in &mut resolved.cluster.volume_claims {
            let key = (claim.namespace.clone(), claim.name.clone());
            if let Some(volume) = self.volumes.get(&key) {
                (claim.used, claim.capacity) = (volume.used, volume.capacity);
                claim.inodes = volume.inodes.map(|it| it.0);
            }
            let course = self.courses.get(&key).map(thinned).into_iter().flatten();
            let points = course.filter_map(|(time, (bytes, inodes))| {
                Some(VolumeUse {
                    at: Timestamp::from_second(time).ok()?,
                    used: bytes.map(Bytes::from_f64),
                    inodes_used: inodes.map(count_from),
                })
            });
            claim.history = points.collect();
        }
        if let Some(conditions) = &self.conditions {
            conditions::merge(conditions, &mut resolved.cluster.nodes);
        }
        resolved.cluster.certificates.clone_from(&self.certificates);
        resolved.cluster.certificates.sort();
        resolved.cluster.certificates.dedup();
    }
}

/// By node, the pod that holds its devices, and since when.
type Holders = BTreeMap<String, (Place, i64)>;

/// Of nodes of which one pod has all devices that pod: they can be of no other.
fn sole_holders(resolved: &Resolved) -> Holders {
    let nodes = resolved.cluster.nodes.iter();
    let whole = nodes.filter(|it| it.accelerator.replicas.is_none_or(|it| it <= 1));
    let units: BTreeMap<&str, f64> = whole
        .map(|it| (it.name.as_str(), it.capacity.gpu_units()))
        .filter(|it| it.1 > 0.0)
        .collect();
    let mut holders: BTreeMap<String, Vec<(Place, i64)>> = BTreeMap::new();
    let mut parts: BTreeSet<String> = BTreeSet::new();
    for workload in &resolved.workloads {
        for pod in workload.pods.iter().filter(|it| it.requests.gpus() > 0.0) {
            let all = pod.node.as_ref().and_then(|it| units.get(it.as_str()));
            let Some((node, all)) = pod.node.as_ref().zip(all) else {
                continue;
            };
            if (pod.requests.gpu_units() - all).abs() > 1e-9 {
                parts.insert(node.clone());
                continue;
            }
            let place = Place {
                namespace: workload.id.namespace.clone(),
                pod: pod.name.clone(),
                container: String::new(),
            };
            let since = pod.created.map_or(i64::MIN, Timestamp::as_second);
            holders
                .entry(node.clone())
                .or_default()
                .push((place, since));
        }
    }
    let alone = holders
        .into_iter()
        .filter(|(node, all)| all.len() == 1 && !parts.contains(node));
    alone
        .filter_map(|(node, all)| Some((node, all.into_iter().next()?)))
        .collect()
}

fn find<'a>(resolved: &'a Resolved, place: &Place) -> Option<&'a Workload> {
    let found = resolved.pods.workload(&place.namespace, &place.pod)?;
    resolved.workloads.get(usize::try_from(found).ok()?)
}

/// The container, and whether its pod is there now.
fn find_mut<'a>(resolved: &'a mut Resolved, place: &Place) -> Option<(bool, &'a mut Container)> {
    let found = resolved.pods.workload(&place.namespace, &place.pod)?;
    let workload = resolved.workloads.get_mut(usize::try_from(found).ok()?)?;
    let is_there = workload.pods.iter().any(|pod| pod.name == place.pod);
    let mut containers = workload.containers.iter_mut();
    let container = containers.find(|container| container.name == place.container)?;
    Some((is_there, container))
}

/// The container whose series a sample stands on.
fn target<'a>(workload: &'a Workload, place: &Place, metric: Metric) -> Option<&'a Container> {
    let mut containers = workload.containers.iter();
    match metric {
        metric if metric.is_of_pods() => containers
            .find(|container| container.kind == ContainerKind::App)
            .or(workload.containers.first()),
        // What asks for no device uses none: of an idle device an exporter may
        // name its own pod.
        metric if metric.is_of_devices() => {
            let asks = |container: &&Container| {
                let asks = container.requests.gpus() > 0.0 || container.limits.gpus() > 0.0;
                asks || !workload.claims.is_empty()
            };
            // Exporters of some clouds know the pod alone.
            let is_meant =
                |it: &&Container| place.container.is_empty() || it.name == place.container;
            let mut pods = workload.pods.iter();
            // Of containers that are called alike the workload has one, which may be of a
            // pod without devices.
            let mut holds = || pods.any(|it| it.name == place.pod && it.requests.gpus() > 0.0);
            let found = containers.clone().filter(asks).find(is_meant);
            found.or_else(|| containers.find(is_meant).filter(|_| holds()))
        }
        metric if metric.is_of_serving() => {
            let named = containers.clone().find(|it| it.name == place.container);
            let holds = |container: &&Container| container.requests.gpus() > 0.0;
            let main = || workload.containers.iter().find(holds);
            named
                .or_else(main)
                .or_else(|| containers.find(|container| container.kind == ContainerKind::App))
        }
        _ => containers.find(|container| container.name == place.container),
    }
}

fn kills<'a>(container: &'a Container, pod: &'a str) -> impl Iterator<Item = &'a Termination> {
    let all = container.terminations.iter();
    all.filter(move |end| end.reason == "OOMKilled" && end.pod == pod)
}

fn add_exact(container: &mut Container, pod: &str, second: i64) {
    let is_known = kills(container, pod).any(|end| {
        end.finished
            .is_none_or(|at| (at.as_second() - second).abs() <= SAME)
    });
    if !is_known {
        container.terminations.push(kill(pod, second));
    }
}

/// As many more as are not known within the time, which may be scraped a step
/// late: an end is told from the step before on.
fn add_within(container: &mut Container, pod: &str, (from, to): (i64, i64), count: u64) {
    let early = from - (to - from);
    let known = kills(container, pod)
        .filter(|end| {
            end.finished
                .is_none_or(|at| (early..=to + SAME).contains(&at.as_second()))
        })
        .count();
    for _ in u64::try_from(known).unwrap_or(u64::MAX)..count {
        container.terminations.push(kill(pod, to));
    }
}

fn kill(pod: &str, second: i64) -> Termination {
    Termination {
        pod: pod.to_owned(),
        reason: "OOMKilled".to_owned(),
        exit_code: KILLED,
        started: None,
        finished: jiff::Timestamp::from_second(second).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(container: &Container) -> Vec<i64> {
        let times = container.terminations.iter();
        times
            .filter_map(|end| Some(end.finished?.as_second()))
            .collect()
    }

    #[test]
    fn one_kill_is_one_however_many_tell_of_it() {
        let mut container = Container::default();
        container.terminations.push(kill("a", 1_000));
        add_exact(&mut container, "a", 1_001);
        add_within(&mut container, "a", (900, 1_200), 1);
        assert_eq!(ends(&container), [1_000]);
        // Two in that time, of which one is known; and one of another pod.
        add_within(&mut container, "a", (900, 1_200), 2);
        add_exact(&mut container, "b", 1_000);
        assert_eq!(ends(&container), [1_000, 1_200, 1_000]);
    }
}
