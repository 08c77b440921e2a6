//! What does nothing: not at all, not any more, only now and then, or for ever while
//! something runs.

use jiff::Timestamp;

use super::card::Card;
use super::held::Held;
use super::part::NOTHING;
use super::seen::Seen;
use super::state::{Certainty, State, Verdict, minute};
use crate::text::{percent, short};
use crate::units::{Bytes, Span};

/// Memory that is more than the context of a process.
const CONTEXT: Bytes = Bytes(2 << 30);
/// What works in no more than this share of the time does so now and then.
const RARE: f64 = 0.02;
/// A span in which nothing was done that is shorter says nothing of what comes.
const LONG: Span = Span::from_secs(6 * 3_600);
/// Power above its floor, as a share, that nothing but work draws.
const WORK: f64 = 0.05;
/// Power above its floor, and changes of memory ÷ samples, that a device with a context alone
/// does not have.
const DRAWS: f64 = 0.05;
const CHANGES: f64 = 0.05;

impl Seen {
    /// Whether nothing was done at all, as far as anything tells it.
    pub(super) fn did_nothing(&self) -> bool {
        self.most_done().is_some() && self.past.last.is_none()
    }

    /// Whether it works, and hardly ever: in too few samples for a percentile to show.
    pub(super) fn is_rare(&self) -> bool {
        let little = self.most_done().is_some_and(|it| it <= NOTHING);
        little && self.past.last.is_some() && self.past.did <= RARE
    }

    /// Whether a server of models answered anything.
    fn answers(&self) -> bool {
        let any = |level: Option<super::Level>| level.is_some_and(|it| it.max > 0.01);
        any(self.running) || any(self.tokens)
    }

    /// `about 10 min a day, last at 2026-03-09 14:05`.
    pub(super) fn rarely(&self) -> String {
        let past = &self.past;
        let days = f64::from(self.watched.as_secs()) / 86_400.0;
        let (share, per) = if past.days > 1 {
            (past.did, " a day".to_owned())
        } else {
            (past.did * days, format!(" in {}", self.watched.human()))
        };
        let minutes = share * 1_440.0;
        let time = match minutes {
            it if it < 1.0 => "less than 1 min".to_owned(),
            it if it < 120.0 => format!("about {} min", short(it, 0)),
            it => format!("about {} h", short(it / 60.0, 1)),
        };
        let last = past
            .last
            .map_or_else(String::new, |(at, _)| format!(", last at {}", minute(at)));
        format!("{time}{per}{last}")
    }
}

/// `None` of what works.
pub(super) fn quiet(held: &Held, seen: &Seen, sure: Certainty) -> Option<Verdict> {
    let card = held.card();
    if seen.hangs(card) {
        return Some(hangs(seen, card, sure));
    }
    if let Some(waiting) = seen.past.unserved {
        return Some(unserved(seen, waiting));
    }
    if seen.did_nothing() {
        return Some(nothing(seen, card, sure));
    }
    if let Some((since, _)) = seen.ended() {
        return Some(ended(seen, since, card, sure));
    }
    if seen.is_rare() {
        let why = format!("it worked for {}", seen.rarely());
        return Some(Verdict::new(State::Underused, sure, why));
    }
    let stopped = seen.most_done().is_some_and(|it| it <= NOTHING);
    let lately = seen.past.last;
    let last = lately.filter(|it| stopped && (Span::HOUR..LONG).contains(&it.1))?;
    let why = format!(
        "it worked until {}, and nothing was computed since: too short to say more",
        minute(last.0)
    );
    Some(Verdict::new(State::Unknown, Certainty::None, why))
}

/// By power alone.
pub(super) fn by_power(seen: &Seen, most: f64, sure: Certainty) -> Verdict {
    let sure = Certainty::Low.min(sure);
    if most > WORK {
        let why = "it hardly ever works, by its power".to_owned();
        return Verdict::new(State::Underused, sure, why);
    }
    rests(seen, sure, ", by its power")
}

