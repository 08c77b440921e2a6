//! What machines cost, for people and programs.

use std::io;

use serde::Serialize;

use super::Look;
use super::grid::{Cell, Column, Grid};
use super::json;
use super::plain::plain;
use super::style::{BOLD, DIM, Paint};
use super::wrap::wrap;
use crate::price::{NodePrice, Region, entries, regions};
use crate::snapshot::Node;
use crate::text::{escape, group, money};
use crate::units::{Bytes, Cpu, Currency, Money};

/// A machine and what it costs.
pub struct PriceRow {
    pub node: Node,
    pub price: NodePrice,
}

/// A row for each, and where it is known from.
pub fn prices_table(
    currency: Currency,
    rows: &[PriceRow],
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let mut grid = Grid::new(vec![
            Column::word("TYPE"),
            Column::word("REGION"),
            Column::number("VCPU").drop(3),
            Column::number("GIB").drop(3),
            Column::word("GPU").drop(2),
            Column::number("AN HOUR"),
            Column::number("A MONTH"),
            Column::prose("FROM").drop(1),
        ]);
        for PriceRow { node, price } in rows {
            let exact = price.hourly.exact();
            let size = |it: Option<f64>| it.map_or_else(|| "?".to_owned(), |it| it.to_string());
            let gpus = node.capacity.gpus();
            let gpu = node.gpu_product.as_deref().unwrap_or_default();
            grid.row(vec![
                Cell::new(escape(&node.name)),
                Cell::new(escape(node.region.as_deref().unwrap_or_default())),
                Cell::new(size(node.capacity.cpu.map(Cpu::get))),
                Cell::new(size(node.capacity.memory.map(Bytes::to_gib))),
                Cell::new(if gpus > 0.0 {
                    format!("{gpus} × {gpu}")
                } else {
                    String::new()
                }),
                Cell::new(money(exact, &currency)),
                Cell::new(money(price.hourly.monthly(), &currency)),
                Cell::styled(escape(&price.origin), DIM),
            ]);
        }
        grid.write(look.width, Paint::of(look), out)
    })
}

/// What one node costs, and what that follows from, a line each.
pub fn price_explained(
    currency: Currency,
    row: &PriceRow,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let PriceRow { node, price } = row;
    let paint = Paint::of(look);
    let unknown = || "not known".to_owned();
    let word = |it: &Option<String>| it.as_deref().map_or_else(unknown, escape);
    let rates = &price.rates;
    let rate = |it: f64| format!("{it:.6}");
    let mut lines = vec![
        (
            "an hour",
            format!(
                "{}, {} a month",
                money(price.hourly.exact(), &currency),
                money(price.hourly.monthly(), &currency)
            ),
        ),
        (
            "from",
            format!(
                "{} ({}): {}",
                price.source,
                price.basis.name(),
                escape(&price.origin)
            ),
        ),
        ("type", word(&node.instance_type)),
        ("region", word(&node.region)),
        ("bought", node.capacity_type.name().replace('_', " ")),
        ("pool", word(&node.pool)),
        (
            "rates",
            format!(
                "a core {} {currency}, a GiB {} {currency} an hour, of all that the machine has",
                rate(rates.cpu_core_hour),
                rate(rates.memory_gib_hour)
            ),
        ),
    ];
    if node.capacity.gpus() > 0.0 {
        let text = match rates.gpu_hour {
            Some(hourly) => format!("a GPU {} {currency} an hour", rate(hourly)),
            None => format!("what a GPU costs in {currency} is not known"),
        };
        lines.push(("", text));
    }
    if price.committed > 0.0 {
        let share = price.committed * 100.0;
        lines.push((
            "committed",
            format!(
                "{share:.0} % of it is paid by commitments, which cover what nodes stay; {} a \
                 month leaves with this node",
                money(price.leaves(), &currency)
            ),
        ));
    }
    plain(look, out, |out| {
        writeln!(out, "{}", paint.on(BOLD, &escape(&node.name)))?;
        for (name, text) in lines {
            let room = look.width.map(|it| it.saturating_sub(14).max(20));
            writeln!(out, "  {name:<10}  {}", wrap(&text, room, 14))?;
        }
        Ok(())
    })
}

