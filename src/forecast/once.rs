//! What came on one day alone: no habit, and no reason to expect it again.

use super::DAY;

/// From so many times on as much as on all other days about that time.
const ONCE: f64 = 2.0;

/// Days without which nobody knows whether something comes again.
const TWO_WEEKS: usize = 14;

/// What came once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Once {
    /// Place of the day.
    pub day: usize,
    /// Place within it.
    pub at: usize,
    /// The most of all other days about that time.
    pub others: f64,
}

/// What came on one of some days, oldest first, each of as many values; `about` that time are
/// so many of them to both sides. The newest day may be the first of many.
pub fn once<T: Copy + Into<f64>>(days: &[&[T]], about: usize) -> Vec<Once> {
    let mut found = once_so_far(days, about);
    found.retain(|it| it.day + 1 < days.len());
    found
}

/// The same with the newest day, of which nobody knows yet whether it comes again.
pub fn once_so_far<T: Copy + Into<f64>>(days: &[&[T]], about: usize) -> Vec<Once> {
    let mut found = Vec::new();
    if days.len() < TWO_WEEKS {
        return found;
    }
    let most: Vec<Vec<f64>> = days.iter().map(|day| most_near(day, about)).collect();
    let places = days.iter().map(|it| it.len()).min().unwrap_or(0);
    for at in 0..places {
        let mut largest: [(f64, usize); 2] = [(0.0, 0); 2];
        for (day, most) in most.iter().enumerate() {
            let own = (most[at], day);
            if own.0 > largest[0].0 {
                largest = [own, largest[0]];
            } else if own.0 > largest[1].0 {
                largest[1] = own;
            }
        }
        let [(_, day), (others, _)] = largest;
        if others > 0.0 && days[day][at].into() > ONCE * others {
            found.push(Once { day, at, others });
        }
    }
    found
}

/// For each value the most of those up to `about` places beside it, and 0 where none is more,
/// in steps that do not grow with `about`: stretches that are as wide as what is beside a value
/// are gone through once from either end (van Herk 1992).
fn most_near<T: Copy + Into<f64>>(values: &[T], about: usize) -> Vec<f64> {
    let width = 2 * about + 1;
    let mut from_start: Vec<f64> = values.iter().map(|it| (*it).into()).collect();
    let mut from_end = from_start.clone();
    for (ahead, back) in from_start.chunks_mut(width).zip(from_end.chunks_mut(width)) {
        let mut most = 0.0_f64;
        for value in ahead {
            most = most.max(*value);
            *value = most;
        }
        most = 0.0;
        for value in back.iter_mut().rev() {
            most = most.max(*value);
            *value = most;
        }
    }
    let last = values.len().saturating_sub(1);
    let near = |at: usize| {
        let (from, until) = (at.saturating_sub(about), (at + about).min(last));
        if from / width != until / width {
            from_end[from].max(from_start[until])
        } else if from % width == 0 {
            from_start[until]
        } else {
            // All to the end of the last stretch.
            from_end[from]
        }
    };
    (0..values.len()).map(near).collect()
}

/// Hours to both sides that are about that time.
const ABOUT: usize = 1;

/// Hours, with what came on one day alone brought down to the most of all others. Days are
/// counted from the newest hour that is known, so that the newest is a whole one.
pub(super) fn without_once(values: &[f64]) -> Vec<f64> {
    let mut usual = values.to_vec();
    let known = values.iter().rposition(|it| it.is_finite());
    let end = known.map_or(0, |last| last + 1);
    let skip = end % DAY;
    let days: Vec<&[f64]> = values[skip..end].chunks_exact(DAY).collect();
    for it in once(&days, ABOUT) {
        usual[skip + it.day * DAY + it.at] = it.others;
    }
    usual
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::len_f64;

    /// Four weeks at 1, busy at 4 on every seventh evening.
    fn weeks() -> Vec<f64> {
        let value = |hour: usize| {
            let busy = (hour / 24) % 7 == 4 && (20..22).contains(&(hour % 24));
            1.0 + 3.0 * f64::from(u8::from(busy))
        };
        (0..28 * 24).map(value).collect()
    }

    #[test]
    fn what_is_near_is_looked_at_as_one_by_one() {
        let values: Vec<f64> = (0..40)
            .map(|at| {
                if at % 9 == 4 {
                    f64::NAN
                } else {
                    len_f64(at * 37 % 23) - 3.0
                }
            })
            .collect();
        for len in 0..values.len() {
            for about in 0..6 {
                let own = &values[..len];
                let plain = |at: usize| {
                    let near = at.saturating_sub(about)..(at + about + 1).min(len);
                    own[near].iter().copied().fold(0.0, f64::max)
                };
                let plain: Vec<u64> = (0..len).map(|at| plain(at).to_bits()).collect();
                let near = most_near(own, about);
                let near: Vec<u64> = near.into_iter().map(f64::to_bits).collect();
                assert_eq!(near, plain, "{len} {about}");
            }
        }
    }

    fn is_near(one: &[f64], other: &[f64]) -> bool {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
        one.len() == other.len() && one.iter().zip(other).all(near)
    }

    #[test]
    fn what_came_once_is_brought_down_and_what_comes_again_stays() {
        let plain = weeks();
        assert!(is_near(&without_once(&plain), &plain));
        let mut odd = plain.clone();
        odd[15 * 24 + 12..15 * 24 + 16].fill(9.0);
        assert!(is_near(&without_once(&odd), &plain));
        // An evening that was far more than the other three.
        let mut odd = plain.clone();
        odd[11 * 24 + 20..11 * 24 + 22].fill(12.0);
        assert!(is_near(&without_once(&odd), &plain));
        // The same on two days is no accident.
        odd[18 * 24 + 20..18 * 24 + 22].fill(12.0);
        assert!(is_near(&without_once(&odd), &odd));
    }

    #[test]
    fn growth_and_new_levels_stay() {
        let grows: Vec<f64> = (0..28 * 24).map(|hour| 1.0 + 0.1 * len_f64(hour)).collect();
        assert!(is_near(&without_once(&grows), &grows));
        for days in [1, 2, 5] {
            let mut level = weeks();
            let from = level.len() - days * 24;
            level[from..].fill(9.0);
            assert!(is_near(&without_once(&level), &level), "{days}");
            // Not known for some hours since.
            level.extend([f64::NAN; 7]);
            let stays = without_once(&level);
            assert!(is_near(&stays[..28 * 24], &level[..28 * 24]), "{days}");
        }
    }
}
