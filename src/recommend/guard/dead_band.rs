use super::{Case, Field, Guard, Plan, Planned, each, policy};
use crate::recommend::{Advice, Options};
use crate::units::{Bytes, Cpu, float};

/// Changes too small to matter are not proposed.
///
/// A change passes that moves at least 10 %, or over all replicas at least a
/// tenth of a core or 256 MiB (about 2 and 1 dollars a month). A memory limit
/// that has to rise always passes, and so does a CPU request that use was above
/// for longer, or for more of its work, than is promised. A request that equals the limit goes with it.
/// What is outside of the policy's floor and cap now passes too.
pub(super) struct DeadBand;

const RELATIVE: f64 = 0.10;
/// Shares that differ by less than this are one: sizes are rounded in between.
const PROPORTION: f64 = 0.1;
const CPU_WORTH: f64 = 0.1;
const MEMORY_WORTH_MIB: u64 = 256;

impl Guard for DeadBand {
    fn name(&self) -> &'static str {
        "dead_band"
    }

    fn cause(&self) -> Option<&'static str> {
        None
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
    // Before anything is held: what moves in proportion is told from the proposal.
    let in_proportion = [
        (Field::CpuLimit, Field::CpuRequest),
        (Field::MemoryLimit, Field::MemoryRequest),
    ]
    .map(|(limit, request)| {
        let stays = is_held(planned, request, options) && !limit_is_own(planned, limit);
        (stays && moves_with(planned, limit, request)).then_some(limit)
    });
    for field in Field::ALL {
        let follows = tied && limit_moves && field == Field::MemoryRequest;
        let stays = in_proportion.contains(&Some(field));
        if stays || (!follows && is_held(planned, field, options)) {
            hold(planned, field);
        }
    }
}

/// Whether the strategy promises something of the limit by itself.
fn limit_is_own(planned: &Planned<'_>, limit: Field) -> bool {
    limit == Field::MemoryLimit && planned.risk.is_some()
}

/// Whether a limit moves by the same share as the request. Where the request then
/// stays, the limit would move a little further with every run.
fn moves_with(planned: &Planned<'_>, limit: Field, request: Field) -> bool {
    let share = |field: Field| {
        let wanted = field.advised(planned.draft).value()?;
        Some(wanted / field.of(planned.now())?)
    };
    match (share(limit), share(request)) {
        (Some(limit), Some(request)) => (limit / request - 1.0).abs() < PROPORTION,
        _ => false,
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
            let (targets, over) = (&options.targets, &planned.pool.over);
            over.time > targets.cpu_time_over_request
                || over
                    .work
                    .is_some_and(|share| share > targets.cpu_work_over_request)
        }
        Field::CpuLimit | Field::MemoryRequest => false,
    };
    let must_move = (must_rise && wanted > now) || policy::breaks(options, field, now);
    is_same(field, now, wanted) || (!must_move && is_small(field, now, wanted, replicas))
}

pub(super) fn is_small(field: Field, now: f64, wanted: f64, replicas: f64) -> bool {
    let moved = (now - wanted).abs();
    let worth = match field.resource() {
        "cpu" => CPU_WORTH,
        _ => Bytes::mib(MEMORY_WORTH_MIB).to_f64(),
    };
    moved < RELATIVE * now - 1e-9 && moved * replicas < worth
}

/// Whether Kubernetes would write both the same.
pub(super) fn is_same(field: Field, now: f64, wanted: f64) -> bool {
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
        format!("{name} {now} already fits")
    } else {
        format!("{name} stays {now}: {wanted} would be too small a change")
    };
    planned.say("dead_band", text);
}
