//! What a HorizontalPodAutoscaler would do: the controller's own algorithm.
//!
//! Source: kubernetes `pkg/controller/podautoscaler` (`horizontal.go`,
//! `replica_calculator.go`), as of 1.35. Pods without a sample are not modelled.

use std::collections::VecDeque;
use std::mem;

use crate::snapshot::{Behavior, Change, ScalingRules, SelectPolicy};
use crate::units::whole_part;

/// Seconds between two looks (`--horizontal-pod-autoscaler-sync-period`).
pub(super) const SYNC: u32 = 15;

/// Nothing is done where the ratio of what is to what should be is this near to 1
/// (`--horizontal-pod-autoscaler-tolerance`).
const TOLERANCE: f64 = 0.1;

/// For so many seconds of its life a pod that was not yet measured as ready does not count
/// (`--horizontal-pod-autoscaler-cpu-initialization-period`).
pub(super) const INITIALIZATION: i64 = 300;

/// The longest `periodSeconds` of a policy.
const LONGEST: i64 = 1_800;

/// An autoscaler of CPU use, of a floor that is set from outside, or of both.
#[derive(Debug, Clone)]
pub struct Hpa {
    /// `minReplicas` and `maxReplicas`.
    pub min: u32,
    pub max: u32,
    /// CPU use as a share of the request; `None` where it does not look at it.
    pub target: Option<f64>,
    /// The same as the controller has it.
    percent: f64,
    behavior: Behavior,
    /// Proposals of one slot.
    proposed: Vec<(i64, u32)>,
    /// Proposals that may still be the largest of their time, and the smallest.
    largest: VecDeque<(i64, u32)>,
    smallest: VecDeque<(i64, u32)>,
    /// When how many replicas came, and when how many went.
    came: VecDeque<(i64, u32)>,
    went: VecDeque<(i64, u32)>,
}

/// What it sees at one time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Pods whose use counts.
    pub ready: u32,
    /// What those use together, in requests of one pod.
    pub used: f64,
    /// Pods that are starting.
    pub unready: u32,
    /// Replicas that a schedule asks for, as an external metric with a target of one each.
    pub floor: Option<u32>,
}

impl Hpa {
    pub fn new(min: u32, max: u32, target: Option<f64>) -> Self {
        Self {
            min,
            max,
            target,
            percent: target.map_or(1.0, |it| (it * 100.0).round().max(1.0)),
            proposed: Vec::new(),
            behavior: Behavior::default(),
            largest: VecDeque::new(),
            smallest: VecDeque::new(),
            came: VecDeque::new(),
            went: VecDeque::new(),
        }
    }

    /// The same, as fast as it is told to be.
    #[must_use]
    pub fn with(self, behavior: Behavior) -> Self {
        Self { behavior, ..self }
    }

    /// Replicas that it asks for at a time, in seconds, where there are `current`.
    pub fn sync(&mut self, now: i64, current: u32, metrics: &Metrics) -> u32 {
        if current == 0 {
            return 0;
        }
        let wanted = if current < self.min {
            self.min
        } else if current > self.max {
            self.max
        } else {
            let wanted = self.proposal(current, metrics);
            let stable = self.stabilized(now, current, wanted);
            self.limited(now, current, stable)
        };
        let events = if wanted > current {
            &mut self.came
        } else {
            &mut self.went
        };
        if wanted != current {
            events.push_back((now, wanted.abs_diff(current)));
        }
        wanted
    }

    /// Whether it leaves `current` as they are at all of some looks, the last of them at `last`,
    /// where all pods are ready and it sees what is between `least` and `most`: then it has
    /// looked. `seen` is what it sees at each.
    pub(super) fn stays(
        &mut self,
        current: u32,
        (least, most): (&Metrics, &Metrics),
        last: i64,
        seen: impl Iterator<Item = (i64, Metrics)>,
    ) -> bool {
        if current == 0 || current < self.min || current > self.max {
            return false;
        }
        // What it proposes grows with what it sees.
        let (fewest, wanted) = (self.proposal(current, least), self.proposal(current, most));
        if wanted > current {
            return false;
        }
        let mut proposed = mem::take(&mut self.proposed);
        proposed.clear();
        if fewest == wanted {
            // Of proposals that are the same the last is that of all.
            proposed.push((last, wanted));
        } else {
            proposed.extend(seen.map(|(now, it)| (now, self.proposal(current, &it))));
        }
        let stays = current == self.min || self.is_held(current, &proposed);
        if stays {
            for (now, wanted) in &proposed {
                self.stabilized(*now, current, *wanted);
            }
        }
        self.proposed = proposed;
        stays
    }

