use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, devices};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::Metric;
use crate::units::{Span, count_from, float};

/// XID errors that the driver of an accelerator told.
pub(super) struct GpuError;

/// Errors that are the hardware's fault: memory that cannot be corrected or remapped,
/// `NVLink`, a device that is gone, its own processor.
///
/// Source: NVIDIA's XID catalogue.
const HARDWARE: [u64; 10] = [48, 62, 63, 64, 74, 79, 92, 94, 95, 119];
/// Errors that a program makes: illegal access, a reset channel, a program that was ended.
const PROGRAM: [u64; 4] = [13, 31, 43, 45];

impl Check for GpuError {
    fn name(&self) -> &'static str {
        "gpu_error"
    }

    fn summary(&self) -> &'static str {
        "XID errors of GPUs in the last week: of the hardware, or of a program"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|_, pool| {
            let devices = devices(pool, &seen.grid);
            let errors = devices.iter().flat_map(|it| all_newest(it, seen));
            let worst = errors.max_by_key(|it| (HARDWARE.contains(&it.code), it.slot));
            worst.map_or_else(Sought::fine, |it| Sought::risk(self.risk(seen, pool, &it)))
        })
    }
}

struct Found<'a> {
    pod: &'a str,
    /// `the GPU of trainer-0`.
    of: String,
    code: u64,
    /// When it began; `None` where it stands from before anything was seen.
    slot: Option<u32>,
    /// Whether its pod began within the window, so that it may be of the pod before.
    is_of_before: bool,
}

/// Of each device, where they are told of one by one.
fn all_newest<'a>(devices: &Devices<'a>, seen: &Seen<'_>) -> Vec<Found<'a>> {
    if !devices.each.iter().any(|it| it.error.is_some()) {
        return newest(devices, seen).into_iter().collect();
    }
    let week = i64::from(Span::WEEK.as_secs());
    let from = seen.grid.end().as_second() - week;
    let each = devices.each.iter().filter_map(|it| {
        let error = it.error?;
        let code = u64::from(error.code);
        let is_of_before = it.since > seen.grid.time(1);
        let is_new = error.since.is_some_and(|at| at.as_second() >= from);
        let stands = error.since.is_none() && !(is_of_before && PROGRAM.contains(&code));
        (is_new || stands).then(|| Found {
            pod: devices.pod,
            of: format!("{} of {}", it.called(), devices.pod),
            code,
            slot: error.since.and_then(|at| seen.grid.slot(at)),
            is_of_before,
        })
    });
    each.collect()
}

/// The newest error that began in the last week, else one that stands from before anything
/// was seen: an exporter tells the last one until the next, so that it may be of any time.
fn newest<'a>(device: &Devices<'a>, seen: &Seen<'_>) -> Option<Found<'a>> {
    let week = device.newest(&seen.grid, Span::WEEK);
    let code = |place: usize| {
        let value = device.at(Metric::GpuXid, place)?;
        Some(count_from(value.round()))
    };
    let mut before = week.start.checked_sub(1).and_then(code);
    let mut found = None;
    for place in week {
        let Some(now) = code(place) else { continue };
        if now > 0 && before.is_some_and(|it| it != now) {
            found = Some((place, now));
        }
        before = Some(now);
    }
    if let Some((place, code)) = found {
        let slot = device.first + u32::try_from(place).unwrap_or(0);
        return Some(Found {
            pod: device.pod,
            of: one_of(device),
            code,
            slot: Some(slot),
            is_of_before: false,
        });
    }
    let mut all = (0..device.len()).filter_map(code);
    let first = all.next().filter(|it| *it > 0)?;
    let is_of_before = device.first > 0;
    // What a program did before is not the fault of the next one on its device.
    if is_of_before && PROGRAM.contains(&first) {
        return None;
    }
    all.all(|it| it == first).then(|| Found {
        pod: device.pod,
        of: one_of(device),
        code: first,
        slot: None,
        is_of_before,
    })
}

/// `the GPU of trainer-0`, of several `a GPU of trainer-0`.
fn one_of(devices: &Devices<'_>) -> String {
    devices.called().replace("the GPUs", "a GPU")
}

impl GpuError {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, found: &Found<'_>) -> Risk {
        let code = found.code;
        let (severity, whose, action) = if HARDWARE.contains(&code) {
            (
                Severity::High,
                "a fault of the hardware",
                "drain its node, and reset or replace the GPU before anything runs on it again",
            )
        } else if PROGRAM.contains(&code) {
            (
                Severity::Medium,
                "which programs cause",
                "look at what it computes: an access outside its memory, or a process that was ended",
            )
        } else {
            (
                Severity::Medium,
                "see NVIDIA's catalogue",
                "look the number up in NVIDIA's XID catalogue, and at the kernel log of the node",
            )
        };
        let (pod, of) = (found.pod, &found.of);
        let (severity, text) = if found.slot.is_some() {
            (severity, format!("{of} told XID {code}, {whose}"))
        } else {
            let since = if found.is_of_before {
                "the pod began"
            } else {
                "the window"
            };
            // What programs did before may be long over.
            (
                severity.min(Severity::Medium),
                format!("{of} tells XID {code} since before {since}, {whose}"),
            )
        };
        Risk {
            severity,
            since: found.slot.map(|it| seen.grid.time(it)),
            text,
            evidence: vec![
                Evidence::number("xid", float(code)),
                Evidence::text("pod", pod),
            ],
            action: Action::new(action.to_owned()),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
