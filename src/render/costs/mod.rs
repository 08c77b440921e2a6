//! The bill for people; for programs it is [`json`], [`rows`] and [`focus`].

use std::io;

mod focus;
mod json;
mod loose;
mod rows;

use super::Look;
use super::grid::{Cell, Column, Grid};
use super::plain::plain;
use super::style::{BOLD, DIM, GOOD, Paint};
use super::wrap::wrap;
use crate::costs::{
    By, Costs, Group, IDLE, SYSTEM, Sharing, Split, Spread, UNALLOCATED, UNMOUNTED,
};
use crate::gpu::Gpus;
use crate::price::{Basis, Beside};
use crate::snapshot::Snapshot;
use crate::text::{count, escape, money, short};
use crate::units::{Currency, HOURS_PER_MONTH, Money, count_from};

pub use focus::costs_focus;
pub use json::costs_json;
pub use rows::costs_csv;

/// Blocks of the longest bar.
const BAR: f64 = 20.0;

/// What every format is told.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    pub snapshot: &'a Snapshot,
    pub costs: &'a Costs,
    pub gpus: &'a Gpus,
    pub by: &'a By,
    pub sharing: &'a Sharing,
    /// Where prices are from.
    pub prices: &'a str,
}

/// The bill as a sum, then as a list of what makes it up.
pub fn costs_table(told: Told<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    plain(look, out, |out| {
        let page = Page {
            paint: Paint::of(look),
            width: look.width,
            verbose: look.verbose,
            told,
        };
        page.head(out)?;
        page.sum(out)?;
        page.groups(out)?;
        page.beside(out)?;
        page.foot(out)
    })
}

struct Page<'a> {
    paint: Paint,
    width: Option<usize>,
    verbose: bool,
    told: Told<'a>,
}

