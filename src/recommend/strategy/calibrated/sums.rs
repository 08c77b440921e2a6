//! What pods use together, cell by cell, no more of it worked out than is asked for.
//!
//! Sums of what each pod used at most in a stretch of cells are above those of each of these
//! cells: rounded as they are, a sum of larger parts in the same order is never smaller. Most
//! stretches need no closer look.

use std::ops::Range;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::pods::Item;
use crate::trend;

/// Cells of a stretch.
const STRETCH: usize = 32;

/// For each pod what it used at most in each stretch of cells.
#[derive(Debug)]
pub(super) struct Sums {
    most: Vec<Vec<f32>>,
}

/// What some pods used together.
pub(super) struct Together<'a> {
    items: &'a [Item],
    pods: &'a [usize],
    /// The first stretch that is bounded, and what bounds each from there on.
    first: usize,
    bounds: Vec<f32>,
}

impl Sums {
    pub(super) fn of(items: &[Item]) -> Self {
        let stretches = |item: &Item| -> Vec<f32> {
            let stretches = item.used.chunks(STRETCH);
            stretches.map(largest).collect()
        };
        Self {
            most: items.par_iter().map(stretches).collect(),
        }
    }

    /// What a pod used at most within some cells.
    pub(super) fn peak(&self, items: &[Item], pod: usize, cells: &Range<usize>) -> f32 {
        let used = &items[pod].used[cells.clone()];
        // Whole stretches within, and what is beside them.
        let (first, last) = (cells.start.div_ceil(STRETCH), cells.end / STRETCH);
        if first >= last {
            return largest(used);
        }
        let (before, after) = (first * STRETCH - cells.start, last * STRETCH - cells.start);
        let whole = largest(&self.most[pod][first..last]);
        whole
            .max(largest(&used[..before]))
            .max(largest(&used[after..]))
    }

    /// What these pods used together, of these cells and whatever lies within them.
    pub(super) fn together<'a>(
        &self,
        items: &'a [Item],
        pods: &'a [usize],
        cells: &Range<usize>,
    ) -> Together<'a> {
        let stretches = touched(cells);
        let mut bounds = vec![0.0_f32; stretches.len()];
        for pod in pods {
            add(&mut bounds, &self.most[*pod][stretches.clone()]);
        }
        Together {
            items,
            pods,
            first: stretches.start,
            bounds,
        }
    }
}

impl Together<'_> {
    /// Whether they used more than so much in one of these cells.
    pub(super) fn is_above(&self, cells: &Range<usize>, bound: f64) -> bool {
        let mut stretches = touched(cells);
        stretches.any(|stretch| {
            let most = f64::from(self.bounds[stretch - self.first]);
            most > bound && f64::from(self.exact(stretch, cells)) > bound
        })
    }

    /// The most in a stretch, as far as it is of these cells.
    fn exact(&self, stretch: usize, cells: &Range<usize>) -> f32 {
        let from = (stretch * STRETCH).max(cells.start);
        let until = ((stretch + 1) * STRETCH).min(cells.end);
        let mut sums = [0.0_f32; STRETCH];
        for pod in self.pods {
            add(&mut sums, &self.items[*pod].used[from..until]);
        }
        largest(&sums)
    }
}

/// Stretches with one of these cells.
fn touched(cells: &Range<usize>) -> Range<usize> {
    cells.start / STRETCH..cells.end.div_ceil(STRETCH)
}

fn add(sums: &mut [f32], used: &[f32]) {
    for (sum, used) in sums.iter_mut().zip(used) {
        *sum += used;
    }
}

/// The largest, not below 0.
pub(super) fn largest(values: &[f32]) -> f32 {
    trend::largest(values, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{len_f64, single};

    fn item(used: Vec<f32>) -> Item {
        Item {
            workload: 0,
            node: None,
            parts: Vec::new(),
            used,
            other: 0.0,
            everywhere: false,
        }
    }

    #[test]
    fn bounds_tell_what_sums_of_all_cells_do() {
        for (cells, day) in [(403, 96), (64, 48), (31, 7), (288, 288)] {
            // Sizes that a sum in single precision rounds.
            let used = |pod: usize, cell: usize| {
                let wave = (cell * (7 + pod) + pod * pod) % 101;
                single(len_f64(wave * wave) * 1e5 / 3.0)
            };
            let items: Vec<Item> = (0..9)
                .map(|pod| item((0..cells).map(|cell| used(pod, cell)).collect()))
                .collect();
            let pods = [4, 0, 8, 3, 5];
            let sums = Sums::of(&items);
            let exact = |cells: &Range<usize>| -> f32 {
                let of_cell = |cell: usize| {
                    let used = pods.iter().map(|pod| items[*pod].used[cell]);
                    used.fold(0.0_f32, |sum, it| sum + it)
                };
                cells.clone().map(of_cell).fold(0.0, f32::max)
            };
            let window = 0..cells;
            let together = sums.together(&items, &pods, &window);
            for start in (0..cells).step_by(day) {
                for end in [start + 1, start + day / 2, start + day, cells] {
                    let part = start..end.clamp(start + 1, cells);
                    let most = exact(&part);
                    let bound = f64::from(most);
                    assert!(!together.is_above(&part, bound), "{part:?}");
                    assert!(together.is_above(&part, bound * (1.0 - 1e-9)), "{part:?}");
                    let own = items[3].used[part.clone()].iter().copied();
                    let own = own.fold(0.0, f32::max);
                    let peak = sums.peak(&items, 3, &part);
                    assert!(peak.to_bits() == own.to_bits(), "{part:?}");
                }
            }
        }
    }
}
