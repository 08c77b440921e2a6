//! How many replicas there can be: what quotas of the namespace leave, and rules that keep
//! pods apart.

use super::replica::Replica;
use crate::snapshot::{Container, ContainerKind, Quota, Resources, Workload, amounts};
use crate::text::{escape, short};
use crate::units::{Bytes, Cpu, count_from, len_f64};

/// Fewer replicas can be there than are needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// That there can be.
    pub replicas: u32,
    /// That are needed at most.
    pub needed: u32,
    /// All that stands against them; never empty.
    pub limits: Vec<Limit>,
}

/// What bounds replicas.
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// One resource of a ResourceQuota, in cores, bytes or a count.
    Quota {
        name: String,
        /// As Kubernetes names it: `pods`, `requests.cpu`.
        resource: String,
        hard: f64,
        /// What it has to be for all that are needed.
        to: f64,
    },
    /// One pod alone may be in each part of the cluster that this label of nodes tells apart.
    Apart { key: String },
}

/// What bounds the replicas of one size of a workload.
pub(super) struct Rooms(Vec<Room>);

struct Room {
    limit: Limit,
    /// What is left for the workload, its pods of today included.
    left: f64,
    /// What each replica takes of it.
    each: f64,
}

impl Rooms {
    /// What quotas leave to a workload beside all else that they count now, and the parts of
    /// the cluster that it may have one pod in each of, by the label that tells them apart.
    pub(super) fn of(
        quotas: &[Quota],
        workload: &Workload,
        sized: &Replica,
        apart: Option<(&str, usize)>,
    ) -> Self {
        let namespace = &workload.id.namespace;
        let own = quotas.iter().filter(|it| it.namespace == *namespace);
        // Each has a CPU request, or nothing would be planned.
        let own = own.filter(|it| it.counts(workload, true));
        let mut rooms: Vec<Room> = own.flat_map(|it| of_quota(it, workload, sized)).collect();
        rooms.extend(apart.map(|(key, parts)| Room {
            limit: Limit::Apart {
                key: key.to_owned(),
            },
            left: len_f64(parts),
            each: 1.0,
        }));
        Self(rooms)
    }

    /// Replicas that there can be; `None` where nothing bounds them.
    pub(super) fn most(&self) -> Option<u32> {
        self.0.iter().map(Room::replicas).min()
    }

    /// The same, whatever CPU each requests.
    pub(super) fn most_of_any_size(&self) -> Option<u32> {
        let of_cpu = |it: &&Room| matches!(&it.limit, Limit::Quota { resource, .. } if resource == "requests.cpu");
        let others = self.0.iter().filter(|it| !of_cpu(it));
        others.map(Room::replicas).min()
    }

    /// Cores that all together may request; `None` where nothing bounds that.
    pub(super) fn cores(&self) -> Option<f64> {
        let of = self.0.iter().filter_map(|it| match &it.limit {
            Limit::Quota { resource, .. } if resource == "requests.cpu" => Some(it.left),
            _ => None,
        });
        of.reduce(f64::min)
    }

    /// What stands against so many replicas.
    pub(super) fn bound(&self, needed: u32) -> Option<Bound> {
        let against = self.0.iter().filter(|it| it.replicas() < needed);
        let limits: Vec<Limit> = against.map(|it| it.raised(needed)).collect();
        Some(Bound {
            replicas: self.most().filter(|_| !limits.is_empty())?,
            needed,
            limits,
        })
    }
}

impl Room {
    fn replicas(&self) -> u32 {
        // Sums of fractions may be a little short.
        let whole = (self.left / self.each + 1e-9).max(0.0).floor();
        u32::try_from(count_from(whole)).unwrap_or(u32::MAX)
    }

    /// With what it takes for so many.
    fn raised(&self, needed: u32) -> Limit {
        let lacks = f64::from(needed) * self.each - self.left;
        match &self.limit {
            Limit::Quota {
                name,
                resource,
                hard,
                ..
            } => Limit::Quota {
                name: name.clone(),
                resource: resource.clone(),
                hard: *hard,
                to: hard + lacks,
            },
            Limit::Apart { key } => Limit::Apart { key: key.clone() },
        }
    }
}

fn of_quota(quota: &Quota, workload: &Workload, sized: &Replica) -> Vec<Room> {
    let requests = named("requests", &quota.hard_requests);
    let limits = named("limits", &quota.hard_limits);
    let all = requests.into_iter().chain(limits);
    let rooms = all.filter_map(|(resource, hard)| {
        let each = of_replica(&resource, workload, sized);
        if each <= 0.0 {
            return None;
        }
        let own = now(&resource, workload);
        let used = used(quota, &resource).unwrap_or(own);
        Some(Room {
            left: hard - (used - own).max(0.0),
            each,
            limit: Limit::Quota {
                name: quota.name.clone(),
                resource,
                hard,
                to: hard,
            },
        })
    });
    rooms.collect()
}

