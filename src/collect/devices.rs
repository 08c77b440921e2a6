//! What single devices of a container do over time while it is read, and the little of it
//! that is kept.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::PodIndex;
use crate::snapshot::{
    DeviceClock, DeviceError, DeviceLevel, DeviceMemory, DeviceSample, DeviceStand, DeviceUse,
    Metric, Node, Pod, Workload, begun, clock_held, stand, works,
};
use crate::units::{Span, count_from, len_f64};

/// Of devices that a pod had one after the other, it holds those that were told of last.
const TOGETHER: i64 = 3_600;
const DAY: i64 = 86_400;

const HOUR: i64 = 3_600;
/// Above and below what a device runs hard and hardly runs.
const HARD: f64 = 0.5;
const HARDLY: f64 = 0.1;
/// Clocks tell of a device that runs for more than this share of the time, in so many samples.
const WORKS: f64 = 0.5;
const FEWEST: usize = 12;
/// An hour is used where more than this is done in more than this share of it.
const USED: (f64, f64) = (0.02, 0.05);

/// What is kept of a figure, two bytes each, and in which steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Figure {
    Busy,
    Sm,
    Tensor,
    Dram,
    Watts,
    Used,
    Total,
    Clock,
    Xid,
}

const UNKNOWN: u16 = u16::MAX;

impl Figure {
    fn of(metric: Metric) -> Option<Self> {
        Some(match metric {
            Metric::GpuUtilization => Self::Busy,
            Metric::GpuSmActive => Self::Sm,
            Metric::GpuTensorActive => Self::Tensor,
            Metric::GpuDramActive => Self::Dram,
            Metric::GpuPowerWatts => Self::Watts,
            Metric::GpuMemoryBytes => Self::Used,
            Metric::GpuMemoryTotalBytes => Self::Total,
            Metric::GpuClockHertz => Self::Clock,
            Metric::GpuXid => Self::Xid,
            _ => return None,
        })
    }

    /// Steps in one of its unit: shares in ten-thousandths, power in tenths of a watt, memory
    /// in 16 MiB, clocks in megahertz.
    fn steps(self) -> f64 {
        match self {
            Self::Busy | Self::Sm | Self::Tensor | Self::Dram => 10_000.0,
            Self::Watts => 10.0,
            Self::Used | Self::Total => 1.0 / f64::from(16 << 20),
            Self::Clock => 1e-6,
            Self::Xid => 1.0,
        }
    }
}

/// The devices of one container of a pod, point by point of the window, by what names each.
#[derive(Debug, Default)]
pub(super) struct Courses(BTreeMap<String, Course>);

/// What one device did.
#[derive(Debug, Default)]
struct Course {
    number: Option<String>,
    figures: BTreeMap<Figure, Vec<u16>>,
}

impl Courses {
    /// Takes what a device did up to a point of time; the larger of two figures stays.
    pub(super) fn put(&mut self, id: &str, metric: Metric, point: usize, value: f64) {
        if !self.0.contains_key(id) {
            self.0.insert(id.to_owned(), Course::default());
        }
        let course = self.0.get_mut(id).filter(|_| value.is_finite());
        let Some((course, figure)) = course.zip(Figure::of(metric)) else {
            return;
        };
        let column = course.figures.entry(figure).or_default();
        if column.len() <= point {
            column.resize(point + 1, UNKNOWN);
        }
        let value = u16::try_from(count_from((value * figure.steps()).round()));
        let value = value.unwrap_or(UNKNOWN - 1).min(UNKNOWN - 1);
        let held = &mut column[point];
        *held = if *held == UNKNOWN {
            value
        } else {
            value.max(*held)
        };
    }

    /// What number a device has on its node.
    pub(super) fn call(&mut self, id: &str, number: &str) {
        if let Some(course) = self.0.get_mut(id).filter(|_| !number.is_empty()) {
            course.number = Some(number.to_owned());
        }
    }

