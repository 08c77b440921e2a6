//! Whether memory rises because there is more to do.

use crate::trend::Kendall;
use crate::units::len_f64;

/// From this correlation on, the load is held to carry memory along.
const CARRIES: f64 = 0.5;

/// Whether the rise of floors goes away once what follows the CPU is taken off.
///
/// How much follows it is told by the changes from one stretch to the next, where a rise
/// that goes on by itself is the same for all and tells nothing.
pub(super) fn carries(floors: &[f64], cpu: &[f64], per_day: usize) -> bool {
    let pairs: Vec<(f64, f64)> = floors
        .iter()
        .zip(cpu)
        .filter(|(floor, cpu)| floor.is_finite() && cpu.is_finite())
        .map(|(floor, cpu)| (*cpu, *floor))
        .collect();
    if pairs.len() < floors.len() || Line::of(&pairs).correlation <= CARRIES {
        return false;
    }
    let changes: Vec<(f64, f64)> = pairs
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1))
        .collect();
    let along = Line::of(&changes);
    if along.correlation <= CARRIES {
        return false;
    }
    let left = pairs.iter().map(|(cpu, floor)| floor - along.slope * cpu);
    let left: Vec<f64> = left.collect();
    Kendall::by_season(&left, per_day).z <= super::SIGNIFICANT
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
        assert!(carries(&follows, &cpu, 1));
        let days = follows.iter().enumerate();
        let leaks: Vec<f64> = days.map(|(day, it)| it + 30.0 * len_f64(day)).collect();
        assert!(!carries(&leaks, &cpu, 1));
        assert!(!carries(&follows, &[1.0; 10], 1));
    }
}
