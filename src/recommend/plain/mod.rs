//! What is said to a person: plans in, one plain sentence a field and at most four
//! words a workload out. How a size was found is told by the reasons.

use super::event::Events;
use super::guard::{Field, Planned};
use super::over::share_over;
use crate::snapshot::ContainerKind;
use crate::units::{Bytes, Cpu};

mod cause;
mod headline;
mod words;

pub use headline::Headline;
pub(super) use headline::headline;

/// Why one field changes, or stays although it was to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    pub field: Field,
    /// One sentence without a period: `memory limit 512Mi → 1.88Gi: OOM-killed 3 times
    /// at 512Mi`.
    pub text: String,
}

/// What a guard made of each field, in the order of [`Field::ALL`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Causes([Option<String>; 4]);

impl Causes {
    pub(super) fn set(&mut self, field: Field, cause: Option<String>) {
        let place = Field::ALL.iter().position(|it| *it == field);
        if let Some(slot) = place.and_then(|place| self.0.get_mut(place)) {
            *slot = cause;
        }
    }

    fn of(&self, field: Field) -> Option<&str> {
        let place = Field::ALL.iter().position(|it| *it == field)?;
        self.0.get(place)?.as_deref()
    }
}

/// One sentence for each field that changes, or stays for a cause.
pub(super) fn whys(planned: &Planned<'_>) -> Vec<Why> {
    if !planned.known {
        return Vec::new();
    }
    let fields = Field::ALL.into_iter();
    let all = fields.filter_map(|field| {
        let text = sentence(planned, field)?;
        Some(Why { field, text })
    });
    all.collect()
}

fn sentence(planned: &Planned<'_>, field: Field) -> Option<String> {
    let (now, after) = (field.of(planned.now()), field.of(planned.after()));
    let name = field.name();
    let shown = |amount: f64| field.shown(amount);
    let by_guard = planned.causes.of(field);
    match (now, after) {
        (Some(now), Some(after)) if shown(now) == shown(after) => {
            Some(format!("{name} stays {}: {}", shown(now), by_guard?))
        }
        (None, None) => Some(format!("{name} stays unset: {}", by_guard?)),
        (Some(now), Some(after)) => {
            let cause = cause::of(planned, field, after);
            let cause = by_guard.map_or(cause, str::to_owned);
            Some(format!("{name} {} → {}: {cause}", shown(now), shown(after)))
        }
        (None, Some(after)) => {
            let cause = cause::of(planned, field, after);
            let cause = by_guard.map_or(cause, str::to_owned);
            Some(format!(
                "{name} {} where none was set: {cause}",
                shown(after)
            ))
        }
        (Some(now), None) => {
            let cause = by_guard.unwrap_or("it only holds the container back");
            Some(format!("{name} {} removed: {cause}", shown(now)))
        }
    }
}
