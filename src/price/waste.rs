//! Waste: what is requested beyond what the advice needs.

use super::effective::{self, Amount};
use super::place::Place;
use super::{Waste, Wasted};
use crate::profile::Profile;
use crate::recommend::{Confidence, State, WorkloadAdvice};
use crate::snapshot::{ContainerKind, Workload};
use crate::units::{Bytes, Cpu, HOURS_PER_MONTH, Money, Ratio};

/// Sums `(requested, recommended)` over containers with advice and all their pods.
///
/// A container has advice where its workload's history was enough to judge: one
/// that is told to stay as it is wastes nothing and counts; one whose workload
/// is `unknown` does not count at all, nor does one that requests nothing, nor a
/// resource of whose use there is no sample. What
/// runs once at the start of a pod is left out, because it holds no requests of
/// its own afterwards. Pods of an older template count as a whole, and so do pods
/// that request as a whole or are sold in sizes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// In cores.
    cpu: (f64, f64),
    /// In bytes.
    memory: (f64, f64),
    /// An hour.
    cost: (f64, f64),
}

impl Sums {
    pub(super) fn add(
        &mut self,
        workload: &Workload,
        advice: &WorkloadAdvice,
        profiles: &[Profile],
        places: &[Place],
    ) {
        if advice.state == State::Unknown || advice.confidence == Confidence::None {
            return;
        }
        let is_whole = !workload.pod_requests.is_empty();
        for advised in advice.containers.iter().filter(|_| !is_whole) {
            let container = workload.containers.get(advised.container);
            let Some(container) = container.filter(|it| it.kind != ContainerKind::Init) else {
                continue;
            };
            let sizing = &advised.sizing;
            let profile = profiles.get(advised.profile);
            let has_cpu = profile.is_none_or(|it| it.cpu.is_some());
            let has_memory = profile.is_none_or(|it| it.memory.is_some());
            let cpu = container.requests.cpu.filter(|_| has_cpu);
            let memory = container.requests.memory.filter(|_| has_memory);
            let now = Amount {
                cpu: cpu.unwrap_or(Cpu::ZERO),
                memory: memory.unwrap_or(Bytes::ZERO),
            };
            let cpu = cpu.and(sizing.cpu_request.after(cpu));
            let memory = memory.and(sizing.memory_request.after(memory));
            let next = Amount {
                cpu: cpu.unwrap_or(Cpu::ZERO),
                memory: memory.unwrap_or(Bytes::ZERO),
            };
            for place in places
                .iter()
                .filter(|place| !place.outdated && place.sold.is_none())
            {
                self.grow(now, next, place);
            }
        }
        let (before, after) = (effective::now(workload), effective::after(workload, advice));
        for place in places
            .iter()
            .filter(|place| place.outdated || place.sold.is_some() || is_whole)
        {
            self.grow(place.requests, place.after(before, after, advice), place);
        }
    }

    /// In hundredths a month, as the workload is rounded that it is of.
    pub(super) fn in_hundredths(self) -> Self {
        let monthly = |hourly: f64| Money::from_f64(hourly * HOURS_PER_MONTH).to_cents();
        let hourly = |monthly: Money| monthly.to_f64() / HOURS_PER_MONTH;
        let requested = monthly(self.cost.0);
        let wasted = monthly(self.cost.0 - self.cost.1);
        Self {
            cost: (hourly(requested), hourly(requested - wasted)),
            ..self
        }
    }

    /// Those of both.
    pub(super) fn plus(self, other: Self) -> Self {
        let both = |a: (f64, f64), b: (f64, f64)| (a.0 + b.0, a.1 + b.1);
        Self {
            cpu: both(self.cpu, other.cpu),
            memory: both(self.memory, other.memory),
            cost: both(self.cost, other.cost),
        }
    }

    fn grow(&mut self, now: Amount, next: Amount, place: &Place) {
        let add = |sum: &mut (f64, f64), now: f64, next: f64| {
            sum.0 += now * place.pods;
            sum.1 += next * place.pods;
        };
        add(&mut self.cpu, now.cpu.get(), next.cpu.get());
        add(&mut self.memory, now.memory.to_f64(), next.memory.to_f64());
        let rates = &place.rates;
        let (now, next) = (place.paid(now), place.paid(next));
        let hourly = |it: Amount| rates.hourly(it.cpu, it.memory);
        add(&mut self.cost, hourly(now), hourly(next));
    }

    pub(super) fn waste(&self) -> Waste {
        Waste {
            cpu: wasted(self.cpu, Cpu::cores),
            memory: wasted(self.memory, Bytes::from_f64),
            cost: wasted(self.cost, |hourly| {
                Money::from_f64(hourly * HOURS_PER_MONTH)
            }),
        }
    }
}

fn wasted<T>((requested, recommended): (f64, f64), amount: impl Fn(f64) -> T) -> Wasted<T> {
    Wasted {
        requested: amount(requested),
        recommended: amount(recommended),
        ratio: Ratio::of(requested - recommended, requested),
    }
}
