//! What single devices of a container do over time while it is read, and the little of it
//! that is kept.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::PodIndex;
use crate::snapshot::{DeviceLevel, DeviceUse, Metric, Node, Workload};
use crate::units::{Span, count_from, len_f64};

/// A sample in which more is done than this is work: DCGM has a noise floor.
const ANYTHING: f64 = 0.01;
/// Of devices that a pod had one after the other, it holds those that were told of last.
const TOGETHER: i64 = 3_600;
const DAY: i64 = 86_400;

/// What may be kept of a figure, two bytes each: shares in steps of a ten-thousandth, power
/// in tenths of a watt.
const SHARE: f64 = 10_000.0;
const WATT: f64 = 10.0;
const UNKNOWN: u16 = u16::MAX;

/// The devices of one container of a pod, point by point of the window, by what names each.
#[derive(Debug, Default)]
pub(super) struct Courses(BTreeMap<String, Course>);

/// What one device did.
#[derive(Debug, Default)]
struct Course {
    number: Option<String>,
    busy: Vec<u16>,
    /// The largest of compute and memory.
    full: Vec<u16>,
    watts: Vec<u16>,
    /// Whether what its compute did is told.
    computes: bool,
}

impl Courses {
    /// Takes what a device did up to a point of time; the larger of two figures stays.
    pub(super) fn put(&mut self, id: &str, metric: Metric, point: usize, value: f64) {
        if !self.0.contains_key(id) {
            self.0.insert(id.to_owned(), Course::default());
        }
        let Some(course) = self.0.get_mut(id).filter(|_| value.is_finite()) else {
            return;
        };
        let (column, step) = match metric {
            Metric::GpuUtilization => (&mut course.busy, SHARE),
            Metric::GpuSmActive | Metric::GpuTensorActive => {
                course.computes = true;
                (&mut course.full, SHARE)
            }
            Metric::GpuDramActive => (&mut course.full, SHARE),
            Metric::GpuPowerWatts => (&mut course.watts, WATT),
            _ => return,
        };
        if column.len() <= point {
            column.resize(point + 1, UNKNOWN);
        }
        let value = u16::try_from(count_from((value * step).round())).unwrap_or(UNKNOWN - 1);
        let held = &mut column[point];
        *held = if *held == UNKNOWN {
            value.min(UNKNOWN - 1)
        } else {
            value.min(UNKNOWN - 1).max(*held)
        };
    }

    /// What number a device has on its node.
    pub(super) fn call(&mut self, id: &str, number: &str) {
        if let Some(course) = self.0.get_mut(id).filter(|_| !number.is_empty()) {
            course.number = Some(number.to_owned());
        }
    }

    /// What each device did that is held now, as far as it was from `since` on.
    fn told(
        &self,
        container: &str,
        time: &dyn Fn(usize) -> i64,
        (since, end): (i64, i64),
    ) -> Vec<DeviceUse> {
        let each = self.0.iter();
        let mut all: Vec<DeviceUse> = each
            .filter_map(|(id, course)| course.told((container, id), time, (since, end)))
            .collect();
        let newest = all.iter().map(|it| it.until.as_second()).max();
        let apart = TOGETHER.max(2 * (time(1) - time(0)));
        let from = newest.unwrap_or(0) - apart;
        all.retain(|it| it.until.as_second() >= from);
        all
    }
}

impl Course {
    fn told(
        &self,
        (container, id): (&str, &str),
        time: &dyn Fn(usize) -> i64,
        (since, end): (i64, i64),
    ) -> Option<DeviceUse> {
        let known = |column: &[u16], step: f64, point: usize| {
            let value = column.get(point).filter(|it| **it != UNKNOWN)?;
            Some(f64::from(*value) / step)
        };
        let points = self.busy.len().max(self.full.len()).max(self.watts.len());
        let own = || (0..points).filter(|point| time(*point) > since);
        let column = |column: &[u16], step: f64| {
            let known = own().filter_map(|point| known(column, step, point));
            known.collect::<Vec<f64>>()
        };
        let (mut first, mut last, mut samples) = (None, 0, 0_u32);
        let (mut worked, mut worked_at, mut rest) = (0_usize, None, 0);
        let (mut day, mut days) = (0.0, 0_usize);
        for point in own() {
            let (busy, full) = (
                known(&self.busy, SHARE, point),
                known(&self.full, SHARE, point),
            );
            let Some(done) = busy.into_iter().chain(full).reduce(f64::max) else {
                continue;
            };
            let now = time(point);
            let from = *first.get_or_insert(now);
            (last, samples) = (now, samples.saturating_add(1));
            if done > ANYTHING {
                worked += 1;
                rest = rest.max(now - worked_at.unwrap_or(from));
                worked_at = Some(now);
            }
            let level = full.filter(|_| self.computes).or(busy);
            if let Some(level) = level.filter(|_| now > end - DAY) {
                (day, days) = (day + level, days + 1);
            }
        }
        let stamp = |second: i64| Timestamp::from_second(second).ok();
        let watts = column(&self.watts, WATT);
        Some(DeviceUse {
            container: container.to_owned(),
            id: id.to_owned(),
            number: self.number.clone(),
            samples,
            since: stamp(first?)?,
            until: stamp(last)?,
            worked_ratio: len_f64(worked) / f64::from(samples.max(1)),
            worked_at: worked_at.and_then(stamp),
            longest_rest: Span::from_secs(u32::try_from(rest).unwrap_or(u32::MAX)),
            busy_ratio: level(column(&self.busy, SHARE)),
            full_ratio: level(column(&self.full, SHARE)).filter(|_| self.computes),
            last_day_ratio: (days > 0).then(|| day / len_f64(days)),
            power_watts: level(watts).map(|it| it.mean),
        })
    }
}

