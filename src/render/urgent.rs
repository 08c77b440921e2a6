//! Which workloads come first: what may break, then what frees the most.

use std::cmp::Reverse;

use super::pick::Row;
use super::whole::Whole;
use crate::finding::Severity;
use crate::pipeline::Analysis;
use crate::recommend::State;
use crate::units::Money;

/// What is in danger, then what frees the most.
pub(super) fn urgent_first(listed: &mut [Whole<'_>]) {
    listed.sort_by_key(key);
}

/// The first so many of these, which stay in their order: what is worth acting on comes
/// before all else, unless `all_alike`.
pub(super) fn most_urgent(
    all: &mut Vec<Whole<'_>>,
    count: usize,
    (analysis, all_alike): (&Analysis<'_>, bool),
) {
    let mut places: Vec<usize> = (0..all.len()).collect();
    places.sort_by_key(|place| {
        let whole = &all[*place];
        (!all_alike && !is_worth(whole, analysis), key(whole))
    });
    places.truncate(count);
    let mut place = 0;
    all.retain(|_| {
        place += 1;
        places.contains(&(place - 1))
    });
}

/// Whether anything of it is worth acting on.
pub(super) fn is_worth<'a>(whole: &Whole<'a>, analysis: &'a Analysis<'a>) -> bool {
    whole.rows.iter().any(|row| match row.advice.state {
        State::Idle | State::UnderProvisioned => true,
        State::OverProvisioned => row.changes(analysis),
        State::RightSized | State::Unknown => row.bill.severity >= Severity::High,
    })
}

fn key(whole: &Whole<'_>) -> (Reverse<Option<Severity>>, Reverse<Money>) {
    let urgency = whole.rows.iter().map(urgency).max();
    (Reverse(urgency), Reverse(whole.savings()))
}

/// What may break comes before what costs money.
pub(super) fn urgency(row: &Row<'_>) -> Severity {
    match row.advice.state {
        State::UnderProvisioned => row.bill.severity,
        _ => Severity::None,
    }
}
