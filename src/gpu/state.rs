//! What the use of accelerators amounts to, in one word.

use jiff::Timestamp;

use super::card::Card;
use super::held::Held;
use super::part::{KNOWN, LIFE, Lost, Part};
use super::seen::{Fullness, Level, Seen, by_power};
use crate::snapshot::Workload;
use crate::text::{percent, short};
use crate::units::{Bytes, Span};

/// How a workload uses its accelerators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing was computed.
    Idle,
    /// Nothing was computed, and memory was held.
    Held,
    /// Most of it was never used.
    Underused,
    /// What runs fills the device, and most of the time it waits for CPU, data or network.
    Starved,
    /// Its memory moves as much as it can.
    BandwidthBound,
    /// There is no more to have of it.
    Saturated,
    RightSized,
    Unknown,
}

/// How sure a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    None,
    Low,
    Medium,
    High,
}

impl State {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Held => "held",
            Self::Underused => "underused",
            Self::Starved => "starved",
            Self::BandwidthBound => "bandwidth_bound",
            Self::Saturated => "saturated",
            Self::RightSized => "right_sized",
            Self::Unknown => "unknown",
        }
    }

    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::BandwidthBound => "bandwidth bound",
            Self::RightSized => "right sized",
            other => other.name(),
        }
    }
}

impl Certainty {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Below so many samples nothing is said.
const FEWEST: usize = 5;
/// Profiling that tells less than the first of a device that draws more than the second of
/// its power above the floor contradicts it.
const CONTRADICTS: (f64, f64) = (0.05, 0.50);
/// Nothing is done where the 99th percentile of everything that is done is at most this:
/// DCGM has a noise floor.
pub(super) const NOTHING: f64 = 0.01;
/// Memory that is more than the context of a process.
const CONTEXT: Bytes = Bytes(2 << 30);
/// What the mean of fullness is at most, and its 95th percentile, of what is underused.
const LITTLE: (f64, f64) = (0.30, 0.50);
/// From this mean on there is no more to have: real kernels rarely do better.
const FULL: f64 = 0.80;
/// The same as a share of the power limit, where boards hold their clocks back.
const FULL_POWER: f64 = 0.92;
/// Memory that moves for more than this share of the time is near what it can.
const MOVING: f64 = 0.60;
/// Fullness while anything runs, from which what runs fills the device.
const FILLED: f64 = 0.75;
/// Fullness of what is starved: below is work now and then, above there is little to gain.
const STARVED: (f64, f64) = (0.05, 0.60);
/// Fullness from which what runs in whole batches is taken for starved without any other sign
/// of it: below it is as likely that little is asked for.
const WEAK: f64 = 0.15;
/// Of several devices, so many and more must be starved, and the fullest is so many times as
/// full as another where they differ much.
const MOST: f64 = 0.5;
const UNEQUAL: f64 = 2.0;
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

/// A state, how sure it is, and why.
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) certainty: Certainty,
    /// One sentence without a period.
    pub(super) why: String,
}

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

pub(super) fn judge(held: &Held, seen: &Seen, workloads: &[&Workload]) -> Verdict {
    if !is_watched(seen) {
        return waiting(held, workloads).unwrap_or_else(|| unknown(held, seen));
    }
    let doubt = beyond(seen).or_else(|| young(seen));
    if let Some(why) = doubt.or_else(|| contradiction(held, seen)) {
        return Verdict::new(State::Unknown, Certainty::None, why);
    }
    let verdict = of_told(held, seen, workloads);
    if !seen.is_partly_told() {
        return verdict;
    }
    // What nothing is told of may work.
    let (told, all) = told_of(seen);
    let why = format!(
        "{}; too little is told of {} of {} devices",
        verdict.why,
        short(all - told, 2),
        short(all, 2)
    );
    match verdict.state {
        State::Idle | State::Held => Verdict::new(State::Unknown, Certainty::None, why),
        state => Verdict::new(state, verdict.certainty.min(Certainty::Low), why),
    }
}

fn is_little(full: Level) -> bool {
    full.mean <= LITTLE.0 && full.p95 <= LITTLE.1
}

/// Whether it is so of most devices, where each is told of.
fn mostly(seen: &Seen, card: Option<&Card>, is_so: fn(Level) -> bool) -> bool {
    let each = seen.parts.iter().filter(|it| !it.is_lost(card));
    let each: Vec<bool> = each
        .filter_map(|it| Some(is_so(it.fullness(card)?.0)))
        .collect();
    seen.is_told_apart() && each.iter().filter(|it| **it).count() * 2 > each.len()
}

