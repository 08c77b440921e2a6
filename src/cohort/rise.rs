//! Whether something rises day by day, told so that no single day decides.

use crate::units::len_f64;

/// Fewer days than this show no rise.
const FEWEST_DAYS: usize = 7;
/// Of the pairs of days, so many in which the later one is above the earlier: 0.5 is
/// chance, 1 is a rise without a step back (Mann 1945, Kendall's τ of 0.6).
const RISING: f64 = 0.8;

/// How much daily values rise a week ÷ their median, where they rise; the median
/// slope of all pairs of days.
///
/// Source: Sen, "Estimates of the regression coefficient based on Kendall's tau",
/// J. Am. Stat. Assoc. 63, 1968.
pub(super) fn a_week(daily: &[f64]) -> Option<f64> {
    let days: Vec<(f64, f64)> = daily
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_finite())
        .map(|(day, value)| (len_f64(day), *value))
        .collect();
    if days.len() < FEWEST_DAYS {
        return None;
    }
    let mut slopes = Vec::with_capacity(days.len() * (days.len() - 1) / 2);
    let mut rising = 0.0;
    for (place, earlier) in days.iter().enumerate() {
        for later in &days[place + 1..] {
            let slope = (later.1 - earlier.1) / (later.0 - earlier.0);
            rising += if slope > 0.0 {
                1.0
            } else if slope < 0.0 {
                0.0
            } else {
                0.5
            };
            slopes.push(slope);
        }
    }
    let values = days.into_iter().map(|(_, value)| value).collect();
    let level = median(values);
    let rises = rising >= RISING * len_f64(slopes.len()) && level > 0.0;
    rises.then(|| median(slopes) * 7.0 / level)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(value: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..14).map(|day| value(f64::from(day))).collect()
    }

    #[test]
    fn a_rise_is_told_and_single_days_change_nothing() {
        let rise = a_week(&days(|day| 100.0 + 2.0 * day)).unwrap();
        assert!((rise - 14.0 / 114.0).abs() < 1e-9, "{rise}");
        let mut odd = days(|day| 100.0 + 2.0 * day);
        (odd[3], odd[8]) = (500.0, f64::NAN);
        let odd = a_week(&odd).unwrap();
        assert!((odd - rise).abs() < 0.02, "{odd}");
    }

    #[test]
    fn what_goes_up_and_down_does_not_rise() {
        assert_eq!(a_week(&days(|day| 100.0 + 9.0 * (day % 3.0))), None);
        assert_eq!(a_week(&days(|_| 100.0)), None);
        assert_eq!(a_week(&days(|day| 100.0 - day)), None);
        // One step up is a level that changed.
        assert_eq!(a_week(&days(|day| if day < 7.0 { 1.0 } else { 2.0 })), None);
        assert_eq!(a_week(&[1.0, 2.0, 3.0]), None);
    }
}
