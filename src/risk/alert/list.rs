//! The rules: what is asked of Prometheus, and how the same is told from the history.

use super::stretch::{Place, Stretch};
use super::{Alert, Real, replay, tuned};
use crate::risk::Seen;
use crate::risk::check::loops;
use crate::units::Span;

const CONTAINER: &str = "by (namespace, pod, container)";
const USED: &str = "container_memory_working_set_bytes{container!=\"\",container!=\"POD\"}";
const MEMORY_LIMIT: &str = "kube_pod_container_resource_limits{resource=\"memory\"}";
const CPU_LIMIT: &str = "kube_pod_container_resource_limits{resource=\"cpu\"}";
const LAST_OOM: &str =
    "kube_pod_container_status_last_terminated_reason{reason=\"OOMKilled\"} == 1";

pub(super) fn all(seen: &Seen<'_>) -> Vec<Alert> {
    let mut all = memory(seen);
    all.extend(cpu(seen));
    all.extend(starts(seen));
    all.extend(workloads(seen));
    all.extend(controllers(seen));
    all.extend(nodes(seen));
    all.extend(storage(seen));
    all.extend(network());
    all
}

fn minutes(minutes: u32) -> Span {
    Span::from_secs(minutes * 60)
}

/// A rule whose history the snapshot does not hold.
fn rule(
    name: &'static str,
    check: Option<&'static str>,
    severity: &'static str,
    hold: Span,
    expr: &str,
    summary: &str,
    instead_of: &'static [&'static str],
) -> Alert {
    Alert {
        name,
        check,
        severity,
        hold,
        expr: expr.to_owned(),
        summary: summary.to_owned(),
        instead_of,
        rivals: Vec::new(),
        fired: None,
        real: None,
    }
}

fn memory(seen: &Seen<'_>) -> Vec<Alert> {
    let floor = |offset: &str| format!("min {CONTAINER} (min_over_time({USED}[1d]{offset}))");
    let peak = format!("max {CONTAINER} (max_over_time({USED}[1d]))");
    let limit = format!("max {CONTAINER} ({MEMORY_LIMIT})");
    let (now, three, six) = (floor(""), floor(" offset 3d"), floor(" offset 6d"));
    let leak = format!(
        "({peak} + 7 * ({now} - {six}) / 6 > {limit})\n\
         and ({now} > {})\nand ({} > {})\nand ({} > {six})\n\
         and ({now} - {three} > 0.5 * ({three} - {six}))",
        floor(" offset 2d"),
        floor(" offset 2d"),
        floor(" offset 4d"),
        floor(" offset 4d"),
    );
    let restarts = "kube_pod_container_status_restarts_total";
    let killed = format!(
        "sum {CONTAINER} (increase(container_oom_events_total{{container!=\"\"}}[15m])) > 0\n\
         or (sum {CONTAINER} (increase({restarts}[15m])) > 0 and max {CONTAINER} ({LAST_OOM}))"
    );
    let looping = format!(
        "sum {CONTAINER} (increase({restarts}[1d])) >= 3\nand max {CONTAINER} ({LAST_OOM})"
    );
    vec![
        Alert {
            fired: Some(replay::leaks(seen)),
            ..rule(
                "KcostMemoryLeak",
                Some("memory_leak"),
                "warning",
                Span::HOUR,
                &leak,
                "{{ $labels.namespace }}/{{ $labels.pod }} {{ $labels.container }} leaks, and reaches \
                 its memory limit within 7 days",
                &[],
            )
        },
        Alert {
            fired: Some(replay::kills(seen)),
            ..rule(
                "KcostOomKilled",
                Some("out_of_memory"),
                "info",
                Span::default(),
                &killed,
                "{{ $labels.namespace }}/{{ $labels.pod }} {{ $labels.container }} was OOM-killed",
                &[],
            )
        },
        Alert {
            fired: Some(oom_loops(seen)),
            ..rule(
                "KcostOomLoop",
                Some("oom_loop"),
                "critical",
                Span::default(),
                &looping,
                "{{ $labels.namespace }}/{{ $labels.pod }} {{ $labels.container }} is OOM-killed again \
                 and again",
                &[],
            )
        },
    ]
}

