//! Columns of few values each, which are put in order side by side.
//!
//! To order one column a processor guesses at every comparison. Of many columns, row by row,
//! each step is the same for all of them, whatever they hold.

/// Values row by row; of a column some rows may not be known.
pub struct Columns {
    width: usize,
    /// Infinite where nothing is known, which comes last.
    values: Vec<f64>,
    /// Of each column how many are known.
    counts: Vec<usize>,
}

impl Columns {
    /// So many of them, without a row.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            values: Vec::new(),
            counts: vec![0; width],
        }
    }

    /// One row more, of which nothing is known.
    pub fn add(&mut self) {
        let end = self.values.len() + self.width;
        self.values.resize(end, f64::INFINITY);
    }

    /// Puts a value into the last row, of which this column was not known; nothing is known of
    /// what is not finite.
    pub fn put(&mut self, column: usize, value: f64) {
        let row = self.values.len() - self.width;
        if value.is_finite() {
            self.values[row + column] = value;
            self.counts[column] += 1;
        }
    }

    /// One row more; what is not finite is not known.
    pub fn add_row(&mut self, row: &[f32]) {
        let known = |it: &f32| {
            if it.is_finite() {
                f64::from(*it)
            } else {
                f64::INFINITY
            }
        };
        self.values.extend(row.iter().map(known));
        for (count, value) in self.counts.iter_mut().zip(row) {
            *count += usize::from(value.is_finite());
        }
    }

    /// Puts each column in order, the smallest first: Batcher's merging of odd and even.
    pub fn sort(&mut self) {
        let rows = self.values.len() / self.width.max(1);
        let mut merged = 1;
        while merged < rows {
            let mut apart = merged;
            while apart > 0 {
                for begin in (apart % merged..rows - apart).step_by(2 * apart) {
                    for low in begin..(begin + apart).min(rows - apart) {
                        // Both of the same block of twice as many as are merged.
                        if (low ^ (low + apart)) < 2 * merged {
                            self.order(low, low + apart);
                        }
                    }
                }
                apart /= 2;
            }
            merged *= 2;
        }
    }

    /// Exchanges values of two rows where the first is larger.
    fn order(&mut self, first: usize, later: usize) {
        let (before, after) = self.values.split_at_mut(later * self.width);
        let first = &mut before[first * self.width..][..self.width];
        for (low, high) in first.iter_mut().zip(after) {
            let is_larger = *low > *high;
            (*low, *high) = (
                if is_larger { *high } else { *low },
                if is_larger { *low } else { *high },
            );
        }
    }

    /// How many values of a column are known.
    pub fn count(&self, column: usize) -> usize {
        self.counts[column]
    }

    /// Once they are in order: the value of a column that so many others come before.
    pub fn at(&self, column: usize, rank: usize) -> f64 {
        self.values[rank * self.width + column]
    }

    /// Once they are in order: the median of a column; `NaN` of nothing.
    pub fn median(&self, column: usize) -> f64 {
        match self.counts[column] {
            0 => f64::NAN,
            n => f64::midpoint(self.at(column, (n - 1) / 2), self.at(column, n / 2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trend::median;
    use crate::units::{len_f64, single};

    #[test]
    fn each_column_is_in_order_whatever_is_not_known() {
        for rows in 0..40_usize {
            let of = |row: usize, column: usize| match (row * 31 + column * 17) % 23 {
                0 => f64::NAN,
                1 => f64::INFINITY,
                it => len_f64(it * (column + 3) % 19) - 4.5,
            };
            let (mut columns, mut alike) = (Columns::new(7), Columns::new(7));
            for row in 0..rows {
                let values: Vec<f32> = (0..7).map(|column| single(of(row, column))).collect();
                alike.add_row(&values);
                columns.add();
                (0..7).for_each(|column| columns.put(column, of(row, column)));
            }
            for columns in [&mut columns, &mut alike] {
                columns.sort();
                for column in 0..7 {
                    let all: Vec<f64> = (0..rows).map(|row| of(row, column)).collect();
                    let mut sorted: Vec<f64> =
                        all.iter().copied().filter(|it| it.is_finite()).collect();
                    sorted.sort_unstable_by(f64::total_cmp);
                    assert_eq!(columns.count(column), sorted.len());
                    let found = (0..sorted.len()).map(|rank| columns.at(column, rank));
                    assert_eq!(found.collect::<Vec<f64>>(), sorted, "{rows} {column}");
                    let middle = columns.median(column);
                    assert_eq!(middle.to_bits(), median(&all).to_bits());
                }
            }
        }
    }
}
