//! Times of rows, of which most are as far apart as those before.

/// Unix seconds, in the order of the rows: stretches of equal distance, so that what is
/// scraped regularly takes next to nothing, and anything else no more than 8 bytes a row.
#[derive(Debug, Default)]
pub(super) struct Times {
    runs: Vec<Run>,
    rows: usize,
}

/// Rows that are equally far apart: the time of the first, the distance between two, around
/// zero as later ones may be earlier, and how many they are. Times are before 2106.
pub(super) type Run = [u32; 3];

fn time([first, apart, _]: Run, row: u32) -> u32 {
    first.wrapping_add(apart.wrapping_mul(row))
}

impl Times {
    /// As [`Self::runs`] gives them.
    pub(super) fn of(runs: Vec<Run>) -> Self {
        let rows = runs.iter().map(|[.., rows]| count(*rows)).sum();
        Self { runs, rows }
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    pub(super) fn push(&mut self, time: i64) {
        let time = u32::try_from(time.max(0)).unwrap_or(u32::MAX);
        self.rows += 1;
        match self.runs.last_mut() {
            Some([first, apart, rows]) if *rows == 1 => {
                *apart = time.wrapping_sub(*first);
                *rows = 2;
            }
            Some(run) if self::time(*run, run[2]) == time && run[2] < u32::MAX => run[2] += 1,
            _ => self.runs.push([time, 0, 1]),
        }
    }

    pub(super) fn extend(&mut self, more: &Self) {
        for time in more.iter() {
            self.push(time);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        let each = |run: &Run| {
            let run = *run;
            (0..run[2]).map(move |row| i64::from(time(run, row)))
        };
        self.runs.iter().flat_map(each)
    }
}

fn count(rows: u32) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(all: &[i64]) -> Times {
        let mut times = Times::default();
        for time in all {
            times.push(*time);
        }
        times
    }

    #[test]
    fn what_is_regular_takes_next_to_nothing() {
        let all: Vec<i64> = (0..4_032).map(|at| 1_795_392_000 + at * 300).collect();
        let times = packed(&all);
        assert_eq!((times.len(), times.runs().len()), (4_032, 1));
        assert!(times.iter().eq(all));
    }

    proptest! {
        #[test]
        fn times_come_back_as_they_were(
            all in prop::collection::vec(prop_oneof![0_i64..4_102_444_800, 7_i64..9], 0..50),
            split in 0_usize..50,
        ) {
            let (one, other) = all.split_at(split.min(all.len()));
            let mut times = packed(one);
            times.extend(&packed(other));
            prop_assert_eq!(times.len(), all.len());
            prop_assert!(times.runs().len() <= all.len() / 2 + 1);
            let again = Times::of(times.runs().to_vec());
            prop_assert_eq!(again.len(), all.len());
            prop_assert!(again.iter().eq(times.iter()));
            prop_assert!(times.iter().eq(all));
        }
    }
}
