use crate::recommend::ContainerAdvice;
use crate::snapshot::Container;
use crate::units::{Bytes, Cpu};

/// The sizes that hold once the advice is followed.
pub(super) struct Sizes {
    pub cpu_request: Option<Cpu>,
    pub memory_request: Option<Bytes>,
    pub memory_limit: Option<Bytes>,
}

pub(super) fn sizes_after(advice: &ContainerAdvice, container: &Container) -> Sizes {
    let (sizing, now) = (&advice.sizing, container);
    Sizes {
        cpu_request: sizing.cpu_request.after(now.requests.cpu),
        memory_request: sizing.memory_request.after(now.requests.memory),
        memory_limit: sizing.memory_limit.after(now.limits.memory),
    }
}
