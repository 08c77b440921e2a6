//! Every workload with accelerators: what it holds, how it uses it, and what to do.

use std::collections::{BTreeMap, BTreeSet};

use super::advice::{Action, Advice, Danger};
use super::gather::{Gather, Gathered};
use super::held::Held;
use super::products::{Maker, OfProduct, Whole, of_products};
use super::seen::{Fullness, Seen};
use super::sharing::{Member, Sharing, proposed};
use super::state::{Certainty, State, beside_slack, beside_unused, judge};
use super::turn::{in_turn, saved_without_sharing};
use super::vendor::Vendor;
use crate::costs::{Costs, Owner, Split};
use crate::price::{Basis, Book, Homes, is_listed};
use crate::snapshot::{Gap, Node, Snapshot, Supply, Workload};
use crate::text::{money, percent, short};
use crate::units::{Money, len_f64};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    pub book: &'a Book,
    /// What the cluster costs, and whose it is.
    pub costs: &'a Costs,
}

/// All that there is to say of accelerators.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gpus {
    /// In the order of the snapshot's workloads, one for each owner.
    pub workloads: Vec<Judged>,
    /// Groups that could share devices.
    pub sharing: Vec<Sharing>,
    /// Devices of nodes, those that nobody asks for, and what these cost a month.
    pub devices: f64,
    pub unrequested: f64,
    pub unrequested_cost: Money,
    /// Nodes with such devices, the dearest first.
    pub idle_nodes: Vec<IdleNode>,
    pub gaps: Vec<Gap>,
}

/// A node with devices that nobody asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IdleNode {
    /// Its place in the snapshot.
    pub node: usize,
    pub gpus: f64,
    pub unrequested: f64,
    /// Of those that nobody asks for, a month.
    pub cost: Money,
    /// Whether pods without devices keep others off.
    pub blocked: bool,
}

/// One owner's accelerators.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub held: Held,
    pub seen: Seen,
    pub state: State,
    pub certainty: Certainty,
    /// One sentence without a period.
    pub why: String,
    /// What all its pods cost a month, those without devices too: devices, CPU and memory. Of
    /// runs of which none is there now by how many ran over the window.
    pub cost: Money,
    /// Of that the devices.
    pub gpu_cost: Money,
    /// What a month of it is.
    pub rate: Rate,
    /// The same by product, where there are several, as they are held.
    pub products: Vec<OfProduct>,
    pub advice: Vec<Advice>,
}

/// What a month of money is of something that may come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    Always,
    /// Of a run: as if all of it ran on for a month.
    WhileItRuns,
    /// Of runs that have ended: by how many ran on average over the window.
    AsItRan,
}

impl Rate {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::WhileItRuns => "while_it_runs",
            Self::AsItRan => "as_it_ran",
        }
    }

    /// Behind "a month".
    pub fn words(self) -> &'static str {
        match self {
            Self::Always => "",
            Self::WhileItRuns => " while it runs",
            Self::AsItRan => " by how long it ran",
        }
    }
}

impl Gpus {
    /// What its place is of a workload of the snapshot.
    pub fn place_of(&self, workload: usize) -> Option<usize> {
        let mut all = self.workloads.iter();
        all.position(|it| it.held.workloads.contains(&workload))
    }

    /// The place of the one owner that is called so: `name`, `namespace/name` or
    /// `namespace/kind/name`, whatever parts it has.
    pub fn named(&self, snapshot: &Snapshot, name: &str) -> Option<usize> {
        let is = |judged: &Judged| {
            let first = judged.held.workloads.first();
            let id = first
                .and_then(|it| snapshot.workloads.get(*it))
                .map(|it| &it.id);
            id.is_some_and(|id| {
                let (namespace, own) = (&id.namespace, &id.name);
                *own == name
                    || format!("{namespace}/{own}") == name
                    || format!("{namespace}/{}/{own}", id.kind) == name
            })
        };
        let all = self.workloads.iter().enumerate();
        let mut places = all.filter(|(_, it)| is(it)).map(|(place, _)| place);
        places.next().filter(|_| places.next().is_none())
    }

