use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;

use super::record::{Amounts, Entry, Kept, Record, like};
use crate::learn::at_least;
use crate::snapshot::{Container, Grid, Series, Snapshot, Usage, Workload, WorkloadId};
use crate::text::times;
use crate::units::{Bytes, Money, Span, count_from, len_f64};

/// Less than this share of a promise's time says nothing of it.
const LEAST_COVERED: f64 = 0.5;

/// So late a run a week may be, as for [`Record::is_over`].
const LATE: Span = Span::from_secs(3_600);

/// A peak at this share of a limit has reached it.
const REACHED: f64 = 0.98;

/// More broken promises than chance explains at this level are no chance.
const LEVEL: f64 = 0.05;

/// Holds a record against what came after it, with usage part by part.
pub struct Verify<'a> {
    record: &'a Record,
    snapshot: &'a Snapshot,
    grid: Grid,
    entries: HashMap<&'a WorkloadId, usize>,
    seen: Vec<Option<Seen<'a>>>,
}

/// What came of what was said of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<'a> {
    pub entry: &'a Entry,
    /// `None` where the workload is gone.
    pub workload: Option<&'a Workload>,
    pub applied: Applied,
    pub containers: Vec<Judged<'a>>,
    pub verdict: Verdict,
    /// Why a promise was broken, each a sentence without a period.
    pub reasons: Vec<String>,
}

/// What came of what was promised of one container.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged<'a> {
    pub kept: &'a Kept,
    /// Share of the promise's time with samples.
    pub covered: f64,
    /// Of all replicas, the largest working set, and when.
    pub memory_peak: Option<(f64, Timestamp)>,
    /// Whether any replica was above the advised limit; `None` where that is not known.
    pub over_limit: Option<bool>,
    /// Whether the time of the promise is over and enough of it was seen, so that it counts
    /// whichever way it went. Before that only broken ones would be known.
    pub settled: bool,
    /// Share of samples above the advised request.
    pub time_over_request: Option<f64>,
    /// OOM kills since.
    pub kills: usize,
}

/// Whether advice was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applied {
    Yes,
    Partly,
    No,
    /// Sizes changed, to others than were advised.
    Otherwise,
    /// A run of kcost wrote it, and it is there no more.
    Undone,
    /// There was nothing to apply.
    Nothing,
    Gone,
}

/// What became of the promises of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Broken,
    Kept,
    /// Too little is known of what came after.
    Unknown,
    /// Nothing was promised.
    None,
}

/// All promises together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals {
    /// Workloads whose promise on memory was judged: its time is over.
    pub judged: usize,
    /// How many of them were expected to outgrow a limit.
    pub expected_over_limit: f64,
    pub over_limit: usize,
    /// Workloads with a promise on memory that is not judged: its time is not over, or too
    /// little of it was seen. How many of those have outgrown a limit all the same.
    pub unjudged: usize,
    pub unjudged_over_limit: usize,
    /// How likely it is that at least so many do, if what was promised is true.
    pub chance: Option<f64>,
    /// Means over containers of the share of time above the CPU request.
    pub promised_time_over: Option<f64>,
    pub time_over: Option<f64>,
    /// Workloads whose advice was followed.
    pub applied: usize,
    /// What that was to free a month.
    pub savings: Money,
}

impl Applied {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "applied",
            Self::Partly => "partly_applied",
            Self::No => "not_applied",
            Self::Otherwise => "changed_otherwise",
            Self::Undone => "undone_since",
            Self::Nothing => "nothing_to_apply",
            Self::Gone => "gone",
        }
    }
}

impl Verdict {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Kept => "kept",
            Self::Unknown => "unknown",
            Self::None => "none",
        }
    }
}

impl<'a> Verify<'a> {
    pub fn new(record: &'a Record, snapshot: &'a Snapshot) -> Self {
        let entries = record.workloads.iter().enumerate();
        Self {
            record,
            snapshot,
            grid: snapshot.usage.grid,
            entries: entries.map(|(place, entry)| (&entry.id, place)).collect(),
            seen: record.workloads.iter().map(|_| None).collect(),
        }
    }

