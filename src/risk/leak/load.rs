//! Whether memory rises because there is more to do.

use super::SIGNIFICANT;
use super::blocks::Blocks;
use crate::trend::{Kendall, Slopes};
use crate::units::len_f64;

/// From this correlation on, the load is held to carry memory along.
const CARRIES: f64 = 0.5;

/// How much more may follow the load than memory and load together rise.
const MOST: f64 = 2.0;
/// Of a rise, the share that must be left once the load's part is taken off.
const LEFT: f64 = 1.0 / 3.0;

/// Whether the rise goes away once what follows the CPU is taken off.
pub(super) fn carries(blocks: &Blocks<'_>) -> bool {
    by_hour(blocks) || by_stretch(&blocks.floors, &blocks.cpu(), blocks.seasons)
}

/// How much follows the CPU is told by the hours of each day, beside the day's mean: the
/// load of a day comes and goes, and what leaks does not.
fn by_hour(blocks: &Blocks<'_>) -> bool {
    let days = blocks.days();
    let beside = days.iter().flat_map(|hours| {
        let known = hours
            .iter()
            .filter(|it| it.0.is_finite() && it.1.is_finite());
        let known: Vec<(f64, f64)> = known.copied().collect();
        let n = len_f64(known.len());
        let cpu = known.iter().map(|it| it.0).sum::<f64>() / n;
        let memory = known.iter().map(|it| it.1).sum::<f64>() / n;
        known.into_iter().map(move |it| (it.0 - cpu, it.1 - memory))
    });
    let along = Line::of(&beside.collect::<Vec<_>>());
    if along.correlation <= CARRIES {
        return false;
    }
    let floors = |slope: f64| -> Vec<f64> {
        let hours = days.iter().flat_map(|hours| {
            let stretches = hours.chunks((hours.len() / blocks.per_day).max(1));
            stretches.map(|hours| {
                let left = hours.iter().map(|(cpu, memory)| memory - slope * cpu);
                left.fold(f64::NAN, f64::min)
            })
        });
        hours.collect()
    };
    let left = floors(along.slope);
    if Kendall::by_season(&left, blocks.seasons).z <= SIGNIFICANT {
        return true;
    }
    match (Slopes::of(&left), Slopes::of(&floors(0.0))) {
        (Some(left), Some(all)) => left.middle() < LEFT * all.middle(),
        _ => false,
    }
}

/// The same by the changes from one stretch to the next, where a rise that goes on by
/// itself is the same for all and tells nothing.
fn by_stretch(floors: &[f64], cpu: &[f64], seasons: usize) -> bool {
    let pairs: Vec<(f64, f64)> = floors
        .iter()
        .zip(cpu)
        .filter(|(floor, cpu)| floor.is_finite() && cpu.is_finite())
        .map(|(floor, cpu)| (*cpu, *floor))
        .collect();
    let both = Line::of(&pairs);
    if pairs.len() < floors.len() || both.correlation <= CARRIES {
        return false;
    }
    let changes: Vec<(f64, f64)> = pairs
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1))
        .collect();
    let along = Line::of(&changes);
    // Changes that are next to nothing follow anything, and take off more than there is.
    if along.correlation <= CARRIES || along.slope > MOST * both.slope {
        return false;
    }
    let left = pairs.iter().map(|(cpu, floor)| floor - along.slope * cpu);
    let left: Vec<f64> = left.collect();
    Kendall::by_season(&left, seasons).z <= SIGNIFICANT
}

/// The least-squares line of `y` over `x`.
struct Line {
    slope: f64,
    correlation: f64,
}

impl Line {
    fn of(points: &[(f64, f64)]) -> Self {
        let n = len_f64(points.len()).max(1.0);
        let (x, y) = (
            points.iter().map(|it| it.0).sum::<f64>() / n,
            points.iter().map(|it| it.1).sum::<f64>() / n,
        );
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for point in points {
            xx += (point.0 - x).powi(2);
            xy += (point.0 - x) * (point.1 - y);
            yy += (point.1 - y).powi(2);
        }
        if xx <= 0.0 || yy <= 0.0 {
            return Self {
                slope: 0.0,
                correlation: 0.0,
            };
        }
        Self {
            slope: xy / xx,
            correlation: xy / (xx * yy).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_follows_a_rising_load_does_not_leak() {
        let cpu = [1.0, 1.3, 1.1, 1.6, 1.5, 2.0, 1.9, 2.3, 2.2, 2.6];
        let follows: Vec<f64> = cpu.iter().map(|cpu| 100.0 + 50.0 * cpu).collect();
        assert!(by_stretch(&follows, &cpu, 1));
        let days = follows.iter().enumerate();
        let leaks: Vec<f64> = days.map(|(day, it)| it + 30.0 * len_f64(day)).collect();
        assert!(!by_stretch(&leaks, &cpu, 1));
        assert!(!by_stretch(&follows, &[1.0; 10], 1));
    }
}
