//! Points into two groups with k-means.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::features::{COUNT, Point};

const SEED: u64 = 20_260_101;
/// Starts with other centres; the best of them counts.
const RUNS: usize = 6;
const ITERATIONS: u64 = 100;

/// For each of `places` whether it is nearer to the second of the two centres of
/// `fitted`; the second is the one with the larger sum of coordinates. `None` where
/// there are no two centres. The same points, in the same order, give the same groups.
pub(super) fn halves(fitted: &[Point], places: &[Point]) -> Option<Vec<bool>> {
    let rows = |points: &[Point]| {
        let flat = points.iter().flatten().copied().collect();
        Array2::from_shape_vec((points.len(), COUNT), flat).ok()
    };
    if fitted.len() < 2 {
        return None;
    }
    let random = Xoshiro256Plus::seed_from_u64(SEED);
    let model = KMeans::params_with_rng(2, random)
        .n_runs(RUNS)
        .max_n_iterations(ITERATIONS)
        .fit(&DatasetBase::from(rows(fitted)?))
        .ok()?;
    let sum = |centre: usize| model.centroids().row(centre).sum();
    let second = usize::from(sum(1) > sum(0));
    let near = model.predict(&rows(places)?);
    Some(near.iter().map(|centre| *centre == second).collect())
}
