use super::tail::TAIL;
use crate::units::{count_from, len_f64};

/// What is as large as this share of it on other days makes it a habit …
const ALIKE: f64 = 0.7;
/// … on one day of so many, but two at least; and on one more what is half as large.
const HABIT_DAYS: f64 = 9.0;
const HALF: f64 = 0.5;
/// The same at this hour of another week: once is enough.
const ALIKE_A_WEEK_AWAY: f64 = 0.5;

/// Values beyond a threshold that follow each other.
pub(super) struct Run {
    pub(super) first: usize,
    pub(super) last: usize,
    /// Where it is farthest out, and how far.
    pub(super) at: usize,
    pub(super) most: f64,
}

impl Run {
    pub(super) fn around(score: &[f64], from: usize, over: f64) -> Self {
        let before = score[..from]
            .iter()
            .rev()
            .take_while(|it| **it > over)
            .count();
        let after = score[from..].iter().take_while(|it| **it > over).count();
        let (first, last) = (from - before, from + after - 1);
        let mut at = from;
        for place in first..=last {
            if score[place] > score[at] {
                at = place;
            }
        }
        Self {
            first,
            last,
            at,
            most: score[at],
        }
    }

    /// Whether the like came on other days, or at this hour of another week. Where the tail
    /// `cannot_tell` how rare it is, one day less is enough: then only the number counts.
    pub(super) fn is_habit(
        &self,
        score: &[f64],
        worst: &[f64],
        per_day: usize,
        cannot_tell: bool,
    ) -> bool {
        let lead = score.len() % per_day;
        let day = |at: usize| (at + per_day).saturating_sub(lead) / per_day;
        let own = (day(self.first)..=day(self.last)).map(|day| day.wrapping_sub(1));
        let others = |share: f64| {
            let days = worst.iter().enumerate();
            let alike = days.filter(|(_, worst)| **worst >= share * self.most);
            alike
                .filter(|(day, _)| !own.clone().any(|it| it == *day))
                .count()
        };
        let enough = habit_days(worst.len());
        if others(ALIKE) + usize::from(cannot_tell) >= enough || others(HALF) > enough {
            return true;
        }
        let week = 7 * per_day;
        let later = score.get(self.first + week - 1..).unwrap_or_default();
        let earlier = (self.last + 2).checked_sub(week);
        let earlier = earlier.map_or(&[][..], |until| {
            &score[(self.first.saturating_sub(week + 1)).min(until)..until]
        });
        let later = later.iter().take(self.last - self.first + 3);
        let mut others = later.chain(earlier);
        others.any(|it| *it >= ALIKE_A_WEEK_AWAY * self.most)
    }
}

/// Other days with the like that make it a habit.
pub(super) fn habit_days(days: usize) -> usize {
    usize::try_from(count_from(len_f64(days) / HABIT_DAYS)).map_or(2, |it| it.max(2))
}

/// The logarithms of the peaks beyond [`TAIL`], descending, so many at the most. What
/// follows each other above half of a peak, or is within a quarter of a day of that,
/// belongs to it.
pub(super) fn peaks(score: &[f64], per_day: usize, most: usize) -> Vec<f64> {
    let near = (per_day / 4).max(1);
    let mut places: Vec<usize> = (0..score.len()).filter(|it| score[*it] > TAIL).collect();
    places.sort_by(|a, b| score[*b].total_cmp(&score[*a]));
    let mut taken = vec![false; score.len()];
    let mut found = Vec::with_capacity(most.min(places.len()));
    for at in places {
        if taken[at] {
            continue;
        }
        if found.len() == most {
            break;
        }
        found.push(score[at].ln());
        let run = Run::around(score, at, score[at] / 2.0);
        let until = (run.last + 1 + near).min(score.len());
        taken[run.first.saturating_sub(near)..until].fill(true);
    }
    found
}

/// The largest of each whole day, counted back from the end; `NaN` where none is known.
pub(super) fn worst_of_days(score: &[f64], per_day: usize) -> Vec<f64> {
    let most = |day: &[f64]| day.iter().copied().fold(f64::NAN, f64::max);
    let mut days: Vec<f64> = score.rchunks_exact(per_day).map(most).collect();
    days.reverse();
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_peak_is_none_of_its_own() {
        let mut score = vec![0.1; 72];
        (score[10], score[11], score[13], score[40]) = (30.0, 20.0, 9.0, 4.0);
        let logs = peaks(&score, 24, 9);
        assert_eq!(logs.len(), 2);
        assert!((logs[0].exp() - 30.0).abs() < 1e-9 && (logs[1].exp() - 4.0).abs() < 1e-9);
        assert_eq!(peaks(&score, 24, 1).len(), 1);
        assert!(peaks(&[0.1; 48], 24, 9).is_empty());
    }

    #[test]
    fn the_like_on_two_other_days_is_a_habit_and_on_one_where_no_tail_tells() {
        let mut score = vec![0.1; 14 * 24];
        (score[50], score[130]) = (20.0, 18.0);
        let is_habit = |score: &[f64], cannot_tell: bool| {
            let run = Run::around(score, 50, 10.0);
            run.is_habit(score, &worst_of_days(score, 24), 24, cannot_tell)
        };
        assert!(!is_habit(&score, false) && is_habit(&score, true));
        score[200] = 17.0;
        assert!(is_habit(&score, false));
    }
}
