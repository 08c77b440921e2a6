//! Cron triggers of a ScaledObject that are there already, as replicas over the weeks.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::play::Floors;
use super::{DAY, MINUTES, QUARTER};
use crate::forecast::Clock;
use crate::snapshot::{Trigger, Workload};

/// What names of triggers that kcost writes begin with: these are planned anew.
pub const OURS: &str = "kcost-";

/// Slots of five minutes of a week.
const SLOTS: usize = 3 * DAY * 7;

/// What crons of others ask for.
pub(super) struct Crons {
    /// In weeks of the past, each that is like no other once: what a zone has of an offset to
    /// another changes with the clocks of either.
    weeks: Vec<Floors>,
    /// Which of these a local week since 1970 is.
    of_week: BTreeMap<i64, usize>,
    /// In a week from now on, for each five minutes of it.
    pub(super) coming: Vec<u32>,
}

impl Crons {
    /// From a second since the epoch to the one that is now; `None` without any.
    ///
    /// Source: KEDA `pkg/scalers/cron_scaler.go`: it is inside where the next end comes before
    /// the next start. Crons of some days of a month are no matter of a week, and left out.
    pub(super) fn of(workload: &Workload, clock: &Clock, from: i64, now: i64) -> Option<Self> {
        let triggers = workload.managers.iter().flat_map(|it| &it.triggers);
        let ours = |name: &String| name.starts_with(OURS);
        let theirs = triggers.filter(|it| !it.name.as_ref().is_some_and(ours));
        let crons: Vec<Cron> = theirs.filter_map(|it| Cron::of(it, clock)).collect();
        Self::from(&crons, clock, from, now)
    }

    fn from(crons: &[Cron], clock: &Clock, from: i64, now: i64) -> Option<Self> {
        if crons.is_empty() {
            return None;
        }
        let mut coming = vec![0; SLOTS];
        for second in (now..now + 7 * 86_400).step_by(300) {
            asked(crons, clock, second, &mut coming);
        }
        let mut by_week: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        for second in (from..now).step_by(300) {
            let week = week(clock.local_second(second).div_euclid(86_400));
            let levels = by_week.entry(week).or_insert_with(|| vec![0; SLOTS]);
            asked(crons, clock, second, levels);
        }
        let (mut weeks, mut of_week) = (Vec::<Floors>::new(), BTreeMap::new());
        for (week, levels) in by_week {
            let same = weeks.iter().position(|it| it.levels == levels);
            of_week.insert(week, same.unwrap_or(weeks.len()));
            if same.is_none() {
                weeks.push(Floors { base: 0, levels });
            }
        }
        (!weeks.is_empty()).then_some(Self {
            weeks,
            of_week,
            coming,
        })
    }

    /// Weeks of the past that differ.
    pub(super) fn weeks(&self) -> &[Floors] {
        &self.weeks
    }

    /// Which of them a local day, since 1970, is of.
    pub(super) fn place(&self, day: i64) -> usize {
        self.of_week.get(&week(day)).copied().unwrap_or(0)
    }
}

/// Puts down what is asked for at a second since the epoch.
fn asked(crons: &[Cron], clock: &Clock, second: i64, levels: &mut [u32]) {
    let second = second.div_euclid(300) * 300;
    let asked = crons.iter().filter_map(|it| {
        let minute = minute_of_week(it.clock.local_second(second));
        it.inside[minute].then_some(it.replicas)
    });
    let level = &mut levels[minute_of_week(clock.local_second(second)) / 5];
    // An hour that comes twice has the most of both.
    *level = (*level).max(asked.max().unwrap_or(0));
}

/// Weeks since the Monday before 1970 of a local day.
fn week(day: i64) -> i64 {
    (day + 3).div_euclid(7)
}

/// Minutes since Monday 00:00.
fn minute_of_week(local: i64) -> usize {
    // 1970-01-01 was a Thursday.
    let minute = (local.div_euclid(60) + 3 * i64::from(MINUTES)).rem_euclid(7 * i64::from(MINUTES));
    usize::try_from(minute).unwrap_or(0)
}