/// What runs for ever and computes nothing.
fn hangs(seen: &Seen, card: Option<&Card>, sure: Certainty) -> Verdict {
    let watts = seen.watts.map_or_else(String::new, |it| {
        format!(" at {:.0} W, the power of doing nothing", it.mean)
    });
    let busy = seen.busy.map_or(0.0, |it| it.mean);
    let dead = seen.parts.iter().any(|it| !it.spins(card));
    let some = if dead {
        " on some of its devices and nothing on the others"
    } else {
        ""
    };
    let why = match seen.hung() {
        // Means are of the time before as well.
        Some(since) if dead || seen.worked() => format!(
            "since {} something runs {}{some}, and nothing is computed: it hangs",
            minute(since),
            seen.hung_often()
        ),
        _ => format!(
            "something runs {} of the time{watts}, and nothing is computed: it hangs",
            percent(busy)
        ),
    };
    // One figure confirms the other.
    let both = seen.full.is_some() && seen.watts.is_some();
    let plain = seen.parts.iter().any(|it| it.surely_hangs(card));
    let most = if both && plain {
        Certainty::High
    } else {
        Certainty::Medium
    };
    Verdict::new(State::Held, sure.min(most), why)
}

/// What is asked for all the time and does nothing is broken, not idle.
fn unserved(seen: &Seen, waiting: f64) -> Verdict {
    let since = seen
        .past
        .last
        .map_or_else(String::new, |(at, _)| format!(" since {}", minute(at)));
    let why = format!(
        "{} and nothing is computed{since}: its server takes none",
        waiting_requests(waiting)
    );
    Verdict::new(State::Unknown, Certainty::None, why)
}

/// `12 requests wait`.
pub(super) fn waiting_requests(waiting: f64) -> String {
    match short(waiting, 1).as_str() {
        "1" => "1 request waits".to_owned(),
        number => format!("{number} requests wait"),
    }
}

/// What worked, and has done nothing for longer than it ever did.
fn ended(seen: &Seen, since: Timestamp, card: Option<&Card>, sure: Certainty) -> Verdict {
    let full = seen.fullness(card).map(|(full, _)| full.max);
    let before = full.filter(|it| *it > NOTHING);
    let before = before.map_or_else(String::new, |most| {
        format!(", and at most {} of each device before", percent(most))
    });
    let why = format!("nothing was computed since {}{before}", minute(since));
    let holds = seen.memory.is_some_and(|it| it.p95 >= CONTEXT.to_f64());
    let state = if holds { State::Held } else { State::Idle };
    Verdict::new(state, sure.min(Certainty::Medium), why)
}

fn nothing(seen: &Seen, card: Option<&Card>, sure: Certainty) -> Verdict {
    let why = if seen.answers() {
        "its devices do nothing, and its server works on requests"
    } else if seen.waiting.is_some_and(|it| it.mean > NOTHING) {
        "its devices do nothing, and requests waited for its server"
    } else if let Some(traces) = seen.traces() {
        return almost_nothing(seen, traces, card, sure);
    } else {
        return rests(seen, sure, "");
    };
    Verdict::new(State::Unknown, Certainty::None, why.to_owned())
}

/// Less than what counts as work, and all the time: what an exporter tells of nothing, or a
/// small load. Memory that changes, and power, tell which.
fn almost_nothing(seen: &Seen, traces: f64, card: Option<&Card>, sure: Certainty) -> Verdict {
    let sure = sure.min(Certainty::Medium);
    let share = percent(traces);
    let draws = seen.watts.zip(card);
    let draws = draws.filter(|(watts, card)| card.fullness_at(watts.mean) >= DRAWS);
    let sign = if seen.memory_turns >= CHANGES {
        Some("its memory in use changes".to_owned())
    } else {
        draws.map(|(watts, _)| format!("it draws {:.0} W", watts.mean))
    };
    if let Some(sign) = sign {
        let why = format!("{share} of each device is used, and {sign}");
        return Verdict::new(State::Underused, sure, why);
    }
    let time = seen.watched.human();
    let why = format!("almost nothing was computed in {time}, {share} of each device on average");
    held_or_idle(seen, sure, why)
}

/// `by` says by what it is known, where that is not plain.
fn rests(seen: &Seen, sure: Certainty, by: &str) -> Verdict {
    let time = seen.watched.human();
    held_or_idle(seen, sure, format!("nothing was computed in {time}{by}"))
}

/// Of what does nothing whether it holds memory.
fn held_or_idle(seen: &Seen, sure: Certainty, why: String) -> Verdict {
    let held = seen.memory.filter(|it| it.p95 >= CONTEXT.to_f64());
    if let Some(memory) = held {
        let memory = Bytes::from_f64(memory.max).human();
        let why = format!("{why}, and {memory} of memory is held");
        return Verdict::new(State::Held, sure, why);
    }
    Verdict::new(State::Idle, sure, why)
}
