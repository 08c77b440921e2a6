//! What to do about accelerators that are not used well, and what it is worth.

use jiff::Timestamp;

use super::alternate::take_fewer;
use super::card::{Card, Layout, Profile};
use super::cheaper::{self, Need};
use super::free;
use super::held::Held;
use super::part::Part;
use super::quiet::waiting_requests;
use super::replicas::{Replicas, kept_by, talk};
use super::run;
use super::seen::{Fullness, Seen};
use super::state::{Certainty, State, is_watched, minute};
use super::times::{between, hours, seldom};
use crate::price::Book;
use crate::snapshot::{CapacityType, DisruptionBudget, Node, Placement, Workload};
use crate::text::{percent, short};
use crate::units::{Bytes, Cpu, Money, Span, count_from, len_f64};

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// No replica while nobody uses it; for what runs to an end, stopping it.
    ScaleToZero,
    /// No replica outside the hours in which it is used.
    Schedule,
    /// More CPU for what feeds the device.
    AddCpu,
    /// More requests at a time.
    BatchMore,
    FewerReplicas,
    /// A slice of a device.
    MigSlice,
    /// One device for several.
    Share,
    /// All pods of a run at once, or none.
    StartTogether,
    /// What makes a run fail again and again.
    FailingRun,
    /// What runs for ever and computes nothing.
    EndHang,
    /// Devices of which nothing comes while others of the same workload work.
    FreeDevices,
    /// Another replica, where one is full.
    MoreReplicas,
    /// What is broken: work waits, and none is done.
    Mend,
    CheaperProduct,
    Spot,
    /// Look what is wrong: nothing tells how much is used.
    Measure,
}

/// What may go wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    Low,
    Medium,
    High,
}

/// One thing to do. Savings of a workload add up: each are those beyond what the ones before it
/// save.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    pub action: Action,
    /// One sentence without a period.
    pub text: String,
    /// A month; `None` where it brings more for the same money, or is not known.
    pub savings: Option<Money>,
    pub risk: Danger,
}

impl Action {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScaleToZero => "scale_to_zero",
            Self::Schedule => "schedule",
            Self::AddCpu => "add_cpu",
            Self::BatchMore => "batch_more",
            Self::FewerReplicas => "fewer_replicas",
            Self::MigSlice => "mig_slice",
            Self::Share => "share",
            Self::StartTogether => "start_together",
            Self::FailingRun => "failing_run",
            Self::EndHang => "end_hang",
            Self::FreeDevices => "free_devices",
            Self::MoreReplicas => "more_replicas",
            Self::Mend => "mend",
            Self::CheaperProduct => "cheaper_product",
            Self::Spot => "spot",
            Self::Measure => "measure",
        }
    }
}

impl Danger {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What advice is made from.
pub(super) struct About<'a> {
    pub(super) held: &'a Held,
    pub(super) seen: &'a Seen,
    pub(super) state: State,
    pub(super) certainty: Certainty,
    pub(super) workloads: &'a [&'a Workload],
    /// Of the pods with devices, and of the devices alone, a month.
    pub(super) cost: Money,
    pub(super) gpu_cost: Money,
    /// What a pod costs an hour, by its name.
    pub(super) hourly: &'a dyn Fn(&str) -> Option<Hourly>,
    /// The product that alone is meant, of a workload that has several.
    pub(super) product: Option<&'a str>,
    /// The node of one of its pods.
    pub(super) node: Option<&'a Node>,
    pub(super) budgets: &'a [DisruptionBudget],
    pub(super) book: &'a Book,
    /// The end of the window.
    pub(super) now: Timestamp,
}

/// What a pod costs an hour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hourly {
    /// One device of it; `None` where nothing says what that costs.
    pub(super) device: Option<f64>,
    /// All of it, of a pod that is there now.
    pub(super) all: f64,
}

