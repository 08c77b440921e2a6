//! What workloads cost over the window, with as many pods as ran at each time.

use crate::price::{Book, pod_requests};
use crate::profile::Profile;
use crate::snapshot::{Resources, Snapshot};
use crate::units::{HOURS_PER_MONTH, Money, float, len_f64};

use super::Owner;
use super::Piece;

/// For each workload what its pods of the window cost, at what they request now: `None`
/// where no sample says how many there were.
///
/// A pod of a workload that runs costs what its pods cost now on average; one of a job
/// between two runs what it requests, at the rates of a pod on no known node.
pub(super) fn window(
    snapshot: &Snapshot,
    profiles: &[Profile],
    pieces: &[Piece],
    book: &Book,
) -> Vec<Option<Money>> {
    let slots = snapshot.usage.grid.len;
    let hours = f64::from(slots) * f64::from(snapshot.usage.grid.step.as_secs()) / 3600.0;
    let mut samples = vec![0_u64; snapshot.workloads.len()];
    for profile in profiles {
        let most = &mut samples[profile.workload];
        *most = (*most).max(profile.quality.samples);
    }
    let mut monthly = vec![Money::ZERO; snapshot.workloads.len()];
    for piece in pieces {
        if let Owner::Workload(at) = piece.owner {
            monthly[at] += piece.cost.total();
        }
    }
    let each = snapshot.workloads.iter().zip(samples).zip(monthly);
    let each = each.map(|((workload, samples), monthly)| {
        if slots == 0 || samples == 0 {
            return None;
        }
        let mean = float(samples) / f64::from(slots);
        let paid = workload
            .pods
            .iter()
            .filter(|pod| pod.node.is_some())
            .count();
        let one = if paid > 0 {
            monthly.to_f64() / len_f64(paid)
        } else {
            let (cpu, memory) = pod_requests(workload);
            let devices = workload.containers.iter().map(|it| &it.requests);
            let devices: f64 = devices.map(Resources::gpus).sum();
            let rates = book.rates(None);
            (rates.hourly(cpu, memory) + rates.devices(devices)) * HOURS_PER_MONTH
        };
        Some(Money::from_f64(one * mean * hours / HOURS_PER_MONTH))
    });
    each.collect()
}
