use super::{Plan, Planned};
use crate::snapshot::ContainerKind;

/// What a pod has of something at once, as Kubernetes counts it: init containers
/// by the largest that runs at a time, beside the sidecars started before it.
///
/// Source: KEP-753.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum {
    /// At the most.
    pub(super) most: f64,
    /// Once it has started: what init containers need is no part of it.
    pub(super) running: f64,
}

impl Sum {
    /// `None` where no container has any.
    pub(super) fn of(
        plan: &Plan<'_>,
        amount: impl Fn(&Planned<'_>) -> Option<f64>,
    ) -> Option<Self> {
        let (mut sidecars, mut apps, mut starting) = (0.0, 0.0, 0.0_f64);
        let mut any = false;
        for planned in &plan.containers {
            let amount = amount(planned);
            any |= amount.is_some();
            let amount = amount.unwrap_or(0.0);
            match planned.pool.container.kind {
                ContainerKind::Sidecar => sidecars += amount,
                ContainerKind::Init => starting = starting.max(sidecars + amount),
                ContainerKind::App => apps += amount,
            }
        }
        let running = sidecars + apps;
        any.then(|| Self {
            most: starting.max(running),
            running,
        })
    }
}