    /// What all advice together saves a month, and of that what is of low risk. What a workload is
    /// told adds up; of what excludes each other only what saves the most counts.
    pub fn savings(&self) -> (Money, Money) {
        let all = || self.workloads.iter().flat_map(|it| &it.advice);
        let sum = |least: Danger| -> Money {
            let own = all().filter(|it| it.risk <= least);
            own.filter_map(|it| it.savings).sum()
        };
        (sum(Danger::High), sum(Danger::Low))
    }

    /// What devices that are held cost a month; of that what is done with them, by how full
    /// they are; and what they cost of which that is not known.
    pub fn worth(&self) -> (Money, Money, Money) {
        let (mut cost, mut used, mut unknown) = (Money::ZERO, Money::ZERO, Money::ZERO);
        for it in self.workloads.iter().filter(|it| it.held.ran.is_none()) {
            cost += it.gpu_cost;
            // Of several products each by its own figures and at its own price.
            for product in &it.products {
                match product.full.filter(|it| it.1 != Fullness::Engine) {
                    Some((full, _)) => used += product.gpu_cost.scale(full.min(1.0)),
                    None => unknown += product.gpu_cost,
                }
            }
            if it.held.is_mixed() {
                continue;
            }
            match it.seen.fullness(it.held.card()) {
                Some((full, from)) if from != Fullness::Engine || it.state != State::Unknown => {
                    used += it.gpu_cost.scale(full.mean.min(1.0));
                }
                _ => unknown += it.gpu_cost,
            }
        }
        (cost, used, unknown)
    }

    /// Drops owners of whom no workload is asked for, and what belongs to nobody. Places in
    /// the snapshot stay what they are.
    pub fn drop_others(&mut self, asked: &[bool]) {
        let all: Vec<Vec<usize>> = self
            .workloads
            .iter()
            .map(|it| it.held.workloads.clone())
            .collect();
        self.retain(asked);
        let is_asked = |place: &usize| asked.get(*place) == Some(&true);
        let kept = all.into_iter().filter(|it| it.iter().any(is_asked));
        for (judged, workloads) in self.workloads.iter_mut().zip(kept) {
            judged.held.workloads = workloads;
        }
    }

    /// Leaves owners of whom any workload is kept: one `bool` for each of the snapshot, as
    /// it was before.
    pub fn retain(&mut self, kept: &[bool]) {
        let is_kept = |place: &usize| kept.get(*place) == Some(&true);
        let own: Vec<bool> = self
            .workloads
            .iter()
            .map(|it| it.held.workloads.iter().any(is_kept))
            .collect();
        let places = moved(&own);
        let mut next = own.iter();
        self.workloads.retain(|_| next.next() == Some(&true));
        self.sharing.retain(|group| {
            let mut members = group.members.iter();
            members.all(|it| places.get(it.place).copied().flatten().is_some())
        });
        for member in self.sharing.iter_mut().flat_map(|it| &mut it.members) {
            member.place = places.get(member.place).copied().flatten().unwrap_or(0);
        }
        let workloads = moved(kept);
        for judged in &mut self.workloads {
            let own = judged.held.workloads.iter();
            let own = own.filter_map(|place| workloads.get(*place).copied().flatten());
            judged.held.workloads = own.collect();
        }
        if kept.contains(&false) {
            (self.devices, self.unrequested, self.unrequested_cost) = (0.0, 0.0, Money::ZERO);
            self.idle_nodes.clear();
        }
    }
}

/// Where what is kept stands afterwards.
fn moved(kept: &[bool]) -> Vec<Option<usize>> {
    let mut next = 0..;
    kept.iter()
        .map(|kept| if *kept { next.next() } else { None })
        .collect()
}

