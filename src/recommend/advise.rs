//! The stage: pools, drafts, guards, judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::{IntoParallelIterator, ParallelExtend, ParallelIterator};

use super::guard::{self, Case, Plan, Planned};
use super::strategy::calibrated::{self, MemorySize, Shared, Together};
use super::{
    Advised, Confidence, CpuBounds, Draft, Effective, Look, Looks, Methods, NodeRisk, Options,
    Pool, Reason, Seen, Sizing, Strategy, WorkloadAdvice, history, judge,
};
use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::snapshot::{ContainerKind, Resources, Snapshot, Usage, Workload};
use crate::units::Cpu;

/// What to change, for every workload, where all usage is at hand.
pub fn recommend(
    snapshot: &Snapshot,
    profiles: &[Profile],
    cohorts: &Cohorts,
    options: &Options,
) -> Advised {
    let mut looks = Looks::new(snapshot, options);
    looks.add(&snapshot.usage, profiles);
    let drafts = draft(snapshot, profiles, cohorts, looks, options);
    let mut planned = drafts.plan(&Scheduled::new());
    planned.conclude(usize::MAX, &snapshot.usage);
    planned.advised()
}

/// What each replica of a workload is to request whose peaks a schedule holds with more of
/// them, by the index of the workload.
pub type Scheduled = BTreeMap<usize, Load>;

/// One decision: the size of a replica, and what share of it its autoscaler is to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    pub cpu: Cpu,
    /// `None` where no autoscaler of CPU is part of it.
    pub target: Option<f64>,
}

/// What strategies propose, before any guard.
pub struct Drafts<'a> {
    snapshot: &'a Snapshot,
    plans: Vec<Plan<'a>>,
    shared: Shared,
    /// How many profiles there are.
    profiles: usize,
    guards: bool,
}

/// What to propose, from what was found of usage.
pub fn draft<'a>(
    snapshot: &'a Snapshot,
    profiles: &'a [Profile],
    cohorts: &Cohorts,
    looks: Looks<'_>,
    options: &Options,
) -> Drafts<'a> {
    let rules: Vec<Effective> = snapshot.workloads.iter().map(|w| options.of(w)).collect();
    let (seen, drafts) = drafted(snapshot, profiles, cohorts, looks, &rules, options);
    Drafts {
        snapshot,
        plans: plans(&seen, rules, drafts),
        shared: seen.shared,
        profiles: profiles.len(),
        guards: options.guards,
    }
}

impl<'a> Drafts<'a> {
    /// What to change, by the guards.
    pub fn plan(&self, scheduled: &Scheduled) -> Planning<'a> {
        let mut plans = self.plans.clone();
        if self.guards {
            let snapshot = self.snapshot;
            let case = Case {
                snapshot,
                scheduled,
            };
            for guard in guard::ALL {
                guard::run(*guard, case, &mut plans);
            }
        } else {
            guard::each(&mut plans).for_each(|(_, planned)| planned.write());
        }
        let node_risk = is_judged(&plans).then(|| self.node_risk(&plans)).flatten();
        plans.reverse();
        Planning {
            advised: Advised {
                workloads: Vec::with_capacity(plans.len()),
                node_risk,
            },
            plans,
        }
    }

    /// Whether a workload may be sized otherwise where these are scheduled: those share a
    /// namespace's quota with the others.
    pub fn touched(&self, scheduled: &Scheduled) -> Vec<bool> {
        let workloads = &self.snapshot.workloads;
        let namespace = |index: &usize| workloads[*index].id.namespace.as_str();
        let namespaces: BTreeSet<&str> = scheduled.keys().map(namespace).collect();
        let of = |workload: &Workload| namespaces.contains(workload.id.namespace.as_str());
        workloads.iter().map(of).collect()
    }

    /// What pods use of memory together; `None` where no node's is known.
    pub fn together(self) -> Option<Together> {
        Together::of(self.shared)
    }

    /// The risk that what the guards left, or what is there now, fills a node.
    fn node_risk(&self, plans: &[Plan<'_>]) -> Option<NodeRisk> {
        let mut sizes = vec![MemorySize::default(); self.profiles];
        for plan in plans {
            let shares = plan.memory_shares();
            for (planned, request) in plan.containers.iter().zip(shares) {
                sizes[planned.profile] = MemorySize {
                    request,
                    limit: planned.after().memory_limit,
                };
            }
        }
        calibrated::node_risk(&self.shared, &sizes)
    }
}

/// Plans, without the verdicts that take usage once more.
pub struct Planning<'a> {
    /// Those that are not concluded, the last first.
    plans: Vec<Plan<'a>>,
    /// What is concluded.
    advised: Advised,
}

impl Planning<'_> {
    /// Leaves the plans of some workloads alone, by their index.
    pub fn retain(&mut self, kept: impl Fn(usize) -> bool) {
        self.plans.retain(|plan| kept(plan.index));
    }

    /// The verdicts on the next workloads, as far as `end`, of which this is the usage.
    pub fn conclude(&mut self, end: usize, usage: &Usage) {
        let later = self.plans.partition_point(|plan| plan.index >= end);
        let plans: Vec<Plan<'_>> = self.plans.drain(later..).rev().collect();
        let concluded = plans.into_par_iter().map(|plan| conclude(plan, usage));
        self.advised.workloads.par_extend(concluded);
    }

    /// The verdicts so far.
    pub fn so_far(&self) -> &Advised {
        &self.advised
    }

    /// Once all workloads have their verdict.
    pub fn advised(self) -> Advised {
        self.advised
    }
}

fn conclude<'a>(mut plan: Plan<'a>, usage: &'a Usage) -> WorkloadAdvice {
    for planned in &mut plan.containers {
        planned.pool.take_usage(usage);
    }
    judge::conclude(plan)
}

