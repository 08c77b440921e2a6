//! What a workload did, slot by slot.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use jiff::Timestamp;

use super::step::repaired;
use crate::forecast::{Clock, once};
use crate::snapshot::{ContainerKind, Grid, Metric, Series, Values, Workload};
use crate::trend::are_finite;
use crate::units::{Cpu, len_f64, single};

/// A stretch without a sample up to this long is filled by what is around it.
const FILLED: u32 = 2 * 3_600;

/// A new template counts as another level of work from so much on, up or down.
const SHIFT: f64 = 1.25;

/// A container that uses so much of its limit for a slot is held back by it.
const AT_LIMIT: f64 = 0.95;

/// Share of periods that are throttled from which on it was.
const THROTTLED: f64 = 0.1;

/// What one workload did in all.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) grid: Grid,
    /// Cores of all its pods together; `NaN` where not known.
    pub(super) cores: Vec<f32>,
    /// Whether half of its containers and more have a sample: the rest is filled.
    pub(super) sampled: Vec<bool>,
    /// What is planned with in their place, where something else tells better what is needed.
    pub(super) planned: Option<Vec<f32>>,
    /// Whether a container was throttled, or at its limit.
    pub(super) held: Vec<bool>,
    /// Pods that ran, and containers in them.
    pub(super) pods: Vec<f32>,
    pub(super) containers: Vec<f32>,
    /// Bytes a second of all pods together, and requests; `NaN` where not known.
    pub(super) network: Vec<f32>,
    pub(super) requests: Vec<f32>,
}

impl History {
    /// Of all series of the workload.
    pub(super) fn of(grid: &Grid, workload: &Workload, series: &[&Series]) -> Self {
        Self::all_or_work(grid, workload, series, true)
    }

    /// The same of its CPU alone: nothing is known of traffic, nor of who was held back.
    pub(super) fn of_work(grid: &Grid, workload: &Workload, series: &[&Series]) -> Self {
        Self::all_or_work(grid, workload, series, false)
    }

    fn all_or_work(grid: &Grid, workload: &Workload, series: &[&Series], all: bool) -> Self {
        let init: BTreeSet<&str> = workload
            .containers
            .iter()
            .filter(|it| it.kind == ContainerKind::Init)
            .map(|it| &*it.name)
            .collect();
        let len = place(grid.len);
        // Of what nobody asks for nothing is held.
        let more = if all { len } else { 0 };
        let mut history = Self {
            grid: *grid,
            cores: vec![0.0; len],
            sampled: vec![false; len],
            planned: None,
            held: vec![false; more],
            pods: vec![0.0; len],
            containers: vec![0.0; len],
            network: vec![f32::NAN; more],
            requests: vec![f32::NAN; more],
        };
        let mut seen = Seen::new(len, more);
        for pod in series.chunk_by(|a, b| a.pod == b.pod) {
            let mut lived = vec![false; len];
            for one in pod.iter().filter(|it| !init.contains(&*it.container)) {
                let values = history.add(one, &mut lived, &mut seen);
                if all {
                    let mut own = workload.containers.iter();
                    let own = own.find(|it| it.name == one.container);
                    history.hold(one, own.and_then(|it| it.ran_limits().cpu));
                    history.add_traffic(one, &values, &mut seen);
                }
            }
            for (pods, lived) in history.pods.iter_mut().zip(lived) {
                *pods += f32::from(u8::from(lived));
            }
        }
        history.bound(&seen);
        for (cores, pods) in history.cores.iter_mut().zip(&history.pods) {
            *cores = if *pods < 0.5 { f32::NAN } else { *cores };
        }
        history.level(workload.template_changed);
        repaired(&mut history.cores, place(grid.per_day()));
        history
    }

    /// Forgets what is no evidence of the usual.
    pub(super) fn leave_out(&mut self, clock: &Clock) {
        let (from, until) = (self.second(0), self.second(self.cores.len()));
        if clock.between(from, until).next().is_none() {
            return;
        }
        for slot in 0..self.cores.len() {
            if clock.special(self.second(slot)).is_some() {
                self.cores[slot] = f32::NAN;
            }
        }
    }

    /// The same from a local day on, since 1970; before it nothing is known.
    pub(super) fn since(&self, day: i64, clock: &Clock) -> Self {
        let mut recent = self.clone();
        let is_old = |slot: &usize| clock.local_second(self.second(*slot)).div_euclid(86_400) < day;
        for slot in (0..self.cores.len()).take_while(is_old) {
            recent.cores[slot] = f32::NAN;
        }
        recent
    }

    /// How many days' worth of slots are known.
    pub(super) fn days(&self) -> usize {
        let known = self.cores.iter().filter(|it| it.is_finite()).count();
        known / place(self.grid.per_day())
    }

