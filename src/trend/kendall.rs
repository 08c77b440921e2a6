use crate::units::{float, len_f64};

/// The test of Mann and Kendall: whether later values tend to be larger.
///
/// Counts pairs, so one wild value moves it little, and a rise need not be straight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kendall {
    /// Pairs that rise less those that fall ÷ all pairs, -1 to 1.
    pub tau: f64,
    /// Standard deviations from what chance gives; 0 for fewer than three values.
    pub z: f64,
}

impl Kendall {
    /// Of values in the order of time. They must stand for stretches of time that are
    /// long beside the memory of the process: of samples that follow each other closely
    /// every wave is "significant".
    pub fn of(values: &[f64]) -> Self {
        Self::by_season(values, 1)
    }

    /// The same over values of `seasons` kinds that take turns, such as the four
    /// quarters of each day: only values of one kind are compared (Hirsch, Slack and
    /// Smith 1982), so that the season is no trend. Values that are not finite are left out.
    pub fn by_season(values: &[f64], seasons: usize) -> Self {
        let (mut score, mut pairs, mut variance) = (0.0, 0.0, 0.0);
        for season in 0..seasons.max(1) {
            let own = values.iter().skip(season).step_by(seasons.max(1));
            let own: Vec<f64> = own.copied().filter(|value| value.is_finite()).collect();
            let n = len_f64(own.len());
            for (at, early) in own.iter().enumerate() {
                // Counted side by side: a sum would wait for each of them.
                let (mut rise, mut fall) = (0_u64, 0_u64);
                for late in &own[at + 1..] {
                    rise += u64::from(late > early);
                    fall += u64::from(late < early);
                }
                score += float(rise) - float(fall);
            }
            pairs += n * (n - 1.0) / 2.0;
            variance += (n * (n - 1.0) * (2.0 * n + 5.0) - ties(&own)) / 18.0;
        }
        if variance <= 0.0 || pairs < 3.0 {
            return Self { tau: 0.0, z: 0.0 };
        }
        // Corrected for counting in whole steps.
        let z = (score - sign(score)) / variance.sqrt();
        Self {
            tau: score / pairs,
            z,
        }
    }
}

/// What equal values take from the variance of the score.
fn ties(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let runs = sorted.chunk_by(|a, b| a.total_cmp(b).is_eq());
    let of = |run: &[f64]| {
        let t = len_f64(run.len());
        t * (t - 1.0) * (2.0 * t + 5.0)
    };
    runs.map(of).sum()
}

fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rises_scores_as_in_the_tables() {
        let rising: Vec<f64> = (0..10).map(f64::from).collect();
        let test = Kendall::of(&rising);
        // 44 of 45 pairs after the correction, over the square root of 125.
        assert!((test.tau - 1.0).abs() < 1e-12);
        assert!((test.z - 44.0 / 125.0_f64.sqrt()).abs() < 1e-12);
        assert!(Kendall::of(&[5.0; 10]).z.abs() < 1e-12);
        assert!(Kendall::of(&[1.0, 2.0]).z.abs() < 1e-12);
    }

    #[test]
    fn a_daily_cycle_is_no_trend() {
        let day = [1.0, 5.0, 9.0, 4.0];
        let days: Vec<f64> = day.iter().cycle().take(12).copied().collect();
        assert!(Kendall::by_season(&days, 4).z.abs() < 1e-12);
        let rising = days.iter().enumerate();
        let rising: Vec<f64> = rising.map(|(at, value)| value + len_f64(at)).collect();
        assert!(Kendall::by_season(&rising, 4).z > 2.33);
        assert!((Kendall::by_season(&rising, 4).tau - 1.0).abs() < 1e-12);
    }
}
