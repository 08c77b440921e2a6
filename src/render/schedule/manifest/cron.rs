//! Windows and changes of replicas as cron expressions.

use crate::schedule::{Days, Window, levels};

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// Slots by which changes are found, in minutes.
const SLOT: u32 = 5;

/// When a window begins and ends.
pub(super) struct Span {
    pub(super) start: String,
    pub(super) end: String,
}

/// A time at which replicas change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) days: Days,
    pub(super) minute: u32,
    pub(super) replicas: u32,
}

/// `55 18 * * 5`; minutes beyond a day are of a later one.
pub(super) fn expression(days: Days, minute: u32) -> String {
    let later = usize::try_from(minute / DAY).unwrap_or(0);
    let (hour, minute) = (minute % DAY / 60, minute % 60);
    format!("{minute} {hour} * * {}", days.later(later).cron())
}

/// A window as pairs of which the next end tells whether it is open: one that reaches into
/// its own next beginning is written day by day.
pub(super) fn spans(window: &Window) -> Vec<Span> {
    let span = |days: Days| Span {
        start: expression(days, window.start),
        end: expression(days, window.end),
    };
    if window.end - window.start < DAY || window.days.count() == 1 {
        vec![span(window.days)]
    } else {
        window.days.iter().map(|day| span(Days::one(day))).collect()
    }
}

/// The changes of a week that windows over a base make, where the largest counts.
pub(super) fn changes(windows: &[Window], base: u32) -> Vec<Change> {
    let levels = levels(windows, base, SLOT);
    let slots = levels.len();
    let mut changes: Vec<Change> = Vec::new();
    let (mut day, mut minute) = (0, 0);
    for slot in 0..slots {
        let before = levels[(slot + slots - 1) % slots];
        if levels[slot] != before {
            let replicas = levels[slot];
            let same = |it: &&mut Change| it.minute == minute && it.replicas == replicas;
            match changes.iter_mut().find(same) {
                Some(change) => change.days = change.days.with(Days::one(day)),
                None => changes.push(Change {
                    days: Days::one(day),
                    minute,
                    replicas,
                }),
            }
        }
        minute += SLOT;
        if minute == DAY {
            (day, minute) = (day + 1, 0);
        }
    }
    changes
}
