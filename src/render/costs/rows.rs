//! The bill as CSV, a row for each group.

use std::io;

use super::Told;
use crate::render::csv::{into_io, text};

const HEADER: [&str; 18] = [
    "name",
    "namespace",
    "kind",
    "workload",
    "currency",
    "monthly_cost",
    "cpu_cost",
    "memory_cost",
    "gpu_cost",
    "storage_cost",
    "load_balancer_cost",
    "cpu_cores",
    "cpu_cores_used_mean",
    "memory_bytes",
    "memory_bytes_used_mean",
    "gpus",
    "shared_cost",
    "window_cost",
];

/// `monthly_cost` is the sum of the costs beside it, and sums up to the bill.
pub fn costs_csv(told: Told<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(HEADER).map_err(into_io)?;
    for group in told.costs.by(told.by, told.sharing, told.snapshot) {
        let (cost, held) = (&group.cost, &group.held);
        let number = |value: f64| format!("{}", (value * 1e6).round() / 1e6);
        let maybe = |value: Option<f64>| value.map(number).unwrap_or_default();
        let word = |it: Option<&str>| text(it.unwrap_or_default());
        table
            .write_record([
                text(&group.name),
                word(group.namespace.as_deref()),
                word(group.kind.as_deref()),
                word(group.workload.as_deref()),
                told.costs.currency.to_string(),
                group.cents.to_string(),
                cost.cpu.to_string(),
                cost.memory.to_string(),
                cost.gpu.to_string(),
                cost.storage.to_string(),
                cost.load_balancer.to_string(),
                number(held.cpu_cores),
                maybe(held.cpu_used),
                number(held.memory_bytes.round()),
                maybe(held.memory_used.map(f64::round)),
                number(held.gpus),
                cost.shared.to_string(),
                group.window.map_or_else(String::new, |it| it.to_string()),
            ])
            .map_err(into_io)?;
    }
    table.flush()
}
