use super::{Case, Guard, Plan};
use crate::recommend::Advice;

/// What another controller sets is left to it, with a note.
pub(super) struct Managed;

impl Guard for Managed {
    fn name(&self) -> &'static str {
        "managed"
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
                let container = planned.pool.container;
                for manager in &plan.workload.managers {
                    let manages = |resource| manager.manages(&container.name, resource);
                    let (cpu, memory) = (manages("cpu"), manages("memory"));
                    let sizing = &mut planned.sizing;
                    if cpu {
                        (sizing.cpu_request, sizing.cpu_limit) = (Advice::Keep, Advice::Keep);
                    }
                    if memory {
                        sizing.memory_request = Advice::Keep;
                        sizing.memory_limit = Advice::Keep;
                    }
                    let what = match (cpu, memory) {
                        (true, true) => "CPU and memory are",
                        (true, false) => "CPU is",
                        (false, true) => "memory is",
                        (false, false) => continue,
                    };
                    let text = format!("{what} left to {} `{}`", manager.kind, manager.name);
                    planned.say("managed", text);
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
