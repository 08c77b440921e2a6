//! Snapshots whose usage is played by functions of time, for tests of advice.

use jiff::Timestamp;
use kcost::cohort::Cohorts;
use kcost::profile::{Profile, profile};
use kcost::recommend::{
    Advice, Advised, Confidence, Draft, HeapChange, Look, Looking, Methods, Options, Pool, Reason,
    Sizing, Strategy, propose, recommend,
};
use kcost::snapshot::{
    Grid, Heap, HeapPlace, HeapSize, Metric, Resources, Series, Snapshot, Workload,
};
use kcost::units::{Bytes, Cpu, Quantity, Span, single};

use crate::made::Made;

pub const MIB: f64 = 1024.0 * 1024.0;

/// A snapshot of the last `days` at half-hour steps, without workloads.
pub fn cluster(days: u32) -> Snapshot {
    let mut snapshot = Made::empty().snapshot;
    snapshot.usage.grid = Grid {
        // A Monday.
        start: Timestamp::from_second(1_761_523_200).unwrap(),
        step: Span::from_secs(1_800),
        len: days * 48,
    };
    snapshot
}

/// Adds a workload whose first container uses `use_of(pod, slot)`: cores and bytes.
pub fn play(
    snapshot: &mut Snapshot,
    workload: Workload,
    use_of: impl Fn(usize, u32) -> (f64, f64),
) {
    let index = u32::try_from(snapshot.workloads.len()).unwrap();
    for (number, pod) in workload.pods.iter().enumerate() {
        let slots = 0..snapshot.usage.grid.len;
        let (cpu, memory): (Vec<f32>, Vec<f32>) = slots
            .map(|slot| use_of(number, slot))
            .map(|(cpu, memory)| (single(cpu), single(memory)))
            .unzip();
        snapshot.usage.series.push(Series {
            workload: index,
            pod: pod.name.clone(),
            container: workload.containers[0].name.clone(),
            first: 0,
            cpu_cores: cpu,
            memory_bytes: memory,
            more: std::collections::BTreeMap::new(),
        });
    }
    snapshot.workloads.push(workload);
}

/// Sets one more metric of the last series to the same value everywhere.
pub fn with_metric(snapshot: &mut Snapshot, metric: Metric, value: f64) {
    let series = snapshot.usage.series.last_mut().unwrap();
    let len = series.cpu_cores.len();
    series.more.insert(metric, vec![single(value); len].into());
}

/// What a strategy itself proposes, before any guard.
pub fn drafts(snapshot: &Snapshot, name: &str, options: &Options) -> Vec<Draft> {
    let profiles: Vec<Profile> = profile(snapshot);
    let options = Options {
        strategy: kcost::recommend::by_name(name).unwrap(),
        ..options.clone()
    };
    propose(snapshot, &profiles, &options)
}

/// The whole stage.
pub fn advised(snapshot: &Snapshot, options: &Options) -> Advised {
    let profiles: Vec<Profile> = profile(snapshot);
    recommend(snapshot, &profiles, &Cohorts::default(), options)
}

/// A strategy that proposes what labels of the workload say: `cpu-request`,
/// `cpu-limit`, `memory-request`, `memory-limit`, each a quantity or `unset`.
pub struct Labels;

impl Strategy for Labels {
    fn name(&self) -> &'static str {
        "labels"
    }

    fn summary(&self) -> &'static str {
        "what labels say"
    }

    fn look(&self, pool: &Pool<'_>, _case: &Looking<'_>) -> Look {
        let workload = pool.workload;
        let draft = Draft {
            sizing: Sizing {
                cpu_request: advice(workload, "cpu-request", |q| Cpu::from(q)),
                cpu_limit: advice(workload, "cpu-limit", |q| Cpu::from(q)),
                memory_request: advice(workload, "memory-request", |q| Bytes::from(q)),
                memory_limit: advice(workload, "memory-limit", |q| Bytes::from(q)),
            },
            risk: None,
            methods: Methods::default(),
            confidence: Confidence::High,
            reasons: vec![Reason::new("labels", "labels say so")],
        };
        draft.into()
    }
}

fn advice<T>(workload: &Workload, label: &str, of: impl Fn(&Quantity) -> T) -> Advice<T> {
    match workload.label(label) {
        None => Advice::Keep,
        Some("unset") => Advice::Unset,
        Some(text) => Advice::Set(of(&text.parse::<Quantity>().unwrap())),
    }
}

/// The options of a run with [`Labels`].
pub fn by_labels() -> Options {
    Options {
        strategy: &Labels,
        ..Options::default()
    }
}

pub fn label(mut workload: Workload, pairs: &[(&str, &str)]) -> Workload {
    let pairs = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    workload.labels.extend(pairs);
    workload.labels.sort();
    workload
}

/// Follows the advice: requests, limits, heaps and targets of the autoscaler.
pub fn apply(snapshot: &mut Snapshot, advised: &Advised) {
    for advice in &advised.workloads {
        let workload = &mut snapshot.workloads[advice.workload];
        for one in &advice.containers {
            let container = &mut workload.containers[one.container];
            let (requests, limits) = (&mut container.requests, &mut container.limits);
            follow(requests, one.sizing.cpu_request, one.sizing.memory_request);
            follow(limits, one.sizing.cpu_limit, one.sizing.memory_limit);
            let change = one.heap.as_ref().and_then(|heap| heap.change.as_ref());
            if let (Some(heap), Some(change)) = (&mut container.heap, change) {
                resize(heap, change);
            }
        }
        if let (Some(autoscaler), Some(new)) = (&mut workload.autoscaler, &advice.autoscaler) {
            autoscaler.metrics.clone_from(&new.metrics);
        }
    }
}

fn resize(heap: &mut Heap, change: &HeapChange) {
    match change.size {
        HeapSize::Fixed(bytes) => heap.bytes = Some(bytes),
        HeapSize::Share(percent) => heap.percent = Some(percent),
    }
    heap.place = Some(HeapPlace::Variable {
        name: change.variable.clone(),
        value: Some(change.value.clone()),
    });
}

fn follow(resources: &mut Resources, cpu: Advice<Cpu>, memory: Advice<Bytes>) {
    resources.cpu = cpu.after(resources.cpu);
    resources.memory = memory.after(resources.memory);
}
