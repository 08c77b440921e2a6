//! Accelerators of nodes that give them out by claims: their plugin tells the kubelet of none.

use std::collections::{BTreeMap, BTreeSet};

use crate::collect::objects::{ClaimRecord, SliceRecord};
use crate::snapshot::{DEVICE_CLASS, Node, is_gpu};
use crate::units::len_f64;

/// Devices of one driver on a node.
#[derive(Default)]
struct Offer<'a> {
    generation: BTreeMap<&'a str, i64>,
    /// By pool.
    devices: BTreeMap<&'a str, BTreeSet<&'a str>>,
    newest: Option<&'a SliceRecord>,
}

/// Adds to nodes the devices that slices list. Where none was read, those that the node
/// says it has, or at least those that claims hold.
///
/// A node whose plugin tells of devices has those: it may offer them by claims too.
pub(super) fn add(nodes: &mut [Node], slices: &[SliceRecord], claims: &[ClaimRecord]) {
    let mut offers: BTreeMap<(&str, &str), Offer<'_>> = BTreeMap::new();
    for slice in slices {
        let key = (slice.node.as_str(), slice.driver.as_str());
        offers.entry(key).or_default().add(slice);
    }
    for node in nodes.iter_mut().filter(|it| it.capacity.gpus() <= 0.0) {
        let own: Vec<(String, f64)> = offers
            .range((node.name.as_str(), "")..)
            .take_while(|((name, _), _)| *name == node.name)
            .map(|((_, driver), offer)| ((*driver).to_owned(), offer.count()))
            .collect();
        let newest = offers
            .range((node.name.as_str(), "")..)
            .take_while(|((name, _), _)| *name == node.name)
            .find_map(|(_, offer)| offer.newest);
        let devices = if own.is_empty() {
            held(node, claims)
        } else {
            own
        };
        for (driver, count) in devices {
            let name = format!("{DEVICE_CLASS}{driver}");
            for amounts in [&mut node.capacity, &mut node.allocatable] {
                amounts.extended.insert(name.clone(), count);
            }
        }
        if let Some(slice) = newest {
            let product = &mut node.gpu_product;
            *product = product.take().or_else(|| slice.product.clone());
            node.accelerator.memory = node.accelerator.memory.or(slice.memory);
        }
    }
    for node in nodes {
        let unused = claims.iter().filter(|it| it.allocated && !it.used);
        let on = unused.filter(|it| it.on(&node.name).next().is_some());
        let names = on.map(|it| format!("{}/{}", it.namespace, it.name));
        node.accelerator.unused_claims = names.collect();
        node.accelerator.unused_claims.sort_unstable();
    }
}

impl<'a> Offer<'a> {
    fn add(&mut self, slice: &'a SliceRecord) {
        let newest = self.generation.entry(&slice.pool).or_insert(i64::MIN);
        if slice.generation < *newest {
            return;
        }
        let devices = self.devices.entry(&slice.pool).or_default();
        if slice.generation > *newest {
            *newest = slice.generation;
            devices.clear();
        }
        devices.extend(slice.devices.iter().map(String::as_str));
        self.newest = Some(slice);
    }

    fn count(&self) -> f64 {
        len_f64(self.devices.values().map(BTreeSet::len).sum())
    }
}

/// Devices of a node by driver, as far as claims tell: as many as its label says, where a
/// claim holds any of one driver. The pool of a driver on a node is called after the node.
fn held(node: &Node, claims: &[ClaimRecord]) -> Vec<(String, f64)> {
    let mut drivers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (driver, device) in claims.iter().flat_map(|it| it.on(&node.name)) {
        drivers.entry(driver).or_default().insert(device);
    }
    let one = drivers.len() == 1;
    let told = node.accelerator.count.filter(|_| one).map(f64::from);
    let counted = drivers.into_iter().map(|(driver, devices)| {
        let least = len_f64(devices.len());
        (
            driver.to_owned(),
            told.map_or(least, |told| told.max(least)),
        )
    });
    counted.collect()
}

impl ClaimRecord {
    /// Drivers and names of accelerators that it has got on a node.
    fn on<'a>(&'a self, node: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let devices = self.devices.iter();
        let own = devices.filter(move |it| it.pool == node && is_gpu(&it.driver));
        own.map(|it| (it.driver.as_str(), it.name.as_str()))
    }
}
