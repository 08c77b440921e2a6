use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, devices, mean, quantile};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::Metric;
use crate::units::Span;

/// Clocks of an accelerator that are held back while it works.
pub(super) struct GpuClockHeld;

/// A device works where anything runs for more than this share of the time.
const WORKS: f64 = 0.5;
/// Clocks below this share of the best that it had while it worked are held back: a power
/// limit alone takes less.
const HELD: f64 = 0.75;
/// Samples that it must have worked in.
const SAMPLES: usize = 12;

impl Check for GpuClockHeld {
    fn name(&self) -> &'static str {
        "gpu_clock_held"
    }

    fn summary(&self) -> &'static str {
        "GPUs whose clocks are held back while they work: heat, or the power supply"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|_, pool| {
            let devices = devices(pool, &seen.grid);
            let held = devices.iter().flat_map(|it| all_held(it, seen));
            let worst = held.min_by(|a, b| a.share.total_cmp(&b.share));
            worst.map_or_else(Sought::fine, |it| Sought::risk(self.risk(seen, pool, &it)))
        })
    }
}

struct Found<'a> {
    pod: &'a str,
    /// `the GPU of trainer-0`.
    of: String,
    share: f64,
    hertz: f64,
}

/// Of each device, where they are told of one by one: one that is held back hardly shows in
/// the mean of several.
fn all_held<'a>(devices: &Devices<'a>, seen: &Seen<'_>) -> Vec<Found<'a>> {
    if devices.each.is_empty() {
        return held(devices, seen).into_iter().collect();
    }
    let each = devices.each.iter().filter_map(|it| {
        let clock = it.clock?;
        let share = clock.last_day_hertz / clock.best_hertz.max(1.0);
        (share < HELD).then(|| Found {
            pod: devices.pod,
            of: format!("{} of {}", it.called(), devices.pod),
            share,
            hertz: clock.last_day_hertz,
        })
    });
    each.collect()
}

fn held<'a>(device: &Devices<'a>, seen: &Seen<'_>) -> Option<Found<'a>> {
    let clocks = |places: std::ops::Range<usize>| {
        let works = places.filter(|place| {
            let busy = device.at(Metric::GpuUtilization, *place);
            busy.is_some_and(|it| it > WORKS)
        });
        let each = works.filter_map(|place| device.at(Metric::GpuClockHertz, place));
        each.collect::<Vec<f64>>()
    };
    let now = clocks(device.newest(&seen.grid, Span::DAY));
    let all = clocks(0..device.len());
    if now.len() < SAMPLES {
        return None;
    }
    let (now, best) = (mean(&now)?, quantile(all, 0.99)?);
    let share = now / best.max(1.0);
    (share < HELD).then(|| Found {
        pod: device.pod,
        of: device.called(),
        share,
        hertz: now,
    })
}

fn works(of: &str) -> String {
    let verb = if of.starts_with("the GPUs") {
        "work"
    } else {
        "works"
    };
    format!("{of} {verb}")
}

impl GpuClockHeld {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, found: &Found<'_>) -> Risk {
        let pod = found.pod;
        let megahertz = found.hertz / 1e6;
        Risk {
            severity: Severity::Medium,
            text: format!(
                "{} at {megahertz:.0} MHz, {:.0} % of the best that it had",
                works(&found.of),
                found.share * 100.0
            ),
            evidence: vec![
                Evidence::number("clock_hertz", found.hertz.round()),
                Evidence::number("of_best_ratio", found.share),
                Evidence::text("pod", pod),
            ],
            action: Action::new(
                "look at its temperature, its power limit and its power supply".to_owned(),
            ),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
