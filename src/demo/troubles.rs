//! What goes wrong in the shop, beside what its use shows: one of each big kind.

use jiff::{SignedDuration, Timestamp};

use super::network::is_of_its_node;
use crate::snapshot::{
    Autoscaler, AutoscalerMetric, Certificate, Cluster, Condition, Container, Event, Eviction,
    Node, Pod, Probe, ProbeKind, Series, Spell, Target, Termination, VolumeUse, Waiting, Workload,
};
use crate::units::Bytes;

/// Lets everything say how it is, and some things that they are not well. `end` is the
/// end of the window.
pub(super) fn happen(workloads: &mut [Workload], cluster: &mut Cluster, end: Timestamp) {
    let ago = |minutes: i64| end - SignedDuration::from_mins(minutes);
    for workload in workloads.iter_mut() {
        let of_node = is_of_its_node(workload);
        let (name, pods) = (&workload.id.name, &mut workload.pods);
        for pod in pods {
            be_ready(pod, name);
            pod.host_network = of_node;
        }
        if let Some(scaler) = &mut workload.autoscaler {
            let kinds = ["AbleToScale", "ScalingActive"];
            scaler.conditions = kinds.map(|kind| said(kind, "True", None)).into();
        }
        let name = workload.id.name.clone();
        match name.as_str() {
            "store-locator" => crash(workload, ago(9)),
            "black-friday-landing" => {
                wait(workload, "ImagePullBackOff");
                hang(workload, ago(47 * 60));
            }
            "search" => {
                kill_by_probe(workload, [ago(29 * 60), ago(5 * 60)]);
                warn(workload, ("Unhealthy", "liveness"), 17, [ago(52), ago(4)]);
            }
            "fraud-scoring" => {
                workload.present = Some(workload.replicas);
                workload.replicas += 1;
            }
            "product-ranking" => ask_for_more(workload, ago(3 * 60)),
            "airflow-worker" => evict(workload, [ago(50 * 60), ago(3 * 60)]),
            "reviews" => scale_blindly(workload, ago(19 * 24 * 60)),
            _ => {}
        }
    }
    cluster.nodes.iter_mut().for_each(be_well);
    let mut general = cluster.nodes.iter_mut();
    if let Some(node) = general.find(|node| node.pool.as_deref() == Some("general")) {
        node.spells = Some(vec![
            short("MemoryPressure", ago(16 * 24 * 60), 25),
            short("MemoryPressure", ago(7 * 24 * 60 + 90), 15),
            short("MemoryPressure", ago(22 * 60), 40),
        ]);
    }
    let mut spot = cluster.nodes.iter_mut();
    if let Some(node) = spot.find(|node| node.pool.as_deref() == Some("batch-spot")) {
        node.conditions.retain(|it| it.kind != "DiskPressure");
        node.conditions.push(Condition {
            since: Some(ago(140)),
            ..said("DiskPressure", "True", Some("KubeletHasDiskPressure"))
        });
    }
    for budget in &mut cluster.disruption_budgets {
        let pods = workloads
            .iter()
            .filter(|it| it.id.namespace == budget.namespace);
        let mut of = pods.filter(|it| it.id.name == budget.name);
        let pods = of.next().map_or(0, |it| it.pods.len());
        let pods = u32::try_from(pods).unwrap_or(0);
        if budget.name == "ledger" {
            budget.disruptions_allowed = 0;
        }
        let allowed = u32::try_from(budget.disruptions_allowed).unwrap_or(0);
        budget.expected = Some(pods);
        budget.healthy = Some(pods);
        budget.wanted = Some(pods.saturating_sub(allowed));
    }
}

