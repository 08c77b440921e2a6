//! What a workload did, slot by slot.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::Timestamp;

use crate::snapshot::{ContainerKind, Grid, Series, Workload};
use crate::units::{len_f64, single};

/// A stretch without a sample up to this long is filled by what is around it.
const FILLED: u32 = 2 * 3_600;

/// A new template counts as another level of work from so much on, up or down.
const SHIFT: f64 = 1.25;

/// What one workload did in all.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) grid: Grid,
    /// Cores of all its pods together; `NaN` where not known.
    pub(super) cores: Vec<f32>,
    /// Pods that ran.
    pub(super) pods: Vec<f32>,
}

impl History {
    /// Of all series of the workload.
    pub(super) fn of(grid: &Grid, workload: &Workload, series: &[&Series]) -> Self {
        let init: BTreeSet<&str> = workload
            .containers
            .iter()
            .filter(|it| it.kind == ContainerKind::Init)
            .map(|it| &*it.name)
            .collect();
        let len = place(grid.len);
        let mut history = Self {
            grid: *grid,
            cores: vec![0.0; len],
            pods: vec![0.0; len],
        };
        for pod in series.chunk_by(|a, b| a.pod == b.pod) {
            let mut life: Option<Range<usize>> = None;
            for one in pod.iter().filter(|it| !init.contains(&*it.container)) {
                if let Some(lived) = history.add(one) {
                    life = Some(life.map_or(lived.clone(), |life| {
                        life.start.min(lived.start)..life.end.max(lived.end)
                    }));
                }
            }
            for pods in life
                .and_then(|it| history.pods.get_mut(it))
                .into_iter()
                .flatten()
            {
                *pods += 1.0;
            }
        }
        for (cores, pods) in history.cores.iter_mut().zip(&history.pods) {
            if *pods < 0.5 {
                *cores = f32::NAN;
            }
        }
        history.level(workload.template_changed);
        history
    }

    /// Adds one container, and says which slots it was there for.
    fn add(&mut self, series: &Series) -> Option<Range<usize>> {
        let known = |it: &f32| it.is_finite();
        let values = &series.cpu_cores;
        let from = values.iter().position(known)?;
        let until = values.iter().rposition(known)? + 1;
        let first = place(series.first);
        let step = self.grid.step.as_secs().max(1);
        let values = filled(&values[from..until], place(FILLED / step));
        let lived = first + from..(first + until).min(self.cores.len());
        let slots = self.cores.get_mut(lived.clone())?;
        for (sum, value) in slots.iter_mut().zip(values) {
            *sum += value;
        }
        Some(lived)
    }

    /// Brings what was before a new template to the level of what came after, where a week
    /// is known of both and they differ much: only what it does now comes again.
    fn level(&mut self, changed: Option<Timestamp>) {
        let Some(slot) = changed.and_then(|it| self.grid.slot(it)).map(place) else {
            return;
        };
        let week = place(self.grid.per_day()) * 7;
        if slot < week || slot + week > self.cores.len() {
            return;
        }
        let mean = |range: Range<usize>| {
            let known = self.cores[range].iter().filter(|it| it.is_finite());
            let (sum, count) = known.fold((0.0, 0), |(sum, count), it| {
                (sum + f64::from(*it), count + 1)
            });
            sum / len_f64(count)
        };
        let ratio = mean(slot..slot + week) / mean(slot - week..slot);
        if ratio.is_finite() && ratio > 0.0 && !(1.0 / SHIFT..=SHIFT).contains(&ratio) {
            for cores in &mut self.cores[..slot] {
                *cores *= single(ratio);
            }
        }
    }

    /// Cores as a mean of whole weeks, where one is known, the newest.
    pub(super) fn mean(&self) -> f64 {
        let week = place(self.grid.per_day()) * 7;
        let weeks = (self.cores.len() - self.first()) / week.max(1);
        let from = if weeks > 0 {
            self.cores.len() - weeks * week
        } else {
            0
        };
        let known = self.cores[from..].iter().filter(|it| it.is_finite());
        let (sum, count) = known.fold((0.0, 0), |(sum, count), it| {
            (sum + f64::from(*it), count + 1)
        });
        sum / len_f64(count)
    }

    /// The first slot of which anything is known.
    pub(super) fn first(&self) -> usize {
        let known = self.cores.iter().position(|it| it.is_finite());
        known.unwrap_or(self.cores.len())
    }

    /// The second since the epoch at which a slot begins.
    pub(super) fn second(&self, slot: usize) -> i64 {
        let step = i64::from(self.grid.step.as_secs());
        self.grid.start.as_second() + i64::try_from(slot).unwrap_or(0) * step
    }
}

pub(super) fn place(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// Bridges short stretches without a value by a straight line.
fn filled(values: &[f32], most: usize) -> Vec<f32> {
    let mut filled = values.to_vec();
    let known: Vec<usize> = (0..values.len())
        .filter(|at| values[*at].is_finite())
        .collect();
    for pair in known.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        if (2..=most + 1).contains(&(after - before)) {
            let (from, to) = (f64::from(values[before]), f64::from(values[after]));
            let width = len_f64(after - before);
            for (value, step) in filled[before + 1..after].iter_mut().zip(1..) {
                *value = single(from + (to - from) * len_f64(step) / width);
            }
        }
    }
    filled
}
