//! What nodes can go while workloads sleep.

use std::collections::BTreeMap;

use crate::plan::{self, Saved, Unplanned};
use crate::price::Book;
use crate::recommend::Advised;
use crate::schedule::{Plan, Schedules};
use crate::snapshot::Snapshot;
use crate::units::{Money, len_f64};

/// Nodes that are not needed while some workloads sleep at the same time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OffHours {
    /// Workloads that sleep then.
    pub workloads: usize,
    /// Hours of a week in which all of them do.
    pub hours: f64,
    /// Nodes more that can go then, and what leaves the bill with them a month; or why
    /// that cannot be said.
    pub saved: Result<Saved, Unplanned>,
}

/// Of the workloads that sleep together longest and hold most; `None` where none sleeps.
///
/// What leaves the bill is what pools that shrink by themselves give back: at today's
/// requests, beside the nodes that could go at any time.
pub fn off_hours(
    snapshot: &Snapshot,
    schedules: &Schedules,
    advised: &Advised,
    book: &Book,
) -> Option<OffHours> {
    let sleepers = schedules.plans.iter().filter(|plan| plan.sleep.is_some());
    let sleepers: Vec<&Plan> = sleepers.collect();
    let (together, quarters) = longest(&sleepers)?;
    let hours = len_f64(quarters) / 4.0;
    let prices = book.prices(&snapshot.cluster.nodes);
    let none = vec![false; snapshot.workloads.len()];
    let options = plan::Options::default();
    let saved =
        |snapshot: &Snapshot| plan::saved(snapshot, &prices, (advised, &none), None, &options);
    let asleep = without(snapshot, &together);
    let saved = saved(snapshot).and_then(|awake| {
        let asleep = saved(&asleep)?;
        let more = (asleep.monthly - awake.monthly).max(Money::ZERO);
        Ok(Saved {
            monthly: more.scale(hours / 168.0),
            nodes: asleep.nodes.saturating_sub(awake.nodes),
        })
    });
    Some(OffHours {
        workloads: together.len(),
        hours,
        saved,
    })
}

/// Workloads that sleep at the same time, and for how many quarters of an hour a week:
/// those for which that is worth most by what they hold.
fn longest(sleepers: &[&Plan]) -> Option<(Vec<usize>, usize)> {
    let asleep = |plan: &Plan, at: usize| {
        let sleep = plan.sleep.as_ref();
        sleep.is_some_and(|it| it.asleep.get(at) == Some(&true))
    };
    let quarters = sleepers.first()?.sleep.as_ref()?.asleep.len();
    let mut sets: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    for at in 0..quarters {
        let all = sleepers.iter().enumerate();
        let now = all.filter(|(_, plan)| asleep(plan, at));
        sets.entry(now.map(|it| it.0).collect()).or_default();
    }
    sets.remove(&Vec::new());
    let worth = |set: &Vec<usize>| {
        let all = |at: &usize| set.iter().all(|it| asleep(sleepers[*it], *at));
        let count = (0..quarters).filter(all).count();
        let held = set.iter().map(|it| {
            let plan = sleepers[*it];
            plan.replica.hourly_now.scale(f64::from(plan.now))
        });
        (held.sum::<Money>().scale(len_f64(count)), count)
    };
    let best = sets.into_keys().map(|set| (worth(&set), set));
    let ((_, count), set) = best.max_by_key(|it| it.0.0)?;
    Some((set.iter().map(|it| sleepers[*it].workload).collect(), count))
}

/// What is left while these run no pod.
fn without(snapshot: &Snapshot, asleep: &[usize]) -> Snapshot {
    let mut workloads = snapshot.workloads.clone();
    for index in asleep {
        workloads[*index].pods.clear();
    }
    Snapshot {
        cluster: snapshot.cluster.clone(),
        workloads,
        ..Snapshot::default()
    }
}
