use std::collections::BTreeSet;

use super::placed::HasSeries;
use crate::snapshot::{Gap, Workload};

/// How many names a gap gives as examples.
const EXAMPLES: usize = 3;

/// Drops series of containers that their workload does not have, with a gap.
///
/// They are debug containers, the pod's own sandbox, or containers of an older
/// template: there is nothing to advise on, and a node's joint use must not
/// count them as someone's.
pub fn drop_unknown_containers(usage: &mut impl HasSeries, workloads: &[Workload]) -> Option<Gap> {
    let mut dropped = LeftOut::default();
    usage.renumber(&mut |series| {
        let place = usize::try_from(series.workload).unwrap_or(usize::MAX);
        let workload = workloads.get(place)?;
        let known = workload
            .containers
            .iter()
            .any(|container| container.name == series.container);
        if !known {
            dropped.add(format!("{} in {}", series.container, workload.id), 1);
        }
        known.then_some(series.workload)
    });
    dropped.unknown_containers()
}

/// Values that were left out while samples came in.
#[derive(Default)]
pub(super) struct Strange {
    refused: LeftOut,
    no_shares: LeftOut,
    outside: LeftOut,
}

impl Strange {
    /// Of one series, as `Building` counts them.
    pub(super) fn add(&mut self, name: &str, counts: [u32; 3]) {
        let all = [&mut self.refused, &mut self.no_shares, &mut self.outside];
        for (left_out, count) in all.into_iter().zip(counts) {
            if count > 0 {
                left_out.add(name.to_owned(), u64::from(count));
            }
        }
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = Gap> {
        let gaps = [
            self.refused.refused_values(),
            self.no_shares.no_shares(),
            self.outside.outside_window(),
        ];
        gaps.into_iter().flatten()
    }
}

/// Names to mention in a gap, and how many things they stand for.
#[derive(Default)]
pub(super) struct LeftOut {
    names: BTreeSet<String>,
    count: u64,
}

impl LeftOut {
    pub(super) fn add(&mut self, name: String, count: u64) {
        self.names.insert(name);
        self.count += count;
    }

    pub(super) fn unowned_pods(&self) -> Option<Gap> {
        let pods = self.names.len();
        self.gap("unowned-pods", "usage", |examples| {
            let noun = if pods == 1 { "pod" } else { "pods" };
            format!("usage of {pods} {noun} belongs to no known workload and is left out: {examples}")
        })
        .map(|gap| {
            let gap = gap.count(u64::try_from(pods).unwrap_or(u64::MAX));
            gap.hint("take objects and usage from the same cluster and time; ReplicaSets and Jobs tell whose a pod was")
        })
    }

    /// `1 sample is`, `5 samples are`.
    fn samples(&self) -> String {
        match self.count {
            1 => "1 sample is".to_owned(),
            count => format!("{count} samples are"),
        }
    }

    pub(super) fn refused_values(&self) -> Option<Gap> {
        let samples = self.samples();
        self.gap("impossible-values", "usage", |examples| {
            format!("{samples} not a number, negative or absurdly large and left out: {examples}")
        })
    }

    pub(super) fn no_shares(&self) -> Option<Gap> {
        let samples = self.samples();
        let gap = self.gap("impossible-values", "usage", |examples| {
            format!(
                "{samples} of shares below 0 or above 1, such as percent, and left out: {examples}"
            )
        });
        gap.map(|it| it.hint("give shares (`gpu_utilization` and the like) as 0 to 1"))
    }

    /// Of these series memory is known for long, and CPU is not.
    pub(super) fn without_cpu(&self) -> Option<Gap> {
        let count = self.count;
        self.gap("cpu-missing", "CPU usage", |examples| {
            let (noun, verb) = if count == 1 {
                ("container", "has")
            } else {
                ("containers", "have")
            };
            format!(
                "{count} {noun} {verb} no CPU for much of the time that memory is known: {examples}"
            )
        })
        .map(|gap| {
            gap.hint(
                "scrape their nodes as often as the others, at least every 15 minutes, and keep \
                 the CPU metric of all of them",
            )
        })
    }

    /// What was set aside and cannot be read again.
    pub(super) fn unread(&self) -> Option<Gap> {
        let count = self.count;
        let noun = if count == 1 {
            "container"
        } else {
            "containers"
        };
        self.gap("usage-not-read", "usage", |examples| {
            format!(
                "usage of {count} {noun} cannot be read again from its temporary file: {examples}"
            )
        })
        .map(|gap| gap.hint("check the folder for temporary files, which `TMPDIR` names"))
    }

    pub(super) fn outside_window(&self) -> Option<Gap> {
        let samples = self.samples();
        self.gap("outside-window", "usage", |examples| {
            format!("{samples} of times outside the window and left out: {examples}")
        })
        .map(|gap| gap.hint("check the clocks here and on the server that they came from"))
    }

    /// Usage of these containers is of a sort that cannot be.
    pub(super) fn impossible(&self, what: &str) -> Option<Gap> {
        let count = self.count;
        let noun = if count == 1 {
            "container"
        } else {
            "containers"
        };
        self.gap("impossible-usage", "usage", |examples| {
            format!("{count} {noun} with {what}, and left out: {examples}")
        })
        .map(|gap| {
            gap.hint(
                "look at what is measured and in which unit; a kubelet says it with `kubectl get \
                 --raw /api/v1/nodes/NODE/proxy/stats/summary`",
            )
        })
    }

    fn unknown_containers(&self) -> Option<Gap> {
        let count = self.count;
        self.gap("unknown-containers", "usage", |examples| {
            let noun = if count == 1 { "series is" } else { "series are" };
            format!("{count} {noun} of containers that their workload does not have, and left out: {examples}")
        })
    }

    fn gap(&self, code: &str, subject: &str, text: impl Fn(&str) -> String) -> Option<Gap> {
        if self.names.is_empty() {
            return None;
        }
        let shown: Vec<&str> = self
            .names
            .iter()
            .take(EXAMPLES)
            .map(String::as_str)
            .collect();
        let rest = self.names.len() - shown.len();
        let mut examples = shown.join(", ");
        if rest > 0 {
            examples = format!("{examples} and {rest} more");
        }
        Some(Gap::new(code, subject, text(&examples)))
    }
}