/// One trigger.
struct Cron {
    /// That of its zone.
    clock: Clock,
    replicas: u32,
    /// Of each minute of its week.
    inside: Vec<bool>,
}

impl Cron {
    fn of(trigger: &Trigger, clock: &Clock) -> Option<Self> {
        let setting = |name: &str| Some(trigger.metadata.get(name)?.trim());
        if trigger.kind != "cron" {
            return None;
        }
        let (starts, ends) = (fires(setting("start")?)?, fires(setting("end")?)?);
        Some(Self {
            clock: clock
                .clone()
                .in_zone(TimeZone::get(setting("timezone")?).ok()?),
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

/// The expression of a cron trigger that KEDA cannot read; `None` of one that it can.
///
/// Source: `cron.NewParser(Minute | Hour | Dom | Month | Dow)` of robfig/cron, whose Sunday is 0.
pub(super) fn refused(trigger: &Trigger) -> Option<String> {
    if trigger.kind != "cron" {
        return None;
    }
    let reads = |cron: &&String| -> bool {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return false;
        };
        field(minute, 0, 59).is_some()
            && field(hour, 0, 23).is_some()
            && field(day, 1, 31).is_some_and(|it| !it[0])
            && field(&month_named(month), 1, 12).is_some_and(|it| !it[0])
            && field(&named(weekday), 0, 6).is_some()
    };
    let both = ["start", "end"].into_iter();
    let mut both = both.filter_map(|it| trigger.metadata.get(it));
    both.find(|it| !reads(it)).cloned()
}

/// Names of months as numbers.
fn month_named(month: &str) -> String {
    const NAMES: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let upper = month.to_uppercase();
    let numbers = NAMES.iter().zip(1..);
    numbers.fold(upper, |text, (name, number): (&&str, u8)| {
        text.replace(name, &number.to_string())
    })
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

    #[test]
    fn what_keda_cannot_read_is_told_and_all_else_is_not() {
        let trigger = |start: &str, end: &str| Trigger {
            kind: "cron".to_owned(),
            metadata: [("start", start), ("end", end)]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..Trigger::default()
        };
        for good in [
            "0 8 * * 1-5",
            "*/15 8-18/2 1,15 JAN-mar MON,fri",
            "0 0 28-31 * ?",
        ] {
            assert_eq!(refused(&trigger(good, "0 9 * * *")), None, "{good}");
        }
        for bad in [
            "61 25 * * *",
            "0 8 * *",
            "0 8 0 * *",
            "0 8 * 13 *",
            "0 8 * * 7",
            "x 8 * * *",
        ] {
            let told = refused(&trigger("0 7 * * *", bad));
            assert_eq!(told.as_deref(), Some(bad));
        }
    }

    /// Clocks of New York went back on 2025-11-02.
    #[test]
    fn a_cron_fired_at_the_hours_of_its_zone_then() {
        let metadata = [
            ("timezone", "America/New_York"),
            ("start", "30 15 * * 5"),
            ("end", "0 18 * * 5"),
            ("desiredReplicas", "9"),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let trigger = Trigger {
            kind: "cron".to_owned(),
            metadata: metadata.into(),
            ..Trigger::default()
        };
        // Monday 2025-10-27, and two weeks later.
        let (from, now) = (1_761_523_200, 1_762_732_800);
        let clock = Clock::default();
        let cron = Cron::of(&trigger, &clock).unwrap();
        let crons = Crons::from(&[cron], &clock, from, now).unwrap();
        let hours = |levels: &[u32]| {
            let open = (0..SLOTS).filter(|it| levels[*it] == 9);
            let open: Vec<usize> = open.collect();
            (open[0] * 5, (open[open.len() - 1] + 1) * 5)
        };
        let friday = 4 * 1_440;
        let first = &crons.weeks()[crons.place(from / 86_400)].levels;
        assert_eq!(hours(first), (friday + 19 * 60 + 30, friday + 22 * 60));
        let second = &crons.weeks()[crons.place(from / 86_400 + 11)].levels;
        assert_eq!(hours(second), (friday + 20 * 60 + 30, friday + 23 * 60));
        assert_eq!(hours(&crons.coming), hours(second));
    }
}
