//! A week into as few stretches as it takes.

use crate::units::len_f64;

/// Costs of changes are counted in whole parts of a slot this small.
const EXACT: f64 = 1_024.0;

/// A stretch of the week with one number of replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The first slot.
    pub from: usize,
    /// The slot after the last; beyond the end of the week where it goes on from its start.
    pub until: usize,
    pub replicas: u32,
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
    let needs: Vec<u32> = (0..len).map(at).collect();
    // In whole parts of a power of two, sums are exact: what costs the same is the same.
    let exact = |cost: f64| (cost * EXACT).round() / EXACT;
    let changes = (0..len).map(|place| exact(change((cut + place) % len)));
    let changes: Vec<f64> = changes.collect();
    // What all slots until each cost at least.
    let mut least = vec![0.0; len + 1];
    for (place, need) in needs.iter().enumerate() {
        least[place + 1] = least[place] + f64::from(*need);
    }
    // The least cost until each slot, and where the last stretch begins then.
    let mut best = vec![(f64::INFINITY, 0); len + 1];
    best[0] = (0.0, 0);
    for until in 1..=len {
        let mut most = 0;
        for from in (0..until).rev() {
            most = most.max(needs[from]);
            let width = until - from;
            let held = len_f64(width) * f64::from(most);
            // One that begins earlier costs no less.
            if least[from] + held >= best[until].0 {
                break;
            }
            if width < dwell || best[from].0.is_infinite() {
                continue;
            }
            let cost = best[from].0 + held + changes[from];
            if cost < best[until].0 {
                best[until] = (cost, from);
            }
        }
    }
    let mut cuts = vec![len];
    while let Some(&until) = cuts.last().filter(|it| **it > 0) {
        cuts.push(best[until].1);
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