impl Page<'_> {
    fn money(&self, amount: Money) -> String {
        money(amount, &self.told.costs.currency)
    }

    fn head(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let snapshot = self.told.snapshot;
        let name = escape(&snapshot.cluster.name);
        let sum = self.told.costs.sum(self.told.sharing, self.told.snapshot);
        let total = self.money(sum.total);
        let nodes = count(snapshot.cluster.nodes.len(), "node");
        let hourly = sum.total.to_f64() / HOURS_PER_MONTH;
        let now = self.money(Money::from_f64(hourly));
        writeln!(
            out,
            "{}  {} a month, {now} an hour now, {nodes}",
            self.paint.on(BOLD, &name),
            self.paint.on(BOLD, &total)
        )
    }

    /// What it is for. The lines sum up to the bill.
    fn sum(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let sum = self.told.costs.sum(self.told.sharing, self.told.snapshot);
        let spread = match self.told.sharing.spread {
            Spread::None => "by what is there for all",
            Spread::ByCost | Spread::Evenly => "by what is there for all, and paid by the others",
        };
        let lines = [
            ("requested", sum.requested, self.used()),
            ("shared", sum.shared, spread.to_owned()),
            (
                "idle",
                sum.idle,
                "on nodes, requested by no pod there now".to_owned(),
            ),
            (
                "system",
                sum.system,
                "kept back on nodes by the kubelet".to_owned(),
            ),
            ("volumes", sum.storage, String::new()),
            (
                "load balancers",
                sum.load_balancers,
                "without their traffic".to_owned(),
            ),
        ];
        let cents = lines.each_ref().map(|it| it.1);
        let most = cents.iter().copied().max().unwrap_or_default();
        let mut grid = Grid::new(vec![
            Column::word(""),
            Column::number(""),
            Column::word("").drop(2),
            Column::word("").drop(1),
        ]);
        for (name, cents, note) in lines.iter().filter(|it| it.1 != Money::ZERO) {
            grid.row(vec![
                Cell::new(*name),
                Cell::new(self.money(*cents)),
                Cell::styled(bar(*cents, most), GOOD),
                Cell::styled(note.clone(), DIM),
            ]);
        }
        writeln!(out)?;
        grid.write(self.width, self.paint, out)
    }

    /// What of what is requested is used, by its worth.
    fn used(&self) -> String {
        let pieces = &self.told.costs.pieces;
        let judged: Money = pieces.iter().map(|it| it.held.judged).sum();
        let used: Money = pieces.iter().map(|it| it.held.worth_of_use).sum();
        if judged <= Money::ZERO {
            return "how much of it is used is not known".to_owned();
        }
        let share = used.to_f64() / judged.to_f64() * 100.0;
        format!("{share:.0} % of its CPU and memory used")
    }

    fn groups(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let Told {
            costs,
            by,
            sharing,
            snapshot,
            ..
        } = self.told;
        let groups = costs.by(by, sharing, snapshot);
        let span = snapshot.usage.grid.span().human();
        let most = groups.iter().map(|it| it.cents).max().unwrap_or_default();
        let head = match self.told.by {
            By::Namespace => "NAMESPACE".to_owned(),
            By::Workload => "WORKLOAD".to_owned(),
            By::Node => "NODE".to_owned(),
            By::Pool => "POOL".to_owned(),
            By::Label(key) => escape(&key.to_uppercase()),
        };
        let mut grid = Grid::new(vec![
            Column::name("").titled(head),
            Column::number("A MONTH"),
            Column::word("").drop(5),
            Column::number("CPU").drop(3),
            Column::number("MEMORY").drop(3),
            Column::number("GPU").drop(2),
            Column::number("VOLUMES").drop(2),
            Column::number("LB").drop(2),
            Column::number("SHARED").drop(2),
            Column::number("USED").drop(1),
            Column::number("")
                .titled(format!("OVER {}", span.to_uppercase()))
                .drop(4),
        ]);
        for group in &groups {
            grid.row(self.row(group, most));
        }
        writeln!(out)?;
        grid.write(self.width, self.paint, out)
    }

    fn row(&self, group: &Group, most: Money) -> Vec<Cell> {
        let Split {
            cpu,
            memory,
            gpu,
            storage,
            load_balancer,
            shared,
        } = group.cost;
        let part = |amount: Money| {
            let shown = if amount == Money::ZERO {
                String::new()
            } else {
                self.money(amount)
            };
            Cell::styled(shown, DIM)
        };
        let name = match group.name.as_str() {
            IDLE => "idle",
            SYSTEM => "system",
            UNALLOCATED => "other",
            UNMOUNTED => "volumes of nobody",
            name => name,
        };
        vec![
            Cell::new(escape(name)),
            Cell::new(self.money(group.cents)),
            Cell::styled(bar(group.cents, most), GOOD),
            part(cpu),
            part(memory),
            part(gpu),
            part(storage),
            part(load_balancer),
            part(shared),
            Cell::new(used(group)),
            Cell::styled(
                group.window.map_or_else(String::new, |it| self.money(it)),
                DIM,
            ),
        ]
    }

    fn foot(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let costs = self.told.costs;
        let mut notes = vec![format!("prices: {}", self.told.prices)];
        if costs.unplaced > 0 {
            let pods = count(costs.unplaced, "pod");
            notes.push(format!(
                "{pods} on no known node, at the rates of any; nothing idle is known"
            ));
        }
        // Those of nodes are among what is said of prices.
        if costs.unpriced_gpus > 0.0 && costs.nodes.is_empty() {
            let gpus = short(costs.unpriced_gpus, 1);
            notes.push(format!(
                "what {gpus} GPUs cost is not known, and not in the bill: `gpu` in a row of `--prices` says it"
            ));
        }
        notes.extend(costs.unknown_runs.iter().cloned());
        if costs.unpriced_volumes > 0 {
            let volumes = count(costs.unpriced_volumes, "volume");
            // Those of clouds are known in dollars.
            let dollar = if costs.currency == Currency::USD {
                ""
            } else {
                ", or `usd:` there what a dollar costs"
            };
            notes.push(format!(
                "what {volumes} cost is not known, and not in the bill: `storage:` of `--prices` says it{dollar}"
            ));
        }
        if costs.unpriced_load_balancers > 0 {
            let balancers = count(costs.unpriced_load_balancers, "load balancer");
            notes.push(format!(
                "what {balancers} cost is not known, and not in the bill: `load_balancer:` of `--prices` says it, or `usd:` there what a dollar costs"
            ));
        }
        notes.extend(costs.unused.text(costs.currency));
        if costs.in_part {
            notes.push(
                "only what was asked for was read or kept: what is idle on nodes is not known"
                    .to_owned(),
            );
        }
        notes.extend(self.devices());
        let guessed = costs
            .nodes
            .iter()
            .filter(|it| it.basis >= Basis::Estimated)
            .count();
        if guessed > 0 {
            let nodes = count(guessed, "node");
            notes.push(format!(
                "the price of {nodes} is not known exactly: `-v` says how it was found"
            ));
        }
        let classes = costs.storage_prices.values();
        let guessed = classes.filter(|it| it.price.is_some() && it.basis >= Basis::Estimated);
        let guessed = guessed.count();
        if guessed > 0 {
            let classes = match guessed {
                1 => "1 storage class".to_owned(),
                many => format!("{many} storage classes"),
            };
            notes.push(format!(
                "the price of {classes} is a guess: `-v` says by what"
            ));
        }
        writeln!(out)?;
        for note in notes {
            let room = self.width.map(|it| it.saturating_sub(2).max(20));
            writeln!(
                out,
                "  {}",
                self.paint.on(DIM, &wrap(&escape(&note), room, 2))
            )?;
        }
        if self.verbose {
            self.origins(out)?;
        }
        Ok(())
    }

    /// What devices cost, and how much of that does something.
    fn devices(&self) -> Option<String> {
        let gpus = self.told.gpus;
        let (cost, used, unknown) = gpus.worth();
        if cost <= Money::ZERO {
            return None;
        }
        let mut text = format!(
            "GPUs that are held cost {}, of which {} does something",
            self.money(cost),
            self.money(used)
        );
        if unknown > Money::ZERO {
            text = format!("{text} and of {} it is not known", self.money(unknown));
        }
        if gpus.unrequested_cost > Money::ZERO {
            let idle = self.money(gpus.unrequested_cost);
            text = format!("{text}; {idle} is for GPUs that nobody asks for");
        }
        Some(format!("{text}: `gpus` says more"))
    }

    /// Where each price is from.
    fn origins(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out)?;
        let nodes = self.told.snapshot.cluster.nodes.iter();
        for (node, price) in nodes.zip(&self.told.costs.nodes) {
            let amount = self.money(price.monthly);
            let text = format!("{}: {amount} a month; {}", node.name, price.origin);
            self.origin(&text, out)?;
        }
        for (class, it) in &self.told.costs.storage_prices {
            let class = class.as_deref().unwrap_or("none");
            let price = self.exact(it, "a GiB a month");
            let text = format!("storage class {class}: {price}; {}", it.origin);
            self.origin(&text, out)?;
        }
        if let Some(it) = &self.told.costs.load_balancer_price {
            let price = self.exact(it, "an hour");
            let text = format!("load balancers: {price}; {}", it.origin);
            self.origin(&text, out)?;
        }
        Ok(())
    }

    /// `$0.08 a GiB a month`.
    fn exact(&self, of: &Beside, each: &str) -> String {
        let known = of
            .price
            .map(|it| money(it.exact(), &self.told.costs.currency));
        known.map_or_else(|| "no price".to_owned(), |it| format!("{it} {each}"))
    }

    fn origin(&self, text: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let room = self.width.map(|it| it.saturating_sub(4).max(20));
        writeln!(out, "  {}", wrap(&escape(text), room, 4))
    }
}

fn bar(amount: Money, most: Money) -> String {
    if most <= Money::ZERO || amount <= Money::ZERO {
        return String::new();
    }
    let length = (amount.to_f64() / most.to_f64() * BAR).ceil();
    "■".repeat(usize::try_from(count_from(length)).unwrap_or(0))
}

/// `23 %` of the CPU and memory that is requested and whose use is known.
fn used(group: &Group) -> String {
    let held = &group.held;
    if held.judged <= Money::ZERO {
        return String::new();
    }
    let share = held.worth_of_use.to_f64() / held.judged.to_f64() * 100.0;
    format!("{share:.0} %")
}
