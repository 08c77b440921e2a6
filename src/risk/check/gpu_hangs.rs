use std::ops::Range;

use crate::finding::Severity;
use crate::gpu::Doing;
use crate::recommend::Pool;
use crate::risk::device::{Devices, card, devices, mean, quantile};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::Metric;
use crate::units::Span;

/// An accelerator that is busy all the time and does nothing: a run whose ranks wait for
/// each other for ever keeps a kernel on each device.
pub(super) struct GpuHangs;

/// Something runs for this share of the time at least.
const ALWAYS: f64 = 0.98;
/// Power above its least, of what it drew above it when it worked.
const OF_WORK: f64 = 0.35;
/// Power when it worked, against its least: less is no work.
const WORKED: f64 = 1.5;
/// What memory and tensor units may still do.
const NOTHING: f64 = 0.02;
/// What filled more of a device than this was work.
const FULL_OF_WORK: f64 = 0.2;
/// How long it has to be so, and samples in that.
const LONG: Span = Span::HOUR;
const SAMPLES: usize = 6;

impl Check for GpuHangs {
    fn name(&self) -> &'static str {
        "gpu_hangs"
    }

    fn summary(&self) -> &'static str {
        "GPUs that are busy all the time at the power of doing nothing: a hang"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|_, pool| {
            let devices = devices(pool, &seen.grid);
            let hung: Vec<Found<'_>> = devices
                .iter()
                .filter_map(|it| {
                    let single = each_stands(it, seen, pool);
                    let all = || hangs(it, seen).or_else(|| stands(it, seen, pool));
                    single.or_else(all)
                })
                .collect();
            let first = hung.first();
            first.map_or_else(Sought::fine, |it| {
                Sought::risk(self.risk(seen, pool, it, hung.len()))
            })
        })
    }
}

struct Found<'a> {
    pod: &'a str,
    /// `the GPU of trainer-0`, `GPU 3 of trainer-0`; and whether it is more than one.
    of: String,
    several: bool,
    /// Of one device.
    watts: Option<f64>,
    /// What it drew when it worked; `None` where that is not known.
    worked: Option<f64>,
    /// Whether it was so in the whole window.
    always: bool,
}

/// Devices of a pod that are told of one by one and do nothing while they are busy.
fn each_stands<'a>(devices: &Devices<'a>, seen: &Seen<'_>, pool: &Pool<'_>) -> Option<Found<'a>> {
    let card = card(devices.pod, seen, pool);
    let hung = devices.each.iter().filter_map(|it| {
        let stands = it.stands.as_ref()?;
        let seconds = it.until.as_second() - stands.since.as_second();
        let lasts = seconds + i64::from(it.every.as_secs()) >= i64::from(LONG.as_secs());
        // What it does now is not told where its figures have ended.
        let is_now = seen.grid.end().as_second() - it.until.as_second() < i64::from(LONG.as_secs());
        let worked = it.full_ratio.is_some_and(|it| it.max > FULL_OF_WORK);
        let is_often = usize::try_from(stands.samples).is_ok_and(|it| it >= SAMPLES);
        let hangs = Doing::of_stand(stands, card).hangs(worked);
        (lasts && is_now && is_often && hangs).then_some((*it, stands))
    });
    let hung: Vec<_> = hung.collect();
    let watts: Vec<f64> = hung.iter().filter_map(|it| it.1.power_watts).collect();
    let names: Vec<String> = hung.iter().map(|it| it.0.called()).collect();
    let of = match names.len() {
        0 => return None,
        count if count == devices.each.len() => devices.called(),
        _ => format!("{} of {}", names.join(", "), devices.pod),
    };
    Some(Found {
        pod: devices.pod,
        of,
        several: hung.len() > 1,
        watts: mean(&watts),
        worked: None,
        always: hung.iter().all(|it| it.1.samples == it.0.samples),
    })
}

