//! Devices of several products in one workload: each is judged by its own figures and at its
//! own price, and what they come to together is told of all.

use jiff::Timestamp;

use super::advice::{About, Advice, Hourly, advice, advice_of_all, advice_of_product};
use super::held::Held;
use super::report::{Options, is_own};
use super::seen::{Fullness, Seen};
use super::state::{Certainty, State, Verdict, judge};
use super::turn::by_product;
use crate::costs::Owner;
use crate::price::{Homes, Rates};
use crate::snapshot::{Node, Pod, Snapshot, Workload};
use crate::units::{Bytes, Cpu, Money};

/// What is said of the devices of one product.
#[derive(Debug, Clone, PartialEq)]
pub struct OfProduct {
    pub product: Option<String>,
    pub gpus: f64,
    pub pods: usize,
    pub state: State,
    /// How full its devices are on average, and by what that is known.
    pub full: Option<(f64, Fullness)>,
    /// Of its pods a month, and of that its devices.
    pub cost: Money,
    pub gpu_cost: Money,
}

/// The same while advice is made of it.
pub(super) struct Product<'a> {
    held: &'a Held,
    seen: &'a Seen,
    verdict: Verdict,
    pub(super) judged: OfProduct,
}

/// All of a workload.
pub(super) struct Whole<'a> {
    pub(super) held: &'a Held,
    pub(super) seen: &'a Seen,
    pub(super) cost: Money,
    pub(super) gpu_cost: Money,
}

/// What advice of one owner is made from beside what it holds and does.
pub(super) struct Maker<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) homes: &'a Homes<'a>,
    pub(super) workloads: &'a [&'a Workload],
    pub(super) options: Options<'a>,
}

impl Product<'_> {
    fn rests(&self) -> bool {
        matches!(self.verdict.state, State::Idle | State::Held)
    }
}

impl<'a> Maker<'a> {
    /// One for each product, where there are several.
    pub(super) fn products(&self, whole: &Whole<'a>) -> Vec<Product<'a>> {
        let each = whole.held.products.iter().zip(&whole.seen.products);
        each.map(|(held, seen)| {
            let working = seen.at_work();
            let verdict = judge(held, working, self.workloads);
            let (cost, gpu_cost) = self.cost(held.product.as_deref());
            let full = seen.fullness(held.card());
            let judged = OfProduct {
                product: held.product.clone(),
                gpus: held.gpus,
                pods: held.pods,
                state: verdict.state,
                full: full.map(|(full, from)| (full.mean, from)),
                cost: cost.to_cents(),
                gpu_cost: gpu_cost.to_cents(),
            };
            Product {
                held,
                seen: working,
                verdict,
                judged,
            }
        })
        .collect()
    }

    /// What its pods cost on nodes with devices of a product, and these devices alone.
    fn cost(&self, product: Option<&str>) -> (Money, Money) {
        let is_of =
            |node: Option<&Node>| node.is_some_and(|it| it.gpu_product.as_deref() == product);
        let split = self.options.costs.of_pieces(|piece| {
            let own = matches!(piece.owner, Owner::Workload(at)
                if is_own(self.snapshot, self.workloads, at));
            own && is_of(self.at(piece.node))
        });
        (split.total(), split.gpu)
    }

    /// What to do about all of it, and about each product that works.
    pub(super) fn advice(
        &self,
        whole: &Whole<'a>,
        verdict: &Verdict,
        products: &[Product<'a>],
    ) -> Vec<Advice> {
        let cost = (whole.cost, whole.gpu_cost);
        let hourly = |pod: &str| self.hourly(pod);
        let all = About {
            held: whole.held,
            seen: whole.seen,
            state: verdict.state,
            certainty: verdict.certainty,
            workloads: self.workloads,
            cost: cost.0,
            gpu_cost: cost.1,
            hourly: &hourly,
            product: None,
            node: self.node(|_| true),
            budgets: &self.snapshot.cluster.disruption_budgets,
            book: self.options.book,
            now: now(self.snapshot),
        };
        if of_products(whole.held, products).is_none() {
            return advice(&all);
        }
        let of = |product: &Product<'a>| {
            let name = Some(product.held.name_of_product());
            let (cost, gpu_cost) = self.cost(product.held.product.as_deref());
            let about = About {
                held: product.held,
                seen: product.seen,
                state: product.verdict.state,
                certainty: product.verdict.certainty,
                cost,
                gpu_cost,
                product: name,
                node: self.node(|it| it.gpu_product == product.held.product),
                ..all
            };
            (advice_of_product(&about), cost)
        };
        let works = products.iter().filter(|it| !it.rests());
        let each = works.map(of).collect();
        let currency = self.options.book.currency();
        by_product((advice_of_all(&all), whole.cost), each, currency)
    }

    /// What a pod costs an hour, where it runs or ran; of a pod of which nobody remembers that,
    /// where others of its workload did.
    fn hourly(&self, name: &str) -> Option<Hourly> {
        let pods = self.workloads.iter().flat_map(|it| &it.pods);
        let pod = pods.clone().find(|it| it.name == name);
        let mut ran = self.workloads.iter().flat_map(|it| &it.ran);
        let before = || ran.find(|it| it.pod == name)?.node.as_deref();
        let node = pod.map_or_else(before, |it| it.node.as_deref());
        let of = |rates: &Rates| Hourly {
            device: rates.gpu_hour,
            all: pod.map_or(0.0, |pod| all_of(pod, rates)),
        };
        if let Some(place) = node.and_then(|name| self.homes.place(name)) {
            return Some(of(&self.options.costs.nodes.get(place)?.rates));
        }
        let homes = self.workloads.iter();
        let mut homes = homes.filter_map(|it| self.homes.of(it));
        let home = homes.next()?;
        Some(of(&home.rates(&self.options.costs.nodes, self.options.book)))
    }

    fn at(&self, place: Option<usize>) -> Option<&'a Node> {
        self.snapshot.cluster.nodes.get(place?)
    }