/// Each resource as a quota names it, with its amount.
fn named(prefix: &str, resources: &Resources) -> Vec<(String, f64)> {
    let whole = |(name, amount): (&str, f64)| match name {
        "cpu" | "memory" => (format!("{prefix}.{name}"), amount),
        _ => (name.to_owned(), amount),
    };
    amounts(resources).map(whole).collect()
}

fn used(quota: &Quota, resource: &str) -> Option<f64> {
    let requests = named("requests", &quota.used_requests);
    let limits = named("limits", &quota.used_limits);
    let mut all = requests.into_iter().chain(limits);
    all.find(|it| it.0 == resource).map(|it| it.1)
}

/// What one replica of this size takes of it.
fn of_replica(resource: &str, workload: &Workload, sized: &Replica) -> f64 {
    match resource {
        "requests.cpu" => sized.cpu.get(),
        "requests.memory" => sized.memory.to_f64(),
        "limits.cpu" => sized.cpu_limit.map_or(0.0, Cpu::get),
        "limits.memory" => sized.memory_limit.map_or(0.0, Bytes::to_f64),
        "pods" | "count/pods" => 1.0,
        _ => workload.pods.first().map_or(0.0, |pod| {
            let name = resource.strip_prefix("requests.").unwrap_or(resource);
            pod.requests.extended.get(name).copied().unwrap_or(0.0)
        }),
    }
}

/// What its pods of today take of it together.
fn now(resource: &str, workload: &Workload) -> f64 {
    let pods = workload.pods.iter();
    let sum = |of: &dyn Fn(&Resources) -> f64| pods.clone().map(|pod| of(&pod.requests)).sum();
    let limits = |of: &dyn Fn(&Container) -> Option<f64>| {
        let stay = workload.containers.iter();
        let stay = stay.filter(|it| it.kind != ContainerKind::Init);
        stay.filter_map(of).sum::<f64>() * len_f64(workload.pods.len())
    };
    match resource {
        "requests.cpu" => sum(&|it| it.cpu.map_or(0.0, Cpu::get)),
        "requests.memory" => sum(&|it| it.memory.map_or(0.0, Bytes::to_f64)),
        "limits.cpu" => limits(&|it| it.limits.cpu.map(Cpu::get)),
        "limits.memory" => limits(&|it| it.limits.memory.map(Bytes::to_f64)),
        "pods" | "count/pods" => len_f64(workload.pods.len()),
        _ => {
            let name = resource.strip_prefix("requests.").unwrap_or(resource);
            sum(&|it| it.extended.get(name).copied().unwrap_or(0.0))
        }
    }
}

impl Bound {
    /// Whether a quota may have no room for any other pod while all these are there.
    pub fn is_full(&self) -> bool {
        let mut limits = self.limits.iter();
        limits.any(|it| matches!(it, Limit::Quota { .. }))
    }

    /// `8 of the 25 replicas that its peak takes can be there: raise pods of ResourceQuota q
    /// from 8 to 25`: a part of a sentence.
    pub fn text(&self) -> String {
        let limits: Vec<String> = self.limits.iter().map(Limit::text).collect();
        format!(
            "{} of the {} replicas that its peak takes can be there: {}",
            self.replicas,
            self.needed,
            limits.join(", and ")
        )
    }
}

impl Limit {
    /// What stands against them, and what to do.
    pub fn text(&self) -> String {
        match self {
            Self::Quota {
                name,
                resource,
                hard,
                to,
            } => format!(
                "{resource} of ResourceQuota `{}` has to rise from {} to {}",
                escape(name),
                amount(resource, *hard),
                amount(resource, *to)
            ),
            Self::Apart { key } => format!(
                "its required anti-affinity lets one pod be in each `{}`",
                escape(key)
            ),
        }
    }
}

/// An amount of a resource as a quota has it.
fn amount(resource: &str, amount: f64) -> String {
    match resource.rsplit('.').next() {
        Some("cpu") => Cpu::cores(amount)
            .round_up_to(Cpu::millicores(1))
            .to_string(),
        Some("memory") => Bytes::from_f64(amount.ceil())
            .round_up_to(Bytes::mib(1))
            .to_string(),
        _ => short(amount, 0),
    }
}
