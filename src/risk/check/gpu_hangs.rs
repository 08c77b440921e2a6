use jiff::Timestamp;

use crate::finding::Severity;
use crate::gpu::Hang;
use crate::recommend::Pool;
use crate::risk::device::{Devices, card, devices, mean};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{DeviceSample, DeviceStand, Metric, stand};
use crate::units::Span;

/// An accelerator that is busy all the time and does nothing: a run whose ranks wait for
/// each other for ever keeps a kernel on each device.
pub(super) struct GpuHangs;

/// What was told of so long ago at most is so now.
const NOW: Span = Span::HOUR;

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
            let hung = devices.iter();
            let hung: Vec<Found<'_>> = hung
                .filter_map(|it| each_hangs(it, seen, pool).or_else(|| all_hang(it, seen, pool)))
                .collect();
            // The pod that has hung for longest.
            let first = hung.iter().min_by_key(|it| it.since);
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
    since: Timestamp,
    /// How often something runs, where it does so least.
    often: String,
    /// Of one device.
    watts: Option<f64>,
    /// What it drew when it worked; `None` where it did not.
    worked: Option<f64>,
    /// Whether it was so in the whole window.
    always: bool,
}

/// Devices of a pod that are told of one by one.
fn each_hangs<'a>(devices: &Devices<'a>, seen: &Seen<'_>, pool: &Pool<'_>) -> Option<Found<'a>> {
    let card = card(devices.pod, seen, pool);
    let hung = devices.each.iter().filter_map(|it| {
        let stand = it.stands.as_ref()?;
        let hang = Hang::of(stand, (it.until, it.every), card).filter(Hang::is_sure)?;
        is_now(it.until, seen).then_some((*it, stand, hang))
    });
    let hung: Vec<_> = hung.collect();
    let figures = |of: fn(&DeviceStand) -> Option<f64>| {
        let each: Vec<f64> = hung.iter().filter_map(|it| of(it.1)).collect();
        mean(&each)
    };
    let names: Vec<String> = hung.iter().map(|it| it.0.called()).collect();
    let of = match names.len() {
        0 => return None,
        count if count == devices.each.len() => devices.called(),
        _ => format!("{} of {}", names.join(", "), devices.pod),
    };
    let worked = hung.iter().any(|it| it.2.worked);
    let least = hung.iter().min_by(|a, b| a.2.busy.total_cmp(&b.2.busy));
    Some(Found {
        pod: devices.pod,
        of,
        several: hung.len() > 1,
        since: hung.iter().map(|it| it.2.since).max()?,
        often: least?.2.often(),
        watts: figures(|it| it.power_watts),
        worked: figures(|it| it.worked_watts).filter(|_| worked),
        always: hung.iter().all(|it| it.1.samples == it.0.samples),
    })
}

/// Devices of a pod of which the mean is told.
fn all_hang<'a>(devices: &Devices<'a>, seen: &Seen<'_>, pool: &Pool<'_>) -> Option<Found<'a>> {
    let card = card(devices.pod, seen, pool);
    let slot = |place: usize| devices.first + u32::try_from(place).unwrap_or(0);
    let larger = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::max);
    let by = devices.summed(Metric::GpuPowerWatts);
    let sample = |place: usize| {
        let at = |metric: Metric| devices.at(metric, place);
        let (dram, tensor) = (at(Metric::GpuDramActive), at(Metric::GpuTensorActive));
        DeviceSample {
            at: seen.grid.time(slot(place)).as_second(),
            busy: at(Metric::GpuUtilization),
            full: at(Metric::GpuSmActive).and_then(|it| larger(Some(it), dram)),
            moved: larger(dram, tensor),
            watts: at(Metric::GpuPowerWatts).map(|it| it / by),
        }
    };
    let samples: Vec<DeviceSample> = (0..devices.len()).map(sample).collect();
    let told = samples.iter().filter(|it| it.busy.is_some());
    let until = Timestamp::from_second(told.clone().next_back()?.at).ok()?;
    let stand = stand(&samples)?;
    let hang = Hang::of(&stand, (until, seen.grid.step), card).filter(Hang::is_sure)?;
    is_now(until, seen).then(|| Found {
        pod: devices.pod,
        of: devices.called(),
        several: devices.units > 1.0,
        since: hang.since,
        often: hang.often(),
        watts: stand.power_watts,
        worked: stand.worked_watts.filter(|_| hang.worked),
        always: usize::try_from(stand.samples).is_ok_and(|it| it == told.count()),
    })
}

/// What it does now is not told where its figures have ended.
fn is_now(until: Timestamp, seen: &Seen<'_>) -> bool {
    let step = i64::from(seen.grid.step.as_secs());
    let ago = seen.grid.end().as_second() - until.as_second();
    ago < i64::from(NOW.as_secs()) + step
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
        let when = found.since.strftime("%Y-%m-%d %H:%M");
        let how = match found.worked {
            _ if found.always => format!("{at}, and computed nothing in the whole window"),
            Some(watts) => {
                format!(" since {when}{at}, where {it} drew {watts:.0} W when {it} worked")
            }
            None => format!(" since {when}{at}, and computed nothing"),
        };
        let number = |name, value: Option<f64>| value.map(|it| Evidence::number(name, it));
        let figures = [
            number("power_watts", found.watts),
            number("worked_watts", found.worked),
            Some(Evidence::text("pod", pod)),
        ];
        Risk {
            severity: Severity::High,
            since: Some(found.since),
            text: format!(
                "{}{others} {is} busy {}{how}: {it} {hang}",
                found.of, found.often
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
