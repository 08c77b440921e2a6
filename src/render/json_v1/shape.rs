//! The shape of `kcost.analysis/v1`. Add keys; never rename or remove one.

use serde::Serialize;

use super::rounded;
use crate::recommend::{self, Advice};
use crate::render::events::{Growing, Odd};
use crate::render::gpu;
use crate::render::history::Taught;
use crate::render::risks;
use crate::snapshot::HeapSetting;
use crate::units::{Currency, Money};

#[derive(Serialize)]
pub(in crate::render) struct Report<'a> {
    pub(super) schema: &'static str,
    pub(super) tool_version: &'static str,
    pub(super) taken_at: String,
    pub(super) cluster: Cluster<'a>,
    pub(super) window: Window,
    pub(super) sources: Vec<Source<'a>>,
    pub(super) currency: Currency,
    pub(super) prices: Prices<'a>,
    pub(super) settings: Settings,
    pub(super) summary: Summary,
    /// Null unless it was asked for.
    pub(super) groups: Option<Groups<'a>>,
    pub(super) cohort_criterion: &'a str,
    pub(super) cohorts: Vec<Cohort<'a>>,
    pub(super) workloads: Vec<Workload<'a>>,
    pub(super) findings: Vec<Finding<'a>>,
    pub(super) risks: Risks<'a>,
    /// Null where no workload has accelerators.
    pub(super) gpus: Option<gpu::Section<'a>>,
    /// What earlier runs taught; absent where nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) learned: Vec<Taught<'a>>,
    pub(super) gaps: Vec<Gap<'a>>,
    pub(super) gates: Vec<Gate<'a>>,
    /// Null without gates.
    pub(super) gate: Option<Verdict>,
}

/// All workloads by what they have in common.
#[derive(Serialize)]
pub(super) struct Groups<'a> {
    /// `namespace`, `label:team`.
    pub(super) by: String,
    /// Costs sum up to those of the summary, to the cent.
    pub(super) groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
pub(super) struct Group<'a> {
    /// `__unallocated__` without the label.
    pub(super) name: &'a str,
    pub(super) workloads: usize,
    pub(super) pods: usize,
    pub(super) cpu_cores: Total<f64>,
    pub(super) memory_bytes: Total<u64>,
    pub(super) waste_ratio: Waste,
    pub(super) waste_over: WasteOver,
    pub(super) monthly_cost: GroupCost,
}

/// `freed = current − recommended`, below zero where more is needed.
#[derive(Serialize)]
pub(super) struct GroupCost {
    pub(super) current: Money,
    pub(super) recommended: Money,
    pub(super) freed: Money,
}

/// What is about to break in the whole cluster, and what of it cannot be told.
#[derive(Serialize)]
pub(super) struct Risks<'a> {
    pub(super) findings: Vec<risks::Shape<'a>>,
    /// Findings that belong together, by their index.
    pub(super) incidents: Vec<risks::Joined>,
    pub(super) gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
pub(in crate::render) struct Cluster<'a> {
    pub(super) name: &'a str,
    pub(super) server_version: Option<&'a str>,
    pub(super) nodes: Option<usize>,
}

#[derive(Serialize)]
pub(in crate::render) struct Window {
    pub(super) start: String,
    pub(super) end: String,
    pub(super) step_seconds: u32,
    /// Where usage came from; null without any.
    pub(super) source: Option<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) kind: &'static str,
    pub(super) detail: &'a str,
}

#[derive(Serialize)]
pub(super) struct Prices<'a> {
    pub(super) source: &'static str,
    pub(super) description: &'a str,
}

#[derive(Serialize)]
pub(super) struct Settings {
    pub(super) strategy: &'static str,
    pub(super) goal: &'static str,
    pub(super) targets: Targets,
    pub(super) min_cpu_cores: f64,
    pub(super) min_memory_bytes: u64,
    pub(super) max_cpu_cores: Option<f64>,
    pub(super) max_memory_bytes: Option<u64>,
    pub(super) min_history_seconds: u32,
}

#[derive(Serialize)]
pub(super) struct Targets {
    pub(super) horizon_days: f64,
    pub(super) memory_over_limit: f64,
    pub(super) cpu_time_over_request: f64,
    pub(super) cpu_work_over_request: f64,
    pub(super) node_memory_overflow: f64,
}

