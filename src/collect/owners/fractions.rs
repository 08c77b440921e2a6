//! Parts of devices that a scheduler gives out on its own, as amounts of the resource that
//! the whole device is.

use std::collections::{BTreeMap, BTreeSet};

use super::devices::unknown;
use crate::collect::objects::{Controller, Fraction, PodRecord, Size, Template};
use crate::snapshot::{ContainerKind, GPU, Gap, Node, Resources};
use crate::units::{Bytes, count_from};

/// What `HAMi` divides a device by, beside [`GPU`] as the number of devices. Source: its
/// configuration, `resourceMemoryName` (MiB of each), `resourceMemoryPercentageName`,
/// `resourceCoreName` (percent of each).
const MEMORY: &str = "nvidia.com/gpumem";
const PERCENT: [&str; 2] = ["nvidia.com/gpumem-percentage", "nvidia.com/gpucores"];

/// Where KAI Scheduler (and Run:ai) hold whole devices with pods of their own, which are
/// then given out in parts.
const HOLDERS: [&str; 2] = ["kai-resource-reservation", "runai-reservation"];

/// Memory of a device by node, and the least that a node has.
struct Devices<'a> {
    of: BTreeMap<&'a str, Bytes>,
    least: Option<Bytes>,
}

/// Makes what pods and templates ask of a device the share of it: the largest of what they
/// ask of its compute and of its memory. Pods that only hold a device for others ask for none.
pub(super) fn count(
    pods: &mut [PodRecord],
    controllers: &mut [Controller],
    nodes: &mut [Node],
) -> Option<Gap> {
    whole(nodes, pods);
    let devices = Devices::new(nodes);
    let mut uncounted = BTreeSet::new();
    for pod in pods {
        if HOLDERS.contains(&pod.meta.namespace.as_str()) {
            for container in &mut pod.spec.containers {
                container.change(|amounts| _ = amounts.extended.remove(GPU));
            }
            pod.requests.extended.remove(GPU);
            continue;
        }
        let memory = devices.memory(pod.node.as_deref());
        let before = held(&pod.spec);
        let is_known = divide(&mut pod.spec, memory);
        let after = held(&pod.spec);
        if after > 0.0 && (after - before).abs() > 0.0 {
            pod.requests.extended.insert(GPU.to_owned(), after);
        }
        if !is_known && !pod.is_finished() {
            uncounted.insert(format!("{}/{}", pod.meta.namespace, pod.meta.name));
        }
    }
    for placed in controllers.iter_mut().flat_map(|it| &mut it.templates) {
        // What is missing here is told of its pods.
        divide(&mut placed.template, devices.memory(None));
    }
    let hint = "nothing says how much memory their device has: label the nodes (GPU feature \
        discovery: `nvidia.com/gpu.memory`)";
    unknown(&uncounted, "parts of devices", hint)
}

/// Makes of what a node gives out as devices those that its label counts: more are parts of
/// them, which `HAMi` divides as pods ask, and any other plugin in equal shares.
///
/// Where all devices are cut into slices alike, the label counts slices, or means cards.
fn whole(nodes: &mut [Node], pods: &[PodRecord]) {
    let divided = pods.iter().filter(|it| asks_for_parts(&it.spec));
    let divided: BTreeSet<&str> = divided.filter_map(|it| it.node.as_deref()).collect();
    for node in nodes {
        let said = &node.accelerator;
        let is_told = said.partition.is_some() || said.replicas.is_some_and(|it| it > 1);
        let parts = node.capacity.extended.get(GPU).copied().unwrap_or(0.0);
        let Some(count) = said.count.map(f64::from).filter(|it| *it > 0.0 && !is_told) else {
            continue;
        };
        if parts <= count {
            continue;
        }
        if !divided.contains(node.name.as_str()) {
            let each = u32::try_from(count_from(parts / count)).unwrap_or(1);
            node.accelerator.replicas = Some(each);
            continue;
        }
        for amounts in [&mut node.capacity, &mut node.allocatable] {
            if let Some(gpus) = amounts.extended.get_mut(GPU) {
                // Fewer are told where some are not healthy.
                *gpus = (*gpus * count / parts).ceil();
            }
        }
    }
}

