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
/// Where it never worked: something ran for this share of all time at least, and its
/// multiprocessors did no more than this, which is half of what tiny programs fill.
const MOSTLY: f64 = 0.95;
const SPINS: f64 = 0.03;
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
            let hung: Vec<Found<'_>> = devices
                .iter()
                .filter_map(|it| hangs(it, seen).or_else(|| never_worked(it, seen)))
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
    watts: Option<f64>,
    /// What it drew when it worked; `None` where it never did.
    worked: Option<f64>,
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
        watts: Some(watts),
        worked: Some(worked),
    })
}

/// What hung before anything was seen of it: its power tells nothing, as there is nothing to
/// hold it against, but its multiprocessors do.
fn never_worked<'a>(device: &Devices<'a>, seen: &Seen<'_>) -> Option<Found<'a>> {
    let now = device.newest(&seen.grid, LONG);
    if device.known(Metric::GpuUtilization, now).len() < SAMPLES {
        return None;
    }
    let all = |metric: Metric| mean(&device.known(metric, 0..device.len()));
    let idle = |metric: Metric, most: f64| all(metric).is_none_or(|it| it <= most);
    let busy = all(Metric::GpuUtilization)?;
    let compute = all(Metric::GpuSmActive)?;
    let hangs = busy >= MOSTLY
        && compute <= SPINS
        && idle(Metric::GpuDramActive, SPINS)
        && idle(Metric::GpuTensorActive, NOTHING);
    hangs.then(|| Found {
        pod: device.pod,
        watts: all(Metric::GpuPowerWatts),
        worked: None,
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
        let at = found
            .watts
            .map_or_else(String::new, |it| format!(" at {it:.0} W"));
        let how = found.worked.map_or_else(
            || format!("{at}, and computed nothing in the whole window"),
            |it| format!("{at}, where it drew {it:.0} W when it worked"),
        );
        let number = |name, value: Option<f64>| value.map(|it| Evidence::number(name, it));
        let figures = [
            number("power_watts", found.watts),
            number("worked_watts", found.worked),
            Some(Evidence::text("pod", pod)),
        ];
        Risk {
            severity: Severity::High,
            text: format!("the GPU of {pod}{others} is busy all the time{how}: it hangs"),
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
