use jiff::Timestamp;

use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, card, devices, mean, quantile};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{CLOCK_HELD, ClockHeld, Metric, clock_held};
use crate::trend::median;
use crate::units::Span;

/// Clocks of an accelerator that are held back while it works.
pub(super) struct GpuClockHeld;

/// A device works where anything runs for more than this share of the time.
const WORKS: f64 = 0.5;
/// Samples that it must have worked in.
const SAMPLES: usize = 12;
/// Of what it may draw at most, from where its power limit holds its clocks back.
const AT_LIMIT: f64 = 0.9;
/// Devices from which on one can be told from the others.
const PEERS: usize = 3;

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
            let all = devices.iter().flat_map(|it| clocks(it, seen, pool));
            let all: Vec<Clock<'_>> = all.collect();
            let held = all.iter().filter_map(Clock::held);
            let worst = held.chain(slow(&all));
            let worst = worst.min_by(|a, b| a.share.total_cmp(&b.share));
            worst.map_or_else(Sought::fine, |it| Sought::risk(self.risk(seen, pool, &it)))
        })
    }
}

/// Clocks of a device while it works.
struct Clock<'a> {
    pod: &'a str,
    /// `the GPU of trainer-0`.
    of: String,
    best: f64,
    /// The mean of the last day.
    day: f64,
    held: Option<ClockHeld>,
    /// What its product draws at most.
    most_watts: Option<f64>,
}

struct Found<'a> {
    pod: &'a str,
    of: String,
    share: f64,
    hertz: f64,
    since: Option<Timestamp>,
    /// What the share is of.
    than: &'static str,
}

impl<'a> Clock<'a> {
    /// Below the best that it had: up to now, or else on the mean of the last day.
    fn held(&self) -> Option<Found<'a>> {
        let at_limit = |it: &ClockHeld| {
            let watts = it.power_watts.zip(self.most_watts);
            watts.is_some_and(|(watts, most)| watts >= AT_LIMIT * most)
        };
        let held = self.held.filter(|it| !at_limit(it));
        let (hertz, since) = match held {
            Some(it) => (it.hertz, Some(it.since)),
            None if self.held.is_some() => return None,
            None => (self.day, None),
        };
        let share = hertz / self.best.max(1.0);
        (share < CLOCK_HELD).then(|| Found {
            pod: self.pod,
            of: self.of.clone(),
            share,
            hertz,
            since,
            than: "the best that it had",
        })
    }
}

/// The one that is far below its peers all the time: it never had a better clock of its own.
fn slow<'a>(all: &[Clock<'a>]) -> Option<Found<'a>> {
    let best: Vec<f64> = all.iter().map(|it| it.best).collect();
    let middle = median(&best);
    let slowest = all.iter().min_by(|a, b| a.best.total_cmp(&b.best))?;
    let share = slowest.best / middle.max(1.0);
    (all.len() >= PEERS && share < CLOCK_HELD).then(|| Found {
        pod: slowest.pod,
        of: slowest.of.clone(),
        share,
        hertz: slowest.best,
        since: None,
        than: "what the others of its workload have",
    })
}

/// Of each device, where they are told of one by one: one that is held back hardly shows in
/// the mean of several.
fn clocks<'a>(devices: &Devices<'a>, seen: &Seen<'_>, pool: &Pool<'_>) -> Vec<Clock<'a>> {
    let most_watts = card(devices.pod, seen, pool).map(|it| it.watts);
    if devices.each.is_empty() {
        let of = of_all(devices, seen).map(|clock| Clock {
            most_watts,
            ..clock
        });
        return of.into_iter().collect();
    }
    let each = devices.each.iter().filter_map(|it| {
        let clock = it.clock?;
        Some(Clock {
            pod: devices.pod,
            of: format!("{} of {}", it.called(), devices.pod),
            best: clock.best_hertz,
            day: clock.last_day_hertz,
            held: clock.held,
            most_watts,
        })
    });
    each.collect()
}

fn of_all<'a>(device: &Devices<'a>, seen: &Seen<'_>) -> Option<Clock<'a>> {
    let clocks = |places: std::ops::Range<usize>| {
        let works = places.filter(|place| {
            let busy = device.at(Metric::GpuUtilization, *place);
            busy.is_some_and(|it| it > WORKS)
        });
        let each = works.filter_map(|place| {
            let slot = device.first + u32::try_from(place).unwrap_or(0);
            let watts = device.at(Metric::GpuPowerWatts, place);
            let watts = watts.map(|it| it / device.summed(Metric::GpuPowerWatts));
            let hertz = device.at(Metric::GpuClockHertz, place)?;
            Some((seen.grid.time(slot).as_second(), hertz, watts))
        });
        each.collect::<Vec<(i64, f64, Option<f64>)>>()
    };
    let hertz = |all: &[(i64, f64, Option<f64>)]| all.iter().map(|it| it.1).collect::<Vec<f64>>();
    let now = clocks(device.newest(&seen.grid, Span::DAY));
    let all = clocks(0..device.len());
    if now.len() < SAMPLES {
        return None;
    }
    let best = quantile(hertz(&all), 0.99)?;
    Some(Clock {
        pod: device.pod,
        of: device.called(),
        best,
        day: mean(&hertz(&now))?,
        held: clock_held(&all, best),
        most_watts: None,
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
        let since = found.since.map_or_else(String::new, |it| {
            format!(" since {}", it.strftime("%Y-%m-%d %H:%M"))
        });
        Risk {
            severity: Severity::Medium,
            since: found.since,
            text: format!(
                "{} at {megahertz:.0} MHz{since}, {:.0} % of {}",
                works(&found.of),
                found.share * 100.0,
                found.than
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
