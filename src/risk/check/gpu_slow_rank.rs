use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::device::{Devices, devices, mean};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::Metric;
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

struct Found {
    pod: String,
    level: f64,
    middle: f64,
    ranks: usize,
}

/// The rank that is farthest from the middle of all, where it is far.
fn stray(seen: &Seen<'_>, pool: &Pool<'_>) -> Option<Found> {
    let ranks = devices(pool, &seen.grid);
    let levels: Vec<(&str, f64)> = ranks
        .iter()
        .filter_map(|it| Some((it.pod, level(it, seen)?)))
        .collect();
    if levels.len() < RANKS {
        return None;
    }
    let values: Vec<f64> = levels.iter().map(|it| it.1).collect();
    let middle = median(&values);
    let far: Vec<f64> = values.iter().map(|it| (it - middle).abs()).collect();
    let spread = median(&far).max(0.01 * middle);
    let (pod, level) = levels
        .into_iter()
        .max_by(|a, b| (a.1 - middle).abs().total_cmp(&(b.1 - middle).abs()))?;
    let off = (level - middle).abs();
    let stands_out = middle >= WORK && off >= FAR * middle && off >= SPREADS * spread;
    stands_out.then(|| Found {
        pod: pod.to_owned(),
        level,
        middle,
        ranks: values.len(),
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
            pod,
            level,
            middle,
            ranks,
        } = found;
        Risk {
            severity: Severity::Medium,
            text: format!(
                "of {ranks} ranks the GPU of {pod} is used {:.0} % where the others are at {:.0} %, so \
                 the run goes at the pace of one",
                level * 100.0,
                middle * 100.0
            ),
            evidence: vec![
                Evidence::number("used_ratio", *level),
                Evidence::number("peers_used_ratio", *middle),
                Evidence::text("pod", pod),
            ],
            action: Action::new(
                "look at the clocks, the network and the neighbours of its node, or move that pod"
                    .to_owned(),
            ),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
