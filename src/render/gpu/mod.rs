//! Accelerators for people; for programs they are [`json`].

use std::cmp::Reverse;
use std::io;

mod json;

use super::Look;
use super::grid::{Cell, Column, Grid};
use super::plain::plain;
use super::style::{BOLD, DIM, Paint};
use super::wrap::wrap;
use crate::gpu::{Advice, FITS, Fullness, Gpus, Judged, Kept, Rate, Sharing, State};
use crate::snapshot::Snapshot;
use crate::text::{count, escape, money, percent, short};
use crate::units::{Bytes, Currency, Money};

pub use json::gpus_json;
pub(super) use json::{Section, Workload, section, workload};

/// So many nodes are named, unless more are asked for.
const NODES: usize = 4;

/// So many reasons are told of what there is no advice for, unless more are asked for.
const REASONS: usize = 8;

/// So many things to do are told of a workload, unless more are asked for.
const TOLD: usize = 2;

/// The code of gaps of what may not be read.
const FORBIDDEN: &str = "forbidden";

/// Every workload with accelerators, then what to do, then who could share.
pub fn gpus_table(
    snapshot: &Snapshot,
    currency: Currency,
    gpus: &Gpus,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let page = Page {
            snapshot,
            currency,
            gpus,
            look,
            paint: Paint::of(look),
        };
        page.head(out)?;
        if gpus.workloads.is_empty() {
            return writeln!(out, "\nNo workload asks for a GPU.");
        }
        writeln!(out)?;
        page.grid().write(look.width, page.paint, out)?;
        page.line(&page.legend(), 0, out)?;
        page.to_do(out)?;
        page.without_advice(out)?;
        page.sharing(out)?;
        page.idle_nodes(out)?;
        page.gaps(out)
    })
}

/// What some workloads would keep of their rates on one device.
pub fn together_text(
    snapshot: &Snapshot,
    gpus: &Gpus,
    sharing: &Sharing,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let page = Page {
            snapshot,
            currency: Currency::USD,
            gpus,
            look,
            paint: Paint::of(look),
        };
        page.together(sharing, out)
    })
}

struct Page<'a> {
    snapshot: &'a Snapshot,
    currency: Currency,
    gpus: &'a Gpus,
    look: &'a Look,
    paint: Paint,
}