/// What workloads do with their accelerators.
pub fn gpus(snapshot: &Snapshot, options: Options<'_>) -> Gpus {
    match gpus_from(snapshot, &snapshot.usage, options) {
        Ok(gpus) => gpus,
        Err(never) => match never {},
    }
}

/// The same, with usage that comes part by part, on the grid of the snapshot.
///
/// # Errors
///
/// Where usage could not be read.
pub fn gpus_from<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    options: Options<'_>,
) -> Result<Gpus, S::Error> {
    let mut gather = Gather::new(snapshot);
    usage.each(&mut |workloads, usage| gather.add(workloads, usage))?;
    Ok(Gpus::of(snapshot, gather.done(), options))
}

impl Gpus {
    /// Of what was gathered.
    pub fn of(snapshot: &Snapshot, seen: Gathered, options: Options<'_>) -> Self {
        let homes = Homes::new(&snapshot.cluster);
        let each = seen.into_iter();
        let mut workloads: Vec<Judged> = each
            .map(|(held, seen)| one((snapshot, &homes), held, seen, options))
            .collect();
        let mut sharing = proposed(&workloads, snapshot.usage.grid.step);
        tell_sharing(snapshot, &mut workloads, &sharing);
        for judged in &mut workloads {
            // Of several products each is worked out for itself.
            if judged.held.is_mixed() {
                continue;
            }
            let advice = std::mem::take(&mut judged.advice);
            judged.advice = in_turn(advice, judged.cost, options.book.currency());
        }
        beyond_own(&mut sharing, &workloads);
        let (devices, unrequested) = unrequested(snapshot, options.costs);
        // In hundredths, such that they sum up to what the bill says of them.
        let [held, unrequested_cost, _] = options.costs.gpus();
        for judged in &mut workloads {
            judged.cost = judged.cost.to_cents();
        }
        for judged in workloads.iter_mut().filter(|it| it.held.ran.is_some()) {
            judged.gpu_cost = judged.gpu_cost.to_cents();
        }
        let now = workloads.iter_mut().filter(|it| it.held.ran.is_none());
        rounded(held, now.map(|it| &mut it.gpu_cost));
        let mut idle_nodes = idle_nodes(snapshot, options.costs);
        rounded(
            unrequested_cost,
            idle_nodes.iter_mut().map(|it| &mut it.cost),
        );
        let mut gaps = gaps(&workloads);
        gaps.extend(unpriced(options));
        gaps.extend(guessed(snapshot, options));
        gaps.extend(options.costs.gaps());
        Self {
            workloads,
            sharing,
            devices,
            unrequested,
            unrequested_cost,
            idle_nodes,
            gaps,
        }
    }
}

