//! What only goes up, or only down, taken out of a series: what never comes back is no season.
//!
//! Steps that come at the same hour of each day look like days that are alike.

use crate::forecast::Hours;
use crate::units::len_f64;

/// A series beside what rises in it, or falls: the nearest line that never turns (isotonic
/// regression, by pooling adjacent violators: Barlow and others 1972).
pub(super) fn without(local: &Hours) -> Hours {
    let (up, down) = (line(&local.values, 1.0), line(&local.values, -1.0));
    let off = |line: &[f64]| {
        let both = local.values.iter().zip(line);
        let off = both.map(|(value, line)| (value - line).powi(2));
        off.filter(|it| it.is_finite()).sum::<f64>()
    };
    let line = if off(&down) < off(&up) { down } else { up };
    let both = local.values.iter().zip(line);
    Hours {
        first: local.first,
        values: both.map(|(value, line)| value - line).collect(),
    }
}

/// The nearest line that never falls, or never rises where `sign` is below 0.
fn line(values: &[f64], sign: f64) -> Vec<f64> {
    // Of each stretch what it adds up to, values that are known in it, and all.
    let mut stretches: Vec<(f64, usize, usize)> = Vec::new();
    let mean = |(sum, known, _): (f64, usize, usize)| sum / len_f64(known);
    for value in values {
        let mut own = if value.is_finite() {
            (sign * value, 1, 1)
        } else {
            (0.0, 0, 1)
        };
        while let Some(before) = stretches.last().copied() {
            let goes_on = own.1 == 0 || before.1 == 0 || mean(before) >= mean(own);
            if !goes_on {
                break;
            }
            own = (own.0 + before.0, own.1 + before.1, own.2 + before.2);
            stretches.pop();
        }
        stretches.push(own);
    }
    let flat = stretches
        .into_iter()
        .flat_map(|it| std::iter::repeat_n(sign * mean(it), it.2));
    flat.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rises_is_gone_and_what_comes_back_stays() {
        let rest = |values: &[f64]| {
            let hours = Hours {
                first: 0,
                values: values.to_vec(),
            };
            without(&hours).values
        };
        let same = |values: &[f64], rest: &[f64]| {
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
            values.iter().zip(rest).all(near)
        };
        assert!(same(&rest(&[1.0, 1.0, 2.0, 5.0]), &[0.0; 4]));
        assert!(same(&rest(&[5.0, 2.0, 2.0, 0.0]), &[0.0; 4]));
        let wave = [0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0];
        let left = rest(&wave);
        assert!(
            same(&left[1..7], &[1.0, -1.0, 1.0, -1.0, 1.0, -1.0]),
            "{left:?}"
        );
        let gap = rest(&[1.0, f64::NAN, 3.0]);
        assert!(gap[0] == 0.0 && gap[1].is_nan() && gap[2] == 0.0, "{gap:?}");
    }
}
