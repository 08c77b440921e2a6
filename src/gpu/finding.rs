//! What is told of accelerators beside sizes.

use super::report::Gpus;
use super::state::State;
use crate::finding::{Finding, Severity};
use crate::units::Money;

/// Money a month from which something matters so much.
const LEVELS: [(f64, Severity); 3] = [
    (1_000.0, Severity::Critical),
    (100.0, Severity::High),
    (10.0, Severity::Medium),
];

impl Gpus {
    /// One for each workload that there is something to do about.
    pub fn findings(&self) -> Vec<Finding> {
        let told = self.workloads.iter().filter_map(|it| {
            let code = match it.state {
                State::Idle => "gpu_idle",
                State::Held => "gpu_held",
                State::Underused => "gpu_underused",
                State::Starved => "gpu_starved",
                _ => return None,
            };
            let advice = it.advice.first()?;
            Some(Finding {
                code,
                severity: severity(advice.savings),
                workload: *it.held.workloads.first()?,
                text: advice.text.clone(),
            })
        });
        told.collect()
    }
}

fn severity(savings: Option<Money>) -> Severity {
    let amount = savings.unwrap_or_default().to_f64();
    let found = LEVELS.iter().find(|(least, _)| amount >= *least);
    found.map_or(Severity::Low, |(_, severity)| *severity)
}
