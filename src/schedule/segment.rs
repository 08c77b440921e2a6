//! A week into as few stretches as it takes.

use crate::units::len_f64;

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
/// cannot pay. The first cut is where least is needed.
pub fn segments(need: &[u32], dwell: usize, change: impl Fn(usize) -> f64) -> Vec<Segment> {
    let len = need.len();
    let cut = (0..len).min_by_key(|at| (need[*at], need[(*at + len - 1) % len]));
    let Some(cut) = cut else {
        return Vec::new();
    };
    let dwell = dwell.clamp(1, len);
    let at = |place: usize| need[(cut + place) % len];
    let needs: Vec<u32> = (0..len).map(at).collect();
    let changes: Vec<f64> = (0..len).map(|place| change((cut + place) % len)).collect();
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
        assert_eq!(plain(&need, 1, 2.0), [(8, 11, 5), (11, 28, 1)]);
        // One that is too short is made longer.
        let longer = plain(&need, 6, 2.0);
        assert!(longer.iter().all(|it| it.1 - it.0 >= 6), "{longer:?}");
    }

    #[test]
    fn a_cut_must_be_worth_it() {
        let mut need = vec![2; 12];
        need[5] = 3;
        assert_eq!(plain(&need, 1, 20.0), [(0, 12, 3)]);
        assert_eq!(plain(&need, 1, 0.5).len(), 2);
    }

    #[test]
    fn what_is_around_the_end_of_the_week_is_one() {
        let mut need = vec![1; 12];
        need[11] = 4;
        need[0] = 4;
        assert_eq!(plain(&need, 1, 1.0), [(11, 13, 4), (13, 23, 1)]);
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
