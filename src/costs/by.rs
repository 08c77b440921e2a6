//! What the bill is grouped by.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Asked, Costs, Held, Owner, Piece, Sharing, Split, Spread};
use crate::price::NodePrice;
use crate::snapshot::{CapacityType, Node, Snapshot};
use crate::units::{Money, known};

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
    /// In hundredths: all of them sum up to the bill, and those of a sort to that sort.
    pub cost: Split,
    pub held: Held,
    /// The sum of `cost`.
    pub cents: Money,
    /// What its parts of nodes cost exactly, by how those are bought: on demand, on spot, and
    /// committed.
    pub bought: [Bought; 3],
    /// Of its part of what is there for all, what is paid for it exactly, what a list asks for
    /// it, and what is contracted.
    pub shared: [Money; 3],
    /// What its pods cost over the window; `None` where nothing says how many there were.
    pub window: Option<Money>,
}

/// Parts of nodes that are bought in one way.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bought {
    /// Cores, bytes and GPUs.
    pub amounts: [f64; 3],
    pub cost: Split,
    pub asked: Asked,
}

/// What is on nodes and requested by nobody.
pub const IDLE: &str = "__idle__";
/// What the kubelet keeps back.
pub const SYSTEM: &str = "__system__";
/// What has no such label, or is on no node.
pub const UNALLOCATED: &str = "__unallocated__";
/// What is there for all, where there is nobody to pay for it.
const SHARED_BY_ALL: &str = "__shared__";
/// Volumes that no claim has.
pub const UNMOUNTED: &str = "__unmounted__";

