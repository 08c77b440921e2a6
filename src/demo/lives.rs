//! Pods come and go: rollouts, autoscaling, drained nodes, jobs.

use super::curve::Stretch;
use super::noise::Noise;
use super::plan::{Kind, Pace, Plan, Pool};
use super::rhythm::Rhythms;
use super::{SLOTS, START, STEP};
use crate::units::{Cpu, single};

/// One pod, as long as it lived within the window.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) pod: String,
    pub(super) first: usize,
    pub(super) end: usize,
    /// Slots before `first`.
    pub(super) age: f32,
    /// CPU and memory against other pods of the workload.
    pub(super) weight: (f32, f32),
}

/// All pods of a workload, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Lives {
    pub(super) pods: Vec<Life>,
    /// Where an autoscaler spreads the load: one pod's share in each slot,
    /// against the share at its smallest size.
    pub(super) share: Option<Vec<f32>>,
    /// Slot of the last change of the pod template, if within the window.
    pub(super) changed: Option<usize>,
}

const A_DAY: usize = 288;
/// A pod on spot nodes lives about this long.
const SPOT_DAYS: usize = 7;
/// Slots that a replica stays after it is no longer needed: the five minutes
/// that an HPA waits, and the time to drain.
const LINGER: usize = 4;

impl Life {
    pub(super) fn is_current(&self) -> bool {
        self.end == SLOTS
    }

    pub(super) fn stretch<'a>(&self, share: Option<&'a [f32]>) -> Stretch<'a> {
        Stretch {
            first: self.first,
            end: self.end,
            age: self.age,
            weight: self.weight,
            share,
        }
    }
}

/// The pods of a workload. A DaemonSet has one for each of `nodes`, whose
/// weight is that of its node.
pub(super) fn lives(plan: &Plan, rhythms: &Rhythms, nodes: &[f32]) -> Lives {
    let mut noise = Noise::named(&[plan.namespace, plan.name, "pods"]);
    let mut namer = Namer {
        plan,
        set: noise.suffix(9),
        noise: noise.clone(),
    };
    let mut lives = Lives {
        pods: Vec::new(),
        share: None,
        changed: None,
    };
    match plan.pace {
        Pace::Settled if plan.kind == Kind::DaemonSet => {
            for (ordinal, weight) in nodes.iter().enumerate() {
                let mut life = namer.life(ordinal, 0, SLOTS);
                // What it keeps for each pod is little beside what it holds anyway.
                life.weight = (*weight, 0.8 + 0.2 * weight);
                lives.pods.push(life);
            }
        }
        Pace::Settled => {
            for ordinal in 0..plan.replicas {
                namer.replaced(ordinal, &mut noise, &mut lives.pods);
            }
        }
        Pace::RolledOut { days, before } => {
            let change = SLOTS - days * A_DAY;
            for ordinal in 0..plan.replicas {
                let mut old = namer.life(ordinal, 0, change + ordinal);
                old.weight = before;
                old.age = float(2 * A_DAY);
                lives.pods.push(old);
            }
            namer.set = noise.suffix(9);
            for ordinal in 0..plan.replicas {
                lives
                    .pods
                    .push(namer.life(ordinal, change + ordinal, SLOTS));
            }
            lives.changed = Some(change);
        }
        Pace::New { days } => {
            let start = SLOTS - days * A_DAY;
            for ordinal in 0..plan.replicas {
                lives.pods.push(namer.life(ordinal, start, SLOTS));
            }
            lives.changed = Some(start);
        }
        Pace::Scaled { max, percent } => {
            let wanted = wanted_replicas(plan, rhythms, max, percent);
            lives.pods = namer.scaled(&wanted);
            let smallest = float(plan.replicas);
            lives.share = Some(wanted.iter().map(|n| smallest / float(*n)).collect());
        }
        Pace::Runs {
            every,
            offset,
            slots,
        } => {
            for start in (offset..SLOTS).step_by(every) {
                for ordinal in 0..plan.replicas {
                    let length = slots + noise.below(1 + slots / 3);
                    let end = start + length;
                    if end < SLOTS {
                        lives.pods.push(namer.life(ordinal, start, end));
                    }
                }
            }
        }
    }
    lives
}