fn one(
    (snapshot, homes): (&Snapshot, &Homes<'_>),
    held: Held,
    seen: Seen,
    options: Options<'_>,
) -> Judged {
    let own = held.workloads.iter();
    let workloads: Vec<&Workload> = own.map(|place| &snapshot.workloads[*place]).collect();
    // What devices that work have to do is not told by those that do nothing.
    let working = seen.at_work();
    let (cost, gpu_cost) = cost(snapshot, &workloads, options.costs);
    let maker = Maker {
        snapshot,
        homes,
        workloads: &workloads,
        options,
    };
    let whole = Whole {
        held: &held,
        seen: working,
        cost,
        gpu_cost,
    };
    let products = maker.products(&whole);
    let verdict = judge(&held, working, &workloads);
    let verdict = of_products(&held, &products).unwrap_or(verdict);
    let advice = maker.advice(&whole, &verdict, &products);
    let verdict = beside_slack(&verdict, &held, working).unwrap_or(verdict);
    let verdict = beside_unused(&verdict, &held, working).unwrap_or(verdict);
    let products = products.into_iter().map(|it| it.judged).collect();
    let rate = match held.ran {
        Some(_) => Rate::AsItRan,
        None if workloads.iter().any(|it| it.is_batch()) => Rate::WhileItRuns,
        None => Rate::Always,
    };
    Judged {
        held,
        seen,
        state: verdict.state,
        certainty: verdict.certainty,
        why: verdict.why,
        cost,
        gpu_cost,
        rate,
        products,
        advice,
    }
}

/// Of all pods of the owner, with devices or without: the head of a cluster goes with it. And
/// of its devices.
fn cost(snapshot: &Snapshot, workloads: &[&Workload], costs: &Costs) -> (Money, Money) {
    let is_own = |at| is_own(snapshot, workloads, at);
    let own = |owner: Owner| matches!(owner, Owner::Workload(at) if is_own(at));
    let split = costs.of(own);
    let runs = workloads.iter().any(|it| it.is_batch());
    if split != Split::default() || !runs {
        return (split.total(), split.gpu);
    }
    let runs = costs.runs.iter().enumerate().filter(|(at, _)| is_own(*at));
    let runs: Vec<&Split> = runs.filter_map(|(_, run)| run.as_ref()).collect();
    let total = runs.iter().map(|it| it.total()).sum();
    (total, runs.iter().map(|it| it.gpu).sum())
}

/// Whether a workload of the snapshot is of the same owner as these.
pub(super) fn is_own(snapshot: &Snapshot, workloads: &[&Workload], at: usize) -> bool {
    let id = snapshot.workloads.get(at).map(|it| &it.id);
    let first = workloads.first();
    first.zip(id).is_some_and(|(it, id)| it.id.is_beside(id))
}

/// Nodes with devices that nobody asks for, the dearest first.
fn idle_nodes(snapshot: &Snapshot, costs: &Costs) -> Vec<IdleNode> {
    let idle = costs.pieces.iter().filter(|it| it.owner == Owner::Idle);
    let mut nodes: Vec<IdleNode> = idle
        .filter_map(|piece| {
            let place = piece.node?;
            let node = snapshot.cluster.nodes.get(place)?;
            let gpus = node.cards(piece.held.gpus);
            let all = devices_of(node);
            (gpus > 0.01).then(|| IdleNode {
                node: place,
                gpus: all,
                unrequested: gpus,
                cost: piece.cost.gpu,
                blocked: is_blocked(snapshot, node, piece.held.cpu_cores),
            })
        })
        .collect();
    nodes.sort_by(|a, b| b.cost.cmp(&a.cost).then(a.node.cmp(&b.node)));
    nodes
}

/// Cores without which no pod with a device starts.
const ROOM: f64 = 1.0;

/// Whether pods without devices take so much of a node that none with a device fits beside
/// them: hardly any CPU is left, and they have more of it than those with devices.
fn is_blocked(snapshot: &Snapshot, node: &Node, free: f64) -> bool {
    let pods = snapshot.workloads.iter().flat_map(|it| &it.pods);
    let here = pods.filter(|pod| pod.node.as_deref() == Some(node.name.as_str()));
    let (mut with, mut without) = (0.0, 0.0);
    for pod in here {
        let cores = pod.requests.cpu.unwrap_or_default().get();
        if pod.requests.gpus() > 0.0 {
            with += cores;
        } else {
            without += cores;
        }
    }
    free < ROOM && without > with
}

/// Devices that a node is paid for, whether or not they can be asked for now.
fn devices_of(node: &Node) -> f64 {
    node.cards(node.allocatable.gpus().max(node.capacity.gpus()))
}

/// To each member of a group that could share a device, that it could.
fn tell_sharing(snapshot: &Snapshot, workloads: &mut [Judged], sharing: &[Sharing]) {
    for group in sharing {
        let names: Vec<String> = group
            .members
            .iter()
            .map(|it| name(snapshot, &workloads[it.place]))
            .collect();
        // Who shares a device needs no other, and others count on it: what saves more in all
        // is counted.
        let alone = |member: &Member| {
            let own = &workloads[member.place];
            saved_without_sharing(&own.advice, own.cost)
        };
        let alone: Money = group.members.iter().map(alone).sum();
        let counts = group.savings.is_some_and(|it| it >= alone);
        let parts = if counts {
            parts(workloads, group)
        } else {
            Vec::new()
        };
        for (at, member) in group.members.iter().enumerate() {
            let others = names.iter().enumerate().filter(|(it, _)| *it != at);
            let others: Vec<&str> = others.map(|(_, name)| name.as_str()).collect();
            let Some(kept) = member.kept else { continue };
            let text = format!(
                "share a device by time slicing with {}: it keeps {} of its rate",
                others.join(", "),
                percent(kept.value)
            );
            let advice = &mut workloads[member.place].advice;
            let mut others = advice.iter_mut().filter(|it| it.stands_against_sharing());
            let text = match others.next() {
                Some(_) if !counts => format!("or instead: {text}"),
                Some(other) => {
                    for it in others.chain([other]) {
                        it.text = format!("or alone, in place of sharing: {}", it.text);
                        it.savings = None;
                    }
                    text
                }
                None => text,
            };
            advice.push(Advice {
                action: Action::Share,
                text,
                savings: parts.get(at).copied(),
                risk: Danger::Medium,
            });
        }
    }
}

/// Leaves of what groups save what their members do not save by what they do alone; nothing
/// where that is more.
fn beyond_own(sharing: &mut [Sharing], workloads: &[Judged]) {
    for group in sharing {
        let parts = group.members.iter().map(|it| {
            let mut advice = workloads[it.place].advice.iter();
            advice.find(|it| it.action == Action::Share)?.savings
        });
        let parts: Vec<Money> = parts.flatten().collect();
        group.savings = (!parts.is_empty()).then(|| parts.into_iter().sum());
    }
}

/// What a group saves, divided among its members by what their devices cost.
fn parts(workloads: &[Judged], group: &Sharing) -> Vec<Money> {
    let Some(whole) = group.savings else {
        return Vec::new();
    };
    let costs = || group.members.iter().map(|it| workloads[it.place].gpu_cost);
    let all = costs().sum::<Money>().to_f64();
    let mut left = whole.to_cents();
    let mut parts: Vec<Money> = costs()
        .map(|cost| {
            let share = if all > 0.0 {
                cost.to_f64() / all
            } else {
                1.0 / len_f64(group.members.len())
            };
            let part = whole.scale(share).to_cents();
            left += -part;
            part
        })
        .collect();
    // What rounding left, so that the parts are the whole.
    if let Some(last) = parts.last_mut() {
        *last += left;
    }
    parts
}

fn name(snapshot: &Snapshot, judged: &Judged) -> String {
    let first = judged.held.workloads.first();
    let id = first
        .and_then(|it| snapshot.workloads.get(*it))
        .map(|it| &it.id);
    id.map_or_else(String::new, |id| format!("{}/{}", id.namespace, id.name))
}

/// Devices of all nodes; those that no pod asks for, and what they cost.
fn unrequested(snapshot: &Snapshot, costs: &Costs) -> (f64, f64) {
    let nodes = snapshot.cluster.nodes.iter();
    let all: f64 = nodes.map(devices_of).sum();
    let idle = costs.pieces.iter().filter(|it| it.owner == Owner::Idle);
    let free = idle.filter_map(|piece| {
        let node = snapshot.cluster.nodes.get(piece.node?)?;
        Some(node.cards(piece.held.gpus))
    });
    (all, free.sum())
}

/// Rounds amounts to hundredths that sum up to a whole, where they are all of it.
fn rounded<'a>(whole: Money, amounts: impl Iterator<Item = &'a mut Money>) {
    let amounts: Vec<&mut Money> = amounts.collect();
    let exact: Vec<Money> = amounts.iter().map(|it| **it).collect();
    let off = exact.iter().copied().sum::<Money>() - whole;
    let is_all = off <= Money::CENT && off >= -Money::CENT;
    let cents = if is_all {
        Money::rounded_to(whole, &exact)
    } else {
        Money::rounded_together(&exact)
    };
    for (amount, cents) in amounts.into_iter().zip(cents) {
        *amount = cents;
    }
}

