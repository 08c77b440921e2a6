use std::collections::BTreeMap;

use super::record::{Amounts, Entry, Record, like};
use crate::snapshot::WorkloadId;
use crate::units::Money;

/// What became of one workload between two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference<'a> {
    pub id: &'a WorkloadId,
    pub course: Course,
    pub before: Option<&'a Entry>,
    pub after: Option<&'a Entry>,
    /// What it costs more a month, less than 0 where it costs less.
    pub cost: Money,
    /// Fields whose size changed, and whether that is what was advised.
    pub fields: Vec<Fields<'a>>,
    /// Containers that it has or had at one of the two times alone.
    pub added: Vec<&'a str>,
    pub removed: Vec<&'a str>,
}

impl Difference<'_> {
    /// Replicas before and after, where they differ.
    pub fn replicas(&self) -> Option<(u32, u32)> {
        let pair = (self.before?.replicas, self.after?.replicas);
        (pair.0 != pair.1).then_some(pair)
    }

    /// Whether anything of it differs.
    fn is_any(&self) -> bool {
        let (Some(before), Some(after)) = (self.before, self.after) else {
            return true;
        };
        before.state != after.state
            || before.severity != after.severity
            || self.replicas().is_some()
            || self.cost.to_cents() != Money::ZERO
            || !(self.fields.is_empty() && self.added.is_empty() && self.removed.is_empty())
    }
}

/// What all of it costs more a month, and the part of that which no workload explains.
pub fn change(before: &Record, after: &Record, all: &[Difference<'_>]) -> (Money, Money) {
    let of = |record: &Record| record.monthly.current.parse().unwrap_or(Money::ZERO);
    let total: Money = of(after) - of(before);
    let told = all.iter().fold(Money::ZERO, |sum, it| sum + it.cost);
    (total, total - told)
}

/// A container whose sizes changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields<'a> {
    pub container: &'a str,
    pub before: Amounts,
    pub after: Amounts,
    /// Whether they are now what the earlier run advised.
    pub as_advised: bool,
}

/// Where a workload went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Course {
    Worse,
    New,
    Gone,
    Better,
    /// Other than it was, and neither better nor worse.
    Changed,
}

impl Course {
    pub const ALL: [Self; 5] = [
        Self::Worse,
        Self::New,
        Self::Gone,
        Self::Better,
        Self::Changed,
    ];

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::New => "new",
            Self::Gone => "gone",
            Self::Better => "better",
            Self::Changed => "changed",
        }
    }
}

/// What changed, by namespace, kind, name; what stayed as it was is left out.
pub fn compare<'a>(before: &'a Record, after: &'a Record) -> Vec<Difference<'a>> {
    let mut pairs: BTreeMap<&WorkloadId, (Option<&Entry>, Option<&Entry>)> = BTreeMap::new();
    for entry in &before.workloads {
        pairs.entry(&entry.id).or_default().0 = Some(entry);
    }
    for entry in &after.workloads {
        pairs.entry(&entry.id).or_default().1 = Some(entry);
    }
    let all = pairs.into_iter().map(|(id, (before, after))| {
        let fields = match (before, after) {
            (Some(before), Some(after)) => fields(before, after),
            _ => Vec::new(),
        };
        Difference {
            id,
            course: course(before, after),
            before,
            after,
            cost: cost(after) - cost(before),
            fields,
            added: only_of(after, before),
            removed: only_of(before, after),
        }
    });
    all.filter(Difference::is_any).collect()
}

/// Containers that the one has and the other has not; none where there is no other.
fn only_of<'a>(one: Option<&'a Entry>, other: Option<&'a Entry>) -> Vec<&'a str> {
    let (Some(one), Some(other)) = (one, other) else {
        return Vec::new();
    };
    let names = one.containers.iter().map(|it| it.name.as_str());
    names
        .filter(|name| other.containers.iter().all(|it| it.name != *name))
        .collect()
}

fn cost(entry: Option<&Entry>) -> Money {
    let cost = entry.and_then(|it| it.monthly_cost.parse().ok());
    cost.unwrap_or(Money::ZERO)
}

