//! The price of a node over its CPU, memory and devices.

use crate::price::Rates;
use crate::snapshot::Node;
use crate::units::{Bytes, Cpu, Money};

/// CPU and memory of a node with devices cost no more than this share of it: whatever
/// the rates say, one rents such a node for its devices.
const MOST_BESIDE_DEVICES: f64 = 0.5;

/// The price over what the machine has, so that what the kubelet keeps back is paid for
/// too. CPU and memory cost as a core and a GiB do at the `usual` rates: those of the sheet
/// where it has any, else OpenCost's defaults, which are 7.46 to 1. Where there are devices,
/// CPU and memory cost those rates themselves, at most half of the node, and the devices the
/// rest: by the ratio of OpenCost's defaults two thirds of a node with eight H100 would count
/// as CPU and memory.
pub(in crate::price) fn split(hourly: Money, node: &Node, usual: &Rates) -> Rates {
    let size = |own: f64, other: f64| if own > 0.0 { own } else { other };
    let cores = |it: Option<Cpu>| it.map_or(0.0, Cpu::get);
    let gib = |it: Option<Bytes>| it.map_or(0.0, Bytes::to_gib);
    let cores = size(cores(node.capacity.cpu), cores(node.allocatable.cpu));
    let gib = size(gib(node.capacity.memory), gib(node.allocatable.memory));
    let gpus = size(node.capacity.gpus(), node.allocatable.gpus());
    let price = hourly.to_f64();
    let beside = cores * usual.cpu_core_hour + gib * usual.memory_gib_hour;
    if beside <= 0.0 {
        let devices = (gpus > 0.0).then(|| price / gpus);
        return Rates {
            gpu_hour: devices.or(usual.gpu_hour),
            ..usual.clone()
        };
    }
    let paid = if gpus > 0.0 {
        beside.min(price * MOST_BESIDE_DEVICES)
    } else {
        price
    };
    Rates {
        cpu_core_hour: usual.cpu_core_hour * paid / beside,
        memory_gib_hour: usual.memory_gib_hour * paid / beside,
        gpu_hour: if gpus > 0.0 {
            Some((price - paid) / gpus)
        } else {
            usual.gpu_hour
        },
    }
}
