//! Points into groups with k-means.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::GROUPS;
use super::features::{COUNT, Point, distance};
use super::silhouette::silhouette;
use crate::units::len_f64;

const SEED: u64 = 20_260_101;
/// Starts with other centres; the best of them counts.
const RUNS: usize = 6;
const ITERATIONS: u64 = 100;
/// Centres are sought among so many points at most; the others join the nearest.
const MOST_FITTED: usize = 2_000;
/// The criterion is quadratic, so it looks at so many points at most.
const MOST_JUDGED: usize = 500;
/// Silhouettes closer than this are a tie, and the fewer groups win.
const TIE: f64 = 0.01;

/// Which point is in which group, and how good that is.
#[derive(Debug, Clone)]
pub(super) struct Grouping {
    /// For each point its group.
    pub(super) groups: Vec<usize>,
    pub(super) count: usize,
    pub(super) silhouette: f64,
}

/// The best grouping of `points`, which are sorted: the same points always give
/// the same groups.
pub(super) fn best_grouping(points: &[Point], smallest: usize) -> Grouping {
    let fitted = thin_out(points, MOST_FITTED);
    let judged = thin_out(points, MOST_JUDGED);
    let mut best = Grouping {
        groups: vec![0; points.len()],
        count: 1,
        silhouette: 0.0,
    };
    for wanted in GROUPS {
        let Some(centres) = centres(&fitted, wanted) else {
            continue;
        };
        let centres = merge_small(points, centres, smallest);
        let score = silhouette(&judged, &nearest_of_all(&judged, &centres));
        if centres.len() > 1 && score > best.silhouette + TIE {
            best = Grouping {
                groups: nearest_of_all(points, &centres),
                count: centres.len(),
                silhouette: score,
            };
        }
    }
    best
}

/// Every so many-th point, so that at most `most` are left.
fn thin_out(points: &[Point], most: usize) -> Vec<Point> {
    let step = points.len().div_ceil(most).max(1);
    points.iter().copied().step_by(step).collect()
}

/// Centres of k-means; `None` where there are fewer points than that.
fn centres(points: &[Point], wanted: usize) -> Option<Vec<Point>> {
    if points.len() < wanted {
        return None;
    }
    let flat = points.iter().flatten().copied().collect();
    let rows = Array2::from_shape_vec((points.len(), COUNT), flat).ok()?;
    let random = Xoshiro256Plus::seed_from_u64(SEED);
    let data = DatasetBase::from(rows);
    let model = KMeans::params_with_rng(wanted, random)
        .n_runs(RUNS)
        .max_n_iterations(ITERATIONS)
        .fit(&data)
        .ok()?;
    let of_point = model.predict(&data);
    // Two centres on one spot leave one of them without points.
    let mut used: Vec<usize> = of_point.iter().copied().collect();
    used.sort_unstable();
    used.dedup();
    let rows = used
        .into_iter()
        .map(|group| model.centroids().row(group).to_owned());
    rows.map(|row| row.as_slice().and_then(|row| row.try_into().ok()))
        .collect()
}

/// Gives up the smallest group until all have enough members. Its members find
/// the nearest of the other centres, which then move to their members' middle.
fn merge_small(points: &[Point], mut centres: Vec<Point>, smallest: usize) -> Vec<Point> {
    while centres.len() > 1 {
        let groups = nearest_of_all(points, &centres);
        let sizes = sizes(&groups, centres.len());
        let Some((least, size)) = sizes.iter().enumerate().min_by_key(|(_, size)| **size) else {
            break;
        };
        if *size >= smallest {
            break;
        }
        centres.remove(least);
        let groups = nearest_of_all(points, &centres);
        centres = middles(points, &groups, &centres);
    }
    centres
}

fn sizes(groups: &[usize], count: usize) -> Vec<usize> {
    let mut sizes = vec![0; count];
    for group in groups {
        sizes[*group] += 1;
    }
    sizes
}

/// The mean of each group; the old centre where it is empty.
fn middles(points: &[Point], groups: &[usize], centres: &[Point]) -> Vec<Point> {
    let sizes = sizes(groups, centres.len());
    let mut sums = vec![[0.0; COUNT]; centres.len()];
    for (point, group) in points.iter().zip(groups) {
        for (sum, value) in sums[*group].iter_mut().zip(point) {
            *sum += value;
        }
    }
    let middle = |group: usize| match sizes[group] {
        0 => centres[group],
        size => sums[group].map(|sum| sum / len_f64(size)),
    };
    (0..centres.len()).map(middle).collect()
}

fn nearest_of_all(points: &[Point], centres: &[Point]) -> Vec<usize> {
    points.iter().map(|point| nearest(point, centres)).collect()
}

fn nearest(point: &Point, centres: &[Point]) -> usize {
    let far = |group: &usize| distance(point, &centres[*group]);
    (0..centres.len())
        .min_by(|a, b| far(a).total_cmp(&far(b)))
        .unwrap_or(0)
}
