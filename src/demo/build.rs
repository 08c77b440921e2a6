//! Plans and lives into workloads and series.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::curve::throttle;
use super::lives::{Life, Lives};
use super::noise::Noise;
use super::plan::{Kind, Pace, Part, Plan};
use super::rhythm::Rhythms;
use super::rules;
use super::{OUTAGE, START, STEP, grid};
use crate::snapshot::{
    Autoscaler, AutoscalerMetric, Container, ContainerKind, Metric, PatchTarget, Pod, Resources,
    Series, Target, Termination, Workload, WorkloadId,
};
use crate::units::{count_from, single};

/// A workload and the usage of its pods.
pub(super) struct Built {
    pub(super) workload: Workload,
    /// With 0 for the workload: its place is not known yet.
    pub(super) series: Vec<Series>,
}

/// One pod of a workload, whether it still runs or not.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) life: Life,
    /// Where it runs, if it does.
    pub(super) node: Option<String>,
}

/// Draws the usage of all pods and puts the workload together.
pub(super) fn build(plan: &Plan, lives: &Lives, pods: &[Placed], rhythms: &Rhythms) -> Built {
    let mut series = Vec::with_capacity(pods.len() * plan.parts.len());
    let containers = plan
        .parts
        .iter()
        .map(|part| draw(plan, part, lives, pods, rhythms, &mut series))
        .collect();
    Built {
        workload: workload(plan, lives, pods, containers),
        series,
    }
}

/// All series of one container, and the container with what became of it.
fn draw(
    plan: &Plan,
    part: &Part,
    lives: &Lives,
    pods: &[Placed],
    rhythms: &Rhythms,
    all: &mut Vec<Series>,
) -> Container {
    let mut container = Container {
        name: part.name.to_owned(),
        kind: part.kind,
        requests: part.requests.clone(),
        limits: part.limits.clone(),
        in_template: true,
        heap: part.heap.clone(),
        restarts: 0,
        ..Container::default()
    };
    // An init container is over before the first sample.
    if part.kind == ContainerKind::Init {
        return container;
    }
    let rhythm = rhythms.table(part.load.rhythm);
    let bursts = part.load.bursts.map(|bursts| {
        let mut noise = Noise::named(&[plan.namespace, plan.name, part.name, "bursts"]);
        bursts.draw(rhythm, &mut noise)
    });
    for Placed { life, .. } in pods {
        let (series, kills) = series(plan, part, life, lives, rhythms, bursts.as_deref());
        if let (true, Some(last)) = (life.is_current(), kills.last()) {
            container.restarts += u32::try_from(kills.len()).unwrap_or(u32::MAX);
            // Kubernetes remembers the last end of a container, not all of them.
            container.terminations.push(Termination {
                pod: life.pod.clone(),
                reason: "OOMKilled".to_owned(),
                exit_code: 137,
                started: None,
                finished: Some(time(*last)),
            });
        }
        all.push(series);
    }
    let ended = |end: &Termination| (end.finished, end.pod.clone());
    container.terminations.sort_by_key(ended);
    container
}

fn series(
    plan: &Plan,
    part: &Part,
    life: &Life,
    lives: &Lives,
    rhythms: &Rhythms,
    bursts: Option<&[f32]>,
) -> (Series, Vec<usize>) {
    let mut noise = Noise::named(&[plan.namespace, plan.name, &life.pod, part.name]);
    let first = u32::try_from(life.first).unwrap_or(0);
    let stretch = life.stretch(lives.share.as_deref());
    let rhythm = rhythms.table(part.load.rhythm);
    let mut cpu_cores = part.load.draw(&stretch, rhythm, bursts, &mut noise);
    let mut more: BTreeMap<Metric, Vec<f32>> = BTreeMap::new();
    if let Some(limit) = part.limits.cpu {
        let ratios = throttle(&mut cpu_cores, single(limit.get()));
        more.insert(Metric::CpuThrottledRatio, ratios);
    }
    let limit = part
        .limits
        .memory
        .map(|limit| single(limit.to_f64() / 1_048_576.0));
    let (mut memory_bytes, kills) = part.held.draw(&stretch, rhythm, limit, &mut noise);
    if let Some(device) = &part.device {
        more.extend(device.draw(&stretch, rhythms.table(device.rhythm), &mut noise));
    }
    if let Some(serving) = &part.serving {
        more.extend(serving.draw(&stretch, rhythms.table(serving.rhythm)));
    }
    for values in [&mut cpu_cores, &mut memory_bytes]
        .into_iter()
        .chain(more.values_mut())
    {
        let lost = OUTAGE.start.max(life.first)..OUTAGE.end.min(life.end);
        for slot in lost {
            values[slot - life.first] = f32::NAN;
        }
    }
    let series = Series {
        workload: 0,
        pod: life.pod.clone(),
        container: part.name.to_owned(),
        first,
        cpu_cores,
        memory_bytes,
        more: more
            .into_iter()
            .map(|(metric, values)| (metric, values.into()))
            .collect(),
    };
    (series, kills)
}

