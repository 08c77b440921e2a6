//! What the use of accelerators amounts to, in one word.

use jiff::Timestamp;

use super::card::Card;
use super::held::{Held, asked};
use super::part::{KNOWN, Lost, NOTHING, Part};
use super::quiet::{by_power, quiet};
use super::seen::{Fullness, Level, Seen};
use super::starved::starved;
use super::untold::{beyond, by_engine, contradiction, told_of, unknown, waiting, young};
use crate::snapshot::Workload;
use crate::text::{percent, short};
use crate::units::Span;

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
/// What the mean of fullness is at most, and its 95th percentile, of what is underused.
const LITTLE: (f64, f64) = (0.30, 0.50);
/// What nothing has been told of for so long is hardly known.
const LONG_SILENCE: Span = Span::from_secs(6 * 3_600);
/// From this mean on there is no more to have: real kernels rarely do better.
const FULL: f64 = 0.80;
/// The same as a share of the power limit, where boards hold their clocks back.
const FULL_POWER: f64 = 0.92;
/// What begins again so often, and so often a day, and uses little is held back by that.
const FAILS: u32 = 10;
const FAILS_A_DAY: f64 = 1.0;
/// Memory that moves for more than this share of the time is near what it can.
const MOVING: f64 = 0.60;
/// Of several devices the fullest is so many times as full as another where they differ much.
const UNEQUAL: f64 = 2.0;

/// A state, how sure it is, and why.
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) certainty: Certainty,
    /// One sentence without a period.
    pub(super) why: String,
}

pub(super) fn judge(held: &Held, seen: &Seen, workloads: &[&Workload]) -> Verdict {
    if !is_watched(seen) {
        return waiting(held, workloads).unwrap_or_else(|| now(unknown(held, seen), seen));
    }
    // What hangs does so however young it is.
    let hangs = seen.hangs(held.card());
    let doubt = beyond(seen).or_else(|| young(seen).filter(|_| !hangs));
    if let Some(why) = doubt.or_else(|| contradiction(held, seen)) {
        return Verdict::new(State::Unknown, Certainty::None, why);
    }
    let verdict = now(of_told(held, seen, workloads), seen);
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

/// With how old that is what it was judged by, and since when it has been so.
fn now(mut verdict: Verdict, seen: &Seen) -> Verdict {
    let works = !matches!(verdict.state, State::Idle | State::Held | State::Unknown);
    if let Some(begun) = seen.begun().filter(|_| works) {
        verdict.why = format!(
            "{} since {}, and nothing was done before",
            verdict.why,
            minute(begun)
        );
    }
    if let Some(silence) = seen.silence {
        let all: f64 = seen.parts.iter().map(|it| it.devices).sum();
        let whose = if silence.devices + 0.01 < all {
            format!(
                "of {} of {} devices ",
                short(silence.devices, 2),
                short(all, 2)
            )
        } else {
            String::new()
        };
        let since = minute(silence.since);
        verdict.why = format!("{}; {whose}nothing is told since {since}", verdict.why);
        let most = if silence.span >= LONG_SILENCE {
            Certainty::Low
        } else {
            Certainty::Medium
        };
        verdict.certainty = verdict.certainty.min(most);
    }
    verdict
}

/// How often containers with devices began again.
fn restarts(workloads: &[&Workload]) -> u32 {
    let containers = workloads.iter().flat_map(|it| &it.containers);
    let with = containers.filter(|it| asked(it).gpus() > 0.0);
    with.map(|it| it.restarts).sum()
}

/// Whether they do so again and again.
fn begins_again(seen: &Seen, workloads: &[&Workload]) -> bool {
    let restarts = restarts(workloads);
    let days = seen.lived.unwrap_or(seen.watched).as_secs();
    let a_day = f64::from(restarts) * 86_400.0 / f64::from(days.max(1));
    restarts >= FAILS && a_day >= FAILS_A_DAY
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

/// By the devices of which enough is told.
fn of_told(held: &Held, seen: &Seen, workloads: &[&Workload]) -> Verdict {
    let card = held.card();
    let watched = certainty(seen);
    if held.takes_turns && !seen.did_nothing() {
        return unknown(held, seen);
    }
    if let Some(verdict) = quiet(held, seen, watched) {
        return verdict;
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
        return by_power(seen, full.max, watched);
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
    // What waits for another device of its own waits for no data.
    if let Some(alternate) = seen.alternate(held) {
        let why = format!("{}: {share} of each is used{by}{spread}", alternate.told());
        return Verdict::new(State::Underused, sure, why);
    }
    if full.mean <= LITTLE.0 && begins_again(seen, workloads) {
        let why = format!(
            "{share} of each device is used{by}{spread}, and it began again {} times",
            restarts(workloads)
        );
        return Verdict::new(State::Underused, sure, why);
    }
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
    } else if lost.iter().any(Lost::does_some) && !lost.iter().any(|it| it.part.hung.is_some()) {
        format!("next to nothing comes of {counts}")
    } else {
        format!("nothing comes of {counts}")
    };
    // Where all devices of a product do nothing, the figures of the others are their own.
    let card = held.card();
    let is_even = |product: &Seen| {
        let lost = product.parts.iter().filter(|it| it.is_lost(card)).count();
        lost == 0 || lost == product.parts.len()
    };
    let is_apart = held.is_mixed() && seen.products.iter().all(is_even);
    let why = if seen.is_told_apart() || is_apart {
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
    pub(super) fn new(state: State, certainty: Certainty, why: String) -> Self {
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

/// `2026-03-09 14:05`.
pub(super) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}
