use super::{Case, Field, Guard, Plan, Planned, each};
use crate::recommend::Advice;
use crate::units::{Bytes, Cpu, float};

/// Changes too small to matter are not proposed.
///
/// A change passes that moves at least 10 %, or over all replicas at least a
/// tenth of a core or 256 MiB (about 2 and 1 dollars a month). A memory limit
/// that has to rise always passes: it keeps the promised risk. A request that
/// equals the limit goes with it.
pub(super) struct DeadBand;

const RELATIVE: f64 = 0.10;
const CPU_WORTH: f64 = 0.1;
const MEMORY_WORTH_MIB: u64 = 256;

impl Guard for DeadBand {
    fn name(&self) -> &'static str {
        "dead_band"
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (_, planned) in each(plans) {
            let replicas = float(u64::from(planned.pool.workload.replicas.max(1)));
            apply(planned, replicas);
        }
    }
}

fn apply(planned: &mut Planned<'_>, replicas: f64) {
    let now = planned.now();
    let cpu = |advice, now| cpu_is_small(advice, now, replicas);
    let memory = |advice, now| memory_is_small(advice, now, replicas);
    let sizing = planned.sizing;
    if let Some((now, wanted)) = cpu(sizing.cpu_request, now.cpu_request) {
        planned.sizing.cpu_request = Advice::Keep;
        hold(
            planned,
            Field::CpuRequest,
            &now.to_string(),
            &wanted.to_string(),
        );
    }
    if let Some((now, wanted)) = cpu(sizing.cpu_limit, now.cpu_limit) {
        planned.sizing.cpu_limit = Advice::Keep;
        hold(
            planned,
            Field::CpuLimit,
            &now.to_string(),
            &wanted.to_string(),
        );
    }
    let small_limit = memory(sizing.memory_limit, now.memory_limit);
    let small_limit = small_limit.filter(|(now, wanted)| wanted <= now);
    let tied = sizing.memory_limit.value().is_some()
        && sizing.memory_request.value() == sizing.memory_limit.value();
    if let Some((now, wanted)) = memory(sizing.memory_request, now.memory_request)
        && (!tied || small_limit.is_some())
    {
        planned.sizing.memory_request = Advice::Keep;
        hold(planned, Field::MemoryRequest, &now.human(), &wanted.human());
    }
    if let Some((now, wanted)) = small_limit {
        planned.sizing.memory_limit = Advice::Keep;
        hold(planned, Field::MemoryLimit, &now.human(), &wanted.human());
    }
}

fn hold(planned: &mut Planned<'_>, field: Field, now: &str, wanted: &str) {
    let name = field.name();
    let text = if now == wanted {
        format!("{name} {now} is what it should be")
    } else {
        format!("{name} stays {now}: {wanted} would be too small a change")
    };
    planned.say("dead_band", text);
}

/// What is there and what is advised, where the difference is too small.
fn cpu_is_small(advice: Advice<Cpu>, now: Option<Cpu>, replicas: f64) -> Option<(Cpu, Cpu)> {
    let (now, wanted) = (now?, advice.value()?);
    let moved = (now.get() - wanted.get()).abs();
    let small = moved < RELATIVE * now.get() - 1e-9 && moved * replicas < CPU_WORTH;
    (small || now.to_quantity() == wanted.to_quantity()).then_some((now, wanted))
}

fn memory_is_small(
    advice: Advice<Bytes>,
    now: Option<Bytes>,
    replicas: f64,
) -> Option<(Bytes, Bytes)> {
    let (now, wanted) = (now?, advice.value()?);
    let moved = (now.to_f64() - wanted.to_f64()).abs();
    let worth = Bytes::mib(MEMORY_WORTH_MIB).to_f64();
    let small = moved < RELATIVE * now.to_f64() && moved * replicas < worth;
    (small || now == wanted).then_some((now, wanted))
}
