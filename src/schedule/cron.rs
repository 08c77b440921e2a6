//! Cron triggers of a ScaledObject that are there already, as replicas over the week.

use jiff::tz::TimeZone;

use super::{DAY, MINUTES, QUARTER};
use crate::forecast::Clock;
use crate::snapshot::{Trigger, Workload};

/// What names of triggers that kcost writes begin with: these are planned anew.
pub const OURS: &str = "kcost-";

/// Slots of five minutes of a week.
const SLOTS: usize = 3 * DAY * 7;

/// The replicas that crons of others ask for in each five minutes of the local week from a
/// second since the epoch on; `None` without any.
///
/// Source: KEDA `pkg/scalers/cron_scaler.go`: it is inside where the next end comes before the
/// next start. Crons of some days of a month are no matter of a week, and left out.
pub(super) fn levels(workload: &Workload, clock: &Clock, from: i64) -> Option<Vec<u32>> {
    let triggers = workload.managers.iter().flat_map(|it| &it.triggers);
    let theirs = triggers.filter(|it| !it.name.as_ref().is_some_and(|it| it.starts_with(OURS)));
    let crons: Vec<Cron> = theirs.filter_map(Cron::of).collect();
    if crons.is_empty() {
        return None;
    }
    let mut levels = vec![0; SLOTS];
    for slot in 0..i64::try_from(SLOTS).unwrap_or(0) {
        let second = from.div_euclid(300) * 300 + slot * 300;
        let own = minute_of_week(clock.local_second(second));
        let asked = crons.iter().filter_map(|it| {
            let there = clock.clone().in_zone(it.zone.clone());
            let minute = minute_of_week(there.local_second(second));
            it.inside[minute].then_some(it.replicas)
        });
        levels[own / 5] = asked.max().unwrap_or(0);
    }
    Some(levels)
}

/// Minutes since Monday 00:00.
fn minute_of_week(local: i64) -> usize {
    // 1970-01-01 was a Thursday.
    let minute = (local.div_euclid(60) + 3 * i64::from(MINUTES)).rem_euclid(7 * i64::from(MINUTES));
    usize::try_from(minute).unwrap_or(0)
}

/// One trigger.
struct Cron {
    zone: TimeZone,
    replicas: u32,
    /// Of each minute of its week.
    inside: Vec<bool>,
}

impl Cron {
    fn of(trigger: &Trigger) -> Option<Self> {
        let setting = |name: &str| Some(trigger.metadata.get(name)?.trim());
        if trigger.kind != "cron" {
            return None;
        }
        let (starts, ends) = (fires(setting("start")?)?, fires(setting("end")?)?);
        Some(Self {
            zone: TimeZone::get(setting("timezone")?).ok()?,
            replicas: setting("desiredReplicas")?.parse().ok()?,
            inside: inside(&starts, &ends),
        })
    }
}

/// For each minute whether the next end comes before the next start.
fn inside(starts: &[bool], ends: &[bool]) -> Vec<bool> {
    let len = starts.len();
    let mut inside = vec![false; len];
    let mut is_inside = false;
    // Around the end of the week from its begin.
    for at in (0..2 * len).rev() {
        inside[at % len] = is_inside;
        if ends[at % len] {
            is_inside = true;
        } else if starts[at % len] {
            is_inside = false;
        }
    }
    inside
}

/// The minutes of a week at which a cron expression fires; `None` where it is not of each week.
fn fires(cron: &str) -> Option<Vec<bool>> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minute, hour, "*" | "?", "*", weekday] = fields[..] else {
        return None;
    };
    let minutes = field(minute, 0, 59)?;
    let hours = field(hour, 0, 23)?;
    let days = field(&named(weekday), 0, 7)?;
    let week = (0..7 * usize::try_from(MINUTES).unwrap_or(0)).map(|at| {
        let (day, hour, minute) = (at / 1_440, at % 1_440 / 60, at % 60);
        // Monday is 1, and Sunday both 0 and 7.
        let on = days[day + 1] || (day == 6 && days[0]);
        on && hours[hour] && minutes[minute]
    });
    Some(week.collect())
}

/// Names of days as numbers.
fn named(weekday: &str) -> String {
    const NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let upper = weekday.to_uppercase();
    let numbers = NAMES.iter().enumerate();
    numbers.fold(upper, |text, (number, name)| {
        text.replace(name, &number.to_string())
    })
}

/// Which numbers up to the largest a field names: `5`, `1-5`, `*/15`, `8,12-18/2`.
fn field(text: &str, least: usize, most: usize) -> Option<Vec<bool>> {
    let mut named = vec![false; most + 1];
    for part in text.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step: usize = step.parse().ok().filter(|it| *it > 0)?;
        let (from, until) = match range.split_once('-') {
            Some((from, until)) => (from.parse().ok()?, until.parse().ok()?),
            None if matches!(range, "*" | "?") => (least, most),
            None if part.contains('/') => (range.parse().ok()?, most),
            None => {
                let only: usize = range.parse().ok()?;
                (only, only)
            }
        };
        for number in (from..=until).step_by(step) {
            *named.get_mut(number)? = true;
        }
    }
    Some(named)
}

/// Whether these replicas are there at all times of a window.
pub(super) fn cover(levels: &[u32], window: &super::Window) -> bool {
    let mut slots = window.slots(QUARTER / 3);
    slots.all(|slot| levels.get(slot).is_some_and(|it| *it >= window.replicas))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(start: &str, end: &str) -> Vec<usize> {
        let inside = inside(&fires(start).unwrap(), &fires(end).unwrap());
        let hours = inside.chunks(60).enumerate();
        hours.filter(|it| it.1[30]).map(|it| it.0).collect()
    }

    #[test]
    fn a_cron_is_inside_until_its_end() {
        let friday = 4 * 24;
        assert_eq!(
            hours("0 19 * * 5", "0 22 * * FRI"),
            [friday + 19, friday + 20, friday + 21]
        );
        // Over midnight, and over the end of the week.
        assert_eq!(hours("0 23 * * SUN", "0 1 * * 1"), [0, 6 * 24 + 23]);
        assert_eq!(hours("0 8 * * 1-5", "0 9 * * 1-5").len(), 5);
        assert_eq!(hours("0 */12 * * *", "0 1,13 * * *").len(), 14);
        // Not of each week, or nothing at all.
        for other in [
            "0 8 1 * *",
            "0 8 * 7 *",
            "0 8 * *",
            "0 25 * * *",
            "x 8 * * *",
        ] {
            assert_eq!(fires(other), None, "{other}");
        }
    }
}
