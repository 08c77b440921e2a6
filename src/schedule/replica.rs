//! What one replica holds and costs, now and once the advice on its size is followed.

use std::collections::HashMap;

use crate::price::{Book, Rates, advised_requests, pod_requests};
use crate::recommend::{Advised, CpuBounds, Sizing, WorkloadAdvice};
use crate::snapshot::{Container, ContainerKind, Resources, Snapshot, Workload};
use crate::units::{Bytes, Cpu, Money};

/// One replica of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Replica {
    /// Cores that its containers request once the advice is followed: what it holds. `None`
    /// where some container requests none.
    pub cores: Option<f64>,
    /// The same now.
    pub cores_now: Option<f64>,
    /// What the scheduler counts for it once the advice is followed.
    pub cpu: Cpu,
    pub memory: Bytes,
    /// Limits of its containers together once the advice is followed, where they have any.
    pub cpu_limit: Option<Cpu>,
    pub memory_limit: Option<Bytes>,
    /// What its requests cost an hour, at the rates of its node, and now.
    pub hourly: Money,
    pub hourly_now: Money,
    /// A core for an hour.
    pub core_hour: f64,
    /// Whether its cores are those of one container that advice may size, so that another size
    /// is one number.
    pub is_one: bool,
    /// What that number may be.
    pub within: CpuBounds,
}

impl Replica {
    /// The same with so many cores instead.
    #[must_use]
    pub fn with(self, cores: f64) -> Self {
        let more = cores - self.cores.unwrap_or(0.0);
        Self {
            cores: Some(cores),
            cpu: Cpu::cores(self.cpu.get() + more),
            hourly: self.hourly + Money::from_f64(more * self.core_hour),
            ..self
        }
    }
}

/// One replica of each workload of a snapshot.
pub fn replicas(snapshot: &Snapshot, advised: &Advised, book: &Book) -> Vec<Replica> {
    let priced = Priced::new(snapshot, book);
    let both = snapshot.workloads.iter().zip(&advised.workloads);
    both.map(|(workload, advice)| priced.replica(workload, advice))
        .collect()
}

/// What the nodes of a cluster cost, for the replicas on them.
pub(super) struct Priced<'a> {
    by_name: HashMap<&'a str, Rates>,
    elsewhere: Rates,
}

impl<'a> Priced<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, book: &Book) -> Self {
        let nodes = &snapshot.cluster.nodes;
        let mut by_name: HashMap<&str, Rates> = HashMap::new();
        for (node, price) in nodes.iter().zip(book.prices(nodes)) {
            by_name.entry(&node.name).or_insert(price.rates);
        }
        Self {
            by_name,
            elsewhere: book.rates(None),
        }
    }

    /// One replica of a workload.
    pub(super) fn replica(&self, workload: &Workload, advice: &WorkloadAdvice) -> Replica {
        let names = workload.pods.iter().filter_map(|pod| pod.node.as_deref());
        let mut known = names.filter_map(|name| self.by_name.get(name));
        let rates = known.next().unwrap_or(&self.elsewhere);
        let hourly = |(cpu, memory)| Money::from_f64(rates.hourly(cpu, memory));
        let after = advised_requests(workload, advice);
        let one = workload.pod_requests.cpu.is_none() && stay(workload).count() == 1;
        let (cpu_limit, memory_limit) = limits(workload, advice);
        Replica {
            cores: cores(workload, |at, container| {
                let sizing = advice.containers.iter().find(|it| it.container == at);
                let now = container.requests.cpu;
                sizing.map_or(now, |it| it.sizing.cpu_request.after(now))
            }),
            cores_now: cores(workload, |_, container| container.requests.cpu),
            cpu: after.0,
            memory: after.1,
            cpu_limit,
            memory_limit,
            hourly: hourly(after),
            hourly_now: hourly(pod_requests(workload)),
            core_hour: rates.cpu_core_hour,
            is_one: one && !advice.cpu.fixed,
            within: advice.cpu,
        }
    }
}

/// What the containers of a pod that stay request together.
fn cores(workload: &Workload, request: impl Fn(usize, &Container) -> Option<Cpu>) -> Option<f64> {
    let requests = stay(workload).map(|(at, it)| request(at, it).filter(|cpu| cpu.get() > 0.0));
    let requests: Option<Vec<Cpu>> = requests.collect();
    let sum = requests?.into_iter().map(Cpu::get).sum::<f64>();
    (sum > 0.0).then_some(sum)
}

/// What the containers of a pod that stay are limited to together.
fn limits(workload: &Workload, advice: &WorkloadAdvice) -> (Option<Cpu>, Option<Bytes>) {
    let of = |(at, container): (usize, &Container)| {
        let sizing = advice.containers.iter().find(|it| it.container == at);
        let sizing = sizing.map_or(Sizing::KEEP, |it| it.sizing);
        Resources {
            cpu: sizing.cpu_limit.after(container.limits.cpu),
            memory: sizing.memory_limit.after(container.limits.memory),
            ..Resources::default()
        }
    };
    let all = stay(workload).map(of);
    let sum = all.fold(Resources::default(), |sum, it| sum.plus(&it));
    (sum.cpu, sum.memory)
}

fn stay(workload: &Workload) -> impl Iterator<Item = (usize, &Container)> {
    let all = workload.containers.iter().enumerate();
    all.filter(|(_, it)| it.kind != ContainerKind::Init)
}
