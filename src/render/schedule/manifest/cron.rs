//! Windows and changes of replicas as cron expressions.

use crate::schedule::{Days, MonthDays, MonthWindow, Window, levels};

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

/// `55 18 1,15 * *`.
pub(super) fn month_expression(days: MonthDays, minute: u32) -> String {
    let (hour, minute) = (minute / 60, minute % 60);
    format!("{minute} {hour} {} * *", days.cron())
}

/// A window of the month as such pairs. One that begins the day before a first begins on every
/// day that may be a last: only after the last of these the next end comes before the next start.
pub(super) fn month_spans(window: &MonthWindow) -> Vec<Span> {
    let span = |begins: MonthDays, days: MonthDays| Span {
        start: month_expression(begins, window.start),
        end: month_expression(days, window.end),
    };
    if window.minutes() < DAY {
        return vec![span(window.begins(), window.days)];
    }
    let days = window.days.each();
    days.map(|day| span(day.before(), day)).collect()
}

/// A time of some days of the month at which replicas change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MonthChange {
    pub(super) days: MonthDays,
    pub(super) minute: u32,
    pub(super) replicas: u32,
}

/// The changes of a month of any length that windows over a base make, where the largest counts.
pub(super) fn month_changes(windows: &[MonthWindow], base: u32) -> Vec<MonthChange> {
    let days: Vec<Vec<u32>> = (1..=31).map(|number| day(windows, base, number)).collect();
    let mut changes: Vec<MonthChange> = Vec::new();
    for (day, levels) in MonthDays::all().zip(&days) {
        // Of the first any that may be the last is before it.
        let before = days
            .iter()
            .zip(1..)
            .filter(|(_, at)| day.before().contains(*at));
        let before: Vec<u32> = before.filter_map(|it| it.0.last().copied()).collect();
        for (slot, (replicas, minute)) in levels.iter().zip((0..).step_by(5)).enumerate() {
            let same = match slot.checked_sub(1) {
                Some(slot) => levels[slot] == *replicas,
                None => before.iter().all(|it| it == replicas),
            };
            if same {
                continue;
            }
            let mut found = changes.iter_mut();
            match found.find(|it| (it.minute, it.replicas) == (minute, *replicas)) {
                Some(change) => change.days = change.days.with(day),
                None => changes.push(MonthChange {
                    days: day,
                    minute,
                    replicas: *replicas,
                }),
            }
        }
    }
    changes
}

/// Replicas of every five minutes of a day of the month.
fn day(windows: &[MonthWindow], base: u32, number: usize) -> Vec<u32> {
    let slots = usize::try_from(DAY / SLOT).unwrap_or(0);
    let mut day = vec![base; slots];
    for window in windows {
        window.raise(&mut day, number, number + 1);
        if number >= 28 {
            window.raise(&mut day, number, 1);
        }
    }
    day
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

#[cfg(test)]
mod tests;