/// The disk of metrics fills, and a certificate was not renewed.
pub(super) fn run_out(cluster: &mut Cluster, end: Timestamp) {
    for claim in &mut cluster.volume_claims {
        let size = claim.requested.to_f64();
        let fills = claim.name == "data-prometheus-0";
        // Four points a day, of 28 days.
        let at = |point: i64| end - SignedDuration::from_hours(6 * (4 * 28 - point));
        let used = |point: i64| {
            let day = f64::from(i16::try_from(point).unwrap_or(0)) / 4.0;
            let wave = 0.002 * f64::from(i16::try_from(point % 4).unwrap_or(0));
            let share = if fills {
                0.55 + 0.0145 * day
            } else {
                0.40 + 0.001 * day
            };
            Bytes::from_f64((share + wave) * size)
        };
        claim.history = (1..=4 * 28)
            .map(|point| VolumeUse {
                at: at(point),
                used: Some(used(point)),
                inodes_used: None,
            })
            .collect();
        claim.used = Some(used(4 * 28));
        claim.capacity = Some(claim.requested);
    }
    let certificate = |namespace: &str, name: &str, days: i64| Certificate {
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
        expires: end + SignedDuration::from_hours(24 * days),
    };
    cluster.certificates = vec![
        certificate("platform", "grafana-tls", 61),
        certificate("shop", "storefront-tls", 4),
    ];
}

/// The ledger hangs for the last two hours, and what waits for it has nothing to do: the
/// team `payments`, each from so many slots before the end.
const STILL: [(&str, usize); 2] = [("ledger", 23), ("payments-api", 22)];
/// What is left of its CPU: probes, and threads that wait.
const LEFT: f32 = 0.03;

pub(super) fn stand_still(workloads: &[Workload], series: &mut [Series], slots: usize) {
    for one in series {
        let id = usize::try_from(one.workload)
            .ok()
            .and_then(|it| workloads.get(it));
        let still = STILL.iter().find(|(name, _)| {
            id.is_some_and(|it| it.id.namespace == "payments" && it.id.name == *name)
        });
        let Some((_, last)) = still else { continue };
        let first = usize::try_from(one.first).unwrap_or(usize::MAX);
        let skipped = (slots - last).saturating_sub(first);
        for value in one.cpu_cores.iter_mut().skip(skipped) {
            *value *= LEFT;
        }
    }
}

fn said(kind: &str, status: &str, reason: Option<&str>) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.map(str::to_owned),
        cause: None,
        since: None,
    }
}

/// Seconds that a pod takes from its node to being ready. What knows all offers reads
/// them first.
fn start_up(workload: &str, pod: &str) -> i64 {
    let own = pod.bytes().map(i64::from).sum::<i64>();
    match workload {
        "promotions" => 17 * 60 + own % 90,
        _ => 15 + own % 30,
    }
}

fn be_ready(pod: &mut Pod, workload: &str) {
    let runs = pod.phase == "Running";
    let status = if runs { "True" } else { "False" };
    pod.conditions = vec![said("Ready", status, None)];
    if let Some(created) = pod.created.filter(|_| runs) {
        let placed = created + SignedDuration::from_secs(1);
        let ready = placed + SignedDuration::from_secs(start_up(workload, &pod.name));
        pod.conditions[0].since = Some(ready);
        pod.conditions.push(Condition {
            since: Some(placed),
            ..said("PodScheduled", "True", None)
        });
    }
}

fn be_well(node: &mut Node) {
    let pressures = ["MemoryPressure", "DiskPressure", "PIDPressure"];
    node.conditions = vec![said("Ready", "True", Some("KubeletReady"))];
    node.conditions
        .extend(pressures.map(|kind| said(kind, "False", None)));
    node.spells = Some(Vec::new());
}

/// For so many minutes.
fn short(kind: &str, from: Timestamp, minutes: i64) -> Spell {
    Spell {
        kind: kind.to_owned(),
        from,
        until: from + SignedDuration::from_mins(minutes),
    }
}

fn first(workload: &mut Workload) -> Option<(String, &mut Container)> {
    let pod = workload.pods.first()?.name.clone();
    Some((pod, workload.containers.first_mut()?))
}

fn ended(pod: &str, exit_code: i32, at: Timestamp) -> Termination {
    Termination {
        pod: pod.to_owned(),
        reason: "Error".to_owned(),
        exit_code,
        started: None,
        finished: Some(at),
    }
}

