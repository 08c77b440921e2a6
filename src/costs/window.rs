//! What workloads cost over the window, with as many pods as ran at each time.

use super::{Owner, Piece, Split};
use crate::price::{Book, Homes, NodePrice, pod_requests, unknown_runs};
use crate::profile::Profile;
use crate::snapshot::{Resources, Snapshot, Workload};
use crate::units::{HOURS_PER_MONTH, Money, float, len_f64};

/// For each workload of the snapshot, at what it requests now.
pub(super) struct Window {
    /// What its pods cost over the window; `None` where no sample says how many there were.
    pub(super) costs: Vec<Option<Money>>,
    /// What they cost a month on average, where none of them costs anything now.
    pub(super) runs: Vec<Option<Split>>,
    /// What is to be known of that, where nothing tells which devices runs had.
    pub(super) unknown: Vec<String>,
}

/// A pod of a workload that runs costs what its pods cost now on average; one of a job
/// between two runs what it requests, at the rates of a pod on no known node, or with devices
/// at those of the nodes that it ran on.
pub(super) fn window(
    snapshot: &Snapshot,
    profiles: &[Profile],
    pieces: &[Piece],
    prices: (&[NodePrice], &Book),
) -> Window {
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
    let mut window = Window {
        costs: Vec::with_capacity(samples.len()),
        runs: Vec::with_capacity(samples.len()),
        unknown: Vec::new(),
    };
    let homes = Homes::new(&snapshot.cluster);
    let mut gone = Vec::new();
    let each = snapshot.workloads.iter().zip(samples).zip(monthly);
    for ((workload, samples), monthly) in each {
        let over = |one: f64| Money::from_f64(one * hours / HOURS_PER_MONTH);
        let paid = workload.pods.iter().filter(|pod| pod.node.is_some());
        let (paid, mean) = (
            len_f64(paid.count()),
            float(samples) / f64::from(slots.max(1)),
        );
        let is_known = slots > 0 && samples > 0;
        let is_gone = is_known && paid <= 0.0 && monthly == Money::ZERO;
        let run = is_gone.then(|| pod(&homes, workload, prices).scale(mean));
        if is_gone && workload.is_batch() {
            gone.push(workload);
        }
        let cost = match &run {
            _ if !is_known => None,
            Some(run) => Some(over(run.total().to_f64())),
            None if paid > 0.0 => Some(over(monthly.to_f64() / paid * mean)),
            None => Some(over(pod(&homes, workload, prices).total().to_f64() * mean)),
        };
        window.costs.push(cost);
        window.runs.push(run);
    }
    window.unknown = unknown_runs(&homes, gone.into_iter(), prices.1);
    window
}

/// What one pod costs a month that is not there now.
fn pod(homes: &Homes<'_>, workload: &Workload, (prices, book): (&[NodePrice], &Book)) -> Split {
    let (cpu, memory) = pod_requests(workload);
    let devices = workload.containers.iter().map(|it| &it.requests);
    let devices: f64 = devices.map(Resources::gpus).sum();
    let home = homes.of(workload);
    let rates = home.map_or_else(|| book.rates(None), |it| it.rates(prices, book));
    let month = |hourly: f64| Money::from_f64(hourly * HOURS_PER_MONTH);
    Split {
        cpu: month(cpu.get() * rates.cpu_core_hour),
        memory: month(memory.to_gib() * rates.memory_gib_hour),
        gpu: month(rates.devices(devices)),
        ..Split::default()
    }
}
