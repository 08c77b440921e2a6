//! The node plan for people; for programs it is [`json`] and [`rows`].

use std::io;

mod fleet;
mod json;
mod rows;

use super::Look;
use super::grid::{Cell, Column, Grid};
use super::plain::plain;
use super::style::{BOLD, DIM, GOOD_BOLD, HINT, Paint, WARN};
use super::wrap::wrap;
use crate::plan::{Autoscaler, Filled, Fleet, NodePlan, Options, PodRef, Repacking};
use crate::price::NodePrice;
use crate::snapshot::{Node, Snapshot};
use crate::text::{count, escape, money};
use crate::units::{Currency, Money};

pub use fleet::{nodes_groups, nodes_karpenter};
pub use json::nodes_json;
pub use rows::nodes_csv;

/// Nodes that stay, of which a person is told why unless more is asked for.
const TOLD: usize = 12;

/// What every format is told.
#[derive(Clone, Copy)]
pub struct Planned<'a> {
    pub snapshot: &'a Snapshot,
    pub plan: &'a NodePlan,
    /// Where it was asked for.
    pub fleet: Option<&'a Fleet>,
    pub options: &'a Options,
    /// One for each node.
    pub prices: &'a [NodePrice],
    pub currency: Currency,
    /// Where prices are from.
    pub described: &'a str,
}

impl Planned<'_> {
    /// `shop/api-7d76-x7k2p`.
    fn pod(&self, at: PodRef) -> String {
        let workload = &self.snapshot.workloads[at.workload];
        format!("{}/{}", workload.id.namespace, workload.pods[at.pod].name)
    }

    fn node(&self, at: usize) -> &Node {
        &self.snapshot.cluster.nodes[at]
    }

    fn bill(&self) -> Money {
        self.prices.iter().map(|it| it.monthly).sum()
    }

    /// What is told first: what holds once the advice is followed, where there is any.
    fn main(&self) -> &Repacking {
        self.plan.advised.as_ref().unwrap_or(&self.plan.today)
    }
}

/// What can go, in which order, and why the rest stays.
pub fn nodes_table(planned: Planned<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    plain(look, out, |out| {
        let page = Page {
            paint: Paint::of(look),
            width: look.width,
            verbose: look.verbose,
            planned,
        };
        page.head(out)?;
        page.sums(out)?;
        page.nodes(out)?;
        page.stays(out)?;
        page.moves(out)?;
        if let Some(fleet) = page.planned.fleet {
            page.fleet(fleet, out)?;
        }
        page.foot(out)
    })
}

struct Page<'a> {
    paint: Paint,
    width: Option<usize>,
    verbose: bool,
    planned: Planned<'a>,
}