/// The regions of the list, with how much it has of each.
pub fn price_list(look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    plain(look, out, |out| {
        let mut grid = Grid::new(vec![
            Column::word("CLOUD"),
            Column::word("REGION"),
            Column::number("TYPES"),
            Column::number("SPOT"),
            Column::number("INFERRED"),
            Column::word("TAKEN ON"),
        ]);
        for it in covered() {
            grid.row(vec![
                Cell::new(it.provider),
                Cell::new(it.region),
                Cell::new(group(&it.types.to_string())),
                Cell::new(group(&it.spot.to_string())),
                Cell::new(group(&it.inferred.to_string())),
                Cell::new(it.date),
            ]);
        }
        grid.write(look.width, Paint::of(look), out)?;
        let text = "Elsewhere: the type's price in the first region that has it, else its family's a \
                    vCPU, else default rates.";
        let room = look.width.map(|it| it.saturating_sub(2).max(20));
        writeln!(out, "\n  {}", wrap(text, room, 2))
    })
}

#[derive(Serialize)]
struct Covered {
    provider: &'static str,
    region: &'static str,
    date: &'static str,
    types: usize,
    spot: usize,
    inferred: usize,
}

fn covered() -> Vec<Covered> {
    let of = |region: &'static Region| {
        let cells: Vec<_> = entries().filter_map(|it| it.cell(region)).collect();
        Covered {
            provider: region.provider.name(),
            region: region.name,
            date: region.date,
            types: cells.len(),
            spot: cells.iter().filter(|it| it.spot.is_some()).count(),
            inferred: cells.iter().filter(|it| it.inferred).count(),
        }
    };
    regions().map(of).collect()
}

#[derive(Serialize)]
struct List {
    schema: &'static str,
    tool_version: &'static str,
    currency: Currency,
    regions: Vec<Covered>,
}

pub fn price_list_json(out: &mut dyn io::Write) -> io::Result<()> {
    let list = List {
        schema: "kcost.prices/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        currency: Currency::USD,
        regions: covered(),
    };
    json::write(&list, out)
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    currency: Currency,
    prices: Vec<Shape<'a>>,
}

#[derive(Serialize)]
struct Shape<'a> {
    instance_type: &'a str,
    provider: Option<&'a str>,
    region: Option<&'a str>,
    capacity_type: &'static str,
    vcpus: Option<f64>,
    memory_bytes: Option<f64>,
    gpu_product: Option<&'a str>,
    gpus: f64,
    hourly_cost: String,
    monthly_cost: Money,
    source: &'static str,
    basis: &'static str,
    origin: &'a str,
    cpu_core_hourly_cost: String,
    memory_gib_hourly_cost: String,
    /// Null where nothing says it in this currency.
    gpu_hourly_cost: Option<String>,
    /// Share of it that is paid by commitments.
    committed_ratio: f64,
    /// Null for a type that is no node.
    node: Option<&'a str>,
}

pub fn prices_json(
    currency: Currency,
    rows: &[PriceRow],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let prices = rows.iter().map(|PriceRow { node, price }| Shape {
        instance_type: node.instance_type.as_deref().unwrap_or(&node.name),
        provider: node.provider.as_deref(),
        region: node.region.as_deref(),
        capacity_type: node.capacity_type.name(),
        vcpus: node.capacity.cpu.map(Cpu::get),
        memory_bytes: node.capacity.memory.map(Bytes::to_f64),
        gpu_product: node.gpu_product.as_deref(),
        gpus: node.capacity.gpus(),
        hourly_cost: price.hourly.exact(),
        monthly_cost: price.hourly.monthly(),
        source: price.source,
        basis: price.basis.name(),
        origin: &price.origin,
        cpu_core_hourly_cost: digits(price.rates.cpu_core_hour),
        memory_gib_hourly_cost: digits(price.rates.memory_gib_hour),
        gpu_hourly_cost: price.rates.gpu_hour.map(digits),
        committed_ratio: price.committed,
        node: (Some(&node.name) != node.instance_type.as_ref()).then_some(&*node.name),
    });
    let report = Report {
        schema: "kcost.prices/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        currency,
        prices: prices.collect(),
    };
    json::write(&report, out)
}

/// A rate as a decimal, with enough digits for a GiB an hour: money is never a binary
/// fraction.
pub(super) fn digits(rate: f64) -> String {
    format!("{rate:.9}")
}