    /// The first node of its pods that is as wanted.
    fn node(&self, is_wanted: impl Fn(&Node) -> bool) -> Option<&'a Node> {
        let pods = self.workloads.iter().flat_map(|it| &it.pods);
        let mut nodes = pods.filter_map(|pod| self.homes.node(pod.node.as_deref()?));
        nodes.find(|it| is_wanted(it))
    }
}

/// What all that a pod requests costs an hour.
fn all_of(pod: &Pod, rates: &Rates) -> f64 {
    let asked = &pod.requests;
    asked.cpu.map_or(0.0, Cpu::get) * rates.cpu_core_hour
        + asked.memory.map_or(0.0, Bytes::to_gib) * rates.memory_gib_hour
        + rates.devices(asked.gpus())
}

/// The end of the window.
fn now(snapshot: &Snapshot) -> Timestamp {
    if snapshot.usage.grid.len > 0 {
        snapshot.usage.grid.end()
    } else {
        snapshot.taken_at
    }
}

/// What products come to together where some of them work: what is not used of one is the
/// most that there is to have, and nothing is saturated while another has room.
pub(super) fn of_products(held: &Held, products: &[Product<'_>]) -> Option<Verdict> {
    let works = || products.iter().filter(|it| !it.rests());
    if !held.is_mixed() || works().count() == 0 {
        return None;
    }
    let mut states: Vec<State> = works().map(|it| it.verdict.state).collect();
    states.retain(|it| *it != State::Unknown);
    let state = match states.as_slice() {
        [] => State::Unknown,
        _ if states.contains(&State::Starved) => State::Starved,
        _ if states.contains(&State::Underused) => State::Underused,
        [first, rest @ ..] if rest.iter().all(|it| it == first) => *first,
        _ if states.contains(&State::RightSized) => State::RightSized,
        _ => State::Saturated,
    };
    let least = works().map(|it| it.verdict.certainty).min()?;
    // Of one that is not known it may be otherwise.
    let certainty = match state {
        State::Unknown => Certainty::None,
        _ => least.max(Certainty::Low),
    };
    let why = works().map(|it| format!("{}: {}", it.held.name_of_product(), it.verdict.why));
    let why: Vec<String> = why.collect();
    Some(Verdict::new(state, certainty, why.join("; ")))
}