/// A request at a time, about.
const ONE: f64 = 1.5;
/// So many wait on average where there is a queue.
const QUEUE: f64 = 0.5;
/// A cache of which so much is used has no room for more requests.
const FULL_CACHE: f64 = 0.9;
/// Replicas that are left are used so much at most.
const LOADED: f64 = 0.6;
/// A slice is used so much at most, and its memory.
const OF_SLICE: f64 = 0.8;
/// Time that a device can work once it is fed, and what is counted of what that could save.
const FED: f64 = 0.95;
const COUNTED: f64 = 0.5;
/// Memory that a server took for itself, of all there is.
const TAKEN: f64 = 0.8;

/// Most telling first.
pub(super) fn advice(about: &About<'_>) -> Vec<Advice> {
    let all = of_all(about).into_iter().chain(of_state(about));
    told(about, all.collect())
}

/// Of a workload whose devices are of several products what is about all of them: when it
/// runs, and what of it fails or does nothing.
pub(super) fn advice_of_all(about: &About<'_>) -> Vec<Advice> {
    let mut all = of_all(about);
    if !matches!(about.state, State::Idle | State::Held | State::Unknown) {
        let rare = || between(about).or_else(|| seldom(about).filter(|_| about.seen.is_rare()));
        all.extend(hours(about).or_else(rare));
    }
    told(about, all)
}

/// The same about the devices of one of its products alone.
pub(super) fn advice_of_product(about: &About<'_>) -> Vec<Advice> {
    let name = about.held.name_of_product();
    let all = of_state(about).into_iter().map(|it| Advice {
        text: format!("{name}: {}", it.text),
        ..it
    });
    told(about, all.collect())
}

/// What is about all pods, whatever they do.
fn of_all(about: &About<'_>) -> Vec<Advice> {
    let is_sure = is_watched(about.seen) && about.seen.beyond.is_none();
    let gang = run::gang(about);
    // What waits for the rest of its run is not told to do without.
    let waits = gang.is_some();
    let mut all: Vec<Advice> = gang.into_iter().collect();
    all.extend(run::failing(about));
    all.extend(free::free(about).filter(|_| is_sure && !waits));
    all.extend(free::slack(about).filter(|_| is_sure));
    all
}

/// What is about devices as they are used.
fn of_state(about: &About<'_>) -> Vec<Advice> {
    let all = match about.state {
        State::Held if about.seen.hangs(about.card()) => vec![end_hang(about)],
        State::Unknown if about.seen.past.unserved.is_some() => vec![mend(about)],
        State::Idle | State::Held => vec![stop(about), spot(about)],
        State::Starved => vec![batch(about), feed(about), hours(about), spot(about)],
        State::Underused if about.seen.is_rare() => {
            let between = hours(about).or_else(|| between(about));
            vec![between.or_else(|| seldom(about)), spot(about)]
        }
        State::Underused if about.seen.alternate(about.held).is_some() => {
            vec![take_fewer(about), fewer(about), hours(about), spot(about)]
        }
        State::Underused => vec![
            batch(about),
            queued(about),
            fewer(about),
            hours(about).or_else(|| between(about)),
            slice(about),
            smaller_slice(about),
            shrink(about),
            cheaper(about),
            spot(about),
        ],
        State::BandwidthBound | State::Saturated | State::RightSized => {
            vec![batch(about), queued(about), hours(about), spot(about)]
        }
        State::Unknown if about.held.pods == 0 => Vec::new(),
        State::Unknown => vec![measure(about)],
    };
    all.into_iter().flatten().collect()
}

/// With how long ago that was, where what it does now is not told.
fn told(about: &About<'_>, all: Vec<Advice>) -> Vec<Advice> {
    let Some(silence) = about.seen.silence else {
        return all;
    };
    let until = minute(silence.since);
    let told = |it: Advice| match it.action {
        Action::Measure => it,
        _ => Advice {
            text: format!("{}, as far as it was told of until {until}", it.text),
            ..it
        },
    };
    all.into_iter().map(told).collect()
}

