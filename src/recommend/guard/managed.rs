use super::{Case, Field, Guard, Plan};

/// What another controller sets is left to it, with a note.
pub(super) struct Managed;

impl Guard for Managed {
    fn name(&self) -> &'static str {
        "managed"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("another controller sets it")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
                let container = planned.pool.container;
                for manager in &plan.workload.managers {
                    let manages = |resource| manager.manages(&container.name, resource);
                    let before = planned.sizing;
                    let fields = Field::ALL.into_iter();
                    for field in fields.filter(|field| manages(field.resource())) {
                        field.keep(&mut planned.sizing);
                    }
                    let what = match (manages("cpu"), manages("memory")) {
                        (true, true) => "CPU and memory are",
                        (true, false) => "CPU is",
                        (false, true) => "memory is",
                        (false, false) => continue,
                    };
                    let why = format!("{what} left to {} `{}`", manager.kind, manager.name);
                    if !planned.kept(before, "managed", &why) {
                        planned.say("managed", why);
                    }
                }
                if !container.in_template {
                    planned.sizing = super::Sizing::KEEP;
                    let text = "the pod template does not name this container: what injects it \
                                has to size it";
                    planned.say("injected", text);
                }
            }
        }
    }
}