/// From the kill that makes it a loop on.
fn oom_loops(seen: &Seen<'_>) -> Vec<Stretch> {
    let all = loops(seen).into_iter();
    let fired = all.map(|it| Stretch {
        of: Place::pod(it.pool, &it.pod),
        since: it.since,
        until: it.until,
    });
    fired.collect()
}

fn cpu(seen: &Seen<'_>) -> Vec<Alert> {
    let rate = |metric: &str| format!("sum {CONTAINER} (rate({metric}{{container!=\"\"}}[5m]))");
    let window = seen.grid.span();
    let mut rules = Vec::new();
    let hold = Span::HOUR;
    let real = Real::of("KcostCpuThrottling", seen);
    if let Some((share, fired)) = tuned(&[0.25, 0.5, 0.75], window, real.as_ref(), |share| {
        replay::throttled(seen, share, (0.5, hold))
    }) {
        let expr = format!(
            "{} / {} > {share}\nand {} > 0.5 * max {CONTAINER} ({CPU_LIMIT})",
            rate("container_cpu_cfs_throttled_periods_total"),
            rate("container_cpu_cfs_periods_total"),
            rate("container_cpu_usage_seconds_total"),
        );
        rules.push(Alert {
            fired,
            real,
            ..rule(
                "KcostCpuThrottling",
                Some("cpu_throttling"),
                "warning",
                hold,
                &expr,
                "{{ $labels.namespace }}/{{ $labels.pod }} {{ $labels.container }} is throttled in \
                 {{ $value | humanizePercentage }} of periods while it works",
                &["CPUThrottlingHigh"],
            )
        });
    }
    let hold = minutes(30);
    if let Some((share, fired)) = tuned(&[0.2, 0.3, 0.5], window, None, |share| {
        replay::waits(seen, share, hold)
    }) {
        let expr = format!(
            "{} > {share}",
            rate("container_pressure_cpu_waiting_seconds_total")
        );
        rules.push(Alert {
            fired,
            ..rule(
                "KcostCpuStarvation",
                Some("cpu_starvation"),
                "warning",
                hold,
                &expr,
                "{{ $labels.namespace }}/{{ $labels.pod }} {{ $labels.container }} waits for CPU \
                 {{ $value | humanizePercentage }} of the time",
                &[],
            )
        });
    }
    rules
}

fn starts(seen: &Seen<'_>) -> Vec<Alert> {
    let window = seen.grid.span();
    let mut rules = Vec::new();
    let real = Real::of("KcostCrashLoop", seen);
    if let Some((least, fired)) = tuned(&[3, 5, 10, 20], window, real.as_ref(), |least| {
        replay::restarts(seen, least)
    }) {
        let expr = format!(
            "sum {CONTAINER} (increase(kube_pod_container_status_restarts_total[1d])) >= {least}\n\
             unless max {CONTAINER} ({LAST_OOM})"
        );
        rules.push(Alert {
            fired,
            real,
            ..rule(
                "KcostCrashLoop",
                Some("crash_loop"),
                "warning",
                Span::default(),
                &expr,
                "{{ $labels.namespace }}/{{ $labels.pod }} {{ $labels.container }} restarted \
                 {{ $value | humanize }} times in a day",
                &["KubePodCrashLooping"],
            )
        });
    }
    rules.push(rule(
        "KcostContainerCannotStart",
        Some("container_cannot_start"),
        "warning",
        minutes(5),
        "max by (namespace, pod, container, reason) (kube_pod_container_status_waiting_reason{\
         reason=~\"ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|\
         CreateContainerConfigError|CreateContainerError|RunContainerError\"}) > 0",
        "{{ $labels.namespace }}/{{ $labels.pod }} {{ $labels.container }} cannot start: \
         {{ $labels.reason }}",
        &["KubeContainerWaiting"],
    ));
    rules.push(rule(
        "KcostPodNotReady",
        Some("pod_fits_nowhere"),
        "warning",
        minutes(15),
        "(\n  sum by (namespace, pod) (kube_pod_status_phase{phase=~\"Pending|Unknown\"}) > 0\n  or (\n    \
         sum by (namespace, pod) (kube_pod_status_ready{condition=\"false\"}) > 0\n    and sum by \
         (namespace, pod) (kube_pod_status_phase{phase=\"Running\"}) > 0\n  )\n)\nunless on (namespace, \
         pod) kube_pod_owner{owner_kind=\"Job\"}\nunless on (namespace, pod) \
         (kube_pod_status_reason{reason=\"SchedulingGated\"} == 1)",
        "{{ $labels.namespace }}/{{ $labels.pod }} is not ready for a quarter of an hour",
        &["KubePodNotReady"],
    ));
    rules
}

