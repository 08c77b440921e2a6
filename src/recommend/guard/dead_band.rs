use super::{Case, Field, Guard, Plan, Planned, each, policy};
use crate::recommend::{Advice, Options, judge};
use crate::units::{Bytes, Cpu, float};

/// Changes too small to matter are not proposed.
///
/// A change passes that moves at least 10 %, or over all replicas at least a
/// tenth of a core or 256 MiB (about 2 and 1 dollars a month). A memory limit
/// that has to rise always passes, and so does a CPU request that use was above
/// for longer than is promised. A request that equals the limit goes with it.
/// What is outside of the policy's floor and cap now passes too.
pub(super) struct DeadBand;

const RELATIVE: f64 = 0.10;
const CPU_WORTH: f64 = 0.1;
const MEMORY_WORTH_MIB: u64 = 256;

impl Guard for DeadBand {
    fn name(&self) -> &'static str {
        "dead_band"
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (rules, planned) in each(plans) {
            apply(planned, &rules.options);
        }
    }
}

fn apply(planned: &mut Planned<'_>, options: &Options) {
    let sizing = planned.sizing;
    let tied = sizing.memory_limit != Advice::Keep && sizing.memory_request == sizing.memory_limit;
    let limit_moves = !is_held(planned, Field::MemoryLimit, options);
    for field in Field::ALL {
        let follows = tied && limit_moves && field == Field::MemoryRequest;
        if !follows && is_held(planned, field, options) {
            hold(planned, field);
        }
    }
}

/// Whether a field is to be set to what it nearly or wholly is.
fn is_held(planned: &Planned<'_>, field: Field, options: &Options) -> bool {
    let wanted = field.advised(planned.sizing).value();
    let (Some(now), Some(wanted)) = (field.of(planned.now()), wanted) else {
        return false;
    };
    let replicas = float(u64::from(planned.pool.workload.replicas.max(1)));
    let must_rise = match field {
        Field::MemoryLimit => true,
        Field::CpuRequest => {
            let promised = options.targets.cpu_time_over_request;
            judge::share_over(planned, Cpu::cores(now)) > promised
        }
        Field::CpuLimit | Field::MemoryRequest => false,
    };
    let must_move = (must_rise && wanted > now) || policy::breaks(options, field, now);
    is_same(field, now, wanted) || (!must_move && is_small(field, now, wanted, replicas))
}

fn is_small(field: Field, now: f64, wanted: f64, replicas: f64) -> bool {
    let moved = (now - wanted).abs();
    let worth = match field.resource() {
        "cpu" => CPU_WORTH,
        _ => Bytes::mib(MEMORY_WORTH_MIB).to_f64(),
    };
    moved < RELATIVE * now - 1e-9 && moved * replicas < worth
}

/// Whether Kubernetes would write both the same.
fn is_same(field: Field, now: f64, wanted: f64) -> bool {
    match field.resource() {
        "cpu" => Cpu::cores(now).to_quantity() == Cpu::cores(wanted).to_quantity(),
        _ => Bytes::from_f64(now) == Bytes::from_f64(wanted),
    }
}

fn hold(planned: &mut Planned<'_>, field: Field) {
    let shown = |amount: Option<f64>| amount.map_or_else(String::new, |it| field.shown(it));
    let now = shown(field.of(planned.now()));
    let wanted = shown(field.advised(planned.sizing).value());
    field.keep(&mut planned.sizing);
    let name = field.name();
    let text = if now == wanted {
        format!("{name} {now} is what it should be")
    } else {
        format!("{name} stays {now}: {wanted} would be too small a change")
    };
    planned.say("dead_band", text);
}