impl Page<'_> {
    fn money(&self, amount: Money) -> String {
        money(amount, &self.currency)
    }

    fn line(&self, text: &str, indent: usize, out: &mut dyn io::Write) -> io::Result<()> {
        let room = self.look.width.map(|it| it.saturating_sub(indent).max(20));
        let text = self.paint.on(DIM, &wrap(text, room, indent));
        writeln!(out, "\n{:indent$}{text}", "")
    }

    fn head(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let name = escape(&self.snapshot.cluster.name);
        let held: f64 = self.gpus.workloads.iter().map(|it| it.held.gpus).sum();
        let now = || {
            self.gpus
                .workloads
                .iter()
                .filter(|it| it.held.ran.is_none())
        };
        let cost: Money = now().map(|it| it.cost).sum();
        let holders = now().filter(|it| it.held.gpus > 0.0).count();
        // Of some devices nothing may say what they cost.
        let least = if now().any(is_unpriced) {
            "at least "
        } else {
            ""
        };
        let mut text = format!(
            "{} held by {}, {least}{} a month with their CPU and memory",
            gpu_count(held),
            count(holders, "workload"),
            self.money(cost)
        );
        let ran = self
            .gpus
            .workloads
            .iter()
            .filter(|it| it.held.ran.is_some());
        let ran: Money = ran.map(|it| it.cost).sum();
        if ran > Money::ZERO {
            text = format!(
                "{text}; runs that have ended cost {} a month on average",
                self.money(ran)
            );
        }
        let waiting: f64 = self
            .gpus
            .workloads
            .iter()
            .map(|it| it.held.waiting_gpus)
            .sum();
        if waiting > 0.01 {
            text = format!(
                "{text}; {} more asked for by pods that wait",
                gpu_count(waiting)
            );
        }
        if self.gpus.unrequested > 0.01 {
            let mut idle = self.gpus.idle_nodes.iter();
            let least = if idle.any(|it| it.cost == Money::ZERO) {
                "at least "
            } else {
                ""
            };
            let cost = match self.gpus.unrequested_cost {
                Money::ZERO => String::new(),
                cost => format!(", {least}{} a month", self.money(cost)),
            };
            text = format!(
                "{text}; {} of nodes held by nobody{cost}",
                gpu_count(self.gpus.unrequested),
            );
        }
        let text = wrap(
            &text,
            self.look.width.map(|it| it.saturating_sub(name.len() + 2)),
            0,
        );
        writeln!(
            out,
            "{}  {}",
            self.paint.on(BOLD, &name),
            self.paint.on(DIM, &text)
        )
    }

    fn name(&self, judged: &Judged) -> String {
        let first = judged.held.workloads.first();
        let id = first.map(|place| &self.snapshot.workloads[*place].id);
        id.map_or_else(String::new, |id| {
            escape(&format!("{}/{}", id.namespace, id.name))
        })
    }

    fn grid(&self) -> Grid {
        let mut grid = Grid::new(vec![
            Column::name("WORKLOAD"),
            Column::number("GPUS").drop(3),
            Column::word("PRODUCT").drop(2),
            Column::word("STATE"),
            Column::number("BUSY").drop(4),
            Column::number("USED"),
            Column::number("MEMORY").drop(5),
            Column::number("POWER").drop(6),
            Column::number("A MONTH"),
        ]);
        for judged in &self.gpus.workloads {
            grid.row(self.row(judged));
        }
        grid
    }

    fn row(&self, judged: &Judged) -> Vec<Cell> {
        let (held, seen) = (&judged.held, &judged.seen);
        let full = seen.fullness(held.card());
        let used = full.map_or_else(String::new, |(level, from)| match from {
            Fullness::Profiling => percent(level.mean),
            Fullness::Power => format!("~{}", percent(level.mean)),
            Fullness::Engine => format!("≤{}", percent(level.mean)),
        });
        let product = match (&held.profile, &held.product) {
            (Some(profile), Some(product)) if !product.contains(profile.as_str()) => {
                format!("{product} {profile}")
            }
            (Some(profile), None) => profile.clone(),
            (_, product) => product.clone().unwrap_or_default(),
        };
        let memory = seen.memory.map(|it| Bytes::from_f64(it.max).human());
        vec![
            Cell::new(self.name(judged)),
            Cell::new(match (held.ran, held.waiting_gpus) {
                (Some(each), _) => format!("({})", short(each, 2)),
                (None, waiting) if waiting > 0.01 => {
                    format!("{}+{}", short(held.gpus, 2), short(waiting, 2))
                }
                _ => short(held.gpus, 2),
            }),
            Cell::new(escape(&product)),
            Cell::new(judged.state.word()),
            Cell::new(seen.busy.map_or_else(String::new, |it| percent(it.mean))),
            Cell::new(used),
            Cell::new(memory.unwrap_or_default()),
            Cell::new(
                seen.watts
                    .map_or_else(String::new, |it| format!("{:.0} W", it.mean)),
            ),
            Cell::new(match (is_unpriced(judged), judged.cost) {
                (true, Money::ZERO) => "-".to_owned(),
                (true, cost) => format!("≥{}", self.money(cost)),
                (false, cost) => self.money(cost),
            }),
        ]
    }

    /// What the columns mean.
    fn legend(&self) -> String {
        let by = |from: Fullness| {
            let mut all = self.gpus.workloads.iter();
            all.any(|it| {
                it.seen
                    .fullness(it.held.card())
                    .is_some_and(|full| full.1 == from)
            })
        };
        let mut text =
            "BUSY: anything runs, however little; USED: the larger of compute and memory \
                        bandwidth; of one device, the mean"
                .to_owned();
        if self
            .gpus
            .workloads
            .iter()
            .any(|it| it.held.waiting_gpus > 0.01)
        {
            text.push_str("; + asked for by pods that wait for a node");
        }
        if self.gpus.workloads.iter().any(|it| it.held.ran.is_some()) {
            text.push_str(
                "; ( ) of each pod of runs that have ended, whose money is by how many ran on average",
            );
        }
        let mut all = self.gpus.workloads.iter();
        if all.any(|it| it.rate == Rate::WhileItRuns) {
            text.push_str("; of runs A MONTH is while all of them run");
        }
        if self.gpus.workloads.iter().any(is_unpriced) {
            text.push_str("; ≥ without GPUs of which nothing says what they cost");
        }
        if by(Fullness::Power) {
            text.push_str("; ~ by its power");
        }
        if by(Fullness::Engine) {
            text.push_str("; ≤ by how often anything runs, which is the most that it can be");
        }
        text
    }

    fn to_do(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut order: Vec<&Judged> = self.gpus.workloads.iter().collect();
        let worth = |it: &Judged| {
            let mut each = it.advice.iter();
            each.find_map(|it| it.savings).unwrap_or_default()
        };
        order.retain(|it| !it.advice.is_empty());
        order.sort_by_key(|it| Reverse(worth(it)));
        if order.is_empty() {
            return Ok(());
        }
        let saved = match self.gpus.savings() {
            (Money::ZERO, _) => String::new(),
            (all, Money::ZERO) => format!("  saves up to {} a month in all", self.money(all)),
            (all, low) => format!(
                "  saves up to {} a month in all, {} of it at low risk",
                self.money(all),
                self.money(low)
            ),
        };
        writeln!(
            out,
            "\n{}{}",
            self.paint.on(BOLD, "What to do"),
            self.paint.on(DIM, &saved)
        )?;
        for judged in order {
            let room = self.look.width.map(|it| it.saturating_sub(2).max(20));
            let why = escape(&format!("{}: {}", judged.state.word(), judged.why));
            writeln!(out, "  {}  {}", self.name(judged), {
                let left = room.map(|it| it.saturating_sub(self.name(judged).len() + 2).max(20));
                self.paint.on(DIM, &wrap(&why, left, 4))
            })?;
            let told = if self.look.verbose { usize::MAX } else { TOLD };
            for advice in judged.advice.iter().take(told) {
                let text = self.advice(judged, advice);
                let room = self.look.width.map(|it| it.saturating_sub(6).max(20));
                writeln!(out, "    - {}", wrap(&text, room, 6))?;
            }
        }
        Ok(())
    }

    /// Why nothing is told of what is not known, or little used: those of one reason together.
    fn without_advice(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        let all = self.gpus.workloads.iter().filter(|it| {
            let is_open = matches!(it.state, State::Unknown | State::Underused | State::Starved);
            is_open && it.advice.is_empty()
        });
        for judged in all {
            let why = format!("{}: {}", judged.state.word(), judged.why);
            let name = self.name(judged);
            match groups.iter_mut().find(|it| it.0 == why) {
                Some((_, names)) => names.push(name),
                None => groups.push((why, vec![name])),
            }
        }
        if groups.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", self.paint.on(BOLD, "Without advice"))?;
        let most = |most: usize| if self.look.verbose { usize::MAX } else { most };
        for (why, names) in groups.iter().take(most(REASONS)) {
            let told: Vec<&str> = names.iter().map(String::as_str).collect();
            let told = &told[..told.len().min(most(NODES))];
            let more = match names.len() - told.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let names = format!("{}{more}", told.join(", "));
            let room = self.look.width.map(|it| it.saturating_sub(2).max(20));
            let left = room.map(|it| it.saturating_sub(names.len() + 2).max(20));
            let why = self.paint.on(DIM, &wrap(&escape(why), left, 4));
            writeln!(out, "  {names}  {why}")?;
        }
        match groups.len().saturating_sub(most(REASONS)) {
            0 => Ok(()),
            more => writeln!(out, "  … and {}", count(more, "more reason")),
        }
    }

    fn advice(&self, judged: &Judged, advice: &Advice) -> String {
        let least = if is_unpriced(judged) { "at least " } else { "" };
        let worth = match advice.savings {
            Some(savings) if savings > Money::ZERO => {
                let rate = judged.rate.words();
                format!(": {least}{} a month{rate}", self.money(savings))
            }
            _ => String::new(),
        };
        escape(&format!(
            "{}{worth} ({} risk)",
            advice.text,
            advice.risk.name()
        ))
    }

    fn sharing(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.gpus.sharing.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", self.paint.on(BOLD, "Could share a device"))?;
        for group in &self.gpus.sharing {
            let members = group.members.iter().map(|member| {
                let name = self.name(&self.gpus.workloads[member.place]);
                let kept = member.kept.map_or_else(String::new, |it| percent(it.value));
                format!("{name} keeps {kept}")
            });
            let members: Vec<String> = members.collect();
            let worth = group.savings.map_or_else(
                || ", and what each may do alone saves more".to_owned(),
                |it| format!(": {} a month", self.money(it)),
            );
            let text = format!("{} of its rate{worth}", members.join(", "));
            let room = self.look.width.map(|it| it.saturating_sub(4).max(20));
            writeln!(out, "  - {}", wrap(&escape(&text), room, 4))?;
        }
        Ok(())
    }

    /// Nodes with devices that nobody asks for.
    fn idle_nodes(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.gpus.idle_nodes.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", self.paint.on(BOLD, "Nobody asks for"))?;
        let told = if self.look.verbose { usize::MAX } else { NODES };
        for idle in self.gpus.idle_nodes.iter().take(told) {
            let node = &self.snapshot.cluster.nodes[idle.node];
            let blocked = if idle.blocked {
                ", and pods without GPUs take the CPU that others would need"
            } else {
                ""
            };
            let claims = match node.accelerator.unused_claims.as_slice() {
                [] => String::new(),
                [one] => format!(", some of which the claim {one} holds for no pod"),
                many => format!(", some of which {} claims hold for no pod", many.len()),
            };
            let cost = match idle.cost {
                Money::ZERO => "what they cost is not known".to_owned(),
                cost => format!("{} a month", self.money(cost)),
            };
            let text = format!(
                "{} of {} on {}{blocked}{claims}: {cost}",
                short(idle.unrequested, 2),
                gpu_count(idle.gpus),
                node.name,
            );
            let room = self.look.width.map(|it| it.saturating_sub(4).max(20));
            writeln!(out, "  - {}", wrap(&escape(&text), room, 4))?;
        }
        match self.gpus.idle_nodes.len().saturating_sub(told) {
            0 => Ok(()),
            more => writeln!(out, "  … and {}", count(more, "more node")),
        }
    }

    fn together(&self, sharing: &Sharing, out: &mut dyn io::Write) -> io::Result<()> {
        let mut grid = Grid::new(vec![
            Column::name("ON ONE DEVICE"),
            Column::number("ALONE USED").drop(1),
            Column::number("KEEPS"),
            Column::word("NINE OF TEN").drop(2),
        ]);
        for member in &sharing.members {
            let judged = &self.gpus.workloads[member.place];
            let full = judged.seen.fullness(judged.held.card());
            let range = |it: &Kept| format!("{} to {}", percent(it.low), percent(it.high));
            grid.row(vec![
                Cell::new(self.name(judged)),
                Cell::new(full.map_or_else(String::new, |it| percent(it.0.mean))),
                Cell::new(
                    member
                        .kept
                        .map_or_else(|| "?".to_owned(), |it| percent(it.value)),
                ),
                Cell::new(member.kept.as_ref().map_or_else(String::new, range)),
            ]);
        }
        grid.write(self.look.width, self.paint, out)?;
        let memory = match sharing.fits_memory {
            Some(true) => "their memory fits",
            Some(false) => "their memory does not fit as it is held now",
            None => "whether their memory fits is not known",
        };
        let whys = sharing.members.iter().filter_map(|it| {
            let name = self.name(&self.gpus.workloads[it.place]);
            it.why.as_ref().map(|why| format!("{name} {why}"))
        });
        let whys: Vec<String> = whys.collect();
        let verdict = match sharing.fits() {
            _ if !whys.is_empty() => {
                format!("what they keep is not known: {}", whys.join(", "))
            }
            Some(true) => {
                let lows = sharing.members.iter().filter_map(|it| it.kept.as_ref());
                let worst = lows.map(|it| it.low).fold(1.0, f64::min);
                format!(
                    "they fit: each keeps {} of its rate or more, and {} at worst in nine of ten cases",
                    percent(FITS),
                    percent(worst)
                )
            }
            Some(false) => "they do not fit".to_owned(),
            None => format!(
                "it is not known well enough whether they fit: they were seen together for {}",
                sharing.seen.human()
            ),
        };
        let text = format!(
            "{verdict}; {memory}. By time slicing, without MPS, one pod of each, by what each did at the \
             same time as the others; from pairs that were measured on an H200"
        );
        self.line(&text, 0, out)
    }

    /// What could not be told of devices, and what could not be read that says whose they are.
    fn gaps(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut texts: Vec<String> = Vec::new();
        let unread = self.snapshot.gaps.iter().filter(|it| it.code == FORBIDDEN);
        let unread: Vec<&str> = unread.map(|it| it.subject.as_str()).collect();
        if !unread.is_empty() {
            texts.push(format!(
                "{}: may not be read, so that pods of one owner may stand apart",
                unread.join(", ")
            ));
        }
        let own = self.gpus.gaps.iter();
        texts.extend(own.map(|gap| format!("{}: {}", gap.subject, gap.text)));
        if texts.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", self.paint.on(BOLD, "Not known"))?;
        for text in texts {
            let room = self.look.width.map(|it| it.saturating_sub(4).max(20));
            let text = wrap(&escape(&text), room, 4);
            writeln!(out, "  {} {text}", self.paint.on(DIM, "?"))?;
        }
        Ok(())
    }
}

/// Whether it has devices of which nothing says what they cost.
fn is_unpriced(judged: &Judged) -> bool {
    let has = judged.held.gpus > 0.0 || judged.held.ran.is_some();
    has && judged.gpu_cost == Money::ZERO
}

/// `5 GPUs`, `1 GPU`, `0.29 GPUs`.
fn gpu_count(gpus: f64) -> String {
    let noun = if (gpus - 1.0).abs() < 1e-9 {
        "GPU"
    } else {
        "GPUs"
    };
    // The sum of nothing is a negative zero.
    format!("{} {noun}", short(gpus.max(0.0) + 0.0, 2))
}
