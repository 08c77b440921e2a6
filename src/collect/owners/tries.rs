//! What all controllers of a run together say of its attempts.

use std::collections::BTreeSet;

use super::{Group, Member};
use crate::collect::objects::{Controller, Loss, PodRecord, Tries};
use crate::snapshot::Attempts;

/// Of one owner: its attempts, and whose pods have come to a good end.
#[derive(Default)]
pub(super) struct Tried {
    pub(super) attempts: Option<Attempts>,
    /// Kinds and names of controllers whose runs have.
    done: BTreeSet<(String, String)>,
    /// Whether all of it has.
    all: bool,
}

impl Tried {
    pub(super) fn of(group: &Group) -> Self {
        let tops = || group.tops.iter();
        let below = || group.below.iter().map(|it: &Member<Controller>| &it.is);
        // What is counted by a run is counted by what it is made of as well.
        let most = |of: fn(&Tries) -> u32| {
            let sum = |all: u32, it: &Controller| all.saturating_add(of(&it.tries));
            tops().fold(0, sum).max(below().fold(0, sum))
        };
        let all = !group.merged && group.tops.len() == 1 && tops().all(|it| it.tries.succeeded);
        let mut every = tops().chain(below());
        let counted = every.find_map(|it| it.tries.counted);
        let has = |loss: Loss| tops().chain(below()).any(|it| it.tries.loss == loss);
        // Of a run whose own object was not read nobody knows whether it is begun again.
        let is_known = !group.tops.is_empty();
        let attempts = Attempts {
            restarts: most(|it| it.restarts),
            counted,
            failed_pods: most(|it| it.failed_pods),
            succeeded: all,
            fragile: is_known && has(Loss::Fails) && !has(Loss::BeginsAgain),
            checkpoints: false,
        };
        let done = tops().chain(below()).filter(|it| it.tries.succeeded);
        Self {
            attempts: Some(attempts).filter(|it| *it != Attempts::default()),
            done: done
                .map(|it| (it.kind.clone(), it.meta.name.clone()))
                .collect(),
            all,
        }
    }

    /// Whether the run of a pod has come to a good end.
    pub(super) fn is_done(&self, pod: &PodRecord) -> bool {
        let made = pod.meta.controller.as_ref();
        let made = made.map(|it| (it.kind.clone(), it.name.clone()));
        self.all || made.is_some_and(|it| self.done.contains(&it))
    }
}