fn workloads(seen: &Seen<'_>) -> Vec<Alert> {
    let hold = minutes(15);
    let pinned = "(\n  kube_horizontalpodautoscaler_status_current_replicas == \
        kube_horizontalpodautoscaler_spec_max_replicas\n  and \
        kube_horizontalpodautoscaler_spec_max_replicas != \
        kube_horizontalpodautoscaler_spec_min_replicas\n)\nand on (namespace, \
        horizontalpodautoscaler) (\n  max by (namespace, horizontalpodautoscaler) (\n    \
        kube_horizontalpodautoscaler_status_target_metric / on (namespace, \
        horizontalpodautoscaler, metric_name, metric_target_type) \
        kube_horizontalpodautoscaler_spec_target_metric\n  ) > 1.1\n)";
    let quota = "max by (namespace, resourcequota, resource) (kube_resourcequota{type=\"used\"}) / \
        (max by (namespace, resourcequota, resource) (kube_resourcequota{type=\"hard\"}) > 0) >= 0.9";
    vec![
        Alert {
            fired: replay::pinned(seen, (1.1, hold)),
            ..rule(
                "KcostAutoscalerAtMaximum",
                Some("autoscaler_at_maximum"),
                "warning",
                hold,
                pinned,
                "{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }} is at its maximum and \
                 would go on",
                &["KubeHpaMaxedOut"],
            )
        },
        rule(
            "KcostAutoscalerBlind",
            Some("autoscaler_blind"),
            "warning",
            hold,
            "kube_horizontalpodautoscaler_status_condition{condition=~\"ScalingActive|AbleToScale\",\
             status=\"false\"} == 1\nunless on (namespace, horizontalpodautoscaler) \
             kube_horizontalpodautoscaler_status_current_replicas == 0",
            "{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }} cannot scale: \
             {{ $labels.condition }} is false",
            &[],
        ),
        rule(
            "KcostAutoscalerBehind",
            Some("autoscaler_blind"),
            "warning",
            hold,
            "(\n  kube_horizontalpodautoscaler_status_desired_replicas != \
             kube_horizontalpodautoscaler_status_current_replicas\n)\nand \
             kube_horizontalpodautoscaler_status_current_replicas > \
             kube_horizontalpodautoscaler_spec_min_replicas\nand \
             kube_horizontalpodautoscaler_status_current_replicas < \
             kube_horizontalpodautoscaler_spec_max_replicas\nand \
             changes(kube_horizontalpodautoscaler_status_current_replicas[15m]) == 0",
            "{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }} does not get the replicas \
             that it wants",
            &["KubeHpaReplicasMismatch"],
        ),
        rule(
            "KcostQuotaNearlyUsed",
            Some("quota_nearly_used"),
            "info",
            hold,
            quota,
            "quota {{ $labels.namespace }}/{{ $labels.resourcequota }} has \
             {{ $value | humanizePercentage }} of {{ $labels.resource }} in use",
            &[
                "KubeQuotaAlmostFull",
                "KubeQuotaFullyUsed",
                "KubeQuotaExceeded",
            ],
        ),
        rule(
            "KcostQuotasOvercommitted",
            None,
            "info",
            hold,
            "sum by (resource) (label_replace(\n  min by (namespace, resource) \
             (kube_resourcequota{type=\"hard\",resource=~\"(requests.)?(cpu|memory)\"}),\n  \
             \"resource\", \"$1\", \"resource\", \"(?:requests.)?(.*)\"\n))\n/ on (resource) sum by \
             (resource) (max by (node, resource) \
             (kube_node_status_allocatable{resource=~\"cpu|memory\"})) > 1.5",
            "quotas promise {{ $value | humanizePercentage }} of the {{ $labels.resource }} of all nodes",
            &["KubeCPUQuotaOvercommit", "KubeMemoryQuotaOvercommit"],
        ),
    ]
}

