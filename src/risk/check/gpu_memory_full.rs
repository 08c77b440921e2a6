use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, devices, quantile};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::Metric;
use crate::text::short;
use crate::units::{Bytes, Span, count_from};

/// Memory of an accelerator that comes near its end.
pub(super) struct GpuMemoryFull;

/// Of all there is.
const NEAR: f64 = 0.96;
/// What is held from the start, as servers of language models do, never runs out: it must
/// have been less than this within the window, and more than a device has before anything
/// begins.
const LESS: f64 = 0.90;
const BEGUN: f64 = 0.05;
/// From here on also what is held all the time, where programs fail beside it.
const ALWAYS: f64 = 0.97;
/// XID errors that programs cause which reach beyond their memory or end for want of it, and
/// the ends of a program by itself that count as such.
const OF_PROGRAMS: [u32; 4] = [13, 31, 43, 45];
const BY_ITSELF: i32 = 1;
const ENDS: usize = 2;

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
            let full = full.flat_map(|it| all_full(it, fails(it, pool), seen));
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
    /// What tells that it is too much, beside the figure.
    sign: Sign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// It was less before.
    Grew,
    /// The device told an error that programs cause.
    Xid(u32),
    /// The program ended by itself.
    Ends,
}

/// Whether what runs in a pod fails as it does for want of memory.
fn fails(devices: &Devices<'_>, pool: &Pool<'_>) -> Option<Sign> {
    let told = (0..devices.len()).filter_map(|it| devices.at(Metric::GpuXid, it));
    let codes = told.map(|it| u32::try_from(count_from(it)).unwrap_or(0));
    if let Some(code) = codes.filter(|it| OF_PROGRAMS.contains(it)).max() {
        return Some(Sign::Xid(code));
    }
    let ends = pool.container.terminations.iter();
    let own = ends.filter(|it| it.pod == devices.pod && it.exit_code == BY_ITSELF);
    let again = usize::try_from(pool.container.restarts).unwrap_or(usize::MAX);
    (own.count() > 0 && again >= ENDS).then_some(Sign::Ends)
}

/// Of each device, where they are told of one by one: one that is full hardly shows in the
/// mean of several.
fn all_full<'a>(devices: &Devices<'a>, fails: Option<Sign>, seen: &Seen<'_>) -> Vec<Found<'a>> {
    if devices.each.is_empty() {
        return full_of(devices, fails, seen).into_iter().collect();
    }
    let each = devices.each.iter().filter_map(|it| {
        let memory = it.memory?;
        let of = format!("{} of {}", it.called(), devices.pod);
        let figures = [
            memory.last_day_bytes?,
            memory.p95_bytes,
            memory.before_bytes,
        ];
        let own = it.error.map(|it| it.code);
        let own = own.filter(|it| OF_PROGRAMS.contains(it)).map(Sign::Xid);
        // An error is of one of them.
        let fails = fails.filter(|it| *it == Sign::Ends).or(own);
        found((devices.pod, of), figures, memory.total_bytes?, fails)
    });
    each.collect()
}

fn full_of<'a>(devices: &Devices<'a>, fails: Option<Sign>, seen: &Seen<'_>) -> Option<Found<'a>> {
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
    found((devices.pod, devices.called()), figures, total, fails)
}

/// Of the most of the last day, the 95th percentile of all time, and what it had before.
fn found(
    (pod, of): (&str, String),
    figures: [f64; 3],
    total: f64,
    fails: Option<Sign>,
) -> Option<Found<'_>> {
    let [share, often, before] = figures.map(|it| it / total.max(1.0));
    let used = figures[0];
    let grew = share >= NEAR && (BEGUN..LESS).contains(&before);
    let always = share >= ALWAYS && often >= ALWAYS;
    let sign = grew.then_some(Sign::Grew);
    Some(Found {
        pod,
        of,
        share,
        used,
        sign: sign.or(fails.filter(|_| always))?,
    })
}

impl GpuMemoryFull {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, found: &Found<'_>) -> Risk {
        let before = match found.sign {
            Sign::Grew => "and it was less before".to_owned(),
            Sign::Xid(code) => format!("and told XID {code}, which programs cause"),
            Sign::Ends => "and what runs in it ends by itself, again and again".to_owned(),
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
            severity: Severity::Medium,
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
