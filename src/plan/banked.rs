//! What of freed requests really leaves the bill.

use crate::costs::{Costs, Lines, Owner};
use crate::price::Bill;
use crate::recommend::Advised;
use crate::units::Money;

use super::{Saved, Unplanned};

/// What goes away once the advice is followed and nodes are drained.
#[derive(Debug, Clone, PartialEq)]
pub struct Banked {
    /// A month: never more than is freed and was idle already. `None` where it is not known.
    pub monthly: Option<Money>,
    /// Nodes that can go.
    pub nodes: usize,
    /// Why it is not known.
    pub unknown: Option<Unplanned>,
    /// The bill as lines that sum; `None` where only a part of it was asked for.
    pub lines: Option<Lines>,
}

impl Banked {
    /// Of the workloads in the bill, where `costs` is of the whole cluster; with `whole`
    /// both are of the same workloads.
    pub fn new(
        saved: &Result<Saved, Unplanned>,
        costs: &Costs,
        bill: &Bill,
        advised: &Advised,
        whole: bool,
    ) -> Self {
        // What is paid for by the size of pods goes with their requests.
        let monthly = saved
            .as_ref()
            .ok()
            .map(|it| it.monthly + bill.freed_of_sold);
        let lines = whole.then(|| Lines::new(costs, bill, advised, monthly));
        let idle = costs.of(|it| it == Owner::Idle).total();
        let most = (bill.freed + idle).floor_zero();
        let monthly = match &lines {
            Some(lines) => lines.banked,
            None => monthly.map(|it| it.min(most).floor_zero().to_cents()),
        };
        Self {
            monthly,
            nodes: saved.as_ref().map_or(0, |it| it.nodes),
            unknown: saved.as_ref().err().copied(),
            lines,
        }
    }
}