impl About<'_> {
    pub(super) fn batch(&self) -> bool {
        self.workloads.iter().any(|it| it.is_batch())
    }

    /// Whether its pods mount a volume that is there after them, where checkpoints can be;
    /// `None` where what they mount was not read.
    fn keeps_files(&self) -> Option<bool> {
        let pods = || {
            let each = self.workloads.iter();
            each.flat_map(|it| it.pods.iter().map(move |pod| (it, pod)))
        };
        let is_read = pods().all(|(it, pod)| it.placement(pod).is_some());
        (is_read && pods().next().is_some())
            .then(|| pods().any(|(_, pod)| !pod.volume_claims.is_empty()))
    }

    /// Whether all of it fails where a pod is taken away, or its pods are not to be, or are not
    /// to be where they can be.
    fn must_stay(&self) -> bool {
        let mut workloads = self.workloads.iter();
        let mut pods = self.workloads.iter().flat_map(|it| &it.pods);
        workloads.any(|it| it.attempts.as_ref().is_some_and(|it| it.fragile))
            || pods.any(|pod| pod.eviction.iter().any(is_protection))
            || self.workloads.iter().any(|it| {
                let mut rules = it.pods.iter().filter_map(|pod| it.placement(pod));
                rules.any(Placement::refuses_spot)
            })
    }

    /// Whether it is told to keep checkpoints in a bucket.
    fn keeps_checkpoints(&self) -> bool {
        let mut attempts = self.workloads.iter().filter_map(|it| it.attempts.as_ref());
        attempts.any(|it| it.checkpoints)
    }

    /// What these pods are of all its pods, by what they cost.
    pub(super) fn share_of(&self, pods: &[&str], all: &[&str]) -> f64 {
        let cost = |names: &[&str]| -> Option<f64> {
            let each = names.iter().map(|it| Some((self.hourly)(it)?.all));
            each.sum()
        };
        let counts = len_f64(pods.len()) / len_f64(all.len().max(1));
        let costs = cost(pods).zip(cost(all)).filter(|it| it.1 > 0.0);
        costs.map_or(counts, |(own, all)| own / all).min(1.0)
    }

    /// Whether somebody works with it and starts it when needed, as with a notebook.
    pub(super) fn is_interactive(&self) -> bool {
        let kind = self.workloads.first().map(|it| it.id.kind.as_str());
        kind == Some("Notebook") || kind == Some("StatefulSet") && self.held.pods == 1
    }

    pub(super) fn card(&self) -> Option<&'static Card> {
        self.held.card()
    }

    /// All that it holds.
    pub(super) fn devices(&self) -> String {
        let slices = self.held.profile.is_some() && self.held.slices > 0.0;
        self.counted(if slices {
            self.held.slices
        } else {
            self.held.gpus
        })
    }

    /// So many of what it holds: `3 GPUs`, `1 MIG slice of 1g.10gb`, `2 TPU chips`.
    pub(super) fn counted(&self, devices: f64) -> String {
        let one = (devices - 1.0).abs() < 1e-6;
        let number = if (devices - devices.round()).abs() < 1e-6 {
            count_from(devices).to_string()
        } else {
            short(devices, 2)
        };
        let s = if one { "" } else { "s" };
        match &self.held.profile {
            Some(profile) => format!("{number} MIG slice{s} of {profile}"),
            None => format!("{number} {}{s}", self.held.vendor.device()),
        }
    }

    /// A riskier thing where less is known.
    fn risk(&self, at_best: Danger) -> Danger {
        match self.certainty {
            Certainty::High => at_best,
            Certainty::Medium => at_best.max(Danger::Medium),
            Certainty::Low | Certainty::None => Danger::High,
        }
    }

    pub(super) fn advice(
        &self,
        action: Action,
        risk: Danger,
        savings: Option<Money>,
        text: String,
    ) -> Advice {
        Advice {
            action,
            text,
            savings: savings.map(Money::floor_zero),
            risk: self.risk(risk),
        }
    }
}

