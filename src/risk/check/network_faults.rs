use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::network::{COUNT, has_its_own, hourly, hours_ago};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Metric, Workload};
use crate::text::{count, percent};
use crate::units::len_f64;

/// Pods that lose packets.
pub(super) struct NetworkFaults;

/// Share of packets from which on it is felt: TCP sends again what is lost, and waits.
const FELT: f64 = 0.01;
/// The same from which on hardly anything gets through in time.
const BAD: f64 = 0.05;
/// Hours with such losses that are more than a blip, and hours without one after which
/// they are over.
const HOURS: usize = 3;
const OVER: usize = 24;

/// What is lost, and what to do.
const WAYS: [(Metric, &str, &str); 2] = [
    (
        Metric::NetworkDropRatio,
        "dropped",
        "see whether it or its node is short of CPU, and whether the node's table of connections \
         is full: `node_nf_conntrack_entries`",
    ),
    (
        Metric::NetworkErrorRatio,
        "in error",
        "see the network of its node: the card, the driver, and a size of packets (MTU) that all \
         take",
    ),
];

impl Check for NetworkFaults {
    fn name(&self) -> &'static str {
        "network_faults"
    }

    fn summary(&self) -> &'static str {
        "pods whose packets are dropped or in error"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload_at_once(|index, workload| {
            if !has_its_own(workload) {
                return Sought::fine();
            }
            let known = WAYS.iter().filter_map(|way| {
                let shares = hourly(seen, index, way.0, f64::max)?;
                Some((way, shares))
            });
            let mut known = known.peekable();
            if known.peek().is_none() {
                return Sought::unknown("workload", "whose lost packets are not counted", COUNT);
            }
            let found = known.flat_map(|((metric, says, action), shares)| {
                let spells = spells(&shares);
                let hit = if spells.is_empty() {
                    0
                } else {
                    pods_hit(seen, index, *metric)
                };
                let risk = |spell| {
                    let way = (hit, *says, *action);
                    self.risk(seen, (index, workload), way, (&shares, spell))
                };
                let risks = spells.into_iter().map(risk);
                risks.map(Sought::risk).collect::<Vec<_>>()
            });
            found.collect()
        })
    }
}

/// Stretches of hours, each from the first to the last that is felt.
fn spells(shares: &[f64]) -> Vec<(usize, usize)> {
    let felt: Vec<usize> = (0..shares.len()).filter(|at| shares[*at] >= FELT).collect();
    let parts = felt.chunk_by(|a, b| b - a <= OVER);
    let long = parts.filter(|part| part.len() >= HOURS);
    long.map(|part| (part[0], part[part.len() - 1])).collect()
}

impl NetworkFaults {
    fn risk(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        (hit, says, action): (usize, &str, &str),
        (shares, (first, last)): (&[f64], (usize, usize)),
    ) -> Risk {
        let inside = &shares[first..=last];
        let felt = inside.iter().filter(|it| **it >= FELT).count();
        let worst = inside.iter().copied().fold(0.0, f64::max);
        let goes_on = shares.len() - last <= OVER;
        let until = hours_ago(seen, shares.len() - last - 1);
        let severity = if worst >= BAD && hit > 1 {
            Severity::High
        } else {
            Severity::Medium
        };
        Risk {
            severity,
            confidence: Confidence::High,
            since: hours_ago(seen, shares.len() - first),
            until: until.filter(|_| !goes_on),
            text: format!(
                "up to {} of its packets are {says} in {hit} of {}, in {}",
                percent(worst),
                count(workload.pods.len(), "pod"),
                count(felt, "hour"),
            ),
            evidence: vec![
                Evidence::number("packets_lost_ratio", worst),
                Evidence::number("hours", len_f64(felt)),
                Evidence::number("pods_hit", len_f64(hit)),
                Evidence::number("pods", len_f64(workload.pods.len())),
            ],
            action: Action::new(action),
            ..seen.risk(self.name(), index)
        }
    }
}

/// Pods, those that are gone included, of which so much was lost in some hour.
fn pods_hit(seen: &Seen<'_>, index: usize, metric: Metric) -> usize {
    let all = seen.usage_of(index);
    let hit = all.filter(|series| {
        let values = series.more.get(&metric);
        values.is_some_and(|it| it.known().iter().any(|share| f64::from(*share) >= FELT))
    });
    hit.count()
}
