//! What the advice does to groups of workloads: waste and freed by namespace or label.

use std::collections::BTreeMap;

use super::{By, UNALLOCATED};
use crate::price::{Bill, Part};
use crate::snapshot::{Snapshot, Workload, owners};

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
    pub part: Part,
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
                    part: bill.part(members.iter().copied()),
                }
            })
            .collect();
        shares.sort_by(|a, b| {
            let dearest = b.part.current.cmp(&a.part.current);
            dearest.then_with(|| a.name.cmp(&b.name))
        });
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