/// Whether an annotation says that a pod is not to be moved.
///
/// Source: the FAQ of Cluster Autoscaler, the documentation of Karpenter.
fn is_protection((key, value): &(String, String)) -> bool {
    match key.as_str() {
        "cluster-autoscaler.kubernetes.io/safe-to-evict" => value == "false",
        // A span of time is one as well.
        "karpenter.sh/do-not-disrupt" | "karpenter.sh/do-not-evict" => value != "false",
        _ => false,
    }
}

/// What does nothing needs nothing.
fn stop(about: &About<'_>) -> Option<Advice> {
    if about.held.pods == 0 {
        return None;
    }
    let time = about
        .seen
        .ended()
        .map_or(about.seen.watched, |(_, span)| span);
    let (devices, time) = (about.devices(), time.human());
    let how = if about.batch() {
        "stop it, or look why it hangs"
    } else if about.is_interactive() {
        "stop it while nobody works with it, and start it again on demand"
    } else {
        "scale it to zero until somebody needs it"
    };
    let little = about.seen.did_nothing() && about.seen.traces().is_some();
    let did = if little { "almost nothing" } else { "nothing" };
    let text = format!("{how}: {devices} did {did} in {time}");
    let advice = about.advice(Action::ScaleToZero, Danger::Low, Some(about.cost), text);
    Some(if about.seen.watched < Span::DAY {
        Advice {
            risk: advice.risk.max(Danger::Medium),
            ..advice
        }
    } else {
        advice
    })
}

/// A server that takes none of the requests that wait for it.
fn mend(about: &About<'_>) -> Option<Advice> {
    let waiting = waiting_requests(about.seen.past.unserved?);
    let text = format!("look why its server takes none: {waiting} and nothing is computed");
    Some(Advice {
        action: Action::Mend,
        text,
        savings: None,
        risk: Danger::Low,
    })
}

/// What hangs holds its devices for as long as nobody looks.
fn end_hang(about: &About<'_>) -> Option<Advice> {
    if about.held.pods == 0 {
        return None;
    }
    let devices = about.devices();
    let text = if about.batch() {
        format!(
            "look where its ranks wait for each other, end the run, and begin again from the last \
             checkpoint: {devices} are held for nothing"
        )
    } else {
        format!("look what it waits for and start it again: {devices} are held for nothing")
    };
    let text = if devices.starts_with("1 ") {
        text.replace("are held", "is held")
    } else {
        text
    };
    Some(about.advice(Action::EndHang, Danger::Low, Some(about.cost), text))
}

/// The same work in less time.
fn feed(about: &About<'_>) -> Option<Advice> {
    let seen = about.seen;
    let busy = seen.busy?.mean;
    let possible = (FED / busy.max(0.01)).min(20.0);
    let shorter = 1.0 - busy / FED;
    let cores = about.workloads.iter().flat_map(|it| &it.containers);
    let cores = cores.filter(|it| it.requests.gpus() > 0.0);
    let each: f64 = cores
        .map(|it| it.requests.cpu.map_or(0.0, Cpu::get) / it.requests.gpu_units())
        .fold(0.0, f64::max);
    let cure = if seen.cpu_is_short() {
        let now = if each > 0.0 {
            format!(" than {} cores a GPU", short(each, 1))
        } else {
            String::new()
        };
        format!("give its loader more CPU{now} and more workers")
    } else {
        "look where its data come from (workers of the loader, a cache, `/dev/shm`)".to_owned()
    };
    // Without any other sign of it that is a question, and nobody saves by a question.
    let is_guess = about.certainty <= Certainty::Low && !seen.cpu_is_short();
    // What it serves takes no fewer devices with more CPU; a run ends earlier, by how much is
    // not known: half of the most is counted.
    let is_run = about.batch() && !is_guess;
    let savings = is_run.then(|| about.cost.scale(shorter.max(0.0) * COUNTED));
    let half = if is_run { " (half counts)" } else { "" };
    let unless = if is_guess {
        ", unless it is requests that it waits for"
    } else {
        ""
    };
    let text = format!(
        "{cure}: up to {} times the work{half}, as it waits {} of the time{unless}",
        short(possible, 1),
        percent(1.0 - busy)
    );
    Some(about.advice(Action::AddCpu, Danger::Low, savings, text))
}