    /// What each device did that is held now, as far as it was in this time.
    fn told(&self, container: &str, window: &Window<'_>) -> Vec<DeviceUse> {
        // What they did before they began to work says nothing of what they do.
        let begun = self.begun(window);
        let late = Window {
            since: begun.map_or(window.since, |it| it - 1),
            ..*window
        };
        let each = self.0.iter();
        let all: Vec<DeviceUse> = each
            .filter_map(|(id, course)| {
                let whole = Own { course, window };
                let window = &late;
                let told = Own { course, window }.told(container, id)?;
                // An error stays, whenever it was.
                let error = whole.error();
                let began = begun.and_then(|it| Timestamp::from_second(it).ok());
                Some(DeviceUse {
                    began,
                    error,
                    ..told
                })
            })
            .collect();
        let newest = all.iter().map(|it| it.until.as_second()).max();
        let apart = TOGETHER.max(2 * window.step());
        let from = newest.unwrap_or(0) - apart;
        let (mut all, before): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| it.until.as_second() >= from);
        let began = before.into_iter().map(|it| it.until).max();
        for device in &mut all {
            device.began = device.began.max(began.filter(|at| *at <= device.since));
        }
        all
    }

    /// The second since when any of them is at work without a break, where none did anything
    /// before.
    fn begun(&self, window: &Window<'_>) -> Option<i64> {
        let all: Vec<Own<'_>> = self
            .0
            .values()
            .map(|course| Own { course, window })
            .collect();
        let mut done: BTreeMap<i64, f64> = BTreeMap::new();
        for own in &all {
            for (at, done_now) in own.known(|it| own.done(it)) {
                let held = done.entry(at).or_insert(0.0);
                *held = held.max(done_now);
            }
        }
        // A sample speaks for the time before it.
        let of = |at: i64| (at - 1).div_euclid(HOUR);
        let first = of(*done.keys().next()?);
        let mut hours: Vec<(f64, f64)> = Vec::new();
        for (at, done) in &done {
            let place = usize::try_from(of(*at) - first).ok()?;
            if hours.len() <= place {
                hours.resize(place + 1, (0.0, 0.0));
            }
            let held = &mut hours[place];
            *held = (held.0 + f64::from(u8::from(*done > USED.0)), held.1 + 1.0);
        }
        let used = |it: &(f64, f64)| (it.1 > 0.0).then_some(it.0 > USED.1 * it.1);
        let hours: Vec<Option<bool>> = hours.iter().map(used).collect();
        let hour = first + i64::try_from(begun(&hours)?).ok()?;
        let mut works = done.iter().filter(|it| *it.1 > USED.0);
        works.find(|it| of(*it.0) >= hour).map(|it| *it.0)
    }
}

/// The time in which a pod is looked at: when each point was, from when on and to when.
struct Window<'a> {
    time: &'a dyn Fn(usize) -> i64,
    since: i64,
    end: i64,
}

impl Window<'_> {
    fn step(&self) -> i64 {
        (self.time)(1) - (self.time)(0)
    }
}

/// What a device did in that time.
struct Own<'a> {
    course: &'a Course,
    window: &'a Window<'a>,
}