/// `, from 3% to 95%` where devices are told of and differ much.
fn spread(seen: &Seen, card: Option<&Card>) -> String {
    let works = seen
        .parts
        .iter()
        .filter(|it| it.is_known() && !it.is_lost(card));
    let slack = seen.slack(card);
    let works = works.filter(|it| !slack.iter().any(|own| std::ptr::eq(*own, *it)));
    let each: Vec<f64> = works
        .filter_map(|it| Some(it.fullness(card)?.0.mean))
        .collect();
    let least = each.iter().copied().fold(1.0, f64::min);
    let most = each.iter().copied().fold(0.0, f64::max);
    if seen.is_told_apart() && each.len() > 1 && most > UNEQUAL * least {
        return format!(", from {} to {}", percent(least), percent(most));
    }
    String::new()
}

/// Devices of which enough is told, and all.
fn told_of(seen: &Seen) -> (f64, f64) {
    let known = seen.parts.iter().filter(|it| it.is_known());
    let told = known.map(|it| it.devices).fold(0.0, |sum, it| sum + it);
    (told, seen.parts.iter().map(|it| it.devices).sum())
}

/// Where some of what is told is not its own.
fn beyond(seen: &Seen) -> Option<String> {
    let (told, asked) = seen.beyond?;
    let asked = short(asked, 2);
    Some(format!(
        "it asks for {asked} devices, and its exporter tells of {told} in its name: some are not \
         its own"
    ))
}

/// Where it has not lived long enough to say anything.
fn young(seen: &Seen) -> Option<String> {
    let lived = seen.lived.filter(|it| *it < LIFE)?;
    let (lived, least) = (lived.human(), LIFE.human());
    Some(format!(
        "it has run for {lived}, and less than {least} tells too little"
    ))
}

/// Where what its exporter tells cannot be true together.
fn contradiction(held: &Held, seen: &Seen) -> Option<String> {
    let (full, watts) = (seen.full?, seen.watts?);
    let power = by_power(watts, None, held.card()?);
    let is_so = full.mean <= CONTRADICTS.0 && power.mean >= CONTRADICTS.1;
    is_so.then(|| {
        let units = held.vendor.units();
        format!(
            "what is told of it contradicts itself: {} of its {units} is used at {:.0} W, the power \
             of much work",
            percent(full.mean),
            watts.mean
        )
    })
}

/// By the devices of which enough is told.
fn of_told(held: &Held, seen: &Seen, workloads: &[&Workload]) -> Verdict {
    let card = held.card();
    let watched = certainty(seen);
    let does_nothing = seen.most_done().is_some_and(|it| it <= NOTHING);
    if held.takes_turns && !does_nothing {
        return unknown(held, seen);
    }
    if seen.hangs(card) {
        return hangs(seen, watched);
    }
    if does_nothing {
        return nothing(seen, watched, "");
    }
    if let Some((since, _)) = seen.ended() {
        return ended(seen, since, card, watched);
    }
    let Some((full, from)) = seen.fullness(card) else {
        let why = "how much of its devices is used is not told".to_owned();
        return Verdict::new(State::Unknown, Certainty::None, why);
    };
    let little = is_little(full) || mostly(seen, card, is_little);
    if from == Fullness::Engine {
        return by_engine(little, full.mean, watched, (held, seen));
    }
    // Power alone tells no small load from none, and none of what holds a load back.
    let alone = seen.most_done().is_none();
    if alone && full.p99 <= NOTHING {
        return nothing(seen, Certainty::Low.min(watched), ", by its power");
    }
    let sure = match from {
        Fullness::Profiling => watched,
        _ if alone => watched.min(Certainty::Low),
        _ => watched.min(Certainty::Medium),
    };
    let by = if from == Fullness::Power {
        ", by its power"
    } else {
        ""
    };
    let share = percent(full.mean);
    let spread = spread(seen, card);
    let dram = seen.dram.map_or(0.0, |it| it.mean);
    let tensor = seen.tensor.map_or(0.0, |it| it.mean);
    let watts = seen.watts.zip(card).map(|(it, card)| it.mean / card.watts);
    if let Some(verdict) = starved(seen, held, workloads, sure) {
        return verdict;
    }
    if dram >= MOVING && tensor < dram {
        let more = seen.sm.filter(|it| it.mean > dram + 0.01);
        let more = more.map_or_else(String::new, |it| {
            let units = held.vendor.units();
            format!(", and {} of its {units} have work", percent(it.mean))
        });
        let why = format!("its memory moves {} of the time{more}", percent(dram));
        return Verdict::new(State::BandwidthBound, sure, why);
    }
    if full.mean >= FULL || watts.is_some_and(|it| it >= FULL_POWER) {
        let why = format!("{share} of each device is used{by}{spread}");
        return Verdict::new(State::Saturated, sure, why);
    }
    if little {
        let busy = seen.busy.filter(|it| it.mean > full.mean + 0.05);
        let but = busy.map_or_else(String::new, |it| {
            format!(", although something runs {} of the time", percent(it.mean))
        });
        let why = format!("{share} of each device is used{by}{spread}{but}");
        return Verdict::new(State::Underused, sure, why);
    }
    let why = format!("{share} of each device is used{by}{spread}");
    // Its memory may be what holds it back.
    let sure = if from == Fullness::Power {
        sure.min(Certainty::Low)
    } else {
        sure
    };
    Verdict::new(State::RightSized, sure, why)
}