    /// Whether proposals, none of more than `current`, are so near to one of as many that none
    /// goes.
    fn is_held(&self, current: u32, proposed: &[(i64, u32)]) -> bool {
        let down = i64::from(self.behavior.down.stabilization_seconds);
        let mut older = self.largest.iter().rev();
        let mut since = older.find(|it| it.1 >= current).map(|it| it.0);
        proposed.iter().all(|(now, wanted)| {
            if *wanted == current {
                since = Some(*now);
            }
            *wanted == current || since.is_some_and(|it| it > now - down)
        })
    }

    /// The largest of what its metrics propose; where one of them fails nothing goes.
    fn proposal(&self, current: u32, metrics: &Metrics) -> u32 {
        let near = self.near();
        let by_use = self
            .target
            .map(|_| by_use(self.percent, current, metrics, near));
        let by_floor = metrics.floor.map(|floor| by_floor(floor, current, near));
        let failed = by_use == Some(None);
        let largest = by_use.flatten().max(by_floor).unwrap_or(current);
        if failed {
            largest.max(current)
        } else {
            largest
        }
    }

    fn stabilized(&mut self, now: i64, current: u32, wanted: u32) -> u32 {
        let down = i64::from(self.behavior.down.stabilization_seconds);
        let up = i64::from(self.behavior.up.stabilization_seconds);
        // What is followed by more will never be the largest, and by less never the smallest.
        let most = kept(&mut self.largest, now, down, wanted, |old, new| old <= new);
        let least = kept(&mut self.smallest, now, up, wanted, |old, new| old >= new);
        current.max(least).min(most)
    }

    /// What its policies allow of it.
    fn limited(&mut self, now: i64, current: u32, wanted: u32) -> u32 {
        if wanted == current {
            return current;
        }
        for events in [&mut self.came, &mut self.went] {
            while events.front().is_some_and(|it| it.0 <= now - LONGEST) {
                events.pop_front();
            }
        }
        if wanted > current {
            let most = self.limit(&self.behavior.up, now, current, true);
            wanted.min(self.max.min(most.max(current)))
        } else {
            let least = self.limit(&self.behavior.down, now, current, false);
            wanted.max(self.min.max(least.min(current)))
        }
    }

    /// Replicas that the policies of one way go to at most: `calculateScaleUpLimit` and
    /// `calculateScaleDownLimit` with `WithBehaviors`.
    fn limit(&self, rules: &ScalingRules, now: i64, current: u32, up: bool) -> u32 {
        let each = rules.policies.iter().map(|policy| {
            let period = i64::from(policy.period_seconds);
            let came = recent(&self.came, now, period);
            let went = recent(&self.went, now, period);
            let start = current.saturating_add(went).saturating_sub(came);
            match (policy.change, up) {
                (Change::Pods(pods), true) => start.saturating_add(pods),
                (Change::Pods(pods), false) => start.saturating_sub(pods),
                (Change::Percent(percent), true) => {
                    let more = u64::from(start) * (100 + u64::from(percent));
                    u32::try_from(more.div_ceil(100)).unwrap_or(u32::MAX)
                }
                (Change::Percent(percent), false) => {
                    let left = u64::from(start) * 100_u64.saturating_sub(u64::from(percent));
                    u32::try_from(left / 100).unwrap_or(u32::MAX)
                }
            }
        });
        let limit = match (rules.select, up) {
            (SelectPolicy::Disabled, _) => Some(current),
            (SelectPolicy::Max, true) | (SelectPolicy::Min, false) => each.max(),
            (SelectPolicy::Min, true) | (SelectPolicy::Max, false) => each.min(),
        };
        limit.unwrap_or(current)
    }

    /// Below and above 1 how far a ratio is none.
    fn near(&self) -> (f64, f64) {
        let of = |rules: &ScalingRules| rules.tolerance.unwrap_or(TOLERANCE);
        (of(&self.behavior.down), of(&self.behavior.up))
    }
}