    /// Looks at the usage of some workloads of the snapshot.
    pub fn look(&mut self, workloads: Range<usize>, usage: &Usage) {
        let end = workloads.end.min(self.snapshot.workloads.len());
        for place in workloads.start..end {
            let workload = &self.snapshot.workloads[place];
            let Some(&at) = self.entries.get(&workload.id) else {
                continue;
            };
            let entry = &self.record.workloads[at];
            let index = u32::try_from(place).unwrap_or(u32::MAX);
            let containers: Vec<Judged<'a>> = entry
                .containers
                .iter()
                .map(|kept| {
                    let pool: Vec<&Series> = usage.pool(index, &kept.name).collect();
                    self.judge(kept, workload, &pool)
                })
                .collect();
            let reasons = reasons(workload, entry, &containers, self.record.taken_at);
            self.seen[at] = Some(Seen {
                entry,
                workload: Some(workload),
                applied: self.applied(entry, workload),
                verdict: verdict(&containers),
                containers,
                reasons,
            });
        }
    }

    /// What came of everything that was said, in the order of the record.
    pub fn seen(self) -> Vec<Seen<'a>> {
        let each = self.record.workloads.iter().zip(self.seen);
        each.map(|(entry, seen)| {
            seen.unwrap_or(Seen {
                entry,
                workload: None,
                applied: Applied::Gone,
                containers: Vec::new(),
                verdict: Verdict::None,
                reasons: Vec::new(),
            })
        })
        .collect()
    }

    /// Whether advice was followed, and whether it is still.
    fn applied(&self, entry: &Entry, workload: &Workload) -> Applied {
        let wrote = self.record.applied.as_ref();
        match applied(entry, workload) {
            Applied::No | Applied::Otherwise if wrote.is_some_and(|it| it.has(&entry.id)) => {
                Applied::Undone
            }
            applied => applied,
        }
    }

    fn judge(&self, kept: &'a Kept, workload: &Workload, pool: &[&Series]) -> Judged<'a> {
        let days = kept.promise.map_or(7.0, |promise| promise.horizon_days);
        let since = self.record.taken_at;
        let span = Span::from_secs(secs(days));
        let slots = self.slots(since, span);
        let horizon = (days * 86_400.0 / f64::from(self.grid.step.as_secs())).max(1.0);
        let place = |slot: u32| usize::try_from(slot).unwrap_or(usize::MAX);
        let mut known = vec![false; place(slots.end - slots.start)];
        let mut peak: Option<(f64, u32)> = None;
        let (mut above, mut samples) = (0.0, 0.0);
        for series in pool {
            for slot in slots.clone() {
                let Some(offset) = slot.checked_sub(series.first) else {
                    continue;
                };
                let (offset, here) = (place(offset), place(slot - slots.start));
                let memory = sample(&series.memory_bytes, offset);
                if let Some(memory) = memory {
                    known[here] = true;
                    if peak.is_none_or(|(most, _)| memory > most) {
                        peak = Some((memory, slot));
                    }
                }
                if let Some(cpu) = sample(&series.cpu_cores, offset) {
                    known[here] = true;
                    samples += 1.0;
                    let request = kept.advised.cpu_request_cores;
                    if request.is_some_and(|request| cpu > request) {
                        above += 1.0;
                    }
                }
            }
        }
        let covered = len_f64(known.iter().filter(|it| **it).count()) / horizon;
        let enough = covered >= LEAST_COVERED;
        let until = since.as_second().saturating_add(i64::from(span.as_secs()));
        let ends = self
            .grid
            .end()
            .as_second()
            .saturating_add(i64::from(LATE.as_secs()));
        let kills = kills(workload, kept, since, span);
        let held = Holds::of(kept, workload, peak.map(|(most, _)| most), kills);
        let limit = kept.advised.memory_limit_bytes;
        let over = limit.map(|limit| {
            let passed = peak.is_some_and(|(most, _)| most > limit);
            passed || (kills > 0 && !held.memory)
        });
        Judged {
            kept,
            settled: enough && until <= ends && !held.memory,
            covered: covered.min(1.0),
            memory_peak: peak.map(|(most, slot)| (most, self.grid.time(slot))),
            // What was seen once was seen, however little else is known.
            over_limit: over.filter(|over| *over || (enough && !held.memory)),
            time_over_request: (enough && samples > 0.0 && !held.cpu).then(|| above / samples),
            kills,
        }
    }

    /// Slots that begin after this time, for so long.
    fn slots(&self, since: Timestamp, span: Span) -> Range<u32> {
        let step = i64::from(self.grid.step.as_secs()).max(1);
        let past = |time: i64| (time - self.grid.start.as_second()).max(0);
        let slot = |past: i64| u32::try_from(past).unwrap_or(u32::MAX).min(self.grid.len);
        let since = since.as_second();
        let until = since.saturating_add(i64::from(span.as_secs()));
        // A slot that begins at the very time is one of before.
        let start = if since < self.grid.start.as_second() {
            0
        } else {
            slot(past(since) / step + 1)
        };
        start..slot(past(until).div_euclid(step) + 1).max(start)
    }
}

