//! What fills its device and waits most of the time: for data, CPU or network.

use super::card::Card;
use super::held::Held;
use super::part::{Lost, Part};
use super::seen::Seen;
use super::state::{Certainty, State, Verdict};
use crate::snapshot::Workload;
use crate::text::percent;

/// Fullness while anything runs, from which what runs fills the device.
const FILLED: f64 = 0.75;
/// Fullness of what is starved: below is work now and then, above there is little to gain.
const STARVED: (f64, f64) = (0.05, 0.60);
/// Fullness from which what runs in whole batches is taken for starved without any other sign
/// of it: below it is as likely that little is asked for.
const WEAK: f64 = 0.15;
/// Of several devices, so many and more must be starved.
const MOST: f64 = 0.5;
/// Changes between running hard and hardly running ÷ samples of what stops for each batch, and
/// its 95th percentile ÷ its mean.
const TURNS: f64 = 0.2;
const BURSTS: f64 = 2.0;
/// Of what its CPU is allowed, and of the CFS periods, from where the CPU holds it back.
const CPU_FULL: f64 = 0.90;
const THROTTLED: f64 = 0.25;
const CPU_WAITING: f64 = 0.50;
/// Hourly means that vary by more than this follow people, who send more or less.
const SWING: f64 = 0.5;

impl Seen {
    /// Whether its CPU holds it back: all that it may use is used, or it is throttled or
    /// waits.
    pub(super) fn cpu_is_short(&self) -> bool {
        let used = self.cpu_cores.zip(self.cpu_bound);
        let full = used.is_some_and(|(used, bound)| bound > 0.0 && used >= CPU_FULL * bound);
        let throttled = self.throttled.is_some_and(|it| it >= THROTTLED);
        full || throttled || self.cpu_waiting.is_some_and(|it| it >= CPU_WAITING)
    }

    /// Whether its device stops and goes: it runs hard, and then hardly, again and again.
    fn stops_and_goes(&self) -> bool {
        let bursts = self.busy.is_some_and(|it| it.p95 >= BURSTS * it.mean);
        bursts && self.turns >= TURNS
    }

    /// How full the device is while anything runs.
    pub(super) fn fill(&self, card: Option<&Card>) -> Option<f64> {
        let (full, _) = self.fullness(card)?;
        let busy = self.busy.filter(|it| it.mean > 0.02)?;
        Some((full.mean / busy.mean).min(1.0))
    }
}

/// What comes in whole batches, and rarely: the device waits for something. Of a server
/// it is requests. One device that does nothing makes the mean of others look like that.
pub(super) fn starved(
    seen: &Seen,
    held: &Held,
    workloads: &[&Workload],
    sure: Certainty,
) -> Option<Verdict> {
    let card = held.card();
    let (full, _) = seen.fullness(card)?;
    let (busy, fill) = (seen.busy?, seen.fill(card)?);
    let is_between = (STARVED.0..=STARVED.1).contains(&full.mean);
    // Of devices that are told of one by one, those that do nothing are left out of it.
    let hidden = |it: &Lost<'_>| !it.part.is_device();
    if !is_between || busy.mean > 0.9 || seen.lost(card).iter().any(hidden) {
        return None;
    }
    let waiting = waiting_share(seen, card);
    if waiting.is_some_and(|it| it <= MOST) {
        return None;
    }
    let (share, waits) = (percent(full.mean), percent(1.0 - busy.mean));
    if seen.cpu_is_short() {
        let why = format!(
            "it waits {waits} of the time while its CPU is used up{}",
            cpu(seen)
        );
        return Some(Verdict::new(State::Starved, sure, why));
    }
    let follows = seen.swing.is_some_and(|it| it > SWING);
    if fill < FILLED || follows || seen.serves() {
        return None;
    }
    // A run that has work to do until it ends waits for nothing else.
    let batch = workloads.iter().any(|it| it.is_batch());
    let shows = batch || seen.stops_and_goes() || full.mean >= WEAK;
    if !shows {
        return None;
    }
    // Of several devices only the mean is told, and some of them may do nothing.
    let several = seen.is_blurred() && !seen.stops_and_goes();
    let sure = sure.min(if batch && !several {
        Certainty::Medium
    } else {
        Certainty::Low
    });
    let unless = if several {
        ", unless some of its devices do nothing, as only their mean is told"
    } else {
        ""
    };
    let why = format!(
        "what runs fills the device, and {waits} of the time it waits for data, CPU or \
         network: {share} of it is used{unless}"
    );
    Some(Verdict::new(State::Starved, sure, why))
}

/// Of several devices that work, the share that wait by their own figures: some that run all
/// the time beside others that hardly do look like that on average.
fn waiting_share(seen: &Seen, card: Option<&Card>) -> Option<f64> {
    let slack = seen.slack(card);
    let is_slack = |it: &Part| slack.iter().any(|own| std::ptr::eq(*own, it));
    let working = seen
        .parts
        .iter()
        .filter(|it| !it.is_lost(card) && !is_slack(it));
    let each: Vec<(f64, bool)> = working
        .filter_map(|it| {
            let (full, busy) = (it.fullness(card)?.0.mean, it.busy?);
            let is_between = (STARVED.0..=STARVED.1).contains(&full);
            let fills = seen.cpu_is_short() || full >= FILLED * busy;
            Some((it.devices, is_between && fills && busy <= 0.9))
        })
        .collect();
    let all: f64 = each.iter().map(|it| it.0).sum();
    let waits: f64 = each.iter().filter(|it| it.1).map(|it| it.0).sum();
    (each.len() > 1).then(|| waits / all)
}

/// `: 3.9 of 4 cores, throttled 31 % of the time`.
fn cpu(seen: &Seen) -> String {
    let mut parts = Vec::new();
    if let Some((used, bound)) = seen.cpu_cores.zip(seen.cpu_bound) {
        parts.push(format!("{used:.1} of {bound:.1} cores"));
    }
    if let Some(throttled) = seen.throttled.filter(|it| *it >= 0.05) {
        parts.push(format!("throttled {} of the time", percent(throttled)));
    }
    if let Some(waiting) = seen.cpu_waiting.filter(|it| *it >= 0.05) {
        parts.push(format!("waiting for CPU {} of the time", percent(waiting)));
    }
    if parts.is_empty() {
        return String::new();
    }
    format!(": {}", parts.join(", "))
}