/// What controllers say of their pods.
fn controllers(seen: &Seen<'_>) -> Vec<Alert> {
    let hold = minutes(15);
    vec![
        rule(
            "KcostReplicasMissing",
            Some("replicas_missing"),
            "warning",
            hold,
            "(\n  kube_deployment_spec_replicas > kube_deployment_status_replicas_available\n  and \
             changes(kube_deployment_status_replicas_updated[10m]) == 0\n)\nor (\n  \
             kube_statefulset_replicas > kube_statefulset_status_replicas_ready\n  and \
             changes(kube_statefulset_status_replicas_updated[10m]) == 0\n)",
            "{{ $labels.namespace }}/{{ $labels.deployment }}{{ $labels.statefulset }} lacks replicas",
            &[
                "KubeDeploymentReplicasMismatch",
                "KubeStatefulSetReplicasMismatch",
            ],
        ),
        rule(
            "KcostRolloutStuck",
            Some("rollout_stuck"),
            "warning",
            hold,
            "kube_deployment_status_condition{condition=\"Progressing\",status=\"false\"} == 1",
            "the rollout of {{ $labels.namespace }}/{{ $labels.deployment }} has passed its deadline",
            &["KubeDeploymentRolloutStuck"],
        ),
        rule(
            "KcostDaemonSetIncomplete",
            Some("pods_not_ready"),
            "warning",
            hold,
            "(\n  kube_daemonset_status_desired_number_scheduled > \
             kube_daemonset_status_number_available\n  and \
             changes(kube_daemonset_status_updated_number_scheduled[10m]) == 0\n)\nor \
             kube_daemonset_status_number_misscheduled > 0",
            "{{ $labels.namespace }}/{{ $labels.daemonset }} is not where it should be",
            &[
                "KubeDaemonSetRolloutStuck",
                "KubeDaemonSetNotScheduled",
                "KubeDaemonSetMisScheduled",
            ],
        ),
        rule(
            "KcostJobFailed",
            None,
            "warning",
            hold,
            "kube_job_failed > 0\nor (\n  time() - max by (namespace, job_name) \
             (kube_job_status_start_time and kube_job_status_active > 0) > 43200\n)",
            "{{ $labels.namespace }}/{{ $labels.job_name }} failed, or runs for more than 12 hours",
            &["KubeJobFailed", "KubeJobNotCompleted"],
        ),
        rule(
            "KcostBudgetUnwell",
            Some("drain_blocked"),
            "warning",
            hold,
            "kube_poddisruptionbudget_status_desired_healthy > \
             kube_poddisruptionbudget_status_current_healthy",
            "{{ $labels.namespace }}/{{ $labels.poddisruptionbudget }} has too few healthy pods",
            &["KubePdbNotEnoughHealthyPods"],
        ),
        rule(
            "KcostDrainBlocked",
            Some("drain_blocked"),
            "info",
            Span::HOUR,
            "kube_poddisruptionbudget_status_pod_disruptions_allowed == 0\nand \
             kube_poddisruptionbudget_status_current_healthy >= \
             kube_poddisruptionbudget_status_expected_pods\nand \
             kube_poddisruptionbudget_status_expected_pods > 0",
            "{{ $labels.namespace }}/{{ $labels.poddisruptionbudget }} blocks every drain",
            &[],
        ),
        Alert {
            fired: Some(replay::evictions(seen)),
            ..rule(
                "KcostPodsEvicted",
                Some("pods_evicted"),
                "warning",
                Span::default(),
                // What is left of a pod says so for as long as nobody deletes it.
                "(sum by (namespace, pod) (kube_pod_status_reason{reason=\"Evicted\"}) > 0)\nunless \
                 (sum by (namespace, pod) (kube_pod_status_reason{reason=\"Evicted\"} offset 15m) > 0)",
                "{{ $labels.namespace }}/{{ $labels.pod }} was evicted",
                &["KubeNodeEviction"],
            )
        },
    ]
}