/// What the strategies propose before any guard, one draft for each profile.
pub fn propose(snapshot: &Snapshot, profiles: &[Profile], options: &Options) -> Vec<Draft> {
    let mut looks = Looks::new(snapshot, options);
    looks.add(&snapshot.usage, profiles);
    let rules: Vec<Effective> = snapshot.workloads.iter().map(|w| options.of(w)).collect();
    let cohorts = Cohorts::none(profiles.len());
    drafted(snapshot, profiles, &cohorts, looks, &rules, options).1
}

/// What is known of each container, and what is proposed for it.
fn drafted<'a>(
    snapshot: &'a Snapshot,
    profiles: &'a [Profile],
    cohorts: &Cohorts,
    looks: Looks<'_>,
    rules: &[Effective],
    options: &Options,
) -> (Seen<'a>, Vec<Draft>) {
    let shared = Shared::of(looks.added, looks.layout, &snapshot.cluster.nodes);
    let horizon = options.targets.horizon;
    let seen = Seen::of(snapshot, profiles, cohorts, looks.seen, shared, horizon);
    let drafts = drafts(&seen, rules, looks.strategies, looks.of_strategies, options);
    (seen, drafts)
}

/// Whether there is enough history of any container.
fn is_judged(plans: &[Plan<'_>]) -> bool {
    let mut planned = plans.iter().flat_map(|plan| &plan.containers);
    planned.any(|planned| planned.known)
}

/// One draft for each pool, by the strategy that holds for its workload.
fn drafts(
    seen: &Seen<'_>,
    rules: &[Effective],
    strategies: Vec<&'static dyn Strategy>,
    looks: Vec<Vec<Look>>,
    options: &Options,
) -> Vec<Draft> {
    let mut chosen: Vec<Option<Draft>> = vec![None; seen.pools.len()];
    for (strategy, looks) in strategies.into_iter().zip(looks) {
        let drafts = strategy.advise(seen, looks, options);
        for ((place, draft), pool) in chosen.iter_mut().zip(drafts).zip(&seen.pools) {
            let wanted = rules[pool.profile.workload].options.strategy.name();
            if wanted == strategy.name() {
                *place = Some(draft);
            }
        }
    }
    let none = || kept(vec![Reason::new("no_draft", "the strategy says nothing")]);
    chosen
        .into_iter()
        .map(|draft| draft.unwrap_or_else(none))
        .collect()
}

fn kept(reasons: Vec<Reason>) -> Draft {
    Draft {
        sizing: Sizing::KEEP,
        risk: None,
        methods: Methods::default(),
        confidence: Confidence::None,
        reasons,
    }
}

/// The drafts by workload, without those that nothing can be said about.
fn plans<'a>(seen: &Seen<'a>, rules: Vec<Effective>, drafts: Vec<Draft>) -> Vec<Plan<'a>> {
    let mut plans: Vec<Plan<'a>> = seen
        .snapshot
        .workloads
        .iter()
        .zip(rules)
        .enumerate()
        .map(|(index, (workload, rules))| Plan {
            index,
            workload,
            grid: &seen.snapshot.usage.grid,
            cpu: cpu_bounds(workload, &rules, seen.snapshot),
            rules,
            containers: Vec::with_capacity(workload.containers.len()),
            autoscaler: None,
            pod: None,
        })
        .collect();
    for (index, (pool, draft)) in seen.pools.iter().zip(drafts).enumerate() {
        let plan = &mut plans[pool.profile.workload];
        let silent = silent(pool, &plan.rules, seen.snapshot);
        let known = silent.is_empty();
        let mut draft = if known { draft } else { kept(silent) };
        draft.reasons.extend(plan.rules.problems.iter().cloned());
        let mut pool = pool.clone();
        let own = plan.rules.options.targets.horizon;
        if own != seen.horizon {
            pool.events = Arc::new(pool.events.until(&pool, plan.grid, own));
        }
        plan.containers
            .push(Planned::new(pool, index, draft, known));
    }
    plans
}

fn cpu_bounds(workload: &Workload, rules: &Effective, snapshot: &Snapshot) -> CpuBounds {
    let ranges = &snapshot.cluster.limit_ranges;
    let bounds = CpuBounds::of(workload, &rules.options, ranges);
    CpuBounds {
        fixed: bounds.fixed || rules.ignore.is_some(),
        ..bounds
    }
}

/// Why nothing is said about a container; empty where something is.
fn silent(pool: &Pool<'_>, rules: &Effective, snapshot: &Snapshot) -> Vec<Reason> {
    if let Some(text) = rules.ignore {
        return vec![Reason::new("ignored", text)];
    }
    if pool.container.kind == ContainerKind::Init {
        return vec![init(pool)];
    }
    history::missing(pool, snapshot, rules.options.min_history)
}

/// Why an init container is left alone, and whether it is what the pod reserves.
fn init(pool: &Pool<'_>) -> Reason {
    let others = pool.workload.containers.iter();
    let running = others
        .filter(|container| container.kind != ContainerKind::Init)
        .fold(Resources::default(), |sum, container| {
            sum.plus(&container.requests)
        });
    let own = &pool.container.requests;
    let cpu = own.cpu.unwrap_or_default() > running.cpu.unwrap_or_default();
    let memory = own.memory.unwrap_or_default() > running.memory.unwrap_or_default();
    let text = match (cpu, memory) {
        (false, false) => "an init container runs once, and the others together request more",
        (true, false) => "an init container that sets the CPU of the whole pod: shrink it by hand",
        (false, true) => {
            "an init container that sets the memory of the whole pod: shrink it by hand"
        }
        (true, true) => "an init container that sets the size of the whole pod: shrink it by hand",
    };
    Reason::new("init_container", text)
}
