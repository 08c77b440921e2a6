//! Savings that add up.

use super::advice::{Action, Advice};
use crate::units::Money;

impl Advice {
    /// Whether it is another device than the one that is held, of which only one can be.
    pub(super) fn is_another_device(&self) -> bool {
        matches!(
            self.action,
            Action::MigSlice | Action::CheaperProduct | Action::Share
        )
    }
}

/// Advice whose savings add up. Each was worked out alone, as a share of what is paid: what
/// comes later saves that share of what the ones before it leave, or, where it stands in
/// place of one of them, what it saves more than that one. What saves nothing more is left
/// out, unless it stands in place of another.
pub(super) fn in_turn(all: Vec<Advice>, cost: Money) -> Vec<Advice> {
    let mut left = cost;
    // What was left before another device was advised, and what that saves.
    let mut device: Option<(Money, Money)> = None;
    let mut told = Vec::new();
    for mut advice in all {
        let alone = advice
            .savings
            .filter(|it| *it > Money::ZERO && cost > Money::ZERO);
        if let Some(alone) = alone {
            let share = (alone.to_f64() / cost.to_f64()).min(1.0);
            let more = match &mut device {
                Some((before, saved)) if advice.is_another_device() => {
                    advice.text = format!("or instead: {}", advice.text);
                    let more = (before.scale(share) - *saved).floor_zero().min(left);
                    *saved += more;
                    more
                }
                _ => {
                    let more = left.scale(share).min(left);
                    if advice.is_another_device() {
                        device = Some((left, more));
                    }
                    more
                }
            };
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
