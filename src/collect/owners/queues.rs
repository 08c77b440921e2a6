//! Runs that wait in queues of Kueue, by the objects that it keeps of them.

use std::collections::{HashMap, HashSet};

use super::chain::Chain;
use crate::collect::objects::{Controller, KEPT, KUEUE, Key, Meta, PodRecord, queue_of};
use crate::snapshot::Queued;

/// Gives what Kueue keeps of a run to the run itself: it owns that object, and not the
/// other way round. What stands for a run that was not read becomes it.
///
/// Of a run that its queue has let run its own object and its pods tell more, once there are
/// any.
pub(super) fn give(controllers: &mut Vec<Controller>, pods: &[PodRecord]) {
    let is_kept = |it: &Controller| {
        let key = it.key();
        key.group == KUEUE && key.kind == KEPT
    };
    let (mut kept, mut others): (Vec<Controller>, Vec<Controller>) =
        std::mem::take(controllers).into_iter().partition(is_kept);
    if kept.iter().any(is_admitted) {
        let chain = Chain::new(&others, pods);
        let live = pods.iter().filter(|pod| !pod.is_finished());
        let begun: HashSet<Key> = live.map(|pod| chain.pod(pod).top.key).collect();
        kept.retain(|it| {
            let owner = it.meta.controller.as_ref();
            let top = owner.map(|owner| chain.top_of(owner.key(&it.meta.namespace)));
            !is_admitted(it) || !pods.is_empty() && top.is_some_and(|top| !begun.contains(&top))
        });
    }
    let makers = others.iter().filter_map(|it| {
        let owner = it.meta.controller.as_ref()?;
        Some(owner.key(&it.meta.namespace))
    });
    let makers: HashSet<Key> = makers.collect();
    let places = others.iter().enumerate();
    let mut places: HashMap<Key, usize> = places.map(|(place, it)| (it.key(), place)).collect();
    // Of some runs each group of pods is kept apart.
    let mut given: HashSet<Key> = HashSet::new();
    for one in kept {
        let Some(owner) = one.meta.controller.clone() else {
            continue;
        };
        let key = owner.key(&one.meta.namespace);
        if let Some(run) = places.get(&key).and_then(|it| others.get_mut(*it)) {
            match (&mut run.queued, one.queued) {
                (Some(own), Some(more)) if given.contains(&key) => {
                    own.pods = own.pods.saturating_add(more.pods);
                }
                (own @ None, more) => {
                    *own = more;
                    given.insert(key.clone());
                }
                _ => {}
            }
            // Some runs have a template nowhere but in what they are to become.
            if run.templates.is_empty() && !makers.contains(&key) {
                run.templates = one.templates;
                (run.known, run.patchable) = (one.known, false);
            }
            continue;
        }
        given.insert(key.clone());
        places.insert(key, others.len());
        others.push(Controller {
            api_version: owner.api_version,
            kind: owner.kind,
            meta: Meta {
                name: owner.name,
                controller: None,
                ..one.meta.clone()
            },
            ..one
        });
    }
    *controllers = others;
}

fn is_admitted(kept: &Controller) -> bool {
    kept.queued.as_ref().is_some_and(|it| it.admitted)
}

/// What a queue holds back of a workload. Pods that are there count themselves, and of what
/// has pods on nodes nothing is held back.
pub(super) fn queued<'a>(
    of_owner: Option<&Queued>,
    live: impl Iterator<Item = &'a PodRecord>,
) -> Option<Queued> {
    let live: Vec<&PodRecord> = live.collect();
    if live.is_empty() {
        return of_owner.cloned();
    }
    if live.iter().any(|it| it.node.is_some()) {
        return None;
    }
    let gated = || live.iter().find_map(|it| queue_of(it)).map(str::to_owned);
    let queue = of_owner.map(|it| it.queue.clone()).or_else(gated)?;
    Some(Queued {
        queue,
        pods: 0,
        admitted: of_owner.is_some_and(|it| it.admitted),
    })
}
