//! Which signals there are besides each other, and what each missing one costs.

use crate::doctor::{Check, Point, Seen};
use crate::snapshot::{Metric, Snapshot};
use crate::vitals::Store;

/// What kcost reads of containers, signal by signal.
pub(super) struct Signals;

/// One signal, and what is lost without it.
struct Signal {
    name: &'static str,
    /// Metrics that tell of it, by their usual names: any of them will do.
    metrics: &'static [&'static str],
    /// Its column, where the data itself shows whether it is there.
    column: Column,
    /// Whether a cluster like this one has it at all.
    fits: fn(&Snapshot) -> bool,
    cost: u8,
    effect: &'static str,
    mend: &'static str,
}

enum Column {
    Cpu,
    Memory,
    More(Metric),
    None,
}

const CADVISOR: &str = "scrape the kubelets' `/metrics/cadvisor`, or say what it is called: \
                        --prometheus-names NAME=OTHER";
const KUBE_STATE_METRICS: &str = "helm install kube-state-metrics \
                                  prometheus-community/kube-state-metrics";

static ALL: [Signal; 16] = [
    Signal {
        name: "CPU use",
        metrics: &["container_cpu_usage_seconds_total"],
        column: Column::Cpu,
        fits: always,
        cost: 40,
        effect: "no CPU request is advised",
        mend: CADVISOR,
    },
    Signal {
        name: "memory use",
        metrics: &["container_memory_working_set_bytes"],
        column: Column::Memory,
        fits: always,
        cost: 40,
        effect: "no memory request or limit is advised",
        mend: CADVISOR,
    },
    Signal {
        name: "memory without the page cache",
        metrics: &["container_memory_rss"],
        column: Column::More(Metric::MemoryRssBytes),
        fits: always,
        cost: 2,
        effect: "files that the kernel keeps in memory are not told from what a process holds: a cache \
                 that fills may be told as a leak",
        mend: "keep `container_memory_rss` in the `metric_relabel_configs` of the job that scrapes \
               `/metrics/cadvisor`",
    },
    Signal {
        name: "throttling",
        metrics: &[
            "container_cpu_cfs_throttled_periods_total",
            "container_cpu_cfs_periods_total",
        ],
        column: Column::More(Metric::CpuThrottledRatio),
        fits: has_cpu_limits,
        cost: 5,
        effect: "CPU limits that hurt are not seen: use below a limit looks like all that is wanted",
        mend: "keep `container_cpu_cfs_(throttled_)?periods_total` in the `metric_relabel_configs` \
               of the job that scrapes `/metrics/cadvisor`",
    },
    Signal {
        name: "OOM kills",
        metrics: &[
            "kube_pod_container_status_last_terminated_reason",
            "container_oom_events_total",
            "kube_pod_container_status_last_terminated_timestamp",
        ],
        column: Column::None,
        fits: always,
        cost: 5,
        effect: "only the last kill of pods that still run is known: limits may be advised too low",
        mend: KUBE_STATE_METRICS,
    },
    Signal {
        name: "restarts",
        metrics: &["kube_pod_container_status_restarts_total"],
        column: Column::None,
        fits: always,
        cost: 2,
        effect: "crash loops of the past are not seen, and restarts have no time",
        mend: KUBE_STATE_METRICS,
    },
    Signal {
        name: "owners of pods",
        metrics: &["kube_pod_owner", "kube_replicaset_owner", "kube_job_owner"],
        column: Column::None,
        fits: always,
        cost: 3,
        effect: "pods that are gone are mapped to workloads by their names alone",
        mend: KUBE_STATE_METRICS,
    },
    Signal {
        name: "pressure (PSI)",
        metrics: &[
            "container_pressure_cpu_waiting_seconds_total",
            "container_pressure_memory_waiting_seconds_total",
        ],
        column: Column::More(Metric::CpuWaitingRatio),
        fits: always,
        cost: 1,
        effect: "waiting for CPU without a limit, and memory that is short, are not seen",
        mend: "Kubernetes 1.34 or later on cgroup v2 has it in `/metrics/cadvisor`; before, the \
               kubelet takes --feature-gates=KubeletPSI=true",
    },
    Signal {
        name: "network traffic",
        metrics: &[
            "container_network_receive_bytes_total",
            "container_network_transmit_bytes_total",
        ],
        column: Column::More(Metric::NetworkBytesPerSecond),
        fits: always,
        cost: 2,
        effect: "what only waits is told from what serves by CPU alone",
        mend: "keep `container_network_(receive|transmit)_bytes_total` in the \
               `metric_relabel_configs` of the job that scrapes `/metrics/cadvisor`",
    },
    Signal {
        name: "lost packets",
        metrics: &[
            "container_network_receive_packets_dropped_total",
            "container_network_transmit_packets_dropped_total",
            "container_network_receive_errors_total",
            "container_network_transmit_errors_total",
        ],
        column: Column::More(Metric::NetworkDropRatio),
        fits: always,
        cost: 1,
        effect: "packets that are dropped or in error are not seen",
        mend: "keep `container_network_(receive|transmit)_(packets|errors|packets_dropped)_total` \
               in the `metric_relabel_configs` of the job that scrapes `/metrics/cadvisor`",
    },
    Signal {
        name: "nodes over time",
        metrics: &["kube_node_status_condition"],
        column: Column::None,
        fits: always,
        cost: 1,
        effect: "pressure of memory or disk that comes and goes is not seen",
        mend: KUBE_STATE_METRICS,
    },
    Signal {
        name: "memory peaks between samples",
        metrics: &["container_memory_max_usage_bytes"],
        column: Column::None,
        fits: never,
        cost: 0,
        effect: "",
        mend: "",
    },
    Signal {
        name: "use of volumes",
        metrics: &[
            "kubelet_volume_stats_used_bytes",
            "kubelet_volume_stats_capacity_bytes",
            "kubelet_volume_stats_inodes",
            "kubelet_volume_stats_inodes_used",
        ],
        column: Column::None,
        fits: has_claims,
        cost: 3,
        effect: "no volume that fills up is seen",
        mend: "scrape the kubelets' `/metrics`, and keep `kubelet_volume_stats_.*`",
    },
    Signal {
        name: "use of accelerators",
        metrics: &[
            "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
            "DCGM_FI_DEV_GPU_UTIL",
            "DCGM_FI_DEV_FB_USED",
        ],
        column: Column::More(Metric::GpuUtilization),
        fits: has_gpus,
        cost: 8,
        effect: "idle accelerators, the dearest part of the bill, are not seen",
        mend: "helm install dcgm-exporter gpu-helm-charts/dcgm-exporter",
    },
    Signal {
        name: "how full accelerators are",
        metrics: &[
            "DCGM_FI_PROF_SM_ACTIVE",
            "DCGM_FI_PROF_SM_UTIL_RATIO",
            "xpum_eu_active_ratio",
        ],
        column: Column::More(Metric::GpuSmActive),
        fits: has_gpus,
        cost: 2,
        effect: "an accelerator that always runs something and is nearly empty looks full: which \
                 could be shared, sliced or smaller is not seen",
        mend: "# off by default: a line more in the counters of dcgm-exporter (`-f FILE`)\n\
               DCGM_FI_PROF_SM_ACTIVE, gauge, Share of multiprocessors with work",
    },
    Signal {
        name: "power of accelerators",
        metrics: &[
            "DCGM_FI_DEV_POWER_USAGE",
            "DCGM_FI_DEV_BOARD_POWER_WATTS",
            "gpu_package_power",
            "amd_gpu_package_power",
            "gpu_average_package_power",
            "gpu_power_usage",
            "xpum_power_watts",
            "nvidia_smi_power_draw_watts",
            "nv_gpu_power_usage",
        ],
        column: Column::More(Metric::GpuPowerWatts),
        fits: has_gpus,
        cost: 1,
        effect: "what waits while it seems busy is not told from what works",
        mend: "# a line in the counters of dcgm-exporter (`-f FILE`)\n\
               DCGM_FI_DEV_POWER_USAGE, gauge, Watts",
    },
];