impl Own<'_> {
    fn at(&self, figure: Figure, point: usize) -> Option<f64> {
        let column = self.course.figures.get(&figure)?;
        let value = column.get(point).filter(|it| **it != UNKNOWN)?;
        Some(f64::from(*value) / figure.steps())
    }

    fn time(&self, point: usize) -> i64 {
        (self.window.time)(point)
    }

    fn points(&self) -> impl DoubleEndedIterator<Item = usize> {
        let columns = self.course.figures.values();
        let all = 0..columns.map(Vec::len).max().unwrap_or(0);
        all.filter(|point| self.time(*point) > self.window.since)
    }

    fn tells(&self, figure: Figure) -> bool {
        self.course.figures.contains_key(&figure)
    }

    /// The largest of what its compute and its memory did.
    fn full(&self, point: usize) -> Option<f64> {
        [Figure::Sm, Figure::Tensor, Figure::Dram]
            .into_iter()
            .filter_map(|it| self.at(it, point))
            .reduce(f64::max)
    }

    /// The larger of what its memory and its tensor units did.
    fn moved(&self, point: usize) -> Option<f64> {
        let both = [Figure::Dram, Figure::Tensor].into_iter();
        both.filter_map(|it| self.at(it, point)).reduce(f64::max)
    }

    /// Whether what its compute did is told.
    fn computes(&self) -> bool {
        self.tells(Figure::Sm) || self.tells(Figure::Tensor)
    }

    fn done(&self, point: usize) -> Option<f64> {
        let both = self.at(Figure::Busy, point).into_iter();
        both.chain(self.full(point)).reduce(f64::max)
    }

    /// Known values of points that are in use, in order.
    fn known(&self, of: impl Fn(usize) -> Option<f64>) -> Vec<(i64, f64)> {
        let points = self.points();
        let known = points.filter_map(|it| Some((self.time(it), of(it)?)));
        known.collect()
    }

    fn level(&self, figure: Figure) -> Option<DeviceLevel> {
        level(self.known(|it| self.at(figure, it)))
    }

    fn told(&self, container: &str, id: &str) -> Option<DeviceUse> {
        // Power is all that some exporters tell.
        let sampled = self.known(|it| self.done(it).or_else(|| self.at(Figure::Watts, it)));
        let ((since, _), (until, _)) = (*sampled.first()?, *sampled.last()?);
        let done = self.known(|it| self.done(it));
        let works = self.known(|it| self.works(it).then_some(1.0));
        let (mut worked, mut worked_at, mut rest) = (0_usize, None, 0);
        for (now, _) in &works {
            worked += 1;
            rest = rest.max(now - worked_at.unwrap_or(since));
            worked_at = Some(*now);
        }
        let day = self.window.end - DAY;
        let levels = self.known(|it| {
            let full = self.full(it).filter(|_| self.computes());
            full.or_else(|| self.at(Figure::Busy, it))
        });
        let stamp = |second: i64| Timestamp::from_second(second).ok();
        let full = self.known(|it| self.full(it));
        Some(DeviceUse {
            container: container.to_owned(),
            id: id.to_owned(),
            number: self.course.number.clone(),
            samples: u32::try_from(sampled.len()).unwrap_or(u32::MAX),
            every: Span::from_secs(u32::try_from(self.window.step()).unwrap_or(0)),
            since: stamp(since)?,
            until: stamp(until)?,
            began: None,
            worked_ratio: len_f64(worked) / len_f64(done.len().max(1)),
            worked_at: worked_at.and_then(stamp),
            longest_rest: Span::from_secs(u32::try_from(rest).unwrap_or(u32::MAX)),
            busy_ratio: self.level(Figure::Busy),
            full_ratio: level(full).filter(|_| self.computes()),
            sm_ratio: self.level(Figure::Sm),
            tensor_ratio: self.level(Figure::Tensor),
            dram_ratio: self.level(Figure::Dram),
            last_day_ratio: mean(levels.iter().filter(|(at, _)| *at > day)),
            newest_ratio: mean(levels.iter().filter(|(at, _)| *at > until - HOUR)),
            power_watts: self.level(Figure::Watts).map(|it| it.mean),
            power: self.level(Figure::Watts),
            memory: self.memory(day),
            clock: self.clock(day),
            error: self.error(),
            stands: self.stands(),
            turns: self.turns(),
        })
    }

    fn memory(&self, day: i64) -> Option<DeviceMemory> {
        let used = self.known(|it| self.at(Figure::Used, it));
        let total = self.level(Figure::Total).map(|it| it.max);
        let newest = used.iter().filter(|(at, _)| *at > day).map(|it| it.1);
        let newest = newest.reduce(f64::max);
        let level = level(used.clone())?;
        Some(DeviceMemory {
            mean_bytes: level.mean,
            p95_bytes: level.p95,
            max_bytes: level.max,
            before_bytes: quantile(used, 0.25)?,
            last_day_bytes: newest,
            total_bytes: total,
        })
    }

    fn clock(&self, day: i64) -> Option<DeviceClock> {
        let works = |it: usize| self.at(Figure::Busy, it).is_some_and(|it| it > WORKS);
        let all = self.known(|it| self.at(Figure::Clock, it).filter(|_| works(it)));
        let newest = all.iter().filter(|(at, _)| *at > day);
        if newest.clone().count() < FEWEST {
            return None;
        }
        let best = quantile(all.clone(), 0.99)?;
        let watts = self.known(|it| self.at(Figure::Watts, it).filter(|_| works(it)));
        let watts: BTreeMap<i64, f64> = watts.into_iter().collect();
        let samples = all.iter();
        let samples: Vec<_> = samples
            .map(|(at, hertz)| (*at, *hertz, watts.get(at).copied()))
            .collect();
        Some(DeviceClock {
            last_day_hertz: mean(newest)?,
            best_hertz: best,
            held: clock_held(&samples, best),
        })
    }

    /// The newest error that began in the time, else the one that stands in all of it.
    fn error(&self) -> Option<DeviceError> {
        let all = self.known(|it| self.at(Figure::Xid, it));
        let code = |value: f64| u32::try_from(count_from(value)).unwrap_or(0);
        let began = all.windows(2).rev().find_map(|pair| match pair {
            [(_, before), (at, now)] if code(*now) > 0 && code(*now) != code(*before) => {
                Some((*at, code(*now)))
            }
            _ => None,
        });
        if let Some((at, code)) = began {
            let since = Timestamp::from_second(at).ok();
            return Some(DeviceError { code, since });
        }
        let first = code(all.first()?.1);
        let stands = first > 0 && all.iter().all(|it| code(it.1) == first);
        stands.then_some(DeviceError {
            code: first,
            since: None,
        })
    }

    /// Up to the newest sample, the stretch in which something ran all the time and moved
    /// nothing.
    fn stands(&self) -> Option<DeviceStand> {
        let compute = self.tells(Figure::Sm);
        let sample = |point: usize| DeviceSample {
            at: self.time(point),
            busy: self.at(Figure::Busy, point),
            full: self.full(point).filter(|_| compute),
            moved: self.moved(point),
            watts: self.at(Figure::Watts, point),
        };
        let samples: Vec<DeviceSample> = self.points().map(sample).collect();
        stand(&samples)
    }

    /// Whether it did anything.
    fn works(&self, point: usize) -> bool {
        let units = [Figure::Sm, Figure::Tensor, Figure::Dram];
        let done = self.done(point).unwrap_or(0.0);
        works(done, units.map(|it| self.at(it, point)))
    }

    /// Changes between running hard and hardly running ÷ samples.
    fn turns(&self) -> f64 {
        let done = self.known(|it| self.done(it));
        let far = done.iter().filter(|(_, it)| *it >= HARD || *it <= HARDLY);
        let hard: Vec<bool> = far.map(|(_, it)| *it >= HARD).collect();
        let turns = hard.windows(2).filter(|pair| pair[0] != pair[1]).count();
        len_f64(turns) / len_f64(done.len().max(1))
    }
}