#[derive(Serialize)]
pub(super) struct Summary {
    pub(super) workloads: usize,
    pub(super) containers: usize,
    pub(super) pods: usize,
    pub(super) cpu_cores: Total<f64>,
    pub(super) memory_bytes: Total<u64>,
    pub(super) waste_ratio: Waste,
    pub(super) waste_over: WasteOver,
    pub(super) monthly_cost: Cost,
    /// Null where only a part of the cluster was asked for.
    pub(super) bill: Option<Lines>,
    pub(super) risk: NodeRisk,
    pub(super) states: States,
}

#[derive(Serialize)]
pub(super) struct Total<T> {
    pub(super) requested: T,
    /// Null where nothing is known of use.
    pub(super) used_mean: Option<T>,
    pub(super) recommended: T,
}

/// Null where there is nothing that it could be a share of.
#[derive(Serialize)]
pub(super) struct Waste {
    pub(super) cpu: Option<f64>,
    pub(super) memory: Option<f64>,
    pub(super) cost: Option<f64>,
}

/// The requests that [`Waste`] is a share of: of containers with advice.
#[derive(Serialize)]
pub(super) struct WasteOver {
    pub(super) cpu_cores: f64,
    pub(super) memory_bytes: u64,
    pub(super) monthly_cost: String,
}

#[derive(Serialize)]
pub(super) struct Cost {
    pub(super) current: String,
    pub(super) recommended: String,
    pub(super) freed: String,
    /// Null where there is no plan of nodes.
    pub(super) banked: Option<String>,
}

/// The whole bill, in hundredths:
/// `total = gpus + volumes + load_balancers + system + idle + not_judged + kept + given_back`,
/// `net_freed = given_back − needed_more`, `idle + net_freed = banked + left_idle`.
#[derive(Serialize)]
pub(super) struct Lines {
    pub(super) total: Money,
    pub(super) gpus: Money,
    pub(super) volumes: Money,
    pub(super) load_balancers: Money,
    pub(super) system: Money,
    pub(super) idle: Money,
    pub(super) not_judged: Money,
    pub(super) kept: Money,
    pub(super) given_back: Money,
    pub(super) needed_more: Money,
    pub(super) net_freed: Money,
    pub(super) banked: Option<Money>,
    pub(super) left_idle: Option<Money>,
    pub(super) idle_workloads_resized: Money,
    pub(super) idle_workloads_removed: Money,
}

#[derive(Serialize)]
pub(super) struct NodeRisk {
    pub(super) horizon_days: f64,
    pub(super) node_memory_overflow: Option<f64>,
    /// Of it, by one pod that outgrows a node alone.
    pub(super) node_memory_overflow_alone: Option<f64>,
    /// The share of nodes in the worst stretch of the window.
    pub(super) node_memory_overflow_surge: Option<f64>,
    /// Workloads of which one pod alone has filled a node.
    pub(super) fill_a_node: Vec<WorkloadName>,
}

#[derive(Serialize)]
pub(super) struct WorkloadName {
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) name: String,
}

#[derive(Serialize)]
pub(super) struct States {
    pub(super) idle: usize,
    pub(super) over_provisioned: usize,
    pub(super) under_provisioned: usize,
    pub(super) right_sized: usize,
    pub(super) unknown: usize,
}

#[derive(Serialize)]
pub(super) struct Cohort<'a> {
    pub(super) id: usize,
    pub(super) name: &'a str,
    pub(super) workloads: usize,
    pub(super) containers: usize,
    pub(super) description: &'a str,
}

#[derive(Serialize)]
pub(super) struct Workload<'a> {
    pub(super) namespace: &'a str,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) api_version: &'a str,
    pub(super) replicas: u32,
    pub(super) pods: usize,
    pub(super) cohort: Option<&'a str>,
    pub(super) state: &'static str,
    pub(super) severity: &'static str,
    pub(super) confidence: &'static str,
    pub(super) data_quality: DataQuality<'a>,
    /// What stands out, in at most four words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) headline: Option<Reason<'a>>,
    pub(super) monthly_cost: String,
    pub(super) monthly_savings: String,
    /// Where pods are made from several templates: each by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) templates: Vec<Template<'a>>,
    pub(super) containers: Vec<Container<'a>>,
    /// Where pods have sizes as a whole, which their containers share: one for each
    /// template that has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) pod: Vec<Pod<'a>>,
    /// Where targets have to move together with the requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) autoscaler: Option<Autoscaler<'a>>,
}

