use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Analysis, Settings};
use crate::price::{Bill, Book, WorkloadBill};
use crate::recommend::{Advice, Advised, ContainerAdvice, Risk, WorkloadAdvice};
use crate::snapshot::{Container, Snapshot, Workload, WorkloadId};
use crate::units::{Bytes, Cpu, Money, Ratio};

/// What a record calls itself.
pub const SCHEMA: &str = "kcost.record/v1";

/// One run: what was advised and promised, and what it was worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub schema: String,
    pub tool_version: String,
    pub taken_at: Timestamp,
    pub cluster: String,
    pub strategy: String,
    pub goal: String,
    /// What was asked for beside them, as flags have it: `max-oom-risk 20%`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// The part of the cluster that was asked for, `-n shop`; none where all of it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// ISO 4217.
    pub currency: String,
    pub monthly: Monthly,
    /// What its nodes cost; none where no node is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Nodes>,
    /// Of containers with advice, what is requested beyond it, 0 to 1; null where nothing
    /// could be judged.
    pub waste: Option<f64>,
    /// By namespace, kind, name, template.
    pub workloads: Vec<Entry>,
    /// What of it was written to the cluster, where the run did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Written>,
    /// What became of the promises of earlier runs, where this one was the first to see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcomes>,
}

/// What a run wrote to the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its name in the audit log.
    pub run: String,
    /// One a workload that it tried, in the order of its waves.
    pub workloads: Vec<Tried>,
}

/// The outcome of what a run has begun and not told the end of.
const BEGUN: &str = "begun";

/// What became of one workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    #[serde(flatten)]
    pub id: WorkloadId,
    /// `applied`, `refused`, `rolled_back` and so on, as `kcost apply -o json` has it; `begun`
    /// until the run has ended.
    pub outcome: String,
}

impl Written {
    /// What a run is about to write.
    pub fn begun(run: &str, workloads: impl IntoIterator<Item = WorkloadId>) -> Self {
        let tried = workloads.into_iter().map(|id| Tried {
            id,
            outcome: BEGUN.to_owned(),
        });
        Self {
            run: run.to_owned(),
            workloads: tried.collect(),
        }
    }

    /// Whether the run has not told its end.
    pub fn is_open(&self) -> bool {
        self.workloads.iter().any(|it| it.outcome == BEGUN)
    }

    /// Whether a workload has got what was advised, as far as the run has told.
    pub fn has(&self, id: &WorkloadId) -> bool {
        let mut all = self.workloads.iter();
        all.any(|it| it.id == *id && it.outcome == "applied")
    }

    /// How many workloads have what was advised.
    pub fn done(&self) -> usize {
        let all = self.workloads.iter();
        all.filter(|it| it.outcome == "applied").count()
    }
}

/// What became of the promises of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Of which run.
    pub taken_at: Timestamp,
    pub strategy: String,
    pub goal: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    pub containers: Vec<Outcome>,
}

/// What became of what was promised of one container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    #[serde(flatten)]
    pub id: WorkloadId,
    pub container: String,
    pub cohort: Option<String>,
    pub horizon_days: f64,
    /// Risks as replays alone had said them, and what came; null where either is not known.
    pub memory_over_limit_replayed: Option<f64>,
    pub memory_over_limit: Option<bool>,
    pub cpu_time_over_request_replayed: Option<f64>,
    pub cpu_time_over_request: Option<f64>,
}

/// Amounts of money a month, as decimal texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monthly {
    pub current: String,
    pub recommended: String,
    pub freed: String,
    /// What leaves the bill with nodes that can go then; null where that was not asked for
    /// or is not known.
    #[serde(default)]
    pub banked: Option<String>,
}

/// Nodes, and what they cost a month as a decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    pub count: usize,
    pub monthly_cost: String,
}