fn nodes(seen: &Seen<'_>) -> Vec<Alert> {
    let mut rules = vec![
        Alert {
            fired: replay::spells(seen, |kind| kind != "Ready", minutes(10)),
            ..rule(
                "KcostNodePressure",
                Some("node_pressure"),
                "warning",
                minutes(10),
                "kube_node_status_condition{condition=~\"MemoryPressure|DiskPressure|PIDPressure\",\
                 status=\"true\"} == 1",
                "node {{ $labels.node }} says {{ $labels.condition }}",
                &["KubeNodePressure"],
            )
        },
        Alert {
            fired: replay::spells(seen, |kind| kind == "Ready", minutes(10)),
            ..rule(
                "KcostNodeNotReady",
                Some("node_pressure"),
                "warning",
                minutes(10),
                "(\n  kube_node_status_condition{condition=\"Ready\",status=\"true\"} == 0\n  or \
                 sum by (node) (changes(kube_node_status_condition{condition=\"Ready\",\
                 status=\"true\"}[15m])) > 2\n)\nunless on (node) kube_node_spec_unschedulable == 1",
                "node {{ $labels.node }} does not answer, or comes and goes",
                &[
                    "KubeNodeNotReady",
                    "KubeNodeUnreachable",
                    "KubeNodeReadinessFlapping",
                    "KubeletDown",
                ],
            )
        },
        rule(
            "KcostKubeletSlow",
            None,
            "info",
            minutes(15),
            "histogram_quantile(0.99, sum by (instance, le) \
             (rate(kubelet_pleg_relist_duration_seconds_bucket[5m]))) >= 10\nor \
             histogram_quantile(0.99, sum by (instance, le) \
             (rate(kubelet_pod_worker_duration_seconds_bucket[5m]))) > 60\nor \
             count by (node) (\n  max by (namespace, pod, node) (kube_pod_info{node!=\"\"})\n  and on \
             (namespace, pod) (kube_pod_status_phase{phase=~\"Pending|Running\"} == 1)\n)\n/ on (node) \
             max by (node) (kube_node_status_capacity{resource=\"pods\"}) > 0.95",
            "the kubelet of {{ $labels.instance }}{{ $labels.node }} is slow, or has too many pods",
            &[
                "KubeletTooManyPods",
                "KubeletPlegDurationHigh",
                "KubeletPodStartUpLatencyHigh",
            ],
        ),
        rule(
            "KcostCertificateExpires",
            Some("certificate_expires"),
            "warning",
            Span::HOUR,
            "(certmanager_certificate_expiration_timestamp_seconds > 0) - time() < 604800\nor \
             kubelet_certificate_manager_client_ttl_seconds < 604800\nor (\n  histogram_quantile(0.01, \
             sum by (job, le) (rate(apiserver_client_certificate_expiration_seconds_bucket[5m]))) < \
             604800\n  and on (job) sum by (job) (apiserver_client_certificate_expiration_seconds_count) \
             > 0\n)",
            "a certificate ({{ $labels.namespace }}/{{ $labels.name }}{{ $labels.instance }}\
             {{ $labels.job }}) expires within 7 days",
            &[
                "KubeClientCertificateExpiration",
                "KubeletClientCertificateExpiration",
            ],
        ),
    ];
    let hold = minutes(15);
    let real = Real::of("KcostNodeMemoryFull", seen);
    if let Some((share, fired)) = tuned(
        &[0.9, 0.95, 0.97],
        seen.grid.span(),
        real.as_ref(),
        |share| replay::nodes_full(seen, share, hold),
    ) {
        let expr = format!(
            "sum by (node) (max {CONTAINER} ({USED}) * on (namespace, pod) group_left (node) \
             max by (namespace, pod, node) (kube_pod_info{{node!=\"\"}}))\n/ on (node) max by (node) \
             (kube_node_status_allocatable{{resource=\"memory\"}}) > {share}"
        );
        rules.push(Alert {
            fired,
            real,
            ..rule(
                "KcostNodeMemoryFull",
                Some("node_memory_overcommit"),
                "warning",
                hold,
                &expr,
                "the pods of node {{ $labels.node }} use {{ $value | humanizePercentage }} of its memory",
                &[],
            )
        });
    }
    rules.push(no_room());
    rules
}