fn hangs<'a>(device: &Devices<'a>, seen: &Seen<'_>) -> Option<Found<'a>> {
    let now = device.newest(&seen.grid, LONG);
    let busy = device.known(Metric::GpuUtilization, now.clone());
    if busy.len() < SAMPLES || busy.iter().any(|it| *it < ALWAYS) {
        return None;
    }
    let idle = |metric: Metric| {
        let known = device.known(metric, now.clone());
        known.iter().all(|it| *it <= NOTHING)
    };
    if !idle(Metric::GpuDramActive) || !idle(Metric::GpuTensorActive) {
        return None;
    }
    let watts = mean(&device.known(Metric::GpuPowerWatts, now))?;
    let all = device.known(Metric::GpuPowerWatts, 0..device.len());
    let (least, worked) = (quantile(all.clone(), 0.01)?, quantile(all, 0.9)?);
    let of_one = |watts: f64| watts / device.summed(Metric::GpuPowerWatts);
    let does = (watts - least) / (worked - least).max(1.0);
    (worked >= WORKED * least && does <= OF_WORK).then(|| Found {
        pod: device.pod,
        of: device.called(),
        several: device.units > 1.0,
        watts: Some(of_one(watts)),
        worked: Some(of_one(worked)),
        always: false,
    })
}

/// What does nothing by what a device of its product draws then, or by what its
/// multiprocessors and memory do: its own past need not tell.
fn stands<'a>(device: &Devices<'a>, seen: &Seen<'_>, pool: &Pool<'_>) -> Option<Found<'a>> {
    let now = device.newest(&seen.grid, LONG);
    if device.known(Metric::GpuUtilization, now.clone()).len() < SAMPLES {
        return None;
    }
    let card = card(device.pod, seen, pool);
    let most = quantile(device.known(Metric::GpuSmActive, 0..device.len()), 1.0);
    let worked = most.is_some_and(|it| it > FULL_OF_WORK);
    let doing = |places: &Range<usize>| {
        let level = |metric: Metric| mean(&device.known(metric, places.clone()));
        let compute = level(Metric::GpuSmActive);
        let (dram, tensor) = (level(Metric::GpuDramActive), level(Metric::GpuTensorActive));
        let larger = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::max);
        let watts = level(Metric::GpuPowerWatts);
        let watts = watts.map(|it| it / device.summed(Metric::GpuPowerWatts));
        let power = watts.zip(card);
        let doing = Doing {
            busy: level(Metric::GpuUtilization)?,
            full: compute.and_then(|it| larger(Some(it), dram)),
            moved: larger(dram, tensor),
            power: power.map(|(watts, card)| card.fullness_at(watts)),
        };
        Some((doing.hangs(worked), watts))
    };
    let (hangs, watts) = doing(&now)?;
    hangs.then(|| Found {
        pod: device.pod,
        of: device.called(),
        several: device.units > 1.0,
        watts,
        worked: None,
        always: doing(&(0..device.len())).is_some_and(|it| it.0),
    })
}

impl GpuHangs {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, found: &Found<'_>, pods: usize) -> Risk {
        let pod = found.pod;
        let hang = if found.several { "hang" } else { "hangs" };
        let others = match pods {
            1 => String::new(),
            2 => " and of one pod more".to_owned(),
            more => format!(" and of {} pods more", more - 1),
        };
        let (is, it, each) = if found.several {
            ("are", "they", " each")
        } else {
            ("is", "it", "")
        };
        let at = found
            .watts
            .map_or_else(String::new, |watts| format!(" at {watts:.0} W{each}"));
        let how = found.worked.map_or_else(
            || {
                let when = if found.always {
                    "in the whole window"
                } else {
                    "in the last hour"
                };
                format!("{at}, and computed nothing {when}")
            },
            |watts| format!("{at}, where {it} drew {watts:.0} W when {it} worked"),
        );
        let number = |name, value: Option<f64>| value.map(|it| Evidence::number(name, it));
        let figures = [
            number("power_watts", found.watts),
            number("worked_watts", found.worked),
            Some(Evidence::text("pod", pod)),
        ];
        Risk {
            severity: Severity::High,
            text: format!(
                "{}{others} {is} busy all the time{how}: {it} {hang}",
                found.of
            ),
            evidence: figures.into_iter().flatten().collect(),
            action: Action::new(
                "look where its ranks wait for each other, end the run, and begin again from the \
                 last checkpoint"
                    .to_owned(),
            ),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