fn mean<'a>(values: impl IntoIterator<Item = &'a (i64, f64)>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_usize);
    for (_, value) in values {
        (sum, count) = (sum + value, count + 1);
    }
    (count > 0).then(|| sum / len_f64(count))
}

fn sorted(values: impl IntoIterator<Item = (i64, f64)>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().map(|it| it.1).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The value that so many of them are at or below.
fn rank(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (share * len_f64(sorted.len().checked_sub(1)?)).ceil();
    sorted
        .get(usize::try_from(count_from(place)).ok()?)
        .copied()
}

fn quantile(values: Vec<(i64, f64)>, share: f64) -> Option<f64> {
    rank(&sorted(values), share)
}

/// The largest 95th percentile of an hour of the day.
fn busiest(values: &[(i64, f64)]) -> Option<f64> {
    let mut hours: BTreeMap<i64, Vec<(i64, f64)>> = BTreeMap::new();
    for it in values {
        // A sample speaks for the time before it.
        let hour = (it.0 - 1).rem_euclid(DAY) / HOUR;
        hours.entry(hour).or_default().push(*it);
    }
    let each = hours.into_values().filter_map(|it| quantile(it, 0.95));
    each.reduce(f64::max)
}

fn level(values: Vec<(i64, f64)>) -> Option<DeviceLevel> {
    let busiest = busiest(&values);
    let values = sorted(values);
    let max = *values.last()?;
    Some(DeviceLevel {
        mean: values.iter().sum::<f64>() / len_f64(values.len()),
        p95: rank(&values, 0.95).unwrap_or(max),
        p99: rank(&values, 0.99),
        max,
        busiest,
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
            let told = courses.told(container, &Window { time, since, end });
            // One alone of a pod that asks for one is what its container is.
            if told.len() > 1 || asks_for_several(pod) {
                pod.devices.extend(told);
            }
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

fn asks_for_several(pod: &Pod) -> bool {
    pod.requests.is_empty() || pod.requests.gpu_units() > 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;

    fn time(point: usize) -> i64 {
        i64::try_from(point).unwrap() * 5 * MINUTE
    }

    fn told(courses: &Courses, since: i64) -> Vec<DeviceUse> {
        let window = Window {
            time: &time,
            since,
            end: time(100),
        };
        courses.told("main", &window)
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
