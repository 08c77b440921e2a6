use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, devices, mean};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{DeviceUse, Metric};
use crate::trend::median;
use crate::units::Span;

/// One of several ranks of a run whose device does other than those of its peers.
pub(super) struct GpuSlowRank;

/// Ranks from which on one can be told from the others.
const RANKS: usize = 4;
/// From the middle of all, of which it is this far at least, as a share.
const FAR: f64 = 0.25;
/// And so many times as far as half of them are.
const SPREADS: f64 = 5.0;
/// Their middle, below which none works.
const WORK: f64 = 0.10;
/// A device that does no more than this is none of the ranks: DCGM has a noise floor.
const NOTHING: f64 = 0.01;
/// Samples of the last day that each must have.
const SAMPLES: usize = 12;

impl Check for GpuSlowRank {
    fn name(&self) -> &'static str {
        "gpu_slow_rank"
    }

    fn summary(&self) -> &'static str {
        "runs on several GPUs of which one does other than its peers, who wait for it"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|_, pool| {
            let found = pool
                .workload
                .is_batch()
                .then(|| stray(seen, pool))
                .flatten();
            found.map_or_else(Sought::fine, |it| Sought::risk(self.risk(seen, pool, &it)))
        })
    }
}

/// A GPU of one pod, or all of it together where single ones are not told of.
struct Rank {
    pod: String,
    /// As it is known on its node, where it is one of several.
    device: Option<String>,
    level: f64,
}

struct Found {
    rank: Rank,
    middle: f64,
    ranks: usize,
}

/// The rank that is farthest from the middle of all, where it is far.
fn stray(seen: &Seen<'_>, pool: &Pool<'_>) -> Option<Found> {
    let pods = devices(pool, &seen.grid);
    let ranks: Vec<Rank> = if pods.iter().all(is_told) {
        pods.iter().flat_map(|it| ranks(it, seen)).collect()
    } else {
        pods.iter().filter_map(|it| one(it, seen)).collect()
    };
    if ranks.len() < RANKS {
        return None;
    }
    let values: Vec<f64> = ranks.iter().map(|it| it.level).collect();
    let middle = median(&values);
    let far: Vec<f64> = values.iter().map(|it| (it - middle).abs()).collect();
    let spread = median(&far).max(0.01 * middle);
    let off = |it: &Rank| (it.level - middle).abs();
    let rank = ranks.into_iter().max_by(|a, b| off(a).total_cmp(&off(b)))?;
    let off = off(&rank);
    let stands_out = middle >= WORK && off >= FAR * middle && off >= SPREADS * spread;
    stands_out.then_some(Found {
        rank,
        middle,
        ranks: values.len(),
    })
}

/// Whether each device of a pod is told of: a device is no peer of a pod with several.
fn is_told(pod: &Devices<'_>) -> bool {
    pod.units <= 1.0 || pod.each.iter().any(|it| has_samples(it))
}

fn has_samples(device: &DeviceUse) -> bool {
    usize::try_from(device.samples).is_ok_and(|it| it >= SAMPLES)
}

/// The ranks of a pod: one for each of its devices that works, where it has several, else one.
fn ranks(pod: &Devices<'_>, seen: &Seen<'_>) -> Vec<Rank> {
    if pod.units <= 1.0 {
        return one(pod, seen).into_iter().collect();
    }
    let own = pod.each.iter().filter(|it| has_samples(it));
    let each = own.filter_map(|it| {
        Some(Rank {
            pod: pod.pod.to_owned(),
            device: Some(it.called()),
            level: it.last_day_ratio.filter(|level| *level > NOTHING)?,
        })
    });
    each.collect()
}

/// A pod as one rank.
fn one(pod: &Devices<'_>, seen: &Seen<'_>) -> Option<Rank> {
    level(pod, seen).map(|level| Rank {
        pod: pod.pod.to_owned(),
        device: None,
        level,
    })
}

/// What its device did in the last day: its multiprocessors, else whether anything ran.
fn level(device: &Devices<'_>, seen: &Seen<'_>) -> Option<f64> {
    let day = device.newest(&seen.grid, Span::DAY);
    let metrics = [Metric::GpuSmActive, Metric::GpuUtilization];
    let mut known = metrics.into_iter().map(|it| device.known(it, day.clone()));
    let values = known.find(|it| it.len() >= SAMPLES)?;
    mean(&values)
}

impl GpuSlowRank {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, found: &Found) -> Risk {
        let Found {
            rank,
            middle,
            ranks,
        } = found;
        let Rank { pod, device, level } = rank;
        let device = device.as_deref();
        let of = device.unwrap_or("the GPU");
        let mut evidence = vec![
            Evidence::number("used_ratio", *level),
            Evidence::number("peers_used_ratio", *middle),
            Evidence::text("pod", pod),
        ];
        evidence.extend(device.map(|it| Evidence::text("device", it)));
        Risk {
            severity: Severity::Medium,
            text: format!(
                "of {ranks} ranks {of} of {pod} is used {:.0} % where the others are at {:.0} %, so \
                 the run goes at the pace of one",
                level * 100.0,
                middle * 100.0
            ),
            evidence,
            action: Action::new(
                "look at the clocks, the network and the neighbours of its node, or move that pod"
                    .to_owned(),
            ),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