impl Check for Signals {
    fn name(&self) -> &'static str {
        "signals"
    }

    fn summary(&self) -> &'static str {
        "which metrics are missing, and what each is for"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let counts = seen
            .store()
            .and_then(|store| store.metrics.as_ref().map(|it| (store, it)));
        // Without usage of anything it is the store that is wrong.
        if seen.snapshot.is_none() || (counts.is_none() && seen.usage.slots.is_none()) {
            return Vec::new();
        }
        let mut there = Vec::new();
        let mut points = Vec::new();
        for signal in &ALL {
            match signal.is_there(seen) {
                Some(true) => there.push(signal.name),
                Some(false) if seen.snapshot.is_none_or(signal.fits) => {
                    points.push(signal.missing(seen.store()));
                }
                Some(false) | None => {}
            }
        }
        if !there.is_empty() {
            points.push(Point::ok(format!(
                "something tells of {}",
                there.join(", ")
            )));
        }
        points
    }
}

impl Signal {
    /// `None` where nothing tells.
    fn is_there(&self, seen: &Seen<'_>) -> Option<bool> {
        let counts = seen.store().and_then(|store| store.metrics.as_ref());
        let now = counts.map(|counts| {
            let mut metrics = self.metrics.iter();
            metrics.any(|metric| counts.get(metric).is_some_and(|it| *it > 0))
        });
        // Where everything has stopped, what there is now tells nothing of what there was.
        if now == Some(true) || (now.is_some() && seen.stopped().is_none()) {
            return now;
        }
        seen.usage.slots?;
        match self.column {
            Column::Cpu => Some(seen.usage.has_cpu),
            Column::Memory => Some(seen.usage.has_memory),
            Column::More(metric) => Some(seen.usage.more.contains_key(&metric)),
            Column::None => None,
        }
    }

    fn missing(&self, store: Option<&Store>) -> Point {
        let called = |metric: &&'static str| {
            let renamed = store.and_then(|store| store.renamed.get(metric));
            format!("`{}`", renamed.map_or(*metric, String::as_str))
        };
        let first = self.metrics.first().map(called).unwrap_or_default();
        let text = format!("nothing tells of {}: {first} is missing", self.name);
        let point = if self.cost >= 30 {
            Point::bad(self.cost, text)
        } else {
            Point::warn(self.cost, text)
        };
        point.effect(self.effect).mend(self.mend)
    }
}

fn always(_: &Snapshot) -> bool {
    true
}

/// Of little use, so that nobody is told to add it.
fn never(_: &Snapshot) -> bool {
    false
}

fn has_cpu_limits(snapshot: &Snapshot) -> bool {
    let mut containers = snapshot.workloads.iter().flat_map(|it| &it.containers);
    containers.any(|container| container.limits.cpu.is_some())
}

fn has_claims(snapshot: &Snapshot) -> bool {
    !snapshot.cluster.volume_claims.is_empty()
}

fn has_gpus(snapshot: &Snapshot) -> bool {
    let mut containers = snapshot.workloads.iter().flat_map(|it| &it.containers);
    containers.any(|it| it.requests.gpus() > 0.0 || it.limits.gpus() > 0.0)
}