/// A server that works on one request at a time while others wait reads its weights for each.
/// Without a queue there is nothing to put together.
fn batch(about: &About<'_>) -> Option<Advice> {
    let running = about.seen.running?.mean;
    let waiting = about.seen.waiting?.mean;
    let cache = about.seen.cache.map_or(0.0, |it| it.p95);
    if running > ONE || running <= 0.0 || waiting < QUEUE || cache >= FULL_CACHE {
        return None;
    }
    let text = format!(
        "let it take more requests at a time: {} are in work on average while {} wait, and a device \
         reads its memory as often for many as for one",
        short(running, 1),
        short(waiting, 1)
    );
    // What waits in a queue does so for its turn, not for the device.
    let savings = fewer_by(about, true).map(|(.., saved)| saved);
    Some(about.advice(Action::BatchMore, Danger::Medium, savings, text))
}

/// What waits in a queue of a server that is full.
fn queued(about: &About<'_>) -> Option<Advice> {
    let waiting = about.seen.waiting.filter(|it| it.mean >= 1.0)?.mean;
    let cache = about.seen.cache.filter(|it| it.p95 >= FULL_CACHE)?.p95;
    let text = format!(
        "{} requests wait on average and {} of its cache is used: it needs another replica before \
         more requests at a time",
        short(waiting, 1),
        percent(cache)
    );
    Some(about.advice(Action::MoreReplicas, Danger::Low, None, text))
}

/// Replicas that can go, of how many, and what they cost.
fn fewer_by(about: &About<'_>, batched: bool) -> Option<(usize, Replicas, Money)> {
    let replicas = Replicas::of(about).filter(|it| it.count > 1)?;
    let (full, _) = about.seen.fullness(about.card())?;
    let free = |level: Option<super::Level>| level.is_none_or(|it| it.p95 < 0.5);
    if !batched && !free(about.seen.waiting) {
        return None;
    }
    let most = about
        .seen
        .needed(full)
        .max(about.seen.cache.map_or(0.0, |it| it.p95));
    let all = len_f64(replicas.count);
    let needed = (most * all / LOADED).ceil().max(1.0);
    let needed = usize::try_from(count_from(needed)).ok()?;
    let gone = replicas.count.checked_sub(needed).filter(|it| *it > 0)?;
    let saved = about.cost.scale(len_f64(gone) / all);
    Some((gone, replicas, saved))
}

fn fewer(about: &About<'_>) -> Option<Advice> {
    let (gone, replicas, savings) = fewer_by(about, false)?;
    let (full, _) = about.seen.fullness(about.card())?;
    let queue = if about.seen.waiting.is_some() {
        ", and no requests wait"
    } else {
        ""
    };
    let (left, all) = (replicas.count - gone, replicas.count);
    let text = format!(
        "run {left} of {all} {}: at most {} of each device is used{queue}{}",
        replicas.word,
        percent(about.seen.needed(full)),
        kept_by(about, (left, all))
    );
    Some(about.advice(Action::FewerReplicas, Danger::Medium, Some(savings), text))
}

/// How many times what it does now a replica does once there are as few as is advised before
/// anything else: those that are left take the load of all.
fn crowded(about: &About<'_>) -> f64 {
    let fewer = fewer_by(about, batch(about).is_some());
    fewer.map_or(1.0, |(gone, replicas, _)| {
        len_f64(replicas.count) / len_f64((replicas.count - gone).max(1))
    })
}

/// `it needs`, or of fewer replicas `each that is left needs`.
fn who_needs(crowded: f64) -> &'static str {
    if crowded > 1.0 {
        "each that is left needs"
    } else {
        "it needs"
    }
}

