use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, devices, quantile};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::Metric;
use crate::text::short;
use crate::units::{Bytes, Span};

/// Memory of an accelerator that comes near its end.
pub(super) struct GpuMemoryFull;

/// Of all there is.
const NEAR: f64 = 0.96;
/// What is held from the start, as servers of language models do, never runs out: it must
/// have been less than this within the window.
const LESS: f64 = 0.90;
/// From here on also what is held all the time, of what is no server.
const ALWAYS: f64 = 0.97;

impl Check for GpuMemoryFull {
    fn name(&self) -> &'static str {
        "gpu_memory_full"
    }

    fn summary(&self) -> &'static str {
        "GPU memory that grew to nearly all there is, so that the next larger batch fails"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|_, pool| {
            let serves = pool.series.iter().any(|it| {
                let metrics = it.more.keys();
                metrics.into_iter().any(|it| it.is_of_serving())
            });
            let devices = devices(pool, &seen.grid);
            let full = devices.iter().filter(|_| !serves);
            let full = full.flat_map(|it| all_full(it, seen));
            let worst = full.max_by(|a, b| a.share.total_cmp(&b.share));
            worst.map_or_else(Sought::fine, |it| Sought::risk(self.risk(seen, pool, &it)))
        })
    }
}

struct Found<'a> {
    pod: &'a str,
    /// `the GPU of trainer-0`.
    of: String,
    share: f64,
    used: f64,
    /// Whether it was less before.
    grew: bool,
}

/// Of each device, where they are told of one by one: one that is full hardly shows in the
/// mean of several.
fn all_full<'a>(devices: &Devices<'a>, seen: &Seen<'_>) -> Vec<Found<'a>> {
    if devices.each.is_empty() {
        return full_of(devices, seen).into_iter().collect();
    }
    let each = devices.each.iter().filter_map(|it| {
        let memory = it.memory?;
        let of = format!("{} of {}", it.called(), devices.pod);
        let figures = [
            memory.last_day_bytes?,
            memory.p95_bytes,
            memory.before_bytes,
        ];
        found(devices.pod, of, figures, memory.total_bytes?)
    });
    each.collect()
}

fn full_of<'a>(devices: &Devices<'a>, seen: &Seen<'_>) -> Option<Found<'a>> {
    let all = 0..devices.len();
    let of_one = |metric: Metric, bytes: f64| bytes / devices.summed(metric);
    let total = quantile(devices.known(Metric::GpuMemoryTotalBytes, all.clone()), 0.5)?;
    let day = devices.newest(&seen.grid, Span::DAY);
    let used = quantile(devices.known(Metric::GpuMemoryBytes, day), 1.0)?;
    let of_time = |share: f64| {
        let all = devices.known(Metric::GpuMemoryBytes, all.clone());
        quantile(all, share)
    };
    let figures = [used, of_time(0.95)?, of_time(0.25)?];
    let figures = figures.map(|it| of_one(Metric::GpuMemoryBytes, it));
    let total = of_one(Metric::GpuMemoryTotalBytes, total);
    found(devices.pod, devices.called(), figures, total)
}

/// Of the most of the last day, the 95th percentile of all time, and what it had before.
fn found(pod: &str, of: String, figures: [f64; 3], total: f64) -> Option<Found<'_>> {
    let [share, often, before] = figures.map(|it| it / total.max(1.0));
    let used = figures[0];
    let grew = before < LESS;
    (share >= NEAR && grew || share >= ALWAYS && often >= ALWAYS).then_some(Found {
        pod,
        of,
        share,
        used,
        grew,
    })
}

impl GpuMemoryFull {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, found: &Found<'_>) -> Risk {
        let (severity, before) = if found.grew {
            (Severity::Medium, "and it was less before")
        } else {
            (Severity::Low, "and it was so all the time")
        };
        let percent = found.share.min(1.0) * 100.0;
        // Nearly all is not all.
        let digits = usize::from(percent >= 99.5);
        let percent = short(percent, digits);
        let (verb, each) = if found.of.starts_with("the GPUs") {
            ("have", " each")
        } else {
            ("has", "")
        };
        Risk {
            severity,
            text: format!(
                "{} {verb} {} of memory in use at most{each}, {} %, {before}",
                found.of,
                Bytes::from_f64(found.used).human(),
                percent
            ),
            evidence: vec![
                Evidence::number("memory_bytes", found.used),
                Evidence::number("memory_ratio", found.share),
                Evidence::text("pod", found.pod),
            ],
            action: Action::new(
                "make its batch or its model smaller, or give it a device with more memory"
                    .to_owned(),
            ),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
