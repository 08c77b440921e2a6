use std::ops::Range;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::{Kind, Packed};
use crate::units::len_f64;

/// Of the orders of pods.
const SEED: u64 = 0x6b63_6f73;
/// Nodes that are packed at each moment before a chance is believed.
const NODES: usize = 64;
/// Bounds of how often all pods are packed for that.
const PACKINGS: Range<usize> = 1..41;

/// The same pods packed in one order after another, until enough nodes were filled.
pub struct Orders {
    random: Xoshiro256PlusPlus,
    packings: usize,
    nodes: usize,
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            random: Xoshiro256PlusPlus::seed_from_u64(SEED),
            packings: 0,
            nodes: 0,
        }
    }
}

impl Orders {
    /// Whether too few nodes were filled yet to believe a chance.
    pub fn go_on(&self) -> bool {
        let enough = self.packings >= PACKINGS.start && self.nodes >= NODES;
        !enough && self.packings < PACKINGS.end
    }

    /// Packs them in the next order.
    pub fn pack(&mut self, kind: &Kind, request: impl Fn(usize) -> f64) -> Vec<Packed> {
        let placed = kind.pack(request, &mut self.random);
        self.packings += 1;
        self.nodes += placed.len();
        placed
    }

    /// Nodes of all packings so far.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Nodes that a packing takes on average.
    pub fn nodes_each(&self) -> f64 {
        len_f64(self.nodes) / len_f64(self.packings.max(1))
    }
}
