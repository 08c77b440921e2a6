//! What the pods of a workload do together, slot by slot.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::snapshot::{ContainerKind, Grid, Metric, Series, Values, Workload};
use crate::trend::median;
use crate::units::len_f64;

/// Share of the containers that run whose use must be known for a slot to be.
const KNOWN: f64 = 0.8;
/// Of a change, the share that must be left beside that of the number of pods.
const LEFT: f64 = 0.5;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::risk) enum Signal {
    Cpu,
    Memory,
    Network,
}

impl Signal {
    pub(in crate::risk) const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Network];
}

/// One signal of a workload. CPU and network are the work of all its pods, which more
/// pods only share; memory is what a pod holds, which more pods hold as well.
pub(in crate::risk) struct Work {
    pub(in crate::risk) values: Vec<f64>,
    /// Pods that ran in each slot.
    pods: Vec<f64>,
}

impl Work {
    /// `None` where it was not measured.
    pub(in crate::risk) fn of<'a>(
        signal: Signal,
        workload: &Workload,
        series: impl Iterator<Item = &'a Series>,
        grid: &Grid,
    ) -> Option<Self> {
        let slots = usize::try_from(grid.len).ok()?;
        let is_init = |name: &str| {
            let mut all = workload.containers.iter();
            all.any(|it| it.name == name && it.kind == ContainerKind::Init)
        };
        let series: Vec<&Series> = series.filter(|it| !is_init(&it.container)).collect();
        if !series.iter().any(|one| is_measured(signal, one)) {
            return None;
        }
        let mut sums = Sums::new(slots);
        let mut pods = BTreeSet::new();
        for one in series {
            let from = usize::try_from(one.first).unwrap_or(usize::MAX).min(slots);
            let until = from.saturating_add(one.len()).min(slots);
            if pods.insert(&one.pod) {
                sums.run(&(from..until), 0.0, 1.0);
            }
            let more;
            let values = match signal {
                Signal::Cpu => &one.cpu_cores[..],
                Signal::Memory => &one.memory_bytes[..],
                Signal::Network => {
                    let Some(known) = one
                        .more
                        .get(&Metric::NetworkBytesPerSecond)
                        .map(Values::every)
                    else {
                        continue;
                    };
                    more = known;
                    &*more
                }
            };
            // A container of which nothing is ever known is no hole.
            if is_measured(signal, one) {
                sums.add(from..until, values);
            }
        }
        Some(sums.work(signal == Signal::Memory))
    }

    /// Whether a change to `seen` from what was `expected` is that of the number of pods.
    pub(in crate::risk) fn is_by_pods(
        &self,
        signal: Signal,
        (since, until): (usize, usize),
        (expected, seen): (f64, f64),
        day: usize,
    ) -> bool {
        let before = median(&self.pods[since.saturating_sub(day)..since]);
        let now = median(&self.pods[since..until]);
        if !(before > 0.0 && now > 0.0 && expected > 0.0 && seen > 0.0) {
            return false;
        }
        let pods = (now / before).ln();
        // Of the work a pod's share, and of a pod's memory that of all.
        let change = (seen / expected).ln();
        let other = if signal == Signal::Memory {
            change + pods
        } else {
            change - pods
        };
        pods.abs() > f64::EPSILON && other.abs() < LEFT * change.abs()
    }
}

/// Whether anything of a signal is known of a container.
fn is_measured(signal: Signal, one: &Series) -> bool {
    let network = || one.more.get(&Metric::NetworkBytesPerSecond);
    let values = match signal {
        Signal::Cpu => &one.cpu_cores[..],
        Signal::Memory => &one.memory_bytes[..],
        Signal::Network => network().map_or(&[][..], Values::known),
    };
    values.iter().any(|it| it.is_finite())
}

/// While series are added up.
struct Sums {
    sum: Vec<f64>,
    missing: Vec<f32>,
    changes: Vec<Change>,
}

/// From a slot on so many more run, or fewer.
#[derive(Clone, Copy)]
struct Change {
    slot: usize,
    containers: f64,
    pods: f64,
}

impl Sums {
    fn new(slots: usize) -> Self {
        Self {
            sum: vec![0.0; slots],
            missing: vec![0.0; slots],
            changes: Vec::new(),
        }
    }

    /// So many containers and pods run in some slots.
    fn run(&mut self, slots: &Range<usize>, containers: f64, pods: f64) {
        let change = |slot: usize, sign: f64| Change {
            slot,
            containers: sign * containers,
            pods: sign * pods,
        };
        if !slots.is_empty() {
            let both = [change(slots.start, 1.0), change(slots.end, -1.0)];
            self.changes.extend(both);
        }
    }

    fn add(&mut self, range: Range<usize>, values: &[f32]) {
        self.run(&range, 1.0, 0.0);
        let sums = self.sum[range.clone()].iter_mut();
        for ((sum, missing), value) in sums.zip(&mut self.missing[range]).zip(values) {
            // Nothing is added where nothing is known: no branch to be guessed.
            let known = value.is_finite();
            *sum += if known { f64::from(*value) } else { 0.0 };
            *missing += if known { 0.0 } else { 1.0 };
        }
    }

    fn work(mut self, a_pod: bool) -> Work {
        let (mut values, slots) = (self.sum, self.missing.len());
        let mut pods = vec![0.0; slots];
        self.changes.sort_by_key(|it| it.slot);
        let (mut alive, mut running, mut from) = (0.0, 0.0, 0);
        let end = Change {
            slot: slots,
            containers: 0.0,
            pods: 0.0,
        };
        for change in self.changes.into_iter().chain([end]) {
            // As many run in all of these slots.
            let stretch = from..change.slot;
            let share = if a_pod && running > 1.0 { running } else { 1.0 };
            let missing = &self.missing[stretch.clone()];
            used_by(&mut values[stretch.clone()], missing, alive, share);
            pods[stretch].fill(running);
            from = change.slot;
            alive += change.containers;
            running += change.pods;
        }
        Work { values, pods }
    }
}

/// What so many containers use, of what those of them that are not `missing` used together: a
/// `share` of it.
fn used_by(sums: &mut [f64], missing: &[f32], alive: f64, share: f64) {
    let is_whole = alive > 0.0 && !missing.iter().any(|it| *it > 0.0);
    if is_whole && share <= 1.0 {
        return;
    }
    for (sum, missing) in sums.iter_mut().zip(missing) {
        let known = alive - f64::from(*missing);
        let all = if known < alive {
            *sum * (alive / known)
        } else {
            *sum
        };
        let is_known = known > 0.0 && known >= KNOWN * alive;
        *sum = if is_known { all / share } else { f64::NAN };
    }
}

/// Whether most pods were replaced around a slot: a rollout, or a lost node.
pub(in crate::risk) fn were_replaced<'a>(
    series: impl Iterator<Item = &'a Series>,
    at: usize,
    hour: usize,
) -> bool {
    let (mut before, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for one in series {
        let from = usize::try_from(one.first).unwrap_or(usize::MAX);
        let until = from.saturating_add(one.len());
        let was = at.saturating_sub(2 * hour);
        if (from..until).contains(&was) {
            before.insert(&one.pod);
            if until <= at + hour {
                gone.insert(&one.pod);
            }
        }
    }
    !before.is_empty() && 2.0 * len_f64(gone.len()) > len_f64(before.len())
}