/// What is needed of a device, of which this is the share that is held, by replicas that do so
/// many times what they do now; and what they held in memory, of which weights do not grow with
/// the load.
fn needed(about: &About<'_>, share: f64, crowded: f64) -> Option<(f64, f64)> {
    let (full, from) = about.seen.fullness(about.card())?;
    let memory = about.seen.memory?.max;
    // Power says too little of a small load to cut a device by it.
    let needed = about.seen.needed_of_each(full) * share * crowded;
    (from == Fullness::Profiling).then_some((needed, memory))
}

impl Layout {
    /// The smallest slice that compute, as a share of the device, and memory in bytes fit into.
    fn smallest(&self, (needed, memory): (f64, f64)) -> Option<&Profile> {
        self.profiles.iter().find(|it| {
            let compute = f64::from(it.compute) / f64::from(self.slices);
            let bytes = f64::from(it.gigabytes) * 0.95 * f64::from(1 << 30);
            needed <= compute * OF_SLICE && memory <= bytes * OF_SLICE.max(0.9)
        })
    }
}

/// A smaller slice than the one that is held.
fn smaller_slice(about: &About<'_>) -> Option<Advice> {
    let (layout, name) = (about.card()?.layout?, about.held.profile.as_deref()?);
    let own = layout.profiles.iter().find(|it| it.name == name)?;
    let share = f64::from(own.compute) / f64::from(layout.slices);
    let crowded = crowded(about);
    let (needed, memory) = needed(about, share, crowded)?;
    let profile = layout.smallest((needed, memory))?;
    if about.held.replicas > 1 || profile.compute >= own.compute {
        return None;
    }
    let text = format!(
        "a smaller MIG slice of {} in place of each of {name} has what {}: {} of the compute of \
         {name} in its busiest hour and {} of memory at most; its node is emptied to be cut",
        profile.name,
        who_needs(crowded),
        percent(needed / share),
        Bytes::from_f64(memory).human()
    );
    let savings = 1.0 - f64::from(profile.compute) / f64::from(own.compute);
    let savings = about.gpu_cost.scale(savings);
    // How much more memory more load takes, nobody has seen.
    let risk = if crowded > 1.0 {
        Danger::High
    } else {
        Danger::Medium
    };
    Some(about.advice(Action::MigSlice, risk, Some(savings), text))
}

/// The smallest slice that compute and memory fit into. Devices that talk to each other cannot
/// be slices: NCCL knows no way between them. Source: the MIG user guide of NVIDIA.
fn slice(about: &About<'_>) -> Option<Advice> {
    let talk = talk(about);
    let is_whole = about.held.is_one_whole() && talk != Some(true);
    let layout = about.card()?.layout.filter(|_| is_whole)?;
    let total = about.seen.memory_of_one(about.card())?.to_f64();
    let crowded = crowded(about);
    let (needed, memory) = needed(about, 1.0, crowded)?;
    let slices = f64::from(layout.slices);
    let profile = layout.smallest((needed, memory))?;
    if profile.compute >= layout.slices {
        return None;
    }
    let taken = about.seen.serves() && memory >= TAKEN * total;
    // A slice keeps from others what is larger of its compute and its memory.
    let share = (f64::from(profile.compute) / slices).max(f64::from(profile.memory) / 8.0);
    let savings = about.gpu_cost.scale(1.0 - share);
    let text = format!(
        "a MIG slice of {} has what {}: {} of the compute in its busiest hour and {} of memory at \
         most; its node is emptied to be cut{}",
        profile.name,
        who_needs(crowded),
        percent(needed),
        Bytes::from_f64(memory).human(),
        if talk.is_none() {
            "; unless its pods talk to each other, as no slice talks to another"
        } else {
            ""
        }
    );
    // How much more memory more load takes, nobody has seen.
    let risk = if taken || talk.is_none() || crowded > 1.0 {
        Danger::High
    } else {
        Danger::Medium
    };
    Some(about.advice(Action::MigSlice, risk, Some(savings), text))
}

