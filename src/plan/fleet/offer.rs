//! Machine types that a pool could be of, and what of them is left for pods.

use super::Amounts;
use super::site::Site;
use crate::price::{Book, Entry, entries, entry, regions};
use crate::snapshot::{CapacityType, Node};
use crate::units::Money;

/// What Linux and the machine take of the memory that is sold. Source: Karpenter,
/// `VM_MEMORY_OVERHEAD_PERCENT`.
const UNSEEN: f64 = 0.075;
const MIB: f64 = 1_048_576.0;

/// One type.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) name: &'static str,
    pub(super) cores: f64,
    pub(super) gib: f64,
    /// An hour, of one that is the first of its type: what is paid beyond commitments.
    pub(super) price: Money,
    /// An hour, without commitments.
    pub(super) each: Money,
    /// As it is priced.
    pub(super) machine: Node,
    /// As the kubelet would say it.
    pub(super) allocatable: Amounts,
    /// For pods, less DaemonSets and the reserve.
    pub(super) room: Amounts,
    /// For each of the rules of pods whether they allow it.
    pub(super) allowed: Vec<bool>,
}

/// What machines a pool could be of.
pub(super) struct Wanted<'a> {
    /// What its nodes have in common.
    pub(super) like: &'a Node,
    pub(super) spot: bool,
    /// What DaemonSets take of each.
    pub(super) daemons: Amounts,
    pub(super) reserve: f64,
    /// Older ones do less with a core.
    pub(super) generation: Option<u32>,
    /// What every one of them has.
    pub(super) device: Option<Device>,
}

/// GPUs of one machine.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Device {
    model: &'static str,
    count: f64,
}

/// The GPUs of a type, by the list.
pub(super) fn device(name: &str) -> Option<Device> {
    device_of(entry(name, None)?)
}

fn device_of(entry: &Entry) -> Option<Device> {
    let model = entry.gpu.filter(|_| entry.gpus >= 1.0)?;
    Some(Device {
        model,
        count: entry.gpus,
    })
}

/// The types of the list in the region of a node, for its architecture; none of those that
/// another that as many pods may run on has as much of for less.
///
/// `more` says what one costs an hour, beside its price.
pub(super) fn offers(
    book: &Book,
    wanted: &Wanted<'_>,
    site: &Site<'_>,
    more: impl Fn(&Node, Money) -> Money,
) -> Vec<Offer> {
    let like = wanted.like;
    let place = like.region.as_deref();
    let Some(region) = regions().find(|it| Some(it.name) == place) else {
        return Vec::new();
    };
    let arm = like.architecture.as_deref() == Some("arm64");
    let fitting = entries().filter(|it| it.cell(region).is_some() && is_arm(it.name) == arm);
    let fitting = fitting.filter(|it| device_of(it) == wanted.device && !is_shared(it.name));
    // A type with a part of a GPU is rented for that.
    let fitting = fitting.filter(|it| wanted.device.is_some() || it.gpu.is_none());
    let fitting = fitting.filter(|it| {
        let least = wanted.generation;
        least.is_none_or(|least| generation(it.name).is_none_or(|own| own >= least))
    });
    let mut found: Vec<Offer> = fitting
        .filter_map(|entry| offer(book, entry, wanted))
        .collect();
    for it in &mut found {
        it.price = more(&it.machine, it.each);
        it.allowed = site.allowed(it);
    }
    found.sort_by(|a, b| {
        let cheapest = a.price.cmp(&b.price).then(a.each.cmp(&b.each));
        cheapest.then(a.name.cmp(b.name))
    });
    let mut kept: Vec<Offer> = Vec::new();
    for it in found {
        let beaten = |other: &Offer| {
            let mut room = other.room.iter().zip(it.room);
            let mut allowed = other.allowed.iter().zip(&it.allowed);
            room.all(|(other, own)| *other >= own) && allowed.all(|(other, own)| *other >= *own)
        };
        if !kept.iter().any(beaten) {
            kept.push(it);
        }
    }
    kept
}

fn offer(book: &Book, entry: &'static Entry, wanted: &Wanted<'_>) -> Option<Offer> {
    let like = wanted.like;
    let (cores, gib) = (entry.vcpus?, entry.gib?);
    let devices = wanted.device.as_ref();
    let capacity = entry.capacity();
    let node = Node {
        instance_type: Some(entry.name.to_owned()),
        region: like.region.clone(),
        provider: like.provider.clone(),
        pool: like.pool.clone(),
        gpu_product: like.gpu_product.clone(),
        capacity_type: if wanted.spot {
            CapacityType::Spot
        } else {
            CapacityType::OnDemand
        },
        allocatable: capacity.clone(),
        capacity,
        ..Node::default()
    };
    let [cpu, memory, pods] = allocatable(like.provider.as_deref(), cores, gib);
    let allocatable = [cpu, memory, pods, devices.map_or(0.0, |it| it.count)];
    let kept = [wanted.reserve, wanted.reserve, 0.0, 0.0];
    let room = [0, 1, 2, 3].map(|at| allocatable[at] * (1.0 - kept[at]) - wanted.daemons[at]);
    // Small ones may have nothing left beside what runs on every node.
    let usable = room[..3].iter().all(|it| *it > 0.0);
    let price = book.uncommitted(&node);
    let is_whole = devices.is_none() || price.rates.gpu_hour.is_some();
    (usable && is_whole).then_some(Offer {
        name: entry.name,
        cores,
        gib,
        price: price.hourly,
        each: price.hourly,
        machine: node,
        allocatable,
        room,
        allowed: Vec::new(),
    })
}