    /// Whether anything of the last day is known.
    pub(super) fn is_recent(&self) -> bool {
        let newest = self.cores.iter().rev().take(place(self.grid.per_day()));
        newest.into_iter().any(|it| it.is_finite())
    }

    /// The first hour since the epoch that comes after it.
    pub(super) fn next_hour(&self) -> i64 {
        self.second(self.cores.len()).div_euclid(3_600)
    }

    /// Marks the slots in which a container got less than it wanted.
    fn hold(&mut self, series: &Series, limit: Option<Cpu>) {
        let first = place(series.first);
        let held = self.held.get_mut(first..).unwrap_or_default();
        if let Some(limit) = limit {
            for (held, cores) in held.iter_mut().zip(&series.cpu_cores) {
                *held |= f64::from(*cores) >= AT_LIMIT * limit.get();
            }
        }
        let throttled = series.more.get(&Metric::CpuThrottledRatio);
        for (slot, ratio) in throttled.into_iter().flat_map(Values::pairs) {
            if let Some(held) = held.get_mut(slot) {
                *held |= f64::from(ratio) >= THROTTLED;
            }
        }
    }

    /// Adds one container, and marks the slots in which it was there: what it used, and what is
    /// filled. One that is not seen for longer than what is filled was gone: names of pods come
    /// back, as those of a StatefulSet that scales do.
    fn add<'a>(
        &mut self,
        series: &'a Series,
        lived: &mut [bool],
        seen: &mut Seen,
    ) -> Cow<'a, [f32]> {
        let first = place(series.first);
        let step = self.grid.step.as_secs().max(1);
        let values = filled(&series.cpu_cores, place(FILLED / step));
        let cores = self.cores.get_mut(first..).unwrap_or_default();
        let containers = self.containers.get_mut(first..).unwrap_or_default();
        let lived = lived.get_mut(first..).unwrap_or_default();
        let seen = seen.cores.get_mut(first..).unwrap_or_default();
        // Nothing is added where nothing is known, which takes no branch to be guessed.
        let one = |is_known: bool| if is_known { 1.0 } else { 0.0 };
        for (cores, value) in cores.iter_mut().zip(&*values) {
            *cores += if value.is_finite() { *value } else { 0.0 };
        }
        for (containers, value) in containers.iter_mut().zip(&*values) {
            *containers += one(value.is_finite());
        }
        for (lived, value) in lived.iter_mut().zip(&*values) {
            *lived |= value.is_finite();
        }
        for (seen, sample) in seen.iter_mut().zip(&series.cpu_cores) {
            *seen += one(sample.is_finite());
        }
        values
    }

    /// Adds the traffic of a container whose CPU was added.
    fn add_traffic(&mut self, series: &Series, values: &[f32], seen: &mut Seen) {
        let first = place(series.first);
        let hour = place(self.grid.per_hour());
        for (metric, sums, lacking) in [
            (
                Metric::NetworkBytesPerSecond,
                &mut self.network,
                &mut seen.without_network,
            ),
            (
                Metric::RequestsPerSecond,
                &mut self.requests,
                &mut seen.without_requests,
            ),
        ] {
            let Some(known) = series.more.get(&metric) else {
                continue;
            };
            let mut own = vec![f32::NAN; values.len()];
            for (slot, value) in known.pairs() {
                if let Some(own) = own.get_mut(slot) {
                    *own = value;
                }
            }
            filled_back(&mut own, hour);
            for (at, value) in own.iter().enumerate() {
                let Some(sum) = sums.get_mut(first + at) else {
                    break;
                };
                if value.is_finite() {
                    *sum = if sum.is_finite() {
                        *sum + value
                    } else {
                        *value
                    };
                } else if values[at].is_finite() {
                    lacking[first + at] = true;
                }
            }
        }
    }

    /// Marks what has samples, and takes what is filled for no more than all samples together
    /// ever came to. Of what some lack the sum is not known.
    fn bound(&mut self, seen: &Seen) {
        let both = || seen.cores.iter().zip(&self.containers);
        for (sampled, (known, all)) in self.sampled.iter_mut().zip(both()) {
            *sampled = *known > 0.0 && 2.0 * known >= *all;
        }
        let is_whole: Vec<bool> = both().map(|(known, all)| known + 0.5 > *all).collect();
        if is_whole.contains(&false) {
            let whole = self.cores.iter().zip(&is_whole).filter(|it| *it.1);
            let most = whole.map(|it| *it.0).fold(0.0, f32::max);
            for (cores, whole) in self.cores.iter_mut().zip(is_whole) {
                if !whole && most > 0.0 {
                    *cores = cores.min(most);
                }
            }
        }
        for (sums, lacking) in [
            (&mut self.network, &seen.without_network),
            (&mut self.requests, &seen.without_requests),
        ] {
            for (sum, _) in sums.iter_mut().zip(lacking).filter(|it| *it.1) {
                *sum = f32::NAN;
            }
        }
    }

    /// Brings what was before a new template to the level of what came after, where a week
    /// is known of both and they differ much: only what it does now comes again.
    fn level(&mut self, changed: Option<Timestamp>) {
        let Some(slot) = changed.and_then(|it| self.grid.slot(it)).map(place) else {
            return;
        };
        let week = place(self.grid.per_day()) * 7;
        if slot < week || slot + week > self.cores.len() {
            return;
        }
        let mean = |range: Range<usize>| {
            let known = self.cores[range].iter().filter(|it| it.is_finite());
            let (sum, count) = known.fold((0.0, 0), |(sum, count), it| {
                (sum + f64::from(*it), count + 1)
            });
            sum / len_f64(count)
        };
        let ratio = mean(slot..slot + week) / mean(slot - week..slot);
        if ratio.is_finite() && ratio > 0.0 && !(1.0 / SHIFT..=SHIFT).contains(&ratio) {
            for cores in &mut self.cores[..slot] {
                *cores *= single(ratio);
            }
        }
    }

    /// Cores as a mean of whole weeks, where one is known, the newest: of what came on one day
    /// alone the most of all others.
    pub(super) fn mean(&self) -> f64 {
        let (day, hour) = (place(self.grid.per_day()), place(self.grid.per_hour()));
        let mut usual = self.cores.clone();
        let skip = usual.len() % day.max(1);
        let days: Vec<&[f32]> = self.cores[skip..].chunks_exact(day.max(1)).collect();
        for it in once(&days, hour) {
            usual[skip + it.day * day + it.at] = single(it.others);
        }
        self.mean_of(&usual)
    }

    /// The same of anything else that is known slot by slot.
    pub(super) fn mean_of(&self, values: &[f32]) -> f64 {
        let week = place(self.grid.per_day()) * 7;
        let weeks = (self.cores.len() - self.first()) / week.max(1);
        let from = if weeks > 0 {
            self.cores.len() - weeks * week
        } else {
            0
        };
        let known = values[from..].iter().filter(|it| it.is_finite());
        let (sum, count) = known.fold((0.0, 0), |(sum, count), it| {
            (sum + f64::from(*it), count + 1)
        });
        sum / len_f64(count)
    }

    /// The first slot of which anything is known.
    pub(super) fn first(&self) -> usize {
        let known = self.cores.iter().position(|it| it.is_finite());
        known.unwrap_or(self.cores.len())
    }

    /// The second since the epoch at which a slot begins.
    pub(super) fn second(&self, slot: usize) -> i64 {
        let step = i64::from(self.grid.step.as_secs());
        self.grid.start.as_second() + i64::try_from(slot).unwrap_or(0) * step
    }
}

