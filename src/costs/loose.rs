//! Volumes by class, and what is paid for although nobody uses it: volumes without a claim
//! or a pod, load balancers without anything behind them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Costs, Owner};
use crate::snapshot::{Snapshot, Volume, VolumeClaim};
use crate::units::{Bytes, Money};

/// All volumes of the bill.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Storage {
    /// The dearest first.
    pub classes: Vec<StorageClass>,
    /// Those that nobody uses, the dearest first.
    pub loose: Vec<LooseVolume>,
    /// Whether it is known which volumes pods mount.
    pub mounts_known: bool,
}

/// Volumes of one class.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StorageClass {
    /// `None` for volumes that name none.
    pub name: Option<String>,
    pub volumes: usize,
    pub size: Bytes,
    /// A month, in hundredths that sum up over all classes.
    pub cost: Money,
    /// What of it nobody uses.
    pub loose: Money,
}

/// A volume that is paid for and not used.
#[derive(Debug, Clone, PartialEq)]
pub struct LooseVolume {
    /// Of the claim; `None` for a volume without one.
    pub namespace: Option<String>,
    pub name: String,
    pub class: Option<String>,
    pub size: Bytes,
    pub why: Loose,
    /// A month, in hundredths.
    pub cost: Money,
}

/// Why nobody uses a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loose {
    /// Its claim is there, and no pod mounts it.
    Unmounted,
    /// Its claim was deleted, and it is kept.
    Released,
    /// No claim has it yet.
    Unbound,
    /// Kubernetes could not reclaim it.
    Failed,
}