fn level(mut values: Vec<f64>) -> Option<DeviceLevel> {
    values.sort_unstable_by(f64::total_cmp);
    let max = *values.last()?;
    let place = (0.95 * len_f64(values.len() - 1)).ceil();
    let place = usize::try_from(count_from(place)).unwrap_or(0);
    Some(DeviceLevel {
        mean: values.iter().sum::<f64>() / len_f64(values.len()),
        p95: values.get(place).copied().unwrap_or(max),
        max,
    })
}

/// The devices of a container of a pod: namespace, pod, container.
pub(super) type OfContainers = BTreeMap<[String; 3], Courses>;

/// Puts what devices did to the pods that hold them now. Of a device that several pods take
/// turns on, nobody's is what it did.
pub(super) fn give(
    devices: &OfContainers,
    (time, end): (&dyn Fn(usize) -> i64, i64),
    nodes: &[Node],
    (pods, workloads): (&PodIndex, &mut [Workload]),
) {
    let shared = nodes
        .iter()
        .filter(|it| it.accelerator.replicas.is_some_and(|it| it > 1));
    let shared: HashSet<&str> = shared.map(|it| it.name.as_str()).collect();
    for ([namespace, name, container], courses) in devices {
        let place = pods.workload(namespace, name);
        let workload = place.and_then(|it| workloads.get_mut(usize::try_from(it).ok()?));
        let pod = workload.and_then(|it| it.pods.iter_mut().find(|pod| pod.name == *name));
        let own = |node: &String| !shared.contains(node.as_str());
        if let Some(pod) = pod.filter(|pod| pod.node.as_ref().is_none_or(own)) {
            // A pod that was there before under the same name had other devices.
            let since = pod.created.map_or(i64::MIN, Timestamp::as_second);
            pod.devices
                .extend(courses.told(container, time, (since, end)));
            pod.devices.sort_by(|a, b| {
                let order = |it: &DeviceUse| {
                    let number: Option<u32> = it.number.as_ref().and_then(|it| it.parse().ok());
                    (
                        it.container.clone(),
                        number,
                        it.number.clone(),
                        it.id.clone(),
                    )
                };
                order(a).cmp(&order(b))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;

    fn time(point: usize) -> i64 {
        i64::try_from(point).unwrap() * 5 * MINUTE
    }

    fn told(courses: &Courses, since: i64) -> Vec<DeviceUse> {
        courses.told("main", &time, (since, time(100)))
    }

    #[test]
    fn what_a_device_did_is_kept_in_short() {
        let mut courses = Courses::default();
        for point in 1..=100 {
            let busy = if point == 40 { 0.9 } else { 0.0 };
            courses.put("a", Metric::GpuUtilization, point, busy);
            courses.put("b", Metric::GpuUtilization, point, 0.5);
            courses.put("b", Metric::GpuSmActive, point, 0.3);
            courses.put("b", Metric::GpuDramActive, point, 0.4);
            courses.put("b", Metric::GpuPowerWatts, point, 350.04);
        }
        courses.call("b", "3");
        let all = told(&courses, i64::MIN);
        let (a, b) = (&all[0], &all[1]);
        assert_eq!(
            (a.samples, a.called().as_str(), b.called().as_str()),
            (100, "a", "GPU 3")
        );
        assert_eq!(a.worked_at, Timestamp::from_second(time(40)).ok());
        assert_eq!(a.longest_rest, Span::from_secs(39 * 300));
        assert_eq!(a.rests_for(), Span::from_secs(60 * 300));
        assert!((a.worked_ratio - 0.01).abs() < 1e-9);
        let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-9;
        assert!(near(b.full_ratio.map(|it| it.p95), 0.4));
        assert!(near(b.last_day_ratio, 0.4) && near(b.power_watts, 350.0));
        assert_eq!(a.full_ratio, None);
    }

    #[test]
    fn devices_that_were_held_before_are_none() {
        let mut courses = Courses::default();
        for point in 1..=100 {
            let id = if point <= 50 { "old" } else { "new" };
            courses.put(id, Metric::GpuUtilization, point, 0.5);
            courses.put("both", Metric::GpuUtilization, point, 0.5);
        }
        let ids: Vec<String> = told(&courses, i64::MIN)
            .into_iter()
            .map(|it| it.id)
            .collect();
        assert_eq!(ids, ["both", "new"]);
        // Of another pod of the same name.
        let both = &told(&courses, time(50))[0];
        assert_eq!(both.samples, 50);
    }
}