/// Devices of which nothing says what they cost: none of what they are worth is told.
fn unpriced(options: Options<'_>) -> Option<Gap> {
    let devices = options.costs.unpriced_gpus;
    let (book, currency) = (options.book, options.book.currency());
    (devices > 0.0).then(|| {
        let text = format!(
            "of {} GPUs nothing says what they cost in {currency}, and nothing of them is counted: {}",
            short(devices, 1),
            book.remedy()
        );
        Gap::new("no-gpu-price", "costs of GPUs", text)
    })
}

/// Products that no list knows: what stands for any device says little of them.
fn guessed(snapshot: &Snapshot, options: Options<'_>) -> Option<Gap> {
    let nodes = snapshot.cluster.nodes.iter().zip(&options.costs.nodes);
    let guessed = nodes.filter_map(|(node, price)| {
        let product = node.gpu_product.as_deref();
        let known = price.basis != Basis::Default || product.is_some_and(is_listed);
        let devices = devices_of(node);
        let rate = price.rates.gpu_hour.filter(|_| !known && devices > 0.0)?;
        Some((product.unwrap_or("no name"), devices, rate))
    });
    let guessed: Vec<(&str, f64, f64)> = guessed.collect();
    let rate = guessed.first()?.2;
    let names: BTreeSet<&str> = guessed.iter().map(|it| it.0).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let devices: f64 = guessed.iter().map(|it| it.1).sum();
    let currency = options.book.currency();
    let text = format!(
        "no price list knows the {} GPUs of {}: {} an hour stands for each",
        short(devices, 1),
        names.join(", "),
        money(Money::from_f64(rate), &currency)
    );
    let hint = "give `gpu_model` and `gpu` in a row of `--prices`";
    Some(Gap::new("no-gpu-price", "costs of GPUs", text).hint(hint))
}

