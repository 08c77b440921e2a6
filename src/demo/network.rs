//! What pods carry over the network, an hour at a time and in step with their CPU. One
//! loses packets, and one hears from nobody any more.

use crate::snapshot::{ContainerKind, Metric, Series, Workload};
use crate::units::{len_f64, single};

/// Bytes a second of a core that works.
const PER_CORE: f64 = 150_000.0;
/// Slots an hour.
const HOUR: usize = 12;

/// Cut off for so many hours but for its probes, in bytes a second.
const CUT_OFF: (&str, usize, f32) = ("recommendations", 3, 40.0);
/// One pod of it loses such a share of its packets for so many hours.
const LOSES: (&str, usize, f32) = ("storefront-bff", 6, 0.024);

/// Node agents are on the network of their node.
pub(super) fn is_of_its_node(workload: &Workload) -> bool {
    workload.id.kind == "DaemonSet"
}

/// Puts what is counted beside the use of the first container of each pod; `slots` are
/// those of the window.
pub(super) fn carry(workloads: &[Workload], series: &mut [Series], slots: usize) {
    let mut told = false;
    for one in series {
        let workload = usize::try_from(one.workload).ok();
        let Some(workload) = workload.and_then(|at| workloads.get(at)) else {
            continue;
        };
        let mut apps = workload.containers.iter();
        let first = apps.find(|it| it.kind == ContainerKind::App);
        if is_of_its_node(workload) || first.is_none_or(|it| it.name != one.container) {
            continue;
        }
        let name = workload.id.name.as_str();
        let from = usize::try_from(one.first).unwrap_or(usize::MAX);
        let cut_off = |hour| name == CUT_OFF.0 && hour + CUT_OFF.1 >= slots / HOUR;
        let left = |hour| cut_off(hour).then_some(CUT_OFF.2);
        let bytes = hourly(&one.cpu_cores, from, left);
        let runs = from + one.cpu_cores.len() >= slots;
        let loses = !told && runs && name == LOSES.0;
        told |= loses;
        let last = bytes.iter().rposition(|it| it.is_finite());
        let mut drops = vec![f32::NAN; bytes.len()];
        let mut errors = drops.clone();
        for (at, known) in bytes.iter().enumerate() {
            if loses && known.is_finite() {
                let recent = from + at + LOSES.1 * HOUR >= slots;
                drops[at] = if recent { LOSES.2 } else { 0.0 };
            }
        }
        if let Some(last) = last {
            errors[last] = 0.0;
            if !loses {
                drops[last] = 0.0;
            }
        }
        let columns = [
            (Metric::NetworkBytesPerSecond, bytes),
            (Metric::NetworkErrorRatio, errors),
            (Metric::NetworkDropRatio, drops),
        ];
        let columns = columns.into_iter().map(|(metric, it)| (metric, it.into()));
        one.more.extend(columns);
    }
}

/// By the mean of the CPU of each hour, at its last slot; `given` for hours of the window
/// that have another reason.
fn hourly(cpu: &[f32], from: usize, given: impl Fn(usize) -> Option<f32>) -> Vec<f32> {
    let mut bytes = vec![f32::NAN; cpu.len()];
    for end in (0..cpu.len()).filter(|at| (from + at + 1).is_multiple_of(HOUR)) {
        let known = cpu[(end + 1).saturating_sub(HOUR)..=end].iter();
        let known: Vec<f64> = known
            .filter(|it| it.is_finite())
            .map(|it| f64::from(*it))
            .collect();
        if known.is_empty() {
            continue;
        }
        let mean = known.iter().sum::<f64>() / len_f64(known.len());
        let own = single((mean * PER_CORE).round());
        bytes[end] = given((from + end) / HOUR).unwrap_or(own);
    }
    bytes
}
