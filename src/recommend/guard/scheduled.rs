use super::{Case, Field, Guard, Plan, each};
use crate::recommend::{Advice, Method};

/// Where a schedule holds the peaks with more replicas, each is sized for its load then.
pub(super) struct Scheduled;

impl Guard for Scheduled {
    fn name(&self) -> &'static str {
        "scheduled"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("replicas by schedule hold its peak, see kcost schedule")
    }

    fn apply(&self, case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (_, planned) in each(plans) {
            let Some(load) = case.scheduled.get(&planned.pool.profile.workload) else {
                continue;
            };
            let (load, before) = (load.cpu, planned.after().cpu_request);
            if before.is_some_and(|it| (it.get() - load.get()).abs() <= 1e-6) {
                continue;
            }
            planned.sizing.cpu_request = Advice::Set(load);
            planned.methods.cpu_request = Method::default();
            let shown = |it: f64| Field::CpuRequest.shown(it);
            let before = before.map_or("none".to_owned(), |it| shown(it.get()));
            let text = format!(
                "CPU request {before} becomes {}, the load of a replica while more of \
                 them hold the peak",
                shown(load.get())
            );
            planned.say("scheduled", text);
        }
    }
}
