use super::apps;
use crate::recommend::State;
use crate::recommend::guard::{Held, Plan, Planned};
use crate::units::{Bytes, Cpu, float};

/// Idle in absolute terms: P99 of CPU. Ours: a process that only waits stays below.
const IDLE_CORES: f64 = 0.01;
/// Idle against the request: P99 below this share of it.
const IDLE_SHARE: f64 = 0.02;
/// Bytes a second: probes and scrapes of metrics are about half of it.
const IDLE_NETWORK: f64 = 1024.0;
/// Mean and P95 use of accelerators.
const IDLE_GPU: (f64, f64) = (0.01, 0.05);

/// What stands to be done about a workload.
pub(super) fn of(plan: &Plan<'_>) -> State {
    if is_unknown(plan) {
        State::Unknown
    } else if is_idle(plan) {
        State::Idle
    } else if is_held_back(plan) {
        State::UnderProvisioned
    } else {
        by_change(plan)
    }
}

/// Nothing is known of any container, or too little of one that is the owner's.
fn is_unknown(plan: &Plan<'_>) -> bool {
    let known = apps(plan).any(|planned| planned.known);
    !known || apps(plan).any(|planned| !planned.known && planned.pool.container.in_template)
}

/// Hardly any CPU in the whole window, no traffic, and not a job between runs.
/// What has accelerators is judged by their use alone, never by CPU.
fn is_idle(plan: &Plan<'_>) -> bool {
    if plan.workload.is_batch() {
        return false;
    }
    let has_gpu = apps(plan).any(|planned| {
        let container = planned.pool.container;
        container.requests.gpus() > 0.0 || container.limits.gpus() > 0.0
    });
    let traffic = apps(plan)
        .filter_map(|planned| planned.pool.profile.network_bytes_per_second)
        .fold(0.0, f64::max);
    if has_gpu {
        is_gpu_idle(plan)
    } else {
        traffic < IDLE_NETWORK && apps(plan).all(is_cpu_idle)
    }
}

fn is_cpu_idle(planned: &Planned<'_>) -> bool {
    let Some(cpu) = &planned.pool.profile.cpu else {
        return false;
    };
    let p99 = cpu.p99.get();
    let request = planned.now().cpu_request.map(Cpu::get);
    let relative = request.is_none_or(|request| p99 < IDLE_SHARE * request);
    p99 < IDLE_CORES && relative
}

/// Only where the use of its accelerators is known.
fn is_gpu_idle(plan: &Plan<'_>) -> bool {
    let mut known = apps(plan)
        .filter_map(|planned| planned.pool.profile.gpu.as_ref())
        .peekable();
    known.peek().is_some()
        && known
            .all(|gpu| gpu.mean_utilization.get() < IDLE_GPU.0 && gpu.p95_done.get() < IDLE_GPU.1)
}

/// OOM-killed or held at a limit that is still too low, growing, throttled, waiting, or over
/// its CPU request twice as long as the goal allows, and the advice is not to give less of just
/// that. A guard that holds a raise back changes nothing in that.
fn is_held_back(plan: &Plan<'_>) -> bool {
    let allowed = plan.rules.options.targets.cpu_time_over_request;
    apps(plan).any(|planned| {
        let pool = &planned.pool;
        let (now, after) = (planned.now(), planned.after());
        let more_memory = rises(now.memory_limit, after.memory_limit)
            || rises(now.memory_request, after.memory_request);
        let shortage = pool.events.memory_shortage();
        let starved = shortage.is_some_and(|short| {
            more_memory || now.memory_limit.is_some_and(|limit| limit < short.floor)
        });
        let grows = more_memory && pool.events.growth.is_some();
        let throttled = pool.events.throttled.is_some() && !falls(now.cpu_limit, after.cpu_limit);
        let over = pool.over.time > 2.0 * allowed && !falls(now.cpu_request, after.cpu_request);
        let waits = pool.events.pressed.as_ref().is_some_and(|pressed| {
            let cpu = falls(now.cpu_request, after.cpu_request);
            let memory = falls(now.memory_limit, after.memory_limit)
                || falls(now.memory_request, after.memory_request);
            (pressed.cpu.is_some() && !cpu) || (pressed.memory.is_some() && !memory)
        });
        starved || grows || throttled || waits || over
    })
}

fn limit_rise(now: Held, after: Held) -> bool {
    rises(now.memory_limit, after.memory_limit) || rises(now.cpu_limit, after.cpu_limit)
}

fn rises<T: PartialOrd>(now: Option<T>, after: Option<T>) -> bool {
    matches!((now, after), (Some(now), Some(after)) if after > now)
}

/// Removal counts.
fn falls<T: PartialOrd>(now: Option<T>, after: Option<T>) -> bool {
    match (now, after) {
        (Some(now), Some(after)) => after < now,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// By the value of what is requested more and less; by limits where requests stay.
fn by_change(plan: &Plan<'_>) -> State {
    let replicas = float(u64::from(plan.workload.replicas.max(1)));
    let mut change = 0.0;
    let mut moved = false;
    let mut limit_rises = false;
    let cores = |value: Option<Cpu>| value.map_or(0.0, Cpu::get);
    let gib = |value: Option<Bytes>| value.map_or(0.0, Bytes::to_gib);
    let (whole, then) = (plan.pod_now(), plan.pod_after());
    if whole != then {
        let cpu = cores(then.cpu_request) - cores(whole.cpu_request);
        let memory = gib(then.memory_request) - gib(whole.memory_request);
        moved = cpu.abs() > 0.0 || memory.abs() > 0.0;
        change = (cpu + memory / super::GIB_A_CORE) * replicas;
        limit_rises = limit_rise(whole, then);
    }
    for planned in apps(plan).filter(|planned| planned.known) {
        let (now, after) = (planned.now(), planned.after());
        let cpu = cores(after.cpu_request) - cores(now.cpu_request);
        let memory = gib(after.memory_request) - gib(now.memory_request);
        moved |= cpu.abs() > 0.0 || memory.abs() > 0.0;
        // What containers share of the pod's request changes nothing that is reserved.
        let cpu = if whole.cpu_request.is_some() {
            0.0
        } else {
            cpu
        };
        let memory = if whole.memory_request.is_some() {
            0.0
        } else {
            memory
        };
        change += (cpu + memory / super::GIB_A_CORE) * replicas;
        limit_rises |= limit_rise(now, after);
    }
    match (moved, limit_rises) {
        (true, _) if change > 0.0 => State::UnderProvisioned,
        (true, _) => State::OverProvisioned,
        (false, true) => State::UnderProvisioned,
        (false, false) => State::RightSized,
    }
}
