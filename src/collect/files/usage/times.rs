//! Times of rows, of which most are as far apart as those before.

/// Unix seconds, in the order of the rows: stretches of equal distance, so that what is
/// scraped regularly takes next to nothing, and anything else no more than 8 bytes a row.
#[derive(Debug, Default)]
pub(super) struct Times {
    runs: Vec<Run>,
    rows: usize,
}

/// Rows that are equally far apart. Times are before 2106.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: u32,
    /// Between two rows, around zero: later ones may be earlier.
    apart: u32,
    rows: u32,
}

impl Run {
    fn time(self, row: u32) -> u32 {
        self.first.wrapping_add(self.apart.wrapping_mul(row))
    }
}

impl Times {
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// What they take in memory.
    pub(super) fn bytes(&self) -> usize {
        self.runs.len() * size_of::<Run>()
    }

    pub(super) fn push(&mut self, time: i64) {
        let time = u32::try_from(time.max(0)).unwrap_or(u32::MAX);
        self.rows += 1;
        match self.runs.last_mut() {
            Some(run) if run.rows == 1 => {
                run.apart = time.wrapping_sub(run.first);
                run.rows = 2;
            }
            Some(run) if run.time(run.rows) == time && run.rows < u32::MAX => run.rows += 1,
            _ => self.runs.push(Run {
                first: time,
                apart: 0,
                rows: 1,
            }),
        }
    }

    pub(super) fn extend(&mut self, more: &Self) {
        for time in more.iter() {
            self.push(time);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        let each = |run: &Run| {
            (0..run.rows).map({
                let run = *run;
                move |row| i64::from(run.time(row))
            })
        };
        self.runs.iter().flat_map(each)
    }
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
        assert_eq!((times.len(), times.bytes()), (4_032, 12));
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
            prop_assert!(times.bytes() <= all.len() * 8 + 12);
            prop_assert!(times.iter().eq(all));
        }
    }
}