/// How far the data on a workload can be trusted.
#[derive(Serialize)]
pub(in crate::render) struct DataQuality<'a> {
    /// 0 to 100.
    pub(super) score: u8,
    pub(super) coverage: f64,
    pub(super) history_days: f64,
    /// Days since the newest sample; null without any.
    pub(super) age_days: Option<f64>,
    pub(super) gaps: u32,
    pub(super) longest_gap_seconds: u32,
    pub(super) doubts: Vec<Reason<'a>>,
    /// What confidence is held down to by it.
    pub(super) allows: &'static str,
}

/// Why one field changes, or stays.
#[derive(Serialize)]
pub(super) struct Why<'a> {
    pub(super) field: &'static str,
    pub(super) text: &'a str,
}

/// Sizes of a pod as a whole.
#[derive(Serialize)]
pub(super) struct Pod<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<&'a str>,
    pub(super) cpu_request_cores: Field<f64>,
    pub(super) cpu_limit_cores: Field<f64>,
    pub(super) memory_request_bytes: Field<u64>,
    pub(super) memory_limit_bytes: Field<u64>,
    /// How each size was found.
    pub(super) reasons: Vec<Reason<'a>>,
}

/// Pods of one template of a workload.
#[derive(Serialize)]
pub(super) struct Template<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) replicas: u32,
    pub(super) pods: usize,
    pub(super) cohort: Option<&'a str>,
    pub(super) state: &'static str,
    pub(super) severity: &'static str,
    pub(super) confidence: &'static str,
    pub(super) monthly_cost: String,
    pub(super) monthly_savings: String,
}

/// A HorizontalPodAutoscaler whose targets go with new requests.
#[derive(Serialize)]
pub(super) struct Autoscaler<'a> {
    pub(super) name: &'a str,
    pub(super) changes: Vec<TargetChange<'a>>,
}

#[derive(Serialize)]
pub(super) struct TargetChange<'a> {
    /// `cpu` or `memory`.
    pub(super) metric: &'a str,
    /// Null where it is about all containers of a pod.
    pub(super) container: Option<&'a str>,
    pub(super) current: Target,
    pub(super) recommended: Target,
}

/// What a metric is held at: one of the three.
#[derive(Serialize)]
pub(super) struct Target {
    /// Percent of the request.
    pub(super) utilization_percent: Option<u32>,
    /// Average of the pods.
    pub(super) average_cpu_cores: Option<f64>,
    pub(super) average_memory_bytes: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Container<'a> {
    pub(super) name: &'a str,
    /// Where the workload has several: containers of different ones may have the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<&'a str>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) cpu_request_cores: Field<f64>,
    pub(super) cpu_limit_cores: Field<f64>,
    pub(super) memory_request_bytes: Field<u64>,
    pub(super) memory_limit_bytes: Field<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) heap: Option<Heap<'a>>,
    pub(super) cpu_used_cores: Option<Used<f64>>,
    pub(super) memory_used_bytes: Option<Used<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory_high_water_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gpu: Option<Gpu>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pressure: Option<Pressure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network_bytes_per_second: Option<f64>,
    pub(super) samples: u64,
    pub(super) risk: Option<Risk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) growth: Option<Growing>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) odd_pods: Vec<Odd<'a>>,
    /// What changes and why, a plain sentence a field.
    pub(super) why: Vec<Why<'a>>,
    /// How each size was found.
    pub(super) reasons: Vec<Reason<'a>>,
}

#[derive(Serialize)]
pub(super) struct Field<T> {
    pub(super) current: Option<T>,
    /// Null unless `advice` is `set`.
    pub(super) recommended: Option<T>,
    pub(super) advice: &'static str,
    #[serde(flatten)]
    pub(super) method: Method,
}

/// How the strategy found a size that is to be set, before guards rounded or moved it;
/// null where it has no such number.
#[derive(Serialize, Default)]
pub(in crate::render) struct Method {
    /// The quantile of use that it starts from, 0 to 1; 1 is the largest use.
    quantile: Option<f64>,
    /// What that is multiplied by.
    multiplier: Option<f64>,
    /// The risk that the size takes, judged on the past.
    judged: Option<f64>,
    /// The risk that is promised not to be exceeded.
    promise: Option<f64>,
    /// How many observations that rests on.
    evidence: Option<f64>,
}

