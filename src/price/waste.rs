//! Waste: what is requested beyond what the advice needs.

use super::Rates;
use super::effective::Amount;
use super::place::Place;
use crate::recommend::{Confidence, State, WorkloadAdvice};
use crate::snapshot::{ContainerKind, Workload};
use crate::units::{Bytes, Cpu, Ratio};

/// `(requested − recommended) ÷ requested`, over containers with advice, all
/// their pods; never below 0.
///
/// A container has advice where its workload's history was enough to judge: one
/// that is told to stay as it is wastes nothing and counts; one whose workload
/// is `unknown` does not count at all, nor does one that requests nothing. What
/// runs once at the start of a pod is left out, because it holds no requests of
/// its own afterwards.
#[derive(Debug, Default)]
pub(super) struct Waste {
    cpu: (f64, f64),
    memory: (f64, f64),
    cost: (f64, f64),
}

impl Waste {
    pub(super) fn add(&mut self, workload: &Workload, advice: &WorkloadAdvice, places: &[Place]) {
        if advice.state == State::Unknown || advice.confidence == Confidence::None {
            return;
        }
        for advised in &advice.containers {
            let container = workload.containers.get(advised.container);
            let Some(container) = container.filter(|it| it.kind != ContainerKind::Init) else {
                continue;
            };
            let now = Amount::of(&container.requests);
            let sizing = &advised.sizing;
            let after = |cpu: Option<Cpu>, memory: Option<Bytes>| Amount {
                cpu: cpu.unwrap_or(Cpu::ZERO),
                memory: memory.unwrap_or(Bytes::ZERO),
            };
            let next = after(
                container
                    .requests
                    .cpu
                    .and(sizing.cpu_request.after(container.requests.cpu)),
                container
                    .requests
                    .memory
                    .and(sizing.memory_request.after(container.requests.memory)),
            );
            for place in places {
                self.grow(now, next, place);
            }
        }
    }

    fn grow(&mut self, now: Amount, next: Amount, place: &Place) {
        let pods = place.pods;
        let add = |sum: &mut (f64, f64), now: f64, next: f64| {
            sum.0 += now * pods;
            sum.1 += next * pods;
        };
        let hourly = |amount: Amount, rates: &Rates| rates.hourly(amount);
        add(&mut self.cpu, now.cpu.get(), next.cpu.get());
        add(&mut self.memory, now.memory.to_f64(), next.memory.to_f64());
        let rates = &place.rates;
        add(&mut self.cost, hourly(now, rates), hourly(next, rates));
    }

    pub(super) fn cpu(&self) -> Ratio {
        ratio(self.cpu)
    }

    pub(super) fn memory(&self) -> Ratio {
        ratio(self.memory)
    }

    /// Of CPU and memory together, by their value; devices are left out.
    pub(super) fn cost(&self) -> Ratio {
        ratio(self.cost)
    }
}

fn ratio((requested, recommended): (f64, f64)) -> Ratio {
    Ratio::of(requested - recommended, requested)
}