impl Page<'_> {
    fn money(&self, amount: Money) -> String {
        money(amount, &self.planned.currency)
    }

    fn head(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let planned = &self.planned;
        let name = escape(&planned.snapshot.cluster.name);
        let nodes = count(planned.prices.len(), "node");
        writeln!(
            out,
            "{}  {nodes}, {} a month",
            self.paint.on(BOLD, &name),
            self.money(planned.bill())
        )
    }

    fn sums(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let plan = self.planned.plan;
        let mut grid = Grid::new(vec![
            Column::word(""),
            Column::number("CAN GO"),
            Column::number("LEAVES THE BILL"),
            Column::number("STAY"),
            Column::number("AT LEAST").drop(2),
            Column::number("PODS MOVE").drop(1),
        ]);
        let mut lines = vec![("at today's requests", &plan.today)];
        lines.extend(
            plan.advised
                .iter()
                .map(|it| ("once the advice is followed", it)),
        );
        for (name, it) in lines {
            let moves = it.moved();
            let stay = self.planned.prices.len() - it.drains.len();
            grid.row(vec![
                Cell::new(name),
                Cell::new(it.drains.len().to_string()),
                Cell::styled(format!("{} a month", self.money(it.saved)), GOOD_BOLD),
                Cell::new(stay.to_string()),
                Cell::styled(it.least.nodes.to_string(), DIM),
                Cell::new(moves.to_string()),
            ]);
        }
        writeln!(out)?;
        grid.write(self.width, self.paint, out)
    }

    /// All nodes: those that go in their order, then the others, the dearest first.
    fn nodes(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (planned, main) = (&self.planned, self.planned.main());
        let mut grid = Grid::new(vec![
            Column::number("DRAIN"),
            Column::name("NODE"),
            Column::name("POOL").drop(2),
            Column::name("TYPE").drop(4),
            Column::number("A MONTH"),
            Column::number("CPU").drop(3),
            Column::number("MEMORY").drop(3),
            Column::word("").drop(1),
        ]);
        let order: Vec<usize> = main.drains.iter().map(|it| it.node).collect();
        let mut rest: Vec<usize> = (0..planned.prices.len())
            .filter(|it| !order.contains(it))
            .collect();
        rest.sort_by(|a, b| {
            planned.prices[*b]
                .hourly
                .cmp(&planned.prices[*a].hourly)
                .then(a.cmp(b))
        });
        for (place, node) in order.iter().enumerate() {
            grid.row(self.row(*node, Some(place + 1)));
        }
        for node in rest {
            grid.row(self.row(node, None));
        }
        writeln!(out)?;
        grid.write(self.width, self.paint, out)
    }

    fn row(&self, node: usize, place: Option<usize>) -> Vec<Cell> {
        let (planned, main) = (&self.planned, self.planned.main());
        let is = planned.node(node);
        let now = planned.plan.today.before[node];
        let next = place.is_none().then(|| main.after[node]);
        let today = planned.plan.today.drains.iter().any(|it| it.node == node);
        let note = match (place, today) {
            (Some(_), true) => "today already",
            (Some(_), false) => "after the advice",
            (None, _) => "",
        };
        let share = |of: fn(&Node, Filled) -> Option<f64>| {
            let text = |filled: Filled| of(is, filled).map(|it| format!("{it:.0} %"));
            match (text(now), next.and_then(text)) {
                (Some(now), Some(next)) if now != next => format!("{now} → {next}"),
                (Some(now), _) => now,
                (None, _) => String::new(),
            }
        };
        let number = place.map(|it| it.to_string()).unwrap_or_default();
        vec![
            Cell::styled(number, GOOD_BOLD),
            Cell::new(escape(&is.name)),
            Cell::new(escape(is.pool.as_deref().unwrap_or_default())),
            Cell::styled(escape(is.instance_type.as_deref().unwrap_or_default()), DIM),
            Cell::new(self.money(planned.prices[node].monthly)),
            Cell::new(share(cpu)),
            Cell::new(share(memory)),
            Cell::styled(note, DIM),
        ]
    }

    /// Why the others stay, and what would free them.
    fn stays(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (planned, main) = (&self.planned, self.planned.main());
        let stay = main.stays.iter().enumerate();
        let stay: Vec<_> = stay
            .filter_map(|(node, it)| Some((node, it.as_ref()?)))
            .collect();
        if stay.is_empty() {
            return Ok(());
        }
        let title = if self.planned.plan.advised.is_some() {
            "why nodes stay once the advice is followed"
        } else {
            "why nodes stay"
        };
        writeln!(out, "\n{}", self.paint.on(BOLD, title))?;
        let most = if self.verbose { stay.len() } else { TOLD };
        for (node, why) in stay.iter().take(most) {
            let text = why.text(|pod| planned.pod(pod));
            let line = format!("{}: {text}", planned.node(*node).name);
            self.line(&escape(&line), 2, out)?;
            if let Some(remedy) = why.remedy() {
                let line = format!("to free it: {}", escape(&remedy));
                writeln!(
                    out,
                    "      {}",
                    self.paint.on(HINT, &wrap(&line, self.room(8), 6))
                )?;
            }
        }
        if stay.len() > most {
            let more = format!("{} more: `-v` shows them", stay.len() - most);
            writeln!(out, "  {}", self.paint.on(DIM, &more))?;
        }
        Ok(())
    }

    /// Where pods go, where all is asked for.
    fn moves(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (planned, main) = (&self.planned, self.planned.main());
        if !self.verbose || (main.drains.is_empty() && main.first.is_empty()) {
            return Ok(());
        }
        writeln!(out, "\n{}", self.paint.on(BOLD, "where pods have room"))?;
        if !main.first.is_empty() {
            self.line("before any node is drained", 2, out)?;
        }
        for it in &main.first {
            let from = it.from.map_or("which waits", |at| &planned.node(at).name);
            let to = &planned.node(it.to).name;
            let line = match it.from {
                Some(_) => format!("{} from {from} on {to}", planned.pod(it.pod)),
                None => format!("{}, {from}, on {to}", planned.pod(it.pod)),
            };
            self.line(&escape(&line), 6, out)?;
        }
        for drain in &main.drains {
            self.line(&escape(&planned.node(drain.node).name), 2, out)?;
            for (pod, to) in &drain.moves {
                let line = format!("{} on {}", planned.pod(*pod), planned.node(*to).name);
                self.line(&escape(&line), 6, out)?;
            }
        }
        Ok(())
    }

    fn room(&self, taken: usize) -> Option<usize> {
        self.width.map(|it| it.saturating_sub(taken).max(20))
    }

    fn line(&self, text: &str, indent: usize, out: &mut dyn io::Write) -> io::Result<()> {
        let text = wrap(text, self.room(indent + 4), indent + 4);
        writeln!(out, "{:indent$}{text}", "")
    }

    fn foot(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (planned, main) = (&self.planned, self.planned.main());
        let mut notes = Vec::new();
        if !main.homeless.is_empty() {
            let pods = count(main.homeless.len(), "pod");
            let first = main.homeless.first().map(|it| planned.pod(*it));
            let have = if main.homeless.len() == 1 {
                "has"
            } else {
                "have"
            };
            let text = format!(
                "{pods} {have} too little room already, {} among them: add a node before any is drained",
                first.unwrap_or_default()
            );
            writeln!(out)?;
            writeln!(
                out,
                "  {}",
                self.paint.on(WARN, &wrap(&escape(&text), self.room(2), 2))
            )?;
        }
        let first = main.first.iter().filter(|it| it.from.is_some()).count();
        if first > 0 {
            let pods = count(first, "pod");
            notes.push(format!(
                "{pods} become too large for their nodes and move before any is drained: `-v` says where to"
            ));
        }
        let reserve = planned.options.reserve * 100.0;
        notes.push(format!(
            "{reserve:.0} % of CPU and memory stay free where pods come to; AT LEAST is what no \
             plan can do better than"
        ));
        if planned.options.autoscaler != Autoscaler::None {
            notes.push(format!(
                "nodes go as {} takes them away, by its defaults",
                planned.options.autoscaler.name()
            ));
        }
        if planned.fleet.is_some() {
            notes.push(
                "a fleet has no machines of an older generation than today's; what a newer core does more is not counted"
                    .to_owned(),
            );
        }
        if planned.options.pool_minimums.is_empty() {
            notes.push(
                "how few nodes a pool may have is not known to Kubernetes: `--pool-min POOL=2` says it"
                    .to_owned(),
            );
        }
        let committed = planned.prices.iter().any(|it| it.committed > 0.0);
        if committed {
            let text = "what is committed is paid for without its nodes too";
            notes.push(match planned.fleet {
                Some(_) => format!("{text}, and is in MIX and AT LEAST"),
                None => text.to_owned(),
            });
        }
        notes.push(format!("prices: {}", planned.described));
        writeln!(out)?;
        for note in notes {
            let text = wrap(&escape(&note), self.room(2), 2);
            writeln!(out, "  {}", self.paint.on(DIM, &text))?;
        }
        Ok(())
    }
}

/// Percent of allocatable CPU.
fn cpu(node: &Node, filled: Filled) -> Option<f64> {
    let has = node.allocatable.cpu?.get();
    (has > 0.0).then(|| filled.cpu.get() / has * 100.0)
}

/// Percent of allocatable memory.
fn memory(node: &Node, filled: Filled) -> Option<f64> {
    let has = node.allocatable.memory?.to_f64();
    (has > 0.0).then(|| filled.memory.to_f64() / has * 100.0)
}
