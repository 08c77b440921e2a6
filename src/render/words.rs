//! Numbers as people read them.

use std::cmp::Ordering;

use crate::recommend::State;
use crate::snapshot::{Workload, WorkloadId};
use crate::text::{count, group, money, short};
use crate::units::{Cpu, Money, Ratio};

/// Three digits are enough: `31.4`, `250m`.
pub(super) fn cores(cpu: Cpu) -> String {
    let cores = cpu.get();
    if cores >= 100.0 {
        group(&format!("{cores:.0}"))
    } else if cores >= 10.0 {
        short(cores, 1)
    } else if cores >= 1.0 {
        short(cores, 2)
    } else {
        cpu.to_string()
    }
}

/// How much less `after` is than `before`: `-71%`, `+5%`, `same`.
pub(super) fn change(before: f64, after: f64) -> String {
    if before <= 0.0 {
        return String::new();
    }
    let share = (after - before) / before;
    if share.abs() < 0.005 {
        "same".to_owned()
    } else {
        let sign = if share < 0.0 { '-' } else { '+' };
        format!("{sign}{}", Ratio::new(share.abs()))
    }
}

/// What a change is worth: `frees $5.00`, `needs $5.00 more`.
pub(super) fn worth(savings: Money, currency: &str) -> String {
    match savings.to_cents().cmp(&Money::ZERO) {
        Ordering::Greater => format!("frees {}", money(savings, currency)),
        Ordering::Less => format!("needs {} more", money(-savings, currency)),
        Ordering::Equal => "no change".to_owned(),
    }
}

/// How many pods there are; a job has none between two runs.
pub(super) fn pods(workload: &Workload) -> String {
    let replicas = usize::try_from(workload.replicas).unwrap_or(usize::MAX);
    if workload.is_batch() {
        format!("{} a run", count(replicas.max(1), "pod"))
    } else {
        count(workload.pods.len(), "pod")
    }
}

/// `shop/api`; with a template `ml/ray/head`.
pub(super) fn called(id: &WorkloadId) -> String {
    match &id.template {
        Some(template) => format!("{}/{}/{template}", id.namespace, id.name),
        None => format!("{}/{}", id.namespace, id.name),
    }
}

/// As people say it.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Idle => "idle",
        State::OverProvisioned => "over-provisioned",
        State::UnderProvisioned => "under-provisioned",
        State::RightSized => "right-sized",
        State::Unknown => "unknown",
    }
}

/// As it fits a column.
pub(super) fn short_state(state: State) -> &'static str {
    match state {
        State::Idle => "idle",
        State::OverProvisioned => "over",
        State::UnderProvisioned => "under",
        State::RightSized => "right",
        State::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_keep_their_meaning() {
        assert_eq!(cores(Cpu::cores(31.44)), "31.4");
        assert_eq!(cores(Cpu::cores(0.25)), "250m");
        assert_eq!(cores(Cpu::cores(2.0)), "2");
        assert_eq!(change(10.0, 2.9), "-71%");
        assert_eq!(change(0.0, 1.0), "");
    }
}