/// Whether anything of a pod asks for a part of a device in the way of `HAMi`.
fn asks_for_parts(template: &Template) -> bool {
    template.containers.iter().any(|it| {
        let asked = it.requests.or(&it.limits).extended;
        let mut keys = [MEMORY, PERCENT[0], PERCENT[1]].into_iter();
        keys.any(|key| asked.get(key).is_some_and(|it| *it > 0.0))
    })
}

impl<'a> Devices<'a> {
    fn new(nodes: &'a [Node]) -> Self {
        let of = nodes.iter();
        let of = of.filter_map(|it| Some((it.name.as_str(), it.accelerator.memory?)));
        let of: BTreeMap<&str, Bytes> = of.filter(|(_, it)| *it > Bytes::ZERO).collect();
        let least = of.values().copied().min();
        Self { of, least }
    }

    /// On this node; where it is not known yet, on the smallest, as KAI Scheduler counts.
    fn memory(&self, node: Option<&str>) -> Option<Bytes> {
        match node {
            Some(node) => self.of.get(node).copied(),
            None => self.least,
        }
    }
}

/// Devices of a pod: those of what runs at once, or of what runs before.
fn held(template: &Template) -> f64 {
    let (mut at_once, mut before) = (0.0, 0.0_f64);
    for container in &template.containers {
        let devices = container.requests.extended.get(GPU);
        let devices = devices.copied().unwrap_or(0.0);
        match container.kind {
            ContainerKind::Init => before = before.max(devices),
            ContainerKind::App | ContainerKind::Sidecar => at_once += devices,
        }
    }
    before.max(at_once)
}

/// Gives each container its share; `false` where one is not known, which stays as it is.
fn divide(template: &mut Template, memory: Option<Bytes>) -> bool {
    let mut is_known = true;
    for container in &mut template.containers {
        let share = match part(&container.requests.or(&container.limits), memory) {
            Part::Whole => continue,
            Part::Share(share) => share,
            Part::Unknown => {
                is_known = false;
                continue;
            }
        };
        container.change(|amounts| {
            if let Some(devices) = amounts.extended.get_mut(GPU) {
                *devices *= share;
            }
        });
    }
    let Some(fraction) = template.fraction.clone() else {
        return is_known;
    };
    match fraction.share(memory) {
        Some(share) => fraction.give(share, template),
        None => is_known = false,
    }
    is_known
}

enum Part {
    Whole,
    Share(f64),
    Unknown,
}

/// What of each device a container asks for by `HAMi`'s resources.
fn part(asked: &Resources, memory: Option<Bytes>) -> Part {
    let of = |key: &str| asked.extended.get(key).copied().filter(|it| *it > 0.0);
    let (Some(_), true) = (
        of(GPU),
        [MEMORY, PERCENT[0]].iter().any(|it| of(it).is_some()),
    ) else {
        // All of the memory is taken where none is named.
        return Part::Whole;
    };
    let by_memory = of(MEMORY).map(|it| memory.map(|all| it / (all.to_gib() * 1024.0)));
    let shares = PERCENT.into_iter().filter_map(of).map(|it| it / 100.0);
    let largest = shares.chain(by_memory.flatten()).fold(0.0, f64::max);
    match by_memory {
        Some(None) => Part::Unknown,
        _ => Part::Share(largest.min(1.0)),
    }
}

impl Fraction {
    /// Of how many devices it is.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(count_from(self.devices)).unwrap_or(1)
    }

    fn share(&self, memory: Option<Bytes>) -> Option<f64> {
        let each = match self.size {
            Size::Share(share) => share,
            Size::Memory(part) => (part.to_f64() / memory?.to_f64()).min(1.0),
        };
        Some(each * self.devices)
    }

    /// To the container that is named, else to the first that is no init container. Pods that
    /// ask for whole devices beside are refused by the scheduler.
    fn give(&self, share: f64, template: &mut Template) {
        let containers = &mut template.containers;
        if containers
            .iter()
            .any(|it| it.requests.extended.contains_key(GPU))
        {
            return;
        }
        let named = |name: &String| containers.iter().position(|it| it.name == *name);
        let place = self.container.as_ref().and_then(named);
        let place = place.or_else(|| {
            containers
                .iter()
                .position(|it| it.kind == ContainerKind::App)
        });
        if let Some(container) = place.and_then(|it| containers.get_mut(it)) {
            let share = [(GPU.to_owned(), share)];
            container.requests.extended.extend(share);
        }
    }
}
