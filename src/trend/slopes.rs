use crate::units::{count_from, len_f64};

/// The slopes between all pairs of points, ascending: the middle one is the estimate of
/// Theil and Sen, which a quarter of wild points does not move.
#[derive(Debug, Clone, PartialEq)]
pub struct Slopes {
    sorted: Vec<f64>,
    points: usize,
}

impl Slopes {
    /// Of values one step apart; those that are not finite leave a gap. `None` with
    /// fewer than three.
    pub fn of(values: &[f64]) -> Option<Self> {
        let points: Vec<(f64, f64)> = values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite())
            .map(|(at, value)| (len_f64(at), *value))
            .collect();
        if points.len() < 3 {
            return None;
        }
        let mut sorted = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
        for (at, early) in points.iter().enumerate() {
            let later = points[at + 1..].iter();
            sorted.extend(later.map(|late| (late.1 - early.1) / (late.0 - early.0)));
        }
        sorted.sort_unstable_by(f64::total_cmp);
        Some(Self {
            sorted,
            points: points.len(),
        })
    }

    /// The change a step.
    pub fn middle(&self) -> f64 {
        let (low, high) = ((self.sorted.len() - 1) / 2, self.sorted.len() / 2);
        f64::midpoint(self.sorted[low], self.sorted[high])
    }

    /// The slope that the true one is above with 90 %, and that it is below with 90 %
    /// (Sen 1968), wider than his by `wider`, which stands for what follows each
    /// other being alike.
    pub fn interval(&self, wider: f64) -> (f64, f64) {
        /// Standard deviations of a normal distribution that 90 % are below.
        const NINE_TENTHS: f64 = 1.2816;
        let n = len_f64(self.points);
        let spread = (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt() * NINE_TENTHS * wider;
        let pairs = len_f64(self.sorted.len());
        let at = |rank: f64| {
            let last = self.sorted.len() - 1;
            let place = usize::try_from(count_from(rank.max(0.0))).unwrap_or(last);
            self.sorted[place.min(last)]
        };
        (
            at((pairs - spread) / 2.0 - 1.0),
            at(f64::midpoint(pairs, spread)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_wild_points_do_not_move_the_slope() {
        let mut values: Vec<f64> = (0..12).map(|day| 100.0 + 3.0 * f64::from(day)).collect();
        values[4] = 900.0;
        values[7] = f64::NAN;
        values[9] = 0.0;
        let slopes = Slopes::of(&values).unwrap();
        assert!((slopes.middle() - 3.0).abs() < 1e-9);
        let (low, high) = slopes.interval(1.0);
        assert!(low <= 3.0 && high >= 3.0);
        assert!(slopes.interval(2.0).0 <= low && slopes.interval(2.0).1 >= high);
        assert_eq!(Slopes::of(&[1.0, f64::NAN, 2.0]), None);
    }
}