/// Whether limits lower than the advice held use back, so that it says nothing of the advice.
struct Holds {
    memory: bool,
    cpu: bool,
}

impl Holds {
    fn of(kept: &Kept, workload: &Workload, peak: Option<f64>, kills: usize) -> Self {
        let container = workload.containers.iter().find(|it| it.name == kept.name);
        let now = container.map(Amounts::of).unwrap_or_default();
        let lower = |limit: Option<f64>, advised: Option<f64>| match (limit, advised) {
            (Some(limit), Some(advised)) => limit < advised && !like(Some(limit), Some(advised)),
            _ => false,
        };
        let limit = now.memory_limit_bytes;
        let reached = limit.is_some_and(|limit| peak.is_some_and(|peak| peak >= REACHED * limit));
        Self {
            memory: lower(limit, kept.advised.memory_limit_bytes) && (reached || kills > 0),
            cpu: lower(now.cpu_limit_cores, kept.advised.cpu_request_cores),
        }
    }
}

fn secs(days: f64) -> u32 {
    u32::try_from(count_from(days.max(0.0) * 86_400.0)).unwrap_or(u32::MAX)
}

fn sample(values: &[f32], place: usize) -> Option<f64> {
    let value = f64::from(*values.get(place)?);
    value.is_finite().then_some(value)
}

fn kills(workload: &Workload, kept: &Kept, since: Timestamp, span: Span) -> usize {
    let until = since.as_second() + i64::from(span.as_secs());
    let container = workload.containers.iter().find(|it| it.name == kept.name);
    let ends = container.iter().flat_map(|it| &it.terminations);
    let killed = ends.filter(|end| end.reason == "OOMKilled");
    killed
        .filter(|end| {
            end.finished
                .is_some_and(|at| at > since && at.as_second() <= until)
        })
        .count()
}

/// Whether what it has now is what was advised then.
fn applied(entry: &Entry, workload: &Workload) -> Applied {
    let (mut follow, mut stay, mut other) = (0, 0, 0);
    for kept in &entry.containers {
        let found: Option<&Container> = workload.containers.iter().find(|it| it.name == kept.name);
        let Some(container) = found else { continue };
        let now = Amounts::of(container).all();
        let each = kept
            .current
            .all()
            .into_iter()
            .zip(kept.advised.all())
            .zip(now);
        for ((was, advised), now) in each.filter(|((was, advised), _)| !like(*was, *advised)) {
            if like(now, advised) {
                follow += 1;
            } else if like(now, was) {
                stay += 1;
            } else {
                other += 1;
            }
        }
    }
    match (follow, stay, other) {
        (0, 0, 0) => Applied::Nothing,
        (_, 0, 0) => Applied::Yes,
        (0, _, 0) => Applied::No,
        (0, _, _) => Applied::Otherwise,
        _ => Applied::Partly,
    }
}

