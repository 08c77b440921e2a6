//! The node plan as CSV, a row for each node.

use std::io;

use super::Planned;
use crate::plan::{Repacking, Stay};
use crate::render::csv::{into_io, text};

const HEADER: [&str; 19] = [
    "name",
    "pool",
    "instance_type",
    "zone",
    "capacity_type",
    "currency",
    "monthly_cost",
    "monthly_leaves",
    "cpu_cores",
    "memory_bytes",
    "today_drain_order",
    "today_stays",
    "advised_drain_order",
    "advised_stays",
    "advised_cpu_cores",
    "advised_memory_bytes",
    "remedy",
    "today_monthly_saved",
    "advised_monthly_saved",
];

/// `cpu_cores` and `memory_bytes` are what is requested now; those with `advised` once the
/// advice and the plan are followed. `monthly_leaves` is what leaves the bill where the node
/// goes alone; the columns of what is saved say what leaves it with the nodes that go before,
/// and sum up to what the plan saves.
pub fn nodes_csv(planned: Planned<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(HEADER).map_err(into_io)?;
    for (at, price) in planned.prices.iter().enumerate() {
        let node = planned.node(at);
        let word = |it: &Option<String>| text(it.as_deref().unwrap_or_default());
        let (today, advised) = (&planned.plan.today, planned.plan.advised.as_ref());
        let number = |value: f64| format!("{}", (value * 1e6).round() / 1e6);
        let order = |it: &Repacking| {
            let place = it.drains.iter().position(|it| it.node == at);
            place.map(|it| (it + 1).to_string()).unwrap_or_default()
        };
        let saved = |it: &Repacking| {
            let own = it.drains.iter().find(|it| it.node == at);
            own.map(|it| it.saved.to_string()).unwrap_or_default()
        };
        let stays = |it: &Repacking| {
            let why = it.stays[at].as_ref();
            text(
                &why.map(|it| it.text(|pod| planned.pod(pod)))
                    .unwrap_or_default(),
            )
        };
        let remedy = planned.main().stays[at].as_ref().and_then(Stay::remedy);
        let now = today.before[at];
        let next = advised.map(|it| it.after[at]);
        table
            .write_record([
                text(&node.name),
                word(&node.pool),
                word(&node.instance_type),
                word(&node.zone),
                node.capacity_type.name().to_owned(),
                planned.currency.to_string(),
                price.monthly.to_string(),
                price.leaves().to_string(),
                number(now.cpu.get()),
                now.memory.0.to_string(),
                order(today),
                stays(today),
                advised.map(order).unwrap_or_default(),
                advised.map(stays).unwrap_or_default(),
                next.map(|it| number(it.cpu.get())).unwrap_or_default(),
                next.map(|it| it.memory.0.to_string()).unwrap_or_default(),
                text(&remedy.unwrap_or_default()),
                saved(today),
                advised.map(saved).unwrap_or_default(),
            ])
            .map_err(into_io)?;
    }
    table.flush()
}
