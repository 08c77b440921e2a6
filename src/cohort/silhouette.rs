//! How well groups are apart.

use super::features::{Point, distance};
use crate::units::len_f64;

/// The mean silhouette: for each point, how much nearer its own group is than
/// the next one, −1 to 1; 0 for a group of one, and for a single group.
///
/// Quadratic in the number of points.
///
/// Source: Rousseeuw, "Silhouettes: a graphical aid to the interpretation and
/// validation of cluster analysis", J. Comput. Appl. Math. 20, 1987.
pub(super) fn silhouette(points: &[Point], groups: &[usize]) -> f64 {
    let count = groups.iter().max().map_or(0, |largest| largest + 1);
    let mut sizes = vec![0_usize; count];
    for group in groups {
        sizes[*group] += 1;
    }
    if sizes.iter().filter(|size| **size > 0).count() < 2 {
        return 0.0;
    }
    let scores = points.iter().zip(groups).map(|(point, own)| {
        let mut sums = vec![0.0; count];
        for (other, group) in points.iter().zip(groups) {
            sums[*group] += distance(point, other).sqrt();
        }
        score(&sums, &sizes, *own)
    });
    scores.sum::<f64>() / len_f64(points.len())
}

/// Of one point, from its distances to each group together.
fn score(sums: &[f64], sizes: &[usize], own: usize) -> f64 {
    if sizes[own] < 2 {
        return 0.0;
    }
    let inside = sums[own] / len_f64(sizes[own] - 1);
    let outside = (0..sums.len())
        .filter(|group| *group != own && sizes[*group] > 0)
        .map(|group| sums[group] / len_f64(sizes[group]))
        .fold(f64::INFINITY, f64::min);
    let larger = inside.max(outside);
    if larger > 0.0 {
        (outside - inside) / larger
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::COUNT;
    use super::*;

    fn at(x: f64) -> Point {
        let mut point = [0.0; COUNT];
        point[0] = x;
        point
    }

    #[test]
    fn groups_far_apart_score_near_one_and_mixed_ones_below_zero() {
        let points = [at(0.0), at(0.1), at(5.0), at(5.1)];
        assert!(silhouette(&points, &[0, 0, 1, 1]) > 0.95);
        assert!(silhouette(&points, &[0, 1, 0, 1]) < 0.0);
    }

    #[test]
    fn one_group_scores_nothing() {
        assert!(silhouette(&[at(0.0), at(1.0)], &[0, 0]).abs() < 1e-12);
        assert!(silhouette(&[], &[]).abs() < 1e-12);
    }
}
