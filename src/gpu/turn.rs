//! Savings that add up.

use super::advice::{Action, Advice};
use crate::text::money;
use crate::units::{Currency, Money};

impl Advice {
    /// Whether it is another device than the one that is held, of which only one can be.
    pub(super) fn is_another_device(&self) -> bool {
        matches!(
            self.action,
            Action::MigSlice | Action::CheaperProduct | Action::Share
        )
    }

    /// Whether it is not for devices that are shared as they are used now: another device, or
    /// fewer of them that do more each.
    pub(super) fn stands_against_sharing(&self) -> bool {
        let fewer = matches!(self.action, Action::FewerReplicas | Action::BatchMore);
        self.is_another_device() || fewer && self.savings.is_some()
    }
}

/// What fewer replicas and the best of other devices save together, each of which is advised as
/// a share of what is paid.
pub(super) fn saved_without_sharing(all: &[Advice], cost: Money) -> Money {
    let most = |is_device: bool| {
        let own = all.iter().filter(|it| it.stands_against_sharing());
        let own = own.filter(|it| it.is_another_device() == is_device);
        let most = own.filter_map(|it| it.savings).max();
        let most = most.unwrap_or(Money::ZERO).to_f64();
        (most / cost.to_f64().max(f64::MIN_POSITIVE)).min(1.0)
    };
    cost.scale(1.0 - (1.0 - most(true)) * (1.0 - most(false)))
}

/// Advice whose savings add up. Each was worked out alone, as a share of what is paid: what
/// comes later saves that share of what the ones before it leave. What stands in place of one
/// of them saves nothing beside it: what it saves alone is told in words. What saves nothing
/// more is left out.
pub(super) fn in_turn(all: Vec<Advice>, cost: Money, currency: Currency) -> Vec<Advice> {
    of_what_is_left(all, (cost, cost), currency)
}

/// The same of a workload whose devices are of several products: what is about all of it, then
/// what is about each product that works, with what that costs.
pub(super) fn by_product(
    (all, cost): (Vec<Advice>, Money),
    products: Vec<(Vec<Advice>, Money)>,
    currency: Currency,
) -> Vec<Advice> {
    let mut told = in_turn(all, cost, currency);
    let saved: Money = told.iter().filter_map(|it| it.savings).sum();
    let at_work: Money = products.iter().map(|it| it.1).sum();
    // What of it does nothing is saved first.
    let of_them = (saved - (cost - at_work)).floor_zero();
    let share = of_them.to_f64() / at_work.to_f64().max(f64::MIN_POSITIVE);
    for (advice, cost) in products {
        let left = cost.scale((1.0 - share).max(0.0));
        told.extend(of_what_is_left(advice, (cost, left), currency));
    }
    told
}

/// Of what is paid, and of that what is left.
fn of_what_is_left(
    all: Vec<Advice>,
    (cost, mut left): (Money, Money),
    currency: Currency,
) -> Vec<Advice> {
    // What was left before another device was advised.
    let mut device: Option<Money> = None;
    let mut told = Vec::new();
    for mut advice in all {
        let alone = advice
            .savings
            .filter(|it| *it > Money::ZERO && cost > Money::ZERO);
        if let Some(alone) = alone {
            let share = (alone.to_f64() / cost.to_f64()).min(1.0);
            if let Some(before) = device.filter(|_| advice.is_another_device()) {
                let alone = before.scale(share).to_cents();
                let saves = money(alone, &currency);
                advice.text = format!(
                    "or instead: {}, which alone saves {saves} a month",
                    advice.text
                );
                advice.savings = None;
                told.push(advice);
                continue;
            }
            if advice.is_another_device() {
                device = Some(left);
            }
            let more = left.scale(share).min(left);
            left = left - more;
            if more.to_cents() == Money::ZERO && !advice.is_another_device() {
                continue;
            }
            advice.savings = Some(more).filter(|it| it.to_cents() > Money::ZERO);
        }
        told.push(advice);
    }
    told
}
