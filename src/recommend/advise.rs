//! The stage: pools, drafts, guards, judgement.

use super::guard::{self, Case, Plan, Planned};
use super::strategy::calibrated::{self, MemorySize};
use super::{
    Advised, Confidence, Draft, Effective, Methods, NodeRisk, Options, Pool, Reason, Seen, Sizing,
    Strategy, history, judge,
};
use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::snapshot::{ContainerKind, Resources, Snapshot};

/// What to change, for every workload.
pub fn recommend(
    snapshot: &Snapshot,
    profiles: &[Profile],
    cohorts: &Cohorts,
    options: &Options,
) -> Advised {
    let seen = Seen::of(snapshot, profiles, cohorts);
    let rules: Vec<Effective> = snapshot.workloads.iter().map(|w| options.of(w)).collect();
    let drafts = drafts(&seen, &rules, options);
    let mut plans = plans(&seen, rules, drafts);
    if options.guards {
        let case = Case { snapshot };
        for guard in guard::ALL {
            guard::run(*guard, case, &mut plans);
        }
    } else {
        guard::each(&mut plans).for_each(|(_, planned)| planned.write());
    }
    let node_risk = is_judged(&plans)
        .then(|| node_risk(&seen, &plans, options))
        .flatten();
    Advised {
        workloads: plans.into_iter().map(judge::conclude).collect(),
        node_risk,
    }
}

/// Whether there is enough history of any container.
fn is_judged(plans: &[Plan<'_>]) -> bool {
    let mut planned = plans.iter().flat_map(|plan| &plan.containers);
    planned.any(|planned| planned.known)
}

/// The risk that what the guards left, or what is there now, fills a node.
fn node_risk(seen: &Seen<'_>, plans: &[Plan<'_>], options: &Options) -> Option<NodeRisk> {
    let mut sizes = vec![MemorySize::default(); seen.pools.len()];
    for plan in plans {
        let shares = plan.memory_shares();
        for (planned, request) in plan.containers.iter().zip(shares) {
            sizes[planned.profile] = MemorySize {
                request,
                limit: planned.after().memory_limit,
            };
        }
    }
    calibrated::node_risk(seen, &sizes, options.targets.horizon)
}

/// One draft for each pool, by the strategy that holds for its workload.
fn drafts(seen: &Seen<'_>, rules: &[Effective], options: &Options) -> Vec<Draft> {
    let mut used: Vec<&'static dyn Strategy> = Vec::new();
    for effective in rules {
        let name = effective.options.strategy.name();
        if !used.iter().any(|strategy| strategy.name() == name) {
            used.push(effective.options.strategy);
        }
    }
    let mut chosen: Vec<Option<Draft>> = vec![None; seen.pools.len()];
    for strategy in used {
        let drafts = strategy.advise(seen, options);
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
            rules,
            containers: Vec::new(),
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
        plan.containers
            .push(Planned::new(pool.clone(), index, draft, known));
    }
    plans
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
