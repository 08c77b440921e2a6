use jiff::{SignedDuration, Timestamp};

use crate::snapshot::Grid;
use crate::units::Span;

/// A time through which something held of one thing: a firing of a rule, or what truly
/// happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub of: Place,
    pub since: Timestamp,
    pub until: Timestamp,
}

/// What it is of: its place among the pools, nodes, claims or workloads, and the pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    place: usize,
    pod: String,
}

impl Place {
    pub(super) fn of(place: usize) -> Self {
        Self {
            place,
            pod: String::new(),
        }
    }

    pub(super) fn pod(place: usize, pod: &str) -> Self {
        Self {
            place,
            pod: pod.to_owned(),
        }
    }
}

impl Stretch {
    /// What holds at one time only.
    pub(super) fn at(of: Place, at: Timestamp) -> Self {
        Self {
            of,
            since: at,
            until: at,
        }
    }

    /// Those after each other that are no longer apart than this, as one.
    pub(super) fn joined(mut all: Vec<Self>, apart: SignedDuration) -> Vec<Self> {
        all.sort_by(|a, b| {
            let key = |it: &Self| (it.of.place, it.since);
            a.of.pod.cmp(&b.of.pod).then(key(a).cmp(&key(b)))
        });
        all.dedup_by(|next, kept| {
            let near = next.of == kept.of && next.since.duration_since(kept.until) <= apart;
            if near {
                kept.until = kept.until.max(next.until);
            }
            near
        });
        all
    }
}

/// Values one after the other, each with the time at which it was known.
pub(super) struct Slots<'a> {
    pub(super) grid: &'a Grid,
    /// The slot of the first.
    pub(super) first: u32,
}

impl Slots<'_> {
    /// A slot is known when it is over.
    fn known(&self, at: usize) -> Timestamp {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let slot = self.first.saturating_add(at).saturating_add(1);
        self.grid.time(slot.min(self.grid.len))
    }

    /// Where something held for as long as it must, each from when that was known.
    pub(super) fn fired(
        &self,
        of: &Place,
        slots: impl Iterator<Item = bool>,
        hold: Span,
    ) -> Vec<Stretch> {
        let least = hold.as_secs().div_ceil(self.grid.step.as_secs().max(1));
        stretches(of, slots, least, |at| self.known(at))
    }

    /// The same from where it began to hold.
    pub(super) fn held(
        &self,
        of: &Place,
        slots: impl Iterator<Item = bool>,
        hold: Span,
    ) -> Vec<Stretch> {
        let hold_for = SignedDuration::from_secs(i64::from(hold.as_secs()));
        let mut fired = self.fired(of, slots, hold);
        for stretch in &mut fired {
            stretch.since -= hold_for;
        }
        fired
    }
}

/// Where something held so many times in a row, each from the last of these on.
pub(super) fn stretches(
    of: &Place,
    held: impl Iterator<Item = bool>,
    least: u32,
    known: impl Fn(usize) -> Timestamp,
) -> Vec<Stretch> {
    let (least, mut run) = (least.max(1), 0_u32);
    let mut found: Vec<Stretch> = Vec::new();
    for (at, holds) in held.enumerate() {
        run = if holds { run.saturating_add(1) } else { 0 };
        if run == least {
            found.push(Stretch::at(of.clone(), known(at)));
        } else if run > least
            && let Some(last) = found.last_mut()
        {
            last.until = known(at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(minutes: i64) -> Timestamp {
        Grid::default().start + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_stretch_fires_once_and_only_if_it_lasts() {
        let grid = Grid {
            len: 9,
            ..Grid::default()
        };
        let held = [true, true, false, true, true, true, true, false, true];
        let slots = Slots {
            grid: &grid,
            first: 0,
        };
        let hold = |minutes: u32| Span::from_secs(minutes * 60);
        let fired = |minutes: u32| slots.fired(&Place::of(0), held.into_iter(), hold(minutes));
        let times = [5, 10, 15, 25].map(|minutes| fired(minutes).len());
        assert_eq!(times, [3, 2, 1, 0]);
        let one = fired(15).remove(0);
        assert_eq!((one.since, one.until), (after(30), after(35)));
        let begun = slots.held(&Place::of(0), held.into_iter(), hold(15));
        assert_eq!(begun[0].since, after(15));
    }

    #[test]
    fn what_is_near_is_one_and_of_another_pod_it_is_not() {
        let at = |pod: &str, minutes: i64| Stretch::at(Place::pod(1, pod), after(minutes));
        let all = vec![at("a", 90), at("b", 10), at("a", 0), at("a", 50)];
        let joined = Stretch::joined(all, SignedDuration::from_mins(45));
        assert_eq!(joined.len(), 3);
        assert_eq!((joined[0].until, joined[1].until), (after(0), after(90)));
    }
}
