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
            let errors = devices.iter().filter_map(|it| newest(it, seen));
            let worst = errors.max_by_key(|it| (HARDWARE.contains(&it.code), it.slot));
            worst.map_or_else(Sought::fine, |it| Sought::risk(self.risk(seen, pool, &it)))
        })
    }
}

struct Found<'a> {
    pod: &'a str,
    code: u64,
    /// When it began; `None` where it stands from before anything was seen.
    slot: Option<u32>,
    /// Whether its pod began within the window, so that it may be of the pod before.
    is_of_before: bool,
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
    all.all(|it| it == first).then_some(Found {
        pod: device.pod,
        code: first,
        slot: None,
        is_of_before,
    })
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
        let pod = found.pod;
        let (severity, text) = if found.slot.is_some() {
            (
                severity,
                format!("the GPU of {pod} told XID {code}, {whose}"),
            )
        } else {
            let since = if found.is_of_before {
                "the pod began"
            } else {
                "the window"
            };
            // What programs did before may be long over.
            (
                severity.min(Severity::Medium),
                format!("the GPU of {pod} tells XID {code} since before {since}, {whose}"),
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
