//! Cuts that give nothing back.

use std::collections::HashMap;

use super::sum::Sum;
use super::{Case, Field, Guard, Held, Plan, Planned, pod_level, policy, qos};
use crate::snapshot::{ContainerKind, Node, Sold};
use crate::units::{Bytes, Cpu};

/// A request is not cut where the pod is no cheaper for it: where an init container
/// sets what the pod reserves, or where pods are sold in sizes and this one stays
/// within its size. A rollout for nothing is no advice.
pub(super) struct Reserve;

impl Guard for Reserve {
    fn name(&self) -> &'static str {
        "reserve"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("less frees nothing")
    }

    fn apply(&self, case: &Case<'_>, plans: &mut [Plan<'_>]) {
        let nodes = case.snapshot.cluster.nodes.iter();
        let nodes = nodes.map(|node| (node.name.as_str(), node)).collect();
        for plan in plans {
            if let Some(sold) = sold(plan, &nodes) {
                stay_in_size(plan, sold);
            } else {
                stay_below_start(plan);
            }
        }
    }
}

type Nodes<'a> = HashMap<&'a str, &'a Node>;

/// How the pods are sold, if all of them are sold alike.
fn sold(plan: &Plan<'_>, nodes: &Nodes<'_>) -> Option<Sold> {
    let mut pods = plan.workload.pods.iter().map(|pod| {
        let name = pod.node.as_deref()?;
        Sold::on(nodes.get(name).copied(), name)
    });
    let first = pods.next()??;
    pods.all(|other| other == Some(first)).then_some(first)
}

/// Keeps requests that fall within the size that the pod is sold in.
fn stay_in_size(plan: &mut Plan<'_>, sold: Sold) {
    let size = |after: bool| {
        let (cpu, memory) = (
            reserved(plan, Field::CpuRequest, after),
            reserved(plan, Field::MemoryRequest, after),
        );
        sold.size(Cpu::cores(cpu), Bytes::from_f64(memory))
    };
    let (now, after) = (size(false), size(true));
    if now != after {
        return;
    }
    let why = format!(
        "{} sells pods in sizes and this one stays {} and {}: less frees nothing",
        sold.name(),
        now.0,
        now.1.human(),
    );
    keep_cuts(plan, &[Field::CpuRequest, Field::MemoryRequest], &why);
}

/// Keeps requests that fall below what the pod needs at its start.
fn stay_below_start(plan: &mut Plan<'_>) {
    let mut bound = Vec::new();
    let mut names = Vec::new();
    for field in [Field::CpuRequest, Field::MemoryRequest] {
        let pod = field.of(plan.pod_now()).is_some();
        let (now, after) = (reserved(plan, field, false), reserved(plan, field, true));
        let starts = largest_init(plan, field).filter(|_| !pod && now > 0.0 && now <= after);
        if let Some(name) = starts {
            bound.push(field);
            names.push(name);
        }
    }
    names.dedup();
    if !names.is_empty() {
        let why = format!(
            "init container {} requests as much at the start: less frees nothing",
            names.join(" and ")
        );
        keep_cuts(plan, &bound, &why);
    }
}

fn largest_init(plan: &Plan<'_>, field: Field) -> Option<String> {
    let init = plan.containers.iter();
    let init = init.filter(|planned| planned.pool.container.kind == ContainerKind::Init);
    let sized = init.filter_map(|planned| Some((field.of(planned.now())?, planned)));
    let largest = sized.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(largest.1.pool.container.name.clone())
}

/// What one pod reserves, in cores or bytes.
fn reserved(plan: &Plan<'_>, field: Field, after: bool) -> f64 {
    let held = |planned: &Planned<'_>| {
        if after {
            planned.after()
        } else {
            planned.now()
        }
    };
    let whole: Held = if after {
        plan.pod_after()
    } else {
        plan.pod_now()
    };
    let sum = Sum::of(plan, |planned| field.of(held(planned))).map_or(0.0, |sum| sum.most);
    let overhead = &plan.workload.overhead;
    let overhead = match field {
        Field::CpuRequest | Field::CpuLimit => overhead.cpu.map_or(0.0, Cpu::get),
        Field::MemoryRequest | Field::MemoryLimit => overhead.memory.map_or(0.0, Bytes::to_f64),
    };
    field.of(whole).unwrap_or(sum) + overhead
}

/// Takes back what would lower these requests, and limits that would only fall
/// where nothing else is left to do.
fn keep_cuts(plan: &mut Plan<'_>, fields: &[Field], why: &str) {
    let guaranteed = qos::is_guaranteed(plan.workload);
    let options = plan.rules.options.clone();
    let mut kept = Vec::new();
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let (before, now) = (planned.sizing, planned.now());
        for field in fields {
            let above = field.of(now);
            let breaks = above.is_some_and(|now| policy::breaks(&options, *field, now));
            if falls(planned, *field) && !breaks {
                field.keep(&mut planned.sizing);
                if guaranteed {
                    limit_of(*field).keep(&mut planned.sizing);
                }
            }
        }
        if planned.sizing != before {
            super::order::put_in_order(planned);
        }
        kept.push(planned.sizing != before);
        planned.kept(before, "reserve", why);
    }
    for field in fields {
        let (now, after) = (field.of(plan.pod_now()), field.of(plan.pod_after()));
        if matches!((now, after), (Some(now), Some(after)) if after < now) {
            pod_level::hold(plan, *field, why);
            kept.push(true);
        }
    }
    if kept.contains(&true) && only_limits_fall(plan) {
        for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
            let before = planned.sizing;
            Field::CpuLimit.keep(&mut planned.sizing);
            Field::MemoryLimit.keep(&mut planned.sizing);
            planned.kept(
                before,
                "reserve",
                "a lower limit alone is not worth new pods",
            );
        }
    }
}

fn limit_of(request: Field) -> Field {
    match request {
        Field::CpuRequest | Field::CpuLimit => Field::CpuLimit,
        Field::MemoryRequest | Field::MemoryLimit => Field::MemoryLimit,
    }
}

fn falls(planned: &Planned<'_>, field: Field) -> bool {
    let (now, wanted) = (field.of(planned.now()), field.advised(planned.sizing));
    matches!((now, wanted.value()), (Some(now), Some(wanted)) if wanted < now)
}

/// Whether all that is left to do is to lower limits.
fn only_limits_fall(plan: &Plan<'_>) -> bool {
    let known = plan.containers.iter().filter(|planned| planned.known);
    known.into_iter().all(|planned| {
        let (now, after) = (planned.now(), planned.after());
        let mut fields = Field::ALL
            .into_iter()
            .filter(|field| field.of(now) != field.of(after));
        fields.all(|field| limit_of(field) == field && falls(planned, field))
    })
}