fn workload(plan: &Plan, lives: &Lives, pods: &[Placed], containers: Vec<Container>) -> Workload {
    let mut noise = Noise::named(&[plan.namespace, plan.name, "history"]);
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let current = pods.iter().filter(|pod| pod.life.is_current());
    let pods: Vec<Pod> = current.map(|pod| running(plan, pod)).collect();
    let changed_before = SETTLED_DAYS + noise.between(10.0, 60.0);
    let created = match (plan.pace, lives.changed) {
        (Pace::New { .. }, Some(slot)) => time(slot),
        _ => before(changed_before + noise.between(40.0, 400.0)),
    };
    let changed = lives.changed.map_or_else(|| before(changed_before), time);
    let replicas = match plan.kind {
        Kind::CronJob(_) => plan.replicas,
        _ => pods.len(),
    };
    Workload {
        id: WorkloadId {
            namespace: plan.namespace.to_owned(),
            kind: plan.kind.name().to_owned(),
            name: plan.name.to_owned(),
            template: None,
        },
        api_version: plan.kind.api_version().to_owned(),
        replicas: u32::try_from(replicas).unwrap_or(u32::MAX),
        schedule: match plan.kind {
            Kind::CronJob(schedule) => Some(schedule.to_owned()),
            _ => None,
        },
        created: Some(created),
        template_changed: (plan.kind == Kind::Deployment).then_some(changed),
        labels: vec![
            label("app.kubernetes.io/name", plan.name),
            label("team", plan.namespace),
        ],
        annotations: Vec::new(),
        containers,
        pod_requests: Resources::default(),
        pod_limits: Resources::default(),
        overhead: Resources::default(),
        autoscaler: autoscaler(plan, pods.len()),
        placement: Some(rules::placement(plan)),
        patch: Some(PatchTarget {
            api_version: plan.kind.api_version().to_owned(),
            kind: plan.kind.name().to_owned(),
            name: plan.name.to_owned(),
            pod_spec: plan
                .kind
                .pod_spec()
                .iter()
                .map(|&field| field.to_owned())
                .collect(),
        }),
        pods,
        ..Workload::default()
    }
}

/// Pod templates that did not change in the window are at least this old.
const SETTLED_DAYS: f32 = 28.0;

fn running(plan: &Plan, pod: &Placed) -> Pod {
    let life = &pod.life;
    let created = time(life.first).as_second() - seconds(life.age * 300.0);
    Pod {
        name: life.pod.clone(),
        phase: if pod.node.is_some() {
            "Running"
        } else {
            "Pending"
        }
        .to_owned(),
        node: pod.node.clone(),
        qos: Some(plan.qos().to_owned()),
        created: Timestamp::from_second(created).ok(),
        requests: plan.pod_requests(),
        labels: rules::labels(plan),
        volume_claims: rules::volume_claims(plan, &life.pod),
        own_claims: Vec::new(),
        eviction: rules::eviction(plan),
        ..Pod::default()
    }
}

fn autoscaler(plan: &Plan, current: usize) -> Option<Autoscaler> {
    let Pace::Scaled { max, percent } = plan.pace else {
        return None;
    };
    let count = |pods: usize| u32::try_from(pods).unwrap_or(u32::MAX);
    Some(Autoscaler {
        name: plan.name.to_owned(),
        min_replicas: count(plan.replicas),
        max_replicas: count(max),
        current_replicas: Some(count(current)),
        metrics: vec![AutoscalerMetric {
            kind: "Resource".to_owned(),
            name: "cpu".to_owned(),
            container: None,
            target: Target::Utilization(percent),
            spec: None,
        }],
        unread: 0,
        unread_of: Vec::new(),
        made_by: None,
        behavior: None,
        conditions: Vec::new(),
        idle_replicas: None,
        others: Vec::new(),
        keeper: None,
    })
}

fn time(slot: usize) -> Timestamp {
    grid().time(u32::try_from(slot).unwrap_or(u32::MAX))
}

/// Whole days and hours before the end of the window.
fn before(days: f32) -> Timestamp {
    let second = grid().end().as_second() - seconds(days * 86_400.0);
    Timestamp::from_second(second - second.rem_euclid(i64::from(STEP))).unwrap_or(START)
}

fn seconds(length: f32) -> i64 {
    i64::try_from(count_from(f64::from(length))).unwrap_or(0)
}