impl Loose {
    /// As in machine output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unmounted => "unmounted",
            Self::Released => "released",
            Self::Unbound => "unbound",
            Self::Failed => "failed",
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::Unmounted => "no pod mounts it now",
            Self::Released => "its claim was deleted, and it was kept",
            Self::Unbound => "no claim has it",
            Self::Failed => "its claim was deleted, and reclaiming it failed",
        }
    }

    /// Of a volume that no claim has; `None` for one that is in use or gone.
    pub(super) fn of(volume: &Volume) -> Option<Self> {
        match volume.phase.as_str() {
            "Released" => Some(Self::Released),
            "Available" => Some(Self::Unbound),
            "Failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// A load balancer of the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Balancer {
    pub namespace: String,
    pub name: String,
    /// A month, in hundredths that sum up over all.
    pub cost: Money,
    /// Whether a pod is behind it; `None` where that is not known.
    pub has_pods: Option<bool>,
}

impl Costs {
    /// Volumes of the bill by class, and those that nobody uses.
    pub fn storage(&self, snapshot: &Snapshot) -> Storage {
        let mounted = mounted(snapshot);
        let mut storage = Storage {
            mounts_known: mounted.is_some(),
            ..Storage::default()
        };
        let sizes = sizes(snapshot);
        let mut classes: BTreeMap<Option<String>, StorageClass> = BTreeMap::new();
        for piece in &self.pieces {
            let cost = piece.cost.storage;
            let (one, why) = match piece.owner {
                Owner::Volume(at) => {
                    let claim = &snapshot.cluster.volume_claims[at];
                    let used = mounted.as_ref().is_none_or(|it| it.contains(&key(claim)));
                    let one = LooseVolume {
                        namespace: Some(claim.namespace.clone()),
                        name: claim.name.clone(),
                        class: claim.storage_class.clone(),
                        size: sizes[at],
                        why: Loose::Unmounted,
                        cost,
                    };
                    (one, (!used).then_some(Loose::Unmounted))
                }
                Owner::LooseVolume(at) => {
                    let volume = &snapshot.cluster.volumes[at];
                    let why = Loose::of(volume);
                    let one = LooseVolume {
                        namespace: None,
                        name: volume.name.clone(),
                        class: volume.storage_class.clone(),
                        size: volume.capacity,
                        why: why.unwrap_or(Loose::Unbound),
                        cost,
                    };
                    (one, why)
                }
                _ => continue,
            };
            let entry = classes.entry(one.class.clone()).or_default();
            entry.name.clone_from(&one.class);
            entry.volumes += 1;
            entry.size = entry.size.plus(one.size);
            entry.cost += cost;
            // What is kept on the disk of a node costs nothing more.
            if why.is_some() && cost > Money::ZERO {
                let cost = cost.to_cents();
                entry.loose += cost;
                storage.loose.push(LooseVolume { cost, ..one });
            }
        }
        storage.classes = classes.into_values().collect();
        storage.classes.sort_by(|a, b| {
            let dearest = b.cost.cmp(&a.cost);
            dearest.then_with(|| a.name.cmp(&b.name))
        });
        let exact: Vec<Money> = storage.classes.iter().map(|it| it.cost).collect();
        let whole = self.sorts().storage;
        for (class, cents) in storage
            .classes
            .iter_mut()
            .zip(Money::rounded_to(whole, &exact))
        {
            class.cost = cents;
            class.loose = class.loose.min(cents);
        }
        let name = |it: &LooseVolume| (it.namespace.clone(), it.name.clone());
        storage
            .loose
            .sort_by(|a, b| b.cost.cmp(&a.cost).then_with(|| name(a).cmp(&name(b))));
        storage
    }

    /// Load balancers of the bill, those that lead nowhere first.
    pub fn balancers(&self, snapshot: &Snapshot) -> Vec<Balancer> {
        let known = snapshot.rules_are_known();
        let mut found = Vec::new();
        for piece in &self.pieces {
            let Owner::LoadBalancer(at) = piece.owner else {
                continue;
            };
            let service = &snapshot.cluster.services[at];
            let mut workloads = snapshot.workloads.iter();
            let mut has_pods = || {
                workloads.any(|it| {
                    let namespace = it.id.namespace.as_str();
                    let mut pods = it.pods.iter();
                    pods.any(|pod| service.leads_to(namespace, &pod.labels))
                })
            };
            found.push(Balancer {
                namespace: service.namespace.clone(),
                name: service.name.clone(),
                cost: piece.cost.load_balancer,
                // Without a selector someone sets its endpoints by hand.
                has_pods: (known && !service.selector.is_empty()).then(&mut has_pods),
            });
        }
        found.sort_by(|a, b| {
            let place = |it: &Balancer| (it.has_pods != Some(false), it.namespace.clone());
            place(a).cmp(&place(b)).then_with(|| a.name.cmp(&b.name))
        });
        let exact: Vec<Money> = found.iter().map(|it| it.cost).collect();
        let cents = Money::rounded_to(self.sorts().load_balancer, &exact);
        for (balancer, cents) in found.iter_mut().zip(cents) {
            balancer.cost = cents;
        }
        found
    }
}

/// What the volume of each claim is paid for: what it can hold, which is not less than what
/// was asked for.
pub(super) fn sizes(snapshot: &Snapshot) -> Vec<Bytes> {
    let mut volumes: HashMap<&str, Bytes> = HashMap::new();
    for volume in &snapshot.cluster.volumes {
        volumes.entry(&volume.name).or_insert(volume.capacity);
    }
    let claims = snapshot.cluster.volume_claims.iter();
    let sizes = claims.map(|claim| {
        let name = claim.volume.as_deref();
        let volume = name.and_then(|it| volumes.get(it));
        volume.map_or(claim.requested, |it| (*it).max(claim.requested))
    });
    sizes.collect()
}

/// Claims that pods mount; `None` where that was not read.
fn mounted(snapshot: &Snapshot) -> Option<BTreeSet<(&str, &str)>> {
    snapshot.rules_are_known().then(|| {
        let workloads = snapshot.workloads.iter();
        let claims = workloads.flat_map(|it| {
            let namespace = it.id.namespace.as_str();
            let pods = it.pods.iter();
            let claims = pods.flat_map(|pod| pod.volume_claims.iter().chain(&pod.own_claims));
            claims.map(move |claim| (namespace, claim.as_str()))
        });
        claims.collect()
    })
}

fn key(claim: &VolumeClaim) -> (&str, &str) {
    (&claim.namespace, &claim.name)
}