impl Method {
    /// Of a size that is not to be set, none.
    pub(in crate::render) fn of<T: Copy>(method: recommend::Method, advice: Advice<T>) -> Self {
        if advice.value().is_none() {
            return Self::default();
        }
        Self {
            quantile: method.quantile.map(rounded),
            multiplier: method.multiplier.map(rounded),
            judged: method.judged.map(rounded),
            promise: method.promise.map(rounded),
            evidence: method.evidence.map(rounded),
        }
    }
}

/// A setting that bounds a heap, which goes with the memory limit.
#[derive(Serialize)]
pub(in crate::render) struct Heap<'a> {
    /// `java_xmx`, `java_max_ram_percentage`, `go_mem_limit`, `node_max_old_space` …; of a
    /// runtime that nothing sizes the one that would.
    pub(super) setting: HeapSetting,
    /// The environment variable that it stands in; null where it is none.
    pub(super) env: Option<&'a str>,
    /// Where it is a share of the memory limit.
    pub(super) percent_of_limit: Option<f64>,
    /// The largest heap now, and once the advice is followed; null where it is not known.
    pub(super) before_bytes: Option<u64>,
    pub(super) after_bytes: Option<u64>,
    /// `set` where the variable is to be set to `env_value`, else `keep`.
    pub(super) advice: &'static str,
    pub(super) env_value: Option<&'a str>,
}

/// Use of one replica over the window.
#[derive(Serialize)]
pub(super) struct Used<T> {
    pub(super) mean: T,
    pub(super) p50: T,
    pub(super) p95: T,
    pub(super) p99: T,
    pub(super) max: T,
}

/// Use of accelerators, where a source says it.
#[derive(Serialize)]
pub(super) struct Gpu {
    pub(super) mean_utilization_ratio: f64,
    pub(super) p95_utilization_ratio: f64,
    pub(super) max_memory_bytes: Option<u64>,
}

/// Share of the time that some task waited (PSI), where a source says it.
#[derive(Serialize)]
pub(super) struct Pressure {
    pub(super) cpu_waiting_ratio: Option<Waiting>,
    pub(super) memory_waiting_ratio: Option<Waiting>,
}

#[derive(Serialize)]
pub(super) struct Waiting {
    pub(super) mean: f64,
    pub(super) p95: f64,
}

#[derive(Serialize)]
pub(super) struct Risk {
    pub(super) horizon_days: f64,
    pub(super) memory_over_limit: Option<f64>,
    pub(super) cpu_time_over_request: Option<f64>,
    /// Share of the CPU work of the window above the request.
    pub(super) cpu_work_over_request: Option<f64>,
    /// The same as replays alone say it; absent where earlier runs taught nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory_over_limit_replayed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpu_time_over_request_replayed: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Reason<'a> {
    pub(super) code: &'static str,
    pub(super) text: &'a str,
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    pub(super) code: &'static str,
    pub(super) severity: &'static str,
    pub(super) namespace: &'a str,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<&'a str>,
    pub(super) text: &'a str,
}

#[derive(Serialize)]
pub(in crate::render) struct Gap<'a> {
    pub(super) code: &'a str,
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    pub(super) hint: Option<&'a str>,
}

/// All gates together.
#[derive(Serialize)]
pub(super) struct Verdict {
    /// Whether every gate passed.
    pub(super) passed: bool,
    /// Whether every gate could be judged.
    pub(super) judged: bool,
}

#[derive(Serialize)]
pub(super) struct Gate<'a> {
    pub(super) rule: &'static str,
    /// The part of the cluster that it is about; null for all of it.
    pub(super) scope: Option<&'a str>,
    /// `>` or `>=`.
    pub(super) operator: &'static str,
    /// A percentage as a share, a severity as its rank from 0.
    pub(super) limit: f64,
    /// What was measured, in the unit of `limit`; null where nothing could be.
    pub(super) value: Option<f64>,
    /// Whether enough could be judged, and the limit is kept.
    pub(super) passed: bool,
    pub(super) threshold: &'a str,
    /// Null where nothing could be measured.
    pub(super) measured: Option<&'a str>,
    pub(super) failed: bool,
    /// Whether enough could be judged for a verdict.
    pub(super) judged: bool,
    /// Share of the value of all requests that could be judged.
    pub(super) judged_ratio: f64,
}