pub(super) fn place(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// What there is of each slot, beside what is filled.
struct Seen {
    /// Containers with a sample of CPU.
    cores: Vec<f32>,
    /// Where a container that has such a metric has no value of it.
    without_network: Vec<bool>,
    without_requests: Vec<bool>,
}

impl Seen {
    /// Of so many slots, and of so many whose traffic counts.
    fn new(len: usize, more: usize) -> Self {
        Self {
            cores: vec![0.0; len],
            without_network: vec![false; more],
            without_requests: vec![false; more],
        }
    }
}

/// What is read once an hour, or as often as it is in the middle, speaks for the time up to it.
fn filled_back(values: &mut [f32], most: usize) {
    let known = (0..values.len()).filter(|at| values[*at].is_finite());
    let known: Vec<usize> = known.collect();
    let apart = known.windows(2).map(|it| it[1] - it[0]);
    let mut apart: Vec<usize> = apart.collect();
    apart.sort_unstable();
    let usual = apart.get(apart.len() / 2).copied().unwrap_or(1);
    let each = usual.min(most);
    let (mut next, mut left) = (f32::NAN, 0);
    for value in values.iter_mut().rev() {
        if value.is_finite() {
            (next, left) = (*value, each);
        } else if left > 1 {
            left -= 1;
            *value = next;
        }
    }
}

/// Bridges short stretches without a value by the lower of what is around: what rises within
/// one rose nobody knows when.
fn filled(values: &[f32], most: usize) -> Cow<'_, [f32]> {
    if are_finite(values) {
        return Cow::Borrowed(values);
    }
    let mut filled = values.to_vec();
    let mut last: Option<usize> = None;
    for (after, value) in values.iter().enumerate() {
        if !value.is_finite() {
            continue;
        }
        if let Some(before) = last
            && (2..=most + 1).contains(&(after - before))
        {
            filled[before + 1..after].fill(values[before].min(*value));
        }
        last = Some(after);
    }
    Cow::Owned(filled)
}
