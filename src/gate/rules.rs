use super::parse::rank;
use super::{Needs, Rule, Seen, Unit};
use crate::finding::Severity;
use crate::recommend::State;
use crate::units::len_f64;

/// Every rule, in the order shown to users.
pub static ALL: &[&dyn Rule] = &[
    &CostWaste,
    &CpuWaste,
    &MemoryWaste,
    &MonthlyFreed,
    &MonthlyBanked,
    &Idle,
    &WorstSeverity,
    &WorstRisk,
];

struct CostWaste;

impl Rule for CostWaste {
    fn name(&self) -> &'static str {
        "cost-waste"
    }

    fn summary(&self) -> &'static str {
        "share of the requests' value that the advice gives back, in percent"
    }

    fn unit(&self) -> Unit {
        Unit::Percent
    }

    fn needs(&self) -> Needs {
        Needs::Both
    }

    fn measure(&self, seen: &Seen<'_>) -> f64 {
        seen.bill.waste.cost.ratio.get()
    }

    fn over(&self, seen: &Seen<'_>) -> Option<String> {
        let bill = seen.bill;
        Some(bill.waste.cost.amounts(&bill.currency))
    }
}

struct CpuWaste;

impl Rule for CpuWaste {
    fn name(&self) -> &'static str {
        "cpu-waste"
    }

    fn summary(&self) -> &'static str {
        "the same for requested CPU"
    }

    fn unit(&self) -> Unit {
        Unit::Percent
    }

    fn needs(&self) -> Needs {
        Needs::Cpu
    }

    fn measure(&self, seen: &Seen<'_>) -> f64 {
        seen.bill.waste.cpu.ratio.get()
    }

    fn over(&self, seen: &Seen<'_>) -> Option<String> {
        Some(seen.bill.waste.cpu.amounts())
    }
}

struct MemoryWaste;

impl Rule for MemoryWaste {
    fn name(&self) -> &'static str {
        "memory-waste"
    }

    fn summary(&self) -> &'static str {
        "the same for requested memory"
    }

    fn unit(&self) -> Unit {
        Unit::Percent
    }

    fn needs(&self) -> Needs {
        Needs::Memory
    }

    fn measure(&self, seen: &Seen<'_>) -> f64 {
        seen.bill.waste.memory.ratio.get()
    }

    fn over(&self, seen: &Seen<'_>) -> Option<String> {
        Some(seen.bill.waste.memory.amounts())
    }
}

struct MonthlyFreed;

impl Rule for MonthlyFreed {
    fn name(&self) -> &'static str {
        "monthly-freed"
    }

    fn old_name(&self) -> Option<&'static str> {
        Some("monthly-savings")
    }

    fn summary(&self) -> &'static str {
        "value of the requests that the advice gives back, a month"
    }

    fn unit(&self) -> Unit {
        Unit::Money
    }

    fn needs(&self) -> Needs {
        Needs::Both
    }

    fn measure(&self, seen: &Seen<'_>) -> f64 {
        seen.bill.freed.to_f64()
    }
}

struct MonthlyBanked;

impl Rule for MonthlyBanked {
    fn name(&self) -> &'static str {
        "monthly-banked"
    }

    fn summary(&self) -> &'static str {
        "what of that leaves the bill with nodes that can go then, a month"
    }

    fn unit(&self) -> Unit {
        Unit::Money
    }

    fn needs(&self) -> Needs {
        Needs::Both
    }

    fn is_known(&self, seen: &Seen<'_>) -> bool {
        seen.banked.is_some_and(|it| it.monthly.is_some())
    }

    fn measure(&self, seen: &Seen<'_>) -> f64 {
        let banked = seen.banked.and_then(|it| it.monthly);
        banked.unwrap_or_default().to_f64()
    }
}

struct Idle;

impl Rule for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn summary(&self) -> &'static str {
        "number of idle workloads"
    }

    fn unit(&self) -> Unit {
        Unit::Count
    }

    fn needs(&self) -> Needs {
        Needs::Cpu
    }

    fn measure(&self, seen: &Seen<'_>) -> f64 {
        let workloads = seen.advised.workloads.iter();
        len_f64(workloads.filter(|it| it.state == State::Idle).count())
    }
}

struct WorstSeverity;

impl Rule for WorstSeverity {
    fn name(&self) -> &'static str {
        "severity"
    }

    fn summary(&self) -> &'static str {
        "the worst severity: none, low, medium, high or critical"
    }

    fn unit(&self) -> Unit {
        Unit::Severity
    }

    fn measure(&self, seen: &Seen<'_>) -> f64 {
        let workloads = seen.bill.workloads.iter();
        let worst = workloads.map(|it| it.severity).max();
        rank_of(worst.unwrap_or(Severity::None))
    }
}

struct WorstRisk;

impl Rule for WorstRisk {
    fn name(&self) -> &'static str {
        "risk"
    }

    fn summary(&self) -> &'static str {
        "the worst of what is about to break, see `kcost risks`: none to critical"
    }

    fn unit(&self) -> Unit {
        Unit::Severity
    }

    fn measure(&self, seen: &Seen<'_>) -> f64 {
        rank_of(seen.risks.worst())
    }

    fn over(&self, seen: &Seen<'_>) -> Option<String> {
        let worst = seen.risks.worst();
        let now = seen.risks.found.iter().filter(|it| it.goes_on());
        let first = now.clone().find(|it| it.severity == worst)?;
        Some(format!("{}: {}", first.subject, first.check))
    }
}

fn rank_of(severity: Severity) -> f64 {
    let position = Severity::ALL.iter().position(|level| *level == severity);
    rank(position.unwrap_or(0))
}
