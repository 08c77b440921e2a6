use super::{Case, Field, Guard, Plan, Planned, each};

/// What has to wait for CPU or memory is not cut.
pub(super) struct Pressure;

impl Guard for Pressure {
    fn name(&self) -> &'static str {
        "pressure"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("it has to wait already")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (_, planned) in each(plans) {
            hold_cuts(planned);
        }
    }
}

fn hold_cuts(planned: &mut Planned<'_>) {
    let Some(pressed) = planned.pool.events.pressed.as_ref() else {
        return;
    };
    let reason = pressed.reason();
    if !planned.reasons.contains(&reason) {
        planned.reasons.push(reason);
    }
    let (now, before) = (planned.now(), planned.sizing);
    for field in Field::ALL {
        let waits = match field.resource() {
            "cpu" => pressed.cpu.is_some(),
            _ => pressed.memory.is_some(),
        };
        // A limit that is removed holds nothing back.
        let cut = field.advised(before).value().zip(field.of(now));
        if waits && cut.is_some_and(|(wanted, now)| wanted < now) {
            field.keep(&mut planned.sizing);
        }
    }
    planned.kept(before, "pressure", "what waits is not cut");
}