/// Severity tells, and where it stays the state does.
fn course(before: Option<&Entry>, after: Option<&Entry>) -> Course {
    let (before, after) = match (before, after) {
        (None, _) => return Course::New,
        (_, None) => return Course::Gone,
        (Some(before), Some(after)) => (before, after),
    };
    let rank = |entry: &Entry| {
        let levels = ["none", "low", "medium", "high", "critical"];
        levels.iter().position(|it| *it == entry.severity)
    };
    let good = |entry: &Entry| entry.state == "right_sized";
    // What cannot be judged is neither better nor worse than anything.
    let known = before.state != "unknown" && after.state != "unknown";
    match rank(after).cmp(&rank(before)) {
        _ if !known => Course::Changed,
        std::cmp::Ordering::Greater => Course::Worse,
        std::cmp::Ordering::Less => Course::Better,
        std::cmp::Ordering::Equal if good(after) && !good(before) => Course::Better,
        std::cmp::Ordering::Equal if good(before) && !good(after) => Course::Worse,
        std::cmp::Ordering::Equal => Course::Changed,
    }
}

/// Containers whose sizes differ.
fn fields<'a>(before: &'a Entry, after: &'a Entry) -> Vec<Fields<'a>> {
    let mut all = Vec::new();
    for now in &after.containers {
        let was = before.containers.iter().find(|it| it.name == now.name);
        let Some(was) = was.filter(|was| !was.current.is_like(&now.current)) else {
            continue;
        };
        let moved = was.current.all().into_iter().zip(now.current.all());
        let moved = moved.zip(was.advised.all());
        let mut moved = moved.filter(|((was, now), _)| !like(*was, *now));
        all.push(Fields {
            container: &now.name,
            before: was.current,
            after: now.current,
            as_advised: moved.all(|((_, now), advised)| like(now, advised)),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::record::{Kept, Monthly, SCHEMA};

    fn entry(name: &str, state: &str, severity: &str, request: f64) -> Entry {
        let amounts = |cores| Amounts {
            cpu_request_cores: Some(cores),
            ..Amounts::default()
        };
        Entry {
            id: WorkloadId {
                namespace: "shop".to_owned(),
                kind: "Deployment".to_owned(),
                name: name.to_owned(),
                template: None,
            },
            state: state.to_owned(),
            severity: severity.to_owned(),
            confidence: "high".to_owned(),
            replicas: 2,
            monthly_cost: format!("{:.2}", request * 10.0),
            monthly_savings: "0.00".to_owned(),
            containers: vec![Kept {
                cohort: None,
                name: "app".to_owned(),
                current: amounts(request),
                advised: amounts(0.25),
                promise: None,
            }],
        }
    }

    fn record(workloads: Vec<Entry>) -> Record {
        let none = || "0.00".to_owned();
        Record {
            applied: None,
            outcomes: Vec::new(),
            scope: None,
            schema: SCHEMA.to_owned(),
            tool_version: "0.0.0".to_owned(),
            taken_at: jiff::Timestamp::UNIX_EPOCH,
            cluster: "c".to_owned(),
            strategy: "calibrated".to_owned(),
            goal: "balanced".to_owned(),
            currency: "USD".to_owned(),
            monthly: Monthly {
                current: none(),
                recommended: none(),
                freed: none(),
                banked: None,
            },
            settings: Vec::new(),
            nodes: None,
            waste: Some(0.0),
            workloads,
        }
    }

    #[test]
    fn each_workload_goes_one_way() {
        let before = record(vec![
            entry("applied", "over_provisioned", "medium", 1.0),
            entry("gone", "right_sized", "none", 1.0),
            entry("grew", "right_sized", "none", 1.0),
            entry("still", "idle", "low", 1.0),
            entry("unclear", "unknown", "none", 1.0),
        ]);
        let after = record(vec![
            entry("applied", "right_sized", "none", 0.25),
            entry("born", "over_provisioned", "low", 1.0),
            entry("grew", "under_provisioned", "high", 1.0),
            entry("still", "idle", "low", 1.0),
            entry("unclear", "over_provisioned", "high", 1.0),
        ]);
        let seen = compare(&before, &after);
        let told: Vec<(&str, &str)> = seen
            .iter()
            .map(|it| (it.id.name.as_str(), it.course.name()))
            .collect();
        let wanted = [
            ("applied", "better"),
            ("born", "new"),
            ("gone", "gone"),
            ("grew", "worse"),
            ("unclear", "changed"),
        ];
        assert_eq!(told, wanted);
        assert!(seen[0].fields[0].as_advised);
        assert_eq!(seen[0].cost.to_string(), "-7.50");
    }
}
