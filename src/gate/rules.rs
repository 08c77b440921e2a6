use super::parse::rank;
use super::{Needs, Rule, Unit, Within};
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

    fn measure(&self, within: &Within<'_>) -> f64 {
        within.part.waste.cost.ratio.get()
    }

    fn over(&self, within: &Within<'_>) -> Option<String> {
        let currency = &within.seen.bill.currency;
        Some(within.part.waste.cost.amounts(currency))
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

    fn measure(&self, within: &Within<'_>) -> f64 {
        within.part.waste.cpu.ratio.get()
    }

    fn over(&self, within: &Within<'_>) -> Option<String> {
        Some(within.part.waste.cpu.amounts())
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

    fn measure(&self, within: &Within<'_>) -> f64 {
        within.part.waste.memory.ratio.get()
    }

    fn over(&self, within: &Within<'_>) -> Option<String> {
        Some(within.part.waste.memory.amounts())
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

    fn measure(&self, within: &Within<'_>) -> f64 {
        within.part.freed().to_f64()
    }
}

struct MonthlyBanked;

impl Rule for MonthlyBanked {
    fn name(&self) -> &'static str {
        "monthly-banked"
    }

    fn summary(&self) -> &'static str {
        "what leaves the bill with nodes that can go then, those idle today too, a month"
    }

    fn unit(&self) -> Unit {
        Unit::Money
    }

    fn needs(&self) -> Needs {
        Needs::Both
    }

    fn takes_plan(&self) -> bool {
        true
    }

    fn is_known(&self, within: &Within<'_>) -> bool {
        within.banked.is_some()
    }

    fn measure(&self, within: &Within<'_>) -> f64 {
        within.banked.unwrap_or_default().to_f64()
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

    fn measure(&self, within: &Within<'_>) -> f64 {
        let idle = within.workloads().filter(|(it, _)| it.state == State::Idle);
        len_f64(idle.count())
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

    fn measure(&self, within: &Within<'_>) -> f64 {
        let worst = within.workloads().map(|(_, it)| it.severity).max();
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

    fn measure(&self, within: &Within<'_>) -> f64 {
        let worst = within.risks().map(|it| it.severity).max();
        rank_of(worst.unwrap_or(Severity::None))
    }

    fn over(&self, within: &Within<'_>) -> Option<String> {
        let worst = within.risks().map(|it| it.severity).max()?;
        let first = within.risks().find(|it| it.severity == worst)?;
        Some(format!("{}: {}", first.subject, first.check))
    }
}

fn rank_of(severity: Severity) -> f64 {
    let position = Severity::ALL.iter().position(|level| *level == severity);
    rank(position.unwrap_or(0))
}