pub(super) fn group(costs: &Costs, by: &By, sharing: &Sharing, snapshot: &Snapshot) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut spread = Split::default();
    let mut asked = Asked::default();
    let mut counted = vec![false; snapshot.workloads.len()];
    for piece in &costs.pieces {
        if sharing.spreads(piece, snapshot) {
            spread.add(&piece.cost);
            asked.add(&piece.asked);
            continue;
        }
        let named = named(piece, by, snapshot);
        let group = groups.entry(named.name.clone()).or_insert(named);
        group.cost.add(&piece.cost);
        let node = piece.node.and_then(|at| costs.nodes.get(at));
        let is = piece.node.and_then(|at| snapshot.cluster.nodes.get(at));
        let on_spot = is.is_some_and(|it| it.capacity_type == CapacityType::Spot);
        group.buy(piece, node, on_spot);
        group.held.add(&piece.held);
        // Where a workload is in one group alone.
        let workload = match piece.owner {
            Owner::Workload(at) if !matches!(by, By::Node | By::Pool) => Some(at),
            _ => None,
        };
        if let Some(at) = workload.filter(|at| !counted[*at]) {
            counted[at] = true;
            let window = costs.window.get(at).copied().flatten();
            group.window = known(group.window, window, |a, b| a + b);
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    let asked = [asked.list.total(), asked.contracted.total()];
    share(&mut groups, spread.total(), asked, sharing);
    add_runs(&mut groups, &counted, costs, (by, sharing, snapshot));
    groups.sort_by(|a, b| {
        b.cost
            .total()
            .cmp(&a.cost.total())
            .then_with(|| a.name.cmp(&b.name))
    });
    // Where parts of it are paid by others, lines of uses are no lines of groups.
    let by_use = match sharing.spread {
        Spread::None => Some(costs.nodes_by_use(sharing, snapshot)),
        Spread::ByCost | Spread::Evenly => None,
    };
    round(&mut groups, by_use.as_ref(), costs.sorts().total());
    groups
}

/// What ran over the window, and of which nothing is there now, cost something all the same: it
/// has a line, and no part of the bill.
fn add_runs(
    groups: &mut Vec<Group>,
    counted: &[bool],
    costs: &Costs,
    (by, sharing, snapshot): (&By, &Sharing, &Snapshot),
) {
    if matches!(by, By::Node | By::Pool) {
        return;
    }
    let left = costs.window.iter().enumerate();
    for (at, window) in left.filter(|(at, _)| !counted[*at]) {
        let piece = Piece::of_nothing(Owner::Workload(at));
        let Some(cost) = window.filter(|_| !sharing.spreads(&piece, snapshot)) else {
            continue;
        };
        let named = named(&piece, by, snapshot);
        let place = groups.iter().position(|it| it.name == named.name);
        let place = place.unwrap_or_else(|| {
            groups.push(named);
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.window = known(group.window, Some(cost), |a, b| a + b);
    }
}

/// Lets groups of workloads pay for what is there for all; where there is none, it has a
/// line of its own.
fn share(groups: &mut Vec<Group>, amount: Money, asked: [Money; 2], sharing: &Sharing) {
    if amount == Money::ZERO && asked == [Money::ZERO; 2] {
        return;
    }
    let pays = |it: &Group| {
        let loose = it.kind.as_deref() == Some("PersistentVolume");
        it.name != IDLE && it.name != UNMOUNTED && !loose
    };
    let costs: Vec<Money> = groups
        .iter()
        .map(|it| {
            if pays(it) {
                it.cost.total()
            } else {
                Money::ZERO
            }
        })
        .collect();
    let divided = |amount: Money| sharing.divide(amount, &costs, groups.iter().map(pays));
    let (parts, asks) = (divided(amount), asked.map(divided));
    let given: Money = parts.iter().copied().sum();
    for (at, group) in groups.iter_mut().enumerate() {
        group.cost.shared += parts[at];
        group.shared = [parts[at], asks[0][at], asks[1][at]];
    }
    if given != amount {
        groups.push(Group {
            name: SHARED_BY_ALL.to_owned(),
            cost: Split {
                shared: amount - given,
                ..Split::default()
            },
            shared: [amount, asked[0], asked[1]],
            ..Group::default()
        });
    }
}

/// Into hundredths: first all of each sort, then each group's part of it. What is idle and
/// kept back is that of the sum of the bill.
fn round(groups: &mut [Group], by_use: Option<&[[Money; 4]; 3]>, total: Money) {
    let mut all = Split::default();
    for group in groups.iter() {
        all.add(&group.cost);
    }
    let mut wholes = all.in_hundredths().sorts();
    // Spreading moves money, and makes and loses none.
    let off = total - wholes.iter().copied().sum::<Money>();
    if let Some(largest) = wholes.iter_mut().max() {
        *largest += off;
    }
    let mut cells = vec![[Money::ZERO; 6]; groups.len()];
    for (sort, whole) in wholes.into_iter().enumerate() {
        let known = |group: &Group| {
            let uses = by_use?.get(sort)?;
            match group.name.as_str() {
                IDLE => Some(uses[2]),
                SYSTEM => Some(uses[3]),
                _ => None,
            }
        };
        let mut left = whole;
        let mut open = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            match known(group) {
                Some(cents) => {
                    cells[at][sort] = cents;
                    left = left - cents;
                }
                None => open.push(at),
            }
        }
        let exact = open.iter().map(|at| groups[*at].cost.sorts()[sort]);
        let exact: Vec<Money> = exact.collect();
        for (at, cents) in open.into_iter().zip(Money::rounded_to(left, &exact)) {
            cells[at][sort] = cents;
        }
    }
    even_rows(&mut cells, groups);
    for (group, cells) in groups.iter_mut().zip(cells) {
        group.cost = Split::of_sorts(cells);
        group.cents = group.cost.total();
    }
}

/// Lets each group cost what it does to the hundredth, as far as that goes: where parts were
/// rounded so that a group has one too many and another one too few, one of a sort that both
/// have is moved. Sorts keep their sums.
fn even_rows(cells: &mut [[Money; 6]], groups: &[Group]) {
    let cent = Money::CENT;
    let is_own = |it: &Group| it.name != IDLE && it.name != SYSTEM;
    let totals: Vec<Money> = cells.iter().map(|it| it.iter().copied().sum()).collect();
    let exact: Vec<Money> = groups.iter().map(|it| it.cost.total()).collect();
    let mut over: Vec<Money> = totals
        .iter()
        .zip(&exact)
        .map(|(cents, exact)| *cents - *exact)
        .collect();
    let mut order: Vec<usize> = (0..groups.len())
        .filter(|at| is_own(&groups[*at]))
        .collect();
    order.sort_by_key(|at| (std::cmp::Reverse(over[*at]), *at));
    for from in order.clone() {
        // Half of one or less is rounded as it should be.
        while over[from] + over[from] > cent {
            let mut to = order.iter().rev().copied();
            let least = to.find_map(|to| {
                let sort = (0..6)
                    .find(|sort| cells[from][*sort] >= cent && cells[to][*sort] > Money::ZERO)?;
                (over[to] + over[to] < Money::ZERO - cent).then_some((to, sort))
            });
            let Some((to, sort)) = least else { break };
            cells[from][sort] = cells[from][sort] - cent;
            cells[to][sort] += cent;
            over[from] = over[from] - cent;
            over[to] += cent;
        }
    }
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
        Owner::LooseVolume(at) => {
            let name = &snapshot.cluster.volumes[at].name;
            return match by {
                By::Workload => Group {
                    kind: Some("PersistentVolume".to_owned()),
                    workload: Some(name.clone()),
                    ..plain(&format!("PersistentVolume/{name}"))
                },
                _ => plain(UNMOUNTED),
            };
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

impl Group {
    /// Adds a part of a node to how that is bought, with what is paid for it.
    fn buy(&mut self, piece: &Piece, node: Option<&NodePrice>, on_spot: bool) {
        let (cost, held) = (&piece.cost, &piece.held);
        let amounts = [held.cpu_cores, held.memory_bytes, held.gpus];
        let Some(price) = node else {
            self.bought[0].hold(amounts, 1.0);
            self.bought[0].cost.add(cost);
            self.bought[0].asked.add(&piece.asked);
            return;
        };
        let (rest, shares) = (usize::from(on_spot), (price.committed, price.covered));
        let committed = (cost.scale(shares.0), piece.asked.scale(shares.1));
        // What is left, so that both sum up.
        let left = (
            cost.less(&committed.0),
            Asked {
                list: piece.asked.list.less(&committed.1.list),
                contracted: piece.asked.contracted.less(&committed.1.contracted),
            },
        );
        for (at, covered, (cost, asked)) in [(rest, 1.0 - shares.1, left), (2, shares.1, committed)]
        {
            // As much of the machine as it covers, at whatever price.
            self.bought[at].hold(amounts, covered);
            self.bought[at].cost.add(&cost);
            self.bought[at].asked.add(&asked);
        }
    }
}

impl Bought {
    fn hold(&mut self, amounts: [f64; 3], share: f64) {
        for (sum, amount) in self.amounts.iter_mut().zip(amounts) {
            *sum += amount * share;
        }
    }
}

impl Held {
    fn add(&mut self, other: &Self) {
        let plus = |a: f64, b: f64| a + b;
        self.cpu_cores += other.cpu_cores;
        self.memory_bytes += other.memory_bytes;
        self.gpus += other.gpus;
        self.storage_bytes += other.storage_bytes;
        self.load_balancers += other.load_balancers;
        self.cpu_used = known(self.cpu_used, other.cpu_used, plus);
        self.memory_used = known(self.memory_used, other.memory_used, plus);
        self.worth_of_use += other.worth_of_use;
        self.judged += other.judged;
    }
}