/// Replicas in each slot, as a HorizontalPodAutoscaler would have them.
fn wanted_replicas(plan: &Plan, rhythms: &Rhythms, max: usize, percent: u32) -> Vec<usize> {
    let Some(part) = plan.parts.first() else {
        return vec![plan.replicas; SLOTS];
    };
    let request = part.requests.cpu.map_or(1.0, Cpu::get);
    let room = single(request * f64::from(percent) / 100.0);
    let total = float(plan.replicas);
    let rhythm = rhythms.table(part.load.rhythm);
    let needed: Vec<usize> = (0..SLOTS)
        .map(|slot| {
            let cores = total * (part.load.floor + part.load.peak * rhythm[slot]);
            let holds = |count: &usize| float(*count) * room >= cores;
            (plan.replicas..max).find(holds).unwrap_or(max)
        })
        .collect();
    (0..SLOTS)
        .map(|slot| {
            let recent = &needed[slot.saturating_sub(LINGER)..=slot];
            recent.iter().copied().max().unwrap_or(plan.replicas)
        })
        .collect()
}

/// A small count.
fn float(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

/// Gives pods the names that their controllers would.
struct Namer<'a> {
    plan: &'a Plan,
    /// The hash of the ReplicaSet.
    set: String,
    noise: Noise,
}

impl Namer<'_> {
    fn life(&mut self, ordinal: usize, first: usize, end: usize) -> Life {
        let name = self.plan.name;
        let pod = match self.plan.kind {
            Kind::Deployment => format!("{name}-{}-{}", self.set, self.noise.suffix(5)),
            Kind::StatefulSet => format!("{name}-{ordinal}"),
            Kind::DaemonSet | Kind::Job => format!("{name}-{}", self.noise.suffix(5)),
            Kind::CronJob(_) => {
                let slots = i64::try_from(first).unwrap_or(0);
                let minutes = (START.as_second() + slots * i64::from(STEP)) / 60;
                format!("{name}-{minutes}-{}", self.noise.suffix(5))
            }
        };
        let age = if first == 0 {
            float(A_DAY) * self.noise.between(2.0, 45.0)
        } else {
            0.0
        };
        Life {
            pod,
            first,
            end,
            age,
            weight: (1.0, 1.0),
        }
    }

    /// A replica all through the window; drained nodes cost it some pods.
    fn replaced(&mut self, ordinal: usize, noise: &mut Noise, pods: &mut Vec<Life>) {
        let usual = match (self.plan.pool, self.plan.kind) {
            (_, Kind::StatefulSet) => SLOTS * 4,
            (Pool::Spot, _) => A_DAY * SPOT_DAYS,
            _ => A_DAY * 60,
        };
        let mut first = 0;
        while first < SLOTS {
            let end = first + usual / 4 + noise.below(usual * 3 / 2);
            // What nearly reaches the end does: a pod of an hour is no history.
            let end = if end + A_DAY > SLOTS { SLOTS } else { end };
            pods.push(self.life(ordinal, first, end));
            first = end;
        }
    }

    /// Pods above the smallest size live while they are wanted; the newest goes first.
    fn scaled(&mut self, wanted: &[usize]) -> Vec<Life> {
        let mut running: Vec<Life> = Vec::new();
        let mut ended = Vec::new();
        for (slot, count) in wanted.iter().enumerate() {
            while running.len() < *count {
                running.push(self.life(running.len(), slot, SLOTS));
            }
            while running.len() > *count {
                if let Some(mut life) = running.pop() {
                    life.end = slot;
                    ended.push(life);
                }
            }
        }
        ended.append(&mut running);
        ended
    }
}