fn crash(workload: &mut Workload, at: Timestamp) {
    if let Some((pod, container)) = first(workload) {
        container.restarts += 41;
        container.terminations.push(ended(&pod, 1, at));
    }
    wait(workload, "CrashLoopBackOff");
}

fn wait(workload: &mut Workload, reason: &str) {
    if let Some((pod, container)) = first(workload) {
        let reason = reason.to_owned();
        container.waiting.push(Waiting { pod, reason });
    }
}

/// The rollout of a version that does not come up is given up.
fn hang(workload: &mut Workload, since: Timestamp) {
    workload.conditions.push(Condition {
        since: Some(since),
        ..said("Progressing", "False", Some("ProgressDeadlineExceeded"))
    });
}

/// A warning of the first pod, so often between two times.
fn warn(
    workload: &mut Workload,
    (reason, cause): (&str, &str),
    count: u32,
    [from, to]: [Timestamp; 2],
) {
    if let Some((pod, container)) = first(workload) {
        let container = Some(container.name.clone());
        workload.events.push(Event {
            kind: "Pod".to_owned(),
            name: pod,
            container,
            reason: reason.to_owned(),
            cause: Some(cause.to_owned()),
            count,
            first: Some(from),
            last: Some(to),
        });
    }
}

fn kill_by_probe(workload: &mut Workload, times: [Timestamp; 2]) {
    let pods: Vec<String> = workload.pods.iter().map(|pod| pod.name.clone()).collect();
    let Some(container) = workload.containers.first_mut() else {
        return;
    };
    container.probes.push(Probe {
        kind: ProbeKind::Liveness,
        initial_delay_seconds: 20,
        period_seconds: 10,
        timeout_seconds: 1,
        failure_threshold: 3,
    });
    for (pod, at) in pods.iter().zip(times) {
        container.restarts += 1;
        container.terminations.push(ended(pod, 137, at));
    }
    container
        .terminations
        .sort_by_key(|end| (end.finished, end.pod.clone()));
}

/// One more replica, which no node has a device left for.
fn ask_for_more(workload: &mut Workload, since: Timestamp) {
    let Some(like) = workload.pods.first() else {
        return;
    };
    let pod = Pod {
        name: format!(
            "{}-2xk9q",
            like.name.rsplit_once('-').map_or("", |(it, _)| it)
        ),
        node: None,
        phase: "Pending".to_owned(),
        created: Some(since),
        conditions: vec![
            said("Ready", "False", None),
            Condition {
                since: Some(since),
                ..said("PodScheduled", "False", Some("Unschedulable"))
            },
        ],
        ..like.clone()
    };
    workload.replicas += 1;
    workload.pods.push(pod);
    workload.pods.sort_by(|a, b| a.name.cmp(&b.name));
}

/// An autoscaler on CPU, of pods that request none: it has nothing to take a share of.
fn scale_blindly(workload: &mut Workload, since: Timestamp) {
    let pods = u32::try_from(workload.pods.len()).unwrap_or(u32::MAX);
    workload.autoscaler = Some(Autoscaler {
        name: workload.id.name.clone(),
        min_replicas: pods,
        max_replicas: 3 * pods,
        current_replicas: Some(pods),
        metrics: vec![AutoscalerMetric {
            kind: "Resource".to_owned(),
            name: "cpu".to_owned(),
            container: None,
            target: Target::Utilization(70),
            spec: None,
        }],
        conditions: vec![
            said("AbleToScale", "True", Some("SucceededGetScale")),
            Condition {
                since: Some(since),
                ..said("ScalingActive", "False", Some("FailedGetResourceMetric"))
            },
        ],
        idle_replicas: None,
        others: Vec::new(),
        keeper: None,
        unread: 0,
        unread_of: Vec::new(),
        made_by: None,
        behavior: None,
    });
}

fn evict(workload: &mut Workload, times: [Timestamp; 2]) {
    let evicted = |(number, at)| Eviction {
        pod: format!("{}-evicted-{number}", workload.id.name),
        reason: "Evicted".to_owned(),
        resource: Some("ephemeral-storage".to_owned()),
        at: Some(at),
    };
    workload.evictions = (1..).zip(times).map(evicted).collect();
}
