//! What truly happened in the window of what a rule warns of: told by the data, and by no
//! threshold of any rule.

use jiff::{SignedDuration, Timestamp};

use super::replay::{crowded, evictions, kills, loaded, of_node, restarts_by_pod, sampled, stays};
use super::stretch::{Place, Stretch, stretches};
use crate::risk::Seen;
use crate::risk::check::AT_LIMIT;
use crate::snapshot::{Metric, Spell};
use crate::units::Span;

/// Memory of this share of its limit, or a volume of what it can hold, is full: what is held
/// at its limit shows no sample above it.
const FULL: f64 = 0.99;
/// How long it must be at a limit to hurt: less is a peak that has its room.
const HURTS: Span = Span::from_secs(1_800);
/// Ends of one container in an hour that are a crash loop.
const LOOPS: u32 = 3;
/// Pods of a node that does not answer are made anew elsewhere after so many minutes
/// (`tolerationSeconds` of `node.kubernetes.io/unreachable`, by default 300 s).
const GIVEN_UP: SignedDuration = SignedDuration::from_mins(5);
/// What happens to the same within an hour is one event.
const APART: SignedDuration = SignedDuration::from_hours(1);
/// A firing is no false alarm where an event of the same comes until so long after it.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// Events of one kind, all in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Real {
    /// What one of them is: `a volume full`.
    pub what: &'static str,
    pub events: Vec<Stretch>,
}

/// How long before events a rule fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// Events that it fired before, or at the same time as.
    pub warned: usize,
    /// The median of how long before these; `None` where it warned of none.
    pub median: Option<Span>,
}

impl Real {
    /// Of what a rule of this name warns of; `None` where the history does not tell of it.
    pub(super) fn of(name: &str, seen: &Seen<'_>) -> Option<Self> {
        let (what, events) = match name {
            "KcostMemoryLeak" => (
                "OOM-killed, or at its memory limit for half an hour",
                Some(memory_full(seen)),
            ),
            "KcostCpuThrottling" => ("at its CPU limit for half an hour", at_limit(seen)),
            "KcostCrashLoop" => ("three restarts in an hour", loops(seen)),
            "KcostAutoscalerAtMaximum" => (
                "the most pods that there may be use all that they request, for half an hour",
                loaded(seen, |each, _| each >= 1.0).map(|all| all.held(seen, HURTS)),
            ),
            "KcostVolumeFilling" => ("a volume full", volumes_full(seen)),
            "KcostNodeMemoryFull" => (
                "a node short of memory",
                under(seen, |spell| spell.kind == "MemoryPressure"),
            ),
            "KcostNodePressure" => (
                "a node short of memory, disk or processes",
                under(seen, |spell| spell.kind != "Ready"),
            ),
            "KcostNodeNotReady" => ("a node given up after 5 minutes", given_up(seen)),
            "KcostPodsEvicted" => ("a pod evicted", Some(evictions(seen))),
            _ => return None,
        };
        let events = Stretch::joined(events?, APART);
        Some(Self { what, events })
    }

    /// Firings that were of no event: none of the same was on, or began until a day after.
    pub fn false_alarms(&self, fired: &[Stretch]) -> usize {
        let is_false = |it: &&Stretch| {
            let of_it = |event: &&Stretch| {
                let soon = event.since.duration_since(it.until) <= SOON;
                event.of == it.of && event.until >= it.since && soon
            };
            !self.events.iter().any(|event| of_it(&event))
        };
        fired.iter().filter(is_false).count()
    }

    /// How long before these events a rule fired: each by the last firing of the same that
    /// began before it, if that went on until it, or until an hour before it: what fired the day
    /// before and is over was of that day.
    pub fn ahead(&self, fired: &[Stretch]) -> Ahead {
        let mut leads: Vec<i64> = Vec::new();
        for event in &self.events {
            let own = fired.iter().filter(|it| {
                let recent = event.since.duration_since(it.until) <= APART;
                it.of == event.of && it.since <= event.since && recent
            });
            let last = own.map(|it| event.since.duration_since(it.since)).min();
            leads.extend(last.map(|it| it.as_secs()));
        }
        leads.sort_unstable();
        let middle = leads.get(leads.len() / 2).copied();
        Ahead {
            warned: leads.len(),
            median: middle.map(|it| Span::from_secs(u32::try_from(it).unwrap_or(u32::MAX))),
        }
    }
}

