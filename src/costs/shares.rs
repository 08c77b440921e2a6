//! What the advice does to groups of workloads: waste and freed by namespace or label.

use std::collections::BTreeMap;

use super::{By, UNALLOCATED};
use crate::price::{Bill, Part};
use crate::snapshot::{Snapshot, Workload, owners};
use crate::units::Money;

/// All workloads, by one thing that they have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    pub by: By,
    /// The dearest first.
    pub shares: Vec<Share>,
}

/// Some workloads, and what the advice does to what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// A namespace, the value of a label, or `__unallocated__` without it.
    pub name: String,
    pub workloads: usize,
    pub pods: usize,
    /// A month, in hundredths that sum up over all shares.
    pub current: Money,
    pub recommended: Money,
    /// Exactly, with what is wasted.
    pub part: Part,
}

impl Share {
    /// The value of the requests given back; below zero where more is needed.
    pub fn freed(&self) -> Money {
        self.current - self.recommended
    }
}

impl Shares {
    /// The workloads of the snapshot, which `bill` is of.
    pub fn of(bill: &Bill, by: &By, snapshot: &Snapshot) -> Self {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, workload) in snapshot.workloads.iter().enumerate() {
            groups.entry(name(workload, by)).or_default().push(at);
        }
        let mut shares: Vec<Share> = groups
            .into_iter()
            .map(|(name, members)| {
                let of = || members.iter().map(|at| &snapshot.workloads[*at]);
                Share {
                    name: name.to_owned(),
                    workloads: owners(of().map(|it| &it.id)),
                    pods: of().map(|it| it.pods.len()).sum(),
                    current: Money::ZERO,
                    recommended: Money::ZERO,
                    part: bill.part(members.iter().copied()),
                }
            })
            .collect();
        shares.sort_by(|a, b| {
            let dearest = b.part.current.cmp(&a.part.current);
            dearest.then_with(|| a.name.cmp(&b.name))
        });
        let rounded = |of: fn(&Part) -> Money| {
            let exact: Vec<Money> = shares.iter().map(|it| of(&it.part)).collect();
            Money::rounded_together(&exact)
        };
        let cents = rounded(|it| it.current).into_iter();
        let cents = cents.zip(rounded(|it| it.recommended));
        let cents: Vec<(Money, Money)> = cents.collect();
        for (share, (current, recommended)) in shares.iter_mut().zip(cents) {
            share.current = current;
            share.recommended = recommended;
        }
        Self {
            by: by.clone(),
            shares,
        }
    }
}

fn name<'a>(workload: &'a Workload, by: &By) -> &'a str {
    match by {
        By::Label(key) => workload.label(key).unwrap_or(UNALLOCATED),
        By::Namespace | By::Workload | By::Node | By::Pool => &workload.id.namespace,
    }
}