/// The state of a workload of which some devices do nothing, by that of those that work:
/// what is not used is the most that there is to have, unless those are starved themselves.
pub(super) fn beside_unused(of_working: &Verdict, held: &Held, seen: &Seen) -> Option<Verdict> {
    let lost = seen.lost(held.card());
    let is_told = !held.takes_turns && !matches!(of_working.state, State::Idle | State::Held);
    if lost.is_empty() || !is_told || !is_watched(seen) {
        return None;
    }
    let gone: f64 = lost.iter().map(|it| it.devices).sum();
    let all: f64 = seen.parts.iter().map(|it| it.devices).sum();
    let counts = format!("{} of {} devices", short(gone, 2), short(all, 2));
    let did = if lost.iter().all(Lost::never_worked) {
        format!("{counts} never worked")
    } else {
        format!("nothing comes of {counts}")
    };
    let why = if seen.is_told_apart() {
        format!("{did}, and of the others: {}", of_working.why)
    } else {
        format!("{did}; of all of them: {}", of_working.why)
    };
    let state = match of_working.state {
        State::Starved => State::Starved,
        _ => State::Underused,
    };
    let sure = match of_working.state {
        State::Unknown if seen.is_partly_told() => Certainty::Low,
        State::Unknown => certainty(seen),
        _ => of_working.certainty,
    };
    Some(Verdict::new(state, sure, why))
}

/// The same of a workload of which some devices do next to nothing beside others.
pub(super) fn beside_slack(of_working: &Verdict, held: &Held, seen: &Seen) -> Option<Verdict> {
    let slack = seen.slack(held.card());
    if slack.is_empty() || of_working.state == State::Unknown {
        return None;
    }
    let all: f64 = seen.parts.iter().map(|it| it.devices).sum();
    let (count, most) = (slack.len(), slack_at_most(&slack, held.card()));
    let does = if count == 1 { "does" } else { "do" };
    let why = format!(
        "{count} of {} devices {does} next to nothing, {} of each at most, and of the others: {}",
        short(all, 2),
        percent(most),
        of_working.why
    );
    let state = match of_working.state {
        State::Starved => State::Starved,
        _ => State::Underused,
    };
    Some(Verdict::new(state, of_working.certainty, why))
}

/// Of devices the largest share that is used on average.
pub(super) fn slack_at_most(slack: &[&Part], card: Option<&Card>) -> f64 {
    let each = slack.iter().filter_map(|it| it.fullness(card));
    each.map(|(full, _)| full.mean).fold(0.0, f64::max)
}

/// Whether enough is known to say anything.
pub(super) fn is_watched(seen: &Seen) -> bool {
    seen.samples >= FEWEST && seen.coverage >= KNOWN
}

impl Verdict {
    fn new(state: State, certainty: Certainty, why: String) -> Self {
        Self {
            state,
            certainty,
            why,
        }
    }
}

/// Of how long it was watched, and how much of that is known.
fn certainty(seen: &Seen) -> Certainty {
    if seen.watched < Span::HOUR || seen.coverage < 0.5 {
        Certainty::Low
    } else if seen.watched < Span::DAY || seen.coverage < 0.8 {
        Certainty::Medium
    } else {
        Certainty::High
    }
}

/// Of what has no pod on any node yet: what it waits for.
fn waiting(held: &Held, workloads: &[&Workload]) -> Option<Verdict> {
    if held.running_pods() > 0 || held.waiting_pods == 0 {
        return None;
    }
    let mut queues = workloads
        .iter()
        .filter_map(|it| Some((it, it.queued.as_ref()?)));
    let why = match queues.next() {
        Some((workload, queued)) => {
            let since = workload
                .created
                .map_or_else(String::new, |it| format!(" since {}", minute(it)));
            let (gpus, queue) = (short(held.waiting_gpus, 2), &queued.queue);
            if queued.admitted {
                format!("the queue {queue} keeps {gpus} GPUs for it, and it has no pods yet")
            } else {
                format!("it waits in the queue {queue}{since} for {gpus} GPUs")
            }
        }
        None => "its pods wait for a node".to_owned(),
    };
    Some(Verdict::new(State::Unknown, Certainty::None, why))
}

