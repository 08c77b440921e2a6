//! The bill as lines that sum, with what the advice does to it.

use super::{Costs, Owner};
use crate::price::Bill;
use crate::recommend::{Advised, State};
use crate::units::Money;

/// What the whole cluster costs a month, by what can be done about it.
///
/// In hundredths that sum up:
/// `total = gpus + volumes + load_balancers + system + idle + not_judged + kept + given_back`,
/// `net_freed = given_back − needed_more`, `idle + net_freed = banked + left_idle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lines {
    pub total: Money,
    /// Devices that workloads hold; nothing advises on them here.
    pub gpus: Money,
    pub volumes: Money,
    pub load_balancers: Money,
    /// What the kubelet keeps back of nodes.
    pub system: Money,
    /// On nodes, and requested by nobody: jobs request for as long as they run, by their mean
    /// over the window. [`Costs::sum`] counts the pods that are there now.
    pub idle: Money,
    /// What workloads that cannot be judged go on to request of CPU and memory.
    pub not_judged: Money,
    /// What judged workloads go on to request.
    pub kept: Money,
    /// By every size that is advised, of whatever workload.
    pub given_back: Money,
    /// What others need beyond what they request.
    pub needed_more: Money,
    /// What [`Bill::freed`] is; below zero where more is needed than is given back.
    pub net_freed: Money,
    /// What really goes away; `None` where there is no plan of nodes.
    pub banked: Option<Money>,
    /// Of idle and net freed together what stays on the bill; `None` with `banked`.
    pub left_idle: Option<Money>,
    /// What resizing gives back of workloads that are idle, and what removing them does.
    pub idle_workloads_resized: Money,
    pub idle_workloads_removed: Money,
}

impl Lines {
    /// `saved` is what leaves the bill by the plan of nodes, and with pods that are paid
    /// for one by one.
    pub fn new(costs: &Costs, bill: &Bill, advised: &Advised, saved: Option<Money>) -> Self {
        let of = |wanted: fn(Owner) -> bool| costs.of(wanted).total();
        let system = of(|it| it == Owner::System);
        let nodes = of(|it| matches!(it, Owner::Workload(_) | Owner::Idle)) + system;
        let mut parts = Parts::of(bill, advised);
        let fits = parts.sum() <= nodes - system;
        parts.fit(nodes - system);
        let idle = nodes - system - parts.sum();
        // As freed is told elsewhere, unless more is requested than there is.
        let needed_more = parts.needed_more.to_cents();
        let (given_back, needed_more) = if parts.cut {
            (parts.given_back.to_cents(), needed_more)
        } else {
            let needed_more = needed_more.max(Money::ZERO - bill.freed);
            (bill.freed + needed_more, needed_more)
        };
        let net_freed = given_back - needed_more;
        let sorts = costs.sorts();
        let uses = costs.uses();
        let of_use = |at: usize| uses.iter().map(|it| it[at]).sum::<Money>();
        let system_cents = of_use(2);
        // As the bill has them, but for jobs.
        let jobs = Jobs::of(costs, bill);
        let (gpus, idle) = if fits {
            (uses[2][0] + jobs.gpus, of_use(1) - jobs.all)
        } else {
            (parts.gpus.to_cents(), idle.to_cents())
        };
        // What is left once what others tell too is taken off.
        let beside = sorts.storage + sorts.load_balancer + system_cents + given_back;
        let left = sorts.total() - beside - gpus - idle;
        let cents = Money::rounded_to(left, &[parts.not_judged, parts.kept]);
        let given: Money = cents.iter().copied().sum();
        let idle = idle + left - given;
        let freeable = (idle + net_freed).floor_zero();
        let banked = saved.map(|it| it.to_cents().min(freeable).floor_zero());
        Self {
            total: sorts.total(),
            gpus,
            volumes: sorts.storage,
            load_balancers: sorts.load_balancer,
            system: system_cents,
            idle,
            not_judged: cents[0],
            kept: cents[1],
            given_back,
            needed_more,
            net_freed,
            banked,
            left_idle: banked.map(|banked| idle + net_freed - banked),
            idle_workloads_resized: parts.idle_resized.to_cents(),
            idle_workloads_removed: parts.idle_removed.to_cents(),
        }
    }
}

/// What workloads request by their mean over the window, beyond what their pods of now do.
#[derive(Default)]
struct Jobs {
    all: Money,
    /// Of it their GPUs.
    gpus: Money,
}

impl Jobs {
    fn of(costs: &Costs, bill: &Bill) -> Self {
        let mut now = vec![(Money::ZERO, Money::ZERO); bill.workloads.len()];
        for piece in &costs.pieces {
            if let Owner::Workload(at) = piece.owner
                && let Some((all, gpus)) = now.get_mut(at)
            {
                *all += piece.cost.total();
                *gpus += piece.cost.gpu;
            }
        }
        let mut jobs = Self::default();
        for (own, (all, gpus)) in bill.workloads.iter().zip(now) {
            // One hundredth is what rounding makes.
            let more = |mean: Money, now: Money| {
                let more = mean - now;
                let is_some = more > Money::CENT || more < -Money::CENT;
                if is_some {
                    more.to_cents()
                } else {
                    Money::ZERO
                }
            };
            jobs.all += more(own.current, all);
            jobs.gpus += more(own.gpus, gpus);
        }
        jobs
    }
}

/// What workloads request, by what is said of them.
#[derive(Default)]
struct Parts {
    gpus: Money,
    not_judged: Money,
    kept: Money,
    given_back: Money,
    needed_more: Money,
    idle_resized: Money,
    idle_removed: Money,
    /// Whether less is given back here than is advised.
    cut: bool,
}

impl Parts {
    fn of(bill: &Bill, advised: &Advised) -> Self {
        let mut parts = Self::default();
        for (own, advice) in bill.workloads.iter().zip(&advised.workloads) {
            let beside = own.current - own.gpus;
            parts.gpus += own.gpus;
            // A container may be sized although its workload as a whole cannot be judged.
            let given = own.savings().floor_zero();
            parts.given_back += given;
            parts.needed_more += (Money::ZERO - own.savings()).floor_zero();
            if advice.state == State::Unknown {
                parts.not_judged += beside - given;
            } else {
                parts.kept += beside - given;
            }
            if advice.state == State::Idle {
                parts.idle_resized += given;
                parts.idle_removed += own.current;
            }
        }
        parts
    }

    fn sum(&self) -> Money {
        self.gpus + self.not_judged + self.kept + self.given_back
    }

    /// Takes off what is beyond what nodes cost: where more is requested than there is, as
    /// of jobs that do not run now.
    fn fit(&mut self, most: Money) {
        let mut over = (self.sum() - most).floor_zero();
        let given_back = self.given_back;
        let each = [
            &mut self.kept,
            &mut self.not_judged,
            &mut self.gpus,
            &mut self.given_back,
        ];
        for part in each {
            let less = over.min(*part);
            *part = *part - less;
            over = over - less;
        }
        self.cut = self.given_back != given_back;
    }
}
