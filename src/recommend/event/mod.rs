//! Takes the usage of one container ([`Pool`]), gives what happened to it ([`Events`]).
//!
//! Facts before any statistics, that floors follow from. Pure functions, one file
//! each; [`Events::of`] runs them all.

use super::{Pool, Reason};
use crate::snapshot::Grid;
use crate::units::{Bytes, Cpu, Span};

mod growth;
mod limit_hit;
mod odd;
mod oom;
mod pressure;
mod regime;
mod runs;
mod sawtooth;
mod shift;
mod start_up;
mod step;
mod template;
mod throttle;

pub use growth::Growth;
pub(super) use limit_hit::LimitHit;
pub use odd::OddPod;
pub(super) use odd::OddPods;
pub(super) use oom::OomKills;
pub(super) use pressure::Pressed;
pub(super) use regime::Regime;
pub(super) use runs::Runs;
pub(super) use sawtooth::Sawtooth;
pub(super) use shift::Shift;
pub(super) use start_up::StartUp;
pub(super) use template::NewTemplate;
pub(super) use throttle::Throttled;

/// All that happened to one pool.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Events {
    pub oom: Option<OomKills>,
    pub limit_hit: Option<LimitHit>,
    pub throttled: Option<Throttled>,
    pub pressed: Option<Pressed>,
    pub start_up: Option<StartUp>,
    pub growth: Option<Growth>,
    pub sawtooth: Option<Sawtooth>,
    pub cpu_shift: Option<Shift>,
    pub memory_shift: Option<Shift>,
    pub template: Option<NewTemplate>,
    pub odd: Option<OddPods>,
    pub runs: Option<Runs>,
}

impl Events {
    /// Looks for each of them. Growth is extrapolated to the end of `horizon`.
    pub(in crate::recommend) fn of(pool: &Pool<'_>, grid: &Grid, horizon: Span) -> Self {
        let template = template::find(pool, grid);
        Self {
            oom: oom::find(pool, grid),
            limit_hit: limit_hit::find(pool),
            throttled: throttle::find(pool),
            pressed: pressure::find(pool),
            start_up: start_up::find(pool, grid),
            growth: growth::find(pool, grid, horizon),
            sawtooth: sawtooth::find(pool, grid),
            cpu_shift: shift::of_cpu(pool, grid, template.as_ref()),
            memory_shift: shift::of_memory(pool, grid, template.as_ref()),
            template,
            odd: odd::find(pool, grid),
            runs: runs::find(pool),
        }
    }

    /// The same, with growth extrapolated to the end of another horizon.
    pub(in crate::recommend) fn until(&self, pool: &Pool<'_>, grid: &Grid, horizon: Span) -> Self {
        Self {
            growth: growth::find(pool, grid, horizon),
            ..self.clone()
        }
    }

    /// Whether it was killed for its memory, or held at its limit.
    pub(in crate::recommend) fn memory_shortage(&self) -> Option<Shortage> {
        let killed = self.oom.as_ref().map(|kills| (kills.count, kills.floor));
        let hit = self.limit_hit.as_ref().map(|hits| (1, hits.floor));
        let (times, _) = killed.or(hit)?;
        let floors = [killed, hit].into_iter().flatten();
        let floor = floors.map(|(_, floor)| floor).max()?;
        Some(Shortage { times, floor })
    }

    /// What the memory limit must not be below, and the request with it where
    /// the two are tied.
    pub(in crate::recommend) fn memory_floor(&self) -> Option<Bytes> {
        if self.sawtooth.is_some() {
            // It would rise to any.
            return None;
        }
        let floors = [
            self.oom.as_ref().map(|event| event.floor),
            self.limit_hit.as_ref().map(|event| event.floor),
            self.start_up.as_ref().and_then(|event| event.memory_peak),
        ];
        floors.into_iter().flatten().max()
    }

    /// What the CPU limit must not be below.
    pub(in crate::recommend) fn cpu_limit_floor(&self) -> Option<Cpu> {
        self.throttled.as_ref().map(|event| event.floor)
    }

    /// The part of the history that CPU sizes are drawn from.
    pub(in crate::recommend) fn cpu_regime(&self) -> Regime {
        Regime::of(self.cpu_shift.as_ref(), self.template.as_ref())
    }

    /// The part of the history that memory sizes are drawn from.
    pub(in crate::recommend) fn memory_regime(&self) -> Regime {
        Regime::of(self.memory_shift.as_ref(), self.template.as_ref())
    }

    /// Whether it is on a higher level of CPU or memory that is new.
    pub(in crate::recommend) fn has_newly_risen(&self) -> bool {
        let mut shifts = [&self.cpu_shift, &self.memory_shift].into_iter().flatten();
        shifts.any(Shift::is_new_rise)
    }

    /// Whether its memory cannot be known from its use: it was killed, or held
    /// at its limit.
    pub(in crate::recommend) fn is_memory_censored(&self) -> bool {
        self.oom.is_some() || self.limit_hit.is_some()
    }

    /// One for each event, in the order of importance. `tied` where the memory
    /// request is to equal the limit.
    pub(in crate::recommend) fn reasons(&self, tied: bool) -> Vec<Reason> {
        let all = [
            self.oom.as_ref().map(OomKills::reason),
            self.limit_hit.as_ref().map(LimitHit::reason),
            self.throttled.as_ref().map(Throttled::reason),
            self.pressed.as_ref().map(Pressed::reason),
            self.sawtooth.as_ref().map(Sawtooth::reason),
            self.growth.as_ref().map(Growth::reason),
            self.start_up.as_ref().map(StartUp::reason),
            self.cpu_shift.as_ref().map(Shift::reason),
            self.memory_shift.as_ref().map(Shift::reason),
            self.template
                .as_ref()
                .map(|template| template.reason(self.memory_regime().is_whole())),
            self.odd.as_ref().map(|odd| odd.reason(tied)),
            self.runs.as_ref().map(Runs::reason),
        ];
        all.into_iter().flatten().collect()
    }
}

/// Kills for memory, or hits of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shortage {
    pub times: usize,
    /// The limit must not be below this.
    pub floor: Bytes,
}

/// The size after a kill or a hit at `used`: the larger of 1.2 times that and
/// 100 MiB more.
///
/// Source: kubernetes/autoscaler, `OOMBumpUpRatio` and `OOMMinBumpUp` in
/// `pkg/recommender/model/aggregations_config.go`.
pub(super) fn bump(used: Bytes) -> Bytes {
    // In whole bytes: six fifths of a round number is round.
    let ratio = Bytes(used.0.saturating_add(used.0 / 5));
    ratio.max(used.plus(Bytes::mib(100)))
}

/// `1 day`, `2.5 days`.
fn days(days: f64) -> String {
    let text = format!("{days:.1}");
    match text.strip_suffix(".0").unwrap_or(&text) {
        "1" => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_kill_adds_100_mib_and_a_large_one_a_fifth() {
        assert_eq!(bump(Bytes::mib(128)), Bytes::mib(228));
        assert_eq!(bump(Bytes::mib(1000)), Bytes::mib(1200));
    }
}
