//! One row for each namespace or team, where workloads are grouped.

use std::io;

use super::{decimal, into_io, text};
use crate::costs::{Share, Shares};
use crate::units::Ratio;

/// Columns are only ever added, at the end.
pub(super) const HEADER: [&str; 18] = [
    "by",
    "name",
    "workloads",
    "pods",
    "currency",
    "monthly_cost",
    "monthly_cost_recommended",
    "monthly_freed",
    "cost_waste_ratio",
    "cpu_waste_ratio",
    "memory_waste_ratio",
    "waste_over_monthly_cost",
    "cpu_request_cores",
    "cpu_used_mean_cores",
    "cpu_request_cores_recommended",
    "memory_request_bytes",
    "memory_used_mean_bytes",
    "memory_request_bytes_recommended",
];

/// Costs sum up to those of the cluster, to the cent. An empty cell is not known.
pub(super) fn rows(
    shares: &Shares,
    currency: &str,
    cluster: Option<&String>,
    table: &mut csv::Writer<&mut dyn io::Write>,
) -> io::Result<()> {
    let by = shares.by.to_string();
    for share in &shares.shares {
        let mut record = record(share, &by, currency);
        record.extend(cluster.map(|name| text(name)));
        table.write_record(record).map_err(into_io)?;
    }
    Ok(())
}

fn record(share: &Share, by: &str, currency: &str) -> Vec<String> {
    let ratio = |it: Option<Ratio>| it.map_or_else(String::new, |it| decimal(it.get()));
    let (part, waste) = (&share.part, &share.part.waste);
    let (cpu, memory) = (&part.cpu, &part.memory);
    vec![
        text(by),
        text(&share.name),
        share.workloads.to_string(),
        share.pods.to_string(),
        currency.to_owned(),
        share.part.current.to_string(),
        share.part.recommended.to_string(),
        share.part.freed().to_string(),
        ratio(waste.cost.known()),
        ratio(waste.cpu.known()),
        ratio(waste.memory.known()),
        waste.cost.requested.to_string(),
        decimal(cpu.requested.get()),
        cpu.used_mean
            .map_or_else(String::new, |it| decimal(it.get())),
        decimal(cpu.recommended.get()),
        memory.requested.0.to_string(),
        memory
            .used_mean
            .map_or_else(String::new, |it| it.0.to_string()),
        memory.recommended.0.to_string(),
    ]
}