/// Workloads of which nothing is told, together.
fn gaps(workloads: &[Judged]) -> Vec<Gap> {
    let silent = workloads.iter().filter(|it| it.seen.samples == 0);
    let silent = silent.filter(|it| it.held.running_pods() > 0);
    let silent: Vec<Vendor> = silent.map(|it| it.held.vendor).collect();
    let mut gaps = Vec::new();
    if !silent.is_empty() {
        let (count, all) = (silent.len(), workloads.len());
        let text =
            format!("of {count} of {all} workloads with GPUs no exporter tells what they do");
        let vendors: BTreeSet<Vendor> = silent.into_iter().collect();
        let exporters: Vec<&str> = vendors.into_iter().map(Vendor::exporter).collect();
        let hint = format!(
            "run {} on GPU nodes, with the names of pods, and let Prometheus scrape it",
            exporters.join(", ")
        );
        gaps.push(Gap::new("no-gpu-metrics", "use of GPUs", text).hint(hint));
    }
    let blind = workloads
        .iter()
        .filter(|it| it.seen.samples > 0 && it.seen.full.is_none() && it.state != State::Idle);
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    for metric in blind.filter_map(|it| it.held.vendor.metric()) {
        *missing.entry(metric).or_default() += 1;
    }
    for (metric, blind) in missing {
        let text = format!(
            "of {blind} workloads the exporter does not tell how full devices are \
             ({metric}), so their power or how often anything ran stands for it"
        );
        let hint = if metric.starts_with("DCGM") {
            format!("add `{metric}, gauge, …` to the exporter's list of counters")
        } else {
            format!("let the exporter tell `{metric}`")
        };
        gaps.push(Gap::new("no-gpu-profiling", "use of GPUs", text).hint(hint));
    }
    gaps
}