/// What is left of a machine for pods. Source: the nodeadm of EKS, the documentation of GKE
/// and AKS on reserved resources.
fn allocatable(provider: Option<&str>, cores: f64, gib: f64) -> [f64; 3] {
    let seen = gib * 1024.0 * (1.0 - UNSEEN);
    let step = |from: f64, to: f64, share: f64| (cores.min(to) - from).max(0.0) * share;
    let usual = step(0.0, 1.0, 0.06)
        + step(1.0, 2.0, 0.01)
        + step(2.0, 4.0, 0.005)
        + step(4.0, f64::MAX, 0.0025);
    let pods: f64 = match provider {
        // Addresses of the default network cards.
        Some("aws") if cores < 2.0 => 8.0,
        Some("aws") if cores < 4.0 => 29.0,
        Some("aws") if cores < 16.0 => 58.0,
        Some("aws") => 234.0,
        _ => 110.0,
    };
    let (cpu, memory) = match provider {
        Some("aws") => (usual, 255.0 + 11.0 * pods + 100.0),
        Some("azure") => {
            let cpu = step(0.0, 1.0, 0.06)
                + step(1.0, 2.0, 0.04)
                + step(2.0, 4.0, 0.02)
                + step(4.0, f64::MAX, 0.01);
            let own = (20.0 * pods + 50.0).min(0.25 * gib * 1024.0);
            (cpu, own + 100.0)
        }
        _ => {
            let step = |from: f64, to: f64, share: f64| (gib.min(to) - from).max(0.0) * share;
            let own = step(0.0, 4.0, 0.25)
                + step(4.0, 8.0, 0.2)
                + step(8.0, 16.0, 0.1)
                + step(16.0, 128.0, 0.06)
                + step(128.0, f64::MAX, 0.02);
            (usual, own * 1024.0 + 100.0)
        }
    };
    [cores - cpu, (seen - memory) * MIB, pods]
}

/// Whether a type has the other architecture, by its name: `m7g.large`, `Standard_D4ps_v5`,
/// `t2a-standard-4`.
fn is_arm(name: &str) -> bool {
    let family = name.split(['.', '-']).next().unwrap_or_default();
    if let Some(rest) = name.strip_prefix("Standard_") {
        let size = rest.split('_').next().unwrap_or_default();
        return size
            .trim_start_matches(|it: char| it.is_ascii_uppercase())
            .contains('p');
    }
    if name.contains('-') {
        return matches!(family, "t2a" | "c4a" | "n4a");
    }
    let after = family.trim_start_matches(|it: char| it.is_ascii_lowercase());
    family == "a1" || after.contains('g')
}

/// The generation that a type is of, by its name: 6 of `m6i.2xlarge`, 5 of
/// `Standard_D8s_v5`, 2 of `n2-standard-8`.
pub(super) fn generation(name: &str) -> Option<u32> {
    if name.starts_with("Standard_") {
        let version = name.rsplit_once("_v").map(|(_, version)| version);
        // The first of Azure's have no version in their names.
        return version.map_or(Some(1), |it| it.parse().ok());
    }
    let family = name.split(['.', '-']).next()?;
    let digits = family.trim_start_matches(|it: char| it.is_ascii_lowercase());
    let end = digits.find(|it: char| !it.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().ok()
}

/// Whether its cores are lent by the minute, which nobody should plan on.
fn is_shared(name: &str) -> bool {
    let family = name.split(['.', '-']).next().unwrap_or_default();
    let burst = matches!(family, "t2" | "t3" | "t3a" | "t4g" | "f1" | "g1");
    let small = ["-micro", "-small", "-medium"]
        .iter()
        .any(|it| name.ends_with(it));
    burst || small || name.starts_with("Standard_B") || name.contains("metal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_are_told_by_names() {
        for name in [
            "m7g.large",
            "c6gn.xlarge",
            "a1.large",
            "Standard_D4ps_v5",
            "t2a-standard-4",
        ] {
            assert!(is_arm(name), "{name}");
        }
        for name in [
            "m6i.large",
            "g5.xlarge",
            "Standard_D4s_v5",
            "n2-standard-4",
            "m7i-flex.large",
        ] {
            assert!(!is_arm(name), "{name}");
        }
    }

    #[test]
    fn generations_are_told_by_names() {
        let of = [
            ("m6i.2xlarge", Some(6)),
            ("a1.large", Some(1)),
            ("g5.xlarge", Some(5)),
            ("Standard_D8s_v5", Some(5)),
            ("Standard_D2", Some(1)),
            ("n2-standard-8", Some(2)),
            ("c4-highmem-16-lssd", Some(4)),
            ("u-6tb1.metal", None),
        ];
        for (name, expected) in of {
            assert_eq!(generation(name), expected, "{name}");
        }
    }

    #[test]
    fn reserved_amounts_are_those_of_the_providers() {
        let milli = |provider, cores| {
            let left = allocatable(Some(provider), cores, 64.0)[0];
            format!("{:.0}", (cores - left) * 1000.0)
        };
        assert_eq!(
            [2.0, 4.0, 16.0, 64.0].map(|it| milli("aws", it)),
            ["70", "80", "110", "230"]
        );
        assert_eq!(
            [2.0, 8.0, 16.0].map(|it| milli("azure", it)),
            ["100", "180", "260"]
        );
        let reserved = |gib: f64| {
            let left = allocatable(Some("gce"), 8.0, gib)[1] / MIB;
            gib * 1024.0 * (1.0 - UNSEEN) - left - 100.0
        };
        assert!((reserved(16.0) - 2.6 * 1024.0).abs() < 1.0);
        assert!((reserved(64.0) - 5.48 * 1024.0).abs() < 1.0);
    }
}
