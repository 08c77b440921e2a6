use std::cmp::Reverse;

use super::{Pool, Reason};
use crate::recommend::rounding::{round_cpu, round_memory};
use crate::recommend::samples;
use crate::snapshot::Grid;
use crate::units::{Bytes, Cpu, len_f64};

/// A few pods that use far more than the many, as DaemonSets have them on a few nodes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct OddPods {
    /// Those that stand out: running ones first, then by memory.
    pub few: Vec<OddPod>,
    /// How many do not.
    pub many: usize,
    /// The largest of the many, where memory makes the difference.
    pub usual_memory: Option<Bytes>,
    /// The same for CPU.
    pub usual_cpu: Option<Cpu>,
    /// Whether it is their nodes that make them so, and they will stay so.
    pub by_node: bool,
}

/// One pod that is unlike the others.
#[derive(Debug, Clone, PartialEq)]
pub struct OddPod {
    pub pod: String,
    /// Where it runs, if it still does.
    pub node: Option<String>,
    /// Its largest working set, where that stands out.
    pub memory_peak: Option<Bytes>,
    /// P95 of its CPU, where that stands out.
    pub cpu_p95: Option<Cpu>,
}

/// Pods from which on there are many and few.
const MIN_PODS: usize = 5;
/// A pod stands out from this multiple of the median on.
const STANDS_OUT: f64 = 2.0;
/// Differences that cost nothing are none: bytes and cores.
const LEAST_MEMORY: f64 = 32.0 * 1024.0 * 1024.0;
const LEAST_CPU: f64 = 0.02;
/// More than this share is not a few.
const FEW: f64 = 0.2;
/// As many are named.
const NAMED: usize = 3;

impl OddPods {
    /// `tied` where request and limit are one and so have to cover all.
    pub(super) fn reason(&self, tied: bool) -> Reason {
        let mut names: Vec<String> = self.few.iter().take(NAMED).map(OddPod::named).collect();
        if self.few.len() > NAMED {
            names.push(format!("{} more", self.few.len() - NAMED));
        }
        let usual = [
            self.usual_memory.map(Bytes::human),
            self.usual_cpu.map(|cpu| format!("{cpu} CPU")),
        ];
        let usual: Vec<String> = usual.into_iter().flatten().collect();
        let sizes = match (self.by_node, tied) {
            (true, false) => format!(
                "requests are for the many and the limit covers all; {}",
                self.of_their_own()
            ),
            (true, true) => format!(
                "request and limit are equal and cover all; {}, and the many need no more than {}",
                self.of_their_own(),
                usual.join(" and ")
            ),
            (false, _) => "all pods share one size, so sizes cover all".to_owned(),
        };
        let text = format!(
            "unlike the other {} pods with up to {}: {}; {sizes}",
            self.many,
            usual.join(" and "),
            names.join(", "),
        );
        Reason::new("odd_pods", text)
    }

    /// What the few would ask for as a workload of their own.
    fn of_their_own(&self) -> String {
        let memory = self.few.iter().filter_map(|pod| pod.memory_peak).max();
        let cpu = self.few.iter().filter_map(|pod| pod.cpu_p95);
        let cpu = cpu.max_by(|a, b| a.get().total_cmp(&b.get()));
        let sizes = [
            memory.map(|memory| round_memory(memory).human()),
            cpu.map(|cpu| format!("{} CPU", round_cpu(cpu))),
        ];
        let sizes: Vec<String> = sizes.into_iter().flatten().collect();
        format!(
            "a DaemonSet of their own, with a node selector, would give the few requests of {}",
            sizes.join(" and ")
        )
    }

    /// Whether requests for CPU leave this pod out.
    pub(in crate::recommend) fn is_left_out_of_cpu(&self, pod: &str) -> bool {
        let mut few = self.few.iter();
        self.by_node && few.any(|odd| odd.cpu_p95.is_some() && odd.pod == pod)
    }

    /// The largest working set of those that memory requests are for; `None`
    /// where they are for all.
    pub(in crate::recommend) fn memory_of_many(&self) -> Option<Bytes> {
        self.usual_memory.filter(|_| self.by_node)
    }
}