/// Requests that the other nodes could not hold if the largest one were lost; with one node
/// there are no others.
fn no_room() -> Alert {
    let nodes = "kube_node_status_allocatable{resource=~\"cpu|memory\"}";
    let others = format!(
        "(sum by (resource) (max by (node, resource) ({nodes})) - max by (resource) ({nodes}))"
    );
    let expr = format!(
        "sum by (resource) (\n  max by (namespace, pod, container, resource) \
         (kube_pod_container_resource_requests{{resource=~\"cpu|memory\"}})\n  and on (namespace, pod) \
         (kube_pod_status_phase{{phase=~\"Pending|Running\"}} == 1)\n) > on (resource) {others}\n\
         and on (resource) {others} > 0"
    );
    rule(
        "KcostNoRoomForLargestNode",
        None,
        "info",
        minutes(15),
        &expr,
        "requests of {{ $labels.resource }} would not fit if the largest node were lost",
        &["KubeCPUOvercommit", "KubeMemoryOvercommit"],
    )
}

/// What pods lose of their packets.
fn network() -> Vec<Alert> {
    let both = |what: &str| {
        let rate = |way: &str| {
            format!("rate(container_network_{way}_{what}_total{{interface!=\"lo\"}}[1h])")
        };
        format!(
            "sum by (namespace, pod) ({}) + sum by (namespace, pod) ({})",
            rate("receive"),
            rate("transmit")
        )
    };
    let (errors, drops, packets) = (both("errors"), both("packets_dropped"), both("packets"));
    let expr = format!(
        "({errors} + {drops})\n/ ({packets} > 1) > 0.01\nunless on (namespace, pod) \
         kube_pod_info{{host_network=\"true\"}}"
    );
    vec![rule(
        "KcostPacketsLost",
        Some("network_faults"),
        "warning",
        Span::from_secs(3 * 3_600),
        &expr,
        "{{ $labels.namespace }}/{{ $labels.pod }} loses {{ $value | humanizePercentage }} of its \
         packets",
        &[],
    )]
}

fn storage(seen: &Seen<'_>) -> Vec<Alert> {
    let claim = "by (namespace, persistentvolumeclaim)";
    // What fills within hours is nearly over by the time that a week's line shows it.
    let filling = |free: &str, all: &str| {
        let left = format!("min {claim} ({free}) / (max {claim} ({all}) > 0)");
        let none = |back: &str, ahead: u32| {
            format!("min {claim} (predict_linear({free}[{back}], {ahead})) < 0")
        };
        let (week, hours) = (none("7d", 604_800), none("6h", 345_600));
        let full_by_design = format!(
            "unless max {claim} (kube_persistentvolumeclaim_access_mode{{\
             access_mode=\"ReadOnlyMany\"}} == 1)\nunless max {claim} \
             (kube_persistentvolumeclaim_labels{{label_excluded_from_alerts=\"true\"}} == 1)"
        );
        format!(
            "({left} < 0.03\nor ({left} < 0.3\n  and {week})\nor ({left} < 0.15\n  and {hours}))\n\
             {full_by_design}"
        )
    };
    vec![
        Alert {
            fired: replay::volumes(seen, &replay::Filling::OWN),
            ..rule(
                "KcostVolumeFilling",
                Some("volume_filling"),
                "warning",
                Span::HOUR,
                &filling(
                    "kubelet_volume_stats_available_bytes",
                    "kubelet_volume_stats_capacity_bytes",
                ),
                "volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is full within 7 days",
                &["KubePersistentVolumeFillingUp"],
            )
        },
        rule(
            "KcostVolumeInodesFilling",
            Some("volume_filling"),
            "warning",
            Span::HOUR,
            &filling(
                "kubelet_volume_stats_inodes_free",
                "kubelet_volume_stats_inodes",
            ),
            "volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has no inodes left \
             within 7 days",
            &["KubePersistentVolumeInodesFillingUp"],
        ),
        rule(
            "KcostVolumeErrors",
            Some("volume_unbound"),
            "critical",
            minutes(5),
            "kube_persistentvolume_status_phase{phase=~\"Failed|Pending\"} > 0",
            "volume {{ $labels.persistentvolume }} is {{ $labels.phase }}",
            &["KubePersistentVolumeErrors"],
        ),
    ]
}
