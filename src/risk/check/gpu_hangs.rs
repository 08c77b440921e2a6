use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, devices, mean, quantile};
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
            let hung: Vec<Found<'_>> = devices.iter().filter_map(|it| hangs(it, seen)).collect();
            let first = hung.first();
            first.map_or_else(Sought::fine, |it| {
                Sought::risk(self.risk(seen, pool, it, hung.len()))
            })
        })
    }
}

struct Found<'a> {
    pod: &'a str,
    watts: f64,
    worked: f64,
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
    let does = (watts - least) / (worked - least).max(1.0);
    (worked >= WORKED * least && does <= OF_WORK).then_some(Found {
        pod: device.pod,
        watts,
        worked,
    })
}

impl GpuHangs {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, found: &Found<'_>, pods: usize) -> Risk {
        let pod = found.pod;
        let others = match pods {
            1 => String::new(),
            2 => " and of one pod more".to_owned(),
            more => format!(" and of {} pods more", more - 1),
        };
        Risk {
            severity: Severity::High,
            text: format!(
                "the GPU of {pod}{others} is busy all the time at {:.0} W, where it drew {:.0} W when \
                 it worked: it hangs",
                found.watts, found.worked
            ),
            evidence: vec![
                Evidence::number("power_watts", found.watts),
                Evidence::number("worked_watts", found.worked),
                Evidence::text("pod", pod),
            ],
            action: Action::new(
                "look where its ranks wait for each other, end the run, and begin again from the \
                 last checkpoint"
                    .to_owned(),
            ),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
