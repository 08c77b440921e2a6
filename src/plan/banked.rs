//! What of freed requests really leaves the bill.

use crate::costs::{Costs, Lines, Owner};
use crate::price::{Bill, Part};
use crate::recommend::Advised;
use crate::units::Money;

use super::{Saved, Unplanned};

/// What leaves the bill where the advice is followed for a part of the workloads alone, and
/// nodes of this worth a month can go then that could not before: never more than is freed
/// and was idle already.
pub fn banked(saved: Money, part: &Part, costs: &Costs) -> Money {
    // What is paid for by the size of pods goes with their requests.
    let leaves = saved + part.freed_of_sold;
    let idle = costs.of(|it| it == Owner::Idle).total();
    let most = (part.freed() + idle).floor_zero();
    leaves.min(most).floor_zero().to_cents()
}

/// What goes away once the advice is followed and nodes are drained.
#[derive(Debug, Clone, PartialEq)]
pub struct Banked {
    /// A month: never more than is freed and was idle already. `None` where it is not known.
    pub monthly: Option<Money>,
    /// Nodes that can go, of a part those that could not before.
    pub nodes: usize,
    /// Why it is not known.
    pub unknown: Option<Unplanned>,
    /// The bill as lines that sum; `None` where only a part of it was asked for.
    pub lines: Option<Lines>,
}

impl Banked {
    /// Of the workloads in the bill, where `costs` is of the whole cluster; with `whole`
    /// both are of the same workloads. Else `saved` is what goes beyond what could go without
    /// the advice.
    pub fn new(
        saved: &Result<Saved, Unplanned>,
        costs: &Costs,
        bill: &Bill,
        advised: &Advised,
        whole: bool,
    ) -> Self {
        let monthly = saved.as_ref().ok().map(|it| it.monthly);
        let lines = whole.then(|| {
            let leaves = monthly.map(|it| it + bill.freed_of_sold);
            Lines::new(costs, bill, advised, leaves)
        });
        let monthly = match &lines {
            Some(lines) => lines.banked,
            None => monthly.map(|it| banked(it, &bill.part(0..bill.workloads.len()), costs)),
        };
        Self {
            monthly,
            nodes: saved.as_ref().map_or(0, |it| it.nodes),
            unknown: saved.as_ref().err().copied(),
            lines,
        }
    }
}
