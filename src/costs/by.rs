//! What the bill is grouped by.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Costs, Held, Owner, Piece, Split};
use crate::snapshot::{Node, Snapshot};
use crate::units::Money;

/// How to group the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    Namespace,
    Workload,
    Node,
    /// The node pool or group.
    Pool,
    /// The value of this label of the workload.
    Label(String),
}

/// Why a text is no [`By`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseByError(String);

impl fmt::Display for ParseByError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "`{text}` is not `namespace`, `workload`, `node`, `pool` or `label:KEY`"
        )
    }
}

impl std::error::Error for ParseByError {}

impl FromStr for By {
    type Err = ParseByError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "namespace" => Ok(Self::Namespace),
            "workload" => Ok(Self::Workload),
            "node" => Ok(Self::Node),
            "pool" => Ok(Self::Pool),
            _ => match text.strip_prefix("label:") {
                Some(key) if !key.is_empty() => Ok(Self::Label(key.to_owned())),
                _ => Err(ParseByError(text.to_owned())),
            },
        }
    }
}

/// As it is given.
impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace => f.write_str("namespace"),
            Self::Workload => f.write_str("workload"),
            Self::Node => f.write_str("node"),
            Self::Pool => f.write_str("pool"),
            Self::Label(key) => write!(f, "label:{key}"),
        }
    }
}

/// One line of the bill.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group {
    /// `shop`, `shop/Deployment/api`, a pool; `__idle__`, `__system__` for what belongs to
    /// nobody and `__unallocated__` for what has no such label, as OpenCost calls them.
    pub name: String,
    pub namespace: Option<String>,
    /// Of the workload, where each has its own line.
    pub kind: Option<String>,
    pub workload: Option<String>,
    pub cost: Split,
    pub held: Held,
    /// What one pays in hundredths: they sum up to the bill in hundredths.
    pub cents: Money,
}

/// What is on nodes and requested by nobody.
pub const IDLE: &str = "__idle__";
/// What the kubelet keeps back.
pub const SYSTEM: &str = "__system__";
/// What has no such label, or is on no node.
pub const UNALLOCATED: &str = "__unallocated__";

pub(super) fn group(costs: &Costs, by: &By, snapshot: &Snapshot) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for piece in &costs.pieces {
        let named = named(piece, by, snapshot);
        let group = groups.entry(named.name.clone()).or_insert(named);
        group.cost.add(&piece.cost);
        group.held.add(&piece.held);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        b.cost
            .total()
            .cmp(&a.cost.total())
            .then_with(|| a.name.cmp(&b.name))
    });
    let exact: Vec<Money> = groups.iter().map(|it| it.cost.total()).collect();
    for (group, cents) in groups.iter_mut().zip(Money::rounded_together(&exact)) {
        group.cents = cents;
    }
    groups
}

fn named(piece: &Piece, by: &By, snapshot: &Snapshot) -> Group {
    let plain = |name: &str| Group {
        name: name.to_owned(),
        ..Group::default()
    };
    let node = piece.node.and_then(|at| snapshot.cluster.nodes.get(at));
    if let By::Node | By::Pool = by {
        let of = |node: &Node| match by {
            By::Node => Some(node.name.clone()),
            _ => node.pool.clone(),
        };
        let name = node.and_then(of);
        return plain(name.as_deref().unwrap_or(UNALLOCATED));
    }
    let (namespace, kind, name) = match piece.owner {
        Owner::Idle => return plain(IDLE),
        Owner::System => return plain(SYSTEM),
        Owner::Workload(at) => {
            let workload = &snapshot.workloads[at];
            if let By::Label(key) = by {
                return plain(workload.label(key).unwrap_or(UNALLOCATED));
            }
            let id = &workload.id;
            (&id.namespace, id.kind.as_str(), &id.name)
        }
        Owner::Volume(at) => {
            let claim = &snapshot.cluster.volume_claims[at];
            (&claim.namespace, "PersistentVolumeClaim", &claim.name)
        }
        Owner::LoadBalancer(at) => {
            let service = &snapshot.cluster.services[at];
            (&service.namespace, "Service", &service.name)
        }
    };
    match by {
        By::Namespace => Group {
            namespace: Some(namespace.clone()),
            ..plain(namespace)
        },
        By::Label(_) => plain(UNALLOCATED),
        By::Workload | By::Node | By::Pool => Group {
            namespace: Some(namespace.clone()),
            kind: Some(kind.to_owned()),
            workload: Some(name.clone()),
            ..plain(&format!("{namespace}/{kind}/{name}"))
        },
    }
}

impl Held {
    fn add(&mut self, other: &Self) {
        let known = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        self.cpu_cores += other.cpu_cores;
        self.memory_bytes += other.memory_bytes;
        self.gpus += other.gpus;
        self.cpu_used = known(self.cpu_used, other.cpu_used);
        self.memory_used = known(self.memory_used, other.memory_used);
        self.worth_of_use += other.worth_of_use;
        self.judged += other.judged;
    }
}