/// Kills, and where it stays at the limit, which only giving back files makes room under.
fn memory_full(seen: &Seen<'_>) -> Vec<Stretch> {
    let mut all = kills(seen);
    for (place, pool) in stays(seen) {
        let Some(limit) = pool.container.ran_limits().memory else {
            continue;
        };
        for series in &pool.series {
            let held = series.memory_bytes.iter();
            let held = held.map(|it| f64::from(*it) >= FULL * limit.to_f64());
            let of = Place::pod(place, &series.pod);
            all.extend(sampled(seen, series).held(&of, held, HURTS));
        }
    }
    all
}

/// Of containers whose throttling is measured, which is what rules look at.
fn at_limit(seen: &Seen<'_>) -> Option<Vec<Stretch>> {
    let mut known = false;
    let mut all = Vec::new();
    for (place, pool) in stays(seen) {
        let Some(limit) = pool.container.ran_limits().cpu else {
            continue;
        };
        for series in &pool.series {
            if !series.more.contains_key(&Metric::CpuThrottledRatio) {
                continue;
            }
            known = true;
            let held = series.cpu_cores.iter();
            let held = held.map(|it| f64::from(*it) >= AT_LIMIT * limit.get());
            let of = Place::pod(place, &series.pod);
            all.extend(sampled(seen, series).held(&of, held, HURTS));
        }
    }
    known.then_some(all)
}

fn loops(seen: &Seen<'_>) -> Option<Vec<Stretch>> {
    restarts_by_pod(seen).map(|all| {
        let each = all.iter();
        each.flat_map(|(of, times)| crowded(of, times, LOOPS, SignedDuration::from_hours(1)))
            .collect()
    })
}

fn volumes_full(seen: &Seen<'_>) -> Option<Vec<Stretch>> {
    let claims = seen.snapshot.cluster.volume_claims.iter().enumerate();
    let known = claims.filter(|(_, it)| !it.history.is_empty() && !it.may_be_full);
    let each = known.filter_map(|(place, claim)| {
        let all = claim.capacity?.to_f64();
        let uses = claim.history.iter();
        let uses: Vec<(Timestamp, bool)> = uses
            .filter_map(|it| Some((it.at, it.used?.to_f64() >= FULL * all)))
            .collect();
        let held = uses.iter().map(|it| it.1);
        let of = Place::of(place);
        Some(stretches(&of, held, 1, |at| uses[at].0))
    });
    let each: Vec<Vec<Stretch>> = each.collect();
    (!each.is_empty()).then(|| each.concat())
}

/// Where nodes said something, from when they said it.
fn under(seen: &Seen<'_>, of: fn(&Spell) -> bool) -> Option<Vec<Stretch>> {
    of_node(seen, |place, spell| {
        of(spell).then(|| Stretch {
            of: Place::of(place),
            since: spell.from,
            until: spell.until,
        })
    })
}

fn given_up(seen: &Seen<'_>) -> Option<Vec<Stretch>> {
    of_node(seen, |place, spell| {
        let since = spell.from + GIVEN_UP;
        (spell.kind == "Ready" && since <= spell.until).then(|| Stretch {
            of: Place::of(place),
            since,
            until: spell.until,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(place: usize, from: i64, until: i64) -> Stretch {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        Stretch {
            of: Place::of(place),
            since: at(from),
            until: at(until),
        }
    }

    #[test]
    fn the_last_warning_of_the_same_counts_while_it_is_fresh() {
        let real = Real {
            what: "a volume full",
            events: vec![
                stretch(1, 100, 110),
                stretch(2, 100, 110),
                stretch(3, 50, 51),
            ],
        };
        let hours = |hours: u32| Some(Span::from_secs(hours * 3_600));
        // While it fires, and not what fired after, of another, or long before.
        let ahead = real.ahead(&[
            stretch(1, 60, 100),
            stretch(1, 101, 102),
            stretch(9, 90, 100),
        ]);
        assert_eq!((ahead.warned, ahead.median), (1, hours(40)));
        let ahead = real.ahead(&[stretch(1, 60, 70), stretch(2, 90, 99), stretch(3, 50, 60)]);
        assert_eq!((ahead.warned, ahead.median), (2, hours(10)));
        let told = [
            stretch(1, 60, 80),
            stretch(1, 111, 112),
            stretch(1, 105, 120),
            stretch(9, 90, 100),
        ];
        assert_eq!(real.false_alarms(&told), 2);
        let late = real.ahead(&[stretch(3, 51, 60)]);
        assert_eq!((late.warned, late.median), (0, None));
    }
}