impl Nodes {
    /// Of a cluster at these prices; `None` where no node is known.
    pub fn of(snapshot: &Snapshot, prices: &Book) -> Option<Self> {
        let nodes = &snapshot.cluster.nodes;
        let each = prices.prices(nodes).into_iter().map(|it| it.monthly);
        let all = each.fold(Money::ZERO, |sum, one| sum + one);
        (!nodes.is_empty()).then(|| Self {
            count: nodes.len(),
            monthly_cost: all.to_cents().to_string(),
        })
    }
}

/// How much of a record is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    pub gone: usize,
    pub of: usize,
}

impl Missing {
    /// Whether more than half is gone: so much changes from cluster to cluster, not from run
    /// to run.
    pub fn is_elsewhere(self) -> bool {
        2 * self.gone > self.of
    }
}

/// What was said of one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    pub id: WorkloadId,
    pub state: String,
    pub severity: String,
    pub confidence: String,
    pub replicas: u32,
    pub monthly_cost: String,
    pub monthly_savings: String,
    pub containers: Vec<Kept>,
}

/// What was said of one container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    pub name: String,
    /// How it behaves: the kind of its group, null where it is in none.
    #[serde(default)]
    pub cohort: Option<String>,
    /// What it had; null where nothing.
    pub current: Amounts,
    /// What it has once the advice is followed.
    pub advised: Amounts,
    /// Null where nothing was promised.
    pub promise: Option<Promise>,
}

/// Requests and limits of a container.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Amounts {
    pub cpu_request_cores: Option<f64>,
    pub cpu_limit_cores: Option<f64>,
    pub memory_request_bytes: Option<f64>,
    pub memory_limit_bytes: Option<f64>,
}

/// What may go wrong with the advice, as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    pub horizon_days: f64,
    pub memory_over_limit: Option<f64>,
    pub cpu_time_over_request: Option<f64>,
    /// The same as replays alone say them, before what earlier runs taught; null where they
    /// are not from replays.
    #[serde(default)]
    pub memory_over_limit_replayed: Option<f64>,
    #[serde(default)]
    pub cpu_time_over_request_replayed: Option<f64>,
}

impl Record {
    /// What a run says, to be held against later ones.
    pub fn of(analysis: &Analysis<'_>) -> Self {
        let banked = analysis.banked.as_ref().and_then(|it| it.monthly);
        let mut record = Self::new(
            analysis.snapshot,
            analysis.settings,
            &analysis.bill,
            &analysis.advised,
        );
        record.monthly.banked = banked.map(|it| it.to_string());
        record
    }

    /// The same of its parts.
    pub fn new(snapshot: &Snapshot, settings: &Settings, bill: &Bill, advised: &Advised) -> Self {
        let options = &settings.recommend;
        let each = advised.workloads.iter().zip(&bill.workloads);
        let entries = each.filter_map(|(advice, bill)| {
            let workload = snapshot.workloads.get(advice.workload)?;
            Some(entry(workload, advice, bill))
        });
        Self {
            schema: SCHEMA.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at: snapshot.taken_at,
            cluster: snapshot.cluster.name.clone(),
            strategy: options.strategy.name().to_owned(),
            goal: options.goal.name().to_owned(),
            settings: options.beside_goal(),
            scope: None,
            currency: bill.currency.to_string(),
            monthly: Monthly {
                current: bill.current.to_string(),
                recommended: bill.recommended.to_string(),
                freed: bill.freed.to_string(),
                banked: None,
            },
            nodes: Nodes::of(snapshot, &settings.prices),
            waste: bill.waste.cost.known().map(Ratio::get),
            workloads: entries.collect(),
            applied: None,
            outcomes: Vec::new(),
        }
    }

    /// The longest time that anything was promised for, in seconds.
    pub fn horizon_secs(&self) -> f64 {
        let kept = self.workloads.iter().flat_map(|it| &it.containers);
        let days = kept.filter_map(|it| it.promise).map(|it| it.horizon_days);
        days.fold(0.0, f64::max) * 86_400.0
    }

