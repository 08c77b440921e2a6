use super::{Case, Guard, Plan, each};
use crate::recommend::Advice;
use crate::units::Bytes;

/// Where the policy ties them, the memory request equals the memory limit.
pub(super) struct Tie;

impl Guard for Tie {
    fn name(&self) -> &'static str {
        "tie"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("the policy ties it to the limit")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (rules, planned) in each(plans) {
            let after = planned.after();
            let (true, Some(limit)) = (rules.options.tie_memory, after.memory_limit) else {
                continue;
            };
            if after.memory_request == Some(limit) {
                continue;
            }
            let before = after.memory_request.map_or("none".to_owned(), Bytes::human);
            planned.sizing.memory_request = Advice::Set(limit);
            let text = format!(
                "memory request {before} becomes {}, tied to the limit by the policy",
                limit.human()
            );
            planned.say("tied", text);
        }
    }
}