/// The largest or smallest proposal of a time, the newest included: `gone` says of an older
/// one that it will never be it again.
fn kept(
    proposals: &mut VecDeque<(i64, u32)>,
    now: i64,
    seconds: i64,
    wanted: u32,
    gone: impl Fn(u32, u32) -> bool,
) -> u32 {
    if seconds == 0 {
        return wanted;
    }
    while proposals.front().is_some_and(|it| it.0 <= now - seconds) {
        proposals.pop_front();
    }
    while proposals.back().is_some_and(|it| gone(it.1, wanted)) {
        proposals.pop_back();
    }
    proposals.push_back((now, wanted));
    proposals.front().map_or(wanted, |it| it.1)
}

/// Replicas that changed within a period.
fn recent(events: &VecDeque<(i64, u32)>, now: i64, period: i64) -> u32 {
    let within = events.iter().rev().take_while(|it| it.0 > now - period);
    within.map(|it| it.1).sum()
}

/// `GetResourceReplicas` for CPU; `None` where no pod has been measured.
fn by_use(percent: f64, current: u32, metrics: &Metrics, near: (f64, f64)) -> Option<u32> {
    let Metrics {
        ready,
        used,
        unready,
        ..
    } = *metrics;
    if ready == 0 {
        return None;
    }
    let ratio = ratio(used, ready, percent);
    if unready == 0 || ratio <= 1.0 {
        let wanted = up(ratio * f64::from(ready));
        return Some(if is_near(ratio, near) {
            current
        } else {
            wanted
        });
    }
    // On the way up pods that are starting count as doing nothing.
    let all = ready + unready;
    let ratio = self::ratio(used, all, percent);
    let wanted = up(ratio * f64::from(all));
    let stays = is_near(ratio, near) || ratio < 1.0 || wanted < current;
    Some(if stays { current } else { wanted })
}

/// Use over the target, both in whole percent as the controller has them.
fn ratio(used: f64, pods: u32, target: f64) -> f64 {
    let percent = whole_part(used / f64::from(pods) * 100.0 + 1e-9);
    f64::from(percent) / target
}

/// `GetExternalPerPodMetricReplicas`.
fn by_floor(floor: u32, current: u32, near: (f64, f64)) -> u32 {
    if is_near(f64::from(floor) / f64::from(current), near) {
        current
    } else {
        floor
    }
}

fn is_near(ratio: f64, (below, above): (f64, f64)) -> bool {
    (1.0 - below - 1e-12..=1.0 + above + 1e-12).contains(&ratio)
}