/// A server that takes nearly all memory at its start, whatever it needs, leaves none to
/// others and fits into no slice.
fn shrink(about: &About<'_>) -> Option<Advice> {
    let seen = about.seen;
    let (memory, total) = (seen.memory?.max, seen.memory_of_one(about.card())?.to_f64());
    let cache = seen.cache.filter(|it| it.p95 < LOADED)?.p95;
    let waits = seen.waiting.is_some_and(|it| it.mean >= QUEUE);
    if waits || !about.held.is_one_whole() || memory < TAKEN * total {
        return None;
    }
    let text = format!(
        "let its server take less memory at its start: it holds {} and uses {} of its cache at most, \
         and with less it could share a device or have a slice of one",
        Bytes::from_f64(memory).human(),
        percent(cache)
    );
    Some(about.advice(Action::Share, Danger::Medium, None, text))
}

fn cheaper(about: &About<'_>) -> Option<Advice> {
    if about.held.profile.is_some() || about.held.replicas > 1 {
        return None;
    }
    let crowded = crowded(about);
    let need = Need::of(about.seen, about.card()?, crowded)?;
    let found = cheaper::find(&need, about.card()?, about.node?, about.book)?;
    let who = if crowded > 1.0 {
        " for each that is left"
    } else {
        ""
    };
    let text = format!(
        "{} is enough{who} by compute, bandwidth and memory, at {:.0} % of the price of a device; \
         single requests take longer on it",
        found.name,
        found.share * 100.0
    );
    let savings = about.gpu_cost.scale(1.0 - found.share);
    Some(about.advice(Action::CheaperProduct, Danger::High, Some(savings), text))
}

/// What runs to an end and can begin again.
fn spot(about: &About<'_>) -> Option<Advice> {
    let may_go = about.batch() && !about.held.spot && !about.must_stay();
    let node = about.node.filter(|_| may_go)?;
    let spot = Node {
        capacity_type: CapacityType::Spot,
        ..node.clone()
    };
    let (now, then) = (about.book.price(node), about.book.price(&spot));
    let is_whole = now.rates.gpu_hour.is_some() && then.rates.gpu_hour.is_some();
    if !is_whole || then.source == "default" || then.hourly >= now.hourly {
        return None;
    }
    let share = then.hourly.to_f64() / now.hourly.to_f64();
    let (risk, proviso) = match about.keeps_files() {
        _ if about.keeps_checkpoints() => (
            Danger::Medium,
            "where it begins again from the checkpoints that it keeps in a bucket",
        ),
        Some(true) => (
            Danger::Medium,
            "where it writes checkpoints to the volume that it has and begins again from them",
        ),
        Some(false) => (
            Danger::High,
            "but it claims no volume: only where it keeps checkpoints elsewhere, such as a bucket, \
             and begins again from them",
        ),
        None => (
            Danger::Medium,
            "where it writes checkpoints and begins again from them",
        ),
    };
    let text = format!(
        "on spot machines it costs {:.0} % of that, {proviso}",
        share * 100.0
    );
    let savings = about.cost.scale(1.0 - share);
    Some(about.advice(Action::Spot, risk, Some(savings), text))
}

fn measure(about: &About<'_>) -> Option<Advice> {
    let seen = about.seen;
    if about.held.running_pods() == 0 {
        return None;
    }
    let shared = about.held.replicas > 1 && (about.held.takes_turns || seen.samples == 0);
    let text = if seen.is_partly_told() && seen.parts.iter().any(Part::is_known) {
        "let the exporter tell of all its devices: of some it tells nothing, or only now and then"
            .to_owned()
    } else if seen.beyond.is_some() {
        "look at the labels of its exporter: they give its name to devices that it does not ask for"
            .to_owned()
    } else if shared {
        "tell its use from others: an exporter that knows processes, MIG slices, or a device of \
         its own for some days"
            .to_owned()
    } else if seen.samples == 0 {
        format!(
            "run {} on its nodes, with the names of pods, and let Prometheus scrape it",
            about.held.vendor.exporter()
        )
    } else if seen.full.is_none() {
        about.held.vendor.more(seen.watts.is_some())?
    } else {
        return None;
    };
    Some(Advice {
        action: Action::Measure,
        text,
        savings: None,
        risk: Danger::Low,
    })
}