    /// Whether all that was promised is over at this time, but for an hour: a run a week
    /// is not on the second.
    pub fn is_over(&self, at: Timestamp) -> bool {
        let past = at.as_second() - self.taken_at.as_second();
        let late = f64::from(i32::try_from(past).unwrap_or(i32::MAX)) + 3_600.0;
        past > 0 && late >= self.horizon_secs()
    }

    /// How many of its workloads in these namespaces are not among those, and how many it has.
    pub fn missing<'a>(
        &self,
        among: impl Iterator<Item = &'a WorkloadId>,
        within: &dyn Fn(&str) -> bool,
    ) -> Missing {
        let among: HashSet<&WorkloadId> = among.collect();
        let own = self.workloads.iter().map(|it| &it.id);
        let own = own.filter(|it| within(&it.namespace));
        let (there, gone): (Vec<_>, Vec<_>) = own.partition(|it| among.contains(it));
        Missing {
            gone: gone.len(),
            of: there.len() + gone.len(),
        }
    }

    /// Whether both are of the same question to the same cluster.
    pub fn asks_as(&self, other: &Self) -> bool {
        let asked = |it: &Self| {
            let how = (it.strategy.clone(), it.goal.clone(), it.settings.clone());
            (it.cluster.clone(), how, it.scope.clone())
        };
        asked(self) == asked(other)
    }

    /// `calibrated, balanced, max-oom-risk 20%`.
    pub fn question(&self) -> String {
        let how = [&self.strategy, &self.goal].into_iter();
        let all: Vec<&str> = how.chain(&self.settings).map(String::as_str).collect();
        all.join(", ")
    }

    /// Why it cannot be what a run has written; `None` where it can.
    pub fn damage(&self) -> Option<String> {
        let kept = self.workloads.iter().flat_map(|it| &it.containers);
        let promises = kept.filter_map(|it| it.promise);
        let shares = promises.clone().flat_map(|it| {
            [
                it.memory_over_limit,
                it.cpu_time_over_request,
                it.memory_over_limit_replayed,
                it.cpu_time_over_request_replayed,
            ]
        });
        let outcomes = self.outcomes.iter().flat_map(|it| &it.containers);
        let seen = outcomes.clone().flat_map(|it| {
            [
                it.memory_over_limit_replayed,
                it.cpu_time_over_request_replayed,
                it.cpu_time_over_request,
            ]
        });
        let shares = shares.chain(seen).chain([self.waste]).flatten();
        if let Some(wrong) = { shares }.find(|it| !(0.0..=1.0).contains(it)) {
            return Some(format!("it is damaged: a share of {wrong} is none"));
        }
        let days = promises.map(|it| it.horizon_days);
        let mut days = days.chain(outcomes.map(|it| it.horizon_days));
        if let Some(wrong) = days.find(|it| !(it.is_finite() && *it > 0.0)) {
            return Some(format!(
                "it is damaged: nothing is promised for {wrong} days"
            ));
        }
        let (own, entries) = (&self.monthly, self.workloads.iter());
        let amounts = [&own.current, &own.recommended, &own.freed].into_iter();
        let amounts = amounts.chain(entries.flat_map(|it| [&it.monthly_cost, &it.monthly_savings]));
        let wrong = { amounts }.find(|it| it.parse::<Money>().is_err());
        wrong.map(|it| format!("it is damaged: `{it}` is no amount of money"))
    }

    /// Whether both are of the same objects with the same sizes, and of one run that writes,
    /// or of none.
    pub fn is_of_same(&self, other: &Self) -> bool {
        let objects = |it: &Self| {
            let all = it.workloads.iter();
            let all = all.map(|it| {
                let sizes = it.containers.iter();
                let sizes = sizes.map(|it| (it.name.clone(), it.current));
                (it.id.clone(), it.replicas, sizes.collect::<Vec<_>>())
            });
            all.collect::<Vec<_>>()
        };
        let run = |it: &Self| it.applied.as_ref().map(|it| it.run.clone());
        run(self) == run(other) && objects(self) == objects(other)
    }

    /// Whether a run of this part of the cluster has its promises in mind: they are of all of
    /// it, or of the same part.
    pub fn is_for(&self, scope: Option<&str>) -> bool {
        self.scope.is_none() || self.scope.as_deref() == scope
    }

    /// How many workloads are in this state.
    pub fn in_state(&self, state: &str) -> usize {
        self.workloads.iter().filter(|it| it.state == state).count()
    }
}