fn up(replicas: f64) -> u32 {
    let replicas = replicas - 1e-9;
    let whole = whole_part(replicas);
    whole.saturating_add(u32::from(f64::from(whole) < replicas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::ScalingPolicy;

    fn seen(ready: u32, used: f64) -> Metrics {
        Metrics {
            ready,
            used,
            ..Metrics::default()
        }
    }

    #[test]
    fn use_within_a_tenth_of_the_target_changes_nothing() {
        let mut hpa = Hpa::new(1, 10, Some(0.7));
        // 77 % over 70 % is 1.1, and 78 % is more.
        assert_eq!(hpa.sync(0, 2, &seen(2, 2.0 * 0.77)), 2);
        assert_eq!(hpa.sync(15, 2, &seen(2, 2.0 * 0.78)), 3);
        // Down to one of two it goes at half the target only.
        let mut hpa = Hpa::new(1, 10, Some(0.7));
        assert_eq!(hpa.sync(0, 2, &seen(2, 2.0 * 0.36)), 2);
        assert_eq!(hpa.sync(15, 2, &seen(2, 2.0 * 0.35)), 2);
        // When the last proposal of two is five minutes old.
        assert_eq!(hpa.sync(299, 2, &seen(2, 2.0 * 0.35)), 2);
        assert_eq!(hpa.sync(300, 2, &seen(2, 2.0 * 0.35)), 1);
    }

    #[test]
    fn a_step_up_doubles_every_quarter_of_a_minute() {
        let mut hpa = Hpa::new(1, 40, Some(0.5));
        assert_eq!(hpa.sync(0, 2, &seen(2, 16.0)), 6);
        let starting = |ready: u32, unready: u32| Metrics {
            unready,
            ..seen(ready, 16.0)
        };
        assert_eq!(hpa.sync(15, 6, &starting(2, 4)), 12);
        assert_eq!(hpa.sync(30, 12, &starting(2, 10)), 24);
        assert_eq!(hpa.sync(45, 24, &starting(2, 22)), 32);
        assert_eq!(hpa.sync(60, 32, &starting(2, 30)), 32);
        // Within one period no more than that comes.
        let mut hpa = Hpa::new(1, 40, Some(0.5));
        assert_eq!(hpa.sync(0, 2, &seen(2, 16.0)), 6);
        assert_eq!(hpa.sync(10, 6, &starting(2, 4)), 6);
    }

    #[test]
    fn a_floor_holds_and_goes_after_five_minutes() {
        let mut hpa = Hpa::new(2, 20, None);
        let floor = |floor: u32| Metrics {
            floor: Some(floor),
            ..Metrics::default()
        };
        assert_eq!(hpa.sync(0, 2, &floor(9)), 6);
        assert_eq!(hpa.sync(15, 6, &floor(9)), 9);
        assert_eq!(hpa.sync(30, 9, &floor(0)), 9);
        assert_eq!(hpa.sync(314, 9, &floor(0)), 9);
        assert_eq!(hpa.sync(315, 9, &floor(0)), 2);
        // A floor within a tenth of what is there is not reached.
        let mut hpa = Hpa::new(2, 20, None);
        assert_eq!(hpa.sync(0, 10, &floor(11)), 10);
    }

    #[test]
    fn it_scales_as_fast_as_it_is_told_to() {
        let policy = |change, period_seconds| ScalingPolicy {
            change,
            period_seconds,
        };
        let slow = Behavior {
            up: ScalingRules {
                stabilization_seconds: 60,
                policies: vec![policy(Change::Pods(2), 60), policy(Change::Percent(10), 60)],
                ..ScalingRules::up()
            },
            down: ScalingRules {
                stabilization_seconds: 0,
                policies: vec![policy(Change::Pods(1), 60)],
                tolerance: Some(0.5),
                ..ScalingRules::down()
            },
        };
        let mut hpa = Hpa::new(1, 40, Some(0.5)).with(slow.clone());
        // The smallest proposal of a minute counts on the way up, and two come a minute.
        assert_eq!(hpa.sync(0, 4, &seen(4, 2.0)), 4);
        assert_eq!(hpa.sync(45, 4, &seen(4, 4.0)), 4);
        assert_eq!(hpa.sync(60, 4, &seen(4, 4.0)), 6);
        assert_eq!(hpa.sync(75, 6, &seen(6, 6.0)), 6);
        assert_eq!(hpa.sync(120, 6, &seen(6, 6.0)), 8);
        // Down one a minute at once, from half of the target on.
        let mut hpa = Hpa::new(1, 40, Some(0.5)).with(slow.clone());
        assert_eq!(hpa.sync(0, 8, &seen(8, 2.4)), 8);
        assert_eq!(hpa.sync(15, 8, &seen(8, 1.6)), 7);
        assert_eq!(hpa.sync(30, 7, &seen(7, 1.4)), 7);
        assert_eq!(hpa.sync(75, 7, &seen(7, 1.4)), 6);
        let never = Behavior {
            down: ScalingRules {
                select: SelectPolicy::Disabled,
                ..ScalingRules::down()
            },
            ..slow
        };
        let mut hpa = Hpa::new(1, 40, Some(0.5)).with(never);
        assert_eq!(hpa.sync(0, 8, &seen(8, 0.1)), 8);
        assert_eq!(hpa.sync(900, 8, &seen(8, 0.1)), 8);
    }

    #[test]
    fn without_a_measured_pod_nothing_goes() {
        let mut hpa = Hpa::new(1, 10, Some(0.7));
        assert_eq!(hpa.sync(0, 3, &seen(0, 0.0)), 3);
        assert_eq!(hpa.sync(15, 12, &seen(0, 0.0)), 10);
        assert_eq!(hpa.sync(30, 0, &seen(0, 0.0)), 0);
    }
}