fn verdict(containers: &[Judged<'_>]) -> Verdict {
    let promised: Vec<&Judged<'_>> = containers
        .iter()
        .filter(|it| it.kept.promise.is_some())
        .collect();
    let over = |it: &&Judged<'_>| it.over_limit == Some(true) || too_long(it);
    if promised.is_empty() {
        Verdict::None
    } else if promised.iter().any(over) {
        Verdict::Broken
    } else if promised
        .iter()
        .any(|it| it.over_limit.is_some() || it.time_over_request.is_some())
    {
        Verdict::Kept
    } else {
        Verdict::Unknown
    }
}

/// Whether CPU was above its request for more than twice the time that was promised, and
/// for a time that one feels.
fn too_long(judged: &Judged<'_>) -> bool {
    const FELT: f64 = 0.02;
    let promised = judged.kept.promise.and_then(|it| it.cpu_time_over_request);
    match (promised, judged.time_over_request) {
        (Some(promised), Some(seen)) => seen > (2.0 * promised).max(promised + FELT),
        _ => false,
    }
}

/// What speaks for itself.
fn reasons(
    workload: &Workload,
    entry: &Entry,
    containers: &[Judged<'_>],
    since: Timestamp,
) -> Vec<String> {
    let mut reasons = Vec::new();
    for judged in containers {
        let name = &judged.kept.name;
        if judged.kills > 0 {
            let times = times(judged.kills);
            reasons.push(format!("{name} was OOM-killed {times}"));
        }
        if let (Some(true), Some((peak, at)), Some(limit)) = (
            judged.over_limit,
            judged.memory_peak,
            judged.kept.advised.memory_limit_bytes,
        ) && peak > limit
        {
            let human = |bytes| Bytes::from_f64(bytes).human();
            let (peak, limit) = (human(peak), human(limit));
            reasons.push(format!(
                "{name} used {peak} at {at}, above the limit of {limit}"
            ));
        }
        if too_long(judged) {
            let seen = 100.0 * judged.time_over_request.unwrap_or(0.0);
            let promise = judged.kept.promise.and_then(|it| it.cpu_time_over_request);
            let promise = 100.0 * promise.unwrap_or(0.0);
            reasons.push(format!(
                "{name} was above its CPU request for {seen:.0}% of the time, {promise:.0}% was said"
            ));
        }
    }
    if reasons.is_empty() {
        return reasons;
    }
    if let Some(at) = workload.template_changed.filter(|at| *at > since) {
        reasons.push(format!(
            "its pods are of a template of {at}, after the advice"
        ));
    }
    if workload.replicas < entry.replicas {
        let (was, now) = (entry.replicas, workload.replicas);
        reasons.push(format!(
            "fewer replicas share the work: {was} then, {now} now"
        ));
    }
    reasons
}

impl Totals {
    /// Of all that was seen.
    pub fn of(seen: &[Seen<'_>]) -> Self {
        let mut totals = Self::default();
        let (mut chances, mut promised, mut happened) = (Vec::new(), Vec::new(), Vec::new());
        for seen in seen {
            if seen.applied == Applied::Yes {
                totals.applied += 1;
                totals.savings += seen.entry.monthly_savings.parse().unwrap_or(Money::ZERO);
            }
            // A workload breaks its promise once, whichever container does.
            let of = seen.containers.iter();
            let of: Vec<(f64, &Judged<'_>)> = of
                .filter_map(|it| Some((it.kept.promise?.memory_over_limit?, it)))
                .collect();
            let over = |(_, it): &(f64, &Judged<'_>)| it.over_limit == Some(true);
            let (settled, open): (Vec<_>, Vec<_>) = of
                .into_iter()
                .partition(|(_, it)| it.settled && it.over_limit.is_some());
            if settled.is_empty() && !open.is_empty() {
                totals.unjudged += 1;
                totals.unjudged_over_limit += usize::from(open.iter().any(over));
            }
            if !settled.is_empty() {
                let of = settled;
                let none: f64 = of.iter().map(|(chance, _)| 1.0 - chance).product();
                chances.push(1.0 - none);
                totals.judged += 1;
                totals.over_limit += usize::from(of.iter().any(over));
            }
            for it in &seen.containers {
                let said = it.kept.promise.and_then(|it| it.cpu_time_over_request);
                if let (Some(said), Some(came)) = (said, it.time_over_request) {
                    promised.push(said);
                    happened.push(came);
                }
            }
        }
        let mean =
            |all: &[f64]| (!all.is_empty()).then(|| all.iter().sum::<f64>() / len_f64(all.len()));
        totals.expected_over_limit = chances.iter().sum();
        totals.chance = (totals.judged > 0).then(|| at_least(totals.over_limit, &chances));
        totals.promised_time_over = mean(&promised);
        totals.time_over = mean(&happened);
        totals
    }

    /// Whether more promises were broken than chance explains; `None` where none was judged.
    pub fn is_beyond_chance(&self) -> Option<bool> {
        self.chance.map(|chance| chance < LEVEL)
    }
}