fn entry(workload: &Workload, advice: &WorkloadAdvice, bill: &WorkloadBill) -> Entry {
    let containers = advice.containers.iter().filter_map(|advised| {
        let container = workload.containers.get(advised.container)?;
        Some(kept(container, advised))
    });
    Entry {
        id: workload.id.clone(),
        state: advice.state.name().to_owned(),
        severity: bill.severity.name().to_owned(),
        confidence: advice.confidence.name().to_owned(),
        replicas: workload.replicas,
        monthly_cost: bill.current.to_string(),
        monthly_savings: bill.savings().to_string(),
        containers: containers.collect(),
    }
}

fn kept(container: &Container, advised: &ContainerAdvice) -> Kept {
    let cpu = |advice: Advice<Cpu>, now: Option<Cpu>| advice.after(now).map(Cpu::get);
    let memory = |advice: Advice<Bytes>, now: Option<Bytes>| advice.after(now).map(Bytes::to_f64);
    let (requests, limits) = (&container.requests, &container.limits);
    let sizing = &advised.sizing;
    Kept {
        name: container.name.clone(),
        cohort: advised.kind.map(str::to_owned),
        current: Amounts::of(container),
        advised: Amounts {
            cpu_request_cores: cpu(sizing.cpu_request, requests.cpu),
            cpu_limit_cores: cpu(sizing.cpu_limit, limits.cpu),
            memory_request_bytes: memory(sizing.memory_request, requests.memory),
            memory_limit_bytes: memory(sizing.memory_limit, limits.memory),
        },
        promise: advised.risk.as_ref().map(promise),
    }
}

fn promise(risk: &Risk) -> Promise {
    Promise {
        horizon_days: risk.horizon.as_days(),
        memory_over_limit: risk.memory_over_limit,
        cpu_time_over_request: risk.cpu_time_over_request,
        memory_over_limit_replayed: risk.replayed.memory_over_limit,
        cpu_time_over_request_replayed: risk.replayed.cpu_time_over_request,
    }
}

impl Amounts {
    /// What a container has.
    pub fn of(container: &Container) -> Self {
        let (requests, limits) = (&container.requests, &container.limits);
        Self {
            cpu_request_cores: requests.cpu.map(Cpu::get),
            cpu_limit_cores: limits.cpu.map(Cpu::get),
            memory_request_bytes: requests.memory.map(Bytes::to_f64),
            memory_limit_bytes: limits.memory.map(Bytes::to_f64),
        }
    }

    /// The four, in a fixed order.
    pub fn all(&self) -> [Option<f64>; 4] {
        [
            self.cpu_request_cores,
            self.cpu_limit_cores,
            self.memory_request_bytes,
            self.memory_limit_bytes,
        ]
    }

    /// Whether both are the same, but for what a quantity rounds.
    pub fn is_like(&self, other: &Self) -> bool {
        let same = |pair: (Option<f64>, Option<f64>)| like(pair.0, pair.1);
        self.all().into_iter().zip(other.all()).all(same)
    }
}

/// Whether two amounts are the same, but for what a quantity rounds.
pub(super) fn like(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * a.abs().max(b.abs()),
        (None, None) => true,
        _ => false,
    }
}
