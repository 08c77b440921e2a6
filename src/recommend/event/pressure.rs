use super::{Pool, Reason};
use crate::profile::Waiting;

/// A container whose tasks wait, by the kernel's own account (PSI).
///
/// What it uses is then less than what it needs, so that its use says nothing
/// for a smaller size. By how much it falls short cannot be told from waiting,
/// so nothing is raised for it either: repeated runs would raise for ever where
/// the cause is a neighbour.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct Pressed {
    pub cpu: Option<Waiting>,
    pub memory: Option<Waiting>,
}

/// Mean and P95 of the time that tasks wait for CPU, from which on it is felt.
/// Ours: a process with more threads than free cores waits a few percent in good
/// health.
const CPU: (f64, f64) = (0.10, 0.25);

/// The same for memory. Ours: what has enough of it waits for nearly nothing.
const MEMORY: (f64, f64) = (0.05, 0.10);

impl Pressed {
    pub(in crate::recommend) fn reason(&self) -> Reason {
        let waits = [("CPU", self.cpu), ("memory", self.memory)];
        let waits: Vec<String> = waits
            .into_iter()
            .filter_map(|(what, waiting)| {
                let Waiting { mean, p95 } = waiting?;
                Some(format!("for {what} {mean} of the time (P95 {p95})"))
            })
            .collect();
        let held = match (self.cpu, self.memory) {
            (Some(_), Some(_)) => "neither is cut",
            (Some(_), None) => "its CPU is not cut",
            _ => "its memory is not cut",
        };
        Reason::new(
            "pressure",
            format!("some task waits {}: {held}", waits.join(" and ")),
        )
    }
}

pub(in crate::recommend) fn find(pool: &Pool<'_>) -> Option<Pressed> {
    let pressure = pool.profile.pressure.as_ref()?;
    let felt = |waiting: Option<Waiting>, (mean, p95): (f64, f64)| {
        waiting.filter(|waiting| waiting.mean.get() >= mean || waiting.p95.get() >= p95)
    };
    let pressed = Pressed {
        cpu: felt(pressure.cpu, CPU),
        memory: felt(pressure.memory, MEMORY),
    };
    (pressed.cpu.is_some() || pressed.memory.is_some()).then_some(pressed)
}