impl OddPod {
    /// `agent-x2x on n7 (1000Mi)`.
    fn named(&self) -> String {
        let uses = [
            self.memory_peak.map(Bytes::human),
            self.cpu_p95.map(|cpu| format!("{cpu} CPU")),
        ];
        let uses: Vec<String> = uses.into_iter().flatten().collect();
        let node = self.node.as_deref();
        let on = node.map_or_else(String::new, |node| format!(" on {node}"));
        format!("{}{on} ({})", self.pod, uses.join(", "))
    }
}

/// What one pod used.
struct Used<'a> {
    pod: &'a str,
    memory: Option<f64>,
    cpu: Option<f64>,
}

/// Among the pods that have run for a day: an hour is not how a pod is.
pub(in crate::recommend) fn find(pool: &Pool<'_>, grid: &Grid) -> Option<OddPods> {
    let day = usize::try_from(grid.per_day()).unwrap_or(usize::MAX);
    let long = pool.series.iter().filter(|series| series.len() >= day);
    if pool.workload.is_batch() || long.clone().count() < MIN_PODS {
        return None;
    }
    let used: Vec<Used<'_>> = long
        .map(|series| Used {
            pod: &series.pod,
            memory: samples::largest(samples::known(&series.memory_bytes)),
            cpu: samples::quantile_of(samples::known(&series.cpu_cores).collect(), 0.95),
        })
        .collect();
    let memory = usual(used.iter().filter_map(|pod| pod.memory), LEAST_MEMORY);
    let cpu = usual(used.iter().filter_map(|pod| pod.cpu), LEAST_CPU);
    let above = |used: Option<f64>, usual: Option<f64>| {
        used.zip(usual)
            .and_then(|(used, usual)| (used > usual).then_some(used))
    };
    let mut few: Vec<OddPod> = used
        .iter()
        .filter_map(|used| {
            let (memory, cpu) = (above(used.memory, memory), above(used.cpu, cpu));
            (memory.is_some() || cpu.is_some()).then(|| OddPod {
                pod: used.pod.to_owned(),
                node: node_of(pool, used.pod),
                memory_peak: memory.map(Bytes::from_f64),
                cpu_p95: cpu.map(Cpu::cores),
            })
        })
        .collect();
    few.sort_by_key(|pod| {
        let runs = pod.node.is_some();
        (Reverse(runs), Reverse(pod.memory_peak), pod.pod.clone())
    });
    (!few.is_empty()).then(|| OddPods {
        many: used.len() - few.len(),
        few,
        usual_memory: memory.map(Bytes::from_f64),
        usual_cpu: cpu.map(Cpu::cores),
        by_node: pool.workload.id.kind == "DaemonSet",
    })
}

/// The largest value of the many, where a few stand out from them.
fn usual(values: impl Iterator<Item = f64>, least: f64) -> Option<f64> {
    let values = samples::sorted(values.collect());
    if values.len() < MIN_PODS {
        return None;
    }
    let median = values[values.len() / 2];
    let bound = (STANDS_OUT * median).max(median + least);
    let many = values.partition_point(|value| *value <= bound);
    let few = values.len() - many;
    let is_few = few > 0 && len_f64(few) <= FEW * len_f64(values.len());
    is_few.then(|| values[many - 1])
}

fn node_of(pool: &Pool<'_>, pod: &str) -> Option<String> {
    let mut pods = pool.workload.pods.iter();
    pods.find(|running| running.name == pod)?.node.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_at_most_a_fifth_and_far_above_the_median() {
        let usual = |values: &[f64]| usual(values.iter().copied(), 10.0);
        assert_eq!(usual(&[100.0, 90.0, 110.0, 95.0, 500.0]), Some(110.0));
        assert_eq!(usual(&[100.0, 90.0, 110.0, 95.0, 190.0]), None);
        assert_eq!(usual(&[100.0, 90.0, 110.0, 480.0, 500.0]), None);
        assert_eq!(usual(&[1.0, 1.0, 1.0, 1.0, 9.0]), None);
        assert_eq!(usual(&[100.0, 100.0, 500.0]), None);
    }
}
