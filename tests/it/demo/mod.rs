//! The shop that `--demo` shows: whole, believable, and always the same.

mod life;
mod shape;

use std::sync::LazyLock;

use kcost::demo;
use kcost::snapshot::{Series, Snapshot, Workload};

/// Made once for all tests.
pub static DEMO: LazyLock<Snapshot> = LazyLock::new(demo::snapshot);

fn workload(name: &str) -> (u32, &'static Workload) {
    let found = (0_u32..)
        .zip(&DEMO.workloads)
        .find(|(_, one)| one.id.name == name);
    found.unwrap_or_else(|| panic!("no workload {name}"))
}

fn series(name: &str) -> Vec<&'static Series> {
    let (index, _) = workload(name);
    DEMO.usage
        .series
        .iter()
        .filter(|series| series.workload == index)
        .collect()
}

fn mean(values: impl IntoIterator<Item = f32>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values.into_iter().filter(|value| !value.is_nan()) {
        sum += f64::from(value);
        count += 1.0;
    }
    sum / count
}

/// Mean CPU of a workload's pods in each hour of the week.
fn hours_of_week(name: &str) -> Vec<f64> {
    let mut hours: Vec<Vec<f32>> = vec![Vec::new(); 168];
    for series in series(name) {
        for (slot, cores) in (series.first..).zip(&series.cpu_cores) {
            hours[DEMO.usage.grid.hour_of_week(slot) as usize].push(*cores);
        }
    }
    hours.into_iter().map(mean).collect()
}
