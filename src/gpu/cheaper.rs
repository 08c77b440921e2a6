//! A product that does the same for less.

use super::card::Card;
use super::seen::Seen;
use crate::price::{Book, entries, regions};
use crate::snapshot::Node;
use crate::units::Money;

/// Another product, and its price as a share of that of now.
pub(super) struct Cheaper {
    pub(super) name: &'static str,
    pub(super) share: f64,
}

/// What the other one is used at most: compute and bandwidth are those of data sheets.
const USED: f64 = 0.6;
/// It must cost no more than this share.
const WORTH: f64 = 0.75;

/// The cheapest product of the same cloud and region that has what is used, by list prices
/// of machines with one device or more, each divided by its devices.
pub(super) fn find(need: &Need, card: &Card, node: &Node, book: &Book) -> Option<Cheaper> {
    // Under the user's own prices the list says nothing.
    if book.sheet().is_some() {
        return None;
    }
    let now = book.price(node);
    let devices = node.capacity.gpus().max(node.allocatable.gpus());
    if devices <= 0.0 || now.source != "list" {
        return None;
    }
    let now = now.hourly.to_f64() / devices;
    let mut region = regions().filter(|it| node.region.as_deref() == Some(it.name));
    let region = region.next()?;
    let priced = entries().filter_map(|entry| {
        let own = entry.provider == region.provider && entry.gpus >= 1.0;
        let other = Card::of(entry.gpu.filter(|_| own)?)?;
        let price: Money = entry.cell(region)?.on_demand;
        (other != card && need.fits(other)).then(|| (price.to_f64() / entry.gpus, other.name))
    });
    let (price, name) = priced.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let share = price / now;
    (share <= WORTH).then_some(Cheaper { name, share })
}

/// What is used of the fullest device, at the 95th percentile of its busiest hour.
pub(super) struct Need {
    teraflops: f64,
    bandwidth: f64,
    bytes: f64,
}

impl Need {
    /// Of a device that does so many times what was seen.
    pub(super) fn of(seen: &Seen, card: &Card, times: f64) -> Option<Self> {
        // Without both, what a device does is not known well enough for another.
        let sm = seen.busiest.sm?.max(seen.sm?.p95);
        let dram = seen.busiest.dram?.max(seen.dram?.p95);
        Some(Self {
            teraflops: seen.most(|it| it.sm).unwrap_or(sm).max(sm) * card.teraflops * times,
            bandwidth: seen.most(|it| it.dram).unwrap_or(dram).max(dram) * card.bandwidth * times,
            bytes: seen.memory?.max,
        })
    }

    fn fits(&self, card: &Card) -> bool {
        self.teraflops <= card.teraflops * USED
            && self.bandwidth <= card.bandwidth * USED
            && self.bytes <= card.memory().to_f64() * 0.9
    }
}
