use jiff::Timestamp;

use crate::snapshot::{Grid, Series};

/// Usage of one container over time, coarse enough to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Oldest first; times without a sample are not in it.
    pub points: Vec<Point>,
    /// Samples of all pods in all.
    pub samples: usize,
    values: Vec<f32>,
}

/// What was used in one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub start: Timestamp,
    /// Mean over all pods and samples.
    pub mean: f64,
    /// Largest of any pod.
    pub peak: f64,
}

impl Curve {
    /// Folds the samples of all pods into at most `count` stretches of equal length.
    pub fn new(
        grid: Grid,
        series: &[&Series],
        count: usize,
        column: impl Fn(&Series) -> &Vec<f32>,
    ) -> Self {
        let count = u32::try_from(count)
            .unwrap_or(u32::MAX)
            .clamp(1, grid.len.max(1));
        let width = grid.len.div_ceil(count).max(1);
        let mut folds = vec![Fold::default(); usize::try_from(count).unwrap_or(1)];
        let mut values = Vec::new();
        for one in series {
            for (slot, value) in (one.first..).zip(column(one)) {
                let fold = usize::try_from(slot / width).unwrap_or(usize::MAX);
                if let (false, Some(fold)) = (value.is_nan(), folds.get_mut(fold)) {
                    fold.add(f64::from(*value));
                    values.push(*value);
                }
            }
        }
        values.sort_unstable_by(f32::total_cmp);
        let points = (0..).zip(&folds).filter(|(_, fold)| fold.count > 0.0);
        let points = points.map(|(index, fold): (u32, _)| Point {
            start: grid.time(index * width),
            mean: fold.sum / fold.count,
            peak: fold.peak,
        });
        Self {
            points: points.collect(),
            samples: values.len(),
            values,
        }
    }

    /// Share of all samples above `size`; `None` without samples.
    pub fn share_above(&self, size: f64) -> Option<f64> {
        // By more than the last bit of a sample, so that one at the size is not above it.
        let size = size * (1.0 + f64::from(f32::EPSILON));
        let below = self
            .values
            .partition_point(|value| f64::from(*value) <= size);
        let total = self.values.len();
        let above = u32::try_from(total - below).ok()?;
        (total > 0).then(|| f64::from(above) / f64::from(u32::try_from(total).unwrap_or(u32::MAX)))
    }

    /// The largest sample; 0 without samples.
    pub fn max(&self) -> f64 {
        self.values.last().map_or(0.0, |value| f64::from(*value))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Fold {
    sum: f64,
    peak: f64,
    count: f64,
}

impl Fold {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
        self.peak = self.peak.max(value);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn folds_pods_and_slots_and_leaves_gaps_out() {
        let grid = Grid {
            len: 8,
            ..Grid::default()
        };
        let series = Series {
            workload: 0,
            pod: "a".to_owned(),
            container: "app".to_owned(),
            first: 2,
            cpu_cores: vec![1.0, 3.0, f32::NAN, f32::NAN, 5.0],
            memory_bytes: vec![f32::NAN; 5],
            more: BTreeMap::new(),
        };
        let curve = Curve::new(grid, &[&series], 4, |series| &series.cpu_cores);
        let seen: Vec<_> = curve
            .points
            .iter()
            .map(|p| (p.start, p.mean, p.peak))
            .collect();
        assert_eq!(seen, [(grid.time(2), 2.0, 3.0), (grid.time(6), 5.0, 5.0)]);
        assert_eq!(curve.share_above(3.0), Some(1.0 / 3.0));
        assert!((curve.max() - 5.0).abs() < 1e-9);
        let none = Curve::new(grid, &[&series], 4, |series| &series.memory_bytes);
        assert_eq!((none.points.len(), none.share_above(0.0)), (0, None));
    }
}
