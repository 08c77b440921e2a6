use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, devices, quantile};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::Metric;
use crate::units::{Bytes, Span};

/// Memory of an accelerator that comes near its end.
pub(super) struct GpuMemoryFull;

/// Of all there is.
const NEAR: f64 = 0.96;
/// What is held from the start, as servers of language models do, never runs out: it must
/// have been less than this within the window.
const LESS: f64 = 0.90;

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
                metrics.into_iter().any(|it| *it == Metric::KvCacheRatio)
            });
            let devices = devices(pool, &seen.grid);
            let full = devices.iter().filter(|_| !serves);
            let full = full.filter_map(|it| full_of(it, seen));
            let worst = full.max_by(|a, b| a.share.total_cmp(&b.share));
            worst.map_or_else(Sought::fine, |it| Sought::risk(self.risk(seen, pool, &it)))
        })
    }
}

struct Found<'a> {
    pod: &'a str,
    share: f64,
    used: f64,
}

fn full_of<'a>(device: &Devices<'a>, seen: &Seen<'_>) -> Option<Found<'a>> {
    let all = 0..device.len();
    let total = quantile(device.known(Metric::GpuMemoryTotalBytes, all.clone()), 0.5)?;
    let day = device.newest(&seen.grid, Span::DAY);
    let used = quantile(device.known(Metric::GpuMemoryBytes, day), 1.0)?;
    let before = quantile(device.known(Metric::GpuMemoryBytes, all), 0.25)?;
    let share = used / total.max(1.0);
    (share >= NEAR && before / total.max(1.0) < LESS).then_some(Found {
        pod: device.pod,
        share,
        used,
    })
}

impl GpuMemoryFull {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, found: &Found<'_>) -> Risk {
        let pod = found.pod;
        Risk {
            severity: Severity::Medium,
            text: format!(
                "the GPU of {pod} has {} of its memory in use at most, {:.0} %, and it was less before",
                Bytes::from_f64(found.used).human(),
                found.share * 100.0
            ),
            evidence: vec![
                Evidence::number("memory_bytes", found.used),
                Evidence::number("memory_ratio", found.share),
                Evidence::text("pod", pod),
            ],
            action: Action::new(
                "make its batch or its model smaller, or give it a device with more memory"
                    .to_owned(),
            ),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