fn unknown(held: &Held, seen: &Seen) -> Verdict {
    let why = if held.replicas > 1 && (held.takes_turns || seen.samples == 0) {
        let pods = held.replicas;
        format!("up to {pods} pods share each device, which does not tell who used it")
    } else if seen.samples == 0 {
        "no exporter tells of its devices".to_owned()
    } else if seen.is_partly_told() && seen.parts.iter().any(Part::is_known) {
        return partly(held, seen);
    } else {
        let share = percent(seen.coverage);
        format!(
            "only {} samples are known, {share} of what there could be",
            seen.samples
        )
    };
    Verdict::new(State::Unknown, Certainty::None, why)
}

/// Where some devices are told of, and of the others too little.
fn partly(held: &Held, seen: &Seen) -> Verdict {
    let (told, all) = told_of(seen);
    let (told, all) = (short(told, 2), short(all, 2));
    let used = seen
        .fullness(held.card())
        .map_or_else(String::new, |(full, from)| match from {
            Fullness::Profiling => format!(": {} of each is used", percent(full.mean)),
            Fullness::Power => format!(": {} of each is used, by its power", percent(full.mean)),
            Fullness::Engine => format!(": something runs {} of the time", percent(full.mean)),
        });
    let why = format!("enough is told of {told} of {all} devices only{used}");
    Verdict::new(State::Unknown, Certainty::None, why)
}

/// What runs for ever and computes nothing.
fn hangs(seen: &Seen, sure: Certainty) -> Verdict {
    let watts = seen.watts.map_or_else(String::new, |it| {
        format!(" at {:.0} W, the power of doing nothing", it.mean)
    });
    let busy = seen.busy.map_or(0.0, |it| it.mean);
    let why = match seen.hung() {
        // Means are of the time before as well.
        Some(since) if seen.worked() => format!(
            "since {} something runs all the time, and nothing is computed: it hangs",
            minute(since)
        ),
        _ => format!(
            "something runs {} of the time{watts}, and nothing is computed: it hangs",
            percent(busy)
        ),
    };
    // One figure confirms the other.
    let both = seen.full.is_some() && seen.watts.is_some();
    let most = if both {
        Certainty::High
    } else {
        Certainty::Medium
    };
    Verdict::new(State::Held, sure.min(most), why)
}

/// What worked, and has done nothing for longer than it ever did.
fn ended(seen: &Seen, since: Timestamp, card: Option<&Card>, sure: Certainty) -> Verdict {
    let before = seen.fullness(card).map_or_else(String::new, |(full, _)| {
        format!(", and at most {} of each device before", percent(full.max))
    });
    let why = format!("nothing was computed since {}{before}", minute(since));
    let holds = seen.memory.is_some_and(|it| it.p95 >= CONTEXT.to_f64());
    let state = if holds { State::Held } else { State::Idle };
    Verdict::new(state, sure.min(Certainty::Medium), why)
}

/// `2026-03-09 14:05`.
fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// `by` says by what it is known, where that is not plain.
fn nothing(seen: &Seen, sure: Certainty, by: &str) -> Verdict {
    // Requests that are answered leave some trace, but not in every metric.
    if seen.running.is_some_and(|it| it.mean > 0.01) {
        let why = "its devices do nothing, and its server works on requests".to_owned();
        return Verdict::new(State::Unknown, Certainty::None, why);
    }
    let time = seen.watched.human();
    let held = seen.memory.filter(|it| it.p95 >= CONTEXT.to_f64());
    if let Some(memory) = held {
        let memory = Bytes::from_f64(memory.max).human();
        let why = format!("nothing was computed in {time}{by}, and {memory} of memory is held");
        return Verdict::new(State::Held, sure, why);
    }
    let why = format!("nothing was computed in {time}{by}");
    Verdict::new(State::Idle, sure, why)
}

/// How often anything ran is the most that there was: little is little, and much says nothing.
fn by_engine(little: bool, busy: f64, sure: Certainty, of: (&Held, &Seen)) -> Verdict {
    let share = percent(busy);
    if little {
        let why = format!("anything runs {share} of the time, so no more than that is used");
        return Verdict::new(State::Underused, sure.min(Certainty::Medium), why);
    }
    let units = of.0.vendor.units();
    let missing = if of.1.watts.is_some() {
        format!("the exporter does not tell {units}, and what the device can draw is not known")
    } else if of.1.parts.iter().any(|it| it.watts.is_some()) {
        format!("the exporter does not tell {units}, and power of some devices only")
    } else if of.0.vendor.power().is_some() {
        format!("the exporter tells neither {units} nor power")
    } else {
        format!("the exporter does not tell {units}")
    };
    let why =
        format!("something runs {share} of the time, which may fill a hundredth of it: {missing}");
    Verdict::new(State::Unknown, Certainty::None, why)
}

/// What comes in whole batches, and rarely: the device waits for something. Of a server
/// it is requests. One device that does nothing makes the mean of others look like that.
fn starved(seen: &Seen, held: &Held, workloads: &[&Workload], sure: Certainty) -> Option<Verdict> {
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
