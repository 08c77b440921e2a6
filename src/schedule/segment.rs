//! A week into as few stretches as it takes.

use crate::units::count_from;

/// Costs are counted in whole parts of a slot this small: what costs the same is the same.
const EXACT: u16 = 1_024;

/// What no change costs more than, in these: a week of them can be added up.
const MOST: u64 = 1 << 52;

/// What is never reached.
const NEVER: u64 = u64::MAX / 2;

/// A stretch of the week with one number of replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The first slot.
    pub from: usize,
    /// The slot after the last; beyond the end of the week where it goes on from its start.
    pub until: usize,
    pub replicas: u32,
}

/// A slot that a stretch may begin at.
struct Begin {
    need: u64,
    /// What all slots before it cost at least.
    least: u64,
    /// What they cost, and the change at this one.
    cost: u64,
}

/// Cuts a week that begins again at its end into stretches, so that none has less than is
/// needed in it, none is shorter than `dwell` slots, and the replicas of all slots together,
/// plus the `change` of the slot that each stretch begins at, are as few as can be.
///
/// Dynamic programming over where the last stretch begins: O(n²), less where long stretches
/// cannot pay. The first cut is within the longest time in which least is needed, so that what
/// is just before or after a peak is not parted from it. Of ways that cost the same the one
/// whose stretches begin late is taken: days that are alike are cut alike.
pub fn segments(need: &[u32], dwell: usize, change: impl Fn(usize) -> f64) -> Vec<Segment> {
    let len = need.len();
    let Some(cut) = quiet(need) else {
        return Vec::new();
    };
    let dwell = dwell.clamp(1, len);
    let at = |place: usize| need[(cut + place) % len];
    let change = |place: usize| {
        let cost = change((cut + place) % len) * f64::from(EXACT);
        count_from(cost).min(MOST)
    };
    let mut begins: Vec<Begin> = Vec::with_capacity(len);
    // For each slot where the last stretch begins of those that end there.
    let mut lasts = vec![0; len + 1];
    let (mut least, mut cost) = (0, 0);
    for until in 1..=len {
        begins.push(Begin {
            need: u64::from(at(until - 1)) * u64::from(EXACT),
            least,
            cost: cost + change(until - 1),
        });
        least += begins[until - 1].need;
        (cost, lasts[until]) = last(&begins, dwell);
    }
    let mut cuts = vec![len];
    while let Some(&until) = cuts.last().filter(|it| **it > 0) {
        cuts.push(lasts[until]);
    }
    cuts.reverse();
    let mut found: Vec<Segment> = Vec::new();
    for pair in cuts.windows(2) {
        let replicas = (pair[0]..pair[1]).map(at).max().unwrap_or(0);
        let segment = Segment {
            from: cut + pair[0],
            until: cut + pair[1],
            replicas,
        };
        match found.last_mut().filter(|it| it.replicas == replicas) {
            Some(before) => before.until = segment.until,
            None => found.push(segment),
        }
    }
    if let [first, .., last] = &mut found[..]
        && first.replicas == last.replicas
    {
        last.until = first.until + len;
        found.remove(0);
    }
    found
}

/// The least cost until the end of all these slots, and where the last stretch begins then.
fn last(begins: &[Begin], dwell: usize) -> (u64, usize) {
    let Some(latest) = begins.len().checked_sub(dwell) else {
        return (NEVER, 0);
    };
    let within = begins[latest + 1..].iter().map(|it| it.need);
    let mut most = within.max().unwrap_or(0);
    let (mut least, mut from) = (NEVER, 0);
    for (place, begin) in begins[..=latest].iter().enumerate().rev() {
        most = most.max(begin.need);
        let held = most * u64::try_from(begins.len() - place).unwrap_or(u64::MAX);
        // One that begins earlier costs no less.
        if begin.least + held >= least {
            break;
        }
        if begin.cost + held < least {
            (least, from) = (begin.cost + held, place);
        }
    }
    (least, from)
}

/// The middle of the longest time in which least is needed, around the end of the week too.
fn quiet(need: &[u32]) -> Option<usize> {
    let len = need.len();
    let least = *need.iter().min()?;
    let is_least = |at: usize| need[at % len] == least;
    let begins = |at: &usize| is_least(*at) && !is_least(at + len - 1);
    let length = |at: usize| (at..at + len).take_while(|it| is_least(*it)).count();
    let runs = (0..len).filter(begins).map(|at| (length(at), at));
    // Of runs that are as long, the first.
    let longest = runs.max_by_key(|(length, at)| (*length, std::cmp::Reverse(*at)));
    Some(longest.map_or(0, |(length, at)| (at + length / 2) % len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(need: &[u32], dwell: usize, change: f64) -> Vec<(usize, usize, u32)> {
        let found = segments(need, dwell, |_| change);
        found
            .iter()
            .map(|it| (it.from, it.until, it.replicas))
            .collect()
    }

    #[test]
    fn a_peak_is_one_stretch_and_what_is_around_it_another() {
        let mut need = vec![1; 20];
        need[8..11].fill(5);
        assert_eq!(plain(&need, 1, 2.0), [(28, 31, 5), (31, 48, 1)]);
        // One that is too short is made longer.
        let longer = plain(&need, 6, 2.0);
        assert!(longer.iter().all(|it| it.1 - it.0 >= 6), "{longer:?}");
    }

    #[test]
    fn a_cut_must_be_worth_it() {
        let mut need = vec![2; 12];
        need[5] = 3;
        assert_eq!(plain(&need, 1, 20.0), [(11, 23, 3)]);
        assert_eq!(plain(&need, 1, 0.5).len(), 2);
    }

    #[test]
    fn what_is_around_the_end_of_the_week_is_one() {
        let mut need = vec![1; 12];
        need[11] = 4;
        need[0] = 4;
        assert_eq!(plain(&need, 1, 1.0), [(11, 13, 4), (13, 23, 1)]);
    }

    /// However the peak lies: what is longer than it has to be goes on after it.
    #[test]
    fn days_that_are_alike_are_cut_alike() {
        for first in [0, 1, 2, 4, 12] {
            let peak = |slot: usize| (first..first + 3).contains(&(slot % 24));
            let need: Vec<u32> = (0..168).map(|it| if peak(it) { 9 } else { 2 }).collect();
            let found = plain(&need, 5, 20.0 / 7.0);
            let high: Vec<_> = found.iter().filter(|it| it.2 == 9).collect();
            assert_eq!(high.len(), 7, "{first}: {found:?}");
            let alike = |it: &&(usize, usize, u32)| (it.0 % 24, it.1 - it.0) == (first, 5);
            assert!(high.iter().all(alike), "{first}: {found:?}");
        }
    }

    #[test]
    fn no_stretch_has_less_than_is_needed_in_it() {
        let need: Vec<u32> = (0..96).map(|at: u32| 1 + (at * 7919 % 13) % 7).collect();
        for dwell in [1, 3, 8] {
            let found = segments(&need, dwell, |_| 3.0);
            for it in &found {
                assert!((it.from..it.until).all(|at| need[at % 96] <= it.replicas));
            }
            assert_eq!(found.iter().map(|it| it.until - it.from).sum::<usize>(), 96);
        }
        assert!(segments(&[], 1, |_| 1.0).is_empty());
    }
}
